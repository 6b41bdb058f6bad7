"""Writing finished rows to a Zarr v3 store, chunk by chunk; the store's format is in ``zarr_store.py``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..base.checks import is_whole
from ..base.errors import ParameterError, RasterWriteError
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.ground_control import WARP
from . import zarr_store
from .commit import Output, recover
from .targets import check_on_disk
from .values import ValueType

CHUNK = 512


@dataclass(frozen=True)
class ZarrResult:
    """A raster in a Zarr store at ``path``; nothing is read until asked: by ``np.asarray``, or a window by ``read``.

    ``shape`` is ``(bands, height, width)``, or ``(height, width)`` where the patches had no band axis and the result
    has one band. In the store the array has a band axis either way.
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype
    domain: RasterDomain

    def read(self, window: PixelWindow) -> np.ndarray:
        """The window's values, with as many axes as ``shape``."""
        rows, cols = slice(window.row, window.row_stop), slice(window.col, window.col_stop)
        values = zarr_store.read_array(Path(self.path, zarr_store.VARIABLE), rows, cols)
        return values if len(self.shape) == 3 else values[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The whole array, read into memory."""
        if copy is False:
            raise ValueError("an array in a Zarr store cannot be had without a copy")
        values = self.read(self.domain.window)
        return values if dtype is None else values.astype(dtype, copy=False)


class ZarrSink:
    """Writes finished rows to a Zarr store on ``domain``; use as a context manager.

    The raster is the array ``data`` ``(band, y, x)`` in chunks of one band and ``chunks`` ``(rows, cols)`` pixels, as
    floats with NaN where unknown, or as ``value_type`` says. Memory: one row of chunks. The store is written beside
    ``path`` and takes its name when complete; on any error or cancelling it is removed, and whatever was at ``path``
    stays. Raises :class:`RasterWriteError`.
    """

    def __init__(
        self,
        path: str,
        domain: RasterDomain,
        *,
        chunks: Sequence[int] | None = None,
        value_type: ValueType | None = None,
        names: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        parameter: str = "output",
    ) -> None:
        self.path, self.domain, self.value_type = os.path.abspath(str(path)), domain, value_type
        self.chunks = checked_chunks(chunks) or (CHUNK, CHUNK)
        self.block_width = self.chunks[1]
        self._names, self._tags, self._parameter = tuple(names), dict(tags or {}), parameter
        check_store(self.path, parameter)
        if domain.transform is None and domain.control is not None:
            allowed = f"has no place for ground control points and RPCs, which alone place this raster: {WARP}"
            raise ParameterError(parameter, self.path, allowed)
        self._partial = Output(Path(self.path), parameter)
        self._array: Path | None = None
        self._buffer: np.ndarray | None = None
        self._fill = float("nan") if value_type is None else value_type.nodata
        self._bands, self._dtype = 0, np.dtype(np.float32)
        self._written = 0

    def start(self, bands: int, dtype: np.dtype) -> None:
        """Create the store beside the target, with all metadata."""
        self._bands, self._dtype = bands, np.dtype(dtype) if self.value_type is None else self.value_type.dtype
        height, width = self.domain.shape
        try:
            store = zarr_store.StoreWriter(Path(self._partial.create()))
            attributes = zarr_store.write_grid(store, self.domain, bands)
            attributes["_FillValue"] = zarr_store.cf_fill_value(self._fill, self._dtype)
            if len(self._names) == bands:
                attributes["long_name"] = list(self._names)
            about = zarr_store.array_json((bands, height, width), self._dtype, (1, *self.chunks), self._fill,
                                          ("band", "y", "x"), attributes)  # fmt: skip
            self._array = store.array(zarr_store.VARIABLE, about)
            store.group(self._tags)
        except OSError as error:
            raise self._failed(error) from error

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        """Take ``(bands, rows, cols)`` floats; whole rows of chunks are written, each chunk once."""
        if self._array is None:
            raise RuntimeError("start() comes before write()")
        done, (bands, count, width) = 0, values.shape
        while done < count:
            at = (row + done) % self.chunks[0]
            take = min(self.chunks[0] - at, count - done)
            if self._buffer is None or self._buffer.shape != (bands, self.chunks[0], width):
                self._buffer = np.empty((bands, self.chunks[0], width), self._dtype)
            self._convert(values[:, done : done + take], self._buffer[:, at : at + take])
            done += take
            if at + take == self.chunks[0] or row + done == self.domain.shape[0]:
                try:
                    self._write_chunks((row + done - 1) // self.chunks[0], col, self._buffer[:, : at + take])
                except OSError as error:
                    raise self._failed(error) from error
        self._written += count * width

    def _convert(self, values: np.ndarray, out: np.ndarray) -> None:
        if self.value_type is None:
            out[...] = values
        else:
            self.value_type.convert(values, out)

    def _write_chunks(self, chunk_row: int, col: int, rows: np.ndarray) -> None:
        """One row of chunks; those at the edges are filled up, and those without a known value left out."""
        for band, values in enumerate(rows):
            for left in range(0, rows.shape[2], self.chunks[1]):
                part = values[:, left : left + self.chunks[1]]
                known = part == part if np.isnan(self._fill) else part != self._fill
                if not known.any():
                    continue
                if part.shape != self.chunks:
                    whole = np.full(self.chunks, self._fill, self._dtype)
                    whole[: part.shape[0], : part.shape[1]] = part
                    part = whole
                index = (band, chunk_row, (col + left) // self.chunks[1])
                zarr_store.write_chunk(self._array, index, part)  # type: ignore[arg-type]

    def result(self, flat: bool = False) -> ZarrResult:
        """What was written; ``flat``: without a band axis if there is one band."""
        shape = self.domain.shape if flat and self._bands == 1 else (self._bands, *self.domain.shape)
        return ZarrResult(self.path, shape, self._dtype, self.domain)

    def __enter__(self) -> ZarrSink:
        return self

    def __exit__(self, error_type: type | None, *error: object) -> None:
        try:
            if error_type is None and self._array is not None:
                missing = self.domain.window.pixels - self._written
                if missing:
                    raise self._failed(f"{missing} of its pixels were not written")
                self._partial.commit()
        finally:
            self._array = None
            self._partial.abandon()

    def _failed(self, reason: object) -> RasterWriteError:
        return RasterWriteError(f"{self._parameter} {self.path}: cannot be written: {reason}")


def checked_chunks(chunks: Sequence[int] | None, parameter: str = "chunks") -> tuple[int, int] | None:
    """``(rows, cols)`` of a chunk, or None for the default."""
    if chunks is None:
        return None
    pair = tuple(chunks) if isinstance(chunks, (tuple, list)) else ()
    if len(pair) != 2 or not all(is_whole(n) and n >= 1 for n in pair):
        raise ParameterError(parameter, chunks, "must be two whole numbers of at least 1: (rows, cols) of a chunk")
    return int(pair[0]), int(pair[1])


def check_store(path: str, parameter: str = "output") -> None:
    """Refuse a target that is not named ``.zarr``, cannot be written, or is something else than a Zarr store."""
    check_on_disk(path, parameter)
    target = Path(os.path.abspath(str(path)))
    if target.suffix.lower() != ".zarr":
        raise ParameterError(parameter, str(path), "must end in .zarr: the output is a Zarr store")
    if not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
        raise ParameterError(parameter, str(path), "must be in a folder that exists and can be written to")
    recover(target)
    marks = ("zarr.json", ".zgroup", ".zarray")
    if target.is_symlink() or (target.exists() and not any((target / mark).is_file() for mark in marks)):
        raise ParameterError(parameter, str(path), "is there and is no Zarr store: it will not be replaced")
