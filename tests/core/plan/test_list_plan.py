"""Plans of rectangles at any anchors: the boundary's say, and the laws of the one loop."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import GeoTensor, Lambda, ParameterError, PlanError, RasterField, SpatialHann, SpatialPatcher
from patchwise.core.axes.geometry import BOUNDARIES
from patchwise.core.axes.sampler import (
    SpatialExplicit,
    SpatialJitteredStride,
    SpatialPoissonDisk,
    SpatialRandom,
    SpatialRegularStride,
)
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.loop.coverage import write_coverage
from patchwise.core.plan.rectangles import SpatialRectangular
from patchwise.core.rasters.memory import ArraySink

from ..cases import (
    WHOLE_CHIP,
    WINDOWS,
    assert_same_bits,
    assert_streamed_is_merged,
    assert_window_is_part_of_the_whole,
    crop,
    examples,
    make_array,
    run,
)

IDENTITY = Lambda(lambda chip: chip, "identity")
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def samplers(draw, shape=(40, 40)):
    kind = draw(st.sampled_from(("random", "poisson", "jittered", "explicit")))
    seed = draw(SEEDS)
    if kind == "random":
        return SpatialRandom(draw(st.integers(1, 12)), seed)
    if kind == "poisson":
        return SpatialPoissonDisk(draw(st.floats(3, 30)), seed)
    if kind == "jittered":
        return SpatialJitteredStride(draw(st.integers(4, 20)), draw(st.integers(0, 9)), seed)
    places = st.tuples(st.integers(0, shape[0] - 1), st.integers(0, shape[1] - 1))
    return SpatialExplicit(draw(st.lists(places, min_size=1, max_size=12)))


@st.composite
def cases(draw, boundaries=tuple(b for b in BOUNDARIES if b != "raise")):
    """A raster, any sampler, and a window of the raster that chips touch."""
    shape = (draw(st.integers(12, 44)), draw(st.integers(12, 44)))
    size = (draw(st.integers(1, 12)), draw(st.integers(1, 12)))
    boundary = draw(st.sampled_from(boundaries))
    if boundary in ("shift", "reflect", "pad", "shrink"):
        size = draw(st.sampled_from((size, (60, 7), (5, 90))))
    bands = draw(st.sampled_from((None, 2)))
    whole = shape if bands is None else (bands, *shape)
    array = make_array(whole, "float32", draw(st.sampled_from((0.0, 0.2))), False, draw(SEEDS))
    places = 1
    for axis in (0, 1):
        places *= max(1, shape[axis] - size[axis] + 1)
    sampler = draw(samplers(shape))
    if isinstance(sampler, SpatialRandom) and sampler.count > places:
        sampler = SpatialRandom(1, sampler.seed)
    patcher = SpatialPatcher(SpatialRectangular(size, boundary), sampler, draw(st.sampled_from(WINDOWS)))
    case = SimpleNamespace(array=array, shape=shape, patcher=patcher, field=RasterField(GeoTensor(array)))
    try:
        plan = patcher.plan(shape)
    except PlanError:  # all given anchors lie too close to the edge for drop
        case.patcher = SpatialPatcher(patcher.geometry, SpatialExplicit([(0, 0)]), patcher.window)
        plan = case.patcher.plan(shape)
    row, col = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
    window = PixelWindow(row, col, draw(st.integers(1, shape[0] - row)), draw(st.integers(1, shape[1] - col)))
    case.window = window if plan.count(window) else PixelWindow(0, 0, *shape)
    return case


def places(plan):
    return [chip.window for group in plan.groups(PixelWindow(0, 0, *plan.shape)) for chip in group.chips]


@given(st.sampled_from([b for b in BOUNDARIES if b != "raise"]), st.integers(12, 50), st.integers(1, 12), SEEDS)
def test_no_jitter_is_the_regular_lattice(boundary, length, step, seed):
    geometry = SpatialRectangular((9, 12), boundary)
    regular = SpatialPatcher(geometry, SpatialRegularStride(step)).plan((length, 41))
    jittered = SpatialPatcher(geometry, SpatialJitteredStride(step, 0, seed)).plan((length, 41))
    assert places(regular) == places(jittered)
    assert len(regular) == len(jittered) and regular.max_size == jittered.max_size
    window = PixelWindow(3, 5, 7, 30)
    assert regular.count(window) == jittered.count(window)
    assert regular.covered_share(window) == pytest.approx(jittered.covered_share(window), abs=1e-12)
    assert regular.read_rows(window) == jittered.read_rows(window)
    assert regular.read_cols(window) == jittered.read_cols(window)
    assert sorted(regular.sizes) == sorted(jittered.sizes)


@given(st.sampled_from(["drop", "shift", "pad", "reflect", "shrink"]), st.integers(9, 60), st.integers(0, 4), SEEDS)
def test_jitter_leaves_nothing_uncovered(boundary, length, jitter, seed):
    geometry, step = SpatialRectangular((9, 9), boundary), 9 - 2 * jitter
    moved = coverage(SpatialPatcher(geometry, SpatialJitteredStride(step, jitter, seed)), (length, 31))
    still = coverage(SpatialPatcher(geometry, SpatialRegularStride(step)), (length, 31))
    assert (moved > 0)[still > 0].all()


def coverage(patcher, shape, window=None):
    window = window or PixelWindow(0, 0, *shape)
    sink = ArraySink((window.height, window.width))
    write_coverage(patcher, RasterDomain(shape), window, sink)
    return sink.array[0]


# --- boundaries


def expected_places(shape, size, boundary, anchors):
    found = []
    for row, col in anchors:
        place = []
        for start, n, length in zip((row, col), size, shape):
            if start + n > length:
                if boundary == "drop":
                    place = None
                    break
                if boundary == "shift":
                    start = max(0, length - n)
                if boundary == "shrink":
                    n = length - start
            place.append((start, n))
        if place is not None:
            found.append((place[0][0], place[1][0], place[0][1], place[1][1]))
    return sorted(found)


@given(
    st.sampled_from(["drop", "shift", "pad", "reflect", "shrink"]),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.data(),
)
def test_each_anchor_meets_the_boundary(boundary, shape, size, data):
    anchor = st.tuples(st.integers(0, shape[0] - 1), st.integers(0, shape[1] - 1))
    anchors = data.draw(st.lists(anchor, min_size=1, max_size=9))
    patcher = SpatialPatcher(SpatialRectangular(size, boundary), SpatialExplicit(anchors))
    expected = expected_places(shape, size, boundary, anchors)
    if not expected:
        with pytest.raises(PlanError, match="chip size"):
            patcher.plan(shape)
        return
    plan = patcher.plan(shape)
    assert places(plan) == expected and len(plan) == len(expected)
    assert sorted([*plan.order.tolist(), *plan.left_out]) == list(range(len(anchors)))
    for index, place in zip(plan.order.tolist(), places(plan)):
        assert expected_places(shape, size, boundary, [anchors[index]]) == [place]


def test_raise_names_the_chip_that_reaches_over():
    patcher = SpatialPatcher(SpatialRectangular(8, "raise"), SpatialExplicit([(0, 0), (12, 13)]))
    with pytest.raises(PlanError, match=r"the chip of \(8, 8\) pixels at \(12, 13\) reaches over the edge"):
        patcher.plan((20, 20))
    assert len(patcher.plan((20, 21))) == 2


@given(st.sampled_from(["drop", "shift", "raise"]), st.integers(1, 9), SEEDS)
def test_random_chips_fit_where_they_have_to(boundary, count, seed):
    for sampler in (SpatialRandom(count, seed), SpatialPoissonDisk(5, seed)):
        plan = SpatialPatcher(SpatialRectangular((6, 9), boundary), sampler).plan((20, 20))
        assert not plan.left_out and len(plan) == len(sampler.anchors((15, 12)))
        assert all(row + 6 <= 20 and col + 9 <= 20 for row, col, _, _ in places(plan))


@pytest.mark.parametrize("boundary", ["drop", "raise"])
def test_no_chip_fits_a_raster_that_is_too_small(boundary):
    with pytest.raises(PlanError, match="no chip fits the raster's height of 20 px"):
        SpatialPatcher(SpatialRectangular(30, boundary), SpatialRandom(3)).plan((20, 50))


def test_more_random_chips_than_places_are_refused():
    with pytest.raises(PlanError, match="count is 10: must be at most 9"):
        SpatialPatcher(SpatialRectangular(8), SpatialRandom(10)).plan((10, 10))


def test_a_rectangle_needs_a_sampler():
    with pytest.raises(ParameterError, match="sampler is None: must say where the chips lie"):
        SpatialPatcher(SpatialRectangular(8)).plan((10, 10))


# --- the laws of the one loop


@given(cases())
@examples(1.5)
def test_streamed_equals_merge(case):
    assert_streamed_is_merged(case, WHOLE_CHIP)


@given(cases())
@examples(2)
def test_a_window_alone_equals_that_window_of_the_whole(case):
    assert_window_is_part_of_the_whole(case, WHOLE_CHIP, case.window)


@given(cases(), st.integers(1, 9))
def test_column_blocks_give_the_same_bits(case, block_width):
    whole = run(case, WHOLE_CHIP, case.window)
    assert_same_bits(run(case, WHOLE_CHIP, case.window, block_width, memory_limit=1), whole)


@given(cases())
def test_identity_gives_the_input_where_chips_lie(case):
    result = run(case, IDENTITY, workers=2)
    covered = coverage(case.patcher, case.shape) > 0
    expected = np.where(covered, case.array, np.float32(np.nan))
    assert_same_bits(result, expected.reshape(result.shape))


@given(cases())
def test_coverage_counts_the_chips_of_any_window(case):
    counts = np.zeros(case.shape)
    for row, col, height, width in places(case.patcher.plan(case.shape)):
        inside = case.patcher.weights_of(height, width)[: case.shape[0] - row, : case.shape[1] - col] > 0
        counts[row : row + height, col : col + width] += inside
    np.testing.assert_array_equal(coverage(case.patcher, case.shape), counts)
    alone = coverage(case.patcher, case.shape, case.window)
    np.testing.assert_array_equal(alone, crop(counts, case.window))


@given(cases())
def test_covered_share_is_that_of_the_rectangles(case):
    plan = case.patcher.plan(case.shape)
    covered = np.zeros(case.shape, bool)
    for row, col, height, width in places(plan):
        covered[row : row + height, col : col + width] = True
    assert plan.covered_share(case.window) == pytest.approx(crop(covered, case.window).mean(), abs=1e-12)


def test_hann_weights_are_taken_for_chips_at_any_place():
    array = make_array((30, 30), "float32", 0, False, 1)
    patcher = SpatialPatcher(SpatialRectangular(8, "shrink"), SpatialExplicit([(25, 27), (3, 3)]), SpatialHann())
    patches = list(patcher.split(RasterField(GeoTensor(array))))
    assert [patch.weights.shape for patch in patches] == [(8, 8), (5, 3)]
    assert [patch.anchor for patch in patches] == [(3, 3), (25, 27)]
    np.testing.assert_array_equal(np.asarray(patches[1].data), array[25:, 27:])
