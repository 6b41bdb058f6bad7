"""Makes the graphical models of models/, with boxes laid out and comments, by QGIS's own classes: `make models`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build" / "plugins"))

from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelComment,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterExtent,
    QgsProcessingParameterField,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QPointF, QSizeF  # noqa: E402
from qgis.PyQt.QtGui import QColor  # noqa: E402

FOLDER = ROOT / "models"
GROUP = "Models"
HELP_URL = "https://example.org/patchwise/docs/models"
TAHOE = "-120.10,-119.93,38.92,39.27 [EPSG:4326]"
PLANETARY_COMPUTER = "https://planetarycomputer.microsoft.com/api/stac/v1"
#: Classes of the USGS (Key and Benson, 2006) of dNBR; the first rule that holds wins.
SEVERITY = "\n".join(
    (
        "high severity #b10026: b1 >= 0.66",
        "moderate-high severity #f03b20: b1 >= 0.44",
        "moderate-low severity #fd8d3c: b1 >= 0.27",
        "low severity #fecc5c: b1 >= 0.1",
        "unburned #d9d9d9: b1 >= -0.1",
        "low regrowth #a1d99b: b1 >= -0.25",
        "high regrowth #31a354: b1 < -0.25",
    )
)
_STEP_X, _STEP_Y = 230, 190
_NOTE = QColor("#fff7d6")


class Model:
    """A model under construction: inputs in a row, steps in a column below, a comment beside each."""

    def __init__(self, name, short, told):
        self.model = QgsProcessingModelAlgorithm(name, GROUP)
        self._help = {"ALG_DESC": told, "SHORT_DESCRIPTION": short, "HELP_URL": HELP_URL}
        self._inputs, self._steps, self._order = 0, 0, []

    def add_input(self, definition, told, advanced=False):
        """Add an input with its help to the model."""
        self._help[definition.name()] = told
        if advanced:
            definition.setFlags(definition.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        place = QgsProcessingModelParameter(definition.name())
        place.setPosition(QPointF(140 + self._inputs * _STEP_X, 100))
        self._inputs += 1
        self.model.addModelParameter(definition, place)
        self._order.append(definition.name())

    def add_step(self, child_id, algorithm, what, note, sources, outputs=None):
        """Add a step. ``sources`` are values by parameter, or the :class:`Input` or :class:`Result` that gives them."""
        child = QgsProcessingModelChildAlgorithm(f"patchwise:{algorithm}")
        child.setChildId(child_id)
        child.setDescription(what)
        y = 280 + self._steps * _STEP_Y
        child.setPosition(QPointF(140 + self._steps * 90, y))
        comment = QgsProcessingModelComment(note)
        comment.setPosition(QPointF(440 + self._steps * 90, y - 55))
        comment.setSize(QSizeF(250, 70))
        comment.setColor(_NOTE)
        child.setComment(comment)
        for name, value in sources.items():
            child.addParameterSources(name, [as_source(one) for one in (value if type(value) is list else [value])])
        results = {}
        for k, (title, name) in enumerate((outputs or {}).items()):
            output = QgsProcessingModelOutput(title)
            output.setChildId(child_id)
            output.setChildOutputName(name)
            output.setDescription(title)
            output.setPosition(QPointF(140 + self._steps * 90 + 600, y + 35 + k * 60))
            results[title] = output
        child.setModelOutputs(results)
        self._steps += 1
        self.model.addChildAlgorithm(child)

    def save(self, name):
        """Write the model file; exit with an error where QGIS finds the model invalid."""
        self.model.setHelpContent(self._help)
        self.model.setParameterOrder(self._order)
        self.model.updateDestinationParameters()
        good, problems = self.model.validate()
        if not good:
            sys.exit(f"{name}: {problems}")
        FOLDER.mkdir(exist_ok=True)
        if not self.model.toFile(str(FOLDER / f"{name}.model3")):
            sys.exit(f"{name}: cannot be written")


class Input(str):
    """The name of an input of the model."""


class Result(tuple):
    """``(step, output)``: an output of an earlier step."""


def as_source(value):
    """QGIS's source of a step's parameter."""
    if isinstance(value, Input):
        return QgsProcessingModelChildParameterSource.fromModelParameter(value)
    if isinstance(value, Result):
        return QgsProcessingModelChildParameterSource.fromChildOutput(*value)
    return QgsProcessingModelChildParameterSource.fromStaticValue(value)


def whole(name, text, default):
    """An input for a whole number of pixels."""
    return QgsProcessingParameterNumber(name, text, QgsProcessingParameterNumber.Type.Integer, default, False, 1)


def lake_tahoe():
    """Load, then NDVI."""
    model = Model(
        "Lake Tahoe NDVI",
        "Loads the least cloudy Sentinel-2 picture over a box and computes its NDVI.",
        "Asks a STAC API for the least cloudy Sentinel-2 picture over the extent (Lake Tahoe, unless another is "
        "chosen), loads red and near infrared, and computes NDVI chip by chip.",
    )
    day = QgsProcessingParameterDateTime.Type.Date
    model.add_input(QgsProcessingParameterExtent("extent", "Extent", TAHOE), "The box to load, in any CRS.")
    model.add_input(QgsProcessingParameterDateTime("first_day", "First day", day, "2023-06-01"), "First day (UTC).")
    model.add_input(QgsProcessingParameterDateTime("last_day", "Last day", day, "2023-09-30"), "Last day (UTC).")
    number = QgsProcessingParameterNumber.Type.Double
    model.add_input(
        QgsProcessingParameterNumber("most_cloud", "Most cloud (%)", number, 5, False, 0, 100),
        "Products with more cloud are left out.",
    )
    model.add_input(
        QgsProcessingParameterString("endpoint", "STAC API", PLANETARY_COMPUTER), "Address of the STAC API.", True
    )
    model.add_step(
        "load",
        "loadsentinel2",
        "Load Sentinel-2 chip",
        "The file declares scale and offset of its numbers: the index below is that of the reflectance.",
        {
            "EXTENT": Input("extent"),
            "START_DATE": Input("first_day"),
            "END_DATE": Input("last_day"),
            "MAX_CLOUD": Input("most_cloud"),
            "ENDPOINT": Input("endpoint"),
            "BANDS": "B04,B08",
        },
        {"Sentinel-2 chip": "OUTPUT"},
    )
    model.add_step(
        "ndvi",
        "slidingwindow",
        "NDVI",
        "Which band is red and which is near infrared follows from the bands' names.",
        {"INPUT": Result(("load", "OUTPUT")), "OPERATOR": "index", "INDEX": "NDVI"},
        {"NDVI": "OUTPUT"},
    )
    model.save("lake_tahoe_ndvi")


def burn_severity():
    """Before, after, dNBR, classes."""
    model = Model(
        "Burn severity",
        "Maps burn severity from a raster before and a raster after the fire.",
        "Computes dNBR, the change of the normalised burn ratio, from two rasters with near infrared and short-wave "
        "infrared, and classifies it by the limits of the USGS.",
    )
    model.add_input(
        QgsProcessingParameterRasterLayer("before", "Before the fire"),
        "Raster with near infrared and short-wave infrared, named as those of Sentinel-2 or Landsat.",
    )
    model.add_input(
        QgsProcessingParameterRasterLayer("after", "After the fire"),
        "Raster with the same bands; it is brought onto the grid of the first.",
    )
    model.add_input(
        QgsProcessingParameterString("band_roles", "Band roles", "", optional=True),
        "Which band is what, such as N=4 S2=6, where the bands have no names that tell.",
        True,
    )
    model.add_step(
        "change",
        "slidingwindow",
        "dNBR",
        "NBR before minus NBR after: high values are burnt.",
        {
            "INPUT": Input("before"),
            "OTHER_INPUTS": [Input("after")],
            "OPERATOR": "index",
            "INDEX": "dNBR",
            "BAND_ROLES": Input("band_roles"),
        },
        {"dNBR": "OUTPUT"},
    )
    model.add_step(
        "classes",
        "slidingwindow",
        "Classes of severity",
        "One class a line, the first rule that holds wins. Labels are stitched by a vote.",
        {"INPUT": Result(("change", "OUTPUT")), "OPERATOR": "classify", "RULES": SEVERITY, "DATA_TYPE": "uint8"},
        {"Burn severity": "OUTPUT"},
    )
    model.save("burn_severity")


def split_apply_stitch():
    """The three stages as steps of their own."""
    model = Model(
        "Split-apply-stitch",
        "Splits a raster into chips, runs an expression on each and stitches the results.",
        "The same as the sliding window, in three steps with folders of chips between them: to look at the chips, or "
        "to put a step of your own between.",
    )
    model.add_input(QgsProcessingParameterRasterLayer("raster", "Raster"), "The raster to work on.")
    model.add_input(
        QgsProcessingParameterString("expression", "Expression", "b1"), "Band math, such as (b4-b3)/(b4+b3)."
    )
    model.add_input(whole("chip_size", "Chip size (pixels)", 256), "Height and width of a chip.")
    model.add_input(whole("stride", "Stride (pixels)", 128), "Distance from one chip to the next.")
    model.add_step(
        "split",
        "splitraster",
        "Split",
        "Chips as GeoTIFF, with an index and a manifest that knows the grid.",
        {"INPUT": Input("raster"), "CHIP_SIZE": Input("chip_size"), "STRIDE": Input("stride")},
    )
    model.add_step(
        "apply",
        "applytochips",
        "Apply",
        "Any operator, or any program that writes chips of the same names.",
        {"CHIPS": Result(("split", "OUTPUT")), "OPERATOR": "expression", "EXPRESSION": Input("expression")},
    )
    model.add_step(
        "stitch",
        "stitchchips",
        "Stitch",
        "The window is that of the manifest. The pixels are those of the sliding window.",
        {"CHIPS": Result(("apply", "OUTPUT"))},
        {"Stitched": "OUTPUT"},
    )
    model.save("split_apply_stitch")


def training_chips():
    """Chips with labels beside them."""
    model = Model(
        "Training chips from labels",
        "Cuts chips for training a model, with a label chip beside each.",
        "Cuts chips at random places, at least a distance apart, and beside each a chip of the labels: of a raster of "
        "classes, or of polygons with a class in a field. Chips with little data are left out.",
    )
    model.add_input(QgsProcessingParameterRasterLayer("raster", "Raster"), "The raster to learn from.")
    model.add_input(
        QgsProcessingParameterMapLayer(
            "labels",
            "Labels",
            None,
            False,
            [QgsProcessing.SourceType.TypeRaster, QgsProcessing.SourceType.TypeVectorPolygon],
        ),
        "A raster of classes, or polygons.",
    )
    model.add_input(
        QgsProcessingParameterField("class_field", "Field of the class", None, "labels", optional=True),
        "Of polygons: the field with the class as a whole number.",
    )
    model.add_input(whole("chip_size", "Chip size (pixels)", 128), "Height and width of a chip.")
    distance = QgsProcessingParameterNumber.Type.Double
    model.add_input(
        QgsProcessingParameterNumber("distance", "Least distance (pixels)", distance, 96, False, 1),
        "Distance between the anchors of two chips: below the chip size chips may overlap.",
    )
    model.add_step(
        "split",
        "splitraster",
        "Chips and labels",
        "Poisson-disk sampling: random places, evenly spread. The seed makes it repeatable.",
        {
            "INPUT": Input("raster"),
            "LABELS": Input("labels"),
            "LABEL_FIELD": Input("class_field"),
            "CHIP_SIZE": Input("chip_size"),
            "SAMPLER": "poissondisk",
            "MIN_DISTANCE": Input("distance"),
            "BOUNDARY": "drop",
            "MIN_VALID": 0.9,
        },
        {"Chips": "OUTPUT", "Index of chips": "INDEX"},
    )
    model.save("training_chips")


def main():
    """All models."""
    app = QgsApplication([], False)
    app.initQgis()
    from patchwise.processing_provider.provider import PatchwiseProvider

    provider = PatchwiseProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    for make in (lake_tahoe, burn_severity, split_apply_stitch, training_chips):
        make()
    print(*sorted(path.relative_to(ROOT).as_posix() for path in FOLDER.glob("*.model3")), sep="\n")
    app.exitQgis()


if __name__ == "__main__":
    main()
