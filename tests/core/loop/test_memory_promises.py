"""What is promised of memory against what is taken: tracemalloc counts numpy's buffers, in all threads."""

from __future__ import annotations

import tracemalloc
from functools import partial
from typing import Any, Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from patchwise.core import (
    Lambda,
    Operator,
    SpatialHann,
    SpatialHardVote,
    SpatialInvVarWeightedMean,
    SpatialLearned,
    SpatialMax,
    SpatialMean,
    SpatialMedian,
    SpatialMin,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSoftVote,
    SpatialSum,
    SpatialVariance,
    SpatialWeightedSum,
    stream,
)
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.loop.read_ahead import (
    CallerThread,
    SourceRows,
    blocks_of,
    bytes_per_column,
    column_blocks,
    rows_held,
    slack,
    width_that_fits,
)
from patchwise.core.preview.estimate import GDAL_CACHE, Work
from patchwise.core.stitch import accumulators, contributions, votes
from patchwise.core.stitch.contract import FIRST, Contribution
from patchwise.core.stitch.running_mean import RatioCache
from patchwise.core.stitch.votes import HardVotes

from ..cases import GeneratedSource
from ..stitch.held import held_bytes

SIZE, WIDTH = 32, 2000
#: What no formula speaks of: Python's own objects, and pieces of a few MB in which rows are finished.
LITTLE = 5 << 20


def first_layer(stack, weights):
    return stack[0]


AGGREGATIONS = {
    "mean": SpatialOverlapAdd(),
    "sum by weight": SpatialOverlapAdd(normalize_by_window=False),
    "sum": SpatialSum(),
    "weighted sum": SpatialWeightedSum(),
    "equal mean": SpatialMean(),
    "variance": SpatialVariance(),
    "weighted variance": SpatialVariance(weighted=True),
    "min": SpatialMin(),
    "max": SpatialMax(),
    "median": SpatialMedian(),
    "learned": SpatialLearned(first_layer),
    "inverse variances": SpatialInvVarWeightedMean(variances=True),
    "hard vote": SpatialHardVote(classes=5),
    "soft vote": SpatialSoftVote(probability=True),
}
EACH = pytest.mark.parametrize("aggregation", AGGREGATIONS.values(), ids=AGGREGATIONS)


PLACES = pytest.mark.parametrize(
    ("boundary", "height"),
    [("drop", 150), ("pad", 75), ("shift", 20), ("shift", 150), ("reflect", 20), ("reflect", 75)],
)


def labels(chip: np.ndarray) -> np.ndarray:
    """Values of all kinds: five labels, and a hole in each chip."""
    made = np.broadcast_to(np.arange(chip.shape[-1]) % 5, chip.shape).astype(chip.dtype)
    made[..., 0, 0] = np.nan
    return made


class Nowhere:
    """Takes rows and forgets them."""

    block_width = 64

    def start(self, bands, dtype):
        pass

    def write(self, row, col, values):
        pass


class Meter:
    """Memory taken since it was made: ``now``, and the most since the last ``reset``."""

    def __enter__(self) -> Meter:
        tracemalloc.start()
        self.start = tracemalloc.get_traced_memory()[0]
        return self

    def __exit__(self, *error: object) -> None:
        tracemalloc.stop()

    @property
    def now(self) -> int:
        return tracemalloc.get_traced_memory()[0] - self.start

    @property
    def most(self) -> int:
        return tracemalloc.get_traced_memory()[1] - self.start


def taken(work: Callable[[], Any]) -> int:
    with Meter() as meter:
        work()
        return meter.most


def lattice(shape, aggregation, stride=SIZE // 2, size=SIZE, boundary="drop", window=None):
    return SpatialPatcher(
        SpatialRectangular((size, size), boundary), SpatialRegularStride(stride), window or SpatialHann(), aggregation
    ).plan(shape)


@EACH
@pytest.mark.parametrize(("bands", "dtype", "covers"), [(2, "float32", True), (4, "float64", False)])
def test_an_accumulator_holds_what_its_formula_says(aggregation, bands, dtype, covers):
    dtype, plan = np.dtype(dtype), lattice((4 * SIZE, WIDTH), aggregation)
    window, rows = PixelWindow(0, 0, *plan.shape), SIZE + slack(plan)
    promised = aggregation.memory(bands, dtype, plan.most_overlaps(window), rows, WIDTH)
    values = labels(np.empty((bands, SIZE, SIZE), dtype))
    weights, held, most, result = np.full((SIZE, SIZE), 0.5), 0, 0, 0
    with Meter() as meter:
        accumulator = aggregation.accumulator(bands, window, dtype, rows, covers)
        for group in plan.groups(window):
            if group.row:
                result = max(result, accumulator.finish(group.row).nbytes)
            for chip in group.chips:
                accumulator.add(Contribution(chip.window, values, weights))
            held = max(held, meter.now)
        result = max(result, accumulator.finish(4 * SIZE).nbytes)
        most = meter.most
    assert 0.9 * promised < held < promised + (1 << 19)
    assert most < promised + result + LITTLE


@EACH
@pytest.mark.parametrize("at_once", [1, 40, 250])
def test_rows_finished_in_pieces_are_those_finished_at_once(monkeypatch, aggregation, at_once):
    plan, results = lattice((50, 60), aggregation, stride=9), []
    window, values = PixelWindow(0, 0, 50, 60), np.random.default_rng(5).integers(0, 5, (2, SIZE, SIZE))
    values = np.where(values == 4, np.nan, values).astype(np.float32)
    for most in (1 << 30, at_once):
        for module in (accumulators, votes):
            monkeypatch.setattr(module, "_PIECE_VALUES", most)
        monkeypatch.setattr(contributions, "_PIECE_BYTES", most)
        accumulator = aggregation.accumulator(2, window, np.dtype(np.float32), 50, False)
        for k, chip in enumerate(chip for group in plan.groups(window) for chip in group.chips):
            accumulator.add(Contribution(chip.window, np.roll(values, k, axis=2), np.full((SIZE, SIZE), 0.5)))
        results.append([accumulator.finish(stop).tobytes() for stop in (13, 50)])
    assert results[0] == results[1]


@pytest.mark.slow
@pytest.mark.parametrize(("boundary", "height"), [("drop", 150), ("shift", 20), ("reflect", 75)])
@EACH
def test_a_run_takes_no_more_than_is_promised(aggregation, boundary, height):
    source = GeneratedSource((height, WIDTH), 2, 16)
    patcher = SpatialPatcher(
        SpatialRectangular((SIZE, SIZE), boundary), SpatialRegularStride((20, 24)), SpatialHann(), aggregation
    )
    assert over(source, patcher, Lambda(labels)) < 1 << 20


@PLACES
@pytest.mark.parametrize("strip_rows", [1, 16, 48])
def test_source_rows_hold_what_is_promised(boundary, height, strip_rows):
    source = GeneratedSource((height, WIDTH), 2, strip_rows)
    patcher = SpatialPatcher(SpatialRectangular((SIZE, SIZE), boundary), SpatialRegularStride((20, 24)))
    plan, window = patcher.plan(source.domain), source.domain.window
    promised = bytes_per_column(source, plan, Lambda(labels), patcher.aggregation, window)[0] * WIDTH
    read, cut = strip_rows * source.raw_itemsize * 2 * WIDTH, 2 * 8 * SIZE * (SIZE + 2 * strip_rows)

    def run():
        rows = SourceRows(source, plan, window, CallerThread(), lambda: None)
        for group in plan.groups(window):
            rows.hold(group)
            for chip in group.chips:
                rows.chip(chip)

    assert 0.9 * (promised - read) < taken(run) < promised + cut + (1 << 17)


@pytest.mark.parametrize("boundary", ["pad", "shrink", "shift", "reflect"])
@given(st.integers(1, 40), st.integers(1, 15), st.integers(1, 20), st.none() | st.integers(0, 99))
def test_mirrored_chips_need_no_more_rows_than_others(boundary, height, size, stride, seed):
    sampler = SpatialRegularStride((stride, 1)) if seed is None else SpatialRandom(min(5, height), seed=seed)
    patcher = SpatialPatcher(SpatialRectangular((size, 1), boundary), sampler)
    assume(boundary != "shift" or seed is None or height - size >= 5)
    plan, source = patcher.plan((height, 1)), GeneratedSource((height, 1), 1, 3)
    window = source.domain.window
    assert all(group.read_hi - group.read_lo <= size for group in plan.groups(window))
    assert rows_held(source, plan, window) <= size + 2 * 3


@pytest.mark.slow
def test_a_block_of_columns_keeps_to_the_limit():
    source, limit = GeneratedSource((100, 12_000), 2, 16), 6 << 20
    operator = Lambda(labels)
    for boundary, aggregation in (("drop", SpatialOverlapAdd()), ("reflect", SpatialMedian())):
        patcher = SpatialPatcher(
            SpatialRectangular((SIZE, SIZE), boundary), SpatialRegularStride(20), SpatialHann(), aggregation
        )
        plan, window = patcher.plan(source.domain), source.domain.window
        blocks = column_blocks(source, plan, operator, aggregation, Nowhere(), window, limit)
        assert len(blocks) > 1
        run = partial(stream, source, patcher, operator, Nowhere(), workers=1, memory_limit=limit)
        assert taken(run) < 1.25 * limit


@pytest.mark.parametrize("size", [SIZE, 90])
def test_a_block_of_columns_with_the_columns_of_its_chips_keeps_to_the_limit(size):
    source, limit = GeneratedSource((100, 12_000), 2, 16), 6 << 20
    plan, window = lattice((100, 12_000), SpatialOverlapAdd(), 20, size), source.domain.window
    needs = bytes_per_column(source, plan, Lambda(labels), SpatialOverlapAdd(), window)
    blocks = blocks_of(window, width_that_fits(plan, needs, 1, window, limit))
    assert len(blocks) > 2 and blocks[0].width > size
    for block in blocks:
        first, stop = plan.read_cols(block)
        assert needs[0] * (stop - first) + needs[1] * block.width <= limit


def test_rows_between_chips_far_apart_are_finished_in_pieces():
    source, operator = GeneratedSource((4000, WIDTH // 4), 1, 16), Lambda(labels)
    patcher = SpatialPatcher(SpatialRectangular((SIZE, SIZE)), SpatialRegularStride((3900, SIZE)), SpatialHann())
    assert over(source, patcher, operator) < 1 << 20


class Batched(Operator):
    """Several chips at a time, as many as a graphics card wants."""

    batch_size, output_bands = 60, 2

    def __call__(self, chip):
        return self.batch([chip])[0]

    def batch(self, chips):
        return [labels(chip) for chip in chips]


def test_chips_that_wait_are_promised_in_batches():
    source = GeneratedSource((128, WIDTH), 2, 16)
    patcher = SpatialPatcher(SpatialRectangular((128, 128)), SpatialRegularStride(16), SpatialHann())
    assert -(40 << 20) < over(source, patcher, Batched()) < 1 << 20


@pytest.mark.slow
def test_the_factors_of_all_patterns_are_promised(monkeypatch):
    source = GeneratedSource((520, 560), 1, 16)
    operator = Lambda(lambda chip: chip + np.float32(1))
    for boundary, most in (("drop", 64 << 20), ("shift", 64 << 20), ("shift", 12 << 20)):
        monkeypatch.setattr(RatioCache, "MAX_BYTES", most)
        patcher = SpatialPatcher(SpatialRectangular((130, 130), boundary), SpatialRegularStride(20), SpatialHann())
        assert -(12 << 20) < over(source, patcher, operator) < 1 << 20


def patterns_of(size: int, stride: int, shape: tuple[int, int]):
    plan = lattice(shape, SpatialOverlapAdd(), stride, size)
    return [chip.pattern for group in plan.groups(PixelWindow(0, 0, *shape)) for chip in group.chips]


def test_the_cache_of_factors_is_bounded_and_gives_the_same_again(monkeypatch):
    patterns = patterns_of(128, 32, (700, 700))
    weights = {128: SpatialHann().weights(SpatialRectangular((128, 128)))}
    whole = RatioCache(lambda height, width: weights[height], np.dtype(np.float32))
    expected = [whole.get(pattern) for pattern in patterns]
    assert expected[0] is FIRST and len(set(patterns)) > 40
    monkeypatch.setattr(RatioCache, "MAX_BYTES", 10 * 128 * 128 * 4)
    with Meter() as meter:
        cache = RatioCache(lambda height, width: weights[height], np.dtype(np.float32))
        for pattern, ratio in zip(patterns * 2, expected * 2):
            np.testing.assert_array_equal(cache.get(pattern), ratio)
            assert meter.now < 1.5 * RatioCache.MAX_BYTES
        del cache


def test_the_cache_lets_go_of_what_was_not_asked_for_longest(monkeypatch):
    made = []

    def weights_of(height, width):
        made.append(1)
        return np.full((height, width), 0.5)

    one, two, three, four = [p for p in dict.fromkeys(patterns_of(64, 16, (400, 400))) if p[0].before][:4]
    monkeypatch.setattr(RatioCache, "MAX_BYTES", 3 * 64 * 64 * 4)
    cache = RatioCache(weights_of, np.dtype(np.float32))
    for pattern in (one, two, three, one, four):
        cache.get(pattern)
    made.clear()
    for pattern in (one, three, four):
        cache.get(pattern)
    assert not made
    cache.get(two)
    assert made


def test_votes_on_many_chips_side_by_side_stay_narrow(monkeypatch):
    window = PixelWindow(0, 0, 4, 300)
    accumulator = HardVotes(1, window, np.dtype(np.float32), 4, None)
    accumulator._highest = np.iinfo(np.uint16).max - 20  # as if so many had come, of which none is left
    for col in range(300):
        one = Contribution(PixelWindow(0, col, 4, 1), np.ones((1, 4, 1), np.float32), np.ones((4, 1)), finite=True)
        accumulator.add(one)
    assert held_bytes(accumulator) == 4 * 300 * 2
    assert (accumulator.finish(4) == 1).all()


def test_votes_of_more_chips_than_a_count_holds_are_promised_wide():
    vote = SpatialHardVote(classes=3)
    assert [vote.bytes_per_pixel(2, np.dtype(np.float32), n) for n in (1, 32767, 32768)] == [12, 12, 24]


def over(source, patcher, operator, workers=1, **options) -> int:
    """Bytes that a run takes beyond what is promised of it."""
    plan, window = patcher.plan(source.domain), source.domain.window
    for size in plan.sizes:
        patcher.weights_of(*size)
    work = Work.of(source, patcher, operator, plan, window, workers)
    promised = work.memory - min(GDAL_CACHE, work.bytes_read + work.bytes_written)
    return taken(lambda: stream(source, patcher, operator, Nowhere(), workers=workers, **options)) - promised
