"""The chips along one axis: the formulas against the list of all chips; and axes too long for any list."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from patchwise.core.axes.axis import Neighbours
from patchwise.core.axes.sampler import SpatialRegularStride
from patchwise.core.base.errors import PlanError
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.plan.plan import make_plan
from patchwise.core.plan.rectangles import SpatialRectangular

BOUNDARIES = ("drop", "pad", "reflect", "shrink", "raise", "shift")


def listed(boundary, size, length, step):
    """Starts and sizes of all chips, one by one as the boundaries are described."""
    if boundary in ("pad", "reflect", "shrink"):
        chips = []
        for start in range(0, length, step):
            chips.append((start, min(size, length - start) if boundary == "shrink" else size))
            if step <= size and start + size >= length:
                break
        return chips
    if length < size:
        return [(0, size)] if boundary == "shift" else None
    starts = list(range(0, length - size + 1, step))
    rest = length - starts[-1] - size
    if rest and boundary == "raise":
        return None
    return [(start, size) for start in starts + ([length - size] if rest and boundary == "shift" else [])]


@st.composite
def axes(draw):
    """An axis of up to 90 pixels, with gaps and without, and its chips one by one."""
    size, length, step = draw(st.integers(1, 40)), draw(st.integers(1, 90)), draw(st.integers(1, 40))
    boundary = draw(st.sampled_from(BOUNDARIES))
    chips = listed(boundary, size, length, step)
    assume(chips is not None)
    return SpatialRectangular(size, boundary).along(0, length, step), chips


def counted(chips, length):
    """Chips on each pixel."""
    count = np.zeros(length, dtype=int)
    for start, size in chips:
        count[start : start + size] += 1
    return count


def of(axis):
    """The chips that an axis says it has: one by one, and all at once."""
    one_by_one = [(axis.start(k), axis.size(k)) for k in range(len(axis))]
    indices = np.arange(len(axis))
    assert one_by_one == list(zip(axis.starts(indices).tolist(), axis.sizes(indices).tolist()))
    return one_by_one


@given(axes(), st.data())
def test_the_formulas_say_what_the_list_of_chips_says(made, data):
    axis, chips = made
    length = axis.length
    assert of(axis) == chips and len(axis) == len(chips)
    lo, hi = sorted(data.draw(st.integers(-3, length + 3)) for _ in range(2))
    check_against(axis, chips, lo, hi)


def check_against(axis, chips, lo, hi):
    length = axis.length
    stops = [min(start + size, length) for start, size in chips]
    count = counted(chips, length)
    assert axis.covered(lo, hi) == np.count_nonzero(count[max(lo, 0) : max(hi, 0)])
    assert axis.most_overlaps == count.max()
    touching = axis.touching(lo, hi)
    if lo < hi:
        assert list(touching) == [k for k, (start, _) in enumerate(chips) if start < hi and stops[k] > lo]
    assert axis.total(touching) == sum(chips[k][1] for k in touching)
    assert axis.each_size == sorted({size for _, size in chips})
    assert [axis.stop(k) for k in range(len(axis))] == stops
    for k, (start, size) in enumerate(chips):
        around = [
            (n, other - start, m) for n, (other, m) in enumerate(chips) if other < start + size and other + m > start
        ]
        before, after = ([(offset, m) for n, offset, m in around if side(n, k)] for side in (int.__lt__, int.__gt__))
        assert axis.neighbours(k) == Neighbours(size, tuple(before), tuple(after))
        over = start + size - length
        needed = min(start, max(length - 1 - over, 0)) if axis.mirrored and over > 0 else start
        assert axis.read_lo(k) == needed
    if touching:
        assert axis.least_read(touching) == min(axis.read_lo(k) for k in touching)


@given(axes(), st.floats(-5, 100), st.data())
def test_the_nearest_chip_is_that_of_the_list(made, at, data):
    axis, chips = made
    first = data.draw(st.integers(0, len(chips) - 1))
    among = range(first, data.draw(st.integers(first + 1, len(chips))))
    middles = [abs(chips[k][0] + chips[k][1] / 2 - at) for k in among]
    assert axis.nearest(at, among) == among[int(np.argmin(middles))]


@given(axes(), st.integers(1, 30), st.data())
def test_once_gives_each_covered_pixel_once(made, size, data):
    axis, chips = made
    once = axis.pieces(size)
    pieces = of(once)
    np.testing.assert_array_equal(counted(pieces, axis.length), counted(chips, axis.length) > 0)
    assert max(n for _, n in pieces) <= size and (np.diff([start for start, _ in pieces]) > 0).all()
    lo, hi = sorted(data.draw(st.integers(-3, axis.length + 3)) for _ in range(2))
    check_against(once, pieces, lo, hi)


@pytest.mark.parametrize("boundary", ["drop", "pad", "reflect", "shrink", "shift"])
@pytest.mark.parametrize("size, step", [(1, 1), (256, 1), (256, 128), (3, 500_000), (2**31 - 1, 1), (700, 7919)])
def test_a_raster_of_2_to_the_31_pixels_a_side_needs_no_memory(boundary, size, step):
    length = 2**31 - 1
    tracemalloc.start()
    try:
        geometry, sampler = SpatialRectangular(size, boundary), SpatialRegularStride(step)
        plan = make_plan(geometry, sampler.steps, (length, length))
        window = PixelWindow(length // 2, length // 3, 10**6, 10**6)
        assert plan.count(window) >= 0 and 0 <= plan.covered_share(window) <= 1
        assert plan.pieces().count(window) >= 0 and len(plan) > 0 and plan.max_size and plan.sizes
        assert plan.read_rows(window) and plan.rows.most_overlaps >= 1 and plan.covers in (True, False)
        assert geometry.room((length, length))
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_no_chip_and_a_remainder_are_refused():
    with pytest.raises(PlanError, match="no chip fits"):
        SpatialRectangular(9).along(0, 8, 1)
    with pytest.raises(PlanError, match="2 px of the raster's height of 10 px are left over"):
        SpatialRectangular(8, "raise").along(0, 10, 8)


def test_an_axis_of_tiles():
    length = 2**26  # tiles at zoom level 18
    plan = make_plan(SpatialRectangular(256, "shift"), (128, 128), (length, length))
    assert plan.covered_share(PixelWindow(0, 0, length, length)) == 1
    assert plan.covers and plan.rows.most_overlaps == 2
    assert len(plan.pieces().rows) == length // 256
