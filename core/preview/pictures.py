"""Arrays as pictures with one or four bytes a pixel.

A picture has at most a few hundred pixels a side; of larger arrays evenly spread pixels are taken and not averaged, so
that each value shown is a value of the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.categories import Category

#: The level that stands for "not covered" in what :func:`levels` gives.
NOT_COVERED = 255
#: Pixels a side of a chip's picture, at most.
MOST = 384
_STRETCH = (2, 98)  # percent
# The perceptually uniform map viridis (van der Walt and Smith, 2015) at twenty places; between them it is
# straight to the eye.
_ANCHORS = (
    "440154 481568 482677 453781 3f4788 39558c 32648e 2d718e 287d8e 238a8d "
    "1f968b 20a386 29af7f 3cbc75 56c667 74d055 94d840 b8de29 dce318 fde725"
)


def _ramp(anchors: str) -> np.ndarray:
    colours = np.array([tuple(bytes.fromhex(anchor)) for anchor in anchors.split()], dtype=np.float64)
    places = np.linspace(0, len(colours) - 1, 256)
    channels = [np.interp(places, np.arange(len(colours)), channel) for channel in colours.T]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


_VIRIDIS = _ramp(_ANCHORS)
#: 256 colours ``(red, green, blue)`` from 0 to 255, dark violet to yellow.
VIRIDIS: tuple[tuple[int, int, int], ...] = tuple((int(r), int(g), int(b)) for r, g, b in _VIRIDIS)


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels to show: ``rgba`` are ``height * width * 4`` bytes, transparent where nothing is known.

    ``low`` and ``high``: least and largest finite value of the ``bands`` shown (numbers from 1), NaN where there is
    none; ``total``: how many bands there are. ``unknown``: the share of the pixels without a value, 0 to 1.
    """

    width: int
    height: int
    rgba: bytes
    low: float
    high: float
    bands: tuple[int, ...]
    total: int
    unknown: float


def spread(length: int, most: int) -> np.ndarray:
    """At most ``most`` positions from 0 to ``length - 1``, evenly spread, ascending."""
    count = min(length, most)
    return (np.arange(count) * 2 + 1) * length // (2 * count)


def levels(values: np.ndarray, high: float) -> bytes:
    """``values`` as one byte each, row by row: 0 to 254 for 0 to ``high``, :data:`NOT_COVERED` where they are 0."""
    scaled = np.clip(values * (254 / (high or 1)), 0, 254).astype(np.uint8)
    scaled[~(values > 0)] = NOT_COVERED
    return scaled.tobytes()


def draw(
    values: np.ndarray, bands: Sequence[int] = (1,), categories: Sequence[Category] = (), grey: bool = False
) -> Picture:
    """Draw numbers ``(bands, h, w)``, NaN where unknown: three bands as red, green and blue, or a single one.

    Each band is stretched from its 2nd to its 98th percentile. A single band is drawn in viridis, or ``grey``; where
    its values are ``categories``, in their colours.
    """
    chosen = values[[band - 1 for band in bands]]
    if chosen.dtype.kind != "f":  # operators may give labels
        chosen = chosen.astype(np.float64)
    known = np.isfinite(chosen)
    low, high = (float(f(chosen, where=known, initial=v)) for f, v in ((np.min, np.inf), (np.max, -np.inf)))
    if not known.any():
        low = high = float("nan")
    rows, cols = (spread(n, MOST) for n in chosen.shape[1:])
    small = chosen[:, rows[:, None], cols].astype(np.float64)
    there = ~np.isnan(small).any(axis=0)
    if len(bands) == 1 and categories:
        colours = _by_category(small[0], categories)
    elif len(bands) == 1:
        colours = _stretched(small[0])
        colours = np.repeat(colours[..., None], 3, axis=-1) if grey else _VIRIDIS[colours]
    else:
        colours = np.stack([_stretched(band) for band in small], axis=-1)
    rgba = np.zeros((len(rows), len(cols), 4), np.uint8)
    rgba[there, :3], rgba[there, 3] = colours[there], 255
    unknown = float(np.isnan(chosen).any(axis=0).mean())
    return Picture(len(cols), len(rows), rgba.tobytes(), low, high, tuple(bands), len(values), unknown)


def _stretched(band: np.ndarray) -> np.ndarray:
    """Values from 0 to 255; those of a band of a single value are in the middle."""
    finite = band[np.isfinite(band)]
    low, high = np.percentile(finite, _STRETCH) if len(finite) else (0.0, 0.0)
    if not high > low and len(finite):  # most pixels are alike, and a few are not
        low, high = finite.min(), finite.max()
    if not high > low:
        return np.full(band.shape, 128, np.uint8)
    filled = np.nan_to_num(band, nan=low, posinf=high, neginf=low)
    return np.rint(np.clip((filled - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def _by_category(band: np.ndarray, categories: Sequence[Category]) -> np.ndarray:
    colours = np.full((*band.shape, 3), 128, np.uint8)
    for category in categories:
        colours[band == category.value] = category.colour
    return colours
