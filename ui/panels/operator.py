"""What is done with a chip: one page for each kind of operator."""

from dataclasses import dataclass
from typing import Callable

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import QComboBox, QCompleter, QPlainTextEdit, QWidget

from ...core.operators.choices import OPERATORS
from ..texts import tr
from .panel import Form, Panel, choose, formula_edit, narrow, words
from .problem_label import ProblemLabel

#: Names of indices to choose from; any other name of the catalogue can be typed.
SUGGESTED = (
    "NDVI",
    "EVI",
    "SAVI",
    "NDWI",
    "MNDWI",
    "NDMI",
    "NBR",
    "NDBI",
    "NDSI",
    "BSI",
    "GNDVI",
    "NDRE",
    "dNBR",
    "RdNBR",
)


@dataclass(frozen=True)
class _Page:
    """A widget, and how its value is read and filled in."""

    widget: QWidget
    read: Callable[[], str]
    fill: Callable[[str], None]


class OperatorPanel(Panel):
    """``operatorCombo`` and the fields of the chosen operator: the others are hidden."""

    NAMES = (OPERATORS.parameter, *(field.name for field in OPERATORS.fields if field.short))

    def __init__(self, parent=None):
        super().__init__(parent)
        self.operator_combo = words("operatorCombo", OPERATORS, tr("What is done with each chip."))
        self.expression_edit = self._make_expression_edit()
        self.index_combo = self._make_index_combo()
        self.rules_edit = self._make_rules_edit()
        self.model_file = self._make_file(
            "modelFile",
            tr("ONNX models (*.onnx)"),
            tr("A model of one image input. A fixed input size becomes the chip size."),
        )
        self.python_file = self._make_file(
            "pythonFile",
            tr("Python files (*.py)"),
            tr(
                "A file with def operator(chip, meta). It runs inside QGIS with all your rights: use only files that "
                "you trust."
            ),
        )
        self.problem_label = ProblemLabel("operatorProblem")
        self._files = {"MODEL": self.model_file, "PYTHON": self.python_file}
        self._pages, self._foreign = self._make_pages(), {}
        self._lay_out()
        self.operator_combo.currentIndexChanged.connect(self._show_page)
        for name, widget in self._files.items():
            widget.fileChanged.connect(lambda *_, name=name: self._foreign.pop(name, None))
        self._show_page()

    def operator(self):
        """The kind of operator, as the algorithm names it."""
        return self.operator_combo.currentData()

    def parameters(self):
        """OPERATOR, and what the chosen one needs."""
        name = next(name for name in self._pages if self.operator() in OPERATORS.uses(name))
        return {OPERATORS.parameter: self.operator(), name: self._pages[name].read()}

    def foreign(self):
        """``{parameter: path}`` of the chosen operator's file where it was filled in, and not chosen by hand."""
        return {name: path for name, path in self.parameters().items() if path and self._foreign.get(name) == path}

    def set_parameters(self, parameters):
        """Fill what is named. A file filled in this way does not count as chosen by the user: see :meth:`foreign`."""
        with self.quiet():
            choose(self.operator_combo, parameters.get(OPERATORS.parameter))
            for name in self._pages.keys() & parameters.keys():
                self._pages[name].fill(parameters[name])
            for name in self._files.keys() & parameters.keys():
                self._foreign[name] = self._files[name].filePath()

    def set_problem(self, text):
        """Show what is wrong below the field; an empty text hides it."""
        self.problem_label.say(problem=text)

    def _show_page(self, *_):
        for name, page in self._pages.items():
            self.form.show_row(page.widget, self.operator() in OPERATORS.uses(name))
        self.changed.emit()

    def _make_pages(self):
        """By parameter, the page of the operator that needs it."""
        expression, index, rules = self.expression_edit, self.index_combo, self.rules_edit
        return {
            "EXPRESSION": _Page(expression, lambda: expression.text().strip(), expression.setText),
            "INDEX": _Page(index, lambda: index.currentText().strip(), index.setCurrentText),
            "RULES": _Page(rules, rules.toPlainText, rules.setPlainText),
            **{name: _Page(widget, widget.filePath, widget.setFilePath) for name, widget in self._files.items()},
        }

    def _make_expression_edit(self):
        tip = tr(
            "Band math: b1, b2, ... or band names; where(condition, value, otherwise), min, max, clip, abs, "
            "sqrt, log, exp; and statistics of the chip: mean, std, median, minimum, maximum, "
            "percentile(x, q). Several outputs are separated by a semicolon."
        )
        edit = formula_edit("expressionEdit", "(b4-b3)/(b4+b3)", tip)
        edit.setText(OPERATORS.field("EXPRESSION").default)
        edit.textChanged.connect(self.changed)
        return edit

    def _make_index_combo(self):
        combo = QComboBox()
        combo.setObjectName("indexCombo")
        combo.setEditable(True)
        combo.addItems(SUGGESTED)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.completer().setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        combo.setToolTip(tr("The bands are found by their names, or by the band roles under More settings."))
        narrow(combo)
        combo.currentTextChanged.connect(self.changed)
        return combo

    def _make_rules_edit(self):
        edit = QPlainTextEdit()
        edit.setObjectName("rulesEdit")
        edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        edit.setPlaceholderText("water #1f78b4: NDWI > 0.1\nforest: NDVI > 0.6\nother: NDVI <= 0.6")
        edit.setToolTip(tr("One class a line as name: condition; the first that holds wins."))
        edit.setTabChangesFocus(True)
        edit.setFixedHeight(edit.fontMetrics().lineSpacing() * 5)
        edit.textChanged.connect(self.changed)
        return edit

    def _make_file(self, name, file_filter, tip):
        widget = QgsFileWidget()
        widget.setObjectName(name)
        widget.setFilter(file_filter)
        widget.setToolTip(tip)
        widget.fileChanged.connect(self.changed)
        return widget

    def _lay_out(self):
        self.form = layout = Form(self)
        layout.add(tr("&Kind"), self.operator_combo)
        for name, page in self._pages.items():
            layout.add(tr(OPERATORS.field(name).short), page.widget)
        layout.add_wide(self.problem_label)
