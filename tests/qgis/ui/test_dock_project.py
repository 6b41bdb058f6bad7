"""What is kept: the last choices with the project, defaults with the user, and a layer's own settings in its tags."""
# ruff: noqa: F811 (fixtures are imported, and are the names of arguments)

import numpy as np
import pytest
from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtWidgets import QAction

from ..conftest import read, write
from ..desktop import desktop, dock, layer, user  # noqa: F401

Z_SCORE = "(b1 - mean(b1)) / std(b1)"


def choose_much(user):
    user.type("expressionEdit", "b3 - b1")
    user.set("chipSizeSpin", 48)
    user.set("strideSpin", 20)
    user.choose("windowCombo", "Gaussian")
    user.set("windowParamSpin", 0.3)
    user.choose("unitsCombo", "Map units")


def without_layer(parameters):
    return {name: value for name, value in parameters.items() if name not in ("INPUT", "EXTENT")}


def test_the_last_choices_are_saved_with_the_project(desktop, layer, dock, user, tmp_path):
    choose_much(user)
    kept = without_layer(dock.tab.parameters())
    path = str(tmp_path / "project.qgz")
    assert QgsProject.instance().write(path)
    QgsProject.instance().clear()
    assert without_layer(dock.tab.parameters()) != kept, "a new project begins with the defaults"
    assert QgsProject.instance().read(path)
    assert without_layer(dock.tab.parameters()) == kept
    assert dock.tab.source.layer().name() == "scene" and user.find("unitsCombo").currentData() == "map"


def test_looking_at_the_dock_does_not_change_the_project(desktop, layer, dock, user, tmp_path):
    assert QgsProject.instance().write(str(tmp_path / "project.qgz"))
    choose_much(user)
    user.settle()
    assert not QgsProject.instance().isDirty()


def test_what_somebody_else_wrote_into_the_project_does_no_harm(desktop, layer, dock, user):
    QgsProject.instance().writeEntry("patchwise", "dock", "[not json")
    dock._project_read()
    QgsProject.instance().writeEntry("patchwise", "dock", '{"parameters": {"WINDOW": "hexagon", "OPERATOR": 7}}')
    dock._project_read()
    assert user.can_run()


def test_the_users_defaults_hold_in_new_projects(desktop, layer, dock, user):
    choose_much(user)
    dock.tab.bar.menu.findChild(QAction, "saveDefaultsAction").trigger()
    kept = without_layer(dock.tab.parameters())
    QgsProject.instance().clear()
    assert without_layer(dock.tab.parameters()) == kept
    user.set("windowParamSpin", 0.9)
    dock.tab.bar.menu.findChild(QAction, "useDefaultsAction").trigger()
    assert without_layer(dock.tab.parameters()) == kept


CASES = [
    {"EXPRESSION": Z_SCORE, "WINDOW": "tukey", "TUKEY_ALPHA": 0.4, "BOUNDARY": "reflect"},
    {"EXPRESSION": "b1;b2*2", "WINDOW": "custom", "CUSTOM_WINDOW": "1.5 - r", "AGGREGATION": "max"},
    {"OPERATOR": "index", "INDEX": "NDVI", "WINDOW": "gaussian", "GAUSSIAN_SIGMA": 0.7, "CHIP_WIDTH": 40},
    {"EXPRESSION": "b1", "WINDOW": "kaiser", "KAISER_BETA": 8.5},
    {"EXPRESSION": "b2", "WINDOW": "triangular"},
    {"OPERATOR": "index", "INDEX": "EVI", "BAND_ROLES": "B=1 N=4 R=3", "SCALE": 0.0001, "STRIDE_X": 30},
    {
        "OPERATOR": "classify",
        "RULES": "water: b4 < 2000\nland: b4 >= 2000",
        "AGGREGATION": "hardvote",
        "BOUNDARY": "drop",
    },
    {"EXPRESSION": "b1 / 100", "DATA_TYPE": "int16", "NODATA": -5.0},
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(sorted(case.values(), key=str)[0]))
def test_a_layer_gives_back_the_settings_it_was_made_with(desktop, run, layer, dock, user, tmp_path, case):
    path = str(tmp_path / "made.tif")
    box = layer.extent()
    box.grow(-400)
    text = f"{box.xMinimum()},{box.xMaximum()},{box.yMinimum()},{box.yMaximum()} [EPSG:32610]"
    run(INPUT=layer.source(), CHIP_SIZE=50, STRIDE=25, EXTENT=text, OUTPUT=path, **case)
    made = QgsRasterLayer(path, "made")
    QgsProject.instance().addMapLayer(made)
    (action,) = desktop.layer_actions
    assert desktop.layer_actions[action] == [made], "only for layers that Patchwise made"
    choose_much(user)
    user.find("layerCombo").setLayer(layer)
    desktop.active = made
    action.trigger()
    found = dock.tab.parameters()
    for name, value in {"CHIP_SIZE": 50, "STRIDE": 25, **case}.items():
        assert found[name] == value, name
    assert user.can_run(), user.summary()
    user.run()
    (again,) = [one for one in QgsProject.instance().mapLayers().values() if one not in (layer, made)]
    np.testing.assert_array_equal(read(again.source()), read(path))


def test_the_input_layer_offers_its_own_settings(desktop, run, layer, dock, user, tmp_path):
    assert not user.find("reuseButton").isVisible()
    path = str(tmp_path / "made.tif")
    run(INPUT=layer.source(), CHIP_SIZE=33, STRIDE=11, EXPRESSION="b1", OUTPUT=path)
    made = QgsRasterLayer(path, "made")
    QgsProject.instance().addMapLayer(made)
    user.find("layerCombo").setLayer(made)
    assert user.find("reuseButton").isVisible()
    user.click("reuseButton")
    assert user.find("chipSizeSpin").value() == 33 and user.find("strideSpin").value() == 11


def test_chosen_bands_are_found_again_by_name(desktop, run, layer, dock, user, tmp_path):
    path = str(tmp_path / "made.tif")
    run(INPUT=layer.source(), BANDS=[2, 4], EXPRESSION="b1 + b2", CHIP_SIZE=64, STRIDE=32, OUTPUT=path)
    made = QgsRasterLayer(path, "made")
    QgsProject.instance().addMapLayer(made)
    user.find("layerCombo").setLayer(layer)
    assert dock.use_settings_of(made)
    assert dock.tab.parameters()["BANDS"] == [2, 4]


def test_other_layers_have_no_settings(desktop, layer, dock, user, tmp_path):
    before = without_layer(dock.tab.parameters())
    assert not dock.use_settings_of(layer) and not dock.use_settings_of(None)
    strange = write(tmp_path / "strange.tif", np.ones((1, 9, 9)))
    import rasterio

    with rasterio.open(strange, "r+") as dataset:
        dataset.update_tags(PATCHWISE_CONFIG='{"patcher": 3')
    assert not dock.use_settings_of(QgsRasterLayer(strange, "strange"))
    assert without_layer(dock.tab.parameters()) == before
