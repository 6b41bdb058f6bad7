"""The environment that GDAL runs in: PROJ's data, block cache, types, and the errors that GDAL reports."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

from ..base.errors import MissingPackageError, RasterWriteError
from ..base.secrets import without_secrets


def load_rasterio() -> Any:
    """The module rasterio; :class:`MissingPackageError` where it is not installed."""
    try:
        import rasterio
    except ImportError as error:
        raise MissingPackageError("rasterio", "to read and write rasters") from error
    return rasterio


@lru_cache(maxsize=1)
def swaps_64_bits() -> bool:
    """Whether this rasterio takes GDAL's signed 64-bit integers for unsigned ones, and the other way round (1.3.5)."""
    return bool(load_rasterio().dtypes.dtype_fwd.get(12) == "int64")  # GDAL has UInt64 there


def for_rasterio(values: np.ndarray) -> np.ndarray:
    """A view of ``values`` with the dtype that this rasterio needs so that GDAL gets the dtype of ``values``."""
    if values.dtype.kind not in "iu" or values.dtype.itemsize != 8 or not swaps_64_bits():
        return values
    return values.view(np.uint64 if values.dtype.kind == "i" else np.int64)


def from_rasterio(name: str) -> str:
    """The name of the dtype that a band really has, where this rasterio calls it ``name``."""
    if name not in ("int64", "uint64") or not swaps_64_bits():
        return name
    return "uint64" if name == "int64" else "int64"


@lru_cache(maxsize=1)
def driver_names() -> tuple[str, ...]:
    """The names of all drivers that this GDAL has."""
    with load_rasterio().Env() as environment:
        return tuple(environment.drivers())


@contextmanager
def gdal_env(**options: Any) -> Iterator[None]:
    """A rasterio environment for the calling thread, in which CRS look-ups work; ``options`` are GDAL's.

    A rasterio wheel brings its own PROJ with its own database. Where the host (QGIS) exports ``PROJ_LIB`` or
    ``PROJ_DATA`` for another PROJ, the wheel would open that one and refuse it; so the wheel is pointed at its own.
    """
    rasterio = load_rasterio()
    bundled = os.path.join(os.path.dirname(rasterio.__file__), "proj_data")
    with rasterio.Env(**options):
        if os.path.exists(os.path.join(bundled, "proj.db")):
            _use_proj_data(bundled)
        yield


def _use_proj_data(folder: str) -> None:
    try:
        from rasterio._env import set_proj_data_search_path
    except ImportError:  # other versions of rasterio find their database by themselves
        return
    set_proj_data_search_path(folder)


class BoundedCache:
    """GDAL's block cache held at ``size`` bytes at most while at least one run is under way in this process.

    GDAL keeps written blocks in its cache until it is full, by default 5 % of the machine's memory: writing would start
    late, all at once, and take the memory of other work. A smaller limit set by the user is kept.
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
    from rasterio._env import set_gdal_config

    set_gdal_config("GDAL_CACHEMAX", size)  # an Env would undo it at its end


@lru_cache(maxsize=64)
def can_compress(compress: str) -> bool:
    """Whether this GDAL can write GeoTIFFs with that compression, found by writing one in memory.

    Where GDAL does not know a compression it writes without one, and rasterio only logs that.
    """
    rasterio = load_rasterio()
    from affine import Affine
    from rasterio.io import MemoryFile

    size = dict(height=16, width=16, count=3, dtype="uint8", transform=Affine.scale(2))  # avoids a warning
    try:
        with gdal_env(), MemoryFile() as memory:
            with memory.open(driver="GTiff", compress=compress, **size) as target:
                target.write(np.arange(3 * 16 * 16, dtype=np.uint8).reshape(3, 16, 16))
            with memory.open() as written:
                written.read()
                return "COMPRESSION" in written.tags(ns="IMAGE_STRUCTURE")
    except (rasterio.errors.RasterioError, OSError, ValueError):
        return False


def missing_blocks(path: str, sparse: bool) -> int:
    """Number of blocks of a GeoTIFF that are missing or truncated; with ``sparse``, missing ones do not count.

    Looked up in the file's own index, without reading pixels: this finds errors that GDAL does not report, such as
    those in its compression threads. Raises rasterio's errors where the file cannot be opened.
    """
    rasterio = load_rasterio()
    size, missing = os.path.getsize(path), 0
    with rasterio.open(path, driver="GTiff") as dataset:
        by_band = dataset.tags(ns="IMAGE_STRUCTURE").get("INTERLEAVE") == "BAND"
        rows, cols = dataset.block_shapes[0]
        for band in range(1, dataset.count + 1 if by_band else 2):
            for y in range(-(-dataset.height // rows)):
                for x in range(-(-dataset.width // cols)):
                    place = [dataset.get_tag_item(f"BLOCK_{what}_{x}_{y}", "TIFF", band) for what in ("OFFSET", "SIZE")]
                    if None in place:
                        missing += not sparse
                    else:
                        missing += sum(map(int, place)) > size
    return missing


class GdalErrors:
    """Collects the errors that GDAL reports while it writes, and raises them.

    Part of the data is written when the file is closed, or when GDAL needs room in its block cache. Errors that occur
    then, such as a full disk, rasterio logs at level INFO and does not raise.
    """

    def __init__(self) -> None:
        self._messages: list[str] = []

    @contextmanager
    def raising(self, parameter: str, path: str) -> Iterator[None]:
        """Raise :class:`RasterWriteError` with GDAL's messages, those of the ``with`` block or of one before it."""
        try:
            with heard(self._messages):
                yield
        except RasterWriteError:
            raise
        except Exception as error:
            if not isinstance(error, (OSError, ValueError, RuntimeError)) and not _is_gdal(error):
                raise
            raise self._error(parameter, path, str(error)) from error
        if self._messages:
            raise self._error(parameter, path, "")

    def _error(self, parameter: str, path: str, otherwise: str) -> RasterWriteError:
        said = "; ".join(dict.fromkeys(self._messages)) or otherwise
        return RasterWriteError(f"{parameter} {path}: cannot be written: {said}{_room(path)}")


def gdal_words(error: BaseException) -> str:
    """What GDAL said of an error that rasterio raised, which hides it at the end of a chain of causes.

    The last text in the chain; the name of the last error's type where none has a text.
    """
    said, chain = "", [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    for link in chain:
        said = str(link).strip() or said
    return said or type(chain[-1]).__name__


def _is_gdal(error: BaseException) -> bool:
    return type(error).__module__.startswith("rasterio")


def _room(path: str) -> str:
    """The free space on the device, as part of a sentence, where it is less than 50 MB; else ""."""
    import shutil

    try:
        free = shutil.disk_usage(os.path.dirname(path)).free
    except OSError:
        return ""
    return f" (only {free / 1e6:.1f} MB are left on the device)" if free < 50e6 else ""


class _Listener(logging.Filter):
    """Collects the errors that GDAL signals in a thread that listens; passes on what would be logged without it."""

    local = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        messages, text = getattr(self.local, "messages", None), record.getMessage()
        signalled = text.startswith("GDAL signalled an error") or record.levelno >= logging.ERROR
        refused = "response_code=" in text  # rasterio 1.4 logs a server's answer as a warning
        if messages is not None and (signalled or refused) and "PROJ:" not in text:  # messages of PROJ are not errors
            words = re.search(r"msg=(['\"])(.*)\1$", text)
            messages.append(words.group(2) if words else text.replace("CPLE_AppDefined:", ""))
        shown = without_secrets(text)
        if shown != text:  # for those who keep Python's log
            record.msg, record.args = shown, None
        return record.levelno >= logging.getLogger("rasterio").getEffectiveLevel()


_LISTENER = _Listener()


@contextmanager
def heard(messages: list[str]) -> Iterator[None]:
    """Within it, the errors that GDAL signals in this thread are appended to ``messages``."""
    logger = logging.getLogger("rasterio._env")
    for source in (logger, logging.getLogger("rasterio._err")):  # the latter logs in rasterio 1.4
        source.addFilter(_LISTENER)  # adding it again has no effect
    if not logger.isEnabledFor(logging.INFO):
        logger.setLevel(logging.INFO)
    before, _Listener.local.messages = getattr(_Listener.local, "messages", None), messages
    try:
        yield
    finally:
        _Listener.local.messages = before
