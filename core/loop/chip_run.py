"""Running an operator on chips, and checking what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any, Callable, NamedTuple

import numpy as np

from ..base.errors import Cancelled, OperatorError, PatchwiseError
from ..operators.base import Operator, operator_name
from ..plan.cutting import anchor_of, as_values, result_dtype
from ..plan.plan import PlannedChip


class ChipResult(NamedTuple):
    """What an operator made of a chip: ``values`` ``(bands, h, w)``.

    ``finite``: without NaN, infinities and values so large that the difference of two of them could be infinite.
    ``flat``: the operator gave them as ``(h, w)``.
    """

    chip: PlannedChip
    values: np.ndarray
    finite: bool
    flat: bool = False


def run_operator(operator: Operator, planned: PlannedChip, chip: Any) -> ChipResult:
    """Run ``operator`` on a chip and check what comes back.

    Allowed is a numeric array ``(h, w)`` or ``(bands, h, w)`` of ``operator.scale`` times the chip's height and width;
    masked values count as invalid. Raises :class:`OperatorError` with the chip's anchor.
    """
    result = _guarded(operator, planned, lambda: operator(chip))
    return _checked(operator, planned, result, chip.shape[-2:])


def run_batch(operator: Operator, batch: Sequence[tuple[PlannedChip, np.ndarray]]) -> list[ChipResult]:
    """As :func:`run_operator`, for an operator that takes several chips of one shape at a time (``operator.batch``)."""
    results = []
    for _, same in groupby(batch, key=lambda item: item[1].shape):
        planned, chips = zip(*same)
        made = _guarded(operator, planned[0], partial(operator.batch, list(chips)))
        if len(made) != len(chips):
            reason = f"it returned {len(made)} results for a batch of {len(chips)} chips"
            raise OperatorError(operator_name(operator), anchor_of(planned[0]), reason)
        results += [_checked(operator, chip, result, chips[0].shape[-2:]) for chip, result in zip(planned, made)]
    return results


def _guarded(operator: Operator, planned: PlannedChip, call: Callable[[], Any]) -> Any:
    try:
        with np.errstate(all="ignore"):  # NaN is how a chip says "unknown", not an accident
            return call()
    except Cancelled:
        raise
    except Exception as error:  # whatever a user's operator raises
        text = str(error) if isinstance(error, PatchwiseError) else f"{type(error).__name__}: {error}"
        raise OperatorError(operator_name(operator), anchor_of(planned), text) from error


def _checked(operator: Operator, planned: PlannedChip, result: Any, size: tuple[int, ...]) -> ChipResult:
    height, width = size[0] * operator.scale, size[1] * operator.scale
    values = _guarded(operator, planned, lambda: as_values(result))
    if values.ndim != 3 or values.shape[1:] != (height, width) or not values.shape[0]:
        allowed = f"({height}, {width}) or (bands, {height}, {width})"
        reason = f"it returned the shape {np.shape(result)}; allowed is {allowed}"
        raise OperatorError(operator_name(operator), anchor_of(planned), reason)
    if values.dtype.kind not in "biuf":
        reason = f"it returned values of type {values.dtype}; allowed are numbers"
        raise OperatorError(operator_name(operator), anchor_of(planned), reason)
    return ChipResult(planned, values, _all_tame(values), np.ndim(result) == 2)


def _all_tame(values: np.ndarray) -> bool:
    if values.dtype.kind != "f":
        return True
    most = np.finfo(result_dtype(values.dtype)).max / 2
    with np.errstate(invalid="ignore"):
        return bool(values.min() > -most and values.max() < most)
