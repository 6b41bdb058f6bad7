"""The only file that opens raster files, by rasterio.

Reading: windows of chosen bands as float arrays with NaN where the dataset says "no data" (nodata value, internal or
external mask, alpha band) or holds NaN. Writing: tiled, compressed GeoTIFF beside the target, renamed when complete.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .bands import chip_dtype, describe, equal, fill, strip_rows
from .creation_options import TILE, checked_options, default_options
from .domains import PixelWindow, RasterDomain
from .drivers import allowed, disguise, foreign_part
from .errors import ParameterError, RasterReadError, RasterWriteError
from .gdal_environment import BoundedCache, GdalErrors, can_compress, gdal_env, load_rasterio, missing_blocks
from .geometry import is_whole
from .named_classes import checked_categories, write_names
from .partial import PartialFile, check_target
from .values import ValueType

if TYPE_CHECKING:
    from .operators.categories import Category

GDAL_CACHE = 128 << 20


class RasterFile:
    """Chosen bands of a raster file, opened when first read.

    ``bands`` are numbers from 1 in the order wanted, empty for all; ``scaled`` applies the dataset's own scale and
    offset, or where it is a pair those two. ``dtype`` is the chips' type: float32, or float64 where the file has more
    than 24 bits of precision. ``overview`` is the level of the overview to read instead of the pixels, from 0; None
    reads these. ``nodata`` stands for no data in bands that declare none. ``drivers`` are GDAL's that may open it, and
    then nothing beside the file counts; none: those that suit its name, see ``drivers.py``. Not to be read from two
    threads at once. Errors: :class:`RasterReadError`, :class:`ParameterError` for bands and for a description under the
    name of a picture.
    """

    flat = False

    def __init__(
        self,
        path: str,
        bands: Sequence[int] = (),
        scaled: Any = False,
        parameter: str = "input",
        overview: int | None = None,
        nodata: float | None = None,
        drivers: Sequence[str] = (),
    ) -> None:
        self.path, self.scaled, self._parameter = str(path), scaled, parameter
        self._overview, self._nodata, self._drivers = overview, nodata, tuple(drivers)
        self._dataset: Any = None
        with self._env(), self._checked() as dataset:
            self.count = dataset.count
            self.band_numbers = tuple(bands) or tuple(range(1, dataset.count + 1))
            self._check_bands()
            self._bands = tuple(describe(dataset, index, nodata) for index in self.band_numbers)
            if isinstance(scaled, tuple):
                scale, offset = scaled
                self._bands = tuple(replace(band, scale=scale, offset=offset) for band in self._bands)
            self.domain = RasterDomain((dataset.height, dataset.width), dataset.transform, dataset.crs)
            self.gcps = dataset.gcps
            self.overviews = tuple(dataset.overviews(self.band_numbers[0]))
            self.tags: dict[str, str] = dataset.tags()
            block_height = max(shape[0] for shape in dataset.block_shapes)
        self._raw: np.ndarray | None = None
        self._refuse_complex()
        self._raw_dtype = np.result_type(*(band.dtype for band in self._bands))
        self.dtype = np.result_type(*(chip_dtype(band) for band in self._bands))
        self.raw_itemsize = self._raw_dtype.itemsize
        self.strip_rows = strip_rows(block_height, self.domain.shape[0])

    @property
    def bands(self) -> int:
        """Number of chosen bands."""
        return len(self._bands)

    @property
    def band_names(self) -> tuple[str, ...]:
        """Descriptions of the chosen bands; "" where there is none."""
        return tuple(band.name for band in self._bands)

    @property
    def palettes(self) -> tuple[bool, ...]:
        """Whether each chosen band holds numbers of colours, by its colour table."""
        return tuple(band.palette for band in self._bands)

    @property
    def has_scale(self) -> bool:
        """Whether the file declares a scale or an offset for a chosen band."""
        return any((band.scale, band.offset) != (1.0, 0.0) for band in self._bands)

    @property
    def scales(self) -> tuple[float, ...]:
        """The scale of each chosen band; 1 where the file declares none."""
        return tuple(band.scale for band in self._bands)

    @property
    def offsets(self) -> tuple[float, ...]:
        """The offset of each chosen band; 0 where the file declares none."""
        return tuple(band.offset for band in self._bands)

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(bands, height, width)``."""
        return (self.bands, *self.domain.shape)

    @property
    def transform(self) -> Any:
        """The file's transform."""
        return self.domain.transform

    @property
    def crs(self) -> Any:
        """The file's CRS, or None."""
        return self.domain.crs

    def select(self, positions: Sequence[int]) -> RasterFile:
        """The same file with fewer of the chosen bands, by position from 0."""
        numbers = [self.band_numbers[p] for p in positions]
        return RasterFile(self.path, numbers, self.scaled, self._parameter, self._overview, self._nodata, self._drivers)

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` of the chips' type with the window's values, NaN where there is no data."""
        from rasterio.windows import Window

        area = Window(window.col, window.row, window.width, window.height)
        with self._env():
            dataset = self._dataset = self._dataset or self._open()
            raw = self._scratch((len(self._bands), *out.shape[1:]))
            try:
                self._read_raw(dataset, area, raw)
                self._give(dataset, area, raw, out)
            except Exception as error:  # rasterio raises many types here, and all mean the same to the user
                rows = f"rows {window.row}..{window.row_stop - 1}, columns {window.col}..{window.col_stop - 1}"
                raise RasterReadError(f"{self.path}: cannot read {rows}: {_cause(error)}") from error

    def _give(self, dataset: Any, area: Any, raw: np.ndarray, out: np.ndarray) -> None:
        """What is read as ``raw`` as the values that are asked for."""
        masks: dict[int, np.ndarray] = {}
        for k, band in enumerate(self._bands):
            invalid = equal(raw[k], band) if band.mask is None else masks.get(band.mask)
            if band.mask is not None and invalid is None:
                invalid = masks[band.mask] = dataset.read_masks(band.index, window=area) == 0
            fill(out[k], raw[k], invalid, band, bool(self.scaled))

    def _read_raw(self, dataset: Any, area: Any, raw: np.ndarray) -> None:
        if len({band.dtype for band in self._bands}) == 1:
            dataset.read(list(self.band_numbers), window=area, out=raw)
            return
        for band, values in zip(self._bands, raw):  # rasterio does not read bands of several types at once
            dataset.read(band.index, window=area, out=values)

    def _scratch(self, shape: tuple[int, ...]) -> np.ndarray:
        """Room for raw values, used again from read to read: fresh memory costs as much as the decoding."""
        if self._raw is None or self._raw.shape != shape:
            self._raw = np.empty(shape, self._raw_dtype)
        return self._raw

    def close(self) -> None:
        """Close the file; a later read opens it again."""
        self._raw = None
        if self._dataset is not None:
            self._dataset.close()
            self._dataset = None

    def __enter__(self) -> RasterFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _env(self) -> AbstractContextManager[None]:
        return gdal_env(**({"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"} if self._drivers else {}))

    def _checked(self) -> Any:
        """The dataset, opened for the first time: what it would read of other files is refused before it does."""
        dataset = self._opened_by({})
        foreign = foreign_part(self.path, dataset, bool(self._drivers))
        if foreign:
            dataset.close()
            raise RasterReadError(
                f"{self._parameter} is {self.path!r}: {foreign}. Remove that, or convert the raster to a new GeoTIFF"
            )
        if self._overview is None:
            return dataset
        dataset.close()
        return self._open()

    def _open(self) -> Any:
        return self._opened_by({} if self._overview is None else {"overview_level": self._overview})

    def _opened_by(self, options: dict[str, Any]) -> Any:
        rasterio = load_rasterio()
        drivers = self._drivers or allowed(self.path)
        try:
            if not drivers:
                return rasterio.open(self.path, **options)
            from rasterio.io import DatasetReader  # rasterio.open takes one driver only

            return DatasetReader(self.path, driver=list(drivers), **options)
        except (rasterio.errors.RasterioError, OSError) as error:
            disguised = disguise(self.path, refused=True) if drivers else ""
            if disguised:
                raise ParameterError(self._parameter, self.path, disguised) from error
            raise RasterReadError(
                f"{self._parameter} is {self.path!r}: it cannot be opened as a raster ({_cause(error)})"
            ) from error

    def _check_bands(self) -> None:
        if not self.count:
            allowed = "must be a raster with at least one band of its own; choose one of its subdatasets"
            raise ParameterError(self._parameter, self.path, allowed)
        for number in self.band_numbers:
            if not is_whole(number) or not 1 <= number <= self.count:
                raise ParameterError("bands", number, f"must be from 1 to {self.count}, the bands of {self.path}")

    def _refuse_complex(self) -> None:
        for band in self._bands:
            if band.dtype.kind not in "iuf":
                raise ParameterError("bands", band.index, f"holds {band.dtype} values; real numbers are needed")


def _cause(error: BaseException) -> str:
    """GDAL's own words: rasterio hides them behind "see context for details"."""
    deepest = error
    while deepest.__cause__ is not None or deepest.__context__ is not None:
        deepest = deepest.__cause__ or deepest.__context__  # type: ignore[assignment]
    return str(deepest).strip() or type(deepest).__name__


class GeoTiffSink:
    """Writes finished rows to a GeoTIFF on ``domain``; use as a context manager.

    The file is written beside ``path`` and takes its name when everything is written, closed and found complete; on
    any error or cancelling it is removed and whatever was at ``path`` stays. ``value_type`` says how floats become the
    file's type; ``names`` are band descriptions and ``scales`` (scale, offset) of bands, used if their number is that
    of the bands; ``options`` are GDAL creation options over the defaults. ``categories`` name and colour the values of
    a single uint8 or uint16 band: by a colour table in the file, and by names in ``path.aux.xml``, which follows the
    file to its place. Raises :class:`RasterWriteError`.
    """

    def __init__(
        self,
        path: str,
        domain: RasterDomain,
        value_type: ValueType,
        *,
        names: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        sources: Sequence[str] = (),
        gcps: Any = None,
        categories: Sequence[Category] = (),
        scales: Sequence[tuple[float, float]] = (),
        parameter: str = "output",
    ) -> None:
        self._scales = tuple(scales)
        self._categories = checked_categories(categories, value_type)
        self.path, self.domain, self.value_type = os.path.abspath(str(path)), domain, value_type
        self._names, self._tags, self._gcps, self._parameter = names, dict(tags or {}), gcps, parameter
        own = checked_options(options or {}, value_type.dtype)
        self._profile = {**default_options(value_type.dtype, can_compress("ZSTD")), **own}
        self.block_width = int(self._profile["blockxsize"]) if self._profile["tiled"] else TILE
        self._dataset: Any = None
        self._file = ""
        self._buffer: np.ndarray | None = None
        self._errors, self._cache = GdalErrors(), BoundedCache(GDAL_CACHE)
        check_target(self.path, sources, parameter)
        self._partial = PartialFile(self.path)

    def start(self, bands: int, dtype: np.dtype) -> None:
        """Create the file beside the target."""
        rasterio = load_rasterio()
        height, width = self.domain.shape
        if self._categories and bands != 1:
            raise ParameterError("categories", len(self._categories), f"need one output band, and there are {bands}")
        with gdal_env(), self._writing():
            self._file = self._partial.create()
            self._dataset = rasterio.open(
                self._file, "w", driver="GTiff", height=height, width=width, count=bands,
                dtype=self.value_type.dtype.name, crs=self.domain.crs, transform=self.domain.transform,
                nodata=self.value_type.nodata, **self._profile,
            )  # fmt: skip
            if len(self._names) == bands:
                self._dataset.descriptions = tuple(self._names)
            if len(self._scales) == bands and set(self._scales) != {(1.0, 0.0)}:
                self._dataset.scales, self._dataset.offsets = zip(*self._scales)
            self._dataset.update_tags(**self._tags)
            if self._categories:
                self._dataset.write_colormap(1, {entry.value: (*entry.colour, 255) for entry in self._categories})
            if self._gcps and self._gcps[0]:
                self._dataset.gcps = self._gcps

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        """Take ``(bands, rows, cols)`` floats; whole rows of tiles are passed on, each tile once."""
        done, (bands, count, width) = 0, values.shape
        tile = int(self._profile["blockysize"]) if self._profile.get("tiled") else TILE
        while done < count:
            at = (row + done) % tile
            take = min(tile - at, count - done)
            if self._buffer is None or self._buffer.shape != (bands, tile, width):
                self._buffer = np.empty((bands, tile, width), self.value_type.dtype)
            self.value_type.convert(values[:, done : done + take], self._buffer[:, at : at + take])
            done += take
            if at + take == tile or row + done == self.domain.shape[0]:
                self._write_tiles(row + done - at - take, col, self._buffer[:, : at + take])

    def _write_tiles(self, row: int, col: int, values: np.ndarray) -> None:
        from rasterio.windows import Window

        with gdal_env(), self._writing():
            self._dataset.write(values, window=Window(col, row, values.shape[2], values.shape[1]))

    def __enter__(self) -> GeoTiffSink:
        self._cache.__enter__()
        return self

    def __exit__(self, error_type: type | None, *error: object) -> None:
        try:
            if error_type is None and self._dataset is not None:
                self._commit()
        finally:
            self._abandon()
            self._cache.__exit__()

    def _commit(self) -> None:
        with gdal_env(), self._writing():
            self._dataset.close()
            self._dataset = None
            sparse = str(self._profile.get("sparse_ok", "")).upper() in ("TRUE", "YES", "ON", "1")
            missing = missing_blocks(self._file, sparse)
            if missing:
                suits = f"the disk may be full, or the creation options may not suit {self.value_type.dtype} values"
                raise ValueError(f"{missing} of its blocks were not written; {suits}")
            write_names(self._file, self._categories)
        try:
            self._partial.commit()
        except OSError as error:
            raise RasterWriteError(f"{self._parameter} {self.path}: cannot be replaced: {error}") from error

    def _abandon(self) -> None:
        try:
            if self._dataset is not None:
                with gdal_env(), suppress(Exception):  # whatever it is, it is not what the user has to know
                    self._dataset.close()
        finally:
            self._dataset = None
            self._partial.abandon()

    def _writing(self) -> AbstractContextManager[None]:
        return self._errors.raising(self._parameter, self.path)
