"""The chips along one axis, against counting pixel by pixel; and an axis too long for that."""

import tracemalloc

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from patchwise.core.domains import PixelWindow
from patchwise.core.errors import PlanError
from patchwise.core.geometry import SpatialRectangular
from patchwise.core.plan import Axis, make_plan
from patchwise.core.sampler import SpatialRegularStride

BOUNDARIES = ("drop", "pad", "reflect", "shrink", "raise", "shift")


@st.composite
def axes(draw):
    """An axis of up to 90 pixels, with gaps and without."""
    size, length, step = draw(st.integers(1, 20)), draw(st.integers(1, 90)), draw(st.integers(1, 40))
    try:
        return Axis(length, *SpatialRectangular(size, draw(st.sampled_from(BOUNDARIES))).place(0, length, step))
    except PlanError:
        assume(False)


def counted(axis):
    """Chips on each pixel."""
    chips = np.zeros(axis.length, dtype=int)
    for start, size in zip(axis.starts, axis.sizes):
        chips[start : start + size] += 1
    return chips


@given(axes(), st.data())
def test_cover_and_overlaps_are_those_of_the_pixels(axis, data):
    lo, hi = sorted(data.draw(st.integers(0, axis.length)) for _ in range(2))
    assert axis.covered(lo, hi) == np.count_nonzero(counted(axis)[lo:hi])
    assert axis.most_overlaps == counted(axis).max()


@given(axes(), st.integers(1, 30))
def test_once_gives_each_covered_pixel_once(axis, size):
    once = axis.once(size)
    np.testing.assert_array_equal(counted(once), counted(axis) > 0)
    assert once.sizes.max() <= size and (np.diff(once.starts) > 0).all()


def test_an_axis_of_many_millions_of_pixels_needs_memory_for_its_chips_only():
    length = 2**26  # tiles at zoom level 18
    tracemalloc.start()
    try:
        plan = make_plan(SpatialRectangular(256, "shift"), SpatialRegularStride(128), (length, length))
        assert plan.covered_share(PixelWindow(0, 0, length, length)) == 1
        assert plan.covers and plan.rows.most_overlaps == 2
        assert len(plan.once().rows.starts) == length // 256
        assert tracemalloc.get_traced_memory()[1] < length
    finally:
        tracemalloc.stop()
