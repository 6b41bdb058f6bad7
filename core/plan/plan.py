"""Which chips there are, in the order in which they are done, and which source pixels each needs.

A plan is made once, before any pixel is read. Chips come sorted by ``(row, col)`` and in groups that share their first
row: when a group is next, no later chip touches a row above it, so everything above is final.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Callable, ClassVar, NamedTuple, Protocol

import numpy as np

from ..axes.axis import Axis, Neighbours
from ..axes.geometry import Rectangle
from ..grid.domain import PixelWindow

_PIECE = 256  # pixels; a float32 piece of that size and its temporaries stay in the processor's cache

#: How a chip of a lattice is overlapped: its neighbours along the rows and along the columns.
Pattern = tuple[Neighbours, Neighbours]


class PlannedChip(NamedTuple):
    """A chip's place, which may reach over the raster's edge.

    ``pattern`` where the plan is a lattice. ``weights`` ``(h, w)`` where the chip has its own, as caps and polygons do;
    where they are 0 the pixel is not part of the chip, and the operator sees NaN. ``anchor`` where it is not the
    upper-left pixel. ``index`` counts all chips of the plan from 0, in its order; -1 for a chip of no plan.
    """

    window: PixelWindow
    pattern: Pattern | None = None
    weights: np.ndarray | None = None
    anchor: tuple[int, int] | None = None
    index: int = -1  # type: ignore[assignment]  # in the place of the tuple's own method, which is not used


class RowGroup(NamedTuple):
    """Chips that share their first row, and the source rows ``[read_lo, read_hi)`` that they need."""

    row: int
    read_lo: int
    read_hi: int
    chips: tuple[PlannedChip, ...]


def mirror(positions: np.ndarray, length: int) -> np.ndarray:
    """Positions outside ``[0, length)`` folded back about the first and last pixel, as often as it takes."""
    if length == 1:
        return np.zeros_like(positions)
    period = 2 * (length - 1)
    folded = np.abs(positions) % period
    return np.minimum(folded, period - folded)


class Plan(Protocol):
    """What the loop asks of a plan."""

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)`` of the raster."""

    @property
    def covers(self) -> bool:
        """Whether every pixel of the raster lies in a chip."""

    @property
    def mirrored(self) -> bool:
        """Whether what lies outside the raster is mirrored from it; else it is NaN."""

    @property
    def side_by_side(self) -> bool:
        """Whether chips that share their first row need the same rows of the source, as those of a lattice do."""

    @property
    def max_size(self) -> tuple[int, int]:
        """``(height, width)`` of the largest chip."""

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """``(height, width)`` of the chips that have no weights of their own, each once."""

    def __len__(self) -> int: ...

    def count(self, window: PixelWindow) -> int:
        """Number of chips that touch the window."""

    def covered_share(self, window: PixelWindow) -> float:
        """Share of the window's pixels that lie in a chip, 0 to 1."""

    def read_rows(self, window: PixelWindow) -> tuple[int, int]:
        """Source rows ``[lo, hi)`` that the chips touching the window need."""

    def read_cols(self, window: PixelWindow) -> tuple[int, int]:
        """Source columns ``[lo, hi)`` that the chips touching the window need."""

    def needed(self, window: PixelWindow) -> Iterator[PixelWindow]:
        """Parts of a window of the source that hold all pixels of it that chips need; they do not overlap."""

    def groups(self, window: PixelWindow) -> Iterator[RowGroup]:
        """The chips that touch the window, group by group from the top."""

    def numbers(self, window: PixelWindow) -> Callable[[int, int], np.ndarray]:
        """A function of ``(first, last)`` for the indices ``(n,)``, ascending, of that run of the chips that touch the
        window.
        """

    def places_of(self, indices: np.ndarray) -> np.ndarray:
        """``(n, 4)`` windows ``(row, col, height, width)`` of chips, by their indices."""

    def anchors_of(self, indices: np.ndarray) -> np.ndarray:
        """``(n, 2)`` anchors ``(row, col)`` of chips, by their indices."""

    def nearest(self, row: float, col: float) -> PlannedChip:
        """The chip whose middle is nearest to a place, in pixels from the upper-left corner of the raster."""

    def chip(self, index: int) -> PlannedChip:
        """A chip by its index, with its weights where it has its own; without its pattern."""

    def some(self, window: PixelWindow, most: int) -> np.ndarray:
        """``(n,)`` indices of chips that touch the window: of all, or every second, third, ..., ``most`` at most."""

    def holding(self, row: float, col: float, window: PixelWindow) -> int | None:
        """Index of the chip whose box holds a place, among those that touch the window; the nearest middle counts."""

    def most_overlaps(self, window: PixelWindow) -> int:
        """The largest number of chips that meet on a pixel: exact for a lattice, else an estimate."""

    def most_patterns(self) -> int:
        """The most patterns of overlap that chips have; 0 where they have none, or do not overlap."""

    def pixels(self, window: PixelWindow) -> int:
        """Pixels of all chips that touch the window, each counted for every chip it lies in."""

    def box_share(self, window: PixelWindow, rows: np.ndarray, cols: np.ndarray) -> float:
        """Share of the window that lies in a chip's box: by formula, or of the pixels at ``rows`` x ``cols``."""

    def without_weights(self) -> Plan:
        """The same chips without weights of their own, which may take long to compute."""

    def pieces(self) -> Plan | None:
        """The covered pixels in pieces that do not overlap, or None where the plan cannot say."""


@dataclass(frozen=True, eq=False)
class LatticePlan:
    """The chips of a rectangular geometry on a regular lattice: every row start with every column start."""

    rows: Axis
    cols: Axis
    side_by_side: ClassVar[bool] = True

    def __len__(self) -> int:
        """Number of chips."""
        return len(self.rows) * len(self.cols)

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)`` of the raster."""
        return self.rows.length, self.cols.length

    @cached_property
    def covers(self) -> bool:
        """Whether every pixel of the raster lies in a chip."""
        return all(axis.covered(0, axis.length) == axis.length for axis in (self.rows, self.cols))

    def covered_share(self, window: PixelWindow) -> float:
        """Share of the window's pixels that lie in a chip, 0 to 1."""
        rows = self.rows.covered(window.row, window.row_stop) / window.height
        return rows * self.cols.covered(window.col, window.col_stop) / window.width

    @property
    def max_size(self) -> tuple[int, int]:
        """``(height, width)`` of the largest chip."""
        return self.rows.each_size[-1], self.cols.each_size[-1]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """``(height, width)`` of the chips that bring no weights of their own, each once."""
        return [(height, width) for height in self.rows.each_size for width in self.cols.each_size]

    def pieces(self) -> LatticePlan:
        """The covered pixels in pieces that do not overlap: enough for an operator that looks at single pixels.

        Law: with a strictly positive window and an aggregation of which equal contributions give that value, the result
        is the same to the last bit.
        """
        return LatticePlan(self.rows.pieces(_PIECE), self.cols.pieces(_PIECE))

    def count(self, window: PixelWindow) -> int:
        """Number of chips that touch the window."""
        rows = self.rows.touching(window.row, window.row_stop)
        cols = self.cols.touching(window.col, window.col_stop)
        return len(rows) * len(cols)

    @property
    def mirrored(self) -> bool:
        """Whether what lies outside the raster is mirrored from it; else it is NaN."""
        return self.rows.mirrored

    def read_rows(self, window: PixelWindow) -> tuple[int, int]:
        """Source rows ``[lo, hi)`` that the chips touching the window need."""
        chips = self.rows.touching(window.row, window.row_stop)
        if not chips:
            return window.row, window.row
        return self.rows.least_read(chips), self.rows.stop(chips.stop - 1)

    def read_cols(self, window: PixelWindow) -> tuple[int, int]:
        """Source columns ``[lo, hi)`` that the chips touching the window need."""
        chips = self.cols.touching(window.col, window.col_stop)
        if not chips:
            return window.col, window.col
        return self.cols.least_read(chips), self.cols.stop(chips.stop - 1)

    def needed(self, window: PixelWindow) -> Iterator[PixelWindow]:
        """The window itself: gaps between chips of a lattice are as regular as the blocks of a file."""
        yield window

    def numbers(self, window: PixelWindow) -> Callable[[int, int], np.ndarray]:
        """A function of ``(first, last)`` for the indices of that run of the chips that touch the window; only these
        are listed.
        """
        rows = self.rows.touching(window.row, window.row_stop)
        cols = self.cols.touching(window.col, window.col_stop)

        def of_lattice(first: int, last: int) -> np.ndarray:
            row, col = np.divmod(np.arange(first, last, dtype=np.int64), len(cols))
            numbers: np.ndarray = (rows.start + row) * len(self.cols) + cols.start + col
            return numbers

        return of_lattice

    def places_of(self, indices: np.ndarray) -> np.ndarray:
        """``(n, 4)`` windows ``(row, col, height, width)`` of chips, by their indices."""
        i, j = np.divmod(indices, len(self.cols))
        return np.stack([self.rows.starts(i), self.cols.starts(j), self.rows.sizes(i), self.cols.sizes(j)], axis=1)

    def anchors_of(self, indices: np.ndarray) -> np.ndarray:
        """``(n, 2)`` upper-left pixels."""
        return self.places_of(indices)[:, :2]

    def nearest(self, row: float, col: float) -> PlannedChip:
        """The chip whose middle is nearest to a place."""
        i, j = (axis.nearest(at, range(len(axis))) for axis, at in ((self.rows, row), (self.cols, col)))
        return self.chip(i * len(self.cols) + j)

    def chip(self, index: int) -> PlannedChip:
        """A chip by its index."""
        i, j = divmod(index, len(self.cols))
        window = PixelWindow(self.rows.start(i), self.cols.start(j), self.rows.size(i), self.cols.size(j))
        return PlannedChip(window, index=index)

    def some(self, window: PixelWindow, most: int) -> np.ndarray:
        """Every second, third, ... of the rows and of the columns of chips, at most ``most`` chips; no others are
        listed.
        """
        rows = self.rows.touching(window.row, window.row_stop)
        cols = self.cols.touching(window.col, window.col_stop)
        few, every = 0, max(len(rows), len(cols), 1)  # a step of ``few`` gives too many chips, ``every`` does not
        while every - few > 1:
            middle = (few + every) // 2
            enough = len(rows[::middle]) * len(cols[::middle]) <= most
            few, every = (few, middle) if enough else (middle, every)
        i, j = np.meshgrid(rows[::every], cols[::every], indexing="ij")
        indices: np.ndarray = (i.astype(np.int64) * len(self.cols) + j).ravel()
        return indices

    def holding(self, row: float, col: float, window: PixelWindow) -> int | None:
        """Index of the chip that holds a place, by formula."""
        found = []
        for axis, at, lo, hi in (
            (self.rows, row, window.row, window.row_stop),
            (self.cols, col, window.col, window.col_stop),
        ):
            here, there = axis.touching(int(at), int(at) + 1), axis.touching(lo, hi)
            chips = range(max(here.start, there.start), min(here.stop, there.stop))
            if not chips:
                return None
            found.append(axis.nearest(at, chips))
        return found[0] * len(self.cols) + found[1]

    def most_overlaps(self, window: PixelWindow) -> int:
        """The most chips that meet on a pixel."""
        return self.rows.most_overlaps * self.cols.most_overlaps

    def most_patterns(self) -> int:
        """The most patterns of overlap that chips have; 0 where they do not overlap."""
        if self.rows.most_overlaps * self.cols.most_overlaps == 1:
            return 0
        # Chips in the middle of an axis are alike; of those near an end, each has other neighbours.
        rows, cols = (min(len(axis), 2 * axis.most_overlaps + 1) for axis in (self.rows, self.cols))
        return rows * cols

    def pixels(self, window: PixelWindow) -> int:
        """Pixels of all chips that touch the window, each counted for every chip it lies in."""
        rows = self.rows.touching(window.row, window.row_stop)
        return self.rows.total(rows) * self.cols.total(self.cols.touching(window.col, window.col_stop))

    def box_share(self, window: PixelWindow, rows: np.ndarray, cols: np.ndarray) -> float:
        """The covered share, by formula."""
        return self.covered_share(window)

    def without_weights(self) -> LatticePlan:
        """The plan itself: its chips have no weights of their own."""
        return self

    def groups(self, window: PixelWindow) -> Iterator[RowGroup]:
        """The chips that touch the window, group by group from the top."""
        cols = self.cols.touching(window.col, window.col_stop)
        places = [(k, self.cols.start(k), self.cols.size(k), self.cols.neighbours(k)) for k in cols]
        rows = self.rows.touching(window.row, window.row_stop)
        for i in rows:
            start, height, pattern = self.rows.start(i), self.rows.size(i), self.rows.neighbours(i)
            first = i * len(self.cols)
            chips = tuple(
                PlannedChip(PixelWindow(start, col, height, width), (pattern, around), None, None, first + k)
                for k, col, width, around in places
            )
            # Rows that a later, mirrored chip will need again have to stay.
            yield RowGroup(start, self.rows.least_read(range(i, rows.stop)), self.rows.stop(i), chips)


def make_plan(geometry: Rectangle, steps: tuple[int, int], shape: tuple[int, int]) -> LatticePlan:
    """The chips of ``geometry`` every ``steps`` ``(rows, cols)`` pixels on a raster of ``shape``."""
    rows, cols = (geometry.along(axis, length, step) for axis, (length, step) in enumerate(zip(shape, steps)))
    return LatticePlan(rows, cols)
