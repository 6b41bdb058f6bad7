"""The creation options that every side of the benchmark writes with."""

from __future__ import annotations

from typing import Any

TILE = 256
#: DEFLATE without a level is GDAL's level 6; level 1 is what the plugin writes where GDAL has no ZSTD.
COMPRESSIONS = {
    "ZSTD": {"compress": "ZSTD", "zstd_level": 1, "predictor": 3},
    "DEFLATE": {"compress": "DEFLATE", "predictor": 3},
    "DEFLATE1": {"compress": "DEFLATE", "zlevel": 1, "predictor": 3},
    "NONE": {"compress": "NONE"},
}


def output_options(compress: str) -> dict[str, Any]:
    """rasterio keywords for one of ``COMPRESSIONS``: tiles, all threads, the floating-point predictor."""
    options: dict[str, Any] = dict(tiled=True, blockxsize=TILE, blockysize=TILE, num_threads="ALL_CPUS")
    return {**options, "bigtiff": "IF_SAFER", **COMPRESSIONS[compress]}


def creation_options(compress: str) -> dict[str, str]:
    """The same options as GDAL's ``KEY=VALUE``."""
    options = {key.upper(): str(value) for key, value in output_options(compress).items()}
    return {**options, "TILED": "YES"}
