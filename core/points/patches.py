"""Patches of fields that are not rasters: neighbourhoods of points and features, and features by polygon."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Union

import numpy as np

from ..axes.geometry import SpatialGeometry
from ..axes.sampler import SpatialSampler
from ..axes.window import SpatialBoxcar, SpatialWindow
from ..base.errors import MissingPackageError, ParameterError, PlanError
from ..grid.crs import crs_text, transform_points
from ..grid.domain import PixelWindow
from ..grid.features import as_mapping, bounds, inside, parts
from .fields import PointField, VectorField
from .graph import as_graph, neighbourhoods

AnyField = Union[PointField, VectorField]
#: What says which points are anchors: a sampler, their indices, or None for all.
Anchors = Union[SpatialSampler, Sequence[int], np.ndarray, None]


@dataclass(frozen=True, eq=False)
class PointPatch:
    """Some points or features of a field.

    ``data`` ``(m,)`` or ``(m, attributes)`` float64 with NaN where unknown; ``indices`` ``(m,)``: which they are;
    ``weights`` ``(m,)``, at least 0; ``distances`` ``(m,)`` from the anchor in the metric's unit, None for polygons.
    ``anchor``: the point in the middle, or the polygon, by its index. Arrays are read-only.
    """

    data: Any
    indices: np.ndarray
    anchor: int
    weights: np.ndarray
    distances: np.ndarray | None = None

    def refined(self, factor: int) -> PointPatch:
        """Refused for factors above 1: points have no grid that could be finer."""
        if factor != 1:
            raise ParameterError("operator", f"{factor} times finer", "must give one value for each point")
        return self

    def with_data(self, data: Any) -> PointPatch:
        """The same points and weights with other data."""
        return replace(self, data=data)

    @property
    def window(self) -> PixelWindow:
        """Refused: points have no place on a pixel grid."""
        raise PlanError("patches", "of points or features", "lie on no pixel grid: merge them by SpatialByIndex")


def split_field(
    field: object, geometry: object, sampler: Anchors, window_function: SpatialWindow
) -> Iterator[PointPatch]:
    """The patches of a field that is not a raster, one by one, in ascending order of their anchors.

    A graph or spherical cap gives one for each anchor that the sampler takes, weighted by ``window_function.radial`` of
    the distance; a geometry with polygons one for each polygon, with weights 1. Where there is no neighbour, or nothing
    in the polygon, there is no patch. Patches of neighbouring anchors share blocks of memory.
    """
    if not isinstance(field, (PointField, VectorField)):
        allowed = "can be split by graphs and polygons if it is a PointField or VectorField"
        raise ParameterError("field", type(field).__name__, allowed)
    areas = geometry.areas() if isinstance(geometry, SpatialGeometry) else None
    if areas is not None:
        if sampler is not None:
            raise ParameterError("sampler", type(sampler).__name__, "each polygon is one patch: leave the sampler out")
        if not isinstance(window_function, SpatialBoxcar):
            allowed = "in polygons all weigh the same: use SpatialBoxcar"
            raise ParameterError("window", type(window_function).__name__, allowed)
        return split_by_polygons(field, *areas)
    as_graph(geometry)
    return _split_graph(field, geometry, anchors_of(sampler, field.domain.count), window_function)


def anchors_of(sampler: Anchors, count: int) -> np.ndarray:
    """``(a,)`` ascending indices of the points that a sampler takes as anchors, each once.

    A sampler treats points as a raster of ``count`` rows and one column: ``SpatialRegularStride(1)`` takes all,
    ``SpatialRandom(c, seed)`` c of them, ``SpatialExplicit([(index, 0), ...])`` those. None takes all, and plain
    indices are taken as they are.
    """
    if sampler is None:
        return np.arange(count)
    if isinstance(sampler, SpatialSampler):
        if not sampler.on_points:
            allowed = "its distances or coordinates are those of pixels, not points"
            raise PlanError("sampler", type(sampler).__name__, allowed)
        return np.unique(np.asarray(sampler.anchors((count, 1)))[:, 0])
    indices = np.asarray(sampler)
    if indices.ndim != 1 or indices.dtype.kind not in "iu" or not len(indices):
        raise PlanError("sampler", sampler, "must be a sampler, or indices of points")
    if indices.min() < 0 or indices.max() >= count:
        raise PlanError("sampler", sampler, f"its indices must lie from 0 to {count - 1}")
    return np.unique(indices)


def _split_graph(
    field: AnyField, geometry: object, anchors: np.ndarray, window_function: SpatialWindow
) -> Iterator[PointPatch]:
    values = field.values
    graph = as_graph(geometry)
    for batch in neighbourhoods(field, graph, anchors):
        weights = np.broadcast_to(window_function.radial(graph.shares(batch.distances)), batch.indices.shape)
        counts = (batch.indices >= 0).sum(axis=1).tolist()
        arrays = [_frozen(array) for array in (values[batch.indices], batch.indices, weights, batch.distances)]
        for anchor, count, data, indices, weight, distances in zip(batch.anchors.tolist(), counts, *arrays):
            if count:
                yield PointPatch(data[:count], indices[:count], anchor, weight[:count], distances[:count])


def split_by_polygons(field: AnyField, polygons: Iterable[Any], crs: Any = None) -> Iterator[PointPatch]:
    """The points in each polygon, or the features that intersect it; ``indices`` ascend.

    Polygons in another CRS (``crs``) than the field's are transformed vertex by vertex. Points lie in a polygon by the
    rule of ``grid.features.inside``: in one of two polygons that share an edge, never in both. Features other than
    points intersect a polygon as shapely defines it, its boundary included; that needs shapely.
    """
    shapes = [_polygon(polygon, number, crs, field.crs) for number, polygon in enumerate(polygons)]
    finder = _finder(field)
    for number, shape in enumerate(shapes):
        indices = finder.find(shape)
        if len(indices):
            yield PointPatch(_frozen(field.values[indices]), _frozen(indices), number, _frozen(np.ones(len(indices))))


def _polygon(polygon: Any, number: int, crs: Any, target: Any) -> list[list[np.ndarray]]:
    """The rings of each part, in the field's CRS."""
    where = f"polygon {number}"
    shapes = list(parts(as_mapping(polygon, where), where))
    if not shapes or any(dimension != 2 for dimension, _ in shapes):
        raise ParameterError(where, as_mapping(polygon, where)["type"], "must be a polygon that is not empty")
    rings = [arrays for _, arrays in shapes]
    if crs is None or target is None or crs_text(crs) == crs_text(target):
        return rings
    moved = [
        [np.stack(transform_points(ring[:, 0], ring[:, 1], crs, target), axis=1) for ring in part] for part in rings
    ]
    if not all(np.isfinite(ring).all() for part in moved for ring in part):
        raise ParameterError(where, "a polygon", "cannot be expressed in the CRS of the field")
    return moved


def _finder(field: AnyField) -> _PointFinder | _ShapeFinder:
    if isinstance(field, PointField):
        if field.coordinates.shape[1] != 2:
            allowed = "points must have two to lie in a polygon"
            raise ParameterError("number of coordinates", field.coordinates.shape[1], allowed)
        return _PointFinder(field.coordinates, np.arange(len(field.coordinates)))
    shapes = [list(parts(one, f"geometry of feature {k}")) for k, one in enumerate(field.mappings)]
    if any(dimension for feature in shapes for dimension, _ in feature):
        return _ShapeFinder(field, shapes)
    points = [np.concatenate([array for _, arrays in feature for array in arrays]) for feature in shapes if feature]
    owners = [k for k, feature in enumerate(shapes) if feature]
    repeats = [len(array) for array in points]
    return _PointFinder(np.concatenate(points) if points else np.empty((0, 2)), np.repeat(owners, repeats).astype(int))


class _PointFinder:
    """Points by polygon; ``owners``: the feature of each point."""

    def __init__(self, points: np.ndarray, owners: np.ndarray) -> None:
        order = np.argsort(points[:, 1], kind="stable")
        self._x, self._y, self._owners = points[order, 0], points[order, 1], owners[order]

    def find(self, polygon: list[list[np.ndarray]]) -> np.ndarray:
        found = []
        for rings in polygon:
            xmin, ymin, xmax, ymax = bounds([(2, rings)])
            lo, hi = np.searchsorted(self._y, ymin, "left"), np.searchsorted(self._y, ymax, "right")
            near = lo + np.flatnonzero((self._x[lo:hi] >= xmin) & (self._x[lo:hi] <= xmax))
            found.append(self._owners[near[inside(rings, self._x[near], self._y[near])]])
        return np.unique(np.concatenate(found))


class _ShapeFinder:
    """Features of any kind by polygon, with shapely."""

    def __init__(self, field: VectorField, shapes: Sequence[list[tuple[int, list[np.ndarray]]]]) -> None:
        try:
            self._shape = importlib.import_module("shapely.geometry").shape
            self._prep = importlib.import_module("shapely.prepared").prep
        except ImportError as error:
            raise MissingPackageError("shapely", "to intersect polygons with lines or polygons") from error
        self._features = [self._shape(one) for one in field.mappings]
        nowhere = (np.inf, np.inf, -np.inf, -np.inf)
        self._bounds = np.array([bounds(feature) if feature else nowhere for feature in shapes])

    def find(self, polygon: list[list[np.ndarray]]) -> np.ndarray:
        shape = self._shape({"type": "MultiPolygon", "coordinates": [[r.tolist() for r in p] for p in polygon]})
        xmin, ymin, xmax, ymax = shape.bounds
        left, low, right, top = self._bounds.T
        near = np.flatnonzero((left <= xmax) & (right >= xmin) & (low <= ymax) & (top >= ymin))
        meets = self._prep(shape).intersects
        return np.array([k for k in near.tolist() if meets(self._features[k])], np.int64)


def _frozen(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
