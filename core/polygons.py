"""Chips by polygon: the pixels whose centres lie in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .configurable import Configurable
from .crs import crs_text, transform_points
from .domains import PixelWindow, RasterDomain, apply
from .errors import ParameterError, PlanError
from .list_plan import KeptArrays, ListPlan
from .rasterize import rasterize_mask
from .simple_features import as_mapping, parts
from .window import SpatialBoxcar, SpatialWindow

_KEPT_BYTES = 64 << 20  # of masks, which are otherwise made again when the chip is due


@dataclass(frozen=True)
class SpatialPolygonIntersection(Configurable):
    """One chip per polygon: its bounding window on the raster, with weight 1 on pixels whose centre lies in it, else 0.

    ``polygons``: shapely geometries, mappings or features as in GeoJSON, a feature collection or a geopandas frame;
    kept as mappings of type Polygon or MultiPolygon with closed rings of ``(x, y)``. ``crs`` is theirs (a frame brings
    its own); None: that of the raster. In another CRS than the raster's they are transformed vertex by vertex.

    Law: a mask is that of ``rasterio.features.geometry_mask`` with ``all_touched=False``. Parts off the raster are cut
    off; a polygon that holds no pixel's centre gives no chip, and is named by ``plan.left_out``.
    """

    polygons: tuple[Mapping[str, Any], ...]
    crs: str | None = None

    def __init__(self, polygons: Any, crs: Any = None) -> None:
        """Refuse what is not a polygon, by its position from 0."""
        crs = getattr(polygons, "crs", None) if crs is None else crs
        shapes = tuple(_normal(polygon, f"polygon {k}") for k, polygon in enumerate(_each(polygons)))
        if not shapes:
            raise ParameterError("polygons", 0, "there must be at least one")
        object.__setattr__(self, "polygons", shapes)
        object.__setattr__(self, "crs", None if crs is None else crs_text(crs))

    def __hash__(self) -> int:
        return hash((len(self.polygons), self.crs))

    def plan(self, sampler: Any, window: SpatialWindow, domain: RasterDomain) -> ListPlan:
        """One chip per polygon that holds a pixel's centre; ``plan.order`` says which."""
        if sampler is not None:
            allowed = "each polygon is one chip: leave the sampler out"
            raise ParameterError("sampler", type(sampler).__name__, allowed)
        if not isinstance(window, SpatialBoxcar):
            allowed = "on polygons the mask is the weight: use SpatialBoxcar"
            raise ParameterError("window", type(window).__name__, allowed)
        masks = _Masks(domain, self)
        places = np.array([masks.place(position) for position in range(len(self.polygons))])
        there = places[:, 2] > 0
        order = np.flatnonzero(there)
        if not len(order):
            where = "" if domain.transform is None else f", whose bounds in its own CRS are {domain.bounds}"
            allowed = f"none of them holds the centre of a pixel of the raster{where}"
            raise PlanError("polygons", len(self.polygons), allowed)
        left_out = tuple(np.flatnonzero(~there).tolist())
        weights_at = partial(masks.weights_at, places)
        return ListPlan.of(domain.shape, places[order], order, left_out, weights_at=weights_at)

    def get_config(self) -> dict[str, Any]:
        """The polygons as in GeoJSON, and their CRS where they have one of their own."""
        polygons = [{"type": one["type"], "coordinates": _listed(one["coordinates"])} for one in self.polygons]
        return {"polygons": polygons} if self.crs is None else {"polygons": polygons, "crs": self.crs}


class _Masks:
    """Finds the pixels of the polygons of one plan."""

    def __init__(self, domain: RasterDomain, geometry: SpatialPolygonIntersection) -> None:
        self._domain, self._polygons, self._crs = domain, geometry.polygons, geometry.crs
        self._target = None if self._crs is None else crs_text(domain.crs, "the raster's crs")
        self._kept = KeptArrays(_KEPT_BYTES)

    def place(self, position: int) -> tuple[int, int, int, int]:
        """``(row, col, height, width)`` of the smallest window that holds a polygon's pixels; of none, no pixels."""
        around = self._around(position)
        if not around.pixels:
            return 0, 0, 0, 0
        mask = self._mask(position, around)
        rows, cols = (np.flatnonzero(mask.any(axis=axis)).tolist() for axis in (1, 0))
        if not rows:
            return 0, 0, 0, 0
        self._kept.put(position, mask[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1])
        return around.row + rows[0], around.col + cols[0], rows[-1] - rows[0] + 1, cols[-1] - cols[0] + 1

    def weights_at(self, places: np.ndarray, position: int) -> np.ndarray:
        """``(h, w)`` float64: 1 in the polygon, else 0; read-only."""
        mask = self._kept.get(position)
        if mask is None:
            around, place = self._around(position), PixelWindow(*places[position].tolist())
            row, col = place.row - around.row, place.col - around.col
            # Made over the same window as before: by one of another origin, rounding could decide otherwise.
            mask = self._mask(position, around)[row : row + place.height, col : col + place.width]
        weights = mask.astype(np.float64)
        weights.flags.writeable = False
        return weights

    def _rings(self, position: int) -> list[list[np.ndarray]]:
        """The rings of each part, ``(n, 2)``, in the raster's CRS."""
        polygon = self._polygons[position]
        shape = [rings for _, rings in parts(polygon, f"polygon {position}")]
        if self._crs is None or self._crs == self._target:
            return shape
        moved = [
            [np.stack(transform_points(ring[:, 0], ring[:, 1], self._crs, self._target), axis=1) for ring in rings]
            for rings in shape
        ]
        if not all(np.isfinite(ring).all() for rings in moved for ring in rings):
            raise ParameterError(f"polygon {position}", polygon["type"], "cannot be expressed in the CRS of the raster")
        return moved

    def _around(self, position: int) -> PixelWindow:
        """The polygon's bounding window on the raster, a pixel wider than it has to be."""
        x, y = np.concatenate([ring for rings in self._rings(position) for ring in rings]).T
        cols, rows = (x, y) if self._domain.transform is None else apply(~self._domain.transform, x, y)
        low, high = [], []
        for values, length in zip((rows, cols), self._domain.shape):
            low.append(int(np.clip(np.floor(values.min()) - 1, 0, length)))
            high.append(int(np.clip(np.ceil(values.max()) + 1, 0, length)))
        return PixelWindow(low[0], low[1], high[0] - low[0], high[1] - low[1])

    def _mask(self, position: int, window: PixelWindow) -> np.ndarray:
        transform = self._domain.crop(window).transform
        origin = (window.col, window.row) if transform is None else (0, 0)
        shape = [[(ring - origin).tolist() for ring in rings] for rings in self._rings(position)]
        geometry = {"type": "MultiPolygon", "coordinates": shape}
        return rasterize_mask(geometry, (window.height, window.width), transform)


def _each(polygons: Any) -> Iterable[Any]:
    """The single geometries of what a user calls polygons."""
    mapping = polygons if isinstance(polygons, Mapping) else getattr(polygons, "__geo_interface__", None)
    if not isinstance(mapping, Mapping):
        if not isinstance(polygons, Iterable) or isinstance(polygons, str):
            raise ParameterError(
                "polygons", polygons, "must be polygons: shapely geometries, or mappings as in GeoJSON"
            )
        return polygons
    if mapping.get("type") == "FeatureCollection":
        return mapping.get("features") or ()
    return [mapping]


def _normal(polygon: Any, where: str) -> Mapping[str, Any]:
    """A mapping of type Polygon or MultiPolygon, rings closed and without heights."""
    mapping = as_mapping(polygon, where)
    shapes = list(parts(mapping, where))
    if not shapes or any(dimension != 2 for dimension, _ in shapes):
        raise ParameterError(where, mapping["type"], "must be a polygon that is not empty")
    coordinates = tuple(tuple(_closed(ring, where) for ring in rings) for _, rings in shapes)
    if len(coordinates) == 1:
        return {"type": "Polygon", "coordinates": coordinates[0]}
    return {"type": "MultiPolygon", "coordinates": coordinates}


def _closed(ring: np.ndarray, where: str) -> tuple[tuple[float, float], ...]:
    points = [(x, y) for x, y in ring.tolist()]
    if points[0] != points[-1]:
        points.append(points[0])
    if len(points) < 4:
        raise ParameterError(where, len(points) - 1, "a ring must have at least three different positions")
    return tuple(points)


def _listed(coordinates: Any) -> Any:
    return [_listed(item) for item in coordinates] if isinstance(coordinates, tuple) else coordinates
