"""Pictures of windows and of their sums: the core's own weights, at any chip size."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    ParameterError,
    PlanError,
    SpatialBoxcar,
    SpatialCustom,
    SpatialExplicit,
    SpatialGaussian,
    SpatialHann,
    SpatialKNNGraph,
    SpatialPatcher,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
    SpatialTukey,
)
from patchwise.core.grid.domain import RasterDomain
from patchwise.core.preview.pictures import NOT_COVERED, VIRIDIS, draw, levels, spread
from patchwise.core.preview.weights import MOST, window_picture

SEPARABLE = (SpatialBoxcar(), SpatialHann(), SpatialTukey(0.3), SpatialGaussian(0.2), SpatialGaussian(0.7))
POINTWISE = (SpatialCustom("exp(-3*r**2)"), SpatialCustom("where(r < 1, 1 - r, 0)"), SpatialCustom("2 + x - y * 0.5"))
AS_A_WHOLE = (SpatialCustom("(2 - r) / maximum(2 - r)"), SpatialCustom(lambda g: np.ones(g.size) + np.eye(*g.size)))
UTM = RasterDomain((300, 260), Affine(10, 0, 500_000, 0, -10, 5_000_000), "EPSG:32633")
DEGREES = RasterDomain((200, 240), Affine(0.1, 0, -12, 0, -0.1, 70), "EPSG:4326")
ROTATED = RasterDomain((180, 200), Affine.translation(5e5, 5e6) * Affine.rotation(33) * Affine.scale(20, -10), 32733)

sides = st.integers(1, 400)


def patcher(size, step, window):
    return SpatialPatcher(SpatialRectangular(size), SpatialRegularStride(step), window)


def summed(weights, step):
    """The sums of a lattice of chips of these weights over one period ``step``, by adding shifted copies."""
    total = np.zeros(step)
    for row in range(0, weights.shape[0], step[0]):
        for col in range(0, weights.shape[1], step[1]):
            part = weights[row : row + step[0], col : col + step[1]]
            total[: part.shape[0], : part.shape[1]] += part
    return total


@given(sides, sides, st.sampled_from(SEPARABLE + POINTWISE + AS_A_WHOLE))
def test_its_pixels_are_the_cores_weights(height, width, window):
    if window is AS_A_WHOLE[0]:  # of a larger one it is near
        height, width = min(height, 256), min(width, 256)
    cut = patcher((height, width), 7, window)
    picture = window_picture(cut)
    weights = cut.weights_of(height, width)
    assert picture.size == (height, width)
    np.testing.assert_array_equal(picture.weights, weights[np.ix_(picture.rows, picture.cols)])


@given(sides, st.sampled_from(SEPARABLE))
def test_profiles_are_the_windows(size, window):
    picture = window_picture(patcher((size, 2 * size), 7, window))
    np.testing.assert_array_equal(picture.row_profile, window.profile(size)[picture.rows])
    np.testing.assert_array_equal(picture.col_profile, window.profile(2 * size)[picture.cols])


def test_without_profiles_they_are_cuts_through_the_middle():
    cut = patcher((9, 300), 7, POINTWISE[0])
    picture, weights = window_picture(cut), cut.weights_of(9, 300)
    np.testing.assert_array_equal(picture.row_profile, weights[:, 150])
    np.testing.assert_array_equal(picture.col_profile, weights[4, picture.cols])


@pytest.mark.parametrize("window", SEPARABLE + POINTWISE)
def test_a_large_chip_is_never_made(window):
    cut = patcher((8192, 6000), 4096, window)
    picture = window_picture(cut)
    assert picture.weights.shape == (MOST, MOST) and picture.cover.sums.shape == (MOST, MOST)
    assert not cut._weights
    assert picture.rows[0] < 64 and picture.rows[-1] >= 8192 - 64
    assert len(picture.image) == len(picture.cover.image) == MOST * MOST


@given(st.integers(1, 90), st.integers(1, 90), st.data(), st.sampled_from(SEPARABLE + POINTWISE))
def test_sums_are_those_of_the_lattice(height, width, data, window):
    step = tuple(data.draw(st.integers(1, 2 * n)) for n in (height, width))
    cut = patcher((height, width), step, window)
    try:
        cover = window_picture(cut).cover
    except ParameterError:
        return  # 1 - r is 0 in a chip of two pixels
    total = summed(cut.weights_of(height, width), step)
    mean = total[total > 0].mean()
    np.testing.assert_allclose(cover.sums, total[np.ix_(cover.rows % step[0], cover.cols % step[1])] / mean, rtol=1e-12)
    found = (cover.low, cover.high, 1 - cover.gap_share)
    expected = (total[total > 0].min() / mean, total.max() / mean, (total > 0).mean())
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert cover.span == (2 * step[0] + height, 2 * step[1] + width)
    assert (np.diff(cover.rows) >= 0).all() and 0 <= cover.rows[0] and cover.rows[-1] < cover.span[0]


@pytest.mark.parametrize("window", POINTWISE)
def test_sums_of_a_large_custom_window_are_near(window):
    size, step = 1000, 370
    cover = window_picture(patcher((size, size), step, window)).cover
    total = summed(window.weights(SpatialRectangular((size, size))), (step, step))
    mean = total[total > 0].mean()
    np.testing.assert_allclose(
        cover.sums * mean / total.mean(), total[np.ix_(cover.rows % step, cover.cols % step)] / total.mean(), rtol=0.01
    )
    assert cover.low == pytest.approx(total.min() / mean, abs=0.02)
    assert cover.high == pytest.approx(total.max() / mean, abs=0.02)


def test_statistics_of_a_large_chip_are_near():
    cut = patcher((900, 1500), 700, AS_A_WHOLE[0])
    picture = window_picture(cut)
    weights = AS_A_WHOLE[0].weights(SpatialRectangular((900, 1500)))
    np.testing.assert_allclose(picture.weights, weights[np.ix_(picture.rows, picture.cols)], atol=0.01)


def test_very_heavy_overlap_is_even():
    cover = window_picture(patcher((4096, 4096), 3, POINTWISE[0])).cover
    assert cover.kind == "even" and cover.gap_share == 0


@pytest.mark.parametrize(
    "size, step, window, kind, overlaps",
    [
        (256, 128, SpatialHann(), "even", True),
        (256, 128, SpatialBoxcar(), "even", True),
        (256, 256, SpatialBoxcar(), "even", False),
        (256, 200, SpatialBoxcar(), "uneven", True),
        (256, 256, SpatialHann(), "uneven", False),
        (256, 300, SpatialHann(), "gaps", False),
        (256, 256, SpatialCustom("where(r < 1, 1, 0)"), "gaps", False),
        (255, 128, SpatialHann(), "uneven", True),
    ],
)
def test_how_chips_cover(size, step, window, kind, overlaps):
    cover = window_picture(patcher((size, size), step, window)).cover
    assert (cover.kind, cover.overlaps) == (kind, overlaps)


def test_the_share_of_gaps():
    cover = window_picture(patcher((80, 90), (100, 100), SpatialTukey(0.5))).cover
    assert cover.gap_share == pytest.approx(0.28)
    assert window_picture(patcher((80, 90), (80, 90), SpatialTukey(0.5))).cover.gap_share == 0


@pytest.mark.parametrize("sampler", [SpatialRandom(3), SpatialExplicit([(0, 0)])])
def test_chips_off_a_lattice_have_no_cover(sampler):
    cut = SpatialPatcher(SpatialRectangular((50, 40)), sampler, SpatialHann())
    picture = window_picture(cut)
    assert picture.cover is None and picture.weights.shape == (50, 40)


@pytest.mark.parametrize("domain, radius", [(UTM, 0.4), (UTM, 0.83), (DEGREES, 130), (ROTATED, 0.3)])
@pytest.mark.parametrize("window", [SpatialHann(), SpatialTukey(0.4), SpatialCustom("exp(-2*r)")])
def test_a_caps_pixels_are_those_of_the_run(domain, radius, window):
    anchor = domain.shape[0] // 2, domain.shape[1] // 2
    cap = SpatialSphericalCap(radius)
    picture = window_picture(SpatialPatcher(cap, SpatialRegularStride(50), window), domain)
    plan = cap.plan(SpatialExplicit([anchor]), window, domain)
    row, col, height, width = plan.places[0].tolist()
    whole = np.zeros(domain.shape)
    whole[row : row + height, col : col + width] = plan.weights_at(0)
    rows, cols = (middle - n // 2 + at for middle, n, at in zip(anchor, picture.size, (picture.rows, picture.cols)))
    np.testing.assert_array_equal(picture.weights, whole[np.ix_(rows, cols)])
    # The picture holds the cap, and not much more.
    assert np.abs(np.subtract(picture.size, (height, width))).max() <= (2 if domain is not ROTATED else 12)


def test_a_caps_sums():
    def cover(step):
        cap = SpatialSphericalCap(0.4)
        return window_picture(SpatialPatcher(cap, SpatialRegularStride(step), SpatialBoxcar()), UTM).cover

    # 40 pixels of 10 m: circles at a distance of 100 pixels do not touch, and at 20 they cover all, several times.
    assert cover(100).kind == "gaps"
    assert cover(100).gap_share == pytest.approx(1 - np.pi * 40**2 / 100**2, abs=0.02)
    assert cover(20).gap_share == 0 and cover(20).overlaps


@pytest.mark.parametrize(
    "cut, error, text",
    [
        (patcher((20, 20), 10, SpatialCustom("r - 1")), ParameterError, "at least 0 on every pixel"),
        (patcher((2000, 2000), 10, SpatialCustom("log(x)")), ParameterError, "finite and at least 0"),
        (patcher((20, 20), 10, SpatialCustom("where(r > 9, 1, 0)")), ParameterError, "above 0 somewhere"),
        (SpatialPatcher(SpatialSphericalCap(1), SpatialRegularStride(9)), PlanError, "needed to say how many pixels"),
        (SpatialPatcher(SpatialKNNGraph(4), None), PlanError, "no window that is the same for all chips"),
    ],
)
def test_refused(cut, error, text):
    with pytest.raises(error, match=text):
        window_picture(cut)


@pytest.mark.parametrize(
    "window, domain, error, text",
    [
        (SpatialCustom("x + 2"), DEGREES, ParameterError, "an expression in r alone"),
        (SpatialHann(), RasterDomain((9, 9)), PlanError, "has no transform"),
        (SpatialHann(), RasterDomain((9, 9), Affine(1, 0, 0, 0, -1, 500), 4326), PlanError, "off the Earth"),
    ],
)
def test_refused_caps(window, domain, error, text):
    with pytest.raises(error, match=text):
        window_picture(SpatialPatcher(SpatialSphericalCap(100), SpatialRegularStride(9), window), domain)


def test_what_lies_between_the_pixels_looked_at_is_no_error():
    window = SpatialCustom("where(r < 0.0001, 1, 0)")  # a run finds the few pixels in the middle
    picture = window_picture(patcher((8191, 8191), 4000, window))
    assert picture.cover is None and set(picture.image) == {NOT_COVERED}


@given(st.integers(1, 10**6), st.integers(1, 500))
def test_positions_are_spread(length, most):
    positions = spread(length, most)
    assert len(positions) == min(length, most) and positions[0] >= 0 and positions[-1] < length
    gaps = np.diff(positions)
    assert not len(gaps) or (gaps.min() >= 1 and gaps.max() - gaps.min() <= 1)


def test_levels():
    assert list(levels(np.array([[0.0, 1.0], [2.0, 1e-9]]), 2.0)) == [NOT_COVERED, 127, 254, 0]


def test_viridis():
    colours = np.array(VIRIDIS)
    assert colours.shape == (256, 3) and VIRIDIS[0] == (68, 1, 84) and VIRIDIS[-1] == (253, 231, 37)
    lightness = colours @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness[::8]) > 0).all()


def pixels(picture):
    return np.frombuffer(picture.rgba, np.uint8).reshape(picture.height, picture.width, 4)


def test_drawn_unknown_is_transparent_and_the_range_is_that_of_all_values():
    values = np.linspace(-3, 5, 1000 * 900).reshape(1, 1000, 900)
    values[0, :500] = np.nan
    picture = draw(values)
    assert (picture.height, picture.width, picture.total) == (384, 384, 1)
    assert picture.low == values[0, 500, 0] and picture.high == 5 and picture.unknown == 0.5
    alpha = pixels(picture)[..., 3]
    assert not alpha[:192].any() and (alpha[192:] == 255).all()


def test_drawn_values_are_stretched():
    values = np.arange(101.0).reshape(1, 1, 101)
    picture = pixels(draw(values, grey=True))[0, :, 0]
    assert (picture[:3] == 0).all() and (picture[98:] == 255).all() and abs(int(picture[50]) - 128) <= 1
    assert tuple(pixels(draw(values))[0, -1, :3]) == VIRIDIS[-1]


@pytest.mark.parametrize("value", [7.0, np.nan, np.inf])
def test_drawn_of_a_single_value(value):
    picture = draw(np.full((1, 4, 5), value, np.float32))
    if np.isfinite(value):
        assert picture.low == picture.high == 7 and tuple(pixels(picture)[0, 0]) == (*VIRIDIS[128], 255)
    else:
        assert np.isnan(picture.low) and np.isnan(picture.high)
    assert picture.unknown == (1 if np.isnan(value) else 0)


def test_drawn_bands_and_categories():
    from patchwise.core import Category

    values = np.stack([np.arange(12.0).reshape(3, 4) * k for k in (1, 2, 3, 4)])
    picture = draw(values, (3, 2, 1))
    assert picture.bands == (3, 2, 1) and picture.total == 4 and (picture.low, picture.high) == (0, 33)
    labels = np.array([[[1.0, 2.0, np.nan, 9.0]]])
    picture = pixels(draw(labels, categories=[Category(1, "water", (1, 2, 3)), Category(2, "land", (4, 5, 6))]))
    assert picture[0].tolist() == [[1, 2, 3, 255], [4, 5, 6, 255], [0, 0, 0, 0], [128, 128, 128, 255]]


def test_drawn_where_a_few_pixels_differ():
    values = np.zeros((1, 100, 100))
    values[0, 0, 0] = 4
    picture = pixels(draw(values))
    assert tuple(picture[0, 0, :3]) == VIRIDIS[-1] and tuple(picture[5, 5, :3]) == VIRIDIS[0]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_drawn_of_any_type(dtype):
    picture = draw(np.array([[[0, 1, 1]]]).astype(dtype))
    assert (picture.low, picture.high, picture.unknown) == (0, 1, 0)
