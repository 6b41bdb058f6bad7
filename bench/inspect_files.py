"""Inspects what the runs wrote: its layout, and whether it is the same. Prints JSON.

Usage: ``python -m patchwise.bench.inspect_files [REFERENCE [OTHER ...]]``
"""

from __future__ import annotations

import json
import os
import platform
import sys

import numpy as np
import rasterio
from rasterio.windows import Window

ROWS = 512


def written(path: str) -> dict:
    """Layout and size of a file."""
    with rasterio.open(path) as dataset:
        structure = dataset.tags(ns="IMAGE_STRUCTURE")
        return {
            "compress": structure.get("COMPRESSION", "none"),
            "predictor": structure.get("PREDICTOR", "1"),
            "block": list(dataset.block_shapes[0]),
            "dtype": dataset.dtypes[0],
            "mb": os.path.getsize(path) / 1e6,
        }


def difference(path: str, reference: str) -> float:
    """Largest absolute difference of two rasters, 0 where all values are equal; infinite where only one has no data."""
    worst = 0.0
    with rasterio.open(path) as one, rasterio.open(reference) as other:
        if one.shape != other.shape:
            return float("inf")
        for row in range(0, one.height, ROWS):
            window = Window(0, row, one.width, min(ROWS, one.height - row))
            a, b = (_values(dataset, window) for dataset in (one, other))
            if np.array_equal(np.isnan(a), np.isnan(b)):
                worst = max(worst, float(np.nanmax(np.abs(a - b), initial=0)))
            else:
                return float("inf")
    return worst


def _values(dataset: rasterio.DatasetReader, window: Window) -> np.ndarray:
    return dataset.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)


def versions() -> dict:
    """The libraries of a run in plain Python."""
    return {
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "rasterio": rasterio.__version__,
        "GDAL": rasterio.__gdal_version__,
    }


if __name__ == "__main__":
    answer = {path: {**written(path), "difference": difference(path, sys.argv[1])} for path in sys.argv[1:]}
    print(json.dumps({"files": answer, "versions": versions()}))
