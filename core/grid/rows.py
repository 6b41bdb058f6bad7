"""Consecutive rows of a raster in memory, appended below and released above."""

from __future__ import annotations

import numpy as np


class RowBuffer:
    """Rows ``[first, stop)`` of a ``(bands, rows, width)`` array.

    Rows are appended below and released above. The memory is somewhat larger than the rows held, so that the rows are
    moved to its front only now and then: each row is copied about once, for any step.
    """

    def __init__(self, bands: int, width: int, dtype: np.dtype, first: int, capacity: int) -> None:
        self._data = np.empty((bands, max(1, capacity), width), dtype)
        self._origin = first  # raster row of the first row in memory
        self.first = first
        self.stop = first

    @property
    def nbytes(self) -> int:
        """Size of the memory."""
        return self._data.nbytes

    def rows(self, start: int, stop: int) -> np.ndarray:
        """A view of raster rows ``[start, stop)``, which must be held."""
        if not self.first <= start <= stop <= self.stop:
            raise IndexError(f"rows {start}..{stop} are not within the rows held, {self.first}..{self.stop}")
        return self._data[:, start - self._origin : stop - self._origin]

    def release(self, row: int) -> None:
        """Let go of the rows above ``row``."""
        self.first = min(max(self.first, row), self.stop)

    def extend(self, stop: int) -> np.ndarray:
        """Hold rows up to ``stop`` too; returns a view of the new ones, whose values are undefined."""
        old = self.stop
        if stop - self._origin > self._data.shape[1]:
            self._make_room(stop)
        self.stop = max(old, stop)
        return self.rows(old, self.stop)

    def _make_room(self, stop: int) -> None:
        start, held, needed = self.first - self._origin, self.stop - self.first, stop - self.first
        old = self._data
        if needed > old.shape[1]:
            self._data = np.empty((old.shape[0], needed, old.shape[2]), old.dtype)
        for band in range(old.shape[0]):
            # In steps that do not overlap: numpy would make a temporary copy of all rows otherwise.
            step = start if self._data is old else held
            for row in range(0, held, max(step, 1)):
                end = min(row + step, held)
                self._data[band, row:end] = old[band, start + row : start + end]
        self._origin = self.first
