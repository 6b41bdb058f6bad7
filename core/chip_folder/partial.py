"""A folder that takes its name when it is complete, and what that name may be."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..base.errors import ParameterError, RasterWriteError
from ..rasters.commit import CommitGroup, Output, flush, recover
from ..rasters.partial import check_name, refuse_system_folder
from ..rasters.source_files import SourceFiles, source_files
from ..rasters.targets import check_on_disk
from .manifest import INDEX, LABELS, MANIFEST, is_chip_folder, load_manifest


class PartialFolder(Output):
    """A hidden folder beside ``path``, which takes its place at :meth:`commit`; use as a context manager.

    Until then whatever is at ``path`` stays as it is, and without it nothing is left. What may be replaced is what
    :func:`check_folder` allows. ``path`` is the folder to write to.
    """

    def __init__(self, path: str, parameter: str = "output") -> None:
        super().__init__(Path(os.path.realpath(path)), parameter)
        self.path = ""
        self._handed_on = False

    def __enter__(self) -> PartialFolder:
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self.path = self.create()
            os.mkdir(self.path)
        except OSError as error:
            self.abandon()
            raise RasterWriteError(f"{self._title} {self.target}: cannot be made: {error}") from error
        return self

    def __exit__(self, error_type: type | None, *error: object) -> None:
        if error_type is not None or not self._handed_on:
            self.abandon()

    def hand_on(self, group: CommitGroup) -> None:
        """Let ``group`` give it its name, together with other outputs."""
        group.add(self)
        self._handed_on = True

    def flush(self) -> None:
        """Flush the manifest and the names to the disk; flushing all chips would take longer than writing them."""
        manifest = Path(self.path, MANIFEST)
        if manifest.exists():
            flush(manifest)
        flush(Path(self.path))


def check_folder(path: str, sources: Iterable[str] | SourceFiles, parameter: str = "output") -> None:
    """Refuse a target folder that cannot be made, holds anything but chips of Patchwise, or has to do with a source.

    ``sources`` are files and folders that are read. What a process that was killed has taken from there is put back
    first.
    """
    if not str(path).strip():
        raise ParameterError(parameter, path, "must be a folder")
    check_on_disk(path, parameter)
    check_name(path, parameter)
    target = Path(os.path.abspath(path))
    real = Path(os.path.realpath(target))
    refuse_system_folder(str(real), str(target), parameter)
    recover(real)
    _refuse_sources(target, real, source_files(sources), parameter)
    if target.exists() and not target.is_dir():
        raise ParameterError(parameter, str(target), "must be a folder, and this is a file")
    existing = next(folder for folder in (real, *real.parents) if folder.exists())
    writable = real.parent if existing == real else existing
    if not os.access(writable, os.W_OK) or not existing.is_dir():
        raise ParameterError(parameter, str(target), f"cannot be made: {writable} cannot be written to")
    if target.is_dir():
        _check_contents(target, parameter)


def _refuse_sources(target: Path, real: Path, sources: SourceFiles, parameter: str) -> None:
    for source in sources.named:
        read = Path(os.path.realpath(source))
        if read == real or real in read.parents or (read.is_dir() and read in real.parents):
            raise ParameterError(parameter, str(target), f"must lie apart from {source}, which is read: choose another")
    if not real.is_dir() or not any(real.iterdir()):
        return
    inside = sources.holds_a_file_of(str(real))
    if inside:
        raise ParameterError(parameter, str(target), f"must lie apart from {inside}: it is read; choose another")
    if not sources.complete:
        names = ", ".join(sources.named[:3])
        allowed = f"is there already, and the files that {names} is made of cannot all be known: choose a new folder"
        raise ParameterError(parameter, str(target), allowed)


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
