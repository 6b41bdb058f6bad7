"""Where the chips lie: the chip at a place, and outlines for a map.

Outlines are closed lines in the raster's CRS, written as WKB (``grid/wkb.py``). Places on the raster are ``(row, col)``
with fractions, counted from the upper-left corner of the upper-left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Callable, NamedTuple

import numpy as np

from ..base.errors import PlanError
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.wkb import multi_line
from ..loop.patcher import SpatialPatcher
from ..plan.outlined import Outlined
from ..plan.plan import PlannedChip


def nearest_chip(
    patcher: SpatialPatcher, domain: RasterDomain, row: float, col: float, watch: Callable[[float], None] | None = None
) -> tuple[PlannedChip, bool]:
    """The chip of the plan whose middle is nearest to a place, and whether it is mirrored at the raster's edge.

    ``watch``: as of ``patcher.plan``.
    """
    sampler = patcher.layout.near(patcher.sampler, domain, row, col, watch)
    plan = replace(patcher, sampler=sampler).plan(domain, watch)
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
    _chips: Outlined

    @classmethod
    def of(cls, patcher: SpatialPatcher, domain: RasterDomain, window: PixelWindow | None = None) -> Outlines:
        """Raises :class:`PlanError` where there is no chip, or the raster has no place in the world."""
        if not domain.placed:
            raise PlanError("raster", domain.shape, "has no transform: where its pixels lie is not known")
        window = domain.window if window is None else window
        return cls(domain, window, patcher.layout.outlines(patcher.sampler, patcher.window, domain))

    @cached_property
    def count(self) -> int:
        """Number of chips that touch the window."""
        return self._chips.count(self.window)

    def view(self, points: Any) -> PixelWindow:
        """The part of the window that holds world ``points`` ``(x, y)`` in the raster's CRS; without pixels where none
        does.
        """
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
        count = self._chips.count(view) if view.pixels else 0
        if not count:
            return Lines(b"", 0, 0)
        rings = self._rings(self._chips.some(view, most))
        return Lines(multi_line(rings), len(rings), count)

    def at(self, x: float, y: float) -> Found | None:
        """The chip that holds a world point in the raster's CRS; where several do, the one whose middle is nearest."""
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
