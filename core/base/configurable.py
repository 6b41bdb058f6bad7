"""Objects that can be written down as JSON and made again from it.

A part of a configuration is ``{"class": name, "config": {...}}``. Only classes that ``patchwise.core`` exports can be
named; nothing else is imported or run.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, TypeVar

from .errors import ParameterError
from .shape import Shape, shown

T = TypeVar("T", bound="Configurable")
#: The shape of each class's parameters, by its name; ``records/shapes.py``, which knows all of them, fills it.
SHAPES: dict[str, Shape] = {}


class Configurable:
    """Base of all that has a configuration: axes, patcher, operators, stages.

    Law: ``from_config(x.get_config())`` gives the same anchors, weights and results as ``x``.
    """

    def get_config(self) -> dict[str, Any]:
        """The parameters, JSON-serialisable; those that have their default may be left out."""
        return {}

    @classmethod
    def from_config(cls: type[T], config: Mapping[str, Any]) -> T:
        """The object that ``config`` describes; one that is not of the class's shape (:data:`SHAPES`) is refused."""
        shape = SHAPES.get(cls.__name__)
        if shape is not None:
            shape.check(config, cls.__name__)
        try:
            return cls(**{key: _revived(value) for key, value in config.items()})
        except TypeError as error:
            raise ParameterError(cls.__name__, shown(dict(config)), f"cannot be made from this ({error})") from error


def part(thing: Any) -> dict[str, Any]:
    """``{"class": ..., "config": ...}`` of an object; one that has no configuration is refused by name."""
    if not isinstance(thing, Configurable):
        name = getattr(thing, "__name__", None) or type(thing).__name__
        allowed = "a Python callable or object that is not one of Patchwise's own has no configuration"
        raise ParameterError("configuration", name, f"cannot be written down: {allowed}")
    return {"class": type(thing).__name__, "config": thing.get_config()}


def build(config: Mapping[str, Any]) -> Any:
    """The object that a part of a configuration describes."""
    if not isinstance(config, Mapping) or not isinstance(config.get("class"), str):
        raise ParameterError("configuration", shown(config), 'must be {"class": name, "config": {...}}')
    package = importlib.import_module(__package__.rpartition(".")[0])
    kind = getattr(package, config["class"], None) if config["class"] in package.__all__ else None
    if not isinstance(kind, type) or not issubclass(kind, Configurable):
        known = sorted(name for name in package.__all__ if _configurable(getattr(package, name)))
        raise ParameterError("class", shown(config["class"]), f"is not known; known are {', '.join(known)}")
    return kind.from_config(config.get("config") or {})


def _configurable(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Configurable)


def _revived(value: Any) -> Any:
    """The value of a parameter, in which parts of a configuration are replaced by the objects that they describe."""
    if isinstance(value, Mapping) and "class" in value and set(value) <= {"class", "config"}:
        return build(value)
    if isinstance(value, list):
        return [_revived(item) for item in value]
    return value
