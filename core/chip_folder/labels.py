"""Labels beside chips: from another raster, or from polygons with a value each, on the grid of the raster."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ..base.errors import ParameterError
from ..gdal.masks import rasterize_mask
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.features import parts, vertices
from ..plan.cutting import cut_chip
from ..plan.plan import Plan, mirror
from ..rasters.aligned import on_grid
from ..rasters.band_meta import BandMeta, without_classes
from ..rasters.file import RasterFile
from ..rasters.values import DATA_TYPES, ValueType
from .files import write_chip


class LabelSource(Protocol):
    """Labels of pixels: ``read`` fills ``out`` ``(bands, h, w)`` of ``dtype``, NaN where there is no label.

    ``type`` is that of the label chips, ``names`` are those of the bands.
    """

    bands: int
    dtype: np.dtype
    type: ValueType
    names: tuple[str, ...]

    @property
    def meta(self) -> tuple[BandMeta, ...]:
        """What is known of the bands; empty where nothing is."""

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Labels of a window of the raster's grid."""

    def close(self) -> None:
        """Close what was opened."""


class RasterLabels:
    """All bands of a raster file on the grid of ``domain``: each pixel's value is that of the file's nearest.

    ``strip_rows`` is that of the raster whose chips are labelled. A file without a place on the grid is refused.
    """

    def __init__(
        self, raster: RasterFile | str, domain: RasterDomain, strip_rows: int, parameter: str = "labels"
    ) -> None:
        file = raster if isinstance(raster, RasterFile) else RasterFile(raster, parameter=parameter)
        self._reader = on_grid(file, domain, strip_rows, "nearest", parameter)
        self.bands, self.dtype, self.names = file.bands, file.dtype, file.band_names
        self.type = _type_of_file(file)
        self._file = file

    @cached_property
    def meta(self) -> tuple[BandMeta, ...]:
        """What is known of the bands; read when chips are written, as reading it is slow."""
        return tuple(_labelled(meta, self.type) for meta in self._file.band_meta)

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Values of a window of the raster's grid, NaN beyond the file and where it says so."""
        self._reader.read(window, out)

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


class PolygonLabels:
    """The value of the polygon in which a pixel's centre lies, of several the last one's.

    ``features``: pairs of a polygon as in GeoJSON, in the raster's CRS, and its value; those without a value (None) are
    passed over. ``outside`` is the value of pixels in no polygon, None for no label.
    """

    bands, names, meta = 1, ("label",), ()

    def __init__(
        self,
        features: Iterable[tuple[Mapping[str, Any], float | None]],
        domain: RasterDomain,
        outside: float | None = None,
    ) -> None:
        kept = [(shape, float(value)) for shape, value in features if value is not None]
        self._shapes, self._domain = [_on(domain, shape) for shape, _ in kept], domain
        self._values = np.array([value for _, value in kept])
        self._places = np.array([_extent(shape, domain) for shape in self._shapes]).reshape(-1, 4)
        self._outside = np.nan if outside is None else outside
        known = self._values if outside is None else np.append(self._values, outside)
        self.dtype = np.dtype(np.float64)
        self.type = _smallest(known[np.isfinite(known)])

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Values of a window of the raster's grid."""
        out[...] = self._outside
        low, high = self._places[:, :2], self._places[:, 2:]
        meets = (low < (window.row_stop, window.col_stop)).all(axis=1) & (high > window[:2]).all(axis=1)
        for k in np.flatnonzero(meets).tolist():
            row, col, row_stop, col_stop = self._places[k].tolist()
            place = PixelWindow(row, col, row_stop - row, col_stop - col).intersect(window)
            mask = rasterize_mask(self._shapes[k], place[2:], self._domain.crop(place).transform, place[1::-1])
            top, left = place.row - window.row, place.col - window.col
            out[0, top : top + place.height, left : left + place.width][mask] = self._values[k]

    def close(self) -> None:
        """Does nothing: no file is open."""


@dataclass(frozen=True)
class ChipLabels:
    """Labels for the chips of a raster; see :class:`RasterLabels` and :class:`PolygonLabels`."""

    source: LabelSource

    @property
    def value_type(self) -> ValueType:
        """The type of the label chips; it counts what could not be written as it is."""
        return self.source.type

    def close(self) -> None:
        """Close the source of the labels."""
        self.source.close()


class LabelWriter:
    """Cuts labels as the one loop cuts chips (mirrored, or reaching over the edge) and writes them.

    Several threads may write. On a lattice the labels of a row of chips are made once for all of them.
    """

    def __init__(self, source: LabelSource, plan: Plan, window: PixelWindow) -> None:
        self._source, self._plan = source, plan
        # On a lattice all chips of a row are in the same columns, side by side.
        self._cols = plan.read_cols(window) if plan.side_by_side else None
        self._held: tuple[PixelWindow, np.ndarray] | None = None
        self._lock = threading.Lock()

    def write(self, path: str, window: PixelWindow, place: RasterDomain, inside: np.ndarray) -> None:
        """Write the labels of a chip; nothing is known outside of ``inside`` ``(h, w)``. Raises RasterWriteError."""
        kind = self._source.type
        with self._lock:
            labels = np.where(inside, self._cut(window), np.nan)
            values = np.empty(labels.shape, kind.dtype)
            kind.convert(labels, values)
        write_chip(path, values, place, kind.nodata, self._source.names, meta=self._source.meta)

    def _cut(self, window: PixelWindow) -> np.ndarray:
        shape, mirrored = self._plan.shape, self._plan.mirrored
        needed = reach(window, shape, mirrored)
        if self._cols is not None:
            needed = PixelWindow(needed.row, self._cols[0], needed.height, self._cols[1] - self._cols[0])
        if self._held is None or self._held[0] != needed:
            block = np.empty((self._source.bands, needed.height, needed.width), self._source.dtype)
            self._source.read(needed, block)
            self._held = needed, block
        return cut_chip(self._held[1], needed, window, shape, mirrored)


def reach(window: PixelWindow, shape: tuple[int, int], mirrored: bool) -> PixelWindow:
    """The pixels of a raster of ``shape`` that a chip at ``window`` is made of."""
    if not mirrored:
        return window.intersect(PixelWindow(0, 0, *shape))
    rows = mirror(np.arange(window.row, window.row_stop), shape[0])
    cols = mirror(np.arange(window.col, window.col_stop), shape[1])
    row, col = int(rows.min()), int(cols.min())
    return PixelWindow(row, col, int(rows.max()) - row + 1, int(cols.max()) - col + 1)


def _labelled(meta: BandMeta, kind: ValueType) -> BandMeta:
    """What is known of a band of labels that are written as ``kind``."""
    return meta if meta.classes is not None and meta.classes.dtype == kind.dtype.name else without_classes(meta)


def _type_of_file(file: RasterFile) -> ValueType:
    """The file's own type and nodata value, where a GeoTIFF of labels can have them."""
    dtypes, nodatas = {band.dtype.name for band in file.described.each}, {band.nodata for band in file.described.each}
    if len(dtypes) > 1 or not dtypes <= set(DATA_TYPES):
        return ValueType(file.dtype.name)
    nodata = nodatas.pop() if len(nodatas) == 1 else None
    try:
        return ValueType(dtypes.pop(), nodata)
    except ParameterError:  # a nodata value that no pixel can have
        return ValueType(file.dtype.name)


def _smallest(values: np.ndarray) -> ValueType:
    """The smallest type that holds whole numbers and a nodata value beside them; for others a float."""
    if values.size and (values != np.rint(values)).any():
        exact = (values == values.astype(np.float32)).all()
        return ValueType("float32" if exact else "float64")
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    for name in ("uint8", "int16", "uint16", "int32", "uint32"):
        kind, limits = ValueType(name), np.iinfo(name)
        free = (limits.max - (kind.nodata == limits.max)), (limits.min + (kind.nodata == limits.min))
        if free[1] <= low and high <= free[0]:
            return kind
    return ValueType("float64")


def _on(domain: RasterDomain, shape: Mapping[str, Any]) -> Mapping[str, Any]:
    """A polygon as in GeoJSON, in pixels where the grid has no transform."""
    control = domain.control
    if domain.transform is not None or control is None:
        return shape
    rings = [[control.ring_to_pixels(ring) for ring in rings] for _, rings in parts(shape, "labels")]
    return {"type": "MultiPolygon", "coordinates": [[ring.tolist() for ring in part] for part in rings]}


def _extent(shape: Mapping[str, Any], domain: RasterDomain) -> tuple[int, int, int, int]:
    """``(row, col, row stop, col stop)`` of the pixels around a polygon, cut to what is near the raster."""
    points = np.array(list(vertices(shape["coordinates"])), dtype=np.float64).reshape(-1, 2)
    if not len(points) or not np.isfinite(points).all():
        return 0, 0, 0, 0
    by_control = domain.transform is None  # such shapes are in pixels
    cols, rows = (points[:, 0], points[:, 1]) if by_control else domain.to_pixels(points[:, 0], points[:, 1])
    limits = np.array(domain.shape)
    low = np.clip(np.floor([rows.min(), cols.min()]), 0, limits)
    high = np.clip(np.ceil([rows.max(), cols.max()]), 0, limits)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])
