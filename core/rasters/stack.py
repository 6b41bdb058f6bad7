"""Several rasters as one: bands of further files on the grid of the first one, after its own bands."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from ..base.errors import ParameterError
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.row_source import Executor
from .aligned import RESAMPLING, Aligned, OnGrid, on_grid
from .band_meta import BandMeta, without_classes
from .bands import Band, Bands
from .file import RasterFile
from .raster import Raster, RasterReader
from .source_files import SourceFiles
from .source_identity import SourceIdentity, Stamp
from .view import RasterView


class StackedRaster(RasterReader):
    """The bands of ``first``, then those of ``others`` (files, or paths for all their bands) on its grid.

    A raster whose pixels are pixels of that grid is read as it is. Any other is warped: ``resampling`` is "nearest",
    "bilinear", or "auto", which is nearest for bands with a colour table, whose values are classes, and bilinear for
    all else. Beyond a raster's edge, and where it says "no data", its bands are NaN. Paths are scaled if ``first`` is.

    Of band names each stands once: a further raster's band whose name is taken has none. ``names_of`` are the files'
    own names, raster by raster. Not to be read from two threads at once. Refused are rasters that do not overlap the
    first one, and those that have no CRS, or where it has none, unless the grids fit.
    """

    def __init__(
        self,
        first: Raster,
        others: Sequence[RasterFile | str],
        resampling: str = "auto",
        parameter: str = "other inputs",
    ) -> None:
        if resampling not in RESAMPLING:
            raise ParameterError("resampling", resampling, f"must be one of {', '.join(RESAMPLING)}")
        self.domain, self.path, self.scaled, self.strip_rows = first.domain, first.path, first.scaled, first.strip_rows
        with ExitStack() as opened:  # what is opened here is closed again where this fails
            files = [
                r if isinstance(r, RasterFile) else opened.enter_context(RasterFile(r, (), first.scaled, parameter))
                for r in others
            ]
            self._members: list[OnGrid] = [Aligned(first, [(0, 0)])]
            self._members += [on_grid(file, self.domain, self.strip_rows, resampling, parameter) for file in files]
            opened.pop_all()
        unplaced = (file for file in files if bool(file.crs) != bool(self.domain.crs))
        self._warnings = tuple(_unplaced(file, self.domain) for file in unplaced)
        self._arrange(
            [(k, band) for k, raster in enumerate(self._rasters) for band in range(raster.bands)],
            _unique([raster.band_names for raster in self._rasters]),
        )

    def _arrange(self, layout: Sequence[tuple[int, int]], names: Sequence[str]) -> None:
        """Set the bands: ``layout`` has the raster and the position there of each, ``names`` its name."""
        self._layout, rasters = tuple(layout), self._rasters
        each = (rasters[k].described.each[band] for k, band in layout)
        named = tuple(replace(band, name=name) for band, name in zip(each, names))
        self._describe(Bands(named, partial(_meta, tuple(self._members), self._layout)))
        used = [rasters[k] for k in sorted({k for k, _ in layout})]
        self.dtype = np.result_type(*(raster.dtype for raster in used))
        self.raw_itemsize = max(raster.raw_itemsize for raster in used)
        self.block_bytes = max(raster.block_bytes for raster in used)

    @property
    def _rasters(self) -> list[Raster]:
        return [member.raster for member in self._members]

    @property
    def first(self) -> Raster:
        """The first raster, whose grid this is."""
        return self._rasters[0]

    @property
    def paths(self) -> tuple[str, ...]:
        """Where each raster comes from."""
        return tuple(raster.path for raster in self._rasters)

    @property
    def views(self) -> tuple[RasterView, ...]:
        """How each raster is seen."""
        return tuple(raster.view for raster in self._rasters)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Of rasters whose place is taken from their grid, as one of two has no CRS."""
        return self._warnings

    @property
    def reader(self) -> Executor | None:
        """The executor of the first raster, or None."""
        return self.first.reader

    def follow(self, feedback: Any) -> None:
        """As the first raster does: the others are files."""
        self.first.follow(feedback)

    @property
    def names_of(self) -> tuple[tuple[str, ...], ...]:
        """The chosen bands' own names, for each raster that bands are chosen of."""
        rasters = self._rasters
        used = sorted({k for k, _ in self._layout})
        return tuple(tuple(rasters[k].band_names[band] for j, band in self._layout if j == k) for k in used)

    @cached_property
    def source_files(self) -> SourceFiles:
        """The files that all of the rasters are made of, those without a chosen band included."""
        found = SourceFiles()
        for raster in self._rasters:
            found += raster.source_files
        return found

    def identity(self) -> SourceIdentity:
        """What the files of all rasters are like now."""
        found = SourceIdentity()
        for raster in self._rasters:
            found += raster.identity()
        return found

    @property
    def stamps(self) -> dict[str, Stamp]:
        """What the files were like when they were opened."""
        return {path: stamp for raster in self._rasters for path, stamp in raster.stamps.items()}

    def select(self, positions: Sequence[int]) -> StackedRaster:
        """The same with fewer bands, by position from 0; what is not needed is not read."""
        chosen = [self._layout[p] for p in positions]
        other = copy.copy(self)
        wanted = {k: sorted({band for j, band in chosen if j == k}) for k, _ in chosen}
        other._members = [m.select(wanted[k]) if k in wanted else m for k, m in enumerate(self._members)]
        layout = [(k, wanted[k].index(band)) for k, band in chosen]
        other._arrange(layout, [self.band_names[p] for p in positions])
        return other

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` of the chips' type with the window's values, NaN where there is no data."""
        for k in sorted({k for k, _ in self._layout}):
            places = [place for place, (j, _) in enumerate(self._layout) if j == k]
            bands = [band for j, band in self._layout if j == k]
            count = self._rasters[k].bands
            if bands == list(range(count)) and places == list(range(places[0], places[0] + count)):
                self._members[k].read(window, out[places[0] : places[0] + count])
                continue
            values = np.empty((count, window.height, window.width), out.dtype)
            self._members[k].read(window, values)
            out[places] = values[bands]

    def close(self) -> None:
        """Close the files; a later read opens them again."""
        for member in self._members:
            member.close()


def _meta(members: Sequence[OnGrid], layout: Sequence[tuple[int, int]], _: Sequence[Band]) -> tuple[BandMeta, ...]:
    """What follows the bands of a layout; classes do not follow a band that is interpolated."""
    found = []
    for k, band in layout:
        meta = members[k].raster.band_meta[band]
        found.append(without_classes(meta) if members[k].mixes[band] else meta)
    return tuple(found)


def _unplaced(file: RasterFile, domain: RasterDomain) -> str:
    """The warning for a raster on the grid of ``domain`` where one of both has no CRS."""
    which = "has no coordinate reference system" if domain.crs else "has a coordinate reference system, the first none"
    return f"{file.path} {which}: as it has the grid of the first raster, both are taken to lie at the same place."


def _unique(names: Sequence[Sequence[str]]) -> list[str]:
    """Names one after the other; those of the first raster as they are, later ones only if they are new."""
    all_names = list(names[0])
    for more in names[1:]:
        for name in more:
            all_names.append("" if name in all_names else name)
    return all_names
