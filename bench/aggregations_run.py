"""An aggregation over overlapping chips in a plain Python process: 256 px chips, stride 128, Hann.

Usage: ``python -m patchwise.bench.aggregations_run INPUT OUTPUT hardvote|mean [--workers N]``. The operator gives 12
classes of NDVI (``hardvote``), or NDVI (``mean``); that it looks at single pixels is hidden from the core, so that
every overlapping chip is computed and added.
"""

import argparse

import numpy as np

from ..core import (
    GeoTiffSink,
    Lambda,
    RasterFile,
    SpatialHann,
    SpatialHardVote,
    SpatialMean,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    ValueType,
    stream,
)

CLASSES = 12


def ndvi(chip: np.ndarray) -> np.ndarray:
    red, infrared = chip
    return (infrared - red) / (infrared + red)


def classes(chip: np.ndarray) -> np.ndarray:
    """0 to 11; NDVI is shifted by the chip's own mean, so that chips disagree and there is something to vote on."""
    index = ndvi(chip)
    return np.clip(np.floor((index - 0.2 * np.nanmean(index)) * CLASSES), 0, CLASSES - 1)


CASES = {
    "hardvote": (classes, SpatialHardVote(CLASSES), "uint8"),
    "mean": (ndvi, SpatialMean(), "float32"),
}


def run(source: str, target: str, aggregation: str, workers: int) -> None:
    """Stream the tile."""
    operator, axis, dtype = CASES[aggregation]
    geometry, sampler = SpatialRectangular((256, 256), "shift"), SpatialRegularStride(128)
    patcher = SpatialPatcher(geometry, sampler, SpatialHann(), axis)
    with RasterFile(source) as raster, GeoTiffSink(target, raster.domain, ValueType(dtype)) as sink:
        report = stream(raster, patcher, Lambda(operator, aggregation), sink, workers=workers)
    print(f"{report.chips} chips, {report.seconds:.2f} s, {report.mb_per_second:.0f} MB/s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("aggregation", choices=sorted(CASES))
    parser.add_argument("--workers", type=int, default=0)
    run(**vars(parser.parse_args()))
