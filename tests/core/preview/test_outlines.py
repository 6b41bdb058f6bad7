"""Which chip is at a place, and outlines as WKB."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    GeoTensor,
    PlanError,
    RasterField,
    SpatialHann,
    SpatialJitteredStride,
    SpatialPatcher,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
)
from patchwise.core.grid.domain import PixelWindow, RasterDomain, apply
from patchwise.core.grid.earth import haversine_km
from patchwise.core.plan.caps import EarthGrid
from patchwise.core.preview.outlines import Outlines, nearest_chip

GRID = Affine(10, 0, 500_000, 0, -10, 5_000_000)
UTM = RasterDomain((120, 150), GRID, "EPSG:32633")
DEGREES = RasterDomain((180, 360), Affine(1, 0, -180, 0, -1, 90), "EPSG:4326")
BOUNDARIES = ("drop", "pad", "reflect", "shrink", "shift")


def rectangular(size, step, boundary="shift"):
    return SpatialPatcher(SpatialRectangular(size, boundary), SpatialRegularStride(step))


def rings(wkb):
    """The points of a WKB multi-line-string, read by hand."""
    order, kind, count = struct.unpack_from("<BII", wkb)
    assert (order, kind) == (1, 5)
    found, at = [], 9
    for _ in range(count):
        order, kind, points = struct.unpack_from("<BII", wkb, at)
        assert (order, kind) == (1, 2)
        found.append(np.frombuffer(wkb, "<f8", 2 * points, at + 9).reshape(points, 2))
        at += 9 + 16 * points
    assert at == len(wkb)
    return found


def boxes(wkb, domain):
    """``(row, col, height, width)`` of outlines of rectangles, sorted."""
    found = []
    for ring in rings(wkb):
        assert (ring[0] == ring[-1]).all()
        cols, rows = apply(~domain.transform, ring[:, 0], ring[:, 1])
        found.append((rows.min(), cols.min(), np.ptp(rows), np.ptp(cols)))
    return sorted(tuple(np.rint(box).astype(int).tolist()) for box in found)


def windows(patcher, domain, window):
    plan = patcher.plan(domain)
    return [tuple(chip.window) for group in plan.groups(window) for chip in group.chips]


def cutters(boundary):
    size = SpatialRectangular((20, 30), boundary)
    for sampler in (SpatialRegularStride((13, 40)), SpatialRandom(9, seed=2), SpatialJitteredStride(25, 6)):
        yield SpatialPatcher(size, sampler)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_all_chips_of_a_window_are_outlined(boundary):
    window = PixelWindow(31, 17, 50, 70)
    for cut in cutters(boundary):
        outlines = Outlines.of(cut, UTM, window)
        lines = outlines.lines(window, 5000)
        assert boxes(lines.wkb, UTM) == sorted(windows(cut, UTM, window))
        assert outlines.count == lines.drawn == lines.total == len(windows(cut, UTM, window))


def test_outlines_follow_a_rotated_grid():
    turned = RasterDomain(UTM.shape, Affine.translation(5e5, 5e6) * Affine.rotation(20) * Affine.scale(10, -4), 32633)
    cut = rectangular((50, 50), 50)
    lines = Outlines.of(cut, turned).lines(turned.window, 5000)
    assert boxes(lines.wkb, turned) == sorted(windows(cut, turned, turned.window))
    assert rings(lines.wkb)[0][0].tolist() == [5e5, 5e6]


def test_sides_have_points_between_the_corners():
    """Where the map has another CRS, a side is a curve there."""
    (ring,) = rings(Outlines.of(rectangular((40, 80), 200, "drop"), UTM).lines(UTM.window, 10).wkb)
    cols, rows = (np.rint(values).astype(int).tolist() for values in apply(~UTM.transform, ring[:, 0], ring[:, 1]))
    across, down = [0, 20, 40, 60], [0, 10, 20, 30]
    assert cols == [*across, *[80] * 4, *(80 - k for k in across), *[0] * 4, 0]
    assert rows == [*[0] * 4, *down, *[40] * 4, *(40 - k for k in down), 0]


@given(st.integers(1, 400), st.integers(1, 12), st.integers(1, 12))
def test_of_too_many_chips_some_are_drawn_in_their_places(most, size, step):
    for cut in (rectangular((size, size), step), SpatialPatcher(SpatialRectangular((size, size)), SpatialRandom(500))):
        lines = Outlines.of(cut, UTM).lines(UTM.window, most)
        assert 0 < lines.drawn <= most and lines.total == len(cut.plan(UTM))
        assert lines.drawn == lines.total if lines.total <= most else lines.drawn * 4 > min(most, lines.total) / 4
        assert set(boxes(lines.wkb, UTM)) <= set(windows(cut, UTM, UTM.window))


def test_a_raster_of_very_many_chips_is_quick():
    huge = RasterDomain((100_000, 100_000), GRID, "EPSG:32633")
    outlines = Outlines.of(rectangular((256, 256), 1), huge)
    assert outlines.count == 99_745**2
    lines = outlines.lines(huge.window, 5000)
    assert 1000 < lines.drawn <= 5000 and lines.total == outlines.count
    near = PixelWindow(500, 500, 20, 20)
    assert outlines.lines(near, 10**6).drawn == outlines.lines(near, 10**6).total == 275**2


def test_nothing_in_view():
    outlines = Outlines.of(rectangular((20, 20), 100, "drop"), UTM)
    for view in (PixelWindow(40, 40, 10, 10), PixelWindow(0, 0, 0, 0)):
        assert outlines.lines(view, 5000) == (b"", 0, 0)


def test_the_view():
    outlines = Outlines.of(rectangular((20, 20), 10), UTM, PixelWindow(10, 10, 100, 100))
    assert outlines.view([(500_205, 4_999_795), (500_405, 4_999_500)]) == PixelWindow(20, 20, 30, 21)
    assert outlines.view([(0, 0), (1e9, 1e9)]) == PixelWindow(10, 10, 100, 100)
    assert not outlines.view([(0, 0), (10, 10)]).pixels
    assert outlines.view([(np.nan, 0)]) == outlines.view([]) == outlines.window


@given(st.floats(0, 119.99), st.floats(0, 149.99), st.sampled_from(BOUNDARIES))
def test_the_chip_under_the_pointer(row, col, boundary):
    window = PixelWindow(10, 20, 90, 100)
    for cut in cutters(boundary):
        holding = [
            w for w in windows(cut, UTM, window) if w[0] <= int(row) < w[0] + w[2] and w[1] <= int(col) < w[1] + w[3]
        ]
        found = Outlines.of(cut, UTM, window).at(*apply(GRID, col, row))
        if not holding:
            assert found is None
            continue
        (box,) = boxes(found.outline, UTM)
        assert box in holding and found.anchor == box[:2]
        away = [(w[0] + w[2] / 2 - row) ** 2 + (w[1] + w[3] / 2 - col) ** 2 for w in holding]
        assert away[holding.index(box)] <= min(away) + 1e-6


def test_nothing_is_under_a_pointer_beside_the_raster():
    for cut in (rectangular((50, 50), 30, "pad"), SpatialPatcher(SpatialSphericalCap(0.3), SpatialRegularStride(40))):
        outlines = Outlines.of(cut, UTM)
        assert outlines.at(499_999, 4_999_999) is None and outlines.at(500_001, 4_999_999) is not None
        assert outlines.at(np.nan, np.nan) is None


@pytest.mark.parametrize("domain, radius, step", [(UTM, 0.2, 31), (DEGREES, 700, 37)])
def test_caps_are_circles(domain, radius, step):
    cut = SpatialPatcher(SpatialSphericalCap(radius), SpatialRegularStride(step), SpatialHann())
    outlines = Outlines.of(cut, domain)
    anchors = cut.sampler.anchors(domain.shape, domain)
    lines = outlines.lines(domain.window, 5000)
    found = rings(lines.wkb)
    assert len(found) == lines.drawn == outlines.count == len(anchors)
    grid = EarthGrid(domain)
    for (row, col), ring in zip(anchors, found):
        cols, rows = apply(~domain.transform, ring[:, 0], ring[:, 1])
        centre = [float(v[0]) for v in grid.lonlat(np.array([row]), np.array([col]))]
        km = haversine_km(*centre, *grid.lonlat(rows - 0.5, cols - 0.5))
        np.testing.assert_allclose(km, radius, rtol=1e-6)
        assert np.abs(np.diff(ring[:, 0])).max() < 180  # none jumps from one end of the world to the other


def test_boxes_hold_the_caps():
    cut = SpatialPatcher(SpatialSphericalCap(0.2), SpatialRegularStride(31), SpatialHann())
    plan = cut.plan(UTM)
    box = cut.geometry.outlines(cut.sampler, cut.window, UTM).places[plan.order]
    assert (box[:, :2] <= plan.places[:, :2]).all()
    assert (box[:, :2] + box[:, 2:] >= plan.places[:, :2] + plan.places[:, 2:]).all()
    inner = plan.places[:, 2:].max(axis=0)
    assert (box[:, 2:] - inner).max() <= 3


def test_the_cap_under_the_pointer():
    cut = SpatialPatcher(SpatialSphericalCap(0.2), SpatialRegularStride(60), SpatialHann())
    outlines = Outlines.of(cut, UTM)
    assert outlines.at(*apply(GRID, 65, 55)).anchor == (60, 60)
    assert outlines.at(*apply(GRID, 90, 90)) is None


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_the_nearest_chip(boundary):
    for cut in cutters(boundary):
        there = windows(cut, UTM, UTM.window)
        for row, col in ((0, 0), (60.3, 71.8), (119.9, 149.9), (-40, 500)):
            chip, mirrored = nearest_chip(cut, UTM, row, col)
            away = [(w[0] + w[2] / 2 - row) ** 2 + (w[1] + w[3] / 2 - col) ** 2 for w in there]
            assert away[there.index(tuple(chip.window))] == pytest.approx(min(away))
            assert mirrored == (boundary in ("reflect", "shift"))


def test_the_nearest_cap_is_the_runs():
    cut = SpatialPatcher(SpatialSphericalCap(0.2), SpatialRegularStride(31), SpatialHann())
    plan = cut.plan(UTM)
    chip, _ = nearest_chip(cut, UTM, 70, 20)
    index = plan.anchors.tolist().index([62, 31])
    assert chip.anchor == (62, 31) and tuple(chip.window) == tuple(plan.places[index])
    np.testing.assert_array_equal(chip.weights, plan.weights_at(int(plan.order[index])))


def test_refused():
    with pytest.raises(PlanError, match="has no transform"):
        Outlines.of(rectangular((5, 5), 5), RasterDomain((10, 10)))
    with pytest.raises(PlanError, match="no chip fits"):
        Outlines.of(rectangular((500, 500), 5, "drop"), UTM)
    field = RasterField(GeoTensor(np.zeros((10, 10))))
    with pytest.raises(PlanError, match="has no transform"):
        Outlines.of(rectangular((5, 5), 5), field.domain)
