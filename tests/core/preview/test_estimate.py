"""What is said before a run, against what runs do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from patchwise.core import (
    ArraySink,
    Expression,
    GeoTensor,
    Lambda,
    ParameterError,
    PlanError,
    RasterField,
    SpatialBoxcar,
    SpatialCustom,
    SpatialHann,
    SpatialMedian,
    SpatialPatcher,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
    stream,
)
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.preview import estimate as module
from patchwise.core.preview.estimate import estimate
from patchwise.core.rasters.creation_options import TILE

SHAPE = (300, 700)
GRID = Affine(10, 0, 500_000, 0, -10, 5_000_000)
FIELD = RasterField(GeoTensor(np.random.default_rng(3).normal(size=(2, *SHAPE)), GRID, "EPSG:32633"))
PART = PixelWindow(40, 100, 111, 303)
NDVI, FILTER = Expression("(b2 - b1) / (b2 + b1)", 2), Lambda(lambda chip: chip[:1])


class Sink(ArraySink):
    block_width = TILE


def cutters():
    size = SpatialRectangular((60, 50), "shift")
    yield SpatialPatcher(size, SpatialRegularStride((30, 25)), SpatialHann())
    yield SpatialPatcher(replace(size, boundary="drop"), SpatialRegularStride(70), SpatialHann())
    yield SpatialPatcher(replace(size, boundary="reflect"), SpatialRegularStride(45), SpatialBoxcar())
    yield SpatialPatcher(size, SpatialRandom(40, seed=1), SpatialHann())


@pytest.mark.parametrize("window", [None, PART])
@pytest.mark.parametrize("operator", [NDVI, FILTER])
@pytest.mark.parametrize("limit", [512 << 20, 1 << 20])
def test_chips_and_pixels_are_those_of_the_run(monkeypatch, window, operator, limit):
    monkeypatch.setattr(module, "MEMORY_LIMIT", limit)
    for cut in cutters():
        found = estimate(FIELD.source, cut, operator, window)
        area = window or FIELD.domain.window
        report = stream(FIELD.source, cut, operator, Sink(area[2:]), window=window, memory_limit=limit)
        assert found.chips == report.chips and found.bands == 2
        told = found.pixels * 2 * FIELD.source.raw_itemsize
        if isinstance(cut.sampler, SpatialRegularStride):
            assert told == report.bytes_read
        else:  # what lies between chips far apart is not read
            assert report.bytes_read <= told <= 1.5 * report.bytes_read


@pytest.mark.parametrize("window", [None, PART])
def test_the_covered_share(window):
    for cut in cutters():
        area = window or FIELD.domain.window
        there = np.zeros(SHAPE, bool)
        for group in cut.plan(FIELD.domain).groups(area):
            for chip in group.chips:
                row, col, height, width = chip.window
                there[row : row + height, col : col + width] = True
        share = there[area.row : area.row_stop, area.col : area.col_stop].mean()
        assert estimate(FIELD.source, cut, NDVI, window).covered_share == pytest.approx(share, abs=0.01)


def test_a_window_with_zeros_covers_less():
    cut = SpatialPatcher(SpatialRectangular((50, 50)), SpatialRegularStride(50), SpatialCustom("where(r < 1, 1, 0)"))
    assert estimate(FIELD.source, cut, NDVI).covered_share == pytest.approx(np.pi / 4, abs=0.01)


def test_caps_need_no_plan():
    cut = SpatialPatcher(SpatialSphericalCap(0.3), SpatialRegularStride(100), SpatialHann())
    plan = cut.plan(FIELD.domain)
    found = estimate(FIELD.source, cut, NDVI, PART)
    assert found.chips == plan.count(PART) or abs(found.chips - plan.count(PART)) <= 2
    rows, cols = plan.read_rows(PART), plan.read_cols(PART)
    assert found.pixels == pytest.approx((rows[1] - rows[0]) * (cols[1] - cols[0]), rel=0.05)
    assert found.covered_share == pytest.approx(np.pi * 30**2 / 100**2, abs=0.03)
    with pytest.raises(ParameterError, match="expression in r alone"):
        estimate(FIELD.source, replace(cut, window=SpatialCustom("x + 2")), NDVI)


def seconds(cut, operator, **rest):
    return estimate(FIELD.source, cut, operator, **rest).seconds


def test_seconds_grow_with_the_work():
    few, many = (SpatialPatcher(SpatialRectangular((60, 50), "shift"), SpatialRegularStride(s)) for s in (50, 5))
    assert seconds(few, FILTER) < seconds(many, FILTER)
    # A band expression looks at single pixels, each of which is computed once.
    assert seconds(many, NDVI) == seconds(few, NDVI) < seconds(many, FILTER)
    assert seconds(many, FILTER, workers=1) >= seconds(many, FILTER)


def test_a_measured_chip_counts_for_all():
    cut = SpatialPatcher(SpatialRectangular((100, 100)), SpatialRegularStride(50))
    told = estimate(FIELD.source, cut, FILTER, None, 2.0, 1)
    assert told.measured and not estimate(FIELD.source, cut, FILTER).measured
    assert told.chips == 5 * 13 and told.seconds == pytest.approx(told.chips * 2.0, rel=0.05)
    once = estimate(FIELD.source, cut, NDVI, None, 2.0, 1)
    assert once.seconds == pytest.approx(2.0 * SHAPE[0] * SHAPE[1] / 100**2, rel=0.1)


def test_memory_is_bounded_and_grows_with_what_is_kept():
    big = RasterDomain((50_000, 200_000), GRID, "EPSG:32633")

    class Wide:
        domain, bands, dtype, raw_itemsize, strip_rows = big, 4, np.dtype(np.float32), 2, 512

    cut = SpatialPatcher(SpatialRectangular((512, 512), "shift"), SpatialRegularStride(256), SpatialHann())
    found = estimate(Wide, cut, Expression("b1 - mean(b1)", 4))
    assert 100 << 20 < found.memory < 900 << 20
    assert found.pixels > big.shape[0] * big.shape[1]  # column blocks share some pixels
    small = estimate(FIELD.source, next(cutters()), FILTER)
    median = estimate(FIELD.source, replace(next(cutters()), aggregation=SpatialMedian()), FILTER)
    assert small.memory < median.memory < 100 << 20


def test_refused_where_there_is_no_chip():
    cut = SpatialPatcher(SpatialRectangular((60, 50)), SpatialRegularStride(200))
    with pytest.raises(PlanError, match="no chip touches it"):
        estimate(FIELD.source, cut, NDVI, PixelWindow(100, 100, 20, 20))
    with pytest.raises(PlanError, match="no chip fits"):
        estimate(FIELD.source, SpatialPatcher(SpatialRectangular((999, 50)), SpatialRegularStride(9)), NDVI)
