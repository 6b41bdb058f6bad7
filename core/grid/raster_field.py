"""Raster fields, which a patcher splits: a reader with its grid, and the pixels of a window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .domain import PixelWindow, RasterDomain
from .geotensor import GeoTensor
from .row_source import RowReader, RowSource


@dataclass(frozen=True, eq=False)
class RasterField:
    """A raster: ``reader`` is a :class:`GeoTensor` in memory, or a ``rasters.file.RasterFile``, which is read lazily.

    Chips are float32, or float64 where the values have more than 24 bits of precision; NaN where unknown. Over a
    ``(row, col)`` array they are ``(h, w)``, else ``(bands, h, w)``.
    """

    reader: GeoTensor | RowSource

    @property
    def domain(self) -> RasterDomain:
        """The pixel grid."""
        return self.reader.domain

    @cached_property
    def source(self) -> RowSource:
        """The source of rows for ``stream()``."""
        return _ArraySource(self.reader) if isinstance(self.reader, GeoTensor) else self.reader

    def __enter__(self) -> RasterField:
        return self

    def __exit__(self, *error: object) -> None:
        """Close what was opened to read the field; a later read opens it again."""
        self.source.close()

    def read(self, window: PixelWindow) -> np.ndarray:
        """``(bands, h, w)`` values of a window, NaN where unknown."""
        out = np.empty((self.source.bands, window.height, window.width), self.source.dtype)
        self.source.read(window, out)
        return out


class _ArraySource(RowReader):
    """Rows of an array in memory."""

    strip_rows = 256

    def __init__(self, tensor: GeoTensor) -> None:
        self._array = tensor.array if tensor.ndim == 3 else tensor.array[None]
        self._nodata = tensor.nodata
        self.flat = tensor.ndim == 2
        self.domain = tensor.domain
        self.bands = self._array.shape[0]
        exact = np.can_cast(self._array.dtype, np.float32, "safe")
        self.dtype = np.dtype(np.float32 if exact else np.float64)
        self.raw_itemsize = self._array.itemsize

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        raw = self._array[:, window.row : window.row_stop, window.col : window.col_stop]
        np.copyto(out, raw, casting="unsafe")
        if self._nodata is not None and not np.isnan(self._nodata):
            out[raw == self._nodata] = np.nan

    def close(self) -> None:
        """Nothing is open."""
