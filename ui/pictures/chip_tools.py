"""Chips before a run: their grid on the map, and one of them before and after the operator."""

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsPointXY, QgsProcessingException, QgsProject
from qgis.gui import QgsMapToolEmitPoint
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ...core.base.errors import PatchwiseError
from ...core.operators.python_file import PythonFile
from ...core.preview.chip import ChipRequest
from ..confirmation import in_words
from ..delay import delayed
from ..runs.planning import make_job
from ..texts import tr
from .chip_overlay import ChipOverlay
from .chip_preview import ChipPreview

#: Milliseconds without a change after which a chip is computed.
PREVIEW_DELAY = 250


class ChipTools(QWidget):
    """``showGridCheck`` with its overlay, and ``chipPreview`` with the choice of its chip.

    The preview is computed while it can be seen. ``seconds`` is what it measured for one chip, or None.
    """

    #: Emitted when ``seconds`` has changed.
    measured = pyqtSignal()

    def __init__(self, canvas, parent=None):
        super().__init__(parent)
        self.seconds = None
        self._canvas, self._planned, self._layer, self._point = canvas, None, None, None
        self.overlay = ChipOverlay(canvas, self)
        self.preview = ChipPreview()
        self.grid_check = QCheckBox(tr("Show the c&hip grid on the map"))
        self.grid_check.setObjectName("showGridCheck")
        self.grid_check.setChecked(True)
        self.grid_note = QLabel()
        self.pick_button = QPushButton(tr("Pick &on the map"))
        self.pick_button.setObjectName("pickChipButton")
        self.pick_button.setCheckable(True)
        self.pick_button.setToolTip(
            tr("Click a place on the map to see its chip. Otherwise it is the one in the middle of the map.")
        )
        #: SHA-256 of the Python file that the user has asked to run.
        self._asked_for = ""
        self.compute_button = QPushButton(tr("Run the file on this chip"))
        self.compute_button.setObjectName("computeChipButton")
        self.compute_button.setToolTip(
            tr("Runs the Python file on one chip, now and after further changes, until the file is another.")
        )
        self.compute_button.hide()
        self._tool = QgsMapToolEmitPoint(canvas)
        self._timer = delayed(self, PREVIEW_DELAY, self._request)
        self._lay_out()
        self._connect()

    def show_planned(self, planned, layer):
        """Draw the grid of chips of a ``PlannedRun``, and one of its chips if the preview is open."""
        self._planned, self._layer = planned, layer
        self.seconds = None
        self._show_grid()
        self._ask()

    def cancel(self):
        """Cancel the preview that is being computed, after a change."""
        self._timer.stop()
        self.preview.cancel()

    def clear(self):
        """Take everything off the map; :meth:`show_planned` draws again."""
        self._planned = None
        self.cancel()
        self.overlay.clear()
        self._drop_tool()

    def remove(self):
        """Take everything off the map for good."""
        self.clear()
        self.overlay.remove()

    def _show_grid(self, *_):
        job = self._planned.job if self._planned is not None else None
        if job is None or self._layer is None or not self.grid_check.isChecked():
            self.overlay.clear()
            return
        try:
            self.overlay.setChips(job.patcher, job.raster.domain, self._layer.crs(), job.window)
        except PatchwiseError:
            self.overlay.clear()  # the planned run's problem says why

    def _ask(self, *_):
        if self.preview.isVisible():
            self._timer.start()

    def _request(self):
        planned, layer = self._planned, self._layer
        self.compute_button.hide()
        if planned is None or not planned.good or planned.job is None or layer is None:
            self.preview.setProblem(problem_of(planned))
            return
        try:
            point = self._in_raster(self._point, layer.crs())
            job = make_job(planned.algorithm, planned.parameters)
            if isinstance(job.operator, PythonFile) and job.operator.sha256 != self._asked_for:
                self.preview.setProblem(tr("A Python file is run only when you ask for it."))
                self.compute_button.show()
                return
            self.preview.show_chip(ChipRequest.at_point(job.raster, job.patcher, job.operator, point.x(), point.y()))
        except (PatchwiseError, QgsProcessingException, QgsCsException) as error:
            self.preview.setProblem(str(error))

    def _compute(self):
        operator = self._planned.job.operator if self._planned is not None and self._planned.job is not None else None
        if isinstance(operator, PythonFile):
            self._asked_for = operator.sha256
            self._request()

    def _in_raster(self, point, crs):
        """The picked point (canvas CRS), or the canvas's centre, in the raster's CRS."""
        settings = self._canvas.mapSettings()
        transform = QgsCoordinateTransform(settings.destinationCrs(), crs, QgsProject.instance())
        return transform.transform(point or self._canvas.center())

    def _picked(self, point, button):
        if button == Qt.MouseButton.LeftButton:
            self._point = QgsPointXY(point)  # a copy, since the signal's own is deleted
            self._ask()

    def _pick(self, on):
        if on:
            self._canvas.setMapTool(self._tool)
        else:
            self._point = None
            self._drop_tool()
            self._ask()

    def _drop_tool(self):
        self._canvas.unsetMapTool(self._tool)

    def _tool_left(self):
        self.pick_button.blockSignals(True)
        self.pick_button.setChecked(False)
        self.pick_button.blockSignals(False)

    def _map_moved(self):
        if self._point is None and self._planned is not None:
            self._ask()

    def _measured(self, seconds):
        self.seconds = seconds
        self.measured.emit()

    def _connect(self):
        self.grid_check.toggled.connect(self._show_grid)
        self.overlay.noteChanged.connect(self.grid_note.setText)
        self.pick_button.toggled.connect(self._pick)
        self.compute_button.clicked.connect(self._compute)
        self._tool.canvasClicked.connect(self._picked)
        self._tool.deactivated.connect(self._tool_left)
        self._canvas.extentsChanged.connect(self._map_moved)
        self.preview.finished.connect(self._measured)

    def showEvent(self, event):  # Qt's name
        """Compute the preview when the group is opened."""
        super().showEvent(event)
        self._timer.start()

    def _lay_out(self):
        row = QHBoxLayout()
        row.addWidget(self.pick_button)
        row.addWidget(self.compute_button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.preview)
        layout.addLayout(row)


def problem_of(planned):
    """Why there is no chip to show; "" where no run is planned."""
    if planned is not None and planned.waiting:
        return in_words(planned.waiting)
    return planned.problem[1] if planned is not None else ""
