"""What every aggregation and its accumulator keep to: one suite, which each aggregation inherits."""

from __future__ import annotations

import json
import pickle
import random

import numpy as np
import pytest
from patchwise.core import (
    ArraySink,
    GeoTensor,
    Lambda,
    ParameterError,
    RasterField,
    SpatialHann,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    stream,
)
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.stitch.aggregation import (
    SpatialAggregation,
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
from patchwise.core.stitch.contract import Contribution
from patchwise.core.stitch.running_mean import RatioCache
from patchwise.core.stitch.votes import SpatialHardVote, SpatialSoftVote

from ..cases import assert_same_bits, crop
from .held import held_bytes

SIZE, STRIDE, SHAPE = 16, 6, (58, 47)
WHOLE = PixelWindow(0, 0, *SHAPE)
DTYPES = [np.dtype(np.float32), np.dtype(np.float64)]


def first_known(stack, weights):
    result = np.full(stack.shape[1:], np.nan, stack.dtype)
    for layer in stack:
        result = np.where(np.isnan(result), layer, result)
    return result


class Conformance:
    """``aggregation`` with an operator that gives ``bands`` bands; ``made`` are values that suit it."""

    aggregation: SpatialAggregation
    bands = 2
    #: How much of what is promised is held at least.
    used = 1.0

    def made(self, rng, shape):
        return rng.normal(100, 30, shape)

    def contributions(self, dtype=DTYPES[0], holes=True, offset=(0, 0)):
        """Chips in ``(row, col)`` order that reach over all edges but the lower one, each with values of its own."""
        rng, weights = np.random.default_rng(7), SpatialHann().weights(SpatialRectangular((SIZE, SIZE)))
        for row in range(-4, SHAPE[0] - SIZE - 3, STRIDE):
            for col in range(-4, SHAPE[1], STRIDE):
                values = self.made(rng, (self.bands, SIZE, SIZE)).astype(dtype)
                if holes:
                    values[:, rng.random((SIZE, SIZE)) < 0.1] = np.nan
                place = PixelWindow(row + offset[0], col + offset[1], SIZE, SIZE)
                yield Contribution(place, values, weights, finite=not holes)

    def accumulator(self, window=WHOLE, dtype=DTYPES[0], capacity=SIZE, covers=False):
        return self.aggregation.accumulator(self.bands, window, dtype, capacity, covers)

    def result(self, contributions, window=WHOLE, ends=(), **options):
        """All rows of ``window``, finished as chips allow it, and at ``ends`` where these come first."""
        accumulator, pieces, done = self.accumulator(window, **options), [], window.row
        for chip in contributions:
            while done < min(chip.window.row, window.row_stop):
                done = min([end for end in ends if end > done] + [chip.window.row, window.row_stop])
                pieces.append(accumulator.finish(done))
            accumulator.add(chip)
        pieces.append(accumulator.finish(window.row_stop))
        return np.concatenate(pieces, axis=1)

    @pytest.fixture(params=DTYPES, ids=str)
    def dtype(self, request):
        return request.param

    @pytest.fixture(params=[True, False], ids=["holes", "finite"])
    def holes(self, request):
        return request.param

    def test_output_says_what_comes_out(self, dtype):
        result = self.result(self.contributions(dtype), dtype=dtype)
        bands, kind = self.aggregation.output(self.bands, dtype)
        assert result.shape == (bands, *SHAPE) and result.dtype == kind

    def test_rows_finished_earlier_are_the_same_rows(self, dtype, holes):
        chips = list(self.contributions(dtype, holes))
        once = self.result(chips, dtype=dtype)
        for ends in (range(1, 60), (3, 4, 31, 50), (40,)):
            assert_same_bits(self.result(chips, ends=ends, dtype=dtype), once)

    def test_rows_finished_at_the_end_are_the_same_rows(self, dtype, holes):
        chips = list(self.contributions(dtype, holes))
        accumulator = self.accumulator(dtype=dtype)
        for chip in chips:
            accumulator.add(chip)
        pieces = [accumulator.finish(stop) for stop in (0, 1, 1, 30, SHAPE[0])]
        assert [piece.shape[1] for piece in pieces] == [0, 1, 0, 29, 28]
        assert_same_bits(np.concatenate(pieces, axis=1), self.result(chips, dtype=dtype))

    @pytest.mark.parametrize("window", [(0, 0, 58, 9), (20, 30, 1, 1), (7, 11, 22, 33), (40, 0, 18, 47)])
    def test_a_window_alone_is_that_part_of_the_whole(self, window, dtype, holes):
        chips, window = list(self.contributions(dtype, holes)), PixelWindow(*window)
        whole = self.result(chips, dtype=dtype)
        touching = [chip for chip in chips if chip.window.intersect(window).pixels]
        for given in (chips, touching):
            assert_same_bits(self.result(given, window, dtype=dtype), crop(whole, window))

    def test_where_the_window_lies_makes_no_difference(self, holes):
        moved = PixelWindow(1000, 2000, *SHAPE)
        there = self.result(self.contributions(holes=holes, offset=(1000, 2000)), moved)
        assert_same_bits(there, self.result(self.contributions(holes=holes)))

    def test_room_for_more_rows_makes_no_difference(self, holes):
        chips = list(self.contributions(holes=holes))
        assert_same_bits(self.result(chips, capacity=200), self.result(chips, capacity=1))

    def test_finite_is_a_hint_that_does_not_show(self, dtype):
        chips = list(self.contributions(dtype, holes=False))
        without = [Contribution(chip.window, chip.values, chip.weights) for chip in chips]
        assert_same_bits(self.result(chips, dtype=dtype), self.result(without, dtype=dtype))

    def test_factors_do_not_show(self, dtype):
        """On a lattice that covers everything, with and without the factors of its patterns."""
        patcher = SpatialPatcher(
            SpatialRectangular((SIZE, SIZE), "shift"), SpatialRegularStride(STRIDE), SpatialHann(), self.aggregation
        )
        plan, rng, results = patcher.plan(SHAPE), np.random.default_rng(3), []
        cache = RatioCache(patcher.weights_of if self.aggregation.by_weight else lambda h, w: np.ones((h, w)), dtype)
        planned = [chip for group in plan.groups(WHOLE) for chip in group.chips]
        values = [self.made(rng, (self.bands, SIZE, SIZE)).astype(dtype) for _ in planned]
        for ratios in (True, False):
            chips = [
                Contribution(
                    chip.window, x, patcher.weights_of(SIZE, SIZE), True, cache.get(chip.pattern) if ratios else None
                )
                for chip, x in zip(planned, values)
            ]
            results.append(self.result(chips, dtype=dtype, covers=ratios))
        assert_same_bits(*results)

    def test_what_it_is_given_stays_as_it_is(self, holes):
        chips = list(self.contributions(holes=holes))
        for chip in chips:
            chip.values.flags.writeable = chip.weights.flags.writeable = False
        self.result(chips)

    def test_what_it_gave_stays_as_it_is(self):
        accumulator, kept = self.accumulator(), []
        for chip in self.contributions():
            if chip.window.row > 0 and (not kept or chip.window.row > kept[-1][0]):
                rows = accumulator.finish(chip.window.row)
                kept.append((chip.window.row, rows, rows.copy()))
            accumulator.add(chip)
        accumulator.finish(SHAPE[0])
        for _, rows, copied in kept:
            assert_same_bits(rows, copied)

    def test_what_no_value_reaches_is_unknown(self):
        unknown = np.full((self.bands, SIZE, SIZE), np.nan, np.float32)
        known = self.made(np.random.default_rng(2), unknown.shape).astype(np.float32)
        weights = np.ones((SIZE, SIZE))
        chips = [
            Contribution(PixelWindow(0, 0, SIZE, SIZE), unknown, weights),
            Contribution(PixelWindow(0, 20, SIZE, SIZE), known, weights * 0, finite=True),
            Contribution(PixelWindow(30, 100, SIZE, SIZE), known, weights, finite=True),
        ]
        assert np.isnan(self.result(chips)).all()
        assert np.isnan(self.result([])).all()

    def test_equal_contributions_give_that_value_where_it_says_so(self, dtype):
        if not self.aggregation.idempotent:
            return
        field = self.made(np.random.default_rng(1), (self.bands, *SHAPE)).astype(dtype)
        field[:, 10:13, 20:25] = np.nan
        for finite in (False, True):
            values = np.nan_to_num(field, nan=3) if finite else field
            around = np.pad(values, ((0, 0), (4, SIZE), (4, SIZE)), constant_values=np.nan)
            chips = []
            for chip in self.contributions(dtype):
                row, col = chip.window.row + 4, chip.window.col + 4
                part = around[:, row : row + SIZE, col : col + SIZE]
                chips.append(Contribution(chip.window, part, chip.weights, bool(np.isfinite(part).all())))
            reached = max(chip.window.row_stop for chip in chips)
            assert_same_bits(self.result(chips, dtype=dtype)[:, :reached], values[:, :reached])

    def test_merge_is_stream(self, dtype):
        """The patches of a run in memory, in any order, give what the loop writes."""
        array = np.random.default_rng(4).normal(0, 9, (1, *SHAPE)).astype(dtype)
        array[:, 20:23, 30:40] = np.nan
        field = RasterField(GeoTensor(array))
        patcher = SpatialPatcher(
            SpatialRectangular((SIZE, SIZE), "shift"), SpatialRegularStride(STRIDE), SpatialHann(), self.aggregation
        )

        def operator(chip):
            known = np.asarray(chip)[0]
            seed = int(abs(np.nansum(known)) * 1e3) % (1 << 32)
            made = self.made(np.random.default_rng(seed), (self.bands, *known.shape)).astype(known.dtype)
            made[:, np.isnan(known)] = np.nan
            return made

        patches = [patch.with_data(operator(patch.data)) for patch in patcher.split(field)]
        random.Random(5).shuffle(patches)
        sink = ArraySink(SHAPE)
        stream(field.source, patcher, Lambda(operator), sink)
        merged = patcher.merge(patches, field.reader).array
        assert_same_bits(merged.reshape(sink.array.shape), sink.array)

    @pytest.mark.parametrize("covers", [True, False])
    def test_it_holds_no_more_than_it_promises(self, dtype, holes, covers):
        accumulator, most, rows = self.accumulator(dtype=dtype, covers=covers), 0, 2 * SIZE
        for chip in self.contributions(dtype, holes):
            accumulator.finish(max(0, chip.window.row))
            accumulator.add(chip)
            most = max(most, held_bytes(accumulator))
        overlaps = (-(-SIZE // STRIDE)) ** 2
        promised = self.aggregation.memory(self.bands, dtype, overlaps, rows, SHAPE[1])
        assert most <= promised
        assert promised == rows * SHAPE[1] * self.aggregation.bytes_per_pixel(self.bands, dtype, overlaps)

    def test_its_configuration_makes_it_again(self):
        config = json.loads(json.dumps(self.aggregation.get_config()))
        again = type(self.aggregation).from_config(config)
        assert again == self.aggregation and again.get_config() == self.aggregation.get_config()

    def test_it_pickles(self):
        assert pickle.loads(pickle.dumps(self.aggregation)) == self.aggregation


class Labels(Conformance):
    def made(self, rng, shape):
        return rng.integers(0, 5, shape)


class TestOverlapAdd(Conformance):
    aggregation = SpatialOverlapAdd()


class TestOverlapAddWithoutDivision(Conformance):
    aggregation = SpatialOverlapAdd(normalize_by_window=False)


class TestSum(Conformance):
    aggregation = SpatialSum()


class TestWeightedSum(Conformance):
    aggregation = SpatialWeightedSum()


class TestMean(Conformance):
    aggregation = SpatialMean()


class TestVariance(Conformance):
    aggregation = SpatialVariance()


class TestWeightedVariance(Conformance):
    aggregation = SpatialVariance(weighted=True)


class TestSampleVariance(Conformance):
    aggregation = SpatialVariance(ddof=1)


class TestMin(Conformance):
    aggregation = SpatialMin()


class TestMax(Conformance):
    aggregation = SpatialMax()


class TestMedian(Conformance):
    aggregation = SpatialMedian()


class TestLearned(Conformance):
    aggregation = SpatialLearned(first_known)

    def test_its_configuration_makes_it_again(self):
        with pytest.raises(ParameterError, match="SpatialLearned.fn.*a Python callable cannot be serialised"):
            self.aggregation.get_config()


class TestInverseVariances(Conformance):
    aggregation = SpatialInvVarWeightedMean(variances=True)
    bands = 4

    def made(self, rng, shape):
        return np.abs(rng.normal(3, 1, shape)) + 0.1


class TestHardVote(Labels):
    aggregation = SpatialHardVote()


class TestHardVoteOfClasses(Labels):
    aggregation = SpatialHardVote(classes=5)


class TestSoftVote(Conformance):
    aggregation = SpatialSoftVote(probability=True)
    bands = 3

    def made(self, rng, shape):
        return rng.random(shape)


def test_every_aggregation_is_held_to_the_suite():
    def below(kind):
        return {kind} | {each for sub in kind.__subclasses__() for each in below(sub)}

    held = {type(suite.aggregation) for suite in below(Conformance) if hasattr(suite, "aggregation")}
    there = {kind for kind in below(SpatialAggregation) if kind.__module__.startswith("patchwise.core.stitch")}
    assert there - {SpatialAggregation} == held
