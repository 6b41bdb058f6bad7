"""Searching the neighbours of points: the k nearest, and those within a radius.

Neighbours are in the order of (distance, index). Distances that differ by no more than the rounding of the coordinates
count as equal, so that the order on a lattice, or east and west of a point, is by index on every machine. The tree
(scipy's cKDTree) only gives candidates; distances and their order are computed here.

Metrics: ``euclidean`` in units of the coordinates; ``haversine`` in km on the sphere of the mean Earth radius, where
the tree holds unit vectors and the great-circle distance of a chord c is ``2 R asin(c / 2)``: right at the poles and
across the date line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..base.errors import MissingPackageError, ParameterError
from ..grid.earth import EARTH_RADIUS_KM

METRICS = ("euclidean", "haversine")

# The most candidates at a time, which bounds the memory of a search.
_MOST_CANDIDATES = 1_000_000
_EPS = float(np.finfo(np.float64).eps)
# Errors of two differences of coordinates, in units of their rounding; sines and cosines are less exact, and differ
# from one machine's library to the next.
_ROUNDING = {"euclidean": 8 * _EPS, "haversine": 32 * _EPS}


class Neighbourhoods(NamedTuple):
    """Neighbourhoods of ``b`` anchors.

    ``anchors`` ``(b,)`` and ``indices`` ``(b, k)`` are positions in the field, -1 where there is no further neighbour;
    ``distances`` ``(b, k)``, in the metric's unit, are infinite there. In a row, neighbours come before -1.
    """

    anchors: np.ndarray
    indices: np.ndarray
    distances: np.ndarray


class NeighbourSearch:
    """Finds neighbours among ``(n, d)`` finite coordinates."""

    def __init__(self, coordinates: np.ndarray, metric: str) -> None:
        self._rounding = _ROUNDING[metric]
        self._spherical = metric == "haversine"
        points = unit_vectors(coordinates) if self._spherical else coordinates
        self._points = points
        self._groups = _Groups(points)

    def __len__(self) -> int:
        return len(self._points)

    @property
    def near_order(self) -> np.ndarray:
        """``(n,)`` indices of the points, ordered so that near points follow each other: searching is faster."""
        return self._groups.members(self._tree.indices)

    @cached_property
    def _tree(self) -> Any:
        """The tree of one point of each place."""
        return _tree(self._points[self._groups.first])

    @cached_property
    def _full_tree(self) -> Any:
        return self._tree if len(self._groups) == len(self) else _tree(self._points)

    def nearest(self, anchors: np.ndarray, k: int, include_self: bool) -> Iterator[Neighbourhoods]:
        """The ``k`` nearest of each anchor, or all there are, in batches; ``indices`` has at most n columns."""
        k = max(1, min(k, len(self) - (not include_self)))
        rows = max(1, min(len(anchors), _MOST_CANDIDATES // ((k + 2) * self._groups.width(k + 1))))
        for start in range(0, len(anchors), rows):
            batch = anchors[start : start + rows]
            yield Neighbourhoods(batch, *self._to_length(*self._nearest(batch, k, k + 2, include_self)))

    def within(self, anchors: np.ndarray, radius: float, include_self: bool) -> Iterator[Neighbourhoods]:
        """All points at most ``radius`` away, the radius itself included, in batches of bounded memory."""
        reach = _chord(radius) if self._spherical else radius
        start, batch = 0, 16
        while start < len(anchors):
            rows = anchors[start : start + batch]
            # Only counts, no lists of neighbours; the slack includes points that rounding puts outside.
            counts = self._full_tree.query_ball_point(self._points[rows], self._wider(reach), return_length=True)
            for part in _bounded(counts, 0, len(rows)):
                yield Neighbourhoods(rows[part], *self._to_length(*self._within(rows[part], reach, include_self)))
            start += batch
            # Counting takes time too, and a batch cannot be cancelled.
            batch = int(np.clip(_MOST_CANDIDATES / counts.mean(), 16, 65536))

    def _nearest(
        self, anchors: np.ndarray, k: int, candidates: int, include_self: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """``(b, k)`` indices and distances (chords on the sphere), from that many nearest places or more."""
        candidates = min(candidates, len(self._groups))
        workers = min(4, os.cpu_count() or 1) if len(anchors) > 1000 else 1
        _, places = self._tree.query(self._points[anchors], k=np.arange(1, candidates + 1), workers=workers)
        reach = self._distances(anchors, self._groups.first[places[:, -1]])
        indices = self._groups.expand(places, k + 1)
        indices, distances = self._ordered(anchors, indices, include_self)
        indices, distances = indices[:, :k], distances[:, :k]
        if candidates < len(self._groups):
            # Points that tie with the k-th may lie beyond the last candidate: these rows are searched again.
            open_rows = np.flatnonzero(distances[:, -1] + 2 * self._slack(anchors, reach) >= reach)
            step = max(1, _MOST_CANDIDATES // (2 * candidates * self._groups.width(k + 1)))
            for start in range(0, len(open_rows), step):
                rows = open_rows[start : start + step]
                found = self._nearest(anchors[rows], k, 2 * candidates, include_self)
                indices[rows], distances[rows] = found
        return indices, distances

    def _within(self, anchors: np.ndarray, reach: float, include_self: bool) -> tuple[np.ndarray, np.ndarray]:
        near = _tree(self._points[anchors])
        pairs = near.sparse_distance_matrix(self._full_tree, self._wider(reach), output_type="ndarray")
        pairs = pairs[np.argsort(pairs["i"], kind="stable")]
        rows, members = pairs["i"], pairs["j"]
        counts = np.bincount(rows, minlength=len(anchors))
        indices = np.full((len(anchors), max(1, int(counts.max(initial=0)))), -1, np.int64)
        indices[rows, np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows]] = members
        indices, distances = self._ordered(anchors, indices, include_self)
        beyond = distances > reach + self._slack(anchors, np.full(len(anchors), reach))[:, None]
        indices[beyond], distances[beyond] = -1, np.inf
        width = max(1, int((indices >= 0).sum(axis=1).max(initial=0)))
        return indices[:, :width], distances[:, :width]

    def _ordered(self, anchors: np.ndarray, indices: np.ndarray, include_self: bool) -> tuple[np.ndarray, np.ndarray]:
        """Indices (-1 at any place) and distances, in the order of (distance, index)."""
        distances = self._distances(anchors[:, None], indices)
        distances[indices < 0] = np.inf
        if not include_self:
            distances[indices == anchors[:, None]] = np.inf
        indices = np.where(np.isinf(distances), -1, indices)
        slack = self._slack(anchors, np.zeros(len(anchors)))[:, None]
        wide = indices.shape[1] > 256  # a loop over the columns would take longer than to sort them
        untidy = np.full(len(anchors), wide)
        for k in range(1, 0 if wide else indices.shape[1]):  # column by column, so that temporaries are small
            before = distances[:, k - 1] + slack[:, 0] + self._rounding * distances[:, k]
            untidy |= (distances[:, k] <= before) & (indices[:, k] >= 0)
        rows = np.flatnonzero(untidy)
        if len(rows):
            indices[rows], distances[rows] = self._sorted(indices[rows], distances[rows], slack[rows])
        return indices, distances

    def _sorted(self, indices: np.ndarray, distances: np.ndarray, slack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(distances, axis=1, kind="stable")
        indices, distances = np.take_along_axis(indices, order, 1), np.take_along_axis(distances, order, 1)
        with np.errstate(invalid="ignore"):  # infinite where there is no neighbour
            apart = np.diff(distances, axis=1) > slack + self._rounding * distances[:, 1:]
        level = np.zeros(indices.shape, np.int64)
        np.cumsum(apart, axis=1, out=level[:, 1:])
        level[indices < 0] = indices.shape[1]
        order = np.lexsort((indices, level), axis=1)
        return np.take_along_axis(indices, order, 1), np.take_along_axis(distances, order, 1)

    def _distances(self, anchors: np.ndarray, others: np.ndarray) -> np.ndarray:
        # Column by column, so that sums are added in one order and no array of all differences is made.
        total = np.zeros(np.broadcast_shapes(anchors.shape, others.shape))
        for axis in range(self._points.shape[1]):
            column = self._points[:, axis]
            difference = column[others]
            difference -= column[anchors]
            difference *= difference
            total += difference
        return np.sqrt(total, out=total)

    def _slack(self, anchors: np.ndarray, reach: np.ndarray) -> np.ndarray:
        """``(b,)`` the most by which rounding of the coordinates changes distances of about ``reach``."""
        return self._rounding * (np.abs(self._points[anchors]).max(axis=1) + reach)

    def _wider(self, reach: float) -> float:
        return reach + 2 * self._rounding * (float(np.abs(self._points).max()) + reach)

    def _to_length(self, indices: np.ndarray, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._spherical:
            far = np.isinf(distances)
            distances = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(distances / 2, 1))
            distances[far] = np.inf
        return indices, distances


class _Groups:
    """Points grouped by place; the tree holds each place once, since many equal points would make it slow.

    ``first`` ``(places,)``: a point of each place. Members of a place are in the order of their index.
    """

    def __init__(self, points: np.ndarray) -> None:
        order = np.lexsort(points.T[::-1])
        new = np.ones(len(points), bool)
        new[1:] = (points[order[1:]] != points[order[:-1]]).any(axis=1)
        self._starts = np.flatnonzero(new)
        self._single = len(self._starts) == len(points)
        self._order = np.arange(len(points)) if self._single else order
        if self._single:
            self._starts = self._order
        self.first = self._order[self._starts]
        self._counts = np.diff(np.append(self._starts, len(points)))
        self._most = int(self._counts.max())

    def __len__(self) -> int:
        return len(self.first)

    def width(self, most: int) -> int:
        """The largest number of members of a place, at most ``most``."""
        return min(self._most, most)

    def expand(self, places: np.ndarray, most: int) -> np.ndarray:
        """``(b, p)`` places to ``(b, p * width(most))`` points, -1 where a place has fewer."""
        if self._single:
            return places.astype(np.int64)
        steps = np.arange(self.width(most))
        points = self._order[np.minimum(self._starts[places][..., None] + steps, len(self._order) - 1)]
        points[steps >= self._counts[places][..., None]] = -1
        return points.reshape(len(places), -1)

    def members(self, places: np.ndarray) -> np.ndarray:
        """The points at all ``places``, one place after the other."""
        counts = self._counts[places]
        steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return self._order[np.repeat(self._starts[places], counts) + steps]


def unit_vectors(coordinates: np.ndarray) -> np.ndarray:
    """``(n, 3)`` unit vectors of ``(n, 2)`` longitudes and latitudes in degrees."""
    if coordinates.shape[1] != 2:
        allowed = "haversine distances need two: longitude and latitude in degrees"
        raise ParameterError("number of coordinates", coordinates.shape[1], allowed)
    bad = (np.abs(coordinates) > (360, 90)).any(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        allowed = "haversine distances need longitude (-360 to 360) and latitude (-90 to 90) in degrees"
        raise ParameterError(f"coordinates of point {first}", coordinates[first].tolist(), allowed)
    lon, lat = coordinates.T
    lon = np.where(lon > 180, lon - 360, np.where(lon <= -180, lon + 360, lon))  # -180 and 180 are one place
    lon, lat = np.radians(lon), np.radians(lat)
    across = np.cos(lat)
    across[np.abs(coordinates[:, 1]) == 90] = 0  # at a pole, all longitudes are one place
    return np.stack([across * np.cos(lon), across * np.sin(lon), np.sin(lat)], axis=1)


def _chord(radius_km: float) -> float:
    return 2.0 * float(np.sin(min(radius_km / EARTH_RADIUS_KM, np.pi) / 2))


def _bounded(sizes: np.ndarray, start: int, stop: int) -> Iterator[slice]:
    """Slices of rows whose number times the largest of their sizes is bounded; each has at least one row."""
    if stop - start <= 1 or (stop - start) * int(sizes[start:stop].max()) <= _MOST_CANDIDATES:
        if stop > start:
            yield slice(start, stop)
        return
    middle = (start + stop) // 2
    yield from _bounded(sizes, start, middle)
    yield from _bounded(sizes, middle, stop)


def _tree(points: np.ndarray) -> Any:
    try:
        from scipy.spatial import cKDTree
    except ImportError as error:
        raise MissingPackageError("scipy", "to find neighbours of points") from error
    return cKDTree(points)
