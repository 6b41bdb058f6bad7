"""The foot of the dock: a summary of the run, what is wrong with it, and the buttons."""

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..panels.problem_label import ProblemLabel
from ..texts import tr


class RunBar(QWidget):
    """``summaryLabel``, ``progressBar``, ``runButton`` with its menu, ``cancelButton``; ``waitingLabel`` and
    ``confirmButton`` where something has to be agreed to first."""

    #: The run button was pressed.
    runAsked = pyqtSignal()
    #: The button was pressed that shows what waits for a confirmation.
    confirmAsked = pyqtSignal()
    #: The cancel button was pressed.
    cancelAsked = pyqtSignal()

    def __init__(self, output_file, parent=None):
        super().__init__(parent)
        self.output_file = output_file
        self.summary_label = ProblemLabel("summaryLabel")
        self.waiting_label = ProblemLabel("waitingLabel")
        self.confirm_button = QPushButton(
            QgsApplication.getThemeIcon("/mIconWarning.svg"), tr("Look at it and confirm ...")
        )
        self.confirm_button.setObjectName("confirmButton")
        self.confirm_button.setToolTip(tr("Shows path, size and SHA-256, or the host, and asks whether you trust it."))
        self.confirm_button.clicked.connect(self.confirmAsked)
        self.confirm_button.hide()
        self.progress_bar = QProgressBar()
        self.progress_bar.setObjectName("progressBar")
        self.progress_bar.setRange(0, 1000)
        self.progress_bar.hide()
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.run_button = self._make_run_button()
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.setObjectName("cancelButton")
        self.cancel_button.setEnabled(False)
        self.cancel_button.clicked.connect(self._cancel)
        self._running, self._summary, self._problem = False, "", ""
        self._lay_out()
        self._enable()

    def set_summary(self, text):
        """Show how many chips, how much memory and time a run takes."""
        self._summary = text
        self.summary_label.say(text, self._problem)

    def set_problem(self, text):
        """Show why there can be no run; an empty text allows one."""
        self._problem = text
        self.summary_label.say(self._summary, text)
        self._enable()

    def set_waiting(self, text):
        """Show what has to be confirmed before a run; an empty text where nothing has."""
        self.waiting_label.say(problem=text)
        self.confirm_button.setVisible(bool(text))

    def set_running(self, running):
        """Show progress and cancel while a run is under way."""
        self._running = running
        self.progress_bar.setValue(0)
        self.progress_bar.setVisible(running)
        self.cancel_button.setEnabled(running)
        self._enable()

    def set_progress(self, percent):
        """Show the progress in percent."""
        self.progress_bar.setValue(round(10 * percent))

    def _cancel(self):
        self.cancel_button.setEnabled(False)  # the run stops after the chips that are under way
        self.cancelAsked.emit()

    def _enable(self):
        self.run_button.setEnabled(not self._running and not self._problem)
        tip = tr("Run the algorithm in the background and add the result to the map.")
        if self._running:
            tip = tr("A run is under way.")
        self.run_button.setToolTip(self._problem or tip)

    def _make_run_button(self):
        button = QToolButton()
        button.setObjectName("runButton")
        button.setText(tr("Run"))
        button.setIcon(QgsApplication.getThemeIcon("/mActionStart.svg"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setMenu(self.menu)
        button.clicked.connect(self.runAsked)
        return button

    def _lay_out(self):
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button, 2)
        buttons.addWidget(self.cancel_button, 1)
        result = QHBoxLayout()
        label = QLabel(tr("&Result"))
        label.setBuddy(self.output_file.lineEdit())
        result.addWidget(label)
        result.addWidget(self.output_file, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(result)
        layout.setContentsMargins(6, 4, 6, 6)
        for widget in (self.summary_label, self.waiting_label, self.confirm_button, self.progress_bar):
            layout.addWidget(widget)
        layout.addLayout(buttons)
