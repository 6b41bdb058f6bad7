"""Plans of chips that are not a lattice: rectangles at any anchors, and the chips of caps and polygons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Callable

import numpy as np

from ..axes.geometry import Rectangle
from ..axes.sampler import SpatialSampler, checked_sampler
from ..base.errors import PlanError
from ..base.progress import aside
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.rows import RowBuffer
from .plan import Plan, PlannedChip, RowGroup, make_plan


class KeptArrays:
    """Arrays by position, as many as fit into ``most_bytes``; the others have to be computed again when they are
    needed.
    """

    def __init__(self, most_bytes: int) -> None:
        self._room = most_bytes
        self._arrays: dict[int, np.ndarray] = {}

    def has_room(self, nbytes: int) -> bool:
        """Whether so many bytes fit."""
        return nbytes <= self._room

    def put(self, position: int, array: np.ndarray) -> None:
        """Keep an array, if it fits."""
        if self.has_room(array.nbytes):
            self._arrays[position] = np.ascontiguousarray(array)  # not a view of something larger
            self._room -= array.nbytes

    def get(self, position: int) -> np.ndarray | None:
        """The array, if it was kept."""
        return self._arrays.get(position)


@dataclass(frozen=True, eq=False)
class ListPlan:
    """Chips one by one, sorted by ``(row, col)``.

    ``places`` ``(n, 4)`` int64 are the windows ``(row, col, height, width)``, ``order`` ``(n,)`` the position that each
    chip's anchor or polygon had where it came from, ``left_out`` the positions of those that gave no chip.
    ``weights_at`` gives the weights of the chip from a position, where chips have their own; ``anchors`` ``(n, 2)``
    where these are not the upper-left pixels.
    """

    shape: tuple[int, int]
    places: np.ndarray
    order: np.ndarray
    left_out: tuple[int, ...] = ()
    mirrored: bool = False
    weights_at: Callable[[int], np.ndarray] | None = None
    anchors: np.ndarray | None = None
    covers = side_by_side = False  # not checked, even where it happens to be so

    @classmethod
    def of(
        cls,
        shape: tuple[int, int],
        places: np.ndarray,
        order: np.ndarray,
        left_out: tuple[int, ...] = (),
        mirrored: bool = False,
        weights_at: Callable[[int], np.ndarray] | None = None,
        anchors: np.ndarray | None = None,
    ) -> ListPlan:
        """The plan of chips in any order."""
        by = np.lexsort((order, places[:, 3], places[:, 2], places[:, 1], places[:, 0]))
        anchors = None if anchors is None else anchors[by]
        return cls(shape, places[by], order[by], left_out, mirrored, weights_at, anchors)

    def __len__(self) -> int:
        """Number of chips."""
        return len(self.places)

    @cached_property
    def max_size(self) -> tuple[int, int]:
        """``(height, width)`` of the largest chip."""
        return int(self.places[:, 2].max()), int(self.places[:, 3].max())

    @cached_property
    def sizes(self) -> list[tuple[int, int]]:
        """``(height, width)`` of the chips that have no weights of their own, each once."""
        if self.weights_at is not None:
            return []
        return [(height, width) for height, width in np.unique(self.places[:, 2:], axis=0).tolist()]

    @cached_property
    def _stops(self) -> np.ndarray:
        """``(n, 2)``: first row and column behind each chip, on the raster."""
        return np.minimum(self.places[:, :2] + self.places[:, 2:], np.array(self.shape))

    @cached_property
    def _needs(self) -> np.ndarray:
        """``(n, 2)``: first source row and column that each chip needs, before its start if it is mirrored."""
        starts, length = self.places[:, :2], np.array(self.shape)
        over = starts + self.places[:, 2:] - length
        back = np.minimum(starts, np.maximum(length - 1 - over, 0))
        return np.where((over > 0) & self.mirrored, back, starts)

    def touching(self, window: PixelWindow) -> np.ndarray:
        """Indices of the chips that have a pixel in the window, ascending."""
        starts, stops = self.places[:, :2], self._stops
        ends = np.array((window.row_stop, window.col_stop))
        return np.flatnonzero(((stops > np.array(window[:2])) & (starts < ends)).all(axis=1))

    def count(self, window: PixelWindow) -> int:
        """Number of chips that touch the window."""
        return len(self.touching(window))

    def read_rows(self, window: PixelWindow) -> tuple[int, int]:
        """Source rows ``[lo, hi)`` that the chips touching the window need."""
        return self._read(window, 0)

    def read_cols(self, window: PixelWindow) -> tuple[int, int]:
        """Source columns ``[lo, hi)`` that the chips touching the window need."""
        return self._read(window, 1)

    def needed(self, window: PixelWindow) -> Iterator[PixelWindow]:
        """The rectangles around the chips' pixels, one for chips that share columns; from the left to the right."""
        lo, hi = np.array(window[:2]), np.array((window.row_stop, window.col_stop))
        starts, stops = np.maximum(self._needs, lo), np.minimum(self._stops, hi)
        meets = np.flatnonzero((starts < stops).all(axis=1))
        meets = meets[np.argsort(starts[meets, 1], kind="stable")]
        starts, stops = starts[meets], stops[meets]
        reach = np.maximum.accumulate(stops[:, 1])  # of all chips that begin no further to the right
        firsts = np.flatnonzero(np.append(True, starts[1:, 1] >= reach[:-1])) if len(meets) else meets
        for first, last in zip(firsts, np.append(firsts[1:], len(meets))):
            row, col = starts[first:last].min(axis=0).tolist()
            row_stop, col_stop = stops[first:last].max(axis=0).tolist()
            yield PixelWindow(row, col, row_stop - row, col_stop - col)

    def _read(self, window: PixelWindow, axis: int) -> tuple[int, int]:
        chips = self.touching(window)
        if not len(chips):
            return window[axis], window[axis]
        return int(self._needs[chips, axis].min()), int(self._stops[chips, axis].max())

    def groups(self, window: PixelWindow) -> Iterator[RowGroup]:
        """The chips that touch the window, group by group from the top; weights are computed with their group."""
        chips = self.touching(window)
        if not len(chips):
            return
        rows = self.places[chips, 0]
        # Rows that a later, mirrored chip will need again have to stay: the least over this chip and all later ones.
        keep = np.minimum.accumulate(self._needs[chips, 0][::-1])[::-1]
        firsts = np.flatnonzero(np.diff(rows, prepend=rows[0] - 1))
        for first, last in zip(firsts, np.append(firsts[1:], len(chips))):
            members = chips[first:last]
            planned = tuple(self.chip(index) for index in members.tolist())
            yield RowGroup(int(rows[first]), int(keep[first]), int(self._stops[members, 0].max()), planned)

    def chip(self, index: int) -> PlannedChip:
        """A chip by its index; its weights, if it has its own, are computed now."""
        weights = None if self.weights_at is None else self.weights_at(int(self.order[index]))
        anchor = None
        if self.anchors is not None:
            anchor = (int(self.anchors[index, 0]), int(self.anchors[index, 1]))
        return PlannedChip(PixelWindow(*self.places[index].tolist()), None, weights, anchor, index)

    def numbers(self, window: PixelWindow) -> Callable[[int, int], np.ndarray]:
        """A function of ``(first, last)`` for the indices of that run of the chips that touch the window."""
        touching = self.touching(window)
        return lambda first, last: touching[first:last]

    def places_of(self, indices: np.ndarray) -> np.ndarray:
        """``(n, 4)`` windows ``(row, col, height, width)`` of chips, by their indices."""
        places: np.ndarray = self.places[indices]
        return places

    def anchors_of(self, indices: np.ndarray) -> np.ndarray:
        """``(n, 2)`` anchors of chips, by their indices."""
        anchors: np.ndarray = (self.places[:, :2] if self.anchors is None else self.anchors)[indices]
        return anchors

    def nearest(self, row: float, col: float) -> PlannedChip:
        """The chip whose middle is nearest to a place."""
        away = self.places[:, :2] + self.places[:, 2:] / 2 - (row, col)
        return self.chip(int(np.argmin((away**2).sum(axis=1))))

    def some(self, window: PixelWindow, most: int) -> np.ndarray:
        """Every second, third, ... of the chips that touch the window."""
        chips = self.touching(window)
        return chips[:: max(1, -(-len(chips) // most))]

    def holding(self, row: float, col: float, window: PixelWindow) -> int | None:
        """Index of the chip whose box holds a place; of several the one whose middle is nearest."""
        chips = self.touching(window)
        starts, sizes = self.places[chips, :2], self.places[chips, 2:]
        there = ((starts <= (row, col)) & (starts + sizes > (row, col))).all(axis=1)
        if not there.any():
            return None
        away = ((starts[there] + sizes[there] / 2 - (row, col)) ** 2).sum(axis=1)
        return int(chips[there][np.argmin(away)])

    def most_overlaps(self, window: PixelWindow) -> int:
        """An estimate of the largest number of chips that meet on a pixel."""
        height, width = self.max_size
        return 1 + 2 * self.count(window) * height * width // (window.pixels + height * width)

    def most_patterns(self) -> int:
        """0: only chips on a lattice have patterns."""
        return 0

    def pixels(self, window: PixelWindow) -> int:
        """Pixels of all chips that touch the window, each counted for every chip it lies in."""
        return int(self.places[self.touching(window), 2:].prod(axis=1).sum())

    def box_share(self, window: PixelWindow, rows: np.ndarray, cols: np.ndarray) -> float:
        """The share of the pixels at ``rows`` x ``cols``, both ascending, that lie in a box."""
        places = self.places[self.touching(window)]
        top, bottom = (np.searchsorted(rows, v) for v in (places[:, 0], places[:, 0] + places[:, 2]))
        left, right = (np.searchsorted(cols, v) for v in (places[:, 1], places[:, 1] + places[:, 3]))
        shape = len(rows) + 1, len(cols) + 1
        edges = np.zeros(shape)
        for i, j, sign in ((top, left, 1), (top, right, -1), (bottom, left, -1), (bottom, right, 1)):
            edges += sign * np.bincount(i * shape[1] + j, minlength=edges.size).reshape(shape)
        return float((edges.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0).mean())

    def without_weights(self) -> ListPlan:
        """The same chips without weights of their own, which are then not computed."""
        return replace(self, weights_at=None)

    def covered_share(self, window: PixelWindow) -> float:
        """Share of the window's pixels that lie in a chip with a weight above 0 of its own, 0 to 1."""
        lies_in_a_chip = RowBuffer(1, window.width, np.dtype(bool), window.row, self.max_size[0] * 2)
        covered = 0

        def extend(stop: int) -> None:
            if lies_in_a_chip.stop < stop:
                lies_in_a_chip.extend(stop)[...] = False

        def finish(stop: int) -> int:
            extend(stop)
            found = int(np.count_nonzero(lies_in_a_chip.rows(lies_in_a_chip.first, stop)))
            lies_in_a_chip.release(stop)
            return found

        for group in self.groups(window):
            if group.row > lies_in_a_chip.first:
                covered += finish(group.row)
            for chip in group.chips:
                at = chip.window.intersect(window)
                extend(at.row_stop)
                cells = lies_in_a_chip.rows(at.row, at.row_stop)[0, :, at.col - window.col : at.col_stop - window.col]
                if chip.weights is None:
                    cells[...] = True
                else:
                    row, col = at.row - chip.window.row, at.col - chip.window.col
                    cells |= chip.weights[row : row + at.height, col : col + at.width] > 0
        return (covered + finish(window.row_stop)) / window.pixels

    def pieces(self) -> None:
        """None: to cut the covered pixels into pieces, all chips would have to be gone through."""
        return None


def rectangles(
    geometry: Rectangle,
    sampler: SpatialSampler | None,
    domain: RasterDomain,
    watch: Callable[[float], None] | None = None,
) -> Plan:
    """The chips of ``geometry`` at the anchors of ``sampler``, each treated by the geometry's boundary.

    An anchor whose chip would reach over the edge gives no chip (``drop``), one that is moved inward (``shift``), cut
    (``shrink``) or reaches over (``pad``, ``reflect``), or is refused (``raise``). ``watch`` is called while anchors
    are found, and may raise to end the search.
    """
    sampler = checked_sampler(sampler, "must say where the chips lie, such as SpatialRegularStride(128)")
    if sampler.lattice is not None:
        return make_plan(geometry, sampler.lattice, domain.shape)
    anchors = sampler.on_rectangles(geometry, domain, watch)
    plan: ListPlan = aside(lambda asked: _listed(geometry, anchors, domain), watch)
    return plan


def _listed(geometry: Rectangle, anchors: np.ndarray, domain: RasterDomain) -> ListPlan:
    """The plan of the chips at ``anchors``."""
    places = np.concatenate([anchors, np.broadcast_to(np.array(geometry.size), anchors.shape)], axis=1)
    inside = _bounded(geometry, places, np.array(domain.shape))
    order = np.flatnonzero(inside)
    if not len(order):
        allowed = f"no chip of {geometry.size} pixels fits at the {len(anchors)} anchors: use the boundary shift"
        raise PlanError("chip size", geometry.size, allowed)
    left_out = tuple(np.flatnonzero(~inside).tolist())
    mirrored = geometry.boundary in ("reflect", "shift")
    return ListPlan.of(domain.shape, places[order], order, left_out, mirrored)


def _bounded(geometry: Rectangle, places: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Change ``places`` ``(n, 4)`` as the boundary demands. Returns ``(n,)`` bool: which of them are chips."""
    starts, sizes = places[:, :2], places[:, 2:]
    fits = (starts + sizes <= length).all(axis=1)
    if geometry.boundary == "shift":
        np.minimum(starts, np.maximum(length - sizes, 0), out=starts)
    elif geometry.boundary == "shrink":
        np.minimum(sizes, length - starts, out=sizes)
    elif geometry.boundary == "raise" and not fits.all():
        anchor = tuple(starts[np.argmin(fits)].tolist())
        allowed = f"the chip of {geometry.size} pixels at {anchor} reaches over the edge of the raster"
        raise PlanError("boundary", "raise", f"{allowed} of {tuple(length.tolist())} pixels: choose another boundary")
    elif geometry.boundary == "drop":
        return fits
    return np.ones(len(places), bool)
