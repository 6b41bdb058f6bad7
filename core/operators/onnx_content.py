"""The content of an ONNX model that a document named: its hash, and whether it uses other files.

A model may keep its weights in further files, named by path. Those would be opened unconfirmed where a document named
the model, so such a model is refused. The format is protobuf, of which only the parts are read that can hold a tensor
(fields of onnx.proto3, the same in all versions of ONNX).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..base.errors import ParameterError
from ..base.trust import verified

#: For each message, the fields that lead to a tensor, and the message that they hold.
_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_DEEPEST = 100  # protobuf's own limit


def whole_model(path: str, sha256: str) -> bytes:
    """The content of the model ``path``; refused where it has another hash, or uses other files."""
    content = verified(path, sha256, "path")
    try:
        external = _has_external(memoryview(content), "model", 0)
    except (ValueError, IndexError) as error:
        raise ParameterError("path", path, f"is no ONNX model that can be looked through ({error})") from error
    if external:
        allowed = (
            "keeps weights in further files, which nobody has confirmed: choose the model yourself, or save it whole"
        )
        raise ParameterError("path", path, allowed)
    return content


def _has_external(data: memoryview, message: str, depth: int) -> bool:
    if depth > _DEEPEST:
        raise ValueError("it is nested too deep")
    for field, value in _parts(data):
        if message == "tensor" and (field == _EXTERNAL_DATA or (field == _DATA_LOCATION and value != 0)):
            return True
        inner = _FIELDS[message].get(field)
        if inner is not None and isinstance(value, memoryview) and _has_external(value, inner, depth + 1):
            return True
    return False


def _parts(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """``(field, value)`` of a message: bytes, or a number; 0 for numbers of fixed width, which are not needed here."""
    at, size = 0, len(data)
    while at < size:
        key, at = _number(data, at)
        kind, value = key & 7, 0
        if kind == 0:
            value, at = _number(data, at)
            yield key >> 3, value
        elif kind == 2:
            length, at = _number(data, at)
            if at + length > size:
                raise ValueError("it is cut off")
            yield key >> 3, data[at : at + length]
            at += length
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
            yield key >> 3, 0
        else:
            raise ValueError(f"it has a part of the kind {kind}")
    if at != size:
        raise ValueError("it is cut off")


def _number(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")
