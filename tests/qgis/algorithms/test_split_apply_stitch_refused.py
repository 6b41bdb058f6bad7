"""What the three refuse, and that a run that fails or is cancelled leaves nothing that looks finished."""

import json
import os
import time

import numpy as np
import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessingContext,
    QgsProcessingException,
    QgsVectorLayer,
)

from ..conftest import Log, write

SMALL = {"CHIP_SIZE": 64, "STRIDE": 64}


@pytest.fixture()
def chips(process, scene, tmp_path):
    """A folder of 5 x 4 chips."""
    folder = str(tmp_path / "chips")
    process("splitraster", INPUT=scene, OUTPUT=folder, **SMALL)
    return folder


def said_by(provider, name, **parameters):
    """What is said before a run; "" where nothing is wrong."""
    return provider.algorithm(name).checkParameterValues(parameters, QgsProcessingContext())[1]


def nothing_left(folder, *names):
    """Whether there is nothing but ``names`` in the folder, not even hidden."""
    # QGIS itself may put statistics beside a raster that it opens.
    return sorted(name for name in os.listdir(folder) if not name.endswith(".aux.xml")) == sorted(names)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"CHIP_SIZE": 0}, "CHIP_SIZE is 0: it must be at least 1"),
        ({"CHIP_SIZE": 500, "BOUNDARY": "drop"}, "CHIP_SIZE is 500: no chip fits the raster's height of 300 px"),
        ({"BANDS": [5]}, "BANDS is 5: must be from 1 to 4"),
        ({"EXTENT": "0,10,0,10 [EPSG:32610]"}, "EXTENT is (0.0, 0.0, 10.0, 10.0): must overlap the raster"),
        ({"MIN_VALID": 1.5}, "MIN_VALID is 1.5: it must be from 0 to 1"),
        ({"GEOMETRY": "sphericalcap"}, "RADIUS_KM is None: GEOMETRY=sphericalcap needs a number of kilometres above 0"),
        ({"GEOMETRY": "sphericalcap", "RADIUS_KM": 0}, "RADIUS_KM is 0.0: must be a number of kilometres above 0"),
        (
            {"GEOMETRY": "sphericalcap", "RADIUS_KM": 1, "WINDOW": "custom", "CUSTOM_WINDOW": "1+0*x"},
            "CUSTOM_WINDOW is '1+0*x': on a round chip it must be an expression in r alone",
        ),
        ({"WINDOW": "custom"}, "CUSTOM_WINDOW is '': WINDOW=custom needs an expression"),
        ({"SAMPLER": "random", "COUNT": 10**6}, "COUNT is 1000000: must be at most"),
        ({"SAMPLER": "poissondisk", "MIN_DISTANCE": 0.5}, "MIN_DISTANCE is 0.5: it must be at least 1"),
        ({"SAMPLER": "points"}, "ANCHORS is None: SAMPLER=points needs a layer of points"),
        ({"LABEL_FIELD": "class"}, "LABEL_FIELD is 'class': needs a layer of polygons in LABELS"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_split_refuses(provider, scene, tmp_path, given, expected):
    parameters = {"INPUT": scene, "OUTPUT": str(tmp_path / "chips"), "CHIP_SIZE": 64, **given}
    assert said_by(provider, "splitraster", **parameters).startswith(expected)
    assert nothing_left(tmp_path, "scene.tif")


def test_split_refuses_layers_that_do_not_suit(provider, scene, tmp_path):
    def said(**given):
        return said_by(provider, "splitraster", INPUT=scene, OUTPUT=str(tmp_path / "chips"), CHIP_SIZE=64, **given)

    points = QgsVectorLayer("Point?crs=EPSG:32610", "places", "memory")
    polygons = QgsVectorLayer("Polygon?crs=EPSG:32610&field=name:string&field=class:int", "parcels", "memory")
    nowhere = QgsVectorLayer("Polygon?field=class:int", "nowhere", "memory")
    nowhere.setCrs(QgsCoordinateReferenceSystem())
    assert said(SAMPLER="points", ANCHORS=points) == "ANCHORS is 'places': must have at least one point"
    assert said(LABELS=points) == "LABELS is 'places': must be a raster or a layer of polygons"
    text = said(LABELS=polygons, LABEL_FIELD="name")
    assert text == "LABEL_FIELD is 'name': must be a field of numbers, one of: class"
    assert said(LABELS=nowhere).startswith("LABELS is 'nowhere': must have a coordinate reference system")
    assert said(LABELS=scene, LABEL_FIELD="class").startswith("LABEL_FIELD is 'class': must be empty")
    far = write(tmp_path / "far.tif", [[[1]]], crs="EPSG:32633")
    assert "must overlap the first raster" in said(LABELS=far)


def test_an_anchor_off_the_raster_is_named(provider, scene, tmp_path):
    from qgis.core import QgsFeature, QgsGeometry, QgsPointXY

    points = QgsVectorLayer("Point?crs=EPSG:32610", "places", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(1, 2)))
    points.dataProvider().addFeatures([feature])
    given = {"SAMPLER": "points", "ANCHORS": points, "CHIP_SIZE": 64}
    text = said_by(provider, "splitraster", INPUT=scene, OUTPUT=str(tmp_path / "chips"), **given)
    assert text.startswith("ANCHORS is (1.0, 2.0): the anchor at position 0 must lie on the raster")


def test_folders_that_hold_something_else(provider, process, scene, chips, tmp_path):
    def said(folder):
        return said_by(provider, "splitraster", INPUT=scene, OUTPUT=str(folder), **SMALL)

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert "must be a new folder, an empty one, or one of chips" in said(tmp_path / "mine")
    assert said(scene).startswith(f"OUTPUT is '{scene}': must lie apart from")
    assert "must lie apart from" in said(tmp_path)  # it holds the raster
    assert "must be a folder, and this is a file" in said(os.path.join(chips, "manifest.json"))
    assert said(chips) == ""  # ours: replaced at the end
    (tmp_path / "chips" / "model.pt").write_text("weights")
    assert "holds model.pt, which is not one of its chips and would be lost" in said(chips)


def test_a_folder_of_chips_is_replaced_and_an_empty_one_taken(process, scene, chips, tmp_path):
    process("splitraster", INPUT=scene, OUTPUT=chips, CHIP_SIZE=150, STRIDE=150, BOUNDARY="drop")
    assert nothing_left(tmp_path, "scene.tif", "chips")
    assert len(os.listdir(chips)) == 2 + 2
    (tmp_path / "empty").mkdir()
    process("splitraster", INPUT=scene, OUTPUT=str(tmp_path / "empty"), **SMALL)
    assert "manifest.json" in os.listdir(tmp_path / "empty")


def test_no_folder_of_chips(provider, scene, tmp_path):
    for name in ("applytochips", "stitchchips"):
        out = str(tmp_path / ("out.tif" if name == "stitchchips" else "out"))
        text = said_by(provider, name, CHIPS=str(tmp_path), OUTPUT=out)
        assert (
            text == f"CHIPS is '{tmp_path}': must be a folder of chips, with the manifest.json that splitraster makes"
        )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"format": 2, "version": "9.1.0"}, "was written by Patchwise 9.1.0 in the format 2, and this version reads"),
        ({"kind": "something else"}, "has a manifest.json that is not of chips"),
        (
            {"chips": [{"path": "../scene.tif", "anchor": [0, 0], "window": [0, 0, 64, 64], "valid": 1}]},
            "must be a file of the folder itself",
        ),
        ({"patcher": {"class": "Onnx", "config": {}}}, "cannot be used"),
        ({"grid": None}, "cannot be used: grid is None: must be an object"),
        ({"chips": []}, "lists no chip at row 0, column 0, where its patcher has one: split again"),
    ],
    ids=str,
)
def test_a_manifest_that_cannot_be_used(provider, chips, tmp_path, change, expected):
    path = os.path.join(chips, "manifest.json")
    manifest = json.load(open(path))
    json.dump({**manifest, **change}, open(path, "w"))
    assert expected in said_by(provider, "stitchchips", CHIPS=chips, OUTPUT=str(tmp_path / "out.tif"))


def test_a_manifest_that_is_no_json(provider, chips, tmp_path):
    open(os.path.join(chips, "manifest.json"), "w").write("{")
    text = said_by(provider, "stitchchips", CHIPS=chips, OUTPUT=str(tmp_path / "out.tif"))
    assert "has a manifest.json that cannot be read" in text


def test_apply_refuses(provider, chips, tmp_path):
    def said(**given):
        return said_by(provider, "applytochips", CHIPS=chips, **{"OUTPUT": str(tmp_path / "done"), **given})

    assert "b9" in said(EXPRESSION="b9*2") and said(EXPRESSION="b9*2").startswith("EXPRESSION is 'b9*2'")
    assert said(OUTPUT=chips).startswith(f"OUTPUT is '{chips}': must lie apart from")
    assert "must lie apart from" in said(OUTPUT=os.path.join(chips, "inside"))
    assert said(OPERATOR="onnx").startswith("MODEL is '': must be given for this OPERATOR")
    os.remove(os.path.join(chips, sorted(os.listdir(chips))[0]))
    assert "1 chip(s) are missing: chip_00001_r00000_c00000.tif" in said()
    assert said(SKIP_FAILED=True) == ""


def test_a_model_for_chips_of_another_size(provider, process, scene, tmp_path, shared_data):
    pytest.importorskip("onnxruntime")
    model, folder = str(shared_data / "onnx" / "super_resolution.onnx"), str(tmp_path / "chips")
    process("splitraster", INPUT=scene, BANDS=[1], OUTPUT=folder, **SMALL)
    given = {"OPERATOR": "onnx", "MODEL": model, "CHIPS": folder, "OUTPUT": str(tmp_path / "done")}
    text = said_by(provider, "applytochips", **given)
    assert "takes chips of 224 x 224 pixels, and the folder's have 64 x 64: split with CHIP_SIZE=224" in text


FAILS = (
    "def operator(chip, meta):\n    if meta.anchor[1] == 64:\n        raise ValueError('no luck')\n    return chip[0]\n"
)


def test_chips_that_fail_are_listed_and_nothing_is_left(process, chips, tmp_path):
    log = Log()
    (tmp_path / "op.py").write_text(FAILS)
    with pytest.raises(QgsProcessingException, match=r"5 of 20 chips failed \(chip_00002_r00000_c00064.tif, .*no luck"):
        process(
            "applytochips",
            log,
            CHIPS=chips,
            OPERATOR="python",
            PYTHON=str(tmp_path / "op.py"),
            OUTPUT=str(tmp_path / "done"),
        )
    assert len([text for text in log.warnings if "no luck" in text]) == 5
    assert nothing_left(tmp_path, "scene.tif", "chips", "op.py")


def test_chips_that_fail_are_skipped_on_request(process, chips, tmp_path):
    (tmp_path / "op.py").write_text(FAILS)
    done = str(tmp_path / "done")
    result = process(
        "applytochips", CHIPS=chips, OPERATOR="python", PYTHON=str(tmp_path / "op.py"), OUTPUT=done, SKIP_FAILED=True
    )
    assert (result["DONE"], result["FAILED"]) == (15, 5)
    manifest = json.load(open(os.path.join(done, "manifest.json")))
    assert [entry["anchor"][1] for entry in manifest["failed"]] == [64] * 5
    assert all("no luck" in entry["reason"] for entry in manifest["failed"])
    assert manifest["operators"][0]["class"] == "PythonFile"
    log = Log()
    result = process("stitchchips", log, CHIPS=done, OUTPUT=str(tmp_path / "out.tif"))
    assert result["MISSING"] == 0 and any("5 chips failed when an operator was applied" in w for w in log.warnings)
    assert 64 * 300 < result["PIXELS_WITHOUT_DATA"] <= 64 * 300 + 60 * 40


def test_results_with_other_numbers_of_bands_fail(process, chips, tmp_path):
    (tmp_path / "op.py").write_text("def operator(chip, meta):\n    return chip[: 1 + (meta.anchor == (64, 64))]\n")
    reason = r"1 of 20 chips failed \(chip_00006_.*returned 2 band\(s\) here and 1 for the first chip"
    with pytest.raises(QgsProcessingException, match=reason):
        process(
            "applytochips",
            CHIPS=chips,
            OPERATOR="python",
            PYTHON=str(tmp_path / "op.py"),
            OUTPUT=str(tmp_path / "done"),
        )


def spoil(chips):
    """Take one chip away and cut another off in the middle; their names."""
    names = sorted(name for name in os.listdir(chips) if name.endswith(".tif"))
    os.remove(os.path.join(chips, names[3]))
    with open(os.path.join(chips, names[10]), "r+b") as file:
        file.truncate(os.path.getsize(file.name) // 3)
    return names[3], names[10]


def test_missing_chips_are_named_at_the_start(provider, process, chips, tmp_path):
    missing, damaged = spoil(chips)
    text = said_by(provider, "stitchchips", CHIPS=chips, OUTPUT=str(tmp_path / "out.tif"))
    assert text == f"CHIPS is '{chips}': 1 chip(s) are missing: {missing}"


def test_damaged_chips_are_named_and_nothing_is_left(process, scene, chips, tmp_path):
    missing, damaged = spoil(chips)
    with open(os.path.join(chips, missing), "w") as file:
        file.write("no raster")
    with pytest.raises(QgsProcessingException, match=f"2 chips cannot be read: {missing}, {damaged}"):
        process("stitchchips", CHIPS=chips, OUTPUT=str(tmp_path / "out.tif"))
    assert nothing_left(tmp_path, "scene.tif", "chips")
    log = Log()
    result = process("stitchchips", log, CHIPS=chips, OUTPUT=str(tmp_path / "out.tif"), ALLOW_MISSING=True)
    assert result["MISSING"] == 2 and result["PIXELS_WITHOUT_DATA"] > 2 * 40 * 40
    assert [w for w in log.warnings if missing in w] and [w for w in log.warnings if damaged in w]


def test_a_chip_of_another_size_is_damaged(process, chips, tmp_path):
    name = sorted(name for name in os.listdir(chips) if name.endswith(".tif"))[0]
    write(os.path.join(chips, name), [[[1, 2], [3, 4]]])
    with pytest.raises(QgsProcessingException, match=r"1 chips cannot be read: chip_00001.*should have \(4, 64, 64\)"):
        process("stitchchips", CHIPS=chips, OUTPUT=str(tmp_path / "out.tif"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["splitraster", "applytochips", "stitchchips"])
def test_cancelling_is_quick_and_leaves_nothing(process, scene, chips, tmp_path, name):
    big = write(tmp_path / "big.tif", np.zeros((4, 2000, 2000), np.uint16))
    many = str(tmp_path / "many")
    if name != "splitraster":
        process("splitraster", INPUT=big, OUTPUT=many, CHIP_SIZE=100, STRIDE=80)
    given = {
        "splitraster": {"INPUT": big, "CHIP_SIZE": 100, "STRIDE": 60, "INDEX": str(tmp_path / "index.gpkg")},
        "applytochips": {"CHIPS": many, "EXPRESSION": "b1-median(b2)"},
        "stitchchips": {"CHIPS": many},
    }[name]
    out = str(tmp_path / ("out.tif" if name == "stitchchips" else "out"))
    before = [name for name in os.listdir(tmp_path) if not name.endswith(".aux.xml")]
    log = Log(cancel_at=5)
    cancelled = []
    log.canceled.connect(lambda: cancelled.append(time.monotonic()))
    with pytest.raises(QgsProcessingException, match="cancelled"):
        process(name, log, OUTPUT=out, **given)
    assert time.monotonic() - cancelled[0] < 2
    assert nothing_left(tmp_path, *before)
