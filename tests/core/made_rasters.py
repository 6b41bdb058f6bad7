"""Small rasters for the tests of reading and writing, made with rasterio or as VRT text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from patchwise.core import GeoTiffSink, RasterFile, ValueType, stream
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS

UTM = CRS.from_epsg(32610)
GRID = Affine(10, 0, 500_000, 0, -10, 4_000_000)
#: Rational polynomials as GDAL's tags, of a raster of about 120 x 90 pixels.
RPC = {
    "LINE_OFF": "60.25",
    "SAMP_OFF": "45.5",
    "LAT_OFF": "45",
    "LONG_OFF": "15",
    "HEIGHT_OFF": "0",
    "LINE_SCALE": "90",
    "SAMP_SCALE": "70",
    "LAT_SCALE": "0.1",
    "LONG_SCALE": "0.1",
    "HEIGHT_SCALE": "500",
    "LINE_NUM_COEFF": "0 0.1 -1 " + "0 " * 17,
    "LINE_DEN_COEFF": "1 " + "0 " * 19,
    "SAMP_NUM_COEFF": "0 1 0.1 " + "0 " * 17,
    "SAMP_DEN_COEFF": "1 " + "0 " * 19,
}
ROTATED = Affine.translation(500_000, 4_000_000) * Affine.rotation(31) * Affine.scale(10, -7)


def write_raster(path: Path, array: np.ndarray, **profile: Any) -> str:
    """A GeoTIFF of ``(bands, h, w)``; ``scales``, ``offsets``, ``descriptions``, ``mask``, ``colorinterp`` too."""
    after = {k: profile.pop(k) for k in ("scales", "offsets", "descriptions") if k in profile}
    colorinterp = profile.pop("colorinterp", None)
    mask = profile.pop("mask", None)
    profile = {"driver": "GTiff", "crs": UTM, "transform": GRID, "dtype": array.dtype.name, **profile}
    bands, height, width = array.shape
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        with rasterio.open(path, "w", count=bands, height=height, width=width, **profile) as target:
            if colorinterp is not None:
                target.colorinterp = colorinterp  # GDAL 3.10 makes no alpha band of one that is written
            target.write(array)
            for name, value in after.items():
                setattr(target, name, value)
            if mask is not None:
                target.write_mask(mask)
    return str(path)


def bent(row, col):
    """``(x, y)`` of a place, in metres, as a polynomial of the second degree: no affine function of the pixel."""
    return 500000 + 10 * col + 2 * row + 0.004 * col * row, 5000000 - 9 * row + col + 0.003 * col * col


def write_placed(path, array, points=(), transform=None, rpcs=None, crs="EPSG:32633", nodata=None) -> str:
    """A GeoTIFF of ``(bands, h, w)`` placed by a transform, points ``(row, col, x, y, z)``, RPCs or nothing."""
    place: dict[str, Any] = {} if transform is None else {"transform": transform}
    if points and transform is None:
        place = {"gcps": [GroundControlPoint(*point[:5]) for point in points]}
    if place:
        place["crs"] = crs
    array = np.asarray(array)
    bands, height, width = array.shape
    shape = {"count": bands, "height": height, "width": width, "dtype": array.dtype}
    with rasterio.open(path, "w", driver="GTiff", nodata=nodata, **shape, **place) as target:
        target.write(array)
        if rpcs:
            target.update_tags(ns="RPC", **rpcs)
    return str(path)


def write_vrt(path: Path, source: str, shape: tuple[int, int], bands: list[str], dtypes: list[str]) -> str:
    """A VRT with one band per entry of ``bands``: XML put into the band, such as a ``NoDataValue``."""
    height, width = shape
    parts = []
    for k, (xml, dtype) in enumerate(zip(bands, dtypes)):
        parts.append(
            f'<VRTRasterBand dataType="{dtype}" band="{k + 1}">{xml}<SimpleSource>'
            f'<SourceFilename relativeToVRT="0">{source}</SourceFilename><SourceBand>{k + 1}</SourceBand>'
            "</SimpleSource></VRTRasterBand>"
        )
    path.write_text(
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}"><SRS>EPSG:32610</SRS>'
        f"<GeoTransform>500000, 10, 0, 4000000, 0, -10</GeoTransform>{''.join(parts)}</VRTDataset>",
        encoding="utf-8",
    )
    return str(path)


def read_all(raster: RasterFile, window: PixelWindow | None = None) -> np.ndarray:
    """All chosen bands as the chips would see them."""
    window = window or raster.domain.window
    out = np.full((raster.bands, window.height, window.width), -777, raster.dtype)
    raster.read(window, out)
    return out


def run_to_file(path: Any, source: Any, patcher: Any, operator: Any, dtype: str = "float32", **sink: Any) -> Any:
    """Stream a file to a GeoTIFF on its own grid; the report. ``window`` and ``nodata`` as in the core."""
    window = sink.pop("window", source.domain.window)
    value_type = ValueType(dtype, sink.pop("nodata", None))
    domain = source.domain.crop(window)
    with GeoTiffSink(str(path), domain, value_type, sources=[source.path], **sink) as target, source:
        return stream(source, patcher, operator, target, window=window, workers=2)


def write_array(path: Any, values: np.ndarray, dtype: str = "float32", nodata: float | None = None, **sink: Any) -> Any:
    """``(bands, h, w)`` floats through a GeoTiffSink, in pieces of rows; the ValueType with its counts."""
    value_type = ValueType(dtype, nodata)
    domain = RasterDomain(values.shape[1:], sink.pop("transform", GRID), sink.pop("crs", UTM))
    piece = sink.pop("piece", 37)
    with GeoTiffSink(str(path), domain, value_type, **sink) as target:
        target.start(len(values), values.dtype)
        for row in range(0, values.shape[1], piece):
            target.write(row, 0, values[:, row : row + piece])
    return value_type
