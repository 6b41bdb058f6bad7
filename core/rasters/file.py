"""Reading raster files, by rasterio: windows of chosen bands as float arrays with NaN where the dataset says "no data"
(nodata value, internal or external mask, alpha band) or holds NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Callable

import numpy as np

from ..base.checks import is_whole
from ..base.errors import ParameterError, RasterReadError
from ..base.progress import may_go_on
from ..gdal.environment import for_rasterio, gdal_words, load_rasterio
from ..grid.domain import PixelWindow, RasterDomain, slices
from ..grid.ground_control import placement_of
from .band_facts import Facts
from .bands import Band, Bands, describe, fill, strip_rows, unknown
from .opened import OpenedFile
from .raster import RasterReader
from .source_files import SourceFiles
from .source_identity import Stamp
from .view import AS_IN_FILE, RasterView

GDAL_CACHE = 128 << 20
#: Fills an array from a rasterio dataset, a rasterio window, and the stored values there.
Give = Callable[[Any, Any, np.ndarray, np.ndarray], None]
_PIECE_BYTES = 32 << 20  # of raw values that are read at once


class RasterFile(RasterReader):
    """Chosen bands of a raster file. It is open from when it is made until it is closed; a later read opens it again.

    ``bands`` are numbers from 1 in the order wanted, empty for all; ``scaled`` applies the dataset's own scale and
    offset, or where it is a pair those two. ``dtype`` is the chips' type: float32, or float64 where the file has more
    than 24 bits of precision. ``overview`` is the level of the overview to read instead of the pixels, from 0; None
    reads these. ``nodata`` stands for no data in bands that declare none. ``view`` has the settings that differ from
    those of the file. ``drivers`` are those of GDAL that may open it; none: those that suit its name
    (``gdal/drivers.py``). ``alone``: files beside it are not looked at; None: so where there are ``drivers``. What
    :meth:`select` gives is the same open file, and is closed with it. Not to be read from two threads at once. Errors:
    :class:`RasterReadError`, :class:`ParameterError` for bands and for a description under the name of a picture.
    """

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
        self.path, self.scaled, self.view = str(path), scaled, view
        alone = bool(drivers) if alone is None else alone
        self._file = OpenedFile(self.path, parameter, overview, view, drivers, alone)
        with self._file.described() as dataset:
            #: Number of bands of the file, chosen or not.
            self.count = dataset.count
            numbers = tuple(bands) or tuple(range(1, dataset.count + 1))
            self._check_bands(numbers, parameter)
            facts = Facts(dataset)
            each = tuple(describe(facts, index, nodata, view.band(index)) for index in numbers)
            _refuse_complex(each)
            transform, crs, control = placement_of(dataset)
            crs = crs if view.crs is None else _crs_of(view, parameter)
            self.domain = RasterDomain((dataset.height, dataset.width), transform, crs, control)
            self.overviews = tuple(dataset.overviews(numbers[0]))
            self.tags: dict[str, str] = dataset.tags()
            #: Numbers from 1 of the alpha bands of the file.
            self.alpha = tuple(k for k, what in enumerate(facts.colorinterp, 1) if what.name == "alpha")
            blocks = dataset.block_shapes
            block_height = max(shape[0] for shape in blocks)
            tiled = dataset.driver == "GTiff" and len(set(blocks)) == 1
            self._block = blocks[0] if tiled else (block_height, dataset.width)
        #: Bytes of the largest block of one band, which GDAL decodes as a whole.
        self.block_bytes = max(h * w * band.dtype.itemsize for (h, w), band in zip(blocks, each))
        self.strip_rows = strip_rows(block_height, self.domain.shape[0])
        self._describe(Bands(each, self._file.meta).scaled(scaled))

    def _describe(self, described: Bands) -> None:
        super()._describe(described)
        self._bands = described.each
        self._raw: np.ndarray | None = None

    @property
    def stamps(self) -> dict[str, Stamp]:
        """Size and time of the file before it was opened, by its path; empty for what is no plain file."""
        return self._file.stamps

    @property
    def source_files(self) -> SourceFiles:
        """The files that the raster is made of."""
        return SourceFiles((self.path,), (self._file.files,))

    @property
    def closed(self) -> bool:
        """Whether the file is closed, and would be opened by a read."""
        return self._file.closed

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` of the chips' type with the window's values, NaN where there is no data."""
        self._read(window, out, self._give)

    @property
    def stored(self) -> RasterFile:
        """The raster itself."""
        return self

    def read_stored(self, window: PixelWindow, out: np.ndarray, masked: bool) -> None:
        """As :meth:`StoredRaster.read_stored`."""
        self._read(window, out, partial(self._give_stored, masked=masked))

    def _read(self, window: PixelWindow, out: np.ndarray, give: Give) -> None:
        for part in self._pieces(window):
            may_go_on()
            rows, cols = slices(part, window)
            self._read_piece(part, out[:, rows, cols], give)

    def _pieces(self, window: PixelWindow) -> Iterator[PixelWindow]:
        """The window in pieces of a bounded size, between which a run can be cancelled; no block is in two of them.

        Tiled GeoTIFFs are divided by columns; other files by rows, as their blocks may be whole rows.
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

    def _read_piece(self, window: PixelWindow, out: np.ndarray, give: Give) -> None:
        from rasterio.windows import Window

        area = Window(window.col, window.row, window.width, window.height)
        with self._file.using() as dataset:
            raw = self._scratch((len(self._bands), *out.shape[1:]))
            try:
                self._read_raw(dataset, area, raw)
                give(dataset, area, raw, out)
            except Exception as error:  # rasterio raises many types here, and all mean the same to the user
                rows = f"rows {window.row}..{window.row_stop - 1}, columns {window.col}..{window.col_stop - 1}"
                raise RasterReadError(f"{self.path}: cannot read {rows}: {gdal_words(error)}") from error

    def _give(self, dataset: Any, area: Any, raw: np.ndarray, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` with the values for ``raw``, the stored ones of rasterio's window ``area``."""
        masks: dict[int, np.ndarray] = {}
        for k, band in enumerate(self._bands):
            if band.mask is not None and band.mask not in masks:
                masks[band.mask] = dataset.read_masks(band.index, window=area) == 0
            masked = None if band.mask is None else masks[band.mask]
            fill(out[k], raw[k], unknown(raw[k], band, masked), band, bool(self.scaled))

    def _give_stored(self, dataset: Any, area: Any, raw: np.ndarray, out: np.ndarray, masked: bool) -> None:
        out[:-1] = raw
        first = self._bands[0]
        out[-1] = dataset.read_masks(first.index, window=area) > 0 if masked else 1
        if first.hidden is not None:
            out[-1][first.hidden.of(raw[0])] = 0

    def _read_raw(self, dataset: Any, area: Any, raw: np.ndarray) -> None:
        if len({band.dtype for band in self._bands}) == 1:
            dataset.read(list(self.band_numbers), window=area, out=for_rasterio(raw))
            return
        for band, values in zip(self._bands, raw):  # rasterio does not read bands of several types at once
            dataset.read(band.index, window=area, out=for_rasterio(values))

    def _scratch(self, shape: tuple[int, ...]) -> np.ndarray:
        """Room for raw values, used again from read to read: fresh memory costs as much as the decoding."""
        if self._raw is None or self._raw.shape != shape:
            self._raw = np.empty(shape, self.described.raw_dtype)
        return self._raw

    def close(self) -> None:
        """Close the file, and with it what was selected of it; a later read opens it again."""
        self._raw = None
        self._file.close()

    def _check_bands(self, numbers: Sequence[int], parameter: str) -> None:
        if not self.count:
            allowed = "must be a raster with at least one band of its own; choose one of its subdatasets"
            raise ParameterError(parameter, self.path, allowed)
        for number in numbers:
            if not is_whole(number) or not 1 <= number <= self.count:
                raise ParameterError("bands", number, f"must be from 1 to {self.count}, the bands of {self.path}")


def _refuse_complex(bands: Sequence[Band]) -> None:
    for band in bands:
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
