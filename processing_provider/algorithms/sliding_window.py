"""``patchwise:slidingwindow``: the main job."""

from dataclasses import replace

from qgis.core import QgsProcessingOutputNumber, QgsProcessingParameterNumber, QgsProcessingParameterRasterDestination

from ...core.rasters.output import check_output, format_of
from ...core.rasters.source_files import source_files
from ..base import JobAlgorithm
from ..bridge import translated
from ..job import make_job, perform
from ..parameters.operators import NAMES as OPERATOR_NAMES
from ..parameters.operators import OTHER_INPUTS, add_operator, read_operator, source_scale
from ..parameters.patching import add_patching
from ..parameters.rasters import NAMES as RASTER_NAMES
from ..parameters.rasters import (
    add_creation_options,
    add_format,
    add_input,
    add_value_type,
    read_creation_options,
    read_format,
    read_raster,
    read_value_type,
    read_window,
)
from ..parameters.reader import Reader
from ..parameters.samplers import NAMES as PLACE_NAMES
from ..parameters.samplers import add_geometry, add_radius, read_regular_patcher
from ..parameters.sources import files_read


class SlidingWindow(JobAlgorithm):
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
    WORKERS, OUTPUT, COVERAGE = "WORKERS", "OUTPUT", "COVERAGE"
    CORE_NAMES = {**PLACE_NAMES, **OPERATOR_NAMES, **RASTER_NAMES, "workers": WORKERS}

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr = self.tr
        add_input(self)
        add_operator(self)
        add_geometry(self, advanced=True)
        add_patching(self)
        add_radius(self, advanced=True)
        add_value_type(self)
        self.add(
            QgsProcessingParameterNumber(
                self.WORKERS, tr("Threads (0: all cores)"), QgsProcessingParameterNumber.Type.Integer, 0, False, 0, 1024
            ),
            tr("Threads that run the operator. The result does not depend on it."),
            advanced=True,
        )
        add_creation_options(self)
        add_format(self)
        self.add(
            QgsProcessingParameterRasterDestination(self.OUTPUT, tr("Result")),
            tr(
                "The stitched raster: a GeoTIFF, or what the format says. It appears under its name "
                "only when it is complete."
            ),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                self.COVERAGE, tr("Chips per pixel"), optional=True, createByDefault=False
            ),
            tr("Optional raster with the number of chips that cover each pixel."),
        )
        self.addOutput(QgsProcessingOutputNumber("CHIPS", tr("Number of chips")))
        self.addOutput(QgsProcessingOutputNumber("PIXELS_WITHOUT_DATA", tr("Pixels without data")))

    def job(self, parameters, context):
        """What a run would do, for pictures and estimates; ``QgsProcessingException`` says what is wrong."""
        with translated(self.CORE_NAMES):
            return self.make_job(Reader(self, parameters, context))

    def patcher(self, parameters, context):
        """The patcher of the parameters, which needs no raster; raises as :meth:`job` does."""
        with translated(self.CORE_NAMES):
            return read_regular_patcher(Reader(self, parameters, context))

    def make_job(self, reader):
        """What the worker needs; everything wrong is refused."""
        with read_raster(reader, source_scale(reader), OTHER_INPUTS) as raster:
            return self._job_of(reader, raster)

    def _job_of(self, reader, raster):
        paths = self.output_paths(reader)
        output, coverage = paths[self.OUTPUT], paths[self.COVERAGE] or None
        sources = raster.source_files + files_read(reader)
        wanted = read_format(reader)
        check_output(output, sources, self.OUTPUT, wanted)
        if coverage:
            check_output(coverage, sources + source_files([output]), self.COVERAGE, wanted)
        return make_job(
            reader,
            raster,
            read_window(reader, raster),
            read_operator(reader, raster),
            read_regular_patcher(reader),
            read_value_type(reader),
            options=read_creation_options(reader, format_of(output, wanted)),
            format=wanted,
            workers=reader.whole(self.WORKERS),
            output=output,
            coverage=coverage,
            sources=sources,
        )

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plain values only."""
        # A layer to be loaded is noted here: in the background the run has a context of its own, and what was noted in
        # that of prepareAlgorithm is lost.
        reader = Reader(self, parameters, context)
        output, coverage = (self.output_path(reader, n) for n in (self.OUTPUT, self.COVERAGE))
        job = replace(self._job, output=output, coverage=coverage or None)
        with translated(self.CORE_NAMES):
            results = perform(self.tr, job, feedback)
        if job.coverage:
            results[self.COVERAGE] = job.coverage
        return self.present(results, context, feedback, self._source_name)
