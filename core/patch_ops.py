"""The stages of a patching pipeline as operators, for ``Sequential([GridSampler, ApplyToChips, Stitch])``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Callable

from .aggregation import SpatialOverlapAdd
from .chips import operator_name
from .errors import OperatorError
from .fields import RasterField
from .geotensor import GeoTensor
from .operators.base import Operator
from .patch import Patch
from .patcher import SpatialPatcher


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
        return {"patcher": self.patcher.get_config()}


class ApplyToChips(Operator):
    """An operator over chips: a list gives a list, an iterator gives an iterator."""

    def __init__(self, operator: Callable[[Any], Any]) -> None:
        self.operator = operator
        self.name = f"ApplyToChips({operator_name(operator)})"

    def __call__(self, patches: Iterable[Patch]) -> list[Patch] | Iterator[Patch]:
        """Patches with the operator's results; an exception names the chip's anchor."""
        results = (patch.with_data(self._run(patch)) for patch in patches)
        return list(results) if isinstance(patches, (list, tuple)) else results

    def _run(self, patch: Patch) -> Any:
        try:
            return self.operator(patch.data)
        except Exception as error:  # whatever a user's operator raises
            reason = f"{type(error).__name__}: {error}"
            raise OperatorError(operator_name(self.operator), patch.anchor, reason) from error


class Stitch(Operator):
    """Chips to an array on the grid of ``domain``."""

    name = "Stitch"

    def __init__(self, aggregation: SpatialOverlapAdd, domain: Any) -> None:
        self.aggregation, self.domain = aggregation, domain

    def __call__(self, patches: Iterable[Patch]) -> GeoTensor:
        """The aggregation's merge."""
        return self.aggregation.merge(patches, self.domain)
