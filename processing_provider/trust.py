"""Files and servers that the user has agreed to, kept with QGIS's settings, and the question for further ones.

A file that the user chooses by PYTHON, MODEL or INPUT needs no agreement. What a document names (see
``core/base/trust.py``) does: by the parameter TRUST, by an agreement that was kept, or by an answer on the desktop.
"""

from contextlib import suppress

from qgis.core import QgsApplication, QgsProcessingParameterString, QgsSettings
from qgis.PyQt.QtCore import QThread

from ..core.base.errors import ParameterError, UntrustedError
from ..core.base.trust import Trust

TRUST = "TRUST"
_KEY = "patchwise/trust"
#: Most files and servers in one question: all have to be visible on a small screen.
_AT_ONCE = 4

#: At most one callable, the desktop's: given what is named, it returns whether the user agrees.
_CONFIRMERS = []


def add_trust(algorithm, help_text):
    """Add the parameter."""
    definition = QgsProcessingParameterString(TRUST, algorithm.tr("Trust"), "", optional=True)
    algorithm.add(definition, help_text, advanced=True)


def read_trust(reader):
    """The :class:`Trust` that the parameter TRUST gives."""
    return Trust.parse(reader.text(TRUST))


def remembered():
    """The :class:`Trust` in all that the user has agreed to in this profile."""
    trust = Trust()
    for entry in _entries():
        with suppress(ParameterError):  # an entry that cannot be read is left out
            trust |= Trust.parse(entry)
    return trust


def remember(named):
    """Keep that the user has agreed to these."""
    known = _entries()
    new = [each.entry for each in named if each.entry and each.entry not in known]
    if new:
        QgsSettings().setValue(_KEY, [*known, *dict.fromkeys(new)])


def forget():
    """Remove all agreements."""
    QgsSettings().remove(_KEY)


def register(confirmer):
    """Ask the user by ``confirmer`` from now on; None: nobody is asked."""
    _CONFIRMERS[:] = [] if confirmer is None else [confirmer]


def confirm(named):
    """Whether the user, who is asked, agrees to ``named``; agreements are kept.

    False where nobody can be asked: outside of the desktop, and in any thread but the main one.
    """
    if not _CONFIRMERS or QThread.currentThread() is not QgsApplication.instance().thread():
        return False
    for first in range(0, len(named), _AT_ONCE):
        some = tuple(named[first : first + _AT_ONCE])
        if not _CONFIRMERS[0](some):
            return False
        remember(some)
    return True


def agreed(action, given):
    """``action(trust)`` with ``given`` and what is kept; if refused, again with what the user then agrees to."""
    trust = given | remembered()
    try:
        return action(trust)
    except UntrustedError as error:
        if not confirm(error.named):
            raise
        return action(trust | Trust.of(error.named))


def _entries():
    """The entries in the settings, as text."""
    found = QgsSettings().value(_KEY, [])
    found = [found] if isinstance(found, str) else found or []
    return [entry for entry in found if isinstance(entry, str) and entry.startswith(("sha256:", "host:"))]
