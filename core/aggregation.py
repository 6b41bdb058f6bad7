"""Aggregations: how the chips that overlap on a pixel become one value.

An aggregation gives an accumulator, which the one loop of ``stream.py`` feeds chip by chip in ``(row, col)`` order;
:meth:`SpatialOverlapAdd.merge` feeds the same accumulator with patches that are in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .accumulate import RunningMean, result_dtype
from .chips import as_values
from .domains import PixelWindow, RasterDomain
from .errors import ParameterError, PlanError
from .geotensor import GeoTensor
from .patch import Patch


@dataclass(frozen=True)
class SpatialOverlapAdd:
    """The mean weighted by the window: ``sum(w x) / sum(w)`` over the chips whose value is valid there.

    ``streaming``, ``target_path``, ``chunks`` and ``normalize_by_window`` are the fields of the configuration; only
    their defaults are accepted so far.
    """

    streaming: bool = False
    target_path: str | None = None
    chunks: tuple[int, int] | None = None
    normalize_by_window: bool = True
    #: Equal contributions to a pixel give that value.
    idempotent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse what is not there rather than ignore it."""
        for name, default in _DEFAULTS.items():
            value = getattr(self, name)
            if value != default:
                allowed = f"only {default!r} is available; to stream to a file, use stream() with a GeoTiffSink"
                raise ParameterError(name, value, allowed)

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> RunningMean:
        """What adds up chips over ``window``; ``covers``: every pixel lies in a chip with weight above 0."""
        return RunningMean(bands, window, dtype, capacity, covers)

    def merge(self, patches: Iterable[Patch], domain: Any) -> GeoTensor:
        """Stitch patches in memory to an array on the grid of ``domain`` (a GeoTensor, a field's reader, a domain).

        The result has the patches' number of axes, and NaN where no valid value is. The order of the patches does not
        matter: they are added in the order of their anchors.
        """
        ordered = sorted(patches, key=lambda patch: patch.anchor)
        if not ordered:
            raise PlanError("patches", 0, "there must be at least one to merge")
        grid: RasterDomain = getattr(domain, "domain", domain)
        first = as_values(ordered[0].data)
        values = [_checked(patch, len(first)) for patch in ordered]
        dtype = result_dtype(np.result_type(*{data.dtype for data in values}))
        total = self.accumulator(len(first), grid.window, dtype, grid.shape[0], covers=False)
        for patch, data in zip(ordered, values):
            total.add(patch.window, data, patch.weights)
        merged = total.finish(grid.shape[0])
        return GeoTensor(merged[0] if np.ndim(ordered[0].data) == 2 else merged, grid.transform, grid.crs)

    def get_config(self) -> dict[str, Any]:
        """The four fields."""
        return {name: getattr(self, name) for name in _DEFAULTS}


_DEFAULTS = {"streaming": False, "target_path": None, "chunks": None, "normalize_by_window": True}


def _checked(patch: Patch, bands: int) -> np.ndarray:
    data = as_values(patch.data)
    expected = (bands, patch.window.height, patch.window.width)
    if data.shape != expected:
        raise ParameterError(f"patch at {patch.anchor}", data.shape, f"must have the shape {expected}")
    if data.dtype.kind not in "biuf":
        raise ParameterError(f"patch at {patch.anchor}", data.dtype.name, "must have values that are real numbers")
    return data
