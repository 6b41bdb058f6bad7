"""How many chips lie on each pixel, and what their weights add up to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

import numpy as np

from ..base.progress import Watch
from ..grid.domain import PixelWindow, RasterDomain, slices
from ..grid.row_source import RowSink
from ..grid.rows import RowBuffer
from ..plan.plan import Plan, PlannedChip, RowGroup
from .patcher import SpatialPatcher
from .read_ahead import slack

MEMORY_LIMIT = 256 << 20
_CHIPS_AT_ONCE, _PIXELS_AT_ONCE = 256, 1 << 24  # between two looks at whether it is cancelled


def write_coverage(
    patcher: SpatialPatcher,
    domain: RasterDomain,
    window: PixelWindow,
    sink: RowSink,
    *,
    weights: bool = False,
    plan: Plan | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    memory_limit: int = MEMORY_LIMIT,
) -> None:
    """Count the chips per pixel of ``window`` on a raster of ``domain``, without reading it; 0 where there is none.

    With ``weights`` it is the sum of their weights instead, NaN where there is no chip. A chip lies on a pixel where
    its weight is above 0. Rows go to ``sink`` as they become final, in column blocks where they need more than
    ``memory_limit`` bytes. ``plan`` is the patcher's on ``domain``, where it has been made. ``progress`` gets the share
    done, 0 to 1; ``cancelled`` ends the work with :class:`Cancelled`.
    """
    report = Watch(progress, cancelled)
    if plan is None:
        plan = patcher.plan(domain, report.part(0, 0.5))
    dtype = np.dtype(np.float64 if weights else np.float32)
    sink.start(1, dtype)
    blocks = list(_blocks(plan, window, dtype, sink.block_width, memory_limit))
    for k, block in enumerate(blocks):
        watch = report.part(k / len(blocks), (k + 1) / len(blocks))
        for row, values in _Sums(patcher, plan, block, dtype, weights, watch).rows():
            sink.write(row - window.row, block.col - window.col, values)
    report(1.0)


def _blocks(plan: Plan, window: PixelWindow, dtype: np.dtype, step: int, limit: int) -> Iterator[PixelWindow]:
    """The window in column blocks, as wide as the memory lets them be and as the sink's tiles are."""
    height = plan.max_size[0]
    per_col = (2 * height + slack(plan)) * dtype.itemsize
    width = max(limit // per_col // step, 1) * step
    for col in range(window.col, window.col_stop, width):
        yield PixelWindow(window.row, col, window.height, min(width, window.col_stop - col))


class _Sums:
    """The sums over one column block, from the top."""

    def __init__(
        self,
        patcher: SpatialPatcher,
        plan: Plan,
        block: PixelWindow,
        dtype: np.dtype,
        weights: bool,
        watch: Callable[[float], None],
    ) -> None:
        self.patcher, self.plan, self.block, self.weights, self.watch = patcher, plan, block, weights, watch
        self.dtype = dtype
        self.held = RowBuffer(1, block.width, dtype, block.row, plan.max_size[0] + slack(plan))
        # Of a lattice, all rows of chips of one height are alike.
        self.bands: dict[int, np.ndarray] = {}

    def rows(self) -> Iterator[tuple[int, np.ndarray]]:
        """Final rows: the first one's number, and ``(1, rows, width)``."""
        for group in self.plan.groups(self.block):
            self.watch(max(0, group.row - self.block.row) / self.block.height)
            if group.row > self.held.first:
                yield self.finish(group.row)
            if group.chips:
                self.add(group)
        yield self.finish(self.block.row_stop)

    def finish(self, stop: int) -> tuple[int, np.ndarray]:
        self.extend(stop)
        first = self.held.first
        values = self.held.rows(first, stop)
        if self.weights:
            values = np.where(values == 0, np.nan, values)
        self.held.release(stop)
        return first, values

    def add(self, group: RowGroup) -> None:
        if group.chips[0].pattern is None:
            step = self.at_once(group)
            for k, chip in enumerate(group.chips):
                if k % step == 0:
                    self.watch(0.0)
                place = chip.window.intersect(self.block)
                self.extend(place.row_stop)
                self.at(place)[...] += self.values(chip)[slices(place, chip.window)]
            return
        window = group.chips[0].window
        if window.height not in self.bands:
            self.bands[window.height] = self.band(group)
        place = PixelWindow(window.row, self.block.col, window.height, self.block.width).intersect(self.block)
        self.extend(place.row_stop)
        first = place.row - window.row
        self.at(place)[...] += self.bands[window.height][first : first + place.height]

    def band(self, group: RowGroup) -> np.ndarray:
        """``(h, width)`` the sum over one row of chips."""
        band = np.zeros((group.chips[0].window.height, self.block.width), self.dtype)
        step = self.at_once(group)
        for k, chip in enumerate(group.chips):
            if k % step == 0:
                self.watch(0.0)
            lo, hi = max(chip.window.col, self.block.col), min(chip.window.col_stop, self.block.col_stop)
            part = self.values(chip)[:, lo - chip.window.col : hi - chip.window.col]
            band[:, lo - self.block.col : hi - self.block.col] += part
        return band

    @staticmethod
    def at_once(group: RowGroup) -> int:
        """Chips between two looks at whether it is cancelled: the fewer, the larger they are."""
        largest = max(chip.window.pixels for chip in group.chips)
        return max(1, min(_CHIPS_AT_ONCE, _PIXELS_AT_ONCE // largest))

    def values(self, chip: PlannedChip) -> np.ndarray:
        weights = chip.weights
        if weights is None:
            weights = self.patcher.weights_of(chip.window.height, chip.window.width)
        values: np.ndarray = weights if self.weights else weights > 0
        return values

    def at(self, place: PixelWindow) -> np.ndarray:
        cols = slice(place.col - self.block.col, place.col_stop - self.block.col)
        return self.held.rows(place.row, place.row_stop)[0, :, cols]

    def extend(self, stop: int) -> None:
        if self.held.stop < stop:
            self.held.extend(stop)[...] = 0
