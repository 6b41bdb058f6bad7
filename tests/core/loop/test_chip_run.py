"""A run over chips and its stitcher keep their promises about what is ahead, what ends, and what is counted."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from patchwise.core import (
    Cancelled,
    Lambda,
    Operator,
    ParameterError,
    SpatialCustom,
    SpatialExplicit,
    SpatialHann,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    stream,
)
from patchwise.core.loop import stitcher
from patchwise.core.loop.chip_run import ChipRun, ChipWork, Computed, PlacedChips, SourceChips
from patchwise.core.loop.read_ahead import CallerThread, SourceRows
from patchwise.core.loop.stitcher import Stitcher

from ..cases import GeneratedSource, NullSink

AS_IT_IS = Lambda(lambda chip: chip)


def patcher(size, stride, window=None):
    return SpatialPatcher(SpatialRectangular(size, "shift"), SpatialRegularStride(stride), window or SpatialHann())


class Counted(ChipWork):
    """Notes which chips were begun, and how often it was interrupted."""

    def __init__(self):
        self.begun, self.interrupted = [], 0

    def one(self, task):
        self.begun.append(task.index)
        return task.index

    def interrupt(self):
        self.interrupted += 1


@pytest.mark.parametrize("workers", [1, 3])
def test_few_results_are_ahead_of_the_one_that_is_taken(workers):
    plan, work = patcher(8, 4).plan((40, 400)), Counted()
    with ChipRun(PlacedChips(plan), work, workers, threading.Event()) as run:
        for taken, _ in enumerate(run.results([plan_window(plan)]), 1):
            if taken < 4:
                time.sleep(0.02)  # the workers do what they may
            assert len(work.begun) <= taken + 2 * workers
    assert len(work.begun) == plan.count(plan_window(plan)) > 100 * workers


def plan_window(plan):
    return GeneratedSource(plan.shape).domain.window


@pytest.mark.parametrize("taken", [0, 1, 10**6])
def test_the_end_of_a_run_interrupts_its_work(taken):
    plan, work, stop = patcher(8, 4).plan((40, 40)), Counted(), threading.Event()
    with ChipRun(PlacedChips(plan), work, 2, stop) as run:
        for _, _ in zip(range(taken), run.results([plan_window(plan)])):
            assert not work.interrupted
    assert work.interrupted == 1 and stop.is_set()


def test_a_slow_writer_holds_up_the_run():
    """Finished rows wait in memory: they must not pile up."""
    gate, computed, source = threading.Event(), [], GeneratedSource((60 * 256, 256))

    class Slow(NullSink):
        def write(self, row, col, values):
            assert gate.wait(60)
            super().write(row, col, values)

    def counted(chip):
        computed.append(1)
        return chip

    options = {"workers": 1}
    run = threading.Thread(target=stream, args=(source, patcher(256, 256), counted, Slow()), kwargs=options)
    run.start()
    try:
        before = -1
        while before != len(computed):
            before = len(computed)
            time.sleep(0.3)
        assert 0 < before < 12
    finally:
        gate.set()
        run.join(60)
    assert len(computed) == 60


def test_writing_ends_between_two_pieces_of_rows(monkeypatch):
    monkeypatch.setattr(stitcher, "_WRITTEN_AT_ONCE", 1)
    stop, source, cut = threading.Event(), GeneratedSource((64, 64)), patcher(64, 64)
    plan, window = cut.plan(source.domain), source.domain.window

    class Stopping(NullSink):
        def write(self, row, col, values):
            super().write(row, col, values)
            if row == 2:
                stop.set()

    sink = Stopping()
    rows, work = SourceChips(source, plan), Computed(AS_IT_IS, source, plan)
    with Stitcher(sink, cut, plan, AS_IT_IS, window, stop) as stitching, ChipRun(rows, work, 1, stop) as run:
        stitching.take(run, [window])
    assert [row for row, _, _ in sink.written] == [0, 1, 2]


def test_a_pixel_is_without_data_where_all_bands_are_unknown():
    def holes(chip):
        bands = np.stack([chip[0], chip[0], chip[0]])
        bands[0, :, :3] = bands[1, :, :2] = bands[2, :, 1] = np.nan
        return bands

    report = stream(GeneratedSource((20, 10)), patcher((20, 10), 10), holes, NullSink())
    assert report.bands == 3 and report.pixels_without_data == 20


def test_a_window_that_does_not_suit_the_chips_is_refused_before_the_operator_is_loaded():
    class Loaded(Operator):
        loaded = False

        def load(self):
            self.loaded = True
            return self

    operator, source = Loaded(), GeneratedSource((64, 64))
    with pytest.raises(ParameterError, match=r"custom window is \(7, 7\): must have the chip's shape \(20, 20\)"):
        stream(source, patcher(20, 10, SpatialCustom(np.ones((7, 7)))), operator, NullSink())
    assert not operator.loaded and not source.calls


def test_reading_ahead_ends_between_two_parts():
    """A source that does not ask itself whether to go on is asked for no further part."""
    source = GeneratedSource((40, 400))
    plan = SpatialPatcher(SpatialRectangular(8), SpatialExplicit([(0, 0), (0, 100), (0, 300)])).plan(source.domain)

    def check():
        if source.calls == 2:
            raise Cancelled

    rows = SourceRows(source, plan, source.domain.window, CallerThread(), check)
    with pytest.raises(Cancelled):
        rows.hold(next(plan.groups(source.domain.window)))
    assert source.calls == 2
