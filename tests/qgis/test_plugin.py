"""The plugin object: everything that it registers goes when it is unloaded, and comes back when it is loaded again."""
# ruff: noqa: F811 (fixtures are imported, and are the names of arguments)

import gc
import os

import pytest
from qgis.core import QgsApplication, QgsProject, QgsSettings
from qgis.PyQt.QtWidgets import QDockWidget

from .desktop import User, desktop, large_layer, layer  # noqa: F401


def make_plugin(desktop):
    from patchwise import classFactory

    plugin = classFactory(desktop)
    plugin.initGui()
    return plugin


@pytest.fixture()
def plugin(desktop):
    plugin = make_plugin(desktop)
    yield plugin
    plugin.unload()


def docks(desktop, qtbot):
    qtbot.wait(10)  # deleteLater
    return desktop.window.findChildren(QDockWidget, "PatchwiseDock")


def test_menu_toolbar_and_shortcut_open_the_dock(desktop, plugin):
    assert plugin.action in desktop.menu.actions() and plugin.action in desktop.toolbar.actions()
    assert desktop.shortcuts[plugin.action]
    assert not plugin.dock.isVisible(), "quiet until it is asked for"
    plugin.action.trigger()
    assert plugin.dock.isVisible() and plugin.action.isChecked()
    plugin.action.trigger()
    assert not plugin.dock.isVisible()


def test_unload_removes_everything(desktop, qtbot):
    actions = len(desktop.menu.actions())
    items = len(desktop.canvas.scene().items())
    plugin = make_plugin(desktop)
    plugin.action.trigger()
    plugin.unload()
    assert len(desktop.menu.actions()) == actions and not desktop.toolbar.actions()
    assert not desktop.shortcuts and not desktop.layer_actions
    assert docks(desktop, qtbot) == []
    assert len(desktop.canvas.scene().items()) == items
    assert QgsApplication.processingRegistry().providerById("patchwise") is None


def test_reloaded_it_is_as_before(desktop, layer, qtbot):
    first = make_plugin(desktop)
    first.action.trigger()
    first.unload()
    second = make_plugin(desktop)
    try:
        assert second.dock.isVisible(), "it was open"
        assert len(docks(desktop, qtbot)) == 1
        user = User(second.dock, qtbot)
        user.set("chipSizeSpin", 64)
        assert user.run().ok
    finally:
        second.unload()
    QgsProject.instance().clear()  # signals of an unloaded dock would be heard here


def test_python_may_collect_the_dock_before_qt_deletes_it(desktop, qtbot):
    plugin = make_plugin(desktop)
    plugin.unload()
    del plugin
    gc.collect()
    assert docks(desktop, qtbot) == []


def test_unloaded_twice_nothing_happens(desktop):
    plugin = make_plugin(desktop)
    plugin.unload()
    plugin.unload()


def test_reloaded_during_a_run(desktop, large_layer, qtbot, tmp_path):
    plugin = make_plugin(desktop)
    plugin.action.trigger()
    user = User(plugin.dock, qtbot)
    user.set("chipSizeSpin", 128)
    user.set("strideSpin", 4)
    user.find("expressionEdit").setText("b1 - median(b1)")
    folder = tmp_path / "out"
    folder.mkdir()
    user.find("outputFile").setFilePath(str(folder / "out.tif"))
    user.settle()
    user.click("runButton")
    qtbot.waitUntil(lambda: bool(os.listdir(folder)), timeout=20000)
    plugin.unload()
    again = make_plugin(desktop)
    qtbot.waitUntil(lambda: QgsApplication.taskManager().countActiveTasks() == 0, timeout=15000)
    assert os.listdir(folder) == []
    assert list(QgsProject.instance().mapLayers()) == [large_layer.id()]
    again.unload()


def test_without_a_desktop_there_is_only_the_provider(qgis_app, qgis_processing):
    from patchwise import classFactory

    plugin = classFactory(None)
    plugin.initProcessing()
    assert QgsApplication.processingRegistry().providerById("patchwise") is not None
    assert plugin.dock is None
    plugin.unload()
    assert QgsApplication.processingRegistry().providerById("patchwise") is None


def test_a_closed_dock_stays_closed(desktop, plugin):
    plugin.action.trigger()
    plugin.dock.close()
    assert not plugin.dock.was_open()
    assert QgsSettings().value("patchwise/open", True, type=bool) is False
