"""From a box in any CRS to the pixels of a raster under it.

Longitudes of 190 and -170 are one place, and a box may lie on a raster that counts them from another meridian, or at
both its ends. A box that cannot be expressed in the raster's CRS, or is cut apart there, is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

from ..base.errors import ParameterError
from .domain import PixelWindow, RasterDomain, apply

_TURN = 360.0
_EDGE = 40  # points along each edge of a box
_SAMPLE = 21  # points along each side of the raster that are tested against the box
_HALVINGS = 14  # a step that is still half as long after so many halvings has a gap in it
_NUDGE = 1e-9  # degrees between a box that ends at a meridian and one that begins there

Transform = Callable[[np.ndarray, np.ndarray], "tuple[np.ndarray, np.ndarray]"]


@dataclass(frozen=True)
class Way:
    """Transformations from the CRS of a box to that of a raster and back; NaN for points that cannot be transformed.

    ``from_degrees`` and ``to_degrees``: whether the box's CRS and the raster's CRS are geographic.
    """

    there: Transform
    back: Transform
    from_degrees: bool = False
    to_degrees: bool = False


@dataclass(frozen=True)
class Box:
    """``xmin, ymin, xmax, ymax``. In degrees ``xmax`` may be above 180, or below ``xmin`` for a box across 180."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    def has(self, x: np.ndarray, y: np.ndarray, degrees: bool) -> np.ndarray:
        """Which points lie in the box, edges included."""
        slack = 1e-9 * max(abs(self.xmin), abs(self.xmax), abs(self.ymin), abs(self.ymax), 1)
        east = x - (self.xmin - slack)
        east = np.mod(east, _TURN) if degrees else east
        across = (east >= 0) & (east <= self.xmax - self.xmin + 2 * slack)
        return np.asarray(across & (y >= self.ymin - slack) & (y <= self.ymax + slack))

    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        """Points along the edges of the box; the last one is the first."""
        steps = np.linspace(0, 1, _EDGE + 1)[:-1]
        x0, y0, x1, y1 = self.xmin, self.ymin, self.xmax, self.ymax
        corners = np.array([(x0, y0), (x0, y1), (x1, y1), (x1, y0), (x0, y0)], float)
        edges = [a + (b - a) * steps[:, None] for a, b in zip(corners[:-1], corners[1:])]
        x, y = np.concatenate([*edges, corners[:1]]).T
        return x, y

    def values(self) -> tuple[float, ...]:
        """``(xmin, ymin, xmax, ymax)``, for errors."""
        return tuple(round(value, 6) for value in (self.xmin, self.ymin, self.xmax, self.ymax))


def eastward(box: Box, parameter: str = "extent") -> Box:
    """The box in degrees with ``xmin`` at most ``xmax``, which is above 180 for a box across the 180th meridian."""
    if box.xmin <= box.xmax:
        return box
    if box.xmax + _TURN - box.xmin > _TURN / 2:
        allowed = "must have its west below its east, or be a box of less than 180 degrees across the 180th meridian"
        raise ParameterError(parameter, box.values(), allowed)
    return Box(box.xmin, box.ymin, box.xmax + _TURN, box.ymax)


def around(box: Box) -> tuple[float, float, float, float]:
    """``(west, south, east, north)`` of a box in degrees, longitudes from -180 to 180; west above east across 180."""
    if box.xmax - box.xmin >= _TURN:
        return -_TURN / 2, box.ymin, _TURN / 2, box.ymax
    turn = _TURN * math.floor((box.xmin + _TURN / 2) / _TURN)
    east = box.xmax - turn
    return box.xmin - turn, box.ymin, east - _TURN * math.ceil((east - _TURN / 2) / _TURN), box.ymax


def window_under(box: Box, domain: RasterDomain, way: Way | None, parameter: str = "extent") -> PixelWindow:
    """The window of the raster under ``box``, snapped outward to whole pixels and clipped.

    ``way`` is None where box and raster have one CRS that is not geographic. Raises :class:`ParameterError` where the
    box does not meet the raster, meets it at two ends, or cannot be expressed in the raster's CRS.
    """
    if way is None:
        return domain.window_of([(x, y) for x in (box.xmin, box.xmax) for y in (box.ymin, box.ymax)], parameter)
    place = _Place(box, domain, way, parameter)
    return place.turned() if way.to_degrees else place.flat()


class _Place:
    """A box on its way to a raster."""

    def __init__(self, box: Box, domain: RasterDomain, way: Way, parameter: str) -> None:
        self.box, self.domain, self.way, self.parameter = box, domain, way, parameter

    def turned(self) -> PixelWindow:
        """The window on a raster in degrees, with the outline followed around the Earth."""
        x, y = self.way.there(*self.box.outline())
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            return self._whole_or_refused()
        steps = np.diff(x)
        x = np.concatenate([x[:1], x[0] + np.cumsum(steps - _TURN * np.rint(steps / _TURN))])
        points = list(zip(x.tolist(), y.tolist()))
        if abs(x[-1] - x[0]) > _TURN / 2:  # all around a pole
            points += [(at, pole) for pole in self._poles() for at in (float(x.min()), float(x.min()) + _TURN)]
        windows, whole = [], self.domain.window
        for turn in self._turns(points):
            covering = self.domain.covering([(a + turn, b) for a, b in points])
            window = covering.intersect(whole)
            if window == covering or window == whole:
                return self._checked(window, points)
            windows.append(window)
        return self._checked(self._joined(windows), points)

    def _turns(self, points: list[tuple[float, float]]) -> list[float]:
        """By how many degrees points are to be moved to lie on the raster; the fewest first."""
        west, _, east, _ = self.domain.bounds
        first = math.ceil((west - max(x for x, _ in points)) / _TURN)
        last = math.floor((east - min(x for x, _ in points)) / _TURN)
        return sorted((_TURN * k for k in range(first, last + 1)), key=abs)

    def _poles(self) -> list[float]:
        """The latitudes of the poles in the box."""
        poles = np.array([90.0, -90.0])
        inside = self.box.has(*self.way.back(np.zeros(2), poles), self.way.from_degrees)
        return [float(pole) for pole in poles[inside]]

    def flat(self) -> PixelWindow:
        """The window on any other raster; a box in degrees that is cut apart there is tried in its two parts."""
        boxes = [self.box]
        found = [self._outlined(self.box)]
        if found[0] is None and self.way.from_degrees:
            boxes = _parts(self.box)
            found = [self._outlined(part) for part in boxes]
        windows = [window for window in found if window is not None]
        if not boxes or len(windows) < len(boxes):
            return self._whole_or_refused()
        x, y = self.way.there(*self.box.outline())
        return self._checked(self._joined(windows), list(zip(x.tolist(), y.tolist())))

    def _outlined(self, box: Box) -> PixelWindow | None:
        """The window of a box's outline; None where part of it cannot be transformed, or it has a gap."""
        x, y = self.way.there(*box.outline())
        if not (np.isfinite(x).all() and np.isfinite(y).all()) or self._torn(box, x, y):
            return None
        return self.domain.covering(list(zip(x.tolist(), y.tolist()))).intersect(self.domain.window)

    def _torn(self, box: Box, x: np.ndarray, y: np.ndarray) -> bool:
        """Whether the outline has a gap: a step along an edge stays long however short it gets in the box's own CRS."""
        around = np.stack(box.outline())
        for edge in range(4):
            first = edge * _EDGE
            steps = np.hypot(np.diff(x[first : first + _EDGE + 1]), np.diff(y[first : first + _EDGE + 1]))
            at = first + int(np.argmax(steps))
            length, (one, two) = float(steps.max()), around[:, at : at + 2].T
            if length == 0:
                continue
            ends = np.array([(x[at], y[at]), (x[at + 1], y[at + 1])])
            for _ in range(_HALVINGS):
                middle = (one + two) / 2
                there = np.concatenate(self.way.there(middle[:1], middle[1:]))
                if not np.isfinite(there).all():
                    return True
                halves = [math.dist(ends[0], there), math.dist(there, ends[1])]
                if halves[0] > halves[1]:
                    two, ends = middle, np.array([ends[0], there])
                else:
                    one, ends = middle, np.array([there, ends[1]])
            if max(halves) > length / 2:
                return True
        return False

    def _inside(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows and columns of points all over the raster, and which of them lie in the box."""
        height, width = self.domain.shape
        rows, cols = np.meshgrid(np.linspace(0.5, height - 0.5, _SAMPLE), np.linspace(0.5, width - 0.5, _SAMPLE))
        x, y = apply(self.domain.transform, cols.ravel(), rows.ravel())
        return rows.ravel(), cols.ravel(), self.box.has(*self.way.back(x, y), self.way.from_degrees)

    def _checked(self, window: PixelWindow, points: list[tuple[float, float]]) -> PixelWindow:
        """The window; refused where a pixel outside of it lies in the box: then the outline does not bound the box."""
        rows, cols, inside = self._inside()
        there = (rows >= window.row - 1) & (rows <= window.row_stop + 1)
        there &= (cols >= window.col - 1) & (cols <= window.col_stop + 1)
        if (inside & ~there).any():
            return self._whole_or_refused()
        return (
            window if window.pixels else self.domain.window_of(points, self.parameter)
        )  # which says that it does not meet the raster

    def _whole_or_refused(self) -> PixelWindow:
        if self._inside()[2].all():
            return self.domain.window
        allowed = (
            "has no whole place in the raster's coordinate reference system: choose an extent nearer to the raster"
        )
        raise ParameterError(self.parameter, self.box.values(), f"{allowed}, or one in that system")

    def _joined(self, windows: Sequence[PixelWindow]) -> PixelWindow:
        """The window that holds several; refused where they lie apart. Empty where all are empty."""
        windows = sorted({window for window in windows if window.pixels}, key=lambda window: (window.col, window.row))
        joined = windows[0] if windows else PixelWindow(0, 0, 0, 0)
        for window in windows[1:]:
            if window[0::2] != joined[0::2] or window.col > joined.col_stop:
                bounds = (self.domain.crop(part).bounds for part in (joined, window))
                one, two = (tuple(round(value, 6) for value in part) for part in bounds)
                allowed = (
                    f"lies at two ends of the raster: choose one after the other, {one} and {two} in its own system"
                )
                raise ParameterError(self.parameter, self.box.values(), allowed)
            joined = PixelWindow(
                joined.row, joined.col, joined.height, max(joined.col_stop, window.col_stop) - joined.col
            )
        return joined


def _parts(box: Box) -> list[Box]:
    """A box in degrees as one or two boxes with longitudes from -180 to 180."""
    turn = _TURN * math.floor((box.xmin + _TURN / 2) / _TURN)
    west, east = box.xmin - turn, box.xmax - turn
    if east <= _TURN / 2 or east - west >= _TURN:
        return []
    return [
        Box(west, box.ymin, _TURN / 2 - _NUDGE, box.ymax),
        Box(-_TURN / 2 + _NUDGE, box.ymin, east - _TURN, box.ymax),
    ]


def identity(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """The :class:`Way` between a CRS and itself."""
    return np.asarray(x, float), np.asarray(y, float)
