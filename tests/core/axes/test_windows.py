"""Window profiles against their formulas, one value at a time, and the custom window's rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from patchwise.core import (
    ExpressionError,
    GeoTensor,
    Lambda,
    ParameterError,
    RasterField,
    SpatialBoxcar,
    SpatialCustom,
    SpatialGaussian,
    SpatialHann,
    SpatialKaiser,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialTriangular,
    SpatialTukey,
    stream,
)

from ..cases import NullSink

SIZES = st.integers(1, 600)


def boxcar(u: float) -> float:
    return 1.0


def hann(u: float) -> float:
    return math.sin(math.pi * u) ** 2


def tukey(alpha: float):
    def value(u: float) -> float:
        near = min(u, 1 - u)
        return 1.0 if near >= alpha / 2 else (1 - math.cos(2 * math.pi * near / alpha)) / 2

    return value


def gaussian(sigma: float):
    return lambda u: math.exp(-(((2 * u - 1) / sigma) ** 2) / 2)


def check(window, formula, size: int) -> None:
    profile = window.profile(size)
    expected = [formula((k + 0.5) / size) for k in range(size)]
    assert profile.shape == (size,) and profile.dtype == np.float64
    np.testing.assert_allclose(profile, expected, rtol=1e-9, atol=0)
    np.testing.assert_array_equal(profile, profile[::-1])
    assert profile.min() > 0 and profile.max() <= 1


@given(SIZES)
def test_boxcar_and_hann(size):
    check(SpatialBoxcar(), boxcar, size)
    check(SpatialHann(), hann, size)


@given(SIZES, st.floats(1e-3, 1))
def test_tukey(size, alpha):
    check(SpatialTukey(alpha), tukey(alpha), size)


@given(SIZES, st.floats(0, 1))
@example(4, 5e-324)
def test_tukey_is_above_zero_for_every_alpha(size, alpha):
    profile = SpatialTukey(alpha).profile(size)
    assert profile.min() > 0 and profile.max() <= 1


@given(SIZES, st.floats(0.04, 50))
def test_gaussian(size, sigma):
    check(SpatialGaussian(sigma), gaussian(sigma), size)


def kaiser(beta: float):
    def bessel(x: float) -> float:
        total, term, k = 0.0, 1.0, 0
        while term > 1e-18 * total:
            total, k = total + term, k + 1
            term *= (x / 2 / k) ** 2
        return total

    return lambda u: bessel(beta * math.sqrt(1 - (2 * u - 1) ** 2)) / bessel(beta)


@given(SIZES, st.floats(0, 100))
def test_kaiser(size, beta):
    check(SpatialKaiser(beta), kaiser(beta), size)


@given(SIZES)
def test_triangular(size):
    check(SpatialTriangular(), lambda u: 1 - abs(2 * u - 1), size)


@given(SIZES)
def test_kaiser_of_beta_0_is_boxcar(size):
    np.testing.assert_array_equal(SpatialKaiser(0).profile(size), SpatialBoxcar().profile(size))


@given(st.integers(1, 300))
def test_triangular_sums_to_one_at_half_its_size(half):
    profile = SpatialTriangular().profile(2 * half)
    np.testing.assert_allclose(profile[:half] + profile[half:], 1, rtol=1e-12)


@pytest.mark.parametrize("window", [SpatialKaiser(6.0), SpatialKaiser(100), SpatialTriangular()])
def test_round_chips_have_half_of_the_profile_and_no_pixel_without_weight(window):
    u = (np.arange(64) + 0.5) / 64
    np.testing.assert_allclose(window.radial(np.abs(2 * u - 1)), window.profile(64), rtol=1e-12)
    rim = window.radial(np.array([0.0, 1.0]))
    assert rim[0] == 1 and rim[1] > 0
    assert window.weights(SpatialRectangular((512, 512))).min() > 0


@given(SIZES)
def test_tukey_goes_from_boxcar_to_hann(size):
    np.testing.assert_array_equal(SpatialTukey(0).profile(size), SpatialBoxcar().profile(size))
    np.testing.assert_allclose(SpatialTukey(1).profile(size), SpatialHann().profile(size), rtol=1e-12)


@given(st.integers(1, 300))
def test_hann_sums_to_one_at_half_its_size(half):
    profile = SpatialHann().profile(2 * half)
    np.testing.assert_allclose(profile[:half] + profile[half:], 1, rtol=1e-12)


@pytest.mark.parametrize(
    "window", [SpatialBoxcar(), SpatialHann(), SpatialTukey(0.4), SpatialGaussian(0.04), SpatialKaiser(6)]
)
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (31, 64)])
def test_two_dimensions_are_an_outer_product_and_read_only(window, size):
    weights = window.weights(SpatialRectangular(size))
    assert weights.shape == size and weights.min() > 0
    np.testing.assert_array_equal(weights, np.outer(window.profile(size[0]), window.profile(size[1])))
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 2


def test_custom_coordinates_run_from_edge_to_edge_at_pixel_centres():
    geometry = SpatialRectangular((4, 2))
    np.testing.assert_allclose(SpatialCustom("x + 2").weights(geometry)[0], [1.5, 2.5])
    np.testing.assert_allclose(SpatialCustom("y + 2").weights(geometry)[:, 0], [1.25, 1.75, 2.25, 2.75])
    np.testing.assert_allclose(SpatialCustom("r").weights(geometry)[0, 0], math.hypot(0.5, 0.75))
    np.testing.assert_array_equal(SpatialCustom("3").weights(geometry), np.full((4, 2), 3.0))
    np.testing.assert_array_equal(SpatialCustom("x > 0").weights(geometry)[0], [0, 1])
    array = np.arange(8).reshape(4, 2)
    np.testing.assert_array_equal(SpatialCustom(array).weights(geometry), array)


BAD = [
    ("x", "at least 0 on every pixel"),
    ("log(x)", "must be finite"),
    ("exp(1000)", "must be finite"),
    ("0", "above 0 somewhere"),
    (np.ones((3, 3)), r"must have the chip's shape \(4, 4\)"),
    (lambda g: np.full(g.size, np.nan), "must be finite"),
    (lambda g: "heavy", "must be numbers"),
    (lambda g: 1 / 0, "ZeroDivisionError"),
]


@pytest.mark.parametrize(("fn", "reason"), BAD)
def test_unusable_weights_are_refused_before_a_pixel_is_read(fn, reason):
    patcher = SpatialPatcher(SpatialRectangular((4, 4), "shift"), SpatialRegularStride(2), SpatialCustom(fn))
    field = RasterField(GeoTensor(np.ones((9, 9), np.float32)))
    touched, sink = [], NullSink()
    sink.start = lambda *args: touched.append("started")
    with pytest.raises(ParameterError, match=reason) as caught:
        stream(field.source, patcher, Lambda(lambda chip: touched.append("ran") or chip), sink)
    assert caught.value.parameter == "custom window" and not touched


@pytest.mark.parametrize("text", ["z", "x; y", "b1", ""])
def test_a_wrong_expression_is_refused_when_the_window_is_made(text):
    with pytest.raises((ExpressionError, ParameterError), match="custom window"):
        SpatialCustom(text)


@pytest.mark.parametrize(
    ("make", "parameter", "allowed"),
    [
        (lambda: SpatialTukey(-0.1), "alpha", "from 0"),
        (lambda: SpatialTukey(1.01), "alpha", "to 1"),
        (lambda: SpatialTukey(math.nan), "alpha", "from 0"),
        (lambda: SpatialKaiser(-0.1), "beta", "from 0"),
        (lambda: SpatialKaiser(100.5), "beta", "to 100"),
        (lambda: SpatialKaiser(math.nan), "beta", "from 0"),
        (lambda: SpatialGaussian(0), "sigma", "at least 0.04"),
        (lambda: SpatialGaussian(-1), "sigma", "at least 0.04"),
        (lambda: SpatialGaussian(math.nan), "sigma", "at least 0.04"),
        (lambda: SpatialGaussian(math.inf), "sigma", "at least 0.04"),
    ],
)
def test_parameters_outside_their_range(make, parameter, allowed):
    with pytest.raises(ParameterError, match=allowed) as caught:
        make()
    assert caught.value.parameter == parameter


def test_configurations():
    assert SpatialTukey(0.3).get_config() == {"alpha": 0.3}
    assert SpatialGaussian(0.3).get_config() == {"sigma": 0.3}
    assert SpatialKaiser(3.5).get_config() == {"beta": 3.5} and SpatialTriangular().get_config() == {}
    assert SpatialCustom("1-r/2").get_config() == {"fn": "1-r/2"}
    with pytest.raises(ParameterError, match="cannot be serialised"):
        SpatialCustom(lambda g: np.ones(g.size)).get_config()
