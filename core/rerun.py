"""Runs done again: from a record (see ``run_record.py``), a patcher's configuration, or that of a pipeline."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .aggregation import SpatialAggregation
from .config import CONFIG_TAG, FORMAT, from_config
from .configurable import build
from .domains import PixelWindow
from .errors import MissingPackageError, ParameterError
from .geometry import SpatialRectangular
from .operators import Expression, Sequential
from .patch_ops import ApplyToChips, GridSampler, Stitch
from .patcher import SpatialPatcher
from .run_record import ALGORITHM, expanded
from .sampler import SpatialSampler
from .values import ValueType
from .window import SpatialWindow


@dataclass(frozen=True)
class Recipe:
    """What is to be done again.

    ``operator`` is None where the configuration has none: the bands are passed through. ``input`` is the record of the
    raster (see ``run_record.py``), ``window`` the pixels that were computed; both None where it was not a run.
    ``warnings`` are sentences about what is no longer as it was.
    """

    patcher: SpatialPatcher
    operator: Any = None
    input: Mapping[str, Any] | None = None
    window: PixelWindow | None = None
    value_type: ValueType | None = None
    options: Mapping[str, str] | None = None
    warnings: tuple[str, ...] = ()

    def operator_for(self, raster: Any) -> Any:
        """The operator; of a configuration without one that which passes the bands of ``raster`` through."""
        if self.operator is not None:
            return self.operator
        return Expression("; ".join(f"b{k + 1}" for k in range(raster.bands)), raster.bands, raster.band_names)

    def value_type_for(self, raster: Any) -> ValueType:
        """The type of the output; where none was chosen that of the chips."""
        return self.value_type or ValueType(raster.dtype.name)

    def window_on(self, shape: tuple[int, int]) -> PixelWindow:
        """The pixels to compute on a raster of ``shape``: those of the run, or all where all were computed."""
        whole = PixelWindow(0, 0, *shape)
        if self.window is None or self.input is None or tuple(self.window) == (0, 0, *self.input["shape"]):
            return whole
        common = self.window.intersect(whole)
        if not common.pixels:
            allowed = f"the pixels that were computed do not lie on this raster of {shape} pixels"
            raise ParameterError("window", tuple(self.window), allowed)
        return common

    def differences(self, raster: Any) -> list[str]:
        """Sentences about how a raster differs from the one of the run."""
        said = []
        record = self.input or {}
        if record.get("shape") and list(raster.domain.shape) != list(record["shape"]):
            (rows, cols), (now_rows, now_cols) = record["shape"], raster.domain.shape
            said.append(f"The input has {now_cols} x {now_rows} pixels, and that of the run had {cols} x {rows}: chips "
                        "lie differently.")  # fmt: skip
        first = getattr(raster, "first", raster)
        count = getattr(first, "count", None)
        if record.get("count") and count and count != record["count"]:
            said.append(f"The input has {count} band(s), and that of the run had {record['count']}.")
        names = list(first.band_names)
        if "names" in record and names != list(record["names"]):
            was, now = (", ".join(name or "(no name)" for name in each) for each in (record["names"], names))
            said.append(f"The bands of the input are {now}, and those of the run were {was}: they are taken by number.")
        return said


def found_path(record: Mapping[str, Any], folder: str) -> str:
    """The file of a record, sought from ``folder`` and then by its path; refused where it is not there."""
    if record.get("relative"):
        near = os.path.normpath(os.path.join(folder, str(record["relative"])))
        if os.path.exists(near):
            return near
    source = str(record.get("source", ""))
    path = expanded(source)
    named_for_gdal = path.startswith("/vsi") or re.match(r"[A-Za-z0-9_]{2,}:", path)
    if path and (named_for_gdal or os.path.exists(path)):
        return path
    shown = source or str(record.get("layer", "")) or None
    raise ParameterError("input", shown, "is the raster of the run, and is not there: choose it, or another one")


def read_file(path: str) -> dict[str, Any]:
    """The configuration in a file, JSON or YAML."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError("configuration", str(path), f"cannot be read ({error})") from error
    try:
        config = json.loads(text)
    except ValueError as error:
        config = _from_yaml(text, path, error)
    if not isinstance(config, dict):
        raise ParameterError("configuration", str(path), "must hold a configuration of Patchwise")
    return config


def _from_yaml(text: str, path: str, reason: ValueError) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise MissingPackageError("pyyaml", f"to read {path}, which is not JSON ({reason})") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ParameterError("configuration", str(path), f"is neither JSON nor YAML ({error})") from error


def read_tag(tags: Mapping[str, str], path: str) -> dict[str, Any]:
    """The configuration in the tags of the raster ``path``."""
    try:
        config = json.loads(tags.get(CONFIG_TAG, ""))
    except ValueError:
        config = None
    if not isinstance(config, dict):
        allowed = f"must be a raster made by Patchwise: it has no configuration in its tag {CONFIG_TAG}"
        raise ParameterError("configuration", path, allowed)
    return config


def read_recipe(config: Mapping[str, Any]) -> Recipe:
    """What a record, a patcher's configuration or that of a pipeline says is to be done.

    A pipeline is ``Sequential([GridSampler, ApplyToChips ..., Stitch])``. A Python file whose content is no longer that
    of the record is taken as it is now, with a warning.
    """
    config, warnings = _with_files_as_they_are(config)
    recipe = _pipeline(from_config(config)) if "class" in config else _run(config)
    _check_axes(recipe.patcher)
    return replace(recipe, warnings=tuple(warnings))


def _run(config: Mapping[str, Any]) -> Recipe:
    if config.get("format", FORMAT) != FORMAT:
        allowed = f"must be {FORMAT}: this was written by another version of Patchwise"
        raise ParameterError("format", config.get("format"), allowed)
    if config.get("algorithm") != ALGORITHM:
        raise ParameterError("algorithm", config.get("algorithm"), f"must be {ALGORITHM}, which alone can be repeated")
    try:
        output, window = config["output"], PixelWindow(*(int(value) for value in config["window"]))
        nodata = output["nodata"]
        given, patcher = dict(config["input"]), SpatialPatcher.from_config(config["patcher"])
        given["shape"] = [int(value) for value in given["shape"]]
        value_type = ValueType(output["data_type"], None if nodata is None else float(nodata))
        options = {str(key): str(value) for key, value in (output.get("creation_options") or {}).items()}
        operator = build(config["operator"])
    except ParameterError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        allowed = f"is not complete ({type(error).__name__}: {error})"
        raise ParameterError("configuration", dict(config), allowed) from error
    return Recipe(patcher, operator, given, window, value_type, options)


def _check_axes(patcher: SpatialPatcher) -> None:
    """Refuse parts of a patcher that are of another kind than their names say."""
    kinds: dict[str, Any] = {
        "sampler": (SpatialSampler, type(None)),
        "window": SpatialWindow,
        "aggregation": SpatialAggregation,
    }
    for name, kind in kinds.items():
        if not isinstance(getattr(patcher, name), kind):
            raise ParameterError(name, getattr(patcher, name), f"is no {name} of a patcher")
    if not isinstance(patcher.geometry, SpatialRectangular) and not hasattr(patcher.geometry, "plan"):
        raise ParameterError("geometry", patcher.geometry, "has no chips on a raster")


def _pipeline(thing: Any) -> Recipe:
    if isinstance(thing, SpatialPatcher):
        return Recipe(thing)
    stages = thing.operators if type(thing) is Sequential else ()
    first, last = (stages[0], stages[-1]) if stages else (None, None)
    between = [stage for stage in stages if isinstance(stage, ApplyToChips)]
    if not isinstance(first, GridSampler) or not isinstance(last, Stitch) or len(between) != len(stages) - 2:
        allowed = "must be a SpatialPatcher, or a pipeline GridSampler, ApplyToChips ..., Stitch"
        raise ParameterError("configuration", type(thing).__name__, allowed)
    patcher = replace(first.patcher, aggregation=last.aggregation)
    operators = [stage.operator for stage in between]
    operator = (Sequential(operators) if len(operators) > 1 else operators[0]) if operators else None
    return Recipe(patcher, operator)


def _with_files_as_they_are(value: Any) -> tuple[Any, list[str]]:
    """The configuration without digests of Python files that have changed, and what is to be said of them."""
    if isinstance(value, Mapping):
        parts = {key: _with_files_as_they_are(item) for key, item in value.items()}
        config = {key: item for key, (item, _) in parts.items()}
        warnings = [warning for _, found in parts.values() for warning in found]
        if config.get("class") == "PythonFile" and isinstance(config.get("config"), dict):
            warnings += _check_python_file(config["config"])
        return config, warnings
    if isinstance(value, (list, tuple)):
        items = [_with_files_as_they_are(item) for item in value]
        return [item for item, _ in items], [warning for _, found in items for warning in found]
    return value, []


def _check_python_file(config: dict[str, Any]) -> list[str]:
    path = str(config.get("path", ""))
    # It will be run: a raster from elsewhere must not be able to name a file on somebody's server.
    if not os.path.isabs(path) or path.startswith(("//", "\\\\")):
        raise ParameterError("python file", path, "must be an absolute path on this machine")
    try:
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return []  # the operator says so
    if config.pop("sha256", digest) == digest:
        return [f"The configuration runs the Python file {path}, with all your rights."]
    return [f"The Python file {path} has changed since the configuration was written: it is run as it is now, with all "
            "your rights."]  # fmt: skip
