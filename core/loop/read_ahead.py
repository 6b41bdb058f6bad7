"""Source rows on their way into the loop: reading ahead, and column blocks."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Callable

import numpy as np

from ..base.errors import PlanError
from ..base.progress import interrupted_by
from ..grid.domain import PixelWindow, slices
from ..grid.row_source import Executor
from ..grid.row_source import RowSink as RowSink
from ..grid.row_source import RowSource as RowSource
from ..grid.rows import RowBuffer
from ..operators.base import Operator
from ..plan.cutting import cut_chip, masked
from ..plan.plan import Plan, PlannedChip, RowGroup
from ..stitch.aggregation import SpatialAggregation

_MOST_BLOCKS = 100_000


class CallerThread:
    """An executor that runs at once in the thread that submits, for sources that are bound to it."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future:
        """A finished future with what ``function`` returned or raised."""
        future: Future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # it is raised where the result is asked for, as by any executor
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Does nothing: no call is pending."""


class SourceRows:
    """The source rows that the chips of a column block need, read ahead by one strip."""

    def __init__(
        self,
        source: RowSource,
        plan: Plan,
        block: PixelWindow,
        reader: Executor,
        check: Callable[[], None],
    ) -> None:
        """``check`` raises where the rows are no longer wanted; it is called in the thread that reads."""
        self.source, self.plan, self.reader, self.check = source, plan, reader, check
        lo, hi = plan.read_cols(block)
        self.first, self.last = plan.read_rows(block)
        self.place = PixelWindow(self.first, lo, 0, hi - lo)
        self.strip = source.strip_rows
        self.buffer = RowBuffer(source.bands, hi - lo, source.dtype, self.first, rows_held(source, plan, block))
        self.ready = self.first
        self.pending: Future | None = None

    def hold(self, group: RowGroup) -> int:
        """Have the rows of the group in memory; returns the number of source pixels that were read for it, per band."""
        pixels = 0
        while self.ready < group.read_hi:
            if self.pending is None:
                self.ahead(group.read_lo)
            pixels += self.pending.result()  # type: ignore[union-attr]
            self.ready, self.pending = self.buffer.stop, None
        self.buffer.release(group.read_lo)
        if self.pending is None and self.ready < self.last:
            self.ahead(group.read_lo)
        return pixels

    def ahead(self, keep: int) -> None:
        """Start to read the next strip. Nothing is being read and no chip is in use: rows may be moved."""
        self.buffer.release(keep)
        # Strips end where the source's blocks do, so that no block is decoded twice.
        stop = min((self.ready // self.strip + 1) * self.strip, self.last)
        window = PixelWindow(self.ready, self.place.col, stop - self.ready, self.place.width)
        self.pending = self.reader.submit(self.fill, window, self.buffer.extend(stop))

    def fill(self, window: PixelWindow, out: np.ndarray) -> int:
        """Read what chips need of the window, each pixel once; the rest of ``out`` stays. Returns the pixels read."""
        pixels = 0
        with interrupted_by(self.check):
            for part in self.plan.needed(window):
                self.check()
                self.source.read(part, out[(slice(None),) + slices(part, window)])
                pixels += part.pixels
        return pixels

    def chip(self, planned: PlannedChip) -> np.ndarray:
        """The chip's pixels, read-only."""
        first = self.buffer.first
        block = self.buffer.rows(first, self.ready)
        origin = PixelWindow(first, self.place.col, self.ready - first, self.place.width)
        chip = cut_chip(block, origin, planned.window, self.plan.shape, self.plan.mirrored)
        return masked(chip, planned.weights)


def column_blocks(
    source: RowSource,
    plan: Plan,
    operator: Operator,
    aggregation: SpatialAggregation | None,
    sink: RowSink | None,
    window: PixelWindow,
    memory_limit: int,
) -> list[PixelWindow]:
    """The window in as few column blocks as keep the row buffers below ``memory_limit`` bytes.

    ``aggregation`` and ``sink`` are None where nothing is stitched.
    """
    needs, tile = bytes_per_column(source, plan, operator, aggregation, window), 1 if sink is None else sink.block_width
    return blocks_of(window, width_that_fits(plan, needs, tile, window, memory_limit))


def blocks_of(window: PixelWindow, width: int) -> list[PixelWindow]:
    """The window in column blocks of ``width`` pixels, from the left to the right."""
    return [
        PixelWindow(window.row, col, window.height, min(width, window.col_stop - col))
        for col in range(window.col, window.col_stop, width)
    ]


def width_that_fits(
    plan: Plan, bytes_of_column: tuple[int, int], tile: int, window: PixelWindow, memory_limit: int
) -> int:
    """Width of a column block in pixels; refused where more than 100,000 blocks would be needed.

    ``bytes_of_column``: what is held for each column of source rows, and of results. ``tile``: columns of the output's
    tiles.
    """
    width = plan.max_size[1]
    per_source_col, per_col = bytes_of_column
    fits = (memory_limit - per_source_col * 2 * width) // max(1, per_source_col + per_col)
    # Blocks end where the output's tiles do: a tile written twice would be compressed twice.
    step = max(fits // tile, 1, -(-width // tile)) * tile
    if fits >= window.width or step >= window.width:
        return window.width
    if window.width > _MOST_BLOCKS * step:
        allowed = (
            f"is too wide for chips of {plan.max_size} pixels: {-(-window.width // step)} column blocks are needed"
        )
        raise PlanError("extent", tuple(window), f"{allowed}, and {_MOST_BLOCKS} are the most; choose a smaller extent")
    return int(step)


def bytes_per_column(
    source: RowSource, plan: Plan, operator: Operator, aggregation: SpatialAggregation | None, window: PixelWindow
) -> tuple[int, int]:
    """Bytes that the row buffers hold for each column: of source rows, and of results.

    Before the first chip is computed, an operator that does not say how many bands it gives is taken to give as many as
    the source has.
    """
    per_source_col = source_bytes_per_column(source, plan, window)
    if aggregation is None:
        return per_source_col, 0
    bands = operator.output_bands or source.bands
    return per_source_col, result_bytes_per_column(plan, bands, source.dtype, operator.scale, aggregation, window)


def source_bytes_per_column(source: RowSource, plan: Plan, window: PixelWindow) -> int:
    """Bytes that are held for each column of the source, of rows in memory and of the strip that is read."""
    held = rows_held(source, plan, window)
    strip = min(source.strip_rows, held)
    return source.bands * (held * source.dtype.itemsize + strip * source.raw_itemsize)


def result_bytes_per_column(
    plan: Plan, bands: int, dtype: np.dtype, scale: int, aggregation: SpatialAggregation, window: PixelWindow
) -> int:
    """Bytes that are held for each column of the plan's raster, of results with ``scale`` times its pixels."""
    per_pixel = aggregation.bytes_per_pixel(bands, dtype, plan.most_overlaps(window))
    waiting = 2 * bands * dtype.itemsize  # two pieces of finished rows, for the writer
    return (plan.max_size[0] + slack(plan)) * (per_pixel + waiting) * scale**2


def rows_held(source: RowSource, plan: Plan, window: PixelWindow) -> int:
    """Source rows in memory at once: those of a chip, the strip that it ends in, and the one that is read ahead.

    A mirrored chip needs no more than others: it begins on the raster, so that fewer rows lie over the edge than the
    chip has, and their mirror images are as near to the edge.
    """
    first, last = plan.read_rows(window)
    return min(plan.max_size[0] + 2 * source.strip_rows, last - first)


def slack(plan: Plan) -> int:
    """Rows beyond a chip's height that a buffer has, so that rows are not moved at every step."""
    return max(32, plan.max_size[0] // 2)
