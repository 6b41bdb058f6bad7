"""Keeps the table "The house" true: who may import whom. Reads the source, not QGIS."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from .conftest import ROOT

PACKAGE = sorted(
    path
    for folder in ("", "core", "processing_provider", "ui")
    for path in (ROOT / folder).glob("**/*.py" if folder else "*.py")
)
CORE = [path for path in PACKAGE if ROOT / "core" in path.parents]
TESTS = sorted((ROOT / "tests").glob("**/*.py"))
GUI = ("qgis", "PyQt5", "PyQt6", "PySide2", "PySide6", "sip", "processing", "osgeo")
#: Optional packages of the core, by file; each is imported inside a function, so that the core loads without it.
OPTIONAL = {
    "core/rasters/file.py": {"rasterio"},
    "core/rasters/opened.py": {"rasterio"},
    "core/rasters/geotiff.py": {"rasterio"},
    "core/rasters/cog.py": {"rasterio"},
    "core/chip_folder/manifest.py": {"rasterio.crs", "rasterio.transform"},
    "core/gdal/environment.py": {"rasterio", "affine"},
    "core/grid/ground_control.py": {"rasterio"},
    "core/rasters/band_meta.py": {"rasterio"},
    "core/rasters/aligned.py": {"rasterio"},
    "core/plan/patch.py": {"rasterio.windows"},
    "core/gdal/masks.py": {"rasterio"},
    "core/base/config.py": {"yaml"},
    "core/base/documents.py": {"yaml"},
    "core/grid/crs.py": {"pyproj"},
    "core/operators/onnx_model.py": {"onnxruntime"},
    "core/points/search.py": {"scipy.spatial"},
    "core/rasters/zarr_store.py": {"rasterio.crs"},
    "core/operators/spyndex_catalogue.py": {"spyndex"},
    "core/sentinel2/stac.py": {"pystac_client", "requests"},
    "core/sentinel2/signing.py": {"planetary_computer", "requests"},
    "core/sentinel2/remote.py": {"requests", "urllib3"},
}
#: What widgets and algorithms share.
BORDER = ("processing_provider", "processing_provider.trust", "processing_provider.feedback")
#: Python 3.9 does not list its standard library: the names are asked of a later one.
STANDARD = getattr(sys, "stdlib_module_names", None) or pytest.skip("needs Python 3.10", allow_module_level=True)
#: What a widget may use of the core: values, and what is there to be drawn or said before a run.
#: Each module by its name: the package itself gives everything, and would hide what a widget uses.
FOR_WIDGETS = (
    "core.axes.window",
    "core.axes.geometry",
    "core.axes.sampler",
    "core.plan.geometries",
    "core.stitch.aggregations",
    "core.operators.choices",
    "core.base.vocabulary",
    "core.base.errors",
    "core.preview.weights",
    "core.preview.chip",
    "core.preview.outlines",
    "core.base.trust",
    "core.preview.pictures",
    "core.preview.estimate",
    "core.base.shape",
    "core.base.documents",
    "core.records.shapes",
    "core.base.secrets",
    "core.base.config",
    "core.rasters.file",
    "core.operators.python_file",
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def each(paths):
    """Makes a rule on one file a test of all of them, which names each file that breaks it."""

    def decorate(rule):
        def test():
            broken = []
            for path in paths:
                try:
                    rule(path)
                except AssertionError as error:
                    broken.append(f"{name_of(path)}: {error}")
            assert not broken, "\n".join(broken)

        test.__name__, test.__doc__ = rule.__name__, rule.__doc__
        return test

    return decorate


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def inner_imports(path: Path) -> list[tuple[int, tuple[str, ...], list[str]]]:
    """Of each relative import: its line, the module's place from the root of the package, and the names."""
    here = path.relative_to(ROOT).with_suffix("").parts
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            place = (*here[: -node.level], *filter(None, (node.module or "").split(".")))
            found.append((node.lineno, place, [alias.name for alias in node.names]))
    return found


def imports(path: Path, lazy: bool | None = None) -> list[tuple[str, int]]:
    """``(module, level)`` of every import; ``lazy`` True or False: only those inside or outside of functions."""
    tree = tree_of(path)
    functions = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    inside = {id(child) for function in functions for child in ast.walk(function)}
    found = []
    for node in ast.walk(tree):
        if lazy is not None and (id(node) in inside) is not lazy:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, 0) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.module or "", node.level))
    return found


def is_of(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def test_the_house_is_there():
    assert len(CORE) > 25 and TESTS
    for name in ("metadata.txt", "__init__.py", "plugin.py", "core/loop/stream.py", "processing_provider/provider.py"):
        assert (ROOT / name).is_file(), name


@each(CORE)
def test_the_core_knows_neither_qgis_nor_qt(path):
    assert not [module for module, _ in imports(path) if any(is_of(module, gui) for gui in GUI)]
    names = {node.id for node in ast.walk(tree_of(path)) if isinstance(node, ast.Name)}
    assert not names & {"__import__", "QgsFeedback", "iface"}


@each(CORE)
def test_the_core_loads_with_numpy_and_the_standard_library_only(path):
    for module, level in imports(path, lazy=False):
        assert level or module.split(".")[0] in {*STANDARD, "numpy"}, module


@each(CORE)
def test_optional_packages_are_imported_where_the_table_says(path):
    allowed = OPTIONAL.get(name_of(path), set())
    for module, level in imports(path, lazy=True):
        if level or module.split(".")[0] in {*STANDARD, "numpy"}:
            continue
        assert any(is_of(module, package) for package in allowed), f"{module} in {name_of(path)}"


@each(CORE)
def test_the_core_stays_within_the_core(path):
    depth = len(path.relative_to(ROOT / "core").parents)
    assert all(level <= depth for _, level in imports(path))


def rooms() -> dict[str, set[str]]:
    """By room of the core, the rooms that it may import from: the table of the architecture page."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.split("## The rooms of the core")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", table, re.MULTILINE)
    return {room: set(others.split()) for room, others in rows}


def test_the_table_of_rooms_is_complete_and_without_circles():
    table = rooms()
    there = {path.name for path in (ROOT / "core").iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert set(table) == there
    for path in [*(ROOT / folder / "__init__.py" for folder in ("core", *(f"core/{room}" for room in table)))]:
        assert ast.get_docstring(tree_of(path)), name_of(path)
    order = list(table)
    for room, others in table.items():
        assert all(other in order and order.index(other) < order.index(room) for other in others), room


def test_nothing_of_the_core_lies_outside_of_a_room():
    assert [path.name for path in (ROOT / "core").glob("*.py")] == ["__init__.py"]


@each([path for path in CORE if path.parent != ROOT / "core"])
def test_imports_between_rooms_go_one_way(path):
    room, table = path.relative_to(ROOT / "core").parts[0], rooms()
    for line, place, _ in inner_imports(path):
        target = place[1] if len(place) > 1 and place[0] == "core" else ""
        assert target == room or target in table[room], f"line {line}: {room} imports from {'/'.join(place)}"


def test_no_files_of_the_core_import_each_other_in_a_circle_not_even_for_types():
    files = {path.relative_to(ROOT).with_suffix("").parts: path for path in CORE}
    wanted = {}
    for parts, path in files.items():
        found = ({place, *((*place, name) for name in names)} for _, place, names in inner_imports(path))
        wanted[parts] = set().union(*found) & set(files)
    while wanted:
        free = {parts for parts, others in wanted.items() if not others & set(wanted)}
        assert free, f"in a circle: {sorted('/'.join(parts) for parts in wanted)}"
        wanted = {parts: others for parts, others in wanted.items() if parts not in free}


def test_the_pictures_of_the_architecture_are_those_of_the_code():
    place = ROOT / "tools" / "architecture_pictures.py"
    spec = importlib.util.spec_from_file_location("architecture_pictures", place)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert set(tool.ROOMS) == set(rooms())
    for path, text in tool.pictures():
        assert path.read_text("utf-8") == text, f"{path.name}: run make pictures"


@each(PACKAGE)
def test_imports_within_the_package_are_relative(path):
    tops = {folder.name for folder in ROOT.iterdir() if folder.is_dir() and (folder / "__init__.py").exists()}
    own = {"patchwise", "plugin", *tops} - {"tests", "bench"}
    for module, level in imports(path):
        assert level or module.split(".")[0] not in own, module
        assert not is_of(module, "tests") and not is_of(module, "bench")


@each([path for path in PACKAGE if ROOT / "ui" in path.parents] or [ROOT / "__init__.py"])
def test_widgets_have_no_numerics(path):
    for module, level in imports(path):
        assert not any(is_of(module, package) for package in ("numpy", "scipy", "rasterio"))
        if level > 1:
            # What was agreed to is kept in one place, for the dock and for the algorithms.
            assert not is_of(module, "processing_provider") or module in BORDER
            assert module in FOR_WIDGETS or not is_of(module, "core"), module
            assert module or level < len(path.relative_to(ROOT).parts), "the package itself"


def test_what_widgets_may_use_is_used():
    used = {module for path in PACKAGE if ROOT / "ui" in path.parents for module, level in imports(path) if level > 1}
    assert not set(FOR_WIDGETS) - used


def test_the_package_file_has_nothing_but_the_factory():
    tree = tree_of(ROOT / "__init__.py")
    docstring, *rest = tree.body
    assert isinstance(docstring, ast.Expr) and ast.get_docstring(tree)
    assert [type(node) for node in rest] == [ast.FunctionDef] and rest[0].name == "classFactory"
    assert not imports(ROOT / "__init__.py", lazy=False)
    assert [module for module, _ in imports(ROOT / "__init__.py", lazy=True)] == ["plugin"]


@each(PACKAGE)
def test_nothing_that_the_plugin_repository_refuses(path):
    tree = tree_of(path)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"eval", "exec", "compile", "__import__", "input", "breakpoint", "print"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert not [
        module for module, _ in imports(path) if module.split(".")[0] in ("pickle", "marshal", "shelve", "dill")
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, "a bare except"
            assert not all(isinstance(statement, ast.Pass) for statement in node.body), "except: pass"
        if isinstance(node, ast.keyword) and node.arg == "shell":
            assert isinstance(node.value, ast.Constant) and node.value.value is False


def top_level_qgis(path: Path) -> list[str]:
    return [module for module, _ in imports(path) if is_of(module, "qgis")]


@each([path for path in PACKAGE if path not in CORE])
def test_qt_comes_from_qgis(path):
    assert not [module for module, _ in imports(path) if any(is_of(module, qt) for qt in ("PyQt5", "PyQt6", "sip"))]


WITHOUT = """
import importlib.util, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in sys.argv[2].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
root = sys.argv[1]
spec = importlib.util.spec_from_file_location("patchwise", root + "/__init__.py", submodule_search_locations=[root])
sys.modules["patchwise"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
import numpy as np
import patchwise.core as core
from patchwise.core.grid.domain import RasterDomain
"""


def run_without(packages: str, script: str) -> str:
    command = [sys.executable, "-c", WITHOUT + script, str(ROOT), packages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


NOTHING = (
    "qgis,PyQt5,PyQt6,sip,processing,osgeo,rasterio,affine,scipy,yaml,pyproj,pystac_client,planetary_computer,"
    "onnxruntime"
)


def test_the_core_runs_with_numpy_alone():
    out = run_without(
        NOTHING,
        """
field = core.RasterField(core.GeoTensor(np.arange(64.0).reshape(8, 8)))
cut = core.SpatialRectangular((4, 4), "shift"), core.SpatialRegularStride(2)
patcher = core.SpatialPatcher(*cut, core.SpatialHann())
merged = patcher.merge(patcher.split(field), field.reader)
sink = core.ArraySink((8, 8))
core.stream(field.source, patcher, core.Expression("b1 * 2 + mean(b1) * 0", 1), sink)
print((np.asarray(merged) == np.asarray(field.reader)).all(), np.allclose(sink.array[0], np.asarray(merged) * 2))
""",
    )
    assert out == "True True\n"


@pytest.mark.parametrize(
    "call",
    [
        "core.RasterFile('a.tif')",
        "core.GeoTiffSink('a.tif', RasterDomain((3, 4)), core.ValueType())",
        "core.GeoTiffSink('a.tif', RasterDomain((3, 4)), core.ValueType(), options={'COMPRESS': 'LZW'})",
        "next(core.SpatialPatcher(core.SpatialRectangular(2), core.SpatialRegularStride(2)).split("
        "core.RasterField(core.GeoTensor(np.ones((4, 4)))))).indices",
    ],
)
def test_what_needs_rasterio_says_so(call):
    out = run_without(
        NOTHING,
        f"""
try:
    {call}
except core.MissingPackageError as error:
    print(error.package, isinstance(error, core.PatchwiseError), "|", error)
""",
    )
    assert out.startswith("rasterio True | the Python package 'rasterio' is needed")
    assert "pip install rasterio" in out and "python3-rasterio" in out
