"""Samplers: where anchors lie, that they stay the same, and what is refused."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import ParameterError, SpatialPatcher
from patchwise.core.axes.sampler import (
    SpatialExplicit,
    SpatialJitteredStride,
    SpatialPoissonDisk,
    SpatialRandom,
    SpatialRegularStride,
)
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.plan.rectangles import SpatialRectangular

from ..cases import examples

SEEDS = st.integers(0, 2**32 - 1)
EXTENTS = st.tuples(st.integers(1, 60), st.integers(1, 60))


@given(st.floats(1, 40), SEEDS, EXTENTS)
@examples(2)
def test_poisson_disk_keeps_the_distance_for_every_pair(distance, seed, extent):
    spatial = pytest.importorskip("scipy.spatial")
    anchors = SpatialPoissonDisk(distance, seed).anchors(extent)
    assert ((anchors >= 0) & (anchors < extent)).all()
    if len(anchors) > 1:
        nearest = spatial.cKDTree(anchors).query(anchors, k=2)[0][:, 1]
        assert nearest.min() >= distance
    np.testing.assert_array_equal(anchors, SpatialPoissonDisk(distance, seed).anchors(extent))


@pytest.mark.parametrize("distance", [1, 1.5, 2, 7, 20.25])
@pytest.mark.parametrize("seed", range(3))
def test_poisson_disk_leaves_no_room(distance, seed):
    spatial = pytest.importorskip("scipy.spatial")
    anchors = SpatialPoissonDisk(distance, seed).anchors((90, 111))
    every = np.stack(np.meshgrid(range(90), range(111), indexing="ij"), -1).reshape(-1, 2)
    assert spatial.cKDTree(anchors).query(every)[0].max() < 2 * distance


def test_poisson_disk_on_a_sentinel_2_tile_is_quick():
    started = time.process_time()
    anchors = SpatialPoissonDisk(100, 42).anchors((10980, 10980))
    assert time.process_time() - started < 2
    assert len(anchors) == 7529


def test_the_streams_of_random_numbers_do_not_change():
    # These anchors were written down once; another machine, numpy or day must give the same.
    def first(sampler, extent, count=4):
        anchors = sampler.anchors(extent)
        assert anchors.dtype == np.int64 and anchors.shape[1] == 2
        return anchors[:count].tolist()

    tile = (10980, 10980)
    assert first(SpatialRandom(5, 42), tile) == [[5982, 507], [5168, 10396], [10633, 7434], [5180, 5882]]
    assert first(SpatialRandom(3, 7), (2, 2)) == [[0, 0], [0, 1], [1, 0]]
    huge = [[44547, 148866], [179854, 157191], [293866, 78720], [267655, 56651]]
    assert first(SpatialRandom(4, 2**32 - 1), (300_000, 300_000)) == huge
    assert first(SpatialPoissonDisk(100, 42), tile) == [[7270, 860], [7340, 766], [7168, 831], [7359, 619]]
    assert SpatialPoissonDisk(100, 42).anchors(tile)[-1].tolist() == [29, 10705]
    assert first(SpatialPoissonDisk(2.5, 1), (30, 40)) == [[5, 12], [8, 16], [8, 9], [5, 15]]
    jittered = SpatialJitteredStride(10, 3, 5)
    assert first(jittered, (40, 40), 6) == [[0, 0], [0, 7], [0, 20], [0, 30], [13, 0], [7, 10]]


@given(EXTENTS, SEEDS, st.data())
def test_random_anchors_are_different_and_inside(extent, seed, data):
    count = data.draw(st.integers(1, extent[0] * extent[1]))
    anchors = SpatialRandom(count, seed).anchors(extent)
    assert len({tuple(anchor) for anchor in anchors.tolist()}) == count == len(anchors)
    assert ((anchors >= 0) & (anchors < extent)).all()
    np.testing.assert_array_equal(anchors, SpatialRandom(count, seed).anchors(extent))


def test_random_anchors_are_even():
    hits = np.zeros((4, 5))
    for seed in range(2000):
        hits[tuple(SpatialRandom(3, seed).anchors((4, 5)).T)] += 1
    assert abs(hits - 300).max() < 75  # more than 4 standard deviations


@given(st.integers(5, 60), st.integers(5, 60), st.integers(1, 12), st.integers(0, 14), SEEDS)
def test_jitter_moves_by_no_more_than_it_may(height, width, step, jitter, seed):
    lattice = SpatialRegularStride(step).anchors((height, width))
    moved = SpatialJitteredStride(step, jitter, seed).anchors((height, width))
    assert moved.shape == lattice.shape
    assert abs(moved - lattice).max() <= jitter
    assert (moved >= 0).all() and (moved <= lattice.max(axis=0)).all()


# --- explicit anchors


def domain(transform, crs="EPSG:32633", shape=(50, 60)):
    return RasterDomain(shape, transform, crs)


@pytest.mark.parametrize(
    "transform",
    [
        Affine(10, 0, 500_000, 0, -10, 5_000_000),
        Affine(10, 0, 500_000, 0, 10, 5_000_000),  # south-up
        Affine(0.1, 0, 500_000, 0, -0.3, 5_000_000),
        Affine.translation(500_000, 5_000_000) * Affine.rotation(33) * Affine.scale(10, -20),
    ],
)
def test_world_anchors_find_their_pixels(transform):
    rows, cols = np.mgrid[0:50:7, 0:60:9].reshape(2, -1)
    for offset in (0.0, 0.5, 0.99):  # 0: just on a pixel's corner, where one digit could decide otherwise
        points = [transform * (col + offset, row + offset) for row, col in zip(rows, cols)]
        anchors = SpatialExplicit(points, crs=32633).anchors((1, 1), domain(transform))
        np.testing.assert_array_equal(anchors, np.stack([rows, cols], axis=1))


def test_world_anchors_are_transformed():
    pyproj = pytest.importorskip("pyproj")
    transform = Affine(10, 0, 500_000, 0, -10, 5_000_000)
    there = pyproj.Transformer.from_crs(32633, 4326, always_xy=True)
    points = [there.transform(*(transform * (col + 0.5, row + 0.5))) for row, col in ((3, 4), (49, 59))]
    sampler = SpatialExplicit(points, crs="EPSG:4326")
    assert sampler.anchors((1, 1), domain(transform)).tolist() == [[3, 4], [49, 59]]
    assert sampler == SpatialExplicit(np.array(points), crs=4326) and hash(sampler) == hash(sampler)
    plan = SpatialPatcher(SpatialRectangular(5, "shift"), sampler).plan(domain(transform))
    chips = [chip for group in plan.groups(PixelWindow(0, 0, 50, 60)) for chip in group.chips]
    assert [chip.window for chip in chips] == [(3, 4, 5, 5), (45, 55, 5, 5)]


@pytest.mark.parametrize(
    ("anchors", "crs", "raster", "message"),
    [
        (
            [(0, 0), (50, 3)],
            None,
            {},
            r"anchors is \(50, 3\): the anchor at position 1 must lie on the raster of 50 x 60",
        ),
        ([(-1, 0)], None, {}, r"anchors is \(-1, 0\)"),
        ([(500_005, 4_999_995), (0, 0)], 32633, {}, r"anchors is \(0.0, 0.0\): the anchor at position 1 .* bounds"),
        ([(500_005, 4_999_995)], 32633, {"crs": None}, "the raster's crs is None: is not known"),
        ([(500_005, 4_999_995)], 32633, {"transform": None}, "the raster has no transform"),
        ([(500_005, 95)], 4326, {}, "must lie on the raster"),
        ([(1.5, 2)], None, {}, r"must be \(row, col\) in whole pixels; world coordinates need their crs"),
        ([(1, 2, 3)], None, {}, r"position 0 must be \(row, col\)"),
        ([(1, float("nan"))], 4326, {}, r"must be \(x, y\), both finite"),
        ([], None, {}, "must hold at least one"),
        (7, None, {}, "anchors is 7: must be pairs"),
        ([7, 8], None, {}, r"anchors is \(7,\): the anchor at position 0 must be \(row, col\)"),
        ([(1, 2)], "no such system", {}, "not understood by PROJ"),
        ([(1, 2)], "", {}, "must be a coordinate reference system"),
    ],
)
def test_wrong_anchors_are_named(anchors, crs, raster, message):
    given_raster = {"transform": Affine(10, 0, 500_000, 0, -10, 5_000_000), **raster}
    with pytest.raises(ParameterError, match=message):
        SpatialExplicit(anchors, crs).anchors((50, 60), domain(**given_raster))


# --- configuration and errors


ALL = [
    SpatialRegularStride(5),
    SpatialJitteredStride((5, 6), 2, 3),
    SpatialJitteredStride(5, (2, 0)),
    SpatialRandom(5, 1),
    SpatialPoissonDisk(5.5, 1),
    SpatialPoissonDisk(5, 1, tries=4),
    SpatialExplicit([(1, 2), (3, 4)]),
]


@pytest.mark.parametrize("sampler", ALL, ids=repr)
def test_a_sampler_is_rebuilt_from_its_configuration(sampler):
    again = type(sampler).from_config(json.loads(json.dumps(sampler.get_config())))
    assert again == sampler and hash(again) == hash(sampler)
    np.testing.assert_array_equal(again.anchors((40, 50)), sampler.anchors((40, 50)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpatialJitteredStride(0, 1), "stride is 0"),
        (lambda: SpatialJitteredStride(4, -1), "jitter is -1: must be a whole number of pixels, at least 0"),
        (lambda: SpatialJitteredStride((4, 4, 4), 1), r"stride is \(4, 4, 4\): must be one number, or two"),
        (lambda: SpatialJitteredStride(4, 1, -1), "seed is -1: must be a whole number from 0"),
        (lambda: SpatialRandom(0), "count is 0: must be a whole number, at least 1"),
        (lambda: SpatialRandom(True), "count is True"),
        (lambda: SpatialRandom(3, 2**32), "seed is 4294967296"),
        (lambda: SpatialRandom(3, None), "seed is None"),
        (lambda: SpatialPoissonDisk(0.5), "min_distance is 0.5: must be a number of pixels, at least 1"),
        (lambda: SpatialPoissonDisk(float("inf")), "min_distance is inf"),
        (lambda: SpatialPoissonDisk("5"), "min_distance is '5'"),
        (lambda: SpatialPoissonDisk(5, tries=0), "tries is 0"),
        (lambda: SpatialPoissonDisk(1).anchors((10**6, 10**6)), "min_distance is .*the most that can be listed"),
    ],
)
def test_wrong_parameters_are_named(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
