"""Statistics of results by polygon, put together from pieces of the polygons.

Only known values count: a pixel that is NaN in a band adds nothing to that band's statistics.

``count``   pixels in the polygon whose value is known
``sum``, ``mean``, ``min``, ``max``
``std``     their standard deviation, divided by the count (as ``numpy.nanstd``)
``median``
``majority`` the value that most pixels have, of several the lowest
``valid_share`` count by the number of pixels in the polygon, 0 to 1
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..base.errors import ParameterError

STATISTICS = ("count", "sum", "mean", "std", "min", "max", "median", "majority", "valid_share")
#: Those that need all values of a polygon at once.
NEED_VALUES = ("median", "majority")


class _Moments(NamedTuple):
    """The moments of one piece, float64 ``(bands,)`` each; ``m2`` is the sum of squares about the mean."""

    inside: int
    known: np.ndarray
    total: np.ndarray
    mean: np.ndarray
    m2: np.ndarray
    low: np.ndarray
    high: np.ndarray
    values: tuple[np.ndarray, ...]  # known ones by band; none where no statistic needs them


class PolygonStatistics:
    """Takes pieces in any order, and counts each once; the statistics of a polygon are computed with its last piece.

    ``owners`` ``(pieces,)``: the polygon of each piece; ``polygons``: their number; ``names`` of :data:`STATISTICS`.
    Law: the result depends neither on the order of the pieces nor, but for rounding, on how polygons are cut.
    """

    def __init__(self, owners: np.ndarray, polygons: int, names: Sequence[str]) -> None:
        for name in names:
            if name not in STATISTICS:
                raise ParameterError("statistics", name, f"must be among {', '.join(STATISTICS)}")
        self._owners, self._polygons, self._names = owners, polygons, tuple(names)
        self._missing = np.bincount(owners, minlength=polygons)
        self._taken = np.zeros(len(owners), bool)
        self._open: dict[int, dict[int, _Moments]] = {}
        self._done: dict[int, np.ndarray] = {}

    def add(self, piece: int, values: np.ndarray, weights: np.ndarray) -> None:
        """``values`` ``(bands, h, w)`` with NaN where unknown; ``weights`` ``(h, w)`` above 0 in the polygon."""
        if self._taken[piece]:
            return
        self._taken[piece] = True
        owner = int(self._owners[piece])
        pieces = self._open.setdefault(owner, {})
        with np.errstate(all="ignore"):  # infinities are values
            pieces[piece] = _moments(values[:, weights > 0], any(name in NEED_VALUES for name in self._names))
            if len(pieces) == self._missing[owner]:
                self._done[owner] = self._finished([pieces[k] for k in sorted(pieces)])
                del self._open[owner]

    def results(self) -> np.ndarray:
        """``(polygons, bands, statistics)`` float64; NaN where there is no value, and for polygons without pixels."""
        bands = next((len(one) for one in self._done.values()), 0)
        results = np.full((self._polygons, bands, len(self._names)), np.nan)
        for owner, one in self._done.items():
            results[owner] = one
        return results

    def _finished(self, pieces: Sequence[_Moments]) -> np.ndarray:
        """``(bands, statistics)`` of the pieces of one polygon."""
        count, total = (np.sum([getattr(p, name) for p in pieces], axis=0) for name in ("known", "total"))
        low = np.min([p.low for p in pieces], axis=0)
        high = np.max([p.high for p in pieces], axis=0)
        mean = np.clip(total / count, low, high)  # exact where all values are equal
        result = {
            "count": count,
            "sum": total,
            "mean": mean,
            "std": np.sqrt(np.sum([_about(p, mean) for p in pieces], axis=0) / count),
            "min": low,
            "max": high,
            "valid_share": count / sum(p.inside for p in pieces),
        }
        if pieces[0].values:
            values = [np.concatenate(parts) for parts in zip(*(p.values for p in pieces))]
            result["median"] = np.array([np.median(v.astype(np.float64)) if v.size else np.nan for v in values])
            result["majority"] = np.array([_majority(v) for v in values])
        known = np.array([name in ("count", "valid_share") for name in self._names])
        table = np.stack([result[name] for name in self._names], axis=1)
        return np.where((count > 0)[:, None] | known, table, np.nan)


def _moments(values: np.ndarray, keep: bool) -> _Moments:
    """The moments of ``values`` ``(bands, n)``, NaN where unknown; with ``keep`` the known values themselves, too."""
    x = values.astype(np.float64)
    unknown = np.isnan(x)
    count = np.count_nonzero(~unknown, axis=1)
    total = np.where(unknown, 0.0, x).sum(axis=1)
    low, high = np.fmin.reduce(x, axis=1, initial=np.inf), np.fmax.reduce(x, axis=1, initial=-np.inf)
    mean = np.clip(total / count, low, high)
    m2 = np.where(unknown, 0.0, (x - mean[:, None]) ** 2).sum(axis=1)
    kept = tuple(band[~band_unknown] for band, band_unknown in zip(values, unknown)) if keep else ()
    return _Moments(x.shape[1], count, total, mean, m2, low, high, kept)


def _about(piece: _Moments, mean: np.ndarray) -> np.ndarray:
    """A piece's sum of squares about the mean of all (T. F. Chan, G. H. Golub, R. J. LeVeque, 1979); 0 for none."""
    moved = piece.m2 + piece.known * (piece.mean - mean) ** 2
    return np.where(piece.known > 0, moved, 0.0)


def _majority(values: np.ndarray) -> float:
    if not values.size:
        return float("nan")
    found, counts = np.unique(values, return_counts=True)
    return float(found[np.argmax(counts)])
