"""What a user would write without overlap: read rows once, NDVI, write with the same options as the core.

Usage: ``python -m patchwise.bench.plain_loop INPUT OUTPUT COMPRESS``
"""

import sys

import numpy as np
import rasterio
from rasterio.windows import Window

from .options import output_options


def ndvi_of(bands: np.ndarray) -> np.ndarray:
    """``(rows, cols)`` float32 from ``(2, rows, cols)`` red and near infrared."""
    red, nir = bands.astype(np.float32)
    with np.errstate(all="ignore"):
        return (nir - red) / (nir + red)


def windows(dataset: rasterio.DatasetReader) -> list[Window]:
    """Whole rows of the file's blocks, from top to bottom."""
    rows = dataset.block_shapes[0][0]
    return [Window(0, row, dataset.width, min(rows, dataset.height - row)) for row in range(0, dataset.height, rows)]


def output_profile(source: rasterio.DatasetReader, compress: str) -> dict:
    """One float32 band on the grid of ``source``."""
    return dict(
        driver="GTiff",
        height=source.height,
        width=source.width,
        count=1,
        dtype="float32",
        crs=source.crs,
        transform=source.transform,
        nodata=float("nan"),
        **output_options(compress),
    )


def main(source: str, target: str, compress: str) -> None:
    """Read each pixel once, by rows of blocks."""
    with rasterio.open(source) as src, rasterio.open(target, "w", **output_profile(src, compress)) as dst:
        for window in windows(src):
            dst.write(ndvi_of(src.read(window=window)), 1, window=window)


if __name__ == "__main__":
    main(*sys.argv[1:])
