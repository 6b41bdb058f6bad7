"""Points and features by polygon: against the crossing number, and what is refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import SpatialBoxcar, SpatialHann, SpatialPatcher, SpatialRegularStride
from patchwise.core.axes.geometry import Areas, SpatialGeometry
from patchwise.core.base.errors import MissingPackageError, ParameterError
from patchwise.core.grid.features import as_mapping, inside
from patchwise.core.points.by_index import SpatialByIndex
from patchwise.core.points.fields import PointField, VectorField
from patchwise.core.points.patches import split_by_polygons, split_field

from ..made_points import line, point, ring, square


class Polygons(SpatialGeometry):
    def __init__(self, *polygons, crs=None):
        self.polygons, self.crs = polygons, crs

    def areas(self):
        return Areas(self.polygons, self.crs)


def naive_inside(rings, x, y):
    """Crossing number, point by point, in exact arithmetic of small whole numbers."""
    odd = False
    for positions in rings:
        for (x0, y0), (x1, y1) in zip(positions, positions[1:]):
            if (y0 <= y) != (y1 <= y):
                side = (x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)
                odd ^= side < 0 if y1 > y0 else side > 0
    return odd


whole = st.integers(-6, 6)


@given(st.lists(st.lists(st.tuples(whole, whole), min_size=3, max_size=8), min_size=1, max_size=3))
def test_points_in_a_polygon_are_those_of_the_crossing_number(rings):
    rings = [[*positions, positions[0]] for positions in rings]
    x, y = np.meshgrid(np.arange(-7, 8) / 1.0, np.arange(-7, 8) / 1.0)
    x, y = x.ravel(), y.ravel()
    found = inside([np.array(positions, float) for positions in rings], x, y)
    assert found.tolist() == [naive_inside(rings, *place) for place in zip(x, y)]


@given(st.integers(0, 2**32 - 1))
def test_polygons_that_tile_the_plane_share_no_point_and_miss_none(seed):
    rng = np.random.default_rng(seed)
    nodes = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), axis=-1)
    nodes[1:-1, 1:-1] += rng.uniform(-0.3, 0.3, (3, 3, 2))
    tiles = [[nodes[r, c], nodes[r, c + 1], nodes[r + 1, c + 1], nodes[r + 1, c]] for r in range(4) for c in range(4)]
    triangles = [t for a, b, c, d in tiles for t in ((a, b, c), (a, d, c))]
    polygons = [{"type": "Polygon", "coordinates": [t]} for t in triangles]
    along = rng.uniform(0, 1, (200, 1))
    ends = rng.integers(0, 4, (200, 2))
    edges = nodes[ends[:, 0], ends[:, 1]] * along + nodes[ends[:, 0] + 1, ends[:, 1]] * (1 - along)
    points = np.concatenate([nodes[:-1, :-1].reshape(-1, 2), edges[edges[:, 0] < 4], rng.uniform(0, 4, (200, 2))])
    hits = np.zeros(len(points), int)
    for patch in split_by_polygons(PointField(points, np.zeros(len(points))), polygons):
        hits[patch.indices] += 1
    assert (hits == 1).all()


def test_points_by_polygon():
    field = PointField([(0.5, 0.5), (1.5, 1.5), (5, 5), (20.5, 0.5)], [1, np.nan, 3, 4])
    multi = {"type": "MultiPolygon", "coordinates": [[ring(0, 0, 3), ring(1, 1, 1)], [ring(20, 0, 1)]]}
    patcher = SpatialPatcher(Polygons(multi, square(90, 90), square(1, 1, 6)), None, aggregation=SpatialByIndex())
    patches = list(patcher.split(field))
    assert [(patch.anchor, patch.indices.tolist()) for patch in patches] == [(0, [0, 3]), (2, [1, 2])]
    assert patches[0].weights.tolist() == [1, 1] and patches[0].distances is None
    np.testing.assert_array_equal(patcher.merge(patches, field), field.values)


def test_overlapping_parts_of_a_multipolygon_do_not_cancel():
    multi = {"type": "MultiPolygon", "coordinates": [[ring(0, 0, 3)], [ring(1, 1, 3)]]}
    assert next(split_by_polygons(PointField([(2, 2)], [1]), [multi])).indices.tolist() == [0]


def test_features_that_are_points_need_no_other_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "shapely.geometry", None)
    multi = {"type": "MultiPoint", "coordinates": [[9, 9], [0.5, 0.5], [0.6, 0.6]]}
    field = VectorField([point(9, 9), multi, {"type": "MultiPoint", "coordinates": []}], {"v": [1, 2, 3]})
    (patch,) = split_by_polygons(field, [square(0, 0)])
    assert patch.indices.tolist() == [1] and patch.data.tolist() == [[2]]
    with pytest.raises(MissingPackageError, match="'shapely' is needed to intersect polygons with lines or polygons"):
        list(split_by_polygons(VectorField([line((0, 0), (1, 1))]), [square(0, 0)]))


def test_lines_and_polygons_by_polygon():
    pytest.importorskip("shapely")
    hole = square(0, 0, 10, hole=(2, 2, 6))
    shapes = [
        line((-5, 5), (15, 5)),
        square(3, 3),
        square(10, 10),
        point(1, 1),
        line((20, 20), (30, 30)),
        square(1, 4, 3),
    ]
    field = VectorField(shapes, {"v": range(6)})
    (patch,) = split_by_polygons(field, [hole, square(50, 50)])
    assert patch.indices.tolist() == [0, 2, 3, 5] and patch.data[:, 0].tolist() == [0, 2, 3, 5]


def test_polygons_in_another_crs():
    pytest.importorskip("pyproj")
    field = PointField([(500_000, 10_000), (700_000, 10_000)], [1, 2], "EPSG:32633")
    (patch,) = split_field(field, Polygons(square(14.9, 0, 0.2), crs="EPSG:4326"), None, SpatialBoxcar())
    assert patch.indices.tolist() == [0]


def test_samplers_and_windows_on_polygons_are_refused():
    field = PointField(np.zeros((1, 2)), [1])
    with pytest.raises(ParameterError, match="sampler is 'SpatialRegularStride': each polygon is one patch"):
        split_field(field, Polygons(square(0, 0)), SpatialRegularStride(1), SpatialBoxcar())
    with pytest.raises(ParameterError, match="window is 'SpatialHann': in polygons all weigh the same"):
        split_field(field, Polygons(square(0, 0)), None, SpatialHann())


def test_wrong_polygons_are_refused():
    field = PointField(np.zeros((1, 2)), [1])
    for wrong in (line((0, 0), (1, 1)), {"type": "Polygon", "coordinates": []}):
        with pytest.raises(ParameterError, match="polygon 1 is .*: must be a polygon that is not empty"):
            list(split_by_polygons(field, [square(0, 0), wrong]))
    with pytest.raises(ParameterError, match="number of coordinates is 3: points must have two to lie in a polygon"):
        list(split_by_polygons(PointField(np.zeros((1, 3)), [1]), [square(0, 0)]))
    with pytest.raises(ParameterError, match="polygon 0 is 3: must be a shapely geometry or a mapping"):
        as_mapping(3, "polygon 0")
