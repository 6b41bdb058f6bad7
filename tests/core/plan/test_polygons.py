"""Polygons on rasters: masks that are rasterio's, what is taken for a polygon, and the laws of the one loop."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine
from hypothesis import assume, given
from hypothesis import strategies as st
from patchwise.core import (
    GeoTensor,
    Lambda,
    ParameterError,
    PlanError,
    RasterField,
    SpatialHann,
    SpatialPatcher,
)
from patchwise.core.axes.sampler import SpatialRandom
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.loop.coverage import write_coverage
from patchwise.core.plan.polygons import SpatialPolygonIntersection
from patchwise.core.rasters.memory import ArraySink

from ..cases import (
    WHOLE_CHIP,
    assert_same_bits,
    assert_streamed_is_merged,
    assert_window_is_part_of_the_whole,
    crop,
    examples,
    make_array,
    run,
)

features = pytest.importorskip("rasterio.features")

TRANSFORMS = (
    None,
    Affine(10, 0, 500_000, 0, -10, 5_000_000),
    Affine(0.3, 0, 10, 0, 0.7, -50),  # south-up, oblong
    Affine.translation(500_000, 5_000_000) * Affine.rotation(33) * Affine.scale(10, -20),
)
SQUARE = {"type": "Polygon", "coordinates": [[(2, 3), (7, 3), (7, 9), (2, 9), (2, 3)]]}


def star(rng, centre, radius, corners):
    """A ring without crossings, not convex."""
    angles = np.sort(rng.uniform(0, 2 * math.pi, corners))
    lengths = radius * rng.uniform(0.3, 1, corners)
    return [(centre[0] + r * math.cos(a), centre[1] + r * math.sin(a)) for a, r in zip(angles, lengths)]


@st.composite
def cases(draw):
    """A raster and polygons on, beside and partly off it, with holes and in several parts."""
    shape = (draw(st.integers(3, 45)), draw(st.integers(3, 45)))
    transform = draw(st.sampled_from(TRANSFORMS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    place = transform or Affine.identity()
    polygons = []
    for _ in range(draw(st.integers(1, 6))):
        parts = []
        for _ in range(draw(st.integers(1, 3))):
            centre = rng.uniform(-0.4, 1.4) * shape[1], rng.uniform(-0.4, 1.4) * shape[0]
            radius = rng.uniform(0.2, max(shape))
            rings = [star(rng, centre, radius, rng.integers(3, 9))]
            if draw(st.booleans()):
                rings.append(star(rng, centre, radius / 3, 5))
            parts.append([[place * point for point in (*ring, ring[0])] for ring in rings])
        polygons.append(
            {"type": "MultiPolygon", "coordinates": parts}
            if len(parts) > 1
            else {"type": "Polygon", "coordinates": parts[0]}
        )
    bands = draw(st.sampled_from((None, 2)))
    array = make_array(shape if bands is None else (bands, *shape), "float32", 0.1, False, 3)
    masks = [features.geometry_mask([polygon], shape, place, all_touched=False, invert=True) for polygon in polygons]
    assume(any(mask.any() for mask in masks))
    row, col = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
    window = PixelWindow(row, col, draw(st.integers(1, shape[0] - row)), draw(st.integers(1, shape[1] - col)))
    return SimpleNamespace(
        array=array,
        shape=shape,
        masks=masks,
        polygons=polygons,
        window=window,
        domain=RasterDomain(shape, transform),
        patcher=SpatialPatcher(SpatialPolygonIntersection(polygons)),
        field=RasterField(GeoTensor(array, transform)),
    )


def chips(plan):
    return [chip for group in plan.groups(PixelWindow(0, 0, *plan.shape)) for chip in group.chips]


@given(cases())
@examples(2)
def test_masks_are_those_of_rasterio(case):
    plan = case.patcher.plan(case.domain)
    assert list(plan.left_out) == [k for k, mask in enumerate(case.masks) if not mask.any()]
    assert sorted(plan.order.tolist()) == [k for k, mask in enumerate(case.masks) if mask.any()]
    for position, chip in zip(plan.order.tolist(), chips(plan)):
        mask = case.masks[position]
        rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert chip.window == (rows[0], cols[0], rows[-1] - rows[0] + 1, cols[-1] - cols[0] + 1)
        np.testing.assert_array_equal(chip.weights, crop(mask, chip.window))


@given(cases())
def test_streamed_equals_merge(case):
    assert_streamed_is_merged(case, WHOLE_CHIP)


@given(cases(), st.integers(1, 9))
def test_a_window_alone_equals_that_window_of_the_whole(case, block_width):
    assume(case.patcher.plan(case.domain).count(case.window))
    assert_window_is_part_of_the_whole(case, WHOLE_CHIP, case.window, block_width)


@given(cases())
def test_identity_gives_the_input_inside_the_polygons(case):
    covered = np.any(case.masks, axis=0)
    result = run(case, Lambda(lambda chip: chip))
    assert_same_bits(result, np.where(covered, case.array, np.float32(np.nan)).reshape(result.shape))
    sink = ArraySink(case.shape)
    write_coverage(case.patcher, case.domain, case.domain.window, sink)
    np.testing.assert_array_equal(sink.array[0], np.sum(case.masks, axis=0))
    share = case.patcher.plan(case.domain).covered_share(case.window)
    assert share == pytest.approx(crop(covered, case.window).mean(), abs=1e-12)


def test_the_operator_sees_the_polygon_and_nothing_else():
    array = np.arange(150.0).reshape(10, 15).astype(np.float32)
    triangle = {"type": "Polygon", "coordinates": [[(0, 0), (5.8, 0), (0, 5.8)]]}
    (patch,) = SpatialPatcher(SpatialPolygonIntersection([triangle])).split(RasterField(GeoTensor(array)))
    inside = np.add.outer(np.arange(5), np.arange(5)) < 5
    assert patch.data.shape == (5, 5) and patch.anchor == (0, 0)
    np.testing.assert_array_equal(np.isnan(np.asarray(patch.data)), ~inside)
    assert float(np.nansum(np.asarray(patch.data))) == array[:5, :5][inside].sum()


def test_masks_made_again_are_the_same(monkeypatch):
    rng = np.random.default_rng(5)
    polygons = [{"type": "Polygon", "coordinates": [star(rng, (40, 40), 50, 30)]} for _ in range(20)]

    def weights():
        plan = SpatialPatcher(SpatialPolygonIntersection(polygons)).plan((80, 70))
        return [chip.weights for chip in chips(plan)]

    kept = weights()
    monkeypatch.setattr("patchwise.core.plan.polygons._KEPT_BYTES", 0)
    for one, other in zip(kept, weights()):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.float64 and not one.flags.writeable


def test_polygons_in_another_crs_are_transformed():
    pyproj = pytest.importorskip("pyproj")
    domain = RasterDomain((50, 60), Affine(10, 0, 500_000, 0, -10, 5_000_000), "EPSG:32633")
    ring = [domain.transform * point for point in ((5.2, 7.1), (40.3, 9.2), (30.8, 44.4))]
    there = pyproj.Transformer.from_crs(32633, 4326, always_xy=True)
    moved = [there.transform(*point) for point in ring]
    direct = SpatialPolygonIntersection([{"type": "Polygon", "coordinates": [ring]}])
    other = SpatialPolygonIntersection([{"type": "Polygon", "coordinates": [moved]}], crs=4326)
    same = SpatialPolygonIntersection([{"type": "Polygon", "coordinates": [ring]}], crs="EPSG:32633")
    (expected,), *found = (chips(SpatialPatcher(geometry).plan(domain)) for geometry in (direct, other, same))
    for (chip,) in found:
        assert chip.window == expected.window
        np.testing.assert_array_equal(chip.weights, expected.weights)
    with pytest.raises(ParameterError, match="the raster's crs is None: is not known"):
        SpatialPatcher(other).plan(RasterDomain((50, 60), domain.transform))


class Shape:
    """What shapely's geometries have in common with it."""

    def __init__(self, mapping):
        self.__geo_interface__ = mapping


class Frame(list):
    """What geopandas' frames have in common with it."""

    crs = "EPSG:32633"

    @property
    def __geo_interface__(self):
        return {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": one} for one in self]}


@pytest.mark.parametrize(
    "polygons",
    [
        [SQUARE],
        (SQUARE,),
        iter([SQUARE]),
        SQUARE,
        Shape(SQUARE),
        [Shape(SQUARE)],
        [{"type": "Feature", "properties": {}, "geometry": SQUARE}],
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": SQUARE}]},
        [{"type": "Polygon", "coordinates": [[(2, 3, 50), (7, 3, 50), (7, 9, 50), (2, 9, 50)]]}],  # heights; not closed
        [{"type": "Polygon", "coordinates": [np.array(SQUARE["coordinates"][0])]}],
        [{"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]}],
        [{"type": "GeometryCollection", "geometries": [SQUARE]}],
    ],
)
def test_what_is_taken_for_a_polygon(polygons):
    geometry = SpatialPolygonIntersection(polygons)
    assert geometry == SpatialPolygonIntersection([SQUARE]) and hash(geometry) == hash(geometry)
    assert geometry.polygons == (
        {"type": "Polygon", "coordinates": (((2.0, 3.0), (7.0, 3.0), (7.0, 9.0), (2.0, 9.0), (2.0, 3.0)),)},
    )
    (chip,) = chips(SpatialPatcher(geometry).plan((20, 20)))
    assert chip.window == (3, 2, 6, 5) and chip.weights.all()


def test_a_frame_brings_its_crs():
    assert SpatialPolygonIntersection(Frame([SQUARE, SQUARE])).crs == "EPSG:32633"
    assert SpatialPolygonIntersection(Frame([SQUARE]), crs=3857).crs == "EPSG:3857"
    assert len(SpatialPolygonIntersection(Frame([SQUARE, SQUARE])).polygons) == 2


def test_polygons_are_rebuilt_from_their_configuration():
    two = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"], [[(20, 20), (30.5, 20), (20, 30)]]]}
    for geometry in (SpatialPolygonIntersection([SQUARE, two]), SpatialPolygonIntersection([two], "EPSG:3857")):
        again = SpatialPolygonIntersection.from_config(json.loads(json.dumps(geometry.get_config())))
        assert again == geometry


@pytest.mark.parametrize(
    ("polygons", "message"),
    [
        ([], "polygons is 0: there must be at least one"),
        ([SQUARE, {"type": "Point", "coordinates": (1, 2)}], "polygon 1 is 'Point': must be a polygon"),
        ([{"type": "Polygon", "coordinates": []}], "polygon 0 is 'Polygon': must be a polygon that is not empty"),
        ([{"type": "Polygon", "coordinates": [[(1, 2), (3, 4), (1, 2)]]}], "at least three different positions"),
        ([{"type": "Polygon", "coordinates": [[(1, 2), (3, float("nan")), (1, 3)]]}], "finite numbers"),
        ([SQUARE, "POLYGON((0 0, 1 1))"], "polygon 1 is .*: must be a shapely geometry or a mapping"),
        ([None], "polygon 0 is None"),
        (5, "polygons is 5: must be polygons"),
    ],
)
def test_what_is_no_polygon_is_named(polygons, message):
    with pytest.raises(ParameterError, match=message):
        SpatialPolygonIntersection(polygons)


def test_polygons_that_hold_no_pixel_are_left_out_and_none_at_all_is_refused():
    away = {"type": "Polygon", "coordinates": [[(200, 3), (700, 3), (700, 9)]]}
    sliver = {"type": "Polygon", "coordinates": [[(2.6, 3), (3.4, 3), (3.4, 9), (2.6, 9)]]}
    plan = SpatialPatcher(SpatialPolygonIntersection([away, SQUARE, sliver])).plan((20, 20))
    assert len(plan) == 1 and plan.left_out == (0, 2) and plan.order.tolist() == [1]
    transform = Affine(10, 0, 500_000, 0, -10, 5_000_000)
    with pytest.raises(
        PlanError, match=r"none of them holds the centre of a pixel of the raster, whose bounds .*500000"
    ):
        SpatialPatcher(SpatialPolygonIntersection([SQUARE])).plan(RasterDomain((20, 20), transform))


def test_samplers_and_windows_mean_nothing_to_polygons():
    with pytest.raises(ParameterError, match="sampler is 'SpatialRandom': each polygon is one chip"):
        SpatialPatcher(SpatialPolygonIntersection([SQUARE]), SpatialRandom(3)).plan((20, 20))
    with pytest.raises(ParameterError, match="window is 'SpatialHann': on polygons the mask is the weight"):
        SpatialPatcher(SpatialPolygonIntersection([SQUARE]), window=SpatialHann()).plan((20, 20))
