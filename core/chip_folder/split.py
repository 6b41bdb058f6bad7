"""Splitting a raster into files, by a run over its chips: rows are read once, and chips written as they come."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable, NamedTuple

from ..base.checks import is_finite
from ..base.errors import ParameterError, PlanError
from ..base.progress import Watch
from ..gdal.environment import BoundedCache
from ..grid.domain import PixelWindow
from ..loop.chip_run import ChipRun, ChipWork, CutChip, RunReport, SourceChips, small_at_once
from ..loop.patcher import SpatialPatcher
from ..loop.read_ahead import blocks_of, source_bytes_per_column, width_that_fits
from ..loop.stream import MEMORY_LIMIT, PLANNING, check_workers, threads_of
from ..plan.check import check_plan, no_chip
from ..plan.cutting import anchor_of
from ..plan.plan import Plan, PlannedChip
from ..rasters.file import GDAL_CACHE
from ..rasters.raster import Raster
from ..records.record import input_record
from ..records.shapes import MOST_CHIPS
from .labels import ChipLabels, LabelWriter
from .manifest import LABELS, Chip, ChipBand, ChipManifest, first_at_each_place, planned_chips
from .rows import ChipRows, chip_rows


@dataclass(frozen=True)
class Split:
    """What is to be split: a row source such as a ``RasterFile``, the patcher, and the window of the raster.

    ``labels``: a label chip is written beside each chip. ``min_valid``: chips with a smaller share of pixels that are
    known in all bands are left out.
    """

    raster: Raster
    patcher: SpatialPatcher
    window: PixelWindow
    labels: ChipLabels | None = None
    min_valid: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a ``min_valid`` outside 0 to 1."""
        if not is_finite(self.min_valid) or not 0 <= self.min_valid <= 1:
            raise ParameterError("min_valid", self.min_valid, "must be a share from 0 to 1")


def split_to_folder(
    split: Split,
    folder: str,
    *,
    plan: Plan | None = None,
    workers: int = 0,
    memory_limit: int = MEMORY_LIMIT,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[ChipManifest, RunReport]:
    """Write the chips that touch the window to ``folder``, which is there and empty, with their manifest.

    Chips are georeferenced GeoTIFFs of the raster's own values, nodata, band names, scales and offsets, named so that
    they sort in ``(row, col)`` order. Chips of one place are one file. Raster and labels are left open. ``plan`` is
    what :func:`check_split` gives. The other parameters are those of :func:`~..loop.stream.stream`. Raises
    :class:`RasterWriteError`.
    """
    check_workers(workers)
    watch = Watch(progress, cancelled)
    rows = chip_rows(split.raster, split.patcher.layout)
    with BoundedCache(GDAL_CACHE):
        if plan is None:
            plan = split.patcher.plan(rows.domain, watch.part(0, PLANNING))
        if not plan.count(split.window):
            raise no_chip(split.window)
        files = _files(plan, split.window, watch)
        writer = _Writer(split, rows, plan, files, folder)
        needs = source_bytes_per_column(rows, plan, split.window), 0
        blocks = blocks_of(split.window, width_that_fits(plan, needs, 1, split.window, memory_limit))
        shares, started = watch.part(watch.share, 1.0), time.perf_counter()
        with ChipRun(SourceChips(rows, plan), writer, threads_of(workers), threading.Event(), shares, cancelled) as run:
            valid = {written.index: written.valid for written in run.results(blocks) if written is not None}
        report = RunReport(plan.count(split.window), run.bytes_read, time.perf_counter() - started)
    manifest = _manifest(split, rows, files, valid)
    manifest.save(folder)
    return manifest, report


class _File(NamedTuple):
    """A chip of the plan, and the name of its file."""

    chip: PlannedChip
    name: str


@dataclass(frozen=True)
class _Written:
    """The share, 0 to 1, of the pixels of the chip with this index that are known in all bands."""

    index: int
    valid: float


class _Writer(ChipWork[CutChip, "_Written | None"]):
    """Writes chips and their labels; a chip at the place of an earlier one is not written."""

    def __init__(self, split: Split, rows: ChipRows, plan: Plan, files: Mapping[int, _File], folder: str) -> None:
        self._split, self._rows, self._files, self._folder = split, rows, files, folder
        self._labels = None if split.labels is None else LabelWriter(split.labels.source, plan, split.window)
        self.at_once = small_at_once(plan)
        if self._labels is not None:
            os.mkdir(os.path.join(folder, LABELS))

    def one(self, task: CutChip) -> _Written | None:
        """Write a chip, unless too little of it is known."""
        chip, values = task
        if chip.index not in self._files:
            return None
        name, place = self._files[chip.index].name, self._rows.domain.crop(chip.window)
        share = 1 - float(self._rows.unknown(values).mean())
        if share >= self._split.min_valid:
            self._rows.write(os.path.join(self._folder, name), values, place)
            if self._labels is not None:
                path = os.path.join(self._folder, LABELS, name)
                self._labels.write(path, chip.window, place, values[-1] == 1)
        return _Written(chip.index, share)


def _files(plan: Plan, window: PixelWindow, watch: Callable[[float], None]) -> dict[int, _File]:
    """The chips that are to be written, by index. Names (number, first row, first column) sort in the chips' order."""
    chips = list(first_at_each_place(planned_chips(plan, window, watch)))
    digits = max(5, len(str(len(chips))))
    most = max(5, *(len(str(n)) for chip in chips for n in chip.window[:2]))
    return {
        chip.index: _File(chip, f"chip_{number:0{digits}d}_r{chip.window.row:0{most}d}_c{chip.window.col:0{most}d}.tif")
        for number, chip in enumerate(chips, 1)
    }


def _manifest(split: Split, rows: ChipRows, files: Mapping[int, _File], valid: Mapping[int, float]) -> ChipManifest:
    """The manifest of what was written."""
    chips: list[Chip] = []
    left_out: list[Chip] = []
    for index, (planned, name) in files.items():
        anchor, share = anchor_of(planned), valid[index]
        if share >= split.min_valid:
            chips.append(Chip(name, anchor, planned.window, share, f"{LABELS}/{name}" if split.labels else ""))
        else:
            left_out.append(Chip("", anchor, planned.window, share))
    raster = split.raster
    bands = zip(raster.band_names, raster.scales, raster.offsets, rows.value_dtypes, raster.band_meta)
    return ChipManifest(
        rows.domain,
        split.window,
        split.patcher,
        tuple(ChipBand(name, float(scale), float(offset), dtype, meta) for name, scale, offset, dtype, meta in bands),
        tuple(chips),
        tuple(left_out),
        source=input_record(raster),
        strip_rows=rows.strip_rows,
    )


def check_split(split: Split) -> Plan | None:
    """Refuse a split with no chip in the window, or too many. Returns the plan; of caps None, as making it is slow."""
    patcher, domain = split.patcher, split.raster.domain
    plan = check_plan(patcher, domain, split.window)
    if plan is None:
        return None
    chips = plan.count(split.window)
    if chips > MOST_CHIPS:
        sampler, allowed = patcher.sampler, f"gives {chips} chips, and a folder may have {MOST_CHIPS} at most: choose"
        if sampler is None:
            raise PlanError("geometry", type(patcher.geometry).__name__, f"{allowed} an extent")
        raise PlanError(sampler.density, sampler.get_config(), f"{allowed} a larger one, or an extent")
    return plan
