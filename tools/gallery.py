"""Draws the pictures of docs/gallery.md: windows, geometries and samplers, each by the core itself.

Usage: ``make gallery``. Needs matplotlib; writes docs/images/gallery-*.png.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from affine import Affine
from matplotlib.patches import Rectangle

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build" / "plugins"))

from patchwise.core import (  # noqa: E402
    GeoTensor,
    PointField,
    RasterField,
    SpatialBoxcar,
    SpatialCustom,
    SpatialExplicit,
    SpatialGaussian,
    SpatialHann,
    SpatialJitteredStride,
    SpatialKaiser,
    SpatialKNNGraph,
    SpatialPatcher,
    SpatialPoissonDisk,
    SpatialPolygonIntersection,
    SpatialRadiusGraph,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
    SpatialTriangular,
    SpatialTukey,
)

IMAGES = ROOT / "docs" / "images"
WINDOWS = {
    "Boxcar": SpatialBoxcar(),
    "Hann": SpatialHann(),
    "Tukey(0.5)": SpatialTukey(0.5),
    "Gaussian(0.4)": SpatialGaussian(0.4),
    "Kaiser(6)": SpatialKaiser(6.0),
    "Triangular": SpatialTriangular(),
    "Custom(1 - r**2, where r < 1)": SpatialCustom("where(r < 1, 1 - r**2, 0)"),
}


def save(figure, name):
    """Write the picture in few colours, which keeps the repository small."""
    from PIL import Image

    path = IMAGES / f"gallery-{name}.png"
    figure.savefig(path, dpi=80)
    plt.close(figure)
    Image.open(path).convert("RGB").quantize(200, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path.relative_to(ROOT))


def terrain(height, width, seed=5):
    """A smooth random field, 0 to 1."""
    rng = np.random.RandomState(seed)
    rows, cols = np.mgrid[0:height, 0:width] / max(height, width)
    total = np.zeros((height, width))
    for _ in range(40):
        wave, angle, phase = rng.uniform(2, 14), rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
        total += np.sin(wave * 2 * (rows * np.sin(angle) + cols * np.cos(angle)) + phase) / wave
    return ((total - total.min()) / np.ptp(total)).astype(np.float32)


def bare(axes, title):
    """Give the axes a title and no ticks."""
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])


def windows():
    """Profiles, the windows themselves, and what they sum to at half the chip size."""
    figure, axes = plt.subplots(3, len(WINDOWS), figsize=(2.6 * len(WINDOWS), 8), layout="constrained")
    size, stride = 64, 32
    for column, (name, window) in zip(axes.T, WINDOWS.items()):
        weights = window.weights(SpatialRectangular((size, size)))
        column[0].plot(np.arange(size) + 0.5, weights[size // 2], color="#31688e", lw=2)
        column[0].set_ylim(0, 1.08)
        column[0].set_title(name, fontsize=10)
        column[1].imshow(weights, cmap="viridis", vmin=0, vmax=1)
        bare(column[1], "")
        total = np.zeros((size + 3 * stride,) * 2)
        for row in range(0, 4 * stride, stride):
            for col in range(0, 4 * stride, stride):
                total[row : row + size, col : col + size] += weights
        image = column[2].imshow(total, cmap="viridis", vmin=0)
        bare(column[2], "")
        figure.colorbar(image, ax=column[2], shrink=0.75)
    for row, label in zip(axes, ("middle row of the chip", "the window", "sum of 4 x 4 chips, stride n/2")):
        row[0].set_ylabel(label)
    save(figure, "windows")


def geometries_on_rasters():
    """A lattice of rectangles, caps in a projected CRS and on a lat/lon grid, polygons."""
    figure, axes = plt.subplots(1, 4, figsize=(15, 4.4), layout="constrained")
    field = RasterField(GeoTensor(terrain(240, 240), Affine(1000, 0, 4e5, 0, -1000, 5e6), "EPSG:32633"))
    axes[0].imshow(field.reader.array, cmap="Greys_r")
    patcher = SpatialPatcher(SpatialRectangular((80, 80), "shift"), SpatialRegularStride(60))
    for k, patch in enumerate(patcher.split(field)):
        place, inset = patch.window, 1 + 2 * (k % 3)  # so that edges that coincide can be told apart
        corner = (place.col + inset, place.row + inset)
        size = (place.width - 2 * inset, place.height - 2 * inset)
        axes[0].add_patch(Rectangle(corner, *size, fc=f"C{k % 8}", alpha=0.12))
        axes[0].add_patch(Rectangle(corner, *size, fill=False, ec=f"C{k % 8}", lw=1.4))
    bare(axes[0], "SpatialRectangular((80, 80), 'shift')\nstride 60")
    caps = SpatialPatcher(SpatialSphericalCap(32.0), SpatialRegularStride(80), SpatialHann())
    draw_weights(axes[1], field, caps, "SpatialSphericalCap(32 km), Hann\nUTM 33N, pixels of 1 km")
    world = RasterField(GeoTensor(terrain(180, 360), Affine(1, 0, -180, 0, -1, 90), "EPSG:4326"))
    anchors = SpatialExplicit([(90, 180), (40, 2), (25, 120), (4, 250), (150, 320)])
    globe = SpatialPatcher(SpatialSphericalCap(2000.0), anchors, SpatialHann())
    draw_weights(axes[2], world, globe, "SpatialSphericalCap(2000 km), Hann\nlat/lon grid: pole and date line")
    polygons = [
        {"type": "Polygon", "coordinates": [[(10, 10), (110, 30), (90, 120), (30, 100), (10, 10)]]},
        {"type": "Polygon", "coordinates": [ring(170, 70, 50), ring(170, 70, 22)]},
        {"type": "Polygon", "coordinates": [[(30, 150), (200, 140), (220, 220), (120, 180), (40, 230), (30, 150)]]},
    ]
    plain = RasterField(GeoTensor(terrain(240, 240), Affine.identity()))
    pieces = SpatialPatcher(SpatialPolygonIntersection(polygons))
    draw_weights(axes[3], plain, pieces, "SpatialPolygonIntersection\none polygon with a hole")
    save(figure, "geometries-raster")


def ring(x, y, radius):
    """A closed ring of 40 points."""
    angles = np.linspace(0, 2 * np.pi, 41)
    return [(x + radius * np.cos(a), y + radius * np.sin(a)) for a in angles]


def draw_weights(axes, field, patcher, title):
    """The field in grey, the weights of its chips over it."""
    shape = field.reader.array.shape
    total = np.zeros(shape)
    for patch in patcher.split(field):
        place = patch.window
        part = total[place.row : place.row + place.height, place.col : place.col + place.width]
        np.maximum(part, patch.weights[: part.shape[0], : part.shape[1]], out=part)
    axes.imshow(field.reader.array, cmap="Greys_r")
    axes.imshow(np.ma.masked_equal(total, 0), cmap="viridis", vmin=0, vmax=1, alpha=0.85)
    bare(axes, title)


def geometries_on_points():
    """Neighbourhoods of a few points of a cloud."""
    rng = np.random.RandomState(2)
    points = np.concatenate([rng.normal(c, 0.09, (120, 2)) for c in ((0.25, 0.3), (0.7, 0.65))] + [rng.rand(80, 2)])
    field = PointField(points, np.arange(len(points), dtype=float))
    figure, axes = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    shown = (5, 140, 250, 300)
    for axis, geometry, title in (
        (axes[0], SpatialKNNGraph(12), "SpatialKNNGraph(k=12)"),
        (axes[1], SpatialRadiusGraph(0.12), "SpatialRadiusGraph(0.12)"),
    ):
        axis.plot(*points.T, ".", color="0.75", ms=4)
        for k, patch in enumerate(SpatialPatcher(geometry, list(shown)).split(field)):
            centre = points[patch.anchor]
            for index in patch.indices:
                axis.plot(*zip(centre, points[index]), color=f"C{k}", lw=0.9)
            axis.plot(*points[patch.indices].T, ".", color=f"C{k}", ms=6)
            axis.plot(*centre, "o", color=f"C{k}", mec="black", ms=8)
        axis.set_aspect("equal")
        bare(axis, title)
    save(figure, "geometries-points")


def samplers():
    """The five samplers over one scene."""
    field = RasterField(GeoTensor(terrain(300, 300)))
    rng = np.random.RandomState(1)
    along = [(int(20 + 230 * t), int(125 + 110 * np.sin(6 * t))) for t in np.sort(rng.rand(14))]
    kinds = {
        "SpatialRegularStride(40)": SpatialRegularStride(40),
        "SpatialJitteredStride(40, jitter=14)": SpatialJitteredStride(40, jitter=14, seed=1),
        "SpatialRandom(49)": SpatialRandom(49, seed=1),
        "SpatialPoissonDisk(30)": SpatialPoissonDisk(30, seed=1),
        "SpatialExplicit(along a path)": SpatialExplicit(along),
    }
    figure, axes = plt.subplots(1, 5, figsize=(16, 3.8), layout="constrained")
    for axis, (title, sampler) in zip(axes, kinds.items()):
        axis.imshow(field.reader.array, cmap="Greys_r", alpha=0.7)
        places = [patch.window for patch in SpatialPatcher(SpatialRectangular((28, 28)), sampler).split(field)]
        for place in places:
            corner = (place.col - 0.5, place.row - 0.5)
            axis.add_patch(Rectangle(corner, 28, 28, fc="#fde72530", ec="#440154", lw=1.1))
        bare(axis, f"{title}: {len(places)} chips")
    save(figure, "samplers")


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    windows()
    samplers()
    geometries_on_rasters()
    geometries_on_points()
