"""The accumulator of aggregations that need all contributions to a pixel at once, such as the median.

They have no running formula, so the values of all chips are held until their rows are final: ``overlaps`` layers of the
rows held. At each pixel, layer n holds the value of the n-th chip there in ``(row, col)`` order, so the result depends
neither on the window that is computed nor on how chips are grouped.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from ..base.errors import ParameterError, PatchwiseError
from ..grid.domain import PixelWindow
from ..grid.rows import RowBuffer
from .accumulators import PixelAccumulator, Valid

#: From ``(stack, weights)`` to values ``(bands, rows, width)``; see :class:`Contributions`.
Reduce = Callable[[np.ndarray, np.ndarray], np.ndarray]
_PIECE_BYTES = 1 << 20  # of finished rows that are stacked at a time
_FEW = 12


class Contributions(PixelAccumulator):
    """All contributions to the rows held, which ``reduce`` turns into a result of ``bands_out`` bands.

    ``reduce`` gets ``stack`` ``(n, bands, rows, width)`` in the type of the result, NaN where unknown or where fewer
    than ``n`` chips lie, and ``weights`` ``(n, rows, width)`` float64, 0 there (``keep_weights``; else empty).
    """

    def __init__(
        self,
        bands: int,
        window: PixelWindow,
        dtype: np.dtype,
        capacity: int,
        bands_out: int,
        reduce: Reduce,
        keep_weights: bool = False,
    ) -> None:
        super().__init__(bands, window, dtype, capacity)
        self._bands_out, self._reduce, self._keep_weights = bands_out, reduce, keep_weights
        self._count = self._hold(1, np.uint32)
        self._values: list[RowBuffer] = []
        self._weights: list[RowBuffer] = []

    def _take(self, place: PixelWindow, x: np.ndarray, w: np.ndarray, valid: Valid) -> None:
        covered = w > 0
        count = self._at(self._count, place)[0]
        low, high = int(count.min()), int(count.max())
        for slot in range(low, high + 1):
            here = covered & (count == slot) if high > low else covered
            if not here.any():
                continue
            if slot == len(self._values):
                self._values.append(self._hold(self._bands, self._dtype, np.nan))
                if self._keep_weights:
                    self._weights.append(self._hold(1, np.float64))
            np.copyto(self._at(self._values[slot], place), x, where=here, casting="unsafe")
            if self._keep_weights:
                np.copyto(self._at(self._weights[slot], place)[0], w, where=here)
        count += covered

    def _result(self, first: int, stop: int) -> np.ndarray:
        result = np.full((self._bands_out, stop - first, self._window.width), np.nan, self._dtype)
        per_row = max(1, len(self._values)) * self._bands * self._window.width * self._dtype.itemsize
        step = max(1, _PIECE_BYTES // per_row)
        for row in range(first, stop, step):
            end = min(row + step, stop)
            deep = int(self._count.rows(row, end).max())
            if deep:
                stack = np.stack([buffer.rows(row, end) for buffer in self._values[:deep]])
                weights = [buffer.rows(row, end)[0] for buffer in self._weights[:deep]]
                result[:, row - first : end - first] = self._reduce(stack, np.array(weights))
        return result


def median(stack: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The median along the first axis over what is not NaN; of an even number, the mean of the middle two."""
    unknown = np.isnan(stack)
    count = len(stack) - np.count_nonzero(unknown, axis=0)[None]
    stack[unknown] = np.inf  # sorts last; infinities that are values are equal to it
    _sort(stack)
    low = np.take_along_axis(stack, np.maximum(count - 1, 0) // 2, axis=0)[0]
    high = np.take_along_axis(stack, np.minimum(count // 2, len(stack) - 1), axis=0)[0]
    half = stack.dtype.type(0.5)
    # Halves first, so that two large values do not add up to infinity.
    result = np.where(low == high, low, low * half + high * half) + stack.dtype.type(0)
    result[count[0] == 0] = np.nan
    return result


def _sort(stack: np.ndarray) -> None:
    """Sort along the first axis, in place; without NaN."""
    if len(stack) > _FEW:
        stack.sort(axis=0)
        return
    # For few layers a bubble sort of all pixels at once is several times faster.
    for last in range(len(stack) - 1, 0, -1):
        for k in range(last):
            lower = np.minimum(stack[k], stack[k + 1])
            np.maximum(stack[k], stack[k + 1], out=stack[k + 1])
            stack[k] = lower


def learned(fn: Callable[[np.ndarray, np.ndarray], Any], bands: int) -> Reduce:
    """``fn`` as a :data:`Reduce`, with its result checked and its errors raised as :class:`ParameterError`.

    Pixels that no known value reaches are NaN, whatever ``fn`` returns for them.
    """
    name = getattr(fn, "__name__", type(fn).__name__)

    def reduce(stack: np.ndarray, weights: np.ndarray) -> np.ndarray:
        expected, unknown = (bands, *stack.shape[2:]), np.isnan(stack).all(axis=(0, 1))
        try:
            result = np.asarray(fn(stack, weights))
        except PatchwiseError:
            raise
        except Exception as error:  # a user's callable may raise anything
            raise ParameterError(
                "fn", name, f"failed on contributions of the shape {stack.shape}: {type(error).__name__}: {error}"
            ) from error
        if result.shape != expected or result.dtype.kind not in "biuf":
            allowed = f"must return numbers of the shape {expected}, not {result.dtype} of {result.shape}"
            raise ParameterError("fn", name, allowed)
        return np.where(unknown, stack.dtype.type(np.nan), result)

    return reduce
