"""The aggregations on small examples by hand, what they hold in memory, their configuration and their errors."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from patchwise.core import (
    GeoTensor,
    Lambda,
    ParameterError,
    RasterField,
    SpatialBoxcar,
    SpatialCustom,
    SpatialHann,
    SpatialMean,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
)
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.loop.read_ahead import column_blocks
from patchwise.core.plan.patch import Patch
from patchwise.core.stitch.aggregation import (
    SpatialAggregation,
    SpatialInvVarWeightedMean,
    SpatialLearned,
    SpatialMax,
    SpatialMedian,
    SpatialMin,
    SpatialSum,
    SpatialVariance,
)
from patchwise.core.stitch.contract import FIRST, Contribution
from patchwise.core.stitch.votes import SpatialHardVote, SpatialSoftVote

from ..cases import PLACED, Case, GeneratedSource, NullSink, make_array, run
from .held import held_bytes
from .test_aggregations import ALL, best, using


def patch(values, row=0, col=0, weights=None):
    values = np.asarray(values)
    h, w = values.shape[-2:]
    return Patch(values, PixelWindow(row, col, h, w), np.ones((h, w)) if weights is None else np.asarray(weights))


def merged(aggregation, *patches, shape=(1, 1)):
    return aggregation.merge(patches, GeoTensor(np.zeros(shape, np.float32))).array


@pytest.mark.parametrize("chips", [(3, -2), (-2, 3), (7, 3, 7, 3)])
def test_hard_votes_tie_to_the_lowest(chips):
    assert merged(SpatialHardVote(), *(patch([[float(c)]]) for c in chips))[0, 0] == min(chips)


def test_soft_votes_tie_to_the_lowest():
    chips = patch(np.array([0.25, 0.5, 0.5]).reshape(3, 1, 1)), patch(np.array([0.75, 0.5, 0.5]).reshape(3, 1, 1))
    np.testing.assert_array_equal(merged(SpatialSoftVote(True), *chips), [[[0]], [[0.5]]])


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "int32", "int64", "uint64", "float16", "float64"])
def test_labels_of_every_type(dtype):
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        values = [max(limits.min, -(2**52)), min(limits.max, 2**53), 1, 0]
    else:
        values = [0, 1, 1, 0]
    array = np.array(values, kind).reshape(2, 2)
    result = merged(SpatialHardVote(), *[patch(array)] * 3, shape=(2, 2))
    np.testing.assert_array_equal(result, array.astype(result.dtype))
    assert [int(v) for v in result.ravel()] == [int(v) for v in array.ravel()]


def test_a_vote_counts_only_where_the_window_does():
    chips = patch([[1.0, 1.0]]), patch([[1.0, 1.0]], weights=[[0.0, 1.0]]), patch([[0.0, 0.0]])
    np.testing.assert_array_equal(merged(SpatialHardVote(), chips[1], chips[2], shape=(1, 2)), [[0, 0]])
    np.testing.assert_array_equal(merged(SpatialHardVote(), *chips, shape=(1, 2)), [[0, 1]])


@pytest.mark.slow
def test_counts_beyond_16_bits():
    window = PixelWindow(0, 0, 1, 1)
    votes = SpatialHardVote().accumulator(1, window, np.dtype(np.float32), 1, False)
    one, ones = np.ones((1, 1)), np.ones((1, 1, 1))
    for k in range(70000):
        votes.add(Contribution(window, ones * (1 if k < 2**16 + 500 else 2), one, finite=True))
    before = held_bytes(votes)
    assert votes.finish(1)[0, 0, 0] == 1
    assert before == 2 * 4


@pytest.mark.parametrize("values, expected", [((np.inf, 1), np.inf), ((np.inf, -np.inf), np.nan)])
def test_infinite_values_are_values(values, expected):
    chips = [patch([[float(v)]]) for v in values]
    np.testing.assert_array_equal(merged(SpatialSum(), *chips)[0, 0], expected)
    assert merged(SpatialMax(), *chips)[0, 0] == np.inf
    assert merged(SpatialMin(), *chips)[0, 0] == min(values)
    assert np.isnan(merged(SpatialVariance(), *chips)[0, 0])


def test_an_infinite_mean_stays_infinite_until_the_opposite_comes():
    for aggregation in (SpatialOverlapAdd(), SpatialMean()):
        for values, expected in (((np.inf, 1), np.inf), ((1, -np.inf, 2), -np.inf), ((np.inf, 1, -np.inf), np.nan)):
            chips = [patch([[float(value)]]) for value in values]
            np.testing.assert_array_equal(merged(aggregation, *chips)[0, 0], expected)


@pytest.mark.parametrize("aggregation", [SpatialMin(), SpatialMax()])
@pytest.mark.parametrize("values", [(-0.0,), (0.0, -0.0), (-0.0, 0.0)])
def test_of_two_zeros_the_positive_one_is_the_extreme(aggregation, values):
    result = merged(aggregation, *[patch([[value]]) for value in values])
    assert result[0, 0] == 0 and not np.signbit(result[0, 0])


def test_a_negative_zero_does_not_show_which_way_a_chip_took():
    place, weights = PixelWindow(0, 0, 1, 2), np.ones((1, 2))
    results = []
    for ratio in (FIRST, None):
        mean = SpatialOverlapAdd().accumulator(1, place, np.dtype(np.float32), 1, True)
        mean.add(Contribution(place, np.array([[[-0.0, 0.0]]], np.float32), weights, True, ratio))
        results.append(mean.finish(1))
    assert results[0].tobytes() == results[1].tobytes()


def test_the_median_of_large_values_does_not_overflow():
    chips = [patch(np.full((1, 1), v, np.float32)) for v in (3.0e38, 3.2e38)]
    assert merged(SpatialMedian(), *chips)[0, 0] == pytest.approx(3.1e38)


def test_variance_of_close_large_values():
    chips = [patch(np.full((1, 1), 1e9 + k)) for k in range(5)]
    assert merged(SpatialVariance(), *chips)[0, 0] == 2.0
    assert merged(SpatialVariance(ddof=1), *chips)[0, 0] == 2.5
    assert merged(SpatialVariance(), chips[0])[0, 0] == 0.0
    assert np.isnan(merged(SpatialVariance(ddof=1), chips[0])[0, 0])


def test_inverse_variances_by_hand():
    chips = [
        patch(np.array([x, v]).reshape(2, 1, 1)) for x, v in ((1.0, 1.0), (4.0, 2.0), (9, 0), (9, -1), (9, np.inf))
    ]
    result = merged(SpatialInvVarWeightedMean(True), *chips)
    np.testing.assert_allclose(result.ravel(), [2.0, 1 / 1.5])
    assert merged(SpatialInvVarWeightedMean(), *chips).shape == (1, 1, 1)
    assert np.isnan(merged(SpatialInvVarWeightedMean(), *chips[2:])).all()


def test_learned_sees_contributions_in_chip_order():
    seen = []

    def fn(stack, weights):
        seen.append((stack.copy(), weights.copy()))
        return stack[0] * 0 + 5

    result = merged(SpatialLearned(fn), patch([[2.0, 3.0]], col=1), patch([[1.0, 7.0]]), shape=(2, 3))
    np.testing.assert_array_equal(result, [[5, 5, 5], [np.nan] * 3])
    (stack, weights), *_ = seen
    np.testing.assert_array_equal(stack[:, 0, 0], [[1, 7, 3], [np.nan, 2, np.nan]])
    np.testing.assert_array_equal(weights[:, 0], [[1, 1, 1], [0, 1, 0]])


def test_what_no_value_reaches_stays_unknown_whatever_is_learned():
    result = merged(
        SpatialLearned(lambda stack, weights: np.ones(stack.shape[1:])), patch([[2.0, np.nan]]), shape=(1, 3)
    )
    np.testing.assert_array_equal(result, [[1, np.nan, np.nan]])


# Memory


def most_held(aggregation, operator_bands, height, size=16, step=8, width=64):
    """The most bytes held while chips of a lattice come in, with values and holes."""
    window = PixelWindow(0, 0, height, width)
    rng = np.random.default_rng(1)
    held = aggregation.accumulator(operator_bands, window, np.dtype(np.float32), size + 32, False)
    most = 0
    for row in range(0, height - size + 1, step):
        held.finish(row)
        for col in range(0, width - size + 1, step):
            values = rng.integers(1, 4, (operator_bands, size, size)).astype(np.float32)
            values[:, 0, 0] = np.nan
            held.add(Contribution(PixelWindow(row, col, size, size), values, np.ones((size, size))))
            most = max(most, held_bytes(held))
    return most


@pytest.mark.parametrize("aggregation", [a for a, _ in ALL], ids=lambda a: type(a).__name__)
def test_memory_does_not_grow_with_the_height(aggregation):
    low, high = (most_held(aggregation, 2, height) for height in (128, 1280))
    assert low == high
    # Four chips meet; the estimate by which column blocks are chosen covers what is held.
    estimate = aggregation.memory(2, np.float32, 4, 16 + 32, 64)
    assert high <= estimate
    if not isinstance(aggregation, (SpatialHardVote, SpatialLearned)):
        assert high == estimate


def test_hard_votes_hold_two_bytes_a_class():
    few, many = (SpatialHardVote(classes=n) for n in (4, 12))
    assert most_held(few, 2, 128) == 3 * 2 * 2 * (16 + 32) * 64  # three labels were seen
    assert many.memory(2, np.float32, 4, 48, 64) == 12 * 2 * 2 * 48 * 64


def test_column_blocks_know_what_an_aggregation_holds():
    source, limit = GeneratedSource((4096, 4096), strip_rows=16), 64 << 20

    def blocks(aggregation, stride=32):
        cut = SpatialPatcher(SpatialRectangular((64, 64), "shift"), SpatialRegularStride(stride), SpatialHann())
        plan = cut.plan(source.domain)
        return len(column_blocks(source, plan, PLACED, aggregation, NullSink(), source.domain.window, limit))

    assert blocks(SpatialMin()) == blocks(SpatialMedian(), stride=64) == 1
    assert 1 < blocks(SpatialHardVote(100)) < blocks(SpatialHardVote(1000))
    assert 1 < blocks(SpatialMedian(), stride=8) < blocks(SpatialMedian(), stride=4)


def test_most_overlaps_of_a_lattice():
    plan = SpatialPatcher(SpatialRectangular((10, 12), "drop"), SpatialRegularStride((5, 5))).plan((100, 100))
    assert plan.most_overlaps(PixelWindow(0, 0, 100, 100)) == 2 * 3


# Configuration and errors


WRITABLE = [aggregation for aggregation, _ in ALL if not isinstance(aggregation, SpatialLearned)]


@pytest.mark.parametrize("aggregation", WRITABLE, ids=lambda aggregation: type(aggregation).__name__)
def test_config_makes_an_equal_aggregation(aggregation):
    assert type(aggregation).from_config(aggregation.get_config()) == aggregation


def test_a_learned_aggregation_has_no_config():
    with pytest.raises(ParameterError, match="SpatialLearned.fn is 'best': a Python callable cannot be serialised"):
        SpatialLearned(best).get_config()


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda: SpatialVariance(ddof=-1), "ddof is -1: must be a whole number, 0 or more"),
        (lambda: SpatialVariance(weighted=True, ddof=1), "ddof is 1: must be 0 where weighted is True"),
        (lambda: SpatialHardVote(classes=0), "classes is 0: must be a whole number from 1 to 1024, or None"),
        (lambda: SpatialHardVote(classes=2000), "classes is 2000: must be a whole number from 1 to 1024"),
        (lambda: SpatialLearned("max"), "fn is 'max': must be callable"),
        (lambda: SpatialLearned(best, bands=0), "bands is 0: must be a whole number of at least 1"),
        (lambda: SpatialInvVarWeightedMean().output(3, np.dtype("f4")), "operator is 3: must be even"),
    ],
)
def test_bad_parameters_are_refused(make, match):
    with pytest.raises(ParameterError, match=match):
        make()


@pytest.mark.parametrize(
    "aggregation, values, match",
    [
        (SpatialHardVote(), [[1, 0.5]], "label at row 0, column 1 is 0.5: must be a whole number"),
        (SpatialHardVote(), [[np.inf]], "is inf: must be a whole number"),
        (SpatialHardVote(classes=3), [[3.0]], "is 3: must be from 0 to 2, as classes is 3"),
        (SpatialHardVote(classes=3), [[-1.0]], "is -1: must be from 0 to 2"),
        (SpatialHardVote(), [[2**53 + 1]], "must be a number that float64 holds exactly"),
        (SpatialHardVote(), [np.arange(1025)], "is one of more than 1024 labels"),
        (SpatialHardVote(), [np.arange(1025) * 1000], "is one of more than 1024 labels"),
        (SpatialLearned(lambda s, w: s), [[1.0]], r"fn is '<lambda>': must return numbers of the shape \(1, 1, 1\)"),
        (SpatialLearned(lambda s, w: 1 / 0), [[1.0]], "failed on contributions.*ZeroDivisionError: division by zero"),
        (SpatialInvVarWeightedMean(), [[1.0]], "must be even"),
    ],
)
def test_bad_values_are_refused(aggregation, values, match):
    chip = patch(values)
    with pytest.raises(ParameterError, match=match):
        merged(aggregation, chip, shape=chip.window[2:])


def test_errors_in_the_loop_are_the_same():
    field = RasterField(GeoTensor(np.full((20, 20), 0.5, np.float32)))
    cut = SpatialPatcher(SpatialRectangular((8, 8)), SpatialRegularStride(4), SpatialBoxcar(), SpatialHardVote())
    with pytest.raises(ParameterError, match="is 0.5: must be a whole number"):
        run(SimpleNamespace(field=field, patcher=cut), PLACED)


def test_the_base_has_no_accumulator():
    with pytest.raises(TypeError, match="SpatialAggregation has no accumulator"):
        SpatialAggregation().accumulator(1, PixelWindow(0, 0, 1, 1), np.dtype("f4"), 1, True)


def test_a_wider_patch_among_the_rest_widens_the_result():
    chips = patch(np.ones((1, 1), np.float32)), patch(np.full((1, 1), 2**40, np.int64))
    assert merged(SpatialSum(), *chips)[0, 0] == 2**40 + 1


def test_a_window_with_holes_counts_only_where_it_is_above_zero():
    window = SpatialCustom("where(r <= 0.8, 1, 0)")
    array = make_array((30, 31), "float32", 0.1, False, 2)
    case = Case(array, None, (9, 9), (7, 7), "shift", window)
    weights = run(using(case, SpatialSum()), Lambda(lambda chip: np.ones_like(chip)))
    np.testing.assert_array_equal(np.isnan(weights), np.isnan(run(case, Lambda(lambda chip: np.ones_like(chip)))))
