"""A folder of chips as the operators and the algorithms see it: its bands, its files, and each chip's pixels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ..base.errors import ParameterError, RasterReadError
from ..gdal.drivers import CHIPS
from ..rasters.bands import Bands
from ..rasters.file import RasterFile
from ..rasters.raster import RasterReader
from ..rasters.source_files import Found, SourceFiles
from ..rasters.source_identity import SourceIdentity, Stamp
from .manifest import INDEX, MANIFEST, Chip, ChipManifest


class ChipRaster(RasterReader):
    """The bands of a folder's chips, described as :class:`~patchwise.core.RasterFile` describes a file's.

    ``scaled``: a pair that is applied to all values, or False. Pixels are not read by windows of the whole, since
    chips may differ where they overlap, but chip by chip (:meth:`read_chip`).
    """

    def __init__(
        self, folder: str, manifest: ChipManifest, scaled: bool | tuple[float, float] = False, parameter: str = "chips"
    ) -> None:
        self.folder, self.manifest, self.scaled, self._parameter = folder, manifest, scaled, parameter
        self.path, self.strip_rows = folder, manifest.strip_rows * manifest.scale
        self.domain = manifest.grid
        self._describe(manifest.described.scaled(scaled))
        self._stamps: dict[str, Stamp] = {}

    def _describe(self, described: Bands) -> None:
        super()._describe(described)
        self.dtype = described.raw_dtype  # chips are stored as they are read

    @property
    def stamps(self) -> dict[str, Stamp]:
        """Size and time of the chips' files when they were read, by path."""
        return self._stamps

    @cached_property
    def source_files(self) -> SourceFiles:
        """The files of the folder: chips, labels, index and manifest."""
        return SourceFiles((self.folder,), (self._find_files,))

    def identity(self) -> SourceIdentity:
        """The identity of the manifest. Chips are too many to look at before the run: each is in ``stamps`` from when
        it is read.
        """
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
        # a GeoTIFF has one type, the widest of its bands
        values = values.astype(np.result_type(*(self.manifest.bands[k].dtype for k in wanted)), copy=False)
        values.flags.writeable = False
        return values


def named(names: Sequence[str], most: int = 5) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
