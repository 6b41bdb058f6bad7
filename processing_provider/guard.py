"""Unexpected exceptions: each becomes one sentence for the user, and its traceback goes to QGIS's message log.

QGIS calls these methods from C++. An exception other than ``QgsProcessingException`` ends ``qgis_process`` at once, and
the dialog shows a traceback.
"""

import traceback
from functools import wraps

from qgis.core import Qgis, QgsMessageLog, QgsProcessingException
from qgis.PyQt.QtCore import QCoreApplication

#: The tag of the message log under which the traceback is.
LOG = "Patchwise"
#: Methods that return ``(False, sentence)`` where something is wrong.
_ANSWERS = ("checkParameterValues", "canExecute")
#: Methods that raise ``QgsProcessingException``: called by QGIS in a run, and by the dock.
_RAISES = ("prepareAlgorithm", "processAlgorithm", "postProcessAlgorithm", "job", "patcher")
_MOST = 300  # characters of the exception's own text


def unforeseen(who, error):
    """A sentence about an unexpected exception, whose traceback is logged; ``who``: the parameter or the algorithm."""
    QgsMessageLog.logMessage(
        "".join(traceback.format_exception(type(error), error, error.__traceback__)), LOG, Qgis.MessageLevel.Critical
    )
    said = " ".join(str(error).split())[:_MOST]
    text = QCoreApplication.translate(
        "Patchwise",
        "{who} cannot be used: {kind}: {said}. A file may be damaged, or this is a fault of Patchwise: the log, under "
        "{log}, has the details.",
    )
    return text.format(who=who, kind=type(error).__name__, said=said or "-", log=LOG)


def guarded(kind):
    """The class, with those of the methods above that it defines itself wrapped: they raise nothing unexpected."""
    for name in (*_ANSWERS, *_RAISES):
        if name in vars(kind):
            setattr(kind, name, _behind(vars(kind)[name], name in _ANSWERS))
    return kind


def _behind(method, answers):
    @wraps(method)
    def behind(self, *arguments, **named):
        try:
            return method(self, *arguments, **named)
        except QgsProcessingException as error:
            if answers:
                return False, str(error)
            raise
        except Exception as error:  # whatever it is
            text = unforeseen(self.name(), error)
            if answers:
                return False, text
            raise QgsProcessingException(text) from error

    return behind
