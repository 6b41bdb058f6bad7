"""Accumulators of sums, extremes and variances.

They treat each pixel by itself, take chips in ``(row, col)`` order, and hold only the rows from the last finished one
to the end of the lowest chip. The result depends neither on how chips are grouped nor on the window that is computed.

A value counts where it is not NaN and its chip's weight is above 0. A pixel without any comes out as NaN.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Union

import numpy as np
from numpy.typing import DTypeLike

from ..grid.domain import PixelWindow
from ..grid.rows import RowBuffer
from .contract import Contribution
from .running_mean import RunningMean

#: Which values count, ``(bands, h, w)``; True for all of them.
Valid = Union[np.ndarray, Literal[True]]
_PIECE_VALUES = 1 << 16  # of finished rows, how many values are worked out at a time


class PixelAccumulator:
    """Base of accumulators that hold some quantities for each pixel and band; a subclass updates and combines them.

    ``bands`` is the number of the operator's bands, ``dtype`` (float32 or float64) the type of the result, ``capacity``
    the number of rows to make room for.
    """

    def __init__(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int) -> None:
        self._bands, self._window, self._dtype, self._capacity = bands, window, np.dtype(dtype), capacity
        self._first = self._stop = window.row
        self._held: list[tuple[RowBuffer, float]] = []

    def add(self, chip: Contribution) -> None:
        """As :meth:`Accumulator.add`."""
        part = chip.within(self._window)
        if part is None:
            return
        x, w = part.values, part.weights
        self._extend(part.window.row_stop)
        valid: Valid = True if part.finite and w.min() > 0 else ~np.isnan(x) & (w > 0)
        with np.errstate(all="ignore"):  # infinities are values, and the docstrings say what they give
            self._take(part.window, x, w, valid)

    def finish(self, row_stop: int) -> np.ndarray:
        """As :meth:`Accumulator.finish`."""
        self._extend(row_stop)
        with np.errstate(all="ignore"):
            result = self._in_pieces(self._first, row_stop)
        for buffer, _ in self._held:
            buffer.release(row_stop)
        self._first = row_stop
        return result

    def _take(self, place: PixelWindow, x: np.ndarray, w: np.ndarray, valid: Valid) -> None:
        """Add values ``x`` ``(bands, h, w)`` of any type with weights ``w`` ``(h, w)``; ``valid``: those that count."""
        raise NotImplementedError

    def _result(self, first: int, stop: int) -> np.ndarray:
        raise NotImplementedError

    def _in_pieces(self, first: int, stop: int) -> np.ndarray:
        """The result for these rows, made a few rows at a time so that temporaries stay small."""
        step = max(1, _PIECE_VALUES // (self._bands * self._window.width))
        piece = self._result(first, min(first + step, stop))
        if first + step >= stop:
            return piece
        result = np.empty((piece.shape[0], stop - first, piece.shape[2]), piece.dtype)
        result[:, :step] = piece
        for row in range(first + step, stop, step):
            end = min(row + step, stop)
            result[:, row - first : end - first] = self._result(row, end)
        return result

    def _hold(self, bands: int, dtype: DTypeLike, start: float = 0) -> RowBuffer:
        """A buffer for one more quantity, ``start`` on every pixel."""
        buffer = RowBuffer(bands, self._window.width, np.dtype(dtype), self._first, self._capacity)
        buffer.extend(self._stop)[...] = start
        self._held.append((buffer, start))
        return buffer

    def _at(self, buffer: RowBuffer, place: PixelWindow) -> np.ndarray:
        col = place.col - self._window.col
        return buffer.rows(place.row, place.row_stop)[:, :, col : col + place.width]

    def _extend(self, row_stop: int) -> None:
        if row_stop > self._stop:
            for buffer, start in self._held:
                buffer.extend(row_stop)[...] = start
            self._stop = row_stop


class Sums(PixelAccumulator):
    """``sum(x)``, or ``sum(w x)`` where ``weighted``; added in float64 and rounded once."""

    BYTES = 8 + 1

    def __init__(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, weighted: bool) -> None:
        super().__init__(bands, window, dtype, capacity)
        self._weighted = weighted
        self._sum, self._seen = self._hold(bands, np.float64), self._hold(bands, bool)

    def _take(self, place: PixelWindow, x: np.ndarray, w: np.ndarray, valid: Valid) -> None:
        total, seen = self._at(self._sum, place), self._at(self._seen, place)
        np.add(total, np.multiply(x, w, dtype=np.float64) if self._weighted else x, out=total, where=valid)
        seen |= valid

    def _result(self, first: int, stop: int) -> np.ndarray:
        result = self._sum.rows(first, stop).astype(self._dtype)
        result[~self._seen.rows(first, stop)] = np.nan
        return result


class Extremes(PixelAccumulator):
    """The least (``np.fmin``) or the largest (``np.fmax``) value, in the type of the result."""

    def __init__(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, choose: np.ufunc) -> None:
        super().__init__(bands, window, dtype, capacity)
        self._choose = choose
        self._best = self._hold(bands, self._dtype, np.nan)

    def _take(self, place: PixelWindow, x: np.ndarray, w: np.ndarray, valid: Valid) -> None:
        best = self._at(self._best, place)
        self._choose(best, x.astype(self._dtype, copy=False), out=best, where=valid)

    def _result(self, first: int, stop: int) -> np.ndarray:
        return self._best.rows(first, stop) + self._dtype.type(0)  # of two zeros, always the positive one


class Variances(PixelAccumulator):
    """The variance of the contributions, in one pass in float64 (West, 1979; see ``running_mean.py``)::

        q = x - m,  r = q * w / (W + w),  m += r,  s += W * q * r,  W += w

    ``s`` never becomes negative, and is exactly 0 where all contributions are equal. The result is
    ``s / (W - ddof)``, NaN where that is not above 0. An infinite value makes it NaN.
    """

    BYTES = 3 * 8

    def __init__(
        self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, weighted: bool, ddof: int
    ) -> None:
        super().__init__(bands, window, dtype, capacity)
        self._weighted, self._ddof = weighted, ddof
        self._mean, self._squares, self._total = (self._hold(bands, np.float64) for _ in range(3))

    def _take(self, place: PixelWindow, x: np.ndarray, w: np.ndarray, valid: Valid) -> None:
        mean, squares, total = (self._at(part, place) for part in (self._mean, self._squares, self._total))
        weight = w if self._weighted else 1.0
        off = np.subtract(x, mean, dtype=np.float64)
        step = off * (weight / (total + weight))
        off *= total  # 0 at the first contribution, even where its square would overflow
        off *= step
        np.add(squares, off, out=squares, where=valid)
        np.add(mean, step, out=mean, where=valid)
        np.add(total, weight, out=total, where=valid)

    def _result(self, first: int, stop: int) -> np.ndarray:
        free = self._total.rows(first, stop) - self._ddof
        result = (self._squares.rows(first, stop) / free).astype(self._dtype)
        result[free <= 0] = np.nan
        return result


class InverseVariances(PixelAccumulator):
    """``sum(x / v) / sum(1 / v)`` for K values ``x`` followed by their K variances ``v``, in float64.

    A contribution counts where both are known and ``1 / v`` is above 0 and finite. With ``variances`` the K variances
    of the result, ``1 / sum(1 / v)``, follow.
    """

    BYTES = 2 * 8

    def __init__(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, variances: bool) -> None:
        super().__init__(bands, window, dtype, capacity)
        self._variances = variances
        self._sum, self._total = self._hold(bands // 2, np.float64), self._hold(bands // 2, np.float64)

    def _take(self, place: PixelWindow, x: np.ndarray, w: np.ndarray, valid: Valid) -> None:
        half = self._bands // 2
        weight = np.divide(1.0, x[half:], dtype=np.float64)
        counts = (weight > 0) & np.isfinite(weight)
        if valid is not True:
            counts &= valid[:half] & valid[half:]
        total, weights = self._at(self._sum, place), self._at(self._total, place)
        np.add(total, x[:half] * weight, out=total, where=counts)
        np.add(weights, weight, out=weights, where=counts)

    def _result(self, first: int, stop: int) -> np.ndarray:
        total = self._total.rows(first, stop)
        parts = [self._sum.rows(first, stop) / total] + ([1 / total] if self._variances else [])
        result = np.concatenate(parts).astype(self._dtype)
        result[np.concatenate([total == 0] * len(parts))] = np.nan
        return result


class EqualMean(RunningMean):
    """The running mean with weight 1 wherever the window's weight is above 0."""

    def add(self, chip: Contribution) -> None:
        """As :meth:`Accumulator.add`; ``ratio`` must be that of weights that are 1."""
        w = chip.weights
        # Weights are kept as long as their rows are held, so a single number stands for all where possible.
        equal = np.broadcast_to(1.0, w.shape) if w.min() > 0 else (w > 0).astype(np.float64)
        super().add(replace(chip, weights=equal))
