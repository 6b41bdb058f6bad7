"""Bands of Sentinel-2 items as one source of rows: read over HTTP, mosaicked, on one grid."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

from ..base.errors import Cancelled, ParameterError, RasterReadError, StacError
from ..base.progress import wait_until
from ..base.secrets import without_secrets
from ..gdal.drivers import SCENES
from ..gdal.environment import gdal_env, gdal_words, heard, load_rasterio
from ..grid.crs import transform_points
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.row_source import RowReader
from ..rasters.aligned import Warped, on_grid
from ..rasters.file import RasterFile
from .places import Box, PlacedBox
from .remote import Asked, Network, Unreadable, final_address, pause

#: ``sign(href, fresh)``: the address to read from; with ``fresh``, one with a new signature.
Signer = Callable[[str, bool], str]
_STRIP_ROWS = 512
_DAMAGED = 3  # attempts where the server answers but its data cannot be used
_SIGNATURES = 2  # new signatures for one window
_SNAP = 1e-6  # pixels


def grid_of(box: Box, epsg: int, resolution: float, area: PlacedBox | None = None) -> RasterDomain:
    """The pixels of ``resolution`` metres that hold a box ``(west, south, east, north)`` of degrees, or the ``area``.

    Their edges are multiples of the resolution, as those of all Sentinel-2 tiles are, so that scenes of different days
    have the same grid. Law: an area in EPSG:``epsg`` with such edges is the extent of the result.
    """
    rasterio = load_rasterio()
    area = PlacedBox(*box, "EPSG:4326") if area is None else area
    x, y = transform_points(*area.outline(), area.crs, f"EPSG:{epsg}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ParameterError("bbox", box, f"must have a place in EPSG:{epsg}")
    left, bottom = (math.floor(v.min() / resolution + _SNAP) for v in (x, y))
    right, top = (math.ceil(v.max() / resolution - _SNAP) for v in (x, y))
    with gdal_env():
        crs = rasterio.crs.CRS.from_epsg(epsg)
    transform = rasterio.Affine(resolution, 0, left * resolution, 0, -resolution, top * resolution)
    return RasterDomain((top - bottom, right - left), transform, crs)


@dataclass(frozen=True)
class RemoteAsset:
    """One band of one item: its address, and how digital numbers become values: ``(DN + shift) * scale``, at least
    ``lowest``.
    """

    href: str
    item: str
    band: str
    shift: float = 0.0
    scale: float = 1.0
    lowest: float = -math.inf


class RemoteBand:
    """An asset on the output's grid, opened when first read. Law: ``read`` returns all pixels of a window, or raises.

    0 is no data, as in all bands of Sentinel-2. A refused address is signed again; after a busy server or a broken
    connection the request is repeated, with waits, up to the network's ``attempts``.
    """

    def __init__(
        self, asset: RemoteAsset, domain: RasterDomain, sign: Signer, network: Network, cancelled: Asked | None
    ) -> None:
        self.asset, self._domain, self._sign, self._network = asset, domain, sign, network
        self._cancelled = cancelled
        self._reader: Any = None
        self._outside = False
        #: Pixels of the grid over which a value is interpolated from neighbours; 0 where it is not interpolated.
        self.reach = 0
        self._url, self._target, self._attempts = "", "", 0
        self._busy, self._abandoned = threading.Lock(), False

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)`` of the grid."""
        return self._domain.shape

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(h, w)`` with the window's values, NaN where there is no data."""
        try:
            with self._busy:
                self._read(window, out)
        finally:
            if self._abandoned:
                self.close()

    def close(self) -> None:
        """Close the file; if it is being read, it is closed after that read, which is not repeated."""
        self._abandoned = True
        if self._busy.acquire(blocking=False):
            try:
                self._drop()
                self._abandoned = False
            finally:
                self._busy.release()

    def _read(self, window: PixelWindow, out: np.ndarray) -> None:
        if self._outside:
            out[...] = np.nan
            return
        signatures, damaged = 0, 0
        for attempt in range(1, self._network.attempts + 1):
            try:
                self._once(window, out)
                return
            except Unreadable as error:
                self._drop()
                if self._abandoned:
                    raise Cancelled from error
                error.ask(self._url, self._network)
                signatures += error.expired
                damaged += error.damaged
                last = attempt == self._network.attempts or error.final
                if last or signatures > _SIGNATURES or damaged >= _DAMAGED:
                    raise RasterReadError(self._sentence(error, window, attempt)) from error
                if not error.expired:
                    pause(self._network.wait(attempt), self._cancelled)
                self._url = self._signed(error.expired)

    def _once(self, window: PixelWindow, out: np.ndarray) -> None:
        """One attempt; the file stays open for the next window."""
        messages: list[str] = []
        rasterio = load_rasterio()
        self._url = self._url or self._signed(False)
        if self._reader is None and not self._outside:
            self._target = self._followed()
        with rasterio.Env(**self._network.gdal_options(self._target)), heard(messages):
            try:
                if self._reader is None and not self._outside:
                    self._reader = self._opened()
                if self._outside:
                    out[...] = np.nan
                    return
                self._reader.read(window, out[np.newaxis])
            except RasterReadError as error:
                messages.append(gdal_words(error))
            if messages:  # some failures GDAL only reports, and returns pixels that were never read
                raise Unreadable(without_secrets("; ".join(dict.fromkeys(messages))))
        if (self.asset.shift, self.asset.scale) != (0.0, 1.0):
            out += out.dtype.type(self.asset.shift)
            out *= out.dtype.type(self.asset.scale)
            np.maximum(out, self.asset.lowest, out=out)

    def _opened(self) -> Any:
        path = gdal_path(self._target, self._attempts)
        categorical = self.asset.band == "SCL"
        raster = RasterFile(path, nodata=0, parameter=self.asset.band, drivers=SCENES)
        level = None if categorical else _overview(raster, self._domain)
        if level is not None:
            raster.close()
            raster = RasterFile(path, nodata=0, parameter=self.asset.band, overview=level, drivers=SCENES)
        if not raster.crs or raster.transform is None:
            raster.close()
            place = f"{self.asset.band} of {self.asset.item} at {without_secrets(self._url)}"
            raise StacError(f"{place} has no coordinate reference system: nobody knows where its pixels lie")
        method = "nearest" if categorical else "bilinear"
        try:
            reader = on_grid(raster, self._domain, _STRIP_ROWS, method, self.asset.band)
            if isinstance(reader, Warped) and not categorical:
                self.reach = math.ceil(max(abs(raster.transform.a / self._domain.transform.a), 1))
            return reader
        except ParameterError:  # no overlap: the footprint reached further than the pixels
            raster.close()
            self._outside = True
            return None

    def _signed(self, fresh: bool) -> str:
        # GDAL caches results by address, failures included: a fragment, which is not sent, makes a new address.
        self._attempts += 1
        self._network.refuse(self.asset.href)
        return self._sign(self.asset.href, fresh)

    def _followed(self) -> str:
        """The address for GDAL: for a public catalogue the end of all redirects, which GDAL would follow unchecked."""
        public = not self._network.inner and self._url.startswith("http")
        return final_address(self._url, self._network) if public else self._url

    def _drop(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _sentence(self, error: Unreadable, window: PixelWindow, attempt: int) -> str:
        rows = f"rows {window.row}..{window.row_stop - 1}, columns {window.col}..{window.col_stop - 1}"
        tries = "attempt" if attempt == 1 else "attempts"
        return (
            f"{self.asset.band} of {self.asset.item} could not be read ({rows} of the output) from "
            f"{without_secrets(self._url)}: {error}, after {attempt} {tries}"
        )


def gdal_path(url: str, attempt: int = 0) -> str:
    """The name by which GDAL opens an address. ``attempt`` makes it a new one for GDAL's cache, not for the server."""
    if url.startswith("s3://"):
        return "/vsis3/" + url[len("s3://") :]
    mark = f"#{attempt}" if attempt > 1 else ""
    return f"/vsicurl/{url}{mark}"


def _overview(raster: RasterFile, domain: RasterDomain) -> int | None:
    """The level of the coarsest overview that is not coarser than the grid, or None."""
    native = abs(raster.transform.a)
    best = None
    for level, factor in enumerate(raster.overviews):
        if native * factor <= abs(domain.transform.a) * (1 + 1e-6):
            best = level
    return best


class SceneSource(RowReader):
    """The source of the loop: ``layers[k]`` are the assets of band ``k``, of which the first with a value counts.

    ``mask``: assets of the scene classification, whose values in ``masked`` make a pixel unknown in all bands. Bands
    are read at the same time, each in its own thread.
    """

    dtype = np.dtype(np.float32)
    raw_itemsize = 2

    def __init__(
        self,
        domain: RasterDomain,
        layers: Sequence[Sequence[RemoteAsset]],
        mask: Sequence[RemoteAsset] = (),
        masked: Sequence[int] = (),
        *,
        sign: Signer,
        network: Network,
        cancelled: Asked | None = None,
    ) -> None:
        self.domain, self.bands, self._cancelled = domain, len(layers), cancelled
        self.strip_rows = min(_STRIP_ROWS, domain.shape[0])
        self._masked = tuple(masked)
        chosen = [*layers, mask] if masked else list(layers)
        self._layers = [[RemoteBand(asset, domain, sign, network, cancelled) for asset in layer] for layer in chosen]
        self._pool: ThreadPoolExecutor | None = None

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)``; :class:`Cancelled` soon after ``cancelled`` is True."""
        values = list(out)
        if self._masked:
            values.append(np.empty(out.shape[1:], out.dtype))
        if self._pool is None:
            self._pool = ThreadPoolExecutor(len(self._layers), "patchwise-band")
        jobs = [self._pool.submit(_first_valid, layer, window, v) for layer, v in zip(self._layers, values)]
        wait_until(lambda most: not wait(jobs, most).not_done, lambda: self._go_on(jobs))
        for job in jobs:
            job.result()
        if self._masked:
            out[:, np.isin(values[-1], self._masked)] = np.nan

    def _go_on(self, jobs: Sequence[Future[None]]) -> None:
        """Raise what a band failed with, or :class:`Cancelled`; the other bands are not waited for then."""
        failed = next((job for job in jobs if job.done() and job.exception()), None)
        if failed is not None or (self._cancelled is not None and self._cancelled()):
            self.close()
            if failed is not None:
                failed.result()
            raise Cancelled

    def close(self) -> None:
        """Close all files. Reads under way are not waited for: they end by their time-out and close their own file."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        for layer in self._layers:
            for band in layer:
                band.close()


def _first_valid(layer: Sequence[RemoteBand], window: PixelWindow, out: np.ndarray) -> None:
    """The first asset's values, and where it has none the next one's.

    Beside an edge a resampled value is made of fewer neighbours. Where another asset has all of them, its value is
    used, since the edge would be visible as a fine seam otherwise.
    """
    layer[0].read(window, out)
    if len(layer) == 1:
        return
    weak = _beside_edges(layer[0], window)
    for band in layer[1:]:
        missing = np.isnan(out)
        wanted = missing | weak
        if not wanted.any():
            return
        more = np.empty_like(out)
        band.read(window, more)
        weak_too = _beside_edges(band, window)
        there = ~np.isnan(more)
        np.copyto(out, more, where=there & (missing | (weak & ~weak_too)))
        weak = (weak & ~there) | (weak & weak_too) | (missing & weak_too)


def _beside_edges(band: RemoteBand, window: PixelWindow) -> np.ndarray:
    """Mask of the values of a window that are so near to a pixel without value that they may have fewer neighbours."""
    reach = band.reach
    if not reach:
        return np.zeros((window.height, window.width), bool)
    height, width = band.shape
    top, left = min(reach, window.row), min(reach, window.col)
    bottom, right = min(reach, height - window.row_stop), min(reach, width - window.col_stop)
    grown = PixelWindow(window.row - top, window.col - left, window.height + top + bottom, window.width + left + right)
    values = np.empty((grown.height, grown.width), np.float32)
    band.read(grown, values)
    near = np.isnan(values)
    for axis in (0, 1):
        counts = np.cumsum(np.insert(near, 0, False, axis=axis), axis=axis)
        size = near.shape[axis]
        ends = np.minimum(np.arange(size) + reach + 1, size)
        starts = np.maximum(np.arange(size) - reach, 0)
        near = np.take(counts, ends, axis=axis) > np.take(counts, starts, axis=axis)
    return near[top : top + window.height, left : left + window.width]
