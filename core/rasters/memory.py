"""A sink that keeps finished rows in memory."""

from __future__ import annotations

import numpy as np


class ArraySink:
    """Collects the rows of an output window of ``(height, width)`` in ``array`` ``(bands, height, width)``."""

    block_width = 1

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self.array: np.ndarray | None = None

    def start(self, bands: int, dtype: np.dtype) -> None:
        """Make the array, NaN everywhere."""
        self.array = np.full((bands, *self._shape), np.nan, dtype)

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        """Copy the rows to their place."""
        if self.array is None:
            raise RuntimeError("start() comes before write()")
        self.array[:, row : row + values.shape[1], col : col + values.shape[2]] = values
