"""What is done with a chip: one page for each kind of operator."""

from qgis.gui import QgsFileWidget, QgsFilterLineEdit
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import QComboBox, QCompleter, QPlainTextEdit

from ..texts import tr
from .panel import Form, Panel, choice, choose, narrow
from .problem_label import ProblemLabel

#: Suggestions; any other name of the catalogue can be typed.
INDICES = (
    "NDVI", "EVI", "SAVI", "NDWI", "MNDWI", "NDMI", "NBR", "NDBI", "NDSI", "BSI", "GNDVI", "NDRE", "dNBR", "RdNBR",
)  # fmt: skip


class OperatorPanel(Panel):
    """``operatorCombo`` and the fields of the chosen operator: the others are hidden."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.operator_combo = choice(
            "operatorCombo",
            (
                ("expression", tr("Expression")),
                ("index", tr("Spectral index")),
                ("classify", tr("Classes by rules")),
                ("onnx", tr("Neural network (ONNX)")),
                ("python", tr("Python file")),
            ),
            tr("What is done with each chip."),
        )
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
            tr("A file with def operator(chip, meta). It runs inside QGIS with all your rights: use only files that "
               "you trust."),
        )  # fmt: skip
        self.problem_label = ProblemLabel("operatorProblem")
        self._rows, self._foreign = {}, {}
        self._lay_out()
        self.operator_combo.currentIndexChanged.connect(self._show_page)
        for name, widget in (("MODEL", self.model_file), ("PYTHON", self.python_file)):
            widget.fileChanged.connect(lambda *_, name=name: self._foreign.pop(name, None))
        self._show_page()

    def operator(self):
        """The kind of operator, as the algorithm names it."""
        return self.operator_combo.currentData()

    def parameters(self):
        """OPERATOR, and what the chosen one needs."""
        name, value = {
            "expression": lambda: ("EXPRESSION", self.expression_edit.text().strip()),
            "index": lambda: ("INDEX", self.index_combo.currentText().strip()),
            "classify": lambda: ("RULES", self.rules_edit.toPlainText()),
            "onnx": lambda: ("MODEL", self.model_file.filePath()),
            "python": lambda: ("PYTHON", self.python_file.filePath()),
        }[self.operator()]()
        return {"OPERATOR": self.operator(), name: value}

    def foreign(self):
        """``{parameter: path}`` of the chosen operator's file where it was filled in, and not chosen by hand."""
        return {name: path for name, path in self.parameters().items() if path and self._foreign.get(name) == path}

    def set_parameters(self, parameters):
        """Fill what is named. A file that comes this way was not chosen by whoever sits here: see :meth:`foreign`."""
        fill = {
            "OPERATOR": lambda value: choose(self.operator_combo, value),
            "EXPRESSION": self.expression_edit.setText,
            "INDEX": self.index_combo.setCurrentText,
            "RULES": self.rules_edit.setPlainText,
            "MODEL": self.model_file.setFilePath,
            "PYTHON": self.python_file.setFilePath,
        }
        with self.quiet():
            for name in fill.keys() & parameters.keys():
                fill[name](parameters[name])
            for name, widget in (("MODEL", self.model_file), ("PYTHON", self.python_file)):
                if name in parameters:
                    self._foreign[name] = widget.filePath()

    def set_problem(self, text):
        """Say what is wrong beside the field; an empty text says that nothing is."""
        self.problem_label.say(problem=text)

    def _show_page(self, *_):
        for kind, widget in self._rows.items():
            self.form.show_row(widget, kind == self.operator())
        self.changed.emit()

    def _make_expression_edit(self):
        edit = QgsFilterLineEdit()
        edit.setObjectName("expressionEdit")
        edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        edit.setText("b1")
        edit.setPlaceholderText("(b4-b3)/(b4+b3)")
        edit.setToolTip(
            tr("Band math: b1, b2, ... or band names; where(condition, value, otherwise), min, max, clip, abs, "
                    "sqrt, log, exp; and statistics of the chip: mean, std, median, minimum, maximum, "
                    "percentile(x, q). Several outputs are separated by a semicolon.")
        )  # fmt: skip
        edit.textChanged.connect(self.changed)
        return edit

    def _make_index_combo(self):
        combo = QComboBox()
        combo.setObjectName("indexCombo")
        combo.setEditable(True)
        combo.addItems(INDICES)
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
        pages = (
            ("expression", tr("Ex&pression"), self.expression_edit),
            ("index", tr("I&ndex"), self.index_combo),
            ("classify", tr("R&ules"), self.rules_edit),
            ("onnx", tr("Mo&del"), self.model_file),
            ("python", tr("&File"), self.python_file),
        )
        for kind, text, widget in pages:
            layout.add(text, widget)
            self._rows[kind] = widget
        layout.add_wide(self.problem_label)
