"""What the one loop promises besides its pixels: reading once, bounded memory, progress, cancelling, clear errors."""

from __future__ import annotations

import functools
import threading
import time
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from patchwise.core import (
    ArraySink,
    Cancelled,
    Expression,
    GeoTensor,
    Lambda,
    OperatorError,
    ParameterError,
    PlanError,
    RasterField,
    SpatialCustom,
    SpatialExplicit,
    SpatialHann,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    stream,
)
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.loop.read_ahead import column_blocks
from patchwise.core.plan.cutting import cut_chip
from patchwise.core.plan.plan import mirror

from ..cases import WHOLE_CHIP, GeneratedSource, NullSink, run

#: Names of the threads of a run; the one in which pyproj is asked stays.
OF_A_RUN = ("patchwise-operator", "patchwise-reader", "patchwise-writer")


def patcher(size=32, stride=16, boundary="shift", window=None):
    sampler = SpatialRegularStride(stride)
    return SpatialPatcher(SpatialRectangular((size, size), boundary), sampler, window or SpatialHann())


def in_memory(array, cut=None):
    return SimpleNamespace(field=RasterField(GeoTensor(array)), patcher=cut or patcher())


@pytest.mark.parametrize("boundary", ["shift", "reflect", "pad", "shrink", "drop"])
@pytest.mark.parametrize("operator", [WHOLE_CHIP, Expression("b1 * 2", 1)])
@pytest.mark.parametrize("stride", [7, 16, 32])
@pytest.mark.parametrize("strip", [1, 16, 50])
def test_each_source_pixel_is_read_once(boundary, operator, stride, strip):
    source, sink = GeneratedSource((131, 77), strip_rows=strip), NullSink()
    report = stream(source, patcher(32, stride, boundary), operator, sink, workers=2)
    assert source.reads.max() == 1
    if boundary != "drop":
        assert source.reads.min() == 1
        assert report.bytes_read == source.reads.size * 4
    # Strips end where the source's blocks do.
    assert source.calls == -(-np.flatnonzero(source.reads.any(axis=1)).size // strip)
    rows = sum(shape[1] for _, _, shape in sink.written)
    assert rows == 131 and all(shape[2] == 77 for _, _, shape in sink.written)


def test_only_what_the_window_needs_is_read():
    source = GeneratedSource((400, 300), strip_rows=1)
    window = PixelWindow(100, 60, 20, 30)
    stream(source, patcher(32, 16), WHOLE_CHIP, NullSink(), window=window)
    read = np.argwhere(source.reads)
    assert read.min(axis=0).tolist() == [80, 32] and read.max(axis=0).tolist() == [143, 111]
    assert source.reads.max() == 1


def test_strips_end_where_the_blocks_of_the_source_do():
    source, read = GeneratedSource((100, 40), strip_rows=16), []
    reader = source.read
    source.read = lambda window, out: (read.append(window), reader(window, out))[1]
    stream(source, patcher(10, 7), WHOLE_CHIP, NullSink(), window=PixelWindow(20, 0, 70, 40))
    stops = [window.row_stop for window in read]
    assert len(stops) > 3 and all(stop % 16 == 0 for stop in stops[:-1]), stops


def test_blocks_of_columns_are_at_least_as_wide_as_a_chip():
    source, cut, sink = GeneratedSource((100, 900)), patcher(70, 35), NullSink()
    plan, window = cut.plan(source.domain), source.domain.window
    blocks = column_blocks(source, plan, WHOLE_CHIP, cut.aggregation, sink, window, 1)
    assert [block.width for block in blocks] == [80] * 11 + [20] and sink.block_width == 16


@pytest.mark.parametrize("col", [10, 160])
def test_blocks_of_columns_without_a_chip_are_unknown(col):
    sampler, source = SpatialExplicit([(0, col)]), GeneratedSource((30, 200), 2)
    cut, sink = SpatialPatcher(SpatialRectangular((30, 16)), sampler), ArraySink((30, 200))
    sink.block_width = 16
    stream(source, cut, Lambda(lambda chip: chip[:1]), sink, memory_limit=1)
    assert sink.array.shape == (1, 30, 200)
    assert (~np.isnan(sink.array)).any(axis=(0, 1)).nonzero()[0].tolist() == list(range(col, col + 16))


def peak_memory(height: int, operator) -> int:
    source, sink = GeneratedSource((height, 256), strip_rows=32), NullSink()
    sink.written = SimpleNamespace(append=lambda item: None)
    tracemalloc.start()
    try:
        stream(source, patcher(64, 32), operator, sink, workers=2)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def holes(chip):
    return np.where(np.floor(chip) % 97 == 0, np.nan, chip)


@pytest.mark.parametrize("operator", [Lambda(lambda chip: chip * 2), Lambda(holes), Expression("b1 + 1", 1)])
def test_memory_does_not_grow_with_the_height(operator):
    stream(GeneratedSource((64, 64)), patcher(), operator, NullSink())  # imports and caches
    low, high = peak_memory(500, operator), peak_memory(8000, operator)
    assert high < low * 1.25 + 200_000, (low, high)


def test_column_blocks_hold_the_memory_of_a_wide_raster():
    def peak(memory_limit):
        source, sink = GeneratedSource((96, 40_000), strip_rows=16), NullSink()
        sink.written = SimpleNamespace(append=lambda item: None)
        tracemalloc.start()
        try:
            stream(source, patcher(64, 64), Lambda(holes), sink, workers=1, memory_limit=memory_limit)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(8 << 20) < 10 << 20 < peak(1 << 40)


@pytest.mark.parametrize("operator", [WHOLE_CHIP, Expression("b1 * 2", 1)])
@pytest.mark.parametrize("memory_limit", [1, 1 << 30])
def test_progress_rises_to_one(operator, memory_limit):
    said = []
    options = {"progress": said.append, "memory_limit": memory_limit, "workers": 3}
    stream(GeneratedSource((200, 300)), patcher(), operator, NullSink(), **options)
    assert said == sorted(said) and said[-1] == 1 and said[0] > 0
    assert len(said) == len(set(said)) > 1


@pytest.mark.parametrize("operator", [WHOLE_CHIP, Expression("b1 * 2", 1)])
@pytest.mark.parametrize("window", [None, PixelWindow(30, 41, 300, 210)])
def test_a_plan_that_has_been_made_gives_the_same_bits_and_progress_from_0_to_1(operator, window, monkeypatch):
    cut, shape = patcher(), (400, 300) if window is None else window[2:]
    plan, expected, sink, said = cut.plan((400, 300)), ArraySink(shape), ArraySink(shape), []
    planned = stream(GeneratedSource((400, 300)), cut, operator, expected, window=window)
    monkeypatch.setattr(SpatialPatcher, "plan", None)  # not asked again
    given = stream(GeneratedSource((400, 300)), cut, operator, sink, window=window, plan=plan, progress=said.append)
    np.testing.assert_array_equal(sink.array, expected.array)
    assert given.chips == planned.chips
    assert said == sorted(said) and len(said) > 1 and said[-1] == 1


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("size", [8, 300])
def test_cancel_is_honoured_within_one_chip(workers, size):
    started, lock, flag = [], threading.Lock(), threading.Event()

    def operator(chip):
        with lock:
            started.append(flag.is_set())
            if len(started) == 6:
                flag.set()
        return chip

    source = GeneratedSource((size * 10, size * 3))
    sink = NullSink()
    with pytest.raises(Cancelled, match="no output was written"):
        stream(source, patcher(size, size), Lambda(operator), sink, workers=workers, cancelled=flag.is_set)
    # One chip in each other worker may have been asked for just before.
    assert sum(started) <= workers - 1 and len(started) <= 6 + workers - 1
    assert not any(thread.name.startswith(OF_A_RUN) for thread in threading.enumerate())


def test_cancelled_from_the_start_runs_nothing():
    ran = []
    with pytest.raises(Cancelled):
        operator = Lambda(lambda chip: ran.append(1) or chip)
        stream(GeneratedSource((64, 64)), patcher(), operator, NullSink(), cancelled=lambda: True)
    assert not ran


def test_an_operator_that_raises_is_named_with_its_chip():
    def bad(chip):
        if chip[0, 0, 0] >= 48:
            raise KeyError("no such band")
        return chip

    with pytest.raises(OperatorError, match=r"operator bad failed on the chip at row 48, column 0: KeyError") as caught:
        stream(GeneratedSource((131, 77)), patcher(32, 16), bad, NullSink(), workers=3)
    assert caught.value.anchor == (48, 0) and isinstance(caught.value.__cause__, KeyError)
    assert not any(thread.name.startswith(OF_A_RUN) for thread in threading.enumerate())


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (lambda chip: chip[:, 1:], r"it returned the shape \(1, 31, 32\); allowed is \(32, 32\) or \(bands, 32, 32\)"),
        (lambda chip: chip[:0], r"it returned the shape \(0, 32, 32\)"),
        (lambda chip: chip[None], r"it returned the shape \(1, 1, 32, 32\)"),
        (lambda chip: 3.0, r"it returned the shape \(\)"),
        (lambda chip: None, r"it returned the shape \(\)"),
        (lambda chip: chip + 1j, "values of type complex64; allowed are numbers"),
        (lambda chip: chip.astype(str), "values of type <U"),
        (lambda chip: np.full(chip.shape, None), "values of type object"),
        (lambda chip: np.ma.masked_array(chip + 1j, chip > 3), "values of type complex64"),
        (lambda chip: [[1.0], [2.0, 3.0]], "ragged|inhomogeneous|shape"),
        (lambda chip: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_results_that_cannot_be_stitched(result, reason):
    with pytest.raises(OperatorError, match=reason) as caught:
        stream(GeneratedSource((64, 64)), patcher(), Lambda(result, name="mine"), NullSink())
    assert caught.value.anchor == (0, 0) and "operator mine failed" in str(caught.value)


def test_a_list_is_as_good_as_an_array():
    array = np.arange(40 * 41.0).reshape(1, 40, 41)
    np.testing.assert_array_equal(run(in_memory(array), Lambda(lambda chip: chip.tolist())), array)


def test_the_number_of_bands_may_not_change_between_chips():
    def grows(chip):
        return np.repeat(chip, 2, axis=0) if int(chip[0, 0, 0]) == 32 else chip

    with pytest.raises(OperatorError, match=r"row 32, column 0: it returned 2 band\(s\) here and 1 for the first"):
        stream(GeneratedSource((131, 77)), patcher(32, 16), grows, NullSink())


def test_chips_cannot_be_written_to_and_are_contiguous_where_mirrored():
    seen = []

    def operator(chip):
        seen.append((chip.flags.writeable, chip.strides == tuple(sorted(chip.strides, reverse=True))))
        return chip

    for boundary in ("shift", "reflect", "pad", "shrink"):
        stream(GeneratedSource((40, 41), bands=2), patcher(32, 16, boundary), operator, NullSink())
    assert set(seen) == {(False, True)}
    with pytest.raises(OperatorError, match="read-only"):
        stream(GeneratedSource((40, 41)), patcher(), lambda chip: np.add(chip, 1, out=chip), NullSink())


@pytest.mark.parametrize(("shape", "chip"), [((50, 100_000), (0, 99_900)), ((100_000, 50), (99_900, 0))])
def test_a_mirrored_chip_costs_what_it_holds_however_long_the_strip(shape, chip):
    """A strip lower than a chip has one mirrored chip after the other: the time would grow with its length squared."""
    block = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(1, *shape)
    window = PixelWindow(*chip, 128, 128)
    tracemalloc.start()
    data = cut_chip(block, PixelWindow(0, 0, *shape), window, shape, mirrored=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    rows, cols = (mirror(np.arange(start, start + 128), length) for start, length in zip(chip, shape))
    assert np.array_equal(data, block[:, rows[:, None], cols])
    assert peak < 4 * data.nbytes


def test_names_of_operators_in_messages():
    for operator, name in (
        (functools.partial(np.reshape, newshape=(1,)), "partial"),
        (Lambda(lambda chip: 1), "lambda"),
        (Expression("b1*b9", 9).rebased(), r"b1\*b9"),
    ):
        with pytest.raises(OperatorError, match=f"operator {name} failed"):
            stream(GeneratedSource((40, 41)), patcher(), operator, NullSink())


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"window": PixelWindow(0, 0, 65, 64)}, ParameterError, r"window is .*: must lie on the raster of \(64, 64\)"),
        ({"window": PixelWindow(-1, 0, 5, 5)}, ParameterError, "window"),
        ({"window": PixelWindow(3, 3, 0, 5)}, ParameterError, "window"),
        ({"workers": -1}, ParameterError, "workers is -1: must be 0"),
        ({"workers": True}, ParameterError, "workers"),
        ({"workers": 1.5}, ParameterError, "workers"),
        ({"window": PixelWindow(21, 0, 2, 2)}, PlanError, "no chip touches it"),
    ],
)
def test_bad_input_is_refused_before_a_pixel_is_read(options, error, match):
    source = GeneratedSource((64, 64))
    with pytest.raises(error, match=match):
        stream(source, patcher(20, 30, "drop"), WHOLE_CHIP, NullSink(), **options)
    assert not source.calls


@pytest.mark.parametrize("where", ["read", "start", "write"])
def test_an_error_in_source_or_sink_ends_the_run(where):
    source, sink = GeneratedSource((400, 64)), NullSink()
    broken = OSError("broken")

    def fail(*args):
        raise broken

    setattr(source if where == "read" else sink, where, fail)
    with pytest.raises(OSError, match="broken"):
        stream(source, patcher(), WHOLE_CHIP, sink, workers=2)
    assert not any(thread.name.startswith(OF_A_RUN) for thread in threading.enumerate())


def test_gaps_between_chips_are_unknown_and_counted():
    source, sink = GeneratedSource((50, 60)), NullSink()
    report = stream(source, patcher(10, 20, "drop"), WHOLE_CHIP, sink)
    assert report.chips == 9 and report.pixels == 3000
    assert report.pixels_without_data == 3000 - 9 * 100
    assert report.bands == 1 and report.seconds > 0 and report.mb_per_second > 0


def test_a_report_counts_chips_of_the_plan_and_says_when_pixels_were_computed_once():
    cut = patcher(32, 16)
    reports = [
        stream(GeneratedSource((100, 90)), cut, operator, NullSink())
        for operator in (Expression("b1", 1), Expression("b1 - mean(b1)", 1), Lambda(lambda chip: chip))
    ]
    assert [report.once for report in reports] == [True, False, False]
    assert len({report.chips for report in reports}) == 1
    zeros = patcher(32, 16, window=SpatialCustom("r < 1"))
    assert not stream(GeneratedSource((100, 90)), zeros, Expression("b1", 1), NullSink()).once


def test_reading_the_operator_and_writing_overlap_in_time():
    busy, most, lock = set(), [0], threading.Lock()

    def work(name):
        with lock:
            busy.add(name)
            most[0] = max(most[0], len(busy))
        time.sleep(0.004)
        with lock:
            busy.discard(name)

    source, sink = GeneratedSource((640, 64), strip_rows=32), NullSink()
    read, write = source.read, sink.write
    source.read = lambda *args: (work("read"), read(*args))
    sink.write = lambda *args: (work("write"), write(*args))
    stream(source, patcher(32, 16), Lambda(lambda chip: (work("operator"), chip)[1]), sink, workers=1)
    assert most[0] == 3
