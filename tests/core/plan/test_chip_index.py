"""A chip says which one of its plan it is, whatever part of the raster is asked for, and a run hands that on."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from patchwise.core import (
    GeoTensor,
    Lambda,
    RasterField,
    SpatialExplicit,
    SpatialKNNGraph,
    SpatialPatcher,
    SpatialPolygonIntersection,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
)
from patchwise.core.base.errors import Cancelled, PlanError
from patchwise.core.base.progress import may_go_on
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.loop.chip_run import ChipRun, ChipWork, Computed, PlacedChips, SourceChips
from patchwise.core.loop.read_ahead import blocks_of
from patchwise.core.plan.geometry import Geometry

SHAPE = (90, 70)
PART = PixelWindow(31, 17, 40, 22)
LATTICE = SpatialPatcher(SpatialRectangular(20, "shift"), SpatialRegularStride(13))
LISTED = SpatialPatcher(SpatialRectangular(20, "pad"), SpatialExplicit([(40, 3), (2, 50), (40, 3), (60, 60), (35, 20)]))


@pytest.mark.parametrize("patcher", [LATTICE, LISTED], ids=["lattice", "list"])
def test_the_index_counts_the_chips_of_the_whole_plan(patcher):
    plan = patcher.plan(SHAPE)
    everything = [chip for group in plan.groups(PixelWindow(0, 0, *SHAPE)) for chip in group.chips]
    assert [chip.index for chip in everything] == list(range(len(plan)))
    part = [chip for group in plan.groups(PART) for chip in group.chips]
    assert 0 < len(part) < len(everything)
    assert [chip.window for chip in part] == [everything[chip.index].window for chip in part]
    numbers = plan.numbers(PART)(0, plan.count(PART))
    assert numbers.tolist() == [chip.index for chip in part]
    assert [tuple(place) for place in plan.places_of(numbers).tolist()] == [tuple(chip.window) for chip in part]
    assert plan.pixels(PART) == sum(chip.window.pixels for chip in part)
    nearest = plan.nearest(45.0, 25.0)
    assert everything[nearest.index].window == nearest.window


@pytest.mark.parametrize("patcher", [LATTICE, LISTED], ids=["lattice", "list"])
def test_a_run_gives_each_result_with_its_chip_in_order(patcher):
    values = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(1, *SHAPE)
    source, plan = RasterField(GeoTensor(values)).source, patcher.plan(SHAPE)
    work = Computed(Lambda(lambda chip: chip + 1), source, plan)
    with ChipRun(SourceChips(source, plan), work, 3, threading.Event()) as run:
        found = list(run.results([PART]))
    assert [result.chip.index for result in found] == plan.numbers(PART)(0, plan.count(PART)).tolist()
    for result in found:
        window = result.chip.window.intersect(PixelWindow(0, 0, *SHAPE))
        cut = values[:, window.row : window.row_stop, window.col : window.col_stop]
        assert np.array_equal(result.values[:, : window.height, : window.width], cut + 1)


@pytest.mark.parametrize("patcher", [LATTICE, LISTED], ids=["lattice", "list"])
def test_chips_are_found_by_index_by_place_and_some_of_many(patcher):
    plan = patcher.plan(SHAPE)
    everything = [chip for group in plan.groups(PixelWindow(0, 0, *SHAPE)) for chip in group.chips]
    for chip in everything:
        assert plan.chip(chip.index) == chip._replace(pattern=None)
    touching = plan.numbers(PART)(0, plan.count(PART)).tolist()
    for most in range(1, len(touching) + 3):
        some = plan.some(PART, most).tolist()
        assert 0 < len(some) <= most and set(some) <= set(touching)
    assert plan.some(PART, 10**6).tolist() == touching
    for row, col in np.random.default_rng(2).uniform((0, 0), SHAPE, (40, 2)).tolist():
        holds = [k for k in touching if everything[k].window.intersect(PixelWindow(int(row), int(col), 1, 1)).pixels]
        found = plan.holding(row, col, PART)
        if found is None:
            assert not holds
            continue
        middles = {k: everything[k].window for k in holds}
        away = {k: np.hypot(w.row + w.height / 2 - row, w.col + w.width / 2 - col) for k, w in middles.items()}
        assert found in holds and away[found] == min(away.values())


class Noted(ChipWork):
    """Gives the index of each chip, out of step: later chips are done sooner."""

    def __init__(self, at_once):
        self.at_once, self.done = at_once, []

    def one(self, task):
        time.sleep(0.001 * (task.index % 3 == 0))
        self.done.append(task.index)
        return task.index


@pytest.mark.parametrize("patcher", [LATTICE, LISTED], ids=["lattice", "list"])
@pytest.mark.parametrize("at_once", [1, 4])
@pytest.mark.parametrize("width", [5, 9, 22])
def test_work_without_rows_is_done_once_a_chip_in_column_blocks_of_any_width(patcher, at_once, width):
    plan, work, shares = patcher.plan(SHAPE), Noted(at_once), []
    with ChipRun(PlacedChips(plan), work, 3, threading.Event(), shares.append) as run:
        found = list(run.results(blocks_of(PART, width)))
    touching = plan.numbers(PART)(0, plan.count(PART)).tolist()
    assert sorted(found) == sorted(work.done) == touching
    assert width < PART.width or found == touching
    assert shares[-1] == 1 and shares == sorted(shares) and run.bytes_read == 0


def test_a_cancelled_run_ends_work_under_way():
    plan, begun, stop = LATTICE.plan(SHAPE), threading.Event(), threading.Event()

    class Endless(ChipWork):
        def one(self, task):
            begun.set()
            while True:
                may_go_on()
                time.sleep(0.001)

        def interrupt(self):
            assert stop.is_set()

    with pytest.raises(Cancelled):
        with ChipRun(PlacedChips(plan), Endless(), 2, stop, None, begun.is_set) as run:
            list(run.results([PART]))


def test_what_has_chips_on_a_raster_is_a_geometry():
    square = {"type": "Polygon", "coordinates": [[(0, 0), (9, 0), (9, 9), (0, 0)]]}
    there = [SpatialRectangular(4), SpatialSphericalCap(5), SpatialPolygonIntersection([square])]
    assert all(isinstance(geometry, Geometry) for geometry in there)
    assert [geometry.size for geometry in there] == [(4, 4), None, None]
    assert [geometry.plan_is_quick for geometry in there] == [True, False, True]
    with pytest.raises(PlanError, match="SpatialKNNGraph.*no chips on a raster"):
        SpatialPatcher(SpatialKNNGraph(3)).plan(SHAPE)
