"""Outlines of planned chips, read back and compared with the plan and with the pixels of each chip."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from patchwise.core import (
    SpatialExplicit,
    SpatialJitteredStride,
    SpatialPatcher,
    SpatialPolygonIntersection,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
)
from patchwise.core.base.errors import Cancelled, ParameterError, PlanError
from patchwise.core.gdal.masks import rasterize_mask
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.preview import footprints as module
from patchwise.core.preview.footprints import check_footprints, footprints
from rasterio import Affine
from rasterio.transform import from_origin

from ..cases import cases_with_window

ROTATED = Affine.translation(5e5, 4e6) * Affine.rotation(30) * Affine.scale(10, -10)
UTM = RasterDomain((60, 70), from_origin(500_000, 5_000_000, 100, 100), "EPSG:32633")
SQUARE = [(500_000, 5_000_000), (502_000, 5_000_000), (502_000, 4_998_000), (500_000, 4_998_000), (500_000, 5_000_000)]


def read_wkb(wkb):
    """Polygons as lists of rings."""
    kind, count = struct.unpack_from("<II", wkb, 1)
    polygons, at = [], 9
    for _ in range(count if kind == 6 else 1):
        if kind == 6:
            assert wkb[at] == 1 and struct.unpack_from("<I", wkb, at + 1) == (3,)
            rings, at = struct.unpack_from("<I", wkb, at + 5)[0], at + 9
        else:
            rings = count
        polygon = []
        for _ in range(rings):
            (points,) = struct.unpack_from("<I", wkb, at)
            polygon.append(np.frombuffer(wkb, "<f8", 2 * points, at + 4).reshape(-1, 2))
            at += 4 + 16 * points
        polygons.append(polygon)
    assert at == len(wkb)
    return polygons


def collected(patcher, domain, window=None, **options):
    """``(number, anchor, size, inside, polygons)`` of each chip."""
    found = []
    for batch in footprints(patcher, domain, window, **options):
        assert len(batch.numbers) <= module._BATCH
        for number, anchor, size, inside, wkb in zip(*batch):
            found.append((int(number), tuple(anchor), tuple(size), float(inside), read_wkb(wkb)))
    return found


def planned(patcher, domain, window):
    return [chip for group in patcher.plan(domain).groups(window) for chip in group.chips]


@given(cases_with_window())
def test_rectangles_are_the_chips_of_the_plan_in_its_order(drawn):
    case, window = drawn
    domain = RasterDomain(case.shape, ROTATED)
    whole, found = collected(case.patcher, domain), collected(case.patcher, domain, window)
    chips = planned(case.patcher, domain, window)
    assert len(found) == len(chips)
    for (number, anchor, size, inside, polygons), chip in zip(found, chips):
        place = chip.window
        assert anchor == place[:2] and size == place[2:]
        assert inside == pytest.approx(place.intersect(domain.window).pixels / place.pixels)
        ((ring,),) = polygons
        corners = [(place.col, place.row), (place.col_stop, place.row), (place.col_stop, place.row_stop)]
        corners += [(place.col, place.row_stop), (place.col, place.row)]
        np.testing.assert_allclose(ring, [ROTATED * corner for corner in corners], rtol=1e-12)
        np.testing.assert_array_equal(ring[0], ring[-1])
        assert whole[number - 1][1] == anchor  # the number does not depend on the window
    assert [entry[0] for entry in whole] == list(range(1, len(whole) + 1))


@pytest.mark.parametrize("sampler", [SpatialRandom(50, 1), SpatialJitteredStride(6, 3, 2)])
@pytest.mark.parametrize("boundary", ["shift", "pad", "shrink"])
def test_rectangles_at_any_anchors(monkeypatch, sampler, boundary):
    monkeypatch.setattr(module, "_BATCH", 7)
    patcher, window = SpatialPatcher(SpatialRectangular((9, 12), boundary), sampler), PixelWindow(10, 5, 20, 30)
    found, chips = collected(patcher, UTM, window), planned(patcher, UTM, window)
    assert [(anchor, size) for _, anchor, size, _, _ in found] == [(c.window[:2], c.window[2:]) for c in chips]
    everything = {entry[0]: entry[1:3] for entry in collected(patcher, UTM)}
    assert all(everything[number] == (anchor, size) for number, anchor, size, _, _ in found)


def mask_of(polygons, domain):
    """Pixels whose centres lie in the polygons."""
    geometry = {"type": "MultiPolygon", "coordinates": [[ring.tolist() for ring in rings] for rings in polygons]}
    return rasterize_mask(geometry, domain.shape, domain.transform)


GLOBE = RasterDomain((90, 180), from_origin(-180, 90, 2, 2), "EPSG:4326")
POLAR = RasterDomain((80, 80), from_origin(-2e6, 2e6, 50_000, 50_000), "EPSG:3413")
CAPS = {
    "utm": (UTM, 1.3, SpatialRandom(30, 1), True),
    "fine": (UTM, 0.21, SpatialRandom(30, 2), True),
    "degrees": (GLOBE, 900, SpatialExplicit([(40, 90), (30, 50), (60, 120)]), True),
    "date line": (GLOBE, 900, SpatialExplicit([(40, 1), (45, 178)]), False),
    "pole": (GLOBE, 1500, SpatialExplicit([(2, 40), (88, 100)]), False),
    "pole on a polar map": (POLAR, 900, SpatialExplicit([(40, 40), (36, 44)]), True),
}


@pytest.mark.parametrize("name", CAPS)
def test_a_cap_is_outlined_around_its_pixels(name):
    domain, radius_km, sampler, round_ones = CAPS[name]
    patcher = SpatialPatcher(SpatialSphericalCap(radius_km), sampler)
    found, chips = collected(patcher, domain), planned(patcher, domain, domain.window)
    assert len(found) == len(chips) == len(sampler.anchors(domain.shape, domain))
    for (_, anchor, size, inside, polygons), chip in zip(found, chips):
        assert anchor == chip.anchor and size == chip.window[2:]
        pixels = np.zeros(domain.shape, bool)
        place = chip.window
        pixels[place.row : place.row_stop, place.col : place.col_stop] = chip.weights > 0
        drawn = mask_of(polygons, domain)
        assert np.isnan(inside) == (not round_ones)
        if round_ones:
            # A circle has 72 corners: pixels close to its line may fall on its other side.
            assert len(polygons) == 1 and np.count_nonzero(drawn != pixels) <= 0.03 * pixels.sum() + 4
            np.testing.assert_array_equal(polygons[0][0][0], polygons[0][0][-1])
        else:
            np.testing.assert_array_equal(drawn, pixels)
    if name == "date line":
        assert all(len(polygons) == 2 for *_, polygons in found)


@pytest.mark.parametrize(
    ("patcher", "kind"),
    [
        (SpatialPatcher(SpatialRectangular(20), SpatialRegularStride(20)), 3),
        (SpatialPatcher(SpatialPolygonIntersection([{"type": "Polygon", "coordinates": [SQUARE]}])), 3),
        (SpatialPatcher(SpatialSphericalCap(1.5), SpatialRandom(5)), 6),
    ],
    ids=["rectangles", "polygons", "caps"],
)
def test_geometries_say_whether_their_footprints_have_several_parts(patcher, kind):
    kinds = {struct.unpack_from("<I", wkb, 1)[0] for batch in footprints(patcher, UTM) for wkb in batch.outlines}
    assert kinds == {kind} and patcher.geometry.several_parts == (kind == 6)


def test_the_share_of_a_cap_at_the_edge_that_lies_on_the_raster():
    patcher = SpatialPatcher(SpatialSphericalCap(1.5), SpatialExplicit([(0, 35), (0, 0), (30, 30)]))
    shares = {anchor: inside for _, anchor, _, inside, _ in collected(patcher, UTM)}
    assert shares[(30, 30)] == 1
    assert shares[(0, 35)] == pytest.approx(0.52, abs=0.02) and shares[(0, 0)] == pytest.approx(0.27, abs=0.02)


@pytest.mark.parametrize("geometry", [SpatialRectangular((9, 9)), SpatialSphericalCap(0.5)])
def test_progress_grows_to_one_and_cancelling_ends_the_work(monkeypatch, geometry):
    monkeypatch.setattr(module, "_BATCH", 10)
    monkeypatch.setattr(module, "_CAPS", 10)
    patcher, seen = SpatialPatcher(geometry, SpatialRandom(60, 1)), []
    collected(patcher, UTM, progress=seen.append)
    assert seen == sorted(seen) and len(seen) > 5 and seen[-1] == 1
    seen.clear()
    with pytest.raises(Cancelled, match="cancelled"):
        collected(patcher, UTM, progress=seen.append, cancelled=lambda: bool(seen))
    assert len(seen) == 1


def test_what_is_wrong_is_refused_before():
    gaps = SpatialPatcher(SpatialRectangular((5, 5)), SpatialRegularStride(20))
    window = PixelWindow(6, 6, 5, 5)
    for refused in (lambda: check_footprints(gaps, UTM, window), lambda: list(footprints(gaps, UTM, window))):
        with pytest.raises(PlanError, match="extent is .*no chip touches it"):
            refused()
    cap = SpatialPatcher(SpatialSphericalCap(1), SpatialRandom(5))
    with pytest.raises(PlanError, match="has no transform"):
        check_footprints(cap, RasterDomain((50, 50)), window)
    with pytest.raises(ParameterError, match="the raster's crs is None"):
        check_footprints(cap, RasterDomain((50, 50), ROTATED), window)
    with pytest.raises(PlanError, match="count is 5000"):
        check_footprints(SpatialPatcher(SpatialSphericalCap(1), SpatialRandom(5000)), UTM, window)
    check_footprints(cap, UTM, window)
