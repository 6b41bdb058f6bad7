"""Chips by polygon: the pixels whose centres lie in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..axes.geometry import Areas, SpatialGeometry
from ..axes.sampler import SpatialSampler
from ..axes.window import SpatialBoxcar, SpatialWindow
from ..base.errors import ParameterError, PlanError
from ..gdal.environment import gdal_env
from ..gdal.masks import rasterize_mask
from ..grid.crs import crs_text, transform_points
from ..grid.domain import PixelWindow, RasterDomain, apply
from ..grid.features import as_mapping, parts
from .boxes import QuickBoxes
from .lists import KeptArrays, ListPlan

_KEPT_BYTES = 64 << 20  # of masks, which are otherwise made again when the chip is due


@dataclass(frozen=True)
class SpatialPolygonIntersection(QuickBoxes, SpatialGeometry):
    """One chip per polygon: its bounding window on the raster, with weight 1 on pixels whose centre lies in it, else 0.

    ``polygons``: shapely geometries, mappings or features as in GeoJSON, a feature collection or a geopandas frame;
    kept as mappings of type Polygon or MultiPolygon with closed rings of ``(x, y)``. ``crs`` is theirs (a frame brings
    its own); None: that of the raster. In another CRS than the raster's they are transformed vertex by vertex.

    Law: a mask is that of ``rasterio.features.geometry_mask`` with ``all_touched=False``. Parts off the raster are cut
    off; a polygon that holds no pixel's centre gives no chip, and is named by ``plan.left_out``.
    """

    polygons: tuple[Mapping[str, Any], ...]
    crs: str | None = None
    size = None
    whole = False

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

    def room(self, shape: tuple[int, int]) -> tuple[int, int]:
        """The whole raster."""
        return shape

    def areas(self) -> Areas:
        """The polygons and their CRS."""
        return Areas(self.polygons, self.crs)

    def plan(
        self,
        sampler: SpatialSampler | None,
        window: SpatialWindow,
        domain: RasterDomain,
        watch: Callable[[float], None] | None = None,
    ) -> ListPlan:
        """One chip per polygon that holds a pixel's centre; ``plan.order`` says which. ``watch`` is called for each
        polygon.
        """
        if sampler is not None:
            allowed = "each polygon is one chip: leave the sampler out"
            raise ParameterError("sampler", type(sampler).__name__, allowed)
        if not isinstance(window, SpatialBoxcar):
            allowed = "on polygons the mask is the weight: use SpatialBoxcar"
            raise ParameterError("window", type(window).__name__, allowed)
        masks = PolygonMasks(domain, self)
        with gdal_env():  # entered once: entering takes as long as making a small mask
            for position in range(len(self.polygons)):
                if watch is not None:
                    watch(position / len(self.polygons))
                masks.find(position)
        order = np.array(masks.owners, np.int64)
        masks.refuse_nothing()
        left_out = tuple(np.setdiff1d(np.arange(len(self.polygons)), order).tolist())

        def weights_at(position: int) -> np.ndarray:
            return masks.weights(int(np.searchsorted(order, position)))

        return ListPlan.of(domain.shape, np.array(masks.places), order, left_out, weights_at=weights_at)

    def get_config(self) -> dict[str, Any]:
        """The polygons as in GeoJSON, and their CRS where they have one of their own."""
        polygons = [{"type": one["type"], "coordinates": _listed(one["coordinates"])} for one in self.polygons]
        return {"polygons": polygons} if self.crs is None else {"polygons": polygons, "crs": self.crs}


class PolygonMasks:
    """The pixels of polygons on a raster, found polygon by polygon; ``piece`` ``(h, w)``: in pieces of at most that.

    Of each piece found there is its polygon (``owners``), its window ``(row, col, height, width)``, the smallest that
    holds its pixels (``places``), and their number (``counts``). Law: pieces put together are the whole.
    """

    def __init__(
        self, domain: RasterDomain, geometry: SpatialPolygonIntersection, piece: tuple[int, int] | None = None
    ) -> None:
        self._domain, self._polygons, self._crs, self._piece = domain, geometry.polygons, geometry.crs, piece
        self._target = None if self._crs is None else crs_text(domain.crs, "the raster's crs")
        self._kept = KeptArrays(_KEPT_BYTES)
        self._last: tuple[int, list[list[np.ndarray]]] = (-1, [])
        self._strips: list[PixelWindow] = []
        self.owners: list[int] = []
        self.places: list[tuple[int, int, int, int]] = []
        self.counts: list[int] = []

    def find(self, position: int, asked: Callable[[], None] | None = None) -> None:
        """Find the pieces of a polygon, from the top; none where it holds no pixel's centre.

        ``asked`` is called before each strip of pieces, and may raise.
        """
        around = self.around(position)
        if not around.pixels:
            return
        height, width = self._piece or (around.height, around.width)
        for row in range(around.row, around.row_stop, height):
            if asked is not None:
                asked()
            strip = PixelWindow(row, around.col, min(height, around.row_stop - row), around.width)
            mask = self._mask(position, strip)
            for col in range(0, mask.shape[1], width):
                self._add(position, strip, mask[:, col : col + width], col)

    def _add(self, position: int, strip: PixelWindow, mask: np.ndarray, col: int) -> None:
        rows, cols = (np.flatnonzero(mask.any(axis=axis)).tolist() for axis in (1, 0))
        if not rows:
            return
        mask = mask[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        self._kept.put(len(self.owners), mask)
        self._strips.append(strip)
        self.owners.append(position)
        self.places.append((strip.row + rows[0], strip.col + col + cols[0], mask.shape[0], mask.shape[1]))
        self.counts.append(int(np.count_nonzero(mask)))

    def refuse_nothing(self) -> None:
        """Raise :class:`PlanError` where no polygon holds a pixel's centre."""
        if not self.owners:
            where = "" if not self._domain.placed else f", whose bounds in its own CRS are {self._domain.bounds}"
            allowed = f"none of them holds the centre of a pixel of the raster{where}"
            raise PlanError("polygons", len(self._polygons), allowed)

    def weights(self, piece: int) -> np.ndarray:
        """``(h, w)`` float64: 1 in the polygon, else 0; read-only."""
        mask = self._kept.get(piece)
        if mask is None:
            strip, place = self._strips[piece], PixelWindow(*self.places[piece])
            row, col = place.row - strip.row, place.col - strip.col
            # Made over the same window as before: by one of another origin, rounding could decide otherwise.
            mask = self._mask(self.owners[piece], strip)[row : row + place.height, col : col + place.width]
        weights = mask.astype(np.float64)
        weights.flags.writeable = False
        return weights

    def _rings(self, position: int) -> list[list[np.ndarray]]:
        """The rings of each part, ``(n, 2)``, in the raster's CRS; in pixels where that has no transform."""
        if self._last[0] != position:
            self._last = position, self._moved(position)
        return self._last[1]

    def _moved(self, position: int) -> list[list[np.ndarray]]:
        polygon = self._polygons[position]
        shape = self._in_crs(polygon, [rings for _, rings in parts(polygon, f"polygon {position}")], position)
        control = self._domain.control
        if self._domain.transform is not None or control is None:
            return shape
        return [[control.ring_to_pixels(ring) for ring in rings] for rings in shape]

    def _in_crs(
        self, polygon: Mapping[str, Any], shape: list[list[np.ndarray]], position: int
    ) -> list[list[np.ndarray]]:
        if self._crs is None or self._crs == self._target:
            return shape
        moved = [
            [np.stack(transform_points(ring[:, 0], ring[:, 1], self._crs, self._target), axis=1) for ring in rings]
            for rings in shape
        ]
        if not all(np.isfinite(ring).all() for rings in moved for ring in rings):
            raise ParameterError(f"polygon {position}", polygon["type"], "cannot be expressed in the CRS of the raster")
        return moved

    def around(self, position: int) -> PixelWindow:
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
    """The single geometries of polygons in any of the forms in which they may be given."""
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
