"""A background task of QGIS's that reads one chip and runs the operator on it."""

from qgis.core import QgsProcessingFeedback, QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ...core.base.errors import Cancelled, PatchwiseError
from ...core.preview.chip import preview_chip
from ...processing_provider.feedback import settled
from ..texts import tr

#: Tasks under way. QGIS keeps only the C++ object, which cannot call :meth:`ChipTask.finished` without the Python one.
_UNDER_WAY = set()


class ChipTask(QgsTask):
    """Computes a ``ChipRequest``; at its end ``picture`` is set, or ``problem``, or neither if it was cancelled.

    It refers to no widget, so that it may outlive the one that started it.
    """

    #: Emitted in the main thread when the task has ended.
    ended = pyqtSignal()

    def __init__(self, request):
        flags = QgsTask.Flag.CanCancel
        for name in ("Silent", "Hidden"):  # since QGIS 3.26: previews are not listed among the tasks
            flags |= getattr(QgsTask.Flag, name, QgsTask.Flag.CanCancel)
        super().__init__(tr("Chip preview"), flags)
        self.request, self.picture, self.problem = request, None, ""
        self._feedback = settled(QgsProcessingFeedback(False))
        request.source.follow(self._feedback)  # of a layer on a server the request that is under way ends, too
        _UNDER_WAY.add(self)

    def cancel(self):
        """Cancel the task, and what its source is reading."""
        self._feedback.cancel()
        super().cancel()

    def run(self):
        """Compute the chip, in a thread of QGIS's; True where there is a picture."""
        try:
            self.picture = preview_chip(self.request, self.isCanceled)
        except Cancelled:
            return False
        except PatchwiseError as error:
            self.problem = str(error)
        except Exception as error:  # QGIS drops what a task raises
            self.problem = f"{type(error).__name__}: {error}"
        return self.picture is not None

    def finished(self, result):
        """Emit ``ended``; QGIS calls this in the main thread, also after failure and cancelling."""
        _UNDER_WAY.discard(self)
        self.ended.emit()
