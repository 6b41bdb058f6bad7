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
from .configurable import Configurable
from .domains import PixelWindow, RasterDomain
from .errors import ParameterError, PlanError
from .geotensor import GeoTensor
from .patch import Patch


class SpatialAggregation(Configurable):
    """Base of the aggregations; a subclass gives :meth:`accumulator` and says what comes out of it."""

    #: Equal contributions to a pixel give that value, however many and whatever their weights.
    idempotent: ClassVar[bool] = False
    #: The accumulator takes the factors of ``accumulate.RatioCache``.
    uses_ratios: ClassVar[bool] = False

    def output(self, bands: int, dtype: np.dtype) -> tuple[int, np.dtype]:
        """Number and type of the bands of the result, for an operator that gives ``bands`` of ``dtype``."""
        return bands, dtype

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> Any:
        """What takes chips over ``window`` in ``(row, col)`` order (``add``), and gives final rows (``finish``).

        ``capacity``: rows to make room for; ``covers``: every pixel lies in a chip with weight above 0.
        """
        raise TypeError(f"{type(self).__name__} has no accumulator")

    def merge(self, patches: Iterable[Patch], domain: Any) -> GeoTensor:
        """Stitch patches in memory to an array on the grid of ``domain`` (a GeoTensor, a field's reader, a domain).

        The result has the patches' number of axes, and NaN where no valid value is. The order of the patches does not
        matter: they are added in the order of their places.
        """
        ordered = sorted(patches, key=lambda patch: (patch.window.row, patch.window.col))
        if not ordered:
            raise PlanError("patches", 0, "there must be at least one to merge")
        grid: RasterDomain = getattr(domain, "domain", domain)
        first = np.asarray(ordered[0].data)
        bands = 1 if first.ndim == 2 else first.shape[0]
        dtype = result_dtype(np.result_type(*{np.asarray(patch.data).dtype for patch in ordered}))
        total = self.accumulator(bands, grid.window, dtype, grid.shape[0], covers=False)
        for patch in ordered:
            total.add(patch.window, _checked(patch, bands), patch.weights)
        merged = total.finish(grid.shape[0])
        return GeoTensor(merged[0] if first.ndim == 2 else merged, grid.transform, grid.crs)

    def get_config(self) -> dict[str, Any]:
        """The aggregation's parameters, JSON-serialisable."""
        return {}


@dataclass(frozen=True)
class SpatialOverlapAdd(SpatialAggregation):
    """The mean weighted by the window: ``sum(w x) / sum(w)`` over the chips whose value is valid there.

    ``streaming``, ``target_path``, ``chunks`` and ``normalize_by_window`` are the fields of the configuration; only
    their defaults are accepted so far.
    """

    streaming: bool = False
    target_path: str | None = None
    chunks: tuple[int, int] | None = None
    normalize_by_window: bool = True
    idempotent: ClassVar[bool] = True
    uses_ratios: ClassVar[bool] = True

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
