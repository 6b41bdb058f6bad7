"""How much memory an accumulator holds."""

from __future__ import annotations

from typing import Any

from patchwise.core.grid.rows import RowBuffer


def held_bytes(part: Any) -> int:
    """Bytes of the row buffers of an accumulator, each once; those of the accumulators it is made of with them."""
    return sum(buffer.nbytes for buffer in {id(buffer): buffer for buffer in _buffers(part)}.values())


def _buffers(part: Any) -> list[RowBuffer]:
    if isinstance(part, RowBuffer):
        return [part]
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        return [buffer for each in part for buffer in _buffers(each)]
    if type(part).__module__.startswith("patchwise.core.stitch"):
        return _buffers(vars(part))
    return []
