"""``patchwise:slidingwindow``: the main job."""

from qgis.core import (
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBand,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from ..core import RasterFile, ValueType
from ..core.raster_io import check_target
from ..core.values import DATA_TYPES
from .base import PatchwiseAlgorithm
from .bridge import extent_points, key_values, raster_path, translated
from .job import make_job, run_job, stacked
from .operators import NAMES as OPERATOR_NAMES
from .operators import OTHER_INPUTS, add_operator, read_operator, source_scale
from .patching import NAMES as PATCHING_NAMES
from .patching import add_patching, read_patcher
from .report import sentences


class SlidingWindow(PatchwiseAlgorithm):
    """Splits a raster into chips, runs an operator on each and stitches the results, in one stream."""

    NAME = "slidingwindow"
    DISPLAY_NAME = "Sliding window"
    SHORT = "Runs an operator chip by chip over a raster and blends the results into one seamless raster."
    TAGS = ("raster", "chip", "tile", "overlap", "blend", "seamless", "band math", "NDVI", "moving window", "stride")
    HELP = (
        "Cuts the raster into chips, runs the expression on each, and blends the chips with the window's weights where "
        "they overlap. The result has the raster's own grid, and no seams.\n\n"
        "What is not known stays unknown: nodata in the input is nodata in the result, as are pixels that no chip "
        "covers and divisions by zero. Chips lie on the raster's own grid, so a run on an extent gives exactly the "
        "pixels that the run on the whole raster gives there.\n\n"
        "Expressions: bands are b1, b2, ... in the order chosen, or their names; + - * / // % **, comparisons, & | ~; "
        "where(condition, value, otherwise), min, max, clip, abs, sqrt, log, log10, exp, sin, cos, tan, arctan2, "
        "isnan; "
        "and statistics of the chip: mean, std, median, percentile(x, q), minimum, maximum. Several outputs are "
        "separated by a semicolon. Examples: (b4-b3)/(b4+b3), or (b1-mean(b1))/std(b1)."
    )
    INPUT, BANDS, EXTENT = "INPUT", "BANDS", "EXTENT"
    DATA_TYPE, NODATA, WORKERS = "DATA_TYPE", "NODATA", "WORKERS"
    CREATION_OPTIONS, OUTPUT, COVERAGE = "CREATION_OPTIONS", "OUTPUT", "COVERAGE"
    CORE_NAMES = {
        **PATCHING_NAMES,
        **OPERATOR_NAMES,
        "bands": BANDS,
        "extent": EXTENT,
        "data type": DATA_TYPE,
        "nodata": NODATA,
        "workers": WORKERS,
        "creation options": CREATION_OPTIONS,
    }

    def __init__(self):
        super().__init__()
        self._job = None

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr = self.tr
        self.add(
            QgsProcessingParameterRasterLayer(self.INPUT, tr("Input raster")),
            tr("The raster to work on: any file that GDAL reads, whatever its size. It is only read."),
        )
        self.add(
            QgsProcessingParameterBand(
                self.BANDS, tr("Bands"), parentLayerParameterName=self.INPUT, optional=True, allowMultiple=True
            ),
            tr("Bands given to the operator, in this order: the first is b1. None chosen means all."),
        )
        self.add(
            QgsProcessingParameterExtent(self.EXTENT, tr("Extent"), optional=True),
            tr("Part of the raster to compute, in any CRS; snapped outward to whole pixels. Empty means all of it."),
        )
        add_operator(self)
        add_patching(self)
        self._add_output_parameters()

    def _add_output_parameters(self):
        tr = self.tr
        integer, double = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double
        self.add(
            QgsProcessingParameterEnum(
                self.DATA_TYPE,
                tr("Data type"),
                options=list(DATA_TYPES),
                defaultValue="float32",
                usesStaticStrings=True,
            ),
            tr("Type of the output's values. Integers are rounded, and clipped to the type's range; the log says how "
               "many were."),
        )  # fmt: skip
        self.add(
            QgsProcessingParameterNumber(self.NODATA, tr("Nodata value"), double, None, True),
            tr("Value that stands for no data in the output. Empty: NaN for floats, the largest value of the type for "
               "unsigned integers, the smallest for signed ones."),
        )  # fmt: skip
        self.add(
            QgsProcessingParameterNumber(self.WORKERS, tr("Threads (0: all cores)"), integer, 0, False, 0, 1024),
            tr("Threads that run the operator. The result does not depend on it."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterString(self.CREATION_OPTIONS, tr("Creation options"), "", optional=True),
            tr("GDAL creation options for GeoTIFF as KEY=VALUE, separated by |. They come over the defaults: tiles, "
               "ZSTD or DEFLATE with predictor, BIGTIFF=IF_SAFER."),
            advanced=True,
        )  # fmt: skip
        self.add(
            QgsProcessingParameterRasterDestination(self.OUTPUT, tr("Result")),
            tr("The stitched raster, as GeoTIFF. It appears under its name only when it is complete."),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                self.COVERAGE, tr("Chips per pixel"), optional=True, createByDefault=False
            ),
            tr("Optional raster with the number of chips that cover each pixel."),
        )
        self.addOutput(QgsProcessingOutputNumber("CHIPS", tr("Number of chips")))
        self.addOutput(QgsProcessingOutputNumber("PIXELS_WITHOUT_DATA", tr("Pixels without data")))

    def refuse(self, parameters, context):
        """Raise what is wrong with the parameters, before anything is run."""
        with translated(self.CORE_NAMES):
            self._make_job(parameters, context, self.output_paths(parameters, context))

    def prepareAlgorithm(self, parameters, context, feedback):
        """Main thread: layers and extents become plain values, and everything wrong is refused."""
        with translated(self.CORE_NAMES):
            paths = {
                name: self.parameterAsOutputLayer(parameters, name, context) for name in (self.OUTPUT, self.COVERAGE)
            }
            self._job = self._make_job(parameters, context, paths)
        return True

    def _make_job(self, parameters, context, paths):
        layer = self.parameterAsRasterLayer(parameters, self.INPUT, context)
        if layer is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, self.INPUT))
        bands = self.parameterAsInts(parameters, self.BANDS, context)
        scaled = source_scale(self, parameters, context)
        first = RasterFile(raster_path(layer, self.INPUT), bands, scaled, parameter=self.INPUT)
        others = self.parameterAsLayerList(parameters, OTHER_INPUTS, context) or []
        paths_of_others = [raster_path(other, OTHER_INPUTS) for other in others]
        raster = stacked(first, paths_of_others)
        options = key_values(self.parameterAsString(parameters, self.CREATION_OPTIONS, context), "creation options")
        output, coverage = paths[self.OUTPUT], paths[self.COVERAGE] or None
        check_target(output, [first.path, *paths_of_others], self.OUTPUT)
        if coverage:
            check_target(coverage, [first.path, *paths_of_others, output], self.COVERAGE)
        return make_job(
            self,
            parameters,
            context,
            raster,
            self._window(parameters, context, layer, raster),
            read_operator(self, parameters, context, raster),
            read_patcher(self, parameters, context),
            self._value_type(parameters, context),
            options=options,
            workers=self.parameterAsInt(parameters, self.WORKERS, context),
            output=output,
            coverage=coverage,
        )

    def _window(self, parameters, context, layer, raster):
        if self.parameterAsExtent(parameters, self.EXTENT, context).isNull():
            return raster.domain.window
        geometry = self.parameterAsExtentGeometry(parameters, self.EXTENT, context, layer.crs())
        return raster.domain.window_of(extent_points(geometry))

    def _value_type(self, parameters, context):
        nodata = None
        if parameters.get(self.NODATA) not in (None, ""):
            nodata = self.parameterAsDouble(parameters, self.NODATA, context)
        return ValueType(self.parameterAsString(parameters, self.DATA_TYPE, context), nodata)

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plain values only."""
        job = self._job
        for note in job.notes:
            feedback.pushInfo(note)
        for warning in job.warnings:
            feedback.pushWarning(warning)
        with translated(self.CORE_NAMES):
            report = run_job(job, feedback)
        lines, losses = sentences(self.tr, report, job.value_type.losses())
        for line in lines:
            feedback.pushInfo(line)
        for loss in losses:
            feedback.pushWarning(loss)
        results = {
            self.OUTPUT: job.output,
            "CHIPS": report.chips,
            "PIXELS_WITHOUT_DATA": report.pixels_without_data,
        }
        if job.coverage:
            results[self.COVERAGE] = job.coverage
        return results
