"""Operators that give a finer grid, and operators that take several chips at a time, through the one loop."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    ArraySink,
    GeoTensor,
    Lambda,
    Operator,
    OperatorError,
    RasterField,
    SpatialHann,
    SpatialPatcher,
    SpatialPolygonIntersection,
    SpatialRectangular,
    SpatialRegularStride,
    stream,
)
from patchwise.core.grid.domain import PixelWindow


def mean_of(chip):
    """Of the known pixels, 0 where there are none."""
    return chip.dtype.type(np.nan_to_num(chip).sum() / max(1, np.count_nonzero(~np.isnan(chip))))


class Finer(Operator):
    """Every pixel becomes ``scale`` x ``scale`` pixels, less the chip's mean: it matters which chip a pixel is in."""

    def __init__(self, scale):
        self.scale = scale

    def __call__(self, chip):
        chip = chip - mean_of(chip)
        return chip.repeat(self.scale, axis=1).repeat(self.scale, axis=2)


class Batched(Operator):
    """``x - mean`` in batches; keeps the sizes of the batches."""

    name = "batched"

    def __init__(self, size, lose=0):
        self.batch_size, self.seen, self._lose = size, [], lose

    def batch(self, chips):
        self.seen.append(len(chips))
        assert len({chip.shape for chip in chips}) == 1
        return [chip - mean_of(chip) for chip in chips][self._lose :]


def run(field, patcher, operator, window=None, **options):
    window = window or field.domain.window
    sink = ArraySink(window.scaled(getattr(operator, "scale", 1))[2:])
    report = stream(field.source, patcher, operator, sink, window=window, **options)
    return sink.array, report


def field_of(height, width, seed=0, holes=0.0):
    rng = np.random.default_rng(seed)
    array = rng.random((1, height, width), dtype=np.float32)
    array[rng.random(array.shape) < holes] = np.nan
    return RasterField(GeoTensor(array))


patchers = st.builds(
    SpatialPatcher,
    geometry=st.builds(
        SpatialRectangular, st.tuples(st.integers(1, 9), st.integers(1, 9)), st.sampled_from(["shift", "pad", "shrink"])
    ),
    sampler=st.integers(1, 6).map(SpatialRegularStride),
    window=st.just(SpatialHann()),
)


@given(patchers, st.integers(1, 3), st.sampled_from([0.0, 0.1]))
def test_a_finer_result_is_the_result_on_the_finer_grid(patcher, scale, holes):
    field = field_of(13, 11, holes=holes)
    fine, report = run(field, patcher, Finer(scale), workers=2)
    # Identity: each fine pixel is made of the same chips as its coarse one, with the weights of the finer window.
    assert fine.shape == (1, 13 * scale, 11 * scale) and report.pixels == 143 * scale**2
    unknown = np.isnan(field.reader.array) if patcher.plan(field.domain).covers else None
    if unknown is not None:
        np.testing.assert_array_equal(np.isnan(fine), unknown.repeat(scale, axis=1).repeat(scale, axis=2))
    part, _ = (
        run(field, patcher, Finer(scale), PixelWindow(3, 2, 7, 5)) if patcher.plan(field.domain).covers else (None, 0)
    )
    if part is not None:
        np.testing.assert_array_equal(part, fine[:, 3 * scale : 10 * scale, 2 * scale : 7 * scale])


def test_identity_on_a_finer_grid():
    field = field_of(30, 40, holes=0.05)
    patcher = SpatialPatcher(SpatialRectangular((8, 8), "shift"), SpatialRegularStride(4), SpatialHann())
    finer = Finer(3)
    finer.__class__ = type("Repeat", (Finer,), {"__call__": lambda self, chip: chip.repeat(3, 1).repeat(3, 2)})
    fine, _ = run(field, patcher, finer)
    np.testing.assert_array_equal(fine, field.reader.array.repeat(3, axis=1).repeat(3, axis=2))


def test_a_finer_domain_lies_where_the_coarse_one_does():
    domain = GeoTensor(np.zeros((4, 6)), Affine(10, 1, 500, 2, -20, 900), "EPSG:32610").domain
    fine = domain.refined(3)
    assert fine.shape == (12, 18) and fine.crs == domain.crs
    np.testing.assert_allclose(fine.bounds, domain.bounds)
    assert fine.transform * (3, 6) == pytest.approx(domain.transform * (1, 2))


def test_polygons_on_a_finer_grid():
    field = field_of(20, 20)
    triangle = {"type": "Polygon", "coordinates": [[(2, 2), (15, 3), (4, 17), (2, 2)]]}
    field = RasterField(GeoTensor(field.reader.array, Affine.identity()))
    patcher = SpatialPatcher(SpatialPolygonIntersection([triangle]))
    coarse, _ = run(field, patcher, Lambda(lambda chip: chip))
    fine, _ = run(field, patcher, Finer(2))
    np.testing.assert_array_equal(np.isnan(fine), np.isnan(coarse).repeat(2, axis=1).repeat(2, axis=2))


@given(patchers, st.integers(1, 7), st.sampled_from([1, 2, 7]))
def test_batches_give_what_single_chips_give(patcher, size, workers):
    field = field_of(13, 11, holes=0.1)
    operator = Batched(size)
    batched, report = run(field, patcher, operator, workers=workers)
    single, _ = run(field, patcher, Lambda(lambda chip: chip - mean_of(chip)), workers=workers)
    np.testing.assert_array_equal(batched, single)
    assert sum(operator.seen) == report.chips and max(operator.seen) <= size


def test_a_batch_that_loses_a_chip_is_named():
    patcher = SpatialPatcher(SpatialRectangular((4, 4), "shift"), SpatialRegularStride(4))
    with pytest.raises(
        OperatorError, match="operator batched .*row 0, column 0: it returned 1 results for a batch of 2"
    ):
        run(field_of(8, 8), patcher, Batched(2, lose=1))


def test_a_finer_operator_that_does_not_keep_its_word_is_named():
    patcher = SpatialPatcher(SpatialRectangular((4, 4), "shift"), SpatialRegularStride(4))
    operator = Finer(2)
    operator.__class__ = type("Liar", (Finer,), {"__call__": lambda self, chip: chip})
    with pytest.raises(OperatorError, match=r"it returned the shape \(1, 4, 4\); allowed is \(8, 8\)"):
        run(field_of(8, 8), patcher, operator)
