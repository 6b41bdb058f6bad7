"""Rows of a raster for chip files: its values as they are stored, and which of them mean "no data"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..grid.domain import PixelWindow, RasterDomain
from ..grid.row_source import Executor, RowReader, RowSource
from ..plan.geometry import Geometry
from ..rasters.band_meta import without_classes
from ..rasters.bands import Band, chip_dtype, unknown
from ..rasters.raster import Raster, StoredRaster
from .files import write_chip

_NAN = float("nan")


class ChipRows(RowSource, Protocol):
    """Rows that chips are cut from, with one band more than the raster, and what writes such a chip.

    The last band is validity: 1 where there is a pixel. ``value_dtypes``: the type that each band is read as.
    """

    value_dtypes: tuple[str, ...]

    def unknown(self, chip: np.ndarray) -> np.ndarray:
        """Of a chip ``(bands + 1, h, w)``: ``(h, w)`` bool where any band is unknown."""

    def write(self, path: str, chip: np.ndarray, place: RasterDomain) -> None:
        """Write a chip ``(bands + 1, h, w)``. Raises :class:`RasterWriteError`."""


def chip_rows(raster: Raster, geometry: Geometry) -> ChipRows:
    """What chips of ``geometry`` are cut from: :class:`StoredRows` where that can be, else :class:`ValueRows`.

    Both have one band more than the raster: validity, 1 where there is a pixel, and anything else where the loop has
    put something that is outside the raster or the chip.
    """
    if raster.stored is not None:
        stored = StoredRows(raster.stored, geometry.whole)
        if stored.possible:
            return stored
    return ValueRows(raster)


class ValueRows(RowReader):
    """The values of any raster, with NaN where unknown."""

    def __init__(self, source: Raster) -> None:
        self.source, self.domain, self.dtype = source, source.domain, source.dtype
        self.bands, self.raw_itemsize, self.strip_rows = source.bands + 1, source.raw_itemsize, source.strip_rows
        own = [chip_dtype(band).name for band in source.described.each] if source.stored is not None else None
        self.value_dtypes = tuple(own or [source.dtype.name] * source.bands)

    @property
    def reader(self) -> Executor | None:
        """The executor of the source, or None."""
        return self.source.reader

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands + 1, h, w)``."""
        self.source.read(window, out[:-1])
        out[-1] = 1

    def unknown(self, chip: np.ndarray) -> np.ndarray:
        """Of a chip ``(bands + 1, h, w)``: ``(h, w)`` bool where any band is unknown."""
        return np.asarray(np.isnan(chip).any(axis=0))

    def write(self, path: str, chip: np.ndarray, place: RasterDomain) -> None:
        """Write a chip ``(bands + 1, h, w)``."""
        source = self.source
        write_chip(
            path,
            chip[:-1],
            place,
            _NAN,
            source.band_names,
            scales=source.scales,
            offsets=source.offsets,
            meta=[without_classes(meta) for meta in source.band_meta],
        )


class StoredRows(RowReader):
    """The values of a file as they are stored.

    ``possible`` only where one GeoTIFF can express which values mean "no data" in all bands: not where bands differ in
    type, or have nodata values, hidden ranges or masks of their own; nor where an alpha band, which itself is known
    everywhere, is one of the bands and not all of a chip is pixels of the raster (``whole``).
    """

    def __init__(self, source: StoredRaster, whole: bool = True) -> None:
        self.source, self.domain, self.strip_rows = source, source.domain, source.strip_rows
        self._bands = source.described.each
        first = self._bands[0]
        self._alpha = len(source.alpha) == 1 and _shows_alpha(self._bands, source.alpha[0])
        self._masked = not self._alpha and first.mask is not None
        alike = whole if self._alpha else _alike(self._bands)
        self.possible = len({band.dtype for band in self._bands}) == 1 and alike
        self.dtype, self.bands, self.raw_itemsize = source.described.raw_dtype, source.bands + 1, source.raw_itemsize
        self.value_dtypes = tuple(chip_dtype(band).name for band in self._bands)
        self.nodata = None if self._alpha else first.nodata

    @property
    def reader(self) -> Executor | None:
        """The executor of the source, or None."""
        return self.source.reader

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands + 1, h, w)``."""
        self.source.read_stored(window, out, self._masked)

    def unknown(self, chip: np.ndarray) -> np.ndarray:
        """Of a chip ``(bands + 1, h, w)``: ``(h, w)`` bool where any band is unknown."""
        found = _hidden(chip)
        if self._alpha:
            found |= chip[-2] == 0
        for band, values in zip(self._bands, chip):
            said = unknown(values, band)
            if said is not None:
                found |= said
            if values.dtype.kind == "f":
                found |= np.isnan(values)
        return found

    def write(self, path: str, chip: np.ndarray, place: RasterDomain) -> None:
        """Write a chip ``(bands + 1, h, w)``: what is no pixel of the raster becomes nodata, NaN, or masked."""
        values, mask, hidden = chip[:-1], None, _hidden(chip)
        if hidden.any() and not self._alpha:
            fill = _NAN if self.nodata is None and values.dtype.kind == "f" else self.nodata
            if self._bands[0].mask is not None or fill is None:
                mask = ~hidden
            else:
                values = np.where(hidden, values.dtype.type(fill), values)
        write_chip(
            path,
            values,
            place,
            self.nodata,
            self.source.band_names,
            mask=mask,
            alpha=self._alpha,
            scales=self.source.scales,
            offsets=self.source.offsets,
            meta=self.source.band_meta,
        )


def _hidden(chip: np.ndarray) -> np.ndarray:
    return np.asarray(chip[-1] != 1)  # NaN is not


def _shows_alpha(bands: Sequence[Band], alpha: int) -> bool:
    """Whether GDAL takes the last band of a GeoTIFF of these bands for the alpha band of the others."""
    *others, last = bands
    alone = all((band.nodata, band.hidden) == (None, None) for band in bands)
    shown = last.index == alpha and last.mask is None and all(band.mask == 0 for band in others)
    return len(bands) in (2, 4) and alone and shown


def _alike(bands: Sequence[Band]) -> bool:
    """Whether one nodata value, or one mask, says of all bands where they are unknown."""
    if len(bands) == 1:
        return True
    if any(band.hidden is not None for band in bands):
        return False  # what is hidden in one band may be known in another
    if any(band.mask is not None for band in bands) and not all(band.mask == 0 for band in bands):
        return False
    first = bands[0].nodata
    return all(band.nodata == first or (band.nodata != band.nodata and first != first) for band in bands)
