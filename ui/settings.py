"""Keeps the dock's choices: the last ones in the project, the user's defaults in QGIS's settings."""

import json

from qgis.core import QgsProject, QgsSettings

from ..core.base.errors import PatchwiseError
from .kept import read_state

SCOPE, KEY = "patchwise", "dock"
USER_KEY, OPEN_KEY = "patchwise/dock", "patchwise/open"


def save_to_project(state):
    """Write the choices into the open project, which keeps them when it is saved."""
    text = json.dumps(state)
    if QgsProject.instance().readEntry(SCOPE, KEY)[0] != text:
        QgsProject.instance().writeEntry(SCOPE, KEY, text)


def from_project():
    """The choices in the open project, or None; ``ParameterError`` where the entry is not of the dock's making."""
    return read_state(QgsProject.instance().readEntry(SCOPE, KEY)[0])


def save_defaults(state):
    """Save the choices as the user's defaults; None removes these."""
    if state is None:
        QgsSettings().remove(USER_KEY)
    else:
        QgsSettings().setValue(USER_KEY, json.dumps(state))


def defaults():
    """The user's defaults, or None, also where the entry is not of the dock's making."""
    kept = QgsSettings().value(USER_KEY, "")
    try:
        return read_state(kept) if isinstance(kept, str) else None
    except PatchwiseError:
        return None


def was_open():
    """Whether the dock was open when :func:`save_open` was last called; at first False."""
    return QgsSettings().value(OPEN_KEY, False, type=bool)


def save_open(opened):
    """Store whether the dock is open."""
    QgsSettings().setValue(OPEN_KEY, opened)
