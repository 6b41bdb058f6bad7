"""Title and style of a result, as plain values computed from its configuration and band names.

Nothing but the file itself counts, so that toolbox, models and dock show the same raster alike.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Optional

from ...core.base.errors import ParameterError
from ...core.operators.band_roles import find_roles
from ...core.operators.change import CHANGES
from ...core.operators.index_table import INDICES, find_index

#: Names of the bands that rasters of counts and of weights have.
COUNTS, WEIGHTS = ("chips",), ("weight", "weights")


@dataclass(frozen=True)
class Ramp:
    """One band in colours from low to high; without limits those between which 96 % of a sample's values lie.

    ``diverging``: the middle colour means 0, so limits found in the values lie alike far from it if they lie around it.
    """

    colours: tuple[str, ...]
    low: Optional[float] = None
    high: Optional[float] = None
    diverging: bool = False


@dataclass(frozen=True)
class Composite:
    """Three bands, by position from 0, as red, green and blue."""

    bands: tuple[int, int, int]


@dataclass(frozen=True)
class Labels:
    """Whole numbers that name classes: the file's own palette, or one colour each where it has none."""


@dataclass(frozen=True)
class Outline:
    """Polygons without a fill, in a line that is visible on dark and on bright images."""


@dataclass(frozen=True)
class Graduated:
    """Polygons filled by a field, in the colours of a ramp."""

    field: str
    ramp: Ramp


# Brown or red to green, brown to blue, and green to red, by way of nearly white.
GREENNESS = ("#7d4310", "#bf8a45", "#ead9b2", "#f6f5ef", "#bcdca4", "#5fa552", "#14602b")
WETNESS = ("#7d4310", "#bf8a45", "#ead9b2", "#f6f5ef", "#a9cfe5", "#3f8fc4", "#0a3f7c")
LOSS = ("#0f6148", "#58a98a", "#b9ddcb", "#f6f5ef", "#f7c08a", "#e0662f", "#8c1220")
PLAIN = ("#30204f", "#35558c", "#2c8a8a", "#53b86d", "#f1e34a")
AMOUNT = ("#f4f7f2", "#a9d3c4", "#4fa3a5", "#23688c", "#16305c")

_WET = {"NDWI", "MNDWI", "NDMI", "NDII", "LSWI", "AWEInsh", "AWEIsh", "WI2015", "NDSI", "S3", "NMDI"}
_BARE = {"NDBI", "UI", "BSI", "DBSI", "BAI", "BAIS2", "MIRBI", "MSI", "PSRI"}
_DIFFERENCE = re.compile(r"\(?(\w+)-(\w+)\)/\((?:\1\+\2|\2\+\1)\)")
_PROBABILITY = {"sigmoid", "softmax"}
_VOTES = {"SpatialHardVote", "SpatialSoftVote"}


def last_operator(config):
    """``(class, config)`` of what made the pixels of a run's configuration; ``("", {})`` where nothing did."""
    found = config.get("operator") or {}
    found = found[-1] if isinstance(found, list) and found else found
    while isinstance(found, dict) and found.get("class") == "Sequential":
        operators = found.get("config", {}).get("operators") or [{}]
        found = operators[-1]
    if not isinstance(found, dict):
        return "", {}
    return found.get("class") or "", found.get("config") or {}


def look_of(config, names):
    """The look of a raster with bands ``names`` made by ``config`` (both may be empty); None means QGIS's own."""
    if tuple(names) == COUNTS or (len(names) == 1 and names[0] in WEIGHTS):
        return Ramp(AMOUNT)
    kind, made_by = last_operator(config)
    if _is_labels(config, kind, made_by):
        return Labels()
    roles = find_roles(names)
    if {"R", "G", "B"} <= set(roles):
        return Composite((roles["R"], roles["G"], roles["B"]))
    if kind in ("Index", "Change"):
        return _index(made_by.get("name", ""))
    if kind == "Expression":
        return _expression(made_by.get("text", "")) if len(names) < 3 else None
    if len(names) != 1 or not kind:
        return None
    chance = kind == "Onnx" and made_by.get("activation") in _PROBABILITY
    return Ramp(PLAIN, 0.0, 1.0) if chance else Ramp(PLAIN)


def look_of_polygons(fields):
    """The look of polygons with ``fields``: by the first that is the mean of a known index, else in outline."""
    for name in fields:
        index, mean, rest = name.rpartition("_mean")
        if mean and not rest and (index in CHANGES or index in INDICES):
            return Graduated(name, _index(index))
    return Outline()


def _is_labels(config, kind, made_by):
    patcher = config.get("patcher") or {}
    aggregation = (patcher.get("aggregation") or {}).get("class")
    severity = kind == "Change" and made_by.get("severity")
    return kind == "Classify" or severity or made_by.get("activation") == "argmax" or aggregation in _VOTES


def _index(name):
    if name in CHANGES:  # what was lost is positive
        return Ramp(LOSS, -1.0, 1.0, True)
    try:
        index = find_index(name)
    except ParameterError:  # of a catalogue that is not installed here
        return Ramp(GREENNESS, diverging=True)
    colours = WETNESS if index.name in _WET else LOSS if index.name in _BARE else GREENNESS
    if index.low >= 0:
        return Ramp(colours)
    fixed = (index.low, index.high) == (-1, 1)
    return Ramp(colours, -1.0, 1.0, True) if fixed else Ramp(colours, diverging=True)


def _expression(text):
    first = re.sub(r"\s", "", text.split(";")[0])
    if re.fullmatch(r"\w+", first):
        return None  # a band that is passed through looks as QGIS shows bands
    if _DIFFERENCE.fullmatch(first):
        return Ramp(GREENNESS, -1.0, 1.0, True)
    return Ramp(PLAIN)


def title_of(config, names, source=""):
    """The title of a raster: ``NDVI of scene``; "" where its configuration has none.

    ``source`` is the name of what it was made from; where it is empty, the one that the configuration has.
    """
    source = told(source) or told(PurePath(str((config.get("input") or {}).get("source") or "")).stem)
    what = "chips per pixel" if tuple(names) == COUNTS else _title(*last_operator(config))
    return f"{what} of {source}" if what and source else what


def _title(kind, made_by):
    if kind == "Classify":
        return "classes"
    if kind in ("Index", "Change"):
        return made_by.get("name", "") + (" severity" if made_by.get("severity") else "")
    if kind == "Expression":
        return shortened(made_by.get("text", ""))
    path = made_by.get("path") or made_by.get("model") or ""
    return PurePath(path).stem if path else ""


def told(name):
    """The name of a layer; "" where it is only the id of an output, as between two steps of a model."""
    return "" if name in ("OUTPUT", "STITCHED", "COVERAGE", "INDEX") else name


def shortened(text, most=32):
    """The text on one line, with its end left out where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."
