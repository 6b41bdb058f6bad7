"""Geometries for points and features: neighbourhoods in place of chips of pixels.

Metrics are ``euclidean``, in units of the coordinates, and ``haversine``, in km between longitudes and latitudes in
degrees. The order of neighbours is that of ``search.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from ..axes.geometry import SpatialGeometry
from ..base.checks import is_whole
from ..base.errors import ParameterError
from ..base.shape import Number, Text, Whole
from ..base.vocabulary import Entry, Field, Vocabulary
from .fields import PointField, VectorField
from .search import METRICS, Neighbourhoods, NeighbourSearch


@dataclass(frozen=True)
class SpatialKNNGraph(SpatialGeometry):
    """The ``k`` nearest points of the anchor, itself among them unless ``include_self`` is False.

    Where the field has fewer points, all of them. Points at equal distance are taken in the order of their index.
    """

    k: int
    metric: str = "euclidean"
    include_self: bool = True

    def __post_init__(self) -> None:
        """Refuse fewer than one neighbour and unknown metrics."""
        if not is_whole(self.k) or self.k < 1:
            raise ParameterError("k", self.k, "must be a whole number of neighbours, at least 1")
        object.__setattr__(self, "k", int(self.k))
        _check(self.metric, self.include_self)

    def search(self, found: NeighbourSearch, anchors: np.ndarray) -> Iterator[Neighbourhoods]:
        """The neighbourhoods of ``anchors``, in batches."""
        return found.nearest(anchors, self.k, self.include_self)

    def shares(self, distances: np.ndarray) -> np.ndarray:
        """Distances as shares of the largest one in the neighbourhood; 0 where all are 0."""
        largest = np.where(np.isfinite(distances), distances, 0).max(axis=1, keepdims=True)
        return np.minimum(distances / np.where(largest > 0, largest, 1), 1)

    def get_config(self) -> dict[str, Any]:
        """``{"k": ..., "metric": ...}``, and ``include_self`` where it is False."""
        return {"k": self.k, "metric": self.metric, **({} if self.include_self else {"include_self": False})}


@dataclass(frozen=True)
class SpatialRadiusGraph(SpatialGeometry):
    """All points at most ``radius`` from the anchor, itself among them unless ``include_self`` is False.

    ``radius`` is in units of the coordinates (euclidean) or in km (haversine); a point at that distance is in.
    """

    radius: float
    metric: str = "euclidean"
    include_self: bool = True

    def __post_init__(self) -> None:
        """Refuse a radius that is not above 0, and unknown metrics."""
        radius: Any = self.radius
        number = isinstance(radius, Real) and not isinstance(radius, bool)
        if not number or not 0 < float(radius) < math.inf:
            raise ParameterError("radius", self.radius, "must be a finite number above 0")
        object.__setattr__(self, "radius", float(self.radius))
        _check(self.metric, self.include_self)

    def search(self, found: NeighbourSearch, anchors: np.ndarray) -> Iterator[Neighbourhoods]:
        """The neighbourhoods of ``anchors``, in batches."""
        return found.within(anchors, self.radius, self.include_self)

    def shares(self, distances: np.ndarray) -> np.ndarray:
        """Distances as shares of the radius."""
        return np.minimum(distances / self.radius, 1)

    def get_config(self) -> dict[str, Any]:
        """``{"radius": ..., "metric": ...}``, and ``include_self`` where it is False."""
        return {"radius": self.radius, "metric": self.metric, **({} if self.include_self else {"include_self": False})}


_METRIC = Field(
    "metric",
    "METRIC",
    label="Metric",
    help="How distances are measured: euclidean (straight lines in the layer's CRS) or haversine (great circles "
    "on the Earth, in km, between longitudes and latitudes in EPSG:4326).",
    kind="choice",
    default="euclidean",
    options=METRICS,
    shape=Text(64),
)
_INCLUDE_SELF = Field("include_self", kind="flag", default=True)

#: The neighbourhoods of points that can be chosen.
NEIGHBOURHOODS = Vocabulary(
    "neighbourhood",
    "NEIGHBOURHOOD",
    "knn",
    (
        Entry(
            "knn",
            SpatialKNNGraph,
            fields=(
                Field(
                    "k",
                    "K",
                    label="Number of nearest points",
                    help="How many of the nearest points make the neighbourhood, the point itself among them; for idw, "
                    "others. Used by knn.",
                    kind="whole",
                    default=8,
                    always=True,
                    low=1,
                    shape=Whole(1, 1_000_000),
                ),
                _METRIC,
                _INCLUDE_SELF,
            ),
        ),
        Entry(
            "radius",
            SpatialRadiusGraph,
            fields=(
                Field(
                    "radius",
                    "RADIUS",
                    label="Radius (units of the layer; km for haversine)",
                    help="Largest distance of a neighbour, in units of the layer's CRS for the metric euclidean, in "
                    "kilometres for haversine. A point at just that distance is in. Used by radius.",
                    needed=True,
                    low=0,
                    unit="a distance above 0",
                    shape=Number(0, 1e12),
                ),
                _METRIC,
                _INCLUDE_SELF,
            ),
        ),
    ),
)


def as_graph(geometry: object) -> SpatialKNNGraph | SpatialRadiusGraph:
    """The graph that a geometry is on points: a spherical cap is a radius graph in km."""
    if isinstance(geometry, (SpatialKNNGraph, SpatialRadiusGraph)):
        return geometry
    radius = geometry.cap_km() if isinstance(geometry, SpatialGeometry) else None
    if radius is not None:
        return SpatialRadiusGraph(radius, "haversine")
    raise ParameterError(
        "geometry", type(geometry).__name__, "must be a graph or a spherical cap for points and features"
    )


def neighbourhoods(
    field: PointField | VectorField, geometry: object, anchors: np.ndarray | None = None
) -> Iterator[Neighbourhoods]:
    """The neighbourhoods of a field, or of the points ``anchors``, in batches of bounded memory.

    Batches are in the order of ``anchors``. Without ``anchors`` all points come in an order in which near points follow
    each other, which is faster; ``batch.anchors`` says which points they are.
    """
    graph = as_graph(geometry)
    found = NeighbourSearch(field.places(graph.metric == "haversine"), graph.metric)
    return graph.search(found, found.near_order if anchors is None else np.asarray(anchors, np.int64))


def _check(metric: str, include_self: Any) -> None:
    if metric not in METRICS:
        raise ParameterError("metric", metric, f"must be one of {', '.join(METRICS)}")
    if not isinstance(include_self, bool):
        raise ParameterError("include_self", include_self, "must be True or False")
