"""What the tag of a result says of its run, so that it can be done again (``rerun.py``).

A record is plain JSON, described in ``docs/algorithms/runconfig.md``. What it says of files is the least that finds
them again: the way from the result's folder, and the path, with ``~`` for the user's own folder and, of
addresses, what is no secret (``secrets.py``).
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.configurable import part
from ..base.secrets import without_secrets
from ..grid.domain import PixelWindow
from ..loop.patcher import SpatialPatcher
from ..operators.base import Operator
from ..rasters.raster import Raster
from ..rasters.values import ValueType

ALGORITHM = "patchwise:slidingwindow"


def input_record(raster: Raster) -> dict[str, Any]:
    """The record of the raster of a run: where it is, its bands and its grid."""
    first, others = raster.first, raster.paths[1:]
    transform = raster.domain.transform
    # The source of a layer that is read through QGIS is no name that GDAL knows.
    place = {"layer": without_secrets(str(first.path))} if first.count is None else path_record(first.path)
    record: dict[str, Any] = {
        **place,
        **first.view.record(),
        "bands": [int(number) for number in first.band_numbers],
        "names": list(first.band_names),
        "shape": list(raster.domain.shape),
        "transform": None if transform is None else [float(term) for term in tuple(transform)[:6]],
        "scaled": list(first.scaled) if isinstance(first.scaled, tuple) else bool(first.scaled),
    }
    if first.count is not None:
        record["count"] = int(first.count)
    if others:
        record["others"] = [{**path_record(path), **view.record()} for path, view in zip(others, raster.views[1:])]
    return record


def path_record(path: str) -> dict[str, str]:
    """``{"source": path}``, with ``~`` for the user's folder and without secrets."""
    if not os.path.exists(path):  # an address, or a name that GDAL understands
        return {"source": without_secrets(path).strip()}
    path, home = os.path.abspath(path), os.path.expanduser("~")
    if os.path.dirname(home) != home and path.startswith(home + os.sep):
        path = "~/" + Path(path).relative_to(home).as_posix()
    return {"source": path}


def expanded(source: str) -> str:
    """The path of a ``source``."""
    return os.path.expanduser(source) if source.startswith("~/") else source


def placed(config: Mapping[str, Any], output: str) -> dict[str, Any]:
    """The record of a run as it goes into the file ``output``: its rasters with the way to them from there.

    They have one where both lie under one folder that is not the root: ``relative``, with ``/`` between the names.
    """
    given = dict(config["input"])
    if "others" in given:
        given["others"] = [_with_relative(other, output) for other in given["others"]]
    return {**config, "input": _with_relative(given, output)}


def _with_relative(record: Mapping[str, Any], output: str) -> dict[str, Any]:
    path, folder = expanded(str(record.get("source", ""))), os.path.dirname(os.path.abspath(output))
    if not os.path.isabs(path) or not os.path.exists(path):
        return dict(record)
    try:
        common = os.path.commonpath([path, folder])
    except ValueError:  # on different drives
        return dict(record)
    if os.path.dirname(common) == common:
        return dict(record)
    return {**record, "relative": Path(os.path.relpath(path, folder)).as_posix()}


def nodata_record(value_type: ValueType) -> float | str | None:
    """The nodata value as JSON: None for NaN, text for infinities."""
    if math.isnan(value_type.nodata):
        return None
    return value_type.nodata if math.isfinite(value_type.nodata) else str(value_type.nodata)


def run_record(
    raster: Raster,
    window: PixelWindow,
    patcher: SpatialPatcher,
    operator: Operator,
    value_type: ValueType,
    options: Mapping[str, str],
    written_as: str = "geotiff",
) -> dict[str, Any]:
    """The record of a run whose result has the format ``written_as``.

    :func:`placed` turns it into what is written in the tag of the result.
    """
    return {
        "algorithm": ALGORITHM,
        "input": input_record(raster),
        "window": list(window),
        "patcher": patcher.get_config(),
        "operator": part(operator),
        "output": {
            "data_type": value_type.dtype.name,
            "nodata": nodata_record(value_type),
            "creation_options": dict(options),
            "format": written_as,
        },
    }
