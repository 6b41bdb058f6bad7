"""A file that takes its name when it is complete, and what that name may be."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .errors import ParameterError
from .targets import check_on_disk

# Of an older file of that name: they would be wrong beside the new one.
_STALE = (".aux.xml", ".ovr", ".msk")


class PartialFile:
    """Room for ``path`` in a hidden folder beside it, together with the files that GDAL may put beside the file.

    Such files are ``.aux.xml``, where a CRS does not fit GeoTIFF's keys, or a world file. Until :meth:`commit`,
    whatever is at ``path`` stays as it is; after :meth:`abandon` nothing is left.
    """

    def __init__(self, path: str) -> None:
        self._target = Path(path)
        self._folder: Path | None = None

    def create(self) -> str:
        """Make the folder; the path to write to, which has the target's own file name."""
        name = self._target.name
        self._folder = Path(tempfile.mkdtemp(prefix=f".{name[:32]}.", suffix=".partial", dir=self._target.parent))
        return str(self._folder / name)

    def commit(self) -> None:
        """Move everything to its place, the file first. Raises :class:`OSError`."""
        if self._folder is None:
            raise RuntimeError("create() comes before commit()")
        os.replace(self._folder / self._target.name, self._target)
        for suffix in _STALE:
            Path(f"{self._target}{suffix}").unlink(missing_ok=True)
        for beside in self._folder.iterdir():
            os.replace(beside, self._target.parent / beside.name)

    def abandon(self) -> None:
        """Remove the folder and what is left in it."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def check_target(path: str, sources: Sequence[str], parameter: str = "output") -> None:
    """Refuse a target that cannot be a GeoTIFF, cannot be written, or is one of ``sources``."""
    check_on_disk(path, parameter)
    path = os.path.abspath(str(path))
    folder = os.path.dirname(path)
    if not path.lower().endswith((".tif", ".tiff")):
        raise ParameterError(parameter, path, "must end in .tif or .tiff: the output is a GeoTIFF")
    if not os.path.isdir(folder):
        raise ParameterError(parameter, path, "its folder must exist")
    if os.path.isdir(path) or not os.access(folder, os.W_OK):
        raise ParameterError(parameter, path, "must be a file in a folder that can be written to")
    for source in sources:
        both = os.path.exists(source) and os.path.exists(path)
        if os.path.realpath(source) == os.path.realpath(path) or (both and os.path.samefile(source, path)):
            raise ParameterError(parameter, path, f"must not be the same file as {source}: choose another")
