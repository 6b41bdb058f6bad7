"""Writing finished rows to a tiled, compressed GeoTIFF beside the target, which is renamed when complete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import ParameterError
from ..gdal.environment import BoundedCache, GdalErrors, can_compress, gdal_env, load_rasterio, missing_blocks
from ..grid.domain import RasterDomain
from ..grid.ground_control import creation, write_rpcs
from .band_meta import BandMeta, names_of, write_meta
from .class_names import checked_categories, write_names
from .commit import CommitGroup
from .creation_options import TILE, checked_options, default_options
from .file import GDAL_CACHE
from .partial import PartialFile, check_target
from .sink import RasterSink
from .source_files import SourceFiles
from .tile_rows import TileRows
from .values import ValueType

if TYPE_CHECKING:
    from ..base.categories import Category
    from .output import OutputSpec


class GeoTiffSink(RasterSink):
    """Writes finished rows to a GeoTIFF on ``domain``; use as a context manager.

    ``value_type`` says how floats become the file's type; ``names`` are band descriptions and ``scales`` (scale,
    offset) of bands, used if their number is that of the bands; ``options`` are GDAL creation options over the
    defaults. ``categories`` name and colour the values of a single uint8 or uint16 band: by a colour table in the file,
    and by names in ``path.aux.xml``, which follows the file to its place. ``meta`` is what is known of bands that are
    passed on, see ``band_meta.passed_on``. For ``sources`` and ``group`` see :class:`RasterSink`. Raises
    :class:`RasterWriteError`.
    """

    ENDINGS = (".tif", ".tiff")

    def __init__(
        self,
        path: str,
        domain: RasterDomain,
        value_type: ValueType,
        *,
        names: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        sources: Iterable[str] | SourceFiles = (),
        categories: Sequence[Category] = (),
        scales: Sequence[tuple[float, float]] = (),
        meta: Sequence[BandMeta] = (),
        parameter: str = "output",
        group: CommitGroup | None = None,
    ) -> None:
        self._scales, self._meta = tuple(scales), tuple(meta)
        self._categories = checked_categories(categories, value_type)
        self.value_type, self._names, self._tags = value_type, names, dict(tags or {})
        own = self.checked_options(options or {}, value_type.dtype)
        self._profile = {**default_options(value_type.dtype, can_compress("ZSTD")), **own}
        self.block_width = int(self._profile["blockxsize"]) if self._profile["tiled"] else TILE
        tile = int(self._profile["blockysize"]) if self._profile.get("tiled") else TILE
        self._rows = TileRows(tile, domain.shape[0], value_type.dtype, value_type.convert, self._write_tiles)
        self._dataset: Any = None
        self._file = ""
        self._errors, self._cache = GdalErrors(), BoundedCache(GDAL_CACHE)
        super().__init__(path, domain, sources, parameter, group)

    @classmethod
    def from_spec(cls, path: str, domain: RasterDomain, spec: OutputSpec) -> GeoTiffSink:
        """The sink that ``spec`` describes."""
        return cls(
            path, domain, spec.value_type, names=spec.names, tags=spec.tags, options=spec.options, sources=spec.sources,
            categories=spec.categories, scales=spec.scales, meta=spec.meta, parameter=spec.parameter, group=spec.group,
        )  # fmt: skip

    @classmethod
    def check(cls, path: str, sources: Iterable[str] | SourceFiles, parameter: str) -> None:
        """Raise :class:`ParameterError` for a target that cannot be a GeoTIFF, or that is read."""
        check_target(path, sources, parameter)

    @staticmethod
    def checked_options(options: Mapping[str, str], dtype: np.dtype) -> dict[str, Any]:
        """The user's creation options in rasterio's spelling; raises :class:`ParameterError`."""
        return checked_options(options, dtype)

    def start(self, bands: int, dtype: np.dtype) -> None:
        """Create the file beside the target."""
        rasterio = load_rasterio()
        height, width = self.domain.shape
        if self._categories and bands != 1:
            raise ParameterError("categories", len(self._categories), f"need one output band, and there are {bands}")
        with gdal_env(), self._writing():
            self._file = self._create()
            self._dataset = rasterio.open(
                self._file, "w", driver="GTiff", height=height, width=width, count=bands,
                dtype=self.value_type.dtype.name, nodata=self.value_type.nodata,
                **creation(self.domain.transform, self.domain.crs, self.domain.control), **self._profile,
            )  # fmt: skip
            write_rpcs(self._dataset, self.domain.control)
            if len(self._names) == bands:
                self._dataset.descriptions = tuple(self._names)
            if len(self._scales) == bands and set(self._scales) != {(1.0, 0.0)}:
                self._dataset.scales, self._dataset.offsets = zip(*self._scales)
            self._dataset.update_tags(**self._tags)
            self._meta = self._meta if len(self._meta) == bands and not self._categories else ()
            write_meta(self._dataset, self._meta)
            if self._categories:
                self._dataset.write_colormap(1, {entry.value: (*entry.colour, 255) for entry in self._categories})

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        """Take ``(bands, rows, cols)`` floats; whole rows of tiles are passed on, each tile once."""
        self._rows.add(row, col, values)

    def _write_tiles(self, row: int, col: int, values: np.ndarray) -> None:
        from rasterio.windows import Window

        with gdal_env(), self._writing():
            self._dataset.write(values, window=Window(col, row, values.shape[2], values.shape[1]))

    def __enter__(self) -> GeoTiffSink:
        super().__enter__()
        self._cache.__enter__()
        return self

    def _room(self) -> PartialFile:
        return PartialFile(self.path, self._parameter)

    def _create(self) -> str:
        """Make the room; the path of the file that rows are written to."""
        return self._partial.create()

    def _started(self) -> bool:
        return self._dataset is not None

    def _complete(self) -> None:
        with gdal_env(), self._writing():
            self._close()
            write_names(self._file, self._categories or names_of(self._meta, self.value_type.nodata))

    def _close(self) -> None:
        """Close the file, and see that all of it is there."""
        self._dataset.close()
        self._dataset = None
        sparse = str(self._profile.get("sparse_ok", "")).upper() in ("TRUE", "YES", "ON", "1")
        self._check_blocks(self._file, sparse)

    def _check_blocks(self, path: str, sparse: bool) -> None:
        missing = missing_blocks(path, sparse)
        if missing:
            suits = f"the disk may be full, or the creation options may not suit {self.value_type.dtype} values"
            raise ValueError(f"{missing} of its blocks were not written; {suits}")

    def _release(self) -> None:
        try:
            if self._dataset is not None:
                with gdal_env(), suppress(Exception):  # whatever it is, it is not what the user has to know
                    self._dataset.close()
        finally:
            self._dataset = None
            self._cache.__exit__()

    def _writing(self) -> AbstractContextManager[None]:
        return self._errors.raising(self._parameter, self.path)
