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
from concurrent.futures import TimeoutError as NotYet  # the built-in one from Python 3.11 on
from dataclasses import dataclass, replace
from typing import Any, Callable

import numpy as np

from ..axes.window import SpatialBoxcar
from ..base.checks import is_whole
from ..base.errors import Cancelled, OperatorError, ParameterError, PlanError
from ..base.progress import Watch, interrupted_by
from ..grid.domain import PixelWindow
from ..grid.geotensor import GeoTensor
from ..operators.base import Operator, as_operator, operator_name
from ..plan.cutting import anchor_of, finer, result_dtype
from ..plan.plan import Plan, PlannedChip, RowGroup
from ..stitch.running_mean import RatioCache
from .chip_run import ChipResult, run_batch, run_operator
from .read_ahead import RowSink, RowSource, SourceRows, column_blocks, slack

MEMORY_LIMIT = 512 << 20
PLANNING = 0.2  # of the progress, where making the plan takes long
_WRITTEN_AT_ONCE = 16 << 20  # bytes
_POLL = 0.2  # seconds between two looks at whether it is cancelled while a chip is waited for
_BATCH_PIXELS = 1 << 16  # chips smaller than this go to a worker several at a time


@dataclass(frozen=True)
class StreamReport:
    """What a run did. ``pixels_without_data`` have no valid value in any output band.

    ``once``: the operator looks at single pixels, so that each pixel was computed once, in pieces, rather than once for
    every chip it lies in. ``flat``: the operator gave ``(h, w)`` for its first chip.
    """

    chips: int
    once: bool
    flat: bool
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
    chip and ends the run with :class:`Cancelled`. Bad input is refused before a pixel is read, and only then
    is the operator loaded (``Operator.load``).

    An operator with a ``batch_size`` gets several chips of one shape at a time (``operator.batch``). With a
    ``scale`` above 1 it gives ``scale`` times as many rows and columns, and so does the run: the sink is then for the
    domain ``RasterDomain.refined(scale)``.
    """
    operator = as_operator(operator)
    window = source.domain.window if window is None else window
    if window.intersect(source.domain.window) != window or not window.pixels:
        raise ParameterError("window", tuple(window), f"must lie on the raster of {source.domain.shape} pixels")
    if not is_whole(workers) or workers < 0:
        raise ParameterError("workers", workers, "must be 0 (all cores) or the number of threads")
    watch = Watch(progress, cancelled)
    plan = patcher.plan(source.domain, watch.part(0, PLANNING))
    planned = watch.share
    if not plan.count(window):
        raise PlanError("extent", tuple(window), "no chip touches it with this chip size, stride and boundary")
    chips, pieces = plan.count(window), None
    if overlaps_do_not_matter(patcher, operator):
        pieces = plan.once()
    if pieces is not None:
        plan, patcher = pieces, replace(patcher, window=SpatialBoxcar())
    for height, width in plan.sizes:
        patcher.weights_of(height, width)  # refused now, if at all
    operator.load()
    with _Run(source, patcher, plan, operator, sink, int(workers) or os.cpu_count() or 1) as run:
        run.callbacks(None if progress is None else watch.part(planned, 1.0), cancelled)
        started = time.perf_counter()
        run.over(window, memory_limit)
        seconds = time.perf_counter() - started
    pixels = window.scaled(run.scale).pixels
    return StreamReport(chips, pieces is not None, run.flat, run.bands, pixels, run.empty, run.bytes_read, seconds)


def overlaps_do_not_matter(patcher: Any, operator: Operator) -> bool:
    """Whether overlaps cannot change the result: the same value comes from every chip, and its mean is that value."""
    return operator.pointwise and patcher.window.positive and patcher.aggregation.idempotent


def chips_at_once(operator: Operator, plan: Plan) -> int:
    """How many chips go to a worker at a time."""
    height, width = plan.max_size
    return operator.batch_size or max(1, _BATCH_PIXELS // (height * width))


def uses_ratios(patcher: Any, scale: int) -> bool:
    """Whether a run keeps factors for the patterns of its plan, in a :class:`RatioCache`."""
    return bool(patcher.window.positive and patcher.aggregation.uses_ratios and scale == 1)


def _ones(height: int, width: int) -> np.ndarray:
    """The weights of an aggregation for which all chips count alike."""
    return np.ones((height, width))


class _Run:
    """The threads and counters of one run; not to be used again."""

    def __init__(
        self, source: RowSource, patcher: Any, plan: Plan, operator: Operator, sink: RowSink, workers: int
    ) -> None:
        self.source, self.patcher, self.plan, self.operator, self.sink = source, patcher, plan, operator, sink
        self.workers = workers
        self.scale = operator.scale
        self.stop = threading.Event()
        self.pool = ThreadPoolExecutor(workers, "patchwise-operator")
        # A source may say where it wants to be read; else a thread of its own reads ahead.
        self.reader: Any = getattr(source, "reader", None) or ThreadPoolExecutor(1, "patchwise-reader")
        self.writer = ThreadPoolExecutor(1, "patchwise-writer")
        self.writes: deque[Future] = deque()
        self.ratios: RatioCache | None = None
        self.bands, self.flat = 0, False
        self.dtype = np.dtype(np.float32)
        self.done = self.total = self.empty = self.bytes_read = 0

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        self.operator.interrupt()
        for pool in (self.pool, self.reader, self.writer):
            pool.shutdown(wait=True, cancel_futures=True)
        # A file that was opened for the run: held open it could not be replaced on Windows, and must not outlive GDAL.
        close = getattr(self.source, "close", None)
        if close is not None:
            close()

    def callbacks(self, progress: Callable[[float], None] | None, cancelled: Callable[[], bool] | None) -> None:
        self.progress, self.cancelled = progress, cancelled

    def over(self, window: PixelWindow, memory_limit: int) -> None:
        """The whole window, block by block."""
        aggregation = self.patcher.aggregation
        blocks = column_blocks(self.source, self.plan, self.operator, aggregation, self.sink, window, memory_limit)
        self.total = sum(self.plan.count(block) for block in blocks)
        # A block that no chip touches is all nodata, in as many bands as the other blocks turn out to have.
        for block in sorted(blocks, key=lambda block: not self.plan.count(block)):
            self.block(block, window)
        while self.writes:
            self.writes.popleft().result()

    def block(self, block: PixelWindow, window: PixelWindow) -> None:
        """One column block, from top to bottom."""
        rows = SourceRows(self.source, self.plan, block, self.reader, self.may_go_on)
        mean = None if not self.bands else self.accumulator(block)
        finished = block.row
        for group in self.plan.groups(block):
            if mean is not None and group.row > finished:
                self.finish(mean, finished, group.row, block, window)
                finished = group.row
            self.bytes_read += rows.hold(group) * self.source.bands * self.source.raw_itemsize
            for result in self.results(group, rows):
                if mean is None:
                    mean = self.begin(result, block)
                self.add(mean, result)
        if mean is None:
            raise PlanError("extent", tuple(block), "no chip touches it")
        self.finish(mean, finished, block.row_stop, block, window)

    def begin(self, result: ChipResult, block: PixelWindow) -> Any:
        """With the first result the number and type of the output bands are known."""
        self.bands, self.dtype = result.values.shape[0], result_dtype(result.values.dtype)
        self.flat = result.flat
        aggregation = self.patcher.aggregation
        self.sink.start(*aggregation.output(self.bands, self.dtype))
        if uses_ratios(self.patcher, self.scale):
            self.ratios = RatioCache(self.patcher.weights_of if aggregation.by_weight else _ones, self.dtype)
        return self.accumulator(block)

    def accumulator(self, block: PixelWindow) -> Any:
        covers = self.plan.covers and self.patcher.window.positive
        capacity = (self.plan.max_size[0] + slack(self.plan)) * self.scale
        return self.patcher.aggregation.accumulator(self.bands, block.scaled(self.scale), self.dtype, capacity, covers)

    def results(self, group: RowGroup, rows: SourceRows) -> Iterator[ChipResult]:
        """The operator's results in chip order, computed a few ahead on the pool."""
        pending: deque[Future] = deque()
        size = chips_at_once(self.operator, self.plan)
        for first in range(0, len(group.chips), size):
            batch = [(chip, rows.chip(chip)) for chip in group.chips[first : first + size]]
            pending.append(self.pool.submit(self.compute, batch))
            if len(pending) > 2 * self.workers:
                yield from self.checked(pending.popleft())
        while pending:
            yield from self.checked(pending.popleft())

    def compute(self, batch: list[tuple[PlannedChip, np.ndarray]]) -> list[ChipResult]:
        with interrupted_by(self.may_go_on):
            if self.operator.batch_size is not None:
                self.may_go_on()
                flat = self.source.flat
                return run_batch(self.operator, [(planned, chip[0] if flat else chip) for planned, chip in batch])
            results = []
            for planned, chip in batch:
                self.may_go_on()
                results.append(run_operator(self.operator, planned, self.shown(planned, chip)))
            return results

    def may_go_on(self) -> None:
        if self.stop.is_set() or (self.cancelled is not None and self.cancelled()):
            raise Cancelled

    def shown(self, planned: PlannedChip, chip: np.ndarray) -> Any:
        """The chip as the operator wants to see it."""
        chip = chip[0] if self.source.flat else chip
        if not self.operator.georeferenced:
            return chip
        place = self.source.domain.crop(planned.window)
        return GeoTensor.on(place, chip, anchor_of(planned))

    def checked(self, future: Future) -> Iterator[ChipResult]:
        for result in self.waited(future):
            if self.cancelled is not None and self.cancelled():
                raise Cancelled
            yield result
            self.done += 1
            if self.progress is not None:
                self.progress(self.done / self.total)

    def waited(self, future: Future) -> list[ChipResult]:
        """What a worker gives; meanwhile it is asked whether to go on, as a chip may take long."""
        while True:
            try:
                results: list[ChipResult] = future.result(_POLL)
                return results
            except (TimeoutError, NotYet):
                if future.done():  # it was the operator's own
                    raise
                self.may_go_on()

    def add(self, mean: Any, result: ChipResult) -> None:
        chip, values = result.chip, result.values
        if values.shape[0] != self.bands:
            raise OperatorError(
                operator_name(self.operator),
                anchor_of(chip),
                f"it returned {values.shape[0]} band(s) here and {self.bands} for the first chip; the number may not "
                "change between chips",
            )
        window = chip.window.scaled(self.scale)
        if chip.weights is None:
            weights = self.patcher.weights_of(window.height, window.width)
        else:
            weights = finer(chip.weights, self.scale)
        ratio = self.ratios.get(chip.pattern) if self.ratios is not None and result.finite else None
        mean.add(window, values, weights, result.finite, ratio)

    def finish(self, mean: Any, row: int, stop: int, block: PixelWindow, window: PixelWindow) -> None:
        """Hand on the rows from ``row`` to ``stop``, a buffer at a time: between chips far apart there are many."""
        most = self.plan.max_size[0] + slack(self.plan)
        for end in (*range(row + most, stop, most), stop):
            self.wait_for_writer()
            self.emit(mean.finish(end * self.scale), row, block, window)
            row = end

    def wait_for_writer(self) -> None:
        """The writer may lag behind by two pieces at most, with the one that is to be made now."""
        while len(self.writes) >= 2 or (self.writes and self.writes[0].done()):
            self.writes.popleft().result()

    def emit(self, values: np.ndarray, row: int, block: PixelWindow, window: PixelWindow) -> None:
        """Hand finished rows to the writer."""
        row, col = (row - window.row) * self.scale, (block.col - window.col) * self.scale
        self.writes.append(self.writer.submit(self.write, row, col, values))

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        missing = np.isnan(values[0])
        for band in values[1:]:
            missing &= np.isnan(band)
        self.empty += int(np.count_nonzero(missing))
        # Piece by piece: a run that is cancelled need not wait for all of it to be compressed.
        step = max(1, _WRITTEN_AT_ONCE // (values.itemsize * values.shape[0] * values.shape[2]))
        for first in range(0, values.shape[1], step):
            if self.stop.is_set():
                return
            self.sink.write(row + first, col, values[:, first : first + step])
