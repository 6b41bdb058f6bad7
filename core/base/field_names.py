"""Names of fields that hold statistics: output and statistic in one name, within the length that the format allows.

Formats compare names regardless of case (GeoPackage, Shapefile) and cut long ones (Shapefile at 10 bytes), so that two
names could become one field.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count as count_from

#: Bytes that a field's name may have, by the ending of the file.
_LONGEST = {".shp": 10, ".dbf": 10, ".mif": 31, ".tab": 31}
_LONGEST_ANYWHERE = 63  # as PostgreSQL cuts names
_SHORT, _LEAST = (
    5,
    3,
)  # characters of a statistic's name: to which it is cut first, and the least that tell it from the others


def longest_name(path: str) -> int:
    """Bytes that a field's name may have in the file ``path``; "" for a layer in memory or in a database."""
    return _LONGEST.get(os.path.splitext(path)[1].lower(), _LONGEST_ANYWHERE)


def plain_name(name: str) -> str:
    """The name where it is a plain word (letters, digits and ``_``), "" where it is an expression or the like."""
    return name if re.fullmatch(r"[A-Za-z]\w*", name) else ""


def statistic_names(
    outputs: Sequence[str],
    statistics: Sequence[str],
    taken: Sequence[str] = (),
    longest: int = _LONGEST_ANYWHERE,
) -> list[str]:
    """A field's name for each of ``statistics`` of each of ``outputs``, output by output: ``<output>_<statistic>``.

    An output without a name (""), or whose name is another's but for capitals, is called by its number: ``b1`` for the
    first, or ``out1`` where some output's name is such a number. Where a name is too long, the statistic is cut to 5
    characters and the output's name to the rest, if the rest still tells it from the others; else its number stands for
    it. ``taken`` are the fields that are there; a name that is taken gets ``_2`` behind it.

    Law: as many names as there are statistics of outputs, of at most ``longest`` bytes (at least 10), and no two of
    them, or of them and those taken, are the same but for capitals.
    """
    widest = max((len(name) for name in statistics), default=0)
    room = longest - 1 - min(_SHORT, widest)
    used = {_key(_cut(name, longest)) for name in taken}
    names = []
    for head in _heads([name if _bytes(name) + 1 + widest <= longest else _cut(name, room) for name in outputs]):
        for statistic in statistics:
            name = _free(head, statistic, used, longest)
            used.add(_key(name))
            names.append(name)
    return names


def _heads(names: Sequence[str]) -> list[str]:
    """What each output is called: its name if no other has it, else its number."""
    letters = next(word for word in _numbering() if not any(_is_number(name, word) for name in names))
    count = Counter(_key(name) for name in names)
    return [name if name and count[_key(name)] == 1 else f"{letters}{k + 1}" for k, name in enumerate(names)]


def _numbering() -> Iterator[str]:
    """What may stand in front of an output's number."""
    yield "b"
    yield from (f"out{'_' * more}" for more in count_from(0))


def _is_number(name: str, letters: str) -> bool:
    return re.fullmatch(rf"{letters}[1-9]\d*", name, re.IGNORECASE) is not None


def _free(head: str, statistic: str, used: set[str], longest: int) -> str:
    """``head`` and ``statistic`` in one name that is not in ``used``."""
    name, number = f"{head}_{statistic}", 1
    while _bytes(name) > longest or _key(name) in used:
        tail = f"_{number}" if number > 1 else ""
        room = longest - 1 - len(tail)
        short = statistic[: min(_SHORT, max(room - _bytes(head), min(_LEAST, room - 1)))]
        name, number = f"{_cut(head, room - len(short))}_{short}{tail}", number + 1
    return name


def _key(name: str) -> str:
    return name.casefold()


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _cut(name: str, longest: int) -> str:
    return name.encode("utf-8", "replace")[:longest].decode("utf-8", "ignore")
