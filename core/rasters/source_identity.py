"""The identity of a source when a run begins, so that one that has changed by its end is noticed.

A file is known by its size, the time of its last change, and the content of a few places: as cheap as opening it. Files
that others write to while a run reads them, without a pixel being another, are left out: statistics and overviews
beside a raster. Data of servers is not checked.

An identity is plain JSON, so that it can be kept.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..base.errors import SourceChangedError

_PLACES, _BYTES = 8, 1024
#: The most files of a source that are looked at, and of which some content is read.
MOST_FILES, MOST_SAMPLED = 20_000, 256
_LEFT_OUT = (".aux.xml", ".ovr", ".rrd", "-wal", "-shm", "-journal")
# QGIS and GDAL also write to these without changing pixels: the time of the last change says nothing.
_TIMELESS = (".gpkg", ".sqlite", ".mbtiles", ".db")

#: Size in bytes, and nanoseconds of the last change.
Stamp = tuple[int, int]


def stamp_of(path: str) -> Stamp | None:
    """Size and time of a file; None for what is no file on this machine."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_size, 0 if path.lower().endswith(_TIMELESS) else found.st_mtime_ns


@dataclass(frozen=True)
class FileIdentity:
    """One file. ``digest``: of the bytes at a few places, "" where they were not looked at; ``size`` -1: no file."""

    path: str
    size: int
    mtime_ns: int
    digest: str = ""

    @classmethod
    def of(cls, path: str, sampled: bool = True) -> FileIdentity:
        """What a file is like now."""
        size, mtime_ns = stamp_of(path) or (-1, 0)
        return cls(path, size, mtime_ns, _digest(path, size) if sampled else "")

    def now(self) -> FileIdentity:
        """The same file as it is now."""
        return FileIdentity.of(self.path, bool(self.digest))


def _digest(path: str, size: int) -> str:
    """BLAKE2b of bytes at the beginning, the end, and between; "" where the file cannot be read."""
    found = hashlib.blake2b(digest_size=16)
    try:
        with open(path, "rb", buffering=0) as file:
            last = max(0, size - _BYTES)
            for place in sorted({last * k // (_PLACES - 1) for k in range(_PLACES)}):
                file.seek(place)
                found.update(file.read(_BYTES))
    except OSError:
        return ""
    return found.hexdigest()


@dataclass(frozen=True)
class SourceIdentity:
    """The files of a source. Not ``complete``: it is made of more, or of what is no file."""

    files: tuple[FileIdentity, ...] = ()
    complete: bool = True

    @classmethod
    def of(cls, paths: Iterable[str], complete: bool = True) -> SourceIdentity:
        """What files are like now; folders and sidecars that say nothing of the pixels are passed over."""
        wanted = [path for path in dict.fromkeys(paths) if not path.lower().endswith(_LEFT_OUT)]
        complete = complete and len(wanted) <= MOST_FILES
        files = (FileIdentity.of(path, k < MOST_SAMPLED) for k, path in enumerate(wanted[:MOST_FILES]))
        return cls(tuple(file for file in files if file.size >= 0), complete)

    def __add__(self, other: SourceIdentity) -> SourceIdentity:
        """Both."""
        return SourceIdentity(self.files + other.files, self.complete and other.complete)

    def check(self) -> None:
        """Raise :class:`SourceChangedError` where a file is no longer what it was."""
        for file in self.files:
            refuse_change(file, file.now())

    def to_json(self) -> dict[str, Any]:
        """As a dict that is JSON-serialisable."""
        return {
            "files": [[file.path, file.size, file.mtime_ns, file.digest] for file in self.files],
            "complete": self.complete,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> SourceIdentity:
        """What :meth:`to_json` gave. Raises KeyError, TypeError or ValueError for anything else."""
        files = (FileIdentity(str(path), int(size), int(at), str(digest)) for path, size, at, digest in found["files"])
        return cls(tuple(files), bool(found["complete"]))


def refuse_change(before: FileIdentity, after: FileIdentity) -> None:
    """Raise :class:`SourceChangedError` where they differ."""
    if before == after:
        return
    if after.size < 0:
        what = "it is no longer there"
    elif before.size != after.size:
        what = f"it had {before.size} bytes and has {after.size}"
    elif before.mtime_ns != after.mtime_ns:
        what = "it was written to, or another one has its name"
    else:
        what = "its content is another"
    raise SourceChangedError(before.path, what)


def check_stamps(stamps: Mapping[str, Stamp]) -> None:
    """Raise :class:`SourceChangedError` where a file is no longer as it was when it was opened."""
    for path, (size, mtime_ns) in list(stamps.items()):
        if stamp_of(path) != (size, mtime_ns):
            now = FileIdentity.of(path, sampled=False)
            refuse_change(FileIdentity(path, size, mtime_ns), now)


class Identified(Protocol):
    """What is asked of a raster that is watched."""

    @property
    def stamps(self) -> Mapping[str, Stamp]:
        """What its files were like before they were opened, by their paths."""

    def identity(self) -> SourceIdentity:
        """What its files are like now."""


class SourceWatch:
    """Notices at the end of a run what has changed since its beginning: give ``check`` to a ``CommitGroup``.

    ``rasters`` are what is read (``identity()`` and ``stamps``), ``files`` paths of others, such as a model.
    """

    def __init__(self, rasters: Iterable[Identified] = (), files: Iterable[str] = ()) -> None:
        self._rasters = tuple(rasters)
        self.identity = SourceIdentity.of(files)
        for raster in self._rasters:
            self.identity += raster.identity()

    def check(self) -> None:
        """Raise :class:`SourceChangedError`."""
        self.identity.check()
        for raster in self._rasters:
            check_stamps(raster.stamps)
