"""What a user would write without overlap: read rows once, NDVI, write with the same options as the core.

Usage: ``python -m patchwise.bench.plain_loop INPUT OUTPUT COMPRESS``
"""

import sys

import numpy as np
import rasterio
from rasterio.windows import Window

from .options import output_options


def main(source: str, target: str, compress: str) -> None:
    """Read each pixel once, by rows of blocks."""
    with rasterio.open(source) as src:
        profile = dict(
            driver="GTiff", height=src.height, width=src.width, count=1, dtype="float32", crs=src.crs,
            transform=src.transform, nodata=float("nan"), **output_options(compress),
        )  # fmt: skip
        rows = src.block_shapes[0][0]
        with rasterio.open(target, "w", **profile) as dst:
            for row in range(0, src.height, rows):
                window = Window(0, row, src.width, min(rows, src.height - row))
                red, nir = src.read(window=window).astype(np.float32)
                with np.errstate(all="ignore"):
                    ndvi = (nir - red) / (nir + red)
                dst.write(ndvi, 1, window=window)


if __name__ == "__main__":
    main(*sys.argv[1:])
