"""Statistics of polygons against numpy on rasterio's own masks, whatever the pieces, threads and memory; the raster."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import assume, given
from hypothesis import strategies as st
from patchwise.core import (
    ArraySink,
    Cancelled,
    Expression,
    GeoTensor,
    Lambda,
    ParameterError,
    PlanError,
    RasterField,
    SpatialHardVote,
    SpatialMax,
    SpatialPolygonIntersection,
)
from patchwise.core.zonal import chips as module
from patchwise.core.zonal.chips import polygon_chips
from patchwise.core.zonal.statistics import STATISTICS, PolygonStatistics

from ..cases import assert_same_bits, examples, make_array

features = pytest.importorskip("rasterio.features")

GRID = Affine(10, 0, 500_000, 0, -10, 5_000_000)
#: Looks at the whole chip: what is outside of the polygon must not be seen.
CENTRED = Lambda(lambda chip: chip - np.fmax.reduce(chip, axis=(1, 2), keepdims=True), "centred")


def box(row, col, height, width):
    """A polygon on the grid, in world coordinates."""
    corners = [(col, row), (col + width, row), (col + width, row + height), (col, row + height), (col, row)]
    return {"type": "Polygon", "coordinates": [[GRID * corner for corner in corners]]}


def blob(rng, shape):
    """A polygon somewhere about a raster of ``shape``, with a hole at times."""
    centre, radius = rng.uniform(-0.2, 1.2, 2) * shape, rng.uniform(0.5, max(shape) / 1.5)
    rings = []
    for size in (radius, radius / 3)[: rng.integers(1, 3)]:
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        lengths = size * rng.uniform(0.3, 1, len(angles))
        ring = [GRID * (centre[1] + r * np.cos(a), centre[0] + r * np.sin(a)) for a, r in zip(angles, lengths)]
        rings.append([*ring, ring[0]])
    return {"type": "Polygon", "coordinates": rings}


def source_of(array):
    return RasterField(GeoTensor(array, GRID, "EPSG:32633")).source


def mask_of(polygon, shape):
    return features.geometry_mask([polygon], shape, GRID, invert=True)


def expected(values, mask):
    """``(bands, statistics)`` of ``values`` ``(bands, rows, cols)`` by numpy, NaN where there is none."""
    table = np.full((len(values), len(STATISTICS)), np.nan)
    for k, band in enumerate(values.astype(np.float64)):
        x = band[mask]
        if not x.size:
            continue
        known = x[~np.isnan(x)]
        table[k, STATISTICS.index("count")] = known.size
        table[k, STATISTICS.index("valid_share")] = known.size / x.size
        if known.size:
            found, counts = np.unique(known, return_counts=True)
            made = {
                "sum": known.sum(),
                "mean": known.mean(),
                "std": known.std(),
                "min": known.min(),
                "max": known.max(),
                "median": np.median(known),
                "majority": found[counts == counts.max()][0],
            }
            for name, value in made.items():
                table[k, STATISTICS.index(name)] = value
    return table


@st.composite
def cases(draw):
    """An array ``(2, h, w)`` of few different values and holes, and polygons of which one is on it."""
    shape = draw(st.integers(3, 40)), draw(st.integers(3, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    array = np.rint(make_array((2, *shape), "float32", 0.2, False, int(rng.integers(99))) * 3) / 3
    polygons = [blob(rng, shape) for _ in range(draw(st.integers(1, 6)))]
    assume(any(mask_of(polygon, shape).any() for polygon in polygons))
    return array.astype(np.float32), polygons


@given(cases(), st.booleans())
@examples(1)
def test_statistics_are_those_of_numpy(case, pointwise):
    array, polygons = case
    operator = Expression("b1; b2 * 2", 2) if pointwise else CENTRED
    result = polygon_chips(source_of(array), SpatialPolygonIntersection(polygons), operator, STATISTICS, workers=2)
    for k, polygon in enumerate(polygons):
        mask = mask_of(polygon, array.shape[1:])
        if pointwise:
            values = np.stack([array[0], array[1] * 2])
        else:
            values = array - np.fmax.reduce(np.where(mask, array, np.nan), axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(result.values[k], expected(values, mask), rtol=1e-12, atol=1e-9)
    assert result.left_out == tuple(k for k, p in enumerate(polygons) if not mask_of(p, array.shape[1:]).any())


@given(cases(), st.integers(1, 9), st.integers(1, 9))
def test_pieces_column_blocks_and_threads_do_not_show(case, rows, cols):
    array, polygons = case
    arguments = source_of(array), SpatialPolygonIntersection(polygons), Expression("b1 - b2", 2), STATISTICS
    shape = array.shape[1:]
    whole, raster = ArraySink(shape), ArraySink(shape)
    one = polygon_chips(*arguments, sink=whole, workers=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", (rows, cols))
        raster.block_width = cols
        patch.setattr(module, "_check_values", lambda *_: None)
        many = polygon_chips(*arguments, sink=raster, workers=3, memory_limit=1)
        alone = polygon_chips(*arguments, workers=3)
    assert_same_bits(raster.array, whole.array)
    np.testing.assert_allclose(many.values, one.values, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(alone.values, many.values)
    assert alone.left_out == one.left_out


@given(cases())
def test_whole_polygons_in_column_blocks_count_once(case):
    array, polygons = case
    arguments = source_of(array), SpatialPolygonIntersection(polygons), CENTRED, STATISTICS
    whole, blocks = ArraySink(array.shape[1:]), ArraySink(array.shape[1:])
    one = polygon_chips(*arguments, sink=whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_check_memory", lambda *_: None)
        two = polygon_chips(*arguments, sink=blocks, memory_limit=1)
    assert_same_bits(blocks.array, whole.array)
    np.testing.assert_array_equal(one.values, two.values)


def test_the_raster_is_the_mean_where_polygons_overlap_and_unknown_outside():
    array = np.arange(400, dtype=np.float32).reshape(1, 20, 20)
    polygons = SpatialPolygonIntersection([box(2, 2, 10, 10), box(8, 8, 10, 10)])
    sink = ArraySink((20, 20))
    result = polygon_chips(source_of(array), polygons, CENTRED, ["mean"], sink=sink)
    first, second = array[0] - array[0, 11, 11], array[0] - array[0, 17, 17]
    np.testing.assert_array_equal(sink.array[0, 2:8, 2:12], first[2:8, 2:12])
    np.testing.assert_array_equal(sink.array[0, 12:18, 8:18], second[12:18, 8:18])
    np.testing.assert_allclose(sink.array[0, 8:12, 8:12], (first + second)[8:12, 8:12] / 2)
    assert np.isnan(sink.array).sum() == 400 - 100 - 100 + 16
    np.testing.assert_allclose(result.values[:, 0, 0], [first[2:12, 2:12].mean(), second[8:18, 8:18].mean()])
    for aggregation, merged in ((SpatialMax(), np.maximum(first, second)), (SpatialHardVote(), None)):
        polygon_chips(source_of(array), polygons, CENTRED, ["mean"], sink=sink, aggregation=aggregation)
        merged = np.minimum(first, second) if merged is None else merged  # of two labels with a vote each the lowest
        np.testing.assert_array_equal(sink.array[0, 8:12, 8:12], merged[8:12, 8:12])


class Counted:
    """A source that notes what is read."""

    def __init__(self, source):
        self._source, self.windows = source, []

    def __getattr__(self, name):
        return getattr(self._source, name)

    def read(self, window, out):
        self.windows.append(window)
        self._source.read(window, out)


def test_only_the_polygons_windows_are_read_and_no_pixel_twice():
    source = Counted(source_of(np.ones((1, 3000, 2000), np.float32)))
    polygons = [box(10, 10, 20, 30), box(15, 25, 40, 30), box(2500, 1900, 50, 60), box(2510, 5, 10, 10)]
    result = polygon_chips(source, SpatialPolygonIntersection(polygons), CENTRED, ["count"])
    np.testing.assert_array_equal(result.values[:, 0, 0], [600, 1200, 3000, 100])
    counts = np.zeros((3000, 2000), int)
    for row, col, height, width in source.windows:
        counts[row : row + height, col : col + width] += 1
    assert counts.max() == 1
    inside = np.logical_or.reduce([mask_of(polygon, counts.shape) for polygon in polygons])
    assert counts[inside].all() and counts.sum() <= 45 * 45 + 3000 + 100
    assert result.report.bytes_read == counts.sum() * 4


def test_memory_does_not_grow_with_the_gap_between_chips():
    source = source_of(np.broadcast_to(np.float32(1), (1, 40_000, 3000)))
    rows = []

    class Sink(ArraySink):
        def write(self, row, col, values):
            rows.append(values.shape[1])

    far = SpatialPolygonIntersection([box(5, 5, 10, 10), box(39_000, 2900, 10, 10)])
    polygon_chips(source, far, CENTRED, ["mean"], sink=Sink((1, 1)))
    assert sum(rows) == 40_000 and max(rows) < 500


def test_statistics_are_in_double_precision():
    array = np.full((1, 1000, 1000), 30_000.1, np.float32)
    array[0, 0, 0] = 0
    polygons = SpatialPolygonIntersection([box(0, 0, 1000, 1000), box(5, 5, 900, 900)])
    mean, std, total = polygon_chips(source_of(array), polygons, Expression("b1"), ["mean", "std", "sum"]).values[0, 0]
    exact = array.astype(np.float64)
    assert abs(mean - exact.mean()) < 1e-8 and abs(std - exact.std()) < 1e-6 and abs(total - exact.sum()) < 1
    constant = polygon_chips(source_of(array), polygons, Expression("b1"), ["mean", "std"]).values[1, 0]
    assert constant.tolist() == [float(np.float32(30_000.1)), 0.0]


def test_none_on_the_raster():
    source, off = source_of(np.ones((1, 9, 9), np.float32)), SpatialPolygonIntersection([box(50, 50, 5, 5)])
    result = polygon_chips(source, off, Expression("b1"), ["mean"])
    assert result.left_out == (0,) and result.report is None and result.values.shape == (1, 0, 1)
    with pytest.raises(PlanError, match="none of them holds the centre of a pixel"):
        polygon_chips(source, off, Expression("b1"), ["mean"], sink=ArraySink((9, 9)))


def test_what_is_too_large_is_refused_before_a_pixel_is_read():
    source = Counted(source_of(np.broadcast_to(np.float32(1), (4, 5000, 5000))))
    large = SpatialPolygonIntersection([box(0, 0, 9, 9), box(0, 0, 5000, 5000)])
    with pytest.raises(ParameterError, match="polygon 1 is 'too large': its 5000 x 5000 pixels of 4 .* need 381 MB"):
        polygon_chips(source, large, CENTRED, ["mean"])
    with pytest.raises(ParameterError, match="statistics is .*'majority'.*MB of values would have to be held"):
        polygon_chips(source, large, Expression("b1", 4), ["mean", "median"], memory_limit=10 << 20)
    model = Lambda(np.asarray, "model")
    model.chip_size = (64, 64)
    tall = SpatialPolygonIntersection([box(0, 0, 64, 64), box(9, 9, 65, 3)])
    with pytest.raises(ParameterError, match="polygon 1 .*65 x 3 pixels is larger than the 64 x 64"):
        polygon_chips(source, tall, model, ["mean"])
    with pytest.raises(ParameterError, match="statistics is 'mode': must be among count, sum, mean"):
        polygon_chips(source, tall, Expression("b1", 4), ["mode"])
    assert not source.windows
    # A single pixel at a time: as large as may be.
    result = polygon_chips(source, large, Expression("b1", 4), ["count", "std"])
    assert result.values[:, 0].tolist() == [[81, 0], [25_000_000, 0]]


def test_cancelled_while_polygons_are_looked_for_and_while_they_are_done():
    source = source_of(np.ones((1, 50, 50), np.float32))
    polygons = SpatialPolygonIntersection([box(k, k, 5, 5) for k in range(40)])
    for calls in (0, 20, 50):
        left = [calls]

        def cancelled(left=left):
            left[0] -= 1
            return left[0] < 0

        with pytest.raises(Cancelled):
            polygon_chips(source, polygons, Expression("b1"), ["mean"], cancelled=cancelled)
    shares = []
    polygon_chips(source, polygons, Expression("b1"), ["mean"], progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1


def test_a_piece_that_comes_twice_counts_once():
    tally = PolygonStatistics(np.array([1, 1]), 2, ["count", "mean"])
    ones = np.ones((2, 2))
    for piece, value in ((1, 5.0), (1, 7.0), (0, 1.0)):
        tally.add(piece, np.full((1, 2, 2), value), ones)
    np.testing.assert_array_equal(tally.results(), [[[np.nan, np.nan]], [[8, 3]]])
