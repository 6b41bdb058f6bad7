""" "Use its settings": what is read from a result makes that result again, or one sentence says why it cannot be.

Law: ``parameters_of(record of a run)`` gives a run with that record.
"""
# ruff: noqa: F811 (fixtures are imported, and are the names of arguments)

import json
import os
import shutil
import threading

import numpy as np
import pytest
import rasterio
from patchwise.core import (
    Expression,
    Sequential,
    SpatialExplicit,
    SpatialHann,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialVariance,
    to_config,
)
from patchwise.core.base.config import CONFIG_TAG, from_config
from patchwise.core.base.errors import ParameterError
from patchwise.ui.runs.reuse import bands_of, config_of, has_settings, parameters_of, read_config
from qgis.core import Qgis, QgsProcessingContext, QgsProject, QgsRasterLayer
from qgis.PyQt.QtWidgets import QDoubleSpinBox

from ..conftest import Log, write
from ..desktop import desktop, dock, layer, user  # noqa: F401

RULES = "water: b4 < 2000\nland: b4 >= 2000"
SIZES = {"CHIP_SIZE": 64, "STRIDE": 32}
#: Choices of the sliding window, of each vocabulary and of what is beside them.
CHOICES = {
    "nothing": {},
    "all defaults": {"CHIP_SIZE": 256, "STRIDE": 128},
    "chips that are not square": {"CHIP_WIDTH": 40, "STRIDE_X": 20},
    **{f"boundary {name}": {"BOUNDARY": name} for name in ("shift", "reflect", "pad", "shrink", "drop")},
    **{f"window {name}": {"WINDOW": name} for name in ("boxcar", "hann", "triangular")},
    "window tukey": {"WINDOW": "tukey", "TUKEY_ALPHA": 0.3},
    "window gaussian": {"WINDOW": "gaussian", "GAUSSIAN_SIGMA": 0.123456789},
    "window kaiser": {"WINDOW": "kaiser", "KAISER_BETA": 8.5},
    "window custom": {"WINDOW": "custom", "CUSTOM_WINDOW": "1.5 - r"},
    **{f"by {name}": {"AGGREGATION": name} for name in ("overlapadd", "mean", "sum", "min", "max", "median")},
    "by hardvote": {"AGGREGATION": "hardvote", "EXPRESSION": "where(b1 > 4000, 1, 2)"},
    "by softvote": {"AGGREGATION": "softvote", "EXPRESSION": "b1; b2"},
    "a cap": {"GEOMETRY": "sphericalcap", "RADIUS_KM": 0.35, "STRIDE": 20},
    "some bands": {"BANDS": [4, 2], "EXPRESSION": "b1 - b2"},
    "an index": {"OPERATOR": "index", "INDEX": "NDVI"},
    "an index with roles": {"OPERATOR": "index", "INDEX": "EVI", "BAND_ROLES": "B=1 N=4 R=3", "SCALE": 0.0001},
    "an offset": {"OPERATOR": "index", "INDEX": "EVI", "SCALE": 0.0001, "OFFSET": -0.1},
    "scaled bands": {"SCALE": 0.0001, "OFFSET": 0.25, "EXPRESSION": "b1 * 2"},
    "an offset alone": {"OFFSET": 5.0},
    "classes": {"OPERATOR": "classify", "RULES": RULES},
    "a type": {"DATA_TYPE": "int16", "NODATA": -5.0},
    "bytes": {"DATA_TYPE": "uint8", "EXPRESSION": "b1 / 100"},
    "options": {"CREATION_OPTIONS": "COMPRESS=LZW|TILED=YES"},
    "a COG": {"FORMAT": "cog"},
}


@pytest.fixture()
def record(provider, scene, tmp_path):
    """``record(**choices)``: what the sliding window would write into a result's tag about its run."""
    from qgis.core import QgsApplication

    algorithm = QgsApplication.processingRegistry().algorithmById("patchwise:slidingwindow").create()

    def record(**choices):
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        config = algorithm.job({"INPUT": scene, "OUTPUT": str(tmp_path / "made.tif"), **choices}, context).config
        return json.loads(json.dumps(config, sort_keys=True))

    return record


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_read_gives_the_same_run(record, name):
    before = record(**{**SIZES, **CHOICES[name]})
    found = {**parameters_of(before), "BANDS": bands_of(before, 4)}
    for parameter, value in CHOICES[name].items():
        assert found[parameter] == value or (name == "classes" and parameter == "AGGREGATION"), parameter
    assert record(**found) == before


def test_further_rasters_come_back(record, scene, tmp_path):
    after = shutil.copy(scene, tmp_path / "after.tif")
    choices = {"OPERATOR": "index", "INDEX": "dNBR", "BAND_ROLES": "N=1 S2=2", "SEVERITY": True}
    before = record(OTHER_INPUTS=[str(after)], **SIZES, **choices)
    assert record(**parameters_of(before)) == before
    in_project = QgsRasterLayer(str(after), "after")
    QgsProject.instance().addMapLayer(in_project)
    assert parameters_of(before)["OTHER_INPUTS"] == [in_project.id()]
    assert record(**parameters_of(before)) == before
    QgsProject.instance().removeMapLayer(in_project.id())


def test_a_python_file_comes_back(record, tmp_path):
    path = tmp_path / "twice.py"
    path.write_text("def operator(chip, meta):\n    return chip * 2\n")
    before = record(OPERATOR="python", PYTHON=str(path), **SIZES)
    assert record(**parameters_of(before)) == before


def test_a_model_comes_back_with_all_that_was_chosen(record, tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper

    image = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, "h", "w"]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", image[:1], image[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, tmp_path / "relu.onnx")
    chosen = {
        "NORMALIZE": "meanstd",
        "MEAN": "0.123456789, 1, 2, 3",
        "STD": "2.5",
        "ACTIVATION": "sigmoid",
        "FILL": 7.0,
    }
    before = record(OPERATOR="onnx", MODEL=str(tmp_path / "relu.onnx"), PROVIDER="cpu", **chosen, **SIZES)
    assert record(**parameters_of(before)) == before


PATCHER = SpatialPatcher(
    SpatialRectangular((64, 64)), SpatialRegularStride((32, 32)), SpatialHann(), SpatialOverlapAdd()
)
PATCHERS = {
    "SpatialRandom": SpatialPatcher(SpatialRectangular((64, 64)), SpatialRandom(20, 3)),
    "SpatialExplicit": SpatialPatcher(SpatialRectangular((64, 64)), SpatialExplicit([(0, 0), (50, 50)])),
    "boundary raise": SpatialPatcher(SpatialRectangular((50, 211), "raise"), SpatialRegularStride((50, 211))),
    "SpatialVariance": SpatialPatcher(
        SpatialRectangular((64, 64)), SpatialRegularStride(32), aggregation=SpatialVariance()
    ),
    "normalize_by_window": SpatialPatcher(
        SpatialRectangular((64, 64)),
        SpatialRegularStride(32),
        SpatialHann(),
        SpatialOverlapAdd(normalize_by_window=False),
    ),
}


@pytest.fixture()
def from_file(provider, scene, tmp_path):
    """``from_file(thing)``: the result of Run configuration with a written configuration, or a record."""
    from qgis import processing

    def from_file(thing):
        config = thing if isinstance(thing, dict) else to_config(thing)
        (tmp_path / "config.json").write_text(json.dumps(config))
        parameters = {"CONFIG": str(tmp_path / "config.json"), "INPUT": scene, "OUTPUT": str(tmp_path / "again.tif")}
        return processing.run("patchwise:runconfig", parameters, feedback=Log())["OUTPUT"]

    return from_file


def test_a_result_of_run_configuration_gives_its_settings(record, from_file):
    made = read_config(QgsRasterLayer(from_file(PATCHER), "made"))
    assert record(**parameters_of(made))["patcher"] == from_config(to_config(PATCHER)).get_config()


def refused(dock, desktop, made, said):
    """The dock says one sentence about a layer, and keeps its choices."""
    before = dock.tab.parameters()
    assert not dock.use_settings_of(made)
    assert dock.tab.parameters() == before
    (item,) = desktop.bar.items()
    assert said in item.text() and "\n" not in item.text()
    return item.text()


@pytest.mark.parametrize("name", PATCHERS)
def test_chips_that_the_dock_does_not_know_are_named(desktop, layer, dock, from_file, name):
    text = refused(dock, desktop, QgsRasterLayer(from_file(PATCHERS[name]), "made"), name)
    assert "has no form in the dock: repeat it by Run configuration" in text


def test_a_chain_of_operators_is_named(desktop, layer, dock, record, from_file):
    chain = Sequential([Expression("b1; b2", 4), Expression("b1 + b2", 2)])
    config = {"format": 1, **record(**SIZES), "operator": {"class": "Sequential", "config": chain.get_config()}}
    text = refused(dock, desktop, QgsRasterLayer(from_file(config), "made"), "Sequential")
    assert "has no form in the dock" in text


@pytest.mark.parametrize("change", ["scaled", "nodata"])
def test_what_no_parameter_says_is_named(record, change):
    config = record(**SIZES)
    config["input"]["scaled"] = change == "scaled"
    config["output"]["nodata"] = "inf" if change == "nodata" else None
    with pytest.raises(ParameterError, match=f"{change}.*has no form in the dock"):
        parameters_of(config)


@pytest.fixture()
def process(provider):
    """``process(name, **parameters)``."""
    from qgis import processing

    def process(name, **parameters):
        return processing.run(f"patchwise:{name}", parameters, feedback=Log())

    return process


def test_stitched_chips_are_from_the_toolbox(desktop, layer, dock, process, scene, tmp_path):
    chips, out = str(tmp_path / "chips"), str(tmp_path / "stitched.tif")
    process("splitraster", INPUT=scene, OUTPUT=chips, CHIP_SIZE=128, STRIDE=100)
    process("stitchchips", CHIPS=chips, OUTPUT=out)
    made = QgsRasterLayer(out, "made")
    refused(dock, desktop, made, "patchwise:stitchchips': has no form in the dock: run it from the toolbox")
    assert config_of(made) is None and not has_settings(made)


def test_polygons_are_from_the_toolbox(desktop, layer, dock, process, scene, tmp_path):
    from qgis.core import QgsFeature, QgsGeometry, QgsVectorLayer

    polygons, feature = QgsVectorLayer("Polygon?crs=EPSG:32610", "p", "memory"), QgsFeature()
    feature.setGeometry(QgsGeometry.fromRect(layer.extent().buffered(-300)))
    polygons.dataProvider().addFeatures([feature])
    out = str(tmp_path / "within.tif")
    process("polygonchips", INPUT=scene, POLYGONS=polygons, OUTPUT="TEMPORARY_OUTPUT", STITCHED=out)
    made = QgsRasterLayer(out, "made")
    refused(dock, desktop, made, "patchwise:polygonchips': has no form in the dock: run it from the toolbox")
    assert config_of(made) is None and not has_settings(made)


def test_what_stitches_no_chips_has_no_settings(desktop, layer, dock, process, scene, tmp_path):
    loaded = write(tmp_path / "s2.tif", np.ones((1, 9, 9)))
    with rasterio.open(loaded, "r+") as dataset:
        dataset.update_tags(**{CONFIG_TAG: '{"algorithm":"patchwise:loadsentinel2","format":1}'})
    weights = str(tmp_path / "weights.tif")
    process("windowweights", INPUT=scene, OUTPUT=weights)
    for path in (loaded, weights, scene):
        made = QgsRasterLayer(path, "made")
        assert not has_settings(made) and config_of(made) is None
        refused(dock, desktop, made, "made has no settings that could be used")
        desktop.bar.clearWidgets()


def test_the_counted_chips_know_the_run(run, scene, tmp_path, record):
    out, counts = str(tmp_path / "made.tif"), str(tmp_path / "counts.tif")
    run(INPUT=scene, OUTPUT=out, COVERAGE=counts, **SIZES)
    assert parameters_of(read_config(QgsRasterLayer(counts, "n"))) == parameters_of(
        read_config(QgsRasterLayer(out, "m"))
    )


@pytest.mark.parametrize("form", ["geotiff", "cog"])
def test_every_format_offers_its_settings(run, scene, tmp_path, form):
    out = str(tmp_path / "made.tif")
    run(INPUT=scene, OUTPUT=out, FORMAT=form, **SIZES)
    made = QgsRasterLayer(out, "made")
    assert has_settings(made) and parameters_of(read_config(made)).get("FORMAT", "geotiff") == form


def test_settings_replace_all_that_was_chosen_before(desktop, run, layer, dock, user, tmp_path):
    out = str(tmp_path / "made.tif")
    run(INPUT=layer.source(), OUTPUT=out, **SIZES)
    dock.tab.set_parameters({"CHIP_SIZE": 40, "CHIP_WIDTH": 30, "STRIDE_X": 10, "SCALE": 2.0, "FORMAT": "cog"})
    assert dock.tab.parameters()["CHIP_WIDTH"] == 30
    assert dock.use_settings_of(QgsRasterLayer(out, "made"))
    found = dock.tab.parameters()
    assert not {"CHIP_WIDTH", "STRIDE_X", "SCALE", "FORMAT"} & {name for name, value in found.items() if value}


def test_further_rasters_keep_their_order_while_some_wait(desktop, run, layer, dock, user, tmp_path):
    paths = [str(shutil.copy(layer.source(), tmp_path / f"{name}.tif")) for name in ("a", "b", "c")]
    out = str(tmp_path / "made.tif")
    run(INPUT=layer.source(), OTHER_INPUTS=paths, EXPRESSION="b5 - b9 * b13", OUTPUT=out, **SIZES)
    QgsProject.instance().addMapLayer(QgsRasterLayer(paths[1], "b"))
    assert dock.use_settings_of(QgsRasterLayer(out, "made"))
    assert dock.tab.parameters()["OTHER_INPUTS"] == paths and dock.tab.more.held() == {"OTHER_INPUTS": paths[::2]}
    user.settle()
    assert "a.tif" in user.find("waitingLabel").problem(), "the layer named it, and not the user"
    dock.tab.more.accept()
    assert dock.tab.parameters()["OTHER_INPUTS"] == paths and not dock.tab.more.held()


FINE = {"SCALE": 2.75e-05, "OFFSET": -0.2, "NODATA": -3.4028234663852886e38, "EXPRESSION": "b1"}


def test_numbers_that_a_spin_box_has_no_room_for_are_kept_and_shown(desktop, run, layer, dock, user, tmp_path):
    out = str(tmp_path / "made.tif")
    run(INPUT=layer.source(), OUTPUT=out, **FINE, **SIZES)
    assert dock.use_settings_of(QgsRasterLayer(out, "made"))
    found, more = dock.tab.parameters(), dock.tab.more
    assert {name: found[name] for name in FINE} == FINE
    widget = more._widgets["SCALE"]
    label, spin = more.form.label(widget), widget.findChild(QDoubleSpinBox) or widget
    assert label.text() == "Scale: 2.75e-05"
    spin.setValue(0.5)
    assert dock.tab.parameters()["SCALE"] == 0.5 and label.text() == "Scale"
    assert dock.use_settings_of(QgsRasterLayer(out, "made")) and dock.tab.parameters()["SCALE"] == 2.75e-05
    dock.use_defaults()
    assert "SCALE" not in dock.tab.parameters() and label.text() == "Scale"


@pytest.fixture()
def opened(monkeypatch):
    """The files that Patchwise opens on the main thread, or looks for."""
    found, here = [], threading.get_ident()

    def noted(module, name):
        original = getattr(module, name)

        def ask(path, *args, **more):
            if threading.get_ident() == here and str(path).endswith(".tif"):
                found.append((name, str(path)))
            return original(path, *args, **more)

        monkeypatch.setattr(module, name, ask)

    noted(rasterio, "open")
    for name in ("isfile", "exists"):
        noted(os.path, name)
    import patchwise.ui.runs.reuse as reuse

    noted(reuse, "RasterFile")
    return found


def test_layers_are_added_without_a_file_being_opened(desktop, run, layer, dock, user, tmp_path, opened):
    user.settle()
    out = str(tmp_path / "made.tif")
    run(INPUT=layer.source(), OUTPUT=out, **SIZES)
    made = [QgsRasterLayer(out, f"made {k}") for k in range(30)]
    other = str(shutil.copy(layer.source(), tmp_path / "other.tif"))
    others = [QgsRasterLayer(other, f"other {k}") for k in range(30)]
    opened.clear()
    QgsProject.instance().addMapLayers([*made, *others])
    user.settle()  # the dock may plan anew, for the layer that it had
    assert not [path for _, path in opened if path in (out, other)]
    (action,) = desktop.layer_actions
    assert sorted(one.name() for one in desktop.layer_actions[action]) == sorted(one.name() for one in made)
    assert dock.use_settings_of(made[0]) and opened, "only who asks for the settings opens the file"


def test_a_file_that_is_gone_is_not_missed_before_it_is_asked_for(desktop, run, layer, dock, tmp_path):
    out = str(tmp_path / "made.tif")
    run(INPUT=layer.source(), OUTPUT=out, **SIZES)
    made = QgsRasterLayer(out, "made")
    os.remove(out)
    QgsProject.instance().addMapLayer(made)
    (action,) = desktop.layer_actions
    assert desktop.layer_actions[action] == [made]
    refused(dock, desktop, made, "made has no settings")


def test_a_project_that_trusts_its_layers_opens_none(desktop, run, layer, dock, tmp_path):
    out = str(tmp_path / "made.tif")
    run(INPUT=layer.source(), OUTPUT=out, **SIZES)
    QgsProject.instance().setFlag(Qgis.ProjectFlag.TrustStoredLayerStatistics, True)
    QgsProject.instance().addMapLayer(QgsRasterLayer(out, "made"))
    (action,) = desktop.layer_actions
    assert desktop.layer_actions[action] == []
    QgsProject.instance().setFlag(Qgis.ProjectFlag.TrustStoredLayerStatistics, False)


@pytest.mark.parametrize("name", ["window gaussian", "window kaiser", "a cap"])
def test_numbers_that_the_dock_shows_rounded_are_kept(desktop, run, layer, dock, user, tmp_path, name):
    fine = {"GAUSSIAN_SIGMA": 0.123456789, "KAISER_BETA": 8.123456789, "RADIUS_KM": 0.350987654321}
    choices = {key: fine.get(key, value) for key, value in CHOICES[name].items()}
    out = str(tmp_path / "made.tif")
    run(INPUT=layer.source(), OUTPUT=out, **{**SIZES, **choices})
    assert dock.use_settings_of(QgsRasterLayer(out, "made"))
    assert choices.items() <= dock.tab.parameters().items()
    user.set("radiusSpin", 2.5)
    user.set("windowParamSpin", 0.75)
    found = dock.tab.parameters()
    assert found.get("RADIUS_KM", 2.5) == 2.5 and found.get("GAUSSIAN_SIGMA", 0.75) == 0.75
