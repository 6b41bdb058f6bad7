"""Chips as shapes in the world: lines to be drawn on a map, and polygons as features.

Places on the raster are ``(row, col)``, counted from the upper-left corner of the upper-left pixel. Polygons are WKB
(OGC 06-103r4, "well-known binary"), little-endian, in the raster's CRS.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..grid.domain import PixelWindow, RasterDomain
from ..grid.wkb import polygon
from .plan import Plan

_SIDE = 4  # pieces of a rectangle's side: a straight line in one CRS is a curve in another


class Outlined(Protocol):
    """Chips that can be drawn, whether or not their plan has been made. An item is ``(row, col, height, width)`` of a
    rectangle, or of a round chip its centre pixel and the size of the square around it.
    """

    def count(self, view: PixelWindow) -> int:
        """Number of chips that touch a window."""

    def some(self, view: PixelWindow, most: int) -> np.ndarray:
        """``(n, 4)`` items of those that touch a window: all, or every second, third, ..., so that n is at most
        ``most``.
        """

    def holding(self, row: float, col: float, window: PixelWindow) -> np.ndarray | None:
        """``(4,)`` the item that holds a place, among those that touch the window; the one whose middle is nearest."""

    def rings(self, items: np.ndarray, domain: RasterDomain) -> np.ndarray:
        """``(n, points, 2)`` world ``(x, y)`` of closed lines around them; NaN where there is no such place."""


class Boxes:
    """The boxes of a plan's chips."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def count(self, view: PixelWindow) -> int:
        """Number of chips that touch a window."""
        return self._plan.count(view)

    def some(self, view: PixelWindow, most: int) -> np.ndarray:
        """``(n, 4)`` places, as the plan gives them."""
        return self._plan.places_of(self._plan.some(view, most))

    def holding(self, row: float, col: float, window: PixelWindow) -> np.ndarray | None:
        """``(4,)`` the place of the box that holds a place."""
        index = self._plan.holding(row, col, window)
        if index is None:
            return None
        place: np.ndarray = self._plan.places_of(np.array([index]))[0]
        return place

    def rings(self, items: np.ndarray, domain: RasterDomain) -> np.ndarray:
        """``(n, points, 2)`` world ``(x, y)``, with points between the corners."""
        return box_rings(items, domain)


def box_rings(places: np.ndarray, domain: RasterDomain) -> np.ndarray:
    """``(n, points, 2)`` world ``(x, y)``: closed outlines of rectangles ``(row, col, height, width)``."""
    share = np.arange(_SIDE) / _SIDE
    one, none = np.ones(_SIDE), np.zeros(_SIDE)
    down = np.concatenate([none, share, one, 1 - share, [0]])
    right = np.concatenate([share, one, 1 - share, none, [0]])
    x, y = domain.to_world(places[:, 1:2] + right * places[:, 3:], places[:, 0:1] + down * places[:, 2:3])
    return np.stack([x, y], axis=-1)


def box_footprints(places: np.ndarray, domain: RasterDomain) -> tuple[list[bytes], np.ndarray]:
    """Polygons of rectangles ``(n, 4)`` as WKB, and ``(n,)`` the share of each that lies on the raster, 0 to 1."""
    row, col, height, width = places.T[..., None]
    right, down = np.array([0, 1, 1, 0, 0]), np.array([0, 0, 1, 1, 0])
    rings = np.stack(domain.to_world(col + right * width, row + down * height), axis=-1)
    inside = np.minimum(places[:, :2] + places[:, 2:], np.array(domain.shape)) - places[:, :2]
    share: np.ndarray = inside.prod(axis=1) / places[:, 2:].prod(axis=1)
    return [polygon([ring]) for ring in rings], share
