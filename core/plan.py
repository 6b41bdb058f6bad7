"""Which chips there are, in the order in which they are done, and which source pixels each needs.

A plan is made once, before any pixel is read. Chips come sorted by ``(row, col)`` and in groups that share their first
row: when a group is next, no later chip touches a row above it, so everything above is final.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from .domains import PixelWindow
from .geometry import SpatialRectangular
from .sampler import SpatialRegularStride

_PIECE = 256  # pixels; a float32 piece of that size and its temporaries stay in the processor's cache


class Neighbours(NamedTuple):
    """How chips along one axis overlap one of them: ``(offset, size)`` of those before it and after it."""

    size: int
    before: tuple[tuple[int, int], ...]
    after: tuple[tuple[int, int], ...]


#: How a chip of a lattice is overlapped: its neighbours along the rows and along the columns.
Pattern = tuple[Neighbours, Neighbours]


class PlannedChip(NamedTuple):
    """A chip's place, which may reach over the raster's edge.

    ``pattern`` where the plan is a lattice. ``weights`` ``(h, w)`` where the chip has its own, as caps and polygons do;
    where they are 0 the pixel is not part of the chip, and the operator sees NaN. ``anchor`` where it is not the
    upper-left pixel.
    """

    window: PixelWindow
    pattern: Pattern | None = None
    weights: np.ndarray | None = None
    anchor: tuple[int, int] | None = None


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


@dataclass(frozen=True, eq=False)
class Axis:
    """The chips along one axis of ``length`` pixels: ascending ``starts``, ``sizes``; mirrored at the edge, or not."""

    length: int
    starts: np.ndarray
    sizes: np.ndarray
    mirrored: bool = False

    @cached_property
    def stops(self) -> np.ndarray:
        """First pixel behind each chip, on the raster."""
        return np.minimum(self.ends, self.length)

    @cached_property
    def read_lo(self) -> np.ndarray:
        """First source pixel that each chip needs: above its start where the edge is mirrored far enough."""
        over = self.ends - self.length
        if not self.mirrored:
            return self.starts
        return np.where(over > 0, np.minimum(self.starts, np.maximum(self.length - 1 - over, 0)), self.starts)

    @cached_property
    def ends(self) -> np.ndarray:
        """First pixel behind each chip, which may lie over the raster's edge."""
        return self.starts + self.sizes

    @cached_property
    def spans(self) -> tuple[np.ndarray, np.ndarray]:
        """First pixel of each stretch that chips cover without a gap, and first pixel behind it.

        Found from the chips, not from pixels: the axis of a map of tiles may have many millions.
        """
        new = np.flatnonzero(self.starts[1:] > self.stops[:-1]) + 1
        return self.starts[np.append(0, new)], self.stops[np.append(new - 1, len(self.stops) - 1)]

    def covered(self, lo: int, hi: int) -> int:
        """How many of the pixels ``[lo, hi)`` lie in at least one chip."""
        first, behind = self.spans
        return int(np.maximum(np.minimum(behind, hi) - np.maximum(first, lo), 0).sum())

    @cached_property
    def most_overlaps(self) -> int:
        """The most chips that lie on one pixel: it is the first pixel of one of them."""
        begun = np.arange(1, len(self.starts) + 1)
        return int((begun - np.searchsorted(self.stops, self.starts, side="right")).max())

    def once(self, size: int) -> Axis:
        """The covered pixels in pieces of at most ``size`` that do not overlap."""
        first, behind = self.spans
        pieces = -(-(behind - first) // size)
        place = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        starts = np.repeat(first, pieces) + place * size
        return Axis(self.length, starts, np.minimum(np.repeat(behind, pieces) - starts, size))

    def touching(self, lo: int, hi: int) -> range:
        """Indices of the chips that have a pixel in ``[lo, hi)``."""
        first = int(np.searchsorted(self.stops, lo, side="right"))
        return range(first, max(first, int(np.searchsorted(self.starts, hi, side="left"))))

    def neighbours(self, index: int) -> Neighbours:
        """The chips that overlap chip ``index``, before and after it."""
        start, size = int(self.starts[index]), int(self.sizes[index])
        first = int(np.searchsorted(self.ends, start, side="right"))
        last = int(np.searchsorted(self.starts, start + size, side="left"))
        around = [(int(self.starts[k]) - start, int(self.sizes[k])) for k in range(first, last)]
        return Neighbours(size, tuple(around[: index - first]), tuple(around[index - first + 1 :]))


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

    def once(self) -> Plan | None:
        """The covered pixels in pieces that do not overlap, or None where the plan cannot say."""


@dataclass(frozen=True, eq=False)
class LatticePlan:
    """The chips of a rectangular geometry on a regular lattice: every row start with every column start."""

    rows: Axis
    cols: Axis

    def __len__(self) -> int:
        """Number of chips."""
        return len(self.rows.starts) * len(self.cols.starts)

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
        return int(self.rows.sizes.max()), int(self.cols.sizes.max())

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """``(height, width)`` of the chips that bring no weights of their own, each once."""
        heights, widths = np.unique(self.rows.sizes).tolist(), np.unique(self.cols.sizes).tolist()
        return [(height, width) for height in heights for width in widths]

    def once(self) -> LatticePlan:
        """The covered pixels in pieces that do not overlap: enough for an operator that looks at single pixels.

        Law: with a strictly positive window and an aggregation of which equal contributions give that value, the result
        is the same to the last bit.
        """
        return LatticePlan(self.rows.once(_PIECE), self.cols.once(_PIECE))

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
        return int(self.rows.read_lo[chips.start : chips.stop].min()), int(self.rows.stops[chips.stop - 1])

    def read_cols(self, window: PixelWindow) -> tuple[int, int]:
        """Source columns ``[lo, hi)`` that the chips touching the window need."""
        chips = self.cols.touching(window.col, window.col_stop)
        if not chips:
            return window.col, window.col
        return int(self.cols.read_lo[chips.start : chips.stop].min()), int(self.cols.stops[chips.stop - 1])

    def needed(self, window: PixelWindow) -> Iterator[PixelWindow]:
        """The window itself: gaps between chips of a lattice are as regular as the blocks of a file."""
        yield window

    def groups(self, window: PixelWindow) -> Iterator[RowGroup]:
        """The chips that touch the window, group by group from the top."""
        cols = self.cols.touching(window.col, window.col_stop)
        col_patterns = [self.cols.neighbours(k) for k in cols]
        rows = self.rows.touching(window.row, window.row_stop)
        needed = self.rows.read_lo[rows.start : rows.stop]
        # Rows that a later, mirrored chip will need again have to stay: the least over this chip and all later ones.
        keep = np.minimum.accumulate(needed[::-1])[::-1]
        for i, lo in zip(rows, keep):
            start, height = int(self.rows.starts[i]), int(self.rows.sizes[i])
            pattern = self.rows.neighbours(i)
            chips = tuple(
                PlannedChip(
                    PixelWindow(start, int(self.cols.starts[j]), height, int(self.cols.sizes[j])),
                    (pattern, col_pattern),
                )
                for j, col_pattern in zip(cols, col_patterns)
            )
            yield RowGroup(start, int(lo), int(self.rows.stops[i]), chips)


def make_plan(geometry: SpatialRectangular, sampler: SpatialRegularStride, shape: tuple[int, int]) -> LatticePlan:
    """The chips of ``geometry`` at the anchors of ``sampler`` on a raster of ``shape``."""
    axes = []
    for axis, (length, step) in enumerate(zip(shape, sampler.steps)):
        starts, sizes = geometry.place(axis, length, step)
        axes.append(Axis(length, starts, sizes, mirrored=geometry.boundary in ("reflect", "shift")))
    return LatticePlan(axes[0], axes[1])
