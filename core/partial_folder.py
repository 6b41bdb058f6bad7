"""A folder that takes its name when it is complete, and what that name may be."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from .chip_manifest import INDEX, LABELS, MANIFEST, is_chip_folder, load_manifest
from .errors import ParameterError, RasterWriteError
from .targets import check_on_disk


class PartialFolder:
    """A hidden folder beside ``path``, which takes its place at :meth:`commit`; use as a context manager.

    Until then whatever is at ``path`` stays as it is, and without it nothing is left. What may be replaced is what
    :func:`check_folder` allows.
    """

    def __init__(self, path: str, parameter: str = "output") -> None:
        self._target, self._parameter = Path(os.path.abspath(path)), parameter
        self._room = self._target.parent / f".{self._target.name[:32]}.{uuid.uuid4().hex[:8]}.partial"
        self.path = str(self._room)

    def __enter__(self) -> PartialFolder:
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._room.mkdir()
        except OSError as error:
            raise RasterWriteError(f"{self._parameter} {self._target}: cannot be made: {error}") from error
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self._room, ignore_errors=True)

    def commit(self) -> None:
        """Take the place of whatever is there. Raises :class:`RasterWriteError`, and then all is as it was."""
        old = Path(f"{self._room}.old")
        try:
            if self._target.is_dir():
                os.replace(self._target, old)
            try:
                os.replace(self._room, self._target)
            except OSError:
                if old.exists():
                    os.replace(old, self._target)
                raise
        except OSError as error:
            reason = f"cannot be replaced: {error}"
            raise RasterWriteError(f"{self._parameter} {self._target}: {reason}") from error
        shutil.rmtree(old, ignore_errors=True)


def check_folder(path: str, sources: Sequence[str], parameter: str = "output") -> None:
    """Refuse a target folder that cannot be made, holds anything but chips of Patchwise, or has to do with a source.

    ``sources`` are files and folders that are read.
    """
    if not str(path).strip():
        raise ParameterError(parameter, path, "must be a folder")
    check_on_disk(path, parameter)
    target = Path(os.path.abspath(path))
    real = Path(os.path.realpath(target))
    for source in sources:
        read = Path(os.path.realpath(source))
        if read == real or real in read.parents or (read.is_dir() and read in real.parents):
            raise ParameterError(parameter, str(target), f"must lie apart from {source}, which is read: choose another")
    if target.exists() and not target.is_dir():
        raise ParameterError(parameter, str(target), "must be a folder, and this is a file")
    existing = next(folder for folder in (target, *target.parents) if folder.exists())
    writable = target.parent if existing == target else existing
    if not os.access(writable, os.W_OK) or not existing.is_dir():
        raise ParameterError(parameter, str(target), f"cannot be made: {writable} cannot be written to")
    if target.is_dir():
        _check_contents(target, parameter)


def _check_contents(target: Path, parameter: str) -> None:
    """Refuse what would be lost: files that are not part of a folder of chips."""
    found = {entry.name for entry in os.scandir(target)}
    if not found:
        return
    if not is_chip_folder(str(target)):
        allowed = "must be a new folder, an empty one, or one of chips made by Patchwise, which is then replaced"
        raise ParameterError(parameter, str(target), allowed)
    manifest = load_manifest(str(target), parameter)
    labels = target / LABELS
    if labels.is_dir():
        found.remove(LABELS)
        found.update(f"{LABELS}/{entry.name}" for entry in os.scandir(labels))
    own = {name for chip in manifest.chips for name in (chip.path, chip.label)}
    own |= {f"{name}.aux.xml" for name in own}
    own |= {MANIFEST, INDEX, *(f"{INDEX}{suffix}" for suffix in ("-wal", "-shm", "-journal"))}
    foreign = sorted(found - own)
    if foreign:
        allowed = f"holds {foreign[0]}, which is not one of its chips and would be lost: choose another folder"
        raise ParameterError(parameter, str(target), allowed)
