"""Applying an operator to the chips of a folder, file by file: chips in, chips out, in the one loop's pool."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..base.configurable import part
from ..base.errors import OperatorError, PatchwiseError, RasterReadError
from ..base.progress import Watch
from ..grid.domain import PixelWindow
from ..grid.geotensor import GeoTensor
from ..loop.chip_run import run_operator
from ..loop.stream import PLANNING, StreamReport
from ..operators.base import Operator, as_operator, operator_name
from ..plan.cutting import cut_chip, finer, masked, result_dtype
from ..plan.lists import ListPlan
from ..plan.plan import Plan, PlannedChip
from ..rasters.band_meta import BandMeta, without_classes
from .files import as_file_type, write_chip
from .folder import ChipRaster, NoRows, blank, named, over_chips
from .labels import reach
from .manifest import Chip, ChipBand, ChipManifest


@dataclass(frozen=True)
class Application:
    """What is to be applied to what.

    ``raster`` is a :class:`ChipRaster`, or a ``StackedRaster`` of one with further rasters; ``operator`` gets chips of
    its bands. ``skip_failed``: chips that cannot be read, or that the operator fails on, are recorded as failed.
    """

    raster: Any
    operator: Any
    skip_failed: bool = False

    @property
    def chips(self) -> ChipRaster:
        """The folder."""
        chips: ChipRaster = self.raster.first
        return chips


class ChipsFailed(PatchwiseError):
    """An operator failed on some chips, or they could not be read; ``failed`` has all of them, with their reasons."""

    def __init__(self, failed: tuple[Chip, ...], of: int) -> None:
        self.failed = failed
        reasons = "; ".join(dict.fromkeys(chip.reason for chip in failed[:3]))
        super().__init__(f"{len(failed)} of {of} chips failed ({named([chip.path for chip in failed])}): {reasons}")


def apply_to_folder(application: Application, folder: str, **how: Any) -> tuple[ChipManifest, StreamReport]:
    """Write a chip for each chip to ``folder``, which is there and empty, with the manifest, the operator added to it.

    Results are stored in their own type (64-bit integers as float64), NaN where unknown. ``how``: workers, progress and
    cancelled, as of ``stream``. All chips are tried; raises :class:`ChipsFailed` at the end, and
    :class:`RasterWriteError` at once.
    """
    application = replace(application, operator=as_operator(application.operator))
    chips = application.chips
    manifest = chips.manifest
    watch = Watch(how.pop("progress", None), how.get("cancelled"))
    plan = manifest.planned(manifest.patcher, watch.part(0, PLANNING))
    how["progress"] = watch.part(watch.share, 1.0)
    run = _Applied(application, plan, folder)
    try:
        report = over_chips(NoRows(manifest.domain), plan, manifest.patcher, run, manifest.window, **how)
    finally:
        run.close()
    after = run.manifest()
    new = [chip for chip in after.failed if chip.anchor in run.failed]
    if new and (not application.skip_failed or not after.chips):
        raise ChipsFailed(tuple(new), len(manifest.chips))
    after.save(folder)
    return after, report


class _Made(NamedTuple):
    bands: int
    dtype: np.dtype


class _Applied(Operator):
    """Reads, runs and writes each chip that it is called for, on the pool's threads; one that comes again not again."""

    name = "apply to chips"
    output_bands = 1
    georeferenced = True

    def __init__(self, application: Application, plan: Plan, folder: str) -> None:
        self._raster, self._chips, self._folder = application.raster, application.chips, folder
        self._given = self._operator = application.operator
        positions: Sequence[int] = range(application.raster.bands)
        if self._given.used is not None:  # as the main job does: what is not used is not read
            positions, self._operator = self._given.used or (0,), self._given.rebased()
        self._inputs = _Inputs(application, plan, positions)
        self._scale = application.operator.scale
        self._passed = _passed(application.raster, self._given)
        self._begun: set[tuple[int, int]] = set()
        self._made: dict[tuple[int, int], _Made] = {}
        self._lock = threading.Lock()
        self.failed: dict[tuple[int, int], str] = {}

    def load(self) -> _Applied:
        """Load the operator that is applied."""
        self._operator.load()
        return self

    def __call__(self, place: Any) -> np.ndarray:
        """Make the chip at this place."""
        chip = self._chips.chips.get(place.anchor)
        with self._lock:
            again = place.anchor in self._begun
            self._begun.add(place.anchor)
        if chip is not None and not again:
            try:
                self._make(chip)
            except (OperatorError, RasterReadError) as error:
                self.failed[chip.anchor] = str(error)
        return blank(place.shape)

    def interrupt(self) -> None:
        """The operator's chips, too."""
        self._operator.interrupt()

    def close(self) -> None:
        """Close what was opened."""
        self._inputs.close()

    def _make(self, chip: Chip) -> None:
        manifest = self._chips.manifest
        window = chip.window.scaled(manifest.scale)
        anchor = chip.anchor[0] * manifest.scale, chip.anchor[1] * manifest.scale
        values = self._inputs.of(chip, window)
        domain = self._chips.domain.crop(window)
        shown = values
        if self._operator.georeferenced:
            shown = GeoTensor.on(domain, values, anchor)  # type: ignore[assignment]
        result = run_operator(self._operator, PlannedChip(window, anchor=anchor), shown)
        made = as_file_type(result.values)
        nodata = float("nan") if made.dtype.kind == "f" else None
        path, names = os.path.join(self._folder, chip.path), self._operator.output_names
        metas = [without_classes(meta) for meta in self._passed]
        write_chip(path, made, domain.refined(self._scale), nodata, names, meta=metas)
        self._made[chip.anchor] = _Made(len(made), made.dtype)

    def manifest(self) -> ChipManifest:
        """What was made."""
        before, operator = self._chips.manifest, self._given
        first = next((self._made[c.anchor] for c in before.chips if c.anchor in self._made), _Made(1, np.dtype("f4")))
        self._refuse_other_counts(before, first.bands)
        names = operator.output_names
        names = names if len(names) == first.bands else ("",) * first.bands
        metas = self._passed or (BandMeta(),) * first.bands
        made = [replace(chip, label="") for chip in before.chips if chip.anchor not in self.failed]
        failed = [replace(c, label="", reason=self.failed[c.anchor]) for c in before.chips if c.anchor in self.failed]
        return replace(
            before,
            bands=tuple(ChipBand(name, dtype=result_dtype(first.dtype).name, meta=m) for name, m in zip(names, metas)),
            chips=tuple(made),
            failed=(*before.failed, *failed),
            operators=(*before.operators, part(operator)),
            scale=before.scale * self._scale,
            categories=tuple(operator.categories),
            labels=operator.labels,
        )

    def _refuse_other_counts(self, before: ChipManifest, bands: int) -> None:
        """Chips that differ in their number of bands cannot be stitched: those unlike the first have failed."""
        for chip in before.chips:
            made = self._made.get(chip.anchor)
            if made is not None and made.bands != bands:
                reason = f"it returned {made.bands} band(s) here and {bands} for the first chip"
                self.failed[chip.anchor] = str(OperatorError(operator_name(self._operator), chip.anchor, reason))
                with suppress(OSError):
                    os.remove(os.path.join(self._folder, chip.path))


class _Inputs:
    """What the operator is given of a chip: its bands, and those of further rasters, cut as the one loop cuts them."""

    def __init__(self, application: Application, plan: Plan, positions: Sequence[int]) -> None:
        self._chips = application.chips
        self._own = [k for k in positions if k < self._chips.bands]
        others = [k for k in positions if k >= self._chips.bands]
        self._others = application.raster.select(others) if others else None
        self._shape, self._mirrored = self._chips.domain.shape, plan.mirrored
        self._weights_at = _weights_by_anchor(plan) if others else {}
        self._lock = threading.Lock()

    def of(self, chip: Chip, window: PixelWindow) -> np.ndarray:
        """``(bands, h, w)``, NaN where unknown, read-only."""
        parts = [self._chips.read_chip(chip, self._own)] if self._own else []
        if self._others is not None:
            parts.append(self._other(chip, window))
        values = parts[0] if len(parts) == 1 else np.concatenate(parts)
        values.flags.writeable = False
        return values

    def _other(self, chip: Chip, window: PixelWindow) -> np.ndarray:
        needed = reach(window, self._shape, self._mirrored)
        block = np.empty((self._others.bands, needed.height, needed.width), self._others.dtype)  # type: ignore[union-attr]
        with self._lock:
            self._others.read(needed, block)  # type: ignore[union-attr]
        values = cut_chip(block, needed, window, self._shape, self._mirrored)
        weights_at = self._weights_at.get(chip.anchor)
        return values if weights_at is None else masked(values, finer(weights_at(), self._chips.manifest.scale))

    def close(self) -> None:
        """Close the further rasters."""
        if self._others is not None:
            self._others.close()


def _passed(raster: Any, operator: Any) -> tuple[BandMeta, ...]:
    """What is known of the bands that come out; of classes only the manifest can say it, as the chips are floats."""
    passes = operator.passes
    metas = (BandMeta() if position is None else raster.band_meta[position] for position in passes)
    return tuple(without_classes(meta) if raster.scaled else meta for meta in metas)


def _weights_by_anchor(plan: Plan) -> dict[tuple[int, int], Callable[[], np.ndarray]]:
    """For chips that have their own weights, such as caps: what gives them, by anchor."""
    if not isinstance(plan, ListPlan) or plan.weights_at is None:
        return {}
    anchors = plan.places[:, :2] if plan.anchors is None else plan.anchors
    order = plan.order.tolist()
    return {(row, col): partial(plan.weights_at, order[k]) for k, (row, col) in enumerate(anchors.tolist())}
