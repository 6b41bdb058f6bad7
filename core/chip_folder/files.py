"""Chips as files: small compressed GeoTIFFs that are written and read whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base.errors import RasterWriteError
from ..gdal.environment import GdalErrors, for_rasterio, gdal_env, load_rasterio, missing_blocks
from ..grid.domain import RasterDomain
from ..grid.ground_control import creation, write_rpcs
from ..rasters.band_meta import BandMeta, names_of, write_meta
from ..rasters.class_names import write_names
from ..rasters.creation_options import default_options

_STRIP_BYTES = 1 << 20
# Types that not every GDAL has in a GeoTIFF, and one that holds the same values.
_OTHER = {"bool": "uint8", "int8": "int16", "float16": "float32", "int64": "float64", "uint64": "float64"}


def as_file_type(values: np.ndarray) -> np.ndarray:
    """Values in a type that every GeoTIFF has, with the same numbers (of 64 bits up to 2^53)."""
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:
        return values.astype(np.float64)
    return values.astype(_OTHER.get(values.dtype.name, values.dtype), copy=False)


def write_chip(
    path: str,
    values: np.ndarray,
    place: RasterDomain,
    nodata: float | None,
    names: Sequence[str] = (),
    *,
    mask: np.ndarray | None = None,
    alpha: bool = False,
    scales: Sequence[float] = (),
    offsets: Sequence[float] = (),
    meta: Sequence[BandMeta] = (),
) -> None:
    """Write ``(bands, h, w)`` as a GeoTIFF at ``place``; ``mask`` ``(h, w)`` is False where nothing is known.

    ``alpha``: the last band says how opaque the others are. ``meta``: what is known of the bands; names of classes go
    into ``path.aux.xml``. Raises :class:`RasterWriteError`; several threads may write at once.
    """
    rasterio, values = load_rasterio(), for_rasterio(values)
    bands, height, width = values.shape
    # DEFLATE, which every reader of GeoTIFFs knows.
    options = {**default_options(values.dtype, zstd=False), "tiled": False, "interleave": "band", "num_threads": 1}
    del options["blockxsize"]
    options["blockysize"] = max(1, min(height, _STRIP_BYTES // (width * values.dtype.itemsize)))
    if alpha:
        options.update(alpha="YES", photometric="RGB" if bands == 4 else "MINISBLACK")
    with gdal_env(), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), GdalErrors().raising("chip", path):
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=bands,
            height=height,
            width=width,
            dtype=values.dtype.name,
            nodata=nodata,
            **creation(place.transform, place.crs, place.control),
            **options,
        ) as dataset:
            write_rpcs(dataset, place.control)
            write_meta(dataset, meta)
            dataset.write(values)
            if mask is not None:
                dataset.write_mask(mask)
            if len(names) == bands and any(names):
                dataset.descriptions = tuple(names)
            if any((scale, offset) != (1.0, 0.0) for scale, offset in zip(scales, offsets)):
                dataset.scales, dataset.offsets = tuple(scales), tuple(offsets)
        write_names(path, names_of(meta, nodata))
        if missing_blocks(path, sparse=False):
            raise RasterWriteError(f"chip {path}: cannot be written whole; the disk may be full")
