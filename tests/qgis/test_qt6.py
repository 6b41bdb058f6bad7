"""What Qt 6 has no longer, read from the source with the classes of this QGIS at hand."""

import ast
import enum
import importlib

from ..conftest import ROOT

SOURCES = sorted(
    path
    for pattern in ("*.py", "processing_provider/*.py", "ui/*.py", "tools/*.py", "bench/*.py", "tests/**/*.py")
    for path in ROOT.glob(pattern)
)
#: Of Qt 5 only; the modules are what qgis.PyQt stands before.
GONE = {"exec_", "print_", "QRegExp", "QRegExpValidator", "QDesktopWidget", "setTabStopWidth", "setMargin"}
MODULES = ("PyQt4", "PyQt5", "PyQt6", "PySide2", "PySide6", "sip")


def imported(tree):
    """The objects that a file imports from QGIS and its Qt, by the file's names for them."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] == "qgis":
            module = importlib.import_module(node.module)
            for alias in node.names:
                if hasattr(module, alias.name):
                    found[alias.asname or alias.name] = getattr(module, alias.name)
    return found


def own_classes(tree, known):
    """``(class, what of QGIS or Qt it is made from)`` of the classes that the file defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = [known[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in known]
            if bases:
                yield node, bases[0]


def is_unscoped(owner, value):
    """Whether ``owner.value`` is a member of an enumeration that was reached past the enumeration."""
    # Enumerations of PyQt5 are kinds of int. QGIS gives the old names of QVariant's types to Qt 6 itself.
    if type(value) in (int, bool) or not isinstance(value, (int, enum.Enum)):
        return False
    return type(value) is not owner and getattr(owner, "__name__", "") != "QVariant"


def unscoped(tree, known):
    """``(line, dotted name)`` of each such member."""
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or id(node) in inner:
            continue
        names, root = [], node
        while isinstance(root, ast.Attribute):
            names.insert(0, root.attr)
            root = root.value
        if not isinstance(root, ast.Name) or root.id not in known:
            continue
        owner = known[root.id]
        for name in names:
            value = getattr(owner, name, None)  # another version's, or the class's own
            if is_unscoped(owner, value):
                yield node.lineno, ".".join((root.id, *names))
            owner = value


def enumerations(source):
    tree = ast.parse(source)
    known = imported(tree)
    found = set(unscoped(tree, known))
    for node, base in own_classes(tree, known):
        found |= set(unscoped(node, {"self": base, "cls": base}))
    return sorted(found)


def gone(source):
    for node in ast.walk(ast.parse(source)):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [node.module or ""]
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in GONE)
        elif isinstance(node, ast.Attribute) and node.attr in GONE:
            yield node.lineno, node.attr
        yield from ((node.lineno, module) for module in modules if module.split(".")[0] in MODULES)


def test_the_source_is_for_both_qts(qgis_app):
    found = {}
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        found[path.relative_to(ROOT).as_posix()] = enumerations(source) + list(gone(source))
    assert {name: places for name, places in found.items() if places} == {}


def test_what_is_looked_for_is_found(qgis_app):
    source = """
from qgis.core import Qgis, QgsFeatureRequest, QgsProcessingParameterNumber as Number
from qgis.PyQt.QtCore import Qt, QVariant
from qgis.PyQt.QtWidgets import QFrame
right = (Qt.Orientation.Horizontal, Number.Type.Integer, Qgis.QGIS_VERSION_INT, Qgis.DataType.Byte, QVariant.Int,
         Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, QFrame.Shape.HLine.value)
wrong = Qt.Horizontal, Number.Integer, QgsFeatureRequest.GeometryNoCheck, Qt.AlignLeft | Qt.AlignTop
class Line(QFrame):
    def __init__(self):
        self.setFrameShape(self.HLine)
        self.setFrameShadow(self.Shadow.Sunken)
        self.exec_()
import PyQt5.QtCore
from PyQt6 import sip
"""
    names = [name for _, name in enumerations(source)]
    if hasattr(importlib.import_module("qgis.PyQt.QtCore").Qt, "Horizontal"):  # Qt 5, or as QGIS has mended Qt 6
        assert set(names) == {
            "Number.Integer",
            "QgsFeatureRequest.GeometryNoCheck",
            "Qt.AlignLeft",
            "Qt.AlignTop",
            "Qt.Horizontal",
            "self.HLine",
        }
    assert sorted(name for _, name in gone(source)) == ["PyQt5.QtCore", "PyQt6", "exec_"]
