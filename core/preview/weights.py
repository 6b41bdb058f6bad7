"""Small pictures of a window and of the summed weights of a lattice of chips, for any chip size.

A picture has at most :data:`MOST` pixels a side. Where the chip is larger, only some of its pixels are in it, and each
has the weight that exactly this pixel has in a run (or nearly, if an expression has statistics of a large chip).
Positions count rows and columns from a chip's upper-left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..axes.window import SpatialCustom, SpatialWindow, check_weights, edge_to_edge, expression_weights
from ..base.errors import ParameterError, PlanError
from ..expression.compiler import compile_expression
from ..grid.domain import RasterDomain
from ..grid.earth import haversine_km
from ..loop.patcher import SpatialPatcher
from ..plan.caps import EarthGrid
from ..plan.geometry import Geometry
from .pictures import levels, spread

MOST = 128
_EVEN = 0.01  # share of the mean by which sums that are called even may differ from it
_WHOLE = 256  # pixels a side up to which a window that cannot be computed pixel by pixel is made as a whole


@dataclass(frozen=True, eq=False)
class Cover:
    """The weights of all chips of a lattice, summed, where 3 x 3 chips in its middle lie.

    ``sums`` ``(len(rows), len(cols))`` at pixels ``rows`` x ``cols``, counted from the first chip's upper-left pixel,
    in units of their mean over the covered pixels. ``low`` and ``high``: their least and largest value on covered
    pixels; ``gap_share``: the share of the pixels that no chip covers. These three are of the whole lattice, and
    exact where the window is an outer product of profiles; else they are found from some of its pixels.
    """

    size: tuple[int, int]
    step: tuple[int, int]
    rows: np.ndarray
    cols: np.ndarray
    sums: np.ndarray
    low: float
    high: float
    gap_share: float

    @property
    def kind(self) -> str:
        """``gaps``, ``uneven`` or ``even`` (all sums within 1 % of each other)."""
        if self.gap_share > 0:
            return "gaps"
        return "uneven" if self.high - self.low > _EVEN else "even"

    @property
    def overlaps(self) -> bool:
        """Whether a chip meets another one."""
        return any(step < size for step, size in zip(self.step, self.size))

    @property
    def span(self) -> tuple[int, int]:
        """Rows and columns of the place of 3 x 3 chips."""
        return 2 * self.step[0] + self.size[0], 2 * self.step[1] + self.size[1]

    @cached_property
    def image(self) -> bytes:
        """The sums as :func:`~patchwise.core.preview.pictures.levels`, 0 to ``high``."""
        return levels(self.sums, self.high)


@dataclass(frozen=True, eq=False)
class WindowPicture:
    """The weights of a chip of ``size`` at its pixels ``rows`` x ``cols``: ``weights`` ``(len(rows), len(cols))``.

    ``row_profile`` and ``col_profile`` are the window's profiles at these rows and columns; of a window that is no
    outer product, its weights along the chip's middle column and row. ``cover`` is None where the chips lie on no
    lattice.
    """

    size: tuple[int, int]
    rows: np.ndarray
    cols: np.ndarray
    weights: np.ndarray
    row_profile: np.ndarray
    col_profile: np.ndarray
    cover: Cover | None = None

    @cached_property
    def high(self) -> float:
        """The largest weight of the picture."""
        return float(self.weights.max())

    @property
    def profile_high(self) -> float:
        """The largest value of the profiles."""
        return float(max(self.row_profile.max(), self.col_profile.max()))

    @cached_property
    def image(self) -> bytes:
        """The weights as :func:`~patchwise.core.preview.pictures.levels`, 0 to ``high``."""
        return levels(self.weights, self.high)


def window_picture(
    patcher: SpatialPatcher, domain: RasterDomain | None = None, anchor: tuple[int, int] | None = None
) -> WindowPicture:
    """The picture of the patcher's window, and of its cover where the chips lie on a regular lattice.

    A spherical cap has its shape from the raster: it is drawn on ``domain`` around pixel ``anchor`` (default: the
    middle). Raises :class:`ParameterError` for a window that a run would refuse, as far as the pixels looked at show
    it, and :class:`PlanError` for geometries without a window in pixels.
    """
    chip = _chip(patcher, domain, anchor)
    rows, cols = (spread(n, chip.most) for n in chip.size)
    weights = chip.at(rows, cols)
    if not weights.any() and weights.shape == chip.size:
        raise ParameterError("window", type(patcher.window).__name__, "must be above 0 somewhere in the chip")
    if chip.profiles is None:
        middle = [np.array([n // 2]) for n in chip.size]
        down, right = chip.at(rows, middle[1])[:, 0], chip.at(middle[0], cols)[0]
    else:
        down, right = chip.profiles[0][rows], chip.profiles[1][cols]
    cover = None
    if patcher.sampler is not None and patcher.sampler.lattice is not None:
        cover = _cover(chip, patcher.sampler.lattice)
    return WindowPicture(chip.size, rows, cols, weights, down, right, cover)


class _Chip:
    """The weights of a chip; ``profiles`` where the window is their outer product. ``most`` and ``budget``: how many
    positions along an axis are computed quickly enough, for the picture and for the sums.
    """

    size: tuple[int, int]
    profiles: tuple[np.ndarray, np.ndarray] | None = None
    most, budget = MOST, 3 * MOST // 2

    def at(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """``(len(rows), len(cols))`` weights."""
        raise NotImplementedError


class _Separable(_Chip):
    def __init__(self, window: SpatialWindow, size: tuple[int, int]) -> None:
        self.size = size
        self.profiles = window.profile(size[0]), window.profile(size[1])

    def at(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        down, right = self.profiles  # type: ignore[misc]
        return np.outer(down[rows], right[cols])


class _ByExpression(_Chip):
    """A custom window of which every pixel can be computed alone."""

    def __init__(self, text: str, size: tuple[int, int]) -> None:
        self.size, self._text = size, text

    def at(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        places = (edge_to_edge(n, pixels) for n, pixels in zip(self.size, (rows, cols)))
        weights = expression_weights(self._text, *places)
        check_weights(weights, self._text)
        return weights


class _Whole(_Chip):
    """A window that has to be made as a whole: an array, a callable, an expression with statistics of the chip.

    For an expression on a large chip, a smaller chip is computed, which looks the same.
    """

    def __init__(self, patcher: SpatialPatcher, window: SpatialCustom, size: tuple[int, int]) -> None:
        self.size = size
        small = size if not isinstance(window.fn, str) else (min(size[0], _WHOLE), min(size[1], _WHOLE))
        self._weights = patcher.weights_of(*small)

    def at(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        down, right = (v * m // n for v, m, n in zip((rows, cols), self._weights.shape, self.size))
        return self._weights[np.ix_(down, right)]


class _Disc(_Chip):
    """A spherical cap around one pixel, by the same distances as a run's caps."""

    most, budget = 96, 64  # each position costs a coordinate transformation

    def __init__(
        self, radius_km: float, window: SpatialWindow, domain: RasterDomain, anchor: tuple[int, int] | None
    ) -> None:
        row, col = anchor or (domain.shape[0] // 2, domain.shape[1] // 2)
        self._grid, self._window = EarthGrid(domain), window
        self._radius = radius_km
        self._lon, self._lat = (float(v[0]) for v in self._grid.lonlat(np.array([row]), np.array([col])))
        if not np.isfinite(self._lon):
            raise PlanError("raster", domain.shape, "has its middle off the Earth: there is no cap to show")
        self._rim = self._radius + self._grid.pixel_km(row, col) / 2
        reach = [self._reach(row, col, axis, domain.shape[axis]) for axis in (0, 1)]
        self._first = row - reach[0], col - reach[1]
        self.size = 2 * reach[0] + 1, 2 * reach[1] + 1

    def _km(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        return haversine_km(self._lon, self._lat, *self._grid.lonlat(rows, cols))

    def _reach(self, row: int, col: int, axis: int, most: int) -> int:
        """Pixels along an axis that lie within the radius, at most so many as the raster has."""
        pixels = 1.0
        for _ in range(5):  # the scale changes little over a cap: this is a pixel off at worst
            step = np.array([pixels, -pixels])
            km = self._km(row + step * (axis == 0), col + step * (axis == 1))
            if not np.isfinite(km).any() or not np.nanmax(km) > 0:
                break
            pixels = min(pixels * self._radius / float(np.nanmin(km[km > 0])), float(most))
        return max(int(np.ceil(pixels - 1e-6)), 1)

    def at(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        km = self._km(self._first[0] + rows[:, None], self._first[1] + cols)
        inside = km <= self._radius  # NaN is outside
        weights = np.zeros(km.shape)
        weights[inside] = self._window.radial(km[inside] / self._rim)
        return weights


def _chip(patcher: SpatialPatcher, domain: RasterDomain | None, anchor: tuple[int, int] | None) -> _Chip:
    geometry, window = patcher.geometry, patcher.window
    if not isinstance(geometry, Geometry):  # a graph
        raise _no_window(geometry)
    radius = geometry.cap_km()
    if radius is not None:
        window.radial(np.zeros(1))  # refused now, if at all
        if domain is None:
            raise PlanError("raster", None, "is needed to say how many pixels a spherical cap has")
        return _Disc(radius, window, domain, anchor)
    if geometry.size is None:
        raise _no_window(geometry)
    if not isinstance(window, SpatialCustom):
        return _Separable(window, geometry.size)
    if isinstance(window.fn, str) and compile_expression(window.fn, {"x": 0, "y": 1, "r": 2}).pointwise:
        return _ByExpression(window.fn, geometry.size)
    return _Whole(patcher, window, geometry.size)


def _no_window(geometry: object) -> PlanError:
    return PlanError("geometry", type(geometry).__name__, "has no window that is the same for all chips")


class _Sums(NamedTuple):
    """Sums of weights, in the window's units: ``values`` at ``rows`` x ``cols``; of the whole lattice the least and
    largest, the mean over covered pixels, and the covered share."""

    rows: np.ndarray
    cols: np.ndarray
    values: np.ndarray
    low: float
    high: float
    mean: float
    covered: float


def _cover(chip: _Chip, step: tuple[int, int]) -> Cover | None:
    span = [2 * t + n for t, n in zip(step, chip.size)]
    rows, cols = (spread(n, MOST) for n in span)
    found = _sums_of_profiles(chip, step, rows, cols) if chip.profiles else _sums(chip, step, rows, cols)
    if not found.covered:  # all that is covered lies between the pixels looked at
        return None
    low, high = found.low / found.mean, found.high / found.mean
    sums = found.values / found.mean
    return Cover(chip.size, step, found.rows, found.cols, sums, low, high, max(0.0, 1 - found.covered))


def _sums_of_profiles(chip: _Chip, step: tuple[int, int], rows: np.ndarray, cols: np.ndarray) -> _Sums:
    """The sums of an outer product: the outer product of the sums along each axis."""
    axes = []
    for profile, period in zip(chip.profiles or (), step):
        padded = np.zeros(-(-len(profile) // period) * period)
        padded[: len(profile)] = profile
        axes.append(padded.reshape(-1, period).sum(axis=0))
    there = [axis[axis > 0] for axis in axes]
    low, high, mean = (float(f(there[0]) * f(there[1])) for f in (np.min, np.max, np.mean))
    values = np.outer(axes[0][rows % step[0]], axes[1][cols % step[1]])
    return _Sums(rows, cols, values, low, high, mean, len(there[0]) / step[0] * len(there[1]) / step[1])


def _sums(chip: _Chip, step: tuple[int, int], rows: np.ndarray, cols: np.ndarray) -> _Sums:
    """The sums at some of the places that a pixel can have in the lattice, which repeats after a step."""
    (down, row_chips), (right, col_chips) = (_places(n, t, chip.budget) for n, t in zip(chip.size, step))
    at_rows, at_cols = (down[:, None] + row_chips).ravel(), (right[:, None] + col_chips).ravel()
    weights = chip.at(np.minimum(at_rows, chip.size[0] - 1), np.minimum(at_cols, chip.size[1] - 1))
    weights = np.where((at_rows < chip.size[0])[:, None] & (at_cols < chip.size[1]), weights, 0)
    sums = weights.reshape(len(down), len(row_chips), len(right), len(col_chips)).sum(axis=(1, 3))
    there = sums[sums > 0]
    low, high, mean = (float(f(there)) if len(there) else 0.0 for f in (np.min, np.max, np.mean))
    i, j = (np.searchsorted(p, v % t, side="right") - 1 for p, v, t in zip((down, right), (rows, cols), step))
    rows, cols = rows - rows % step[0] + down[i], cols - cols % step[1] + right[j]
    return _Sums(rows, cols, sums[np.ix_(i, j)], low, high, mean, len(there) / sums.size)


def _places(size: int, step: int, budget: int) -> tuple[np.ndarray, np.ndarray]:
    """Places within a step, and how far before it the chips start that meet there; together at most ``budget``.

    Where more chips meet, only every second, third, ... of them is taken, as neighbouring chips then differ little.
    """
    chips = -(-size // step)
    thin = -(-chips // budget)
    starts = np.arange(0, chips, thin) * step
    count = max(1, min(step, budget // len(starts)))
    return np.arange(count) * step // count, starts
