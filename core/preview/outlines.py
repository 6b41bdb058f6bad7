"""Where the chips lie: the chip at a place, and outlines for a map.

Outlines are closed lines in the raster's CRS, written as WKB (``grid/wkb.py``). Places on the raster are ``(row, col)``
with fractions, counted from the upper-left corner of the upper-left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Callable, NamedTuple

import numpy as np

from ..axes.sampler import SpatialExplicit
from ..base.errors import PlanError
from ..grid.crs import crs_text, from_lonlat, lonlat_of
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.earth import EARTH_RADIUS_KM
from ..grid.wkb import multi_line
from ..plan.plan import LatticePlan, Plan, PlannedChip

_SIDE = 4  # pieces of a rectangle's side: a straight line in one CRS is a curve in another
_ROUND = 72  # pieces of a circle


def nearest_chip(
    patcher: Any, domain: RasterDomain, row: float, col: float, watch: Callable[[float], None] | None = None
) -> tuple[PlannedChip, bool]:
    """The chip of the plan whose middle is nearest to a place, and whether it is mirrored at the raster's edge.

    ``watch``: as of ``patcher.plan``.
    """
    if not patcher.layout.plan_is_quick:  # a plan of all caps would take long
        anchors = patcher.sampler.drawn(domain.shape, domain, watch)
        anchor = anchors[np.argmin(((anchors + 0.5 - (row, col)) ** 2).sum(axis=1))]
        patcher = replace(patcher, sampler=SpatialExplicit([anchor]))
    plan: Plan = patcher.plan(domain, watch)
    return plan.nearest(row, col), plan.mirrored


class Found(NamedTuple):
    """A chip at a place: ``anchor`` ``(row, col)`` is its upper-left pixel, or the centre of a round chip."""

    anchor: tuple[int, int]
    outline: bytes


class Lines(NamedTuple):
    """Outlines as a WKB multi-line-string: ``drawn`` of the ``total`` chips that are there."""

    wkb: bytes
    drawn: int
    total: int


@dataclass(frozen=True, eq=False)
class Outlines:
    """The outlines of the chips of a patcher on ``domain`` that touch ``window``."""

    domain: RasterDomain
    window: PixelWindow
    _chips: Any

    @classmethod
    def of(cls, patcher: Any, domain: RasterDomain, window: PixelWindow | None = None) -> Outlines:
        """Raises :class:`PlanError` where there is no chip, or the raster has no place in the world."""
        if not domain.placed:
            raise PlanError("raster", domain.shape, "has no transform: where its pixels lie is not known")
        window = domain.window if window is None else window
        if not patcher.layout.plan_is_quick:
            return cls(domain, window, _Caps(patcher, domain))
        plan = patcher.plan(domain)
        chips = _Lattice(plan) if isinstance(plan, LatticePlan) else _Listed(plan.places)
        return cls(domain, window, chips)

    @cached_property
    def count(self) -> int:
        """Number of chips that touch the window."""
        return int(self._chips.count(self.window))

    def view(self, points: Any) -> PixelWindow:
        """The part of the window that holds world ``points`` ``(x, y)`` in the raster's CRS; no pixels: none of it."""
        places = np.array([self.domain.to_pixels(*point)[::-1] for point in points], dtype=np.float64).reshape(-1, 2)
        places = places[np.isfinite(places).all(axis=1)]
        if not len(places):
            return self.window
        limits = np.stack([np.floor(places.min(axis=0)), np.ceil(places.max(axis=0))])
        limits = np.clip(limits, -1, np.array(self.domain.shape) + 1)
        (top, left), (bottom, right) = limits.astype(int).tolist()
        return PixelWindow(top, left, bottom - top, right - left).intersect(self.window)

    def lines(self, view: PixelWindow, most: int) -> Lines:
        """The outlines of the chips that touch ``view``, no more than ``most``.

        Where there are more, only every second, third, ... chip is drawn, in its true place.
        """
        count = int(self._chips.count(view)) if view.pixels else 0
        if not count:
            return Lines(b"", 0, 0)
        rings = self._rings(self._chips.some(view, most))
        return Lines(multi_line(rings), len(rings), count)

    def at(self, x: float, y: float) -> Found | None:
        """The chip that holds a world point in the raster's CRS, of several the one whose middle is nearest."""
        col, row = self.domain.to_pixels(x, y)
        if not (0 <= row < self.domain.shape[0] and 0 <= col < self.domain.shape[1]):
            return None
        item = self._chips.holding(row, col, self.window)
        if item is None:
            return None
        rings = self._rings(item[None])
        return Found((int(item[0]), int(item[1])), multi_line(rings)) if len(rings) else None

    def _rings(self, items: np.ndarray) -> np.ndarray:
        """``(n, points, 2)`` world ``(x, y)``; chips that have no place in the raster's CRS are left out."""
        rings = self._chips.rings(items, self.domain)
        return rings[np.isfinite(rings).all(axis=(1, 2))]


def _boxes(places: np.ndarray, domain: RasterDomain) -> np.ndarray:
    """The outlines of rectangles ``(row, col, height, width)``."""
    share = np.arange(_SIDE) / _SIDE
    one, none = np.ones(_SIDE), np.zeros(_SIDE)
    down = np.concatenate([none, share, one, 1 - share, [0]])
    right = np.concatenate([share, one, 1 - share, none, [0]])
    x, y = domain.to_world(places[:, 1:2] + right * places[:, 3:], places[:, 0:1] + down * places[:, 2:3])
    return np.stack([x, y], axis=-1)


class _Lattice:
    """Every row start with every column start; there may be too many to list."""

    def __init__(self, plan: LatticePlan) -> None:
        self.plan = plan

    def count(self, view: PixelWindow) -> int:
        return self.plan.count(view)

    def some(self, view: PixelWindow, most: int) -> np.ndarray:
        rows = self.plan.rows.touching(view.row, view.row_stop)
        cols = self.plan.cols.touching(view.col, view.col_stop)
        few, every = 0, max(len(rows), len(cols), 1)  # every few-th are too many, of every-th there are few enough
        while every - few > 1:
            middle = (few + every) // 2
            enough = len(rows[::middle]) * len(cols[::middle]) <= most
            few, every = (few, middle) if enough else (middle, every)
        i, j = (v.ravel() for v in np.meshgrid(rows[::every], cols[::every], indexing="ij"))
        return self._places(i, j)

    def holding(self, row: float, col: float, window: PixelWindow) -> np.ndarray | None:
        found = []
        sides = ((self.plan.rows, row, window.row, window.row_stop), (self.plan.cols, col, window.col, window.col_stop))
        for axis, at, lo, hi in sides:
            here, there = axis.touching(int(at), int(at) + 1), axis.touching(lo, hi)
            chips = range(max(here.start, there.start), min(here.stop, there.stop))
            if not chips:
                return None
            found.append(axis.nearest(at, chips))
        return self._places(np.array(found[:1]), np.array(found[1:]))[0]

    def _places(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        rows, cols = self.plan.rows, self.plan.cols
        return np.stack([rows.starts(i), cols.starts(j), rows.sizes(i), cols.sizes(j)], axis=-1)

    rings = staticmethod(_boxes)


class _Listed:
    """Rectangles ``(row, col, height, width)`` one by one."""

    def __init__(self, places: np.ndarray) -> None:
        self.places = places

    def _touching(self, view: PixelWindow) -> np.ndarray:
        stops = self.places[:, :2] + self.places[:, 2:]
        there = (stops > np.array(view[:2])) & (self.places[:, :2] < np.array([view.row_stop, view.col_stop]))
        return np.flatnonzero(there.all(axis=1))

    def count(self, view: PixelWindow) -> int:
        return len(self._touching(view))

    def some(self, view: PixelWindow, most: int) -> np.ndarray:
        chips = self._touching(view)
        return self.places[chips[:: -(-len(chips) // most)]]

    def holding(self, row: float, col: float, window: PixelWindow) -> np.ndarray | None:
        chips = self.places[self._touching(window)]
        chips = chips[((chips[:, :2] <= (row, col)) & (chips[:, :2] + chips[:, 2:] > (row, col))).all(axis=1)]
        if not len(chips):
            return None
        return chips[np.argmin(((chips[:, :2] + chips[:, 2:] / 2 - (row, col)) ** 2).sum(axis=1))]

    rings = staticmethod(_boxes)


def cap_places(patcher: Any, domain: RasterDomain) -> np.ndarray:
    """``(n, 4)`` boxes ``(row, col, height, width)`` around the caps of a patcher, by the scale at the raster's middle.

    They may reach over the raster's edge.
    """
    return _Caps(patcher, domain).places


class _Caps(_Listed):
    """Circles on the Earth. ``places`` are the squares of pixels around the anchors that surely hold them, if no scale
    on the raster is far from that at its middle; which pixels are in a cap only a run finds out."""

    def __init__(self, patcher: Any, domain: RasterDomain) -> None:
        self.anchors = patcher.sampler.anchors(domain.shape, domain)
        self.radius = float(patcher.geometry.radius_km) / EARTH_RADIUS_KM
        reach = self._reach(domain)
        super().__init__(np.concatenate([self.anchors - reach, np.broadcast_to(2 * reach + 1, self.anchors.shape)], 1))

    def _reach(self, domain: RasterDomain) -> np.ndarray:
        """Rows and columns from the middle of the raster to the edge of a cap there, generously."""
        middle = np.array([[n // 2 for n in domain.shape]])
        rings = self.rings(np.concatenate([middle, middle], axis=1), domain)[0]
        cols, rows = domain.to_pixels(rings[:, 0], rings[:, 1])
        most = [np.nanmax(np.abs(v - m - 0.5)) if np.isfinite(v).any() else 0 for v, m in zip((rows, cols), middle[0])]
        return np.array([int(np.ceil(min(v, n))) for v, n in zip(most, domain.shape)])

    def some(self, view: PixelWindow, most: int) -> np.ndarray:
        chips = self._touching(view)
        return self._items(chips[:: -(-len(chips) // most)])

    def holding(self, row: float, col: float, window: PixelWindow) -> np.ndarray | None:
        chips = self._touching(window)
        away = np.hypot(*((self.anchors[chips] + 0.5 - (row, col)) / (self.places[chips, 2:] / 2)).T)
        if not len(chips) or away.min() > 1:
            return None
        return self._items(chips[[np.argmin(away)]])[0]

    def _items(self, chips: np.ndarray) -> np.ndarray:
        return np.concatenate([self.anchors[chips], self.places[chips, 2:]], axis=1)

    def rings(self, items: np.ndarray, domain: RasterDomain) -> np.ndarray:
        return circles(items[:, :2], self.radius * EARTH_RADIUS_KM, domain)


def circles(anchors: np.ndarray, radius_km: float, domain: RasterDomain) -> np.ndarray:
    """``(n, points, 2)`` world ``(x, y)`` of circles on the Earth about the centres of pixels ``(row, col)``.

    NaN where a place has no coordinates in the raster's CRS. A circle about a pole does not close in degrees.
    """
    crs, radius = crs_text(domain.crs, "the raster's crs"), radius_km / EARTH_RADIUS_KM
    lon, lat = (np.radians(v)[:, None] for v in lonlat_of(
        *domain.to_world(anchors[:, 1] + 0.5, anchors[:, 0] + 0.5), crs))  # fmt: skip
    bearing = np.linspace(0, 2 * np.pi, _ROUND + 1)
    sine = np.sin(lat) * np.cos(radius) + np.cos(lat) * np.sin(radius) * np.cos(bearing)
    turn = np.arctan2(np.sin(bearing) * np.sin(radius) * np.cos(lat), np.cos(radius) - np.sin(lat) * sine)
    x, y = from_lonlat(np.degrees(lon + turn), np.degrees(np.arcsin(np.clip(sine, -1, 1))), crs)
    return np.stack([x, y], axis=-1)
