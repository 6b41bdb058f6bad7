"""Stitching the chips of a folder: each file is the result of its chip, and goes straight to the stitcher."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Callable

import numpy as np

from ..axes.window import SpatialWindow
from ..base.errors import RasterReadError
from ..base.progress import Watch
from ..grid.domain import RasterDomain
from ..grid.row_source import RowSink
from ..loop.chip_run import ChipResult, ChipRun, ChipWork, PlacedChips, chip_result, small_at_once
from ..loop.patcher import SpatialPatcher
from ..loop.read_ahead import blocks_of, result_bytes_per_column, width_that_fits
from ..loop.stitcher import Stitcher, StreamReport
from ..loop.stream import MEMORY_LIMIT, PLANNING, check_workers, threads_of
from ..operators.base import Operator
from ..plan.check import no_chip
from ..plan.plan import Plan, PlannedChip
from ..stitch.aggregation import SpatialAggregation
from .folder import ChipRaster, named
from .manifest import Chip, planned_chips


class StoredChips(Operator):
    """The traits of an operator whose results are the chips of a folder."""

    name = "stored chips"

    def __init__(self, chips: ChipRaster) -> None:
        manifest = chips.manifest
        self.scale, self.output_bands, self.output_names = manifest.scale, chips.bands, chips.band_names
        self.categories = manifest.categories
        self.passes = tuple(range(chips.bands))
        self.labels = manifest.labels


class _Stored(ChipWork[PlannedChip, ChipResult]):
    """Reads the files of chips, by the chips' indices.

    A chip that was left out or that an operator failed on is unknown. So is one whose file is missing or damaged; the
    reason is then in ``lost``, by its path.
    """

    def __init__(self, chips: ChipRaster, files: Mapping[int, Chip], plan: Plan) -> None:
        self._chips, self._files, self._lock = chips, files, threading.Lock()
        self.at_once = small_at_once(plan)
        self.lost: dict[str, str] = {}

    def one(self, task: PlannedChip) -> ChipResult:
        """``(bands, h, w)`` of a chip."""
        chip = self._files.get(task.index)
        if chip is not None:
            try:
                return chip_result(task, self._chips.read_chip(chip))
            except RasterReadError as error:
                with self._lock:
                    self.lost[chip.path] = str(error)
        scale = self._chips.manifest.scale
        shape = self._chips.bands, task.window.height * scale, task.window.width * scale
        return ChipResult(task, np.broadcast_to(self._chips.dtype.type(np.nan), shape), False)


def stitch_domain(chips: ChipRaster) -> RasterDomain:
    """The grid of the stitched raster: the window that was split, finer where the chips are."""
    manifest = chips.manifest
    return manifest.domain.crop(manifest.window).refined(manifest.scale)


def stitch_patcher(
    chips: ChipRaster, aggregation: SpatialAggregation, window: SpatialWindow | None = None
) -> SpatialPatcher:
    """The folder's patcher with another aggregation and, if it is given, another window function."""
    patcher = replace(chips.manifest.patcher, aggregation=aggregation)
    return patcher if window is None else replace(patcher, window=window)


def check_stitch(chips: ChipRaster, patcher: SpatialPatcher) -> Plan:
    """The plan of the chips; refused where the patcher's window function or the manifest's list does not suit them."""
    plan = chips.manifest.planned(patcher)
    for height, width in plan.sizes:
        patcher.weights_of(height, width)
    return plan


def stitch_chips(
    chips: ChipRaster,
    patcher: SpatialPatcher,
    sink: RowSink,
    *,
    allow_missing: bool = False,
    plan: Plan | None = None,
    workers: int = 0,
    memory_limit: int = MEMORY_LIMIT,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[StreamReport, list[str]]:
    """Stitch into ``sink``, a sink for :func:`stitch_domain`. Returns the report, and paths of chips that could not be
    read.

    Law: the chips of a split, with an operator applied, give the bits of the main job with the same choices. Missing
    and damaged chips are refused by name, the missing ones before anything is read; with ``allow_missing`` their pixels
    are unknown. ``plan`` is what :func:`check_stitch` gives. The other parameters are those of
    :func:`~..loop.stream.stream`.
    """
    if not allow_missing:
        chips.check_missing()
    check_workers(workers)
    manifest, stop = chips.manifest, threading.Event()
    watch, window = Watch(progress, cancelled), manifest.window
    if plan is None:
        plan = patcher.plan(manifest.domain, watch.part(0, PLANNING))
    if not plan.count(window):
        raise no_chip(window)
    work = _Stored(chips, manifest.by_index(planned_chips(plan, window, watch)), plan)
    per_col = result_bytes_per_column(plan, chips.bands, chips.dtype, manifest.scale, patcher.aggregation, window)
    blocks = blocks_of(window, width_that_fits(plan, (0, per_col), sink.block_width, window, memory_limit))
    shares = watch.part(watch.share, 1.0)
    with (
        Stitcher(sink, patcher, plan, StoredChips(chips), window, stop) as stitcher,
        ChipRun(PlacedChips(plan), work, threads_of(workers), stop, shares, cancelled) as run,
    ):
        started = time.perf_counter()
        stitcher.take(run, blocks)
        seconds = time.perf_counter() - started
    lost = [chip.path for chip in manifest.chips if chip.path in work.lost]
    if lost and not allow_missing:
        raise RasterReadError(f"{len(lost)} chips cannot be read: {named(lost)} ({work.lost[lost[0]]})")
    return stitcher.report(plan.count(window), run.bytes_read, seconds), lost
