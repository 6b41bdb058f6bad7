"""``patchwise:windowweights``: the weights of one chip, or their sum over an extent, as a raster."""

from dataclasses import dataclass, replace

import numpy as np
from qgis.core import QgsProcessingOutputNumber, QgsProcessingParameterRasterDestination

from ...core import SpatialPatcher, ValueType
from ...core.base.progress import Watch
from ...core.grid.domain import PixelWindow, RasterDomain
from ...core.loop.coverage import write_coverage
from ...core.preview.footprints import check_footprints
from ...core.preview.outlines import nearest_chip
from ...core.rasters.commit import CommitGroup
from ...core.rasters.output import OutputSpec, check_output, format_of, sink_for
from ...core.rasters.source_files import SourceFiles
from ..base import JobAlgorithm
from ..bridge import progress, translated, while_wanted
from ..job import check_chip
from ..parameters.grids import add_grid, read_grid
from ..parameters.patching import add_window_function
from ..parameters.rasters import NAMES as RASTER_NAMES
from ..parameters.rasters import (
    add_creation_options,
    add_format,
    format_notes,
    read_creation_options,
    read_format,
)
from ..parameters.reader import Reader
from ..parameters.samplers import NAMES as SAMPLER_NAMES
from ..parameters.samplers import add_geometry_and_sampler, read_sampled_patcher
from ..parameters.sources import files_read
from ..parameters.words import choice

KINDS = ("coverage", "window")


@dataclass(frozen=True)
class _Job:
    """What the main thread prepares."""

    kind: str
    patcher: SpatialPatcher
    domain: RasterDomain
    window: PixelWindow
    output: str
    sources: SourceFiles
    options: dict[str, str]
    format: str


class _Counted:
    """Passes rows on to another sink, and counts the pixels in no chip, which are NaN."""

    def __init__(self, sink):
        self._sink, self.block_width, self.without = sink, sink.block_width, 0

    def start(self, bands, dtype):
        self._sink.start(bands, dtype)

    def write(self, row, col, values):
        self.without += int(np.count_nonzero(np.isnan(values)))
        self._sink.write(row, col, values)


class WindowWeights(JobAlgorithm):
    """Writes the weights of one chip, or the sum of all, so that gaps and uneven cover are seen before a run."""

    NAME = "windowweights"
    DISPLAY_NAME = "Window weights"
    SHORT = "Computes the weights of one chip, or their sum over an extent, as a raster."
    TAGS = ("window", "weights", "taper", "overlap", "coverage", "gaps", "Hann", "Tukey", "Gaussian", "chip")
    HELP = (
        "Shows what a window, a chip size and a stride do before a long run, without reading the raster.\n\n"
        "coverage is the sum of the weights of all chips on each pixel of the extent, on the raster's own grid. Pixels "
        "in no chip are nodata: there a run gives nodata too. Where the sum varies, the cover is uneven; a run divides "
        "by it, so that this alone makes no error.\n\n"
        "window is the raster of one chip's weights, at the chip in the middle of the extent. Pixels that are not part "
        "of the chip, as outside a spherical cap or where a custom window is 0, are nodata."
    )
    KIND, OUTPUT, PIXELS_WITHOUT_CHIP = "KIND", "OUTPUT", "PIXELS_WITHOUT_CHIP"
    CORE_NAMES = {**SAMPLER_NAMES, **RASTER_NAMES}

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr = self.tr
        self.add(
            choice(self.KIND, tr("Kind"), KINDS, "coverage"),
            tr("What to compute: coverage (the sum over all chips) or window (one chip's weights)."),
        )
        add_grid(self)
        add_geometry_and_sampler(self)
        add_window_function(self)
        add_creation_options(self)
        add_format(self)
        self.add(
            QgsProcessingParameterRasterDestination(self.OUTPUT, tr("Weights")),
            tr("The weights as a raster of type float32, with NaN as nodata value."),
        )
        self.addOutput(QgsProcessingOutputNumber(self.PIXELS_WITHOUT_CHIP, tr("Pixels in no chip")))

    def check_job(self, job, reader):
        """Refuse chips that do not fit the raster, or that need more memory than the machine has."""
        check_footprints(job.patcher, job.domain, job.window)
        if job.patcher.geometry.size is not None:
            check_chip(job.patcher.geometry.size, 24)

    def make_job(self, reader):
        """What the worker needs: layers and extents become plain values."""
        output = self.output_paths(reader)[self.OUTPUT]
        raster, window = read_grid(reader)
        with raster:
            return self._job_of(reader, raster, window, output)

    def _job_of(self, reader, raster, window, output):
        sources = raster.source_files + files_read(reader)
        wanted = read_format(reader)
        check_output(output, sources, self.OUTPUT, wanted)
        patcher = read_sampled_patcher(reader, raster)
        kind = reader.text(self.KIND)
        options = read_creation_options(reader, format_of(output, wanted))
        return _Job(
            kind,
            patcher,
            raster.domain,
            window,
            output,
            sources,
            options,
            wanted,
        )

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plain values only."""
        # A layer to be loaded is noted here: in the background the run has a context of its own.
        job = replace(self._job, output=self.output_path(Reader(self, parameters, context), self.OUTPUT))
        for note in format_notes(self.tr, format_of(job.output, job.format)):
            feedback.pushInfo(note)
        with translated(self.CORE_NAMES):
            without = _write_sums(job, feedback) if job.kind == "coverage" else _write_weights_of_chip(job, feedback)
        if job.kind == "coverage" and without:
            share = f"{100 * without / job.window.pixels:.1f}"
            text = self.tr("{count} pixels ({share} %) lie in no chip.")
            feedback.pushWarning(text.format(count=f"{without:,}", share=share))
        what = self.tr("summed weights on {name}") if job.kind == "coverage" else self.tr("window on {name}")
        titles = self.titles_of(self.OUTPUT, what)
        results = {self.OUTPUT: job.output, self.PIXELS_WITHOUT_CHIP: without}
        return self.present(results, context, feedback, titles=titles)


def _sink(job, domain, name, group):
    spec = OutputSpec(
        ValueType("float32"),
        names=[name],
        options=job.options,
        sources=job.sources,
        parameter="OUTPUT",
        group=group,
        format=job.format,
    )
    return sink_for(job.output, domain, spec)


def _write_sums(job, feedback):
    """Write the summed weights; returns the number of pixels in no chip."""
    with CommitGroup() as group, _sink(job, job.domain.crop(job.window), "weights", group) as sink:
        counted, report = _Counted(sink), progress(feedback)
        write_coverage(
            job.patcher, job.domain, job.window, counted, weights=True, progress=report, cancelled=feedback.isCanceled
        )
    return counted.without


def _write_weights_of_chip(job, feedback):
    """Write the weights of the chip in the middle; returns the number of pixels in its window that it leaves out."""
    window, report = job.window, progress(feedback)
    report(0.1)
    middle = window.row + window.height / 2, window.col + window.width / 2
    chip, _ = nearest_chip(job.patcher, job.domain, *middle, Watch(None, feedback.isCanceled))
    weights = chip.weights
    if weights is None:
        weights = job.patcher.weights_of(chip.window.height, chip.window.width)
    with CommitGroup() as group, _sink(job, job.domain.crop(chip.window), "weight", group) as sink:
        counted = _Counted(sink)
        counted.start(1, weights.dtype)
        step = sink.block_width  # rows of tiles
        for row in while_wanted(range(0, len(weights), step), feedback):
            part = weights[None, row : row + step]
            counted.write(row, 0, np.where(part > 0, part, np.nan))
            report(0.1 + 0.9 * min(1, (row + step) / len(weights)))
    return counted.without
