"""What the loop reads from and writes to: rows of a raster, wherever they come from and go."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Callable, Protocol, TypeVar

import numpy as np

from .domain import PixelWindow, RasterDomain

Source = TypeVar("Source", bound="RowSource")
OwnReader = TypeVar("OwnReader", bound="RowReader")


class Executor(Protocol):
    """What calls functions, in a thread of its own or at once: as in ``concurrent.futures``."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future:
        """Have ``function`` called; the future has what it returns or raises."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Call no further function, and with ``wait`` return only when none is running."""


class RowSource(Protocol):
    """A source of pixels; a context manager, to be closed by the code that opened it.

    ``domain`` is the pixel grid, ``bands`` their number and ``band_names`` their names ("" for one without), () where
    there are none. ``dtype`` is the chips' type, ``raw_itemsize`` the bytes of a value in the source, ``strip_rows``
    the rows that are best read at a time. ``flat``: the field has no band axis, and chips are ``(h, w)``. ``reader``:
    the executor that reads, for a source that is bound to a thread (``loop.read_ahead.CallerThread``); None where a
    thread of its own may read ahead. Not to be read from two threads at once.
    """

    domain: RasterDomain
    bands: int
    band_names: tuple[str, ...]
    dtype: np.dtype
    raw_itemsize: int
    strip_rows: int
    flat: bool

    @property
    def reader(self) -> Executor | None:
        """The executor that reads, or None."""

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` with the window's values, NaN where unknown."""

    def follow(self, feedback: Any) -> None:
        """Let ``feedback``, one of QGIS's, end a request that is under way."""

    def close(self) -> None:
        """Let go of what is open; a later read opens it again."""

    def __enter__(self: Source) -> Source: ...

    def __exit__(self, *error: object) -> None: ...


class RowSink(Protocol):
    """Where finished rows go. Rows and columns count from the output window's upper-left pixel."""

    block_width: int

    def start(self, bands: int, dtype: np.dtype) -> None:
        """Called once, with the operator's first result at hand."""

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        """``values`` ``(bands, rows, cols)``, NaN where unknown; rows of a column block come from top to bottom."""


class RowReader:
    """Base of sources; by default bands have no names, any thread may read, and nothing is open."""

    domain: RasterDomain
    bands: int
    dtype: np.dtype
    raw_itemsize: int
    strip_rows: int
    flat: bool = False
    band_names: tuple[str, ...] = ()

    @property
    def reader(self) -> Executor | None:
        """None: a thread of its own may read ahead."""
        return None

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` with the window's values, NaN where unknown."""
        raise NotImplementedError

    def follow(self, feedback: Any) -> None:
        """Does nothing: no server is asked."""

    def close(self) -> None:
        """Does nothing: nothing is open."""

    def __enter__(self: OwnReader) -> OwnReader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
