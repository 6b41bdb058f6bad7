"""Draws the pictures in the algorithms' help: icons/help/<algorithm>.png, results by the core itself.

Usage: ``python tools/help_pictures.py [NAME ...]`` in the development environment. Needs matplotlib. The pictures are
part of the plugin: at most 400 pixels wide and 30 kB each, and without words, so that they suit every language.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from few_colours import in_few_colours
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Circle, FancyArrowPatch, Polygon, Rectangle
from matplotlib.transforms import IdentityTransform

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build" / "plugins"))

from patchwise.core import (  # noqa: E402
    ArraySink,
    Expression,
    GeoTensor,
    RasterField,
    SpatialHann,
    SpatialPatcher,
    SpatialPoissonDisk,
    SpatialRectangular,
    SpatialRegularStride,
    stream,
)
from patchwise.processing_provider.results.styles import AMOUNT, GREENNESS, PLAIN  # noqa: E402

TARGET = ROOT / "icons" / "help"
PAPER, INK, GREEN, BLUE, ORANGE = "#f4f7f2", "#40505a", "#2a9d5c", "#3a8fd0", "#e08a2c"
SIZE = 120


def smooth_noise(seed, scale):
    """Noise ``(SIZE, SIZE)`` between 0 and 1 without features much smaller than ``scale`` pixels."""
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)[None, :])
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((SIZE, SIZE)))
    noise = np.fft.irfft2(spectrum * np.exp(-((frequency * scale) ** 2) * 4) / (frequency + 0.02), s=(SIZE, SIZE))
    return (noise - noise.min()) / np.ptp(noise)


def landscape():
    """Near infrared and red ``(2, SIZE, SIZE)``, and the same land in natural colours ``(SIZE, SIZE, 3)``."""
    height, plants = smooth_noise(5, 14), smooth_noise(11, 5)
    grain = np.random.default_rng(1).normal(0, 0.012, (SIZE, SIZE))
    water = height < 0.38
    nir = np.where(water, 0.03 + 0.2 * grain, 0.16 + 0.34 * plants + grain)
    red = np.where(water, 0.05 + 0.2 * grain, 0.22 - 0.17 * plants + grain)
    land = np.stack([0.70 - 0.52 * plants, 0.66 - 0.26 * plants, 0.48 - 0.34 * plants], axis=-1)
    colours = np.where(water[..., None], (0.16, 0.36, 0.55), land) + grain[..., None] * 2
    return np.stack([nir, red]), np.clip(colours, 0, 1)


BANDS, COLOURS = landscape()
NDVI = (BANDS[0] - BANDS[1]) / (BANDS[0] + BANDS[1])


def ramp(colours):
    """A ramp of the plugin's styles for matplotlib."""
    return LinearSegmentedColormap.from_list("ramp", colours)


def page(width=400, height=170):
    """A figure of that many pixels."""
    return plt.figure(figsize=(width / 100, height / 100), dpi=100, facecolor=PAPER)


def panel(figure, left, bottom, width, height, frame=True):
    """Axes at pixels from the lower left, without ticks."""
    across, up = figure.get_size_inches() * 100
    axes = figure.add_axes([left / across, bottom / up, width / across, height / up])
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(frame)
        spine.set_color(INK)
    axes.patch.set_visible(False)
    return axes


def picture(figure, left, bottom, size, image, **options):
    """A square image in a frame; the axes."""
    axes = panel(figure, left, bottom, size, size)
    axes.imshow(image, interpolation="nearest", **options)
    return axes


def arrow(figure, start, end):
    """An arrow between two places in pixels."""
    options = {"arrowstyle": "-|>", "mutation_scale": 16, "lw": 2.4, "color": ORANGE}
    figure.add_artist(FancyArrowPatch(start, end, transform=IdentityTransform(), **options))


def patcher(size=40, stride=20, window=None, boundary="shift"):
    """A patcher of square chips."""
    geometry = SpatialRectangular((size, size), boundary)
    return SpatialPatcher(geometry, SpatialRegularStride((stride, stride)), window or SpatialHann())


def draw_slidingwindow():
    """A chip that moves over the scene, and the seamless result."""
    figure = page()
    left = picture(figure, 15, 10, 150, COLOURS)
    for k, column in enumerate((8, 28, 48)):
        left.add_patch(Rectangle((column, 22), 40, 40, fill=False, ec="white", lw=2.2, alpha=(0.45, 0.7, 1)[k]))
    left.add_patch(FancyArrowPatch((70, 42), (106, 42), arrowstyle="-|>", mutation_scale=13, lw=2, color="white"))
    arrow(figure, (172, 85), (228, 85))
    sink = ArraySink((SIZE, SIZE))
    stream(RasterField(GeoTensor(BANDS)).source, patcher(), Expression("(b1 - b2) / (b1 + b2)", 2), sink)
    picture(figure, 235, 10, 150, sink.array[0], cmap=ramp(GREENNESS), vmin=-1, vmax=1)
    return figure


def chips_apart(figure, left, bottom, size, image, gap=7, **options):
    """The image as 3 x 3 chips with room between them."""
    side, step = (size - 2 * gap) / 3, SIZE // 3
    for row in range(3):
        for col in range(3):
            part = image[row * step : (row + 1) * step, col * step : (col + 1) * step]
            place = (left + col * (side + gap), bottom + (2 - row) * (side + gap))
            picture(figure, *place, side, part, **options)


def draw_splitraster():
    """A scene and its chips."""
    figure = page()
    picture(figure, 15, 10, 150, COLOURS)
    arrow(figure, (172, 85), (222, 85))
    chips_apart(figure, 230, 8, 154, COLOURS)
    return figure


def draw_applytochips():
    """Chips and what an operator made of each."""
    figure = page()
    chips_apart(figure, 15, 8, 154, COLOURS)
    arrow(figure, (175, 85), (224, 85))
    chips_apart(figure, 231, 8, 154, NDVI, cmap=ramp(GREENNESS), vmin=-1, vmax=1)
    return figure


def draw_stitchchips():
    """Chips and the raster of them."""
    figure = page()
    options = {"cmap": ramp(GREENNESS), "vmin": -1, "vmax": 1}
    chips_apart(figure, 15, 8, 154, NDVI, **options)
    arrow(figure, (177, 85), (228, 85))
    picture(figure, 235, 10, 150, NDVI, **options)
    return figure


def draw_chipgrid():
    """Chips on a lattice, and chips at places that keep a distance."""
    figure = page()
    samplers = SpatialRegularStride((26, 26)), SpatialPoissonDisk(28, 3)
    for left, sampler in zip((15, 235), samplers):
        axes = picture(figure, left, 10, 150, COLOURS, alpha=0.75)
        chips = SpatialPatcher(SpatialRectangular((32, 32), "shift"), sampler, SpatialHann())
        for chip in chips.split(RasterField(GeoTensor(BANDS))):
            row, col = chip.anchor
            axes.add_patch(Rectangle((col, row), 31, 31, fill=False, ec="white", lw=2.4))
            axes.add_patch(Rectangle((col, row), 31, 31, fill=False, ec="#1f2f6b", lw=1.1))
    return figure


def draw_windowweights():
    """One window, and the sum of windows over an extent, which covers the edge less."""
    figure = page()
    profile = np.sin(np.pi * (np.arange(64) + 0.5) / 64) ** 2
    picture(figure, 15, 10, 150, np.outer(profile, profile), cmap=ramp(AMOUNT))
    arrow(figure, (172, 85), (228, 85))
    total = np.zeros(SIZE)
    short = np.sin(np.pi * (np.arange(40) + 0.5) / 40) ** 2
    for start in range(0, SIZE - 39, 26):
        total[start : start + 40] += short
    picture(figure, 235, 10, 150, np.outer(total, total), cmap=ramp(AMOUNT))
    return figure


def draw_neighbourhood():
    """A point, its nearest neighbours and their statistics."""
    figure = page()
    points = np.random.default_rng(4).random((42, 2))
    values = smooth_noise(2, 20)[(points[:, 1] * (SIZE - 1)).astype(int), (points[:, 0] * (SIZE - 1)).astype(int)]
    centre = int(np.argmin(np.hypot(*(points - 0.5).T)))
    distance = np.hypot(*(points - points[centre]).T)
    near = np.argsort(distance)[:9]
    each = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    means = values[np.argsort(each, axis=1)[:, :9]].mean(axis=1)
    for left, shown in ((15, values), (235, means)):
        axes = panel(figure, left, 10, 150, 150)
        axes.set(xlim=(-0.06, 1.06), ylim=(-0.06, 1.06))
        if shown is values:
            axes.add_patch(Circle(points[centre], distance[near[-1]] + 0.02, fc=ORANGE, alpha=0.18, lw=0))
            for k in near[1:]:
                axes.plot(*points[[centre, k]].T, color=ORANGE, lw=1.6, zorder=1)
        axes.scatter(*points.T, c=shown, cmap=ramp(PLAIN), vmin=values.min(), vmax=values.max(), s=46, ec=INK, lw=0.7)
    arrow(figure, (172, 85), (228, 85))
    return figure


FIELDS = (
    ((10, 14), (58, 8), (64, 44), (20, 52)),
    ((74, 16), (110, 24), (104, 66), (80, 58)),
    ((16, 70), (56, 62), (70, 106), (26, 112)),
)


def draw_polygonchips():
    """Polygons in their chips, and one value for each."""
    from matplotlib.path import Path as Outline

    figure = page()
    left = picture(figure, 15, 10, 150, COLOURS)
    right = picture(figure, 235, 10, 150, COLOURS, alpha=0.25)
    cols, rows = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    for corners in FIELDS:
        low, high = np.min(corners, axis=0), np.max(corners, axis=0)
        left.add_patch(Rectangle(low, *(high - low), fill=False, ec="white", lw=1.4, ls=(0, (3, 2))))
        left.add_patch(Polygon(corners, fill=False, ec="white", lw=2.2))
        inside = Outline(corners).contains_points(np.stack([cols.ravel(), rows.ravel()], axis=1)).reshape(SIZE, SIZE)
        colour = ramp(GREENNESS)((NDVI[inside].mean() + 1) / 2)
        right.add_patch(Polygon(corners, fc=colour, ec=INK, lw=1.2))
    arrow(figure, (172, 85), (228, 85))
    return figure


def satellite(axes, x, y):
    """A satellite in an axes of pixels."""
    axes.add_patch(Rectangle((x - 9, y - 11), 18, 22, fc=BLUE, ec=INK, lw=1.4))
    for side in (-1, 1):
        axes.plot([x + side * 9, x + side * 15], [y, y], color=INK, lw=1.6)
        axes.add_patch(Rectangle((x + side * 15 if side > 0 else x - 43, y - 8), 28, 16, fc="#c9d6dd", ec=INK, lw=1.2))
        for k in (1, 2):
            across = x + side * (15 + 28 * k / 3)
            axes.plot([across, across], [y - 8, y + 8], color=INK, lw=0.8)


def sheet(figure):
    """Axes over the whole figure, in pixels."""
    axes = panel(figure, 0, 0, 400, 170, frame=False)
    axes.set(xlim=(0, 400), ylim=(0, 170))
    return axes


def draw_loadsentinel2():
    """A satellite over a landscape, and the part of its picture that was asked for."""
    figure = page()
    axes = sheet(figure)
    satellite(axes, 90, 142)
    axes.add_patch(Polygon([(90, 131), (35, 76), (145, 76)], fc=BLUE, alpha=0.16, lw=0))
    ground = panel(figure, 15, 10, 150, 84)
    ground.imshow(COLOURS[:67], interpolation="nearest", aspect="auto")
    ground.add_patch(Rectangle((35, 12), 44, 44, fill=False, ec="white", lw=2.4))
    arrow(figure, (172, 85), (228, 85))
    picture(figure, 235, 10, 150, COLOURS[12:56, 35:79])
    return figure


def draw_searchsentinel2():
    """Footprints of scenes around a place."""
    figure = page()
    axes = sheet(figure)
    for k, (x, y) in enumerate(((30, 18), (112, 34), (196, 16), (74, 70), (160, 78), (250, 62))):
        corners = np.array([(0, 0), (96, -7), (103, 78), (7, 85)]) + (x, y)
        hit = k in (1, 3, 4)
        axes.add_patch(Polygon(corners, fc=BLUE if hit else "none", alpha=0.2 if hit else 1, ec="none"))
        axes.add_patch(Polygon(corners, fill=False, ec=BLUE if hit else "#9aa6ad", lw=2 if hit else 1.2))
    axes.add_patch(Rectangle((148, 82), 34, 26, fc=ORANGE, alpha=0.6, ec=INK, lw=1.2))
    axes.add_patch(Circle((165, 95), 40, fill=False, ec=INK, lw=4))
    axes.plot([194, 232], [67, 32], color=INK, lw=7, solid_capstyle="round")
    return figure


def draw_runconfig():
    """A result, the configuration in it, and the same again."""
    figure = page()
    axes = sheet(figure)
    options = {"cmap": ramp(GREENNESS), "vmin": -1, "vmax": 1}
    picture(figure, 15, 30, 110, NDVI, **options)
    arrow(figure, (130, 85), (160, 85))
    axes.add_patch(Polygon([(166, 30), (166, 140), (216, 140), (234, 122), (234, 30)], fc="white", ec=INK, lw=1.4))
    axes.plot([216, 216, 234], [140, 122, 122], color=INK, lw=1.4)
    for k, (start, length) in enumerate(((176, 26), (182, 34), (182, 24), (182, 38), (176, 14))):
        colour = (INK, GREEN, BLUE, GREEN, INK)[k]
        axes.plot([start, start + length], [112 - 15 * k] * 2, color=colour, lw=3.4, solid_capstyle="round")
    arrow(figure, (240, 85), (270, 85))
    picture(figure, 275, 30, 110, NDVI, **options)
    return figure


def save(figure, name):
    """Write the picture in few colours."""
    TARGET.mkdir(parents=True, exist_ok=True)
    path = TARGET / f"{name}.png"
    figure.savefig(path, dpi=100, facecolor=PAPER)
    plt.close(figure)
    in_few_colours(path)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def main():
    """Draw the pictures named on the command line, or all."""
    drawings = {name[5:]: draw for name, draw in globals().items() if name.startswith("draw_")}
    for name in sys.argv[1:] or drawings:
        save(drawings[name](), name)


if __name__ == "__main__":
    main()
