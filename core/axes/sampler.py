"""Samplers: where the anchors of the chips lie, before the boundary is applied.

Anchors are ``(row, col)``: a rectangle's upper-left pixel, the centre pixel of a cap. Random samplers take an integer
``seed`` and give the same anchors on every machine, numpy version and call: they use ``numpy.random.RandomState``, of
which the stream is frozen, and compute with whole numbers only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..base.checks import is_finite, is_whole
from ..base.configurable import Configurable
from ..base.errors import ParameterError, PlanError
from ..base.progress import aside
from ..base.shape import MOST_PIXELS, NOTHING, Either, ListOf, Number, Row, Text, Whole
from ..base.vocabulary import Entry, Field, Vocabulary
from ..grid.crs import crs_text, transform_points
from ..grid.domain import RasterDomain
from .geometry import Rectangle
from .poisson import poisson_disk

#: The most anchors that are listed one by one, which take 80 MB as int64 pairs.
MOST_ANCHORS = 5_000_000
# A coordinate that was computed from a pixel's corner must not fall into the pixel before it by its last digit.
_SNAP = 1e-6


class SpatialSampler(Configurable):
    """Base of the samplers."""

    #: The parameter that says how many anchors there are, for errors.
    density: ClassVar[str] = "sampler"
    #: Up to so many anchors are found quickly enough for the main thread to wait for them.
    soon: ClassVar[int] = 20_000

    @property
    def lattice(self) -> tuple[int, int] | None:
        """``(rows, cols)`` in pixels between anchors on a regular lattice from pixel (0, 0); None for any others."""
        return None

    @property
    def on_points(self) -> bool:
        """Whether it can choose among points, taken as a raster of one column: False where it needs distances of
        pixels.
        """
        return True

    def on_rectangles(
        self, geometry: Rectangle, domain: RasterDomain, watch: Callable[[float], None] | None = None
    ) -> np.ndarray:
        """``(n, 2)`` anchors of rectangles on ``domain``, before the boundary is applied; ``watch`` as in
        :meth:`drawn`.
        """
        return self.drawn(geometry.room(domain.shape), domain, watch)

    def anchors(self, extent: tuple[int, int], domain: RasterDomain | None = None) -> np.ndarray:
        """``(n, 2)`` int64 anchors ``(row, col)``.

        ``extent``: rows and columns in which an anchor may lie, from 0; for chips that have to fit it is smaller than
        the raster. ``domain``: the raster, where world coordinates are to be placed on it.
        """
        raise TypeError(f"{type(self).__name__} has no anchors")

    def most(self, extent: tuple[int, int]) -> int:
        """How many anchors there are at most; found without listing them."""
        raise TypeError(f"{type(self).__name__} has no anchors")

    def check(self, extent: tuple[int, int]) -> None:
        """Refuse more anchors than can be listed."""
        count = self.most(extent)
        if count > MOST_ANCHORS:
            allowed = f"gives {count} anchors on this raster, and {MOST_ANCHORS} are the most that can be listed"
            raise PlanError(self.density, self.get_config(), f"{allowed}: choose a larger one")

    def drawn(
        self, extent: tuple[int, int], domain: RasterDomain | None, watch: Callable[[float], None] | None
    ) -> np.ndarray:
        """As :meth:`anchors`; ``watch`` is called with 0 while they are found, and may raise to end the search."""
        found: np.ndarray = aside(lambda asked: self.anchors(extent, domain), watch)
        return found


@dataclass(frozen=True)
class SpatialRegularStride(SpatialSampler):
    """Anchors on a lattice from pixel (0, 0). ``step`` is one number for both axes, or ``(rows, cols)``, in pixels."""

    density: ClassVar[str] = "stride"
    step: int | tuple[int, int]

    def __post_init__(self) -> None:
        """Refuse steps that are not whole numbers of at least 1."""
        object.__setattr__(self, "step", _one_or_two("stride", self.step, 1))

    @property
    def steps(self) -> tuple[int, int]:
        """``(rows, cols)``."""
        return _both(self.step)

    @property
    def lattice(self) -> tuple[int, int]:
        """The steps."""
        return self.steps

    def anchors(self, extent: tuple[int, int], domain: RasterDomain | None = None) -> np.ndarray:
        """Every ``step`` pixels from (0, 0), row by row."""
        self.check(extent)
        return _lattice(*(np.arange(0, n, step) for n, step in zip(extent, self.steps)))

    def most(self, extent: tuple[int, int]) -> int:
        """The exact number. It does not limit rectangles, which are found by formula and not listed."""
        return _on_lattice(extent, self.steps)

    def get_config(self) -> dict[str, Any]:
        """``{"step": ...}``, as given: a number, or a list of two."""
        return {"step": _listed(self.step)}


@dataclass(frozen=True)
class SpatialJitteredStride(SpatialSampler):
    """The anchors of :class:`SpatialRegularStride`, each moved at random by up to ``jitter`` whole pixels either way.

    ``step`` and ``jitter`` are one number for both axes, or ``(rows, cols)``. The first and last row of anchors stay on
    their rows, and the first and last column on their columns. Laws: with ``step + 2 jitter <= size`` rectangles cover
    all that they cover without jitter; jitter 0 gives the regular lattice.
    """

    density: ClassVar[str] = "stride"
    step: int | tuple[int, int]
    jitter: int | tuple[int, int]
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is not whole, a step below 1, a jitter below 0."""
        object.__setattr__(self, "step", _one_or_two("stride", self.step, 1))
        object.__setattr__(self, "jitter", _one_or_two("jitter", self.jitter, 0))
        object.__setattr__(self, "seed", _seed(self.seed))

    @property
    def steps(self) -> tuple[int, int]:
        """``(rows, cols)``."""
        return _both(self.step)

    def anchors(self, extent: tuple[int, int], domain: RasterDomain | None = None) -> np.ndarray:
        """Near every ``step`` pixels from (0, 0), row by row."""
        self.check(extent)
        return self.moved(*(np.arange(0, n, step) for n, step in zip(extent, self.steps)))

    def most(self, extent: tuple[int, int]) -> int:
        """The number of anchors of the lattice."""
        return _on_lattice(extent, self.steps)

    def on_rectangles(
        self, geometry: Rectangle, domain: RasterDomain, watch: Callable[[float], None] | None = None
    ) -> np.ndarray:
        """The anchors of the regular lattice's rectangles, each moved at random."""
        self.check(domain.shape)
        rows, cols = (geometry.place(axis, n, step)[0] for axis, (n, step) in enumerate(zip(domain.shape, self.steps)))
        return self.moved(rows, cols)

    def moved(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """The anchors of the lattice of ascending ``rows`` and ``cols``, moved."""
        anchors, rng = _lattice(rows, cols), np.random.RandomState(self.seed)
        for axis, (starts, jitter) in enumerate(zip((rows, cols), _both(self.jitter))):
            moves = rng.randint(-jitter, jitter + 1, len(anchors), dtype=np.int64)
            outermost = np.isin(anchors[:, axis], (starts[0], starts[-1]))
            anchors[:, axis] += np.where(outermost, 0, moves)
            np.clip(anchors[:, axis], starts[0], starts[-1], out=anchors[:, axis])
        return anchors

    def get_config(self) -> dict[str, Any]:
        """Step, jitter and seed."""
        return {"step": _listed(self.step), "jitter": _listed(self.jitter), "seed": self.seed}


@dataclass(frozen=True)
class SpatialRandom(SpatialSampler):
    """``count`` different anchors, every pixel as likely as any other."""

    density: ClassVar[str] = "count"
    count: int
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a count below 1."""
        object.__setattr__(self, "count", _whole("count", self.count, 1, MOST_ANCHORS))
        object.__setattr__(self, "seed", _seed(self.seed))

    def anchors(self, extent: tuple[int, int], domain: RasterDomain | None = None) -> np.ndarray:
        """In the order in which they were drawn."""
        self.check(extent)
        places = extent[0] * extent[1]
        rng = np.random.RandomState(self.seed)
        if self.count <= places // 2:
            drawn = _different(rng, self.count, places)
        else:  # drawing the few that are left out is quicker
            kept = np.ones(places, bool)
            kept[_different(rng, places - self.count, places)] = False
            drawn = np.flatnonzero(kept)
        return np.stack(np.divmod(drawn, extent[1]), axis=1).astype(np.int64, copy=False)

    def most(self, extent: tuple[int, int]) -> int:
        """Exactly."""
        return self.count

    def check(self, extent: tuple[int, int]) -> None:
        """Refuse more anchors than there are pixels for them; too many to list are refused when the sampler is made."""
        places = extent[0] * extent[1]
        if self.count > places:
            allowed = f"must be at most {places}, the number of places that a chip can have on this raster"
            raise PlanError("count", self.count, allowed)

    def get_config(self) -> dict[str, Any]:
        """Count and seed."""
        return {"count": self.count, "seed": self.seed}


@dataclass(frozen=True)
class SpatialPoissonDisk(SpatialSampler):
    """Anchors at random with at least ``min_distance`` pixels between any two, until no more fit (Bridson, 2007).

    ``tries``: how many candidates around an anchor are tried before the search there ends. Law: every pair of anchors
    is at least ``min_distance`` pixels apart (Euclidean).
    """

    density: ClassVar[str] = "min_distance"
    soon: ClassVar[int] = 400  # finding anchors for disks takes longest
    min_distance: float
    seed: int = 0
    tries: int = 30

    def __post_init__(self) -> None:
        """Refuse distances below 1 pixel, and tries below 1."""
        value = self.min_distance
        if not is_finite(value) or value < 1:
            raise ParameterError("min_distance", value, "must be a number of pixels, at least 1")
        object.__setattr__(self, "min_distance", int(value) if is_whole(value) else float(value))
        object.__setattr__(self, "seed", _seed(self.seed))
        object.__setattr__(self, "tries", _whole("tries", self.tries, 1))

    def anchors(self, extent: tuple[int, int], domain: RasterDomain | None = None) -> np.ndarray:
        """In the order in which they were found."""
        self.check(extent)
        return poisson_disk(extent, self.min_distance, self.seed, self.tries)

    def most(self, extent: tuple[int, int]) -> int:
        """An estimate: chance leaves gaps between disks, and those at the edge reach over it. At 1 all pixels fit."""
        if self.min_distance == 1:
            return extent[0] * extent[1]
        rows, cols = (n / self.min_distance + 1 for n in extent)
        return min(int(0.8 * rows * cols) + 1, extent[0] * extent[1])

    @property
    def on_points(self) -> bool:
        """False: its distance is in pixels."""
        return False

    def drawn(
        self, extent: tuple[int, int], domain: RasterDomain | None, watch: Callable[[float], None] | None
    ) -> np.ndarray:
        """As :meth:`anchors`."""
        self.check(extent)
        return poisson_disk(extent, self.min_distance, self.seed, self.tries, watch)

    def get_config(self) -> dict[str, Any]:
        """Distance and seed, and the tries where they are not 30."""
        config = {"min_distance": self.min_distance, "seed": self.seed}
        return config if self.tries == 30 else {**config, "tries": self.tries}


@dataclass(frozen=True)
class SpatialExplicit(SpatialSampler):
    """The anchors that are given: pixels ``(row, col)``, or world coordinates ``(x, y)`` in the CRS ``crs``.

    World coordinates stand for the pixel in which they lie, and are transformed to the raster's CRS (x is the longitude
    in geographic systems). An anchor off the raster is refused by name rather than left out.
    """

    soon: ClassVar[int] = 200_000
    positions: tuple[tuple[float, float], ...]
    crs: str | None = None

    def __init__(self, anchors: Iterable[Any], crs: Any = None) -> None:
        """``anchors``: pairs, or an ``(n, 2)`` array; ``crs``: None for pixels."""
        if not isinstance(anchors, Iterable) or isinstance(anchors, str):
            raise ParameterError("anchors", anchors, "must be pairs: (row, col) in pixels, or (x, y) with their crs")
        pairs = tuple(_pair(index, anchor, crs is None) for index, anchor in enumerate(anchors))
        if not pairs:
            raise ParameterError("anchors", [], "must hold at least one")
        object.__setattr__(self, "positions", pairs)
        object.__setattr__(self, "crs", None if crs is None else crs_text(crs))

    def anchors(self, extent: tuple[int, int], domain: RasterDomain | None = None) -> np.ndarray:
        """In the order given; refused where one is not on the raster (of ``extent``, where there is no domain)."""
        domain = RasterDomain(extent) if domain is None else domain
        places = np.array(self.positions) if self.crs is None else self._pixels(domain)
        off = ~((places >= 0) & (places < np.array(domain.shape))).all(axis=1)  # NaN is off, too
        if off.any():
            first = int(np.argmax(off))
            raise PlanError("anchors", self.positions[first], _off_the_raster(first, domain, self.crs is None))
        return places.astype(np.int64)

    def most(self, extent: tuple[int, int]) -> int:
        """Exactly."""
        return len(self.positions)

    @property
    def on_points(self) -> bool:
        """False for world coordinates."""
        return self.crs is None

    def _pixels(self, domain: RasterDomain) -> np.ndarray:
        if not domain.placed:
            raise PlanError("anchors", self.positions[0], "are world coordinates, and the raster has no transform")
        x, y = np.array(self.positions, dtype=np.float64).T
        x, y = transform_points(x, y, self.crs, crs_text(domain.crs, "the raster's crs"))
        cols, rows = domain.to_pixels(x, y)
        return np.floor(np.stack([rows, cols], axis=1) + _SNAP)

    def get_config(self) -> dict[str, Any]:
        """The anchors, and the CRS where they are world coordinates."""
        config: dict[str, Any] = {"anchors": [list(pair) for pair in self.positions]}
        return config if self.crs is None else {**config, "crs": self.crs}


def checked_sampler(sampler: SpatialSampler | None, allowed: str) -> SpatialSampler:
    """The sampler; anything else is refused with what is ``allowed``."""
    if not isinstance(sampler, SpatialSampler):
        raise ParameterError("sampler", sampler, allowed)
    return sampler


_SEED = Field(
    "seed",
    "SEED",
    label="Seed",
    help="Number that the random places follow from: the same seed gives the same chips on every machine. Used by "
    "the samplers jittered, random and poissondisk.",
    kind="whole",
    default=0,
    low=0,
    shape=Whole(0, (1 << 32) - 1),
)
_STEP = (
    Field(
        "step",
        "STRIDE",
        label="Stride (pixels)",
        help="Distance from one chip to the next in pixels. Below the chip size chips overlap and are blended; above "
        "it there are gaps, which become nodata.",
        kind="whole",
        default=128,
        always=True,
        low=1,
        said="stride",
        shape=Whole(1, MOST_PIXELS),
    ),
    Field(
        "step",
        "STRIDE_X",
        label="Stride along columns, if other than along rows (pixels)",
        help="Distance from one chip to the next along the columns; the stride is then that along the rows.",
        kind="whole",
        low=1,
        said="stride",
        advanced=True,
    ),
)
_STEPS = Whole(0, MOST_PIXELS)

#: The samplers that can be chosen.
SAMPLERS = Vocabulary(
    "sampler",
    "SAMPLER",
    "regular",
    (
        Entry("regular", SpatialRegularStride, help="every stride pixels", fields=_STEP),
        Entry(
            "jittered",
            SpatialJitteredStride,
            help="the same, each moved at random",
            fields=(
                *_STEP,
                Field(
                    "jitter",
                    "JITTER",
                    label="Jitter (pixels)",
                    help="Most pixels by which a chip is moved either way. Chips leave no gap while the stride and "
                    "twice the jitter are at most the chip size. Used by the sampler jittered.",
                    kind="whole",
                    default=32,
                    always=True,
                    low=0,
                    shape=Either((_STEPS, Row((_STEPS, _STEPS)))),
                ),
                _SEED,
            ),
        ),
        Entry(
            "random",
            SpatialRandom,
            fields=(
                Field(
                    "count",
                    "COUNT",
                    label="Number of chips",
                    help="How many chips are drawn. Used by the sampler random.",
                    kind="whole",
                    default=100,
                    always=True,
                    low=1,
                    shape=Whole(1, MOST_ANCHORS),
                ),
                _SEED,
            ),
        ),
        Entry(
            "poissondisk",
            SpatialPoissonDisk,
            help="random, no two closer than a distance",
            fields=(
                Field(
                    "min_distance",
                    "MIN_DISTANCE",
                    label="Least distance (pixels)",
                    help="Least distance between the anchors of two chips in pixels. Used by the sampler poissondisk.",
                    default=256.0,
                    always=True,
                    low=1,
                    shape=Number(1, MOST_PIXELS),
                ),
                _SEED,
                Field("tries", kind="whole", default=30, low=1, high=1000),
            ),
        ),
        Entry(
            "points",
            SpatialExplicit,
            help="at the points of a layer",
            fields=(
                Field(
                    "anchors",
                    "ANCHORS",
                    label="Anchors",
                    help="Points, in any CRS, one chip each: the upper-left pixel of a rectangle, the centre of a cap. "
                    "All must lie on the raster. Used by the sampler points.",
                    kind="points",
                    needed=True,
                    unit="a layer of points",
                    shape=ListOf(Row((Number(), Number())), MOST_ANCHORS),
                ),
                Field("crs", kind="input", shape=Either((NOTHING, Text(1 << 16, named="a CRS")))),
            ),
        ),
    ),
)

#: The sampler of what is stitched where chips are cut.
LATTICE = SAMPLERS.only("regular")


def _on_lattice(extent: tuple[int, int], steps: tuple[int, int]) -> int:
    rows, cols = (-(-n // step) for n, step in zip(extent, steps))
    return rows * cols


def _off_the_raster(index: int, domain: RasterDomain, pixels: bool) -> str:
    if pixels:
        return f"the anchor at position {index} must lie on the raster of {domain.shape[0]} x {domain.shape[1]} pixels"
    bounds = tuple(round(value, 6) for value in domain.bounds)
    return f"the anchor at position {index} must lie on the raster, whose bounds in its own CRS are {bounds}"


def _pair(index: int, anchor: Any, pixel: bool) -> tuple[float, float]:
    values = tuple(anchor) if isinstance(anchor, (tuple, list, np.ndarray)) else (anchor,)
    kind = "(row, col) in whole pixels; world coordinates need their crs" if pixel else "(x, y), both finite"
    numbers = len(values) == 2 and all(map(is_finite, values))
    if not numbers or (pixel and not all(map(is_whole, values))):
        raise ParameterError("anchors", values, f"the anchor at position {index} must be {kind}")
    return (int(values[0]), int(values[1])) if pixel else (float(values[0]), float(values[1]))


def _lattice(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    grid = np.meshgrid(rows.astype(np.int64), cols.astype(np.int64), indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, 2)


def _different(rng: np.random.RandomState, count: int, places: int) -> np.ndarray:
    """``count`` different numbers below ``places``, in the order drawn."""
    drawn = np.empty(0, np.int64)
    while len(drawn) < count:
        drawn = np.concatenate([drawn, rng.randint(0, places, count - len(drawn), dtype=np.int64)])
        drawn = drawn[np.sort(np.unique(drawn, return_index=True)[1])]
    return drawn


def _whole(name: str, value: Any, least: int, most: int = MOST_PIXELS) -> int:
    if not is_whole(value) or value < least:
        raise ParameterError(name, value, f"must be a whole number, at least {least}")
    if value > most:
        raise ParameterError(name, value, f"must be a whole number, at most {most}")
    return int(value)


def _seed(value: Any) -> int:
    if not is_whole(value) or not 0 <= value < 1 << 32:
        raise ParameterError("seed", value, "must be a whole number from 0 to 4294967295")
    return int(value)


def _one_or_two(name: str, value: Any, least: int) -> int | tuple[int, int]:
    """A number of pixels for both axes, or one for each."""
    pair = isinstance(value, (tuple, list))
    if pair and len(value) != 2:
        raise ParameterError(name, value, "must be one number, or two: (rows, cols)")
    for number in value if pair else (value,):
        if not is_whole(number) or number < least:
            raise ParameterError(name, value, f"must be a whole number of pixels, at least {least}")
        if number > MOST_PIXELS:
            raise ParameterError(name, value, f"must be a whole number of pixels, at most {MOST_PIXELS}")
    return (int(value[0]), int(value[1])) if pair else int(value)


def _both(value: int | tuple[int, int]) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def _listed(value: int | tuple[int, int]) -> int | list[int]:
    return list(value) if isinstance(value, tuple) else value
