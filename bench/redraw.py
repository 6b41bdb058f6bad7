"""The live pictures: milliseconds from a change to the painted widget, at any chip size.

Usage: ``python -m patchwise.bench.redraw [--repeat 15]``. Each round makes a patcher anew, as typing does, so that no
weights are kept; what is painted is a widget of 340 px at two device pixels each. Rounds go through all sizes in turn.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from statistics import median

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from affine import Affine
from qgis.core import QgsApplication, QgsCoordinateReferenceSystem
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtGui import QImage

from ..core import (
    Expression,
    SpatialCustom,
    SpatialHann,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
)
from ..core.grid.domain import RasterDomain
from ..core.preview.estimate import estimate
from ..ui.pictures.chip_overlay import ChipOverlay
from ..ui.pictures.weight_preview import WeightPreview

LIMIT_MS = 30
SIZES = (64, 256, 512, 1024, 2048, 4096, 8192)
TILE = RasterDomain((10980, 10980), Affine(10, 0, 600_000, 0, -10, 5_000_000), "EPSG:32633")
WINDOWS = {
    "outer product (Hann)": SpatialHann(),
    "expression in r": SpatialCustom("where(r < 1, 1 - r**2, 0)"),
    "expression with a statistic": SpatialCustom("(2 - r) / maximum(2 - r)"),
}


class Source:
    """The attributes of a raster that an estimate reads."""

    domain, bands, dtype, raw_itemsize, strip_rows = TILE, 4, np.dtype(np.float32), 2, 512


def rectangular(size: int, step: int, window: object) -> SpatialPatcher:
    return SpatialPatcher(SpatialRectangular((size, size), "shift"), SpatialRegularStride(step), window)


def cap(size: int) -> SpatialPatcher:
    """A patcher of caps of about so many pixels across."""
    return SpatialPatcher(SpatialSphericalCap(size * 0.005), SpatialRegularStride(size // 2), SpatialHann())


def milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def previews(repeat: int) -> None:
    """Print a table of the weight preview."""
    widget = WeightPreview()
    widget.resize(340, widget.heightForWidth(340))
    image = QImage(widget.size() * 2, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(2)

    def redraw(patcher: SpatialPatcher) -> None:
        widget.setPatcher(patcher, TILE)
        widget.render(image)

    made = {
        name: lambda size, window=window: rectangular(size, size * 2 // 5, window) for name, window in WINDOWS.items()
    }
    made["spherical cap"] = cap
    found: dict[tuple[str, int], list[float]] = {(name, size): [] for name in made for size in SIZES}
    for round_number in range(repeat + 1):
        for (name, size), times in found.items():
            patcher = made[name](size)
            taken = milliseconds(lambda patcher=patcher: redraw(patcher))
            if round_number:  # the first round loads fonts and coordinate systems
                times.append(taken)
    print(f"| weight preview, ms: median (most of {repeat}) | {' | '.join(f'{size} px' for size in SIZES)} | met |")
    print(f"| --- |{' ---: |' * len(SIZES)} --- |")
    for name in made:
        cells = [f"{median(found[name, size]):.1f} ({max(found[name, size]):.1f})" for size in SIZES]
        met = "yes" if all(median(found[name, size]) < LIMIT_MS for size in SIZES) else "**no**"
        print(f"| {name} | {' | '.join(cells)} | {met} |", flush=True)


def others(repeat: int) -> None:
    """Print tables of the chip grid on the map and of the summary."""
    canvas = QgsMapCanvas()
    canvas.resize(900, 700)
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    canvas.zoomToFullExtent()
    overlay, crs = ChipOverlay(canvas), QgsCoordinateReferenceSystem("EPSG:32633")
    operator = Expression("(b1 - mean(b1)) / std(b1)", 4)

    def outlines(step: int) -> None:
        overlay.setChips(rectangular(256, step, SpatialHann()), TILE, crs)
        canvas.grab()

    calls: dict[str, Callable[[], object]] = {
        "outlines of 4,900 chips, in another CRS": lambda: outlines(155),
        "outlines of 10725 x 10725 chips, simplified": lambda: outlines(1),
        "estimate, stride 128": lambda: estimate(Source, rectangular(256, 128, SpatialHann()), operator),
        "estimate, stride 1": lambda: estimate(Source, rectangular(256, 1, SpatialHann()), operator),
    }
    print("\n| a tile of 10980 x 10980 pixels | ms: median (most) |\n| --- | ---: |")
    for name, call in calls.items():
        times = [milliseconds(call) for _ in range(repeat + 1)][1:]
        print(f"| {name} | {median(times):.1f} ({max(times):.1f}) |", flush=True)
    overlay.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=15)
    repeat = parser.parse_args().repeat
    application = QgsApplication([], True)
    application.initQgis()
    previews(repeat)
    others(repeat)
    application.exitQgis()


if __name__ == "__main__":
    main()
