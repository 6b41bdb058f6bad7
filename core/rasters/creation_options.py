"""GDAL creation options for GeoTIFF: good defaults, and the user's own over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..base.errors import ParameterError
from ..gdal.environment import can_compress

TILE = 256


def default_options(dtype: np.dtype, zstd: bool) -> dict[str, Any]:
    """The defaults: tiles, the fastest good compression with the predictor for the type, threads, BigTIFF if needed."""
    options: dict[str, Any] = {"tiled": True, "blockxsize": TILE, "blockysize": TILE, "bigtiff": "IF_SAFER"}
    options.update({"compress": "ZSTD", "zstd_level": 1} if zstd else {"compress": "DEFLATE", "zlevel": 1})
    options.update(_predictor(dtype), num_threads="ALL_CPUS")
    if dtype == np.uint8:
        options["alpha"] = "NO"  # else GDAL takes the last of four bands of bytes for an alpha band
    return options


def _predictor(dtype: np.dtype) -> dict[str, int]:
    if dtype.kind == "f":
        return {"predictor": 3}
    return {"predictor": 2} if dtype.itemsize <= 4 else {}


def checked_options(options: Mapping[str, str], dtype: np.dtype) -> dict[str, Any]:
    """The user's creation options in rasterio's spelling, with what has to follow from them."""
    own: dict[str, Any] = {key.strip().lower(): value for key, value in options.items()}
    for key in own:
        if key in _NO_OPTIONS:
            raise ParameterError("creation options", key.upper(), "is not a creation option of GeoTIFF files")
    if own.get("tiled", "").upper() in ("NO", "FALSE", "OFF", "0"):
        own["tiled"] = False
        own.setdefault("blockysize", 1)
    if "compress" in own:
        compress = own["compress"].upper()
        if compress != "NONE" and not can_compress(compress):
            allowed = "is not a compression that this GDAL writes in GeoTIFF files; DEFLATE, LZW and NONE always are"
            raise ParameterError("creation options", f"COMPRESS={own['compress']}", allowed)
        own.setdefault("predictor", _predictor(dtype).get("predictor", 1) if compress in _PREDICTED else 1)
    for key, (low, high) in _RANGES.items():
        if key in own:
            check_range(key, str(own[key]), low, high)
    if own.get("tiled", True):  # as TIFF demands
        for key in ("blockxsize", "blockysize"):
            if int(own.get(key, TILE)) % 16:
                raise ParameterError("creation options", f"{key.upper()}={own[key]}", "must be a multiple of 16")
    return own


def check_range(key: str, value: str, low: int, high: int) -> None:
    """Refuse a ``value`` that is no whole number from ``low`` to ``high``."""
    if key == "num_threads" and value.upper() == "ALL_CPUS":
        return
    if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
        what = "of pixels " if key.startswith("block") else ""
        raise ParameterError(
            "creation options", f"{key.upper()}={value}", f"must be a number {what}from {low} to {high}"
        )


#: What GDAL takes as a number: a block is held in memory as a whole, in all bands.
_RANGES = {
    "blockxsize": (1, 4096),
    "blockysize": (1, 4096),
    "num_threads": (1, 1024),
    "zlevel": (1, 12),
    "zstd_level": (1, 22),
    "lzma_preset": (0, 9),
    "jpeg_quality": (1, 100),
    "webp_level": (1, 100),
    "nbits": (1, 32),
}
_PREDICTED = ("DEFLATE", "LZW", "ZSTD")
# Arguments of rasterio.open that are no creation options.
_NO_OPTIONS = ("fp", "mode", "driver", "width", "height", "count", "crs", "transform", "dtype", "nodata", "sharing")
