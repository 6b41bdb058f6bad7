"""Shapes of documents, checked before objects are made of them.

A shape tells whether a value fits; an error names the value's place in the document, the value, and what is
allowed: ``output.creation_options.BLOCKXSIZE is 16000000: must be a whole number from 16 to 8192``. Shapes are values;
nothing is imported, made or opened in a check. ``documents.py``, which reads documents, bounds their depth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ParameterError

_SHOWN = 80  # characters of a value in an error
MOST_BANDS = 65536  # GDAL makes no dataset of more
#: Rows or columns of a raster, of a chip and of a stride: GDAL counts them in 32 bits.
MOST_PIXELS = (1 << 31) - 1


class Shape:
    """Base of the shapes."""

    def fits(self, value: Any) -> bool:
        """Whether the value, with all that is in it, is allowed."""
        raise NotImplementedError

    def says(self) -> str:
        """What is allowed, in words that follow on ``must be``."""
        raise NotImplementedError

    def check(self, value: Any, place: str) -> None:
        """Raise :class:`ParameterError` for the first part of the value that is not allowed; ``place`` is its path."""
        if not self.fits(value):
            raise ParameterError(place, shown(value), f"must be {self.says()}")


def shown(value: Any) -> Any:
    """The value as an error shows it; large ones are summarised."""
    if isinstance(value, (dict, list, tuple)):
        kind = "an object" if isinstance(value, dict) else "a list"
        return value if len(value) <= 8 and _plain(value) else _Told(f"{kind} of {len(value)}")
    if isinstance(value, str) and len(value) > _SHOWN:
        return value[:_SHOWN] + "..."
    if isinstance(value, int) and abs(value) > 10**_SHOWN:
        return _Told(f"a number of {value.bit_length()} bits")
    return value


def _plain(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    return all(
        item is None
        or isinstance(item, (bool, float))
        or (isinstance(item, str) and len(item) <= _SHOWN)
        or (isinstance(item, int) and abs(item) < 10**_SHOWN)
        for item in inner
    )


class _Told(str):
    """A text whose ``repr`` is itself, for a value that is summarised."""

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Whole(Shape):
    """A whole number from ``low`` to ``high``; a float without a fraction counts as one, true and false do not."""

    low: int
    high: int

    def fits(self, value: Any) -> bool:
        """Whether it is whole and in the range."""
        if type(value) is not int and not (type(value) is float and value.is_integer()):
            return False
        return self.low <= value <= self.high

    def says(self) -> str:
        """The range."""
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True)
class Number(Shape):
    """A finite number from ``low`` to ``high``."""

    low: float = -1.7976931348623157e308
    high: float = 1.7976931348623157e308

    def fits(self, value: Any) -> bool:
        """Whether it is a number in the range; NaN is not."""
        return type(value) in (int, float) and self.low <= value <= self.high

    def says(self) -> str:
        """The range, where there is one."""
        if self == Number():
            return "a finite number"
        if self.high == Number().high:
            return f"a number of at least {self.low:g}"
        return f"a number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Text(Shape):
    """A text of at most ``most`` characters, all of ``pattern`` where there is one, which ``named`` puts into words."""

    most: int
    pattern: str = ""
    named: str = "a text"
    least: int = 0

    def fits(self, value: Any) -> bool:
        """Whether it is a text that is not too long."""
        if type(value) is not str or not self.least <= len(value) <= self.most:
            return False
        return not self.pattern or re.fullmatch(self.pattern, value) is not None

    def says(self) -> str:
        """The length."""
        return f"{self.named} of {self.least or 'at most'}{' to' if self.least else ''} {self.most} characters"


@dataclass(frozen=True)
class OneOf(Shape):
    """One of some values, by equality and type."""

    values: tuple[Any, ...]

    def fits(self, value: Any) -> bool:
        """Whether it is one of them."""
        return any(type(value) is type(one) and value == one for one in self.values)

    def says(self) -> str:
        """The values."""
        if self.values == (None,):
            return "null"
        return ("one of " if len(self.values) > 1 else "") + ", ".join(map(str, self.values))


#: null, and true or false.
NOTHING = OneOf((None,))
FLAG = OneOf((True, False))


@dataclass(frozen=True)
class Anything(Shape):
    """Any value: it is checked elsewhere, or not used."""

    def fits(self, value: Any) -> bool:
        """Always."""
        return True

    def says(self) -> str:
        """It is never refused."""
        return "anything"


@dataclass(frozen=True)
class ListOf(Shape):
    """A list of ``least`` to ``most`` entries of one shape."""

    item: Shape
    most: int
    least: int = 0

    def fits(self, value: Any) -> bool:
        """Whether the list and each entry are allowed."""
        if not isinstance(value, (list, tuple)) or not self.least <= len(value) <= self.most:
            return False
        fits = self.item.fits
        return all(map(fits, value))

    def says(self) -> str:
        """Number and shape of the entries."""
        if self.least == self.most:
            return f"a list of {self.most}, each {self.item.says()}"
        return f"a list of {self.least} to {self.most} entries, each {self.item.says()}"

    def check(self, value: Any, place: str) -> None:
        """The list itself, then the first entry that does not fit."""
        if not isinstance(value, (list, tuple)) or not self.least <= len(value) <= self.most:
            raise ParameterError(place, shown(value), f"must be {self.says()}")
        for index, item in enumerate(value):
            if not self.item.fits(item):
                self.item.check(item, f"{place}[{index}]")


@dataclass(frozen=True)
class Row(Shape):
    """A list with a shape for each of its entries."""

    items: tuple[Shape, ...]

    def fits(self, value: Any) -> bool:
        """Whether there are as many entries, each of its shape."""
        if not isinstance(value, (list, tuple)) or len(value) != len(self.items):
            return False
        return all(shape.fits(item) for shape, item in zip(self.items, value))

    def says(self) -> str:
        """The shapes."""
        return f"a list of {len(self.items)}: {'; '.join(shape.says() for shape in self.items)}"

    def check(self, value: Any, place: str) -> None:
        """The list itself, then its first entry that does not fit."""
        if not isinstance(value, (list, tuple)) or len(value) != len(self.items):
            raise ParameterError(place, shown(value), f"must be {self.says()}")
        for index, (shape, item) in enumerate(zip(self.items, value)):
            shape.check(item, f"{place}[{index}]")


@dataclass(frozen=True)
class Either(Shape):
    """What fits one of some shapes."""

    shapes: tuple[Shape, ...]

    def fits(self, value: Any) -> bool:
        """Whether one of them fits."""
        return any(shape.fits(value) for shape in self.shapes)

    def says(self) -> str:
        """All of them."""
        return ", or ".join(shape.says() for shape in self.shapes)

    def check(self, value: Any, place: str) -> None:
        """Where only one shape is of the value's kind, it says what is wrong inside."""
        if self.fits(value):
            return
        alike = [shape for shape in self.shapes if _same_kind(shape, value)]
        if len(alike) == 1:
            alike[0].check(value, place)
        raise ParameterError(place, shown(value), f"must be {self.says()}")


def _same_kind(shape: Shape, value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(shape, (Fields, MapOf, Chosen))
    return isinstance(value, (list, tuple)) and isinstance(shape, (ListOf, Row))


@dataclass(frozen=True)
class Fields(Shape):
    """An object: shapes of the keys that must be there and of those that may. Others are refused if it is ``closed``.

    ``refused`` is what an unknown key is said not to be, such as ``a parameter``.
    """

    needed: Mapping[str, Shape] = field(default_factory=dict)
    optional: Mapping[str, Shape] = field(default_factory=dict)
    closed: bool = False

    def fits(self, value: Any) -> bool:
        """Whether all keys are there and of their shapes."""
        if not isinstance(value, dict):
            return False
        for key, shape in self.needed.items():
            if key not in value or not shape.fits(value[key]):
                return False
        for key, shape in self.optional.items():
            if key in value and not shape.fits(value[key]):
                return False
        return not self.closed or all(key in self.needed or key in self.optional for key in value)

    def says(self) -> str:
        """The keys."""
        return f"an object with {', '.join(self.needed)}" if self.needed else "an object"

    def check(self, value: Any, place: str) -> None:
        """The object itself, then the first key that is missing, unknown or of another shape."""
        if not isinstance(value, Mapping):
            raise ParameterError(place, shown(value), f"must be {self.says()}")
        known = {**self.needed, **self.optional}
        for key in value if self.closed else ():
            if key not in known:
                raise ParameterError(_at(place, key), shown(value[key]), f"is not a parameter; allowed are {[*known]}")
        for key, shape in self.needed.items():
            if key not in value:
                raise ParameterError(_at(place, key), None, f"is missing, and must be {shape.says()}")
        for key, shape in known.items():
            if key in value:
                shape.check(value[key], _at(place, key))


@dataclass(frozen=True)
class MapOf(Shape):
    """An object of at most ``most`` keys of one shape, with values of another."""

    key: Text
    value: Shape
    most: int

    def fits(self, value: Any) -> bool:
        """Whether it has not too many keys, and all are allowed."""
        if not isinstance(value, dict) or len(value) > self.most:
            return False
        return all(self.key.fits(key) and self.value.fits(item) for key, item in value.items())

    def says(self) -> str:
        """Number and shapes."""
        return f"an object of at most {self.most} keys, each value {self.value.says()}"

    def check(self, value: Any, place: str) -> None:
        """The object itself, then the first key or value that does not fit."""
        if not isinstance(value, Mapping) or len(value) > self.most:
            raise ParameterError(place, shown(value), f"must be {self.says()}")
        for key, item in value.items():
            if not self.key.fits(key):
                raise ParameterError(place, shown(key), f"has this as a key, which must be {self.key.says()}")
            self.value.check(item, _at(place, key))


@dataclass(frozen=True)
class Chosen(Shape):
    """An object whose shape depends on its content: ``choose(value)`` returns it, or raises :class:`ParameterError`."""

    choose: Callable[[Mapping[str, Any], str], Shape]
    told: str

    def fits(self, value: Any) -> bool:
        """Whether it has a shape, and fits it."""
        if not isinstance(value, dict):
            return False
        try:
            return self.choose(value, "").fits(value)
        except ParameterError:
            return False

    def says(self) -> str:
        """The words given."""
        return self.told

    def check(self, value: Any, place: str) -> None:
        """By the shape that it has."""
        if not isinstance(value, Mapping):
            raise ParameterError(place, shown(value), f"must be {self.told}")
        self.choose(value, place).check(value, place)


def _at(place: str, key: str) -> str:
    return f"{place}.{key[:_SHOWN]}" if place else str(key[:_SHOWN])
