"""Pixel grids and windows on them.

Coordinates: rows grow downwards and columns to the right, both from 0 at the upper-left pixel; windows are half-open.
A transform maps ``(col, row)`` of a pixel *corner* to world ``(x, y)`` and may be rotated, sheared or south-up; no
code here takes its terms apart or asks for a unit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from ..base.errors import ParameterError
from .ground_control import GroundControl

# An extent drawn on a pixel edge must not gain a row by the rounding of a coordinate transformation.
_SNAP = 1e-6
_BETWEEN = 20  # parts into which a side is divided where straight lines become curves


class PixelWindow(NamedTuple):
    """A rectangle of pixels: rows ``[row, row + height)`` and columns ``[col, col + width)``."""

    row: int
    col: int
    height: int
    width: int

    @property
    def row_stop(self) -> int:
        """First row below the window."""
        return self.row + self.height

    @property
    def col_stop(self) -> int:
        """First column right of the window."""
        return self.col + self.width

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return self.height * self.width

    def scaled(self, factor: int) -> PixelWindow:
        """The same place on a grid finer by ``factor``."""
        return PixelWindow(*(value * factor for value in self))

    def intersect(self, other: PixelWindow) -> PixelWindow:
        """The common part; its height or width is 0 where the windows do not meet."""
        row, col = max(self.row, other.row), max(self.col, other.col)
        return PixelWindow(
            row,
            col,
            max(0, min(self.row_stop, other.row_stop) - row),
            max(0, min(self.col_stop, other.col_stop) - col),
        )


def apply(transform: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """A point, or arrays of coordinates, through an affine transform.

    Written out because the product is ``*`` in affine 2 and ``@`` in affine 3.
    """
    return transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f


@dataclass(frozen=True)
class RasterDomain:
    """Where the pixels of a raster lie: ``shape`` is ``(height, width)``, ``transform`` an ``affine.Affine``.

    ``crs`` is the source's coordinate reference system (a rasterio ``CRS``, a string, or None); it is kept, not
    interpreted. ``control`` holds the ground control points that place a raster without a transform, with coordinates
    in ``crs``. Where there is a transform, ``control`` is kept and not used.
    """

    shape: tuple[int, int]
    transform: Any = None
    crs: Any = None
    control: GroundControl | None = None

    @property
    def window(self) -> PixelWindow:
        """The whole raster as a window."""
        return PixelWindow(0, 0, *self.shape)

    @property
    def placed(self) -> bool:
        """Whether the place of the pixels in the world is known."""
        return self.transform is not None or self.control is not None

    def to_world(self, cols: Any, rows: Any) -> tuple[Any, Any]:
        """World ``(x, y)`` of pixel corners, numbers or arrays. The grid must be ``placed``."""
        if self.transform is None and self.control is not None:
            return self.control.to_world(cols, rows)
        return apply(self.transform, cols, rows)

    def to_pixels(self, x: Any, y: Any) -> tuple[Any, Any]:
        """``(cols, rows)`` of world ``(x, y)``: the inverse of :meth:`to_world`."""
        if self.transform is None and self.control is not None:
            return self.control.to_pixels(x, y)
        return apply(~self.transform, x, y)

    def crop(self, window: PixelWindow) -> RasterDomain:
        """The domain of a window of this one."""
        transform = self.transform
        if transform is not None:
            x, y = apply(transform, window.col, window.row)
            transform = type(transform)(transform.a, transform.b, x, transform.d, transform.e, y)
        control = self.control
        if control is not None and (window.row or window.col):
            control = control.moved(window.row, window.col)
        return RasterDomain((window.height, window.width), transform, self.crs, control)

    def refined(self, factor: int) -> RasterDomain:
        """The same place with ``factor`` times as many rows and columns."""
        transform = self.transform
        if transform is not None and factor != 1:
            a, b, d, e = (term / factor for term in (transform.a, transform.b, transform.d, transform.e))
            transform = type(transform)(a, b, transform.c, d, e, transform.f)
        control = self.control
        if control is not None and factor != 1:
            control = control.finer(factor)
        return RasterDomain((self.shape[0] * factor, self.shape[1] * factor), transform, self.crs, control)

    def window_of(self, points: Iterable[tuple[float, float]], parameter: str = "extent") -> PixelWindow:
        """The smallest window that holds all ``points`` (world x, y), snapped outward to pixel edges and clipped.

        Raises :class:`ParameterError` where the window does not meet the raster, or a point is not finite.
        """
        points = list(points)
        window = self.covering(points).intersect(self.window)
        if not window.pixels:
            bounds = tuple(f(v) for f in (min, max) for v in zip(*points))
            raise ParameterError(
                parameter,
                tuple(round(v, 6) for v in bounds),
                f"must overlap the raster, whose bounds (xmin, ymin, xmax, ymax) are {self._rounded_bounds()}",
            )
        return window

    def covering(self, points: Iterable[tuple[float, float]]) -> PixelWindow:
        """The smallest window that holds all ``points`` (world x, y), snapped outward; it may lie beside the raster.

        Empty where a point is not finite.
        """
        cols, rows = zip(*(self.to_pixels(*point) for point in self._outline(list(points))))
        return self._snapped(rows, cols)

    @staticmethod
    def _snapped(rows: Sequence[float], cols: Sequence[float]) -> PixelWindow:
        if not all(map(math.isfinite, (*rows, *cols))):  # a point without coordinates in the CRS
            return PixelWindow(0, 0, 0, 0)
        row, col = math.floor(min(rows) + _SNAP), math.floor(min(cols) + _SNAP)
        return PixelWindow(row, col, math.ceil(max(rows) - _SNAP) - row, math.ceil(max(cols) - _SNAP) - col)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """``(xmin, ymin, xmax, ymax)`` over the four corners, right for rotated and south-up grids too."""
        height, width = self.shape
        corners = self._outline(((0, 0), (width, 0), (width, height), (0, height), (0, 0)))
        xs, ys = zip(*(self.to_world(*corner) for corner in corners))
        return float(min(xs)), float(min(ys)), float(max(xs)), float(max(ys))

    def _outline(self, points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
        """The points, with further ones between each two where straight lines become curves."""
        if self.transform is not None or len(points) < 2:
            return points
        ends = zip(points, points[1:])
        return [
            (a + (c - a) * k / _BETWEEN, b + (d - b) * k / _BETWEEN)
            for (a, b), (c, d) in ends
            for k in range(_BETWEEN + 1)
        ]

    def _rounded_bounds(self) -> tuple[float, ...]:
        return tuple(round(value, 6) for value in self.bounds)


class Gridded(Protocol):
    """What lies on a pixel grid, such as a GeoTensor or a source of rows."""

    @property
    def domain(self) -> RasterDomain:
        """The grid."""


_ORIGIN = PixelWindow(0, 0, 0, 0)


def slices(window: PixelWindow, within: PixelWindow = _ORIGIN) -> tuple[slice, slice]:
    """Row and column slices of ``window`` in an array whose upper-left pixel is that of ``within``."""
    row, col = window.row - within.row, window.col - within.col
    return slice(row, row + window.height), slice(col, col + window.width)
