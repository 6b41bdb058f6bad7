"""Rasters that are placed by ground control points (GCPs) or rational polynomials (RPCs) instead of a transform.

GCPs give the map coordinates of single pixels. As GDAL does, polynomials are fitted to them by least squares, of the
first degree for 3 to 5 points and of the second for more: one from pixels to the map and another one back. The results
are those of ``gdalwarp`` and QGIS with their defaults. RPCs need heights; they are not used, only kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Callable, NamedTuple

import numpy as np

from ..base.errors import ParameterError

#: Advice for a raster whose ground control cannot be used.
WARP = "warp the raster first (gdalwarp, or Raster > Projections > Warp)"
_SECOND_DEGREE = 6  # least number of points for which GDAL takes it

_STRAIGHT, _MOST_PIECES = 32, 4096  # length in pixels of the pieces of a straight line; most pieces of one

Items = tuple[tuple[str, str], ...]
_Fit = Callable[[np.ndarray, np.ndarray], "tuple[np.ndarray, np.ndarray]"]


class ControlPoint(NamedTuple):
    """Pixel corner ``(row, col)``, which may be a fraction or off the raster, lies at ``(x, y, z)``."""

    row: float
    col: float
    x: float
    y: float
    z: float = 0.0
    id: str = ""
    info: str = ""


@dataclass(frozen=True)
class GroundControl:
    """``points`` place a raster that has no transform; ``rpcs`` are GDAL's items of the domain RPC."""

    points: tuple[ControlPoint, ...] = ()
    rpcs: Items = ()

    def moved(self, row: int, col: int) -> GroundControl:
        """The control of a part with its upper-left pixel at ``(row, col)``. Law: pixels keep their map coordinates."""
        points = tuple(point._replace(row=point.row - row, col=point.col - col) for point in self.points)
        return GroundControl(points, _rpcs(self.rpcs, 1, (-row, -col)))

    def finer(self, factor: int) -> GroundControl:
        """The control of a grid with ``factor`` times as many rows and columns at the same place."""
        points = tuple(point._replace(row=point.row * factor, col=point.col * factor) for point in self.points)
        shift = (factor - 1) / 2  # RPCs count from the middle of the first pixel
        return GroundControl(points, _rpcs(self.rpcs, factor, (shift, shift)))

    def shifted(self, x: float) -> GroundControl:
        """The same pixels, ``x`` further to the east."""
        return GroundControl(tuple(point._replace(x=point.x + x) for point in self.points), self.rpcs)

    def to_world(self, cols: Any, rows: Any) -> tuple[np.ndarray, np.ndarray]:
        """Map ``(x, y)`` of pixel corners. Raises :class:`ParameterError` where the points do not determine it."""
        return self._there(np.asarray(cols, np.float64), np.asarray(rows, np.float64))

    def ring_to_pixels(self, ring: np.ndarray) -> np.ndarray:
        """A ring ``(n, 2)`` of map ``(x, y)`` as pixel corners ``(m, 2)`` ``(col, row)``: lines become curves."""
        cols, rows = self.to_pixels(ring[:, 0], ring[:, 1])
        pieces = np.ceil(np.hypot(np.diff(cols), np.diff(rows)) / _STRAIGHT)
        pieces = np.clip(np.nan_to_num(pieces, nan=1), 1, _MOST_PIECES).astype(int)
        shares = [np.arange(count)[:, None] / count for count in pieces.tolist()]
        points = [start + share * (end - start) for start, end, share in zip(ring, ring[1:], shares)]
        dense = np.concatenate([*points, ring[-1:]])
        return np.stack(self.to_pixels(dense[:, 0], dense[:, 1]), axis=1)

    def to_pixels(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """``(cols, rows)`` of map ``(x, y)``: GDAL's second polynomial, not the inverse of the first to the last digit.

        Raises :class:`ParameterError` where the points do not determine it.
        """
        return self._back(np.asarray(x, np.float64), np.asarray(y, np.float64))

    @cached_property
    def _there(self) -> _Fit:
        pixels, world = self._pairs()
        return self._fitted(pixels, world)

    @cached_property
    def _back(self) -> _Fit:
        pixels, world = self._pairs()
        return self._fitted(world, pixels)

    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        if not self.points:
            allowed = f"they need heights to tell where a pixel lies: {WARP}"
            raise ParameterError("raster", "placed by rational polynomials (RPCs) only", allowed)
        values = np.array([point[:4] for point in self.points], np.float64)
        return values[:, 1::-1], values[:, 2:]

    def _fitted(self, given: np.ndarray, wanted: np.ndarray) -> _Fit:
        """The polynomial from ``given`` ``(n, 2)`` to ``wanted`` ``(n, 2)``."""
        degree = 2 if len(given) >= _SECOND_DEGREE else 1
        from_middle, from_size = _middle(given)
        to_middle, to_size = _middle(wanted)
        basis = _basis((given - from_middle) / from_size, degree)
        terms, _, rank, _ = np.linalg.lstsq(basis, (wanted - to_middle) / to_size, rcond=None)
        if rank < basis.shape[1]:
            allowed = f"they are too few, or too much in a line, to tell where a pixel lies: {WARP}"
            raise ParameterError("raster", f"placed by {len(given)} ground control points", allowed)

        def apply(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            places = np.stack(np.broadcast_arrays(first, second), axis=-1)
            with np.errstate(invalid="ignore", over="ignore"):
                moved = _basis((places - from_middle) / from_size, degree) @ terms * to_size + to_middle
            return moved[..., 0], moved[..., 1]

        return apply


def control_of(dataset: Any) -> GroundControl | None:
    """Ground control of an open rasterio dataset; None where it has none. Points beside a transform do not count."""
    points, _ = dataset.gcps if _without_transform(dataset) else ((), None)
    rpcs = tuple(dataset.tags(ns="RPC").items())
    if not points and not rpcs:
        return None
    return GroundControl(
        tuple(
            ControlPoint(float(p.row), float(p.col), float(p.x), float(p.y), float(p.z or 0), p.id or "", p.info or "")
            for p in points
        ),
        rpcs,
    )


def placement_of(dataset: Any) -> tuple[Any, Any, GroundControl | None]:
    """Transform, CRS and ground control of an open rasterio dataset; the transform is None where control places it."""
    control = control_of(dataset)
    if control is None or not _without_transform(dataset):
        return dataset.transform, dataset.crs, control
    return None, (dataset.gcps[1] if control.points else dataset.crs) or None, control


def creation(transform: Any, crs: Any, control: GroundControl | None) -> dict[str, Any]:
    """Keyword arguments with which ``rasterio.open`` places a raster that it creates."""
    if transform is not None or control is None or not control.points:
        return {"transform": transform, "crs": crs}
    from rasterio.control import GroundControlPoint
    from rasterio.crs import CRS

    points = [GroundControlPoint(*point[:5], id=point.id or None, info=point.info or None) for point in control.points]
    return {"gcps": points, "crs": crs or CRS()}


def write_rpcs(dataset: Any, control: GroundControl | None) -> None:
    """Write the RPCs to a rasterio dataset that is open for writing."""
    if control is not None and control.rpcs:
        dataset.update_tags(ns="RPC", **dict(control.rpcs))


def _without_transform(dataset: Any) -> bool:
    return bool(dataset.transform.is_identity)


def _rpcs(rpcs: Items, factor: int, shifts: tuple[float, float]) -> Items:
    """RPCs for a grid on which pixel ``p`` becomes ``factor * p + shift``; empty where their numbers cannot be read."""
    changed = dict(rpcs)
    try:
        for key, shift in zip(("LINE_OFF", "SAMP_OFF"), shifts):
            if key in changed:
                changed[key] = repr(float(changed[key]) * factor + shift)
        for key in ("LINE_SCALE", "SAMP_SCALE") if factor != 1 else ():
            if key in changed:
                changed[key] = repr(float(changed[key]) * factor)
    except ValueError:
        return ()
    return tuple(changed.items())


def _middle(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Offset and scale by which coordinates become numbers about 1, so that squares of large ones lose no digits."""
    middle = values.mean(axis=0)
    size = np.abs(values - middle).max(axis=0)
    return middle, np.where(size > 0, size, 1)


def _basis(places: np.ndarray, degree: int) -> np.ndarray:
    first, second = places[..., 0], places[..., 1]
    terms: Sequence[np.ndarray] = (np.ones_like(first), first, second)
    if degree == 2:
        terms = (*terms, first * first, first * second, second * second)
    return np.stack(terms, axis=-1)
