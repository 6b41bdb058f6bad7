"""The tab that runs the sliding window: the panels, the pictures beside them, and the run."""

import os
from contextlib import suppress

from qgis.core import QgsProcessingException
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ...core.base.errors import PatchwiseError
from ...core.base.trust import named_file
from ...processing_provider import trust
from .. import confirmation
from ..delay import delayed
from ..panels.folding_group import group
from ..panels.native import NativePanel
from ..panels.operator import OperatorPanel
from ..panels.panel import align
from ..panels.patching import PatchingPanel
from ..panels.source import SourcePanel
from ..pictures.chip_tools import ChipTools
from ..pictures.weight_preview import WeightPreview
from ..runs.bar import RunBar
from ..runs.controller import RunController, algorithm_of, make_context
from ..runs.planning import (
    KINDS,
    OF_OPERATOR,
    POLYGON_CHIPS,
    SLIDING_WINDOW,
    in_place,
    in_words,
    plan_run,
    shortened,
    whole,
    with_outputs,
)
from ..runs.summary import polygons_in_words, summary
from ..texts import tr

#: Milliseconds without a change after which the run is planned: raster opened, chips counted, expression checked.
PLANNING_DELAY = 50


class SlidingWindowTab(QWidget):
    """The panels above, the run below. The state is the algorithm's parameters."""

    #: A run has ended; the ``Run``.
    ended = pyqtSignal(object)

    def __init__(self, canvas, parent=None):
        super().__init__(parent)
        self._planned, self._domain, self._asleep = None, None, False
        self.source = SourcePanel(canvas)
        self.operator = OperatorPanel()
        self.patching = PatchingPanel()
        self.weights = WeightPreview()
        self.output_file = self._make_output_file()
        self._sliding_window = algorithm_of(SLIDING_WINDOW)
        shown = {name for panel in (self.source, self.operator, self.patching) for name in panel.NAMES}
        self.more = NativePanel(self._sliding_window, canvas, others={*shown, trust.TRUST})
        self.statistics = NativePanel(algorithm_of(POLYGON_CHIPS), canvas, only=("STATISTICS",))
        self.chips = ChipTools(canvas)
        self.bar = RunBar(self.output_file)
        self.controller = RunController(self)
        self._timer = delayed(self, PLANNING_DELAY, self.replan)
        self._lay_out()
        self._connect()
        self._show_more()
        self.patching.set_layer(self.source.layer())
        self.change()

    def planned(self):
        """The current ``PlannedRun``, planned now if something has changed; None where there is no algorithm."""
        if self._timer.isActive() or self._planned is None:
            self.replan()
        return self._planned if self._planned.algorithm is not None else None

    def parameters(self):
        """The parameters of all panels."""
        found = {}
        for panel in self._panels():
            found.update(panel.parameters())
        return found

    def _panels(self):
        return self.source, self.operator, self.patching, self.more, self.statistics

    def path(self):
        """Where the result goes; "" for a temporary file."""
        return self.output_file.filePath().strip()

    def set_parameters(self, parameters):
        """Fill the panels."""
        for panel in self._panels():
            panel.set_parameters(parameters)

    def set_asleep(self, asleep):
        """Stop planning and drawing on the map, while the dock is closed, or begin again."""
        self._asleep = asleep
        if asleep:
            self._timer.stop()
            self._planned = None
            self.chips.clear()
        else:
            self.change()

    def remove(self):
        """Stop what is under way and take everything off the map, for good."""
        self._asleep = True
        self._timer.stop()
        self.controller.stop()
        self.chips.remove()

    def change(self):
        """Draw the weights after a change, and plan the run when ``PLANNING_DELAY`` has passed without another."""
        if self._asleep:
            return
        self.show_weights()
        self.chips.cancel()
        self._timer.start()

    def show_weights(self):
        """Draw the window function and the summed weights."""
        if self.patching.geometry_kind() == "polygons":
            self.weights.setProblem(tr("The weights of polygons are those of their shapes."))
        elif self._sliding_window is None:
            self.weights.setProblem(tr("The Patchwise provider is not enabled."))
        else:
            self._show_patcher()

    def replan(self):
        """Plan the run, and show its problem or its summary, what waits, and the chips."""
        self._timer.stop()
        files, held = self.operator.foreign(), self.more.held()
        planned = plan_run(self.parameters(), self.patching.geometry_kind(), self.path(), files, held)
        if held and not planned.waiting and planned.algorithm is not None:  # agreed to earlier
            self.more.accept()
            planned = plan_run(self.parameters(), self.patching.geometry_kind(), self.path(), files)
        self._planned = planned
        self.bar.set_waiting(confirmation.in_words(planned.waiting))
        name, text = planned.problem
        self.operator.set_problem(in_place(planned) if name in OF_OPERATOR else "")
        self.bar.set_problem(shortened(planned) if name in OF_OPERATOR else text)
        self.chips.show_planned(planned, self.source.layer())
        if planned.job is not None:
            self._domain = planned.job.raster.domain
            if self.patching.geometry_kind() == "sphericalcap":  # whose shape in pixels depends on where they lie
                self.show_weights()
        self._show_summary()

    def confirm(self):
        """Ask the user to agree to what waits; False where that is refused, or where a file cannot be read."""
        planned = self.planned()
        if planned is None or not planned.waiting:
            return True
        try:
            named = [whole(each) for each in planned.waiting]
        except PatchwiseError as error:
            self.bar.set_problem(str(error))
            return False
        named = [each for each in named if not trust.remembered().covers(each)]
        if named and not trust.confirm(named):
            return False
        self.more.accept()
        self.replan()
        return True

    def run(self):
        """Start the run, unless something is wrong with it or the user does not agree to it."""
        planned = self.planned() if self.confirm() else None
        if planned is None or not planned.good:
            return
        self._remember_own(planned)
        parameters = with_outputs(planned, self.path())
        problem = self.controller.start(planned.algorithm, parameters, self.source.layer())
        self.bar.set_problem(in_words(planned.algorithm, problem)[1])

    def _remember_own(self, planned):
        """Remember the files of a run as chosen by the user, who is not asked when the project is opened again."""
        for name, kind in KINDS.items():
            with suppress(PatchwiseError):
                if planned.parameters.get(name):
                    trust.remember([named_file(kind, os.path.abspath(planned.parameters[name]), name)])

    def _show_patcher(self):
        try:
            patcher = self._sliding_window.patcher(self.patching.parameters(), make_context())
        except (QgsProcessingException, PatchwiseError) as error:
            self.weights.setProblem(str(error))
            return
        self.weights.setPatcher(patcher, self._domain)

    def _show_summary(self):
        job = self._planned.job if self._planned is not None else None
        if job is not None:
            text = summary(job, self.chips.seconds)
        else:
            text = polygons_in_words(self.patching.polygons())
        self.bar.set_summary(text)

    def _show_more(self, *_):
        layer = self.source.layer()
        foreign = layer is not None and layer.providerType() != "gdal"
        self.statistics.setVisible(self.patching.geometry_kind() == "polygons")
        self.more.show_for(self.operator.operator(), *(("layer",) if foreign else ()))

    def _connect(self):
        for panel in self._panels():
            panel.changed.connect(self.change)
        self.operator.changed.connect(self._show_more)
        self.patching.fields.geometry.currentIndexChanged.connect(self._show_more)
        self.output_file.fileChanged.connect(self.change)
        self.source.layer_combo.layerChanged.connect(self.patching.set_layer)
        self.source.layer_combo.layerChanged.connect(self._show_more)
        self.chips.measured.connect(self._show_summary)
        self.bar.runAsked.connect(self.run)
        self.bar.confirmAsked.connect(self.confirm)
        self.bar.cancelAsked.connect(self.controller.cancel)
        self.controller.started.connect(lambda: self.bar.set_running(True))
        self.controller.progressed.connect(self.bar.set_progress)
        self.controller.ended.connect(self._run_ended)

    def _run_ended(self, run):
        self.bar.set_running(False)
        self.change()
        self.ended.emit(run)

    def _make_output_file(self):
        widget = QgsFileWidget()
        widget.setObjectName("outputFile")
        widget.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        widget.setFilter(tr("GeoTIFF (*.tif *.tiff);;Zarr (*.zarr)"))
        widget.setDialogTitle(tr("Save the result as"))
        widget.lineEdit().setPlaceholderText(tr("[temporary file]"))
        widget.setToolTip(tr("Where the result is written. Empty: a temporary file, which goes when QGIS is closed."))
        return widget

    def _lay_out(self):
        align(self.source.form, self.operator.form, self.patching.form)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(group("sourceGroup", tr("Input"), self.source))
        column.addWidget(group("operatorGroup", tr("Operator"), self.operator))
        column.addWidget(group("patchingGroup", tr("Chips"), self.patching, self.weights, self.chips.grid_check))
        column.addWidget(group("previewGroup", tr("Chip preview"), self.chips, collapsed=True))
        more = group("moreGroup", tr("More settings"), self.statistics, self.more, collapsed=True)
        more.collapsedStateChanged.connect(self._show_more)  # unfolding has shown all that was hidden
        column.addWidget(more)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setObjectName("scrollArea")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.bar)
