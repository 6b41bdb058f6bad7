"""Make a deterministic Sentinel-2-like scene at the Lake Tahoe box: `build/demo/tahoe.tif`.

The grid is real (EPSG:32610, 10 m, origin at the box's upper-left corner); the landscape is invented: a lake, forest,
meadows, granite and snow on a fractal terrain, lit from the south-east, and a nodata corner where the swath ends.
Arrays are (row, col); reflectance is in 1/10000, as in a Level-2A product; 0 is nodata.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import rasterio
from rasterio.warp import transform_bounds

ROOT = Path(__file__).resolve().parents[1]
SCENE = ROOT / "build" / "demo" / "tahoe.tif"

CRS = "EPSG:32610"
BOX = (-120.10, 38.92, -119.93, 39.27)  # west, south, east, north in degrees
SHAPE = (3935, 1599)
PIXEL = 10.0  # metres
NODATA = 0

# Surface reflectance in 1/10000 for B02, B03, B04, B08.
BANDS = ("B02", "B03", "B04", "B08")
DEEP_WATER = (330, 300, 190, 130)
SHALLOW_WATER = (780, 1050, 560, 230)
CONIFERS = (260, 430, 320, 2350)
BROWSE = (520, 760, 830, 2150)
MEADOW = (430, 840, 560, 3700)
GRANITE = (1350, 1620, 1900, 2500)
SNOW = (7900, 7800, 7600, 6700)
TOWN = (1250, 1400, 1520, 2250)

# The shores as (row, column) fractions of the scene, north to south: Tahoe drawn narrower, so that it has a west shore.
# At both ends the west shore runs past the east shore, which closes the lake.
WEST_SHORE = (
    (0.03, 0.80),
    (0.075, 0.46),
    (0.11, 0.33),
    (0.18, 0.25),
    (0.27, 0.17),
    (0.36, 0.21),
    (0.47, 0.14),
    (0.58, 0.24),
    (0.66, 0.19),
    (0.76, 0.26),
    (0.83, 0.35),
    (0.875, 0.46),
    (0.93, 0.95),
)
EAST_SHORE = (
    (0.03, 0.20),
    (0.075, 0.57),
    (0.11, 0.69),
    (0.17, 0.74),
    (0.24, 0.68),
    (0.33, 0.72),
    (0.44, 0.70),
    (0.53, 0.63),
    (0.63, 0.69),
    (0.73, 0.73),
    (0.81, 0.72),
    (0.875, 0.60),
    (0.93, 0.20),
)


def fractal_noise(rng, exponent, largest=600):
    """Noise of `SHAPE`, float32, mean 0 and standard deviation 1: amplitude falls with frequency^exponent.

    Features larger than `largest` pixels are no stronger than those of that size.
    """
    rows, cols = 4096, 2048  # powers of two above SHAPE: fast, and the wrap-around falls outside
    spectrum = np.fft.rfft2(rng.standard_normal((rows, cols), dtype=np.float32))
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(cols)[None, :])
    spectrum /= np.hypot(frequency, 1 / largest) ** exponent
    noise = np.fft.irfft2(spectrum, s=(rows, cols))[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    return (noise - noise.mean()) / noise.std()


def smoothstep(values, low, high):
    """0 below `low`, 1 above `high`, a smooth S between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def shore_distance(rng):
    """Rough signed distance to the shore in pixels: above 0 on land, below 0 in the lake."""
    height, width = SHAPE
    row = np.arange(height, dtype=np.float32)[:, None]
    col = np.arange(width, dtype=np.float32)[None, :]
    west = np.interp(row / height, *zip(*WEST_SHORE)).astype(np.float32) * width
    east = np.interp(row / height, *zip(*EAST_SHORE)).astype(np.float32) * width
    return np.maximum(west - col, col - east) + 55 * fractal_noise(rng, 1.8, largest=900)


def terrain(rng, shore):
    """Height above the lake in metres; ridges and valleys grow with the distance from the shore."""
    inland = smoothstep(shore, -60, 420)
    ridges = 1 - np.abs(fractal_noise(rng, 2.1, largest=420))
    spurs = fractal_noise(rng, 2.0, largest=120)
    return np.maximum(shore, 0) ** 0.5 * 6 + inland * (390 + 210 * ridges + 45 * spurs)


def sunlight(height):
    """Brightness of a slope relative to flat ground, with the sun in the south-east at 45 degrees."""
    down, right = np.gradient(height, PIXEL)
    # The surface normal is (-right, down, 1) in (east, north, up), because rows count southwards.
    light = (-0.5 * right - 0.5 * down + 0.7071) / np.sqrt(right**2 + down**2 + 1)
    return np.clip(light / 0.7071, 0.25, 1.6)


def blend(scene, reflectance, share):
    """Mix a surface into `scene` (band, row, col) in place; `share` is its part of each pixel, 0 to 1."""
    for band, value in zip(scene, reflectance):
        band += share * (np.float32(value) - band)


def paint_land(rng, scene, shore, height):
    """Forest with glades, meadows and a town by the lake, granite above, snow on top; all lit by the sun."""
    patches = fractal_noise(rng, 1.2)
    crowns = fractal_noise(rng, 0.45)  # nearly white: single trees and their shadows
    ragged = height + 50 * patches
    blend(scene, CONIFERS, np.float32(1))
    blend(scene, BROWSE, smoothstep(patches, 0.4, 1.6) * 0.7)
    blend(scene, MEADOW, smoothstep(fractal_noise(rng, 1.6, largest=150) - height / 250, 0.55, 0.75) * 0.9)
    blend(scene, GRANITE, smoothstep(ragged + 30 * crowns, 600, 790) * 0.85)
    town = smoothstep(fractal_noise(rng, 1.5, largest=250) - np.abs(shore - 50) / 70, 0.6, 1.1)
    blend(scene, TOWN, town * smoothstep(crowns, -0.7, 1.0) * 0.8)
    blend(scene, SNOW, smoothstep(ragged + 10 * crowns, 765, 825))
    scene *= sunlight(height) * np.exp(0.13 * crowns)


def paint_water(rng, scene, shore):
    """The lake: turquoise where shallow, darkening with depth, with a little wind on the surface."""
    water = np.empty_like(scene)
    shallow = np.exp(np.minimum(shore, 0) / 28) * np.clip(0.75 + 0.3 * fractal_noise(rng, 1.4), 0, 1)
    for band, deep in zip(water, DEEP_WATER):
        band[:] = deep
    blend(water, SHALLOW_WATER, shallow)
    water *= 1 + 0.035 * fractal_noise(rng, 1.1)
    share = smoothstep(-shore, -0.7, 0.7)  # pixels on the shore are mixed
    scene += share * (water - scene)


def swath(shape):
    """True inside the swath; its slanted edge leaves the lower-right corner without data."""
    row = np.arange(shape[0])[:, None]
    col = np.arange(shape[1])[None, :]
    return col < shape[1] - 0.21 * (row - 0.62 * shape[0])


def make_bands(seed=20):
    """The scene as uint16 (band, row, col), 0 outside the swath and nowhere else."""
    rng = np.random.default_rng(seed)
    shore = shore_distance(rng)
    height = terrain(rng, shore)
    scene = np.zeros((len(BANDS), *SHAPE), dtype=np.float32)
    paint_land(rng, scene, shore, height)
    paint_water(rng, scene, shore)
    scene += 9 * rng.standard_normal(scene.shape, dtype=np.float32)  # the sensor's noise
    valid = swath(SHAPE)
    return np.where(valid, np.clip(np.rint(scene), 1, 10000), NODATA).astype(np.uint16)


def grid():
    """The scene's transform: the box's upper-left corner in UTM, snapped to whole pixels."""
    left, _, _, top = transform_bounds("EPSG:4326", CRS, *BOX)
    return rasterio.Affine(PIXEL, 0, np.floor(left / PIXEL) * PIXEL, 0, -PIXEL, np.ceil(top / PIXEL) * PIXEL)


def write(path, bands):
    """Write the scene as a tiled GeoTIFF; it appears under its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.tif")
    profile = dict(
        driver="GTiff",
        dtype="uint16",
        count=len(BANDS),
        height=SHAPE[0],
        width=SHAPE[1],
        nodata=NODATA,
        crs=CRS,
        transform=grid(),
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="deflate",
        predictor=2,
        zlevel=1,
        num_threads="all_cpus",
    )
    try:
        with rasterio.open(partial, "w", **profile) as out:
            out.write(bands)
            out.descriptions = BANDS
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def main():
    """Make the scene at the path given, or at build/demo/tahoe.tif."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", nargs="?", type=Path, default=SCENE)
    write(parser.parse_args().path, make_bands())


if __name__ == "__main__":
    main()
