"""Writing finished rows to a Zarr v3 store, chunk by chunk; the store's format is in ``zarr_store.py``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from .sink import RasterSink
from .source_files import SourceFiles, source_files
from .targets import check_ending, check_on_disk
from .tile_rows import TileRows
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


class ZarrSink(RasterSink):
    """Writes finished rows to a Zarr store on ``domain``; use as a context manager.

    The raster is the array ``data`` ``(band, y, x)`` in chunks of one band and ``chunks`` ``(rows, cols)`` pixels, as
    floats with NaN where unknown, or as ``value_type`` says. What is known of it (:class:`OutputSpec`) stands in
    attributes: ``tags`` in those of the group; names, scales, categories (as CF's flags) and ``meta`` in those of the
    array. Memory: one row of chunks. For ``sources`` and ``group`` see :class:`RasterSink`. Raises
    :class:`RasterWriteError`.
    """

    ENDINGS = (".zarr",)

    def __init__(
        self,
        path: str,
        domain: RasterDomain,
        value_type: ValueType | None = None,
        *,
        chunks: Sequence[int] | None = None,
        **more: Any,
    ) -> None:
        self.value_type = value_type
        self.chunks = checked_chunks(chunks) or (CHUNK, CHUNK)
        self.block_width = self.chunks[1]
        super().__init__(path, domain, value_type, **more)
        if domain.transform is None and domain.control is not None:
            allowed = f"has no place for ground control points and RPCs, which alone place this raster: {WARP}"
            raise ParameterError(self._parameter, self.path, allowed)
        self._array: Path | None = None
        self._rows: TileRows | None = None
        self._fill = float("nan") if value_type is None else value_type.nodata
        self._bands, self._dtype = 0, np.dtype(np.float32)
        self._written = 0

    def _prepare(self) -> None:
        self.checked_options(self.spec.options, np.dtype(np.float32))

    @classmethod
    def check(cls, path: str, sources: Iterable[str] | SourceFiles, parameter: str) -> None:
        """Raise :class:`ParameterError` for a target that cannot be a Zarr store, or that is read."""
        check_store(path, parameter)
        given = source_files(sources)
        same = given.same_as(path) or (given.holds_a_file_of(path) if os.path.isdir(path) else "")
        if same:
            raise ParameterError(parameter, path, f"must not be what is read, as {same} is: choose another")

    @staticmethod
    def checked_options(options: Mapping[str, str], dtype: np.dtype) -> dict[str, Any]:
        """``{}``: a store has no creation options, and any is refused with :class:`ParameterError`."""
        if options:
            given = "|".join(f"{key}={value}" for key, value in options.items())
            raise ParameterError("creation options", given, "must be empty: a Zarr store has none")
        return {}

    def start(self, bands: int, dtype: np.dtype) -> None:
        """Create the store beside the target, with all metadata."""
        self.spec = self.spec.of(bands)
        self._bands, self._dtype = bands, np.dtype(dtype) if self.value_type is None else self.value_type.dtype
        height, width = self.domain.shape
        self._rows = TileRows(self.chunks[0], height, self._dtype, self._convert, self._write_chunks)
        with self._writing():
            store = zarr_store.StoreWriter(Path(self._partial.create()))
            attributes = zarr_store.write_grid(store, self.domain, bands)
            attributes["_FillValue"] = zarr_store.cf_fill_value(self._fill, self._dtype)
            attributes.update(self._attributes())
            about = zarr_store.array_json(
                (bands, height, width), self._dtype, (1, *self.chunks), self._fill, ("band", "y", "x"), attributes
            )
            self._array = store.array(zarr_store.VARIABLE, about)
            store.group(dict(self.spec.tags))

    def _attributes(self) -> dict[str, Any]:
        """What is known of the bands."""
        spec = self.spec
        found: dict[str, Any] = {}
        if spec.names:
            found["long_name"] = list(spec.names)
        if len(set(spec.scales)) == 1:
            found["scale_factor"], found["add_offset"] = map(float, spec.scales[0])
        elif spec.scales:  # CF has one pair for an array
            found["band_scales"] = [list(map(float, pair)) for pair in spec.scales]
        if spec.categories:
            found["flag_values"] = [entry.value for entry in spec.categories]
            found["flag_meanings"] = " ".join("_".join(entry.name.split()) or "_" for entry in spec.categories)
            found["flag_colors"] = " ".join("#{:02x}{:02x}{:02x}".format(*entry.colour) for entry in spec.categories)
        elif any(band.to_json() for band in spec.meta):
            found["band_metadata"] = [band.to_json() for band in spec.meta]
        return found

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        """Take ``(bands, rows, cols)`` floats; whole rows of chunks are written, each chunk once."""
        if self._rows is None:
            raise RuntimeError("start() comes before write()")
        with self._writing():
            self._rows.add(row, col, values)
        self._written += values.shape[1] * values.shape[2]

    def _convert(self, values: np.ndarray, out: np.ndarray) -> None:
        if self.value_type is None:
            out[...] = values
        else:
            self.value_type.convert(values, out)

    def _write_chunks(self, row: int, col: int, rows: np.ndarray) -> None:
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
                index = (band, row // self.chunks[0], (col + left) // self.chunks[1])
                zarr_store.write_chunk(self._array, index, part)  # type: ignore[arg-type]

    def result(self, flat: bool = False) -> ZarrResult:
        """What was written; ``flat``: without a band axis if there is one band."""
        shape = self.domain.shape if flat and self._bands == 1 else (self._bands, *self.domain.shape)
        return ZarrResult(self.path, shape, self._dtype, self.domain)

    def __enter__(self) -> ZarrSink:
        super().__enter__()
        return self

    def _room(self) -> Output:
        return Output(Path(self.path), self._parameter)

    def _started(self) -> bool:
        return self._array is not None

    def _complete(self) -> None:
        missing = self.domain.window.pixels - self._written
        if missing:
            raise self._failed(f"{missing} of its pixels were not written")

    def _release(self) -> None:
        self._array = None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._failed(error) from error

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
    check_ending(str(path), ZarrSink.ENDINGS, parameter, "a Zarr store")
    if not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
        raise ParameterError(parameter, str(path), "must be in a folder that exists and can be written to")
    recover(target)
    marks = ("zarr.json", ".zgroup", ".zarray")
    if target.is_symlink() or (target.exists() and not any((target / mark).is_file() for mark in marks)):
        raise ParameterError(parameter, str(path), "is there and is no Zarr store: it will not be replaced")
