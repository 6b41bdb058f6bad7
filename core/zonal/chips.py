"""An operator on the pixels of polygons: statistics of what it gives, and the results as a raster.

Polygons are chips of a run (``loop/chip_run.py``), which reads each pixel that a polygon's window holds once. A large
polygon is cut into pieces for operators that look at single pixels, where that changes nothing, so that memory does not
grow with it; for any other operator a polygon that is too large is refused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base.errors import Cancelled, ParameterError
from ..gdal.environment import gdal_env
from ..grid.domain import PixelWindow
from ..grid.row_source import RowSink, RowSource
from ..loop.chip_run import ChipResult, ChipRun, Computed, SourceChips, check_bands
from ..loop.patcher import SpatialPatcher
from ..loop.read_ahead import column_blocks
from ..loop.stitcher import Stitcher, StreamReport
from ..loop.stream import MEMORY_LIMIT, check_workers, threads_of
from ..operators.base import Operator, as_operator
from ..plan.cutting import finer
from ..plan.lists import ListPlan
from ..plan.polygons import PolygonMasks, SpatialPolygonIntersection
from ..stitch.aggregation import SpatialAggregation, SpatialOverlapAdd
from .statistics import NEED_VALUES, PolygonStatistics

#: Most rows and columns of a piece: a strip of a wide raster in pieces of that width fits the loop's buffers.
PIECE = (256, 4096)
_PLANNING = 0.1  # share of the progress


@dataclass(frozen=True)
class PolygonChips:
    """The results for polygons: ``values`` ``(polygons, bands, statistics)`` float64, NaN where there is none.

    ``left_out``: positions of the polygons that hold no pixel's centre. ``report``: None where all are left out.
    """

    values: np.ndarray
    left_out: tuple[int, ...]
    report: StreamReport | None


def polygon_chips(
    source: RowSource,
    geometry: SpatialPolygonIntersection,
    operator: Callable[[Any], Any],
    statistics: Sequence[str],
    *,
    sink: RowSink | None = None,
    aggregation: SpatialAggregation | None = None,
    workers: int = 0,
    memory_limit: int = MEMORY_LIMIT,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PolygonChips:
    """Run ``operator`` on the pixels of each polygon: those whose centres lie in it; others are NaN to the operator.

    ``sink`` gets the results on the whole raster, NaN outside of the polygons; where polygons overlap, by
    ``aggregation`` (default: their mean). With a sink, polygons none of which holds a pixel's centre are refused. The
    other parameters are those of :func:`~..loop.stream.stream`; the results do not depend on them. The source is left
    open.
    """
    operator = as_operator(operator)
    check_workers(workers)
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
    operator.load()
    patcher = None if sink is None else SpatialPatcher(geometry, aggregation=aggregation or SpatialOverlapAdd())
    how = (
        threads_of(_workers(int(workers), plan, source, memory_limit)),
        None if progress is None else lambda share: progress(_PLANNING + (1 - _PLANNING) * share),
        cancelled,
    )
    report = _run(source, plan, operator, tally, patcher, sink, window, memory_limit, how)
    return PolygonChips(tally.results(), left_out, report)


def _run(
    source: RowSource,
    plan: ListPlan,
    operator: Operator,
    tally: PolygonStatistics,
    patcher: SpatialPatcher | None,
    sink: RowSink | None,
    window: PixelWindow,
    memory_limit: int,
    how: tuple[int, Callable[[float], None] | None, Callable[[], bool] | None],
) -> StreamReport:
    """Hand each result to the statistics, and where there is a patcher to the sink; ``how``: threads, progress,
    cancelled.
    """
    stop, started, (workers, progress, cancelled) = threading.Event(), time.perf_counter(), how
    flat, bands, empty = False, 0, window.scaled(operator.scale).pixels

    def seen(result: ChipResult) -> None:
        nonlocal flat, bands
        if not bands:
            flat, bands = result.flat, len(result.values)
        check_bands(operator, result, bands)
        weights = result.chip.weights
        if weights is not None:
            tally.add(int(plan.order[result.chip.index]), result.values, finer(weights, operator.scale))

    aggregation = None if patcher is None else patcher.aggregation
    blocks = column_blocks(source, plan, operator, aggregation, sink, window, memory_limit)
    run = ChipRun(SourceChips(source, plan), Computed(operator, source, plan), workers, stop, progress, cancelled)
    if patcher is not None and sink is not None:
        with Stitcher(sink, patcher, plan, operator, window, stop) as stitcher, run:
            stitcher.take(run, blocks, seen)
        empty = stitcher.empty
    else:
        with run:
            for result in run.results(blocks):
                seen(result)
    seconds, pixels = time.perf_counter() - started, window.scaled(operator.scale).pixels
    return StreamReport(len(plan), run.bytes_read, seconds, False, flat, bands, pixels, empty)


def _find(
    source: RowSource,
    geometry: SpatialPolygonIntersection,
    operator: Operator,
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

    with gdal_env():  # entered once: entering takes as long as making a mask
        for position in range(count):
            may_go_on()
            if not pointwise:
                _check_memory(masks.around(position), position, source, memory_limit)
            masks.find(position, may_go_on)
            _check_model(masks, operator)
            if progress is not None:
                progress(_PLANNING * (position + 1) / count)
    return masks


def _check_memory(around: PixelWindow, position: int, source: RowSource, memory_limit: int) -> None:
    """Refuse a polygon that cannot be one chip in memory."""
    needed = around.pixels * source.bands * source.dtype.itemsize
    if 2 * needed > memory_limit:
        allowed = f"its {around.height} x {around.width} pixels of {source.bands} band(s) need {needed >> 20} MB"
        allowed += f", and at most {memory_limit >> 21} MB are used for one polygon"
        allowed += " where the operator looks at more than single pixels: divide the polygon, or use a coarser raster"
        raise ParameterError(f"polygon {position}", "too large", allowed)


def _check_model(masks: PolygonMasks, operator: Operator) -> None:
    """Refuse the polygon found last where a model of a fixed size cannot take it."""
    most = operator.chip_size
    if most is None or not masks.places:
        return
    height, width = masks.places[-1][2:]
    if height > most[0] or width > most[1]:
        allowed = f"its window of {height} x {width} pixels is larger than the {most[0]} x {most[1]} pixels that the"
        raise ParameterError(f"polygon {masks.owners[-1]}", "too large", f"{allowed} model takes")


def _check_values(masks: PolygonMasks, source: RowSource, operator: Operator, memory_limit: int) -> None:
    """Refuse polygons of which more values than fit into memory would be held until their last piece is there."""
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


def _workers(workers: int, plan: ListPlan, source: RowSource, memory_limit: int) -> int:
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
