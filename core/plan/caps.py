"""Chips by distance on the Earth: all pixels whose centres lie within a great-circle distance of the anchor pixel's.

Distances are haversine distances (R. W. Sinnott, "Virtues of the haversine", Sky and Telescope 68, 1984) on a sphere of
6371.0088 km, the mean radius of GRS 80, between longitudes and latitudes as the raster's CRS gives them. Against the
geodesic on the ellipsoid they are wrong by up to 0.6 %.

Not every pixel is compared with every anchor. The raster is cut into blocks; each has a centre and a radius that holds
all its pixels, found from a few of them with a margin. Only blocks that may reach into the cap are looked at, in parts,
and only the pixels of parts that may do so exactly.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, NamedTuple

import numpy as np

from ..axes.geometry import SpatialGeometry
from ..axes.sampler import SpatialExplicit, SpatialSampler, checked_sampler
from ..axes.window import SpatialWindow
from ..base.checks import is_finite, is_whole
from ..base.errors import ParameterError, PlanError
from ..gdal.masks import pixel_polygons
from ..grid.crs import crs_text, from_lonlat, lonlat_of
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.earth import EARTH_RADIUS_KM, haversine_km
from ..grid.wkb import multi_polygon
from .lists import KeptArrays, ListPlan
from .plan import Plan

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
_ROUND = 72  # pieces of a circle
_ALLOWED = "must say where the caps' centres lie, such as SpatialRandom(100)"


@dataclass(frozen=True)
class SpatialSphericalCap(SpatialGeometry):
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
    several_parts = True

    def __post_init__(self) -> None:
        """Refuse a radius that is not above 0."""
        value = self.radius_km
        if not is_finite(value) or value <= 0:
            raise ParameterError("radius_km", value, "must be a number of kilometres above 0")
        object.__setattr__(self, "radius_km", int(value) if is_whole(value) else float(value))

    def plan(
        self,
        sampler: SpatialSampler | None,
        window: SpatialWindow,
        domain: RasterDomain,
        watch: Callable[[float], None] | None = None,
    ) -> ListPlan:
        """One chip per anchor; its window is the smallest rectangle that holds the cap's pixels on the raster.

        ``watch`` is called with the share that is done, 0 to 1, several times a second, also when weights are computed
        later; it may raise to end the search.
        """
        sampler = checked_sampler(sampler, _ALLOWED)
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

    def cap_km(self) -> float:
        """The radius."""
        return float(self.radius_km)

    def boxes(self, sampler: SpatialSampler | None, window: SpatialWindow, domain: RasterDomain) -> ListPlan:
        """Boxes around the caps, since finding their pixels takes as long as a run; see :class:`Circles`."""
        window.radial(np.zeros(1))  # refused now, if at all
        places = self.outlines(sampler, window, domain).places
        starts = np.maximum(places[:, :2], 0)
        stops = np.minimum(places[:, :2] + places[:, 2:], np.array(domain.shape))
        return ListPlan.of(domain.shape, np.concatenate([starts, stops - starts], axis=1), np.arange(len(places)))

    def outlines(self, sampler: SpatialSampler | None, window: SpatialWindow, domain: RasterDomain) -> Circles:
        """Circles about the sampler's anchors."""
        return Circles(checked_sampler(sampler, _ALLOWED).anchors(domain.shape, domain), self.cap_km(), domain)

    def footprints(self, plan: Plan, indices: np.ndarray, domain: RasterDomain) -> tuple[list[bytes], np.ndarray]:
        """Multi-polygons: circles, and where one cannot be drawn as a ring the outline of the chip's pixels."""
        return _round(plan, indices, self.cap_km(), domain)

    def near(
        self,
        sampler: SpatialSampler | None,
        domain: RasterDomain,
        row: float,
        col: float,
        watch: Callable[[float], None] | None = None,
    ) -> SpatialSampler:
        """The nearest anchor alone: a plan of all caps would take long."""
        anchors = checked_sampler(sampler, _ALLOWED).drawn(domain.shape, domain, watch)
        return SpatialExplicit([anchors[np.argmin(((anchors + 0.5 - (row, col)) ** 2).sum(axis=1))]])

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
    """Calls a ``watch`` with the share of the work that is done, which never falls."""

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
        """The longer of a pixel's height and width in km, through its centre; 0 where it is not known."""
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
        """Check blocks with a sample off the Earth pixel by pixel: samples do not represent them."""
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


class Circles:
    """Circles on the Earth about pixels ``anchors`` ``(n, 2)``, as ``outlined.Outlined``.

    ``places`` ``(n, 4)`` are the squares of pixels around the anchors that surely hold them, if no scale on the raster
    is far from that at its middle; which pixels lie in a cap is found by :meth:`SpatialSphericalCap.plan`. They may
    reach over the raster's edge.
    """

    def __init__(self, anchors: np.ndarray, radius_km: float, domain: RasterDomain) -> None:
        self.anchors, self._radius_km = anchors, radius_km
        reach = self._reach(domain)
        self.places = np.concatenate([anchors - reach, np.broadcast_to(2 * reach + 1, anchors.shape)], axis=1)

    def _touching(self, view: PixelWindow) -> np.ndarray:
        stops = self.places[:, :2] + self.places[:, 2:]
        there = (stops > np.array(view[:2])) & (self.places[:, :2] < np.array([view.row_stop, view.col_stop]))
        return np.flatnonzero(there.all(axis=1))

    def count(self, view: PixelWindow) -> int:
        """Number of squares that touch a window."""
        return len(self._touching(view))

    def _reach(self, domain: RasterDomain) -> np.ndarray:
        """Rows and columns from the middle of the raster to the edge of a cap there, generously."""
        middle = np.array([[n // 2 for n in domain.shape]])
        rings = self.rings(np.concatenate([middle, middle], axis=1), domain)[0]
        cols, rows = domain.to_pixels(rings[:, 0], rings[:, 1])
        most = [np.nanmax(np.abs(v - m - 0.5)) if np.isfinite(v).any() else 0 for v, m in zip((rows, cols), middle[0])]
        return np.array([int(np.ceil(min(v, n))) for v, n in zip(most, domain.shape)])

    def some(self, view: PixelWindow, most: int) -> np.ndarray:
        """``(n, 4)`` anchors and sizes of squares."""
        chips = self._touching(view)
        return self._items(chips[:: -(-len(chips) // most)])

    def holding(self, row: float, col: float, window: PixelWindow) -> np.ndarray | None:
        """``(4,)`` anchor and size of the circle that holds a place, about."""
        chips = self._touching(window)
        away = np.hypot(*((self.anchors[chips] + 0.5 - (row, col)) / (self.places[chips, 2:] / 2)).T)
        if not len(chips) or away.min() > 1:
            return None
        return self._items(chips[[np.argmin(away)]])[0]

    def _items(self, chips: np.ndarray) -> np.ndarray:
        return np.concatenate([self.anchors[chips], self.places[chips, 2:]], axis=1)

    def rings(self, items: np.ndarray, domain: RasterDomain) -> np.ndarray:
        """``(n, points, 2)`` world ``(x, y)``."""
        return circles(items[:, :2], self._radius_km, domain)


def circles(anchors: np.ndarray, radius_km: float, domain: RasterDomain) -> np.ndarray:
    """``(n, points, 2)`` world ``(x, y)`` of circles on the Earth about the centres of pixels ``(row, col)``.

    NaN where a place has no coordinates in the raster's CRS. A circle about a pole does not close in degrees.
    """
    crs, radius = crs_text(domain.crs, "the raster's crs"), radius_km / EARTH_RADIUS_KM
    lon, lat = (
        np.radians(v)[:, None] for v in lonlat_of(*domain.to_world(anchors[:, 1] + 0.5, anchors[:, 0] + 0.5), crs)
    )
    bearing = np.linspace(0, 2 * np.pi, _ROUND + 1)
    sine = np.sin(lat) * np.cos(radius) + np.cos(lat) * np.sin(radius) * np.cos(bearing)
    turn = np.arctan2(np.sin(bearing) * np.sin(radius) * np.cos(lat), np.cos(radius) - np.sin(lat) * sine)
    x, y = from_lonlat(np.degrees(lon + turn), np.degrees(np.arcsin(np.clip(sine, -1, 1))), crs)
    return np.stack([x, y], axis=-1)


def _round(plan: Plan, chosen: np.ndarray, radius_km: float, domain: RasterDomain) -> tuple[list[bytes], np.ndarray]:
    """Outlines of caps, and the shares of them that lie on the raster."""
    outlines, inside = [], np.full(len(chosen), np.nan)
    for k, (index, ring) in enumerate(zip(chosen.tolist(), circles(plan.anchors_of(chosen), radius_km, domain))):
        place = PixelWindow(*plan.places_of(chosen[k : k + 1])[0].tolist())
        col, row = domain.to_pixels(ring[:, 0], ring[:, 1])
        if _is_around(place, row, col, domain):
            ring[-1] = ring[0]  # to the last digit
            polygons, inside[k] = [[ring]], 1.0
            if min(row.min(), col.min()) < 0 or row.max() > domain.shape[0] or col.max() > domain.shape[1]:
                pixels = np.count_nonzero(np.asarray(plan.chip(index).weights))
                inside[k] = min(pixels / _area(row, col), 1)
        else:
            weights = np.asarray(plan.chip(index).weights)
            polygons = _polygons(weights > 0, domain.crop(place))
        outlines.append(multi_polygon(polygons))
    return outlines, inside


def _polygons(mask: np.ndarray, domain: RasterDomain) -> list[list[np.ndarray]]:
    """Rings ``(n, 2)`` in the world, by polygon, of the pixels of ``domain`` where ``mask`` is True."""
    found = pixel_polygons(mask, domain.transform)
    if domain.transform is not None:
        return found
    return [[np.stack(domain.to_world(ring[:, 0], ring[:, 1]), axis=1) for ring in rings] for rings in found]


def _is_around(place: PixelWindow, row: np.ndarray, col: np.ndarray, domain: RasterDomain) -> bool:
    """Whether a circle, in pixels, lies around the window of a cap's pixels, as far as it lies on the raster."""
    if not (np.isfinite(row).all() and np.isfinite(col).all()):
        return False
    for at, start, size, length in zip((row, col), place[:2], place[2:], domain.shape):
        slack = 1.5 + 0.01 * size  # whose centres are in; a circle is drawn with corners
        lo, hi = np.clip([at.min(), at.max()], 0, length)
        closed = abs(at[0] - at[-1]) <= slack
        if not closed or abs(lo - start) > slack or abs(hi - start - size) > slack:
            return False
    return True


def _area(row: np.ndarray, col: np.ndarray) -> float:
    return max(abs(float(np.sum(col[:-1] * row[1:] - col[1:] * row[:-1]))) / 2, 1.0)


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
