"""Normalisation of values before a model, and activation after it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..base.documents import parse_json
from ..base.errors import ParameterError

NORMALIZE = ("none", "div255", "div10000", "meanstd", "perchip", "metadata")
ACTIVATION = ("none", "sigmoid", "softmax", "argmax")
_DIVISORS = {"div255": 255.0, "div10000": 10000.0}


class Normalization(NamedTuple):
    """``(x / divisor - mean) / std``; with ``perchip`` mean and standard deviation are those of the chip.

    ``mean`` and ``std`` have one number per band, or are empty: then nothing is subtracted or divided.
    """

    divisor: float = 1.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    perchip: bool = False

    def __call__(self, chip: np.ndarray, known: np.ndarray | None, out: np.ndarray) -> np.ndarray:
        """Normalise a chip ``(bands, h, w)`` without NaN; ``known``: mask of the pixels in statistics (None: all).

        The result is written to ``out``, of the same shape and type, which must not share the chip's memory.
        """
        if self.perchip:
            return _standardized(chip, known, out)
        kind = chip.dtype.type
        if self.divisor != 1:
            chip = np.divide(chip, kind(self.divisor), out=out)
        if self.mean:
            chip = np.subtract(chip, np.array(self.mean, kind)[:, None, None], out=out)
            chip = np.divide(chip, np.array(self.std, kind)[:, None, None], out=out)
        if chip is not out:
            out[...] = chip
        return out

    def __str__(self) -> str:
        """In words, for the log."""
        if self.perchip:
            return "each band of each chip standardised"
        parts = [f"divided by {self.divisor:g}"] if self.divisor != 1 else []
        if self.mean:
            mean, std = (", ".join(f"{value:g}" for value in values) for values in (self.mean, self.std))
            parts.append(f"standardised by mean {mean} and std {std}")
        return ", ".join(parts) or "as they are"


def _standardized(chip: np.ndarray, known: np.ndarray | None, out: np.ndarray) -> np.ndarray:
    """Each band to mean 0 and standard deviation 1 over the known pixels; a constant band to 0."""
    for k, band in enumerate(chip):
        values = band if known is None else band[known[k]]
        mean = values.mean(dtype=np.float64) if values.size else 0.0
        std = values.std(dtype=np.float64) if values.size else 0.0
        np.subtract(band, chip.dtype.type(mean), out=out[k])
        out[k] /= chip.dtype.type(std if std > 1e-6 * abs(mean) else 1.0)
    return out


def normalization(
    kind: str, mean: Sequence[float], std: Sequence[float], bands: int, metadata: Mapping[str, str]
) -> Normalization:
    """The normalisation for these parameters; ParameterError where they contradict, or metadata are missing."""
    if kind not in NORMALIZE:
        raise ParameterError("normalize", kind, f"must be one of {', '.join(NORMALIZE)}")
    if kind == "metadata":
        _none_given(mean, std, kind)
        return _from_metadata(metadata, bands)
    if kind in ("none", "perchip"):
        _none_given(mean, std, kind)
        return Normalization(perchip=kind == "perchip")
    if kind == "meanstd" and not (len(mean) and len(std)):
        raise ParameterError("mean", mean, "and std must be given with meanstd, one number each or one per band")
    if bool(len(mean)) != bool(len(std)):
        raise ParameterError("std", std, f"must be given together with mean, which is {tuple(mean)!r}")
    return Normalization(_DIVISORS.get(kind, 1.0), *_moments(mean, std, bands))


def _none_given(mean: Sequence[float], std: Sequence[float], kind: str) -> None:
    for name, given in (("mean", mean), ("std", std)):
        if len(given):
            raise ParameterError(name, given, f"has no meaning with normalize {kind}; leave it empty or use meanstd")


def _moments(mean: Any, std: Any, bands: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if not len(mean):
        return (), ()
    return _per_band("mean", mean, bands), _per_band("std", std, bands, positive=True)


def _per_band(name: str, given: Sequence[Any], bands: int, positive: bool = False) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in given)
    except (TypeError, ValueError):
        raise ParameterError(name, given, "must be numbers") from None
    if len(numbers) not in (1, bands):
        raise ParameterError(name, given, f"must be one number, or one for each of the {bands} band(s)")
    if not all(math.isfinite(value) and (value > 0 or not positive) for value in numbers):
        raise ParameterError(name, given, f"must be finite{' and above zero' if positive else ''}")
    return numbers * (bands // len(numbers))


def _from_metadata(metadata: Mapping[str, str], bands: int) -> Normalization:
    """See :class:`~.onnx.Onnx` for the keys."""
    of = {key.lower(): value for key, value in metadata.items()}
    deepness = "model_type" in of or "standardization_mean" in of
    for prefix, divisor in (("standardization_", 255.0), ("image_", 255.0), ("", 1.0)):
        names = f"{prefix}mean", f"{prefix}std"
        if not any(name in of for name in names):
            continue
        mean, std = (_numbers(name, of.get(name, "")) for name in names)
        try:
            return Normalization(_divisor(of, divisor), *_moments(mean or (0.0,), std or (1.0,), bands))
        except ParameterError as error:
            reason = f"cannot be used: the model's {prefix}{error.parameter} is {error.value!r} and {error.allowed}"
            raise ParameterError("normalize", "metadata", reason) from error
    if deepness or "rescale_factor" in of:
        return Normalization(_divisor(of, 255.0))
    there = f"it has {', '.join(sorted(metadata))}" if metadata else "it has none"
    reason = (
        "needs metadata properties in the model that say it: standardization_mean and standardization_std, image_mean "
        f"and image_std, mean and std, or rescale_factor; {there}"
    )
    raise ParameterError("normalize", "metadata", reason)


def _divisor(of: Mapping[str, str], default: float) -> float:
    if "rescale_factor" not in of:
        return default
    factor = _numbers("rescale_factor", of["rescale_factor"])
    if len(factor) != 1 or not math.isfinite(factor[0]) or factor[0] <= 0:
        raise ParameterError("normalize", "metadata", f"the model's rescale_factor is {of['rescale_factor']!r}")
    return 1 / factor[0]


def _numbers(name: str, text: str) -> tuple[float, ...]:
    """Numbers written as JSON, or one after the other."""
    try:
        return tuple(float(part) for part in re.split(r"[\s,;]+", text.strip().strip("[](){}").strip()) if part)
    except ValueError:
        reason = f"cannot be used: the model's {name} is {text!r}, which is not a list of numbers"
        raise ParameterError("normalize", "metadata", reason) from None


def activated(values: np.ndarray, activation: str) -> np.ndarray:
    """``(n, k, h, w)`` floats after the activation; NaN stays NaN.

    ``argmax`` gives ``(n, 1, h, w)`` labels from 0, the first of equal bands; of a single band, 1 where above 0.5.
    """
    if activation == "sigmoid":
        with np.errstate(over="ignore"):
            return 1 / (1 + np.exp(-values))
    if activation == "softmax":
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        powers /= powers.sum(axis=1, keepdims=True)
        return powers
    if activation == "argmax":
        unknown = np.isnan(values).any(axis=1, keepdims=True)
        single = values.shape[1] == 1
        labels = (values > 0.5) if single else values.argmax(axis=1)[:, None]
        return np.where(unknown, values.dtype.type(np.nan), labels.astype(values.dtype))
    return values


def class_names(metadata: Mapping[str, str]) -> list[dict[int, str]]:
    """Labels to names, per output, from the property ``class_names`` (or ``names``), a JSON object or list of them."""
    text = metadata.get("class_names") or metadata.get("names") or ""
    try:
        found = parse_json(text, "class_names", text[:60])
    except ParameterError:
        return []
    if isinstance(found, list) and all(isinstance(item, str) for item in found):
        found = dict(enumerate(found))
    outputs = found if isinstance(found, list) else [found]
    try:
        return [{int(label): str(name) for label, name in output.items()} for output in outputs]
    except (AttributeError, ValueError):
        return []
