"""The benchmark's scene: a Sentinel-2-sized tile of two bands (red, near infrared), made by code.

Usage: ``python -m patchwise.bench.tile PATH HEIGHT [NODATA_SHARE]``
"""

import os
import sys

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

SIZE = 10980
BLOCK = 512


def make_tile(path: str, height: int = SIZE, nodata_share: float = 0.0) -> None:
    """Write ``(2, height, SIZE)`` uint16, DEFLATE with predictor, 512 px tiles; deterministic; kept if there.

    ``nodata_share`` of the pixels, in a triangle at the upper left corner as at the edge of a swath, are 0 = nodata.
    """
    if os.path.exists(path):
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    profile = dict(
        driver="GTiff",
        height=height,
        width=SIZE,
        count=2,
        dtype="uint16",
        crs="EPSG:32610",
        transform=from_origin(699960, 4400040, 10, 10),
        tiled=True,
        blockxsize=BLOCK,
        blockysize=BLOCK,
        compress="DEFLATE",
        predictor=2,
        num_threads="ALL_CPUS",
        bigtiff="IF_SAFER",
        nodata=0 if nodata_share else None,
    )
    partial = path + ".partial"
    edge = (2 * nodata_share) ** 0.5
    cols = np.arange(SIZE)
    with rasterio.open(partial, "w", **profile) as dataset:
        dataset.descriptions = ("B04", "B08")
        for row in range(0, height, BLOCK):
            rows = np.arange(row, min(row + BLOCK, height))[:, None]
            data = _scene(rows, cols)
            data[:, rows / height + cols / SIZE < edge] = 0
            dataset.write(data, window=Window(0, row, SIZE, len(rows)))
    os.replace(partial, path)


def _scene(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(int(rows[0, 0])).normal(0, 40, (2, len(rows), len(cols)))
    field = np.sin(rows / 700) * np.cos(cols / 900) + 0.4 * np.sin(rows / 37 + cols / 53)
    red = 900 - 350 * field + noise[0]
    nir = 2600 + 900 * field + 1.6 * noise[1]
    return np.stack([red, nir]).clip(1, 10000).astype(np.uint16)


if __name__ == "__main__":
    make_tile(sys.argv[1], int(sys.argv[2]), *map(float, sys.argv[3:]))
