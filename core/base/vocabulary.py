"""How the choices of an axis are called, and what each of them takes: the words of toolbox, dock and configurations.

A :class:`Vocabulary` stands beside the classes that it names. The parameters of the algorithms, the dock's fields, the
shapes of configurations and "use its settings" all read it, so that a new choice is one new entry. Labels and helps are
English sources; provider and dock translate them, and ``tools/translations.py`` collects them where they stand, as
keywords of :class:`Field` and :class:`Entry`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from .configurable import Configurable, build, part
from .errors import ParameterError

#: What is said of a configuration that no choice of the dock gives.
NO_FORM = "has no form in the dock: repeat it by Run configuration"


@dataclass(frozen=True)
class Field:
    """One parameter of a choice."""

    #: Keyword of the class and key of its configuration.
    key: str
    #: Id of the parameter in the algorithms.
    name: str
    #: What it is called in the toolbox, and there explained.
    label: str
    help: str
    #: What it is called in the dock, with a letter under the Alt key.
    short: str = ""
    #: ``number`` or ``text``.
    kind: str = "number"
    #: None where it has to be given.
    default: float | str | None = None
    #: Least and largest value, in ``unit``; None is without a limit.
    low: float | None = None
    high: float | None = None
    #: Largest value that a spin box offers, where that is less than ``high``; and one step of it.
    offered: float | None = None
    step: float = 0.05
    unit: str = ""
    #: What it is called in the core's errors; empty: as ``key``.
    said: str = ""
    advanced: bool = False

    @property
    def in_errors(self) -> str:
        """What it is called in the core's errors."""
        return self.said or self.key

    @property
    def most(self) -> float:
        """Largest value of a spin box."""
        limits = [limit for limit in (self.offered, self.high) if limit is not None]
        return min(limits) if limits else 1e6


@dataclass(frozen=True)
class Entry:
    """One choice. ``cls`` makes what it stands for; None: it stands for its name."""

    name: str
    cls: Callable[..., Configurable] | None
    label: str
    #: In a few words, for a list of all choices.
    help: str = ""
    fields: tuple[Field, ...] = ()
    #: False: for scripts and configurations only.
    offered: bool = True

    @property
    def class_name(self) -> str:
        """The class in configurations; "" for a name."""
        return "" if self.cls is None else self.cls.__name__


@dataclass(frozen=True)
class Vocabulary:
    """The choices of one axis. ``parameter`` is its id in the algorithms, ``default`` a name.

    Law: ``told(make(name, values)) == (name, values)`` for complete values, and ``make(*told(x))`` has the
    configuration of ``x``, or :meth:`told` raises.
    """

    axis: str
    parameter: str
    default: str
    entries: tuple[Entry, ...]

    @property
    def offered(self) -> tuple[Entry, ...]:
        """The entries that can be chosen, in their order."""
        return tuple(entry for entry in self.entries if entry.offered)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the entries that can be chosen."""
        return tuple(entry.name for entry in self.offered)

    @property
    def known(self) -> tuple[str, ...]:
        """Names of all entries."""
        return tuple(entry.name for entry in self.entries)

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, each once."""
        return tuple(dict.fromkeys(field for entry in self.entries for field in entry.fields))

    def entry(self, name: str) -> Entry:
        """The entry of that name; another name is refused."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise ParameterError(self.axis, name, f"must be one of {', '.join(self.names)}")

    def make(self, name: str, values: Mapping[str, Any]) -> Any:
        """What the choice stands for. ``values`` by the fields' names; one that is missing has its default."""
        entry = self.entry(name)
        return name if entry.cls is None else entry.cls(**self._given(entry, values))

    def told(self, thing: Configurable | Mapping[str, Any] | str) -> tuple[str, dict[str, Any]]:
        """``(name, values)`` that :meth:`make` makes this of: an object, its configuration, or a name.

        ``ParameterError`` where no choice does, and the name of what has no form here.
        """
        if isinstance(thing, str):
            name, values = thing, {}
        else:
            thing = build(thing) if isinstance(thing, Mapping) else thing
            config = thing.get_config()
            found = [entry for entry in self.offered if entry.class_name == type(thing).__name__]
            if not found:
                raise ParameterError(self.axis, type(thing).__name__, NO_FORM)
            name = found[0].name
            values = {field.name: config.get(field.key, field.default) for field in found[0].fields}
            if part(self.make(name, values)) != part(thing):
                raise ParameterError(self.axis, f"{type(thing).__name__} with {config}", NO_FORM)
        if name not in self.names:
            raise ParameterError(self.axis, name, NO_FORM)
        return name, values

    def _given(self, entry: Entry, values: Mapping[str, Any]) -> dict[str, Any]:
        given = {}
        for field in entry.fields:
            value = values.get(field.name, field.default)
            if value is None or (isinstance(value, str) and not value.strip()):
                needs = f"{self.parameter}={entry.name} needs {field.unit}"
                raise ParameterError(field.in_errors, value, needs)
            given[field.key] = value
        return given
