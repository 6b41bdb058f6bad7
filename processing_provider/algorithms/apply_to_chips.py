"""``patchwise:applytochips``: a folder of chips to a folder of chips."""

from dataclasses import dataclass

from qgis.core import (
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFolderDestination,
)

from ...core.base.configurable import part
from ...core.base.errors import ParameterError, PatchwiseError
from ...core.chip_folder.apply import Application, ChipsFailed, apply_to_folder
from ...core.chip_folder.partial import PartialFolder, check_folder
from ...core.plan.plan import Plan
from ...core.rasters.commit import CommitGroup
from ..base import JobAlgorithm
from ..bridge import progress, translated
from ..job import not_cancelled, watch_sources
from ..parameters.chips_in import NAMES as CHIP_NAMES
from ..parameters.chips_in import add_chips, read_chips
from ..parameters.operators import MODEL, OTHER_INPUTS, add_operator, read_operator, source_scale
from ..parameters.operators import NAMES as OPERATOR_NAMES
from ..parameters.rasters import stacked
from ..parameters.sources import files_read
from ..results.chip_index import write_index
from ..results.report import tell, warn_of_each


@dataclass(frozen=True)
class _Job:
    """What the main thread prepared."""

    application: Application
    plan: Plan
    folder: str
    notes: tuple


class ApplyToChips(JobAlgorithm):
    """Runs an operator on each chip of a folder."""

    NAME = "applytochips"
    DISPLAY_NAME = "Apply operator to chips"
    SHORT = "Runs an operator on each chip of a folder and writes the results to another folder."
    TAGS = ("raster", "chip", "tile", "batch", "operator", "band math", "NDVI", "model", "inference", "ONNX", "python")
    HELP = (
        "Takes a folder made by Split raster into chips, runs the operator on each chip, and writes a chip of the same "
        "name for each to another folder, with the manifest, to which the operator is added. Stitch chips makes one "
        "raster of them: together the three give what Sliding window gives with the same choices.\n\n"
        "All chips are tried. If any cannot be read, or the operator fails on it, the log lists it; at the end the run "
        "fails and leaves nothing, or, if failed chips are to be skipped, leaves them out and notes them in the "
        "manifest, so that they are nodata when stitched.\n\n"
        "Operators can be applied one after the other, folder by folder. Label chips are not copied."
    )
    SKIP_FAILED, OUTPUT = "SKIP_FAILED", "OUTPUT"
    CORE_NAMES = {**OPERATOR_NAMES, **CHIP_NAMES, "output": OUTPUT}

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr = self.tr
        add_chips(self)
        add_operator(self, aggregation=False)
        self.add(
            QgsProcessingParameterBoolean(self.SKIP_FAILED, tr("Skip chips that fail"), False),
            tr(
                "Leave out chips that cannot be read or that the operator fails on, and note them in the manifest. "
                "Otherwise one such chip makes the run fail at its end."
            ),
        )
        self.add(
            QgsProcessingParameterFolderDestination(self.OUTPUT, tr("Folder of results")),
            tr("The folder to make: new or empty, or one of chips made by Patchwise, which is then replaced."),
        )
        self.addOutput(QgsProcessingOutputNumber("DONE", tr("Number of chips")))
        self.addOutput(QgsProcessingOutputNumber("FAILED", tr("Chips that failed")))

    def make_job(self, reader):
        """What the worker needs; everything wrong is refused."""
        chips = read_chips(reader, source_scale(reader))
        skip = reader.flag(self.SKIP_FAILED)
        if not chips.manifest.chips:
            raise ParameterError("chips", chips.folder, "must hold at least one chip")
        plan = chips.manifest.planned(chips.manifest.patcher)
        if not skip:
            chips.check_missing()
        with stacked(reader, chips, OTHER_INPUTS) as raster:
            return self._job_of(reader, raster, plan, skip)

    def _job_of(self, reader, raster, plan, skip):
        chips = raster.first
        operator = read_operator(reader, raster)
        operator = _fitted(operator, chips)
        part(operator)  # it goes into the manifest
        folder = reader.text(self.OUTPUT)
        check_folder(folder, raster.source_files + files_read(reader), self.OUTPUT)
        notes = (*raster.warnings, *self._notes(chips, operator))
        return _Job(Application(raster, operator, skip), plan, folder, notes)

    def _notes(self, chips, operator):
        """Sentences for the log before the run."""
        yield from filter(None, [operator.describe()])
        if operator.applies_scale:
            try:
                sample = chips.read_chip(chips.manifest.chips[0])
            except PatchwiseError:  # it will be listed among those that fail
                return
            yield from filter(None, [operator.warning_for(sample)])
        elif chips.has_scale and not chips.scaled:
            yield self.tr("The chips declare a scale or an offset: the operator gets the numbers as they are stored.")

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plain values only."""
        job = self._job
        tell(feedback, job.notes)
        application = job.application
        with (
            translated(self.CORE_NAMES),
            application.raster as raster,
            CommitGroup(not_cancelled(feedback), watch_sources(raster, application.operator)) as group,
            PartialFolder(job.folder, self.OUTPUT) as folder,
        ):
            try:
                manifest, report = apply_to_folder(
                    job.application,
                    folder.path,
                    plan=job.plan,
                    progress=progress(feedback),
                    cancelled=feedback.isCanceled,
                )
            except ChipsFailed as error:
                self._list(feedback, error.failed)
                raise
            write_index(manifest, folder.path, feedback)
            folder.hand_on(group)
        before = {chip.anchor for chip in job.application.chips.manifest.failed}
        failed = [chip for chip in manifest.failed if chip.anchor not in before]
        self._list(feedback, failed)
        text = self.tr("{count} chips in {folder}, {seconds} s")
        seconds = f"{report.seconds:.1f}"
        feedback.pushInfo(text.format(count=f"{len(manifest.chips):,}", folder=job.folder, seconds=seconds))
        return {self.OUTPUT: job.folder, "DONE": len(manifest.chips), "FAILED": len(failed)}

    def _list(self, feedback, failed):
        text = self.tr("{path}: {reason}")
        warn_of_each(self.tr, feedback, [text.format(path=chip.path, reason=chip.reason) for chip in failed])


def _fitted(operator, chips):
    """The operator for chips of the folder's size; one that demands another size is refused."""
    scale = chips.manifest.scale
    sizes = {chip.window[2:] for chip in chips.manifest.chips}
    largest = max(height for height, _ in sizes) * scale, max(width for _, width in sizes) * scale
    operator = operator.fitted(largest)
    if operator.chip_size is not None and operator.chip_size != largest:
        height, width = operator.chip_size
        allowed = f"takes chips of {height} x {width} pixels, and the folder's have {largest[0]} x {largest[1]}: split "
        raise ParameterError(MODEL, operator.name, f"{allowed}with CHIP_SIZE={height}, CHIP_WIDTH={width}")
    return operator
