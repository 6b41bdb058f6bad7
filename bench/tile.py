"""The benchmark's scene: a Sentinel-2-sized tile of two bands (red, near infrared), made by code."""

import os

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

SIZE = 10980
BLOCK = 512


def make_tile(path: str, height: int = SIZE, width: int = SIZE) -> str:
    """Write ``(2, height, width)`` uint16, DEFLATE with predictor, 512 px tiles; deterministic; kept if there."""
    if os.path.exists(path):
        return path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    profile = dict(
        driver="GTiff", height=height, width=width, count=2, dtype="uint16", crs="EPSG:32610",
        transform=from_origin(699960, 4400040, 10, 10), tiled=True, blockxsize=BLOCK, blockysize=BLOCK,
        compress="DEFLATE", predictor=2, num_threads="ALL_CPUS", bigtiff="IF_SAFER",
    )  # fmt: skip
    partial = path + ".partial"
    cols = np.arange(width)
    with rasterio.open(partial, "w", **profile) as dataset:
        dataset.descriptions = ("B04", "B08")
        for row in range(0, height, BLOCK):
            rows = np.arange(row, min(row + BLOCK, height))[:, None]
            noise = np.random.default_rng(row).normal(0, 40, (2, len(rows), width))
            field = np.sin(rows / 700) * np.cos(cols / 900) + 0.4 * np.sin(rows / 37 + cols / 53)
            red = 900 - 350 * field + noise[0]
            nir = 2600 + 900 * field + 1.6 * noise[1]
            data = np.stack([red, nir]).clip(1, 10000).astype(np.uint16)
            dataset.write(data, window=Window(0, row, width, len(rows)))
    os.replace(partial, path)
    return path
