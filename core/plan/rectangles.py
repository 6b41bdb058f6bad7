"""Rectangles of one size as a geometry: the chips of :class:`Rectangle` with their plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ..axes.geometry import Rectangle
from ..axes.sampler import SpatialSampler
from ..axes.window import SpatialWindow
from ..grid.domain import RasterDomain
from .boxes import QuickBoxes
from .lists import rectangles
from .plan import Plan


@dataclass(frozen=True)
class SpatialRectangular(QuickBoxes, Rectangle):
    """Chips of ``size = (height, width)`` pixels; ``boundary`` as in the list of ``axes/geometry.py``."""

    @property
    def whole(self) -> bool:
        """Whether all of each chip is pixels of the raster, mirrored ones among them."""
        return self.boundary != "pad"

    def plan(
        self,
        sampler: SpatialSampler | None,
        window: SpatialWindow,
        domain: RasterDomain,
        watch: Callable[[float], None] | None = None,
    ) -> Plan:
        """A chip at each anchor of the sampler, treated by the boundary at the edge; see :func:`rectangles`."""
        return rectangles(self, sampler, domain, watch)
