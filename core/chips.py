"""Cutting chips out of the rows in memory, and running an operator on one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any, Callable, NamedTuple

import numpy as np

from .accumulate import result_dtype, slices
from .domains import PixelWindow
from .errors import Cancelled, OperatorError, PatchwiseError
from .plan import PlannedChip, mirror


class ChipResult(NamedTuple):
    """What an operator made of a chip: ``values`` ``(bands, h, w)``.

    ``finite``: without NaN, infinities and values so large that the difference of two of them could be infinite.
    """

    chip: PlannedChip
    values: np.ndarray
    finite: bool


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


def operator_name(operator: Callable) -> str:
    """What to call an operator in messages."""
    return getattr(operator, "name", None) or getattr(operator, "__name__", None) or type(operator).__name__


def run_operator(operator: Callable[[Any], Any], planned: PlannedChip, chip: np.ndarray, scale: int = 1) -> ChipResult:
    """Run ``operator`` on a chip and check what comes back.

    Allowed is a numeric array ``(h, w)`` or ``(bands, h, w)`` of ``scale`` times the chip's height and width; masked
    values count as invalid. Raises :class:`OperatorError` with the chip's anchor.
    """
    result = _guarded(operator, planned, lambda: operator(chip))
    return _checked(operator, planned, result, chip.shape[-2] * scale, chip.shape[-1] * scale)


def run_batch(operator: Any, batch: Sequence[tuple[PlannedChip, np.ndarray]], scale: int) -> list[ChipResult]:
    """As :func:`run_operator`, for an operator that takes several chips of one shape at a time (``operator.batch``)."""
    results = []
    for _, same in groupby(batch, key=lambda item: item[1].shape):
        planned, chips = zip(*same)
        made = _guarded(operator, planned[0], partial(operator.batch, list(chips)))
        if len(made) != len(chips):
            reason = f"it returned {len(made)} results for a batch of {len(chips)} chips"
            raise OperatorError(operator_name(operator), anchor_of(planned[0]), reason)
        height, width = chips[0].shape[-2] * scale, chips[0].shape[-1] * scale
        results += [_checked(operator, chip, result, height, width) for chip, result in zip(planned, made)]
    return results


def _guarded(operator: Any, planned: PlannedChip, call: Callable[[], Any]) -> Any:
    try:
        with np.errstate(all="ignore"):  # NaN is how a chip says "unknown", not an accident
            return call()
    except Cancelled:
        raise
    except Exception as error:  # whatever a user's operator raises
        text = str(error) if isinstance(error, PatchwiseError) else f"{type(error).__name__}: {error}"
        raise OperatorError(operator_name(operator), anchor_of(planned), text) from error


def _checked(operator: Any, planned: PlannedChip, result: Any, height: int, width: int) -> ChipResult:
    values = _guarded(operator, planned, lambda: as_values(result))
    if values.ndim != 3 or values.shape[1:] != (height, width) or not values.shape[0]:
        allowed = f"({height}, {width}) or (bands, {height}, {width})"
        reason = f"it returned the shape {np.shape(result)}; allowed is {allowed}"
        raise OperatorError(operator_name(operator), anchor_of(planned), reason)
    if values.dtype.kind not in "biuf":
        reason = f"it returned values of type {values.dtype}; allowed are numbers"
        raise OperatorError(operator_name(operator), anchor_of(planned), reason)
    return ChipResult(planned, values, _all_tame(values))


def as_values(result: Any) -> np.ndarray:
    """What an operator returned, with a band axis; masked values are NaN."""
    if np.ma.isMaskedArray(result) and result.dtype.kind in "biuf":
        result = result.astype(result_dtype(result.dtype)).filled(np.nan)
    values = np.asarray(result)
    return values[None] if values.ndim == 2 else values


def _all_tame(values: np.ndarray) -> bool:
    if values.dtype.kind != "f":
        return True
    most = np.finfo(result_dtype(values.dtype)).max / 2
    with np.errstate(invalid="ignore"):
        return bool(values.min() > -most and values.max() < most)
