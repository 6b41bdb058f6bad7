"""Messages in QGIS's message bar, and the dialog that shows a log or settings."""

import json

from qgis.core import Qgis
from qgis.gui import QgsGui, QgsMessageBarItem
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QTextBrowser, QVBoxLayout

from .texts import tr

#: Seconds that a message stays; an error stays until it is closed.
SECONDS_SHOWN = 20


def say_done(bar, run, main_window):
    """Show that a run has succeeded, with buttons for its log and its settings; the message bar's item."""
    text = tr("{name} is done.").format(name=run.algorithm.displayName())
    if run.layers:
        text = tr("{layer} is on the map.").format(layer=run.layers[0][0].name())
    return _say(bar, text, Qgis.MessageLevel.Success, SECONDS_SHOWN, _buttons(run, main_window))


def say_failed(bar, run, main_window):
    """Show the first line of a run's error, with the same buttons; the message bar's item."""
    return _say(bar, run.error.strip().splitlines()[0], Qgis.MessageLevel.Critical, 0, _buttons(run, main_window))


def say(bar, text, level=Qgis.MessageLevel.Info):
    """Show a line without buttons; the message bar's item."""
    return _say(bar, text, level, SECONDS_SHOWN, ())


def _say(bar, text, level, seconds, buttons):
    item = QgsMessageBarItem("Patchwise", text, level, seconds)
    for name, label, slot in buttons:
        button = QPushButton(label)
        button.setObjectName(name)
        button.clicked.connect(slot)
        item.layout().addWidget(button)
    bar.pushItem(item)
    return item


def _buttons(run, main_window):
    title, log = run.algorithm.displayName(), run.feedback.htmlLog()
    settings = json.dumps(run.history["parameters"], indent=2, ensure_ascii=False, default=str)
    return (
        ("openLogButton", tr("Open log"), lambda: show_text(tr("Log of {name}").format(name=title), log, main_window)),
        (
            "showSettingsButton",
            tr("Show settings"),
            lambda: show_text(tr("Settings of {name}").format(name=title), settings, main_window, plain=True),
        ),
    )


def show_text(title, text, main_window, plain=False):
    """Open a dialog with a text (HTML unless ``plain``), which stays until it is closed; returns it."""
    dialog = QDialog(main_window)
    dialog.setObjectName("PatchwiseText")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    browser = QTextBrowser()
    browser.setPlainText(text) if plain else browser.setHtml(text)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(browser)
    layout.addWidget(buttons)
    dialog.resize(640, 420)
    QgsGui.enableAutoGeometryRestore(dialog)
    dialog.show()
    return dialog
