"""The patcher: four axes (geometry, sampler, window, aggregation) and what they do together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Callable, overload

import numpy as np

from ..axes.geometry import Rectangle, SpatialGeometry
from ..axes.sampler import SpatialSampler
from ..axes.window import SpatialBoxcar, SpatialWindow
from ..base.configurable import Configurable
from ..base.errors import PlanError
from ..grid.domain import Gridded, PixelWindow, RasterDomain
from ..grid.geotensor import GeoTensor
from ..grid.raster_field import RasterField
from ..plan.cutting import anchor_of, cut_chip, masked
from ..plan.geometry import Geometry
from ..plan.patch import Patch
from ..plan.plan import Plan
from ..points.patches import AnyField, PointPatch, split_field
from ..stitch.aggregation import Merged, SpatialAggregation, SpatialOverlapAdd


@dataclass(frozen=True)
class SpatialPatcher(Configurable):
    """Splits a field into chips, and stitches chips to a field.

    ``sampler`` is None where the geometry itself says where its chips lie, as polygons do.
    Law: ``patcher.merge(patcher.split(field), field.reader)`` gives the field on every covered pixel.
    """

    geometry: Geometry | SpatialGeometry
    sampler: SpatialSampler | None = None  # what splits points takes an array of their indices, too
    window: SpatialWindow = field(default_factory=SpatialBoxcar)
    aggregation: SpatialAggregation = field(default_factory=SpatialOverlapAdd)
    _weights: dict[tuple[int, int], np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)

    def plan(self, domain: RasterDomain | tuple[int, int], watch: Callable[[float], None] | None = None) -> Plan:
        """The chips on a raster, given by its domain or ``(height, width)``; refused where there is none.

        ``watch`` is called with the share that is done where planning takes long, as with caps; it may raise to end it.
        """
        if not isinstance(domain, RasterDomain):
            domain = RasterDomain(domain)
        return self.layout.plan(self.sampler, self.window, domain, watch)

    @property
    def layout(self) -> Geometry:
        """The geometry, as what lays out chips on a raster; refused where it does not, as a graph."""
        if not isinstance(self.geometry, Geometry):
            raise PlanError("geometry", type(self.geometry).__name__, "has no chips on a raster")
        return self.geometry

    def weights_of(self, height: int, width: int) -> np.ndarray:
        """``(height, width)`` float64 weights of a chip of that size, made once and read-only."""
        size = (height, width)
        if size not in self._weights:
            self._weights[size] = self.window.weights(Rectangle(size))
        return self._weights[size]

    @overload
    def split(self, raster: RasterField) -> Iterator[Patch]: ...

    @overload
    def split(self, raster: AnyField) -> Iterator[PointPatch]: ...

    def split(self, raster: RasterField | AnyField) -> Iterator[Patch] | Iterator[PointPatch]:
        """The field's chips in ``(row, col)`` order, one by one; ``data`` is a GeoTensor.

        Chips of one row of chips share their memory where they overlap. A field that is not a raster gives the patches
        of ``points.patches.split_field``.
        """
        if not isinstance(raster, RasterField):
            yield from split_field(raster, self.geometry, self.sampler, self.window)
            return
        with raster:
            yield from self._cut(raster)

    def _cut(self, raster: RasterField) -> Iterator[Patch]:
        """The chips of a raster, group by group."""
        domain, source = raster.domain, raster.source
        plan = self.plan(domain)
        for group in plan.groups(domain.window):
            lo, hi = plan.read_cols(domain.window)
            origin = PixelWindow(group.read_lo, lo, group.read_hi - group.read_lo, hi - lo)
            block = raster.read(origin)
            for chip in group.chips:
                data = masked(cut_chip(block, origin, chip.window, plan.shape, plan.mirrored), chip.weights)
                weights = chip.weights
                if weights is None:
                    weights = self.weights_of(chip.window.height, chip.window.width)
                place = domain.crop(chip.window)
                tensor = GeoTensor.on(place, data[0] if source.flat else data, anchor_of(chip))
                yield Patch(tensor, chip.window, weights, chip.anchor)

    def merge(self, patches: Iterable[Patch], domain: RasterDomain | Gridded) -> Merged:
        """Stitch patches on the grid of ``domain``."""
        return self.aggregation.merge(patches, domain)

    def get_config(self) -> dict[str, Any]:
        """The configuration of the four axes, JSON-serialisable."""
        axes = ("geometry", "sampler", "window", "aggregation")
        parts = {name: getattr(self, name) for name in axes}
        return {
            name: {"class": type(part).__name__, "config": part.get_config()}
            for name, part in parts.items()
            if part is not None
        }
