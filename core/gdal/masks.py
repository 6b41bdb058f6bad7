"""Which pixels lie in a polygon, and polygons of pixels, by rasterio (GDAL)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import MissingPackageError

if TYPE_CHECKING:
    from ..grid.domain import RasterDomain


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


def pixel_polygons(mask: np.ndarray, domain: RasterDomain) -> list[list[np.ndarray]]:
    """Outlines of the pixels where ``mask`` ``(h, w)``, of the shape of ``domain``, is True: rings by polygon.

    Rings are ``(n, 2)`` world ``(x, y)``; the first of a polygon is its outside, the others are holes. Pixels that
    share only a corner are in different polygons.
    """
    try:
        from rasterio.features import shapes
        from rasterio.transform import IDENTITY
    except ImportError as error:
        raise MissingPackageError("rasterio", "to outline pixels") from error
    by_control = domain.transform is None
    found = list(shapes(mask.astype(np.uint8), mask=mask, transform=IDENTITY if by_control else domain.transform))
    polygons = [[np.array(ring, np.float64) for ring in shape["coordinates"]] for shape, _ in found]
    if not by_control:
        return polygons
    return [[np.stack(domain.to_world(ring[:, 0], ring[:, 1]), axis=1) for ring in rings] for rings in polygons]
