"""Windows: how much each pixel of a chip counts where chips overlap.

Every profile is sampled at half-pixel centres ``u = (k + 1/2) / n``, ``k = 0 .. n-1``. That makes it symmetric and
strictly above zero, so no covered pixel is left without weight. Two-dimensional windows are outer products of the
profiles of the two axes. Formulas: F. J. Harris, "On the use of windows for harmonic analysis with the discrete
Fourier transform", Proc. IEEE 66 (1978), moved to half-pixel centres.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable, ClassVar

import numpy as np

from ..base.configurable import Configurable
from ..base.errors import ParameterError
from ..base.vocabulary import Entry, Field, Vocabulary
from ..expression.compiler import compile_expression
from .geometry import Rectangle

#: What ``patchwise.core`` exports.
__all__ = [
    "SpatialBoxcar",
    "SpatialCustom",
    "SpatialGaussian",
    "SpatialHann",
    "SpatialKaiser",
    "SpatialTriangular",
    "SpatialTukey",
]


class SpatialWindow(Configurable):
    """Base of the windows; a subclass gives :meth:`profile`, or overrides :meth:`weights`."""

    #: False where a window may be 0 inside the chip ("not covered by this chip").
    positive: ClassVar[bool] = True

    def profile(self, size: int) -> np.ndarray:
        """``(size,)`` float64 weights along one axis, symmetric and above 0."""
        raise TypeError(f"{type(self).__name__} has no profile along one axis; use weights(geometry)")

    def weights(self, geometry: Rectangle) -> np.ndarray:
        """``(height, width)`` float64 weights of a chip of that geometry, at least 0, read-only."""
        height, width = geometry.size
        return _frozen(np.outer(self.profile(height), self.profile(width)))

    def check(self, size: tuple[int, int]) -> None:
        """Refuse what :meth:`weights` would refuse for a chip of that size, as far as a few of its pixels show it."""

    def radial(self, t: np.ndarray) -> np.ndarray:
        """The weights of a round chip, float64: ``t`` is 0 at its centre and 1 at its rim, not below 0 nor above 1.

        Half of the profile, from the middle to the edge: ``radial(|2u - 1|)`` is the profile at ``u``.
        """
        raise ParameterError("window", type(self).__name__, "has no values by distance from the centre of a round chip")

    def get_config(self) -> dict[str, Any]:
        """The window's parameters, JSON-serialisable."""
        return {}


@dataclass(frozen=True)
class SpatialBoxcar(SpatialWindow):
    """Every pixel counts 1: a plain mean where chips overlap."""

    def profile(self, size: int) -> np.ndarray:
        """All 1."""
        return np.ones(size)

    def radial(self, t: np.ndarray) -> np.ndarray:
        """All 1."""
        return np.ones(np.shape(t))


@dataclass(frozen=True)
class SpatialHann(SpatialWindow):
    """``sin^2(pi u)``. Law (COLA): at stride n/2 the overlapping profiles sum to 1."""

    def profile(self, size: int) -> np.ndarray:
        """``sin^2(pi u)``."""
        return _mirrored(np.sin(np.pi * _centres(size)) ** 2)

    def radial(self, t: np.ndarray) -> np.ndarray:
        """``cos^2(pi t / 2)``."""
        return np.cos(np.pi * t / 2) ** 2


@dataclass(frozen=True)
class SpatialTukey(SpatialWindow):
    """Cosine flanks over ``alpha n / 2`` pixels at each side, 1 between. alpha 0 is Boxcar, alpha 1 is Hann."""

    alpha: float = 0.5

    def __post_init__(self) -> None:
        """Refuse an alpha outside 0..1."""
        if not 0 <= self.alpha <= 1:
            raise ParameterError("alpha", self.alpha, "must be from 0 (Boxcar) to 1 (Hann)")

    def profile(self, size: int) -> np.ndarray:
        """``sin^2(pi u / alpha)`` on the flanks ``u < alpha / 2``, 1 between."""
        if self.alpha * size <= 1:  # no pixel's centre lies on a flank
            return np.ones(size)
        u = np.minimum(_centres(size), 0.5 * self.alpha)
        return _mirrored(np.sin(np.pi * u / self.alpha) ** 2)

    def radial(self, t: np.ndarray) -> np.ndarray:
        """1 up to ``t = 1 - alpha``, then ``cos^2(pi (t - 1 + alpha) / (2 alpha))``."""
        if self.alpha == 0:
            return np.ones(np.shape(t))
        return np.cos(np.pi / 2 * np.maximum(t - (1 - self.alpha), 0) / self.alpha) ** 2

    def get_config(self) -> dict[str, Any]:
        """``{"alpha": ...}``."""
        return {"alpha": self.alpha}


@dataclass(frozen=True)
class SpatialGaussian(SpatialWindow):
    """``exp(-((2u - 1) / sigma)^2 / 2)``; ``sigma`` in half-widths of the chip."""

    sigma: float = 0.5

    def __post_init__(self) -> None:
        """Refuse a sigma that is not above 0, or so small that the chip's corners would get no weight."""
        if not self.sigma >= _LEAST_SIGMA or math.isinf(self.sigma):
            raise ParameterError("sigma", self.sigma, f"must be a number of at least {_LEAST_SIGMA} half-widths")

    def profile(self, size: int) -> np.ndarray:
        """``exp(-((2u - 1) / sigma)^2 / 2)``."""
        return _mirrored(np.exp(-0.5 * ((2 * _centres(size) - 1) / self.sigma) ** 2))

    def radial(self, t: np.ndarray) -> np.ndarray:
        """``exp(-(t / sigma)^2 / 2)``."""
        return np.exp(-0.5 * (t / self.sigma) ** 2)

    def get_config(self) -> dict[str, Any]:
        """``{"sigma": ...}``."""
        return {"sigma": self.sigma}


@dataclass(frozen=True)
class SpatialKaiser(SpatialWindow):
    """``I0(beta sqrt(1 - (2u - 1)^2)) / I0(beta)``; beta 0 is Boxcar, about 6 is near Hann, more is narrower.

    ``I0`` is the modified Bessel function of the first kind and order 0. Formula: J. F. Kaiser and R. W. Schafer, "On
    the use of the I0-sinh window for spectrum analysis", IEEE Trans. ASSP 28 (1980), moved to half-pixel centres.
    """

    beta: float = 6.0

    def __post_init__(self) -> None:
        """Refuse a beta that is below 0, or so large that little but the middle would count."""
        if not 0 <= self.beta <= _MOST_BETA:
            raise ParameterError("beta", self.beta, f"must be from 0 (Boxcar) to {_MOST_BETA}")

    def profile(self, size: int) -> np.ndarray:
        """``I0(beta sqrt(1 - (2u - 1)^2)) / I0(beta)``."""
        return _mirrored(self.radial(np.abs(2 * _centres(size) - 1)))

    def radial(self, t: np.ndarray) -> np.ndarray:
        """``I0(beta sqrt(1 - t^2)) / I0(beta)``."""
        # Close to beta 0, rounding makes numpy's i0 a little larger than at its maximum.
        weights: np.ndarray = np.minimum(np.i0(self.beta * np.sqrt(1 - np.square(t))) / np.i0(self.beta), 1)
        return weights

    def get_config(self) -> dict[str, Any]:
        """``{"beta": ...}``."""
        return {"beta": self.beta}


@dataclass(frozen=True)
class SpatialTriangular(SpatialWindow):
    """``1 - |2u - 1|``: linear from 1/n at the edge to the middle. Law: at stride n/2 the profiles sum to 1."""

    def profile(self, size: int) -> np.ndarray:
        """``1 - |2u - 1|``."""
        return _mirrored(1 - np.abs(2 * _centres(size) - 1))

    def radial(self, t: np.ndarray) -> np.ndarray:
        """``1 - t``; at the rim, which belongs to the chip, 2^-53 instead of 0."""
        return np.maximum(1 - np.asarray(t, dtype=np.float64), _LEAST_BELOW_ONE)


@dataclass(frozen=True, eq=False)
class SpatialCustom(SpatialWindow):
    """Any weights ``>= 0``; zeros mean "not covered by this chip".

    ``fn`` is a callable that takes the geometry, an array of the chip's shape, or an expression in ``x`` and ``y`` (-1
    to 1 from edge to edge, at pixel centres) and ``r = sqrt(x^2 + y^2)``, such as ``exp(-3*r**2)``. On a round chip it
    has to be an expression in ``r`` alone: distance over radius.
    """

    fn: Callable[[Rectangle], Any] | np.ndarray | str
    positive: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse a wrong expression now, not when the first chip is made."""
        if isinstance(self.fn, str) and len(compile_expression(self.fn, _XYR, "custom window").outputs) != 1:
            raise ParameterError("custom window", self.fn, "must be a single expression in x, y and r, without ';'")

    def weights(self, geometry: Rectangle) -> np.ndarray:
        """``(height, width)`` float64 weights; negative, NaN, infinite or only zero weights are refused."""
        if isinstance(self.fn, str):
            weights = expression_weights(self.fn, *(edge_to_edge(n) for n in geometry.size))
        else:
            weights = _given_weights(self.fn, geometry)
        if weights.shape != geometry.size:
            raise ParameterError("custom window", weights.shape, f"must have the chip's shape {geometry.size}")
        shown = self.fn if isinstance(self.fn, str) else "custom weights"
        check_weights(weights, shown)
        if not weights.any():
            raise ParameterError("custom window", shown, "must be above 0 somewhere in the chip")
        return _frozen(weights)

    def check(self, size: tuple[int, int]) -> None:
        """Checks all pixels of a small chip, and a grid of pixels of a large one; callables and arrays are checked in
        the run.
        """
        if not isinstance(self.fn, str):
            return
        if max(size) <= _LOOKED_AT:
            self.weights(Rectangle(size))
        elif compile_expression(self.fn, _XYR, "custom window").pointwise:
            rows, cols = (np.linspace(0, n - 1, min(n, _LOOKED_AT)).astype(np.int64) for n in size)
            values = expression_weights(self.fn, edge_to_edge(size[0], rows), edge_to_edge(size[1], cols))
            check_weights(values, self.fn)

    def radial(self, t: np.ndarray) -> np.ndarray:
        """The expression's values at ``r = t``; refused where it needs the rectangle."""
        if not isinstance(self.fn, str):
            raise ParameterError("window", "SpatialCustom", "on a round chip it must be an expression in r")
        program = compile_expression(self.fn, _XYR, "custom window")
        if set(program.used) - {_XYR["r"]}:
            raise ParameterError("custom window", self.fn, "on a round chip it must be an expression in r alone")
        r = np.asarray(t, dtype=np.float64)
        weights = program([r, r, r])[0]
        check_weights(weights, self.fn)
        return weights

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SpatialCustom:
        """The window of an expression. Callables are refused, as they would be run when weights are only drawn."""
        if not isinstance(config.get("fn"), str):
            raise ParameterError("custom window", config.get("fn"), "must be an expression in x, y and r")
        return super().from_config(config)

    def get_config(self) -> dict[str, Any]:
        """``{"fn": expression}``; a Python callable or an array cannot be written down and is refused."""
        if not isinstance(self.fn, str):
            allowed = "a Python callable or array cannot be serialised; give an expression in x, y and r"
            raise ParameterError("window", "SpatialCustom", allowed)
        return {"fn": self.fn}


_XYR = {"x": 0, "y": 1, "r": 2}
_LOOKED_AT = 128  # pixels a side, of a chip whose weights are to be checked
# The corner of the outer product has the weight exp(-(1/sigma)^2): 4e-272 at 0.04, and 0 at 0.03.
_LEAST_SIGMA = 0.04
# I0(100) is 1e42, so that the corner of the outer product has the weight 1e-84.
_MOST_BETA = 100
_LEAST_BELOW_ONE = 2.0**-53

#: The windows that can be chosen.
WINDOWS = Vocabulary(
    "window",
    "WINDOW",
    "hann",
    (
        Entry("boxcar", SpatialBoxcar, label="Boxcar", help="all alike"),
        Entry("hann", SpatialHann, label="Hann", help="smooth, from the middle to nearly nothing at the edge"),
        Entry(
            "tukey",
            SpatialTukey,
            label="Tukey",
            help="flat with cosine flanks",
            fields=(
                Field(
                    "alpha",
                    "TUKEY_ALPHA",
                    label="Tukey: share of the flanks",
                    help="Share of the chip that the two cosine flanks take: 0 is boxcar, 1 is hann. "
                    "Used by the window tukey.",
                    short="&Taper",
                    default=0.5,
                    low=0,
                    high=1,
                ),
            ),
        ),
        Entry(
            "gaussian",
            SpatialGaussian,
            label="Gaussian",
            help="a bell, never quite nothing",
            fields=(
                Field(
                    "sigma",
                    "GAUSSIAN_SIGMA",
                    label="Gaussian: sigma (half-widths of the chip)",
                    help="Standard deviation in half-widths of the chip. Used by the window gaussian.",
                    short="Si&gma",
                    default=0.5,
                    low=_LEAST_SIGMA,
                    offered=10,
                    unit="half-widths",
                ),
            ),
        ),
        Entry(
            "kaiser",
            SpatialKaiser,
            label="Kaiser",
            help="a bell as wide as its beta says",
            fields=(
                Field(
                    "beta",
                    "KAISER_BETA",
                    label="Kaiser: beta",
                    help="How narrow the bell is: 0 is boxcar, about 6 is near hann, more is narrower. "
                    "Used by the window kaiser.",
                    short="Be&ta",
                    default=6.0,
                    low=0,
                    high=_MOST_BETA,
                    step=0.5,
                    advanced=True,
                ),
            ),
        ),
        Entry("triangular", SpatialTriangular, label="Triangular", help="linear from the edge to the middle"),
        Entry(
            "custom",
            SpatialCustom,
            label="Custom",
            help="an expression",
            fields=(
                Field(
                    "fn",
                    "CUSTOM_WINDOW",
                    label="Custom window: expression in x, y, r",
                    help="Weights as an expression in x and y (-1 to 1 from edge to edge) and r = sqrt(x*x + y*y), "
                    "such as exp(-3*r**2) or where(r < 1, 1, 0). At least 0; where it is 0 the chip does not count. "
                    "Used by the window custom.",
                    short="Wei&ghts",
                    kind="text",
                    needed=True,
                    unit="an expression in x, y and r",
                    said="custom window",
                    advanced=True,
                ),
            ),
        ),
    ),
)


def _centres(size: int) -> np.ndarray:
    return (np.arange(size) + 0.5) / size


def _mirrored(profile: np.ndarray) -> np.ndarray:
    # Rounding of the formula differs at u and 1 - u; the law "symmetric" is to hold to the last bit.
    half = len(profile) // 2
    if half:
        profile[-half:] = profile[:half][::-1]
    return profile


def edge_to_edge(size: int, pixels: np.ndarray | None = None) -> np.ndarray:
    """``(size,)`` positions of the pixel centres along an axis whose edges are -1 and 1; or those of some pixels."""
    return 2 * (_centres(size) if pixels is None else (pixels + 0.5) / size) - 1


def expression_weights(text: str, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """``(len(y), len(x))`` values of a custom window's expression at positions from -1 to 1, not checked."""
    yy, xx = np.meshgrid(y, x, indexing="ij")
    return compile_expression(text, _XYR, "custom window")([xx, yy, np.hypot(xx, yy)])[0]


def check_weights(weights: np.ndarray, shown: str) -> None:
    """Refuse weights of a custom window that are negative, NaN or infinite."""
    if not np.isfinite(weights).all() or weights.min(initial=0) < 0:
        raise ParameterError("custom window", shown, "must be finite and at least 0 on every pixel of the chip")


def _given_weights(fn: Any, geometry: Rectangle) -> np.ndarray:
    try:
        return np.array(fn(geometry) if callable(fn) else fn, dtype=np.float64)
    except Exception as error:  # whatever a user's function raises or returns
        name = getattr(fn, "__name__", "custom weights")
        allowed = f"must be numbers of the chip's shape {geometry.size} ({type(error).__name__}: {error})"
        raise ParameterError("custom window", name, allowed) from error


def _frozen(weights: np.ndarray) -> np.ndarray:
    weights.flags.writeable = False
    return weights
