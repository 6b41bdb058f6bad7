"""A template for OPERATOR = python: copy this file, change ``operator``, and choose it as the Python file.

This example standardises each band within its chip: how many standard deviations a pixel lies above or below the mean
of its surroundings. The file runs inside QGIS with all your rights, so use only files that you trust.
"""

import numpy as np

# This part runs once, before the first chip: import packages, load tables or models here. Files beside this one are not
# found by `import`; their folder is os.path.dirname(__file__).
SMALLEST_DEVIATION = 1e-6


def operator(chip, meta):
    """Return the chip in standard deviations from its mean, band by band.

    chip: array (bands, height, width), float32 or float64, NaN where nothing is known. It must not be written to; make
        a copy if you need one. Chips at the raster's edge may be smaller than the others, or hold NaN beyond it.
    meta: what is known of the chip: meta.anchor (row, column on the raster), meta.transform (from the chip's pixel
        corners to map coordinates, an affine.Affine), meta.crs, and meta.band_names ("" where a band has no name).

    What comes back is an array (bands, height, width) or (height, width) of numbers, of the chip's height and width.
    The number of bands is yours to choose, but the same for every chip. NaN in it means unknown: such pixels count
    for nothing where chips overlap. Several chips may be computed at the same time, in several threads: keep nothing
    between two calls. An exception ends the run, with this file's name, the line and the chip in the message.
    """
    known = np.isfinite(chip)
    count = np.maximum(known.sum(axis=(1, 2), keepdims=True), 1)
    values = np.where(known, chip, 0)
    mean = values.sum(axis=(1, 2), keepdims=True, dtype=np.float64) / count
    spread = np.where(known, chip - mean, 0)
    deviation = np.sqrt((spread**2).sum(axis=(1, 2), keepdims=True) / count)
    result = spread / np.maximum(deviation, SMALLEST_DEVIATION)
    return np.where(known, result, np.nan).astype(chip.dtype)
