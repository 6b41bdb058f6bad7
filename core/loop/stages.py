"""The stages of a patching pipeline as operators, for ``Sequential([GridSampler, ApplyToChips, Stitch])``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..base.configurable import part
from ..base.errors import OperatorError, ParameterError, PatchwiseError
from ..grid.domain import Gridded, RasterDomain
from ..grid.geotensor import GeoTensor
from ..grid.raster_field import RasterField
from ..operators.base import Identity, Lambda, Operator, Sequential, as_operator, operator_name
from ..plan.patch import Patch
from ..rasters.memory import ArraySink
from ..stitch.aggregation import Merged, SpatialAggregation
from ..stitch.merging import grid_of
from .patcher import SpatialPatcher
from .stream import stream


class GridSampler(Operator):
    """Field to chips, one by one as they are asked for."""

    name = "GridSampler"

    def __init__(self, patcher: SpatialPatcher) -> None:
        self.patcher = patcher

    def __call__(self, raster: RasterField) -> Iterator[Patch]:
        """The patcher's split of ``raster``."""
        return self.patcher.split(raster)

    def get_config(self) -> dict[str, Any]:
        """The patcher's configuration."""
        return {"patcher": part(self.patcher)}

    def stream_stages(self, given: Any, stages: Sequence[Operator]) -> tuple[Any, Sequence[Operator]]:
        """Run the stages up to the first :class:`Stitch` as one stream, where they allow it.

        Returns what came out of them, and the stages that are left. Stages do not allow it where the field is not a
        raster, where something other than :class:`ApplyToChips` stands between, or where the chips are stitched on
        another grid than the field's.
        """
        end = next((k for k, stage in enumerate(stages) if isinstance(stage, Stitch)), 0)
        stitch, between = stages[end], [stage for stage in stages[1:end] if isinstance(stage, ApplyToChips)]
        if not isinstance(stitch, Stitch) or not isinstance(given, RasterField) or len(between) < end - 1:
            return given, stages
        operator = _Chain([stage.operator for stage in between])
        grid = given.domain.refined(operator.scale)
        if stitch.domain is None:
            stitch = Stitch(stitch.aggregation, grid)
        if not stitch.fits(grid) or not stitch.aggregation.in_memory:
            return given, [*stages[:end], stitch, *stages[end + 1 :]]
        patcher = replace(self.patcher, aggregation=stitch.aggregation)
        sink = ArraySink(grid.shape)
        with given:
            report = stream(given.source, patcher, operator, sink)
        merged: Any = sink.array
        flat = report.flat and merged.shape[0] == 1
        return GeoTensor.on(grid, merged[0] if flat else merged), stages[end + 1 :]


class ApplyToChips(Operator):
    """An operator over chips: a list gives a list, an iterator gives an iterator."""

    def __init__(self, operator: Callable[[Any], Any]) -> None:
        self.operator = as_operator(operator)
        self.name = f"ApplyToChips({operator_name(self.operator)})"

    def __call__(self, patches: Iterable[Patch]) -> list[Patch] | Iterator[Patch]:
        """Patches with the operator's results; an exception names the chip's anchor."""
        results = (patch.refined(self.operator.scale).with_data(self._run(patch)) for patch in patches)
        return list(results) if isinstance(patches, (list, tuple)) else results

    def load(self) -> ApplyToChips:
        """Load the operator."""
        self.operator.load()
        return self

    def get_config(self) -> dict[str, Any]:
        """The operator's configuration."""
        return {"operator": part(self.operator)}

    def _run(self, patch: Patch) -> Any:
        try:
            with np.errstate(all="ignore"):
                return self.operator(patch.data)
        except PatchwiseError:
            raise
        except Exception as error:  # whatever a user's operator raises
            reason = f"{type(error).__name__}: {error}"
            raise OperatorError(operator_name(self.operator), patch.anchor, reason) from error


class Stitch(Operator):
    """Chips to an array on the grid of ``domain`` (default, within a Sequential: the grid of the field)."""

    name = "Stitch"

    def __init__(self, aggregation: SpatialAggregation, domain: RasterDomain | Gridded | None = None) -> None:
        self.aggregation, self.domain = aggregation, domain

    def __call__(self, patches: Iterable[Patch]) -> Merged:
        """The aggregation's merge."""
        if self.domain is None:
            raise ParameterError("domain", None, "must be the grid to stitch on, such as field.reader")
        return self.aggregation.merge(patches, self.domain)

    def fits(self, grid: RasterDomain) -> bool:
        """Whether the chips are stitched on ``grid``, on which they lie."""
        return self.domain is not None and grid_of(self.domain) == grid

    def get_config(self) -> dict[str, Any]:
        """The aggregation's configuration; the grid comes from the field when the pipeline is run."""
        return {"aggregation": part(self.aggregation)}


class _Chain(Sequential):
    """The operators of several ApplyToChips, one after the other; chips have their transform, as from ``split``."""

    def __init__(self, operators: Sequence[Operator]) -> None:
        super().__init__(operators or [Identity()])
        self.georeferenced = True
        if any(isinstance(operator, Lambda) for operator in operators):  # which may look at a chip's place
            self.batch_size = None
