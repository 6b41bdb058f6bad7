"""Runs from the dock: the layer on the map, the message bar, the history, cancelling, and what goes away meanwhile."""
# ruff: noqa: F811 (fixtures are imported, and are the names of arguments)

import json
import os

import numpy as np
import pytest
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.gui import QgsGui
from qgis.PyQt.QtWidgets import QAction, QDialog, QPushButton, QTextBrowser

from ..conftest import read
from ..desktop import desktop, dock, large_layer, layer, user  # noqa: F401

Z_SCORE = "(b1 - mean(b1)) / std(b1)"
SLOW = {"chipSizeSpin": 128, "strideSpin": 4}  # minutes of work: whoever waits for its end has lost


def results():
    return [layer for layer in QgsProject.instance().mapLayers().values() if layer.name() not in ("scene", "large")]


def copied(dock, name):
    dock.tab.bar.menu.findChild(QAction, name).trigger()
    return QgsApplication.clipboard().text()


def start_slowly(dock, user, tmp_path):
    """A run that is under way, and the folder that it writes into."""
    for name, value in SLOW.items():
        user.set(name, value)
    user.find("expressionEdit").setText("b1 - median(b1)")
    folder = tmp_path / "out"
    folder.mkdir()
    user.find("outputFile").setFilePath(str(folder / "out.tif"))
    assert user.can_run(), user.summary()
    user.click("runButton")
    user.qtbot.waitUntil(lambda: bool(os.listdir(folder)), timeout=20000)
    assert dock.tab.controller.running() and user.find("cancelButton").isEnabled()
    return folder


def test_a_run_adds_the_same_pixels_as_the_algorithm(run, layer, dock, user, tmp_path):
    user.type("expressionEdit", Z_SCORE)
    user.set("chipSizeSpin", 64)
    user.set("strideSpin", 24)
    user.find("extentWidget").setOutputExtentFromLayer(layer)
    ended = user.run()
    assert ended.ok, ended.feedback.textLog()
    (added,) = results()
    expected = str(tmp_path / "expected.tif")
    run(INPUT=layer.source(), EXPRESSION=Z_SCORE, CHIP_SIZE=64, STRIDE=24, OUTPUT=expected)
    np.testing.assert_array_equal(read(added.source()), read(expected))
    assert "/processing_" in added.source().replace(os.sep, "/"), "a temporary file by default"


def test_the_map_extent_gives_a_part(desktop, layer, dock, user):
    box = layer.extent()
    box.grow(-500)
    desktop.canvas.setExtent(box)
    user.set("chipSizeSpin", 64)
    assert user.run().ok
    (added,) = results()
    assert added.extent().height() < layer.extent().height() and layer.extent().contains(added.extent())


def test_the_layer_lies_above_its_source_named_and_styled(desktop, layer, dock, user):
    root = QgsProject.instance().layerTreeRoot()
    group = root.addGroup("inner")
    group.addLayer(layer)
    root.removeLayer(layer)
    group.addLayer(layer) if root.findLayer(layer.id()) is None else None
    user.type("expressionEdit", "(b4-b3)/(b4+b3)")
    user.run()
    (added,) = results()
    parent = root.findLayer(layer.id()).parent()
    assert [node.layerId() for node in parent.findLayers()] == [added.id(), layer.id()]
    assert "scene" in added.name() and added.renderer().type() == "singlebandpseudocolor"


def test_a_chosen_file_is_written(layer, dock, user, tmp_path):
    path = tmp_path / "result.tif"
    user.find("outputFile").setFilePath(str(path))
    user.type("expressionEdit", "b2 * 2")
    user.run()
    np.testing.assert_array_equal(read(path)[0], read(layer.source())[1] * 2)
    assert [os.path.normpath(layer.source()) for layer in results()] == [str(path)]


def test_the_message_bar_opens_log_and_settings(desktop, layer, dock, user):
    user.type("expressionEdit", "b3 + 1")
    user.run()
    item = desktop.bar.currentItem()
    assert "is on the map" in item.text()
    item.findChild(QPushButton, "openLogButton").click()
    log = desktop.window.findChild(QDialog, "PatchwiseText")
    assert "chips" in log.findChild(QTextBrowser).toPlainText()
    log.close()
    log.setObjectName("")
    item.findChild(QPushButton, "showSettingsButton").click()
    shown = desktop.window.findChild(QDialog, "PatchwiseText").findChild(QTextBrowser).toPlainText()
    assert json.loads(shown)["inputs"]["EXPRESSION"] == "b3 + 1"


def test_progress_is_shown_while_it_runs(layer, dock, user):
    seen = []
    dock.tab.controller.progressed.connect(lambda percent: seen.append(user.find("progressBar").isVisible()))
    user.run()
    assert seen and all(seen)
    assert not user.find("progressBar").isVisible() and not user.find("cancelButton").isEnabled()


def test_a_run_is_in_the_history(layer, dock, user):
    registry = QgsGui.historyProviderRegistry()
    before = len(registry.queryEntries(providerId="processing"))
    user.type("expressionEdit", "b1 + 41")
    user.run()
    entries = registry.queryEntries(providerId="processing")
    assert len(entries) == before + 1
    entry = max(entries, key=lambda entry: entry.id).entry
    assert entry["algorithm_id"] == "patchwise:slidingwindow"
    assert entry["parameters"]["inputs"]["EXPRESSION"] == "b1 + 41"
    assert "processing.run(" in entry["python_command"] and "qgis_process run" in entry["process_command"]
    assert entry["results"]["CHIPS"] > 0 and "chips" in entry["log"]


def test_the_run_can_be_copied(layer, dock, user, tmp_path):
    user.type("expressionEdit", "b1 * 3")
    user.set("chipSizeSpin", 64)
    user.find("outputFile").setFilePath(str(tmp_path / "out.tif"))
    user.settle()
    line = copied(dock, "copyPythonAction")
    assert line.startswith('processing.run("patchwise:slidingwindow"') and "'EXPRESSION':'b1 * 3'" in line
    inputs = json.loads(copied(dock, "copyJsonAction"))["inputs"]
    assert inputs["CHIP_SIZE"] == 64 and inputs["INPUT"] == layer.source()
    command = copied(dock, "copyCommandAction")
    assert command.startswith("qgis_process run patchwise:slidingwindow") and "--EXPRESSION='b1 * 3'" in command


def test_the_copied_python_line_gives_the_same_pixels(run, layer, dock, user, tmp_path):
    from qgis import processing

    user.type("expressionEdit", Z_SCORE)
    user.set("chipSizeSpin", 64)
    user.find("outputFile").setFilePath(str(tmp_path / "dock.tif"))
    user.run()
    line = copied(dock, "copyPythonAction").replace("dock.tif", "line.tif")
    eval(line, {"processing": processing})
    np.testing.assert_array_equal(read(tmp_path / "line.tif"), read(tmp_path / "dock.tif"))


def test_an_error_is_one_sentence_with_the_log_on_request(desktop, layer, dock, user, tmp_path):
    (tmp_path / "fails.py").write_text("def operator(chip, meta):\n    raise ValueError('too dark')\n")
    user.choose("operatorCombo", "Python file")
    user.find("pythonFile").setFilePath(str(tmp_path / "fails.py"))
    assert not user.run().ok
    item = desktop.bar.currentItem()
    assert "too dark" in item.text() and "\n" not in item.text()
    assert item.findChild(QPushButton, "openLogButton") is not None
    assert results() == [] and user.can_run()


def test_cancel_in_the_dock(desktop, large_layer, dock, user, tmp_path):
    folder = start_slowly(dock, user, tmp_path)
    with user.qtbot.waitSignal(dock.tab.ended, timeout=10000) as ended:
        user.click("cancelButton")
        assert not user.find("cancelButton").isEnabled()
    assert ended.args[0].cancelled and not ended.args[0].ok
    assert os.listdir(folder) == [] and results() == []
    assert "cancelled" in desktop.bar.currentItem().text() and user.can_run()


def test_cancel_in_the_task_manager(desktop, large_layer, dock, user, tmp_path):
    folder = start_slowly(dock, user, tmp_path)
    (task,) = [task for task in QgsApplication.taskManager().tasks() if task.description().startswith("Patchwise")]
    with user.qtbot.waitSignal(dock.tab.ended, timeout=10000):
        task.cancel()
    assert os.listdir(folder) == [] and "cancelled" in desktop.bar.currentItem().text()


def test_a_second_run_waits_for_the_first(large_layer, dock, user, tmp_path):
    start_slowly(dock, user, tmp_path)
    assert not user.find("runButton").isEnabled()
    planned = dock.tab.planned()
    assert "under way" in dock.tab.controller.start(planned.algorithm, planned.parameters)


@pytest.mark.parametrize("how", ["layer removed", "project cleared", "dock shut"])
def test_what_goes_away_during_a_run(desktop, large_layer, dock, user, tmp_path, how):
    folder = start_slowly(dock, user, tmp_path)
    tasks = QgsApplication.taskManager()
    if how == "layer removed":
        QgsProject.instance().removeMapLayer(large_layer.id())
    elif how == "project cleared":
        QgsProject.instance().clear()
    else:
        dock.tab.controller.stop()
    user.qtbot.waitUntil(lambda: tasks.countActiveTasks() == 0, timeout=15000)
    user.qtbot.waitUntil(lambda: not dock.tab.controller.running(), timeout=5000)
    assert os.listdir(folder) == []
    assert results() == []


def test_the_map_can_be_used_while_it_runs(desktop, large_layer, dock, user, tmp_path):
    start_slowly(dock, user, tmp_path)
    before = desktop.canvas.extent()
    desktop.canvas.zoomByFactor(0.5)
    user.type("expressionEdit", "b1 + 1")
    user.settle()
    assert desktop.canvas.extent() != before and "chips" in user.summary()


def test_a_band_of_another_layer_is_not_kept(layer, dock, user, tmp_path):
    from qgis.PyQt.QtCore import Qt

    from ..conftest import write

    user.find("bandsCombo").setItemCheckState(3, Qt.CheckState.Checked)
    other = QgsRasterLayer(write(tmp_path / "other.tif", np.ones((1, 300, 300))), "other")
    QgsProject.instance().addMapLayer(other)
    user.find("layerCombo").setLayer(other)
    assert "BANDS" not in dock.tab.parameters() and user.can_run()
    QgsProject.instance().removeMapLayer(other.id())
