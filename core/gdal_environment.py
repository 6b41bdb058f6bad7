"""The environment that GDAL runs in, whatever process Patchwise was loaded into."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import RasterWriteError


@contextmanager
def gdal_env() -> Iterator[None]:
    """A rasterio environment for the calling thread, in which CRS look-ups work.

    A rasterio wheel brings its own PROJ with its own database. Where the host (QGIS) exports ``PROJ_LIB`` or
    ``PROJ_DATA`` for another PROJ, the wheel would open that one and refuse it; so the wheel is pointed at its own.
    """
    import rasterio

    bundled = os.path.join(os.path.dirname(rasterio.__file__), "proj_data")
    with rasterio.Env():
        if os.path.exists(os.path.join(bundled, "proj.db")):
            _use_proj_data(bundled)
        yield


def _use_proj_data(folder: str) -> None:
    try:
        from rasterio._env import set_proj_data_search_path
    except ImportError:  # a rasterio that names it otherwise finds its database by itself or not at all
        return
    set_proj_data_search_path(folder)


class BoundedCache:
    """GDAL's block cache held at ``size`` bytes at most while at least one run is under way in this process.

    GDAL keeps written blocks in its cache until it is full, by default 5 % of the machine's memory: writing would start
    late, all at once, and take the memory of other work. A smaller limit that the user has set is left alone.
    """

    _guard = threading.Lock()
    _runs = 0
    _before: int | None = None

    def __init__(self, size: int) -> None:
        self._size = size

    def __enter__(self) -> BoundedCache:
        cls = BoundedCache
        with cls._guard:
            cls._runs += 1
            if cls._runs == 1:
                cls._before = _cache_limit()
                if cls._before is not None and cls._before > self._size:
                    _set_cache_limit(self._size)
        return self

    def __exit__(self, *error: object) -> None:
        cls = BoundedCache
        with cls._guard:
            cls._runs -= 1
            if cls._runs == 0 and cls._before is not None:
                _set_cache_limit(cls._before)


def _cache_limit() -> int | None:
    try:
        from rasterio._env import get_gdal_config
    except ImportError:
        return None
    return int(get_gdal_config("GDAL_CACHEMAX"))


def _set_cache_limit(size: int) -> None:
    import rasterio

    with rasterio.Env(GDAL_CACHEMAX=size):  # rasterio leaves this one as it is when the environment ends
        pass


class GdalErrors:
    """Notices what GDAL says while it writes, and makes it an exception.

    Part of what is written is written when the file is closed, or when GDAL needs room in its block cache, and rasterio
    only logs what goes wrong then: a full disk would pass for success.
    """

    def __init__(self) -> None:
        self._messages: list[str] = []
        self._handler = _Collector(self._messages)
        self._where: tuple[str, str] | None = None

    def raising(self, parameter: str, path: str) -> GdalErrors:
        """The same, raising :class:`RasterWriteError` with these words at the end of the ``with`` block."""
        self._where = (parameter, path)
        return self

    def __enter__(self) -> GdalErrors:
        logging.getLogger("rasterio").addHandler(self._handler)
        return self

    def __exit__(self, error_type: Any, error: Any, traceback: Any) -> None:
        logging.getLogger("rasterio").removeHandler(self._handler)
        if self._where is None or isinstance(error, RasterWriteError):
            return
        if error is None and not self._messages:
            return
        if error is not None and not isinstance(error, (OSError, ValueError, RuntimeError)) and not _is_gdal(error):
            return
        parameter, path = self._where
        said = "; ".join(dict.fromkeys(self._messages)) or str(error)
        raise RasterWriteError(f"{parameter} {path}: cannot be written: {said}{_room(path)}") from error


def _is_gdal(error: BaseException) -> bool:
    return type(error).__module__.startswith("rasterio")


def _room(path: str) -> str:
    """What is left on the device, said where it is next to nothing."""
    import shutil

    try:
        free = shutil.disk_usage(os.path.dirname(path)).free
    except OSError:
        return ""
    return f" (only {free / 1e6:.1f} MB are left on the device)" if free < 50e6 else ""


class _Collector(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._messages, self._guard = messages, threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        with self._guard:
            self._messages.append(record.getMessage())
