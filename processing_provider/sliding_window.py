"""``patchwise:slidingwindow``: the main job."""

import math
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Optional

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

from ..core import Expression, GeoTiffSink, RasterFile, SpatialPatcher, ValueType, stream
from ..core.config import tags
from ..core.coverage import write_coverage
from ..core.domains import PixelWindow
from ..core.raster_io import check_target
from ..core.values import DATA_TYPES
from .base import PatchwiseAlgorithm
from .bridge import extent_points, key_values, progress, raster_path, translated
from .patching import NAMES, add_patching, read_patcher
from .report import sentences


@dataclass(frozen=True)
class _Job:
    """Everything that the worker thread needs, in plain values."""

    raster: RasterFile
    names: tuple[str, ...]
    window: PixelWindow
    patcher: SpatialPatcher
    operator: Expression
    value_type: ValueType
    options: dict[str, str]
    workers: int
    output: str
    coverage: Optional[str]
    config: dict[str, Any]


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
    INPUT, BANDS, EXTENT, EXPRESSION = "INPUT", "BANDS", "EXTENT", "EXPRESSION"
    DATA_TYPE, NODATA, WORKERS = "DATA_TYPE", "NODATA", "WORKERS"
    CREATION_OPTIONS, OUTPUT, COVERAGE = "CREATION_OPTIONS", "OUTPUT", "COVERAGE"
    CORE_NAMES = {
        **NAMES,
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
        self.add(
            QgsProcessingParameterString(self.EXPRESSION, tr("Expression"), "b1"),
            tr("Band math, such as (b4-b3)/(b4+b3); several outputs separated by a semicolon."),
        )
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
        raster = RasterFile(raster_path(layer, self.INPUT), bands, parameter=self.INPUT)
        window = self._window(parameters, context, layer, raster)
        operator = self._operator(parameters, context, raster)
        patcher = read_patcher(self, parameters, context)
        patcher.plan(raster.domain)  # refuses what does not fit
        patcher.weights_of(*patcher.geometry.size)
        value_type = self._value_type(parameters, context)
        options = key_values(self.parameterAsString(parameters, self.CREATION_OPTIONS, context), "creation options")
        output, coverage = paths[self.OUTPUT], paths[self.COVERAGE] or None
        check_target(output, [raster.path], self.OUTPUT)
        if coverage:
            check_target(coverage, [raster.path, output], self.COVERAGE)
        return _Job(
            raster=raster.select(operator.used or (0,)),
            names=operator.output_names,
            window=window,
            patcher=patcher,
            operator=operator.rebased(),
            value_type=value_type,
            options=options,
            workers=self.parameterAsInt(parameters, self.WORKERS, context),
            output=output,
            coverage=coverage,
            config=_config(raster, window, patcher, operator, value_type),
        )

    def _window(self, parameters, context, layer, raster):
        if self.parameterAsExtent(parameters, self.EXTENT, context).isNull():
            return raster.domain.window
        geometry = self.parameterAsExtentGeometry(parameters, self.EXTENT, context, layer.crs())
        return raster.domain.window_of(extent_points(geometry))

    def _operator(self, parameters, context, raster):
        text = self.parameterAsString(parameters, self.EXPRESSION, context)
        return Expression(text, raster.bands, raster.band_names, self.EXPRESSION)

    def _value_type(self, parameters, context):
        nodata = None
        if parameters.get(self.NODATA) not in (None, ""):
            nodata = self.parameterAsDouble(parameters, self.NODATA, context)
        return ValueType(self.parameterAsString(parameters, self.DATA_TYPE, context), nodata)

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plain values only."""
        job = self._job
        for warning in _warnings(self.tr, job):
            feedback.pushWarning(warning)
        with translated(self.CORE_NAMES):
            report = _run(job, feedback)
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


def _run(job, feedback):
    domain = job.raster.domain.crop(job.window)
    common = {"tags": tags(job.config), "options": job.options, "sources": [job.raster.path]}
    with ExitStack() as stack:
        # The files take their names when the block ends: all of them, or none.
        stack.enter_context(job.raster)
        sink = stack.enter_context(
            GeoTiffSink(
                job.output, domain, job.value_type, names=job.names, gcps=job.raster.gcps, parameter="OUTPUT", **common
            )
        )
        if job.coverage:
            common["sources"] = [job.raster.path, job.output]
            value_type = ValueType("uint32")
            counts = GeoTiffSink(job.coverage, domain, value_type, names=["chips"], parameter="COVERAGE", **common)
            write_coverage(job.patcher, job.raster.domain, job.window, stack.enter_context(counts))
        return stream(
            job.raster,
            job.patcher,
            job.operator,
            sink,
            window=job.window,
            workers=job.workers,
            progress=progress(feedback),
            cancelled=feedback.isCanceled,
        )


def _config(raster, window, patcher, operator, value_type):
    nodata = value_type.nodata
    return {
        "algorithm": "patchwise:slidingwindow",
        "input": {"bands": list(raster.band_numbers), "shape": list(raster.domain.shape)},
        "window": list(window),
        "patcher": patcher.get_config(),
        "operator": {"class": "Expression", "config": operator.get_config()},
        "output": {"data_type": value_type.dtype.name, "nodata": None if math.isnan(nodata) else nodata},
    }


def _warnings(tr, job):
    """What is allowed but likely not meant."""
    share = 1 - job.patcher.plan(job.raster.domain).covered_share(job.window)
    if share > 0:
        text = tr("The chips leave gaps: {share} % of the pixels are in no chip and become nodata. A stride of at most "
                  "the chip size and the boundary shift leave none.")  # fmt: skip
        yield text.format(share=f"{100 * share:.1f}")
    if job.raster.has_scale:
        yield tr("The raster declares a scale or an offset: the expression gets the numbers as they are stored.")
    value_type = job.value_type
    if value_type.dtype.kind != "f" and not value_type.chosen:
        text = tr("No nodata value was chosen: {value} stands for no data in the {type} output.")
        yield text.format(value=f"{value_type.nodata:.0f}", type=value_type.dtype.name)
