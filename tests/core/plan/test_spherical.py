"""Spherical caps: exactly the pixels within the radius, anywhere on Earth; radial weights; the laws of the one loop."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine
from hypothesis import assume, given
from hypothesis import strategies as st
from patchwise.core import (
    GeoTensor,
    Lambda,
    ParameterError,
    PlanError,
    RasterField,
    SpatialBoxcar,
    SpatialCustom,
    SpatialGaussian,
    SpatialHann,
    SpatialPatcher,
    SpatialTukey,
)
from patchwise.core.axes.sampler import SpatialExplicit, SpatialPoissonDisk, SpatialRandom, SpatialRegularStride
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.grid.earth import haversine_km
from patchwise.core.loop.coverage import write_coverage
from patchwise.core.plan.caps import SpatialSphericalCap
from patchwise.core.rasters.memory import ArraySink

from ..cases import (
    WHOLE_CHIP,
    assert_same_bits,
    assert_streamed_is_merged,
    assert_window_is_part_of_the_whole,
    crop,
    examples,
    make_array,
    run,
)

pyproj = pytest.importorskip("pyproj")

RADIUS = 6371.0088
TUKEYS = (SpatialTukey(0.0), SpatialTukey(0.4), SpatialTukey(1.0))
WINDOWS = (SpatialBoxcar(), SpatialHann(), *TUKEYS, SpatialGaussian(0.3), SpatialCustom("exp(-2*r)"))


def rotated(x, y, degrees, width, height):
    return Affine.translation(x, y) * Affine.rotation(degrees) * Affine.scale(width, -height)


TURNED = "+proj=ob_tran +o_proj=longlat +o_lat_p=39 +lon_0=18"
#: name -> domain, radii in km.
GRIDS = {
    "global, 2 degrees": (RasterDomain((90, 180), Affine(2, 0, -180, 0, -2, 90), "EPSG:4326"), (150, 900, 9000, 20100)),
    "global, 0 to 360": (RasterDomain((90, 180), Affine(2, 0, 0, 0, -2, 90), 4326), (300, 2000)),
    "global, centres on the poles": (RasterDomain((91, 180), Affine(2, 0, -181, 0, -2, 91), "OGC:CRS84"), (300, 2000)),
    "global, south-up": (RasterDomain((90, 180), Affine(2, 0, -180, 0, 2, -90), "EPSG:4258"), (700,)),
    "arctic, 0.1 degrees": (RasterDomain((150, 900), Affine(0.4, 0, -180, 0, -0.1, 90), 4326), (20, 200, 700)),
    "across the date line": (RasterDomain((100, 140), Affine(0.1, 0, 173, 0, -0.1, -10), 4326), (30, 120)),
    "UTM 33N": (RasterDomain((150, 170), Affine(10, 0, 500_000, 0, -10, 5_000_000), 32633), (0.001, 0.04, 0.4, 1.1)),
    "UTM, oblong pixels": (RasterDomain((150, 90), Affine(10, 0, 5e5, 0, -30, 8e6), 32660), (0.2, 1.0)),
    "UTM, rotated": (RasterDomain((150, 170), rotated(5e5, 5e6, 33, 20, 10), 32733), (0.05, 0.7)),
    "polar stereographic": (RasterDomain((200, 200), Affine(2.5e4, 0, -2.5e6, 0, -2.5e4, 2.5e6), 3413), (60, 900)),
    "polar, rotated": (RasterDomain((200, 180), rotated(-2e6, 2e6, -20, 2.5e4, 2e4), 3031), (300,)),
    "Lambert, national": (RasterDomain((120, 120), Affine(9e3, 0, 1e5, 0, -9e3, 2.6e6), 27572), (40, 300)),
    "Mercator, world": (RasterDomain((150, 150), Affine(266_666, 0, -2e7, 0, -266_666, 2e7), 3857), (500, 3000)),
    "Mollweide, world": (RasterDomain((150, 300), Affine(125e3, 0, -1.875e7, 0, -125e3, 9.4e6), "ESRI:54009"), (800,)),
    "interrupted Goode": (RasterDomain((150, 300), Affine(134e3, 0, -2.01e7, 0, -12e4, 9e6), "+proj=igh"), (600, 2500)),
    "geostationary": (RasterDomain((300, 300), Affine(4e4, 0, -6e6, 0, -4e4, 6e6), "+proj=geos +h=35785831"), (500,)),
    "rotated pole": (RasterDomain((80, 90), Affine(0.25, 0, -12, 0, -0.25, 11), TURNED), (60, 400)),
}


def lonlat(domain):
    """Degrees of all pixel centres, without the core."""
    rows, cols = np.mgrid[0 : domain.shape[0], 0 : domain.shape[1]] + 0.5
    t = domain.transform
    x, y = t.a * cols + t.b * rows + t.c, t.d * cols + t.e * rows + t.f
    crs = pyproj.CRS(domain.crs)
    if crs.is_geographic and not crs.is_derived:
        return x, np.where(abs(y) <= 90, y, np.nan)
    lon, lat = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    return np.where(np.isfinite(lon), lon, np.nan), np.where(np.isfinite(lat), lat, np.nan)


def distances(lon, lat, row, col):
    """Great-circle distances by the angle between unit vectors, another formula than the core's."""
    a, b = (
        np.stack([np.cos(v) * np.cos(u), np.cos(v) * np.sin(u), np.sin(v)])
        for u, v in ((np.radians(lon), np.radians(lat)), (np.radians(lon[row, col]), np.radians(lat[row, col])))
    )
    b = b[:, None, None]
    return RADIUS * np.arctan2(np.linalg.norm(np.cross(a, b, axis=0), axis=0), (a * b).sum(axis=0))


def chips(plan):
    return [chip for group in plan.groups(PixelWindow(0, 0, *plan.shape)) for chip in group.chips]


def anchors_of(domain, seed):
    """Corners, edges, the middle, and some at random."""
    height, width = domain.shape
    picked = [(r, c) for r in (0, height // 2, height - 1) for c in (0, width // 3, width - 1)]
    return [*picked, *map(tuple, SpatialRandom(12, seed).anchors(domain.shape).tolist())]


@pytest.mark.parametrize("name", GRIDS)
def test_a_cap_is_exactly_the_pixels_within_the_radius(name):
    domain, radii = GRIDS[name]
    lon, lat = lonlat(domain)
    for radius in radii:
        anchors = anchors_of(domain, len(name))
        on_earth = [anchor for anchor in anchors if np.isfinite(lon[anchor])]
        plan = SpatialSphericalCap(radius).plan(SpatialExplicit(anchors), SpatialHann(), domain)
        assert len(plan) == len(on_earth)
        assert list(plan.left_out) == [k for k, anchor in enumerate(anchors) if anchor not in on_earth]
        seen = set()
        for chip in chips(plan):
            seen.add(chip.anchor)
            km = distances(lon, lat, *chip.anchor)
            inside = np.zeros(domain.shape, bool)
            place = chip.window
            inside[place.row : place.row_stop, place.col : place.col_stop] = chip.weights > 0
            # A datum shift between the two ways, and rounding at the rim.
            clear = ~(abs(km - radius) < 1e-7 * radius + 1e-9)
            np.testing.assert_array_equal(inside[clear], (km <= radius)[clear])
            # No smaller window would hold it.
            cut = chip.weights > 0
            assert cut[0].any() and cut[-1].any() and cut[:, 0].any() and cut[:, -1].any()
        assert seen == set(on_earth)


@given(
    st.floats(-180, 180),
    st.floats(-90, 90),
    st.floats(0.01, 20),
    st.floats(0, 360),
    st.tuples(st.integers(1, 150), st.integers(1, 150)),
    st.floats(0.3, 60),
    st.data(),
)
@examples(0.6)
def test_caps_on_grids_drawn_at_random(lon0, lat0, pixel_km, turn, shape, radius_px, data):
    # An azimuthal projection about any point of the Earth, in kilometres, turned by any angle.
    crs = f"+proj=laea +lat_0={lat0!r} +lon_0={lon0!r} +units=km +datum=WGS84"
    half = Affine.translation(-shape[1] / 2, -shape[0] / 2)
    domain = RasterDomain(shape, Affine.rotation(turn) * Affine.scale(pixel_km, -pixel_km) * half, crs)
    anchor = data.draw(st.integers(0, shape[0] - 1)), data.draw(st.integers(0, shape[1] - 1))
    radius = radius_px * pixel_km
    (chip,) = chips(SpatialSphericalCap(radius).plan(SpatialExplicit([anchor]), SpatialBoxcar(), domain))
    km = distances(*lonlat(domain), *anchor)
    clear = abs(km - radius) > 1e-6
    inside = np.zeros(shape, bool)
    inside[chip.window.row : chip.window.row_stop, chip.window.col : chip.window.col_stop] = chip.weights == 1
    np.testing.assert_array_equal(inside[clear], (km <= radius)[clear])


def test_a_cap_around_the_pole_is_a_row_of_pixels():
    domain = GRIDS["global, centres on the poles"][0]
    (chip,) = chips(SpatialSphericalCap(230).plan(SpatialExplicit([(0, 7)]), SpatialBoxcar(), domain))
    assert chip.window == (0, 0, 2, 180) and chip.weights.all()  # 222 km to the next row, whatever the longitude


def test_a_cap_across_the_date_line_has_both_ends():
    domain = GRIDS["global, 2 degrees"][0]
    (chip,) = chips(SpatialSphericalCap(700).plan(SpatialExplicit([(45, 0)]), SpatialBoxcar(), domain))
    assert chip.window.col == 0 and chip.window.width == 180 and chip.anchor == (45, 0)
    np.testing.assert_array_equal(chip.weights[:, 1:4], chip.weights[:, :-4:-1])  # alike to the east and the west
    assert not chip.weights[:, 5:-5].any()


def test_haversine_is_near_the_geodesic():
    geodesic = pyproj.Geod(ellps="GRS80")
    rng = np.random.RandomState(1)
    lon, lat = rng.uniform(-180, 180, (2, 500)), rng.uniform(-90, 90, (2, 500))
    km = geodesic.inv(lon[0], lat[0], lon[1], lat[1])[2] / 1000
    assert (abs(haversine_km(lon[0], lat[0], lon[1], lat[1]) - km) < 0.006 * km).all()
    assert haversine_km(-180, 0, 180, 0) < 1e-9 and haversine_km(3, 90, 170, 90) < 1e-9
    assert haversine_km(0, 0, 180, 0) == pytest.approx(math.pi * RADIUS)


# --- weights


@pytest.mark.parametrize("window", WINDOWS, ids=repr)
def test_weights_are_radial_and_above_0_to_the_rim(window):
    domain = GRIDS["UTM 33N"][0]
    # 400 m are 40 pixels, give or take the scale of the projection: outermost pixels lie close to the rim.
    (chip,) = chips(SpatialSphericalCap(0.4).plan(SpatialExplicit([(70, 80)]), window, domain))
    km = crop(distances(*lonlat(domain), 70, 80), chip.window)
    rim = 0.4 + 0.005  # on the sphere, 10 m of UTM are a little more or less
    inside = km <= 0.4
    assert (chip.weights[inside] > 0).all() and (chip.weights[~inside] == 0).all()
    np.testing.assert_allclose(chip.weights[inside], window.radial(km[inside] / rim), rtol=0, atol=1e-4)
    assert chip.weights.max() == chip.weights[70 - chip.window.row, 80 - chip.window.col] == 1
    assert not chip.weights.flags.writeable


@given(st.sampled_from([w for w in WINDOWS if not isinstance(w, SpatialCustom)]), st.integers(1, 40))
def test_radial_is_half_of_the_profile(window, size):
    u = (np.arange(size) + 0.5) / size
    np.testing.assert_allclose(window.radial(abs(2 * u - 1)), window.profile(size), rtol=1e-9, atol=1e-12)
    assert (window.radial(np.linspace(0, 1, 101)) > 0).all()


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (SpatialCustom(lambda g: np.ones(g.size)), "on a round chip it must be an expression in r"),
        (SpatialCustom("1 - abs(x)"), "on a round chip it must be an expression in r alone"),
        (SpatialCustom("0.5 - r"), "must be finite and at least 0"),
    ],
)
def test_windows_that_need_a_rectangle_are_refused(window, message):
    with pytest.raises(ParameterError, match=message):
        SpatialSphericalCap(0.3).plan(SpatialRandom(3), window, GRIDS["UTM 33N"][0])


# --- the laws of the one loop


@st.composite
def cases(draw):
    name = draw(st.sampled_from(["across the date line", "UTM, rotated", "polar stereographic", "arctic, 0.1 degrees"]))
    domain, radii = GRIDS[name]
    row, col = (draw(st.integers(0, n - 60)) for n in domain.shape)
    domain = domain.crop(PixelWindow(row, col, draw(st.integers(5, 60)), draw(st.integers(5, 60))))
    seed = draw(st.integers(0, 2**32 - 1))
    sampler = draw(st.sampled_from([SpatialRandom(6, seed), SpatialPoissonDisk(9, seed), SpatialRegularStride(13)]))
    bands = draw(st.sampled_from((None, 2)))
    whole = domain.shape if bands is None else (bands, *domain.shape)
    array = make_array(whole, "float32", draw(st.sampled_from((0.0, 0.2))), False, seed)
    radius = draw(st.sampled_from(radii)) * draw(st.floats(0.2, 1))
    patcher = SpatialPatcher(SpatialSphericalCap(radius), sampler, draw(st.sampled_from(WINDOWS)))
    field = RasterField(GeoTensor(array, domain.transform, domain.crs))
    case = SimpleNamespace(array=array, shape=domain.shape, domain=domain, patcher=patcher, field=field)
    row, col = (draw(st.integers(0, n - 1)) for n in domain.shape)
    size = (draw(st.integers(1, n - first)) for n, first in zip(domain.shape, (row, col)))
    case.window = PixelWindow(row, col, *size)
    return case


@given(cases())
def test_streamed_equals_merge(case):
    assert_streamed_is_merged(case, WHOLE_CHIP)


@given(cases(), st.integers(1, 9))
@examples(0.6)
def test_a_window_alone_equals_that_window_of_the_whole(case, block_width):
    assume(case.patcher.plan(case.domain).count(case.window))
    assert_window_is_part_of_the_whole(case, WHOLE_CHIP, case.window, block_width)


@given(cases())
@examples(0.4)
def test_the_operator_sees_the_cap_and_nothing_else(case):
    plan = case.patcher.plan(case.domain)
    counts = np.zeros(case.shape)
    for chip, patch in zip(chips(plan), case.patcher.split(case.field)):
        data = np.asarray(patch.data)
        assert np.isnan(data[..., chip.weights == 0]).all() and patch.anchor == chip.anchor
        expected = crop(case.array, chip.window)[..., chip.weights > 0]
        np.testing.assert_array_equal(data[..., chip.weights > 0], expected)
        counts[chip.window.row : chip.window.row_stop, chip.window.col : chip.window.col_stop] += chip.weights > 0
    sink = ArraySink(case.shape)
    write_coverage(case.patcher, case.domain, case.domain.window, sink)
    np.testing.assert_array_equal(sink.array[0], counts)
    assert plan.covered_share(case.domain.window) == pytest.approx((counts > 0).mean())
    identity = run(case, Lambda(lambda chip: chip))
    assert_same_bits(identity, np.where(counts > 0, case.array, np.float32(np.nan)).reshape(identity.shape))


def test_weights_made_again_are_the_same(monkeypatch):
    domain = GRIDS["polar stereographic"][0]

    def weights():
        plan = SpatialSphericalCap(700).plan(SpatialRandom(9), SpatialHann(), domain)
        return [chip.weights for chip in chips(plan)]

    kept = weights()
    monkeypatch.setattr("patchwise.core.plan.caps._KEPT_BYTES", 0)
    for one, other in zip(kept, weights()):
        np.testing.assert_array_equal(one, other)


# --- configuration and errors


def test_a_cap_is_rebuilt_from_its_configuration():
    cap = SpatialSphericalCap(2.5)
    assert cap.get_config() == {"radius_km": 2.5} and SpatialSphericalCap.from_config(cap.get_config()) == cap
    assert repr(SpatialSphericalCap(np.float64(3)).get_config()) == "{'radius_km': 3}"


@pytest.mark.parametrize("radius", [0, -1, float("nan"), float("inf"), "5", True, None])
def test_a_radius_must_be_above_0(radius):
    with pytest.raises(ParameterError, match="radius_km is .*: must be a number of kilometres above 0"):
        SpatialSphericalCap(radius)


@pytest.mark.parametrize(
    ("raster", "message"),
    [
        ({"crs": None}, "the raster's crs is None: is not known, and is needed"),
        ({"transform": None}, "has no transform"),
        ({"crs": 'LOCAL_CS["x",UNIT["metre",1]]'}, "must be tied to the Earth"),
        ({"crs": "EPSG:4978"}, "must be tied to the Earth"),
        ({"crs": "nonsense"}, "not understood by PROJ"),
    ],
)
def test_rasters_that_lie_nowhere_are_refused(raster, message):
    given_raster = {"shape": (20, 20), "transform": Affine(10, 0, 5e5, 0, -10, 5e6), "crs": 32633, **raster}
    patcher = SpatialPatcher(SpatialSphericalCap(1), SpatialRandom(2))
    with pytest.raises(ParameterError, match=message):
        patcher.plan(RasterDomain(**given_raster))


def test_anchors_off_the_earth_give_no_chip_and_none_at_all_is_refused():
    domain = GRIDS["Mollweide, world"][0]
    plan = SpatialSphericalCap(800).plan(SpatialExplicit([(0, 0), (75, 150)]), SpatialBoxcar(), domain)
    assert len(plan) == 1 and plan.left_out == (0,) and plan.order.tolist() == [1]
    with pytest.raises(PlanError, match="none of its anchors lies on the Earth"):
        SpatialSphericalCap(800).plan(SpatialExplicit([(0, 0)]), SpatialBoxcar(), domain)
    with pytest.raises(ParameterError, match="must say where the caps' centres lie"):
        SpatialPatcher(SpatialSphericalCap(800)).plan(domain)
