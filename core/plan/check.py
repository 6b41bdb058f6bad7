"""Whether there are chips, and not too many, said before a run and at little cost whatever the raster claims.

What would take long is left to the run, which refuses it in the same words.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..axes.geometry import SpatialRectangular
from ..axes.sampler import SpatialExplicit, SpatialPoissonDisk, SpatialRegularStride, SpatialSampler
from ..base.errors import PlanError
from ..grid.domain import PixelWindow, RasterDomain
from .caps import EarthGrid, SpatialSphericalCap
from .plan import Plan

# Chips that are listed to be looked at while somebody waits: finding anchors for Poisson disks takes longest.
_FEW, _FEW_DISKS, _FEW_GIVEN = 20_000, 400, 200_000
_MOST_BLOCKS = 1 << 22  # of 64 x 64 pixels, for each of which caps keep where on Earth it lies


def check_plan(patcher: Any, domain: RasterDomain, window: PixelWindow) -> Plan | None:
    """Refuse a patcher that has no chip in the window, or more than can be listed, or none with a weight above 0.

    Returns the plan that was made for it, None where making one would take long.
    """
    geometry, sampler = patcher.geometry, patcher.sampler
    if isinstance(geometry, SpatialSphericalCap):
        check_caps(patcher, domain)
        return None
    if isinstance(geometry, SpatialRectangular) and not _soon(sampler, geometry.room(domain.shape)):
        return None
    plan: Plan = patcher.plan(domain)
    if not plan.count(window):
        raise no_chip(window)
    for size in plan.sizes:
        patcher.window.check(size)
    return plan


def check_caps(patcher: Any, domain: RasterDomain) -> None:
    """Refuse what can be seen of spherical caps without finding their pixels."""
    blocks = -(-domain.shape[0] // 64) * -(-domain.shape[1] // 64)
    if blocks > _MOST_BLOCKS:
        raise PlanError("raster", domain.shape, "is too large for spherical caps: cut out the part that is needed")
    EarthGrid(domain)
    patcher.window.radial(np.zeros(1))
    if isinstance(patcher.sampler, SpatialSampler) and _few(patcher.sampler, domain.shape):
        patcher.sampler.anchors(domain.shape, domain)


def no_chip(window: PixelWindow) -> PlanError:
    """What is said where no chip touches the window."""
    return PlanError("extent", tuple(window), "no chip touches it with this geometry, sampler and boundary")


def _soon(sampler: Any, extent: tuple[int, int]) -> bool:
    """Whether the plan of rectangles is made soon: regular ones are known by formula."""
    if isinstance(sampler, SpatialRegularStride) or not isinstance(sampler, SpatialSampler):
        return True
    return _few(sampler, extent)


def _few(sampler: SpatialSampler, extent: tuple[int, int]) -> bool:
    """Whether the anchors are listed soon; refuses more than can be listed."""
    sampler.check(extent)
    few = {SpatialPoissonDisk: _FEW_DISKS, SpatialExplicit: _FEW_GIVEN}.get(type(sampler), _FEW)
    return sampler.most(extent) <= few
