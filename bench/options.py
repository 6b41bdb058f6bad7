"""The creation options that every side of the benchmark writes with."""

from __future__ import annotations

from typing import Any

TILE = 256


def output_options(compress: str) -> dict[str, Any]:
    """rasterio keywords: tiles, all threads; ZSTD level 1 or DEFLATE with the floating-point predictor, or NONE."""
    options: dict[str, Any] = dict(tiled=True, blockxsize=TILE, blockysize=TILE, num_threads="ALL_CPUS")
    options.update(bigtiff="IF_SAFER", compress=compress)
    if compress != "NONE":
        options["predictor"] = 3
    if compress == "ZSTD":
        options["zstd_level"] = 1
    return options


def creation_options(compress: str) -> dict[str, str]:
    """The same in GDAL's spelling."""
    options = {key.upper(): str(value) for key, value in output_options(compress).items()}
    return {**options, "TILED": "YES"}
