"""Running work on the chips of a plan on a pool of threads, and an operator as such work, with a check of its results.

A :class:`ChipRun` gives chips to work, whether it reads rows for them (:class:`SourceChips`) or not
(:class:`PlacedChips`), and yields what the work makes of them, in chip order. It does not know what the results are
used for.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from typing import Any, Callable, Generic, NamedTuple, Protocol, TypeVar, Union

import numpy as np

from ..base.errors import Cancelled, OperatorError, PatchwiseError
from ..base.progress import interrupted_by, may_go_on, result_of
from ..grid.domain import PixelWindow
from ..grid.geotensor import GeoTensor
from ..grid.row_source import Executor, RowSource
from ..operators.base import Operator, operator_name
from ..plan.cutting import anchor_of, as_values, result_dtype
from ..plan.plan import Plan, PlannedChip, RowGroup
from .read_ahead import SourceRows

_BATCH_PIXELS = 1 << 16  # chips smaller than this go to a worker several at a time

#: What work takes, and what it returns, for one chip.
Task = TypeVar("Task")
Result = TypeVar("Result")
Task_co = TypeVar("Task_co", covariant=True)
Made = TypeVar("Made")

#: A chip as an operator is called with it.
ShownChip = Union[np.ndarray, GeoTensor]


class ChipResult(NamedTuple):
    """What an operator made of a chip: ``values`` ``(bands, h, w)``.

    ``finite``: without NaN, infinities and values so large that the difference of two of them could be infinite.
    ``flat``: the operator gave them as ``(h, w)``.
    """

    chip: PlannedChip
    values: np.ndarray
    finite: bool
    flat: bool = False


class CutChip(NamedTuple):
    """A chip with its pixels ``(bands, h, w)``, read-only, NaN where unknown."""

    chip: PlannedChip
    values: np.ndarray


@dataclass(frozen=True)
class RunReport:
    """What a run over chips did: the chips that touch its window, source bytes read, and the time it took."""

    chips: int
    bytes_read: int
    seconds: float

    @property
    def mb_per_second(self) -> float:
        """Source megabytes (10^6 bytes, in the source's own type) read per second."""
        return self.bytes_read / 1e6 / max(self.seconds, 1e-9)


class ChipGiver(Protocol[Task_co]):
    """Where a run gets its chips from, group by group. ``bytes_read`` are the source's."""

    plan: Plan
    bytes_read: int

    def block(self, block: PixelWindow, check: Callable[[], None]) -> Callable[[RowGroup], Iterator[Task_co]]:
        """A function that gives the chips of a group of this column block; groups are asked for from top to bottom.

        ``check`` raises :class:`Cancelled` where chips are no longer wanted.
        """

    def shutdown(self) -> None:
        """Wait for reading that has begun, and begin no more."""


class PlacedChips:
    """The chips of a plan as they are planned, for work that has its pixels from elsewhere."""

    bytes_read = 0

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def block(self, block: PixelWindow, check: Callable[[], None]) -> Callable[[RowGroup], Iterator[PlannedChip]]:
        """The group's own chips."""
        return lambda group: iter(group.chips)

    def shutdown(self) -> None:
        """Does nothing: nothing is read."""


class SourceChips:
    """The chips of a plan cut out of a source's rows, which are read ahead in a thread of their own."""

    def __init__(self, source: RowSource, plan: Plan) -> None:
        self._source, self.plan = source, plan
        # A source that is bound to a thread brings its own executor; else a thread reads ahead.
        self._reader: Executor = source.reader or ThreadPoolExecutor(1, "patchwise-reader")
        self.bytes_read = 0

    def block(self, block: PixelWindow, check: Callable[[], None]) -> Callable[[RowGroup], Iterator[CutChip]]:
        """A group's rows are read when its first chip is asked for."""
        return partial(self._chips, SourceRows(self._source, self.plan, block, self._reader, check))

    def _chips(self, rows: SourceRows, group: RowGroup) -> Iterator[CutChip]:
        self.bytes_read += rows.hold(group) * self._source.bands * self._source.raw_itemsize
        for chip in group.chips:
            yield CutChip(chip, rows.chip(chip))

    def shutdown(self) -> None:
        """Wait for the reader."""
        self._reader.shutdown(wait=True, cancel_futures=True)


class ChipWork(Generic[Task, Result]):
    """What is done with chips, on several threads at a time; a subclass defines :meth:`one`."""

    #: Chips that go to a worker at a time.
    at_once: int = 1

    def one(self, task: Task) -> Result:
        """The result for one chip."""
        raise NotImplementedError

    def several(self, tasks: Sequence[Task]) -> list[Result]:
        """The results for chips that were given to a worker together; a cancelled run ends between two of them."""
        results = []
        for task in tasks:
            may_go_on()
            results.append(self.one(task))
        return results

    def interrupt(self) -> None:
        """The run ends: chips that are under way may end early by raising ``Cancelled``."""


class Computed(ChipWork[CutChip, ChipResult]):
    """An operator on the chips of a source, each as the operator wants to see it."""

    def __init__(self, operator: Operator, source: RowSource, plan: Plan) -> None:
        self._operator, self._source = operator, source
        self.at_once = chips_at_once(operator, plan)

    def one(self, task: CutChip) -> ChipResult:
        """Run it on one chip."""
        return run_operator(self._operator, task.chip, shown_chip(self._operator, self._source, *task))

    def several(self, tasks: Sequence[CutChip]) -> list[ChipResult]:
        """The results of one batch where the operator has a ``batch_size``, else of one chip at a time."""
        if self._operator.batch_size is None:
            return super().several(tasks)
        may_go_on()
        flat = self._source.flat
        return run_batch(self._operator, [(chip, values[0] if flat else values) for chip, values in tasks])

    def interrupt(self) -> None:
        """Interrupt the operator."""
        self._operator.interrupt()


def shown_chip(operator: Operator, source: RowSource, chip: PlannedChip, values: np.ndarray) -> ShownChip:
    """A chip of a source as the operator wants to see it: without a band axis, or with its place."""
    shown = values[0] if source.flat else values
    if not operator.georeferenced:
        return shown
    return GeoTensor.on(source.domain.crop(chip.window), shown, anchor_of(chip))


def small_at_once(plan: Plan) -> int:
    """How many chips go to a worker at a time, at least 1: as many as have about 65,000 pixels together."""
    height, width = plan.max_size
    return max(1, _BATCH_PIXELS // (height * width))


def chips_at_once(operator: Operator, plan: Plan) -> int:
    """How many chips go to a worker at a time: the ``batch_size`` of the operator, else as of :func:`small_at_once`."""
    return operator.batch_size or small_at_once(plan)


class ChipRun(Generic[Task, Result]):
    """One run of work over the chips of a plan, a context manager; not to be used again.

    Results come in chip order, whatever the number of ``workers`` threads. ``stop`` is set when the run ends, early or
    not. ``progress`` gets the share done, 0 to 1; ``cancelled`` ends it with :class:`Cancelled`.
    """

    def __init__(
        self,
        chips: ChipGiver[Task],
        work: ChipWork[Task, Result],
        workers: int,
        stop: threading.Event,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._chips, self._plan, self._work, self._workers = chips, chips.plan, work, workers
        self._stop, self._progress, self._cancelled = stop, progress, cancelled
        self._pool = ThreadPoolExecutor(workers, "patchwise-operator")
        self._done = self._total = 0

    def __enter__(self) -> ChipRun[Task, Result]:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._work.interrupt()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._chips.shutdown()

    @property
    def bytes_read(self) -> int:
        """Bytes of the source that were read."""
        return self._chips.bytes_read

    def blocks(self, blocks: Sequence[PixelWindow]) -> list[PixelWindow]:
        """The column blocks in the order in which they are to be done; progress counts the chips of all of them."""
        self._total = sum(self._plan.count(block) for block in blocks)
        # A block that no chip touches is all nodata, in as many bands as the other blocks turn out to have.
        return sorted(blocks, key=lambda block: not self._plan.count(block))

    def groups(self, block: PixelWindow) -> Iterator[tuple[RowGroup, Iterator[Result]]]:
        """The chips that touch a block, group by group from the top; a group is begun when its results are asked for.

        A chip that touches several blocks comes in each of them.
        """
        given = self._chips.block(block, self._may_go_on)
        for group in self._plan.groups(block):
            yield group, self._results(given(group))

    def results(self, blocks: Sequence[PixelWindow]) -> Iterator[Result]:
        """The results of column blocks from left to right, each chip once: in the first block that it touches."""
        first, last = blocks[0], blocks[-1]
        self._total = self._plan.count(first._replace(width=last.col_stop - first.col))
        for block in blocks:
            given = self._chips.block(block, self._may_go_on)
            for group in self._plan.groups(block):
                new = [chip for chip in group.chips if block is first or chip.window.col >= block.col]
                yield from self._results(given(group._replace(chips=tuple(new))))

    def _results(self, tasks: Iterator[Task]) -> Iterator[Result]:
        """The results in order; at most ``2 * workers`` tasks are ahead of the one whose results are given."""
        pending: deque[Future] = deque()
        for batch in _batches(tasks, self._work.at_once):
            pending.append(self._pool.submit(self._do, batch))
            if len(pending) > 2 * self._workers:
                yield from self._checked(pending.popleft())
        while pending:
            yield from self._checked(pending.popleft())

    def _do(self, batch: list[Task]) -> list[Result]:
        with interrupted_by(self._may_go_on):
            return self._work.several(batch)

    def _may_go_on(self) -> None:
        if self._stop.is_set() or (self._cancelled is not None and self._cancelled()):
            raise Cancelled

    def _checked(self, future: Future) -> Iterator[Result]:
        for result in result_of(future, self._may_go_on):  # a chip may take long
            if self._cancelled is not None and self._cancelled():
                raise Cancelled
            yield result
            self._done += 1
            if self._progress is not None:
                self._progress(self._done / self._total)


def _batches(tasks: Iterable[Task], size: int) -> Iterator[list[Task]]:
    rest = iter(tasks)
    return iter(lambda: list(islice(rest, size)), [])


def check_bands(operator: Operator, result: ChipResult, bands: int) -> None:
    """Refuse a result of another number of bands than that of the first chip."""
    if len(result.values) != bands:
        raise OperatorError(
            operator_name(operator),
            anchor_of(result.chip),
            f"it returned {len(result.values)} band(s) here and {bands} for the first chip; the number may not "
            "change between chips",
        )


def run_operator(operator: Operator, planned: PlannedChip, chip: ShownChip) -> ChipResult:
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


def _guarded(operator: Operator, planned: PlannedChip, call: Callable[[], Made]) -> Made:
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
    return chip_result(planned, values, np.ndim(result) == 2)


def chip_result(planned: PlannedChip, values: np.ndarray, flat: bool = False) -> ChipResult:
    """Values ``(bands, h, w)`` of a chip as a result of it."""
    return ChipResult(planned, values, _all_tame(values), flat)


def _all_tame(values: np.ndarray) -> bool:
    if values.dtype.kind != "f":
        return True
    most = np.finfo(result_dtype(values.dtype)).max / 2
    with np.errstate(invalid="ignore"):
        return bool(values.min() > -most and values.max() < most)
