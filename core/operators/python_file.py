"""A Python file as an operator: ``def operator(chip, meta)``.

The file's code runs in this process with all rights of the user, so it must be trusted. Making a
:class:`PythonFile`, also from a configuration, only reads the file; it is run by :meth:`PythonFile.load`.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import os
import stat
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from ..base.errors import Cancelled, ParameterError, UserCodeError
from .base import Operator

_FUNCTION = "operator"


@dataclass(frozen=True)
class ChipMeta:
    """The chip's place and band names, as an operator in a file gets them.

    ``anchor`` is ``(row, col)`` on the raster, ``transform`` maps the chip's pixel corners to world coordinates and
    ``crs`` is the raster's; each is None where it is not known. ``band_names`` has "" where a band has no name.
    """

    anchor: tuple[int, int] | None = None
    transform: Any = None
    crs: Any = None
    band_names: tuple[str, ...] = ()


class PythonFile(Operator):
    """The function ``operator(chip, meta)`` of the file ``path``; chip ``(bands, h, w)``, meta a :class:`ChipMeta`.

    A file that is missing, is not Python, or has no such function is refused here, without running any of it.
    ``band_names`` are for chips that do not bring their own. ``sha256`` is of the file's content: where it is given, a
    file with other content is refused. The content is taken once: after a change of the file, make a new object.
    """

    georeferenced = True

    def __init__(
        self, path: str, band_names: Sequence[str] = (), sha256: str = "", parameter: str = "python file"
    ) -> None:
        self.path, self.band_names, self._parameter = str(Path(path).absolute()), tuple(band_names), parameter
        self.name = Path(path).name
        self._lock = threading.Lock()
        self._function: Callable[[Any, Any], Any] | None = None
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise self._refused("cannot be read (it is no file)")
            self._source = Path(path).read_bytes()
        except OSError as error:
            raise self._refused(f"cannot be read ({error.strerror or error})") from error
        self.size = len(self._source)
        self.sha256 = hashlib.sha256(self._source).hexdigest()
        if sha256 and sha256 != self.sha256:
            raise self._refused("has changed since the configuration was written")
        self._check()

    def load(self) -> PythonFile:
        """Run the file, once, and take its function; its exceptions become a :class:`ParameterError` with the line.

        The bytes that are run are those that were read, and hashed, when the object was made.
        """
        with self._lock:
            if self._function is None:
                self._function = self._loaded()
        return self

    def __call__(self, chip: Any) -> Any:
        """The function's result; its exceptions are raised as :class:`UserCodeError` with file and line."""
        function = self._function or self.load()._function
        array = np.asarray(chip)
        if array.dtype.kind != "f":
            array = array.astype(np.float32 if np.can_cast(array.dtype, np.float32, "safe") else np.float64)
        array = (array[None] if array.ndim == 2 else array).view()
        array.flags.writeable = False
        known = (getattr(chip, name, None) for name in ("anchor", "transform", "crs", "band_names"))
        anchor, transform, crs, names = known
        meta = ChipMeta(anchor, transform, crs, tuple(names or self.band_names))
        try:
            result = function(array, meta)  # type: ignore[misc]
        except Cancelled:
            raise
        except (Exception, SystemExit) as error:
            raise UserCodeError(self._told(error)) from error
        if result is None:
            raise UserCodeError(f"{self.name}: operator returned nothing: end it with 'return' and an array")
        return result

    def get_config(self) -> dict[str, Any]:
        """Path, digest of the content, and band names where there are any."""
        config: dict[str, Any] = {"path": self.path, "sha256": self.sha256}
        if self.band_names:
            config["band_names"] = list(self.band_names)
        return config

    def _check(self) -> None:
        """Refuse a file whose faults can be found without running it."""
        try:
            tree = ast.parse(self._source, self.path)
        except SyntaxError as error:
            line = f"line {error.lineno}: " if error.lineno else ""
            raise self._refused(f"is not valid Python: {line}{error.msg}") from error
        except ValueError as error:  # a null byte, in some versions
            raise self._refused(f"is not valid Python: {error}") from error
        for node in tree.body:
            if isinstance(node, ast.AsyncFunctionDef) and node.name == _FUNCTION:
                raise self._refused(f"line {node.lineno}: operator must be a plain function, not an async one")
            if isinstance(node, ast.FunctionDef) and node.name == _FUNCTION and not node.decorator_list:
                self._check_arguments(node)
        if _FUNCTION not in _bound_names(tree):
            raise self._refused("must define a function 'operator(chip, meta)'")

    def _check_arguments(self, node: ast.FunctionDef) -> None:
        arguments = node.args
        most = len(arguments.posonlyargs) + len(arguments.args)
        least = most - len(arguments.defaults)
        required_by_name = any(default is None for default in arguments.kw_defaults)
        if least > 2 or (most < 2 and arguments.vararg is None) or required_by_name:
            raise self._refused(f"line {node.lineno}: operator must take two arguments, (chip, meta)")

    def _loaded(self) -> Callable[[Any, Any], Any]:
        module_name = "_patchwise_file_" + hashlib.sha256(self.path.encode("utf-8", "replace")).hexdigest()[:16]
        loader = _Loader(module_name, self.path, self._source)
        spec = importlib.util.spec_from_file_location(module_name, self.path, loader=loader)
        if spec is None:
            raise self._refused("cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        before = sys.modules.pop(module_name, None)
        sys.modules[module_name] = module  # dataclasses and others look up their module
        try:
            loader.exec_module(module)
            return self._function_of(module)
        except BaseException as error:
            del sys.modules[module_name]
            if before is not None:
                sys.modules[module_name] = before
            if isinstance(error, (Exception, SystemExit)) and not isinstance(error, ParameterError):
                raise self._refused(f"cannot be loaded: {self._told(error)}") from error
            raise

    def _function_of(self, module: ModuleType) -> Callable[[Any, Any], Any]:
        function = getattr(module, _FUNCTION, None)
        if not callable(function):
            raise self._refused("must define a function 'operator(chip, meta)'")
        try:
            signature = inspect.signature(function)
        except ValueError:  # a function written in C may have no signature
            return function
        try:
            signature.bind(None, None)
        except TypeError as error:
            raise self._refused(f"operator must take two arguments, (chip, meta): {error}") from error
        return function

    def _told(self, error: BaseException) -> str:
        """``blur.py, line 12: ZeroDivisionError: ...``: the deepest line of the file that led to the error."""
        line, trace = 0, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.path:
                line = trace.tb_lineno
            trace = trace.tb_next
        where = f"{self.name}, line {line}" if line else self.name
        text = str(error)
        return f"{where}: {type(error).__name__}" + (f": {text}" if text else "")

    def _refused(self, why: str) -> ParameterError:
        return ParameterError(self._parameter, self.path, why)


class _Loader(SourceFileLoader):
    """Runs the content that was checked, and writes no bytecode beside the user's file."""

    def __init__(self, name: str, path: str, source: bytes) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._source, self.path)


def _bound_names(tree: ast.Module) -> set[str]:
    """Names that the module's own statements bind, also those inside ``if`` or ``try``."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(_FUNCTION if alias.name == "*" else alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                names.add(node.id)
        elif not isinstance(node, (ast.AsyncFunctionDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
    return names
