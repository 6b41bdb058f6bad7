"""The core in a plain Python process: NDVI over 256 px chips, Hann."""

import argparse

from ..core import (
    Expression,
    GeoTiffSink,
    Lambda,
    RasterFile,
    SpatialHann,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    ValueType,
    stream,
)
from .options import creation_options


def run(source: str, target: str, compress: str, stride: int, workers: int, opaque: bool) -> None:
    """Stream the tile.

    ``opaque`` hides from the core that NDVI looks at single pixels, so that it takes the way of a network or a filter:
    every overlapping chip is computed, weighted and added.
    """
    patcher = SpatialPatcher(SpatialRectangular((256, 256), "shift"), SpatialRegularStride(stride), SpatialHann())
    with RasterFile(source) as raster:
        ndvi = Expression("(b2-b1)/(b2+b1)", raster.bands, raster.band_names)
        operator = Lambda(ndvi, "ndvi") if opaque else ndvi
        options = creation_options(compress)
        with GeoTiffSink(target, raster.domain, ValueType("float32"), options=options) as sink:
            report = stream(raster, patcher, operator, sink, workers=workers)
    if report.once == opaque:
        raise SystemExit(f"{opaque=} but the report says {report.once=}")
    print(f"{report.chips} chips, {report.seconds:.2f} s, {report.mb_per_second:.0f} MB/s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("compress")
    parser.add_argument("--stride", type=int, default=128)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--opaque", action="store_true")
    run(**vars(parser.parse_args()))
