"""A folder of chips as the one loop and the operators see it, and what runs over chips without stitching them.

Splitting, applying an operator and stitching are all the one loop of ``stream.py``. Where it has to read no rows, its
source is :class:`NoRows`; where it has nothing to stitch, its aggregation is :class:`Nothing`. The chip itself comes
from, or goes to, its file within the operator, on the pool's threads; which file it is follows from the chip's anchor.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..base.errors import OperatorError, ParameterError, RasterReadError, RasterWriteError
from ..gdal.drivers import CHIPS
from ..gdal.environment import BoundedCache
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.row_source import RowReader
from ..loop.stream import StreamReport, stream
from ..plan.plan import Plan
from ..rasters.bands import Bands
from ..rasters.file import GDAL_CACHE, RasterFile
from ..rasters.raster import RasterReader
from ..rasters.source_files import Found, SourceFiles
from ..rasters.source_identity import SourceIdentity, Stamp
from .manifest import INDEX, MANIFEST, Chip, ChipManifest


class NoRows(RowReader):
    """Rows of a raster of no bands: what the loop reads where the chips come from elsewhere."""

    bands, raw_itemsize, strip_rows = 0, 0, 256
    dtype = np.dtype(np.float32)

    def __init__(self, domain: RasterDomain) -> None:
        self.domain = domain

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Nothing is there to be read."""


class Nothing:
    """Takes chips and keeps nothing of them: an aggregation, its accumulator, and a sink."""

    idempotent = uses_ratios = by_weight = False
    block_width = 64

    def __init__(self, row: int = 0, width: int = 0) -> None:
        self._row, self._width = row, width

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """Nothing is held."""
        return 0

    def output(self, bands: int, dtype: np.dtype) -> tuple[int, np.dtype]:
        """One band of nothing."""
        return 1, dtype

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> Nothing:
        """One for each window."""
        return Nothing(window.row, window.width)

    def add(self, *_: Any) -> None:
        """A chip is done."""

    def finish(self, stop: int) -> np.ndarray:
        """Rows of nothing, without memory behind them."""
        rows, self._row = stop - self._row, stop
        return np.broadcast_to(np.float32(np.nan), (1, rows, self._width))

    def start(self, bands: int, dtype: np.dtype) -> None:
        """Nothing will be written."""

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        """Nothing is written."""


@dataclass(frozen=True)
class Planned:
    """A patcher whose plan has been made: making that of many caps takes its time."""

    made: Plan
    window: Any
    aggregation: Any
    weights_of: Callable[[int, int], np.ndarray]

    def plan(self, domain: RasterDomain, watch: Any = None) -> Plan:
        """The plan."""
        return self.made


def over_chips(source: Any, plan: Plan, patcher: Any, operator: Any, window: PixelWindow, **how: Any) -> StreamReport:
    """Run ``operator`` on each chip in the one loop, with nothing stitched; errors of files come as they are."""
    keeps = Nothing()
    try:
        made = Planned(plan, patcher.window, keeps, patcher.weights_of)
        with BoundedCache(GDAL_CACHE):  # as where a raster is written
            return stream(source, made, operator, keeps, window=window, **how)
    except OperatorError as error:
        if isinstance(error.__cause__, (RasterReadError, RasterWriteError)):
            raise error.__cause__ from None
        raise


def blank(shape: tuple[int, ...]) -> np.ndarray:
    """What an operator gives the loop for a chip of which nothing is stitched: no memory is behind it."""
    return np.broadcast_to(np.uint8(0), (1, *shape[-2:]))


class ChipRaster(RasterReader):
    """The bands of a folder's chips, described as :class:`~patchwise.core.RasterFile` describes a file's.

    ``scaled``: a pair that is applied to all values, or False. Pixels are not read by windows of the whole, since
    chips may differ where they overlap, but chip by chip (:meth:`read_chip`).
    """

    def __init__(self, folder: str, manifest: ChipManifest, scaled: Any = False, parameter: str = "chips") -> None:
        self.folder, self.manifest, self.scaled, self._parameter = folder, manifest, scaled, parameter
        self.path, self.strip_rows = folder, manifest.strip_rows * manifest.scale
        self.domain = manifest.grid
        self._describe(manifest.described.scaled(scaled))
        self.chips = {chip.anchor: chip for chip in manifest.chips}
        self._stamps: dict[str, Stamp] = {}
        self.known = {chip.anchor for chip in (*manifest.left_out, *manifest.failed)}

    def _describe(self, described: Bands) -> None:
        super()._describe(described)
        self.dtype = described.raw_dtype  # chips are stored as they are read

    @property
    def stamps(self) -> dict[str, Stamp]:
        """What chips were like when they were read, by their paths."""
        return self._stamps

    @cached_property
    def source_files(self) -> SourceFiles:
        """The files of the folder: chips, labels, index and manifest."""
        return SourceFiles((self.folder,), (self._find_files,))

    def identity(self) -> SourceIdentity:
        """What the manifest is like now. Chips are many: each counts from when it is read, by ``stamps``."""
        return SourceIdentity.of([os.path.join(self.folder, MANIFEST)])

    def _find_files(self) -> Found:
        names = [name for chip in self.manifest.chips for name in (chip.path, chip.label) if name]
        paths = [os.path.join(os.path.abspath(self.folder), name) for name in (*names, MANIFEST, INDEX)]
        return Found(tuple((path, self.folder) for path in paths))

    def missing(self) -> list[str]:
        """Chips of which the file is not there, in their order."""
        there = {entry.name for entry in os.scandir(self.folder)}
        return [chip.path for chip in self.manifest.chips if chip.path not in there]

    def check_missing(self) -> None:
        """Refuse a folder in which files are missing, by their names."""
        missing = self.missing()
        if missing:
            raise ParameterError(self._parameter, self.folder, f"{len(missing)} chip(s) are missing: {named(missing)}")

    def shape_of(self, chip: Chip) -> tuple[int, int]:
        """``(height, width)`` of a chip in its pixels."""
        return chip.window.height * self.manifest.scale, chip.window.width * self.manifest.scale

    def read_chip(self, chip: Chip, positions: Sequence[int] = ()) -> np.ndarray:
        """``(bands, h, w)`` of the bands at ``positions`` (none: all), NaN where unknown, read-only.

        Raises :class:`RasterReadError` with the file's name where it is missing, damaged, or of another size.
        """
        path = os.path.join(self.folder, chip.path)
        wanted = [self.band_numbers[k] - 1 for k in (positions or range(self.bands))]
        try:
            with RasterFile(path, (), self.scaled, self._parameter, drivers=CHIPS) as file:
                found, expected = (file.count, *file.domain.shape), (len(self.manifest.bands), *self.shape_of(chip))
                if found != expected:
                    raise RasterReadError(f"{path}: it has (bands, rows, columns) {found} and should have {expected}")
                chosen = file.select(wanted)
                values = np.empty((chosen.bands, *chosen.domain.shape), chosen.dtype)
                chosen.read(chosen.domain.window, values)
            for name, stamp in file.stamps.items():
                self._stamps.setdefault(name, stamp)
        except ParameterError as error:
            raise RasterReadError(f"{path}: {error}") from error
        # Bands of several types are all in the widest of them in the file.
        values = values.astype(np.result_type(*(self.manifest.bands[k].dtype for k in wanted)), copy=False)
        values.flags.writeable = False
        return values


def named(names: Sequence[str], most: int = 5) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
