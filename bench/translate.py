"""Writes a raster again with the benchmark's creation options, as ``gdal_translate`` does.

Usage: ``python -m patchwise.bench.translate INPUT OUTPUT COMPRESS``
"""

import sys

from osgeo import gdal

from .options import creation_options

if __name__ == "__main__":
    gdal.UseExceptions()
    source, target, compress = sys.argv[1:]
    gdal.Translate(
        target, source, creationOptions=[f"{key}={value}" for key, value in creation_options(compress).items()]
    )
