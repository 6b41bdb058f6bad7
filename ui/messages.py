"""What is said in QGIS's message bar, and the window that shows a log or settings."""

import json

from qgis.core import Qgis
from qgis.gui import QgsGui, QgsMessageBarItem
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QTextBrowser, QVBoxLayout

from .texts import tr

# In seconds; what went wrong stays until it is closed.
GOOD_NEWS_STAYS = 20


def say_done(bar, run, main_window):
    """A run went well: a line with "Open log" and "Show settings"."""
    text = tr("{name} is done.").format(name=run.algorithm.displayName())
    if run.layers:
        text = tr("{layer} is on the map.").format(layer=run.layers[0][0].name())
    return _say(bar, text, Qgis.MessageLevel.Success, GOOD_NEWS_STAYS, _buttons(run, main_window))


def say_failed(bar, run, main_window):
    """A run failed: its error in one sentence, details on request."""
    return _say(bar, run.error.strip().splitlines()[0], Qgis.MessageLevel.Critical, 0, _buttons(run, main_window))


def say(bar, text, level=Qgis.MessageLevel.Info):
    """A plain line."""
    return _say(bar, text, level, GOOD_NEWS_STAYS, ())


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
    """A window with a text to read and to copy; it stays until it is closed."""
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
