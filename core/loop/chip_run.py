"""Running an operator on chips, and checking what comes back: one chip, a batch, or all chips of a plan.

A :class:`ChipRun` reads rows ahead and computes on a pool of threads; what becomes of the results is not its business.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet  # the built-in one from Python 3.11 on
from functools import partial
from itertools import groupby
from typing import Any, Callable, NamedTuple

import numpy as np

from ..base.errors import Cancelled, OperatorError, PatchwiseError
from ..base.progress import interrupted_by
from ..grid.domain import PixelWindow
from ..grid.geotensor import GeoTensor
from ..operators.base import Operator, operator_name
from ..plan.cutting import anchor_of, as_values, result_dtype
from ..plan.plan import Plan, PlannedChip, RowGroup
from .read_ahead import RowSource, SourceRows

_POLL = 0.2  # seconds between two looks at whether it is cancelled while a chip is waited for
_BATCH_PIXELS = 1 << 16  # chips smaller than this go to a worker several at a time


class ChipResult(NamedTuple):
    """What an operator made of a chip: ``values`` ``(bands, h, w)``.

    ``finite``: without NaN, infinities and values so large that the difference of two of them could be infinite.
    ``flat``: the operator gave them as ``(h, w)``.
    """

    chip: PlannedChip
    values: np.ndarray
    finite: bool
    flat: bool = False


def chips_at_once(operator: Operator, plan: Plan) -> int:
    """How many chips go to a worker at a time."""
    height, width = plan.max_size
    return operator.batch_size or max(1, _BATCH_PIXELS // (height * width))


class ChipRun:
    """One run of an operator over the chips of a plan, a context manager; not to be used again.

    Results come in chip order, whatever the number of ``workers`` threads, and say by ``result.chip.index`` which chip
    of the plan they are of. ``stop`` is set when the run ends, early or not. ``bytes_read`` are the source's.
    """

    def __init__(
        self,
        source: RowSource,
        plan: Plan,
        operator: Operator,
        workers: int,
        stop: threading.Event,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._source, self._plan, self._operator, self._workers = source, plan, operator, workers
        self._stop, self._progress, self._cancelled = stop, progress, cancelled
        self._pool = ThreadPoolExecutor(workers, "patchwise-operator")
        # A source may say where it wants to be read; else a thread of its own reads ahead.
        self._reader: Any = source.reader or ThreadPoolExecutor(1, "patchwise-reader")
        self._done = self._total = 0
        self.bytes_read = 0

    def __enter__(self) -> ChipRun:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._operator.interrupt()
        for pool in (self._pool, self._reader):
            pool.shutdown(wait=True, cancel_futures=True)

    def blocks(self, blocks: Sequence[PixelWindow]) -> list[PixelWindow]:
        """The column blocks in the order in which they are to be done; progress counts the chips of all of them."""
        self._total = sum(self._plan.count(block) for block in blocks)
        # A block that no chip touches is all nodata, in as many bands as the other blocks turn out to have.
        return sorted(blocks, key=lambda block: not self._plan.count(block))

    def groups(self, block: PixelWindow) -> Iterator[tuple[RowGroup, Iterator[ChipResult]]]:
        """The chips that touch a block, group by group from the top; a group is read when its results are asked for."""
        rows = SourceRows(self._source, self._plan, block, self._reader, self._may_go_on)
        for group in self._plan.groups(block):
            yield group, self._results(group, rows)

    def results(self, blocks: Sequence[PixelWindow]) -> Iterator[ChipResult]:
        """The results of all blocks; a chip that touches several of them comes once for each."""
        for block in self.blocks(blocks):
            for _, results in self.groups(block):
                yield from results

    def _results(self, group: RowGroup, rows: SourceRows) -> Iterator[ChipResult]:
        """The operator's results in chip order, computed a few ahead on the pool."""
        self.bytes_read += rows.hold(group) * self._source.bands * self._source.raw_itemsize
        pending: deque[Future] = deque()
        size = chips_at_once(self._operator, self._plan)
        for first in range(0, len(group.chips), size):
            batch = [(chip, rows.chip(chip)) for chip in group.chips[first : first + size]]
            pending.append(self._pool.submit(self._compute, batch))
            if len(pending) > 2 * self._workers:
                yield from self._checked(pending.popleft())
        while pending:
            yield from self._checked(pending.popleft())

    def _compute(self, batch: list[tuple[PlannedChip, np.ndarray]]) -> list[ChipResult]:
        with interrupted_by(self._may_go_on):
            if self._operator.batch_size is not None:
                self._may_go_on()
                flat = self._source.flat
                return run_batch(self._operator, [(planned, chip[0] if flat else chip) for planned, chip in batch])
            results = []
            for planned, chip in batch:
                self._may_go_on()
                results.append(run_operator(self._operator, planned, self._shown(planned, chip)))
            return results

    def _may_go_on(self) -> None:
        if self._stop.is_set() or (self._cancelled is not None and self._cancelled()):
            raise Cancelled

    def _shown(self, planned: PlannedChip, chip: np.ndarray) -> Any:
        """The chip as the operator wants to see it."""
        chip = chip[0] if self._source.flat else chip
        if not self._operator.georeferenced:
            return chip
        place = self._source.domain.crop(planned.window)
        return GeoTensor.on(place, chip, anchor_of(planned))

    def _checked(self, future: Future) -> Iterator[ChipResult]:
        for result in self._waited(future):
            if self._cancelled is not None and self._cancelled():
                raise Cancelled
            yield result
            self._done += 1
            if self._progress is not None:
                self._progress(self._done / self._total)

    def _waited(self, future: Future) -> list[ChipResult]:
        """What a worker gives; meanwhile it is asked whether to go on, as a chip may take long."""
        while True:
            try:
                results: list[ChipResult] = future.result(_POLL)
                return results
            except (TimeoutError, NotYet):
                if future.done():  # it was the operator's own
                    raise
                self._may_go_on()


def check_bands(operator: Operator, result: ChipResult, bands: int) -> None:
    """Refuse a result of another number of bands than that of the first chip."""
    if len(result.values) != bands:
        raise OperatorError(
            operator_name(operator),
            anchor_of(result.chip),
            f"it returned {len(result.values)} band(s) here and {bands} for the first chip; the number may not "
            "change between chips",
        )


def run_operator(operator: Operator, planned: PlannedChip, chip: Any) -> ChipResult:
    """Run ``operator`` on a chip and check what comes back.

    Allowed is a numeric array ``(h, w)`` or ``(bands, h, w)`` of ``operator.scale`` times the chip's height and width;
    masked values count as invalid. Raises :class:`OperatorError` with the chip's anchor.
    """
    result = _guarded(operator, planned, lambda: operator(chip))
    return _checked(operator, planned, result, chip.shape[-2:])


def run_batch(operator: Operator, batch: Sequence[tuple[PlannedChip, np.ndarray]]) -> list[ChipResult]:
    """As :func:`run_operator`, for an operator that takes several chips of one shape at a time (``operator.batch``)."""
    results = []
    for _, same in groupby(batch, key=lambda item: item[1].shape):
        planned, chips = zip(*same)
        made = _guarded(operator, planned[0], partial(operator.batch, list(chips)))
        if len(made) != len(chips):
            reason = f"it returned {len(made)} results for a batch of {len(chips)} chips"
            raise OperatorError(operator_name(operator), anchor_of(planned[0]), reason)
        results += [_checked(operator, chip, result, chips[0].shape[-2:]) for chip, result in zip(planned, made)]
    return results


def _guarded(operator: Operator, planned: PlannedChip, call: Callable[[], Any]) -> Any:
    try:
        with np.errstate(all="ignore"):  # NaN is how a chip says "unknown", not an accident
            return call()
    except Cancelled:
        raise
    except Exception as error:  # whatever a user's operator raises
        text = str(error) if isinstance(error, PatchwiseError) else f"{type(error).__name__}: {error}"
        raise OperatorError(operator_name(operator), anchor_of(planned), text) from error


def _checked(operator: Operator, planned: PlannedChip, result: Any, size: tuple[int, ...]) -> ChipResult:
    height, width = size[0] * operator.scale, size[1] * operator.scale
    values = _guarded(operator, planned, lambda: as_values(result))
    if values.ndim != 3 or values.shape[1:] != (height, width) or not values.shape[0]:
        allowed = f"({height}, {width}) or (bands, {height}, {width})"
        reason = f"it returned the shape {np.shape(result)}; allowed is {allowed}"
        raise OperatorError(operator_name(operator), anchor_of(planned), reason)
    if values.dtype.kind not in "biuf":
        reason = f"it returned values of type {values.dtype}; allowed are numbers"
        raise OperatorError(operator_name(operator), anchor_of(planned), reason)
    return ChipResult(planned, values, _all_tame(values), np.ndim(result) == 2)


def _all_tame(values: np.ndarray) -> bool:
    if values.dtype.kind != "f":
        return True
    most = np.finfo(result_dtype(values.dtype)).max / 2
    with np.errstate(invalid="ignore"):
        return bool(values.min() > -most and values.max() < most)
