"""The base of sinks for files: outputs are written beside their place, and take their name when complete."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from ..base.categories import Category
from ..base.errors import ParameterError
from ..grid.domain import RasterDomain
from .band_meta import BandMeta
from .class_names import checked_categories
from .commit import CommitGroup, Output
from .source_files import SourceFiles, source_files
from .source_identity import SourceIdentity
from .values import ValueType

AUTO = "auto"
Sink = TypeVar("Sink", bound="RasterSink")


@dataclass(frozen=True)
class OutputSpec:
    """What a raster that comes out is to be.

    ``value_type`` says how floats are converted; None (stores only): they stay floats. ``names`` of its bands, their
    ``scales`` (scale, offset) and ``meta`` (``band_meta.passed_on``) are used if their number is that of the bands;
    ``tags`` are of the whole raster; ``options`` are the format's creation options, over its defaults; ``categories``
    name and colour the values of a single uint8 or uint16 band. ``format`` is a key of ``FORMATS``, or ``auto``: by the
    name's ending. ``sources`` are read, and may not be replaced; ``group`` takes its name with others; ``parameter``
    names it in errors.
    """

    value_type: ValueType | None = None
    names: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    categories: Sequence[Category] = ()
    scales: Sequence[tuple[float, float]] = ()
    meta: Sequence[BandMeta] = ()
    format: str = AUTO
    sources: Iterable[str] | SourceFiles = ()
    group: CommitGroup | None = None
    parameter: str = "output"

    def of(self, bands: int) -> OutputSpec:
        """The spec for ``bands`` bands, without what is for another number. Categories need a single band, and replace
        ``meta``.
        """
        if self.categories and bands != 1:
            raise ParameterError("categories", len(self.categories), f"need one output band, and there are {bands}")
        scaled = len(self.scales) == bands and set(self.scales) != {(1.0, 0.0)}
        return replace(
            self,
            names=self.names if len(self.names) == bands else (),
            scales=self.scales if scaled else (),
            meta=self.meta if len(self.meta) == bands and not self.categories else (),
        )


class RasterSink:
    """Finished rows on ``domain`` on their way to ``path``; use as a context manager.

    ``value_type`` and ``more`` are those of an :class:`OutputSpec`. What is written takes its name when all of it is
    written, closed and found complete, with ``group`` when all outputs of that are; on any error or cancelling it is
    removed and whatever was at ``path`` stays. ``sources`` are files that are read: the target may be none of them, and
    without a group, which has checks of its own, those that have changed meanwhile are an error
    (:class:`SourceChangedError`). A subclass calls :meth:`_room` before it writes, and says in :meth:`_started`,
    :meth:`_complete` and :meth:`_release` what there is to close.
    """

    #: Endings of names that the format has, in lower case; the first is that of temporary files.
    ENDINGS: tuple[str, ...] = ()
    block_width: int

    def __init__(self, path: str, domain: RasterDomain, value_type: ValueType | None = None, **more: Any) -> None:
        spec = OutputSpec(value_type, **more)
        categories = () if value_type is None else checked_categories(spec.categories, value_type)
        #: What is written; once it is started, for the number of bands that there are.
        self.spec = replace(spec, categories=categories)
        self.path, self.domain, self._parameter = os.path.abspath(str(path)), domain, spec.parameter
        self._sources, self._group = source_files(spec.sources), spec.group
        self._prepare()
        self.check(self.path, self._sources, self._parameter)
        self._partial = self._room()
        self._before = SourceIdentity()

    def _prepare(self) -> None:
        """Refuse what cannot be written so, before anything is looked for on the disk."""

    @classmethod
    def check(cls, path: str, sources: Iterable[str] | SourceFiles, parameter: str) -> None:
        """Raise :class:`ParameterError` for a target that cannot be of this format, or that is read."""
        raise NotImplementedError

    @staticmethod
    def checked_options(options: Mapping[str, str], dtype: np.dtype) -> dict[str, Any]:
        """The user's creation options as the format wants them; raises :class:`ParameterError`."""
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

    def __enter__(self: Sink) -> Sink:
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
