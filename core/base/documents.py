"""JSON and YAML from outside, read within limits.

A document's size in bytes, number of values and depth are checked before objects are made of it. Its
values are those of JSON: text, numbers, true and false, null, lists, and objects with texts as keys, none twice.
``NaN`` and infinities are not JSON and are refused, as are whole numbers with more digits than any setting needs. An
alias of YAML counts as often as it is used.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import MissingPackageError, ParameterError
from .shape import shown

_MOST_DIGITS = 40  # of a number
# YAML has many ways to write a number; what begins like one and is longer than this is refused.
_LIKE_A_NUMBER = re.compile(r"[-+.]?[0-9]")


@dataclass(frozen=True)
class Limits:
    """The most bytes of UTF-8 (``size``), values (objects, lists, their entries) and levels of nesting (``depth``)."""

    size: int
    values: int
    depth: int = 64


#: Of configurations and of tags. A record of a raster with 65535 bands has 2 MB and 131 thousand values.
CONFIG = Limits(4 << 20, 500_000)
#: Of YAML, which takes a hundred times as long to read as JSON.
YAML = Limits(256 << 10, 20_000)
#: Of manifests: half a million chips.
MANIFEST = Limits(128 << 20, 8_000_000)
#: Of what the dock keeps with a project.
STATE = Limits(1 << 20, 10_000)


class _Unfit(ValueError):
    """A text that cannot be used; the message follows on the document's name."""


def read_text(path: str, parameter: str, limits: Limits) -> str:
    """The text of a file in UTF-8; at most ``limits.size`` bytes are read."""
    try:
        if not os.path.isfile(path):
            raise ParameterError(parameter, path, "cannot be read (there is no such file)")
        with open(path, "rb") as file:
            content = file.read(limits.size + 1)
        if len(content) > limits.size:
            raise ParameterError(parameter, path, f"must have at most {limits.size} bytes")
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(parameter, path, f"cannot be read ({error})") from error


def parse_json(text: str, parameter: str, shown: Any, limits: Limits = CONFIG) -> Any:
    """The values of a JSON text; :class:`ParameterError` names ``parameter`` and ``shown``, the text's origin."""
    try:
        return _json(text, limits)
    except ValueError as error:
        raise ParameterError(parameter, shown, f"must be JSON ({error})") from error


def parse(text: str, parameter: str, shown: Any) -> Any:
    """The values of a text that is JSON or YAML."""
    try:
        return _json(text, CONFIG)
    except _Unfit as error:  # it is JSON
        raise ParameterError(parameter, shown, f"cannot be used: {error}") from error
    except ValueError as error:
        reason = error
    try:
        import yaml
    except ImportError as error:
        raise MissingPackageError("pyyaml", f"to read {shown}, which is not JSON ({reason})") from error
    try:
        return _yaml(yaml, text)
    except _Unfit as error:
        raise ParameterError(parameter, shown, f"cannot be used: {error}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:300]
        raise ParameterError(parameter, shown, f"must be YAML or JSON ({said})") from error


def _json(text: str, limits: Limits) -> Any:
    _check_size(text, limits)
    # Each value is followed by a comma or a closing bracket: the text has at most so many values.
    if text.count(",") + text.count("[") + text.count("{") > limits.values:
        raise _Unfit(f"it holds more than {limits.values} values")
    try:
        found = json.loads(text, parse_int=_whole, parse_constant=_no_constant, object_pairs_hook=_unique)
    except RecursionError as error:
        raise _Unfit(_deep(limits)) from error
    _check_depth(found, limits)
    return found


def _check_size(text: str, limits: Limits) -> None:
    if len(text) > limits.size or len(text.encode("utf-8", "surrogatepass")) > limits.size:
        raise _Unfit(f"it has more than {limits.size} bytes")


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _Unfit(f"it has a number of {len(digits)} digits")
    return int(digits)


def _no_constant(name: str) -> Any:
    raise _Unfit(f"{name} is no number that can be used")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise _Unfit(f"it has the key {key[:60]!r} twice")
            seen.add(key)
    return found


def _deep(limits: Limits) -> str:
    return f"it is nested more than {limits.depth} deep"


def _check_depth(found: Any, limits: Limits) -> None:
    level, count = [found] if isinstance(found, (dict, list, tuple)) else [], 0
    for _ in range(limits.depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list, tuple))
        ]
        count += len(level)
        if count > limits.values:
            raise _Unfit(f"it holds more than {limits.values} values")
        if not level:
            return
    raise _Unfit(_deep(limits))


def check_depth(value: Any, parameter: str) -> None:
    """Refuse a value from elsewhere that is nested deeper than a configuration may be, or contains itself."""
    try:
        _check_depth(value, CONFIG)
    except _Unfit as error:
        raise ParameterError(parameter, shown(value), f"cannot be used: {error}") from error


def _yaml(yaml: Any, text: str) -> Any:
    _check_size(text, YAML)
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    _Events(yaml, YAML).check(yaml.parse(text, loader))
    found = yaml.load(text, loader)  # nosec B506: it is a safe loader
    _check_values(found)
    return found


@dataclass
class _Open:
    """A list or object that is not closed yet: its anchor, values and depth so far, and the keys of an object."""

    anchor: str | None
    mapping: bool
    values: int = 1
    depth: int = 1
    inside: int = 0
    keys: Any = None


class _Events:
    """Counts the values of a YAML text by its parser's events, before objects are made."""

    def __init__(self, yaml: Any, limits: Limits) -> None:
        self._yaml, self._limits = yaml, limits
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[int, int]] = {}

    def check(self, events: Any) -> None:
        kinds = self._yaml.events
        for event in events:
            if isinstance(event, (kinds.MappingStartEvent, kinds.SequenceStartEvent)):
                mapping = isinstance(event, kinds.MappingStartEvent)
                self._open.append(_Open(event.anchor, mapping, keys=set() if mapping else None))
                if len(self._open) > self._limits.depth:
                    raise _Unfit(_deep(self._limits))
            elif isinstance(event, (kinds.MappingEndEvent, kinds.SequenceEndEvent)):
                done = self._open.pop()
                self._keep(done.anchor, done.values, done.depth)
                self._add(done.values, done.depth)
            elif isinstance(event, kinds.AliasEvent):
                if event.anchor not in self._anchors:
                    raise _Unfit(f"the alias *{event.anchor[:60]} stands for nothing that is complete")
                self._add(*self._anchors[event.anchor])
            elif isinstance(event, kinds.ScalarEvent):
                self._scalar(event)

    def _scalar(self, event: Any) -> None:
        if event.implicit[0] and len(event.value) > _MOST_DIGITS and _LIKE_A_NUMBER.match(event.value):
            raise _Unfit(f"it has a number of {len(event.value)} digits")
        self._keep(event.anchor, 1, 0)
        holder = self._open[-1] if self._open else None
        if holder is not None and holder.mapping and holder.inside % 2 == 0:
            if event.value in holder.keys:
                raise _Unfit(f"it has the key {event.value[:60]!r} twice")
            holder.keys.add(event.value)
        self._add(1, 0)

    def _keep(self, anchor: str | None, values: int, depth: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = values, depth

    def _add(self, values: int, depth: int) -> None:
        if not self._open:
            return
        holder = self._open[-1]
        holder.inside += 1
        holder.values += values
        holder.depth = max(holder.depth, depth + 1)
        if holder.values > self._limits.values:
            raise _Unfit(f"it holds more than {self._limits.values} values")
        if len(self._open) + depth > self._limits.depth:
            raise _Unfit(_deep(self._limits))


def _check_values(found: Any) -> None:
    """Refuse values of YAML that JSON does not have: dates, sets, bytes, keys that are not text."""
    if isinstance(found, dict):
        for key, value in found.items():
            if not isinstance(key, str):
                raise _Unfit(f"it has the key {str(key)[:60]}, which is no text")
            _check_values(value)
    elif isinstance(found, list):
        for value in found:
            _check_values(value)
    elif isinstance(found, float) and (found != found or abs(found) == float("inf")):
        raise _Unfit(f"{found} is no number that can be used")
    elif found is not None and not isinstance(found, (str, int, float)):
        raise _Unfit(f"it has a {type(found).__name__}, which is no value of a configuration")
