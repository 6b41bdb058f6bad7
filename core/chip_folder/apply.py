"""Applying an operator to the chips of a folder, file by file: chips in, chips out, by a run over its plan."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from ..base.configurable import part
from ..base.errors import OperatorError, PatchwiseError, RasterReadError
from ..base.progress import Watch
from ..gdal.environment import BoundedCache
from ..grid.domain import PixelWindow
from ..grid.geotensor import GeoTensor
from ..loop.chip_run import ChipRun, ChipWork, PlacedChips, RunReport, ShownChip, run_operator, small_at_once
from ..loop.stream import PLANNING, check_workers, threads_of
from ..operators.base import Operator, as_operator, operator_name
from ..plan.cutting import cut_chip, finer, masked, result_dtype
from ..plan.plan import Plan, PlannedChip
from ..rasters.band_meta import BandMeta, without_classes
from ..rasters.file import GDAL_CACHE
from ..rasters.stack import StackedRaster
from .files import as_file_type, write_chip
from .folder import ChipRaster, named
from .labels import reach
from .manifest import Chip, ChipBand, ChipManifest, first_at_each_place, planned_chips


@dataclass(frozen=True)
class Application:
    """An operator, and the chips that it is to be applied to.

    ``raster`` is a :class:`ChipRaster`, or a ``StackedRaster`` of one with further rasters; ``operator`` gets chips of
    its bands. ``skip_failed``: chips that cannot be read, or that the operator fails on, are recorded as failed.
    """

    raster: ChipRaster | StackedRaster
    operator: Callable[[Any], Any]
    skip_failed: bool = False

    @property
    def chips(self) -> ChipRaster:
        """The folder."""
        return _folder(self.raster)


def _folder(raster: ChipRaster | StackedRaster) -> ChipRaster:
    """The folder of a raster whose chips are worked on: itself, or of several rasters the first."""
    return cast(ChipRaster, raster.first)


class ChipsFailed(PatchwiseError):
    """An operator failed on chips, or they could not be read; ``failed`` lists them with their reasons."""

    def __init__(self, failed: tuple[Chip, ...], of: int) -> None:
        self.failed = failed
        reasons = "; ".join(dict.fromkeys(chip.reason for chip in failed[:3]))
        super().__init__(f"{len(failed)} of {of} chips failed ({named([chip.path for chip in failed])}): {reasons}")


def apply_to_folder(
    application: Application,
    folder: str,
    *,
    plan: Plan | None = None,
    workers: int = 0,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[ChipManifest, RunReport]:
    """Write a chip for each chip to ``folder``, which is there and empty, with the manifest, the operator added to it.

    Results are stored in their own type (64-bit integers as float64), NaN where unknown. ``plan`` is what
    ``manifest.planned`` gives for the folder's own patcher, where it has been made. ``workers``, ``progress`` and
    ``cancelled`` are those of :func:`~..loop.stream.stream`. All chips are tried; raises :class:`ChipsFailed` at the
    end, and :class:`RasterWriteError` at once.
    """
    check_workers(workers)
    operator, manifest = as_operator(application.operator), application.chips.manifest
    watch = Watch(progress, cancelled)
    if plan is None:
        plan = manifest.planned(manifest.patcher, watch.part(0, PLANNING))
    files = manifest.by_index(first_at_each_place(planned_chips(plan, manifest.window, watch)))
    shares, stop = watch.part(watch.share, 1.0), threading.Event()
    made: dict[int, _Made] = {}
    with closing(_Inputs(application.raster, operator, plan)) as inputs, BoundedCache(GDAL_CACHE):
        work = _Applied(application.raster, operator, plan, inputs, files, folder)
        started = time.perf_counter()
        operator.load()
        with ChipRun(PlacedChips(inputs.plan), work, threads_of(workers), stop, shares, cancelled) as run:
            for one in run.results([manifest.window]):
                if one is not None:
                    made[one.index] = one
        report = RunReport(plan.count(manifest.window), 0, time.perf_counter() - started)
    _refuse_other_counts(operator, files, made, folder)
    after = _manifest(application.raster, operator, files, made)
    new = after.failed[len(manifest.failed) :]
    if new and (not application.skip_failed or not after.chips):
        raise ChipsFailed(new, len(manifest.chips))
    after.save(folder)
    return after, report


@dataclass(frozen=True)
class _Made:
    """What became of the chip with this index: bands and type of the file, or the reason why there is none."""

    index: int
    bands: int = 0
    dtype: np.dtype = np.dtype(np.float32)
    reason: str = ""


class _Applied(ChipWork[PlannedChip, "_Made | None"]):
    """Reads, runs and writes a chip; does nothing where the folder has no file of it, or an earlier chip has the same
    place.
    """

    def __init__(
        self,
        raster: ChipRaster | StackedRaster,
        operator: Operator,
        plan: Plan,
        inputs: _Inputs,
        files: Mapping[int, Chip],
        folder: str,
    ) -> None:
        self._chips, self._files, self._inputs, self._folder = _folder(raster), files, inputs, folder
        self._operator, self._passed = inputs.operator, _passed(raster, operator)
        self.at_once = small_at_once(plan)

    def one(self, task: PlannedChip) -> _Made | None:
        """Write the result for a chip; one that cannot be read, or that the operator fails on, is recorded with the
        reason.
        """
        if task.index not in self._files:
            return None
        try:
            return self._make(task, self._files[task.index])
        except (OperatorError, RasterReadError) as error:
            return _Made(task.index, reason=str(error))

    def interrupt(self) -> None:
        """Interrupt the operator."""
        self._operator.interrupt()

    def _make(self, planned: PlannedChip, chip: Chip) -> _Made:
        scale = self._chips.manifest.scale
        window = chip.window.scaled(scale)
        anchor = chip.anchor[0] * scale, chip.anchor[1] * scale
        values = self._inputs.of(planned, chip, window)
        domain = self._chips.domain.crop(window)
        shown: ShownChip = GeoTensor.on(domain, values, anchor) if self._operator.georeferenced else values
        result = run_operator(self._operator, PlannedChip(window, anchor=anchor), shown)
        made = as_file_type(result.values)
        nodata = float("nan") if made.dtype.kind == "f" else None
        path, names = os.path.join(self._folder, chip.path), self._operator.output_names
        metas = [without_classes(meta) for meta in self._passed]
        write_chip(path, made, domain.refined(self._operator.scale), nodata, names, meta=metas)
        return _Made(planned.index, len(made), made.dtype)


def _refuse_other_counts(operator: Operator, files: Mapping[int, Chip], made: dict[int, _Made], folder: str) -> None:
    """Record chips with another number of bands than the first as failed, since they cannot be stitched."""
    bands = _first(files, made).bands
    for index, chip in files.items():
        one = made[index]
        if not one.reason and one.bands != bands:
            reason = f"it returned {one.bands} band(s) here and {bands} for the first chip"
            made[index] = _Made(index, reason=str(OperatorError(operator_name(operator), chip.anchor, reason)))
            with suppress(OSError):
                os.remove(os.path.join(folder, chip.path))


def _first(files: Mapping[int, Chip], made: Mapping[int, _Made]) -> _Made:
    """The first chip that was made, in the order of ``files``; where none was, one of index -1."""
    return next((made[index] for index in files if not made[index].reason), _Made(-1, 1))


def _manifest(
    raster: ChipRaster | StackedRaster, operator: Operator, files: Mapping[int, Chip], made: Mapping[int, _Made]
) -> ChipManifest:
    """The manifest of the chips that were made."""
    before, first = _folder(raster).manifest, _first(files, made)
    names = operator.output_names
    names = names if len(names) == first.bands else ("",) * first.bands
    metas = _passed(raster, operator) or (BandMeta(),) * first.bands
    kept = [(replace(chip, label=""), made[index].reason) for index, chip in files.items()]
    failed = [replace(chip, reason=reason) for chip, reason in kept if reason]
    return replace(
        before,
        bands=tuple(ChipBand(name, dtype=result_dtype(first.dtype).name, meta=m) for name, m in zip(names, metas)),
        chips=tuple(chip for chip, reason in kept if not reason),
        failed=(*before.failed, *failed),
        operators=(*before.operators, part(operator)),
        scale=before.scale * operator.scale,
        categories=tuple(operator.categories),
        labels=operator.labels,
    )


class _Inputs:
    """The input of the operator for a chip: its bands, and those of further rasters, cut as the main loop cuts them.

    As in the main job, only the bands that the operator uses are read: ``operator`` is rebased to them. ``plan`` has
    weights only where further rasters need them.
    """

    def __init__(self, raster: ChipRaster | StackedRaster, operator: Operator, plan: Plan) -> None:
        positions: Sequence[int] = range(raster.bands)
        self.operator = operator
        if operator.used is not None:
            positions, self.operator = operator.used or (0,), operator.rebased()
        self._chips = _folder(raster)
        self._own = [k for k in positions if k < self._chips.bands]
        others = [k for k in positions if k >= self._chips.bands]
        self._others = raster.select(others) if others and isinstance(raster, StackedRaster) else None
        self._shape, self._mirrored = self._chips.domain.shape, plan.mirrored
        self.plan = plan.without_weights() if self._others is None else plan
        self._lock = threading.Lock()

    def of(self, planned: PlannedChip, chip: Chip, window: PixelWindow) -> np.ndarray:
        """``(bands, h, w)``, NaN where unknown, read-only."""
        parts = [self._chips.read_chip(chip, self._own)] if self._own else []
        if self._others is not None:
            parts.append(self._other(self._others, planned, window))
        values = parts[0] if len(parts) == 1 else np.concatenate(parts)
        values.flags.writeable = False
        return values

    def _other(self, others: StackedRaster, planned: PlannedChip, window: PixelWindow) -> np.ndarray:
        needed = reach(window, self._shape, self._mirrored)
        block = np.empty((others.bands, needed.height, needed.width), others.dtype)
        with self._lock:
            others.read(needed, block)
        values = cut_chip(block, needed, window, self._shape, self._mirrored)
        weights = planned.weights
        return values if weights is None else masked(values, finer(weights, self._chips.manifest.scale))

    def close(self) -> None:
        """Close the further rasters."""
        if self._others is not None:
            self._others.close()


def _passed(raster: ChipRaster | StackedRaster, operator: Operator) -> tuple[BandMeta, ...]:
    """What is known of the output bands. Classes are kept for the manifest only, as the chips are floats."""
    passes = operator.passes
    metas = (BandMeta() if position is None else raster.band_meta[position] for position in passes)
    return tuple(without_classes(meta) if raster.scaled else meta for meta in metas)
