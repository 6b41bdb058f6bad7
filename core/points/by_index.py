"""Merging patches of points and features by their index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base.errors import ParameterError, PlanError
from ..stitch.aggregation import SpatialAggregation
from .fields import PointDomain
from .patches import AnyField, PointPatch

_HOW = ("mean", "sum", "first")


@dataclass(frozen=True)
class SpatialByIndex(SpatialAggregation):
    """Patches of a PointField or VectorField back to one value, or row of values, per point.

    ``how``: ``mean``, weighted by the window; ``sum``, not weighted; ``first``, the value of the lowest anchor's
    patch. NaN in a patch, and weight 0, count as not there. The memory is 3 to 4 numbers per member of each patch.
    """

    how: str = "mean"

    def __post_init__(self) -> None:
        """Refuse any other value."""
        if self.how not in _HOW:
            raise ParameterError("how", self.how, f"must be one of {', '.join(_HOW)}")

    # Other aggregations merge to a grid; this one to points, as a plain array.
    def merge(  # type: ignore[override]
        self, patches: Iterable[PointPatch], domain: AnyField | PointDomain | int
    ) -> np.ndarray:
        """``(n,)`` or ``(n, attributes)`` float64 array, NaN where no known value is.

        ``domain``: the field, its domain, or n. Laws: the order of the patches does not matter; what comes out of
        ``split`` is merged to the field's values on every point that a patch holds.
        """
        count = _count_of(domain)
        indices, anchors, weights, data = _flat(patches, count)
        # Sums are made in one order for any order of the patches: by point, then by anchor.
        order = np.lexsort((anchors, indices))
        indices, weights, data = indices[order], weights[order], data[order]
        flat = data if data.ndim == 2 else data[:, None]
        merged = np.full((count, flat.shape[1]), np.nan)
        for attribute in range(flat.shape[1]):
            known = ~np.isnan(flat[:, attribute]) & (weights > 0)
            column = (indices[known], weights[known], flat[known, attribute])
            if known.any():
                self._merge_column(*column, merged[:, attribute])
        return merged.reshape((count, *data.shape[1:]))

    def _merge_column(self, indices: np.ndarray, weights: np.ndarray, values: np.ndarray, out: np.ndarray) -> None:
        starts = np.flatnonzero(np.diff(indices, prepend=-1))
        places = indices[starts]
        if self.how == "sum":
            out[places] = np.add.reduceat(values, starts)
            return
        first = values[starts]
        out[places] = first
        if self.how == "mean":
            # About the first value, so that the mean of equal values is that value to the last bit.
            lengths = np.diff(np.append(starts, len(indices)))
            reference = np.repeat(first, lengths)
            with np.errstate(invalid="ignore"):  # infinities of both signs
                off = np.where(values == reference, 0, values - reference)
                out[places] += np.add.reduceat(weights * off, starts) / np.add.reduceat(weights, starts)

    def get_config(self) -> dict[str, Any]:
        """``{"how": ...}``."""
        return {"how": self.how}


def _flat(patches: Iterable[PointPatch], count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Indices, anchors, weights ``(N,)`` and data ``(N,)`` or ``(N, attributes)`` of all patches."""
    kept, data = [], []
    for patch in patches:
        data.append(_data(patch, count))
        kept.append((patch.indices, patch.weights, patch.anchor))
    if not kept:
        raise PlanError("patches", 0, "there must be at least one to merge")
    shapes = {one.shape[1:] for one in data}
    if len(shapes) > 1:
        raise ParameterError("patches", sorted(shapes), "must all have the same number of attributes")
    indices, weights, anchors = zip(*kept)
    repeated = np.repeat(np.array(anchors), [len(one) for one in indices])
    return np.concatenate(indices), repeated, np.concatenate(weights), np.concatenate(data)


def _data(patch: object, count: int) -> np.ndarray:
    if not isinstance(patch, PointPatch):
        raise ParameterError("patches", type(patch).__name__, "must be those of a PointField or VectorField")
    where, members = f"patch at point {patch.anchor}", len(patch.indices)
    data = np.ma.filled(np.ma.asarray(patch.data, np.float64), np.nan) if _is_numeric(patch.data) else None
    if data is None:
        raise ParameterError(where, type(patch.data).__name__, "must have values that are real numbers")
    if data.ndim not in (1, 2) or len(data) != members:
        allowed = f"must have one value, or row of values, for each of its {members} points"
        raise ParameterError(where, data.shape, allowed)
    if members and (patch.indices.min() < 0 or patch.indices.max() >= count):
        raise ParameterError(where, patch.indices.tolist(), f"its indices must lie from 0 to {count - 1}")
    return data


def _is_numeric(data: Any) -> bool:
    return np.asanyarray(data).dtype.kind in "biuf"


def _count_of(domain: object) -> int:
    points = getattr(domain, "domain", domain)
    count = getattr(points, "count", points)
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        allowed = "must be the field, its domain, or the number of points"
        raise ParameterError("domain", type(domain).__name__, allowed)
    return int(count)
