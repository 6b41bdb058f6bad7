"""What a geometry is to the rest: it says which chips there are on a raster."""

from __future__ import annotations

from typing import Any, Callable, Protocol, runtime_checkable

from ..axes.window import SpatialWindow
from ..grid.domain import RasterDomain
from .plan import Plan


@runtime_checkable
class Geometry(Protocol):
    """A geometry that has chips on a raster; one without them, such as a graph, is none."""

    @property
    def size(self) -> tuple[int, int] | None:
        """``(height, width)`` of all chips in pixels, None where they have no one size."""

    @property
    def plan_is_quick(self) -> bool:
        """Whether the main thread may make the plan; else :meth:`check` is what can be said at once."""

    @property
    def whole(self) -> bool:
        """Whether all of each chip is pixels of the raster, mirrored ones among them."""

    def room(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns, from 0, in which the anchor of a chip may lie on a raster of ``shape``."""

    def check(self, window: SpatialWindow, domain: RasterDomain) -> None:
        """Refuse what can be seen without making the plan."""

    def plan(
        self, sampler: Any, window: SpatialWindow, domain: RasterDomain, watch: Callable[[float], None] | None = None
    ) -> Plan:
        """The chips; ``watch`` is told the share that is done, and what it raises ends the work."""
