"""Geometries with a plan that is made quickly, and with chips that are drawn as boxes."""

from __future__ import annotations

from typing import Callable

import numpy as np

from ..axes.sampler import SpatialSampler
from ..axes.window import SpatialWindow
from ..grid.domain import RasterDomain
from .outlined import Boxes, box_footprints
from .plan import Plan


class QuickBoxes:
    """What follows from a plan that is made quickly; a subclass gives :meth:`plan`. See ``geometry.Geometry``."""

    plan_is_quick = True
    several_parts = False

    def plan(
        self,
        sampler: SpatialSampler | None,
        window: SpatialWindow,
        domain: RasterDomain,
        watch: Callable[[float], None] | None = None,
    ) -> Plan:
        """The chips."""
        raise NotImplementedError

    def check(self, window: SpatialWindow, domain: RasterDomain) -> None:
        """Checks nothing: making the plan is as quick, and refuses the same."""

    def boxes(self, sampler: SpatialSampler | None, window: SpatialWindow, domain: RasterDomain) -> Plan:
        """The plan."""
        return self.plan(sampler, window, domain)

    def outlines(self, sampler: SpatialSampler | None, window: SpatialWindow, domain: RasterDomain) -> Boxes:
        """The boxes of the plan's chips."""
        return Boxes(self.plan(sampler, window, domain))

    def footprints(self, plan: Plan, indices: np.ndarray, domain: RasterDomain) -> tuple[list[bytes], np.ndarray]:
        """Polygons of the chips' boxes."""
        return box_footprints(plan.places_of(indices), domain)

    def near(
        self,
        sampler: SpatialSampler | None,
        domain: RasterDomain,
        row: float,
        col: float,
        watch: Callable[[float], None] | None = None,
    ) -> SpatialSampler | None:
        """The sampler itself."""
        return sampler
