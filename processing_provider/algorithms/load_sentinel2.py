"""``patchwise:loadsentinel2``: a Sentinel-2 chip from a STAC API."""

from math import isnan

from qgis.core import (
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
)

from ...core.base.config import tags
from ...core.base.secrets import without_secrets
from ...core.rasters.output import OutputSpec, check_output, format_of, sink_for
from ...core.sentinel2.bands import CLOUDS
from ...core.sentinel2.search import UNITS, Wanted
from ...core.sentinel2.stac import scene_for
from ..base import JobAlgorithm
from ..bridge import progress, translated
from ..parameters.rasters import add_format, format_notes, read_format
from ..parameters.reader import Reader
from ..parameters.sentinel import NAMES, add_search, add_server, read_area, read_search
from ..parameters.words import choice
from ..results.report import say


class LoadSentinel2(JobAlgorithm):
    """Loads bands of Sentinel-2 products over a box as one raster."""

    NAME = "loadsentinel2"
    DISPLAY_NAME = "Load Sentinel-2 chip"
    SHORT = "Loads bands of the least cloudy Sentinel-2 picture over a box from a STAC API, on one grid."
    TAGS = ("Sentinel-2", "STAC", "satellite", "download", "Planetary Computer", "Earth Search", "COG", "L2A", "chip")
    HELP = (
        "Searches a STAC API for Sentinel-2 L2A products over the extent, takes the least cloudy one that covers it, "
        "and reads just the pixels that are needed, all bands on one grid of the product's UTM zone. Where no single "
        "product covers the extent, those of one day and orbit are put together.\n\n"
        "Digital numbers are written as they are stored; the file declares scale and offset, so that indices are "
        "right with every processing baseline. Reflectance has both applied. 0 is nodata, and stays so.\n\n"
        "What cannot be read is an error that names the address, never a silent gap."
    )
    BANDS, RESOLUTION, UNITS, MASK_CLOUDS, OUTPUT = "BANDS", "RESOLUTION", "UNITS", "MASK_CLOUDS", "OUTPUT"
    ITEM_ID, CLOUD_COVER = "ITEM_ID", "CLOUD_COVER"
    CORE_NAMES = {**NAMES, "bands": BANDS, "resolution": RESOLUTION, "units": UNITS}

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr = self.tr
        add_search(self, 5)
        self.add(
            QgsProcessingParameterString(self.BANDS, tr("Bands"), "B02,B03,B04,B08"),
            tr(
                "Bands in the order wanted, separated by commas: B01 to B12, B8A, SCL, AOT, WVP, or names such as red "
                "and nir."
            ),
        )
        self.add(
            QgsProcessingParameterNumber(
                self.RESOLUTION, tr("Resolution (metres)"), QgsProcessingParameterNumber.Type.Double, 10, False, 1, 5000
            ),
            tr("Size of the result's pixels. Coarser ones are read from the files' overviews."),
        )
        self.add(
            choice(self.UNITS, tr("Units"), UNITS, "dn"),
            tr(
                "dn: digital numbers as stored, 16-bit integers with 0 for nodata. reflectance: 32-bit floats with "
                "scale and offset applied."
            ),
        )
        self.add(
            QgsProcessingParameterBoolean(self.MASK_CLOUDS, tr("Mask clouds"), False),
            tr(
                "Make clouds, thin cirrus and cloud shadows nodata, as the product's scene classification (SCL) has "
                "them."
            ),
        )
        add_server(self)
        add_format(self)
        self.add(
            QgsProcessingParameterRasterDestination(self.OUTPUT, tr("Sentinel-2 chip")),
            tr(
                "The bands as one raster: a GeoTIFF, or what the format says. It appears under its name "
                "only when it is complete."
            ),
        )
        self.addOutput(QgsProcessingOutputString(self.ITEM_ID, tr("Item")))
        self.addOutput(QgsProcessingOutputNumber(self.CLOUD_COVER, tr("Cloud cover (%)")))

    def make_job(self, reader):
        """``(search, wanted)``: what to look for, and what to load of it."""
        check_output(self.output_paths(reader)[self.OUTPUT], [], self.OUTPUT, read_format(reader))
        search = read_search(reader)
        return search, Wanted(
            search.bbox,
            reader.text(self.BANDS),
            reader.number(self.RESOLUTION),
            reader.text(self.UNITS),
            mask=CLOUDS if reader.flag(self.MASK_CLOUDS) else (),
            area=read_area(reader),
        )

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plain values only."""
        # A layer to be loaded is noted here: what was noted in the context of prepareAlgorithm is lost in a thread.
        reader = Reader(self, parameters, context)
        output = self.output_path(reader, self.OUTPUT)
        chosen, (search, wanted) = read_format(reader), self._job
        for note in format_notes(self.tr, format_of(output, chosen)):
            feedback.pushInfo(note)
        with translated(self.CORE_NAMES):
            shown = without_secrets(search.endpoint)
            feedback.setProgressText(self.tr("Searching {endpoint}").format(endpoint=shown))
            scene = scene_for(search, wanted, cancelled=feedback.isCanceled)
            self._tell(scene, feedback)
            value_type = scene.value_type
            spec = OutputSpec(
                value_type,
                names=scene.bands,
                scales=scene.scales,
                tags={**tags(self._config(scene)), **scene.tags()},
                parameter=self.OUTPUT,
                format=chosen,
            )
            feedback.setProgressText(self.tr("Reading"))
            with sink_for(output, scene.domain, spec) as sink:
                report = scene.stream_to(sink, progress(feedback), feedback.isCanceled)
        empty = self.tr("No pixel has a value: all of the extent is without data, or masked.")
        say(self.tr, feedback, report, value_type.losses(), empty, chips=False)
        results = {
            self.OUTPUT: output,
            self.ITEM_ID: ",".join(scene.item_ids),
            self.CLOUD_COVER: None if isnan(scene.choice.cloud) else scene.choice.cloud,
        }
        title = f"Sentinel-2 {scene.choice.day} {scene.choice.items[0].tile}".strip()
        return self.present(results, context, feedback, titles={self.OUTPUT: title})

    def _tell(self, scene, feedback):
        tr = self.tr
        for item in scene.choice.items:
            text = tr("{id}: {day}, cloud not known") if isnan(item.cloud) else tr("{id}: {day}, {cloud} % cloud")
            feedback.pushInfo(text.format(id=item.id, day=item.datetime, cloud=f"{item.cloud:.3g}"))
        for note in scene.notes:
            feedback.pushWarning(note)
        height, width = scene.domain.shape
        text = tr("{height} x {width} pixels of {size} m in EPSG:{epsg}")
        feedback.pushInfo(
            text.format(height=height, width=width, size=f"{abs(scene.domain.transform.a):g}", epsg=scene.choice.epsg)
        )

    def _config(self, scene):
        search, wanted = self._job
        return {
            "algorithm": f"patchwise:{self.NAME}",
            "search": {
                "endpoint": without_secrets(search.endpoint),
                "collection": search.collection,
                "bbox": list(search.bbox),
                "extent": None if wanted.area is None else list(wanted.area),
                "dates": list(search.date_range),
                "max_cloud": search.max_cloud_cover,
                "tile": search.tile,
            },
            "items": list(scene.item_ids),
            "bands": list(scene.bands),
            "resolution": wanted.resolution,
            "units": scene.units,
            "offset_applied": scene.apply_offset,
            "masked_classes": list(scene.mask),
        }
