"""Outlines of all chips of a patcher as polygons in the raster's CRS, without reading a pixel.

A rectangle is the whole chip: where it reaches over the raster's edge, as under ``pad`` and ``reflect``, so does its
outline. A spherical cap is a circle on the Earth; where a circle cannot be drawn as one ring (about a pole in degrees,
across the date line, at the edge of the world), it is the outline of the chip's pixels.

Polygons are written as WKB: polygons for rectangles, multi-polygons for caps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable, NamedTuple

import numpy as np

from ..base.errors import PlanError
from ..base.progress import Watch
from ..gdal.masks import pixel_polygons
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.wkb import multi_polygon, polygon
from ..plan.check import check_plan, no_chip
from ..plan.lists import ListPlan
from .outlines import circles

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


def check_footprints(patcher: Any, domain: RasterDomain, window: PixelWindow) -> None:
    """Refuse now what :func:`footprints` would; only whether a cap touches the window is found out later."""
    check_plan(patcher, domain, window)


def footprints(
    patcher: Any,
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
    cap = not patcher.layout.plan_is_quick
    start = _FINDING if cap else 0.0
    plan = patcher.plan(domain, watch.part(0, start))
    count, batch = plan.count(window), _CAPS if cap else _BATCH
    if not count:
        raise no_chip(window)
    numbers = plan.numbers(window)
    for first in range(0, count, batch):
        watch(start + (1 - start) * first / count)
        chosen = numbers(first, min(first + batch, count))
        places = plan.places_of(chosen)
        if cap:
            outlines, inside = _circular(plan, chosen, patcher.geometry.radius_km, domain)
        else:
            outlines, inside = _rectangles(places, domain), _share_inside(places, domain)
        yield Footprints(chosen + 1, plan.anchors_of(chosen), places[:, 2:], inside, outlines)
    watch(1.0)


def _share_inside(places: np.ndarray, domain: RasterDomain) -> np.ndarray:
    inside = np.minimum(places[:, :2] + places[:, 2:], np.array(domain.shape)) - places[:, :2]
    share: np.ndarray = inside.prod(axis=1) / places[:, 2:].prod(axis=1)
    return share


def _rectangles(places: np.ndarray, domain: RasterDomain) -> list[bytes]:
    row, col, height, width = places.T[..., None]
    right, down = np.array([0, 1, 1, 0, 0]), np.array([0, 0, 1, 1, 0])
    rings = np.stack(domain.to_world(col + right * width, row + down * height), axis=-1)
    return [polygon([ring]) for ring in rings]


def _circular(
    plan: ListPlan, chosen: np.ndarray, radius_km: float, domain: RasterDomain
) -> tuple[list[bytes], np.ndarray]:
    """Outlines of caps, and the shares of them that lie on the raster."""
    outlines, inside = [], np.full(len(chosen), np.nan)
    if plan.anchors is None or plan.weights_at is None:
        raise PlanError("geometry", "SpatialSphericalCap", "must have anchors and weights")
    for k, (index, ring) in enumerate(zip(chosen.tolist(), circles(plan.anchors[chosen], radius_km, domain))):
        place = PixelWindow(*plan.places[index].tolist())
        col, row = domain.to_pixels(ring[:, 0], ring[:, 1])
        if _is_around(place, row, col, domain):
            ring[-1] = ring[0]  # to the last digit
            polygons, inside[k] = [[ring]], 1.0
            if min(row.min(), col.min()) < 0 or row.max() > domain.shape[0] or col.max() > domain.shape[1]:
                pixels = np.count_nonzero(plan.weights_at(int(plan.order[index])))
                inside[k] = min(pixels / _area(row, col), 1)
        else:
            mask = plan.weights_at(int(plan.order[index])) > 0
            polygons = pixel_polygons(mask, domain.crop(place))
        outlines.append(multi_polygon(polygons))
    return outlines, inside


def _is_around(place: PixelWindow, row: np.ndarray, col: np.ndarray, domain: RasterDomain) -> bool:
    """Whether a circle, in pixels, lies around the window of a cap's pixels, as far as it lies on the raster."""
    if not (np.isfinite(row).all() and np.isfinite(col).all()):
        return False
    for at, start, size, length in zip((row, col), place[:2], place[2:], domain.shape):
        slack = 1.5 + 0.01 * size  # whose centres are in; a circle is drawn with corners
        lo, hi = np.clip([at.min(), at.max()], 0, length)
        closed = abs(at[0] - at[-1]) <= slack
        if not closed or abs(lo - start) > slack or abs(hi - start - size) > slack:
            return False
    return True


def _area(row: np.ndarray, col: np.ndarray) -> float:
    return max(abs(float(np.sum(col[:-1] * row[1:] - col[1:] * row[:-1]))) / 2, 1.0)
