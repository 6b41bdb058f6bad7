"""``patchwise:runconfig``: the same pixels again, from a result's tags or a file; what differs or lacks is said."""

import json
import os
import re
import shutil

import numpy as np
import pytest
import rasterio
from patchwise.core import (
    ApplyToChips,
    Expression,
    GridSampler,
    RasterField,
    RasterFile,
    Sequential,
    SpatialHann,
    SpatialMax,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
    SpatialTukey,
    Stitch,
    to_config,
    to_yaml,
)
from patchwise.core.base.config import tags
from qgis.core import QgsProcessingException, QgsRasterLayer

from ..conftest import Log, read, write

SMALL = {"CHIP_SIZE": 64, "STRIDE": 24}
Z_SCORE = "(b1 - mean(b1)) / std(b1)"  # depends on the chip, so that overlaps and chip places show
LABELS = "where(b1 > mean(b1), 2, 1)"
RULES = "dark: b1 < mean(b1)\nbright #ff0000: otherwise"


def same(one, other):
    """Pixels, grid, type, nodata, descriptions, colours and the record are the same."""
    with rasterio.open(one) as a, rasterio.open(other) as b:
        np.testing.assert_array_equal(a.read(), b.read())
        for name in ("crs", "transform", "dtypes", "descriptions", "block_shapes", "compression"):
            assert getattr(a, name) == getattr(b, name), name
        assert a.nodata == b.nodata or np.isnan([a.nodata, b.nodata]).all()
        assert a.colorinterp == b.colorinterp
        records = [json.loads(dataset.tags()["PATCHWISE_CONFIG"]) for dataset in (a, b)]
        for record in records:
            record["input"].pop("relative", None)
        assert records[0] == records[1]


def aggregations():
    labels = {"EXPRESSION": LABELS, "DATA_TYPE": "uint8"}
    for name in ("overlapadd", "mean", "sum", "min", "max", "median"):
        yield {"AGGREGATION": name, "EXPRESSION": Z_SCORE}
    yield {"AGGREGATION": "hardvote", **labels}
    yield {"AGGREGATION": "softvote", "EXPRESSION": "b1/9000; 1-b1/9000"}


SPREAD = [
    *aggregations(),
    *({"WINDOW": name, "EXPRESSION": Z_SCORE} for name in ("boxcar", "hann")),
    {"WINDOW": "tukey", "TUKEY_ALPHA": 0.3, "EXPRESSION": Z_SCORE, "BOUNDARY": "reflect"},
    {"WINDOW": "gaussian", "GAUSSIAN_SIGMA": 0.31, "EXPRESSION": Z_SCORE, "BOUNDARY": "pad"},
    {"WINDOW": "custom", "CUSTOM_WINDOW": "where(r < 0.9, 1.5 - r, 0)", "EXPRESSION": Z_SCORE, "BOUNDARY": "shrink"},
    {"BOUNDARY": "drop", "EXPRESSION": "B08 - mean(B03)", "BANDS": [4, 2]},
    {"EXPRESSION": Z_SCORE, "EXTENT": "750333,751207,4347700,4349111 [EPSG:32610]"},
    {"EXPRESSION": "b1;b2", "DATA_TYPE": "uint16", "NODATA": 0, "CREATION_OPTIONS": "COMPRESS=LZW|BLOCKXSIZE=128"},
    {"EXPRESSION": "b1 / 100", "DATA_TYPE": "int16"},
    {"EXPRESSION": "b1", "DATA_TYPE": "float64", "NODATA": -1.5},
    {"EXPRESSION": "b2", "SCALE": 0.5, "OFFSET": 3},
    {"OPERATOR": "index", "INDEX": "EVI", "SCALE": 1e-4, "OFFSET": -0.1},
    {"OPERATOR": "classify", "RULES": RULES},
    {"GEOMETRY": "sphericalcap", "RADIUS_KM": 0.4, "EXPRESSION": Z_SCORE},
    {"EXPRESSION": Z_SCORE, "CHIP_SIZE": 100, "CHIP_WIDTH": 50, "STRIDE": 60, "STRIDE_X": 40},
]


@pytest.mark.parametrize("choice", SPREAD, ids=lambda choice: "-".join(f"{v}"[:12] for v in choice.values()))
def test_the_same_pixels_from_the_raster_and_from_its_record(run, again, scene, tmp_path, choice):
    out = str(tmp_path / "out.tif")
    run(INPUT=scene, OUTPUT=out, **{**SMALL, **choice})
    log = Log()
    same(out, again(log, CONFIG_FROM=out))
    assert any("Input: " in text and text.endswith("scene.tif") for text in log.infos)
    with rasterio.open(out) as dataset:
        (tmp_path / "record.json").write_text(dataset.tags()["PATCHWISE_CONFIG"])
    same(out, again(CONFIG=str(tmp_path / "record.json")))
    same(out, again(CONFIG_FROM=QgsRasterLayer(out, "out"), INPUT=QgsRasterLayer(scene, "scene")))


def test_change_between_two_rasters(run, again, scene, tmp_path):
    after, out = str(tmp_path / "after.tif"), str(tmp_path / "out.tif")
    write(
        after,
        read(scene)[:, ::2, ::2] + 7,
        names=("B02", "B03", "B04", "B08"),
        transform=rasterio.transform.from_origin(750000, 4350000, 20, 20),
    )
    run(INPUT=scene, OTHER_INPUTS=[after], OPERATOR="index", INDEX="dNDVI", OUTPUT=out, **SMALL)
    same(out, again(CONFIG_FROM=out))
    os.remove(after)
    with pytest.raises(
        QgsProcessingException, match="INPUT is '.*after.tif': is the raster of the run, and is not there"
    ):
        again(CONFIG_FROM=out)


def test_a_python_file_and_its_change(run, again, scene, tmp_path, log):
    code, out = tmp_path / "op.py", str(tmp_path / "out.tif")
    code.write_text("def operator(chip, meta):\n    return chip[:2] - chip.shape[1] - meta.anchor[0] % 7\n")
    run(INPUT=scene, OPERATOR="python", PYTHON=str(code), OUTPUT=out, **SMALL)
    with pytest.raises(
        QgsProcessingException, match="the Python file .*op.py .*run again with TRUST=sha256:"
    ) as refused:
        again(CONFIG_FROM=out)
    assert not (tmp_path / "again.tif").exists()
    agreed = re.search("TRUST=(sha256:[0-9a-f]{64})", str(refused.value))[1]
    same(out, again(log, CONFIG_FROM=out, TRUST=agreed))
    assert any("runs the Python file" in text and "op.py" in text for text in log.warnings)
    code.write_text("def operator(chip, meta):\n    return chip[:2] + 1\n")
    log = Log()
    with pytest.raises(QgsProcessingException, match="This names what has not been confirmed"):
        again(CONFIG_FROM=out, TRUST=agreed)
    changed = again(log, CONFIG_FROM=out, TRUST="all")
    assert any("op.py has changed since the configuration was written" in text for text in log.warnings)
    np.testing.assert_array_equal(read(changed), read(scene)[:2] + 1)
    code.unlink()
    with pytest.raises(QgsProcessingException, match="CONFIG_FROM: python file is '.*op.py': cannot be read"):
        again(CONFIG_FROM=out)


def test_a_model(run, again, scene, tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from ...core.onnx_models import conv, weights_of

    out, size = str(tmp_path / "out.tif"), ("N", 4, 48, 48)
    path = conv(tmp_path / "model.onnx", weights_of(2, 4, 3, 3), size, ("N", 2, 48, 48), pad=1)
    run(INPUT=scene, OPERATOR="onnx", MODEL=path, NORMALIZE="div10000", FILL=5, OUTPUT=out, **SMALL)
    with pytest.raises(QgsProcessingException, match="the ONNX model .*model.onnx .*onnxruntime would open it"):
        again(CONFIG_FROM=out)
    same(out, again(CONFIG_FROM=out, TRUST="all"))
    os.remove(path)
    with pytest.raises(QgsProcessingException, match="CONFIG_FROM: path is .*model.onnx.*cannot be read"):
        again(CONFIG_FROM=out)


def test_the_raster_is_found_after_a_move_and_by_its_path(run, again, scene, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    moved, out = str(project / "data.tif"), str(project / "out.tif")
    shutil.copy(scene, moved)
    run(INPUT=moved, EXPRESSION=Z_SCORE, OUTPUT=out, **SMALL)
    expected = read(out)
    elsewhere = str(tmp_path / "copy.tif")
    shutil.copy(out, elsewhere)
    np.testing.assert_array_equal(read(again(CONFIG_FROM=elsewhere)), expected)  # by its path
    project.rename(tmp_path / "renamed")
    np.testing.assert_array_equal(read(again(CONFIG_FROM=str(tmp_path / "renamed" / "out.tif"))), expected)
    with pytest.raises(
        QgsProcessingException, match="INPUT is '.*data.tif': is the raster of the run, and is not there"
    ):
        again(CONFIG_FROM=elsewhere)
    np.testing.assert_array_equal(read(again(CONFIG_FROM=elsewhere, INPUT=scene)), expected)


def test_another_raster_is_said(run, again, scene, tmp_path, log):
    out, other, few = (str(tmp_path / name) for name in ("out.tif", "other.tif", "few.tif"))
    run(INPUT=scene, BANDS=[1, 3], EXPRESSION="b1 + b2 * 0", OUTPUT=out, **SMALL)
    array = np.random.default_rng(1).random((5, 200, 90), dtype=np.float32)
    write(other, array, names=("a", "b", "c", "d", "e"))
    np.testing.assert_array_equal(read(again(log, CONFIG_FROM=out, INPUT=other)), array[:1])
    said = " ".join(log.warnings)
    assert "The input has 90 x 200 pixels, and that of the run had 211 x 300" in said
    assert "The input has 5 band(s), and that of the run had 4." in said
    assert "The bands of the input are a, c, and those of the run were B02, B04" in said
    write(few, array[:2])
    with pytest.raises(QgsProcessingException, match="INPUT is 'few': must have a band 3, which the run needs"):
        again(CONFIG_FROM=out, INPUT=few)
    log = Log()
    again(log, CONFIG_FROM=out, INPUT=scene)
    assert not log.warnings


def test_an_extent_on_a_raster_of_another_size(run, again, scene, tmp_path, log):
    out, other = str(tmp_path / "out.tif"), str(tmp_path / "other.tif")
    run(INPUT=scene, OUTPUT=out, EXTENT="750500,751000,4348000,4349000 [EPSG:32610]", **SMALL)
    write(other, read(scene)[:, :150], names=("B02", "B03", "B04", "B08"))
    np.testing.assert_array_equal(read(again(log, CONFIG_FROM=out, INPUT=other))[0], read(other)[0, 100:150, 50:100])
    assert any("211 x 150 pixels" in warning for warning in log.warnings)
    write(other, read(scene)[:, :90])
    with pytest.raises(QgsProcessingException, match="CONFIG_FROM: window is .*do not lie on this raster"):
        again(CONFIG_FROM=out, INPUT=other)


PATCHER = SpatialPatcher(
    SpatialRectangular((50, 40), "shift"), SpatialRegularStride(20), SpatialTukey(0.4), SpatialMax()
)


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_a_patcher_passes_the_bands_through(again, scene, tmp_path, kind):
    path = tmp_path / f"patcher.{kind}"
    path.write_text(json.dumps(to_config(PATCHER), indent=1) if kind == "json" else to_yaml(PATCHER))
    np.testing.assert_array_equal(read(again(CONFIG=str(path), INPUT=scene)), read(scene))
    with pytest.raises(QgsProcessingException, match="INPUT is None: must be given"):
        again(CONFIG=str(path))


@pytest.mark.parametrize("geometry", ["rectangles", "caps"])
def test_a_pipeline_gives_what_it_gives_in_python(again, scene, tmp_path, geometry):
    patcher = PATCHER
    if geometry == "caps":
        patcher = SpatialPatcher(SpatialSphericalCap(0.4), SpatialRandom(30, seed=2), SpatialHann())
    stages = [ApplyToChips(Expression("b1 - mean(b1); b2", 4)), ApplyToChips(Expression("b1 * 2 + mean(b2)", 2))]
    pipeline = Sequential([GridSampler(patcher), *stages, Stitch(SpatialOverlapAdd())])
    path = tmp_path / "pipeline.yml"
    path.write_text(to_yaml(pipeline))
    with RasterFile(scene) as reader:
        expected = np.asarray(pipeline(RasterField(reader)))
    result = again(CONFIG=str(path), INPUT=scene)
    np.testing.assert_array_equal(read(result), expected.astype(np.float64))
    # What came of it can be repeated as any run.
    same(result, again(CONFIG_FROM=result, OUTPUT=str(tmp_path / "third.tif")))


def _record(tmp_path, run, scene):
    out = str(tmp_path / "out.tif")
    run(INPUT=scene, OUTPUT=out, **SMALL)
    with rasterio.open(out) as dataset:
        return json.loads(dataset.tags()["PATCHWISE_CONFIG"])


WRONG = {
    "newer": ({"format": 2}, "CONFIG: format is 2: must be 1: this was written by another version"),
    "another algorithm": ({"algorithm": "patchwise:stitchchips"}, "CONFIG: algorithm is 'patchwise:stitchchips'"),
    "no operator": ({"operator": None}, "CONFIG: operator is None: must be"),
    "class": ({"operator": {"class": "Popen", "config": {}}}, "CONFIG: operator.class is 'Popen': is not known"),
    "window": ({"window": [0, 0, "x", 1]}, r"CONFIG: window\[2\] is 'x': must be a whole number"),
    "data type": ({"output": {"data_type": "int64", "nodata": 0}}, "CONFIG: output.data_type is 'int64': must be"),
    "patcher": ({"patcher": {"geometry": 3}}, "CONFIG: "),
    "server": (
        {"operator": {"class": "PythonFile", "config": {"path": "//server/share/op.py"}}},
        "CONFIG: python file is '//server/share/op.py': must be an absolute path on this machine",
    ),
    "python in a part": (
        {
            "operator": {
                "class": "Sequential",
                "config": {"operators": [{"class": "PythonFile", "config": {"path": "relative.py"}}]},
            }
        },
        "CONFIG: python file is 'relative.py': must be an absolute path",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_record_is_refused_in_one_sentence(run, again, scene, tmp_path, case):
    wrong, message = WRONG[case]
    path = tmp_path / "record.json"
    path.write_text(json.dumps({**_record(tmp_path, run, scene), **wrong}))
    with pytest.raises(QgsProcessingException, match=message):
        again(CONFIG=str(path))
    assert not (tmp_path / "again.tif").exists()


def test_wrong_parameters_are_refused(run, again, scene, tmp_path):
    record, out = tmp_path / "record.json", str(tmp_path / "out.tif")
    record.write_text(json.dumps(_record(tmp_path, run, scene)))
    with pytest.raises(QgsProcessingException, match="CONFIG is None: one of CONFIG and CONFIG_FROM must be given"):
        again()
    with pytest.raises(QgsProcessingException, match="one of CONFIG and CONFIG_FROM must be given, and not both"):
        again(CONFIG=str(record), CONFIG_FROM=out)
    with pytest.raises(QgsProcessingException, match="CONFIG_FROM: configuration is .*scene.tif.*made by Patchwise"):
        again(CONFIG_FROM=scene)
    with pytest.raises(QgsProcessingException, match="CONFIG: configuration is .*nowhere.json': cannot be read"):
        again(CONFIG=str(tmp_path / "nowhere.json"))
    for text, message in (("a: [", "must be YAML or JSON"), ("[1, 2]", "must hold a configuration")):
        record.write_text(text)
        with pytest.raises(QgsProcessingException, match=f"CONFIG: configuration is .*{message}"):
            again(CONFIG=str(record))
    record.write_text(json.dumps(to_config(Sequential([GridSampler(PATCHER), ApplyToChips(Expression("b1"))]))))
    with pytest.raises(QgsProcessingException, match="must be a SpatialPatcher, or a pipeline"):
        again(CONFIG=str(record), INPUT=scene)
    with pytest.raises(QgsProcessingException, match="OUTPUT is .*must not be the same file"):
        again(CONFIG_FROM=out, OUTPUT=scene)
    with pytest.raises(QgsProcessingException, match="CONFIG_FROM"):
        again(CONFIG_FROM=str(tmp_path / "nowhere.tif"))


def test_cancelled_leaves_nothing(run, again, scene, tmp_path):
    out = str(tmp_path / "out.tif")
    run(INPUT=scene, EXPRESSION=Z_SCORE, OUTPUT=out, **SMALL)
    with pytest.raises(QgsProcessingException, match="cancelled"):
        again(Log(cancel_at=50), CONFIG_FROM=out)
    assert not (tmp_path / "again.tif").exists()


def test_what_is_recorded_of_files_is_no_more_than_needed(tmp_path, monkeypatch):
    from patchwise.core.records.record import path_record, placed

    home = tmp_path / "home" / "jane"
    (home / "data").mkdir(parents=True)
    source = home / "data" / "scene.tif"
    source.touch()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    record = placed({"input": path_record(str(source))}, str(home / "results" / "out.tif"))["input"]
    assert record == {"source": "~/data/scene.tif", "relative": "../data/scene.tif"}
    remote = "/vsicurl/https://jane:secret@example.org/a.tif?sig=123&se=4"
    assert path_record(remote) == {"source": "/vsicurl/https://example.org/a.tif"}
    database = path_record("PG:host=h user=jane password='my secret' dbname=d table=t")["source"]
    assert "secret" not in database and "jane" not in database and "dbname=d" in database
    assert tags({"input": record})["PATCHWISE_CONFIG"].count("jane") == 0
