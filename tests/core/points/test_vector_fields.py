"""Fields of points and features: what they hold, centroids, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from patchwise.core import SpatialBoxcar, SpatialPatcher, SpatialRegularStride
from patchwise.core.axes.geometry import SpatialGeometry
from patchwise.core.base.errors import ParameterError
from patchwise.core.grid.features import centroid
from patchwise.core.points.by_index import SpatialByIndex
from patchwise.core.points.fields import PointDomain, PointField, VectorField
from patchwise.core.points.graph import SpatialKNNGraph
from patchwise.core.points.patches import split_field

from ..made_points import line, point, ring, square


class Shape:
    """As shapely's geometries: known by what they say of themselves."""

    def __init__(self, mapping):
        self.__geo_interface__ = mapping


class Column(list):
    def isna(self):
        return [value is NOT_THERE for value in self]


NOT_THERE = type("NA", (), {"__float__": None})()


class Frame(dict):
    """As much of a GeoDataFrame as is asked for."""

    crs = "EPSG:32633"

    @property
    def columns(self):
        return list(self)

    @property
    def geometry(self):
        series = type("Series", (list,), {"name": "geom"})
        return series(self["geom"])


def test_a_point_field():
    field = PointField([(0, 1), (2, 3)], [None, 4], "EPSG:4326", "height")
    assert field.domain == PointDomain(2, "EPSG:4326") and field.domain.shape == (2,)
    assert field.values.dtype == np.float64 and field.names == ("height",)
    np.testing.assert_array_equal(field.values, [np.nan, 4])
    masked = PointField(np.zeros((2, 3)), np.ma.masked_equal([[1, 2], [3, 4]], 3), names=("a", "b"))
    np.testing.assert_array_equal(masked.values, [[1, 2], [np.nan, 4]])
    own = np.zeros((2, 2))
    PointField(own, own)
    assert own.flags.writeable


def test_a_vector_field():
    columns = {"name": ["a", "b"], "count": [1, None], "flag": [True, False], "digits": ["1", "2"]}
    field = VectorField([point(0, 1), Shape(square(1, 1, 2))], columns, "EPSG:32633")
    assert field.names == ("count", "flag") and field.domain.count == 2
    np.testing.assert_array_equal(field.values, [[1, 1], [np.nan, 0]])
    np.testing.assert_array_equal(field.places(), [[0, 1], [2, 2]])
    assert VectorField([point(0, 0)]).values.shape == (1, 0)
    assert VectorField([{"type": "Feature", "geometry": point(3, 4)}]).places().tolist() == [[3, 4]]


def test_a_geopandas_frame():
    frame = Frame(geom=[Shape(point(0, 0)), Shape(point(1, 1))], n=Column([NOT_THERE, 7]), name=["x", "y"])
    field = VectorField.from_geopandas(frame)
    assert field.names == ("n",) and field.crs == "EPSG:32633" and set(field.attributes) == {"n", "name"}
    np.testing.assert_array_equal(field.values[:, 0], [np.nan, 7])


def test_a_real_geopandas_frame():
    geopandas = pytest.importorskip("geopandas")
    point = pytest.importorskip("shapely.geometry").Point  # where shapely 1.8 and 2 both have it
    frame = geopandas.GeoDataFrame({"n": [1, 2]}, geometry=[point(0, 0), point(1, 1)], crs=4326)
    field = VectorField.from_geopandas(frame)
    assert field.names == ("n",) and field.places().tolist() == [[0, 0], [1, 1]]


CENTROIDS = [
    (point(3, 4), (3, 4)),
    ({"type": "MultiPoint", "coordinates": [[0, 0], [2, 6]]}, (1, 3)),
    (line((0, 0), (4, 0), (4, 4)), (3, 1)),
    ({"type": "MultiLineString", "coordinates": [[[0, 0], [2, 0]], [[10, 0], [12, 0]]]}, (6, 0)),
    (square(2, 2, 2), (3, 3)),
    (square(0, 0, 4, hole=(2, 1, 2)), ((16 * 2 - 4 * 3) / 12, 2)),
    ({"type": "MultiPolygon", "coordinates": [[ring(0, 0, 2)], [ring(10, 0, 2)[::-1]]]}, (6, 1)),
    (square(1e7, 1e7, 1e-3), (1e7 + 5e-4, 1e7 + 5e-4)),
    (line((5, 5), (5, 5)), (5, 5)),
    ({"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [0, 0]]]}, (2, 0)),
    ({"type": "GeometryCollection", "geometries": [point(99, 99), square(0, 0, 2)]}, (1, 1)),
    ({"type": "Point", "coordinates": [1, 2, 300]}, (1, 2)),
]


@pytest.mark.parametrize(("geometry", "expected"), CENTROIDS)
def test_centroids(geometry, expected):
    np.testing.assert_allclose(centroid(geometry, "it"), expected, rtol=1e-12)


@pytest.mark.parametrize(("geometry", "expected"), CENTROIDS)
def test_centroids_are_those_of_shapely(geometry, expected):
    shape = pytest.importorskip("shapely.geometry").shape(geometry)
    if shape.is_valid:
        np.testing.assert_allclose(shape.centroid.coords[0][:2], expected, rtol=1e-9)


def test_a_feature_across_the_date_line_has_its_centroid_there():
    east, west = ring(178, 10, 2), [[-180, 10], [-178, 10], [-178, 12], [-180, 12], [-180, 10]]
    cut = {"type": "MultiPolygon", "coordinates": [[east], [west]]}
    field = VectorField([cut, cut, point(179, 11)], {"v": [1, 2, 3]}, "EPSG:4326")
    np.testing.assert_allclose(field.places(spherical=True)[0], (180, 11))
    patches = list(split_field(field, SpatialKNNGraph(3, "haversine"), None, SpatialBoxcar()))
    assert patches[2].distances.max() < 112 and patches[2].indices.tolist() == [2, 0, 1]
    projected = VectorField([line((-500, 0), (500, 0))], {}, "EPSG:32633")
    pytest.importorskip("pyproj")
    assert projected.places(spherical=True)[0][0] < 15  # 500 km west of the central meridian, not unwrapped


def test_a_graph_of_features_is_that_of_their_centroids():
    field = VectorField([square(0, 0), point(1, 0.5), square(9, 0)], {"v": [1.0, 2, 4], "name": ["a", "b", "c"]})
    patcher = SpatialPatcher(SpatialKNNGraph(2), SpatialRegularStride(1), aggregation=SpatialByIndex())
    patches = list(patcher.split(field))
    assert [patch.indices.tolist() for patch in patches] == [[0, 1], [1, 0], [2, 1]]
    np.testing.assert_array_equal(patcher.merge(patches, field), [[1], [2], [4]])


class Cap(SpatialGeometry):
    def cap_km(self):
        return 112.0


def test_a_spherical_cap_on_points_is_a_radius_in_km():
    field = PointField([(0, 0), (1, 0), (2, 0)], [1, 2, 3])
    patches = list(split_field(field, Cap(), None, SpatialBoxcar()))
    assert [patch.indices.tolist() for patch in patches] == [[0, 1], [1, 0, 2], [2, 1]]


def test_wrong_coordinates_are_refused():
    with pytest.raises(
        ParameterError, match=r"coordinates of point 1 is \[nan, 2.0\]: every coordinate must be finite"
    ):
        PointField([(0, 0), (np.nan, 2)], [1, 2])
    for shape in ((3,), (0, 2), (2, 0)):
        with pytest.raises(ParameterError, match=r"coordinates is \(.*\): must have the shape .* at least one point"):
            PointField(np.zeros(shape), np.zeros(shape[:1]))
    with pytest.raises(ParameterError, match="coordinates is .*: must be numbers of shape"):
        PointField([("a", "b")], [1])


def test_wrong_values_are_refused():
    for values in ([1, 2, 3], 4, np.zeros((2, 2, 2))):
        with pytest.raises(ParameterError, match=r"values is \(.*\): must have the shape .* for the n = 2 points"):
            PointField(np.zeros((2, 2)), values)
    for values in (["1", "2"], [None, "2"], [1j, 2]):
        with pytest.raises(ParameterError, match="values is .*: must be real numbers"):
            PointField(np.zeros((2, 2)), values)
    with pytest.raises(ParameterError, match=r"names is \('a',\): must be one for each attribute"):
        PointField(np.zeros((2, 2)), np.zeros((2, 2)), names=("a",))


def test_wrong_features_are_refused():
    with pytest.raises(ParameterError, match="geometries is 0: there must be at least one feature"):
        VectorField([])
    for wrong in (None, {"coordinates": [0, 0]}, {"type": "Circle"}, "POINT (0 0)"):
        with pytest.raises(
            ParameterError, match="geometry of feature 1 is .*: must be a shapely geometry or a mapping"
        ):
            VectorField([point(0, 0), wrong])
    with pytest.raises(ParameterError, match="attribute v is 1: must have one value for each of the 2 features"):
        VectorField([point(0, 0)] * 2, {"v": [1]})
    with pytest.raises(ParameterError, match=r"use VectorField.from_geopandas\(frame\)"):
        VectorField(Frame(geom=[Shape(point(0, 0))]))
    with pytest.raises(ParameterError, match="frame is 'list': must be a GeoDataFrame"):
        VectorField.from_geopandas([])


@pytest.mark.parametrize("coordinates", [[[0, 0], [1]], [[0, 0], ["a", 1]], [[0, 0], [np.nan, 1]], [3, 4]])
def test_wrong_positions_are_refused(coordinates):
    field = VectorField([{"type": "LineString", "coordinates": coordinates}])
    with pytest.raises(ParameterError, match="geometry of feature 0 is .*: must have coordinates that are pairs of"):
        field.places()


def test_empty_geometries_have_no_place():
    field = VectorField([point(0, 0), {"type": "Polygon", "coordinates": []}])
    with pytest.raises(ParameterError, match="geometry of feature 1 is 'Polygon': must not be empty"):
        field.places()
