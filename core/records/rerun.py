"""Runs done again: from a record (see ``record.py``), a patcher's configuration, or that of a pipeline."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..axes.sampler import SpatialSampler
from ..axes.window import SpatialWindow
from ..base.config import CONFIG_TAG, FORMAT, from_config
from ..base.configurable import build
from ..base.documents import CONFIG, check_depth, parse, parse_json, read_text
from ..base.errors import ParameterError, UntrustedError
from ..base.shape import shown
from ..base.trust import (
    NOBODY,
    PYTHON_FILE,
    Named,
    NamedFile,
    Trust,
    admitted,
    files_in,
    hosts_of,
    named_description,
    named_files,
    named_source,
)
from ..gdal.drivers import of_pixels
from ..grid.domain import PixelWindow
from ..loop.patcher import SpatialPatcher
from ..loop.stages import ApplyToChips, GridSampler, Stitch
from ..operators import Expression, Operator, Sequential
from ..plan.geometry import Geometry
from ..rasters.file import RasterFile
from ..rasters.output import AUTO, FORMATS
from ..rasters.raster import Raster
from ..rasters.values import ValueType
from ..rasters.view import RasterView
from ..stitch.aggregation import SpatialAggregation
from .record import ALGORITHM, expanded
from .shapes import PART, RECORD


@dataclass(frozen=True)
class Recipe:
    """What is to be done again.

    ``operator`` is None where the configuration has none: the bands are passed through. ``input`` is the record of the
    raster (see ``record.py``), ``window`` the pixels that were computed; both None where it was not a run. ``format``
    is that of the result (``rasters/output.py``). ``warnings`` are sentences about what is no longer as it was.
    """

    patcher: SpatialPatcher
    operator: Operator | None = None
    input: Mapping[str, Any] | None = None
    window: PixelWindow | None = None
    value_type: ValueType | None = None
    options: Mapping[str, str] | None = None
    format: str = AUTO
    warnings: tuple[str, ...] = ()

    def operator_for(self, raster: Raster) -> Operator:
        """The operator; where the configuration has none, one that passes the bands of ``raster`` through."""
        if self.operator is not None:
            return self.operator
        return Expression("; ".join(f"b{k + 1}" for k in range(raster.bands)), raster.bands, raster.band_names)

    def value_type_for(self, raster: Raster) -> ValueType:
        """The type of the output; the type of the chips where none was chosen."""
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

    def differences(self, raster: Raster) -> list[str]:
        """Sentences about how a raster differs from the one of the run."""
        said = []
        record = self.input or {}
        if record.get("shape") and list(raster.domain.shape) != list(record["shape"]):
            (rows, cols), (now_rows, now_cols) = record["shape"], raster.domain.shape
            said.append(
                f"The input has {now_cols} x {now_rows} pixels, and that of the run had {cols} x {rows}: chips "
                "lie differently."
            )
        first = raster.first
        count = first.count
        if record.get("count") and count and count != record["count"]:
            said.append(f"The input has {count} band(s), and that of the run had {record['count']}.")
        said += _seen_otherwise(RasterView.from_record(record), first.view) if self.input is not None else []
        names = list(first.band_names)
        if "names" in record and names != list(record["names"]):
            was, now = (", ".join(name or "(no name)" for name in each) for each in (record["names"], names))
            said.append(f"The bands of the input are {now}, and those of the run were {was}: they are taken by number.")
        return said


def _seen_otherwise(was: RasterView, now: RasterView) -> list[str]:
    """Sentences about settings of a layer that are not those of the run."""
    said = []
    if was.crs != now.crs:
        before, after = (_named(view.crs) for view in (was, now))
        said.append(f"The coordinate reference system of the input is {after}, and that of the run was {before}.")
    if was.bands != now.bands:
        before, after = (_unknown(view) for view in (was, now))
        said.append(f"Without data are in the input {after}, and in the run {before}.")
    if was.options != now.options:
        before, after = (", ".join(map("=".join, view.options)) or "no options" for view in (was, now))
        said.append(f"The input is opened with {after}, and that of the run was with {before}.")
    return said


def _named(crs: str | None) -> str:
    if crs is None:
        return "the one of its file"
    return f"{crs if len(crs) < 30 else 'a system of its own'}, set in its layer" if crs else "not known"


def _unknown(view: RasterView) -> str:
    """Which values mean "no data", in words."""
    said = []
    for number, band in view.bands:
        ranges = [f"{one.low:g} to {one.high:g}" if one.low < one.high else f"{one.low:g}" for one in band.ranges]
        if band.declared:
            ranges.append("what the file declares")
        said.append(f"of band {number} {' and '.join(ranges) or 'no values'}")
    return ", ".join(said) or "the values that the file declares"


def found_path(record: Mapping[str, Any], folder: str, trust: Trust = NOBODY) -> str:
    """The file of a record, sought from ``folder`` and then by its path; refused where it is not there.

    A name for which a server would be asked is looked at only where ``trust`` covers the server, and so is a
    description that leads to one: :class:`UntrustedError`.
    """
    relative = str(record.get("relative") or "")
    if relative and not hosts_of(relative) and not os.path.isabs(relative):
        near = os.path.normpath(os.path.join(folder, relative))
        if os.path.exists(near):
            trust.check(named_description(near))
            return near
    source = str(record.get("source", ""))
    path = expanded(source)
    trust.check(named_source(path))
    named_for_gdal = path.startswith(("/vsi", "<")) or re.match(r"[A-Za-z0-9_]{2,}:", path)
    if path and (named_for_gdal or os.path.exists(path)):
        return path
    shown = source or str(record.get("layer", "")) or None
    raise ParameterError("input", shown, "is the raster of the run, and is not there: choose it, or another one")


def found_raster(
    record: Mapping[str, Any], folder: str, trust: Trust, bands: Sequence[int], scaled: Any, parameter: str
) -> RasterFile:
    """The raster of a record, seen as in the run; refused where it is not there, or ``trust`` does not cover it.

    A raster that the user did not have to confirm is opened by drivers of pixel formats only, which do not follow texts
    that name other files or servers.
    """
    path = found_path(record, folder, trust)
    agreed = named_description(path) if os.path.exists(path) else named_source(path)
    drivers = () if agreed else of_pixels()
    view = RasterView.from_record(record)
    return RasterFile(path, bands, scaled, parameter=parameter, view=view, drivers=drivers, alone=False)


def read_file(path: str) -> dict[str, Any]:
    """The configuration in a file, JSON or YAML."""
    config = parse(read_text(str(path), "configuration", CONFIG), "configuration", str(path))
    if not isinstance(config, dict):
        raise ParameterError("configuration", str(path), "must hold a configuration of Patchwise")
    return config


def read_tag(tags: Mapping[str, str], path: str) -> dict[str, Any]:
    """The configuration in the tags of the raster ``path``."""
    allowed = f"must be a raster made by Patchwise: it has no configuration in its tag {CONFIG_TAG}"
    try:
        config = parse_json(tags.get(CONFIG_TAG, ""), "configuration", path)
    except ParameterError as error:
        raise ParameterError("configuration", path, f"{allowed} ({error.allowed})") from error
    if not isinstance(config, dict):
        raise ParameterError("configuration", path, allowed)
    return config


def check_trust(config: Mapping[str, Any], folder: str, trust: Trust, source: bool = True) -> None:
    """Raise :class:`UntrustedError` for all that a configuration names and ``trust`` does not cover, at once.

    ``source``: whether the raster of the run would be opened too, or another was chosen.
    """
    needed: list[Named] = list(named_files(config))
    given = config.get("input")
    records = [given] if source and isinstance(given, Mapping) else []
    others = given.get("others") if isinstance(given, Mapping) else ()
    records += [other for other in others or () if isinstance(other, Mapping)]
    for record in records:
        try:
            found_path(record, folder, trust)
        except UntrustedError as error:
            needed += error.named
        except ParameterError:
            continue  # a missing file is refused when it is needed
    trust.check(needed)


def read_recipe(config: Mapping[str, Any], trust: Trust = NOBODY) -> Recipe:
    """The recipe in a record, a patcher's configuration or that of a pipeline.

    A pipeline is ``Sequential([GridSampler, ApplyToChips ..., Stitch])``. A file that it would run or open has to be
    covered by ``trust`` as it is now (:class:`UntrustedError`), and is bound to that content; where the content is no
    longer that of the record, a warning says so.
    """
    _check(config)
    warnings = [_told(part, now) for part, now in zip(files_in(config), named_files(config)) if now.kind == PYTHON_FILE]
    config = admitted(config, trust)
    recipe = _pipeline(from_config(config)) if "class" in config else _run(config)
    _check_axes(recipe.patcher)
    return replace(recipe, warnings=tuple(warnings))


def _check(config: Mapping[str, Any]) -> None:
    """Refuse what has not the shape of a configuration, before a part of it is looked at."""
    check_depth(config, "configuration")
    if config.get("format", FORMAT) != FORMAT:
        allowed = f"must be {FORMAT}: this was written by another version of Patchwise"
        raise ParameterError("format", shown(config.get("format")), allowed)
    if "class" in config:
        PART.check({key: value for key, value in config.items() if key != "format"}, "")
        return
    if config.get("algorithm") != ALGORITHM:
        given = shown(config.get("algorithm"))
        raise ParameterError("algorithm", given, f"must be {ALGORITHM}, which alone can be repeated")
    RECORD.check(config, "")


def _run(config: Mapping[str, Any]) -> Recipe:
    output, window = config["output"], PixelWindow(*(int(value) for value in config["window"]))
    nodata, given = output["nodata"], dict(config["input"])
    given["shape"] = [int(value) for value in given["shape"]]
    given["bands"] = [int(value) for value in given.get("bands") or ()]
    value_type = ValueType(output["data_type"], None if nodata is None else float(nodata))
    options = {key: str(value) for key, value in (output.get("creation_options") or {}).items()}
    written_as = str(output.get("format", "geotiff"))  # of old records, which name no format, the only one
    FORMATS[written_as].checked_options(options, value_type.dtype)
    patcher, operator = SpatialPatcher.from_config(config["patcher"]), build(config["operator"])
    return Recipe(patcher, operator, given, window, value_type, options, written_as)


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
    if not isinstance(patcher.geometry, Geometry):
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


def _told(part: tuple[str, Any], now: NamedFile) -> str:
    """A sentence about a Python file that will be run."""
    if part[1].get("sha256", now.sha256) == now.sha256:
        return f"The configuration runs the Python file {now.path}, with all your rights."
    return (
        f"The Python file {now.path} has changed since the configuration was written: it is run as it is now, with "
        "all your rights."
    )
