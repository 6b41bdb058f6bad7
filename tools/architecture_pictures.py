#!/usr/bin/env python3
"""Draws docs/images/rooms.svg from the imports in the code, and docs/images/run.svg.

In the picture of the rooms each points to those that it imports from, one line for each that no other line says.
``tests/test_layout.py`` compares the files with what is drawn here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
_STYLE = (
    "text{font:14px sans-serif;fill:#1b2a33}.s{font-size:11px;fill:#51626d}"
    ".b{fill:#eef4f2;stroke:#2f6f62;stroke-width:1.3}.t{fill:#fbf4e6;stroke:#a9782a;stroke-width:1.3}"
    ".l{stroke:#2f6f62;stroke-width:1.2;fill:none}.h{fill:#2f6f62}"
)

#: Where a room stands from left to right, in widths of a box, and what it is for in a few words.
ROOMS = {
    "base": (1.3, "errors, configurations, trust"),
    "gdal": (0.8, "drivers, environment, masks"),
    "grid": (0.8, "windows, CRS, rows"),
    "expression": (2.1, "compiler"),
    "rasters": (0.0, "files in, files out"),
    "axes": (1.1, "geometry, sampler, window"),
    "plan": (1.1, "which chips, where"),
    "stitch": (0.5, "accumulators"),
    "points": (0.7, "neighbourhoods"),
    "operators": (2.3, "expressions, models"),
    "loop": (1.5, "the one loop"),
    "records": (0.0, "a run done again"),
    "zonal": (1.0, "polygons"),
    "chip_folder": (0.0, "split, apply, stitch"),
    "sentinel2": (2.0, "STAC"),
    "preview": (3.0, "pictures, estimates"),
}

#: The data's way: column, row, title, what it does; threads of their own are of another colour.
STEPS = (
    (0, 0, "parameters", "toolbox, dock, model, qgis_process", "b"),
    (0, 1, "checkParameterValues", "wrong? one sentence, no work", "b"),
    (0, 2, "prepareAlgorithm", "layers become plain values: a job", "b"),
    (1, 0, "source", "file, stack, layer, scene", "b"),
    (1, 1, "read ahead", "each row once; a thread", "t"),
    (1, 2, "chips", "views of rows, NaN: unknown", "b"),
    (2, 2, "operator", "a pool of threads", "t"),
    (2, 1, "stitcher", "adds in chip order, by weight", "b"),
    (2, 0, "finished rows", "no later chip touches them", "b"),
    (3, 0, "sink", "GeoTIFF, COG, Zarr; a thread", "t"),
    (3, 1, "commit", "all outputs, or none", "b"),
    (3, 2, "layer on the map", "named and styled", "b"),
)


def imports() -> dict[str, set[str]]:
    """The rooms of the core that each room imports from."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for path in sorted((ROOT / "core").glob("*/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 2 and node.module:
                found[path.parent.name].add(node.module.split(".")[0])
    return found


def reached(room: str, direct: dict[str, set[str]]) -> set[str]:
    """All rooms that a room depends on."""
    return direct[room].union(*(reached(other, direct) for other in direct[room]))


def needed(direct: dict[str, set[str]]) -> dict[str, set[str]]:
    """The imports that do not follow from others (transitive reduction)."""
    return {
        room: {one for one in others if not any(one in reached(other, direct) for other in others - {one})}
        for room, others in direct.items()
    }


def floor(room: str, direct: dict[str, set[str]]) -> int:
    """0 where nothing is imported, else one above the highest room that is."""
    return 1 + max((floor(other, direct) for other in direct[room]), default=-1)


def rooms_svg() -> str:
    """The picture of the rooms, lowest at the foot."""
    direct = imports()
    floors = {room: floor(room, direct) for room in ROOMS}
    width, step, height = 184, 88, 44
    places = {
        room: (12 + column * (width + 20), 12 + (max(floors.values()) - floors[room]) * step)
        for room, (column, _) in ROOMS.items()
    }
    lines = []
    for room, others in needed(direct).items():
        for other in sorted(others):
            (x, y), (to_x, to_y) = places[room], places[other]
            x, y, to_x = x + width / 2, y + height, to_x + width / 2
            bend = (y + to_y) / 2
            lines.append(f'<path class="l" d="M{x:g} {y:g}C{x:g} {bend:g} {to_x:g} {bend:g} {to_x:g} {to_y:g}"/>')
            lines.append(head(to_x, to_y, 0, 1))
    boxes = (box(*places[room], width, height, room, said) for room, (_, said) in ROOMS.items())
    return svg(4 * (width + 20) + 4, (max(floors.values()) + 1) * step - 20, [*lines, *boxes])


def run_svg() -> str:
    """The picture of the data's way through a run."""
    width, height, right, down = 236, 48, 280, 92
    places = [(12 + column * right, 12 + row * down) for column, row, *_ in STEPS]
    lines = []
    for (x, y), (to_x, to_y) in zip(places, places[1:]):
        if x == to_x:
            way = 1 if to_y > y else -1
            start, end = (y + height, to_y) if way > 0 else (y, to_y + height)
            lines += [f'<path class="l" d="M{x + width / 2:g} {start}V{end}"/>', head(x + width / 2, end, 0, way)]
        else:
            middle, at = (x + width + to_x) / 2, to_y + height / 2
            lines += [f'<path class="l" d="M{x + width} {y + height / 2:g}H{middle:g}V{at:g}H{to_x}"/>']
            lines += [head(to_x, at, 1, 0)]
    boxes = (box(*place, width, height, *said) for place, (_, _, *said) in zip(places, STEPS))
    return svg(4 * right - 20, 3 * down - 20, [*lines, *boxes])


def head(x: float, y: float, right: int, down: int) -> str:
    """The head of an arrow that ends at a place, in its direction."""
    foot_x, foot_y = x - 7 * right, y - 7 * down
    points = f"M{x:g} {y:g}L{foot_x + 4 * down:g} {foot_y + 4 * right:g}L{foot_x - 4 * down:g} {foot_y - 4 * right:g}z"
    return f'<path class="h" d="{points}"/>'


def box(x: float, y: float, width: float, height: float, title: str, said: str, kind: str = "b") -> str:
    """A box with a title and a line below it."""
    middle = x + width / 2
    return (
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width}" height="{height}" rx="7"/>'
        f'<text x="{middle:g}" y="{y + height / 2 - 3:g}" text-anchor="middle">{escape(title)}</text>'
        f'<text class="s" x="{middle:g}" y="{y + height / 2 + 14:g}" text-anchor="middle">{escape(said)}</text>'
    )


def svg(width: float, height: float, parts: Iterable[str]) -> str:
    """A picture on white."""
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}">'
    ground = f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>'
    return "\n".join([opening, f"<defs><style>{_STYLE}</style></defs>{ground}", *parts, "</svg>"]) + "\n"


def pictures() -> Iterator[tuple[Path, str]]:
    """The files, and what they should hold."""
    yield IMAGES / "rooms.svg", rooms_svg()
    yield IMAGES / "run.svg", run_svg()


if __name__ == "__main__":
    for path, text in pictures():
        path.write_text(text, "utf-8")
        print(path.relative_to(ROOT))
