"""What is said of a patcher before a run: the same as in the run, at little cost whatever the raster claims."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from patchwise.core import (
    Expression,
    PlanError,
    SpatialCustom,
    SpatialExplicit,
    SpatialJitteredStride,
    SpatialPatcher,
    SpatialPoissonDisk,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
)
from patchwise.core.axes.sampler import MOST_ANCHORS
from patchwise.core.base.errors import ParameterError
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.plan.check import check_plan
from patchwise.core.preview.estimate import estimate

pytest.importorskip("rasterio")

from affine import Affine  # noqa: E402
from rasterio.crs import CRS  # noqa: E402

HUGE = RasterDomain((300_000, 300_000), Affine(1, 0, 400_000, 0, -1, 5_000_000), CRS.from_epsg(32633))
LARGEST = RasterDomain((2**31 - 1, 2**31 - 1), HUGE.transform, HUGE.crs)


class Source:
    """A raster that claims to be large, and is never read."""

    def __init__(self, domain):
        self.domain, self.bands, self.dtype, self.raw_itemsize, self.strip_rows = domain, 3, np.dtype("f4"), 1, 256
        self.flat = False


def rectangles(sampler, size=256, boundary="shift", window=None):
    more = {} if window is None else {"window": window}
    return SpatialPatcher(SpatialRectangular(size, boundary), sampler, **more)


PATCHERS = {
    "a chip at each pixel": rectangles(SpatialRegularStride(1), 1),
    "a usual one": rectangles(SpatialRegularStride(128)),
    "chips of 10^9 pixels": rectangles(SpatialRegularStride(1), 10**9),
    "gaps": rectangles(SpatialRegularStride(500_000), 3),
    "mirrored": rectangles(SpatialRegularStride(7), 2**31 - 1, "reflect"),
    "jittered": rectangles(SpatialJitteredStride(1, 1), 1),
    "some jittered": rectangles(SpatialJitteredStride(700, 1), 1),
    "random": rectangles(SpatialRandom(MOST_ANCHORS)),
    "disks of a pixel": rectangles(SpatialPoissonDisk(1), 1),
    "disks": rectangles(SpatialPoissonDisk(700), 1),
    "weights": rectangles(SpatialRegularStride(1), 20_000, window=SpatialCustom("1 - 0.1 * r")),
    "weights of the whole chip": rectangles(SpatialRegularStride(1), 20_000, window=SpatialCustom("2 + x - mean(x)")),
    "caps at each pixel": SpatialPatcher(SpatialSphericalCap(5), SpatialRegularStride(1)),
    "random caps": SpatialPatcher(SpatialSphericalCap(5), SpatialRandom(MOST_ANCHORS)),
}


@pytest.mark.parametrize("domain", [HUGE, LARGEST], ids=["300000", "2^31"])
@pytest.mark.parametrize("case", PATCHERS)
def test_a_check_needs_little_memory(case, domain):
    patcher = PATCHERS[case]
    tracemalloc.start()
    try:
        try:
            check_plan(patcher, domain, domain.window)
            if isinstance(patcher.sampler, SpatialRegularStride) and max(patcher.geometry.size) < 10**6:
                estimate(Source(domain), patcher, Expression("b1 - mean(b1)", 3))
        except ParameterError as error:
            assert len(str(error)) < 600
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (SpatialJitteredStride(1, 1), "stride is .*the most that can be listed"),
        (SpatialPoissonDisk(1), "min_distance is .*the most that can be listed"),
    ],
)
def test_more_chips_than_can_be_listed_are_refused_by_check_and_run(sampler, message):
    patcher = rectangles(sampler, 1)
    for ask in (lambda: check_plan(patcher, HUGE, HUGE.window), lambda: patcher.plan(HUGE)):
        with pytest.raises(PlanError, match=message):
            ask()


def test_caps_on_what_is_too_large_are_refused():
    patcher = SpatialPatcher(SpatialSphericalCap(5), SpatialRandom(3))
    with pytest.raises(PlanError, match="is too large for spherical caps"):
        check_plan(patcher, HUGE, HUGE.window)
    small = RasterDomain((500, 500), HUGE.transform, HUGE.crs)
    check_plan(patcher, small, small.window)
    with pytest.raises(PlanError, match="stride is .*can be listed"):
        lattice = SpatialPatcher(SpatialSphericalCap(5), SpatialRegularStride(1))
        check_plan(lattice, RasterDomain((60_000, 60_000), HUGE.transform, HUGE.crs), small.window)


def test_an_output_of_too_many_column_blocks_is_refused():
    with pytest.raises(PlanError, match="is too wide for chips of .*column blocks are needed"):
        estimate(Source(LARGEST), rectangles(SpatialRegularStride(1000), 20_000), Expression("b1 - mean(b1)", 3))


extents = st.tuples(st.integers(1, 60), st.integers(1, 60))
samplers = st.one_of(
    st.builds(SpatialRegularStride, st.integers(1, 20)),
    st.builds(SpatialJitteredStride, st.integers(1, 20), st.integers(0, 9), st.integers(0, 99)),
    st.builds(SpatialPoissonDisk, st.floats(1, 30), st.integers(0, 99)),
    st.builds(SpatialRandom, st.integers(1, 9), st.integers(0, 99)),
)


@given(extents, samplers)
@example((6, 17), SpatialPoissonDisk(1))
def test_the_number_of_anchors_is_known_before_they_are_listed(extent, sampler):
    if isinstance(sampler, SpatialRandom) and sampler.count > extent[0] * extent[1]:
        return
    found = len(sampler.anchors(extent))
    assert found <= sampler.most(extent)
    assert found == sampler.most(extent) or isinstance(sampler, SpatialPoissonDisk)


@given(samplers, st.integers(1, 12), st.sampled_from(["drop", "shift", "pad", "shrink"]), extents, st.data())
def test_the_check_refuses_what_the_plan_refuses(sampler, size, boundary, shape, data):
    row, col = data.draw(st.integers(0, shape[0] - 1)), data.draw(st.integers(0, shape[1] - 1))
    window, patcher = PixelWindow(row, col, 1, 1), rectangles(sampler, size, boundary)
    try:
        there = patcher.plan(shape).count(window) > 0
    except PlanError:
        there = False
    try:
        check_plan(patcher, RasterDomain(shape), window)
    except PlanError:
        assert not there
    else:  # many disks are not listed while somebody waits: the run refuses what the check then leaves
        left = isinstance(sampler, SpatialPoissonDisk) and sampler.most(patcher.geometry.room(shape)) > sampler.soon
        assert there or left


def test_places_of_ones_own_and_weights_are_looked_at():
    assert SpatialExplicit([(1, 2), (3, 4)]).most((9, 9)) == 2
    for text, good in (("1 - r", False), ("r - r", False), ("2 - r", True), ("1 / (x - x)", False)):
        patcher = rectangles(SpatialRegularStride(8), 16, window=SpatialCustom(text))
        try:
            check_plan(patcher, RasterDomain((40, 40)), PixelWindow(0, 0, 40, 40))
        except ParameterError:
            assert not good, text
        else:
            assert good, text
