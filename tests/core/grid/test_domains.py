"""Extents to windows on any grid, and how many chips lie on a pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import ArraySink, ParameterError
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.loop.coverage import write_coverage

from ..cases import Case, cases_with_window, model_starts

GRIDS = [
    Affine(10, 0, 500_000, 0, -10, 4_000_000),
    Affine(10, 0, 500_000, 0, 10, 4_000_000),
    Affine(0.1, 0, -180, 0, -0.05, 90),
    Affine.translation(500_000, 4_000_000) * Affine.rotation(31) * Affine.scale(10, -7),
    Affine(0, 10, 500_000, 10, 0, 4_000_000),
]


@given(st.sampled_from(GRIDS), st.data())
def test_an_extent_along_pixel_edges_is_that_window(grid, data):
    domain = RasterDomain((50, 40), grid)
    row, col = data.draw(st.integers(0, 49)), data.draw(st.integers(0, 39))
    window = PixelWindow(row, col, data.draw(st.integers(1, 50 - row)), data.draw(st.integers(1, 40 - col)))
    corners = [grid * (x, y) for x in (window.col, window.col_stop) for y in (window.row, window.row_stop)]
    assert domain.window_of(corners) == window
    inside = [grid * (x, y) for x in (window.col + 0.4, window.col_stop - 0.4) for y in (row + 0.4, row + 0.6)]
    assert domain.window_of(inside) == PixelWindow(row, window.col, 1, window.width)


def test_an_extent_is_clipped_to_the_raster():
    domain = RasterDomain((50, 40), GRIDS[0])
    assert domain.window_of([(0, 0), (1e9, 1e9)]) == domain.window
    assert domain.window_of([(500_395, 3_999_505), (1e9, -1e9)]) == PixelWindow(49, 39, 1, 1)
    assert domain.window_of([(500_005, 3_999_995)]) == PixelWindow(0, 0, 1, 1)


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (100, 100)],
        [(500_400, 3_999_500), (500_500, 3_999_400)],
        [(math.inf, 0), (500_100, 3_999_900)],
        [(-math.inf, -math.inf), (math.inf, math.inf)],
        [(math.nan, 3_999_900), (500_100, 3_999_900)],
        [(500_100, 3_999_900), (500_200, math.nan)],
    ],
)
def test_extents_beside_the_raster_or_without_a_place(points):
    with pytest.raises(ParameterError, match=r"must overlap the raster, whose bounds .* are \(500000") as caught:
        RasterDomain((50, 40), GRIDS[0]).window_of(points, "EXTENT")
    assert caught.value.parameter == "EXTENT"


@pytest.mark.parametrize("grid", GRIDS)
def test_bounds_hold_all_corners(grid):
    xmin, ymin, xmax, ymax = RasterDomain((50, 40), grid).bounds
    corners = np.array([grid * corner for corner in ((0, 0), (40, 0), (0, 50), (40, 50))])
    assert (corners.min(axis=0) == (xmin, ymin)).all() and (corners.max(axis=0) == (xmax, ymax)).all()


def counted(case: Case) -> np.ndarray:
    counts = np.zeros(case.shape)
    for row, h in model_starts(case.shape[0], case.size[0], case.stride[0], case.boundary):
        for col, w in model_starts(case.shape[1], case.size[1], case.stride[1], case.boundary):
            weights = case.patcher.weights_of(h, w)
            part = counts[row : row + h, col : col + w]
            part += weights[: part.shape[0], : part.shape[1]] > 0
    return counts


@given(cases_with_window())
def test_coverage_counts_the_chips_on_each_pixel(drawn):
    case, window = drawn
    sink = ArraySink((window.height, window.width))
    write_coverage(case.patcher, case.field.domain, window, sink)
    expected = counted(case)[window.row : window.row_stop, window.col : window.col_stop]
    np.testing.assert_array_equal(sink.array[0], expected)
