"""Stitching the chips of a folder in the one loop, with an operator that gives the stored chip of each place."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np

from ..base.errors import RasterReadError
from ..grid.domain import RasterDomain
from ..loop.patcher import SpatialPatcher
from ..loop.stream import StreamReport, stream
from ..operators.base import Operator
from .folder import ChipRaster, NoRows, named


class StoredChips(Operator):
    """The chips of a folder, as an operator that looks at a chip's place only and reads its file.

    A chip that was left out or that an operator failed on is unknown. So is one whose file is missing or damaged; its
    name is then in ``lost``.
    """

    name = "stored chips"
    georeferenced = True

    def __init__(self, chips: ChipRaster) -> None:
        manifest = chips.manifest
        self._chips, self._lock = chips, threading.Lock()
        self.scale, self.output_bands, self.output_names = manifest.scale, chips.bands, chips.band_names
        self.categories = manifest.categories
        self.passes = tuple(range(chips.bands))
        self.labels = manifest.labels
        self.lost: dict[str, str] = {}

    def __call__(self, place: Any) -> np.ndarray:
        """``(bands, h, w)`` of the chip at this place."""
        chip = self._chips.chips.get(place.anchor)
        if chip is not None:
            try:
                return self._chips.read_chip(chip)
            except RasterReadError as error:
                with self._lock:
                    self.lost[chip.path] = str(error)
        shape = (self.output_bands, *(n * self.scale for n in place.shape[-2:]))
        return np.broadcast_to(self._chips.dtype.type(np.nan), shape)

    def lost_names(self) -> list[str]:
        """Names of the chips that could not be read, in their order."""
        return [chip.path for chip in self._chips.manifest.chips if chip.path in self.lost]


def stitch_domain(chips: ChipRaster) -> RasterDomain:
    """The grid of the stitched raster: the window that was split, finer where the chips are."""
    manifest = chips.manifest
    return manifest.domain.crop(manifest.window).refined(manifest.scale)


def stitch_patcher(chips: ChipRaster, aggregation: Any, window: Any = None) -> SpatialPatcher:
    """The folder's patcher with another aggregation and, if it is given, another window.

    Refused where the window does not suit the chips, or the folder's manifest not its own patcher.
    """
    patcher = replace(chips.manifest.patcher, aggregation=aggregation)
    patcher = patcher if window is None else replace(patcher, window=window)
    for height, width in chips.manifest.planned(patcher).sizes:
        patcher.weights_of(height, width)
    return patcher


def stitch_chips(
    chips: ChipRaster,
    patcher: SpatialPatcher,
    sink: Any,
    *,
    allow_missing: bool = False,
    **how: Any,
) -> tuple[StreamReport, list[str]]:
    """Stitch into ``sink``, which is for :func:`stitch_domain`; the names of chips that could not be read.

    Law: the chips of a split, with an operator applied, give the bits of the main job with the same choices. Missing
    and damaged chips are refused by name, the missing ones before anything is read, or with ``allow_missing`` unknown.
    ``how``: workers, memory_limit, progress and cancelled, as of ``stream``.
    """
    if not allow_missing:
        chips.check_missing()
    stored = StoredChips(chips)
    report = stream(NoRows(chips.manifest.domain), patcher, stored, sink, window=chips.manifest.window, **how)
    lost = stored.lost_names()
    if lost and not allow_missing:
        reason = stored.lost[lost[0]]
        raise RasterReadError(f"{len(lost)} chips cannot be read: {named(lost)} ({reason})")
    return report, lost
