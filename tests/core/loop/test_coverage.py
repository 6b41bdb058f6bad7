"""Summed weights and counts of chips, against direct sums over a model's chips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    ArraySink,
    SpatialCustom,
    SpatialGaussian,
    SpatialHann,
    SpatialJitteredStride,
    SpatialPatcher,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
)
from patchwise.core.base.errors import Cancelled
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.loop.coverage import write_coverage
from rasterio.transform import from_origin

from ..cases import cases_with_window, crop, model_weights

EARTH = RasterDomain((40, 50), from_origin(10.0, 50.0, 0.01, 0.01), "EPSG:4326")


def summed(patcher, domain, window=None, **options):
    window = window or domain.window
    sink = ArraySink((window.height, window.width))
    write_coverage(patcher, domain, window, sink, weights=True, **options)
    return sink.array[0]


def added(patcher, domain):
    """Chip by chip, as the plan gives them."""
    total, any_chip = np.zeros(domain.shape), np.zeros(domain.shape, bool)
    for group in patcher.plan(domain).groups(domain.window):
        for chip in group.chips:
            weights = chip.weights
            if weights is None:
                weights = patcher.window.weights(SpatialRectangular((chip.window.height, chip.window.width)))
            part = (slice(chip.window.row, chip.window.row_stop), slice(chip.window.col, chip.window.col_stop))
            shape = total[part].shape
            total[part] += weights[: shape[0], : shape[1]]
            any_chip[part] |= weights[: shape[0], : shape[1]] > 0
    return np.where(any_chip, total, np.nan)


@given(cases_with_window(), st.sampled_from([1, 300, 1 << 20]))
def test_the_sum_is_that_of_every_chips_weights(drawn, memory_limit):
    case, window = drawn
    result = summed(case.patcher, case.field.domain, window, memory_limit=memory_limit)
    weights = crop(model_weights(case), window)
    np.testing.assert_allclose(result, np.where(weights > 0, weights, np.nan), rtol=1e-12)
    assert result.dtype == np.float64


PATCHERS = {
    "jittered": SpatialPatcher(SpatialRectangular((9, 7), "shift"), SpatialJitteredStride(5, 1, 1), SpatialHann()),
    "random": SpatialPatcher(SpatialRectangular((9, 7), "shrink"), SpatialRandom(40, 2), SpatialGaussian(0.3)),
    "holes": SpatialPatcher(SpatialRectangular((9, 7), "pad"), SpatialRandom(40, 3), SpatialCustom("where(r<1,1,0)")),
    "caps": SpatialPatcher(SpatialSphericalCap(6), SpatialRandom(12, 4), SpatialHann()),
    "caps on a lattice": SpatialPatcher(SpatialSphericalCap(4), SpatialRegularStride(11), SpatialGaussian(0.5)),
}


@pytest.mark.parametrize("name", PATCHERS)
@pytest.mark.parametrize("window", [None, PixelWindow(7, 11, 20, 23)])
def test_chips_off_the_lattice(name, window):
    expected = added(PATCHERS[name], EARTH)
    assert np.isnan(expected).any() == (name != "jittered")
    result = summed(PATCHERS[name], EARTH, window, memory_limit=2000)
    np.testing.assert_allclose(result, crop(expected, window or EARTH.window), rtol=1e-12)


def test_a_hann_window_at_half_the_chip_adds_up_to_one():
    patcher = SpatialPatcher(SpatialRectangular((16, 16)), SpatialRegularStride(8), SpatialHann())
    result = summed(patcher, RasterDomain((64, 64)))
    np.testing.assert_allclose(result[8:56, 8:56], 1, rtol=1e-12)


@pytest.mark.parametrize("name", PATCHERS)
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_progress_grows_to_one_and_cancelling_ends_the_work(name, share):
    seen = []
    summed(PATCHERS[name], EARTH, progress=seen.append, memory_limit=2000)
    assert seen == sorted(seen) and len(seen) > 3 and seen[-1] == 1
    seen.clear()
    with pytest.raises(Cancelled, match="cancelled"):
        summed(PATCHERS[name], EARTH, progress=seen.append, cancelled=lambda: bool(seen and seen[-1] > share))
    assert share < seen[-1] < 1


@pytest.mark.parametrize("name", PATCHERS)
def test_a_plan_that_has_been_made_gives_the_same_sums(name, monkeypatch):
    plan, expected, seen = PATCHERS[name].plan(EARTH), summed(PATCHERS[name], EARTH), []
    monkeypatch.setattr(SpatialPatcher, "plan", None)  # not asked again
    np.testing.assert_array_equal(summed(PATCHERS[name], EARTH, plan=plan, progress=seen.append), expected)
    assert seen == sorted(seen) and seen[-1] == 1
