"""One run of a Processing algorithm in the background, as the toolbox does it: task, history, log, results."""

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
)
from qgis.gui import QgsGui
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...core.base.secrets import cleaned, without_secrets
from ...processing_provider.feedback import settled
from ..texts import tr

#: Runs that were under way when the dock was removed. QGIS's thread still writes to their context and feedback.
_ORPHANS = []


class RunFeedback(QgsProcessingFeedback):
    """The log of a run, with its errors and warnings apart; without secrets, since it goes to the history."""

    def __init__(self):
        super().__init__(False)
        self.errors, self.warnings = [], []

    def reportError(self, error, fatalError=False):  # the names are QGIS's
        """Log an error, and keep it in ``errors``."""
        self.errors.append(without_secrets(error))
        super().reportError(self.errors[-1], fatalError)

    def pushWarning(self, warning):
        """Log a warning, and keep it in ``warnings``."""
        self.warnings.append(without_secrets(warning))
        super().pushWarning(self.warnings[-1])

    def pushInfo(self, info):
        """Log a line without secrets."""
        super().pushInfo(without_secrets(info))


class Run:
    """Parameters, log and results of one run. Its task refers to ``context`` and ``feedback`` without owning them."""

    def __init__(self, algorithm, parameters, source_id=None):
        self.algorithm, self.parameters, self.source_id = algorithm, parameters, source_id
        self.feedback = settled(RunFeedback())
        self.context = make_context(self.feedback)
        self.task = self.history_id = None
        self.history = {}
        self.ok, self.results, self.layers = False, {}, []

    @property
    def cancelled(self):
        """Whether it was cancelled."""
        return self.feedback.isCanceled()

    @property
    def error(self):
        """What went wrong, in one sentence."""
        return self.feedback.errors[0] if self.feedback.errors else tr("The run failed; the log may say why.")


class RunController(QObject):
    """Starts, watches and stops runs, one at a time."""

    #: A run has begun.
    started = pyqtSignal()
    #: Progress in percent.
    progressed = pyqtSignal(float)
    #: A run has ended, well or not; the ``Run`` with its result layers, which are not yet in the project.
    ended = pyqtSignal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._run = None

    def running(self):
        """Whether a run is under way."""
        return self._run is not None

    def start(self, algorithm, parameters, source=None):
        """Begin a run. Returns "" where it has begun, else what is wrong with the parameters.

        ``source`` is the layer that is read: when it is removed from the project, QGIS cancels the task.
        """
        if self.running():
            return tr("Another run is under way.")
        run = Run(algorithm, parameters, source.id() if source is not None else None)
        good, problem = algorithm.checkParameterValues(parameters, run.context)
        if not good:
            return problem
        write_history(run)
        run.task = QgsProcessingAlgRunnerTask(algorithm, parameters, run.context, run.feedback)
        if run.task.isCanceled():  # prepareAlgorithm refused
            return run.error
        run.task.setDescription(f"Patchwise: {algorithm.displayName()}")
        if source is not None:
            run.task.setDependentLayers([source])
        self._run = run
        run.task.executed.connect(lambda ok, results: self._executed(run, ok, results))
        run.task.progressChanged.connect(self.progressed)
        QgsApplication.taskManager().addTask(run.task)
        self.started.emit()
        return ""

    def cancel(self):
        """Ask the run to stop; ``ended`` follows."""
        if self.running():
            self._run.task.cancel()

    def stop(self, milliseconds=10000):
        """Cancel the run, and wait for it at most so long, without ``ended``; for the plugin's end."""
        run, self._run = self._run, None
        if run is None:
            return
        _ORPHANS.append(run)
        run.task.cancel()
        run.task.waitForFinished(milliseconds)

    def _executed(self, run, ok, results):
        if run is not self._run:  # :meth:`stop` has ended it
            return
        self._run = None
        run.ok, run.results = ok and not run.cancelled, results
        if run.ok:
            run.layers = take_layers(run)
        finish_history(run)
        self.ended.emit(run)


def make_context(feedback=None):
    """A context on the open project."""
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    if feedback is not None:
        context.setFeedback(feedback)
    return context


def algorithm_of(algorithm_id):
    """A new instance of an algorithm, or None where it is not registered."""
    return QgsApplication.processingRegistry().createAlgorithmById(algorithm_id)


def take_layers(run):
    """``(layer, details)`` of the results, named. The algorithm's post-processing is left to :func:`add_layers`."""
    found = []
    for source, details in run.context.layersToLoadOnCompletion().items():
        layer = QgsProcessingUtils.mapLayerFromString(source, run.context, True, details.layerTypeHint)
        if layer is None:
            run.feedback.reportError(tr("The result {source} cannot be loaded.").format(source=source))
            continue
        details.setOutputLayerName(layer)
        owned = run.context.temporaryLayerStore().takeMapLayer(layer)
        found.append((owned or layer, details))
    return found


def write_history(run):
    """An entry in Processing's history, as from the toolbox, but without passwords and signatures of addresses."""
    algorithm, parameters, context = run.algorithm, run.parameters, run.context
    run.history = {
        "python_command": without_secrets(algorithm.asPythonCommand(parameters, context)),
        "algorithm_id": algorithm.id(),
        "parameters": cleaned(algorithm.asMap(parameters, context)),
    }
    command, good = algorithm.asQgisProcessCommand(parameters, context)
    if good:
        run.history["process_command"] = without_secrets(command)
    QgsGui.instance().processingRecentAlgorithmLog().push(algorithm.id())
    run.history_id, added = QgsGui.historyProviderRegistry().addEntry("processing", run.history)
    if not added:
        run.history_id = None


def finish_history(run):
    """Add results and log to the entry."""
    if run.history_id is None:
        return
    run.history["results"] = cleaned({name: value for name, value in run.results.items() if name != "CHILD_INPUTS"})
    run.history["log"] = run.feedback.htmlLog()
    QgsGui.historyProviderRegistry().updateEntry(run.history_id, run.history)
