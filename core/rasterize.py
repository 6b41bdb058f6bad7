"""Which pixels lie in a polygon, and polygons of pixels, by rasterio (GDAL)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import MissingPackageError


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
    # It looks no CRS up: whatever environment there is will do, and to enter one takes as long as a small mask.
    burnt = rasterize([geometry], out_shape=shape, transform=IDENTITY if transform is None else transform)
    return np.asarray(burnt, dtype=bool)


def pixel_polygons(mask: np.ndarray, transform: Any) -> list[list[np.ndarray]]:
    """Outlines of the pixels where ``mask`` ``(h, w)`` is True: polygons as lists of rings ``(n, 2)`` of ``(x, y)``.

    The first ring of a polygon is its outside, others are holes. Pixels that share no more than a corner are apart.
    """
    try:
        from rasterio.features import shapes
    except ImportError as error:
        raise MissingPackageError("rasterio", "to outline pixels") from error
    found = list(shapes(mask.astype(np.uint8), mask=mask, transform=transform))
    return [[np.array(ring, np.float64) for ring in shape["coordinates"]] for shape, _ in found]
