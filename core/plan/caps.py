"""Chips by distance on the Earth: all pixels whose centres lie within a great-circle distance of the anchor pixel's.

Distances are haversine distances (R. W. Sinnott, "Virtues of the haversine", Sky and Telescope 68, 1984) on a sphere of
6371.0088 km, the mean radius of GRS 80, between longitudes and latitudes as the raster's CRS gives them. Against the
geodesic on the ellipsoid they are wrong by up to 0.6 %.

Not every pixel is asked for every anchor. The raster is cut into blocks; each has a centre and a radius that holds all
its pixels, found from a few of them with a margin. Only blocks that may reach into the cap are looked at, in parts, and
only the pixels of parts that may do so exactly.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, NamedTuple

import numpy as np

from ..axes.sampler import SpatialSampler
from ..axes.window import SpatialWindow
from ..base.checks import is_finite, is_whole
from ..base.configurable import Configurable
from ..base.errors import ParameterError, PlanError
from ..grid.crs import crs_text, lonlat_of
from ..grid.domain import RasterDomain
from ..grid.earth import EARTH_RADIUS_KM, haversine_km
from .lists import KeptArrays, ListPlan

_BLOCK = 64  # pixels
_SAMPLES = 5  # along each side of a block
_PART = 8  # pixels; blocks are looked at in parts of that size
_SLACK = 1e-3  # km; takes in what rounding may put outside
_BATCH = 1 << 11  # parts, of which the pixels are looked at together
_BLOCKS = 1 << 11  # blocks, of which the parts are
_BALLS = 1 << 12  # blocks that are put into the index together
_INDEX = 0.3  # share of the work that it takes to make the index of blocks
_MOST_BLOCKS = 1 << 22  # for each of which it is kept where on Earth it lies
_KEPT_BYTES = 64 << 20  # of caps' weights, which are otherwise made again when the chip is due


@dataclass(frozen=True)
class SpatialSphericalCap(Configurable):
    """The pixels whose centres are at most ``radius_km`` from the centre of the anchor pixel, on the Earth's surface.

    Rasters in any CRS, rotated grids, poles and the date line are alike; a cap across both ends of a global grid has a
    window of the grid's whole width. Anchors off the Earth, as in the corners of a world map, give no chip.

    The window's weight is radial: ``window.radial(distance / rim)``. The rim lies half a pixel of the anchor's outside
    the radius, so that a pixel just on the radius has a weight above 0, as have the outermost pixels of a rectangle.
    """

    radius_km: float
    size = None
    plan_is_quick = False
    whole = False

    def __post_init__(self) -> None:
        """Refuse a radius that is not above 0."""
        value = self.radius_km
        if not is_finite(value) or value <= 0:
            raise ParameterError("radius_km", value, "must be a number of kilometres above 0")
        object.__setattr__(self, "radius_km", int(value) if is_whole(value) else float(value))

    def plan(
        self,
        sampler: SpatialSampler,
        window: SpatialWindow,
        domain: RasterDomain,
        watch: Callable[[float], None] | None = None,
    ) -> ListPlan:
        """One chip per anchor; its window is the smallest rectangle that holds the cap's pixels on the raster.

        ``watch`` is told the share that is done, 0 to 1, several times a second, also when weights are made later;
        what it raises ends the search.
        """
        if not isinstance(sampler, SpatialSampler):
            raise ParameterError("sampler", sampler, "must say where the caps' centres lie, such as SpatialRandom(100)")
        window.radial(np.zeros(1))  # refused now, if at all
        asked = _Asked(watch)
        anchors = sampler.drawn(domain.shape, domain, asked)
        caps = _Caps(domain, float(self.radius_km), window, asked)
        found, start = [], asked.share
        for position, anchor in enumerate(anchors.tolist()):
            asked(start + (1 - start) * position / len(anchors))
            found.append(caps.place(position, *anchor))
        places = np.array(found)
        there = places[:, 2] > 0
        order = np.flatnonzero(there)
        if not len(order):
            raise PlanError("sampler", type(sampler).__name__, "none of its anchors lies on the Earth")
        left_out = tuple(np.flatnonzero(~there).tolist())
        weights_at = partial(caps.weights_at, places, anchors)
        return ListPlan.of(domain.shape, places[order], order, left_out, weights_at=weights_at, anchors=anchors[order])

    def room(self, shape: tuple[int, int]) -> tuple[int, int]:
        """The whole raster: a centre may lie anywhere."""
        return shape

    def check(self, window: SpatialWindow, domain: RasterDomain) -> None:
        """Refuse a raster that is too large or has no place on the Earth, and a window that has no radius."""
        if -(-domain.shape[0] // _BLOCK) * -(-domain.shape[1] // _BLOCK) > _MOST_BLOCKS:
            raise PlanError("raster", domain.shape, "is too large for spherical caps: cut out the part that is needed")
        EarthGrid(domain)
        window.radial(np.zeros(1))

    def get_config(self) -> dict[str, Any]:
        """``{"radius_km": ...}``."""
        return {"radius_km": self.radius_km}


class _Cap(NamedTuple):
    """The pixels of a cap: rows, columns, distances in km; and the rim's distance."""

    rows: np.ndarray
    cols: np.ndarray
    km: np.ndarray
    rim: float


class _Asked:
    """Asks a ``watch`` whether to go on, with a share of the work that never falls."""

    def __init__(self, watch: Callable[[float], None] | None) -> None:
        self._watch, self.share = watch, 0.0

    def __call__(self, share: float = 0.0) -> None:
        self.share = max(self.share, share)
        if self._watch is not None:
            self._watch(self.share)


class _Caps:
    """Finds the caps of one plan."""

    def __init__(self, domain: RasterDomain, radius_km: float, window: SpatialWindow, asked: _Asked) -> None:
        self._globe, self._radius, self._window = _globe(domain, asked), radius_km, window
        self._asked = asked
        self._kept = KeptArrays(_KEPT_BYTES)

    def place(self, position: int, row: int, col: int) -> tuple[int, int, int, int]:
        """``(row, col, height, width)`` of a cap; no pixels where the anchor is off the Earth."""
        cap = self._find(row, col)
        if not len(cap.rows):
            return row, col, 0, 0
        first_row, first_col = int(cap.rows.min()), int(cap.cols.min())
        place = (first_row, first_col, int(cap.rows.max()) - first_row + 1, int(cap.cols.max()) - first_col + 1)
        if self._kept.has_room(place[2] * place[3] * 8):
            self._kept.put(position, self._weights(cap, place))
        return place

    def weights_at(self, places: np.ndarray, anchors: np.ndarray, position: int) -> np.ndarray:
        """``(h, w)`` weights, 0 outside the cap, read-only."""
        kept = self._kept.get(position)
        if kept is not None:
            return kept
        return self._weights(self._find(*anchors[position].tolist()), places[position].tolist())

    def _find(self, row: int, col: int) -> _Cap:
        lon, lat = (float(v[0]) for v in self._globe.lonlat(np.array([row]), np.array([col])))
        found = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0))]
        for rows, cols in self._globe.near(lon, lat, self._radius, self._asked):
            self._asked()
            km = haversine_km(lon, lat, *self._globe.lonlat(rows, cols))
            inside = km <= self._radius  # NaN is outside
            found.append((rows[inside].astype(np.int32), cols[inside].astype(np.int32), km[inside]))
        rim = self._radius + self._globe.pixel_km(row, col) / 2
        rows, cols, km = (np.concatenate(part) for part in zip(*found))
        return _Cap(rows, cols, km, rim)

    def _weights(self, cap: _Cap, place: Any) -> np.ndarray:
        weights = np.zeros((place[2], place[3]))
        weights[cap.rows - place[0], cap.cols - place[1]] = self._window.radial(cap.km / cap.rim)
        weights.flags.writeable = False
        return weights


class EarthGrid:
    """Where the pixels of a raster lie on the Earth."""

    def __init__(self, domain: RasterDomain) -> None:
        if not domain.placed:
            raise PlanError("raster", domain.shape, "has no transform: where on Earth its pixels lie is not known")
        self._domain, self._crs = domain, crs_text(domain.crs, "the raster's crs")

    def lonlat(self, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Degrees of pixel positions, counted so that whole numbers are pixel centres; NaN off the Earth."""
        return lonlat_of(*self._domain.to_world(cols + 0.5, rows + 0.5), self._crs)

    def pixel_km(self, row: int, col: int) -> float:
        """The longer of a pixel's height and width in km, through its centre; 0 where that cannot be said."""
        half = np.array([0.5, -0.5, 0, 0])
        lon, lat = self.lonlat(row + half, col + half[::-1])
        sides = haversine_km(lon[::2], lat[::2], lon[1::2], lat[1::2])
        return float(np.nan_to_num(sides).max())


class _Globe(EarthGrid):
    """Where the pixels of a raster lie on the Earth, with the index of blocks."""

    def __init__(self, domain: RasterDomain, asked: _Asked) -> None:
        super().__init__(domain)
        self._corners = [np.arange(0, n, _BLOCK) for n in domain.shape]
        bands = list(self._bands(asked))
        #: By block: centre, a unit vector (NaN: off the Earth); radius in km; km per pixel down and right, together.
        self._centres, self._radii, self._pace = (np.concatenate(parts) for parts in zip(*bands))
        self._look_at_the_edge_of_the_world(asked)

    def _bands(self, asked: _Asked) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """What :meth:`_balls` gives, row by row of blocks, and of long rows piece by piece."""
        for row in self._corners[0].tolist():
            asked(_INDEX * row / self._domain.shape[0])
            pieces = []
            for first in range(0, len(self._corners[1]), _BALLS):
                asked()
                pieces.append(self._balls(row, self._corners[1][first : first + _BALLS]))
            yield tuple(np.concatenate(parts) for parts in zip(*pieces))  # type: ignore[misc]

    def near(self, lon: float, lat: float, radius_km: float, asked: _Asked) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows and columns of the pixels that may be within the radius, in batches."""
        blocks = np.flatnonzero(_km(self._centres, _unit(lon, lat)) <= radius_km + self._radii)  # not where NaN
        for first in range(0, len(blocks), _BLOCKS):
            asked()
            yield from self._near(lon, lat, radius_km, blocks[first : first + _BLOCKS])

    def _near(
        self, lon: float, lat: float, radius_km: float, blocks: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        rows, cols = (corners[k] for corners, k in zip(self._corners, np.divmod(blocks, len(self._corners[1]))))
        steps = np.arange(0, _BLOCK, _PART)
        rows, cols, pace = np.broadcast_arrays(  # now of the blocks' parts
            rows[:, None, None] + steps[:, None], cols[:, None, None] + steps, self._pace[blocks][:, None, None]
        )
        there = (rows < self._domain.shape[0]) & (cols < self._domain.shape[1])
        rows, cols, pace = rows[there], cols[there], pace[there]
        middle = [np.minimum(v + _PART // 2, n - 1) for v, n in zip((rows, cols), self._domain.shape)]
        # Twice the way from the middle to a part's edge, as the scale changes within a block. NaN: look at all.
        close = ~(haversine_km(lon, lat, *self.lonlat(middle[0], middle[1])) > radius_km + _PART * pace)
        yield from self._pixels(rows[close], cols[close])

    def _pixels(self, rows: np.ndarray, cols: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        steps = np.arange(_PART)
        for first in range(0, len(rows), _BATCH):
            part = slice(first, first + _BATCH)
            down, right = np.broadcast_arrays(
                rows[part][:, None, None] + steps[:, None], cols[part][:, None, None] + steps
            )
            there = (down < self._domain.shape[0]) & (right < self._domain.shape[1])
            yield down[there], right[there]

    def _balls(self, first: int, firsts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Centres ``(n, 3)``, radii and paces ``(n,)`` of blocks, by their first row and columns, from samples.

        A centre is NaN where the middle is off the Earth, a radius where any sample is.
        """
        rows, down = _spread(np.array([first]), self._domain.shape[0])
        cols, right = _spread(firsts, self._domain.shape[1])
        lon, lat = self.lonlat(*np.broadcast_arrays(rows[0][:, None, None], cols[None]))
        vectors = np.moveaxis(_unit(lon, lat), 1, 0)  # (block, row, col, 3)
        middle = vectors[:, _SAMPLES // 2, _SAMPLES // 2]
        radius = _km(vectors, middle[:, None, None]).max(axis=(1, 2))
        steps = [_km(np.diff(vectors, axis=axis), np.zeros(3)).max(axis=(1, 2)) for axis in (1, 2)]
        # Every pixel lies in a cell of the samples, closer to one of them than the cell's sides add up to.
        return middle, radius + 1.1 * (steps[0] + steps[1]) + _SLACK, steps[0] / down + steps[1] / right

    def _look_at_the_edge_of_the_world(self, asked: _Asked) -> None:
        """Where a sample is off the Earth none can stand for its neighbourhood: such blocks are looked at exactly."""
        blocks = len(self._corners[0]), len(self._corners[1])
        unsure = np.isnan(self._radii).reshape(blocks)
        # All off the Earth, as their neighbours are: they have nothing on it.
        known = np.pad(np.isfinite(self._centres[:, 0]).reshape(blocks) | ~unsure, 1)
        beside = np.any([known[i : i + blocks[0], j : j + blocks[1]] for i in range(3) for j in range(3)], axis=0)
        for k in np.flatnonzero(unsure):
            asked()
            self._pace[k] = np.inf  # all of its pixels are candidates
            if beside.flat[k]:
                self._centres[k], self._radii[k] = self._exact_ball(*(int(i) for i in divmod(k, blocks[1])))

    def _exact_ball(self, block_row: int, block_col: int) -> tuple[np.ndarray, float]:
        row, col = int(self._corners[0][block_row]), int(self._corners[1][block_col])
        height, width = self._domain.shape
        rows, cols = np.mgrid[row : min(row + _BLOCK, height), col : min(col + _BLOCK, width)]
        vectors = _unit(*self.lonlat(rows.ravel(), cols.ravel()))
        vectors = vectors[np.isfinite(vectors[:, 0])]
        if not len(vectors):
            return np.full(3, np.nan), math.nan
        centre = vectors[len(vectors) // 2]
        return centre, float(_km(vectors, centre).max()) + _SLACK


def _km(vectors: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Distances in km of unit vectors ``(..., 3)`` from a centre; exact to 1 mm, at the antipode to 0.2 m."""
    chords = np.sqrt(((vectors - centre) ** 2).sum(axis=-1))
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chords / 2, 1))


def _unit(lon: Any, lat: Any) -> np.ndarray:
    lon, lat = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def _spread(starts: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """``(n, samples)`` positions over each block, its first and last pixel among them; ``(n,)`` their spacing."""
    span = np.minimum(starts + _BLOCK, length) - 1 - starts
    share = np.arange(_SAMPLES) / (_SAMPLES - 1)
    positions = np.rint(starts[:, None] + share * span[:, None]).astype(np.int64)
    return positions, np.maximum(span, 1) / (_SAMPLES - 1)


_GLOBES: OrderedDict[tuple[Any, ...], _Globe] = OrderedDict()


def _globe(domain: RasterDomain, asked: _Asked) -> _Globe:
    """The index of a raster, made once for the last few rasters."""
    place = domain.transform and tuple(domain.transform), domain.control
    key = (domain.shape, *place, crs_text(domain.crs, "the raster's crs"))
    globe = _GLOBES.get(key)
    if globe is None:
        globe = _GLOBES[key] = _Globe(domain, asked)
        while len(_GLOBES) > 4:
            _GLOBES.popitem(last=False)
    return globe
