"""Aggregations: how the chips that overlap on a pixel become one value.

An aggregation makes an accumulator, to which ``stream()`` adds chips in ``(row, col)`` order;
:meth:`SpatialAggregation.merge` adds patches that are in memory to the same accumulator.

A value counts where it is not NaN and the window's weight of its chip is above 0 there; a pixel that no value reaches
is NaN. "In float64" means that sums are rounded to the type of the result once, at the end. Votes are in
``votes.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Callable, Union

import numpy as np

from ..base.checks import is_whole
from ..base.configurable import Configurable
from ..base.errors import ParameterError
from ..grid.domain import Gridded, PixelWindow, RasterDomain
from ..grid.geotensor import GeoTensor
from ..plan.patch import Patch
from ..rasters.zarr import ZarrResult, ZarrSink, check_store, checked_chunks
from .accumulators import EqualMean, Extremes, InverseVariances, Sums, Variances
from .contract import Accumulator
from .contributions import Contributions, learned, median
from .merging import grid_of, merged_array, stitch_to
from .running_mean import RunningMean

#: What patches in memory are merged to: on a grid, in a store, or an array of one value for each point.
Merged = Union[GeoTensor, ZarrResult, np.ndarray]


class SpatialAggregation(Configurable):
    """Base of the aggregations; a subclass defines :meth:`accumulator` and :meth:`output`."""

    #: Equal contributions to a pixel give that value, for any number and any weights of them.
    idempotent: bool = False
    #: A pixel may get a value that no chip gives it: labels do not bear that.
    blends: bool = True
    #: Whether :meth:`merge` gives an array in memory.
    in_memory: bool = True
    #: The accumulator takes the factors of ``running_mean.RatioCache``.
    uses_ratios: bool = False
    #: Contributions are weighted by the window; else they count equally, where its weight is above 0.
    by_weight: bool = True

    def output(self, bands: int, dtype: np.dtype) -> tuple[int, np.dtype]:
        """Number of bands and dtype of the result, for an operator that gives ``bands`` bands of ``dtype``."""
        return bands, dtype

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> Accumulator:
        """As :meth:`Aggregation.accumulator`."""
        raise TypeError(f"{type(self).__name__} has no accumulator")

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """The most bytes that the accumulator holds for each pixel of its rows, where ``overlaps`` chips meet."""
        return bands * (dtype.itemsize + 8)

    def memory(self, bands: int, dtype: np.dtype, overlaps: int, rows: int, width: int) -> int:
        """The most bytes that the accumulator holds for ``rows`` rows of ``width`` pixels."""
        return rows * width * self.bytes_per_pixel(bands, np.dtype(dtype), overlaps)

    def merge(self, patches: Iterable[Patch], domain: RasterDomain | Gridded) -> Merged:
        """Stitch patches in memory to a GeoTensor on the grid of ``domain`` (a GeoTensor, a field's reader, a domain).

        The result has the patches' number of axes, and NaN where no valid value is. The order of the patches does not
        matter: they are added in the order of their places.
        """
        grid = grid_of(domain)
        return GeoTensor.on(grid, merged_array(self, patches, grid))

    def get_config(self) -> dict[str, Any]:
        """The aggregation's parameters, JSON-serialisable."""
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        values = {name: getattr(self, name) for name in names}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


@dataclass(frozen=True)
class SpatialOverlapAdd(SpatialAggregation):
    """The mean weighted by the window: ``sum(w x) / sum(w)`` over the chips whose value is valid there.

    ``normalize_by_window=False`` leaves out the division: ``sum(w x)``, in float64. With ``streaming``, :meth:`merge`
    writes a Zarr v3 store at ``target_path`` in ``chunks`` of ``(rows, cols)`` pixels, default 512 x 512; ``stream()``
    writes where its sink says.
    """

    streaming: bool = False
    target_path: str | None = None
    chunks: tuple[int, int] | None = None
    normalize_by_window: bool = True

    def __post_init__(self) -> None:
        """Refuse parameters that would be ignored, and a target that cannot be written."""
        if self.streaming:
            if not self.target_path:
                raise ParameterError("target_path", self.target_path, "must be the path of a .zarr store for streaming")
            check_store(self.target_path, "target_path")
        for name in ("target_path", "chunks"):
            if not self.streaming and getattr(self, name) is not None:
                raise ParameterError(name, getattr(self, name), "is only used with streaming=True")
        object.__setattr__(self, "chunks", checked_chunks(self.chunks))

    @property
    def in_memory(self) -> bool:  # type: ignore[override]
        """Whether :meth:`merge` gives an array, rather than a store."""
        return not self.streaming

    @property
    def idempotent(self) -> bool:  # type: ignore[override]
        """The mean of equal values is that value; their sum is not."""
        return self.normalize_by_window

    @property
    def uses_ratios(self) -> bool:  # type: ignore[override]
        """Only the mean has factors."""
        return self.normalize_by_window

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> Accumulator:
        """The running mean, or the weighted sum."""
        if not self.normalize_by_window:
            return Sums(bands, window, dtype, capacity, weighted=True)
        return RunningMean(bands, window, dtype, capacity, covers)

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """Mean and sum of weights; or a sum and a flag."""
        return super().bytes_per_pixel(bands, dtype, overlaps) if self.normalize_by_window else bands * Sums.BYTES

    def merge(self, patches: Iterable[Patch], domain: RasterDomain | Gridded) -> Merged:
        """As :meth:`SpatialAggregation.merge`; with ``streaming``, to the Zarr store, as a ``ZarrResult``.

        Then ``patches`` must come sorted by ``(row, col)``, as ``split()`` gives them: they are taken one by one, and
        rows are written when the next patch lies below them, so that neither all patches nor the whole array are ever
        in memory. On an error nothing is left at the target.
        """
        if not self.streaming:
            return super().merge(patches, domain)
        grid = grid_of(domain)
        with ZarrSink(str(self.target_path), grid, chunks=self.chunks, parameter="target_path") as sink:
            flat = stitch_to(sink, self, patches, grid)
        return sink.result(flat)


@dataclass(frozen=True)
class SpatialSum(SpatialAggregation):
    """``sum(x)`` over the chips, in float64; the window says only where a chip counts."""

    by_weight = False

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> Sums:
        """The sums."""
        return Sums(bands, window, dtype, capacity, self.by_weight)

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """A sum and a flag."""
        return bands * Sums.BYTES


@dataclass(frozen=True)
class SpatialWeightedSum(SpatialSum):
    """``sum(w x)`` over the chips, in float64: ``SpatialOverlapAdd(normalize_by_window=False)``."""

    by_weight = True


@dataclass(frozen=True)
class SpatialMean(SpatialAggregation):
    """``sum(x) / n`` over the chips, as a running mean: equal values give that value to the last bit."""

    idempotent = True
    uses_ratios = True
    by_weight = False

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> EqualMean:
        """The running mean with equal weights."""
        return EqualMean(bands, window, dtype, capacity, covers)


@dataclass(frozen=True)
class SpatialVariance(SpatialAggregation):
    """The variance of the contributions to a pixel: ``sum((x - mean)^2) / (n - ddof)``, in float64.

    ``weighted``: ``sum(w (x - mean)^2) / sum(w)`` about the weighted mean. 0 where one chip lies (``ddof`` 0), NaN
    where ``n - ddof`` is not above 0 or a value is infinite.
    """

    weighted: bool = False
    ddof: int = 0

    def __post_init__(self) -> None:
        """``ddof`` counts contributions, which weights do not."""
        if not is_whole(self.ddof) or self.ddof < 0:
            raise ParameterError("ddof", self.ddof, "must be a whole number, 0 or more")
        if self.weighted and self.ddof:
            raise ParameterError("ddof", self.ddof, "must be 0 where weighted is True")

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> Variances:
        """The running variance."""
        return Variances(bands, window, dtype, capacity, self.weighted, int(self.ddof))

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """Mean, sum of squares, sum of weights."""
        return bands * Variances.BYTES


@dataclass(frozen=True)
class SpatialMin(SpatialAggregation):
    """The least value."""

    idempotent = True
    blends = False

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> Extremes:
        """The least so far."""
        return Extremes(bands, window, dtype, capacity, np.fmin)

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """The value."""
        return bands * dtype.itemsize


@dataclass(frozen=True)
class SpatialMax(SpatialMin):
    """The largest value."""

    def accumulator(self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool) -> Extremes:
        """The largest so far."""
        return Extremes(bands, window, dtype, capacity, np.fmax)


@dataclass(frozen=True)
class SpatialMedian(SpatialAggregation):
    """The median of the contributions to a pixel; of an even number, the mean of the middle two.

    It needs more memory than a mean, because no running formula gives a median: the values of all chips are held until
    their rows are final, which is ``overlaps x rows held x width x bands x itemsize`` bytes, and 4 bytes a pixel for
    counting them. :meth:`memory` works it out. It does not grow with the raster's height.
    """

    idempotent = True

    def accumulator(
        self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool
    ) -> Contributions:
        """The contributions to the rows held."""
        return Contributions(bands, window, dtype, capacity, bands, median)

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """Every contribution, and their number."""
        return overlaps * bands * dtype.itemsize + 4


@dataclass(frozen=True)
class SpatialLearned(SpatialAggregation):
    """A callable makes the value from all contributions: ``fn(stack, weights) -> (bands, rows, width)``.

    ``stack`` ``(n, bands, rows, width)`` is in the type of the result and NaN where a chip is unknown or there are
    fewer than ``n``; ``weights`` ``(n, rows, width)`` are the window's in float64, 0 where there is no chip. The order
    is that of the chips. How rows are grouped is not specified, and ``n`` is the most chips on one of their pixels: for
    the laws to hold, ``fn`` must treat each pixel by itself and ignore layers of NaN. ``bands`` is what it
    returns, by default as many as the operator. Memory: as :class:`SpatialMedian`, and 8 bytes for each weight.
    """

    fn: Callable[[np.ndarray, np.ndarray], Any]
    bands: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be called."""
        if not callable(self.fn):
            raise ParameterError("fn", self.fn, "must be callable with the stacked contributions and their weights")
        if self.bands is not None and (not is_whole(self.bands) or self.bands < 1):
            raise ParameterError("bands", self.bands, "must be a whole number of at least 1, or None")

    def output(self, bands: int, dtype: np.dtype) -> tuple[int, np.dtype]:
        """``bands``, or as many as the operator."""
        return int(self.bands or bands), dtype

    def accumulator(
        self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool
    ) -> Contributions:
        """The contributions to the rows held, and their weights."""
        out = int(self.bands or bands)
        return Contributions(bands, window, dtype, capacity, out, learned(self.fn, out), keep_weights=True)

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """Every contribution with its weight, and their number."""
        return overlaps * (bands * dtype.itemsize + 8) + 4

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SpatialLearned:
        """Refused: a Python callable cannot be written down."""
        raise ParameterError("SpatialLearned.fn", config.get("fn"), "a Python callable cannot be written down")

    def get_config(self) -> dict[str, Any]:
        """Refused: a Python callable cannot be written down."""
        name = getattr(self.fn, "__name__", type(self.fn).__name__)
        raise ParameterError("SpatialLearned.fn", name, "a Python callable cannot be serialised")


@dataclass(frozen=True)
class SpatialInvVarWeightedMean(SpatialAggregation):
    """The mean of K bands weighted by their inverse variances: ``sum(x / v) / sum(1 / v)``, in float64.

    The operator gives 2K bands: K values, then the K variances of these. A contribution counts where both are known,
    and the variance is above 0 and finite. ``variances``: the variances of the result, ``1 / sum(1 / v)``, follow as K
    more bands; they are right where the chips' errors are independent, which those of overlapping chips seldom are.
    """

    variances: bool = False
    by_weight = False

    def output(self, bands: int, dtype: np.dtype) -> tuple[int, np.dtype]:
        """K bands, or 2K with their variances."""
        if bands % 2:
            allowed = "must be even: SpatialInvVarWeightedMean needs K values followed by their K variances"
            raise ParameterError("number of bands of the operator", bands, allowed)
        return bands if self.variances else bands // 2, dtype

    def accumulator(
        self, bands: int, window: PixelWindow, dtype: np.dtype, capacity: int, covers: bool
    ) -> InverseVariances:
        """The two sums."""
        return InverseVariances(bands, window, dtype, capacity, self.variances)

    def bytes_per_pixel(self, bands: int, dtype: np.dtype, overlaps: int) -> int:
        """Two sums for each pair of bands."""
        return -(-bands // 2) * InverseVariances.BYTES
