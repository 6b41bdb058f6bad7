"""How many chips lie on each pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from .accumulate import slices
from .domains import PixelWindow, RasterDomain
from .rowbuffer import RowBuffer
from .source_rows import RowSink


def write_coverage(patcher: Any, domain: RasterDomain, window: PixelWindow, sink: RowSink) -> None:
    """Count the chips per pixel of ``window`` on a raster of ``domain``, without reading it; 0 where there is none.

    A chip counts where its weight is above 0. Rows go to ``sink`` as they become final.
    """
    plan = patcher.plan(domain)
    sink.start(1, np.dtype(np.float32))
    rows = RowBuffer(1, window.width, np.dtype(np.float32), window.row, plan.max_size[0] * 2)

    def finish(stop: int) -> None:
        _extend(rows, stop)
        sink.write(rows.first - window.row, 0, rows.rows(rows.first, stop))
        rows.release(stop)

    for group in plan.groups(window):
        if group.row > rows.first:
            finish(group.row)
        for chip in group.chips:
            place = chip.window.intersect(window)
            _extend(rows, place.row_stop)
            weights = chip.weights
            if weights is None:
                weights = patcher.weights_of(chip.window.height, chip.window.width)
            covered = weights[slices(place, chip.window)] > 0
            cols = slice(place.col - window.col, place.col_stop - window.col)
            rows.rows(place.row, place.row_stop)[0, :, cols] += covered
    finish(window.row_stop)


def _extend(rows: RowBuffer, stop: int) -> None:
    if rows.stop < stop:
        rows.extend(stop)[...] = 0
