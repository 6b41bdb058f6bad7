"""Which pixels lie in a polygon, and polygons of pixels, by rasterio (GDAL)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..base.errors import MissingPackageError


def rasterize_mask(
    geometry: Mapping[str, Any], shape: tuple[int, int], transform: Any = None, origin: tuple[int, int] = (0, 0)
) -> np.ndarray:
    """``shape`` bool: True where a pixel's centre lies in a polygon, given as in GeoJSON.

    ``transform`` maps pixel corners ``(col, row)`` to the geometry's coordinates. Without it the geometry is in pixels
    itself, and ``origin`` is the pixel corner at the upper left of the result.
    """
    try:
        from rasterio.features import rasterize
        from rasterio.transform import IDENTITY
    except ImportError as error:
        raise MissingPackageError("rasterio", "to find the pixels in a polygon") from error
    # No CRS is looked up, so no environment is needed; entering one takes as long as making a small mask.
    transform = IDENTITY.translation(*origin) if transform is None else transform
    burnt = rasterize([geometry], out_shape=shape, transform=transform)
    return np.asarray(burnt, dtype=bool)


def pixel_polygons(mask: np.ndarray, transform: Any = None) -> list[list[np.ndarray]]:
    """Outlines of the pixels where ``mask`` ``(h, w)`` is True: rings by polygon.

    Rings are ``(n, 2)`` in the coordinates ``(x, y)`` of ``transform``, or without it pixel corners ``(col, row)``; the
    first of a polygon is its outside, the others are holes. Pixels that share only a corner are in different polygons.
    """
    try:
        from rasterio.features import shapes
        from rasterio.transform import IDENTITY
    except ImportError as error:
        raise MissingPackageError("rasterio", "to outline pixels") from error
    found = shapes(mask.astype(np.uint8), mask=mask, transform=IDENTITY if transform is None else transform)
    return [[np.array(ring, np.float64) for ring in shape["coordinates"]] for shape, _ in found]
