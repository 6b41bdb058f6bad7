"""A desktop for the dock: window, canvas, message bar and menus as QGIS has them, driven as a user would."""

import numpy as np
import pytest
from qgis.core import QgsProject, QgsRasterLayer, QgsSettings
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QMainWindow, QToolBar, QWidget

from .conftest import write


class Desktop:
    """The methods of ``iface`` that the plugin calls."""

    def __init__(self):
        self.window = QMainWindow()
        self.canvas = QgsMapCanvas(self.window)
        self.window.setCentralWidget(self.canvas)
        self.bar = QgsMessageBar(self.window)
        self.menu = self.window.menuBar().addMenu("Raster")
        self.toolbar = QToolBar(self.window)
        self.shortcuts, self.layer_actions, self.active = {}, {}, None
        self.window.resize(1100, 800)

    def mainWindow(self):
        return self.window

    def mapCanvas(self):
        return self.canvas

    def messageBar(self):
        return self.bar

    def rasterMenu(self):
        return self.menu

    def activeLayer(self):
        return self.active

    def addToolBarIcon(self, action):
        self.toolbar.addAction(action)

    def removeToolBarIcon(self, action):
        self.toolbar.removeAction(action)

    def addDockWidget(self, area, dock):
        self.window.addDockWidget(area, dock)
        dock.show()

    def removeDockWidget(self, dock):
        self.window.removeDockWidget(dock)

    def registerMainWindowAction(self, action, shortcut):
        self.shortcuts[action] = shortcut

    def unregisterMainWindowAction(self, action):
        del self.shortcuts[action]

    def addCustomActionForLayerType(self, action, menu, kind, all_layers):
        self.layer_actions[action] = []

    def addCustomActionForLayer(self, action, layer):
        self.layer_actions[action].append(layer)

    def removeCustomActionForLayerType(self, action):
        del self.layer_actions[action]

    def look_at(self, layer):
        """Show a layer alone on the canvas, at its extent."""
        self.canvas.setDestinationCrs(layer.crs())
        self.canvas.setLayers([layer])
        self.canvas.setExtent(layer.extent())


@pytest.fixture()
def desktop(qgis_app, qgis_processing, qtbot):
    """An empty desktop on an empty project, without stored settings."""
    QgsSettings().remove("patchwise")
    QgsProject.instance().clear()
    desktop = Desktop()
    qtbot.addWidget(desktop.window)
    desktop.window.show()
    yield desktop
    QgsProject.instance().clear()
    QgsSettings().remove("patchwise")


@pytest.fixture()
def layer(desktop, scene):
    """The scene (four uint16 bands, 300 x 211 pixels) in the project and on the canvas."""
    layer = QgsRasterLayer(scene, "scene")
    QgsProject.instance().addMapLayer(layer)
    desktop.look_at(layer)
    return layer


@pytest.fixture()
def large_layer(desktop, tmp_path):
    """A raster of 2000 x 2000 pixels, with which a run takes seconds."""
    values = np.random.default_rng(0).random((1, 2000, 2000), dtype=np.float32)
    layer = QgsRasterLayer(write(tmp_path / "large.tif", values), "large")
    QgsProject.instance().addMapLayer(layer)
    desktop.look_at(layer)
    return layer


class User:
    """Chooses, types and clicks by the widgets' names."""

    def __init__(self, dock, qtbot):
        self.dock, self.qtbot = dock, qtbot

    def find(self, name, kind=QWidget):
        found = self.dock.findChild(kind, name)
        assert found is not None, name
        return found

    def type(self, name, text):
        field = self.find(name)
        field.setFocus()
        field.selectAll()
        self.qtbot.keyClicks(field, text)

    def choose(self, name, text):
        combo = self.find(name)
        index = combo.findText(text)
        assert index >= 0, [combo.itemText(k) for k in range(combo.count())]
        combo.setCurrentIndex(index)

    def set(self, name, value):
        self.find(name).setValue(value)

    def click(self, name):
        self.qtbot.mouseClick(self.find(name), Qt.MouseButton.LeftButton)

    def summary(self):
        """The summary line, after the dock has planned the last change."""
        self.settle()
        return self.find("summaryLabel").text()

    def settle(self):
        self.qtbot.waitUntil(lambda: not self.dock.tab._timer.isActive(), timeout=5000)

    def can_run(self):
        self.settle()
        return self.find("runButton").isEnabled()

    def run(self, seconds=60):
        """Click run and wait until it has ended; the ``Run``."""
        self.settle()
        with self.qtbot.waitSignal(self.dock.tab.ended, timeout=1000 * seconds) as ended:
            self.click("runButton")
        return ended.args[0]


@pytest.fixture()
def dock(desktop, provider):
    """An open dock, shut at the end of the test as the plugin does."""
    from patchwise.ui.dock import PatchwiseDock

    dock = PatchwiseDock(desktop)
    desktop.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    yield dock
    dock.shut()
    dock.setParent(None)
    dock.deleteLater()


@pytest.fixture()
def user(dock, qtbot):
    """A :class:`User` of the dock."""
    return User(dock, qtbot)
