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
from dataclasses import dataclass, replace
from typing import Any, Callable

from ..axes.window import SpatialBoxcar
from ..base.checks import is_whole
from ..base.errors import ParameterError, PlanError
from ..base.progress import Watch
from ..grid.domain import PixelWindow
from ..operators.base import Operator, as_operator
from .chip_run import ChipRun
from .read_ahead import RowSink, RowSource, column_blocks
from .stitcher import Stitcher

MEMORY_LIMIT = 512 << 20
PLANNING = 0.2  # of the progress, where making the plan takes long


@dataclass(frozen=True)
class StreamReport:
    """What a run did. ``pixels_without_data`` have no valid value in any output band.

    ``once``: the operator looks at single pixels, so that each pixel was computed once, in pieces, rather than once for
    every chip it lies in. ``flat``: the operator gave ``(h, w)`` for its first chip.
    """

    chips: int
    once: bool
    flat: bool
    bands: int
    pixels: int
    pixels_without_data: int
    bytes_read: int
    seconds: float

    @property
    def mb_per_second(self) -> float:
        """Source megabytes (10^6 bytes, in the source's own type) read per second."""
        return self.bytes_read / 1e6 / max(self.seconds, 1e-9)


def stream(
    source: RowSource,
    patcher: Any,
    operator: Callable[[Any], Any],
    sink: RowSink,
    *,
    window: PixelWindow | None = None,
    workers: int = 0,
    memory_limit: int = MEMORY_LIMIT,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> StreamReport:
    """Run ``operator`` over the chips that touch ``window`` (default: the whole raster) into ``sink``.

    ``workers``: threads for the operator, 0 for all cores. ``memory_limit`` in bytes bounds the row buffers: a raster
    too wide for it is done in column blocks. ``progress`` gets the share done, 0 to 1; ``cancelled`` is asked once a
    chip and ends the run with :class:`Cancelled`. Bad input is refused before a pixel is read, and only then
    is the operator loaded (``Operator.load``).

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
    plan = patcher.plan(source.domain, watch.part(0, PLANNING))
    planned = watch.share
    if not plan.count(window):
        raise PlanError("extent", tuple(window), "no chip touches it with this chip size, stride and boundary")
    chips, pieces = plan.count(window), None
    if overlaps_do_not_matter(patcher, operator):
        pieces = plan.pieces()
    if pieces is not None:
        plan, patcher = pieces, replace(patcher, window=SpatialBoxcar())
    for height, width in plan.sizes:
        patcher.weights_of(height, width)  # refused now, if at all
    operator.load()
    aggregation, stop = patcher.aggregation, threading.Event()
    shares = None if progress is None else watch.part(planned, 1.0)
    threads = int(workers) or os.cpu_count() or 1
    try:
        with (
            Stitcher(sink, patcher, plan, operator, window, stop) as stitcher,
            ChipRun(source, plan, operator, threads, stop, shares, cancelled) as run,
        ):
            started = time.perf_counter()
            for block in run.blocks(column_blocks(source, plan, operator, aggregation, sink, window, memory_limit)):
                stitcher.block(block, run.groups(block))
            stitcher.wait()
            seconds = time.perf_counter() - started
    finally:
        close_source(source)
    pixels = window.scaled(operator.scale).pixels
    return StreamReport(
        chips, pieces is not None, stitcher.flat, stitcher.bands, pixels, stitcher.empty, run.bytes_read, seconds
    )


def check_workers(workers: int) -> None:
    """Refuse what is no number of threads."""
    if not is_whole(workers) or workers < 0:
        raise ParameterError("workers", workers, "must be 0 (all cores) or the number of threads")


def close_source(source: RowSource) -> None:
    """Close what was opened for a run: held open it could not be replaced on Windows, and must not outlive GDAL."""
    close = getattr(source, "close", None)
    if close is not None:
        close()


def overlaps_do_not_matter(patcher: Any, operator: Operator) -> bool:
    """Whether overlaps cannot change the result: the same value comes from every chip, and its mean is that value."""
    return operator.pointwise and patcher.window.positive and patcher.aggregation.idempotent
