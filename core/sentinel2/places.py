"""Where on Earth the pixels of a Sentinel-2 item lie: its footprint, its tile's square, UTM zones.

Boxes are ``(west, south, east, north)`` in degrees. Masks are of an even grid of points over a box, edges included,
``(GRID + 1, GRID + 1)`` bool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..gdal.masks import rasterize_mask
from ..grid.crs import transform_points
from ..grid.features import vertices

Box = tuple[float, float, float, float]


class PlacedBox(NamedTuple):
    """A box in map units of ``crs``, as the user has drawn it; the box around it in degrees is larger."""

    left: float
    bottom: float
    right: float
    top: float
    crs: str

    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        """``x, y`` of points along its edges, the corners among them."""
        along = np.linspace(0, 1, 22)
        x, y = self.left + along * (self.right - self.left), self.bottom + along * (self.top - self.bottom)
        flat = np.full(22, 1.0)
        return (
            np.concatenate([x, x, self.left * flat, self.right * flat]),
            np.concatenate([self.bottom * flat, self.top * flat, y, y]),
        )


GRID = 256  # intervals of the grid of points over a box, in each direction
_PIXEL = 10.0  # metres by which a box may reach beyond a tile that covers it
_Ring = list[tuple[float, float]]


def footprint_of(geometry: Any) -> Mapping[str, Any] | None:
    """A GeoJSON geometry as (multi)polygon within -180 to 180 degrees; None where it is not a polygon.

    An outline across the 180th meridian, or with longitudes that jump from one side to the other, is cut there. Without
    that it would surround the Earth on the wrong side.
    """
    kind = geometry.get("type") if isinstance(geometry, Mapping) else None
    if kind not in ("Polygon", "MultiPolygon") or not list(vertices(geometry["coordinates"])):
        return None
    polygons = [geometry["coordinates"]] if kind == "Polygon" else geometry["coordinates"]
    if not any(_crosses(rings) for rings in polygons):
        return dict(geometry)
    parts: list[Any] = []
    for rings in polygons:
        parts += _cut(rings) if _crosses(rings) else [rings]
    return {"type": "MultiPolygon", "coordinates": parts}


def _crosses(rings: Any) -> bool:
    x = [point[0] for point in rings[0]]
    return max(x) - min(x) > 180 or max(x) > 180 or min(x) < -180


def _cut(rings: Any) -> list[list[_Ring]]:
    """The polygon's parts on either side of the 180th meridian."""
    turned = [[(x % 360.0, y) for x, y in ((point[0], point[1]) for point in ring)] for ring in rings]
    parts = []
    for side, turn in ((1.0, 0.0), (-1.0, -360.0)):
        kept = [[(x + turn, y) for x, y in _clipped(ring, side)] for ring in turned]
        if kept[0]:
            parts.append([ring for ring in kept if ring])
    return parts


def _clipped(ring: _Ring, side: float) -> _Ring:
    """A closed ring's part with longitudes up to 180 degrees (``side`` 1), or from there on (-1); [] for none."""
    kept: _Ring = []
    for (x0, y0), (x1, y1) in zip(ring, ring[1:]):
        here, there = (side * (180.0 - x) for x in (x0, x1))
        if here >= 0:
            kept.append((x0, y0))
        if here * there < 0:
            kept.append((180.0, y0 + (180.0 - x0) / (x1 - x0) * (y1 - y0)))
    return [*kept, kept[0]] if len(kept) > 2 else []


def share_mask(footprint: Mapping[str, Any], box: Box) -> np.ndarray:
    """Which points of an even grid over the box, its edges included, lie in the footprint."""
    west, south, east, north = box
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    # Slightly smaller: a footprint that ends where the box does covers its edge.
    step_x, step_y = ((size / GRID) * (1 - 1e-6) for size in (east - west, north - south))
    centre = (GRID + 1) / 2

    def moved(coordinates: Any) -> Any:
        if isinstance(coordinates[0], (int, float)):
            return (centre + (coordinates[0] - middle_x) / step_x, centre - (coordinates[1] - middle_y) / step_y)
        return [moved(part) for part in coordinates]

    shape = {"type": footprint["type"], "coordinates": moved(footprint["coordinates"])}
    return rasterize_mask(shape, (GRID + 1, GRID + 1))


def square_of(holders: Sequence[Mapping[str, Any]]) -> Box | None:
    """``(xmin, ymin, xmax, ymax)`` of the pixels in metres of their zone, from the first holder that has it."""
    for holder in holders:
        bounds, shape, transform = (holder.get(f"proj:{key}") for key in ("bbox", "shape", "transform"))
        if bounds and len(bounds) == 4:
            return float(bounds[0]), float(bounds[1]), float(bounds[2]), float(bounds[3])
        if shape and transform and len(shape) == 2 and len(transform) >= 6 and not transform[1] and not transform[3]:
            width, height = shape[1] * transform[0], shape[0] * transform[4]
            return transform[2], transform[5] + height, transform[2] + width, transform[5]
    return None


def square_mask(square: Box, epsg: int, box: Box) -> np.ndarray:
    """Which points of the grid over the box lie in a square of a UTM zone."""
    x, y = _grid_in(epsg, box)
    xmin, ymin, xmax, ymax = square
    beside = (x < xmin - _PIXEL) | (x > xmax + _PIXEL) | (y < ymin - _PIXEL) | (y > ymax + _PIXEL)
    return np.asarray(~beside)


def wanted_mask(area: PlacedBox | None, box: Box) -> np.ndarray:
    """Which points of the grid over the box lie in the area; all where there is none."""
    if area is None:
        return np.ones((GRID + 1, GRID + 1), bool)
    x, y = transform_points(*_grid_of(box), src="EPSG:4326", dst=area.crs)
    return np.asarray((x >= area.left) & (x <= area.right) & (y >= area.bottom) & (y <= area.top))


@lru_cache(maxsize=4)
def _grid_in(epsg: int, box: Box) -> tuple[np.ndarray, np.ndarray]:
    return transform_points(*_grid_of(box), src="EPSG:4326", dst=f"EPSG:{epsg}")


def _grid_of(box: Box) -> tuple[np.ndarray, np.ndarray]:
    west, south, east, north = box
    lon, lat = np.meshgrid(np.linspace(west, east, GRID + 1), np.linspace(north, south, GRID + 1))
    return lon, lat


def utm_zones(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """EPSG codes of the UTM zones of points, with the wider zones of the military grid at Norway and Svalbard."""
    zone = np.clip((np.asarray(lon) // 6).astype(int) + 31, 1, 60)
    zone = np.where((lat >= 56) & (lat < 64) & (lon >= 3) & (lon < 12), 32, zone)
    svalbard = (lat >= 72) & (lon >= 0) & (lon < 42)
    zone = np.where(svalbard, 31 + 2 * ((np.asarray(lon) + 3) // 12).astype(int), zone)
    return np.asarray(zone + np.where(np.asarray(lat) >= 0, 32600, 32700))
