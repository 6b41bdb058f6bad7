"""What the user has agreed to, kept with QGIS's settings, and how it is asked for: the one place for all algorithms.

What somebody chooses for an algorithm by PYTHON, MODEL or INPUT is that person's own affair. What a document names
(see ``core/base/trust.py``) has to be agreed to: by the parameter TRUST, by what is remembered from earlier, or by an
answer, where somebody sits before a desktop.
"""

from contextlib import suppress

from qgis.core import QgsApplication, QgsProcessingParameterString, QgsSettings
from qgis.PyQt.QtCore import QThread

from ..core.base.errors import ParameterError, UntrustedError
from ..core.base.trust import Trust

TRUST = "TRUST"
_KEY = "patchwise/trust"
#: What one question asks for: all of it has to be seen, on a small screen too.
_AT_ONCE = 4

#: The desktop's question, a callable of what is named that says whether the user agrees; none in ``qgis_process``.
_CONFIRMERS = []


def add_trust(algorithm, help_text):
    """Add the parameter."""
    definition = QgsProcessingParameterString(TRUST, algorithm.tr("Trust"), "", optional=True)
    algorithm.add(definition, help_text, advanced=True)


def read_trust(reader):
    """What the parameter says."""
    return Trust.parse(reader.text(TRUST))


def remembered():
    """What the user has agreed to in this profile."""
    trust = Trust()
    for entry in _entries():
        with suppress(ParameterError):  # whatever somebody else has written there counts as nothing
            trust |= Trust.parse(entry)
    return trust


def remember(named):
    """Keep that the user has agreed to these."""
    known = _entries()
    new = [each.entry for each in named if each.entry and each.entry not in known]
    if new:
        QgsSettings().setValue(_KEY, [*known, *dict.fromkeys(new)])


def forget():
    """Ask for everything again."""
    QgsSettings().remove(_KEY)


def register(confirmer):
    """Let the user be asked by ``confirmer``; None ends it."""
    _CONFIRMERS[:] = [] if confirmer is None else [confirmer]


def confirm(named):
    """Whether the user agrees to ``named``, now that it is shown; what was agreed to is remembered.

    False where nobody can be asked: outside of the desktop, and off its main thread.
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
    """``action(trust)`` with what is given and remembered, and once more with what the user then agrees to."""
    trust = given | remembered()
    try:
        return action(trust)
    except UntrustedError as error:
        if not confirm(error.named):
            raise
        return action(trust | Trust.of(error.named))


def _entries():
    """The entries kept."""
    found = QgsSettings().value(_KEY, [])
    found = [found] if isinstance(found, str) else found or []
    return [entry for entry in found if isinstance(entry, str) and entry.startswith(("sha256:", "host:"))]
