"""``patchwise:stitchchips``: a folder of chips to a raster."""

from dataclasses import dataclass, replace

from qgis.core import (
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterRasterDestination,
)

from ...core import SpatialPatcher, ValueType
from ...core.base.config import tags
from ...core.chip_folder.folder import ChipRaster
from ...core.chip_folder.stitch import StoredChips, check_stitch, stitch_chips, stitch_domain, stitch_patcher
from ...core.plan.plan import Plan
from ...core.rasters.band_meta import passed_on
from ...core.rasters.commit import CommitGroup
from ...core.rasters.output import OutputSpec, check_output, format_of, sink_for
from ...core.records.record import nodata_record, placed
from ..base import JobAlgorithm
from ..bridge import progress, translated
from ..job import not_cancelled, watch_sources
from ..parameters.chips_in import NAMES as CHIP_NAMES
from ..parameters.chips_in import add_chips, read_chips
from ..parameters.operators import NAMES as OPERATOR_NAMES
from ..parameters.operators import add_aggregation, read_aggregation
from ..parameters.patching import NAMES as PATCHING_NAMES
from ..parameters.patching import WINDOW, add_window_function, read_window_function
from ..parameters.rasters import NAMES as RASTER_NAMES
from ..parameters.rasters import (
    add_creation_options,
    add_format,
    add_value_type,
    format_notes,
    read_creation_options,
    read_format,
    read_value_type,
)
from ..parameters.reader import Reader
from ..results.report import say, tell, warn_of_each

FROM_MANIFEST = "manifest"


@dataclass(frozen=True)
class _Job:
    """What the main thread prepared."""

    chips: ChipRaster
    patcher: SpatialPatcher
    plan: Plan
    value_type: ValueType
    options: dict
    allow_missing: bool
    output: str
    notes: tuple
    format: str


class StitchChips(JobAlgorithm):
    """One seamless raster of a folder of chips."""

    NAME = "stitchchips"
    DISPLAY_NAME = "Stitch chips"
    SHORT = "Blends the chips of a folder into one seamless raster."
    TAGS = ("raster", "chip", "tile", "mosaic", "merge", "blend", "overlap", "seamless", "stitch", "vote")
    HELP = (
        "Takes a folder made by Split raster into chips or Apply operator to chips and blends the chips with the "
        "window's weights where they overlap. The result has the grid of the raster that was split, or a finer one "
        "where the operator made it so. Chips are read one by one, and rows are written when they are final, so that "
        "the memory needed does not grow with the raster.\n\n"
        "Chips may have been changed by other software in between, as long as they keep their names, sizes and number "
        "of bands.\n\n"
        "What is in no chip is nodata, and so are chips that were left out when the raster was split, or that failed. "
        "Any other chip that is missing or damaged is named, and the run fails, unless missing chips are allowed: then "
        "they are nodata, too."
    )
    ALLOW_MISSING, OUTPUT = "ALLOW_MISSING", "OUTPUT"
    CORE_NAMES = {**OPERATOR_NAMES, **PATCHING_NAMES, **RASTER_NAMES, **CHIP_NAMES, "window": WINDOW, "output": OUTPUT}

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr = self.tr
        add_chips(self)
        add_window_function(self, (FROM_MANIFEST,), FROM_MANIFEST)
        add_aggregation(self)
        add_value_type(self)
        self.add(
            QgsProcessingParameterBoolean(self.ALLOW_MISSING, tr("Allow missing chips"), False),
            tr(
                "Chips that are missing or damaged become nodata, and the log names them. Otherwise they make the run "
                "fail."
            ),
        )
        add_creation_options(self)
        add_format(self)
        self.add(
            QgsProcessingParameterRasterDestination(self.OUTPUT, tr("Stitched chips")),
            tr(
                "The stitched raster: a GeoTIFF, or what the format says. It appears under its name "
                "only when it is complete."
            ),
        )
        self.addOutput(QgsProcessingOutputNumber("DONE", tr("Number of chips")))
        self.addOutput(QgsProcessingOutputNumber("MISSING", tr("Chips missing or damaged")))
        self.addOutput(QgsProcessingOutputNumber("PIXELS_WITHOUT_DATA", tr("Pixels without data")))

    def make_job(self, reader):
        """What the worker needs; everything wrong is refused."""
        chips = read_chips(reader)
        allow_missing = reader.flag(self.ALLOW_MISSING)
        if not allow_missing:
            chips.check_missing()
        stored = StoredChips(chips)
        aggregation, said = read_aggregation(reader, stored)
        window_function = None
        if reader.text(WINDOW) != FROM_MANIFEST:
            window_function = read_window_function(reader)
        value_type = read_value_type(reader)
        if stored.categories and value_type.dtype.kind == "f":
            value_type = ValueType("uint8", value_type.nodata if value_type.chosen else None)
        output = self.output_paths(reader)[self.OUTPUT]
        wanted = read_format(reader)
        check_output(output, chips.source_files, self.OUTPUT, wanted)
        patcher = stitch_patcher(chips, aggregation, window_function)
        plan = check_stitch(chips, patcher)
        options = read_creation_options(reader, format_of(output, wanted))
        notes = tuple(filter(None, [said, *format_notes(self.tr, format_of(output, wanted))]))
        return _Job(chips, patcher, plan, value_type, options, allow_missing, output, notes, wanted)

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plain values only."""
        # A layer to be loaded is noted here: in the background the run has a context of its own.
        job = replace(self._job, output=self.output_path(Reader(self, parameters, context), self.OUTPUT))
        tell(feedback, job.notes)
        manifest = job.chips.manifest
        self._say_left_out(feedback, manifest)
        with (
            translated(self.CORE_NAMES),
            CommitGroup(not_cancelled(feedback), watch_sources(job.chips)) as group,
            sink_for(job.output, stitch_domain(job.chips), self._spec(job, group)) as sink,
        ):
            report, lost = stitch_chips(
                job.chips,
                job.patcher,
                sink,
                allow_missing=job.allow_missing,
                plan=job.plan,
                progress=progress(feedback),
                cancelled=feedback.isCanceled,
            )
        text = self.tr("{path} is missing or damaged: nodata")
        warn_of_each(self.tr, feedback, [text.format(path=path) for path in lost])
        say(self.tr, feedback, report, job.value_type.losses())
        results = {
            self.OUTPUT: job.output,
            "DONE": report.chips,
            "MISSING": len(lost),
            "PIXELS_WITHOUT_DATA": report.pixels_without_data,
        }
        return self.present(results, context, feedback)

    def _spec(self, job, group):
        return OutputSpec(
            job.value_type,
            names=job.chips.band_names,
            categories=job.chips.manifest.categories,
            tags=tags(placed(_config(job), job.output)),
            meta=_passed(job),
            options=job.options,
            format=job.format,
            parameter=self.OUTPUT,
            group=group,
        )

    def _say_left_out(self, feedback, manifest):
        if manifest.left_out:
            text = self.tr("{count} chips were left out when the raster was split: they are nodata.")
            feedback.pushInfo(text.format(count=f"{len(manifest.left_out):,}"))
        if manifest.failed:
            text = self.tr("{count} chips failed when an operator was applied: they are nodata.")
            feedback.pushWarning(text.format(count=f"{len(manifest.failed):,}"))


def _passed(job):
    """What is known of the bands of the chips, as far as it is true of the result."""
    stored = StoredChips(job.chips)
    return passed_on(job.chips, stored, job.patcher.aggregation, job.value_type.dtype)


def _config(job):
    """What the tags of the result say."""
    manifest, value_type = job.chips.manifest, job.value_type
    return {
        "algorithm": "patchwise:stitchchips",
        "input": dict(manifest.source),
        "window": list(manifest.window),
        "patcher": job.patcher.get_config(),
        "operator": list(manifest.operators),
        "output": {
            "data_type": value_type.dtype.name,
            "nodata": nodata_record(value_type),
            "creation_options": job.options,
            "format": format_of(job.output, job.format),
        },
    }
