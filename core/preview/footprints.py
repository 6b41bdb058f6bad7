"""Outlines of all chips of a patcher as polygons in the raster's CRS, without reading a pixel.

A rectangle is the whole chip: where it reaches over the raster's edge, as under ``pad`` and ``reflect``, so does its
outline. A spherical cap is a circle on the Earth; where a circle cannot be drawn as one ring (about a pole in degrees,
across the date line, at the edge of the world), it is the outline of the chip's pixels.

Polygons are written as WKB: polygons for rectangles, multi-polygons for caps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable, NamedTuple

import numpy as np

from ..base.progress import Watch
from ..grid.domain import PixelWindow, RasterDomain
from ..loop.patcher import SpatialPatcher
from ..plan.check import check_plan, no_chip

_BATCH, _CAPS = 1000, 50  # chips at a time
_FINDING = 0.7  # of the work with caps, the share that it takes to find them


class Footprints(NamedTuple):
    """Some of the chips, in the order of ``(row, col)``.

    ``numbers`` ``(n,)`` count all chips of the raster from 1; ``anchors`` ``(n, 2)`` are the upper-left pixels of
    rectangles and the centres of caps, ``sizes`` ``(n, 2)`` height and width in pixels, of caps those of the smallest
    window that holds their pixels. ``inside`` ``(n,)`` is the share of the chip that lies on the raster, NaN where it
    is not known; ``outlines`` are n polygons as WKB.
    """

    numbers: np.ndarray
    anchors: np.ndarray
    sizes: np.ndarray
    inside: np.ndarray
    outlines: list[bytes]


def check_footprints(patcher: SpatialPatcher, domain: RasterDomain, window: PixelWindow) -> None:
    """Refuse now what :func:`footprints` would; only whether a cap touches the window is found out later."""
    check_plan(patcher, domain, window)


def footprints(
    patcher: SpatialPatcher,
    domain: RasterDomain,
    window: PixelWindow | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Footprints]:
    """The chips that touch ``window`` (default: the whole raster), some at a time.

    ``progress`` gets the share done, 0 to 1; ``cancelled`` ends the work with :class:`Cancelled`. Law: the chips of a
    window are among those of the raster, with the same numbers.
    """
    window, watch = domain.window if window is None else window, Watch(progress, cancelled)
    geometry = patcher.layout
    start, batch = (0.0, _BATCH) if geometry.plan_is_quick else (_FINDING, _CAPS)
    plan = patcher.plan(domain, watch.part(0, start))
    count = plan.count(window)
    if not count:
        raise no_chip(window)
    numbers = plan.numbers(window)
    for first in range(0, count, batch):
        watch(start + (1 - start) * first / count)
        chosen = numbers(first, min(first + batch, count))
        places = plan.places_of(chosen)
        outlines, inside = geometry.footprints(plan, chosen, domain)
        yield Footprints(chosen + 1, plan.anchors_of(chosen), places[:, 2:], inside, outlines)
    watch(1.0)
