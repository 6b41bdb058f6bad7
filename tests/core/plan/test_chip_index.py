"""A chip says which one of its plan it is, whatever part of the raster is asked for, and a run hands that on."""

from __future__ import annotations

import threading

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
from patchwise.core.base.errors import PlanError
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.loop.chip_run import ChipRun, Computed, SourceChips
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


def test_what_has_chips_on_a_raster_is_a_geometry():
    square = {"type": "Polygon", "coordinates": [[(0, 0), (9, 0), (9, 9), (0, 0)]]}
    there = [SpatialRectangular(4), SpatialSphericalCap(5), SpatialPolygonIntersection([square])]
    assert all(isinstance(geometry, Geometry) for geometry in there)
    assert [geometry.size for geometry in there] == [(4, 4), None, None]
    assert [geometry.plan_is_quick for geometry in there] == [True, False, True]
    with pytest.raises(PlanError, match="SpatialKNNGraph.*no chips on a raster"):
        SpatialPatcher(SpatialKNNGraph(3)).plan(SHAPE)
