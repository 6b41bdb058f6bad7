"""The language of classification rules: one class a line, ``name: condition``, first match wins.

    # comments begin with a number sign
    water #1f78b4: NDWI > 0.1        a colour may follow the name
    vegetation: (NDVI > 0.4) & (b4 < 1200)
    bare: otherwise                  all that is left

A semicolon ends a rule as a line's end does. Rules of one name are one class.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..base.categories import UNCLASSIFIED, Category, Colour, colour_of, free_colours
from ..base.errors import ExpressionError

_MOST_CLASSES = 254  # with 0 and a nodata value they fit into 8 bits
# Words with spaces between them. The pattern is unambiguous: an ambiguous one would need exponential time.
_WORDS = r"(?:[^:;#\s]+(?:\s+[^:;#\s]+)*)?"
_HEAD = re.compile(rf"\s*(?P<name>{_WORDS})\s*(?P<mark>#\s*(?P<colour>{_WORDS})\s*)?(?P<colon>:|$|(?=[;#]))")
_MOST_CHARACTERS = 1 << 16
_COLOUR = re.compile(r"[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?")
_HOW = "write one rule a line, such as water #1f78b4: NDWI > 0.1"


class Rule(NamedTuple):
    """One rule. ``condition`` is None for "otherwise"; it begins at ``column`` of ``line`` (both from 1)."""

    value: int
    condition: str | None
    line: int
    column: int
    text: str


def parse_rules(text: str, parameter: str = "rules") -> tuple[tuple[Rule, ...], tuple[Category, ...]]:
    """The rules in order, and the classes; with 0 for pixels that match no rule, unless one matches all the rest.

    Raises :class:`ExpressionError` with line and column.
    """
    reader = _Reader(parameter)
    if len(text) > _MOST_CHARACTERS:
        reason = f"has {len(text)} characters; write at most {_MOST_CHARACTERS}"
        raise ExpressionError(f"{text[:60]}...", 0, reason, parameter)
    for number, line in enumerate(text.splitlines(), 1):
        reader.read(line, number)
    if not reader.rules:
        raise ExpressionError(text, 0, f"there is no rule; {_HOW}", parameter)
    return tuple(reader.rules), _categories(reader.names, reader.rules)


class _Reader:
    """Reads rule after rule; ``names`` are the classes so far, each with its colour if it has one."""

    def __init__(self, parameter: str) -> None:
        self.parameter = parameter
        self.rules: list[Rule] = []
        self.names: dict[str, Colour | None] = {}
        self.line, self.number = "", 0

    def refused(self, position: int, reason: str) -> ExpressionError:
        return ExpressionError(self.line, position + 1, reason, self.parameter, self.number)

    def read(self, line: str, number: int) -> None:
        """All rules of one line."""
        self.line, self.number = line, number
        start = 0
        while start < len(line):
            rest = line[start:]
            first = start + len(rest) - len(rest.lstrip())
            if first >= len(line) or line[first] == "#":
                return
            start = first + 1 if line[first] == ";" else self.rule(first)

    def rule(self, first: int) -> int:
        """Read the rule whose name begins at ``first``; returns where the next may begin."""
        head = _HEAD.match(self.line, first)
        if head is None or head["colon"] != ":":
            raise self.refused(head.end() if head else first, f"a rule needs a colon after its name; {_HOW}")
        value = self.class_of(head, first)
        if self.rules and self.rules[-1].condition is None:
            raise self.refused(first, "no pixel reaches this rule: the one before takes all that is left; put it last")
        begin = head.end()
        end = min(
            (k for k in (self.line.find(";", begin), self.line.find("#", begin)) if k >= 0), default=len(self.line)
        )
        condition = self.line[begin:end]
        column = begin + len(condition) - len(condition.lstrip()) + 1
        condition = condition.strip()
        if not condition:
            allowed = "there is no condition after the colon; write one, or otherwise for what is left"
            raise self.refused(begin - 1, allowed)
        left = condition.lower() in ("otherwise", "else")
        self.rules.append(Rule(value, None if left else condition, self.number, column, self.line))
        return end if self.line[end : end + 1] == "#" else end + 1

    def class_of(self, head: re.Match[str], first: int) -> int:
        """The class's value; its name and colour are noted."""
        name = " ".join(head["name"].split())
        if not name:
            raise self.refused(first, f"a rule needs a name before the colon; {_HOW}")
        colour = None
        if head["mark"]:
            if not _COLOUR.fullmatch(head["colour"]):
                allowed = f"{head['mark'].strip()!r} is no colour; write # and six hexadecimal digits, such as #1f78b4"
                raise self.refused(head.start("mark"), allowed)
            colour = colour_of(head["colour"])
            if self.names.get(name) not in (None, colour):
                raise self.refused(head.start("mark"), f"the class {name} has another colour already; give it one")
        self.names[name] = colour or self.names.get(name)
        if len(self.names) > _MOST_CLASSES:
            raise self.refused(first, f"there are more than {_MOST_CLASSES} classes; write fewer")
        return list(self.names).index(name) + 1


def _categories(names: dict[str, Colour | None], rules: Sequence[Rule]) -> tuple[Category, ...]:
    free = iter(free_colours([colour for colour in names.values() if colour], len(names)))
    classes = [Category(k, name, colour or next(free)) for k, (name, colour) in enumerate(names.items(), 1)]
    if rules[-1].condition is not None:
        classes.insert(0, Category(0, "unclassified", UNCLASSIFIED))
    return tuple(classes)
