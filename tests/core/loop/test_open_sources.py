"""Whoever opens a source closes it: a run leaves its caller's source open, and closes what it has opened itself."""

from __future__ import annotations

import numpy as np
import pytest
from patchwise.core import (
    ApplyToChips,
    ArraySink,
    Expression,
    GridSampler,
    RasterField,
    RasterFile,
    Sequential,
    SpatialHann,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialPolygonIntersection,
    SpatialRectangular,
    SpatialRegularStride,
    StackedRaster,
    Stitch,
    stream,
)
from patchwise.core.chip_folder.apply import Application, apply_to_folder
from patchwise.core.chip_folder.folder import ChipRaster
from patchwise.core.chip_folder.labels import ChipLabels, RasterLabels
from patchwise.core.chip_folder.manifest import load_manifest
from patchwise.core.chip_folder.split import Split, split_to_folder
from patchwise.core.loop.coverage import write_coverage
from patchwise.core.rasters.opened import OpenedFile
from patchwise.core.zonal.chips import polygon_chips

from ..made_rasters import read_all, write_raster

PATCHER = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride(20), SpatialHann())
CENTRED = Expression("b1 - mean(b1)")


@pytest.fixture()
def opened(monkeypatch):
    """Every dataset that a ``RasterFile`` has opened."""
    found, original = [], OpenedFile._opened_by

    def noted(self, options):
        found.append(original(self, options))
        return found[-1]

    monkeypatch.setattr(OpenedFile, "_opened_by", noted)
    return found


@pytest.fixture()
def path(tmp_path):
    array = np.random.default_rng(1).normal(size=(1, 90, 70)).astype(np.float32)
    return write_raster(tmp_path / "scene.tif", array)


def still_open(opened):
    return [dataset for dataset in opened if not dataset.closed]


def polygons():
    return SpatialPolygonIntersection(
        [{"type": "Polygon", "coordinates": [[(500_100, 3_999_900), (500_400, 3_999_900), (500_400, 3_999_500)]]}]
    )


RUNS = {
    "stream": lambda raster, folder: stream(raster, PATCHER, CENTRED, ArraySink((90, 70))),
    "polygons": lambda raster, folder: polygon_chips(raster, polygons(), CENTRED, ["mean"]),
    "stitched polygons": lambda raster, folder: polygon_chips(
        raster, polygons(), CENTRED, ["mean"], sink=ArraySink((90, 70))
    ),
    "split": lambda raster, folder: split_to_folder(Split(raster, PATCHER, raster.domain.window), folder),
    "coverage": lambda raster, folder: write_coverage(
        PATCHER, raster.domain, raster.domain.window, ArraySink((90, 70))
    ),
}


@pytest.mark.parametrize("several", [False, True], ids=["file", "stack"])
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_run_leaves_the_source_of_its_caller_open(path, opened, tmp_path, run, several):
    (tmp_path / "chips").mkdir()
    raster = RasterFile(path)
    with StackedRaster(raster, [path]) if several else raster as source:
        before = read_all(source)
        there = still_open(opened)
        assert len(there) == 1 + several
        run(source, str(tmp_path / "chips"))
        assert still_open(opened) == there
        np.testing.assert_array_equal(read_all(source), before)
        assert still_open(opened) == there
    assert not still_open(opened)


def test_a_run_that_fails_leaves_it_open_too(path, opened):
    with RasterFile(path) as raster:
        with pytest.raises(ValueError, match="window is"):
            stream(raster, PATCHER, Expression("b1"), ArraySink((90, 70)), window=raster.domain.window._replace(row=1))
        with pytest.raises(ZeroDivisionError):
            stream(raster, PATCHER, Expression("b1"), ArraySink((90, 70)), progress=lambda share: 1 // 0)
        assert len(still_open(opened)) == 1
        assert np.isfinite(read_all(raster)).all()
    assert not still_open(opened)


def test_labels_are_closed_by_whom_they_belong_to(path, opened, tmp_path):
    (tmp_path / "chips").mkdir()
    with RasterFile(path) as raster:
        labels = ChipLabels(RasterLabels(path, raster.domain, raster.strip_rows))
        split_to_folder(Split(raster, PATCHER, raster.domain.window, labels), str(tmp_path / "chips"))
        assert len(still_open(opened)) == 2
        labels.close()
        assert len(still_open(opened)) == 1
    assert not still_open(opened)


def test_further_rasters_that_an_application_opens_are_closed(path, opened, tmp_path):
    for name in ("chips", "done"):
        (tmp_path / name).mkdir()
    with RasterFile(path) as raster:
        split_to_folder(Split(raster, PATCHER, raster.domain.window), str(tmp_path / "chips"))
    chips = ChipRaster(str(tmp_path / "chips"), load_manifest(str(tmp_path / "chips")))
    application = Application(StackedRaster(chips, [path]), Expression("b1 + b2", 2))
    apply_to_folder(application, str(tmp_path / "done"))
    assert not still_open(opened)


def test_a_field_in_a_pipeline_or_split_by_hand_is_closed(path, opened):
    field = RasterField(RasterFile(path))
    stages = Sequential([GridSampler(PATCHER), ApplyToChips(CENTRED), Stitch(SpatialOverlapAdd())])
    whole = stages(field)
    assert not still_open(opened)
    assert len(list(PATCHER.split(field))) > 1
    assert not still_open(opened)
    chips = PATCHER.split(field)
    next(chips)
    assert len(still_open(opened)) == 1
    chips.close()
    assert not still_open(opened)
    np.testing.assert_array_equal(stages(field).array, whole.array)
