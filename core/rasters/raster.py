"""The protocol of rasters that are read, and the base of its classes, with what follows from grid and bands."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from ..grid.domain import PixelWindow, RasterDomain
from ..grid.row_source import RowReader, RowSource
from .band_meta import BandMeta
from .bands import Bands
from .source_files import SourceFiles
from .source_identity import SourceIdentity, Stamp
from .view import AS_IN_FILE, RasterView

OwnReader = TypeVar("OwnReader", bound="RasterReader")


class Raster(RowSource, Protocol):
    """A source of rows that knows its bands and files: a file, several, a layer, or a folder of chips.

    ``path`` is where it comes from, in words. ``scaled``: whether its own scale and offset are applied to values, or a
    pair that is. ``view`` is how it is seen. ``count``: the bands of the file, chosen or not; None where GDAL does not
    open it by its path. ``stamps``: what its files were like before they were opened. ``block_bytes``: of the largest
    block of a band, which is decoded as a whole; 0 where it is not decoded here. ``source_files`` are searched for when
    they are used. ``described`` is what is known of its bands; attributes that are derived from it have the same names
    as there.
    """

    path: str
    scaled: Any
    view: RasterView
    count: int | None
    block_bytes: int
    described: Bands
    band_numbers: tuple[int, ...]

    @property
    def stamps(self) -> dict[str, Stamp]:
        """Size and time of its files before they were opened, by path."""

    @property
    def source_files(self) -> SourceFiles:
        """The files that it is made of."""

    @property
    def band_meta(self) -> tuple[BandMeta, ...]:
        """What follows each band."""

    @property
    def palettes(self) -> tuple[bool, ...]:
        """Whether each band holds numbers of colours."""

    @property
    def has_scale(self) -> bool:
        """Whether any band declares a scale or an offset."""

    @property
    def scales(self) -> tuple[float, ...]:
        """The scale of each band."""

    @property
    def offsets(self) -> tuple[float, ...]:
        """The offset of each band."""

    @property
    def transform(self) -> Any:
        """The grid's transform, or None."""

    @property
    def crs(self) -> Any:
        """The grid's CRS, or None."""

    @property
    def first(self) -> Raster:
        """The raster whose grid it is: itself, or of several the first."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Where each of the rasters that it is made of comes from, itself if it is one."""

    @property
    def views(self) -> tuple[RasterView, ...]:
        """The view of each of these."""

    @property
    def names_of(self) -> tuple[tuple[str, ...], ...]:
        """The bands' own names, raster by raster."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what is allowed and perhaps not meant."""

    @property
    def stored(self) -> StoredRaster | None:
        """The same raster where its values can be read as they are stored; else None."""

    def identity(self) -> SourceIdentity:
        """The identity of its files as they are now."""

    def select(self, positions: Sequence[int]) -> Raster:
        """The same with fewer bands, by position from 0; what is not needed is not read."""


class StoredRaster(Raster, Protocol):
    """A raster of which the values can be read as they are stored. ``alpha``: its alpha bands, by number from 1."""

    alpha: tuple[int, ...]

    def read_stored(self, window: PixelWindow, out: np.ndarray, masked: bool) -> None:
        """Fill ``out`` ``(bands + 1, h, w)`` with the values of a window as they are stored, unscaled.

        Its last band is 1, or where the first band is unknown 0: by its hidden ranges, and if ``masked`` by its mask.
        """


class RasterReader(RowReader):
    """Base of rasters; a subclass sets ``domain`` and ``path``, and its bands by :meth:`_describe`."""

    domain: RasterDomain
    path: str
    scaled: Any = False
    view: RasterView = AS_IN_FILE
    count: int | None = None
    block_bytes: int = 0

    def _describe(self, described: Bands) -> None:
        """Set the bands, and the attributes that follow from them."""
        self.described, self.bands, self.band_names = described, len(described), described.names
        self.band_numbers, self.dtype = described.numbers, described.dtype
        self.raw_itemsize = described.raw_dtype.itemsize

    @property
    def band_meta(self) -> tuple[BandMeta, ...]:
        """What follows the bands: wavelengths, classes."""
        return self.described.meta

    @property
    def palettes(self) -> tuple[bool, ...]:
        """Whether each band holds numbers of colours, by its colour table."""
        return self.described.palettes

    @property
    def has_scale(self) -> bool:
        """Whether any band declares a scale or an offset."""
        return self.described.has_scale

    @property
    def scales(self) -> tuple[float, ...]:
        """The scale of each band; 1 where none is declared."""
        return self.described.scales

    @property
    def offsets(self) -> tuple[float, ...]:
        """The offset of each band; 0 where none is declared."""
        return self.described.offsets

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(bands, height, width)``."""
        return (self.bands, *self.domain.shape)

    @property
    def transform(self) -> Any:
        """The grid's transform."""
        return self.domain.transform

    @property
    def crs(self) -> Any:
        """The grid's CRS, or None."""
        return self.domain.crs

    @property
    def first(self) -> Raster:
        """The raster itself."""
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """Its path, as of the one raster that it is."""
        return (self.path,)

    @property
    def views(self) -> tuple[RasterView, ...]:
        """Its view, as of the one raster that it is."""
        return (self.view,)

    @property
    def names_of(self) -> tuple[tuple[str, ...], ...]:
        """The bands' names, as of the one raster that it is."""
        return (self.band_names,)

    @property
    def warnings(self) -> tuple[str, ...]:
        """No warnings."""
        return ()

    @property
    def stamps(self) -> dict[str, Stamp]:
        """Empty: its files are not known."""
        return {}

    @property
    def source_files(self) -> SourceFiles:
        """Empty: no files are known."""
        return SourceFiles()

    @property
    def stored(self) -> StoredRaster | None:
        """None: there are no stored values."""
        return None

    def select(self: OwnReader, positions: Sequence[int]) -> OwnReader:
        """The same with fewer bands, by position from 0."""
        other = copy.copy(self)
        other._describe(self.described.select(positions))
        return other

    def identity(self) -> SourceIdentity:
        """The identity of its files as they are now."""
        return SourceIdentity.of(self.source_files.paths, self.source_files.complete)
