"""Whether there are chips, and not too many, said before a run and at little cost whatever the raster claims.

What would take long is left to the run, which refuses it in the same words.
"""

from __future__ import annotations

from typing import Any

from ..axes.sampler import SpatialExplicit, SpatialPoissonDisk, SpatialRegularStride, SpatialSampler
from ..base.errors import PlanError
from ..grid.domain import PixelWindow, RasterDomain
from .plan import Plan

# Chips that are listed to be looked at while somebody waits: finding anchors for Poisson disks takes longest.
_FEW, _FEW_DISKS, _FEW_GIVEN = 20_000, 400, 200_000


def check_plan(patcher: Any, domain: RasterDomain, window: PixelWindow) -> Plan | None:
    """Refuse a patcher that has no chip in the window, or more than can be listed, or none with a weight above 0.

    Returns the plan that was made for it, None where making one would take long.
    """
    geometry, sampler = patcher.layout, patcher.sampler
    geometry.check(patcher.window, domain)
    if not geometry.plan_is_quick:
        if isinstance(sampler, SpatialSampler) and _few(sampler, geometry.room(domain.shape)):
            sampler.anchors(domain.shape, domain)
        return None
    if not _soon(sampler, geometry.room(domain.shape)):
        return None
    plan: Plan = patcher.plan(domain)
    if not plan.count(window):
        raise no_chip(window)
    for size in plan.sizes:
        patcher.window.check(size)
    return plan


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
