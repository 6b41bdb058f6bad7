"""A file that takes its name when it is complete, and what that name may be."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ..base.errors import ParameterError
from .commit import Output, recover
from .source_files import SAME_STEM, SourceFiles, source_files
from .targets import check_ending, check_on_disk

# Sidecars of an older file of that name, which would be wrong beside the new one.
_STALE = (".aux.xml", ".ovr", ".msk")
# Journals of an older database, which SQLite would mix into the new file.
_SQLITE = (".gpkg", ".sqlite", ".db")
_JOURNALS = ("-wal", "-shm", "-journal")
_LONGEST = max(map(len, (*_STALE, *_JOURNALS)))
#: Folders at the root that hold no files of users; ``_BUT`` is the exception.
_NO_PLACES, _BUT = ("proc", "sys", "dev"), ("dev", "shm")


class PartialFile(Output):
    """Room for ``path`` in a hidden folder beside it, together with the files that GDAL may put beside the file.

    Such files are ``.aux.xml``, where a CRS does not fit GeoTIFF's keys, or a world file. Until :meth:`commit`,
    whatever is at ``path`` stays as it is; after :meth:`abandon` nothing is left. Where ``path`` is a symbolic link,
    the file that it leads to is written, and the link stays.
    """

    def __init__(self, path: str, parameter: str = "output") -> None:
        target = Path(os.path.realpath(path))
        stale = _beside(target)
        if os.path.islink(path):  # GDAL looks for them beside the name that it is given
            stale += tuple(Path(f"{os.path.abspath(path)}{suffix}") for suffix in _STALE)
        super().__init__(target, parameter, stale)


def _beside(target: Path) -> tuple[Path, ...]:
    """Names of files that an older file of that name may have beside it, and that belong to it."""
    ending = target.suffix.lower()
    more = _JOURNALS if ending in _SQLITE else ()
    found = [Path(f"{target}{suffix}") for suffix in (*_STALE, *more)]
    return tuple(found + [target.with_suffix(suffix) for suffix in SAME_STEM.get(ending, ())])


def check_target(path: str, sources: Iterable[str] | SourceFiles, parameter: str = "output") -> None:
    """Refuse a target that cannot be a GeoTIFF, cannot be written, or is one of the files that ``sources`` are."""
    check_on_disk(path, parameter)
    path = os.path.abspath(str(path))
    check_ending(path, (".tif", ".tiff"), parameter, "a GeoTIFF")
    check_file(path, sources, parameter)


def check_file(path: str, sources: Iterable[str] | SourceFiles, parameter: str = "output") -> None:
    """Refuse a target that cannot be written, or that is one of the files that ``sources`` are.

    Files that a killed process has moved away from there are put back first.
    """
    check_name(path, parameter, _LONGEST)
    path = os.path.abspath(path)
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise ParameterError(parameter, path, f"its folder must exist{_by_link(path, target)}")
    refuse_system_folder(target, path, parameter)
    recover(Path(target))
    _check_kind(path, target, parameter)
    if not os.access(folder, os.W_OK):
        raise ParameterError(parameter, path, "must be a file in a folder that can be written to")
    refuse_sources(path, source_files(sources), parameter)


def check_name(path: str, parameter: str, more: int = 0) -> None:
    """Refuse a name that the file system or GDAL cannot have; ``more`` bytes are needed for files beside it."""
    try:
        length = len(os.path.basename(os.path.realpath(path)).encode("utf-8"))
    except UnicodeEncodeError:
        raise ParameterError(parameter, path, "must be a name in UTF-8: choose another") from None
    except (OSError, ValueError) as error:
        raise ParameterError(parameter, path, f"is no name that a file can have ({error})") from error
    most = _name_limit(os.path.dirname(os.path.realpath(path))) - more
    if length > most:
        allowed = f"is too long: its name has {length} bytes, and may have {most}"
        raise ParameterError(parameter, path, f"{allowed}, with room for the ending of a file beside it")


def _name_limit(folder: str) -> int:
    """Bytes that a name in ``folder`` may have."""
    if os.name != "posix":
        return 255
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError):
        return 255


def refuse_system_folder(target: str, path: str, parameter: str) -> None:
    """Refuse a place where the system has no files of users."""
    parts = Path(target).parts[1:]
    if os.name == "posix" and parts[:1] and parts[0] in _NO_PLACES and parts[:2] != _BUT:
        raise ParameterError(parameter, path, "lies where the system keeps no files: choose another folder")


def _check_kind(path: str, target: str, parameter: str) -> None:
    """Refuse what is there and is no file, or one that must not be changed."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise ParameterError(parameter, path, f"cannot be written: {error.strerror or error}") from error
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        kind = kinds.get(stat.S_IFMT(mode), "a device")
        raise ParameterError(parameter, path, f"must be a file, and this is {kind}{_by_link(path, target)}")
    if not mode & 0o222 or not os.access(target, os.W_OK):
        raise ParameterError(parameter, path, "is there and must not be written to: choose another, or allow it")


def _by_link(path: str, target: str) -> str:
    return f" (the link leads to {target})" if os.path.islink(path) else ""


def refuse_sources(path: str, sources: SourceFiles, parameter: str) -> None:
    """Refuse a target that is, or whose sidecars are, one of the files that are read."""
    target = Path(os.path.realpath(path))
    there = [path, *(str(beside) for beside in _beside(target) if beside.exists())]
    for name in there:
        same = sources.same_as(name)
        if same and name == path:
            raise ParameterError(parameter, path, f"must not be the same file as {same}: choose another")
        if same:
            raise ParameterError(parameter, path, f"would replace {name}, which is read ({same}): choose another")
    if any(map(os.path.exists, there)) and not sources.complete:
        names = ", ".join(sources.named[:3])
        allowed = f"is there already, and the files that {names} is made of cannot all be known: choose a new name"
        raise ParameterError(parameter, path, allowed)
