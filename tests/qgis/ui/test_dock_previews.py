"""The pictures in the dock follow the choices: weights at once, grid and chip a little later."""
# ruff: noqa: F811 (fixtures are imported, and are the names of arguments)

import numpy as np
from qgis.core import QgsPointXY, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QPoint, Qt

from ..conftest import read, write
from ..desktop import desktop, dock, layer, user  # noqa: F401


def chip_shown(dock, user):
    """The chip preview when it has ended."""
    preview = dock.tab.chips.preview
    user.settle()
    user.qtbot.waitUntil(lambda: not dock.tab.chips._timer.isActive() and not preview.busy(), timeout=10000)
    return preview


def open_preview(user):
    user.find("previewGroup").setCollapsed(False)
    user.dock.tab.findChild(type(user.find("scrollArea")), "scrollArea").ensureWidgetVisible(user.find("chipPreview"))


def test_the_weights_say_what_the_stride_does_at_once(layer, dock, user):
    user.set("chipSizeSpin", 64)
    assert "Even cover" in dock.tab.weights.verdict()
    user.set("strideSpin", 80)
    assert "Gaps" in dock.tab.weights.verdict()
    user.set("strideSpin", 30)
    assert "Uneven" in dock.tab.weights.verdict()


def test_weights_that_cannot_be_are_said(layer, dock, user):
    user.choose("windowCombo", "Custom")
    user.type("customWindowEdit", "1 - z")
    assert "z" in dock.tab.weights.verdict() or "z" in dock.tab.weights.accessibleDescription()
    assert not user.can_run() and "Custom window" in user.summary()


def test_the_grid_is_on_the_map_while_it_is_wanted(desktop, layer, dock, user):
    def shown():
        return dock.tab.chips.overlay.note()

    user.set("chipSizeSpin", 64)
    user.settle()
    assert "chips" in shown()
    user.find("showGridCheck").setChecked(False)
    assert shown() == ""
    user.find("showGridCheck").setChecked(True)
    assert "chips" in shown()
    dock.hide()
    assert shown() == ""
    dock.show()
    user.settle()
    assert "chips" in shown()


def test_the_chip_in_the_middle_of_the_map_is_shown_when_asked_for(desktop, layer, dock, user):
    user.type("expressionEdit", "b2 * 10")
    user.set("chipSizeSpin", 64)
    user.set("strideSpin", 64)
    open_preview(user)
    picture = chip_shown(dock, user).picture()
    assert picture is not None, dock.tab.chips.preview.caption()
    row, col = picture.anchor
    assert row % 64 == 0 and abs(row + 32 - 150) <= 32 and abs(col + 32 - 105) <= 32
    band = read(layer.source())[1][row : row + 64, col : col + 64] * 10
    assert (picture.after.low, picture.after.high) == (np.nanmin(band), np.nanmax(band))
    assert "measured" in user.summary()


def test_a_place_on_the_map_can_be_picked(desktop, layer, dock, user):
    user.set("chipSizeSpin", 32)
    open_preview(user)
    chip_shown(dock, user)
    user.click("pickChipButton")
    assert desktop.canvas.mapTool() is dock.tab.chips._tool
    point = desktop.canvas.getCoordinateTransform().transform(QgsPointXY(750000 + 1800, 4350000 - 2800))
    position = QPoint(round(point.x()), round(point.y()))
    user.qtbot.mouseClick(desktop.canvas.viewport(), Qt.MouseButton.LeftButton, pos=position)
    row, col = chip_shown(dock, user).picture().anchor
    assert abs(row + 16 - 280) <= 16 and abs(col + 16 - 180) <= 16
    desktop.canvas.unsetMapTool(dock.tab.chips._tool)
    assert not user.find("pickChipButton").isChecked()
    user.set("chipSizeSpin", 30)
    assert abs(chip_shown(dock, user).picture().anchor[0] + 15 - 280) <= 15, "another tool does not change the place"
    user.click("pickChipButton")
    user.click("pickChipButton")
    assert desktop.canvas.mapTool() is not dock.tab.chips._tool
    assert chip_shown(dock, user).picture().anchor[0] < 180, "the middle again"


def test_a_problem_stands_instead_of_the_chip(layer, dock, user):
    open_preview(user)
    user.type("expressionEdit", "b77")
    preview = chip_shown(dock, user)
    assert preview.picture() is None and "b77" in preview.caption()


def test_typing_into_a_large_raster_stays_cheap(desktop, tmp_path, dock, user):
    """Nothing is planned while keys come quickly; the last text counts."""
    path = write(tmp_path / "wide.tif", np.ones((2, 900, 900), np.uint8))
    wide = QgsRasterLayer(path, "wide")
    QgsProject.instance().addMapLayer(wide)
    desktop.look_at(wide)
    user.settle()
    planned = []
    original = dock.tab.replan
    dock.tab._timer.timeout.disconnect(dock.tab.replan)
    dock.tab._timer.timeout.connect(lambda: (planned.append(1), original()))
    for text in ("b", "b1", "b1+", "b1+b", "b1+b2"):
        user.find("expressionEdit").setText(text)
    user.settle()
    assert len(planned) == 1 and dock.tab.planned().parameters["EXPRESSION"] == "b1+b2"
