"""What all files of results have in common: they are written beside their place, and take their name when complete."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..grid.domain import RasterDomain
from .commit import CommitGroup, Output
from .source_files import SourceFiles, source_files
from .source_identity import SourceIdentity


class RasterSink:
    """Finished rows on ``domain`` on their way to ``path``; use as a context manager.

    What is written takes its name when all of it is written, closed and found complete, with ``group`` when all outputs
    of that are; on any error or cancelling it is removed and whatever was at ``path`` stays. ``sources`` are files that
    are read: the target may be none of them, and without a group, which has checks of its own, those that have changed
    meanwhile are an error (:class:`SourceChangedError`). A subclass calls :meth:`_room` before it writes, and says in
    :meth:`_started`, :meth:`_complete` and :meth:`_release` what there is to close.
    """

    #: Endings of names that the format has, in lower case; the first is that of temporary files.
    ENDINGS: tuple[str, ...] = ()
    block_width: int

    def __init__(
        self,
        path: str,
        domain: RasterDomain,
        sources: Iterable[str] | SourceFiles,
        parameter: str,
        group: CommitGroup | None,
    ) -> None:
        self.path, self.domain, self._parameter = os.path.abspath(str(path)), domain, parameter
        self._sources, self._group = source_files(sources), group
        self.check(self.path, self._sources, parameter)
        self._partial = self._room()
        self._before = SourceIdentity()

    @classmethod
    def check(cls, path: str, sources: Iterable[str] | SourceFiles, parameter: str) -> None:
        """Raise :class:`ParameterError` for a target that cannot be of this format, or that is read."""
        raise NotImplementedError

    def start(self, bands: int, dtype: np.dtype) -> None:
        """Make what the rows go into; called once."""
        raise NotImplementedError

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        """Take ``(bands, rows, cols)`` floats, NaN where unknown; rows of a column block come from top to bottom."""
        raise NotImplementedError

    def _room(self) -> Output:
        """The place beside the target."""
        raise NotImplementedError

    def _started(self) -> bool:
        """Whether there is something to complete."""
        raise NotImplementedError

    def _complete(self) -> None:
        """Close what was written, and see that all of it is there."""
        raise NotImplementedError

    def _release(self) -> None:
        """Close what is still open; called in any case, and raises nothing."""
        raise NotImplementedError

    def __enter__(self) -> Any:
        if self._group is None:
            self._before = SourceIdentity.of(self._sources.paths)
        return self

    def __exit__(self, error_type: type | None, *error: object) -> None:
        complete = False
        try:
            if error_type is None and self._started():
                self._complete()
                complete = True
        finally:
            self._release()
            if not complete:
                self._partial.abandon()
        if complete:
            group = CommitGroup(self._before.check) if self._group is None else self._group
            group.add(self._partial)
            if self._group is None:
                group.commit()
