"""The core in a plain Python process: NDVI over 256 px chips every 128 px, Hann.

Usage: ``python -m patchwise.bench.core_run INPUT OUTPUT COMPRESS``
"""

import sys

from ..core import (
    Expression,
    GeoTiffSink,
    RasterFile,
    SpatialHann,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    ValueType,
    stream,
)
from .options import output_options


def main(source: str, target: str, compress: str) -> None:
    """Stream the tile."""
    patcher = SpatialPatcher(SpatialRectangular((256, 256), "shift"), SpatialRegularStride(128), SpatialHann())
    options = {key: str(value) for key, value in output_options(compress).items() if key != "tiled"}
    with RasterFile(source) as raster:
        operator = Expression("(b2-b1)/(b2+b1)", raster.bands, raster.band_names)
        with GeoTiffSink(target, raster.domain, ValueType("float32"), options=options) as sink:
            report = stream(raster, patcher, operator, sink)
    print(f"{report.chips} chips, {report.seconds:.2f} s, {report.mb_per_second:.0f} MB/s")


if __name__ == "__main__":
    main(*sys.argv[1:])
