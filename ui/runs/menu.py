"""The menu on the run button: copy the run as text, and defaults."""

import json

from qgis.core import QgsApplication
from qgis.PyQt.QtWidgets import QAction

from ..texts import tr
from .controller import make_context
from .planning import with_outputs


def as_python(planned, path):
    """The run as a line of Python."""
    return planned.algorithm.asPythonCommand(with_outputs(planned, path), make_context())


def as_json(planned, path):
    """The run as JSON, as ``qgis_process run ID -`` takes it."""
    return json.dumps(
        planned.algorithm.asMap(with_outputs(planned, path), make_context()), indent=2, ensure_ascii=False
    )


def as_command(planned, path):
    """The run as a line for the shell, with quotes."""
    return planned.algorithm.asQgisProcessCommand(with_outputs(planned, path), make_context())[0]


def fill_menu(menu, planned_and_path, save_defaults, use_defaults):
    """Fill the run button's menu. ``planned_and_path`` gives the current ``PlannedRun`` and output path."""
    copies = (
        ("copyPythonAction", tr("Copy as Python command"), as_python),
        ("copyJsonAction", tr("Copy as JSON"), as_json),
        ("copyCommandAction", tr("Copy as qgis_process command"), as_command),
    )
    actions = []
    for name, text, write in copies:
        action = _add(menu, name, text, lambda *_, write=write: _copy(write(*planned_and_path())))
        action.setIcon(QgsApplication.getThemeIcon("/mActionEditCopy.svg"))
        actions.append(action)
    menu.addSeparator()
    _add(menu, "saveDefaultsAction", tr("Save these settings as my defaults"), lambda *_: save_defaults())
    _add(menu, "useDefaultsAction", tr("Back to my defaults"), lambda *_: use_defaults())
    menu.aboutToShow.connect(lambda: [action.setEnabled(planned_and_path()[0] is not None) for action in actions])


def _add(menu, name, text, slot):
    action = QAction(text, menu)
    action.setObjectName(name)
    action.triggered.connect(slot)
    menu.addAction(action)
    return action


def _copy(text):
    QgsApplication.clipboard().setText(text)
