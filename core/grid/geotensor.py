"""An array with its place on Earth.

The last two axes of the array are ``(row, col)``; a leading axis is ``band``. The transform maps pixel corners
``(col, row)`` to world ``(x, y)``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..base.errors import ParameterError
from .domain import RasterDomain
from .ground_control import GroundControl


@dataclass(frozen=True, eq=False)
class GeoTensor:
    """A ``(row, col)`` or ``(band, row, col)`` array with its transform and CRS.

    ``nodata`` is the value that stands for "unknown"; None where the array has none (NaN is always unknown).
    ``np.asarray`` gives the array itself, without a copy. Frozen: derive a new one by :meth:`array_as_geotensor`.
    """

    array: np.ndarray
    transform: Any = None
    crs: Any = None
    nodata: float | None = None
    band_names: tuple[str, ...] = ()
    #: Of a chip: ``(row, col)`` of its anchor on the raster.
    anchor: tuple[int, int] | None = None
    #: Ground control that places the pixels where there is no transform, see :class:`~.domain.RasterDomain`.
    control: GroundControl | None = None

    @classmethod
    def on(cls, domain: RasterDomain, array: Any, anchor: tuple[int, int] | None = None) -> GeoTensor:
        """An array on the grid of ``domain``."""
        return cls(array, domain.transform, domain.crs, anchor=anchor, control=domain.control)

    def __post_init__(self) -> None:
        """Refuse what is not (row, col) or (band, row, col), or does not hold real numbers."""
        if np.ma.isMaskedArray(self.array):
            raise ParameterError("array", "a masked array", "must be filled: with NaN, or with a value given as nodata")
        array = np.asarray(self.array)
        if array.dtype.kind not in "biuf":
            raise ParameterError("array", array.dtype.name, "must hold real numbers")
        if array.ndim not in (2, 3):
            raise ParameterError("array", array.shape, "must have the shape (row, col) or (band, row, col)")
        object.__setattr__(self, "array", array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The array. ``copy`` is numpy 2's: with False, an error where a copy would be needed."""
        if dtype is None or np.dtype(dtype) == self.array.dtype:
            return self.array.copy() if copy else self.array
        if copy is False:
            raise ValueError(f"an array of {self.array.dtype} cannot be seen as {np.dtype(dtype)} without a copy")
        return self.array.astype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        """Type of the array's values."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """2 or 3."""
        return self.array.ndim

    @property
    def domain(self) -> RasterDomain:
        """The pixel grid, without the values."""
        return RasterDomain((int(self.shape[-2]), int(self.shape[-1])), self.transform, self.crs, self.control)

    def array_as_geotensor(self, array: Any, nodata: float | None = None) -> GeoTensor:
        """A GeoTensor of another array ``(h, w)`` or ``(bands, h, w)`` on the same grid; bands may differ."""
        array = np.asarray(array)
        if array.shape[-2:] != self.shape[-2:]:
            raise ParameterError("array", array.shape, f"must have the height and width {self.shape[-2:]} of the grid")
        return replace(self, array=array, nodata=nodata, band_names=())
