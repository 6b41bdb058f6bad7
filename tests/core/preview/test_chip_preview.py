"""One chip alone: the same pixels and the same result as in a run."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    ArraySink,
    Cancelled,
    Category,
    Expression,
    GeoTensor,
    Lambda,
    Operator,
    OperatorError,
    ParameterError,
    RasterField,
    SpatialCustom,
    SpatialHann,
    SpatialJitteredStride,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
    stream,
)
from patchwise.core.preview.chip import ChipRequest, preview_chip, read_chip, run_on_chip, shown_bands
from patchwise.core.preview.outlines import nearest_chip

GRID = Affine(10, 0, 500_000, 0, -10, 5_000_000)
SHAPE = (90, 110)


def field(bands=2):
    array = np.random.default_rng(5).normal(size=(bands, *SHAPE)).astype(np.float32)
    array[:, 30:40, 20:50] = np.nan
    return RasterField(GeoTensor(array, GRID, "EPSG:32633"))


def cutters(boundary):
    yield SpatialPatcher(SpatialRectangular((20, 33), boundary), SpatialRegularStride((13, 40)), SpatialHann())
    yield SpatialPatcher(SpatialRectangular((20, 33), boundary), SpatialJitteredStride(25, 6), SpatialHann())


def same(a, b):
    np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("boundary", ["drop", "pad", "reflect", "shrink", "shift"])
def test_a_chip_read_alone_is_that_of_the_run(boundary):
    raster = field()
    for cut in cutters(boundary):
        for patch in cut.split(raster):
            middle = patch.window.row + patch.window.height / 2, patch.window.col + patch.window.width / 2
            chip, mirrored = nearest_chip(cut, raster.domain, *middle)
            if chip.window == patch.window:
                same(read_chip(raster.source, chip, mirrored), patch.data)
            else:  # another one has the same middle
                assert boundary == "shrink" or isinstance(cut.sampler, SpatialJitteredStride)


def test_a_chip_larger_than_the_raster():
    raster = field()
    cut = SpatialPatcher(SpatialRectangular((300, 40), "shift"), SpatialRegularStride(40))
    (first, *_) = cut.split(raster)
    chip, mirrored = nearest_chip(cut, raster.domain, 0, 0)
    assert chip.window == first.window
    same(read_chip(raster.source, chip, mirrored), first.data)


@given(st.floats(0, 89.9), st.floats(0, 109.9))
def test_a_cap_read_alone_is_that_of_the_run(row, col):
    raster = field()
    cut = SpatialPatcher(SpatialSphericalCap(0.15), SpatialRegularStride(37), SpatialHann())
    chip, mirrored = nearest_chip(cut, raster.domain, row, col)
    (patch,) = [patch for patch in cut.split(raster) if patch.center == chip.anchor]
    same(read_chip(raster.source, chip, mirrored), patch.data)


OPERATORS = {
    "expression": Expression("b1 * 2 + b2", 2),
    "statistics": Expression("(b1 - mean(b1)) / std(b2)", 2),
    "filter": Lambda(lambda chip: np.roll(chip, 3, axis=-1)),
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("window", [SpatialHann(), SpatialCustom("where(r < 1, 1, 0)")])
def test_away_from_overlaps_its_values_are_the_final_ones(name, window):
    raster, operator = field(), OPERATORS[name]
    cut = SpatialPatcher(SpatialRectangular((20, 30), "shift"), SpatialRegularStride((25, 31)), window)
    sink = ArraySink(SHAPE)
    stream(raster.source, cut, operator, sink)
    chip, mirrored = nearest_chip(cut, raster.domain, 30, 40)
    row, col, height, width = chip.window
    alone = run_on_chip(raster.source, operator, chip, read_chip(raster.source, chip, mirrored))
    final = sink.array[:, row : row + height, col : col + width]
    same(np.where(cut.weights_of(height, width) > 0, alone, np.nan), final)


def request(operator, row=40, col=40, **rest):
    cut = SpatialPatcher(SpatialRectangular((20, 30), "shift"), SpatialRegularStride((10, 15)), SpatialHann())
    return ChipRequest(field(**rest).source, cut, operator, row, col)


def test_the_picture():
    found = preview_chip(request(OPERATORS["expression"]))
    assert found.window == (30, 30, 20, 30) and found.anchor == (30, 30)
    assert (found.before.height, found.before.width, found.before.total) == (20, 30, 2)
    assert (found.after.height, found.after.width, found.after.total) == (20, 30, 1)
    values = field().reader.array[:, 30:50, 30:60]
    assert found.before.low == np.nanmin(values[0]) and found.before.high == np.nanmax(values[0])
    assert found.after.high == np.nanmax(values[0] * 2 + values[1])
    assert found.before.unknown == found.after.unknown == 10 * 20 / 600
    assert found.seconds > 0


def test_a_point_in_the_world():
    asked = ChipRequest.at_point(field().source, None, None, 500_405, 4_999_695)
    assert (asked.row, asked.col) == pytest.approx((30.5, 40.5))
    array = RasterField(GeoTensor(np.zeros((5, 5)))).source
    with pytest.raises(ParameterError, match="the raster has no transform"):
        ChipRequest.at_point(array, None, None, 0, 0)


class Georeferenced(Operator):
    georeferenced = True
    name = "seen"

    def __init__(self):
        self.seen = []

    def __call__(self, chip):
        self.seen.append((chip.anchor, (chip.transform.c, chip.transform.f)))
        return np.asarray(chip)


def test_an_operator_that_wants_to_know_where_it_is():
    operator = Georeferenced()
    preview_chip(request(operator))
    assert set(operator.seen) == {((30, 30), (500_300.0, 4_999_700.0))} and len(operator.seen) == 3


class Finer(Operator):
    scale, batch_size, name = 2, 8, "finer"
    categories = (Category(1, "one", (9, 8, 7)),)

    def batch(self, chips):
        return [np.ones((1, 2 * chip.shape[1], 2 * chip.shape[2])) for chip in chips]

    def __call__(self, chip):
        raise AssertionError("asked for one chip, though it takes several")


def test_an_operator_with_batches_a_finer_grid_and_classes():
    found = preview_chip(request(Finer()))
    assert (found.after.height, found.after.width) == (40, 60) and found.after.rgba[:4] == bytes((9, 8, 7, 255))


def test_what_the_operator_says_is_passed_on():
    with pytest.raises(OperatorError, match=r"chip at row 30, column 30: ZeroDivisionError"):
        preview_chip(request(Lambda(lambda chip: 1 // 0)))
    with pytest.raises(OperatorError, match="it returned the shape"):
        preview_chip(request(Lambda(lambda chip: chip[:, 1:])))


@pytest.mark.parametrize("at", range(6))
def test_cancelled_at_any_time(at):
    calls = []

    def cancelled():
        calls.append(1)
        return len(calls) > at

    with pytest.raises(Cancelled):
        preview_chip(request(OPERATORS["filter"]), cancelled)
    assert len(calls) == at + 1


def test_a_slow_operator_is_run_once():
    import time

    runs = []

    def slow(chip):
        runs.append(1)
        time.sleep(0.55)
        return chip

    assert preview_chip(request(Lambda(slow))).seconds >= 0.55 and len(runs) == 1


def test_the_source_is_closed(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    from patchwise.core import RasterFile

    path = str(tmp_path / "a.tif")
    profile = {"driver": "GTiff", "height": 90, "width": 110, "count": 3, "dtype": "uint8", "transform": GRID}
    with rasterio.open(path, "w", crs="EPSG:32633", **profile) as dataset:
        dataset.write(np.full((3, 90, 110), 7, np.uint8))
    asked = request(Expression("b1", 3))
    source = RasterFile(path)
    found = preview_chip(ChipRequest(source, asked.patcher, asked.operator, 10, 10))
    assert found.before.bands == (1, 2, 3) and found.before.low == 7
    assert source.closed


@pytest.mark.parametrize(
    "names, count, shown",
    [
        (("B02", "B03", "B04", "B08"), 4, (3, 2, 1)),
        (("nir", "red", "green", "blue"), 4, (2, 3, 4)),
        (("", "", ""), 3, (1, 2, 3)),
        ((), 4, (1,)),
        (("red", "nir"), 2, (1,)),
    ],
)
def test_the_bands_that_are_shown(names, count, shown):
    assert shown_bands(names, count) == shown
