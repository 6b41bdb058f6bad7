"""Geometries of vector features as plain mappings, without a geometry package.

Coordinates are ``(x, y)``; a third number is dropped. Accepted are mappings as in GeoJSON (RFC 7946), and anything with
``__geo_interface__`` (shapely, geopandas, fiona). Centroid, bounds, and points in a polygon are computed in numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..base.errors import ParameterError

_POINTS, _LINES, _POLYGONS = 0, 1, 2
#: Dimension, and depth of the nested coordinate lists above a single position, by type.
_KINDS = {
    "Point": (_POINTS, 0),
    "MultiPoint": (_POINTS, 1),
    "LineString": (_LINES, 1),
    "LinearRing": (_LINES, 1),
    "MultiLineString": (_LINES, 2),
    "Polygon": (_POLYGONS, 2),
    "MultiPolygon": (_POLYGONS, 3),
}


def as_mapping(geometry: Any, where: str) -> Mapping[str, Any]:
    """The geometry as a GeoJSON-like mapping; ``where`` names it in errors (``"geometry of feature 3"``)."""
    mapping = geometry if isinstance(geometry, Mapping) else getattr(geometry, "__geo_interface__", None)
    if isinstance(mapping, Mapping) and mapping.get("type") == "Feature":
        mapping = mapping.get("geometry")
    kind = mapping.get("type") if isinstance(mapping, Mapping) else None
    if not isinstance(mapping, Mapping) or (kind != "GeometryCollection" and kind not in _KINDS):
        allowed = "must be a shapely geometry or a mapping as in GeoJSON, with type and coordinates"
        raise ParameterError(where, geometry if kind is None else kind, allowed)
    return mapping


def parts(mapping: Mapping[str, Any], where: str) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Yields the single points, lines and polygons of a geometry: dimension (0, 1, 2) and arrays ``(m, 2)`` of float64.

    A polygon has one array per ring, the outer first; points and lines have one.
    """
    kind = mapping["type"]
    if kind == "GeometryCollection":
        for member in mapping.get("geometries") or ():
            yield from parts(as_mapping(member, where), where)
        return
    dimension, depth = _KINDS[kind]
    coordinates = mapping.get("coordinates")
    if coordinates is None or len(coordinates) == 0:
        return
    single = 2 if dimension == _POLYGONS else min(dimension, 1)
    for one in coordinates if depth > single else [coordinates]:
        arrays = one if dimension == _POLYGONS else [[one] if dimension == _POINTS else one]
        found = [_positions(array, where) for array in arrays if len(array)]
        if found:
            yield dimension, found


def vertices(coordinates: Any) -> Iterator[tuple[float, float]]:
    """All positions ``(x, y)`` of a GeoJSON geometry's ``coordinates``, however deep they are nested."""
    if coordinates and isinstance(coordinates[0], (int, float)):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from vertices(part)


def centroid(mapping: Mapping[str, Any], where: str, spherical: bool = False) -> tuple[float, float]:
    """The centroid of the parts of highest dimension, weighted by area or length (as in OGC Simple Features).

    ``spherical``: x is a longitude in degrees, and a geometry wider than 180 degrees is taken to cross the date line.
    """
    if mapping["type"] == "Point" and mapping.get("coordinates"):
        x, y = _positions([mapping["coordinates"]], where)[0].tolist()
        return x, y
    shapes = list(parts(mapping, where))
    if not shapes:
        raise ParameterError(where, mapping["type"], "must not be empty")
    if spherical:
        shapes = _unwrapped(shapes)
    for dimension, moments in ((_POLYGONS, _area_moments), (_LINES, _length_moments)):
        total = np.zeros(3)
        # Far from the origin the moments would lose digits: they are taken about a point of the geometry.
        origin = shapes[0][1][0][0]
        for have, arrays in shapes:
            if have >= dimension:
                total += moments([array - origin for array in arrays])
        if total[0] > 0:
            x, y = total[1:] / total[0] + origin
            return float(x), float(y)
    x, y = np.concatenate([array for _, arrays in shapes for array in arrays]).mean(axis=0)
    return float(x), float(y)


def bounds(shapes: list[tuple[int, list[np.ndarray]]]) -> tuple[float, float, float, float]:
    """``(xmin, ymin, xmax, ymax)`` over the arrays that :func:`parts` gives."""
    every = np.concatenate([array for _, arrays in shapes for array in arrays])
    (xmin, ymin), (xmax, ymax) = every.min(axis=0), every.max(axis=0)
    return float(xmin), float(ymin), float(xmax), float(ymax)


def inside(rings: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """``(n,)`` bool: which points lie in a polygon of ``rings`` (even-odd rule, so holes are out); ``y`` is sorted.

    A point on the boundary is in if the polygon lies to its right, or above it along a horizontal edge. So of polygons
    that share an edge, a point on the edge lies in exactly one: the crossing is computed from the edge's lower end
    for both directions of the ring, and so is the same to the last bit.
    """
    odd = np.zeros(len(x), bool)
    for ring in rings:
        low, high = ring, np.roll(ring, -1, axis=0)
        swap = (low[:, 1] > high[:, 1])[:, None]
        low, high = np.where(swap, high, low), np.where(swap, low, high)
        starts, stops = np.searchsorted(y, low[:, 1]), np.searchsorted(y, high[:, 1])
        for k in np.flatnonzero(starts < stops):
            (x0, y0), (x1, y1), rows = low[k], high[k], slice(starts[k], stops[k])
            odd[rows] ^= x[rows] < x0 + (y[rows] - y0) * ((x1 - x0) / (y1 - y0))
    return odd


def _positions(array: Any, where: str) -> np.ndarray:
    try:
        positions = np.array([tuple(position)[:2] for position in array], np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(where, array, "must have coordinates that are pairs of numbers") from error
    if positions.shape[1:] != (2,) or not np.isfinite(positions).all():
        raise ParameterError(where, array, "must have coordinates that are pairs of finite numbers")
    return positions


def _unwrapped(shapes: list[tuple[int, list[np.ndarray]]]) -> list[tuple[int, list[np.ndarray]]]:
    xmin, _, xmax, _ = bounds(shapes)
    if xmax - xmin <= 180:
        return shapes
    return [(have, [array + np.outer(array[:, 0] < 0, (360.0, 0.0)) for array in arrays]) for have, arrays in shapes]


def _area_moments(rings: list[np.ndarray]) -> np.ndarray:
    """``(area, integral of x, integral of y)``; holes are subtracted, for both directions of their rings."""
    total = np.zeros(3)
    for k, ring in enumerate(rings):
        other = np.roll(ring, -1, axis=0)
        cross = ring[:, 0] * other[:, 1] - other[:, 0] * ring[:, 1]
        moments = np.array([cross.sum() / 2, *((ring + other) * cross[:, None]).sum(axis=0) / 6])
        total += moments * np.sign(moments[0]) * (1 if k == 0 else -1)
    return total


def _length_moments(arrays: list[np.ndarray]) -> np.ndarray:
    total = np.zeros(3)
    for array in arrays:
        lengths = np.hypot(*np.diff(array, axis=0).T)
        middles = (array[1:] + array[:-1]) / 2
        total += np.array([lengths.sum(), *(middles * lengths[:, None]).sum(axis=0)])
    return total
