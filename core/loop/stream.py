"""The one loop: read rows once, run the operator chip by chip, add with weights, write rows when they are final.

Reading ahead, the operator (on a thread pool) and writing run at the same time; contributions are added by one thread
in chip order, so that the result does not depend on the number of workers.

Law: an output window computed alone, from the chips that touch it, equals the same window of the whole run bit for
bit. The map extent, a preview, and the column blocks in which a very wide raster is done all rest on it.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from typing import Any, Callable

from ..axes.window import SpatialBoxcar
from ..base.checks import is_whole
from ..base.errors import ParameterError
from ..base.progress import Watch
from ..grid.domain import PixelWindow
from ..grid.row_source import RowSink, RowSource
from ..operators.base import Operator, as_operator
from ..plan.check import no_chip
from ..plan.plan import Plan
from .chip_run import ChipRun, Computed, SourceChips
from .patcher import SpatialPatcher
from .read_ahead import column_blocks
from .stitcher import Stitcher, StreamReport

MEMORY_LIMIT = 512 << 20
PLANNING = 0.2  # of the progress, where making the plan takes long


def stream(
    source: RowSource,
    patcher: SpatialPatcher,
    operator: Callable[[Any], Any],
    sink: RowSink,
    *,
    window: PixelWindow | None = None,
    plan: Plan | None = None,
    workers: int = 0,
    memory_limit: int = MEMORY_LIMIT,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> StreamReport:
    """Run ``operator`` over the chips that touch ``window`` (default: the whole raster) into ``sink``.

    ``plan``: the patcher's on the source's domain, where it has been made. ``workers``: threads for the operator, 0 for
    all cores. ``memory_limit`` in bytes bounds the row buffers: a raster too wide for it is done in column blocks.
    ``progress`` gets the share done, 0 to 1; ``cancelled`` is asked once a chip and ends the run with
    :class:`Cancelled`. Bad input is refused before a pixel is read, and only then is the operator loaded
    (``Operator.load``). The source is left open: whoever opened it closes it, which on Windows has to be done before an
    output can take the source's name.

    An operator with a ``batch_size`` gets several chips of one shape at a time (``operator.batch``). With a
    ``scale`` above 1 it gives ``scale`` times as many rows and columns, and so does the run: the sink is then for the
    domain ``RasterDomain.refined(scale)``.
    """
    operator = as_operator(operator)
    window = source.domain.window if window is None else window
    if window.intersect(source.domain.window) != window or not window.pixels:
        raise ParameterError("window", tuple(window), f"must lie on the raster of {source.domain.shape} pixels")
    check_workers(workers)
    watch = Watch(progress, cancelled)
    if plan is None:
        plan = patcher.plan(source.domain, watch.part(0, PLANNING))
    planned = watch.share
    if not plan.count(window):
        raise no_chip(window)
    chips, pieces = plan.count(window), None
    if overlaps_do_not_matter(patcher, operator):
        pieces = plan.pieces()
    if pieces is not None:
        plan, patcher = pieces, replace(patcher, window=SpatialBoxcar())
    for height, width in plan.sizes:
        patcher.weights_of(height, width)  # refused now, if at all
    operator.load()
    stop = threading.Event()
    shares = None if progress is None else watch.part(planned, 1.0)
    blocks = column_blocks(source, plan, operator, patcher.aggregation, sink, window, memory_limit)
    rows, work = SourceChips(source, plan), Computed(operator, source, plan)
    with (
        Stitcher(sink, patcher, plan, operator, window, stop) as stitcher,
        ChipRun(rows, work, threads_of(workers), stop, shares, cancelled) as run,
    ):
        started = time.perf_counter()
        stitcher.take(run, blocks)
        seconds = time.perf_counter() - started
    return stitcher.report(chips, run.bytes_read, seconds, pieces is not None)


def check_workers(workers: int) -> None:
    """Refuse what is no number of threads."""
    if not is_whole(workers) or workers < 0:
        raise ParameterError("workers", workers, "must be 0 (all cores) or the number of threads")


def threads_of(workers: int) -> int:
    """The number of threads for ``workers``, of which 0 means all cores."""
    return int(workers) or os.cpu_count() or 1


def overlaps_do_not_matter(patcher: SpatialPatcher, operator: Operator) -> bool:
    """Whether overlaps cannot change the result: the same value comes from every chip, and its mean is that value."""
    return operator.pointwise and patcher.window.positive and patcher.aggregation.idempotent
