"""Checks before a run that there are chips, and not too many, at little cost for a raster of any size.

Checks that would take long are left to the run, which refuses in the same words.
"""

from __future__ import annotations

from typing import Protocol

from ..axes.sampler import SpatialSampler, checked_sampler
from ..axes.window import SpatialWindow
from ..base.errors import PlanError
from ..grid.domain import PixelWindow, RasterDomain
from .geometry import Geometry
from .plan import Plan


class Patching(Protocol):
    """The attributes of a patcher that are checked."""

    @property
    def layout(self) -> Geometry:
        """The geometry, which has chips on a raster."""

    @property
    def sampler(self) -> SpatialSampler | None:
        """The sampler; None where the geometry says itself where its chips lie."""

    @property
    def window(self) -> SpatialWindow:
        """The window function."""

    def plan(self, domain: RasterDomain) -> Plan:
        """The chips on a raster."""


def check_plan(patcher: Patching, domain: RasterDomain, window: PixelWindow) -> Plan | None:
    """Refuse a patcher that has no chip in the window, or more than can be listed, or none with a weight above 0.

    Returns the plan that was made for it, None where making one would take long.
    """
    geometry, sampler = patcher.layout, patcher.sampler
    geometry.check(patcher.window, domain)
    if sampler is not None:
        checked_sampler(sampler, "must say where the chips lie, such as SpatialRegularStride(128)")
    if not geometry.plan_is_quick:
        if sampler is not None and _few(sampler, geometry.room(domain.shape)):
            sampler.anchors(domain.shape, domain)
        return None
    if sampler is not None and sampler.lattice is None and not _few(sampler, geometry.room(domain.shape)):
        return None
    plan = patcher.plan(domain)
    if not plan.count(window):
        raise no_chip(window)
    for size in plan.sizes:
        patcher.window.check(size)
    return plan


def no_chip(window: PixelWindow) -> PlanError:
    """The error for a window that no chip touches."""
    return PlanError("extent", tuple(window), "no chip touches it with this geometry, sampler and boundary")


def _few(sampler: SpatialSampler, extent: tuple[int, int]) -> bool:
    """Whether the anchors are few enough to be listed at once; refuses more than can be listed at all."""
    sampler.check(extent)
    return sampler.most(extent) <= sampler.soon
