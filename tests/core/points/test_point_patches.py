"""Patches of points: what they hold, merging them back, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    ApplyToChips,
    GridSampler,
    Lambda,
    Sequential,
    SpatialGaussian,
    SpatialHann,
    SpatialPatcher,
    SpatialRegularStride,
    SpatialTukey,
    Stitch,
)
from patchwise.core.axes.sampler import SpatialExplicit, SpatialPoissonDisk, SpatialRandom
from patchwise.core.base.errors import OperatorError, ParameterError, PlanError
from patchwise.core.points.by_index import SpatialByIndex
from patchwise.core.points.fields import PointField
from patchwise.core.points.graph import SpatialKNNGraph, SpatialRadiusGraph
from patchwise.core.points.patches import PointPatch, anchors_of

from ..made_points import (
    WINDOWS,
    field_of,
    fields_and_metrics,
    patcher_of,
)


@given(fields_and_metrics, st.sampled_from(WINDOWS), st.integers(1, 9), st.booleans(), st.data())
def test_split_and_merge_by_index_is_the_identity(case, window, k, radius, data):
    metric, places = case
    special = st.sampled_from([np.nan, 0.1, 1e300, -np.inf, np.inf, 3.3])
    shape = (len(places), data.draw(st.integers(1, 3)))
    values = np.array(data.draw(st.lists(special, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])))
    field = PointField(places, values.reshape(shape))
    geometry = SpatialRadiusGraph(k, metric) if radius else SpatialKNNGraph(k, metric)
    for how in ("mean", "first"):
        patcher = patcher_of(geometry, window=window, how=how)
        patches = list(patcher.split(field))
        covered = np.zeros(len(places), bool)
        covered[np.concatenate([patch.indices for patch in patches])] = True
        shuffled = data.draw(st.permutations(patches))
        merged = patcher.merge(shuffled, field)
        np.testing.assert_array_equal(merged, np.where(covered[:, None], field.values, np.nan))


@given(fields_and_metrics, st.sampled_from(WINDOWS), st.randoms())
def test_merged_values_are_the_weighted_mean_in_any_order(case, window, random):
    metric, places = case
    patcher = patcher_of(SpatialKNNGraph(4, metric), window=window)
    patches = [p.with_data(np.sin(p.anchor + np.arange(len(p.indices)))) for p in patcher.split(field_of(places))]
    total, weight = np.zeros(len(places)), np.zeros(len(places))
    for patch in patches:
        total[patch.indices] += patch.weights * patch.data
        weight[patch.indices] += patch.weights
    merged = patcher.merge(patches, len(places))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(merged, total / weight, rtol=1e-9, atol=1e-12)
    random.shuffle(patches)
    np.testing.assert_array_equal(patcher.merge(patches, len(places)), merged)


def test_patches_hold_neighbours_weights_and_anchor():
    field = PointField([(0, 0), (3, 0), (4, 0), (40, 0)], [[1, 10], [2, 20], [3, np.nan], [4, 40]])
    patches = list(patcher_of(SpatialRadiusGraph(5), window=SpatialTukey(1)).split(field))
    assert [patch.anchor for patch in patches] == [0, 1, 2, 3]
    first = patches[0]
    assert first.indices.tolist() == [0, 1, 2] and first.distances.tolist() == [0, 3, 4]
    np.testing.assert_array_equal(first.data, [[1, 10], [2, 20], [3, np.nan]])
    np.testing.assert_allclose(first.weights, np.cos(np.pi / 2 * np.array([0, 0.6, 0.8])) ** 2)
    assert not any(array.flags.writeable for array in (first.data, first.indices, first.weights, first.distances))
    nearest = list(patcher_of(SpatialKNNGraph(2), window=SpatialGaussian(1)).split(field))
    np.testing.assert_allclose(nearest[3].weights, np.exp([0, -0.5]))


def test_all_points_at_one_place_have_full_weight():
    patches = list(patcher_of(SpatialKNNGraph(2), window=SpatialHann()).split(field_of(np.zeros((3, 2)))))
    assert [patch.weights.tolist() for patch in patches] == [[1, 1]] * 3


def test_an_anchor_without_neighbours_has_no_patch():
    field = field_of(np.array([(0.0, 0), (1, 0), (50, 0)]))
    patcher = patcher_of(SpatialRadiusGraph(2, include_self=False))
    patches = list(patcher.split(field))
    assert [patch.anchor for patch in patches] == [0, 1]
    np.testing.assert_array_equal(patcher.merge(patches, field), [0, 1, np.nan])


def test_a_pipeline_over_points():
    field = field_of(np.random.default_rng(3).uniform(0, 1, (40, 2)))
    patcher = patcher_of(SpatialKNNGraph(5))
    double = Lambda(lambda values: values * 2, "double")
    result = Sequential([GridSampler(patcher), ApplyToChips(double), Stitch(SpatialByIndex(), field)])(field)
    np.testing.assert_allclose(result, field.values * 2)


def test_sums_are_not_weighted_and_first_is_that_of_the_lowest_anchor():
    ones = np.ones(1)
    patches = [PointPatch(np.array([v]), np.array([1]), a, ones * w) for a, v, w in ((2, 5.0, 1), (0, 7.0, 3))]
    np.testing.assert_array_equal(SpatialByIndex("sum").merge(patches, 3), [np.nan, 12, np.nan])
    np.testing.assert_array_equal(SpatialByIndex("first").merge(patches, 3), [np.nan, 7, np.nan])
    np.testing.assert_array_equal(SpatialByIndex().merge(patches, 3), [np.nan, 6.5, np.nan])
    nowhere = [patches[0].with_data([np.nan]), PointPatch(np.array([5]), np.array([0]), 1, np.zeros(1))]
    assert np.isnan(SpatialByIndex().merge(nowhere, 3)).all()


def test_samplers_see_points_as_rows_of_one_column():
    assert anchors_of(None, 3).tolist() == [0, 1, 2]
    assert anchors_of(SpatialRegularStride(2), 5).tolist() == [0, 2, 4]
    assert anchors_of(SpatialExplicit([(4, 0), (1, 0), (4, 0)]), 5).tolist() == [1, 4]
    assert anchors_of([3, 0, 3], 5).tolist() == [0, 3]
    drawn = anchors_of(SpatialRandom(10, seed=4), 100)
    assert len(set(drawn.tolist())) == 10 and drawn.tolist() == anchors_of(SpatialRandom(10, seed=4), 100).tolist()


@pytest.mark.parametrize("geometry", [SpatialKNNGraph(2), SpatialRadiusGraph(2)])
def test_graphs_on_rasters_are_refused(geometry):
    patcher = SpatialPatcher(geometry, SpatialRegularStride(1))
    with pytest.raises(PlanError, match="geometry is 'Spatial.*Graph': has no chips on a raster"):
        patcher.plan((10, 10))


def test_samplers_that_mean_pixels_are_refused():
    for sampler in (SpatialPoissonDisk(3), SpatialExplicit([(0.5, 1)], "EPSG:4326")):
        with pytest.raises(PlanError, match="sampler is .*: its distances or coordinates are those of pixels"):
            anchors_of(sampler, 10)
    with pytest.raises(PlanError, match="its indices must lie from 0 to 9"):
        anchors_of([10], 10)
    with pytest.raises(PlanError, match="must be a sampler, or indices of points"):
        anchors_of([0.5], 10)


def test_patches_that_do_not_fit_are_refused():
    field = field_of(np.arange(6.0).reshape(3, 2))
    patches = list(patcher_of(SpatialKNNGraph(2)).split(field))
    merge = SpatialByIndex().merge
    with pytest.raises(PlanError, match="patches is 0: there must be at least one to merge"):
        merge([], field)
    with pytest.raises(ParameterError, match=r"patch at point 0 is \(1,\): must have one value.* each of its 2 points"):
        merge([patches[0].with_data([1.0])], field)
    with pytest.raises(ParameterError, match=r"patch at point 0 is \(\): must have one value"):
        merge([patches[0].with_data(1.0)], field)
    with pytest.raises(ParameterError, match="must have values that are real numbers"):
        merge([patches[0].with_data(["a", "b"])], field)
    with pytest.raises(ParameterError, match="must all have the same number of attributes"):
        merge([patches[0], patches[1].with_data(np.zeros((2, 2)))], field)
    with pytest.raises(ParameterError, match="its indices must lie from 0 to 0"):
        merge(patches, 1)
    with pytest.raises(ParameterError, match="domain is 'str': must be the field, its domain, or the number of points"):
        merge(patches, "field")
    with pytest.raises(ParameterError, match="patches is 'int': must be those of a PointField or VectorField"):
        merge([3], field)
    with pytest.raises(PlanError, match="lie on no pixel grid: merge them by SpatialByIndex"):
        SpatialPatcher(SpatialKNNGraph(2), SpatialRegularStride(1)).merge(patches, field)


def test_an_operator_that_fails_names_the_anchor():
    def fails(values):
        raise ValueError("no")

    patches = patcher_of(SpatialKNNGraph(2)).split(field_of(np.zeros((2, 2))))
    with pytest.raises(OperatorError, match="operator failing failed on the patch at index 0: ValueError: no"):
        list(ApplyToChips(Lambda(fails, "failing"))(patches))
