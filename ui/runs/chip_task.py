"""One chip, read and computed in QGIS's background."""

from qgis.core import QgsProcessingFeedback, QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ...core.base.errors import Cancelled, PatchwiseError
from ...core.preview.chip import preview_chip
from ...processing_provider.feedback import settled
from ..texts import tr

#: Tasks under way. QGIS holds only their C++ half; without the Python half nobody would hear of their end.
_UNDER_WAY = set()


class ChipTask(QgsTask):
    """Computes a ``ChipRequest``; at its end ``picture`` is set, or ``problem``, or where it was cancelled neither.

    It refers to no widget, and so may outlive the one that started it.
    """

    #: It has ended, in the main thread.
    ended = pyqtSignal()

    def __init__(self, request):
        flags = QgsTask.Flag.CanCancel
        for name in ("Silent", "Hidden"):  # QGIS 3.26; a preview is not worth a line in the list of tasks
            flags |= getattr(QgsTask.Flag, name, QgsTask.Flag.CanCancel)
        super().__init__(tr("Chip preview"), flags)
        self.request, self.picture, self.problem = request, None, ""
        self._feedback = settled(QgsProcessingFeedback(False))
        request.source.follow(self._feedback)  # of a layer on a server the request that is under way ends, too
        _UNDER_WAY.add(self)

    def cancel(self):
        """Of no use any more."""
        self._feedback.cancel()
        super().cancel()

    def run(self):
        """In a thread of QGIS's: plain values only."""
        try:
            self.picture = preview_chip(self.request, self.isCanceled)
        except Cancelled:
            return False
        except PatchwiseError as error:
            self.problem = str(error)
        except Exception as error:  # what is not said here is lost: QGIS swallows what a task raises
            self.problem = f"{type(error).__name__}: {error}"
        return self.picture is not None

    def finished(self, result):
        """In the main thread, after success, failure and cancelling."""
        _UNDER_WAY.discard(self)
        self.ended.emit()
