"""Statistics of neighbourhoods against those of each by itself."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core.base.errors import Cancelled, MissingPackageError, ParameterError
from patchwise.core.points import search as neighbour_search
from patchwise.core.points import statistics as neighbourhood
from patchwise.core.points.fields import PointField
from patchwise.core.points.graph import SpatialKNNGraph, SpatialRadiusGraph
from patchwise.core.points.statistics import STATISTICS, statistics

from ..cases import examples
from ..made_points import (
    collected,
    field_of,
    fields_and_metrics,
)


def naive(name, values, distances):
    known = ~np.isnan(values)
    values, distances = values[known], distances[known]
    if name == "count":
        return len(values)
    if not len(values):
        return np.nan
    if name != "idw":
        return getattr(np, name)(values)
    if (distances == 0).any():
        return values[distances == 0].mean()
    return np.average(values, weights=1 / distances**2)


@given(fields_and_metrics, st.integers(1, 12), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
@examples(0.6)
def test_statistics_are_those_of_each_neighbourhood(case, k, radius, include_self, seed):
    metric, places = case
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((len(places), 2)) < 0.3, np.nan, rng.normal(1000, 3, (len(places), 2)))
    geometry = (SpatialRadiusGraph if radius else SpatialKNNGraph)(k, metric, include_self)
    field = PointField(places, values)
    result = statistics(field, geometry, tuple(STATISTICS))
    found = collected(field, geometry)
    for name, array in result.items():
        assert array.dtype == np.float64 and array.shape == values.shape
        expected = [[naive(name, values[i, c], d) for c in (0, 1)] for i, d in (found[p] for p in range(len(places)))]
        np.testing.assert_allclose(array, expected, rtol=1e-9, atol=1e-9)
    flat = statistics(PointField(places, values[:, 0]), geometry, ["mean"])["mean"]
    np.testing.assert_array_equal(flat, result["mean"][:, 0])


@given(fields_and_metrics, st.integers(1, 12), st.booleans(), st.integers(0, 2**32 - 1))
@examples(0.6)
def test_statistics_of_others_are_those_without_the_point_itself(case, k, radius, seed):
    metric, places = case
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(len(places)) < 0.3, np.nan, rng.normal(1000, 3, len(places)))
    graph, field = SpatialRadiusGraph if radius else SpatialKNNGraph, PointField(places, values)
    names = tuple(STATISTICS)
    mixed = statistics(field, graph(k, metric), names, of_others=("idw", "median"))
    with_self = statistics(field, graph(k, metric), names)
    alone = statistics(field, graph(k, metric, include_self=False), names)
    for name in names:
        # Those left out are gaps in the row, so that sums are added in another order.
        expected = alone[name] if name in ("idw", "median") else with_self[name]
        np.testing.assert_allclose(mixed[name], expected, rtol=1e-9, atol=1e-9)


def test_idw_of_others_is_not_the_points_own_value():
    field = PointField([[0.0], [1], [3]], [5.0, 10, 20])
    idw = statistics(field, SpatialKNNGraph(2), ["idw"], of_others=["idw"])["idw"]
    np.testing.assert_allclose(
        idw, [(10 + 20 / 9) / (1 + 1 / 9), (5 + 20 / 4) / (1 + 1 / 4), (10 / 4 + 5 / 9) / (1 / 4 + 1 / 9)]
    )
    with pytest.raises(ParameterError, match="statistics is 'mode': must be among count, mean"):
        statistics(field, SpatialKNNGraph(2), ["mean"], of_others=["mode"])


def test_the_mean_of_equal_values_is_that_value():
    field = PointField(np.random.default_rng(0).uniform(0, 1, (100, 2)), np.full(100, 0.1))
    for name, expected in (("mean", 0.1), ("std", 0), ("median", 0.1), ("min", 0.1), ("max", 0.1), ("count", 7)):
        np.testing.assert_array_equal(statistics(field, SpatialKNNGraph(7), [name])[name], expected)


def test_statistics_of_infinite_values():
    field = PointField([[0.0], [1], [2]], [np.inf, np.inf, 1.0])
    result = statistics(field, SpatialKNNGraph(3), ("mean", "min", "max", "median"))
    assert [result[name][0] for name in ("mean", "min", "max", "median")] == [np.inf, 1, np.inf, np.inf]


def test_progress_ends_at_one_and_cancelling_ends_the_work(monkeypatch):
    monkeypatch.setattr(neighbour_search, "_MOST_CANDIDATES", 100)
    field, seen = field_of(np.random.default_rng(0).uniform(0, 1, (100, 2))), []
    statistics(field, SpatialKNNGraph(3), ["mean"], progress=seen.append)
    assert seen == sorted(seen) and len(seen) > 2 and seen[-1] == 1
    asked = iter([False, False, True])
    with pytest.raises(Cancelled, match="cancelled"):
        statistics(field, SpatialKNNGraph(3), ["mean"], cancelled=lambda: next(asked))


def test_nobody_who_cancels_waits_for_a_search_that_takes_long(monkeypatch):
    let_go, asked = threading.Event(), []

    def slow(*arguments):
        let_go.wait(30)
        return iter(())

    def cancelled():
        asked.append(threading.current_thread())
        return len(asked) > 3

    monkeypatch.setattr(neighbourhood, "neighbourhoods", slow)
    try:
        with pytest.raises(Cancelled):
            statistics(field_of(np.zeros((2, 2))), SpatialKNNGraph(1), ["mean"], cancelled=cancelled)
        assert not let_go.is_set() and set(asked) == {threading.current_thread()}
    finally:
        let_go.set()


def test_without_scipy_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.spatial", None)
    with pytest.raises(MissingPackageError, match="'scipy' is needed to find neighbours of points"):
        statistics(field_of(np.zeros((2, 2))), SpatialKNNGraph(1), ["mean"])
