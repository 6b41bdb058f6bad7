"""Statistics of the neighbourhoods of all points of a field, without making a patch for each.

Only known values count: a neighbour whose value is NaN adds nothing, and where no neighbour's value is known, all
statistics are NaN except the count, which is 0.

``count``   neighbours whose value is known
``mean``    their mean
``std``     their standard deviation, divided by the count (as ``numpy.nanstd``)
``min``, ``max``, ``median``
``idw``     mean weighted by 1 / distance^2 (D. Shepard, 1968, power 2); where neighbours lie at the anchor's own place,
            the mean of those: with ``include_self`` the point's own value, unless it is taken ``of_others``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Callable

import numpy as np

from ..axes.geometry import SpatialGeometry
from ..base.errors import ParameterError
from ..base.progress import Watch, result_of
from .fields import PointField, VectorField
from .graph import SpatialKNNGraph, as_graph, neighbourhoods
from .search import Neighbourhoods


def statistics(
    field: PointField | VectorField,
    geometry: SpatialGeometry,
    names: Sequence[str],
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    of_others: Sequence[str] = (),
) -> dict[str, np.ndarray]:
    """Statistics ``names`` of each point's neighbourhood: float64 arrays of the shape of ``field.values``.

    ``geometry`` is a SpatialKNNGraph, a SpatialRadiusGraph or a SpatialSphericalCap. ``progress`` gets the share done,
    0 to 1; ``cancelled`` is asked while neighbours are searched, and ends the work with :class:`Cancelled`.
    ``of_others`` are those of ``names`` that leave the point itself out. Law: these are the statistics of a geometry
    without ``include_self``.
    """
    for name in (*names, *of_others):
        if name not in STATISTICS:
            raise ParameterError("statistics", name, f"must be among {', '.join(STATISTICS)}")
    watch = Watch(progress, cancelled)
    watch.ask()
    graph, values = as_graph(geometry), field.values
    apart = graph.include_self and any(name in of_others for name in names)
    k = graph.k if isinstance(graph, SpatialKNNGraph) else 0
    searched = replace(graph, k=k + 1) if apart and isinstance(graph, SpatialKNNGraph) else graph
    columns = values[:, None] if values.ndim == 1 else values
    results = {name: np.full(columns.shape, np.nan) for name in names}
    done = 0
    for batch in _ahead(_found(field, searched), watch.ask):
        others = _others(batch, k) if apart else batch
        nearest = batch if searched is graph else _first(batch, k)
        for attribute in range(columns.shape[1]):
            column = columns[:, attribute]
            found, alone = _Batch(column, nearest), _Batch(column, others) if apart else None
            for name in names:
                chosen = alone if alone is not None and name in of_others else found
                results[name][batch.anchors, attribute] = STATISTICS[name](chosen)
        done += len(batch.anchors)
        watch(done / len(columns))
    return {name: result.reshape(values.shape) for name, result in results.items()}


def _found(field: PointField | VectorField, graph: SpatialGeometry) -> Iterator[Neighbourhoods]:
    yield from neighbourhoods(field, graph)  # a generator, so that the search begins with the first batch


def _ahead(batches: Iterator[Neighbourhoods], ask: Callable[[], None]) -> Iterator[Neighbourhoods]:
    """The batches, each searched in a thread while the one before is worked on; cancelling does not wait for it."""
    pool = ThreadPoolExecutor(1, "patchwise-neighbours")
    try:
        coming = pool.submit(next, batches, None)
        while True:
            batch = result_of(coming, ask)
            if batch is None:
                return
            ask()
            coming = pool.submit(next, batches, None)
            yield batch
    finally:
        pool.shutdown(wait=False)


def _first(batch: Neighbourhoods, k: int) -> Neighbourhoods:
    """The ``k`` nearest of neighbourhoods that have one more."""
    return Neighbourhoods(batch.anchors, batch.indices[:, :k], batch.distances[:, :k])


def _others(batch: Neighbourhoods, k: int) -> Neighbourhoods:
    """The neighbourhoods without the anchors. ``k``: the neighbours wanted, where k + 1 were searched; else 0."""
    drop = batch.indices == batch.anchors[:, None]
    if 0 < k < drop.shape[1]:
        drop[:, -1] |= ~drop.any(axis=1)  # more than k others lie at the anchor's place and come before it
    return Neighbourhoods(batch.anchors, np.where(drop, -1, batch.indices), np.where(drop, np.inf, batch.distances))


class _Batch:
    """The values ``(b, k)`` of neighbourhoods, with what several statistics need."""

    def __init__(self, column: np.ndarray, batch: Neighbourhoods) -> None:
        self.values = column[batch.indices]
        self.known = (batch.indices >= 0) & ~np.isnan(self.values)
        self.distances = batch.distances
        self.count = self.known.sum(axis=1).astype(np.float64)
        self.some = self.count > 0

    def filled(self, value: float) -> np.ndarray:
        return np.where(self.known, self.values, value)

    def divided(self, total: np.ndarray, by: np.ndarray) -> np.ndarray:
        return np.divide(total, by, out=np.full(len(total), np.nan), where=self.some)

    def mean(self) -> np.ndarray:
        # About a known value: the mean of equal values is that value, and large offsets lose no digits.
        with np.errstate(invalid="ignore", over="ignore"):
            first = np.take_along_axis(self.values, self.known.argmax(axis=1)[:, None], 1)
            mean = first[:, 0] + self.divided(np.where(self.known, self.values - first, 0).sum(axis=1), self.count)
            plain = self.divided(self.filled(0).sum(axis=1), self.count)
            return np.where(np.isfinite(mean), mean, np.where(self.some, plain, np.nan))

    def std(self) -> np.ndarray:
        with np.errstate(invalid="ignore", over="ignore"):
            off = np.where(self.known, self.values - self.mean()[:, None], 0)
            return np.sqrt(self.divided((off * off).sum(axis=1), self.count))

    def min(self) -> np.ndarray:
        return np.where(self.some, self.filled(np.inf).min(axis=1), np.nan)

    def max(self) -> np.ndarray:
        return np.where(self.some, self.filled(-np.inf).max(axis=1), np.nan)

    def median(self) -> np.ndarray:
        ordered = np.sort(self.filled(np.inf), axis=1)
        upper = (self.count // 2).astype(np.int64)
        lower = np.maximum((self.count.astype(np.int64) - 1) // 2, 0)
        rows = np.arange(len(ordered))
        low = ordered[rows, lower]
        high = ordered[rows, np.minimum(upper, ordered.shape[1] - 1)]
        with np.errstate(invalid="ignore"):
            middle = np.where(low == high, low, low + (high - low) / 2)
        return np.where(self.some, middle, np.nan)

    def idw(self) -> np.ndarray:
        here = self.known & (self.distances == 0)
        at_anchor = here.any(axis=1, keepdims=True)
        nearest = np.where(self.known, self.distances, np.inf).min(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            # Relative to the nearest one, since squares of very small or large distances would under- or overflow.
            weights = np.where(at_anchor, here, (nearest / self.distances) ** 2)
            weights = np.where(self.known, weights, 0)
            weighted = np.where(weights > 0, weights * self.values, 0).sum(axis=1)
            return self.divided(weighted, weights.sum(axis=1))


STATISTICS: dict[str, Callable[[_Batch], np.ndarray]] = {
    "count": lambda batch: batch.count,
    "mean": _Batch.mean,
    "std": _Batch.std,
    "min": _Batch.min,
    "max": _Batch.max,
    "median": _Batch.median,
    "idw": _Batch.idw,
}
