"""What a run will do, before it is run: chips, cover, pixels to read, memory and time.

Chips, pixels and row buffers follow from the same plan and formulas as the run's. Time is a guess: rates of reading,
writing, blending and computing from the performance report, unless the operator was measured on a chip.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..grid.domain import PixelWindow, RasterDomain
from ..grid.row_source import RowSource
from ..loop.chip_run import chips_at_once
from ..loop.patcher import SpatialPatcher
from ..loop.read_ahead import bytes_per_column, width_that_fits
from ..loop.stitcher import uses_ratios
from ..loop.stream import MEMORY_LIMIT, overlaps_do_not_matter
from ..operators.base import Operator, as_operator
from ..plan.check import no_chip
from ..plan.plan import Plan
from ..rasters.creation_options import TILE
from ..rasters.file import GDAL_CACHE
from ..stitch.running_mean import RatioCache
from .pictures import spread
from .weights import window_picture

#: Pixels per second that one core computes, by operator.
RATES: Mapping[str, float] = {
    "Expression": 100e6,
    "Index": 100e6,
    "Change": 50e6,
    "Classify": 40e6,
    "PythonFile": 20e6,
    "Onnx": 1e6,
}
_OTHER_RATE = 50e6
_READ, _WRITE = 300e6, 150e6  # bytes per second, compressed with DEFLATE
_BLEND = 300e6  # values per second added to the mean, by one thread
_START = 0.5  # seconds, before the first pixel is read
_BLOCKS = 100  # column blocks of a run that are looked at
_GRID = 256  # places along an axis at which a list of chips is looked at for its cover


@dataclass(frozen=True)
class Estimate:
    """What a run over a window will take.

    ``chips`` touch the window; ``covered_share`` (0 to 1) of its pixels lie in a chip; ``pixels`` of the source have to
    be read (where chips are not on a lattice: at most), in ``bands`` bands; ``memory`` in bytes, without Python and
    QGIS themselves; ``seconds``, which rest on a chip that was ``measured``, or on a table.
    """

    chips: int
    covered_share: float
    pixels: int
    bands: int
    memory: int
    seconds: float
    measured: bool


def estimate(
    source: RowSource,
    patcher: SpatialPatcher,
    operator: Callable[[Any], Any],
    window: PixelWindow | None = None,
    seconds_per_chip: float | None = None,
    workers: int = 0,
    plan: Plan | None = None,
) -> Estimate:
    """The estimate for a run of ``operator`` over the chips that touch ``window`` (default: the whole raster).

    ``source`` is a ``RowSource``, of which nothing is read; ``seconds_per_chip`` what the chip preview measured, if it
    did; ``workers`` as for ``stream``; ``plan`` the patcher's on the source, where it has been made. Raises
    :class:`PlanError` where no chip fits, or none touches the window.
    """
    operator = as_operator(operator)
    window = source.domain.window if window is None else window
    plan = patcher.layout.boxes(patcher.sampler, patcher.window, source.domain) if plan is None else plan
    chips = plan.count(window)
    if not chips:
        raise no_chip(window)
    once = plan.pieces() if overlaps_do_not_matter(patcher, operator) else None
    work = Work.of(source, patcher, operator, plan if once is None else once, window, workers or os.cpu_count() or 1)
    if seconds_per_chip is None:
        computing = work.computed / RATES.get(type(operator).__name__, _OTHER_RATE)
    else:
        computing = seconds_per_chip * work.computed / max(plan.max_size[0] * plan.max_size[1], 1)
    covered = _covered_share(patcher, source.domain, plan, window)
    seconds = work.seconds(computing)
    return Estimate(chips, covered, work.pixels, source.bands, work.memory, seconds, seconds_per_chip is not None)


@dataclass(frozen=True)
class Work:
    """The amounts of a run: source pixels and bytes read, pixels computed and blended, bytes written, memory."""

    pixels: int
    bytes_read: int
    computed: int
    blended: int
    bytes_written: int
    memory: int
    workers: int

    @classmethod
    def of(
        cls,
        source: RowSource,
        patcher: SpatialPatcher,
        operator: Operator,
        plan: Plan,
        window: PixelWindow,
        workers: int,
    ) -> Work:
        """The amounts of the run that ``stream`` makes of these."""
        aggregation, bands = patcher.aggregation, operator.output_bands or source.bands
        per_source_col, per_col = bytes_per_column(source, plan, operator, aggregation, window)
        step = width_that_fits(plan, (per_source_col, per_col), TILE, window, MEMORY_LIMIT)
        pixels, widest = _pixels(plan, window, step)
        height, width = plan.max_size
        computed = plan.pixels(window)
        scale = operator.scale**2
        buffers = per_source_col * widest + per_col * step
        # Results that wait for their turn, and as much again for what an operator makes on its way.
        chips = min(3 * workers * chips_at_once(operator, plan), plan.count(window))
        waiting = chips * height * width * source.dtype.itemsize * (bands * scale + source.bands)
        factors = RatioCache.most_bytes(plan, source.dtype) if uses_ratios(patcher, scale) else 0
        raw, written = pixels * source.bands * source.raw_itemsize, window.pixels * scale * bands * 4
        memory = buffers + waiting + factors + min(GDAL_CACHE, raw + written)
        return cls(pixels, raw, computed, computed * bands * scale, written, memory, workers)

    def seconds(self, computing: float) -> float:
        """The time of the run in seconds, where one core computes for ``computing`` seconds. Reading, computing,
        blending and writing overlap.
        """
        cores = os.cpu_count() or 1
        reading, blending, writing = self.bytes_read / _READ, self.blended / _BLEND, self.bytes_written / _WRITE
        alone = (reading, blending, writing / min(2, cores), computing / min(self.workers, cores))
        return _START + max(*alone, (reading + blending + writing + computing) / cores)


def _pixels(plan: Plan, window: PixelWindow, step: int) -> tuple[int, int]:
    """Source pixels that column blocks of ``step`` pixels need in all, and source columns that the first one needs.

    Where there are very many blocks, the numbers are extrapolated from some, evenly spread.
    """
    firsts = range(window.col, window.col_stop, step)
    some, pixels, widest = firsts[:: -(-len(firsts) // _BLOCKS)], 0, 0
    for col in some:
        block = PixelWindow(window.row, col, window.height, min(step, window.col_stop - col))
        rows, cols = plan.read_rows(block), plan.read_cols(block)
        pixels += (rows[1] - rows[0]) * (cols[1] - cols[0])
        widest = widest or cols[1] - cols[0]
    return pixels * len(firsts) // len(some), widest


def _covered_share(patcher: SpatialPatcher, domain: RasterDomain, plan: Plan, window: PixelWindow) -> float:
    share = plan.box_share(window, window.row + spread(window.height, _GRID), window.col + spread(window.width, _GRID))
    if patcher.window.positive and patcher.layout.plan_is_quick:
        return share
    if patcher.sampler is None or patcher.sampler.lattice is None:
        return share  # the share that the boxes cover
    cover = window_picture(patcher, domain).cover
    return share if cover is None else min(share, 1 - cover.gap_share)
