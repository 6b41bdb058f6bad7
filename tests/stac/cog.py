"""Writes tiled TIFFs laid out as COGs without reading anything back: equal blocks are compressed and stored once."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np

BLOCK = 512
ASCII, SHORT, LONG, DOUBLE = 2, 3, 4, 12
FORMATS = {SHORT: "H", LONG: "I", DOUBLE: "d"}


@dataclass(frozen=True)
class Grid:
    """A north-up grid: size in pixels, upper-left corner and pixel size in metres, EPSG code of a projected CRS."""

    width: int
    height: int
    west: float
    north: float
    gsd: float
    epsg: int

    @property
    def levels(self) -> list[tuple[int, int]]:
        """``(width, height)`` of the image and of its overviews, which halve until one block holds them."""
        sizes = [(self.width, self.height)]
        while max(sizes[-1]) > BLOCK:
            sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
        return sizes

    def centres(self, level: int, row: int, col: int) -> tuple[np.ndarray, np.ndarray]:
        """World ``x`` (512,) and ``y`` (512,) of the pixel centres of one block of one level."""
        gsd = self.gsd * 2**level
        steps = np.arange(BLOCK) + 0.5
        return self.west + (col * BLOCK + steps) * gsd, self.north - (row * BLOCK + steps) * gsd


#: ``block(level, row, col)`` gives a name and a function that makes the block ``(512, 512)``; one name, one content.
Block = Callable[[int, int, int], "tuple[Hashable, Callable[[], np.ndarray]]"]


def deflate(block: np.ndarray, level: int) -> bytes:
    """One block as TIFF's DEFLATE with horizontal differences (predictor 2)."""
    differences = block.copy()
    differences[:, 1:] -= block[:, :-1]  # modulo the type, which is what the predictor wants
    return zlib.compress(differences.tobytes(), level)


def write_cog(path: Path, grid: Grid, dtype: str, block: Block, *, nodata: int | None = None, level: int = 1) -> None:
    """Write all levels of ``grid``; the tags come first, then the blocks, smallest overview first."""
    dtype = np.dtype(dtype).newbyteorder("<")
    tables = [_tags(grid, size, index, dtype, nodata) for index, size in enumerate(grid.levels)]
    places = [[(0, 0)] * _count(size) for size in grid.levels]
    head = len(_header(tables, places))
    beside = path.with_name(path.name + ".part")
    with open(beside, "wb") as file:
        file.write(bytes(head))
        for index in reversed(range(len(grid.levels))):
            known: dict[Hashable, tuple[int, int]] = {}
            columns = -(-grid.levels[index][0] // BLOCK)
            for number in range(len(places[index])):
                name, make = block(index, number // columns, number % columns)
                if name not in known:
                    data = deflate(np.ascontiguousarray(make(), dtype=dtype), level)
                    known[name] = (file.tell(), len(data))
                    file.write(data)
                places[index][number] = known[name]
        file.seek(0)
        file.write(_header(tables, places))
    beside.replace(path)


def _count(size: tuple[int, int]) -> int:
    return -(-size[0] // BLOCK) * -(-size[1] // BLOCK)


def _tags(grid: Grid, size: tuple[int, int], level: int, dtype: np.dtype, nodata: int | None) -> dict:
    tags = {
        254: (LONG, [1 if level else 0]),
        256: (LONG, [size[0]]),
        257: (LONG, [size[1]]),
        258: (SHORT, [dtype.itemsize * 8]),
        259: (SHORT, [8]),  # DEFLATE
        262: (SHORT, [1]),  # black is zero
        277: (SHORT, [1]),
        284: (SHORT, [1]),
        317: (SHORT, [2]),
        322: (SHORT, [BLOCK]),
        323: (SHORT, [BLOCK]),
        339: (SHORT, [1]),  # unsigned
    }
    if not level:
        tags[33550] = (DOUBLE, [grid.gsd, grid.gsd, 0.0])
        tags[33922] = (DOUBLE, [0.0, 0.0, 0.0, grid.west, grid.north, 0.0])
        # Projected, pixel is area, EPSG code.
        tags[34735] = (SHORT, [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, grid.epsg])
    if nodata is not None:
        tags[42113] = (ASCII, f"{nodata}\0".encode())
    return tags


def _header(tables: list[dict], places: list[list[tuple[int, int]]]) -> bytes:
    """The file's first bytes: the header and one directory per level, each followed by its long values."""
    out = bytearray(struct.pack("<2sHI", b"II", 42, 8))
    for index, (table, blocks) in enumerate(zip(tables, places)):
        tags = {**table, 324: (LONG, [at for at, _ in blocks]), 325: (LONG, [length for _, length in blocks])}
        start = len(out)
        behind = bytearray()
        directory = bytearray(struct.pack("<H", len(tags)))
        behind_at = start + 2 + 12 * len(tags) + 4
        for tag in sorted(tags):
            kind, values = tags[tag]
            data = values if kind == ASCII else struct.pack(f"<{len(values)}{FORMATS[kind]}", *values)
            directory += struct.pack("<HHI", tag, kind, len(values))
            if len(data) <= 4:
                directory += data.ljust(4, b"\0")
            else:
                directory += struct.pack("<I", behind_at + len(behind))
                behind += data + bytes(len(data) % 2)
        last = index == len(tables) - 1
        directory += struct.pack("<I", 0 if last else behind_at + len(behind))
        out += directory + behind
    return bytes(out)
