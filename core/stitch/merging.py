"""Stitching of patches in memory, by the accumulators that ``stream()`` uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ..base.errors import ParameterError, PlanError
from ..grid.domain import Gridded, PixelWindow, RasterDomain
from ..plan.cutting import as_values, result_dtype
from ..plan.patch import Patch
from ..rasters.sink import RasterSink
from .contract import Aggregation, Contribution


class Finished(NamedTuple):
    """Rows that no later patch touches: ``values`` ``(bands, rows, width)`` from ``row`` on."""

    row: int
    values: np.ndarray


def grid_of(domain: RasterDomain | Gridded) -> RasterDomain:
    """The grid of a GeoTensor or of a field's reader; a domain is one itself."""
    return domain if isinstance(domain, RasterDomain) else domain.domain


def in_order(patches: Iterable[Patch]) -> list[Patch]:
    """All patches sorted by ``(row, col)``; :class:`PlanError` where there are none."""
    ordered = sorted(patches, key=lambda patch: (patch.window.row, patch.window.col))
    if not ordered:
        raise PlanError("patches", 0, "there must be at least one to merge")
    return ordered


def common_dtype(patches: Iterable[Patch]) -> np.dtype:
    """The dtype of the result for patches of these dtypes: float32, or float64 where one needs it."""
    return result_dtype(np.result_type(*{np.asarray(patch.data).dtype for patch in patches}))


def finished_rows(
    aggregation: Aggregation, patches: Iterable[Patch], grid: RasterDomain, bands: int, dtype: np.dtype, capacity: int
) -> Iterator[Finished]:
    """Add patches, which must come sorted by ``(row, col)``, and yield rows as soon as the next patch lies below them.

    Law: the pieces together have the bits of a single piece at the end.
    """
    height, finished, last = grid.shape[0], 0, None
    accumulator = aggregation.accumulator(bands, grid.window, dtype, min(capacity, height), covers=False)
    for patch in patches:
        place = (patch.window.row, patch.window.col)
        if last is not None and place < last:
            order = "rows are written as soon as they are final, so patches must come sorted by (row, col)"
            allowed = f"must not come after the patch at {last}: {order}, as split() gives them"
            raise ParameterError(f"patch at {patch.anchor}", place, allowed)
        last = place
        stop = min(max(patch.window.row, finished), height)
        if stop > finished:
            yield Finished(finished, accumulator.finish(stop))
            finished = stop
        accumulator.add(Contribution(patch.window, _checked(patch, bands, dtype), patch.weights))
    if finished < height:
        yield Finished(finished, accumulator.finish(height))


def merged_array(aggregation: Aggregation, patches: Iterable[Patch], grid: RasterDomain) -> np.ndarray:
    """``(bands, height, width)``, or ``(height, width)`` where the patches and the result have one band."""
    ordered = in_order(patches)
    first = as_values(ordered[0].data)
    dtype, bands = common_dtype(ordered), first.shape[0]
    bands_out, dtype_out = aggregation.output(bands, dtype)
    result = np.empty((bands_out, *grid.shape), dtype_out)
    for row, values in finished_rows(aggregation, ordered, grid, bands, dtype, _capacity(ordered)):
        result[:, row : row + values.shape[1]] = values
    return result[0] if np.ndim(ordered[0].data) == 2 and bands_out == 1 else result


def _capacity(patches: Iterable[Patch]) -> int:
    most = max(patch.window.height for patch in patches)
    return most + max(32, most // 2)  # as in stream(): rows are not moved at every step


def stitch_to(sink: RasterSink, aggregation: Aggregation, patches: Iterable[Patch], grid: RasterDomain) -> bool:
    """Write rows to ``sink`` as they become final; returns whether the first patch was ``(h, w)``.

    ``patches`` are taken one by one and not kept; the first defines the number of bands and their dtype.
    """
    waiting = iter(patches)
    first = next(waiting, None)
    if first is None:
        raise PlanError("patches", 0, "there must be at least one to merge")
    dtype, bands, flat = common_dtype([first]), as_values(first.data).shape[0], np.ndim(first.data) == 2
    sink.start(*aggregation.output(bands, dtype))

    def again() -> Iterator[Patch]:
        yield first
        yield from waiting

    for row, values in finished_rows(aggregation, again(), grid, bands, dtype, _capacity([first])):
        sink.write(row, 0, values)
    return flat


def _checked(patch: Patch, bands: int, dtype: np.dtype) -> np.ndarray:
    data = as_values(patch.data)
    window: PixelWindow = patch.window
    expected = (bands, window.height, window.width)
    if data.shape != expected:
        raise ParameterError(f"patch at {patch.anchor}", data.shape, f"must have the shape {expected}")
    if data.dtype.kind not in "biuf":
        raise ParameterError(f"patch at {patch.anchor}", data.dtype.name, "must have values that are real numbers")
    if not np.can_cast(result_dtype(data.dtype), dtype, "safe"):
        allowed = f"must be no wider than the first patch's, which makes a result of type {dtype}"
        raise ParameterError(f"patch at {patch.anchor}", data.dtype.name, allowed)
    return data
