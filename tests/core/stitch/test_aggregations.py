"""The aggregations: the laws of the loop for each, each against a direct formula over all contributions, and errors."""

from __future__ import annotations

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    Expression,
    Lambda,
    SpatialHann,
    SpatialOverlapAdd,
    SpatialRectangular,
)
from patchwise.core.stitch.aggregation import (
    SpatialInvVarWeightedMean,
    SpatialLearned,
    SpatialMax,
    SpatialMean,
    SpatialMedian,
    SpatialMin,
    SpatialSum,
    SpatialVariance,
    SpatialWeightedSum,
)
from patchwise.core.stitch.votes import SpatialHardVote, SpatialSoftVote

from ..cases import (
    PLACED,
    Case,
    assert_same_bits,
    cases,
    cases_with_window,
    crop,
    examples,
    make_array,
    model_starts,
    run,
)


def banded(chip):
    values = np.asarray(PLACED(chip))
    return values[None] if values.ndim == 2 else values


def with_variances(chip):
    values = banded(chip)
    return np.concatenate([values, np.abs(values) % 3])


def labels(chip):
    return np.floor(banded(chip)) % 5 - 2


def probabilities(chip):
    values = np.floor(banded(chip)[0])
    return np.stack([(values * (k + 1)) % 4 / 4 for k in range(3)])


def best(stack, weights):
    """A value of each pixel alone, in the order of the layers."""
    result = np.zeros(stack.shape[1:], stack.dtype)
    for values, weight in zip(stack, weights):
        result += np.where(np.isnan(values), 0, values * weight.astype(stack.dtype))
    return result[:1]


#: Each with an operator that suits it.
ALL = (
    (SpatialOverlapAdd(), PLACED),
    (SpatialOverlapAdd(normalize_by_window=False), PLACED),
    (SpatialSum(), PLACED),
    (SpatialWeightedSum(), PLACED),
    (SpatialMean(), PLACED),
    (SpatialVariance(), PLACED),
    (SpatialVariance(weighted=True), PLACED),
    (SpatialVariance(ddof=1), PLACED),
    (SpatialMin(), PLACED),
    (SpatialMax(), PLACED),
    (SpatialMedian(), PLACED),
    (SpatialLearned(best, bands=1), PLACED),
    (SpatialInvVarWeightedMean(variances=True), Lambda(with_variances)),
    (SpatialHardVote(), Lambda(labels)),
    (SpatialSoftVote(probability=True), Lambda(probabilities)),
)
SAMPLED = st.sampled_from(ALL)


def using(case, aggregation):
    return SimpleNamespace(field=case.field, patcher=replace(case.patcher, aggregation=aggregation))


def patches_of(case, operator):
    with np.errstate(all="ignore"):
        return [patch.with_data(operator(np.asarray(patch.data))) for patch in case.patcher.split(case.field)]


@given(cases(), SAMPLED, st.randoms(use_true_random=False))
@examples(1.5)
def test_streamed_equals_whole_array_merge(case, drawn, random):
    aggregation, operator = drawn
    case = using(case, aggregation)
    patches = patches_of(case, operator)
    random.shuffle(patches)
    merged = case.patcher.merge(patches, case.field.reader).array
    streamed = run(case, operator, workers=2)
    assert_same_bits(streamed, merged.reshape(streamed.shape))


@given(cases(), SAMPLED)
@examples(1)
def test_any_number_of_workers_gives_the_same_pixels(case, drawn):
    aggregation, operator = drawn
    one, two, seven = (run(using(case, aggregation), operator, workers=n) for n in (1, 2, 7))
    assert_same_bits(two, one)
    assert_same_bits(seven, one)


@given(cases_with_window(), SAMPLED, st.integers(1, 9))
@examples(1.5)
def test_a_window_alone_and_column_blocks_equal_the_whole(drawn, chosen, block_width):
    (case, window), (aggregation, operator) = drawn, chosen
    case = using(case, aggregation)
    whole = run(case, operator, workers=1)
    assert_same_bits(run(case, operator, window, workers=2), crop(whole, window))
    assert_same_bits(run(case, operator, workers=1, block_width=block_width, memory_limit=1), whole)


def contributions(case, operator):
    """``(n, bands, h, w)`` with NaN where a value does not count, and ``(n, h, w)`` weights, in float64."""
    height, width = case.shape
    reach = [2 * n + s for n, s in zip(case.size, case.stride)]
    pads = [(0, 0)] * (case.expected.ndim - 2) + [(0, r) for r in reach]
    pad = dict(mode="constant", constant_values=np.nan) if case.boundary == "pad" else dict(mode="reflect")
    big = np.pad(case.expected, pads, **pad)
    placed = []
    for row, h in model_starts(height, case.size[0], case.stride[0], case.boundary):
        for col, w in model_starts(width, case.size[1], case.stride[1], case.boundary):
            with np.errstate(all="ignore"):
                x = np.asarray(operator(big[..., row : row + h, col : col + w].copy()), np.float64)
            placed.append((row, col, x.reshape(-1, h, w), case.window.weights(SpatialRectangular((h, w)))))
    count = np.zeros(big.shape[-2:], int)
    for row, col, x, _ in placed:
        count[row : row + x.shape[1], col : col + x.shape[2]] += 1
    stack = np.full((count.max(), len(placed[0][2]), *count.shape), np.nan)
    weights = np.zeros((count.max(), *count.shape))
    count[...] = 0
    for row, col, x, w in placed:
        r, c = np.mgrid[row : row + x.shape[1], col : col + x.shape[2]]
        slot = count[r, c]
        stack[slot, :, r, c] = np.where(w > 0, x, np.nan).transpose(1, 2, 0)
        weights[slot, r, c] = w
        count[r, c] += 1
    return stack[..., :height, :width], weights[:, :height, :width]


def known(stack, result):
    return np.where(np.isnan(stack).all(axis=0), np.nan, result)


def direct_inverse_variance(stack, weights):
    half = stack.shape[1] // 2
    x, v = stack[:, :half], stack[:, half:]
    counts = ~np.isnan(x) & (v > 0)
    inverse = np.where(counts, 1 / np.where(counts, v, 1), 0)
    total = inverse.sum(axis=0)
    parts = [np.where(counts, x * inverse, 0).sum(axis=0) / total, 1 / total]
    return np.where(np.concatenate([total, total]) > 0, np.concatenate(parts), np.nan)


def direct_vote(stack, weights):
    votes = np.stack([(stack == label).sum(axis=0) for label in range(-2, 3)])
    return known(stack, votes.argmax(axis=0) - 2)


def weighted(stack, weights):
    return np.where(np.isnan(stack), 0, weights[:, None])


def direct_weighted_variance(stack, weights):
    w = weighted(stack, weights)
    mean = np.nansum(w * stack, axis=0) / w.sum(axis=0)
    return np.nansum(w * (stack - mean) ** 2, axis=0) / w.sum(axis=0)


DIRECT = (
    (SpatialOverlapAdd(normalize_by_window=False), lambda x, w: known(x, np.nansum(x * w[:, None], axis=0))),
    (SpatialWeightedSum(), lambda x, w: known(x, np.nansum(x * w[:, None], axis=0))),
    (SpatialSum(), lambda x, w: known(x, np.nansum(x, axis=0))),
    (SpatialMean(), lambda x, w: np.nanmean(x, axis=0)),
    (SpatialVariance(), lambda x, w: np.nanvar(x, axis=0)),
    (SpatialVariance(ddof=1), lambda x, w: np.nanvar(x, axis=0, ddof=1)),
    (SpatialVariance(weighted=True), direct_weighted_variance),
    (SpatialMin(), lambda x, w: np.nanmin(x, axis=0)),
    (SpatialMax(), lambda x, w: np.nanmax(x, axis=0)),
    (SpatialMedian(), lambda x, w: np.nanmedian(x, axis=0)),
    (SpatialInvVarWeightedMean(variances=True), direct_inverse_variance),
    (SpatialHardVote(), direct_vote),
)
OPERATORS = {type(aggregation): operator for aggregation, operator in ALL}


@given(cases(), st.sampled_from(DIRECT))
@examples(2)
def test_each_is_its_direct_formula_over_all_contributions(case, chosen):
    aggregation, formula = chosen
    if np.isinf(case.expected).any():
        array = np.nan_to_num(case.array, posinf=3, neginf=-3)
        case = Case(array, case.nodata, case.size, case.stride, case.boundary, case.window)
    operator = OPERATORS[type(aggregation)]
    result = run(using(case, aggregation), operator, workers=1)
    stack, weights = contributions(case, operator)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # numpy's, about slices that are all NaN
        expected = formula(stack, weights)
        largest = np.nanmax(np.abs(stack), axis=0, initial=0)
    np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
    if type(aggregation) in (SpatialMin, SpatialMax, SpatialHardVote):
        np.testing.assert_array_equal(result, expected.astype(result.dtype))
        return
    if isinstance(aggregation, SpatialVariance):  # numpy's two passes round relative to the squares
        tolerance = 8 * np.finfo(result.dtype).eps * expected + 1e-13 * largest**2
    elif isinstance(aggregation, SpatialInvVarWeightedMean):
        tolerance = 1e-5 * np.maximum(np.abs(expected), np.concatenate([largest[: len(expected) // 2]] * 2))
    else:
        most = np.maximum(1, len(stack))
        tolerance = 8 * np.finfo(result.dtype).eps * largest * most
    error = np.abs(result - expected)
    assert (error <= tolerance)[~np.isnan(expected)].all(), np.nanmax(error)


@given(cases(), st.booleans())
@examples(1.5)
def test_soft_vote_is_the_largest_weighted_mean(case, probability):
    result = run(using(case, SpatialSoftVote(probability)), Lambda(probabilities), workers=1)
    assert len(result) == 1 + probability
    stack, weights = contributions(case, probabilities)
    unknown = np.isnan(stack).any(axis=1)
    w = np.where(unknown, 0, weights)
    with np.errstate(invalid="ignore"):
        means = np.where(unknown[:, None], 0, stack * w[:, None]).sum(axis=0) / w.sum(axis=0)
    np.testing.assert_array_equal(np.isnan(result[0]), w.sum(axis=0) == 0)
    reached = w.sum(axis=0) > 0
    chosen = np.take_along_axis(means, np.where(reached, result[0], 0).astype(int)[None], axis=0)[0]
    # Of means that are equal up to rounding any may be the largest.
    assert (chosen >= means.max(axis=0) - 1e-5)[reached].all()
    if probability:
        np.testing.assert_allclose(result[1][reached], chosen[reached], atol=1e-5)


IDEMPOTENT = (SpatialOverlapAdd(), SpatialMean(), SpatialMin(), SpatialMax(), SpatialMedian())


@given(cases(), st.sampled_from(IDEMPOTENT))
@examples(1.5)
def test_equal_contributions_give_that_value_to_the_bit(case, aggregation):
    assert aggregation.idempotent
    same, single = Lambda(lambda chip: chip), SpatialOverlapAdd()
    assert_same_bits(run(using(case, aggregation), same), run(using(case, single), same))


@given(cases())
@examples(1)
def test_a_vote_of_equal_chips_is_the_chip(case):
    finite = np.isfinite(case.expected)
    classes = np.where(finite, np.floor(np.where(finite, case.expected, 0)) % 7 - 3, np.nan)
    case = Case(classes, None, case.size, case.stride, case.boundary, case.window)
    same = Lambda(lambda chip: chip)
    assert_same_bits(run(using(case, SpatialHardVote()), same), run(case, same))


@pytest.mark.parametrize("aggregation", [*IDEMPOTENT, SpatialHardVote()])
def test_a_pointwise_expression_gives_the_bits_of_the_overlapping_way(aggregation):
    array = np.floor(make_array((1, 40, 41), "float32", 0.1, False, 5) % 9)
    case = using(Case(array, None, (9, 11), (4, 5), "shift", SpatialHann()), aggregation)
    expression = Expression("b1 * 3", 1)
    assert_same_bits(run(case, expression), run(case, Lambda(expression)))


def test_what_is_not_idempotent_says_so():
    not_so = (SpatialSum(), SpatialWeightedSum(), SpatialVariance(), SpatialSoftVote(), SpatialInvVarWeightedMean())
    assert not any(a.idempotent for a in (*not_so, SpatialOverlapAdd(normalize_by_window=False)))
