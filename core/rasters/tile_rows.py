"""Finished rows on their way into tiles: whole rows of tiles are passed on, each once."""

from __future__ import annotations

from typing import Callable

import numpy as np


class TileRows:
    """Gathers rows of up to ``tile`` rows, which start at multiples of ``tile``, for a raster of ``height`` rows.

    ``convert(values, out)`` writes floats as values of ``dtype``; ``emit(row, col, values)`` takes ``(bands, rows,
    cols)`` of a whole row of tiles, or of the last one as far as it goes. The array is used again. Memory: one row of
    tiles of the width that comes. Law: the rows of a column block come from top to bottom, one block after the other.
    """

    def __init__(
        self,
        tile: int,
        height: int,
        dtype: np.dtype,
        convert: Callable[[np.ndarray, np.ndarray], None],
        emit: Callable[[int, int, np.ndarray], None],
    ) -> None:
        self._tile, self._height, self._dtype = tile, height, dtype
        self._convert, self._emit = convert, emit
        self._buffer: np.ndarray | None = None

    def add(self, row: int, col: int, values: np.ndarray) -> None:
        """Take ``(bands, rows, cols)`` floats, NaN where unknown."""
        done, (bands, count, width) = 0, values.shape
        while done < count:
            at = (row + done) % self._tile
            take = min(self._tile - at, count - done)
            if self._buffer is None or self._buffer.shape != (bands, self._tile, width):
                self._buffer = np.empty((bands, self._tile, width), self._dtype)
            self._convert(values[:, done : done + take], self._buffer[:, at : at + take])
            done += take
            if at + take == self._tile or row + done == self._height:
                self._emit(row + done - at - take, col, self._buffer[:, : at + take])
