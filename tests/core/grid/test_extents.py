"""Boxes in any CRS to windows of a raster: compared with which pixels lie in the box."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import ParameterError
from patchwise.core.grid.domain import PixelWindow, RasterDomain, apply
from patchwise.core.grid.extents import Box, Way, eastward, identity, window_under

from ..cases import examples

RADIUS = 6378137.0
DEGREES = Way(identity, identity, True, True)


def wrapped(lon):
    return (np.asarray(lon, float) + 180) % 360 - 180


def mercator(lon, lat):
    """As PROJ does: longitudes from -180 to 180, and no place for the poles."""
    x = RADIUS * np.radians(np.where(np.asarray(lon) == 180, 180, wrapped(lon)))
    with np.errstate(divide="ignore"):
        y = RADIUS * np.log(np.tan(np.pi / 4 + np.radians(np.clip(lat, -90, 90)) / 2))
    return x, np.where(np.abs(lat) < 90, y, np.nan)


def from_mercator(x, y):
    return wrapped(np.degrees(np.asarray(x) / RADIUS)), np.degrees(2 * np.arctan(np.exp(np.asarray(y) / RADIUS))) - 90


def polar(lon, lat):
    """Stereographic about the north pole, without a place for the south."""
    lat = np.asarray(lat, float)
    distance = RADIUS * 2 * np.tan(np.pi / 4 - np.radians(lat) / 2)
    distance = np.where(lat > -80, distance, np.nan)
    return distance * np.sin(np.radians(lon)), -distance * np.cos(np.radians(lon))


def from_polar(x, y):
    return np.degrees(np.arctan2(x, -np.asarray(y))), 90 - np.degrees(2 * np.arctan(np.hypot(x, y) / (2 * RADIUS)))


def raster(west, north, width, height, size):
    return RasterDomain((height, width), Affine(size, 0, west, 0, -size, north))


def inside(box, domain, way):
    """Which pixels' centres are in the box, worked out pixel by pixel."""
    rows, cols = np.mgrid[: domain.shape[0], : domain.shape[1]] + 0.5
    x, y = way.back(*apply(domain.transform, cols, rows))
    turns = (0, 360, -360, 720, -720) if way.from_degrees else (0,)
    across = np.any([(x + turn > box.xmin) & (x + turn < box.xmax) for turn in turns], axis=0)
    return across & (y > box.ymin) & (y < box.ymax)


def checked(box, domain, way, slack):
    """The window against the pixels: all of them, up to ``slack`` (rows, columns) more, in one piece; or a sentence."""
    found = inside(box, domain, way)
    cols, rows = np.flatnonzero(found.any(axis=0)), np.flatnonzero(found.any(axis=1))
    try:
        window = window_under(box, domain, way)
    except ParameterError as error:
        text = str(error)
        if "lies at two ends" in text:
            # What a corner of the box touches may hold no centre of a pixel.
            assert np.diff(cols).max(initial=0) > 1 or slack[1] > 2
        elif "must overlap" in text:
            assert not len(cols)
        else:
            assert "has no whole place" in text
        return None
    if len(cols):
        assert window.row <= rows[0] and rows[-1] < window.row_stop
        assert window.col <= cols[0] and cols[-1] < window.col_stop
        assert window.height <= rows[-1] - rows[0] + 1 + slack[0]
        assert window.width <= cols[-1] - cols[0] + 1 + slack[1]
    return window


@examples(3)
@given(
    st.sampled_from([-180, 0, 100, 170, -190, -360]),
    st.sampled_from([40, 90, 180]),
    st.integers(-200, 200),
    st.integers(1, 150),
    st.integers(-45, 30),
    st.integers(1, 15),
)
def test_boxes_in_degrees_on_rasters_in_degrees(west, width, xmin, wide, ymin, high):
    domain = raster(west, 90, width, 90, 2)
    box = Box(2 * xmin, 2 * ymin, 2 * (xmin + wide), 2 * (ymin + high))  # on the edges of pixels
    checked(box, domain, DEGREES, slack=(0, 0))


@examples(2)
@given(
    st.sampled_from([0, 150, 178]),
    st.integers(-200, 200),
    st.integers(1, 100),
    st.integers(-80, 60),
    st.integers(4, 19),
)
def test_boxes_in_degrees_on_rasters_in_mercator(west, xmin, wide, ymin, high):
    half = float(mercator(180, 0)[0])
    start = -half if west == 0 else float(mercator(west, 0)[0])
    size = 2 * half / 180
    domain = raster(start, 90 * size, round((half - start) / size), 180, size)
    way = Way(mercator, from_mercator, True, False)
    checked(Box(2 * xmin, ymin, 2 * (xmin + wide), ymin + high), domain, way, slack=(2, 2))


@examples(1.5)
@given(st.integers(-80, 80), st.integers(-80, 80), st.integers(2, 90), st.integers(2, 90), st.sampled_from([-180, 0]))
def test_boxes_about_a_pole_on_rasters_in_degrees(x, y, wide, high, west):
    domain = raster(west, 90, 180, 70, 2)
    way = Way(from_polar, polar, False, True)
    box = Box(x * 1e5, y * 1e5, (x + wide) * 1e5, (y + high) * 1e5)
    window = checked(box, domain, way, slack=(90, 180))  # beside the pole a pixel's centre says little of its edges
    if window is not None and box.xmin < 0 < box.xmax and box.ymin < 0 < box.ymax:
        assert window[:2] == (0, 0) and window.width == 180, "the pole is in it, and all meridians meet there"


@pytest.mark.parametrize(
    "west, extent, cols",
    [
        (-180, (150, 180), (330, 360)),
        (0, (170, 190), (170, 190)),
        (0, (-170, -160), (190, 200)),
        (170, (-175, -172), (15, 18)),
        (0, (-180, 180), (0, 360)),
        (-180, (-200, 220), (0, 360)),
        (-180, (-180, 180), (0, 360)),
        (100, (170, 190), (70, 80)),
    ],
)
def test_one_part_is_one_part_however_its_longitudes_are_counted(west, extent, cols):
    domain = raster(west, 90, 80 if west == 100 else 360 if west < 170 else 60, 180, 1)
    window = window_under(Box(extent[0], -20, extent[1], -10), domain, DEGREES)
    assert window == PixelWindow(100, cols[0], 10, cols[1] - cols[0])


def test_two_parts_are_named():
    with pytest.raises(ParameterError) as caught:
        window_under(Box(170, -20, 190, -10), raster(-180, 90, 360, 180, 1), DEGREES, "EXTENT")
    assert str(caught.value) == (
        "EXTENT is (170, -20, 190, -10): lies at two ends of the raster: choose one after the other, (-180.0, -20.0, "
        "-170.0, -10.0) and (170.0, -20.0, 180.0, -10.0) in its own system"
    )


def test_west_above_east_is_across_the_180th_meridian():
    assert eastward(Box(170, -20, -170, -10)) == Box(170, -20, 190, -10)
    assert eastward(Box(-10, -20, 10, -10)) == Box(-10, -20, 10, -10)
    with pytest.raises(ParameterError, match="must have its west below its east, or be a box of less than 180"):
        eastward(Box(10, -20, -10, -10))


def test_a_box_that_has_no_place_is_a_sentence_and_one_around_the_raster_is_all_of_it():
    way, domain = Way(polar, from_polar, True, False), raster(-2e6, 2e6, 40, 40, 1e5)
    assert window_under(Box(-180, -90, 180, 90), domain, way) == domain.window
    with pytest.raises(ParameterError, match="has no whole place in the raster's coordinate reference system"):
        window_under(Box(0, -90, 90, 90), domain, way)
    assert window_under(Box(-180, 80, 180, 90), domain, way).pixels < domain.window.pixels
