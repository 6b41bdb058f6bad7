"""Functions and values of band expressions, on numbers, conditions and unknown values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable, NamedTuple, Union

import numpy as np

CONSTANTS = {"nan": math.nan, "pi": math.pi}


class Truth(NamedTuple):
    """A condition: masks of where it holds, and of where it depends on unknown values (None: nowhere)."""

    yes: Any
    unknown: Any = None


Value = Union[np.ndarray, float, Truth]


def as_number(value: Value, dtype: np.dtype) -> Any:
    """A condition as 1, 0 and NaN where unknown; numbers as they are."""
    if not isinstance(value, Truth):
        return value
    number = np.asarray(value.yes).astype(dtype)
    return known(number, value.unknown)


def plain(value: Value) -> Value:
    """A scalar as a Python number, which does not change an array's dtype; in numpy 2 a numpy scalar would widen it."""
    return value.item() if isinstance(value, np.generic) else value


def as_truth(value: Value) -> Truth:
    """The value as a condition; the compiler has checked that it is one."""
    if not isinstance(value, Truth):
        raise TypeError("a number where a condition was checked for")
    return value


def known(result: Any, invalid: Any) -> Any:
    """``result`` with NaN where ``invalid``; in place where it is an array."""
    if invalid is None or not np.any(invalid):
        return result
    if isinstance(result, np.ndarray) and result.ndim:
        np.copyto(result, np.nan, where=invalid)
        return result
    if np.ndim(invalid):
        return np.where(invalid, np.nan, result)
    return math.nan


def unknown_in(value: Any) -> Any:
    """Mask of NaN; None where there is none."""
    if isinstance(value, np.ndarray):
        return np.isnan(value) if value.size and np.isnan(value.min()) else None
    return True if math.isnan(value) else None


def compare(function: Callable, a: Any, b: Any) -> Truth:
    """``a`` compared with ``b``; unknown where either is NaN."""
    first, second = unknown_in(a), unknown_in(b)
    if first is None or second is None:
        return Truth(function(a, b), second if first is None else first)
    return Truth(function(a, b), np.logical_or(first, second))


@dataclass(frozen=True)
class Function:
    """A function of the language: its usage, number of arguments, and ``run(dtype, *arguments)``."""

    usage: str
    run: Callable[..., Value]
    least: int = 1
    most: int = 1
    statistic: bool = False
    truth: bool = False
    condition_first: bool = False
    check: Callable[[Sequence[float | None]], str | None] | None = None


def _unary(name: str, function: Callable) -> Function:
    return Function(f"{name}(x)", lambda dtype, x: function(x))


def _logarithm(name: str, function: Callable) -> Function:
    return Function(f"{name}(x)", lambda dtype, x: known(function(x), np.less_equal(x, 0)))


def _elementwise(name: str, function: Callable) -> Function:
    def run(dtype: np.dtype, first: Any, *others: Any) -> Any:
        for other in others:
            first = function(first, other)
        return first

    return Function(f"{name}(x, y, ...), or {name}imum(x) for the chip's {name}imum", run, least=2, most=64)


def _where(dtype: np.dtype, condition: Truth, value: Any, otherwise: Any) -> Any:
    value, otherwise = (dtype.type(v) if isinstance(v, float) else v for v in (value, otherwise))
    return known(np.where(condition.yes, value, otherwise), condition.unknown)


def _isnan(dtype: np.dtype, x: Any) -> Truth:
    return Truth(np.isnan(x))


def _statistic(name: str, function: Callable, usage: str = "", **limits: Any) -> Function:
    def run(dtype: np.dtype, x: Any, *arguments: Any) -> float:
        values = np.asarray(x, dtype=np.float64)
        values = values[~np.isnan(values)]
        return float(function(values, *arguments)) if values.size else math.nan

    return Function(usage or f"{name}(x), over the valid pixels of the chip", run, statistic=True, **limits)


def _check_percentile(constants: Sequence[float | None]) -> str | None:
    q = constants[1]
    return None if q is not None and 0 <= q <= 100 else "q must be a number from 0 to 100"


FUNCTIONS: dict[str, Function] = {
    "abs": _unary("abs", np.abs),
    "sqrt": _unary("sqrt", np.sqrt),
    "exp": _unary("exp", np.exp),
    "sin": _unary("sin", np.sin),
    "cos": _unary("cos", np.cos),
    "tan": _unary("tan", np.tan),
    "log": _logarithm("log", np.log),
    "log10": _logarithm("log10", np.log10),
    "arctan2": Function("arctan2(y, x)", lambda dtype, y, x: np.arctan2(y, x), 2, 2),
    "min": _elementwise("min", np.minimum),
    "max": _elementwise("max", np.maximum),
    "clip": Function(
        "clip(x, low, high)", lambda dtype, x, low, high: np.minimum(np.maximum(x, low), high), least=3, most=3
    ),
    "where": Function("where(condition, value, otherwise)", _where, 3, 3, condition_first=True),
    "isnan": Function("isnan(x)", _isnan, truth=True),
    "mean": _statistic("mean", np.mean),
    "std": _statistic("std", np.std),
    "median": _statistic("median", np.median),
    "minimum": _statistic("minimum", np.min),
    "maximum": _statistic("maximum", np.max),
    "percentile": _statistic(
        "percentile", np.percentile, "percentile(x, q) with q from 0 to 100", least=2, most=2, check=_check_percentile
    ),
}
