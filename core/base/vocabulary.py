"""How the choices of an axis are called, and what each of them takes: the words of toolbox, dock and configurations.

A :class:`Vocabulary` stands beside the classes that it names. The parameters of the algorithms, the dock's fields, the
shapes of configurations and "use its settings" all read it, so that a new choice is one new entry. Labels and helps are
English sources; provider and dock translate them, and ``tools/translations.py`` collects them where they stand, as
keywords of :class:`Field` and :class:`Entry`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from .configurable import Configurable, part
from .errors import ParameterError
from .shape import FLAG, Either, Fields, Number, OneOf, Row, Shape, Text, Whole, shown

#: What is said of a configuration that no choice of the dock gives.
NO_FORM = "has no form in the dock: repeat it by Run configuration"


@dataclass(frozen=True)
class Field:
    """One parameter of a choice: a key of its configuration, and a parameter of the algorithms.

    Two fields of one key are its numbers for rows and for columns; the second is None where they are alike.
    """

    #: Keyword of the class and key of its configuration.
    key: str
    #: Id of the parameter in the algorithms; "" where they have none.
    name: str = ""
    #: What it is called in the toolbox, and there explained; ``{word}`` in the help stands for one of ``filled``.
    label: str = ""
    help: str = ""
    filled: tuple[tuple[str, str], ...] = ()
    #: What it is called in the dock, with a letter under the Alt key.
    short: str = ""
    #: ``number``, ``whole``, ``flag``, ``text``, ``lines`` (of text), ``choice`` (of ``options``), ``file`` (of the
    #: ending in ``options``) or ``points`` (a layer, which no configuration names). Without a parameter also ``input``:
    #: what the raster of the run says.
    kind: str = "number"
    #: In the dialogs; None: empty.
    default: float | str | None = None
    #: What a configuration means that leaves it out, where that is not the default.
    absent: float | str | None = None
    #: It must not be empty; ``unit`` says what is needed.
    needed: bool = False
    #: A configuration has to have it, whatever the default.
    always: bool = False
    #: Least and largest value, in ``unit``; None is without a limit.
    low: float | None = None
    high: float | None = None
    #: Largest value that a spin box offers, where that is less than ``high``; and one step of it.
    offered: float | None = None
    step: float = 0.05
    unit: str = ""
    options: tuple[str, ...] = ()
    #: What it is called in the core's errors; empty: as ``key``.
    said: str = ""
    advanced: bool = False
    #: What a configuration may hold, where that is more, or less, than the parameter.
    shape: Shape | None = field(default=None, compare=False)
    #: The parameter's value for that of a configuration; None: the same.
    written: Callable[[Any], Any] | None = None

    @property
    def in_errors(self) -> str:
        """What it is called in the core's errors."""
        return self.said or self.key

    @property
    def most(self) -> float:
        """Largest value of a spin box."""
        limits = [limit for limit in (self.offered, self.high) if limit is not None]
        return min(limits) if limits else 1e6

    def explained(self, translate: Callable[[str], str]) -> str:
        """The help in the user's language."""
        return translate(self.help).format(**dict(self.filled)) if self.filled else translate(self.help)

    @property
    def empty(self) -> Any:
        """What a configuration means that leaves it out."""
        return self.default if self.absent is None else self.absent

    @property
    def allowed(self) -> Shape:
        """What a configuration may hold."""
        if self.shape is not None:
            return self.shape
        if self.kind == "flag":
            return FLAG
        if self.kind == "choice":
            return OneOf(self.options)
        if self.kind in ("number", "whole"):
            low, high = -1e6 if self.low is None else self.low, 1e6 if self.high is None else self.high
            return Number(low, high) if self.kind == "number" else Whole(int(low), int(high))
        return Text(10_000, named="an expression")

    def told(self, value: Any) -> Any:
        """The parameter's value for that of a configuration; ``ValueError`` where there is none."""
        if self.written is not None:
            return self.written(value)
        if self.kind == "points" or (self.kind == "choice" and value not in self.options):
            raise ValueError(self.key)
        if isinstance(value, (list, tuple)):
            if len(set(value)) != 1:
                raise ValueError(self.key)
            return value[0]  # alike for rows and columns
        return value


@dataclass(frozen=True)
class Entry:
    """One choice. ``cls`` makes what it stands for; None: it stands for its name."""

    name: str
    cls: Callable[..., Configurable] | None
    label: str = ""
    #: In a few words, for a list of all choices.
    help: str = ""
    fields: tuple[Field, ...] = ()
    #: False: for scripts and configurations only.
    offered: bool = True
    #: The choice that gives this class, too; it is then not offered by itself.
    of: str = ""

    @property
    def class_name(self) -> str:
        """The class in configurations; "" for a name."""
        return "" if self.cls is None else self.cls.__name__

    @property
    def keys(self) -> dict[str, tuple[Field, ...]]:
        """The fields by their keys."""
        found: dict[str, tuple[Field, ...]] = {}
        for one in self.fields:
            found[one.key] = (*found.get(one.key, ()), one)
        return found

    @property
    def shape(self) -> Fields:
        """What a configuration of the class may look like."""
        needed: dict[str, Shape] = {}
        optional: dict[str, Shape] = {}
        for key, (first, *more) in self.keys.items():
            one = first.allowed
            both = Either((one, Row((one, one)))) if more else one
            (needed if first.needed or first.always else optional)[key] = both
        return Fields(needed, optional, closed=True)

    def told(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The values by the fields' names, that a configuration comes from; ``ValueError`` says what has no form."""
        values = {}
        for key, (first, *more) in self.keys.items():
            value = config.get(key, first.empty)
            if not first.name:
                if first.kind != "input" and value != first.default:
                    raise ValueError(f"{key} {shown(value)}")
                continue
            down, right = value if more and isinstance(value, (list, tuple)) else (value, value)
            try:
                values[first.name] = first.told(down) if key in config else down
            except ValueError as error:
                raise ValueError(f"{key} {shown(value)}") from error
            for second in more:
                values[second.name] = None if right == down else right
        return values


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
        return tuple(entry for entry in self.entries if entry.offered and not entry.of)

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
        """All fields that are parameters of the algorithms, each once."""
        found: dict[str, Field] = {}
        for one in (one for entry in self.entries for one in entry.fields if one.name):
            found.setdefault(one.name, one)
        return tuple(found.values())

    @property
    def shapes(self) -> dict[str, Fields]:
        """By class, the shape of its configuration."""
        return {entry.class_name: entry.shape for entry in self.entries}

    def field(self, name: str) -> Field:
        """The field of a parameter."""
        return next(one for one in self.fields if one.name == name)

    def uses(self, name: str) -> tuple[str, ...]:
        """Names of the choices that take a parameter."""
        having = (entry.of or entry.name for entry in self.entries if name in [one.name for one in entry.fields])
        return tuple(dict.fromkeys(having))

    def only(self, *names: str) -> Vocabulary:
        """Some of the choices, in that order; nothing else can be made, or told, by it."""
        return replace(self, entries=tuple(replace(self.entry(name), offered=True) for name in names))

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

    def check(self, name: str, values: Mapping[str, Any]) -> None:
        """Refuse a choice of which something that it needs is missing."""
        for one in self.entry(name).fields:
            if one.name:
                self.given(name, one.name, values)

    def given(self, name: str, field_name: str, values: Mapping[str, Any]) -> Any:
        """A value; refused where it is needed and empty."""
        one = next(each for each in self.entry(name).fields if each.name == field_name)
        value = values.get(one.name, one.default)
        if one.needed and (value is None or (isinstance(value, str) and not value.strip())):
            needs = (
                f"{self.parameter}={name} needs {one.unit}" if one.unit else f"must be given for this {self.parameter}"
            )
            raise ParameterError(one.in_errors, value, needs)
        return value

    def told(self, thing: Configurable | Mapping[str, Any] | str) -> tuple[str, dict[str, Any]]:
        """``(name, values)`` that :meth:`make` makes this of: an object, its configuration, or a name.

        Nothing is made or opened. ``ParameterError`` where no choice gives it, and the name of what has no form here.
        """
        if isinstance(thing, str):
            if thing not in self.names:
                raise ParameterError(self.axis, thing, NO_FORM)
            return thing, {}
        described = thing if isinstance(thing, Mapping) else part(thing)
        kind, config = described.get("class"), described.get("config") or {}
        entry = next((entry for entry in self.entries if entry.class_name == kind), None)
        if entry is None or (entry.of or entry.name) not in self.names:
            raise ParameterError(self.axis, shown(kind), NO_FORM)
        entry.shape.check(config, entry.class_name)
        try:
            return entry.of or entry.name, entry.told(config)
        except ValueError as error:
            raise ParameterError(self.axis, f"{kind} with {error}", NO_FORM) from error

    def _given(self, entry: Entry, values: Mapping[str, Any]) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for key, (first, *more) in entry.keys.items():
            if not first.name:
                continue
            value = self.given(entry.name, first.name, values)
            for second in more:
                right = values.get(second.name, second.default)
                value = value, value if right is None else right
            given[key] = value
        return given
