"""Reading raster files, by rasterio: windows of chosen bands as float arrays with NaN where the dataset says "no data"
(nodata value, internal or external mask, alpha band) or holds NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.checks import is_whole
from ..base.errors import ParameterError, PatchwiseError, RasterReadError
from ..base.progress import may_go_on
from ..gdal.drivers import allowed, disguise, foreign_part
from ..gdal.environment import (
    for_rasterio,
    gdal_env,
    gdal_words,
    load_rasterio,
)
from ..grid.domain import PixelWindow, RasterDomain, slices
from ..grid.ground_control import placement_of
from .band_facts import Facts
from .band_meta import BandMeta, read_meta
from .bands import chip_dtype, describe, fill, strip_rows, unknown
from .source_files import Found, SourceFiles, files_of
from .source_identity import SourceIdentity, Stamp, stamp_of
from .view import AS_IN_FILE, RasterView

if TYPE_CHECKING:
    pass

GDAL_CACHE = 128 << 20
_PIECE_BYTES = 32 << 20  # of raw values that are read at once


class RasterFile:
    """Chosen bands of a raster file, opened when first read.

    ``bands`` are numbers from 1 in the order wanted, empty for all; ``scaled`` applies the dataset's own scale and
    offset, or where it is a pair those two. ``dtype`` is the chips' type: float32, or float64 where the file has more
    than 24 bits of precision. ``overview`` is the level of the overview to read instead of the pixels, from 0; None
    reads these. ``nodata`` stands for no data in bands that declare none. ``view`` says what is not as in the file.
    ``drivers`` are GDAL's that may open it; none: those that suit its name (``gdal/drivers.py``). ``alone``: nothing
    beside the file counts; None: where there are ``drivers``. Not to be read from two threads at once. Errors:
    :class:`RasterReadError`, :class:`ParameterError` for bands and for a description under the name of a picture.
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
        view: RasterView = AS_IN_FILE,
        drivers: Sequence[str] = (),
        alone: bool | None = None,
    ) -> None:
        self.path, self.scaled, self._parameter = str(path), scaled, parameter
        self._overview, self._nodata, self.view, self._drivers = overview, nodata, view, tuple(drivers)
        self._alone = bool(drivers) if alone is None else alone
        self._dataset: Any = None
        at = stamp_of(self.path)
        #: What the file itself was like before it was opened, by its path; nothing of what is no plain file.
        self.stamps: dict[str, Stamp] = {} if at is None else {self.path: at}
        with self._env(), self._describing(), self._checked() as dataset:
            self.count = dataset.count
            self.band_numbers = tuple(bands) or tuple(range(1, dataset.count + 1))
            self._check_bands()
            facts = Facts(dataset)
            self._bands = tuple(describe(facts, index, nodata, view.band(index)) for index in self.band_numbers)
            if isinstance(scaled, tuple):
                scale, offset = scaled
                self._bands = tuple(replace(band, scale=scale, offset=offset) for band in self._bands)
            transform, crs, control = placement_of(dataset)
            crs = crs if view.crs is None else _crs_of(view, parameter)
            self.domain = RasterDomain((dataset.height, dataset.width), transform, crs, control)
            self.overviews = tuple(dataset.overviews(self.band_numbers[0]))
            self.tags: dict[str, str] = dataset.tags()
            blocks = dataset.block_shapes
            block_height = max(shape[0] for shape in blocks)
            tiled = dataset.driver == "GTiff" and len(set(blocks)) == 1
            self._block = blocks[0] if tiled else (block_height, dataset.width)
        #: Bytes of the largest block of one band, which GDAL decodes as a whole.
        self.block_bytes = max(h * w * band.dtype.itemsize for (h, w), band in zip(blocks, self._bands))
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

    @cached_property
    def band_meta(self) -> tuple[BandMeta, ...]:
        """What follows the chosen bands: wavelengths, classes. The file is opened for it when it is asked for."""
        with gdal_env(), self._open() as dataset:
            return read_meta(dataset, self.band_numbers)

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

    @cached_property
    def source_files(self) -> SourceFiles:
        """The files that the raster is made of."""
        return SourceFiles((self.path,), (self._find_files,))

    def identity(self) -> SourceIdentity:
        """What the files are like now."""
        return SourceIdentity.of(self.source_files.paths, self.source_files.complete)

    def _find_files(self) -> Found:
        with gdal_env(), self._open() as dataset:
            return files_of(self.path, dataset.files, dataset.driver, _listed)

    def select(self, positions: Sequence[int]) -> RasterFile:
        """The same file with fewer of the chosen bands, by position from 0."""
        numbers = [self.band_numbers[p] for p in positions]
        how = self.scaled, self._parameter, self._overview, self._nodata, self.view, self._drivers, self._alone
        return RasterFile(self.path, numbers, *how)

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` of the chips' type with the window's values, NaN where there is no data."""
        for part in self._pieces(window):
            may_go_on()
            rows, cols = slices(part, window)
            self._read_piece(part, out[:, rows, cols])

    def _pieces(self, window: PixelWindow) -> Iterator[PixelWindow]:
        """The window in pieces of a bounded size, between which a run can be cancelled; no block is in two of them.

        Tiles of a GeoTIFF are divided by columns; other files by rows, as what lies behind them may be whole rows.
        """
        (height, width), most = self._block, _PIECE_BYTES // (len(self._bands) * self.raw_itemsize)
        if window.pixels <= most:
            yield window
        elif width < self.domain.shape[1]:
            step = max(1, most // window.height // width) * width
            for col in range(window.col // step * step, window.col_stop, step):
                yield PixelWindow(window.row, col, window.height, step).intersect(window)
        else:
            step = max(1, most // window.width // height) * height
            for row in range(window.row // step * step, window.row_stop, step):
                yield PixelWindow(row, window.col, step, window.width).intersect(window)

    def _read_piece(self, window: PixelWindow, out: np.ndarray) -> None:
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
                raise RasterReadError(f"{self.path}: cannot read {rows}: {gdal_words(error)}") from error

    def _give(self, dataset: Any, area: Any, raw: np.ndarray, out: np.ndarray) -> None:
        """What is read as ``raw`` as the values that are asked for."""
        masks: dict[int, np.ndarray] = {}
        for k, band in enumerate(self._bands):
            if band.mask is not None and band.mask not in masks:
                masks[band.mask] = dataset.read_masks(band.index, window=area) == 0
            masked = None if band.mask is None else masks[band.mask]
            fill(out[k], raw[k], unknown(raw[k], band, masked), band, bool(self.scaled))

    def _read_raw(self, dataset: Any, area: Any, raw: np.ndarray) -> None:
        if len({band.dtype for band in self._bands}) == 1:
            dataset.read(list(self.band_numbers), window=area, out=for_rasterio(raw))
            return
        for band, values in zip(self._bands, raw):  # rasterio does not read bands of several types at once
            dataset.read(band.index, window=area, out=for_rasterio(values))

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
        return gdal_env(**({"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"} if self._alone else {}))

    def _checked(self) -> Any:
        """The dataset, opened for the first time: what it would read of other files is refused before it does."""
        dataset = self._opened_by({})
        foreign = foreign_part(self.path, dataset, self._alone)
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
        options = {**dict(self.view.options), **options}
        try:
            if not drivers:
                return rasterio.open(self.path, **options)
            from rasterio.io import DatasetReader  # rasterio.open takes one driver only

            return DatasetReader(self.path, driver=list(drivers), **options)
        except Exception as error:  # of a damaged header rasterio raises many types, and all mean the same to the user
            disguised = disguise(self.path, refused=True) if drivers else ""
            if disguised:
                raise ParameterError(self._parameter, self.path, disguised) from error
            raise self._unreadable(error) from error

    @contextmanager
    def _describing(self) -> Iterator[None]:
        """What a header says may be damaged too, and shows when it is asked for."""
        try:
            yield
        except PatchwiseError:
            raise
        except Exception as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> RasterReadError:
        text = f"{self._parameter} is {self.path!r}: it cannot be opened as a raster ({gdal_words(error)})"
        return RasterReadError(text)

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


def _crs_of(view: RasterView, parameter: str) -> Any:
    """The CRS that a view says, as rasterio's, or None."""
    rasterio = load_rasterio()
    try:
        return rasterio.crs.CRS.from_user_input(view.crs) if view.crs else None
    except rasterio.errors.CRSError as error:
        allowed = "is no coordinate reference system that GDAL understands: choose another for the layer"
        raise ParameterError(f"{parameter} CRS", view.crs, allowed) from error


def _listed(path: str) -> Sequence[str]:
    """The files of a VRT as GDAL lists them; none where it cannot be opened."""
    rasterio = load_rasterio()
    try:
        with rasterio.open(path, driver="VRT") as dataset:
            return list(dataset.files)
    except (rasterio.errors.RasterioError, OSError):
        return []
