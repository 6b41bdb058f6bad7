"""The types of stitching: contributions of chips, accumulators of rows, aggregations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..grid.domain import PixelWindow, slices

#: The factors of a chip that overlaps no earlier one: its values are the mean.
FIRST = np.ones((1, 1), np.float32)


@dataclass(frozen=True, eq=False)
class Contribution:
    """The result of one chip at its place.

    ``values`` are ``(bands, h, w)`` with NaN where unknown, ``weights`` ``(h, w)``, at least 0; both are of the whole
    of ``window``. ``finite``: the values are known to hold neither NaN nor infinities, nor values whose difference is
    infinite. ``ratio`` ``(h, w)``: the factors ``w / (W + w)`` that a running mean may use where all earlier
    neighbours are finite too; :data:`FIRST` where there are none, None where factors are not known.
    """

    window: PixelWindow
    values: np.ndarray
    weights: np.ndarray
    finite: bool = False
    ratio: np.ndarray | None = None

    def within(self, window: PixelWindow) -> Contribution | None:
        """The part that lies in ``window``, as views; None where there is none."""
        place = self.window.intersect(window)
        if not place.pixels:
            return None
        inside = slices(place, self.window)
        ratio = self.ratio if self.ratio is None or self.ratio is FIRST else self.ratio[inside]
        return Contribution(place, self.values[(slice(None),) + inside], self.weights[inside], self.finite, ratio)


class Accumulator(Protocol):
    """Takes contributions to an output window and gives its rows when they are final."""

    def add(self, chip: Contribution) -> None:
        """Add one chip. Chips come sorted by ``(row, col)``; what lies outside the output window is not used."""

    def finish(self, row_stop: int) -> np.ndarray:
        """The rows from the last finished one to ``row_stop``, ``(bands, rows, width)``, NaN where unknown.

        They are final: no later chip touches them, and their memory is used for the rows to come.
        """


class Aggregation(Protocol):
    """What the loop asks of an aggregation."""

    @property
    def idempotent(self) -> bool:
        """Equal contributions to a pixel give that value, for any number and any weights of them."""

    @property
    def uses_ratios(self) -> bool:
        """The accumulator uses :attr:`Contribution.ratio`."""

    @property
    def by_weight(self) -> bool:
        """Contributions are weighted by the window; else they count equally, where its weight is above 0."""

    def output(self, bands: int, dtype: np.dtype) -> tuple[int, np.dtype]:
        """Number of bands and dtype of the result, for an operator that gives ``bands`` bands of ``dtype``."""

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> Accumulator:
        """An accumulator for ``bands`` of ``dtype`` (float32 or float64) over the output window ``window``.

        ``capacity``: rows to make room for; ``covers``: every pixel lies in a chip with weight above 0.
        """

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """The most bytes that the accumulator holds for each pixel of its rows, where ``overlaps`` chips meet."""
