"""Checks of numbers that parameters of all kinds share."""

from __future__ import annotations

import math
import sys
from numbers import Real
from typing import Any

_MOST_FLOAT = sys.float_info.max


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number of any numeric type, such as 256.0; a bool is not."""
    if isinstance(value, int):  # an int may be too large for a float
        return not isinstance(value, bool)
    return isinstance(value, Real) and float(value).is_integer()


def is_finite(value: Any) -> bool:
    """Whether a value is a finite number of any real type; a bool is not."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) <= _MOST_FLOAT
    return isinstance(value, Real) and math.isfinite(value)
