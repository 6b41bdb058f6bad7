"""Asks the user whether files, rasters and hosts that a document names may be run, opened or contacted."""

import html
import os

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QMessageBox

from ..core.base.trust import DESCRIPTION, MODEL, PYTHON_FILE, NamedFile, NamedHost
from .texts import tr

#: Characters in a line of a long name.
_WIDTH = 60


def asker(main_window):
    """A callable ``ask(named)`` with a dialog over ``main_window``: True where the user agrees. Enter means No."""

    def ask(named):
        box = QMessageBox(main_window)
        box.setObjectName("patchwiseConfirmation")
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(tr("Patchwise: do you trust this?"))
        box.setTextFormat(Qt.TextFormat.RichText)
        box.setText(question(named))
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        yes = box.addButton(tr("Trust it and go on"), QMessageBox.ButtonRole.YesRole)
        yes.setObjectName("trustButton")
        no = box.addButton(tr("No"), QMessageBox.ButtonRole.NoRole)
        no.setObjectName("doNotTrustButton")
        box.setDefaultButton(no)
        box.setEscapeButton(no)
        box.exec()
        agreed = box.clickedButton() is yes
        box.deleteLater()
        return agreed

    return ask


def question(named):
    """The text of the question, as HTML."""
    files = any(isinstance(each, NamedFile) for each in named)
    begin = tr("A project, a layer, a configuration or saved settings name what you have not chosen yourself:")
    parts = [f"<p>{escaped(begin)}</p>", *(_entry(each) for each in named)]
    if any(isinstance(each, NamedFile) and each.kind == PYTHON_FILE for each in named):
        careful = tr(
            "A Python file can do all that you can do: read, change and delete your files, and send them "
            "away. Read it first, or ask who made it."
        )
        parts.append(f"<p><b>{escaped(careful)}</b></p>")
    if files:
        end = tr("Your answer is remembered for this content. If the file changes, you are asked again.")
    else:
        end = tr("Your answer is remembered for the host. It learns your address, and that you opened this.")
    if any(isinstance(each, (NamedFile, NamedHost)) for each in named):
        parts.append(f"<p>{escaped(end)}</p>")
    return "".join(parts)


def _entry(each):
    """The HTML of one file, host or raster, with what the user can compare it by."""
    if isinstance(each, NamedFile):
        does = {
            PYTHON_FILE: tr("This Python file would run, with all your rights:"),
            MODEL: tr("This ONNX model would be opened by onnxruntime:"),
            DESCRIPTION: tr("This description says what else is read:"),
        }[each.kind]
        half = len(each.sha256) // 2
        rows = (
            (tr("Path"), broken(each.path)),
            (tr("Size"), escaped(tr("{count} bytes").format(count=f"{each.size:,}"))),
            (tr("SHA-256"), f"<code>{each.sha256[:half]}<br>{each.sha256[half:]}</code>"),
        )
    elif isinstance(each, NamedHost):
        does = tr("This host would be asked:")
        rows = ((tr("Host"), broken(each.host)), (tr("For"), broken(each.source)))
    else:
        does, rows = tr("This raster on your machine would be opened:"), ((tr("Path"), broken(each.path)),)
    cells = "".join(f"<tr><td>{name}:&nbsp;</td><td><b>{text}</b></td></tr>" for name, text in rows)
    return f"<p>{escaped(does)}</p><table>{cells}</table>"


def in_words(named):
    """What waits for agreement, in sentences for the dock; "" where nothing does."""
    said = []
    for each in named:
        if isinstance(each, NamedFile):
            text = tr(
                "{path} waits for your confirmation: a project, a layer or saved settings named it, and not you. "
                "Until then it is not used."
            )
            said.append(text.format(path=short(each.path)))
        elif isinstance(each, NamedHost):
            text = tr(
                "The host {host} waits for your confirmation: a project or saved settings name a raster there. "
                "Until then it is not asked."
            )
            said.append(text.format(host=each.host[:60]))
        else:
            text = tr(
                "{path} waits for your confirmation: a project or saved settings name it as a further input. "
                "Until then it is not opened."
            )
            said.append(text.format(path=short(each.path)))
    return " ".join(dict.fromkeys(said))


def broken(text):
    """Text as HTML in lines of bounded width, so that a long name does not push the buttons off the screen."""
    return "<br>".join(escaped(text[at : at + _WIDTH]) for at in range(0, max(len(text), 1), _WIDTH))


def short(path):
    """The name of a file in at most 40 printable characters."""
    name = os.path.basename(path) or path
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= 40 else f"{name[:18]}...{name[-18:]}"


def escaped(text):
    """Text as HTML, with code points for invisible characters and for those that reverse the direction of writing."""
    shown = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
    return html.escape(shown)
