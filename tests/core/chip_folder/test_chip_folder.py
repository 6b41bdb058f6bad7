"""Folders of chips: split, apply and stitch give the bits of the main job, in one pass over the source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from patchwise.core import (
    ArraySink,
    Category,
    Expression,
    Lambda,
    Operator,
    PlanError,
    RasterFile,
    RasterWriteError,
    SpatialBoxcar,
    SpatialCustom,
    SpatialExplicit,
    SpatialGaussian,
    SpatialHann,
    SpatialHardVote,
    SpatialJitteredStride,
    SpatialPatcher,
    SpatialPolygonIntersection,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
    SpatialSum,
    StackedRaster,
    stream,
)
from patchwise.core.chip_folder.apply import Application, ChipsFailed, apply_to_folder
from patchwise.core.chip_folder.folder import ChipRaster
from patchwise.core.chip_folder.manifest import load_manifest
from patchwise.core.chip_folder.split import Split, check_split, split_to_folder
from patchwise.core.chip_folder.stitch import check_stitch, stitch_chips, stitch_domain, stitch_patcher
from patchwise.core.grid.domain import PixelWindow

from ..cases import examples
from ..made_rasters import write_raster

CENTRED = Expression("b1 - mean(b1); b2", 2)


class Named(Operator):
    """An operator that has a configuration and does anything."""

    def __init__(self, function: Any, **attributes: Any) -> None:
        self.function, self.name = function, "named"
        vars(self).update(attributes)

    def __call__(self, chip: Any) -> Any:
        return self.function(np.asarray(chip))

    def get_config(self) -> dict[str, Any]:
        return {}


def scene(folder: Path, shape: tuple[int, int] = (90, 70), **profile: Any) -> str:
    """Two float bands with a hole."""
    array = np.random.default_rng(shape[0]).normal(size=(2, *shape)).astype(np.float32)
    array[0, 3:9, 5:9] = np.nan
    array[:, 20:30, 10:30] = np.nan
    return write_raster(folder / "scene.tif", array, **profile)


def folders(root: Path) -> tuple[str, str]:
    for name in ("chips", "done"):
        (root / name).mkdir()
    return str(root / "chips"), str(root / "done")


def chips_of(folder: str) -> ChipRaster:
    return ChipRaster(folder, load_manifest(folder))


def three(root: Path, raster: Any, patcher: SpatialPatcher, operator: Any, window: PixelWindow | None = None) -> Any:
    """What split, apply and stitch make of a raster."""
    chips, done = folders(root)
    first = getattr(raster, "first", raster)
    split_to_folder(Split(first, patcher, window or raster.domain.window), chips)
    source: Any = chips_of(chips)
    if isinstance(raster, StackedRaster):
        source = StackedRaster(source, list(raster.paths[1:]))
    apply_to_folder(Application(source, operator), done)
    made = chips_of(done)
    sink = ArraySink(stitch_domain(made).shape)
    stitch_chips(made, stitch_patcher(made, patcher.aggregation), sink)
    return sink.array


def whole(raster: Any, patcher: SpatialPatcher, operator: Any, window: PixelWindow | None = None) -> Any:
    """What the main job makes of it."""
    window = window or raster.domain.window
    sink = ArraySink(tuple(n * getattr(operator, "scale", 1) for n in window[2:]))
    with raster:
        stream(raster, patcher, operator, sink, window=window)
    return sink.array


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


sizes = st.tuples(st.integers(1, 60), st.integers(1, 60))
samplers = st.one_of(
    st.builds(SpatialRegularStride, st.tuples(st.integers(8, 60), st.integers(8, 60))),
    st.builds(SpatialJitteredStride, st.integers(10, 40), st.integers(0, 30), st.integers(0, 9)),
    st.builds(SpatialRandom, st.just(1) | st.just(4), st.integers(0, 9)),
    st.builds(SpatialExplicit, st.lists(st.tuples(st.integers(0, 24), st.integers(0, 29)), min_size=1, max_size=5)),
)
boundaries = st.sampled_from(["shift", "reflect", "pad", "shrink"])
windows = st.sampled_from(
    [SpatialHann(), SpatialGaussian(0.3), SpatialBoxcar(), SpatialCustom("where(r < 1, 1 - r, 0)")]
)
aggregations = st.sampled_from([SpatialSum(), None])


@examples(0.25)
@given(size=sizes, sampler=samplers, boundary=boundaries, window=windows, aggregation=aggregations, data=st.data())
def test_the_law(size, sampler, boundary, window, aggregation, data):
    shape = data.draw(st.tuples(st.integers(25, 70), st.integers(30, 70)))
    rows, cols = (max(1, length - chip + 1) for length, chip in zip(shape, size))
    assume(not isinstance(sampler, SpatialRandom) or sampler.count <= rows * cols)  # so many places there are
    row, col = data.draw(st.tuples(st.integers(0, 20), st.integers(0, 20)))
    part = PixelWindow(row, col, data.draw(st.integers(1, shape[0] - row)), data.draw(st.integers(1, shape[1] - col)))
    patcher = SpatialPatcher(SpatialRectangular(size, boundary), sampler, window)
    patcher = patcher if aggregation is None else replace(patcher, aggregation=aggregation)
    with TemporaryDirectory() as root:
        raster = RasterFile(scene(Path(root), shape))
        if not patcher.plan(raster.domain).count(part):
            part = raster.domain.window
        expected = whole(raster, patcher, CENTRED, part)
        assert same(three(Path(root), raster, patcher, CENTRED, part), expected)


@pytest.mark.parametrize("kilometres", [0.05, 0.21])
def test_caps_with_weights_of_their_own(tmp_path, kilometres):
    patcher = SpatialPatcher(SpatialSphericalCap(kilometres), SpatialRegularStride(17), SpatialHann())
    raster = RasterFile(scene(tmp_path))
    assert same(three(tmp_path, raster, patcher, CENTRED), whole(raster, patcher, CENTRED))


def test_caps_with_further_rasters(tmp_path):
    other = np.random.default_rng(7).normal(size=(1, 90, 70))
    path = write_raster(tmp_path / "other.tif", other)
    raster = StackedRaster(RasterFile(scene(tmp_path)), [path])
    patcher = SpatialPatcher(SpatialSphericalCap(0.2), SpatialRegularStride(17), SpatialHann())
    operator = Expression("b3 * std(b3) + b1", 3)
    assert same(three(tmp_path, raster, patcher, operator), whole(raster, patcher, operator))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16", "int32", "int64", "float16", "float64"])
def test_results_of_any_type(tmp_path, dtype):
    patcher = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride(20), SpatialHann())
    operator = Named(lambda chip: (np.nan_to_num(chip[0]) * 20).clip(0, 100).astype(dtype))
    raster = RasterFile(scene(tmp_path))
    assert same(three(tmp_path, raster, patcher, operator), whole(raster, patcher, operator))


def test_finer_results_with_names_and_labels(tmp_path):
    entries = (Category(1, "low", (1, 2, 3)), Category(2, "high", (4, 5, 6)))
    finer = Named(
        lambda chip: (1 + (chip[0] > 0)).repeat(3, 0).repeat(3, 1), scale=3, categories=entries, output_names=("kind",)
    )
    patcher = SpatialPatcher(
        SpatialRectangular((32, 32), "shift"), SpatialRegularStride(20), SpatialHann(), SpatialHardVote()
    )
    raster = RasterFile(scene(tmp_path))
    made = three(tmp_path, raster, patcher, finer)
    assert made.shape == (1, 270, 210) and same(made, whole(raster, patcher, finer))
    manifest = load_manifest(str(tmp_path / "done"))
    assert (manifest.scale, manifest.categories, manifest.bands[0].name) == (3, entries, "kind")
    assert manifest.grid.transform == raster.domain.refined(3).transform


def test_operators_one_after_the_other(tmp_path):
    patcher = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride(20), SpatialHann())
    raster, again = RasterFile(scene(tmp_path)), tmp_path / "again"
    three(tmp_path, raster, patcher, CENTRED)
    again.mkdir()
    second = Expression("b1 + mean(b2)", 2)
    manifest, _ = apply_to_folder(Application(chips_of(str(tmp_path / "done")), second), str(again))
    assert [entry["config"] for entry in manifest.operators] == [CENTRED.get_config(), second.get_config()]
    made, sink = chips_of(str(again)), ArraySink((90, 70))
    stitch_chips(made, stitch_patcher(made, patcher.aggregation), sink)
    assert same(sink.array, whole(raster, patcher, CENTRED | second))


@pytest.mark.slow
def test_column_blocks_and_workers_change_nothing(tmp_path):
    patcher = SpatialPatcher(SpatialRectangular((16, 16), "shift"), SpatialRegularStride(9), SpatialHann())
    raster = RasterFile(scene(tmp_path, (40, 260)))
    expected = whole(raster, patcher, Expression("b1;b2", 2))
    chips, _ = folders(tmp_path)
    manifest, report = split_to_folder(Split(raster, patcher, raster.domain.window), chips, memory_limit=1, workers=3)
    assert len(manifest.chips) == report.chips == len(list(Path(chips).glob("*.tif")))
    for workers, limit in ((1, 1 << 30), (4, 1)):
        sink = ArraySink((40, 260))
        made = chips_of(chips)
        stitch_chips(made, stitch_patcher(made, patcher.aggregation), sink, memory_limit=limit, workers=workers)
        assert same(sink.array, expected)


def test_plans_that_have_been_made_change_nothing(tmp_path, monkeypatch):
    patcher = SpatialPatcher(SpatialRectangular((16, 16), "shift"), SpatialRegularStride(9), SpatialHann())
    raster, operator = RasterFile(scene(tmp_path, (40, 60))), Expression("b1;b2", 2)
    expected, (chips, done) = whole(raster, patcher, operator), folders(tmp_path)
    split, sink, calls = Split(raster, patcher, raster.domain.window), ArraySink((40, 60)), []
    original = SpatialPatcher.plan

    def counted(*given):
        calls.append(given)
        return original(*given)

    monkeypatch.setattr(SpatialPatcher, "plan", counted)
    split_to_folder(split, chips, plan=check_split(split))
    made = chips_of(chips)
    apply_to_folder(Application(made, operator), done, plan=made.manifest.planned(patcher))
    folder = chips_of(done)
    stitch_chips(folder, patcher, sink, plan=check_stitch(folder, patcher))
    assert len(calls) == 3, "by the checks alone"
    assert same(sink.array, expected)


def test_source_rows_are_read_once(tmp_path, monkeypatch):
    from patchwise.core.chip_folder.rows import StoredRows

    read: list[PixelWindow] = []
    original = StoredRows.read
    monkeypatch.setattr(StoredRows, "read", lambda self, w, out: (read.append(w), original(self, w, out))[1])
    patcher = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride(8), SpatialHann())
    raster = RasterFile(scene(tmp_path, (200, 60)))
    split_to_folder(Split(raster, patcher, raster.domain.window), folders(tmp_path)[0])
    assert sum(window.pixels for window in read) == 200 * 60 and len(read) > 1


@pytest.mark.slow
def test_memory_does_not_grow_with_the_raster(tmp_path):
    import tracemalloc

    peaks = []
    for height in (300, 1200):
        root = tmp_path / str(height)
        root.mkdir()
        raster = RasterFile(scene(root, (height, 300)))
        patcher = SpatialPatcher(SpatialRectangular((50, 50), "shift"), SpatialRegularStride(50), SpatialHann())
        chips, _ = folders(root)
        split_to_folder(Split(raster, patcher, raster.domain.window), chips, workers=1)
        made = chips_of(chips)

        class Drop(ArraySink):
            def start(self, bands, dtype):
                pass

            def write(self, row, col, values):
                pass

        tracemalloc.start()
        stitch_chips(made, stitch_patcher(made, patcher.aggregation), Drop((height, 300)), workers=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_an_operator_that_cannot_be_written_down_is_refused(tmp_path):
    patcher = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride(32))
    raster = RasterFile(scene(tmp_path))
    with pytest.raises(ValueError, match="a Python callable cannot be serialised"):
        three(tmp_path, raster, patcher, Lambda(lambda chip: chip))


def test_all_chips_failing_is_a_failure_even_if_they_may_be_skipped(tmp_path):
    patcher = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride(32))
    chips, done = folders(tmp_path)
    raster = RasterFile(scene(tmp_path))
    split_to_folder(Split(raster, patcher, raster.domain.window), chips)
    with pytest.raises(ChipsFailed, match="9 of 9 chips failed .* and 4 more.*ZeroDivisionError"):
        apply_to_folder(Application(chips_of(chips), Named(lambda chip: 1 // 0), skip_failed=True), done)
    assert not list(Path(done).glob("manifest.json"))


def test_a_chip_that_cannot_be_written_ends_the_run(tmp_path):
    patcher = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride(32))
    raster = RasterFile(scene(tmp_path))
    with pytest.raises(RasterWriteError, match="chip .*nowhere.*cannot be written"):
        split_to_folder(Split(raster, patcher, raster.domain.window), str(tmp_path / "nowhere"))


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), "half"])
def test_a_share_that_is_none(tmp_path, share):
    raster = RasterFile(scene(tmp_path))
    with pytest.raises(ValueError, match="min_valid is .*: must be a share from 0 to 1"):
        Split(raster, None, raster.domain.window, None, share)


def test_gdal_holds_few_blocks_while_chips_are_written(tmp_path):
    from rasterio._env import get_gdal_config

    patcher = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride(32))
    raster = RasterFile(scene(tmp_path))
    limits: list[int] = []
    before = get_gdal_config("GDAL_CACHEMAX")
    split = Split(raster, patcher, raster.domain.window)
    split_to_folder(split, folders(tmp_path)[0], progress=lambda _: limits.append(get_gdal_config("GDAL_CACHEMAX")))
    assert limits and set(limits) == {min(before, 128 << 20)} and get_gdal_config("GDAL_CACHEMAX") == before


def test_more_chips_than_a_folder_may_have(tmp_path, monkeypatch):
    monkeypatch.setattr("patchwise.core.chip_folder.split.MOST_CHIPS", 1)
    ring = [(500000, 4000000), (501000, 4000000), (500000, 3999000), (500000, 4000000)]
    polygons = SpatialPolygonIntersection([{"type": "Polygon", "coordinates": [ring]}] * 2)
    squares = SpatialPatcher(SpatialRectangular(8), SpatialRegularStride(8))
    with RasterFile(scene(tmp_path)) as raster:
        for patcher, words in (
            (squares, "^stride is .*a larger one"),
            (SpatialPatcher(polygons), "^geometry is .*2 chips"),
        ):
            with pytest.raises(PlanError, match=words):
                check_split(Split(raster, patcher, raster.domain.window))
