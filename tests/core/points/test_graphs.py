"""Neighbours of points: against brute force, at the poles and across the date line, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import SpatialHann
from patchwise.core.axes.sampler import SpatialRandom
from patchwise.core.base.config import from_config, to_config
from patchwise.core.base.errors import ParameterError
from patchwise.core.points import search as neighbour_search
from patchwise.core.points.by_index import SpatialByIndex
from patchwise.core.points.fields import PointField
from patchwise.core.points.graph import SpatialKNNGraph, SpatialRadiusGraph
from patchwise.core.points.statistics import statistics

from ..made_points import (
    EARTH,
    TIE_KM,
    assert_km_or_equal,
    brute_order,
    collected,
    field_of,
    fields_and_metrics,
    patcher_of,
)


@given(fields_and_metrics, st.integers(1, 30), st.booleans())
def test_the_k_nearest_are_those_of_brute_force_ties_by_index(case, k, include_self):
    metric, places = case
    found = collected(field_of(places), SpatialKNNGraph(k, metric, include_self))
    assert sorted(found) == list(range(len(places)))
    for point, (order, distances) in enumerate(brute_order(metric, places, include_self)):
        np.testing.assert_array_equal(found[point][0], order[:k])
        assert_km_or_equal(metric, found[point][1], distances[:k])


@given(fields_and_metrics, st.integers(0, 40), st.booleans())
def test_within_a_radius_are_those_of_brute_force(case, step, include_self):
    metric, places = case
    # Exactly at distances that occur, and between them.
    radius = {"euclidean": 0.25 * step + 0.25, "haversine": EARTH * np.radians(7.5) * (step + 1)}[metric]
    found = collected(field_of(places), SpatialRadiusGraph(radius, metric, include_self))
    slack = TIE_KM if metric == "haversine" else 0
    for point, (order, distances) in enumerate(brute_order(metric, places, include_self)):
        if metric == "haversine" and radius > 19_900:
            continue  # where the oracle itself is not exact
        inside = distances <= radius + slack
        np.testing.assert_array_equal(found[point][0], order[inside])
        assert_km_or_equal(metric, found[point][1], distances[inside])


def test_small_batches_give_the_same(monkeypatch):
    places = np.random.default_rng(1).integers(0, 12, (300, 2)).astype(float)
    graphs = [SpatialKNNGraph(7), SpatialKNNGraph(40, "euclidean", False), SpatialRadiusGraph(3.0)]
    whole = [collected(field_of(places), graph) for graph in graphs]
    monkeypatch.setattr(neighbour_search, "_MOST_CANDIDATES", 50)
    for graph, expected in zip(graphs, whole):
        found = collected(field_of(places), graph)
        for point, (indices, distances) in expected.items():
            np.testing.assert_array_equal(found[point][0], indices)
            np.testing.assert_array_equal(found[point][1], distances)


def test_many_points_at_one_place_are_no_slower_than_others():
    places = np.zeros((200_000, 2))
    places[::2] = np.random.default_rng(0).uniform(1, 2, (100_000, 2))
    found = collected(field_of(places), SpatialKNNGraph(4), np.arange(0, 200_000, 1000) + 1)
    for indices, distances in found.values():
        assert indices.tolist() == [1, 3, 5, 7] and not distances.any()


def test_decimal_coordinates_of_a_lattice_tie_by_index():
    rows, cols = np.indices((9, 9)).reshape(2, -1)
    places = np.stack([500_000.1 + 0.1 * cols, 4_400_000.7 + 0.1 * rows], axis=1)
    indices, _ = collected(field_of(places), SpatialKNNGraph(3), [40])[40]
    assert indices.tolist() == [40, 31, 39]
    indices, _ = collected(field_of(places), SpatialRadiusGraph(0.1), [40])[40]
    assert indices.tolist() == [40, 31, 39, 41, 49]


def test_neighbours_across_the_date_line_and_at_the_poles():
    places = [(179.9, 0), (-179.9, 0), (179.0, 0), (0, 90), (180, 89.9), (77, 90), (0, 89.9), (180, 0), (-180, 0)]
    field = field_of(np.array(places, float))
    found = collected(field, SpatialKNNGraph(4, "haversine"))
    assert found[0][0].tolist() == [0, 7, 8, 1]
    np.testing.assert_allclose(found[0][1], EARTH * np.radians([0, 0.1, 0.1, 0.2]), rtol=1e-9)
    assert found[7][1][:2].tolist() == [0, 0]  # -180 and 180 are one place
    assert found[3][0].tolist() == [3, 5, 4, 6] and found[3][1][1] == 0
    within = collected(field, SpatialRadiusGraph(11.2, "haversine"))
    assert within[3][0].tolist() == [3, 5, 4, 6]
    assert within[4][0].tolist() == [4, 3, 5]


def test_a_projected_crs_is_transformed_for_haversine():
    pytest.importorskip("pyproj")
    utm = PointField([(500_000, 0), (500_000, 10_000), (510_000, 0)], [1, 2, 3], "EPSG:32633")
    _, distances = collected(utm, SpatialKNNGraph(3, "haversine"), [0])[0]
    np.testing.assert_allclose(distances, [0, 10, 10], atol=0.1)


def test_k_beyond_the_number_of_points_gives_all_of_them():
    field = field_of(np.array([(0.0, 0), (1, 0), (3, 0)]))
    assert [len(v[0]) for v in collected(field, SpatialKNNGraph(10**9)).values()] == [3, 3, 3]
    assert [len(v[0]) for v in collected(field, SpatialKNNGraph(3, include_self=False)).values()] == [2, 2, 2]
    alone = field_of(np.array([(5.0, 5)]))
    assert len(collected(alone, SpatialKNNGraph(2, include_self=False))[0][0]) == 0
    assert len(collected(alone, SpatialRadiusGraph(2, include_self=False))[0][0]) == 0


def test_configurations():
    assert SpatialKNNGraph(8).get_config() == {"k": 8, "metric": "euclidean"}
    cases = [SpatialKNNGraph(8, "haversine", False), SpatialRadiusGraph(2, include_self=False), SpatialByIndex("sum")]
    for thing in cases:
        assert type(thing).from_config(thing.get_config()) == thing
    patcher = patcher_of(SpatialKNNGraph(3, include_self=False), SpatialRandom(4, seed=2), SpatialHann(), "sum")
    assert from_config(json.loads(json.dumps(to_config(patcher)))) == patcher


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "3", float("nan")])
def test_k_is_refused(k):
    with pytest.raises(ParameterError, match=r"^k is .*: must be a whole number of neighbours, at least 1"):
        SpatialKNNGraph(k)


@pytest.mark.parametrize("radius", [0, -1.0, float("nan"), float("inf"), True, "3"])
def test_radius_is_refused(radius):
    with pytest.raises(ParameterError, match=r"^radius is .*: must be a finite number above 0"):
        SpatialRadiusGraph(radius)


def test_wrong_parameters_are_refused():
    with pytest.raises(ParameterError, match="metric is 'manhattan': must be one of euclidean, haversine"):
        SpatialKNNGraph(1, "manhattan")
    with pytest.raises(ParameterError, match="include_self is 1: must be True or False"):
        SpatialRadiusGraph(1, include_self=1)
    with pytest.raises(ParameterError, match="how is 'max': must be one of mean, sum, first"):
        SpatialByIndex("max")
    field = field_of(np.zeros((2, 2)))
    with pytest.raises(ParameterError, match="statistics is 'mode': must be among count, mean"):
        statistics(field, SpatialKNNGraph(1), ["mode"])
    with pytest.raises(ParameterError, match="geometry is 'str': must be a graph or a spherical cap"):
        statistics(field, "knn", ["mean"])
    with pytest.raises(ParameterError, match="field is 'int': can be split by graphs and polygons if"):
        next(patcher_of(SpatialKNNGraph(1)).split(3))


def test_places_that_are_not_degrees_are_refused():
    with pytest.raises(ParameterError, match=r"coordinates of point 1 is \[500000.0, 4.0\]: haversine distances need"):
        statistics(field_of(np.array([(0.0, 0), (500_000, 4)])), SpatialKNNGraph(1, "haversine"), ["mean"])
    with pytest.raises(ParameterError, match="number of coordinates is 3: haversine distances need two"):
        statistics(field_of(np.zeros((4, 3))), SpatialKNNGraph(1, "haversine"), ["mean"])
    with pytest.raises(ParameterError, match=r"coordinates of point 0 is \[0.0, 91.0\]: lie not on Earth"):
        statistics(PointField([(0, 91)], [1], "EPSG:4326"), SpatialKNNGraph(1, "haversine"), ["mean"])
