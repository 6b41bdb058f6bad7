"""A label for problems, in a colour that can be read on light and dark themes."""

import html

from qgis.PyQt.QtCore import QEvent, Qt
from qgis.PyQt.QtWidgets import QLabel

from ..theme import is_dark

# Contrast with QGIS's light and dark backgrounds is above 4.5 to 1, which small text needs.
ON_LIGHT, ON_DARK = "#b3261e", "#ff9b8f"


class ProblemLabel(QLabel):
    """A text, and below it a problem; hidden while there is neither."""

    def __init__(self, name, parent=None):
        super().__init__(parent)
        self.setObjectName(name)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._plain = self._problem = ""
        self._show()

    def say(self, plain="", problem=""):
        """Show a plain text and a problem; either may be empty."""
        self._plain, self._problem = plain, problem
        self._show()

    def problem(self):
        """The problem that is shown; "" where there is none."""
        return self._problem

    def changeEvent(self, event):
        """Take the colour for the new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._problem:
            self._show()

    def _show(self):
        colour = ON_DARK if is_dark(self.palette()) else ON_LIGHT
        parts = [html.escape(self._plain, False)] if self._plain else []
        if self._problem:
            parts.append(f'<span style="color:{colour}">{html.escape(self._problem, False)}</span>')
        text = "<br>".join(parts)
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text))
