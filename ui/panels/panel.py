"""Base of the dock's parts, each of which reads and fills some parameters of the algorithm."""

from contextlib import contextmanager

from qgis.gui import QgsFilterLineEdit, QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import QComboBox, QGridLayout, QLabel, QWidget

from ..texts import tr


class Panel(QWidget):
    """A part of the dock. ``changed`` says that :meth:`parameters` may give something else now."""

    changed = pyqtSignal()
    #: Ids of the parameters that have fields of the dock's own here.
    NAMES = ()
    form = None

    def parameters(self):
        """The algorithm's parameters that this part holds, in plain values."""
        return {}

    def set_parameters(self, parameters):
        """Fill the widgets; what ``parameters`` does not name keeps its value."""

    @contextmanager
    def quiet(self):
        """A context to fill several widgets in: ``changed`` is emitted once, at its end."""
        before = self.blockSignals(True)
        try:
            yield
        finally:
            self.blockSignals(before)
        self.changed.emit()


class Form(QGridLayout):
    """Rows of a label and a field. Unlike in Qt 5's form layout, a hidden row takes no room."""

    def __init__(self, parent):
        super().__init__(parent)
        self.setContentsMargins(0, 0, 0, 0)
        self.setColumnStretch(1, 1)
        self._labels = {}

    def add(self, text, field, buddy=None):
        """Add a row; the label is the buddy of the field, or of the widget in it that takes the keys."""
        row = self.rowCount()
        label = QLabel(text)
        label.setBuddy(buddy or field)
        self.addWidget(label, row, 0)
        self.addWidget(field, row, 1)
        self._labels[field] = label

    def add_wide(self, field):
        """Add a row without a label."""
        self.addWidget(field, self.rowCount(), 0, 1, 2)

    def label(self, field):
        """The label of a field."""
        return self._labels[field]

    def show_row(self, field, visible):
        """Show or hide a row."""
        field.setVisible(visible)
        self._labels[field].setVisible(visible)

    def label_width(self):
        """Width of the widest label."""
        return max((label.sizeHint().width() for label in self._labels.values()), default=0)


def align(*forms):
    """Give the labels of several forms the same width, so that their fields begin at the same place."""
    width = max(form.label_width() for form in forms)
    for form in forms:
        form.setColumnMinimumWidth(0, width)


def choice(name, options, tip):
    """A combo box of ``(value, text)`` that does not widen the dock; the value is the item's data."""
    combo = QComboBox()
    combo.setObjectName(name)
    combo.setToolTip(tip)
    narrow(combo)
    for value, text in options:
        combo.addItem(text, value)
    return combo


def layer_choice(name, filters, tip):
    """A combo box of the project's layers of some kinds, that does not widen the dock."""
    combo = QgsMapLayerComboBox()
    combo.setObjectName(name)
    combo.setFilters(filters)
    combo.setToolTip(tip)
    narrow(combo)
    return combo


def words(name, vocabulary, tip):
    """A combo box of the choices of one of the core's vocabularies, at its default."""
    combo = choice(name, [(entry.name, tr(entry.label)) for entry in vocabulary.offered], tip)
    choose(combo, vocabulary.default)
    return combo


def formula_edit(name, example, tip):
    """A line for an expression, in a font of fixed width, that shows an example while it is empty."""
    edit = QgsFilterLineEdit()
    edit.setObjectName(name)
    edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    edit.setPlaceholderText(example)
    edit.setToolTip(tip)
    return edit


def narrow(combo):
    """Let a combo box become narrower than its longest item."""
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)


def choose(combo, value):
    """Select the item whose data is ``value``; an unknown value changes nothing."""
    index = combo.findData(value)
    if index >= 0:
        combo.setCurrentIndex(index)
