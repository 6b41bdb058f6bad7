"""A raster file read on the pixel grid of another one.

Where the two grids fit, pixels are taken as they are (:class:`Aligned`); else GDAL warps them (:class:`Warped`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, hypot
from typing import Any, Protocol

import numpy as np

from ..base.errors import ParameterError, RasterReadError
from ..base.progress import may_go_on
from ..gdal.environment import gdal_env
from ..grid.domain import PixelWindow, RasterDomain, apply
from ..grid.ground_control import WARP, creation
from .file import RasterFile
from .raster import Raster

RESAMPLING = ("auto", "nearest", "bilinear")
_FIT = 1e-3  # pixels by which grids that fit may differ
_BLOCK_WIDTH = 512
_CROP_LIMIT = 64 << 20  # bytes of source pixels held to make one block
_SAMPLE = 16  # every such pixel of a block is transformed to find the source pixels that it needs
_TURN = 360.0


class OnGrid(Protocol):
    """A raster that is read on the pixel grid of another one."""

    raster: Raster
    #: Whether a value of each band may be made of several.
    mixes: tuple[bool, ...]

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` with the values of a window of the grid, NaN where there is none."""

    def select(self, positions: Sequence[int]) -> OnGrid:
        """The same with fewer bands."""

    def close(self) -> None:
        """Close the raster."""


def on_grid(raster: RasterFile, domain: RasterDomain, strip_rows: int, resampling: str, parameter: str) -> OnGrid:
    """A reader of ``raster`` on the grid of ``domain``. Refuses a raster that has no place there."""
    own = raster.domain
    if domain.transform is None and domain.control is not None:
        return _on_same_points(raster, domain, parameter)
    with gdal_env():
        placed = bool(own.crs) and bool(domain.crs)
        if not placed and not (own.shape == domain.shape and _same_transform(own, domain)) and (own.crs or domain.crs):
            which = "it has none" if not own.crs else "the first raster has none"
            allowed = "must have a coordinate reference system, as must the first raster"
            allowed = f"{allowed} ({which}: set one), or the same grid"
            raise ParameterError(parameter, raster.path, allowed)
        same = not placed or own.crs == domain.crs
        turning = placed and same and bool(domain.crs.is_geographic)
        offsets = _offsets(domain, own, turning) if same and own.transform is not None else None
        if offsets is None and not placed:
            raise ParameterError(parameter, raster.path, "must have a coordinate reference system, or the same grid")
        if offsets is None:
            warped = Warped(raster, domain, strip_rows, resampling, same)
            reader: OnGrid = warped
            overlaps = warped.overlaps
        else:
            reader, overlaps = Aligned(raster, offsets), bool(offsets)
    if not overlaps:
        raise ParameterError(parameter, raster.path, "must overlap the first raster")
    return reader


def _on_same_points(raster: RasterFile, domain: RasterDomain, parameter: str) -> OnGrid:
    """A reader of a raster on a grid that is placed by ground control, onto which nothing can be warped."""
    if raster.domain.shape != domain.shape or not _same_control(raster.domain, domain):
        allowed = f"must have the same pixels and points as the first raster, which ground control points place: {WARP}"
        raise ParameterError(parameter, raster.path, allowed)
    return Aligned(raster, [(0, 0)])


def _same_control(own: RasterDomain, domain: RasterDomain) -> bool:
    """Whether rasters of one shape have the same pixels: by their points, else RPCs; or one is placed by nothing."""
    if own.control is None:
        return not own.crs and own.transform is not None and bool(own.transform.is_identity)
    first, second = own.control, domain.control
    return second is not None and first.points == second.points and (bool(first.points) or first.rpcs == second.rpcs)


def _same_transform(one: RasterDomain, other: RasterDomain) -> bool:
    return one.transform is None or bool(one.transform.almost_equals(other.transform))


def _offsets(domain: RasterDomain, own: RasterDomain, turning: bool) -> list[tuple[int, int]] | None:
    """``(rows, cols)`` to go from ``domain`` to the pixels of ``own``, once per turn of the Earth that shows it.

    None where some pixel of it lies between the pixels of ``domain``.
    """
    height, width = domain.shape
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)], float)
    x, y = apply(domain.transform, corners[:, 0], corners[:, 1])
    found = []
    for turn in (0.0, _TURN, -_TURN) if turning else (0.0,):
        moved = np.stack(apply(~own.transform, x + turn, y), axis=1) - corners
        col, row = (int(v) for v in np.rint(moved[0]))
        fits = bool((np.abs(moved - (col, row)) < _FIT).all())
        low, high = (moved + corners).min(axis=0), (moved + corners).max(axis=0)
        if not ((high > _FIT) & (low < np.array(own.shape[::-1]) - _FIT)).all():
            continue
        if not fits:
            return None
        found.append((row, col))
    return found


class Aligned:
    """A raster whose pixels are pixels of the grid, moved by whole rows and columns; NaN beyond it."""

    def __init__(self, raster: Raster, offsets: Sequence[tuple[int, int]]) -> None:
        self.raster: Raster = raster
        self._offsets, self.mixes = tuple(offsets), (False,) * raster.bands

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` with the values of a window of the grid."""
        whole = self.raster.domain.window
        for k, (row, col) in enumerate(self._offsets):
            wanted = PixelWindow(window.row + row, window.col + col, window.height, window.width)
            there = wanted.intersect(whole)
            if k == 0 and there != wanted:
                out[...] = np.nan
            if there.pixels:
                top, left = there.row - wanted.row, there.col - wanted.col
                self.raster.read(there, out[:, top : top + there.height, left : left + there.width])

    def select(self, positions: Sequence[int]) -> Aligned:
        """The same with fewer bands."""
        return Aligned(self.raster.select(positions), self._offsets)

    def close(self) -> None:
        """Close the file."""
        self.raster.close()


class Warped:
    """A raster resampled onto another grid, by GDAL.

    Law: a window is that part of the whole, bit for bit. To that end the grid is done in blocks of fixed place, each
    from source pixels that depend on the block only. A value is made of valid pixels only, and NaN where there is none
    among those it is made of, or beyond the raster. Where source pixels are smaller than those of the grid, bilinear
    takes a weighted mean of all that a pixel covers, with one ratio of sizes for the whole raster. Places are exact to
    an eighth of a source pixel, as GDAL interpolates between transformed points (exact, where rasterio offers it).
    """

    def __init__(self, raster: Raster, domain: RasterDomain, block_rows: int, resampling: str, same_crs: bool) -> None:
        self.raster, self._domain, self._same, self._resampling = raster, domain, same_crs, resampling
        self._block = (block_rows, min(_BLOCK_WIDTH, domain.shape[1]))
        self._geographic = bool(raster.crs.is_geographic)
        self._turns = (0.0, _TURN, -_TURN) if same_crs and self._geographic else (0.0,)
        self.nearest = tuple(resampling == "nearest" or (resampling == "auto" and flag) for flag in raster.palettes)
        self.mixes = tuple(not nearest for nearest in self.nearest)
        inside = self._common()
        self.overlaps = inside.size > 0
        self.scale = self._ratio(inside) if self.overlaps else (1.0, 1.0)

    def select(self, positions: Sequence[int]) -> Warped:
        """The same with fewer bands."""
        with gdal_env():
            chosen = self.raster.select(positions)
            return Warped(chosen, self._domain, self._block[0], self._resampling, self._same)

    def close(self) -> None:
        """Close the file."""
        self.raster.close()

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        """Fill ``out`` ``(bands, h, w)`` with the values of a window of the grid."""
        rows, cols = self._block
        for row in range(window.row // rows * rows, window.row_stop, rows):
            for col in range(window.col // cols * cols, window.col_stop, cols):
                may_go_on()
                block = PixelWindow(row, col, rows, cols).intersect(self._domain.window)
                part = block.intersect(window)
                top, left = part.row - window.row, part.col - window.col
                values = self._values(block)[:, part.row - row : part.row_stop - row, part.col - col :]
                out[:, top : top + part.height, left : left + part.width] = values[:, :, : part.width]

    def _values(self, block: PixelWindow) -> np.ndarray:
        out = np.full((self.raster.bands, block.height, block.width), np.nan, self.raster.dtype)
        with gdal_env():
            for turn in self._turns:
                self._fill(block, turn, out)
        return out

    def _fill(self, block: PixelWindow, turn: float, out: np.ndarray) -> None:
        """The values of a block where ``out`` is NaN; in halves where too many source pixels are needed at once."""
        crop = self._crop(block, turn)
        if not crop.pixels:
            return
        if crop.pixels * self.raster.bands * self.raster.dtype.itemsize > _CROP_LIMIT and block.pixels > 1:
            tall, half = block.height >= block.width, max(block.height, block.width) // 2
            for start, stop in ((0, half), (half, max(block.height, block.width))):
                if tall:
                    part = PixelWindow(block.row + start, block.col, stop - start, block.width)
                    self._fill(part, turn, out[:, start:stop])
                else:
                    part = PixelWindow(block.row, block.col + start, block.height, stop - start)
                    self._fill(part, turn, out[:, :, start:stop])
            return
        source = np.empty((self.raster.bands, crop.height, crop.width), self.raster.dtype)
        self.raster.read(crop, source)
        values = np.full(out.shape, np.nan, out.dtype)
        for method in (True, False):
            bands = [k for k, nearest in enumerate(self.nearest) if nearest is method]
            if bands:
                values[bands] = self._reprojected(source[bands], crop, block, turn, method)
        np.copyto(out, values, where=np.isnan(out))

    def _reprojected(
        self, source: np.ndarray, crop: PixelWindow, block: PixelWindow, turn: float, nearest: bool
    ) -> np.ndarray:
        from rasterio.errors import RasterioError
        from rasterio.warp import Resampling, reproject

        grid = self.raster.domain.crop(crop)
        values = np.empty((len(source), block.height, block.width), source.dtype)
        try:
            reproject(
                source,
                values,
                src_crs=grid.crs,
                **_source_place(grid, turn),
                dst_transform=self._domain.crop(block).transform,
                dst_crs=self._domain.crs,
                src_nodata=np.nan,
                dst_nodata=np.nan,
                tolerance=0,
                resampling=Resampling.nearest if nearest else Resampling.bilinear,
                # Bands have holes of their own, and the ratio of sizes must not depend on the block.
                UNIFIED_SRC_NODATA="NO",
                XSCALE=repr(self.scale[0]),
                YSCALE=repr(self.scale[1]),
            )
        except (RasterioError, OSError, ValueError) as error:
            rows = f"rows {block.row}..{block.row_stop - 1}, columns {block.col}..{block.col_stop - 1}"
            raise RasterReadError(f"{self.raster.path}: cannot be warped to {rows}: {error}") from error
        return values

    def _crop(self, block: PixelWindow, turn: float) -> PixelWindow:
        """The source pixels that a block needs, with a margin."""
        rows = _spread(block.row, block.row_stop)
        cols = _spread(block.col, block.col_stop)
        across, down = np.meshgrid(cols, rows)
        at_cols, at_rows = self._place(across.ravel(), down.ravel(), turn)
        bounds = []
        for values, size, scale in zip((at_rows, at_cols), self.raster.domain.shape, self.scale[::-1]):
            grid = values.reshape(len(rows), len(cols))
            known = grid[np.isfinite(grid)]
            if not known.size:
                return PixelWindow(0, 0, 0, 0)
            # Between two samples the place may be as far off as they are apart.
            steps = np.concatenate([np.abs(np.diff(grid, axis=axis)).ravel() for axis in (0, 1)])
            steps = steps[np.isfinite(steps)]
            margin = (steps.max() if steps.size else 0) + 1 / scale + 3
            low, high = (float(np.clip(v, 0, size)) for v in (known.min() - margin, known.max() + margin))
            bounds.append((int(low), ceil(high)))
        (top, bottom), (left, right) = bounds
        return PixelWindow(top, left, max(bottom - top, 0), max(right - left, 0))

    def _place(self, cols: np.ndarray, rows: np.ndarray, turn: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Columns and rows of the grid as columns and rows of the raster; NaN where there is no such place."""
        x, y = self._domain.to_world(cols, rows)
        if not self._same:
            x, y = _transformed(self._domain.crs, self.raster.crs, x, y)
            if self._geographic:  # as GDAL does: longitudes around the middle of the raster
                low, _, high, _ = self.raster.domain.bounds
                x = x - _TURN * np.rint((x - (low + high) / 2) / _TURN)
        placed = self.raster.domain.to_pixels(x + turn, y)
        return placed[0], placed[1]

    def _common(self) -> np.ndarray:
        """Places ``(2, n)`` (columns, rows) of the grid that lie on the raster, looked for from both sides."""
        (height, width), (rows, cols) = self._domain.shape, self.raster.domain.shape
        grid = np.meshgrid(_even(width), _even(height))
        found = [np.stack([v.ravel() for v in grid])]
        x, y = self.raster.domain.to_world(*(v.ravel() for v in np.meshgrid(_even(cols), _even(rows))))
        if not self._same:
            x, y = _transformed(self.raster.crs, self._domain.crs, x, y)
        found += [np.stack(self._domain.to_pixels(x - turn, y)) for turn in self._turns]
        places = np.concatenate(found, axis=1)
        places = places[:, ((places >= 0) & (places <= [[width], [height]])).all(axis=0)]
        keep = np.zeros(places.shape[1], bool)
        for turn in self._turns:
            at = np.stack(self._place(places[0], places[1], turn))
            keep |= ((at >= 0) & (at <= [[cols], [rows]])).all(axis=0)
        return places[:, keep]

    def _ratio(self, places: np.ndarray) -> tuple[float, float]:
        """Grid pixels per source pixel along the source's columns and rows, 1 at most: GDAL's XSCALE and YSCALE."""
        here = np.stack(self._place(places[0], places[1]))
        right = np.stack(self._place(places[0] + 1, places[1])) - here
        down = np.stack(self._place(places[0], places[1] + 1)) - here
        sizes = []
        for axis in (0, 1):
            steps = [hypot(a, b) for a, b in zip(right[axis], down[axis]) if np.isfinite(a) and np.isfinite(b)]
            size = max(float(np.median(steps)) if steps else 1.0, 1.0)
            sizes.append(1 / (round(size) if abs(size - round(size)) < 0.05 else size))
        return sizes[0], sizes[1]


def _source_place(grid: RasterDomain, turn: float) -> dict[str, Any]:
    """rasterio's arguments for the place of the source pixels, moved ``turn`` to the west."""
    if grid.transform is None:
        return {"gcps": creation(None, None, grid.control and grid.control.shifted(-turn))["gcps"]}
    t = grid.transform
    return {"src_transform": type(t)(t.a, t.b, t.c - turn, t.d, t.e, t.f)}


def _spread(start: int, stop: int) -> np.ndarray:
    """Centres of every sixteenth pixel from ``start`` to ``stop``, and of the last one."""
    return np.unique(np.append(np.arange(start, stop, _SAMPLE), stop - 1)) + 0.5


def _even(size: int) -> np.ndarray:
    """21 evenly spread positions along a side of ``size`` pixels, without its ends."""
    return (np.arange(21) + 0.5) * size / 21


def _transformed(own_crs: Any, other_crs: Any, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points in another CRS; NaN where they have no place there. GDAL refuses all points for one: then halves are
    tried.
    """
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    try:
        new = np.array(transform(own_crs, other_crs, x.tolist(), y.tolist())[:2], float)
    except (CPLE_BaseError, RasterioError):
        if len(x) == 1:
            return np.full(1, np.nan), np.full(1, np.nan)
        half = len(x) // 2
        parts = [_transformed(own_crs, other_crs, x[k], y[k]) for k in (slice(None, half), slice(half, None))]
        new = np.concatenate(parts, axis=1)
    new[:, ~np.isfinite(new).all(axis=0)] = np.nan
    return new[0], new[1]
