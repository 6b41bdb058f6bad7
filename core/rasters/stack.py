"""Several rasters as one: bands of further files on the grid of the first one, after its own bands."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..base.errors import ParameterError
from ..grid.domain import PixelWindow, RasterDomain
from .aligned import RESAMPLING, Warped, on_grid
from .band_meta import BandMeta, without_classes
from .file import RasterFile
from .source_files import SourceFiles
from .source_identity import SourceIdentity, Stamp


class StackedRaster:
    """The bands of ``first``, then those of ``others`` (files, or paths for all their bands) on its grid.

    A raster whose pixels are pixels of that grid is read as it is. Any other is warped: ``resampling`` is "nearest",
    "bilinear", or "auto", which is nearest for bands with a colour table, whose values are classes, and bilinear for
    all else. Beyond a raster's edge, and where it says "no data", its bands are NaN. Paths are scaled if ``first`` is.

    Of band names each stands once: a further raster's band whose name is taken has none. ``names_of`` are the files'
    own names, raster by raster. Not to be read from two threads at once. Refused are rasters that do not overlap the
    first one, and those that have no CRS, or where it has none, unless the grids fit.
    """

    flat = False

    def __init__(
        self,
        first: RasterFile,
        others: Sequence[RasterFile | str],
        resampling: str = "auto",
        parameter: str = "other inputs",
    ) -> None:
        if resampling not in RESAMPLING:
            raise ParameterError("resampling", resampling, f"must be one of {', '.join(RESAMPLING)}")
        files = [r if isinstance(r, RasterFile) else RasterFile(r, (), first.scaled, parameter) for r in others]
        self.domain: RasterDomain = first.domain
        self.path, self.scaled, self.strip_rows = first.path, first.scaled, first.strip_rows
        self.paths = (first.path, *(file.path for file in files))
        self.views = tuple(file.view for file in files)
        #: Sentences about rasters whose place is taken from their grid, as one of two has no CRS.
        self.warnings = tuple(
            _unplaced(file, first.domain) for file in files if bool(file.crs) != bool(self.domain.crs)
        )
        self._members: list[Any] = [first]
        self._members += [on_grid(file, first.domain, first.strip_rows, resampling, parameter) for file in files]
        self._arrange(
            [(k, band) for k, raster in enumerate(self._rasters) for band in range(raster.bands)],
            _unique([raster.band_names for raster in self._rasters]),
        )

    def _arrange(self, layout: Sequence[tuple[int, int]], names: Sequence[str]) -> None:
        """Band by band: the raster it comes from and its position there; and its name."""
        self._layout, self.band_names = tuple(layout), tuple(names)
        self.bands = len(self._layout)
        used = [self._rasters[k] for k in sorted({k for k, _ in layout})]
        self.dtype: np.dtype = np.result_type(*(raster.dtype for raster in used))
        self.raw_itemsize = max(raster.raw_itemsize for raster in used)
        self.block_bytes = max(raster.block_bytes for raster in used)

    @property
    def _rasters(self) -> list[RasterFile]:
        return [getattr(member, "raster", member) for member in self._members]

    @property
    def first(self) -> Any:
        """The first raster, whose grid this is."""
        return self._rasters[0]

    @property
    def reader(self) -> Any:
        """Where the first raster wants to be read, see :class:`~patchwise.core.loop.read_ahead.CallerThread`."""
        return getattr(self.first, "reader", None)

    @property
    def names_of(self) -> tuple[tuple[str, ...], ...]:
        """The chosen bands' own names, for each raster that bands are chosen of."""
        rasters = self._rasters
        used = sorted({k for k, _ in self._layout})
        return tuple(tuple(rasters[k].band_names[band] for j, band in self._layout if j == k) for k in used)

    @property
    def band_meta(self) -> tuple[BandMeta, ...]:
        """What follows the chosen bands; classes do not follow a band that is interpolated."""
        rasters, found = self._rasters, []
        for k, band in self._layout:
            meta, member = rasters[k].band_meta[band], self._members[k]
            mixed = isinstance(member, Warped) and not member.nearest[band]
            found.append(without_classes(meta) if mixed else meta)
        return tuple(found)

    @property
    def has_scale(self) -> bool:
        """Whether a file declares a scale or an offset for a chosen band."""
        return any(self._rasters[k].has_scale for k in {k for k, _ in self._layout})

    @property
    def scales(self) -> tuple[float, ...]:
        """The scale of each chosen band; 1 where its file declares none."""
        return tuple(self._rasters[k].scales[band] for k, band in self._layout)

    @property
    def offsets(self) -> tuple[float, ...]:
        """The offset of each chosen band; 0 where its file declares none."""
        return tuple(self._rasters[k].offsets[band] for k, band in self._layout)

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

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(bands, height, width)``."""
        return (self.bands, *self.domain.shape)

    @property
    def transform(self) -> Any:
        """The first raster's transform."""
        return self.domain.transform

    @property
    def crs(self) -> Any:
        """The first raster's CRS, or None."""
        return self.domain.crs

    def select(self, positions: Sequence[int]) -> StackedRaster:
        """The same with fewer bands, by position from 0; what is not needed is not read."""
        chosen = [self._layout[p] for p in positions]
        other = StackedRaster.__new__(StackedRaster)
        other.__dict__.update(self.__dict__)
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

    def __enter__(self) -> StackedRaster:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _unplaced(file: RasterFile, domain: RasterDomain) -> str:
    """What is said of a raster on the grid of ``domain``, where one of both has no CRS."""
    which = "has no coordinate reference system" if domain.crs else "has a coordinate reference system, the first none"
    return f"{file.path} {which}: as it has the grid of the first raster, both are taken to lie at the same place."


def _unique(names: Sequence[Sequence[str]]) -> list[str]:
    """Names one after the other; those of the first raster as they are, later ones only if they are new."""
    all_names = list(names[0])
    for more in names[1:]:
        for name in more:
            all_names.append("" if name in all_names else name)
    return all_names
