"""Votes: aggregations that give a pixel a label, and their accumulators."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..base.checks import is_whole
from ..base.errors import ParameterError
from ..grid.domain import PixelWindow
from ..grid.rows import RowBuffer
from .accumulators import _PIECE_VALUES, PixelAccumulator, Valid
from .aggregation import SpatialAggregation
from .contract import Contribution
from .running_mean import RunningMean

MAX_CLASSES = 1024  # more values are hardly labels, and their counts would fill the memory
_SPAN = 1 << 12  # labels in a range smaller than this are found by counting, others by sorting


class HardVotes(PixelAccumulator):
    """Counts of the chips that give a pixel each label; the result is the label with most, of several the lowest.

    One plane of counts for each label seen so far, in uint16, or uint32 once more than 32767 chips have met.
    """

    def __init__(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, classes: int | None) -> None:
        super().__init__(bands, window, dtype, capacity)
        self._classes = classes
        self._counts: dict[int, RowBuffer] = {}
        self._type: np.dtype = np.dtype(np.uint16)
        self._highest = self._since = 0  # the highest count when last determined, and the chips since

    def _take(self, place: PixelWindow, x: np.ndarray, w: np.ndarray, valid: Valid) -> None:
        if self._highest + self._since >= np.iinfo(self._type).max:
            self._look()
        self._since += 1
        if x.dtype.kind == "b" or x.dtype == np.float16:  # too narrow for the difference of two labels
            x = x.astype(np.uint8 if x.dtype.kind == "b" else np.float32)
        for label in self._labels(x, valid, place):
            votes = x == label
            if valid is not True:
                votes &= valid
            if label not in self._counts:
                self._counts[label] = self._hold(self._bands, self._type)
            count = self._at(self._counts[label], place)
            count += votes

    def _labels(self, x: np.ndarray, valid: Valid, place: PixelWindow) -> list[int]:
        """The distinct labels among the valid values; :class:`ParameterError` for one that is not allowed."""
        values = x.ravel() if valid is True else x[valid]
        if not values.size:
            return []
        if x.dtype.kind == "f":
            odd = ~(np.isfinite(values) & (np.rint(values) == values))
            if odd.any():
                allowed = "must be a whole number: votes are for classes"
                raise _refused(float(values[odd][0]), x, valid, place, allowed)
        found = _distinct(values)
        for label in found:
            if label not in self._counts:
                self._check(label, x, valid, place)
        if len(self._counts.keys() | set(found)) > MAX_CLASSES:
            allowed = f"is one of more than {MAX_CLASSES} labels: these are no classes"
            raise _refused(found[-1], x, valid, place, allowed)
        return found

    def _check(self, label: int, x: np.ndarray, valid: Valid, place: PixelWindow) -> None:
        if self._classes is not None and not 0 <= label < self._classes:
            allowed = f"must be from 0 to {self._classes - 1}, as classes is {self._classes}"
            raise _refused(label, x, valid, place, allowed)
        if int(self._dtype.type(label)) != label:
            raise _refused(label, x, valid, place, f"must be a number that {self._dtype} holds exactly")

    def _look(self) -> None:
        """Determine the highest count; where uint16 would soon overflow, hold counts in uint32 from now on."""
        held = (count.rows(self._first, self._stop) for count in self._counts.values())
        self._highest, self._since = max((int(count.max()) for count in held if count.size), default=0), 0
        if self._highest <= np.iinfo(self._type).max // 2:
            return
        self._type, self._held = np.dtype(np.uint32), []
        for label, count in self._counts.items():  # one by one, so that only one label is held twice
            wide = self._hold(self._bands, self._type)
            wide.rows(self._first, self._stop)[...] = count.rows(self._first, self._stop)
            self._counts[label] = wide

    def _result(self, first: int, stop: int) -> np.ndarray:
        shape = (self._bands, stop - first, self._window.width)
        result, most = np.full(shape, np.nan, self._dtype), np.zeros(shape, self._type)
        for label in sorted(self._counts):
            count = self._counts[label].rows(first, stop)
            np.copyto(result, self._dtype.type(label), where=count > most)
            np.maximum(most, count, out=most)
        return result


def _distinct(values: np.ndarray) -> list[int]:
    """The distinct values of a flat array of whole numbers."""
    low, high = int(values.min()), int(values.max())
    if high - low >= _SPAN:
        return [int(value) for value in np.unique(values)]
    above = values - values.dtype.type(low)
    if above.dtype.kind == "i":  # differences of signed labels may wrap; as unsigned numbers they are right
        above = above.view(f"u{above.itemsize}")
    return [low + int(k) for k in np.flatnonzero(np.bincount(above.astype(np.intp)))]


def _refused(label: float, x: np.ndarray, valid: Valid, place: PixelWindow, allowed: str) -> ParameterError:
    """The error for a label, with the place of the first pixel that has it."""
    _, row, col = np.argwhere((x == label) & valid)[0]
    return ParameterError(f"label at row {place.row + row}, column {place.col + col}", label, allowed)


class SoftVotes:
    """The running mean of K bands of class probabilities; the class with the largest, of several the lowest."""

    def __init__(
        self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool, probability: bool
    ) -> None:
        self._means, self._dtype = RunningMean(bands, window, dtype, capacity, covers), np.dtype(dtype)
        self._probability = probability
        self._values_per_row, self._finished = bands * window.width, window.row

    def add(self, chip: Contribution) -> None:
        """As :meth:`Accumulator.add`; where one class is unknown, the chip's other classes do not count either."""
        if not chip.finite:
            unknown = np.isnan(chip.values).any(axis=0)
            if unknown.any():
                known = chip.values.astype(self._dtype, copy=False)
                chip = replace(chip, values=np.where(unknown, self._dtype.type(np.nan), known))
        self._means.add(chip)

    def finish(self, row_stop: int) -> np.ndarray:
        """``(1, rows, width)`` labels, with ``probability`` ``(2, rows, width)``: labels, and the winner's mean."""
        step = max(1, _PIECE_VALUES // self._values_per_row)
        ends = (*range(self._finished + step, row_stop, step), row_stop)
        self._finished = row_stop
        pieces = [self._label(self._means.finish(end)) for end in ends]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)

    def _label(self, means: np.ndarray) -> np.ndarray:
        winner = means.argmax(axis=0)[None]
        result = np.full((2 if self._probability else 1, *means.shape[1:]), np.nan, self._dtype)
        known = ~np.isnan(means).any(axis=0)
        np.copyto(result[0], winner[0], where=known, casting="unsafe")
        if self._probability:
            np.copyto(result[1], np.take_along_axis(means, winner, axis=0)[0], where=known)
        return result


@dataclass(frozen=True)
class SpatialHardVote(SpatialAggregation):
    """The label that most chips give a pixel; of several the lowest. Bands are voted on one by one.

    Labels are any whole numbers that the type of the result (float32 or float64) holds exactly; with ``classes`` they
    must be 0 to ``classes - 1``. Each chip has one vote where its window is above 0. Memory: 2 bytes for each label
    seen so far, at most 1024 of them; 4 bytes where more than 32767 chips meet.
    """

    classes: int | None = None
    idempotent = True
    blends = False
    by_weight = False

    def __post_init__(self) -> None:
        """A number of classes, or None."""
        if self.classes is not None and (not is_whole(self.classes) or not 1 <= self.classes <= MAX_CLASSES):
            raise ParameterError("classes", self.classes, f"must be a whole number from 1 to {MAX_CLASSES}, or None")

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> HardVotes:
        """The counts."""
        return HardVotes(bands, window, dtype, capacity, None if self.classes is None else int(self.classes))

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """A count for each class; 16 classes where their number is not given."""
        return bands * (2 if overlaps <= np.iinfo(np.uint16).max // 2 else 4) * int(self.classes or 16)


@dataclass(frozen=True)
class SpatialSoftVote(SpatialAggregation):
    """The class of the largest mean probability, weighted by the window; of several the lowest.

    The operator gives K bands, the probabilities of the classes 0 to K - 1; where one is NaN, the chip does not count.
    The result is one band of labels; with ``probability`` the winner's mean probability is a second one.
    """

    probability: bool = False
    uses_ratios = True

    def output(self, bands: int, dtype: np.dtype) -> tuple[int, np.dtype]:
        """One band of labels, with ``probability`` two."""
        return 2 if self.probability else 1, dtype

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> SoftVotes:
        """The running means of the probabilities."""
        return SoftVotes(bands, window, dtype, capacity, covers, self.probability)
