"""Poisson-disk sampling on whole pixels.

R. Bridson, "Fast Poisson disk sampling in arbitrary dimensions", SIGGRAPH sketches (2007), with two changes. The
candidates of all active anchors are drawn at once, so that numpy does the work; and candidates are whole pixels, so
that nothing is rounded afterwards and the minimum distance holds for every pair. Only integers are computed, and random
numbers come from ``numpy.random.RandomState``, whose stream is frozen: a seed gives the same anchors everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from ..base.errors import ParameterError

_AT_ONCE = 1 << 12  # pixels between two calls of ``watch``
_MOST_CELLS = 1 << 26  # 256 MB of background grid


def poisson_disk(
    extent: tuple[int, int], min_distance: float, seed: int, tries: int, watch: Callable[[float], None] | None = None
) -> np.ndarray:
    """``(n, 2)`` int64 pixels ``(row, col)`` within ``extent``, in the order in which they were found.

    ``watch`` is called with 0 at intervals; an exception that it raises ends the search.

    Law: two of them are at least ``min_distance`` pixels apart (Euclidean, between the pixels).
    """
    # d >= min_distance for whole squares d^2: compared with the next whole number, which is exact.
    asked = watch or _nobody
    disk = _Disk(extent, math.ceil(Fraction(min_distance) ** 2))
    rng = np.random.RandomState(seed)
    first = np.array([[rng.randint(0, n, dtype=np.int64) for n in extent]])
    disk.add(first)
    active = first
    while len(active):
        asked(0.0)
        parents, candidates = _throw(rng, active, disk.least, tries)
        inside = ((candidates >= 0) & (candidates < np.array(extent))).all(axis=1)
        parents, candidates = parents[inside], candidates[inside]
        free = disk.free(candidates, asked)
        parents, candidates = parents[free], candidates[free]
        # One child per parent and round; a parent without a free candidate is done.
        fertile, chosen = np.unique(parents, return_index=True)
        children = disk.add_those_that_fit(candidates[chosen], asked)
        active = np.concatenate([active[fertile], children])
    return disk.points


def _nobody(share: float) -> None:
    """Do nothing: the caller follows no progress."""


def _throw(rng: np.random.RandomState, active: np.ndarray, least: int, tries: int) -> tuple[np.ndarray, np.ndarray]:
    """``tries`` candidates around each active pixel, even over the whole pixels of the ring from r to 2r."""
    reach, wanted = math.isqrt(4 * least), len(active) * tries
    found: list[np.ndarray] = []
    missing = wanted
    while missing > 0:
        offsets = rng.randint(-reach, reach + 1, (missing * 2, 2), dtype=np.int64)
        square = (offsets**2).sum(axis=1)
        found.append(offsets[(square >= least) & (square <= 4 * least)])
        missing -= len(found[-1])
    parents = np.repeat(np.arange(len(active)), tries)
    return parents, active[parents] + np.concatenate(found)[:wanted]


class _Disk:
    """The pixels chosen so far, and a background grid whose cells hold one of them at most."""

    def __init__(self, extent: tuple[int, int], least: int) -> None:
        self.least = least  # square of the distance that two pixels must have
        # Opposite corners of a cell are closer than that.
        self.cell = math.isqrt((least - 1) // 2) + 1
        self.reach = -(-math.isqrt(least - 1) // self.cell)
        rows, cols = (-(-n // self.cell) + 2 * self.reach for n in extent)
        if rows * cols > _MOST_CELLS:
            allowed = f"is so small that a raster of {extent[0]} x {extent[1]} pixels would have too many anchors"
            raise ParameterError("min_distance", math.sqrt(least), allowed)
        self.width = cols
        self.grid = np.full(rows * cols, -1, np.int32)
        self._points = np.empty((1024, 2), np.int64)
        self._count = 0
        around = np.arange(-self.reach, self.reach + 1)
        steps = np.add.outer(around * cols, around).ravel()
        # The cell itself first: it is the one that is most often taken.
        self.steps = steps[np.argsort(np.abs(steps), kind="stable")].tolist()

    @property
    def points(self) -> np.ndarray:
        return self._points[: self._count].copy()

    def cells(self, pixels: np.ndarray) -> np.ndarray:
        at = pixels // self.cell + self.reach
        return at[:, 0] * self.width + at[:, 1]

    def free(self, candidates: np.ndarray, asked: Callable[[float], None]) -> np.ndarray:
        """Positions of the candidates that are far enough from all pixels chosen so far."""
        left, cells = np.arange(len(candidates)), self.cells(candidates)
        for step in self.steps:
            asked(0.0)
            neighbour = self.grid[cells[left] + step]
            taken = np.flatnonzero(neighbour >= 0)
            offsets = self._points[neighbour[taken]] - candidates[left[taken]]
            close = taken[(offsets * offsets).sum(axis=1) < self.least]
            left = np.delete(left, close)
        return left

    def add(self, pixels: np.ndarray) -> None:
        while self._count + len(pixels) > len(self._points):
            self._points = np.concatenate([self._points, np.empty_like(self._points)])
        self.grid[self.cells(pixels)] = np.arange(self._count, self._count + len(pixels))
        self._points[self._count : self._count + len(pixels)] = pixels
        self._count += len(pixels)

    def add_those_that_fit(self, pixels: np.ndarray, asked: Callable[[float], None]) -> np.ndarray:
        """Add pixels that are free, each unless an earlier one of them is too close; those that were added."""
        added = np.zeros(len(pixels), bool)
        for i, cell in enumerate(self.cells(pixels).tolist()):
            if i % _AT_ONCE == 0:
                asked(0.0)
            row, col = pixels[i].tolist()
            for step in self.steps:
                index = self.grid.item(cell + step)
                if index >= 0:
                    other = self._points[index]
                    if (other.item(0) - row) ** 2 + (other.item(1) - col) ** 2 < self.least:
                        break
            else:
                self.add(pixels[i : i + 1])
                added[i] = True
        return pixels[added]
