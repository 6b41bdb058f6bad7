"""Which pixels lie in a polygon, by rasterio (GDAL)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import MissingPackageError
from .gdal_environment import gdal_env


def rasterize_mask(geometry: Mapping[str, Any], shape: tuple[int, int], transform: Any = None) -> np.ndarray:
    """``shape`` bool: True where a pixel's centre lies in a polygon, given as in GeoJSON.

    Its coordinates are those that ``transform`` gives to pixel corners ``(col, row)``; without it they are these
    themselves.
    """
    try:
        from rasterio.features import rasterize
        from rasterio.transform import IDENTITY
    except ImportError as error:
        raise MissingPackageError("rasterio", "to find the pixels in a polygon") from error
    with gdal_env():
        burnt = rasterize([geometry], out_shape=shape, transform=IDENTITY if transform is None else transform)
    return np.asarray(burnt, dtype=bool)
