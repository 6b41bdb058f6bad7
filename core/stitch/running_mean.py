"""The accumulator of weighted means.

The weighted mean is kept as a running mean (D. H. D. West, "Updating mean and variance estimates: an improved method",
Comm. ACM 22, 1979): ``m += (x - m) * w / (W + w)``, where ``W`` is the weight that the pixel already has. Where
all contributions to a pixel are equal, the result is that value to the last bit.

On a lattice without invalid pixels the factors ``w / (W + w)`` are the same for all chips with the same neighbours:
:class:`RatioCache` works them out once per pattern. They are computed by the same additions in the same order
as in the general case, so the result has the same bits in both cases.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Callable, NamedTuple

import numpy as np

from ..grid.domain import PixelWindow, slices
from ..grid.rows import RowBuffer
from ..plan.plan import Pattern, Plan
from .contract import FIRST, Contribution

WeightsOf = Callable[[int, int], np.ndarray]


class RatioCache:
    """``w / (W + w)`` per pattern of a lattice, for strictly positive windows."""

    MAX_OVERLAPS = 128  # for more overlapping chips the factors cost more than they save
    MAX_BYTES = 64 << 20

    def __init__(self, weights_of: WeightsOf, dtype: np.dtype) -> None:
        self._weights_of, self._dtype = weights_of, dtype
        self._known: OrderedDict[Pattern, np.ndarray | None] = OrderedDict()

    def get(self, pattern: Pattern | None) -> np.ndarray | None:
        """``(h, w)`` factors for a chip whose earlier neighbours are all valid; None where they are not kept.

        :data:`FIRST` for a chip that overlaps no earlier one.
        """
        if pattern is None:
            return None
        if pattern not in self._known:
            self._known[pattern] = self._make(pattern)
            while self._bytes() > self.MAX_BYTES and len(self._known) > 1:
                self._known.popitem(last=False)
        self._known.move_to_end(pattern)
        return self._known[pattern]

    @classmethod
    def most_bytes(cls, plan: Plan, dtype: np.dtype) -> int:
        """The most bytes that the factors of a plan take; 0 where it is not a lattice, or no chips overlap."""
        patterns = plan.most_patterns()
        if not patterns:
            return 0
        one = plan.max_size[0] * plan.max_size[1] * np.dtype(dtype).itemsize
        return min(patterns * one, cls.MAX_BYTES + one)

    def _bytes(self) -> int:
        return sum(ratio.nbytes for ratio in self._known.values() if ratio is not None)

    def _make(self, pattern: Pattern) -> np.ndarray | None:
        rows, cols = pattern
        around = (*cols.before, (0, cols.size), *cols.after)
        if not rows.before and not cols.before:
            return FIRST
        if len(rows.before) * len(around) + len(cols.before) > self.MAX_OVERLAPS:
            return None
        total = np.zeros((rows.size, cols.size))
        for row in rows.before:
            for col in around:
                self._add(total, row, col)
        for col in cols.before:
            self._add(total, (0, rows.size), col)
        weights = self._weights_of(rows.size, cols.size)
        return (weights / (total + weights)).astype(self._dtype)

    def _add(self, total: np.ndarray, row: tuple[int, int], col: tuple[int, int]) -> None:
        place = PixelWindow(row[0], col[0], row[1], col[1])
        common = place.intersect(PixelWindow(0, 0, *total.shape))
        total[slices(common)] += self._weights_of(row[1], col[1])[slices(common, place)]


class _Added(NamedTuple):
    place: PixelWindow
    weights: np.ndarray


class RunningMean:
    """The weighted mean over the rows of an output window, band by band.

    ``covers``: every pixel of the window lies in a chip of strictly positive weight; then sums of weights are only kept
    while there are invalid values among the rows held. A pixel that only invalid values reach is NaN.
    """

    def __init__(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> None:
        self._window, self._dtype, self._bands, self._capacity = window, np.dtype(dtype), bands, capacity
        self._covers = covers
        self._mean = RowBuffer(bands, window.width, self._dtype, window.row, capacity)
        self._total: RowBuffer | None = None
        self._added: list[_Added] = []
        # First row, by column, below which no invalid pixel was added: above it the cached factors do not hold.
        self._clean_from = np.full(window.width, window.row, dtype=np.int64)
        if not covers:
            self._total = RowBuffer(bands, window.width, np.dtype(np.float64), window.row, capacity)

    def add(self, chip: Contribution) -> None:
        """As :meth:`Accumulator.add`."""
        part = chip.within(self._window)
        if part is None:
            return
        place, x, w, ratio = part.window, part.values, part.weights, part.ratio
        self._extend(place.row_stop)
        cols = slice(place.col - self._window.col, place.col_stop - self._window.col)
        mean = self._mean.rows(place.row, place.row_stop)[:, :, cols]
        clean = part.finite and ratio is not None and int(self._clean_from[cols].max()) <= place.row
        if not part.finite:
            self._clean_from[cols] = np.maximum(self._clean_from[cols], place.row_stop)
            self._track()
        total = None if self._total is None else self._total.rows(place.row, place.row_stop)[:, :, cols]
        if clean and ratio is FIRST:
            np.add(x, 0, out=mean)  # not a copy: a negative zero becomes positive, as in the general case
            if total is not None:
                total += w
        elif clean and ratio is not None:
            step = np.subtract(x, mean, dtype=self._dtype)
            step *= ratio
            mean += step
            if total is not None:
                total += w
        else:
            if total is None:
                self._track()
                self._covers = False  # there are no factors: keep the sums from here on
                total = self._total.rows(place.row, place.row_stop)[:, :, cols]  # type: ignore[union-attr]
            _add_general(mean, total, x.astype(self._dtype, copy=False), w, part.finite)
        if self._covers:
            self._added.append(_Added(place, w))

    def finish(self, row_stop: int) -> np.ndarray:
        """As :meth:`Accumulator.finish`."""
        self._extend(row_stop)
        first = self._mean.first
        result = self._mean.rows(first, row_stop).copy()
        if self._total is not None:
            result[self._total.rows(first, row_stop) == 0] = np.nan
            self._total.release(row_stop)
        self._mean.release(row_stop)
        self._added = [added for added in self._added if added.place.row_stop > row_stop]
        if self._covers and self._total is not None and int(self._clean_from.max()) <= row_stop:
            self._total = None
        return result

    def _extend(self, row_stop: int) -> None:
        for buffer in (self._mean, self._total):
            if buffer is not None and buffer.stop < row_stop:
                buffer.extend(row_stop)[...] = 0

    def _track(self) -> None:
        """Start to keep sums of weights, with those of the chips already added to the rows held."""
        if self._total is not None:
            return
        first = self._mean.first
        self._total = RowBuffer(self._bands, self._window.width, np.dtype(np.float64), first, self._capacity)
        self._extend(self._mean.stop)
        for place, weights in self._added:
            held = place.intersect(PixelWindow(first, place.col, self._mean.stop - first, place.width))
            cols = slice(place.col - self._window.col, place.col_stop - self._window.col)
            self._total.rows(held.row, held.row_stop)[:, :, cols] += weights[slices(held, place)]


def _add_general(mean: np.ndarray, total: np.ndarray, x: np.ndarray, w: np.ndarray, finite: bool) -> None:
    """One step of the running mean for any values; ``mean`` and ``total`` are changed in place."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if finite and w.min() > 0 and np.isfinite(mean).all():
            step = x - mean
            step *= (w / (total + w)).astype(mean.dtype)
            mean += step
            total += w
            return
        weight = np.where(np.isnan(x), 0.0, w)
        ratio = (weight / (total + weight)).astype(mean.dtype)
        step = (x - mean) * ratio
        # An infinite mean stays infinite, unless the opposite infinity makes it undefined.
        step[(x == mean) | (weight == 0) | (np.isinf(mean) & np.isfinite(x))] = 0
        mean += step
        total += weight
