"""The stages of a patching pipeline as operators, for ``Sequential([GridSampler, ApplyToChips, Stitch])``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .aggregation import SpatialAggregation
from .chips import operator_name
from .configurable import part
from .errors import OperatorError, ParameterError, PatchwiseError
from .fields import RasterField
from .geotensor import GeoTensor
from .operators.base import Operator, load_all
from .patch import Patch
from .patcher import SpatialPatcher
from .sinks import ArraySink
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

    def stream_stages(self, raster: Any, stages: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        """Run the stages up to the first :class:`Stitch` as one stream, where they allow it.

        Returns what came out of them, and the stages that are left. Stages do not allow it where the field is not a
        raster, where something other than :class:`ApplyToChips` stands between, or where the chips are stitched on
        another grid than the field's.
        """
        end = next((k for k, stage in enumerate(stages) if isinstance(stage, Stitch)), 0)
        between = stages[1:end]
        if not end or not isinstance(raster, RasterField) or not all(isinstance(s, ApplyToChips) for s in between):
            return raster, stages
        stitch: Stitch = stages[end]
        if stitch.domain is None:
            stitch = Stitch(stitch.aggregation, raster.reader)
        if not stitch.fits(raster) or getattr(stitch.aggregation, "streaming", False):
            return raster, [*stages[:end], stitch, *stages[end + 1 :]]
        patcher = replace(self.patcher, aggregation=stitch.aggregation)
        sink = ArraySink(raster.domain.shape)
        stream(raster.source, patcher, _Chain(between), sink)
        merged: Any = sink.array
        flat = raster.source.flat and merged.shape[0] == 1
        return GeoTensor.on(raster.domain, merged[0] if flat else merged), stages[end + 1 :]


class ApplyToChips(Operator):
    """An operator over chips: a list gives a list, an iterator gives an iterator."""

    def __init__(self, operator: Callable[[Any], Any]) -> None:
        self.operator = operator
        self.name = f"ApplyToChips({operator_name(operator)})"

    def __call__(self, patches: Iterable[Patch]) -> list[Patch] | Iterator[Patch]:
        """Patches with the operator's results; an exception names the chip's anchor."""
        results = (patch.with_data(self._run(patch)) for patch in patches)
        return list(results) if isinstance(patches, (list, tuple)) else results

    def load(self) -> ApplyToChips:
        """Load the operator."""
        load_all([self.operator])
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

    def __init__(self, aggregation: SpatialAggregation, domain: Any = None) -> None:
        self.aggregation, self.domain = aggregation, domain

    def __call__(self, patches: Iterable[Patch]) -> Any:
        """The aggregation's merge."""
        if self.domain is None:
            raise ParameterError("domain", None, "must be the grid to stitch on, such as field.reader")
        return self.aggregation.merge(patches, self.domain)

    def fits(self, raster: RasterField) -> bool:
        """Whether the chips of ``raster`` are stitched on its own grid."""
        grid = getattr(self.domain, "domain", self.domain)
        return bool(grid == raster.domain)

    def get_config(self) -> dict[str, Any]:
        """The aggregation's configuration; the grid comes from the field when the pipeline is run."""
        return {"aggregation": part(self.aggregation)}


class _Chain(Operator):
    """The operators of several ApplyToChips, one after the other; chips have their transform, as from ``split``."""

    georeferenced = True

    def __init__(self, stages: Sequence[ApplyToChips]) -> None:
        self._operators = [stage.operator for stage in stages]
        self.pointwise = all(getattr(operator, "pointwise", False) for operator in self._operators)
        self.name = " | ".join(operator_name(operator) for operator in self._operators) or "identity"

    def load(self) -> _Chain:
        load_all(self._operators)
        return self

    def __call__(self, chip: Any) -> Any:
        for operator in self._operators:
            chip = operator(chip)
        return chip
