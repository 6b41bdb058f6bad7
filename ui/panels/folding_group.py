"""A group of the dock that can be folded."""

from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtWidgets import QVBoxLayout


def group(name, title, *widgets, collapsed=False):
    """A collapsible group of ``widgets``; QGIS remembers whether the user opened it."""
    box = QgsCollapsibleGroupBox(title)
    box.setObjectName(name)
    box.setSettingGroup("patchwise")
    box.setCollapsed(collapsed)
    layout = QVBoxLayout(box)
    layout.setContentsMargins(6, 6, 6, 6)
    for widget in widgets:
        layout.addWidget(widget)
    return box
