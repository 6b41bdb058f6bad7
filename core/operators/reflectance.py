"""From digital numbers to reflectance: ``value * scale + offset``, with one pair for all bands or one per band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Union

import numpy as np

from ..base.errors import ParameterError

#: A number for all bands, or one for each band of the chip.
PerBand = Union[float, Sequence[float], None]

_LOOKS_LIKE_NUMBERS = 2.0  # bright snow and sun glint reach 1.5


class Reflectance:
    """``scale`` and ``offset`` as given; None is 1 and 0. ``given``: whether one of them is there."""

    def __init__(self, scale: PerBand = None, offset: PerBand = None) -> None:
        self.scale = _checked("scale", scale)
        self.offset = _checked("offset", offset)
        if any(value == 0 for value in (self.scale if isinstance(self.scale, tuple) else (self.scale,))):
            raise ParameterError("scale", scale, "must not be 0, with which every value would be the same")
        self.given = self.scale is not None or self.offset is not None

    @property
    def shifts(self) -> bool:
        """Whether it is more than a common factor: an offset, or factors that differ between bands."""
        return isinstance(self.scale, tuple) or bool(np.any(np.asarray(self.offset or 0.0) != 0))

    def check(self, bands: int) -> None:
        """Refuse lists with fewer values than bands."""
        for name, value in (("scale", self.scale), ("offset", self.offset)):
            if isinstance(value, tuple) and len(value) < bands:
                raise ParameterError(name, list(value), f"must be one number, or one for each of the {bands} bands")

    def pair(self, position: int, reflective: bool = True) -> tuple[float, float]:
        """Scale and offset of a band; a single number applies to reflective bands only."""
        scale, offset = (
            value[position] if isinstance(value, tuple) else value if reflective else None
            for value in (self.scale, self.offset)
        )
        return 1.0 if scale is None else scale, 0.0 if offset is None else offset

    def apply(self, band: np.ndarray, position: int, reflective: bool = True) -> np.ndarray:
        """The band as float64; the array itself where it is that already and nothing is to be done."""
        scale, offset = self.pair(position, reflective)
        band = np.asarray(band, dtype=np.float64)
        if scale != 1.0:
            band = band * scale
        return band + offset if offset != 0.0 else band

    def moved(self, positions: Sequence[int]) -> Reflectance:
        """The same for chips that hold the bands at ``positions`` only."""
        picked = (
            tuple(value[k] for k in positions) if isinstance(value, tuple) else value
            for value in (self.scale, self.offset)
        )
        return Reflectance(*picked)

    def config(self) -> dict[str, Any]:
        """``scale`` and ``offset`` if given."""
        pairs = (("scale", self.scale), ("offset", self.offset))
        return {name: list(value) if isinstance(value, tuple) else value for name, value in pairs if value is not None}

    def warning(self, what: str, raw: np.ndarray, reflectance: np.ndarray) -> str:
        """A warning where ``reflectance``, computed from the ``raw`` values, is not plausible; else ""."""
        raw, reflectance = (values[np.isfinite(values)] for values in (raw, reflectance))
        if not raw.size:
            return ""
        median = float(np.median(np.abs(reflectance)))
        if median > _LOOKS_LIKE_NUMBERS:
            after = "after scale and offset " if self.given else ""
            return (
                f"{what} is defined for reflectance from 0 to 1, and {after}the values look like digital numbers "
                f"(median {median:.4g}): give scale and offset, such as 0.0001 and 0 for Sentinel-2 (-0.1 from "
                "processing baseline 04.00 on) or 0.0000275 and -0.2 for Landsat Collection 2 level 2"
            )
        if self.given and self.shrinks and float(np.abs(raw).max()) <= _LOOKS_LIKE_NUMBERS:
            return (
                f"{what} is defined for reflectance from 0 to 1, and the values look like reflectance before scale "
                f"and offset (largest {float(raw.max()):.4g}): leave scale and offset out"
            )
        return ""

    @property
    def shrinks(self) -> bool:
        """Whether all scales are below 0.1, as those of digital numbers are."""
        return self.scale is not None and bool(np.max(np.abs(np.asarray(self.scale))) < 0.1)


def _checked(name: str, value: PerBand) -> float | tuple[float, ...] | None:
    if value is None:
        return None
    many = isinstance(value, (list, tuple))
    values: list[Any] = list(value) if isinstance(value, (list, tuple)) else [value]
    for number in values:
        if isinstance(number, bool) or not isinstance(number, (int, float, np.number)) or not math.isfinite(number):
            raise ParameterError(name, value, "must be a finite number, or one for each band")
    return tuple(float(number) for number in values) if many else float(values[0])
