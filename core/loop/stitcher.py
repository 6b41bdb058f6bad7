"""Results of chips to finished rows: they are added with their weights, and rows go to a sink when they are final."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

from ..grid.domain import PixelWindow
from ..grid.row_source import RowSink
from ..operators.base import Operator
from ..plan.check import no_chip
from ..plan.cutting import finer, result_dtype
from ..plan.plan import Plan, RowGroup
from ..stitch.contract import Accumulator, Contribution
from ..stitch.running_mean import RatioCache
from .chip_run import ChipResult, ChipRun, RunReport, check_bands
from .patcher import SpatialPatcher
from .read_ahead import slack

_WRITTEN_AT_ONCE = 16 << 20  # bytes

#: The chips of a column block, as ``ChipRun.groups`` gives them.
Groups = Iterator[tuple[RowGroup, Iterator[ChipResult]]]


@dataclass(frozen=True)
class StreamReport(RunReport):
    """What a run that stitches did. ``pixels_without_data`` have no valid value in any output band.

    ``once``: the operator looks at single pixels, so that each pixel was computed once, in pieces, rather than once for
    every chip it lies in. ``flat``: the operator gave ``(h, w)`` for its first chip.
    """

    once: bool
    flat: bool
    bands: int
    pixels: int
    pixels_without_data: int


class Stitcher:
    """Takes the results of a run block by block, in chip order, in one thread; it writes in a thread of its own.

    A context manager. ``stop`` ends writing early. ``bands`` and ``flat`` are those of the first result, ``empty``
    the pixels without a valid value in any output band.
    """

    def __init__(
        self,
        sink: RowSink,
        patcher: SpatialPatcher,
        plan: Plan,
        operator: Operator,
        window: PixelWindow,
        stop: threading.Event,
    ) -> None:
        self._sink, self._patcher, self._plan, self._operator = sink, patcher, plan, operator
        self._window, self._stop, self._scale = window, stop, operator.scale
        self._writer = ThreadPoolExecutor(1, "patchwise-writer")
        self._writes: deque[Future] = deque()
        self._ratios: RatioCache | None = None
        self._dtype = np.dtype(np.float32)
        self.bands, self.flat, self.empty = 0, False, 0

    def __enter__(self) -> Stitcher:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._writer.shutdown(wait=True, cancel_futures=True)

    def take(
        self,
        run: ChipRun[Any, ChipResult],
        blocks: Sequence[PixelWindow],
        seen: Callable[[ChipResult], None] | None = None,
    ) -> None:
        """All results of a run, column block by column block, until all rows are written.

        ``seen`` gets each result, too, before it is added: one that touches several blocks several times.
        """
        for block in run.blocks(blocks):
            self._block(block, run.groups(block), seen)
        while self._writes:
            self._writes.popleft().result()

    def report(self, chips: int, bytes_read: int, seconds: float, once: bool = False) -> StreamReport:
        """The report of a run, after :meth:`take`."""
        pixels = self._window.scaled(self._scale).pixels
        return StreamReport(chips, bytes_read, seconds, once, self.flat, self.bands, pixels, self.empty)

    def _block(self, block: PixelWindow, groups: Groups, seen: Callable[[ChipResult], None] | None) -> None:
        """One column block, from top to bottom."""
        accumulator = None if not self.bands else self._accumulator(block)
        finished = block.row
        for group, results in groups:
            if accumulator is not None and group.row > finished:
                self._finish(accumulator, finished, group.row, block)
                finished = group.row
            for result in results:
                if accumulator is None:
                    accumulator = self._begin(result, block)
                if seen is not None:
                    seen(result)
                self._add(accumulator, result)
        if accumulator is None:
            raise no_chip(block)
        self._finish(accumulator, finished, block.row_stop, block)

    def _begin(self, result: ChipResult, block: PixelWindow) -> Accumulator:
        """Start the sink, with number and type of bands by the first result; returns the accumulator of ``block``."""
        self.bands, self._dtype = result.values.shape[0], result_dtype(result.values.dtype)
        self.flat = result.flat
        aggregation = self._patcher.aggregation
        self._sink.start(*aggregation.output(self.bands, self._dtype))
        if uses_ratios(self._patcher, self._scale):
            self._ratios = RatioCache(self._patcher.weights_of if aggregation.by_weight else _ones, self._dtype)
        return self._accumulator(block)

    def _accumulator(self, block: PixelWindow) -> Accumulator:
        covers = self._plan.covers and self._patcher.window.positive
        capacity = (self._plan.max_size[0] + slack(self._plan)) * self._scale
        aggregation = self._patcher.aggregation
        return aggregation.accumulator(self.bands, block.scaled(self._scale), self._dtype, capacity, covers)

    def _add(self, accumulator: Accumulator, result: ChipResult) -> None:
        chip, values = result.chip, result.values
        check_bands(self._operator, result, self.bands)
        window = chip.window.scaled(self._scale)
        if chip.weights is None:
            weights = self._patcher.weights_of(window.height, window.width)
        else:
            weights = finer(chip.weights, self._scale)
        ratio = self._ratios.get(chip.pattern) if self._ratios is not None and result.finite else None
        accumulator.add(Contribution(window, values, weights, result.finite, ratio))

    def _finish(self, accumulator: Accumulator, row: int, stop: int, block: PixelWindow) -> None:
        """Hand on the rows from ``row`` to ``stop``, a buffer at a time: between chips far apart there are many."""
        most = self._plan.max_size[0] + slack(self._plan)
        for end in (*range(row + most, stop, most), stop):
            self._wait_for_writer()
            self._emit(accumulator.finish(end * self._scale), row, block)
            row = end

    def _wait_for_writer(self) -> None:
        """The writer may lag behind by two pieces at most, with the one that is to be made now."""
        while len(self._writes) >= 2 or (self._writes and self._writes[0].done()):
            self._writes.popleft().result()

    def _emit(self, values: np.ndarray, row: int, block: PixelWindow) -> None:
        """Hand finished rows to the writer."""
        row, col = (row - self._window.row) * self._scale, (block.col - self._window.col) * self._scale
        self._writes.append(self._writer.submit(self._write, row, col, values))

    def _write(self, row: int, col: int, values: np.ndarray) -> None:
        missing = np.isnan(values[0])
        for band in values[1:]:
            missing &= np.isnan(band)
        self.empty += int(np.count_nonzero(missing))
        # Piece by piece: a run that is cancelled need not wait for all of it to be compressed.
        step = max(1, _WRITTEN_AT_ONCE // (values.itemsize * values.shape[0] * values.shape[2]))
        for first in range(0, values.shape[1], step):
            if self._stop.is_set():
                return
            self._sink.write(row + first, col, values[:, first : first + step])


def uses_ratios(patcher: SpatialPatcher, scale: int) -> bool:
    """Whether a run keeps factors for the patterns of its plan, in a :class:`RatioCache`."""
    return bool(patcher.window.positive and patcher.aggregation.uses_ratios and scale == 1)


def _ones(height: int, width: int) -> np.ndarray:
    """``(height, width)`` ones: the weights for an aggregation that does not use those of the window."""
    return np.ones((height, width))
