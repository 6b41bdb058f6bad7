"""Splitting a raster into files, in the one loop: source rows are read once, and chips are written as they come."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..axes.sampler import SpatialRegularStride
from ..base.checks import is_finite
from ..base.errors import ParameterError, PlanError
from ..base.progress import Watch
from ..grid.domain import PixelWindow
from ..loop.stream import PLANNING, StreamReport
from ..operators.base import Operator
from ..plan.check import check_plan
from ..plan.plan import Plan
from ..records.record import input_record
from ..records.shapes import MOST_CHIPS
from .folder import blank, over_chips
from .labels import ChipLabels
from .manifest import LABELS, Chip, ChipBand, ChipManifest, places
from .rows import chip_rows


@dataclass(frozen=True)
class Split:
    """What is to be split: a row source such as a ``RasterFile``, the patcher, and the window of the raster.

    ``labels``: a label chip is written beside each chip. ``min_valid``: chips with a smaller share of pixels that are
    known in all bands are left out.
    """

    raster: Any
    patcher: Any
    window: PixelWindow
    labels: ChipLabels | None = None
    min_valid: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if not is_finite(self.min_valid) or not 0 <= self.min_valid <= 1:
            raise ParameterError("min_valid", self.min_valid, "must be a share from 0 to 1")


def split_to_folder(split: Split, folder: str, **how: Any) -> tuple[ChipManifest, StreamReport]:
    """Write the chips that touch the window to ``folder``, which is there and empty, with their manifest.

    Chips are georeferenced GeoTIFFs of the raster's own values, nodata, band names, scales and offsets, named so that
    they sort in ``(row, col)`` order. Chips of one place are one file. ``how``: workers, memory_limit, progress and
    cancelled, as of ``stream``. Raises :class:`RasterWriteError`.
    """
    rows = chip_rows(split.raster, split.patcher.geometry)
    watch = Watch(how.pop("progress", None), how.get("cancelled"))
    plan = split.patcher.plan(rows.domain, watch.part(0, PLANNING))
    how["progress"] = watch.part(watch.share, 1.0)
    writer = _Writer(split, rows, plan, folder, watch)
    try:
        report = over_chips(rows, plan, split.patcher, writer, split.window, **how)
    finally:
        writer.close()
    manifest = writer.manifest()
    manifest.save(folder)
    return manifest, report


class _Writer(Operator):
    """Writes each chip that it is called with, on the pool's threads; a chip that comes again is not written again."""

    name = "chip writer"
    output_bands = 1
    georeferenced = True

    def __init__(self, split: Split, rows: Any, plan: Plan, folder: str, watch: Watch) -> None:
        self._split, self._rows, self._folder = split, rows, folder
        self._labels = split.labels.over(plan, split.window) if split.labels is not None else None
        self._windows = dict(places(plan, split.window, watch))
        self._names = _names(self._windows)
        self._begun: set[tuple[int, int]] = set()
        self._shares: dict[tuple[int, int], float] = {}
        self._lock = threading.Lock()
        if self._labels is not None:
            os.mkdir(os.path.join(folder, LABELS))

    def __call__(self, chip: Any) -> np.ndarray:
        """Write the chip, and its labels."""
        anchor, values = chip.anchor, np.asarray(chip)
        with self._lock:
            again = anchor in self._begun
            self._begun.add(anchor)
        if not again:
            share = 1 - float(self._rows.unknown(values).mean())
            if share >= self._split.min_valid:
                path = os.path.join(self._folder, self._names[anchor])
                self._rows.write(path, values, chip.domain)
                if self._labels is not None:
                    path = os.path.join(self._folder, LABELS, self._names[anchor])
                    self._labels.write(path, self._windows[anchor], chip.domain, values[-1] == 1)
            self._shares[anchor] = share
        return blank(values.shape)

    def close(self) -> None:
        """Close the labels."""
        if self._labels is not None:
            self._labels.close()

    def manifest(self) -> ChipManifest:
        """What was written."""
        split, rows = self._split, self._rows
        chips: list[Chip] = []
        left_out: list[Chip] = []
        for anchor, window in self._windows.items():
            name, share = self._names[anchor], self._shares[anchor]
            if share >= split.min_valid:
                chips.append(Chip(name, anchor, window, share, f"{LABELS}/{name}" if self._labels else ""))
            else:
                left_out.append(Chip("", anchor, window, share))
        raster = split.raster
        bands = zip(raster.band_names, raster.scales, raster.offsets, rows.value_dtypes, raster.band_meta)
        return ChipManifest(
            rows.domain,
            split.window,
            split.patcher,
            tuple(ChipBand(name, float(scale), float(offset), *rest) for name, scale, offset, *rest in bands),
            tuple(chips),
            tuple(left_out),
            source=input_record(raster),
            strip_rows=rows.strip_rows,
        )


def _names(windows: dict[tuple[int, int], PixelWindow]) -> dict[tuple[int, int], str]:
    """File names that sort in the chips' order, by anchor: number, first row and column of the chip."""
    digits = max(5, len(str(len(windows))))
    most = max(5, *(len(str(n)) for window in windows.values() for n in window[:2]))
    return {
        anchor: f"chip_{number:0{digits}d}_r{window.row:0{most}d}_c{window.col:0{most}d}.tif"
        for number, (anchor, window) in enumerate(windows.items(), 1)
    }


def check_split(split: Split) -> None:
    """Refuse what has no chip in the window, without finding out where all caps lie, which takes its time."""
    patcher, domain = split.patcher, split.raster.domain
    check_plan(patcher, domain, split.window)
    if patcher.geometry.plan_is_quick and isinstance(patcher.sampler, SpatialRegularStride):
        chips = patcher.plan(domain).count(split.window)
        if chips > MOST_CHIPS:
            allowed = f"gives {chips} chips, and a folder may have {MOST_CHIPS} at most: choose a larger stride"
            raise PlanError("stride", patcher.sampler.step, f"{allowed}, or an extent")
