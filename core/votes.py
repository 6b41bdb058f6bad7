"""What votes keep of overlapping chips until their rows are final."""

from __future__ import annotations

from typing import Any

import numpy as np

from .accumulate import RunningMean
from .accumulators import Accumulator
from .domains import PixelWindow
from .errors import ParameterError
from .rowbuffer import RowBuffer

MAX_CLASSES = 1024  # beyond it the values are hardly labels, and one count for each would fill the memory
_SPAN = 1 << 12  # labels that lie within this many are found by counting, others by sorting


class HardVotes(Accumulator):
    """How many chips give a pixel each label; the label with the most, of several the lowest.

    One plane of counts for each label seen so far, in uint16, or uint32 while more than 65535 chips could meet.
    """

    def __init__(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, classes: int | None) -> None:
        super().__init__(bands, window, dtype, capacity)
        self._classes = classes
        self._counts: dict[int, RowBuffer] = {}
        self._type = np.dtype(np.uint16)
        self._ends: list[int] = []  # of the chips on the rows held: no count can be larger than their number

    def _take(self, place: PixelWindow, x: np.ndarray, w: np.ndarray, valid: Any) -> None:
        self._ends.append(place.row_stop)
        if len(self._ends) > np.iinfo(self._type).max:
            self._widen()
        if x.dtype.kind == "b" or x.dtype == np.float16:  # too narrow to tell how far labels lie apart
            x = x.astype(np.uint8 if x.dtype.kind == "b" else np.float32)
        for label in self._labels(x, valid, place):
            votes = x == label
            if valid is not True:
                votes &= valid
            if label not in self._counts:
                self._counts[label] = self._hold(self._bands, self._type)
            count = self._at(self._counts[label], place)
            count += votes

    def _labels(self, x: np.ndarray, valid: Any, place: PixelWindow) -> list[int]:
        """The distinct labels among the valid values, checked."""
        x = x.ravel() if valid is True else x[valid]
        if not x.size:
            return []
        if x.dtype.kind == "f":
            odd = ~(np.isfinite(x) & (np.rint(x) == x))
            if odd.any():
                raise self._refused(float(x[odd][0]), place, "must be a whole number: votes are for classes")
        low, high = int(x.min()), int(x.max())
        if high - low < _SPAN:
            above = x - x.dtype.type(low)  # of 8-bit labels the difference wraps to the right unsigned one
            counts = np.bincount((above.view(f"u{above.itemsize}") if above.dtype.kind == "i" else above).astype(np.intp))
            found = [low + int(k) for k in np.flatnonzero(counts)]
        else:
            found = [int(value) for value in np.unique(x)]
        for label in found:
            if label not in self._counts:
                self._check(label, place)
        if len(self._counts.keys() | set(found)) > MAX_CLASSES:
            raise self._refused(found[-1], place, f"is one of more than {MAX_CLASSES} labels: these are no classes")
        return found

    def _check(self, label: int, place: PixelWindow) -> None:
        if self._classes is not None and not 0 <= label < self._classes:
            raise self._refused(label, place, f"must be from 0 to {self._classes - 1}, as classes is {self._classes}")
        if int(self._dtype.type(label)) != label:
            raise self._refused(label, place, f"must be a number that {self._dtype} holds exactly")

    def _refused(self, label: float, place: PixelWindow, allowed: str) -> ParameterError:
        return ParameterError(f"label in the chip at row {place.row}, column {place.col}", label, allowed)

    def _widen(self) -> None:
        """Hold counts in uint32 from now on."""
        self._type = np.dtype(np.uint32)
        old, self._held = dict(self._counts), []
        for label, count in old.items():
            self._counts[label] = self._hold(self._bands, self._type)
            self._counts[label].rows(self._first, self._stop)[...] = count.rows(self._first, self._stop)

    def _result(self, first: int, stop: int) -> np.ndarray:
        shape = (self._bands, stop - first, self._window.width)
        result, most = np.full(shape, np.nan, self._dtype), np.zeros(shape, self._type)
        for label in sorted(self._counts):
            count = self._counts[label].rows(first, stop)
            np.copyto(result, self._dtype.type(label), where=count > most)
            np.maximum(most, count, out=most)
        self._ends = [end for end in self._ends if end > stop]
        return result


class SoftVotes:
    """The running mean of K bands of class probabilities; the class with the largest, of several the lowest."""

    def __init__(
        self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool, probability: bool
    ) -> None:
        self._mean, self._dtype = RunningMean(bands, window, dtype, capacity, covers), np.dtype(dtype)
        self._probability = probability

    def add(
        self,
        chip: PixelWindow,
        values: np.ndarray,
        weights: np.ndarray,
        finite: bool = False,
        ratio: np.ndarray | None = None,
    ) -> None:
        """As :meth:`RunningMean.add`; where one class is unknown, the chip says nothing about the others."""
        if not finite:
            unknown = np.isnan(values).any(axis=0)
            if unknown.any():
                values = np.where(unknown, self._dtype.type(np.nan), values.astype(self._dtype, copy=False))
        self._mean.add(chip, values, weights, finite, ratio)

    def finish(self, row_stop: int) -> np.ndarray:
        """``(1, rows, width)`` labels, with ``probability`` ``(2, rows, width)``: labels, and the winner's mean."""
        means = self._mean.finish(row_stop)
        winner = means.argmax(axis=0)[None]
        result = np.full((2 if self._probability else 1, *means.shape[1:]), np.nan, self._dtype)
        known = ~np.isnan(means).any(axis=0)
        np.copyto(result[0], winner[0], where=known, casting="unsafe")
        if self._probability:
            np.copyto(result[1], np.take_along_axis(means, winner, axis=0)[0], where=known)
        return result

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self._mean.nbytes
