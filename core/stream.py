"""The one loop: read rows once, run the operator chip by chip, add with weights, write rows when they are final.

Reading ahead, the operator (on a thread pool) and writing run at the same time; contributions are added by one thread
in chip order, so that the result does not depend on the number of workers.

Law: an output window computed alone, from the chips that touch it, equals the same window of the whole run bit for
bit. The map extent, a preview, and the column blocks in which a very wide raster is done all rest on it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Callable, Protocol

import numpy as np

from .accumulate import RatioCache, result_dtype
from .chips import ChipResult, cut_chip, operator_name, run_operator
from .domains import PixelWindow, RasterDomain
from .errors import Cancelled, OperatorError, ParameterError, PlanError
from .plan import LatticePlan, PlannedChip, RowGroup
from .rowbuffer import RowBuffer
from .window import SpatialBoxcar

MEMORY_LIMIT = 512 << 20
_BATCH_PIXELS = 1 << 16  # chips smaller than this go to a worker several at a time


class RowSource(Protocol):
    """Where pixels come from. ``dtype`` is the chips' type; ``raw_itemsize`` the bytes of a value in the source."""

    domain: RasterDomain
    bands: int
    dtype: np.dtype
    raw_itemsize: int
    strip_rows: int
    flat: bool  # the field has no band axis: chips are (h, w)

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` with the window's values, NaN where unknown."""


class RowSink(Protocol):
    """Where finished rows go. Rows and columns count from the output window's upper-left pixel."""

    block_width: int

    def start(self, bands: int, dtype: np.dtype) -> None:
        """Called once, with the operator's first result at hand."""

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        """``values`` ``(bands, rows, cols)``, NaN where unknown; rows of a column block come from top to bottom."""


@dataclass(frozen=True)
class StreamReport:
    """What a run did. ``pixels_without_data`` have no valid value in any output band.

    ``once``: the operator looks at single pixels, so that each pixel was computed once, in pieces, rather than once for
    every chip it lies in.
    """

    chips: int
    once: bool
    bands: int
    pixels: int
    pixels_without_data: int
    bytes_read: int
    seconds: float

    @property
    def mb_per_second(self) -> float:
        """Source megabytes (10^6 bytes, in the source's own type) read per second."""
        return self.bytes_read / 1e6 / max(self.seconds, 1e-9)


def stream(
    source: RowSource,
    patcher: Any,
    operator: Callable[[Any], Any],
    sink: RowSink,
    *,
    window: PixelWindow | None = None,
    workers: int = 0,
    memory_limit: int = MEMORY_LIMIT,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> StreamReport:
    """Run ``operator`` over the chips that touch ``window`` (default: the whole raster) into ``sink``.

    ``workers``: threads for the operator, 0 for all cores. ``memory_limit`` in bytes bounds the row buffers: a raster
    too wide for it is done in column blocks. ``progress`` gets the share done, 0 to 1; ``cancelled`` is asked once a
    chip and ends the run with :class:`Cancelled`. Bad input is refused before a pixel is read.
    """
    window = source.domain.window if window is None else window
    if window.intersect(source.domain.window) != window or not window.pixels:
        raise ParameterError("window", tuple(window), f"must lie on the raster of {source.domain.shape} pixels")
    if isinstance(workers, bool) or workers < 0:
        raise ParameterError("workers", workers, "must be 0 (all cores) or the number of threads")
    plan = patcher.plan(source.domain.shape)
    if not plan.count(window):
        raise PlanError("extent", tuple(window), "no chip touches it with this chip size, stride and boundary")
    chips, once = plan.count(window), _computed_once(patcher, operator)
    if once:
        plan, patcher = plan.once(), replace(patcher, window=SpatialBoxcar())
    with _Run(source, patcher, plan, operator, sink, workers or os.cpu_count() or 1) as run:
        run.callbacks(progress, cancelled)
        started = time.perf_counter()
        run.over(window, memory_limit)
        seconds = time.perf_counter() - started
    return StreamReport(chips, once, run.bands, window.pixels, run.empty, run.bytes_read, seconds)


def _computed_once(patcher: Any, operator: Any) -> bool:
    """Whether overlaps cannot change the result: the same value comes from every chip, and its mean is that value."""
    return getattr(operator, "pointwise", False) and patcher.window.positive and patcher.aggregation.idempotent


class _Run:
    """The threads and counters of one run; not to be used again."""

    def __init__(
        self, source: RowSource, patcher: Any, plan: LatticePlan, operator: Callable, sink: RowSink, workers: int
    ) -> None:
        self.source, self.patcher, self.plan, self.operator, self.sink = source, patcher, plan, operator, sink
        self.workers = workers
        self.stop = threading.Event()
        self.pool = ThreadPoolExecutor(workers, "patchwise-operator")
        self.reader = ThreadPoolExecutor(1, "patchwise-reader")
        self.writer = ThreadPoolExecutor(1, "patchwise-writer")
        self.writes: deque[Future] = deque()
        self.ratios: RatioCache | None = None
        self.bands = 0
        self.dtype = np.dtype(np.float32)
        self.done = self.total = self.empty = self.bytes_read = 0

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        for pool in (self.pool, self.reader, self.writer):
            pool.shutdown(wait=True, cancel_futures=True)

    def callbacks(self, progress: Callable[[float], None] | None, cancelled: Callable[[], bool] | None) -> None:
        self.progress, self.cancelled = progress, cancelled

    def over(self, window: PixelWindow, memory_limit: int) -> None:
        """The whole window, block by block."""
        blocks = column_blocks(self.source, self.plan, self.operator, self.sink, window, memory_limit)
        self.total = sum(self.plan.count(block) for block in blocks)
        # A block that no chip touches is all nodata, in as many bands as the other blocks turn out to have.
        for block in sorted(blocks, key=lambda block: not self.plan.count(block)):
            self.block(block, window)
        while self.writes:
            self.writes.popleft().result()

    def block(self, block: PixelWindow, window: PixelWindow) -> None:
        """One column block, from top to bottom."""
        rows = _SourceRows(self.source, self.plan, block, self.reader)
        mean = None if not self.bands else self.accumulator(block)
        finished = block.row
        for group in self.plan.groups(block):
            if mean is not None and group.row > finished:
                self.emit(mean.finish(group.row), finished, block, window)
                finished = group.row
            self.bytes_read += rows.hold(group) * self.source.bands * self.source.raw_itemsize
            for result in self.results(group, rows):
                if mean is None:
                    mean = self.begin(result.values, block)
                self.add(mean, result)
        if mean is None:
            raise PlanError("extent", tuple(block), "no chip touches it")
        self.emit(mean.finish(block.row_stop), finished, block, window)

    def begin(self, values: np.ndarray, block: PixelWindow) -> Any:
        """With the first result the number and type of the output bands are known."""
        self.bands, self.dtype = values.shape[0], result_dtype(values.dtype)
        self.sink.start(self.bands, self.dtype)
        if self.patcher.window.positive:
            self.ratios = RatioCache(self.patcher.weights_of, self.dtype)
        return self.accumulator(block)

    def accumulator(self, block: PixelWindow) -> Any:
        covers = self.plan.covers and self.patcher.window.positive
        capacity = self.plan.max_size[0] + _slack(self.plan)
        return self.patcher.aggregation.accumulator(self.bands, block, self.dtype, capacity, covers)

    def results(self, group: RowGroup, rows: _SourceRows) -> Iterator[ChipResult]:
        """The operator's results in chip order, computed a few ahead on the pool."""
        pending: deque[Future] = deque()
        height, width = self.plan.max_size
        size = max(1, _BATCH_PIXELS // (height * width))
        for first in range(0, len(group.chips), size):
            batch = [(chip, rows.chip(chip)) for chip in group.chips[first : first + size]]
            pending.append(self.pool.submit(self.compute, batch))
            if len(pending) > 2 * self.workers:
                yield from self.checked(pending.popleft())
        while pending:
            yield from self.checked(pending.popleft())

    def compute(self, batch: list[tuple[PlannedChip, np.ndarray]]) -> list[ChipResult]:
        results = []
        for planned, chip in batch:
            if self.stop.is_set() or (self.cancelled is not None and self.cancelled()):
                raise Cancelled
            results.append(run_operator(self.operator, planned, chip[0] if self.source.flat else chip))
        return results

    def checked(self, future: Future) -> Iterator[ChipResult]:
        for result in future.result():
            if self.cancelled is not None and self.cancelled():
                raise Cancelled
            yield result
            self.done += 1
            if self.progress is not None:
                self.progress(self.done / self.total)

    def add(self, mean: Any, result: ChipResult) -> None:
        chip, values = result.chip, result.values
        if values.shape[0] != self.bands:
            raise OperatorError(
                operator_name(self.operator),
                (chip.window.row, chip.window.col),
                f"it returned {values.shape[0]} band(s) here and {self.bands} for the first chip; the number may not "
                "change between chips",
            )
        weights = self.patcher.weights_of(chip.window.height, chip.window.width)
        ratio = self.ratios.get(chip.pattern) if self.ratios is not None and result.finite else None
        mean.add(chip.window, values, weights, result.finite, ratio)

    def emit(self, values: np.ndarray, row: int, block: PixelWindow, window: PixelWindow) -> None:
        """Hand finished rows to the writer, which may lag behind by two pieces at most."""
        while len(self.writes) >= 2 or (self.writes and self.writes[0].done()):
            self.writes.popleft().result()
        self.writes.append(self.writer.submit(self.write, row - window.row, block.col - window.col, values))

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        missing = np.isnan(values[0])
        for band in values[1:]:
            missing &= np.isnan(band)
        self.empty += int(np.count_nonzero(missing))
        self.sink.write(row, col, values)


class _SourceRows:
    """The source rows that the chips of a column block need, read ahead by one strip."""

    def __init__(self, source: RowSource, plan: LatticePlan, block: PixelWindow, reader: ThreadPoolExecutor) -> None:
        self.source, self.plan, self.reader = source, plan, reader
        lo, hi = plan.read_cols(block)
        groups = plan.rows.touching(block.row, block.row_stop)
        self.first = int(plan.rows.read_lo[groups.start : groups.stop].min()) if groups else block.row
        self.last = int(plan.rows.stops[groups.stop - 1]) if groups else block.row
        self.place = PixelWindow(self.first, lo, 0, hi - lo)
        self.strip = source.strip_rows
        capacity = min(plan.max_size[0] + 2 * self.strip, self.last - self.first)
        self.buffer = RowBuffer(source.bands, hi - lo, source.dtype, self.first, capacity)
        self.ready = self.first
        self.pending: Future | None = None

    def hold(self, group: RowGroup) -> int:
        """Have the rows of the group in memory; the number of source pixels that were read for it (per band)."""
        pixels = 0
        while self.ready < group.read_hi:
            if self.pending is None:
                self.ahead(group.read_lo)
            self.pending.result()  # type: ignore[union-attr]
            pixels += (self.buffer.stop - self.ready) * self.place.width
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
        self.pending = self.reader.submit(self.source.read, window, self.buffer.extend(stop))

    def chip(self, planned: PlannedChip) -> np.ndarray:
        first = self.buffer.first
        block = self.buffer.rows(first, self.ready)
        origin = PixelWindow(first, self.place.col, self.ready - first, self.place.width)
        return cut_chip(block, origin, planned.window, self.plan.shape, self.plan.boundary != "pad")


def column_blocks(
    source: RowSource, plan: LatticePlan, operator: Any, sink: RowSink, window: PixelWindow, memory_limit: int
) -> list[PixelWindow]:
    """The window in as few column blocks as keep the row buffers below ``memory_limit`` bytes."""
    height, width = plan.max_size
    held = height * (2 if plan.rows.mirrored else 1) + 2 * source.strip_rows
    per_source_col = source.bands * (held * source.dtype.itemsize + source.strip_rows * source.raw_itemsize)
    bands = getattr(operator, "output_bands", None) or source.bands
    per_col = bands * (height + _slack(plan)) * (source.dtype.itemsize + 8 + 2 * source.dtype.itemsize)
    fits = (memory_limit - per_source_col * 2 * width) // (per_source_col + per_col)
    # Blocks end where the output's tiles do: a tile written twice would be compressed twice.
    step = max(fits // sink.block_width, 1, -(-width // sink.block_width)) * sink.block_width
    if fits >= window.width or step >= window.width:
        return [window]
    return [
        PixelWindow(window.row, col, window.height, min(step, window.col_stop - col))
        for col in range(window.col, window.col_stop, step)
    ]


def _slack(plan: LatticePlan) -> int:
    """Rows beyond a chip's height that a buffer has, so that rows are not moved at every step."""
    return max(32, plan.max_size[0] // 2)
