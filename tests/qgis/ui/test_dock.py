"""The dock's widgets: choices become the algorithm's parameters, and what is wrong is said in place."""
# ruff: noqa: F811 (fixtures are imported, and are the names of arguments)

import pytest
from patchwise.ui.kept import PARAMETERS
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessingDestinationParameter,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QComboBox, QLabel, QWidget

from ..conftest import write
from ..desktop import desktop, dock, layer, user  # noqa: F401

NAMES = """layerCombo bandsCombo operatorCombo expressionEdit indexCombo modelFile geometryCombo chipSizeSpin strideSpin
overlapSlider unitsCombo windowCombo windowParamSpin boundaryCombo aggregationCombo extentWidget outputFile runButton
cancelButton progressBar weightPreview chipPreview summaryLabel showGridCheck""".split()


def extent_of(dock):
    return dock.tab.parameters()["EXTENT"]


@pytest.mark.parametrize("name", NAMES)
def test_every_widget_has_its_name(dock, name):
    assert dock.objectName() == "PatchwiseDock"
    assert len(dock.findChildren(QWidget, name)) == 1


def test_defaults_are_those_of_the_algorithm(layer, dock, user):
    assert user.can_run()
    algorithm = dock.tab.planned().algorithm
    for name, value in dock.tab.parameters().items():
        if name not in ("INPUT", "EXTENT"):
            assert value == algorithm.parameterDefinition(name).defaultValue(), name


def test_every_choice_of_the_dock_is_one_of_the_algorithm(layer, dock, user):
    algorithm = dock.tab.planned().algorithm
    for name, combo in (
        ("OPERATOR", "operatorCombo"),
        ("WINDOW", "windowCombo"),
        ("BOUNDARY", "boundaryCombo"),
        ("AGGREGATION", "aggregationCombo"),
    ):
        box = user.find(combo, QComboBox)
        offered = {box.itemData(k) for k in range(box.count())}
        assert offered == set(algorithm.parameterDefinition(name).options()), name


def test_every_parameter_of_the_algorithm_has_one_place(layer, dock):
    tab = dock.tab
    places = [name for panel in (tab.source, tab.operator, tab.patching) for name in panel.NAMES]
    places += tab.more._widgets
    assert len(places) == len(set(places))
    definitions = tab.planned().algorithm.parameterDefinitions()
    wanted = {one.name() for one in definitions if not isinstance(one, QgsProcessingDestinationParameter)}
    assert set(places) == wanted - {"TRUST"} | {"POLYGONS"}, "polygons are those of another algorithm"
    assert {*places} - {*tab.more._widgets, "INPUT", "EXTENT"} <= {*PARAMETERS}, "what may be filled in is checked"


def test_choices_become_parameters(layer, dock, user):
    user.type("expressionEdit", "(b4-b3)/(b4+b3)")
    user.set("chipSizeSpin", 64)
    user.set("strideSpin", 24)
    user.choose("windowCombo", "Tukey")
    user.set("windowParamSpin", 0.25)
    user.choose("boundaryCombo", "Reflect the raster")
    user.choose("aggregationCombo", "Median")
    user.find("bandsCombo").setItemCheckState(1, Qt.CheckState.Checked)
    found = dock.tab.parameters()
    assert found.pop("EXTENT").crs().authid() == "EPSG:32610"
    assert found == {
        "INPUT": layer.id(),
        "BANDS": [2],
        "OPERATOR": "expression",
        "EXPRESSION": "(b4-b3)/(b4+b3)",
        "CHIP_SIZE": 64,
        "STRIDE": 24,
        "WINDOW": "tukey",
        "TUKEY_ALPHA": 0.25,
        "BOUNDARY": "reflect",
        "AGGREGATION": "median",
    }


def test_only_the_fields_of_the_chosen_operator_are_there(layer, dock, user):
    fields = {
        "Expression": "expressionEdit",
        "Spectral index": "indexCombo",
        "Classes by rules": "rulesEdit",
        "Neural network (ONNX)": "modelFile",
        "Python file": "pythonFile",
    }
    for kind, shown in fields.items():
        user.choose("operatorCombo", kind)
        for name in fields.values():
            assert user.find(name).isVisible() == (name == shown), (kind, name)


def test_overlap_and_stride_are_tied_both_ways(layer, dock, user):
    user.set("chipSizeSpin", 200)
    assert user.find("strideSpin").value() == 100 and user.find("overlapSlider").value() == 50
    user.set("overlapSlider", 75)
    assert user.find("strideSpin").value() == 50
    user.set("strideSpin", 150)
    assert user.find("overlapSlider").value() == 25
    user.set("chipSizeSpin", 100)
    assert user.find("strideSpin").value() == 75, "the overlap stays when the size changes"


def test_map_units_show_the_same_sizes(layer, dock, user):
    user.set("chipSizeSpin", 64)
    user.choose("unitsCombo", "Map units")
    assert user.find("chipSizeSpin").value() == 640 and user.find("chipSizeSpin").suffix() == " m"
    user.set("strideSpin", 234)  # 23.4 pixels
    assert (dock.tab.parameters()["CHIP_SIZE"], dock.tab.parameters()["STRIDE"]) == (64, 23)
    user.choose("unitsCombo", "Pixels")
    assert user.find("strideSpin").value() == 23 and user.find("strideSpin").suffix() == " px"


def test_map_units_on_pixels_that_are_not_square(desktop, tmp_path, dock, user):
    from rasterio.transform import from_origin

    path = write(tmp_path / "tall.tif", [[[1, 2] * 60] * 90], transform=from_origin(0, 0, 5, 10))
    tall = QgsRasterLayer(path, "tall")
    QgsProject.instance().addMapLayer(tall)
    user.choose("unitsCombo", "Map units")
    user.set("chipSizeSpin", 400)
    found = dock.tab.parameters()
    assert (found["CHIP_SIZE"], found["CHIP_WIDTH"], found["STRIDE"], found["STRIDE_X"]) == (40, 80, 20, 40)


def test_the_extent_follows_the_map_until_another_is_chosen(desktop, layer, dock, user):
    assert extent_of(dock).yMaximum() == pytest.approx(desktop.canvas.extent().yMaximum())
    desktop.canvas.setExtent(QgsRectangle(750100, 4348000, 751000, 4349000))
    assert extent_of(dock).yMaximum() == pytest.approx(desktop.canvas.extent().yMaximum())
    widget = user.find("extentWidget")
    widget.setOutputExtentFromLayer(layer)
    desktop.canvas.setExtent(QgsRectangle(750200, 4348100, 750900, 4348900))
    assert extent_of(dock).yMaximum() == pytest.approx(layer.extent().yMaximum(), abs=1e-3)
    widget.setOutputExtentFromCurrent()
    assert extent_of(dock).yMaximum() == pytest.approx(desktop.canvas.extent().yMaximum())


def test_a_map_in_another_crs(desktop, layer, dock, user):
    desktop.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    assert extent_of(dock).crs().authid() == "EPSG:4326"
    assert user.can_run(), user.summary()


def test_an_empty_map_is_followed_once_it_shows_something(desktop, scene, dock, user):
    assert not user.can_run() and "Choose a raster layer" in user.summary()
    added = QgsRasterLayer(scene, "scene")
    QgsProject.instance().addMapLayer(added)
    desktop.look_at(added)
    assert user.can_run()
    assert extent_of(dock).yMaximum() == pytest.approx(desktop.canvas.extent().yMaximum())


def test_the_summary_says_what_a_run_takes(layer, dock, user):
    user.set("chipSizeSpin", 64)
    user.set("strideSpin", 24)
    text = user.summary()
    for words in ("88 chips", "everything covered", "pixels to read", "MB of memory", "second"):
        assert words in text, text


def test_an_expression_error_is_said_with_its_column(layer, dock, user):
    user.type("expressionEdit", "b1 + b7")
    assert not user.can_run()
    assert user.find("operatorProblem", QLabel).problem().startswith("There is no variable 'b7'")
    assert "column 6" in user.find("operatorProblem", QLabel).text() and "column 6" in user.summary()
    assert "column 6" in user.find("runButton").toolTip()
    user.type("expressionEdit", "b1 + b4")
    assert user.can_run() and not user.find("operatorProblem").isVisible()
    assert "column" not in user.summary()


def test_a_stride_above_the_chip_is_said(layer, dock, user):
    user.set("chipSizeSpin", 64)
    user.set("strideSpin", 80)
    assert not user.can_run()
    assert "stride is larger than the chip" in user.summary() and "stride" in user.find("runButton").toolTip()
    assert "%" in user.summary() and "everything covered" not in user.summary()
    user.set("strideSpin", 64)
    assert user.can_run() and "everything covered" in user.summary()


def test_a_chip_above_the_extent_is_said(desktop, layer, dock, user):
    user.find("extentWidget").setOutputExtentFromUser(QgsRectangle(750100, 4349000, 750400, 4349200), layer.crs())
    assert not user.can_run()
    assert "256 x 256 pixels is larger than the extent of 20 x 30 pixels" in user.summary()
    user.set("chipSizeSpin", 16)
    assert user.can_run()


def test_an_extent_beside_the_raster_is_said(layer, dock, user):
    user.find("extentWidget").setOutputExtentFromUser(QgsRectangle(0, 0, 10, 10), layer.crs())
    assert not user.can_run()
    assert "must overlap the raster" in user.summary()


def test_an_output_that_is_no_geotiff_is_said(layer, dock, user, tmp_path):
    user.find("outputFile").setFilePath(str(tmp_path / "out.png"))
    assert not user.can_run() and ".tif" in user.summary()


def test_what_an_operator_lacks_is_said(layer, dock, user):
    user.choose("operatorCombo", "Neural network (ONNX)")
    assert not user.can_run() and "Must be given" in user.find("operatorProblem", QLabel).problem()
    user.choose("operatorCombo", "Spectral index")
    assert user.can_run(), "the bands' names say which is which"
    user.find("indexCombo").setCurrentText("NDVX")
    assert not user.can_run() and "no index of that name" in user.find("operatorProblem", QLabel).problem()


def test_more_settings_are_those_of_the_operator(layer, dock, user):
    assert not user.find("NORMALIZE").isVisibleTo(dock.tab.more)
    user.choose("operatorCombo", "Neural network (ONNX)")
    assert user.find("NORMALIZE").isVisibleTo(dock.tab.more)
    user.choose("operatorCombo", "Spectral index")
    assert user.find("BAND_ROLES").isVisibleTo(dock.tab.more)
    user.find("BAND_ROLES").setText("R=1 N=2")
    assert dock.tab.parameters()["BAND_ROLES"] == "R=1 N=2"
    user.choose("operatorCombo", "Expression")
    assert "BAND_ROLES" not in dock.tab.parameters()


def test_labels_have_buddies_and_fields_have_tips(dock):
    for panel in (dock.tab.source, dock.tab.operator, dock.tab.patching):
        for label in panel.form._labels.values():
            assert label.buddy() is not None and "&" in label.text(), label.text()
    for name in NAMES:
        widget = dock.findChild(QWidget, name)
        if name not in ("summaryLabel", "progressBar", "cancelButton", "chipPreview", "showGridCheck"):
            assert widget.toolTip() or widget.accessibleName(), name


def test_letters_under_the_alt_key_are_given_once_on_a_page(dock):
    letters = [text[text.index("&") + 1].lower() for text in shown_texts(dock)]
    assert len(letters) == len(set(letters)), sorted(letters)


def shown_texts(dock):
    from patchwise.ui.texts import tr

    panels = (dock.tab.source, dock.tab.operator, dock.tab.patching)
    texts = [label.text() for panel in panels for label in panel.form._labels.values() if label.isVisibleTo(panel)]
    return [*texts, *(box.text() for box in (dock.tab.chips.grid_check,)), tr("&Result")]


def test_the_tab_key_goes_from_top_to_bottom(layer, dock, user):
    order, widget = [], user.find("layerCombo")
    while not order or widget.objectName() != "layerCombo":
        order.append(widget.objectName())
        widget = widget.nextInFocusChain()
    wanted = """layerCombo bandsCombo operatorCombo expressionEdit geometryCombo chipSizeSpin unitsCombo strideSpin
    overlapSlider windowCombo boundaryCombo aggregationCombo""".split()
    assert [name for name in order if name in wanted][: len(wanted)] == wanted


def test_problems_can_be_read_in_a_dark_theme(layer, dock, user):
    user.type("expressionEdit", "b9")
    light = user.summary()
    palette = QPalette(dock.palette())
    palette.setColor(QPalette.ColorRole.Window, Qt.GlobalColor.black)
    palette.setColor(QPalette.ColorRole.WindowText, Qt.GlobalColor.white)
    dock.setPalette(palette)
    assert user.summary() != light and "column 1" in user.summary()


def test_the_dock_fits_in_a_narrow_place(dock):
    assert dock.minimumSizeHint().width() <= 400
