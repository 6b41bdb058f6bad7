"""The protocol of geometries, which say which chips there are on a raster."""

from __future__ import annotations

from typing import Callable, Protocol, runtime_checkable

import numpy as np

from ..axes.sampler import SpatialSampler
from ..axes.window import SpatialWindow
from ..grid.domain import RasterDomain
from .outlined import Outlined
from .plan import Plan


@runtime_checkable
class Geometry(Protocol):
    """A geometry that has chips on a raster, which a graph has not."""

    @property
    def size(self) -> tuple[int, int] | None:
        """``(height, width)`` of all chips in pixels, None where they have no one size."""

    @property
    def plan_is_quick(self) -> bool:
        """Whether :meth:`plan` is quick enough for the main thread; else only :meth:`check` is."""

    @property
    def whole(self) -> bool:
        """Whether all of each chip is pixels of the raster, mirrored ones among them."""

    @property
    def several_parts(self) -> bool:
        """Whether the footprint of a chip may have several parts: then all are multi-polygons, else polygons."""

    def cap_km(self) -> float | None:
        """The radius in km where chips are circles on the Earth."""

    def room(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns, from 0, in which the anchor of a chip may lie on a raster of ``shape``."""

    def check(self, window: SpatialWindow, domain: RasterDomain) -> None:
        """Refuse what can be seen without making the plan."""

    def plan(
        self,
        sampler: SpatialSampler | None,
        window: SpatialWindow,
        domain: RasterDomain,
        watch: Callable[[float], None] | None = None,
    ) -> Plan:
        """The chips; ``watch`` is called with the share that is done, and may raise to end the work."""

    def boxes(self, sampler: SpatialSampler | None, window: SpatialWindow, domain: RasterDomain) -> Plan:
        """The boxes around the chips, cut to the raster, found quickly: the plan itself where that is quick."""

    def outlines(self, sampler: SpatialSampler | None, window: SpatialWindow, domain: RasterDomain) -> Outlined:
        """The chips as lines to be drawn, found quickly."""

    def footprints(self, plan: Plan, indices: np.ndarray, domain: RasterDomain) -> tuple[list[bytes], np.ndarray]:
        """Footprints of chips of its plan as WKB, and ``(n,)`` their shares on the raster, NaN where not known."""

    def near(
        self,
        sampler: SpatialSampler | None,
        domain: RasterDomain,
        row: float,
        col: float,
        watch: Callable[[float], None] | None = None,
    ) -> SpatialSampler | None:
        """A sampler whose plan is quick and has the chip nearest to a place: the sampler itself, or one anchor."""
