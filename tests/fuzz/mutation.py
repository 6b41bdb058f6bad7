"""Changes of bytes, texts and documents that are drawn from a seeded generator."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

#: Values that replace one of a document; pieces that replace one of a text.
STRANGE = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2,
    255,
    2**31 - 1,
    2**31,
    2**63,
    -(2**63),
    10**9,
    10**30,
    10**400,
    0.5,
    -0.0,
    1e-320,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "abc",
    "SpatialHann",
    "Expression",
    "../../etc/passwd",
    "\x00",
    "\ud800",
    "é" * 50,
    "9" * 100,
    "x" * 5000,
    "b1",
    "b1 + 1",
    [],
    {},
    [None],
    [[]],
    [0, 0],
    [1] * 4,
    ["a"] * 300,
    {"a": 1},
    {"class": "SpatialHann"},
    {"class": "Expression", "config": {"text": "b1"}},
    {"class": None},
    {"config": {}},
    [[[[[[[[]]]]]]]],
]
BYTES = [
    b"\x00",
    b"\xff",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"&",
    b"\x00\x00\x80\x3f",
    b"NaN",
    b"\x80",
    b"PATCHWISE",
    b"<",
    b"II*\x00",
    b"[" * 200,
    b"{" * 200,
]


def of_bytes(rng: Random, content: bytes) -> bytes:
    """Some bits, bytes, runs and lengths changed; rarely cut or joined."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 3, 8, 40))):
        if not data:
            data = bytearray(b"\x00")
        # Headers are at the front or the end, and that is where things go wrong.
        at = rng.choice(
            (rng.randrange(len(data)), rng.randrange(min(len(data), 600)), -rng.randrange(1, min(len(data), 600) + 1))
        )
        at %= len(data)
        how = rng.randrange(8)
        if how == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            data[at] = rng.randrange(256)
        elif how == 2:
            piece = rng.choice(BYTES)
            data[at : at + len(piece)] = piece
        elif how == 3:
            data[at:at] = rng.choice(BYTES)
        elif how == 4:
            del data[at : at + rng.choice((1, 2, 4, 16, 200))]
        elif how == 5:
            data[at : at + 4] = rng.choice((0, 1, 2**31 - 1, 2**32 - 1, 300_000, 65535)).to_bytes(
                4, rng.choice(("little", "big"))
            )
        elif how == 6:
            other = rng.randrange(len(data))
            data[at : at + 16] = data[other : other + 16]
        elif rng.random() < 0.2:
            del data[at:]
        else:
            data[at] = (data[at] + rng.choice((1, -1, 16))) % 256
    return bytes(data)


def of_text(rng: Random, text: str, pieces: list[str]) -> str:
    """Pieces put in, taken out, doubled and swapped."""
    for _ in range(rng.choice((1, 1, 2, 3, 10))):
        at, stop = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        stop = min(stop, at + rng.choice((1, 3, 20, 200)))
        how = rng.randrange(5)
        if how == 0:
            text = text[:at] + rng.choice(pieces) + text[at:]
        elif how == 1:
            text = text[:at] + text[stop:]
        elif how == 2:
            text = text[:at] + text[at:stop] * rng.choice((2, 3, 100)) + text[stop:]
        elif how == 3:
            text = text[:at] + rng.choice(pieces) * rng.choice((1, 2, 400)) + text[stop:]
        else:
            text = text[:at] + chr(rng.choice((0, 9, 10, 34, 92, 127, 0x301, 0xD7FF, 0x1F600))) + text[at:]
        text = text[:200_000]
    return text


def of_document(rng: Random, document: Any) -> Any:
    """Values replaced, taken away, doubled, or put one into another."""
    document = copy.deepcopy(document)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        holders = [found for found in _holders(document) if found]
        if not holders:
            return rng.choice(STRANGE)
        holder = rng.choice(holders)
        key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
        how = rng.randrange(8)
        if how <= 3:
            holder[key] = copy.deepcopy(rng.choice(STRANGE))
        elif how == 4:
            del holder[key]
        elif how == 5:
            other = rng.choice(holders)
            inner = rng.choice(list(other.values()) if isinstance(other, dict) else other)
            holder[key] = copy.deepcopy(inner)
        elif how == 6 and isinstance(holder[key], (int, float)) and not isinstance(holder[key], bool):
            try:
                holder[key] = rng.choice(
                    (-holder[key], holder[key] * 10**9, holder[key] + 1, holder[key] / 3, str(holder[key]))
                )
            except (OverflowError, ValueError):
                holder[key] = 0
        elif how == 6:
            holder[key] = [holder[key]]
        elif isinstance(holder, list):
            holder[key:key] = [copy.deepcopy(holder[key])] * rng.choice((1, 50))
        else:
            holder[str(rng.choice(("x", "class", "config", "path", "size")))] = copy.deepcopy(holder[key])
    return document


def _holders(value: Any) -> list[Any]:
    found, waiting = [], [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, (dict, list)):
            found.append(item)
            waiting += item.values() if isinstance(item, dict) else item
    return found[:5000]


def of_json(rng: Random, document: Any) -> str:
    """A document changed in its values, and sometimes in its text."""
    changed = of_document(rng, document) if rng.random() < 0.85 else document
    try:
        text = json.dumps(changed)
    except ValueError:  # a number with more digits than Python writes
        text = json.dumps(document).replace("1", "9" * 5000, 1)
    if rng.random() < 0.25:
        text = of_text(
            rng, text, ["{", "}", "[", "]", ",", ":", '"', "NaN", "1e999", "-", "null", "[" * 5000, '{"a":' * 500]
        )
    return text
