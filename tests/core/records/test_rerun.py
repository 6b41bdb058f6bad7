"""Records of runs: written, read again and refused, without QGIS."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from patchwise.core import (
    ApplyToChips,
    ArraySink,
    Expression,
    GeoTensor,
    GridSampler,
    Lambda,
    MissingPackageError,
    ParameterError,
    PythonFile,
    RasterField,
    Sequential,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    Stitch,
    ValueType,
    from_config,
    stream,
    to_config,
)
from patchwise.core.base.config import to_json
from patchwise.core.base.trust import Trust
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.records.record import input_record, placed, run_record
from patchwise.core.records.rerun import Recipe, found_path, read_file, read_recipe, read_tag

from ..base.test_config import patchers

pytest.importorskip("rasterio")

from hypothesis import given  # noqa: E402
from patchwise.core import RasterFile, StackedRaster  # noqa: E402

from ..made_rasters import write_raster  # noqa: E402

PATCHER = SpatialPatcher(SpatialRectangular((8, 8), "shift"), SpatialRegularStride(4))
WINDOW = PixelWindow(2, 3, 10, 9)


@pytest.fixture()
def raster(tmp_path):
    array = np.arange(3 * 20 * 16, dtype=np.uint16).reshape(3, 20, 16)
    return RasterFile(write_raster(tmp_path / "scene.tif", array, descriptions=("a", "b", "")), [3, 1])


def record_of(raster, operator=None, value_type=None, window=WINDOW):
    operator, value_type = operator or Expression("b1 + b2", 2), value_type or ValueType("int16", -5)
    return run_record(raster, window, PATCHER, operator, value_type, {"COMPRESS": "LZW"})


def test_a_record_is_read_as_it_was_written(raster, tmp_path):
    config = json.loads(to_json(placed(record_of(raster), str(tmp_path / "out.tif"))))
    assert config["input"] == {
        "source": str(tmp_path / "scene.tif"),
        "relative": "scene.tif",
        "bands": [3, 1],
        "names": ["", "a"],
        "count": 3,
        "shape": [20, 16],
        "transform": [10, 0, 500_000, 0, -10, 4_000_000],
        "scaled": False,
    }
    recipe = read_recipe(config)
    assert recipe.patcher.get_config() == PATCHER.get_config() and recipe.window == WINDOW
    assert to_config(recipe.operator) == to_config(Expression("b1 + b2", 2))
    assert (recipe.value_type.dtype.name, recipe.value_type.nodata, recipe.options) == (
        "int16",
        -5,
        {"COMPRESS": "LZW"},
    )
    assert not recipe.warnings and not recipe.differences(raster)


@pytest.mark.parametrize("nodata", [float("nan"), float("inf"), -7.25])
def test_any_nodata_value_comes_back(raster, nodata):
    config = json.loads(to_json(record_of(raster, value_type=ValueType("float64", nodata))))
    np.testing.assert_equal(read_recipe(config).value_type.nodata, nodata)


def test_scale_and_further_rasters_are_recorded(raster, tmp_path):
    other = write_raster(tmp_path / "other.tif", np.ones((2, 20, 16), np.float32))
    stacked = StackedRaster(RasterFile(raster.path, [2], (0.5, -1.0)), [other])
    record = placed({"input": input_record(stacked)}, str(tmp_path / "deep" / "out.tif"))["input"]
    assert record["scaled"] == [0.5, -1.0] and record["bands"] == [2] and record["names"] == ["b"]
    assert record["others"] == [{"source": other, "relative": "../other.tif"}]


@given(patchers)
def test_any_patcher_comes_back(patcher):
    field = RasterField(GeoTensor(np.random.default_rng(0).random((1, 21, 17), dtype=np.float32)))
    recipe = read_recipe(json.loads(to_json(to_config(patcher))))
    assert len(recipe.patcher.plan(field.domain)) == len(patcher.plan(field.domain))
    results = []
    for one in (patcher, recipe.patcher):
        sink = ArraySink((21, 17))
        stream(field.source, one, Expression("b1 - mean(b1)"), sink)
        results.append(sink.array)
    np.testing.assert_array_equal(*results)


def test_a_window_on_rasters_of_other_sizes(raster):
    part, whole = read_recipe(record_of(raster)), read_recipe(record_of(raster, window=PixelWindow(0, 0, 20, 16)))
    assert part.window_on((20, 16)) == WINDOW and part.window_on((6, 5)) == (2, 3, 4, 2)
    assert whole.window_on((90, 80)) == (0, 0, 90, 80) and Recipe(PATCHER).window_on((3, 4)) == (0, 0, 3, 4)
    with pytest.raises(ParameterError, match="window is .*do not lie on this raster"):
        part.window_on((2, 50))


def test_without_an_operator_bands_are_passed_through(raster):
    recipe = read_recipe(to_config(PATCHER))
    operator = recipe.operator_for(raster)
    chip = np.random.default_rng(0).random((2, 5, 5), dtype=np.float32)
    np.testing.assert_array_equal(operator(chip), chip)
    assert operator.pointwise and recipe.value_type_for(raster).dtype == np.float32


def test_pipelines(raster):
    two = [ApplyToChips(Expression("b1 + 1")), ApplyToChips(Expression("b1 * 2"))]
    ends = GridSampler(PATCHER), Stitch(SpatialOverlapAdd(normalize_by_window=False))
    recipe = read_recipe(to_config(Sequential([ends[0], *two, ends[1]])))
    assert recipe.operator(np.ones((1, 2, 2))).tolist() == [[[4, 4], [4, 4]]]
    assert recipe.patcher.aggregation == ends[1].aggregation
    assert read_recipe(to_config(Sequential([ends[0], two[0], ends[1]]))).operator.text == "b1 + 1"
    assert read_recipe(to_config(Sequential(list(ends)))).operator is None
    for stages in ([ends[0], *two], [*two, ends[1]], [*ends, two[0]], [two[0]]):
        with pytest.raises(ParameterError, match="must be a SpatialPatcher, or a pipeline GridSampler"):
            read_recipe(to_config(Sequential(stages)))
    with pytest.raises(ParameterError, match="must be a SpatialPatcher"):
        read_recipe(to_config(Expression("b1")))


def test_files_are_found_near_the_record_first(tmp_path):
    near, far = tmp_path / "a" / "scene.tif", tmp_path / "b" / "scene.tif"
    for path in (near, far):
        path.parent.mkdir()
        path.touch()
    record = {"source": str(far), "relative": "scene.tif"}
    assert found_path(record, str(tmp_path / "a")) == str(near)
    assert found_path(record, str(tmp_path)) == str(far)
    remote = "/vsicurl/https://example.org/a.tif"
    assert found_path({"source": remote}, "", Trust(hosts=frozenset(["example.org"]))) == remote
    far.unlink()
    for gone in (record, {"layer": "wms:layers=a"}, {}):
        with pytest.raises(ParameterError, match="input is .*is not there: choose it"):
            found_path(gone, str(tmp_path))


def test_a_python_file_is_run_as_it_is_and_named(raster, tmp_path):
    path = tmp_path / "op.py"
    path.write_text("def operator(chip, meta):\n    return chip\n")
    operator = Sequential([PythonFile(str(path)), Expression("b1")])
    config = json.loads(to_json(record_of(raster, operator)))
    trusted = Trust(everything=True)
    assert read_recipe(config, trusted).warnings == (
        f"The configuration runs the Python file {path}, with all your rights.",
    )
    path.write_text("def operator(chip, meta):\n    return chip + 1\n")
    recipe = read_recipe(config, trusted)
    assert "has changed" in recipe.warnings[0] and float(recipe.operator(np.zeros((1, 1, 1)))[0, 0, 0]) == 1
    with pytest.raises(ParameterError, match="has changed since"):  # where nobody could be warned
        from_config({"format": 1, **config["operator"]})
    os.remove(path)
    with pytest.raises(ParameterError, match="python file is .*cannot be read"):
        read_recipe(config)


def test_what_is_no_record_is_refused(raster):
    good = json.loads(to_json(record_of(raster)))
    for wrong, message in (
        ({"format": 7}, "format is 7"),
        ({"algorithm": None}, "algorithm is None: must be patchwise:slidingwindow"),
        ({"input": {"shape": "large"}}, "input.shape is 'large': must be a list of 2"),
        ({"output": {}}, "output.data_type is None: is missing"),
        ({"window": [1]}, "window is .1.: must be a list of 4"),
    ):
        with pytest.raises(ParameterError, match=message):
            read_recipe({**good, **wrong})
    for axis in ("geometry", "sampler", "window", "aggregation"):
        for wrong in (3, to_config(Expression("b1"))):
            parts = {**good["patcher"], axis: {key: wrong[key] for key in ("class", "config")} if wrong != 3 else 3}
            with pytest.raises(ParameterError, match=rf"^patcher\.{axis}(\.class)? is .*(must be|is not known)"):
                read_recipe({**good, "patcher": parts})
    with pytest.raises(ParameterError, match="cannot be serialised"):
        record_of(raster, Lambda(np.asarray))
    for tags in ({}, {"PATCHWISE_CONFIG": "{"}, {"PATCHWISE_CONFIG": "[1]"}):
        with pytest.raises(ParameterError, match="must be a raster made by Patchwise"):
            read_tag(tags, "a.tif")


def test_json_needs_no_package_and_yaml_says_which(tmp_path, monkeypatch):
    path = tmp_path / "config"
    path.write_text("\ufeff" + json.dumps({"a": 1e-4}), encoding="utf-8")
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    assert read_file(str(path)) == {"a": 1e-4}
    path.write_text("a: 1")
    with pytest.raises(MissingPackageError, match="'pyyaml' is needed to read"):
        read_file(str(path))
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ParameterError, match="cannot be read"):
        read_file(str(path))
