"""An operator on the pixels of polygons: statistics of what it gives, and the results as a raster.

Polygons are chips of the one loop (``stream.py``), which reads each pixel that a polygon's window holds once. A large
polygon is cut into pieces for operators that look at single pixels, where that changes nothing, so that memory does not
grow with it; for any other operator a polygon that is too large is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..base.errors import Cancelled, ParameterError
from ..gdal.environment import gdal_env
from ..grid.domain import PixelWindow, RasterDomain
from ..loop.patcher import SpatialPatcher
from ..loop.stream import MEMORY_LIMIT, StreamReport, stream
from ..operators.base import as_operator
from ..plan.lists import ListPlan
from ..plan.polygons import PolygonMasks, SpatialPolygonIntersection
from ..stitch.aggregation import SpatialAggregation, SpatialOverlapAdd
from .statistics import NEED_VALUES, PolygonStatistics

#: Most rows and columns of a piece: a strip of a wide raster in pieces of that width fits the loop's buffers.
PIECE = (256, 4096)
_PLANNING = 0.1  # share of the progress


@dataclass(frozen=True)
class PolygonChips:
    """What became of polygons: ``values`` ``(polygons, bands, statistics)`` float64, NaN where there is none.

    ``left_out``: positions of the polygons that hold no pixel's centre. ``report``: None where all are left out.
    """

    values: np.ndarray
    left_out: tuple[int, ...]
    report: StreamReport | None


def polygon_chips(
    source: Any,
    geometry: SpatialPolygonIntersection,
    operator: Callable[[Any], Any],
    statistics: Sequence[str],
    *,
    sink: Any = None,
    aggregation: SpatialAggregation | None = None,
    workers: int = 0,
    memory_limit: int = MEMORY_LIMIT,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PolygonChips:
    """Run ``operator`` on the pixels of each polygon: those whose centres lie in it; others are NaN to the operator.

    ``sink`` gets the results on the whole raster, NaN outside of the polygons; where polygons overlap, by
    ``aggregation`` (default: their mean). With a sink, polygons none of which holds a pixel's centre are refused. The
    other parameters are those of :func:`~.stream.stream`; the results do not depend on them.
    """
    operator = as_operator(operator)
    masks = _find(source, geometry, operator, memory_limit, progress, cancelled)
    owners, count = np.array(masks.owners, np.int64), len(geometry.polygons)
    left_out = tuple(np.setdiff1d(np.arange(count), owners).tolist())
    tally = PolygonStatistics(owners, count, statistics)
    if not len(owners):
        if sink is not None:
            masks.refuse_nothing()
        return PolygonChips(tally.results(), left_out, None)
    if any(name in NEED_VALUES for name in statistics):
        _check_values(masks, source, operator, memory_limit)
    places = np.array(masks.places, np.int64)
    plan = ListPlan.of(source.domain.shape, places, np.arange(len(places)), weights_at=masks.weights)
    window = source.domain.window if sink is not None else _bounds(places)
    inner = None if sink is None else aggregation or SpatialOverlapAdd()
    report = stream(
        source,
        SpatialPatcher(_Planned(plan), aggregation=_ByPolygon(tally, plan, operator, inner)),
        operator,
        _Nowhere() if sink is None else sink,
        window=window,
        workers=_workers(workers, plan, source, memory_limit),
        memory_limit=memory_limit,
        progress=None if progress is None else lambda share: progress(_PLANNING + (1 - _PLANNING) * share),
        cancelled=cancelled,
    )
    return PolygonChips(tally.results(), left_out, report)


def _find(
    source: Any,
    geometry: SpatialPolygonIntersection,
    operator: Any,
    memory_limit: int,
    progress: Callable[[float], None] | None,
    cancelled: Callable[[], bool] | None,
) -> PolygonMasks:
    """The polygons' pieces; whole polygons for an operator that looks at more than single pixels."""
    pointwise = operator.pointwise
    masks = PolygonMasks(source.domain, geometry, PIECE if pointwise else None)
    count = len(geometry.polygons)

    def may_go_on() -> None:
        if cancelled is not None and cancelled():
            raise Cancelled

    with gdal_env():  # once, as it takes as long as a mask
        for position in range(count):
            may_go_on()
            if not pointwise:
                _check_memory(masks.around(position), position, source, memory_limit)
            masks.find(position, may_go_on)
            _check_model(masks, operator)
            if progress is not None:
                progress(_PLANNING * (position + 1) / count)
    return masks


def _check_memory(around: PixelWindow, position: int, source: Any, memory_limit: int) -> None:
    """Refuse a polygon that cannot be one chip in memory."""
    needed = around.pixels * source.bands * source.dtype.itemsize
    if 2 * needed > memory_limit:
        allowed = f"its {around.height} x {around.width} pixels of {source.bands} band(s) need {needed >> 20} MB"
        allowed += f", and at most {memory_limit >> 21} MB are used for one polygon"
        allowed += " where the operator looks at more than single pixels: divide the polygon, or use a coarser raster"
        raise ParameterError(f"polygon {position}", "too large", allowed)


def _check_model(masks: PolygonMasks, operator: Any) -> None:
    """Refuse the polygon found last where a model of a fixed size cannot take it."""
    most = operator.chip_size
    if most is None or not masks.places:
        return
    height, width = masks.places[-1][2:]
    if height > most[0] or width > most[1]:
        allowed = f"its window of {height} x {width} pixels is larger than the {most[0]} x {most[1]} pixels that the"
        raise ParameterError(f"polygon {masks.owners[-1]}", "too large", f"{allowed} model takes")


def _check_values(masks: PolygonMasks, source: Any, operator: Any, memory_limit: int) -> None:
    """Refuse polygons of which more values would be held at a time, until their last piece is there, than fit."""
    owners, counts, places = (np.array(v, np.int64) for v in (masks.owners, masks.counts, masks.places))
    several = np.bincount(owners)[owners] > 1
    if not several.any():
        return
    first = np.full(owners.max() + 1, np.iinfo(np.int64).max)
    last, pixels = np.zeros_like(first), np.zeros_like(first)
    np.minimum.at(first, owners[several], places[several, 0])
    np.maximum.at(last, owners[several], places[several, 0] + places[several, 2])
    np.add.at(pixels, owners[several], counts[several])
    there = np.flatnonzero(pixels)
    rows = np.concatenate([first[there], last[there]])
    held = np.concatenate([pixels[there], -pixels[there]])
    most = int(np.cumsum(held[np.lexsort((held < 0, rows))]).max())
    bands = operator.output_bands or source.bands
    needed = most * bands * source.dtype.itemsize * operator.scale**2
    if needed > memory_limit:
        allowed = f"the polygons are so large that {needed >> 20} MB of values would have to be held, and at most"
        allowed += f" {memory_limit >> 20} MB are: leave out {' and '.join(NEED_VALUES)}, or divide the polygons"
        raise ParameterError("statistics", list(NEED_VALUES), allowed)


def _workers(workers: int, plan: ListPlan, source: Any, memory_limit: int) -> int:
    """Fewer threads where the chips that wait for them would not fit into memory."""
    height, width = plan.max_size
    fits = memory_limit // max(1, 4 * height * width * source.bands * source.dtype.itemsize)
    if fits >= 64:
        return workers
    return max(1, min(workers or fits, fits))


def _bounds(places: np.ndarray) -> PixelWindow:
    """The window around all places."""
    row, col = places[:, :2].min(axis=0).tolist()
    row_stop, col_stop = (places[:, :2] + places[:, 2:]).max(axis=0).tolist()
    return PixelWindow(row, col, row_stop - row, col_stop - col)


@dataclass(frozen=True, eq=False)
class _Planned:
    """A geometry whose chips are already known."""

    known: ListPlan
    size = None
    plan_is_quick, whole = True, False

    def room(self, shape: tuple[int, int]) -> tuple[int, int]:
        return shape

    def check(self, window: Any, domain: RasterDomain) -> None:
        return

    def plan(self, sampler: Any, window: Any, domain: RasterDomain, watch: Any = None) -> ListPlan:
        return self.known


class _Nowhere:
    """Takes rows that nobody wants."""

    block_width = 1

    def start(self, bands: int, dtype: np.dtype) -> None:
        return

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        return


@dataclass(frozen=True, eq=False)
class _ByPolygon(SpatialAggregation):
    """Chips to statistics by polygon, and where there is an ``inner`` aggregation to pixels by that."""

    tally: PolygonStatistics
    planned: ListPlan
    operator: Any
    inner: SpatialAggregation | None
    by_weight: bool = field(default=True, init=False)

    def output(self, bands: int, dtype: np.dtype) -> tuple[int, np.dtype]:
        return (1, np.dtype(np.float32)) if self.inner is None else self.inner.output(bands, dtype)

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> Any:
        scale = self.operator.scale
        block = PixelWindow(*(value // scale for value in window))
        order = iter(self.planned.order[self.planned.touching(block)].tolist())
        inner = None if self.inner is None else self.inner.accumulator(bands, window, dtype, capacity, covers)
        return _Counting(self.tally, order, inner, window)

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        return 0 if self.inner is None else self.inner.bytes_per_pixel(bands, dtype, overlaps)


class _Counting:
    """The chips of a block come in the order of the plan, which says what piece of what polygon each is."""

    def __init__(self, tally: PolygonStatistics, order: Iterator[int], inner: Any, window: PixelWindow) -> None:
        self._tally, self._order, self._inner = tally, order, inner
        self._window, self._row = window, window.row

    def add(
        self,
        chip: PixelWindow,
        values: np.ndarray,
        weights: np.ndarray,
        finite: bool = False,
        ratio: np.ndarray | None = None,
    ) -> None:
        self._tally.add(next(self._order), values, weights)
        if self._inner is not None:
            self._inner.add(chip, values, weights, finite, ratio)

    def finish(self, row_stop: int) -> np.ndarray:
        if self._inner is not None:
            return np.asarray(self._inner.finish(row_stop))
        rows, self._row = row_stop - self._row, row_stop
        return np.broadcast_to(np.float32(np.nan), (1, rows, self._window.width))
