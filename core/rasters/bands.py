"""Bands of a raster: what has to be known of each, and how raw values become a chip's values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Callable

import numpy as np

from ..gdal.environment import from_rasterio
from .band_meta import BandMeta
from .creation_options import TILE
from .view import PLAIN_BAND, BandView, Hidden, hidden

_MASKED = ("per_dataset", "alpha")


@dataclass(frozen=True)
class Band:
    """What is known of one band, the ``index``-th of its source from 1.

    ``dtype`` is that of its values as they are stored, ``name`` "" where it has none; ``scale`` and ``offset`` are 1
    and 0 where none are declared. A value is unknown where it is ``nodata`` or ``hidden``, and where GDAL's mask says
    so. ``mask``: None where there is none to be asked, 0 for the one that all bands share (mask or alpha band), the
    band's own index for one of its own. ``palette``: the values are numbers of colours, so that values between two of
    them mean nothing.
    """

    index: int
    name: str
    dtype: np.dtype
    nodata: float | None
    mask: int | None
    scale: float
    offset: float
    palette: bool = False
    hidden: Hidden | None = None


def _nothing(bands: Sequence[Band]) -> tuple[BandMeta, ...]:
    return (BandMeta(),) * len(bands)


@dataclass(frozen=True)
class Bands:
    """The bands of a raster in their order: the description that all readers of rasters share.

    ``each`` says what is known of every band. What follows them (wavelengths, classes) is ``meta``: read by ``finder``
    when it is first used, as that may be slow.
    """

    each: tuple[Band, ...]
    finder: Callable[[Sequence[Band]], tuple[BandMeta, ...]] = _nothing

    def __len__(self) -> int:
        return len(self.each)

    @cached_property
    def meta(self) -> tuple[BandMeta, ...]:
        """What follows each band."""
        return self.finder(self.each)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Which bands of the source they are, from 1."""
        return tuple(band.index for band in self.each)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each; "" for one without."""
        return tuple(band.name for band in self.each)

    @property
    def palettes(self) -> tuple[bool, ...]:
        """Whether each holds numbers of colours, by its colour table."""
        return tuple(band.palette for band in self.each)

    @property
    def scales(self) -> tuple[float, ...]:
        """The scale of each; 1 where none is declared."""
        return tuple(band.scale for band in self.each)

    @property
    def offsets(self) -> tuple[float, ...]:
        """The offset of each; 0 where none is declared."""
        return tuple(band.offset for band in self.each)

    @property
    def has_scale(self) -> bool:
        """Whether any has a scale or an offset."""
        return any((band.scale, band.offset) != (1.0, 0.0) for band in self.each)

    @cached_property
    def raw_dtype(self) -> np.dtype:
        """The type that holds the stored values of all of them."""
        return np.result_type(*(band.dtype for band in self.each))

    @cached_property
    def dtype(self) -> np.dtype:
        """The chips' type: float32, or float64 where any band has more than 24 bits of precision."""
        return np.result_type(*(chip_dtype(band) for band in self.each))

    def select(self, positions: Sequence[int]) -> Bands:
        """Some of them, by position from 0."""
        return Bands(tuple(self.each[p] for p in positions), self.finder)

    def scaled(self, scaled: Any) -> Bands:
        """The same, where ``scaled`` is a pair (scale, offset) with those instead of their own."""
        if not isinstance(scaled, tuple):
            return self
        scale, offset = scaled
        return Bands(tuple(replace(band, scale=scale, offset=offset) for band in self.each), self.finder)


def describe(dataset: Any, index: int, nodata: float | None = None, view: BandView = PLAIN_BAND) -> Band:
    """Band ``index`` (from 1) of an open rasterio dataset, seen as ``view``.

    ``nodata`` where the dataset declares no validity at all.
    """
    flags = [flag.name for flag in dataset.mask_flag_enums[index - 1]]
    name = from_rasterio(dataset.dtypes[index - 1])
    dtype = np.dtype(name if not name.startswith("complex_") else "complex64")
    declared = dataset.nodatavals[index - 1]
    if flags == ["all_valid"] and declared is None:
        declared = nodata
    mask = _mask(index, flags, dtype, declared)
    if not view.declared:
        declared, mask = None, None if "nodata" in flags else mask
    if mask == index and "nodata" in flags:
        declared = None  # GDAL's mask compares it, as ``_mask`` says
    scale, offset = dataset.scales[index - 1], dataset.offsets[index - 1]
    declared, unknown = _simpler(declared, hidden(view.ranges, dtype, scale, offset) if view.ranges else None, mask)
    return Band(
        index,
        (dataset.descriptions[index - 1] or "").strip(),
        dtype,
        declared,
        mask,
        scale,
        offset,
        dataset.colorinterp[index - 1].name == "palette",
        unknown,
    )


def _mask(index: int, flags: list[str], dtype: np.dtype, declared: float | None) -> int | None:
    """The ``mask`` of a :class:`Band`. That GDAL's flags do not name a nodata value does not mean that there is none.

    GDAL before 3.7 reads signed bytes as unsigned ones, which cannot be -128: its flags are then those of a band
    without nodata.
    """
    if any(flag in _MASKED for flag in flags):
        return 0
    # No flag at all is GDAL's sign for a mask of this band alone. Of a nodata value that is none of the type's GDAL
    # knows which one it stands for, and 64-bit integers come as doubles, which do not hold them all.
    wide = dtype.name in ("int64", "uint64")
    if not flags or ("nodata" in flags and dtype.kind in "iu" and (wide or not _is_of(declared, dtype))):
        return index
    return None


def _is_of(value: float | None, dtype: np.dtype) -> bool:
    """Whether a value is one of the integers of a type."""
    if value is None or not np.isfinite(value) or value != int(value):
        return False
    return bool(np.iinfo(dtype).min <= value <= np.iinfo(dtype).max)


def _simpler(declared: float | None, unknown: Hidden | None, mask: int | None) -> tuple[float | None, Hidden | None]:
    """``declared`` and ``unknown``, with a single hidden value as the nodata value of a band that declares none."""
    if declared is not None or unknown is None or mask is not None or len(unknown.bounds) != 1:
        return declared, unknown
    low, high = unknown.bounds[0]
    if low != high or (unknown.scale, unknown.offset) != (1.0, 0.0) or not np.isfinite(low):
        return declared, unknown
    return float(low), None


def chip_dtype(band: Band) -> np.dtype:
    """float32 where it holds every value of the band exactly, else float64."""
    return np.dtype(np.float32 if np.can_cast(band.dtype, np.float32, "safe") else np.float64)


def equal(raw: np.ndarray, band: Band) -> np.ndarray | None:
    """Where the values are the band's nodata value, compared in its own type; None where it has no such value."""
    nodata = band.nodata
    if nodata is None or np.isnan(nodata):
        return None  # NaN stays NaN in the chip
    if band.dtype.kind in "iu":
        return raw == raw.dtype.type(int(nodata)) if _is_of(nodata, band.dtype) else None
    return raw == raw.dtype.type(band.dtype.type(nodata))


def unknown(raw: np.ndarray, band: Band, masked: np.ndarray | None = None) -> np.ndarray | None:
    """Where the values mean "no data", also by GDAL's mask; None where the band cannot have any. ``masked`` stays."""
    found = equal(raw, band)
    if masked is not None:
        found = masked if found is None else found | masked
    if band.hidden is None:
        return found
    inside = band.hidden.of(raw)
    return inside if found is None else np.logical_or(inside, found, out=inside)


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
    if rows >= height:  # one block, which is decoded as a whole
        return min(height, TILE)
    while rows > TILE and rows % 2 == 0:
        rows //= 2
    return rows if rows >= 64 else rows * -(-128 // rows)
