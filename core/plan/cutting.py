"""Cutting chips out of the rows in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..grid.domain import PixelWindow, slices
from .plan import PlannedChip, mirror


def result_dtype(dtype: np.dtype) -> np.dtype:
    """float32 for values that float32 holds exactly (up to 16-bit integers, bool, float32), else float64."""
    return np.dtype(np.float32) if np.can_cast(dtype, np.float32, "safe") else np.dtype(np.float64)


def cut_chip(
    block: np.ndarray, origin: PixelWindow, chip: PixelWindow, shape: tuple[int, int], mirrored: bool
) -> np.ndarray:
    """The pixels of ``chip`` ``(bands, h, w)``, read-only; a view of ``block`` where the chip lies on the raster.

    ``block`` ``(bands, rows, cols)`` holds the source pixels of ``origin``. What lies outside the raster of ``shape``
    is mirrored from it, or NaN (0 in integers, which have none).
    """
    visible = chip.intersect(PixelWindow(0, 0, *shape))
    if visible == chip:
        data = block[(slice(None),) + slices(chip, origin)]
    elif mirrored:
        rows = mirror(np.arange(chip.row, chip.row_stop), shape[0]) - origin.row
        cols = mirror(np.arange(chip.col, chip.col_stop), shape[1]) - origin.col
        # Taken from what the chip needs: of a whole block, rows as long as the raster is wide would go through memory.
        top, left = int(rows.min()), int(cols.min())
        near = block[:, top : int(rows.max()) + 1, left : int(cols.max()) + 1]
        data = near.take(rows - top, axis=1).take(cols - left, axis=2)  # contiguous, which indexing by both is not
    else:
        data = np.full((block.shape[0], chip.height, chip.width), _unknown(block.dtype), block.dtype)
        data[(slice(None),) + slices(visible, chip)] = block[(slice(None),) + slices(visible, origin)]
    data.flags.writeable = False
    return data


def masked(chip: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """The chip with NaN (0 in integers) where its own weights are 0: what is not part of it is not shown."""
    if weights is None or weights.all():
        return chip
    chip = np.where(weights > 0, chip, chip.dtype.type(_unknown(chip.dtype)))
    chip.flags.writeable = False
    return chip


def _unknown(dtype: np.dtype) -> float:
    return float("nan") if dtype.kind == "f" else 0


def finer(weights: np.ndarray, factor: int) -> np.ndarray:
    """A chip's weights on a grid finer by ``factor``: each pixel's weight for all of its parts."""
    return weights if factor == 1 else weights.repeat(factor, axis=0).repeat(factor, axis=1)


def anchor_of(planned: PlannedChip) -> tuple[int, int]:
    """``(row, col)`` of the chip's anchor: its upper-left pixel, or where the geometry says so its centre."""
    return planned.anchor or (planned.window.row, planned.window.col)


def as_values(result: Any) -> np.ndarray:
    """What an operator returned, with a band axis; masked values are NaN."""
    if np.ma.isMaskedArray(result) and result.dtype.kind in "biuf":
        result = result.astype(result_dtype(result.dtype)).filled(np.nan)
    values = np.asarray(result)
    return values[None] if values.ndim == 2 else values
