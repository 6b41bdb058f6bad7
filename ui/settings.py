"""The dock's choices: the last ones with the project, the user's defaults with QGIS."""

import json

from qgis.core import QgsProject, QgsSettings

from ..core.base.errors import PatchwiseError
from .kept import read_state

SCOPE, KEY = "patchwise", "dock"
USER_KEY, OPEN_KEY = "patchwise/dock", "patchwise/open"


def save_to_project(state):
    """Write the choices into the open project; it is saved with the project."""
    text = json.dumps(state)
    if QgsProject.instance().readEntry(SCOPE, KEY)[0] != text:
        QgsProject.instance().writeEntry(SCOPE, KEY, text)


def from_project():
    """The choices in the open project, or None; ``ParameterError`` where somebody else has written there."""
    return read_state(QgsProject.instance().readEntry(SCOPE, KEY)[0])


def save_defaults(state):
    """Keep the choices for new projects; None forgets them."""
    if state is None:
        QgsSettings().remove(USER_KEY)
    else:
        QgsSettings().setValue(USER_KEY, json.dumps(state))


def defaults():
    """The user's defaults, or None; whatever somebody else has written there counts as nothing."""
    kept = QgsSettings().value(USER_KEY, "")
    try:
        return read_state(kept) if isinstance(kept, str) else None
    except PatchwiseError:
        return None


def was_open():
    """Whether the dock was open when it was last there; at first it is not."""
    return QgsSettings().value(OPEN_KEY, False, type=bool)


def save_open(opened):
    """Remember whether the dock is open."""
    QgsSettings().setValue(OPEN_KEY, opened)
