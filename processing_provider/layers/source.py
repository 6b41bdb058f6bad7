"""A layer read through its own data provider, as a row source of the core.

For layers whose pixels GDAL does not open by name: WMS, tiles, WCS, PostGIS raster, virtual raster. The provider is
cloned in the main thread and read in the thread that asks. Blocks have fixed places on the layer's grid and are always
asked for whole, since a server may draw a map differently for another frame. Law: a window is that part of the whole.
"""

import copy
import itertools
import threading
import time
from dataclasses import replace

import numpy as np
from qgis.core import Qgis, QgsProviderRegistry, QgsRasterBlockFeedback, QgsRectangle
from qgis.PyQt.QtCore import QCoreApplication, Qt, QThread, QUrl

from ...core.base.errors import Cancelled, ParameterError, RasterReadError
from ...core.base.secrets import without_secrets
from ...core.grid.domain import PixelWindow, apply
from ...core.loop.read_ahead import CallerThread
from ...core.rasters.bands import Band, Bands, fill, unknown
from ...core.rasters.raster import RasterReader
from ...core.rasters.source_files import source_files
from ...core.rasters.source_identity import SourceIdentity
from ...core.rasters.view import hidden
from ..feedback import settled
from ..parameters.sources import names_of_layer
from . import tiles as layer_tiles
from .grid import layer_domain, reader_of
from .log_listener import LogListener, missing_on_server
from .view import view_of

BLOCK = (512, 1024)  # rows and columns of one request
ATTEMPTS, WAITS = 3, (1.0, 3.0)  # seconds between attempts
COLOURS = {"red": 16, "green": 8, "blue": 0}  # bands of a colour image, and where their bits are
_ALPHA = 24
_TYPES = {
    "Byte": "u1",
    "Int8": "i1",
    "UInt16": "u2",
    "Int16": "i2",
    "UInt32": "u4",
    "Int32": "i4",
    "Float32": "f4",
    "Float64": "f8",
}
#: The parts of a layer's source that hold no secrets.
_PUBLIC = (
    "url type layers identifier styles tileMatrixSet zmin zmax crs format path layerName dbname host port schema table"
).split()
_serial = itertools.count(1)


class LayerSource(RasterReader):
    """Chosen bands of a raster layer, as :class:`~patchwise.core.RasterFile` gives those of a file.

    A colour image (WMS, tiles) has the bands red, green and blue, 0 to 255, unknown where it is fully transparent.
    Other layers have their own bands, with the provider's scale and offset applied, unknown where the layer's nodata
    settings say so. ``scaled`` is a further pair ``(scale, offset)``, or False. To be made in the main thread.

    Sources that :meth:`select` gives share the provider and take turns: a clone of a clone may lack parts of it.
    """

    overviews = ()

    def __init__(self, layer, bands=(), resolution=None, scaled=False, parameter="INPUT", resolution_name="RESOLUTION"):
        if layer is None or not layer.isValid() or layer.dataProvider() is None:
            raise ParameterError(parameter, layer.name() if layer else None, "must be a raster layer that can be read")
        provider = layer.dataProvider()
        self.name, self.path, self.scaled = layer.name(), public_source(layer), scaled
        self.domain = layer_domain(layer, resolution, resolution_name)
        self._provider, self._finer = reader_of(layer, self.domain)
        self._colours, self.view, self._turn = _is_colour(provider), view_of(layer), threading.Lock()
        count = len(COLOURS) if self._colours else provider.bandCount()
        numbers = tuple(bands) or tuple(range(1, count + 1))
        for number in numbers:
            if not 1 <= number <= count:
                raise ParameterError("bands", number, f"must be from 1 to {count}, the bands of {layer.name()}")
        self.strip_rows = min(BLOCK[0], self.domain.shape[0])
        self._describe(Bands(tuple(self._band(number) for number in numbers)).scaled(scaled))
        parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), provider.dataSourceUri())
        self._host, self._authcfg = QUrl(parts.get("url", "")).host(), parts.get("authcfg", "")
        self._uri, self._feedback = self._provider.dataSourceUri(), None
        self.tags = {}  # a server has none
        self._files = source_files(filter(None, names_of_layer(layer)))
        self.missing = set()  # addresses of tiles that the server does not have
        self._tiles = None
        self._held = {}  # the blocks that were read last, all of the same rows

    def _band(self, number):
        if self._colours:
            return Band(number, list(COLOURS)[number - 1], np.dtype("u1"), None, None, 1.0, 0.0)
        kind = _type_of(self._provider, number)
        if kind is None:
            raise ParameterError("bands", number, f"of {self.name} does not hold real numbers, which are needed")
        palette = self._provider.colorInterpretation(number) == Qgis.RasterColorInterpretation.PaletteIndex
        description = self._provider.bandDescription(number).strip()
        ranges = hidden(self.view.band(number).ranges, kind)
        return Band(number, description, kind, None, None, 1.0, 0.0, palette, ranges)

    def identity(self):
        """The :class:`SourceIdentity` of the local files behind the layer; of a server nothing is known."""
        return SourceIdentity.of(self.source_files.paths, complete=False)

    @property
    def source_files(self):
        """The files behind the layer, as far as its provider names them."""
        return self._files

    @property
    def reader(self):
        """:class:`CallerThread` where the main thread runs the loop, so that it also reads; else None.

        QGIS asks for passwords and counts time-outs in the main thread: a request in another thread would never end
        while the main thread waits for it.
        """
        in_main = QThread.currentThread() == QCoreApplication.instance().thread()
        return CallerThread() if in_main else None

    def select(self, positions):
        """The same layer with fewer of the chosen bands, by position from 0."""
        other = copy.copy(self)
        other.missing, other._held = set(), {}
        other._describe(self.described.select(positions))
        return other

    def follow(self, feedback):
        """Cancel requests as soon as ``feedback`` is cancelled, and warn there of missing tiles on :meth:`close`."""
        self._feedback = feedback

    def read(self, window, out):
        """Fill ``out`` ``(bands, h, w)`` of the chips' type with the window's values, NaN where unknown."""
        for block in _blocks(window, self.domain.shape):
            if any(block.row != held.row for held in self._held):
                self._held.clear()  # rows are read from top to bottom, but not always all columns at once
            if block not in self._held:
                self._held[block] = self._block(block)
            part = block.intersect(window)
            inside = _slices(part, block)
            target = out[(slice(None), *_slices(part, window))]
            for values, (raw, invalid), band in zip(target, self._held[block], self.described.each):
                fill(values, raw[inside], None if invalid is None else invalid[inside], band, bool(self.scaled))

    def close(self):
        """Warn of tiles that the server does not have, and drop the blocks held; reading can go on later."""
        if self._feedback is not None and self.missing:
            text = QCoreApplication.translate(
                "Patchwise",
                "{count} tiles are not on the server of {layer} and became nodata, the first of them {tile}.",
            )
            tile = without_secrets(min(self.missing))
            self._feedback.pushWarning(text.format(count=len(self.missing), layer=self.name, tile=tile))
        self.missing = set()
        self._held.clear()

    def __exit__(self, error_type, *error):
        self.close()
        if error_type is not None:
            # QGIS keeps exceptions, and with them this object, until it ends; files must not stay open for so long.
            self._provider = None

    def _block(self, block):
        """Raw values and where they are unknown (or None), of each chosen band."""
        problem, gaps = "", self._gaps(block)
        if gaps is not None and gaps.all():
            return [(np.zeros(gaps.shape, band.dtype), gaps) for band in self.described.each]
        for attempt in range(ATTEMPTS):
            if attempt:
                self._wait(WAITS[attempt - 1])
            values, problem = self._attempt(block)
            if not problem:
                return values if gaps is None else [(raw, _either(invalid, gaps)) for raw, invalid in values]
        rows = f"rows {block.row}..{block.row_stop - 1}, columns {block.col}..{block.col_stop - 1}"
        raise RasterReadError(f"{self.name}: cannot read {rows} after {ATTEMPTS} attempts: {without_secrets(problem)}")

    def _attempt(self, block):
        with self._turn:
            return self._asked(block)

    def _asked(self, block):
        provider = self._provider
        # QGIS logs no more than 100 failures of one address: each attempt has an address of its own.
        if provider.name() == "wms":
            provider.setDataSourceUri(f"{self._uri}&patchwise={next(_serial)}")
        feedback = settled(QgsRasterBlockFeedback())
        if self._feedback is not None:
            self._feedback.canceled.connect(feedback.cancel, Qt.ConnectionType.DirectConnection)
            if self._feedback.isCanceled():
                raise Cancelled
        with LogListener(self._host, provider.name()) as heard:
            numbers = (1,) if self._colours else self.band_numbers
            size = self._finer * block.width, self._finer * block.height
            blocks = [provider.block(number, self._extent(block), *size, feedback) for number in numbers]
        if feedback.isCanceled():
            raise Cancelled
        if heard.problems:
            if not provider.nativeResolutions() or not missing_on_server(heard.problems, self._authcfg):
                return None, next(iter(heard.problems.values()))
            self.missing |= set(heard.problems)
        for got in blocks:
            if not got.isValid() or (got.width(), got.height()) != size:
                return None, got.error().summary() or provider.error().summary() or "the provider gave nothing"
        if feedback.errors():
            return None, "; ".join(feedback.errors())
        if self._colours:
            return self._split(blocks[0]), ""
        return [self._numbers(got, band) for got, band in zip(blocks, self.described.each)], ""

    def _gaps(self, block):
        """``(h, w)`` bool: where the table of a PostGIS raster has no tile; None for other providers."""
        if self._provider.name() != layer_tiles.PROVIDER:
            return None
        if self._tiles is None:
            self._tiles = layer_tiles.tile_windows(self._uri, self.domain, self.name)
        return layer_tiles.without_tile(self._tiles, block)

    def _split(self, block):
        """The chosen colours of an image, unknown where it is transparent."""
        pixels = self._pixels(block, "=u4")
        alpha = (pixels >> _ALPHA).astype(np.uint8)
        colours = [(pixels >> COLOURS[band.name]).astype(np.uint8) for band in self.described.each]
        if block.dataType() == Qgis.DataType.ARGB32_Premultiplied:
            whole = np.maximum(alpha, 1).astype(np.uint16)
            colours = [np.minimum((255 * values.astype(np.uint16) + whole // 2) // whole, 255) for values in colours]
        return [(values, alpha == 0) for values in colours]

    def _numbers(self, block, band):
        raw = self._pixels(block, band.dtype).copy()
        return raw, unknown(raw, replace(band, nodata=block.noDataValue() if block.hasNoDataValue() else None))

    def _pixels(self, block, dtype):
        """``(h, w)``: the block's pixels on the grid; where it was asked for finer ones, those in the middle."""
        pixels = np.frombuffer(block.data(), dtype).reshape(block.height(), block.width())
        return pixels[self._finer // 2 :: self._finer, self._finer // 2 :: self._finer]

    def _extent(self, block):
        left, top = apply(self.domain.transform, block.col, block.row)
        right, bottom = apply(self.domain.transform, block.col_stop, block.row_stop)
        return QgsRectangle(left, bottom, right, top)

    def _wait(self, seconds):
        """Wait so many seconds; raises :class:`Cancelled` once the run is cancelled."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._feedback is not None and self._feedback.isCanceled():
                raise Cancelled
            time.sleep(0.05)


def public_source(layer):
    """A layer's source in one line, without user, password, keys and tokens."""
    registry, kind = QgsProviderRegistry.instance(), layer.providerType()
    parts = registry.decodeUri(kind, layer.dataProvider().dataSourceUri())
    if not parts:
        return f"{kind}:{layer.name()}"
    kept = {key: value for key, value in parts.items() if key in _PUBLIC}
    if kept.get("url"):
        kept["url"] = without_secrets(QUrl.fromPercentEncoding(str(kept["url"]).encode()))
    return f"{kind}:" + "&".join(f"{key}={value}" for key, value in sorted(kept.items()) if value not in (None, ""))


def _either(one, other):
    """Where one of two masks holds; the first may be None."""
    return other if one is None else one | other


def _is_colour(provider):
    return provider.dataType(1) in (Qgis.DataType.ARGB32, Qgis.DataType.ARGB32_Premultiplied)


def _type_of(provider, number):
    """The numpy type of a band's values as the provider gives them, None where they are no real numbers."""
    kinds = {getattr(Qgis.DataType, name): kind for name, kind in _TYPES.items() if hasattr(Qgis.DataType, name)}
    kind = kinds.get(provider.dataType(number))
    return None if kind is None else np.dtype(kind)


def _blocks(window, shape):
    """The blocks of fixed place that the window touches, row by row."""
    whole, (height, width) = PixelWindow(0, 0, *shape), BLOCK
    for row in range(window.row - window.row % height, window.row_stop, height):
        for col in range(window.col - window.col % width, window.col_stop, width):
            yield PixelWindow(row, col, height, width).intersect(whole)


def _slices(part, whole):
    """Rows and columns of ``part`` within an array of ``whole``."""
    row, col = part.row - whole.row, part.col - whole.col
    return slice(row, row + part.height), slice(col, col + part.width)
