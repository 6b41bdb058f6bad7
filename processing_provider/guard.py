"""The last net: whatever nobody foresaw becomes a sentence, and its traceback goes to QGIS's message log.

QGIS calls these methods from C++. An exception that is none of QGIS's own ends ``qgis_process`` there and then, and in
the dialog shows the user a traceback.
"""

import traceback
from functools import wraps

from qgis.core import Qgis, QgsMessageLog, QgsProcessingException
from qgis.PyQt.QtCore import QCoreApplication

#: Where the traceback is to be found.
LOG = "Patchwise"
#: What QGIS calls while it checks, and takes ``(False, sentence)`` from.
_ANSWERS = ("checkParameterValues", "canExecute")
#: What QGIS calls in a run, and the dock while it plans, and takes a ``QgsProcessingException`` from.
_RAISES = ("prepareAlgorithm", "processAlgorithm", "postProcessAlgorithm", "job", "patcher")
_MOST = 300  # characters of the exception's own text


def unforeseen(who, error):
    """The sentence about an exception that nobody foresaw; ``who`` is the parameter's name or the algorithm's."""
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
    """The class with those of the methods above that it defines itself behind the net."""
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
        except Exception as error:  # that is what this is for
            text = unforeseen(self.name(), error)
            if answers:
                return False, text
            raise QgsProcessingException(text) from error

    return behind
