"""Bands of a raster file: what has to be known of each, and how raw values become a chip's values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .creation_options import TILE

_MASKED = ("per_dataset", "alpha")


@dataclass(frozen=True)
class Band:
    """What reading one band needs to know.

    ``mask``: None where the nodata value says all, else that validity comes from GDAL's mask: 0 for the one that all
    bands share (mask or alpha band), the band's own index for one of its own. ``palette``: the values are numbers of
    colours, so that values between two of them mean nothing.
    """

    index: int
    name: str
    dtype: np.dtype
    nodata: float | None
    mask: int | None
    scale: float
    offset: float
    palette: bool = False


def describe(dataset: Any, index: int, nodata: float | None = None) -> Band:
    """Band ``index`` (from 1) of an open rasterio dataset; ``nodata`` where the dataset declares no validity at all."""
    flags = [flag.name for flag in dataset.mask_flag_enums[index - 1]]
    dtype = dataset.dtypes[index - 1]
    if flags == ["all_valid"] and nodata is not None:
        flags, declared = ["nodata"], nodata
    else:
        declared = dataset.nodatavals[index - 1]
    return Band(
        index,
        (dataset.descriptions[index - 1] or "").strip(),
        np.dtype(dtype if not dtype.startswith("complex_") else "complex64"),
        declared if "nodata" in flags else None,
        _mask(index, flags, dtype),
        dataset.scales[index - 1],
        dataset.offsets[index - 1],
        dataset.colorinterp[index - 1].name == "palette",
    )


def _mask(index: int, flags: list[str], dtype: str) -> int | None:
    if any(flag in _MASKED for flag in flags):
        return 0
    # No flag at all is GDAL's sign for a mask of this band alone. Nodata values of 64-bit integers come as doubles,
    # which do not hold them; GDAL compares them exactly.
    if not flags or ("nodata" in flags and dtype in ("int64", "uint64")):
        return index
    return None


def chip_dtype(band: Band) -> np.dtype:
    """float32 where it holds every value of the band exactly, else float64."""
    return np.dtype(np.float32 if np.can_cast(band.dtype, np.float32, "safe") else np.float64)


def equal(raw: np.ndarray, band: Band) -> np.ndarray | None:
    """Where the values are the band's nodata value, compared in its own type; None where it has no such value."""
    nodata = band.nodata
    if nodata is None or np.isnan(nodata):
        return None  # NaN is NaN in the chip without any help
    if band.dtype.kind in "iu":
        limits = np.iinfo(band.dtype)
        if nodata != int(nodata) or not limits.min <= nodata <= limits.max:
            return None
        return raw == raw.dtype.type(int(nodata))
    return raw == raw.dtype.type(band.dtype.type(nodata))


def fill(out: np.ndarray, raw: np.ndarray, invalid: np.ndarray | None, band: Band, scaled: bool) -> None:
    """``raw`` values of a band into ``out``, scaled on request, NaN where ``invalid``."""
    np.copyto(out, raw, casting="unsafe")
    if scaled and (band.scale, band.offset) != (1.0, 0.0):
        out *= out.dtype.type(band.scale)
        out += out.dtype.type(band.offset)
    if invalid is not None and invalid.any():
        np.copyto(out, np.nan, where=invalid)


def strip_rows(block_height: int, height: int) -> int:
    """Rows read at a time: the file's block height or an even part of it, and of thin blocks several."""
    rows = block_height
    if rows >= height:  # one block: it is decoded whole anyway
        return min(height, TILE)
    while rows > TILE and rows % 2 == 0:
        rows //= 2
    return rows if rows >= 64 else rows * -(-128 // rows)
