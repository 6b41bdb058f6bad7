"""Writing finished rows to a tiled, compressed GeoTIFF beside the target, which is renamed when complete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

import numpy as np

from ..gdal.environment import BoundedCache, GdalErrors, can_compress, gdal_env, load_rasterio, missing_blocks
from ..grid.domain import RasterDomain
from ..grid.ground_control import creation, write_rpcs
from .band_meta import names_of, write_meta
from .class_names import write_names
from .creation_options import TILE, checked_options, default_options
from .file import GDAL_CACHE
from .partial import PartialFile, check_target
from .sink import RasterSink
from .source_files import SourceFiles
from .tile_rows import TileRows
from .values import ValueType


class GeoTiffSink(RasterSink):
    """Writes finished rows to a GeoTIFF on ``domain``; use as a context manager.

    ``value_type`` and ``more`` are those of :class:`~patchwise.core.rasters.sink.OutputSpec`; ``options`` are GDAL's.
    ``categories`` become a colour table in the file, and names in ``path.aux.xml``, which follows the file to its
    place. For ``sources`` and ``group`` see :class:`RasterSink`. Raises :class:`RasterWriteError`.
    """

    ENDINGS = (".tif", ".tiff")

    def __init__(self, path: str, domain: RasterDomain, value_type: ValueType, **more: Any) -> None:
        self.value_type = value_type
        self._dataset: Any = None
        self._file = ""
        self._errors, self._cache = GdalErrors(), BoundedCache(GDAL_CACHE)
        super().__init__(path, domain, value_type, **more)

    def _prepare(self) -> None:
        dtype = self.value_type.dtype
        own = self.checked_options(self.spec.options, dtype)
        self._profile = {**default_options(dtype, can_compress("ZSTD")), **own}
        self.block_width = int(self._profile["blockxsize"]) if self._profile["tiled"] else TILE
        tile = int(self._profile["blockysize"]) if self._profile.get("tiled") else TILE
        self._rows = TileRows(tile, self.domain.shape[0], dtype, self.value_type.convert, self._write_tiles)

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
        spec = self.spec = self.spec.of(bands)
        with gdal_env(), self._writing():
            self._file = self._create()
            self._dataset = rasterio.open(
                self._file,
                "w",
                driver="GTiff",
                height=height,
                width=width,
                count=bands,
                dtype=self.value_type.dtype.name,
                nodata=self.value_type.nodata,
                **creation(self.domain.transform, self.domain.crs, self.domain.control),
                **self._profile,
            )
            write_rpcs(self._dataset, self.domain.control)
            if spec.names:
                self._dataset.descriptions = tuple(spec.names)
            if spec.scales:
                self._dataset.scales, self._dataset.offsets = zip(*spec.scales)
            self._dataset.update_tags(**spec.tags)
            write_meta(self._dataset, spec.meta)
            if spec.categories:
                self._dataset.write_colormap(1, {entry.value: (*entry.colour, 255) for entry in spec.categories})

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
            write_names(self._file, self.spec.categories or names_of(self.spec.meta, self.value_type.nodata))

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
                with gdal_env(), suppress(Exception):  # the file is thrown away, and the first error is raised
                    self._dataset.close()
        finally:
            self._dataset = None
            self._cache.__exit__()

    def _writing(self) -> AbstractContextManager[None]:
        return self._errors.raising(self._parameter, self.path)
