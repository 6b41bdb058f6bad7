"""Starts the QGIS desktop on a virtual display, runs the main job from the dock, and takes a picture of each step.

Outside of QGIS this file starts Xvfb and QGIS, which runs the same file again as its start-up script. The script
chooses, types and clicks as a user would, and fails where a step has no effect.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

FOLDER_VARIABLE, KIND_VARIABLE, ROOT_VARIABLE = "PATCHWISE_PICTURES", "PATCHWISE_KIND", "PATCHWISE_ROOT"
SCREEN, SIZE = (1600, 1000), (1400, 880)

#: Pictures of the user guide; the others are only for checking.
KEPT = (
    "expression",
    "gap",
    "problem",
    "chip-preview",
    "result",
    "menu",
    "sentinel",
    "waiting",
    "confirm",
    "dark",
    "german",
)


def main():
    """Take all pictures; the exit code is QGIS's."""
    from qgis_desktop import run_in_qgis  # inside of QGIS it could not be found

    root = Path(__file__).resolve().parents[1]
    folder = root / "build" / "pictures"
    scene = root / "build" / "demo" / "tahoe.tif"
    if not scene.exists():
        subprocess.run([sys.executable, str(root / "tools" / "demo_scene.py"), str(scene)], check=True)
    for kind in ("default", "dark", "german"):
        variables = {FOLDER_VARIABLE: str(folder), KIND_VARIABLE: kind, ROOT_VARIABLE: str(root)}
        language = "de" if kind == "german" else "en"
        code = run_in_qgis(Path(__file__).resolve(), seconds=300, screen=SCREEN, language=language, **variables)
        if code:
            return code
    for name in KEPT:
        shutil.copyfile(folder / f"dock-{name}.png", root / "docs" / "images" / f"dock-{name}.png")
    return 0


class Session:
    """A session in one desktop, of which each step is a method that takes a picture."""

    def __init__(self):
        from qgis.utils import iface

        self.interface, self.window = iface, iface.mainWindow()
        self.folder, self.root = Path(os.environ[FOLDER_VARIABLE]), Path(os.environ[ROOT_VARIABLE])
        self.kind = os.environ[KIND_VARIABLE]
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(self):
        """All steps."""
        self.prepare()
        if self.kind != "default":
            self.picture(self.kind)
            return
        self.picture("start")
        self.expression()
        self.problem()
        self.preview()
        self.job()
        self.settings()
        self.sentinel()
        self.stranger()
        self.reuse()

    def prepare(self):
        """Set the theme, start the plugin, load the scene, and open the dock by its toolbar button."""
        import qgis.utils
        from qgis.core import QgsApplication, QgsProject, QgsRasterLayer

        if self.kind == "dark":
            QgsApplication.setUITheme("Night Mapping")
        qgis.utils.updateAvailablePlugins()
        for name in ("processing", "patchwise"):
            if name not in qgis.utils.active_plugins:
                self.need(qgis.utils.loadPlugin(name) and qgis.utils.startPlugin(name), f"the plugin {name} starts")
        for name in ("Browser", "Browser2"):
            dock = self.window.findChild(object_type("QDockWidget"), name)
            if dock is not None:
                dock.hide()
        self.layer = QgsRasterLayer(str(self.root / "build" / "demo" / "tahoe.tif"), "tahoe")
        QgsProject.instance().addMapLayer(self.layer)
        QgsProject.instance().setCrs(self.layer.crs())
        self.natural_colours()
        self.window.resize(*SIZE)
        self.interface.messageBar().clearWidgets()  # QGIS complains of fonts that are not installed
        action = self.window.findChild(object_type("QAction"), "patchwiseAction")
        action.trigger()
        self.wait(0.5)
        self.dock = self.window.findChild(object_type("QDockWidget"), "PatchwiseDock")
        self.need(self.dock is not None and self.dock.isVisible(), "the dock opens")
        self.window.resizeDocks([self.dock], [360], orientation_horizontal())
        self.wait(0.5)
        self.interface.mapCanvas().setExtent(self.layer.extent())
        self.interface.mapCanvas().refresh()
        self.wait(3)

    def natural_colours(self):
        """Show the scene in red, green and blue, stretched."""
        from qgis.core import QgsContrastEnhancement, QgsMultiBandColorRenderer

        provider = self.layer.dataProvider()
        renderer = QgsMultiBandColorRenderer(provider, 3, 2, 1)
        for setter in (
            renderer.setRedContrastEnhancement,
            renderer.setGreenContrastEnhancement,
            renderer.setBlueContrastEnhancement,
        ):
            stretch = QgsContrastEnhancement(provider.dataType(1))
            stretch.setMinimumValue(0)
            stretch.setMaximumValue(1900)
            stretch.setContrastEnhancementAlgorithm(
                QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
            )
            setter(stretch)
        self.layer.setRenderer(renderer)

    def expression(self):
        """Type an expression; 60 % overlap."""
        self.type("expressionEdit", "(b4-b3)/(b4+b3)")
        self.widget("chipSizeSpin").setValue(384)
        self.widget("overlapSlider").setValue(60)
        self.wait(1.5)
        self.picture("expression")

    def problem(self):
        """Type a wrong expression, then a stride that leaves gaps."""
        self.type("expressionEdit", "(b4-b3)/(b4+b9)")
        self.wait(0.5)
        self.need(not self.widget("runButton").isEnabled(), "a wrong expression disables the run")
        self.picture("problem")
        self.type("expressionEdit", "(b4-b3)/(b4+b3)")
        self.widget("strideSpin").setValue(500)
        self.wait(0.5)
        self.scroll_to("weightPreview")
        self.picture("gap")
        self.widget("overlapSlider").setValue(50)

    def preview(self):
        """Open the chip preview."""
        from qgis.core import QgsPointXY

        canvas, box = self.interface.mapCanvas(), self.layer.extent()
        shore = QgsPointXY(box.xMinimum() + 0.17 * box.width(), box.yMaximum() - 0.47 * box.height())
        canvas.setCenter(shore)
        canvas.zoomByFactor(0.4)
        self.widget("previewGroup").setCollapsed(False)
        self.wait(3)
        self.scroll_to("chipPreview")
        self.picture("chip-preview")
        self.widget("previewGroup").setCollapsed(True)
        canvas.setExtent(box)
        self.wait(2)

    def job(self):
        """Run the algorithm, wait for its layer, and open the menu of the run button."""
        from qgis.core import QgsProject

        self.scroll_to("layerCombo")
        self.widget("runButton").click()
        self.wait(0.15)
        self.picture("running")
        self.until(lambda: len(QgsProject.instance().mapLayers()) == 2, "the result is added")
        self.wait(3)
        self.picture("result")
        button = self.widget("runButton")
        run_menu, corner = button.menu(), button.mapToGlobal(button.rect().topLeft())
        corner.setY(corner.y() - run_menu.sizeHint().height())
        run_menu.popup(corner)
        self.wait(0.5)
        self.screen("menu")
        run_menu.hide()

    def settings(self):
        """Show the rest of the parameters under More settings."""
        self.widget("moreGroup").setCollapsed(False)
        self.scroll_to("moreGroup", bottom=True)
        self.picture("more")
        self.widget("moreGroup").setCollapsed(True)

    def sentinel(self):
        """Show the tab of Sentinel-2."""
        self.widget("tabs").setCurrentIndex(1)
        self.wait(0.5)
        self.picture("sentinel")
        self.widget("tabs").setCurrentIndex(0)

    def stranger(self):
        """Read a project that names a Python file: it waits for agreement, Run asks for it, and No runs nothing."""
        from qgis.core import QgsProject
        from qgis.PyQt.QtCore import QTimer

        # At a fixed place, since the picture shows the path.
        file, mark = Path(tempfile.gettempdir()) / "sharpen.py", Path(tempfile.gettempdir()) / "sharpen.ran"
        file.write_text(f"open({str(mark)!r}, 'w').close()\n\n\ndef operator(chip, meta):\n    return chip\n")
        named = {"OPERATOR": "python", "PYTHON": str(file), "CHIP_SIZE": 384, "STRIDE": 192}
        QgsProject.instance().writeEntry("patchwise", "dock", json.dumps({"parameters": named}))
        self.dock._project_read()
        self.scroll_to("layerCombo")
        self.wait(1)
        self.need(self.widget("confirmButton").isVisible(), "the file waits")
        self.picture("waiting")
        QTimer.singleShot(1500, self.answer_no)
        self.widget("runButton").click()
        self.need(not mark.exists(), "nothing has run")
        file.unlink()

    def reuse(self):
        """Fill in the settings that the result was made with."""
        from qgis.core import QgsProject

        result = next(one for one in QgsProject.instance().mapLayers().values() if one.id() != self.layer.id())
        self.widget("layerCombo").setLayer(result)
        self.widget("chipSizeSpin").setValue(100)
        self.wait(0.5)
        self.need(self.widget("reuseButton").isVisible(), "the result's settings are offered")
        self.widget("reuseButton").click()
        self.wait(1)
        self.need(self.widget("layerCombo").currentLayer() == self.layer, "the layer is that of the run")
        self.need(self.widget("expressionEdit").text() == "(b4-b3)/(b4+b3)", "the expression is that of the run")
        self.need(self.widget("chipSizeSpin").value() == 384, "the chip size is that of the run")
        self.scroll_to("layerCombo")
        self.picture("reuse")

    def answer_no(self):
        """Take the picture of the question, and answer as Enter does."""
        from qgis.PyQt.QtWidgets import QApplication

        box = QApplication.activeModalWidget()
        self.need(box is not None and box.objectName() == "patchwiseConfirmation", "Run asks")
        self.screen("confirm")
        box.defaultButton().click()

    def widget(self, name):
        """A widget of the dock by its name."""
        found = self.dock.findChild(object_type("QWidget"), name)
        self.need(found is not None, f"the dock has {name}")
        return found

    def type(self, name, text):
        """Replace the text of a field."""
        self.widget(name).setFocus()
        self.widget(name).selectAll()
        self.widget(name).insert(text)

    def scroll_to(self, name, bottom=False):
        """Bring a widget into view."""
        widget = self.widget(name)
        self.wait(0.2)
        self.widget("scrollArea").ensureWidgetVisible(widget, 0, 40)
        if bottom:
            bar = self.widget("scrollArea").verticalScrollBar()
            bar.setValue(bar.maximum())
        self.wait(0.3)

    def picture(self, name):
        """Save a picture of the main window."""
        self.wait(0.2)
        self.save(self.window.grab(), name)

    def screen(self, name):
        """Save the part of the screen with the main window, and menus and dialogs over it."""
        box = self.window.frameGeometry()
        self.save(self.window.screen().grabWindow(0, box.x(), box.y(), box.width(), box.height()), name)

    def save(self, pixmap, name):
        """Save a picture, scaled to 1120 pixels wide."""
        from qgis.PyQt.QtCore import Qt

        image = pixmap.toImage().scaledToWidth(1120, Qt.TransformationMode.SmoothTransformation)
        self.need(image.save(str(self.folder / f"dock-{name}.png")), f"dock-{name}.png is written")

    def wait(self, seconds):
        """Process events for some seconds."""
        from qgis.PyQt.QtWidgets import QApplication

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.01)

    def until(self, true, what, seconds=60):
        """Process events until ``true()``; an error after ``seconds``."""
        end = time.monotonic() + seconds
        while not true():
            self.need(time.monotonic() < end, what)
            self.wait(0.05)

    @staticmethod
    def need(good, what):
        """End the session with an error unless a step has come about."""
        if not good:
            raise RuntimeError(f"not so: {what}")


def object_type(name):
    """The class of QtWidgets of that name."""
    from qgis.PyQt import QtWidgets

    return getattr(QtWidgets, name)


def orientation_horizontal():
    """``Qt.Orientation.Horizontal``."""
    from qgis.PyQt.QtCore import Qt

    return Qt.Orientation.Horizontal


def inside():
    """Run the session in the desktop, and end QGIS."""
    code = 0
    try:
        Session().run()
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # QGIS would ask whether to save the project


if FOLDER_VARIABLE in os.environ:
    from qgis.PyQt.QtCore import QTimer

    QTimer.singleShot(2500, inside)
elif __name__ == "__main__":
    sys.exit(main())
