"""The ground and the files of the scenes, as functions that give the value of every pixel.

``reflectance(band, x, y, day)`` is a smooth function of place (times 10000, in the units of the numbers, before any
offset); it has the period ``PERIOD`` in x and y, so that a full-size file holds 64 different blocks and costs little,
while within 40 km no two places are alike. ``scl(x, y, day, cloud)`` are classes in cells of 320 m. A ``Scene`` is one
item: where, when, how cloudy, which part of the tile it covers, and how its numbers are stored.

``x`` and ``y`` are always pixel centres, in metres of the scene's own CRS.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

import numpy as np

from .cog import BLOCK, Grid, write_cog

#: Native pixel size in metres of everything that has a file.
GSD = {
    "B01": 60,
    "B02": 10,
    "B03": 10,
    "B04": 10,
    "B05": 20,
    "B06": 20,
    "B07": 20,
    "B08": 10,
    "B8A": 20,
    "B09": 60,
    "B11": 20,
    "B12": 20,
    "SCL": 20,
}
BANDS = tuple(band for band in GSD if band != "SCL")
PERIOD = 40960.0  # eight blocks of 512 pixels of 10 m
CELL = 320.0
WEST_EAST, NORTH_SOUTH = 13, 19  # waves in one period: 3151 m and 2156 m
#: The classes of SCL that stand for shadow, clouds and cirrus; the share of their cells is the item's cloud cover.
CLOUDY = (3, 8, 9, 10)
CLEAR = (4, 5, 6, 7, 11)


def reflectance(band: str, x, y, day: date) -> np.ndarray:
    """True surface reflectance x 10000 at ``x``, ``y`` (broadcast), float64; B12 goes below zero in places.

    The steepest slope is about 4 a metre: a shift by one pixel shows. Bilinear interpolation of the 20 m numbers is
    within 1.5, of the 60 m numbers within 10.
    """
    number = BANDS.index(band)
    wave = 2 * np.pi / PERIOD
    x, y = wave * np.mod(x, PERIOD), wave * np.mod(y, PERIOD)
    base = 300 if band == "B12" else 1900 + 120 * number
    season = 4 * (day.toordinal() % 250)
    east = 900 * np.sin(WEST_EAST * x + number) + 250 * np.sin(x)
    north = 700 * np.cos(NORTH_SOUTH * y - number) + 250 * np.cos(y)
    return base + (season if band != "B12" else 0) + (east + north) * (0.4 if band == "B12" else 1.0)


def scl(x, y, day: date, cloud: float) -> np.ndarray:
    """True class (uint8) at ``x``, ``y`` (broadcast): about ``cloud`` percent of the cells are of ``CLOUDY``."""
    cells = int(PERIOD / CELL)
    col, row = (np.floor(np.mod(v, PERIOD) / CELL).astype(np.int64) for v in (x, y))
    mixed = (row * cells + col + day.toordinal() * 7919) * 2654435761 % 2**32
    mixed = (mixed ^ (mixed >> 15)) * 2246822519 % 2**32
    mixed = mixed ^ (mixed >> 13)
    cloudy = mixed % 10000 < cloud * 100
    return np.where(cloudy, np.take(CLOUDY, mixed // 10000 % 4), np.take(CLEAR, mixed // 10000 % 5)).astype(np.uint8)


@dataclass(frozen=True)
class Tile:
    """A tile of the grid: its MGRS-like name, UTM zone, upper-left corner, and width in pixels of 10 m.

    ``frame`` is the EPSG code in whose coordinates the ground is known, where it is not the tile's own zone: tiles of
    two zones with one frame show the same ground.
    """

    name: str
    epsg: int
    west: float
    north: float
    size: int = 1098
    frame: int | None = None

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """``(xmin, ymin, xmax, ymax)`` in metres."""
        return self.west, self.north - self.size * 10, self.west + self.size * 10, self.north

    def grid(self, gsd: int = 10) -> Grid:
        """The tile's pixel grid of 10, 20 or 60 m."""
        return Grid(self.size * 10 // gsd, self.size * 10 // gsd, self.west, self.north, gsd, self.epsg)

    def ground(self, x, y) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates of the tile's zone in those in which the ground is known (to a tenth of a millimetre)."""
        if self.frame in (None, self.epsg):
            return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        u, v = np.broadcast_arrays((x - self.west) / self.size, (self.north - y) / self.size)
        east, north = _between_zones(self)
        return np.polynomial.polynomial.polyval2d(u, v, east), np.polynomial.polynomial.polyval2d(u, v, north)


@cache
def _between_zones(tile: Tile) -> tuple[np.ndarray, np.ndarray]:
    """Polynomials of degree 4 for x and y in the frame: PROJ itself takes seconds for every pixel of a tile."""
    from rasterio.warp import transform

    nodes = 5 - 5 * np.cos(np.linspace(0, np.pi, 9))
    u, v = (part.ravel() for part in np.meshgrid(nodes, nodes))
    crs = f"EPSG:{tile.epsg}", f"EPSG:{tile.frame}"
    there = transform(*crs, tile.west + u * tile.size, tile.north - v * tile.size)
    basis = np.polynomial.polynomial.polyvander2d(u, v, (4, 4))
    return tuple(np.linalg.lstsq(basis, np.asarray(part), rcond=None)[0].reshape(5, 5) for part in there)


@dataclass(frozen=True)
class Scene:
    """One item: a tile at a time, and how its files store it.

    ``cuts`` are lines ``(x0, y0, x1, y1)``; the data lie on the left of each (seen from the first point to the
    second), the rest of the tile is 0. ``style`` is ``"pc"``, ``"earth-search"`` or ``"cdse"``. ``offset`` is what the
    files add to the reflectance; None: 1000 from processing baseline 04.00 on, else 0. ``noise``: every band is
    noise that does not compress, so that files have the size of genuine ones.
    """

    name: str
    tile: Tile
    when: datetime
    cloud: float = 1.0
    baseline: str = "05.10"
    orbit: int = 79
    platform: str = "A"
    cuts: tuple[tuple[float, float, float, float], ...] = ()
    style: str = "pc"
    offset: int | None = None
    noise: bool = False

    @property
    def day(self) -> date:
        """The day (UTC)."""
        return self.when.date()

    @property
    def added(self) -> int:
        """What the files add to reflectance x 10000."""
        if self.offset is not None:
            return self.offset
        return 1000 if self.baseline >= "04.00" else 0

    def inside(self, x, y) -> np.ndarray:
        """Whether there are data at ``x``, ``y`` (bool, broadcast)."""
        xmin, ymin, xmax, ymax = self.tile.bounds
        x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        result = (x > xmin) & (x < xmax) & (y > ymin) & (y < ymax)
        for x0, y0, x1, y1 in self.cuts:
            result &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0
        return result

    def dn(self, band: str, x, y) -> np.ndarray:
        """What the band's file holds at pixel centres of its grid: uint16 (SCL: uint8), 0 where there are no data."""
        values = self._uncut(band, *self.tile.ground(x, y))
        return np.where(self.inside(x, y), values, 0).astype(values.dtype)

    def _uncut(self, band: str, x, y) -> np.ndarray:
        if band == "SCL":
            return scl(x, y, self.day, self.cloud)
        # A valid number is never 0: that is kept for "no data".
        return np.maximum(np.rint(reflectance(band, x, y, self.day)) + self.added, 1).astype(np.uint16)

    def corners(self) -> list[tuple[float, float]]:
        """The footprint's corners in metres (a convex polygon, not closed)."""
        xmin, ymin, xmax, ymax = self.tile.bounds
        ring = [(xmin, ymin), (xmax, ymin), (xmax, ymax), (xmin, ymax)]
        for x0, y0, x1, y1 in self.cuts:
            side = [(x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) for x, y in ring]
            clipped = []
            for k, (x, y) in enumerate(ring):
                before = k - 1
                if (side[k] >= 0) != (side[before] >= 0):
                    t = side[before] / (side[before] - side[k])
                    px, py = ring[before]
                    clipped.append((px + t * (x - px), py + t * (y - py)))
                if side[k] >= 0:
                    clipped.append((x, y))
            ring = clipped
        return ring

    def write(self, band: str, path: Path, *, gsd: int | None = None, nodata: int | None = None) -> None:
        """Make the COG of a band, with its native pixel size unless ``gsd`` says otherwise."""
        grid = self.tile.grid(gsd or GSD[band])
        dtype = "u1" if band == "SCL" else "u2"
        path.parent.mkdir(parents=True, exist_ok=True)
        block = self._noise(band) if self.noise else self._blocks(band, grid, dtype)
        write_cog(path, grid, dtype, block, nodata=nodata, level=0 if self.noise else 1)

    def _blocks(self, band: str, grid: Grid, dtype: str):
        def block(level: int, row: int, col: int):
            x, y = grid.centres(level, row, col)
            if self._misses(x, y):
                return "none", lambda: np.zeros((BLOCK, BLOCK), dtype)
            uncut = not self.cuts or self.inside(x[[0, -1]], y[[0, -1], None]).all()
            if uncut and self.tile.frame in (None, self.tile.epsg):
                # What a block holds beyond the tile's edge is never read.
                name = tuple(np.mod([x[0], y[0]], PERIOD))
                return name, lambda: self._uncut(band, x, y[:, None])
            return (row, col), lambda: self.dn(band, x, y[:, None])

        return block

    def _misses(self, x, y) -> bool:
        """Whether a block lies wholly on the wrong side of a cut."""
        x, y = x[[0, -1]], y[[0, -1], None]
        return any(((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) < 0).all() for x0, y0, x1, y1 in self.cuts)

    def _noise(self, band: str):
        def block(level: int, row: int, col: int):
            def make() -> np.ndarray:
                rng = np.random.default_rng([zlib.crc32(band.encode()), level, row, col])
                return rng.integers(1, 12000, (BLOCK, BLOCK), dtype=np.uint16)

            return (row, col), make

        return block
