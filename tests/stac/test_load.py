"""Sentinel-2 chips from a genuine STAC API: the right items, the right pixels, and what is said about them."""

import datetime as dt

import numpy as np
import pytest
import rasterio
from patchwise.core import GeoTensor
from patchwise.core.base.errors import Cancelled, ParameterError, StacError
from patchwise.core.sentinel2.remote import Network
from patchwise.core.sentinel2.stac import (
    LAKE_TAHOE_BBOX,
    find_s2_scene,
    load_s2_chip,
    load_s2_timestack,
    search_s2,
)
from rasterio.warp import Resampling, reproject, transform_bounds

from . import catalogue, scenes

SUMMER = ("2023-06-01", "2023-09-30")
QUICK = Network(timeout=5, first_wait=0.05)


def load(stac, box, bands, days=SUMMER, **options):
    options.setdefault("endpoint", stac.open_endpoint)
    options.setdefault("network", QUICK)
    return load_s2_chip(box, days, bands, **options)


def centres(chip):
    """x ``(1, W)`` and y ``(H, 1)`` of the pixel centres."""
    t, (height, width) = chip.transform, chip.shape[-2:]
    return (t.c + (np.arange(width) + 0.5) * t.a)[None], (t.f + (np.arange(height) + 0.5) * t.e)[:, None]


def warped(path, chip, resampling):
    """The file's band on the chip's grid, by GDAL directly."""
    out = np.zeros(chip.shape[-2:], np.float32)
    with rasterio.open(path) as source:
        values = source.read(1).astype(np.float32)
        reproject(
            values,
            out,
            src_transform=source.transform,
            src_crs=source.crs,
            src_nodata=0,
            dst_transform=chip.transform,
            dst_crs=chip.crs,
            dst_nodata=0,
            resampling=resampling,
            tolerance=0,
        )
    return out


@pytest.mark.slow
def test_the_chip_of_the_specification(stac):
    chip = load_s2_chip(bbox=LAKE_TAHOE_BBOX, endpoint=stac.open_endpoint)
    assert isinstance(chip, GeoTensor)
    assert (chip.shape, chip.dtype, str(chip.crs)) == ((4, 3935, 1599), np.uint16, "EPSG:32610")
    assert chip.band_names == ("B02", "B03", "B04", "B08") and chip.nodata == 0
    x, y = centres(chip)
    for values, band in zip(chip.array, chip.band_names):
        np.testing.assert_array_equal(values, stac["lake_clear"].dn(band, x, y))


def test_bands_of_20_and_60_metres_are_as_warped_directly(stac):
    chip = load(stac, catalogue.WEST_ONLY, "B11,B01,SCL")
    for values, band in zip(chip.array, chip.band_names):
        method = Resampling.nearest if band == "SCL" else Resampling.bilinear
        expected = warped(stac.file("west", band), chip, method)
        np.testing.assert_array_equal(values, np.rint(expected).astype(np.uint16), err_msg=band)


def test_neighbours_give_one_picture_without_seam_or_hole(stac):
    chip = load(stac, catalogue.PAIR, "B04,B8A,SCL")
    x, y = centres(chip)
    west = stac["west"]
    truth = scenes.reflectance("B04", x, y, west.day) + 1000
    np.testing.assert_array_equal(chip.array[0], np.rint(truth))
    assert np.abs(chip.array[1] - (scenes.reflectance("B8A", x, y, west.day) + 1000)).max() < 4
    assert chip.array.min() > 0


def test_halves_of_a_tile_give_one_picture(stac):
    chip = load(stac, catalogue.HALVES, "B03")
    x, y = centres(chip)
    truth = scenes.reflectance("B03", x, y, stac["half_west"].day) + 1000
    np.testing.assert_array_equal(chip.array[0], np.rint(truth))


@pytest.mark.parametrize(("box", "epsg", "other"), [("ZONES_WEST", 32632, 32633), ("ZONES_EAST", 32633, 32632)])
def test_two_zones_go_to_that_of_the_larger_part_and_say_so(stac, box, epsg, other):
    scene = find_s2_scene(getattr(catalogue, box), SUMMER, "B04,SCL", endpoint=stac.open_endpoint, network=QUICK)
    assert any(f"EPSG:{epsg}" in note and f"EPSG:{other}" in note for note in scene.notes)
    chip = scene.load()
    assert str(chip.crs) == f"EPSG:{epsg}" and chip.array.min() > 0
    native = stac["zone_32" if epsg == 32632 else "zone_33"]
    x, y = centres(chip)
    inside = np.broadcast_to(native.inside(x, y), chip.shape[1:])
    assert 0.5 < inside.mean() < 1
    np.testing.assert_array_equal(chip.array[0][inside], native.dn("B04", x, y)[inside])
    # the rest is resampled from the other zone's grid, within what bilinear interpolation may do
    ground = np.stack(native.tile.ground(*np.broadcast_arrays(x, y)))
    truth = scenes.reflectance("B04", *ground, native.day) + 1000
    assert np.abs(chip.array[0].astype(float) - truth)[~inside].max() < 12


def test_the_latest_processing_of_one_picture(stac):
    scene = find_s2_scene(
        catalogue.TWICE, ("2021-05-01", "2021-07-01"), "B04", endpoint=stac.open_endpoint, network=QUICK
    )
    assert scene.item_ids == (stac.id("made_2023"),)


def test_digital_numbers_carry_what_makes_reflectance_of_them(stac):
    for name, box, days, offset in (
        ("lake_old", catalogue.LAKE, ("2019-07-01", "2019-07-31"), 0.0),
        ("west", catalogue.WEST_ONLY, ("2023-08-15", "2023-08-15"), -0.1),
    ):
        options = dict(endpoint=stac.open_endpoint, network=QUICK, resolution=60)
        scene = find_s2_scene(box, days, "B04,SCL", **options)
        assert scene.scales[0] == pytest.approx((1e-4, offset)) and scene.scales[1] == (1.0, 0.0)
        assert scene.tags()["ITEM_IDS"] == stac.id(name)
        assert scene.tags()["OFFSETS"] == f"B04:{offset * 1e4:g},SCL:0"


def test_reflectance_has_the_offset_applied_and_nan_for_nodata(stac):
    for name, box, days in (
        ("west", catalogue.WEST_ONLY, "2023-08-15/2023-08-15"),
        ("made_2023", catalogue.TWICE, "2021-06-01/2021-06-01"),
    ):
        chip = load(stac, box, "B04", days, units="reflectance")
        x, y = centres(chip)
        truth = np.rint(scenes.reflectance("B04", x, y, stac[name].day)) / 1e4
        np.testing.assert_allclose(chip.array[0], truth, atol=1e-6)
        assert chip.dtype == np.float32 and chip.nodata is None


def test_the_offset_can_be_applied_to_digital_numbers_and_0_stays_nodata(stac):
    raw = load(stac, catalogue.WEST_ONLY, "B12")
    chip = load(stac, catalogue.WEST_ONLY, "B12", apply_offset=True)
    assert (raw.array < 1000).any() and raw.array.min() > 0  # below zero reflectance: it must not become nodata
    np.testing.assert_array_equal(chip.array, np.maximum(raw.array.astype(int) - 1000, 1))


def test_classes_on_request_become_nodata(stac):
    chip = load(stac, catalogue.LAKE, "B04,SCL", mask=("cloud high", 3), resolution=20, max_cloud_cover=5)
    whole = load(stac, catalogue.LAKE, "B04,SCL", resolution=20)
    masked = np.isin(whole.array[1], (9, 3))
    assert masked.any()
    np.testing.assert_array_equal(chip.array, np.where(masked, 0, whole.array))


def test_coarser_resolutions_come_from_overviews_and_classes_do_not(stac):
    fine, sent = load(stac, catalogue.LAKE, "B04,SCL"), stac.faults.sent("*B04*")
    stac.reset()
    coarse = load(stac, catalogue.LAKE, "B04,SCL", resolution=40)
    assert stac.faults.sent("*B04*") < 0.25 * sent
    assert np.allclose(coarse.transform[:2], (40, 0)) and coarse.shape[1:] == (984, 401)
    top, left = (
        round((coarse.transform.f - fine.transform.f) / 10),
        round((fine.transform.c - coarse.transform.c) / 10),
    )
    inner = fine.array[0].astype(float)[top + 400 : top + 800, 400 - left : 800 - left]
    means = inner.reshape(100, 4, 100, 4).mean(axis=(1, 3))
    assert np.corrcoef(means.ravel(), coarse.array[0, 100:200, 100:200].astype(float).ravel())[0, 1] > 0.999
    assert set(np.unique(coarse.array[1])) <= set(range(1, 12))


@pytest.mark.parametrize("style", ["earth_search", "cdse"])
def test_other_catalogues_name_their_assets_otherwise(stac, style):
    options = dict(endpoint=getattr(stac, style), units="reflectance")
    chip = load(stac, catalogue.WEST_ONLY, "B04,nir,B11,SCL", ("2023-08-15", "2023-08-15"), **options)
    x, y = centres(chip)
    for k, band in enumerate(("B04", "B08")):
        truth = np.rint(scenes.reflectance(band, x, y, stac["west"].day)) / 1e4
        np.testing.assert_allclose(chip.array[k], truth, atol=2e-4, err_msg=band)
    assert chip.band_names == ("B04", "B08", "B11", "SCL")


def test_an_offset_that_was_taken_off_already_is_not_taken_off_again(stac):
    taken = find_s2_scene(catalogue.WEST_ONLY, ("2023-08-15", "2023-08-15"), "B04", endpoint=stac.earth_search)
    left = find_s2_scene(catalogue.WEST_ONLY, ("2023-08-25", "2023-08-25"), "B04", endpoint=stac.earth_search)
    assert taken.scales[0] == pytest.approx((1e-4, 0.0))
    assert left.scales[0] == pytest.approx((1e-4, -0.1))


def test_a_stack_of_dates_lies_on_one_grid(stac):
    options = dict(endpoint=stac.open_endpoint, network=QUICK)
    shares = []
    stack = load_s2_timestack(catalogue.WEST_ONLY, SUMMER, "B04,B08", progress=shares.append, **options)
    assert stack.values.shape == (2, 2, 334, 305) and stack.values.dtype == np.uint16
    assert [time[:10] for time in stack.times] == ["2023-08-15", "2023-08-20"]
    for k, (name, day) in enumerate((("west", "2023-08-15"), ("west_2", "2023-08-20"))):
        chip = load(stac, catalogue.WEST_ONLY, "B04,B08", (day, day))
        np.testing.assert_array_equal(stack.values[k], chip.array)
        assert stac.id(name) in stack.scenes[k].item_ids
    assert shares == sorted(shares) and shares[-1] == 1.0
    with pytest.raises(StacError, match="no day's items cover 100 % of the box"):
        load_s2_timestack(catalogue.PAIR, ("2023-08-18", "2023-08-18"), "B04", min_share=1.0, **options)


def test_the_list_of_what_there_is(stac):
    items = search_s2(catalogue.LAKE, SUMMER, endpoint=stac.open_endpoint)
    assert [(item.day, item.cloud, item.tile) for item in items] == [
        ("2023-07-16", 0.5, "10SGJ"),
        ("2023-07-21", 3.0, "10SGJ"),
        ("2023-07-26", 40.0, "10SGJ"),
        ("2023-08-05", 1.0, "11SKD"),
    ]
    assert [
        item.cloud for item in search_s2(catalogue.LAKE, SUMMER, max_cloud_cover=1, endpoint=stac.open_endpoint)
    ] == [
        0.5,
        1.0,
    ]
    only = search_s2(catalogue.LAKE, SUMMER, tile="T11SKD", endpoint=stac.open_endpoint)
    assert [item.id for item in only] == [stac.id("lake_next_zone")]
    assert search_s2(catalogue.LAKE, (dt.date(2001, 1, 1), dt.date(2001, 1, 2)), endpoint=stac.open_endpoint) == []


def test_a_tile_can_be_asked_for(stac):
    scene = find_s2_scene(catalogue.LAKE, SUMMER, "B04", tile="11SKD", endpoint=stac.open_endpoint, network=QUICK)
    assert scene.item_ids == (stac.id("lake_next_zone"),)
    assert str(scene.domain.crs) == "EPSG:32611"


def test_what_is_not_covered_is_said_and_nodata(stac):
    scene = find_s2_scene(
        catalogue.PAIR, ("2023-08-18", "2023-08-18"), "B04", endpoint=stac.open_endpoint, network=QUICK
    )
    assert 0 < scene.choice.share < 1 and f"{100 * scene.choice.share:.1f} % of the box" in scene.notes[-1]
    x, y = centres(chip := scene.load())
    np.testing.assert_array_equal(chip.array[0] == 0, ~np.broadcast_to(stac["east_alone"].inside(x, y), chip.shape[1:]))


def test_no_item_says_what_would_give_one(stac):
    options = dict(bands="B04", endpoint=stac.open_endpoint, network=QUICK)
    with pytest.raises(StacError) as caught:
        find_s2_scene(catalogue.LAKE, ("2023-07-25", "2023-07-30"), **options)
    text = str(caught.value)
    assert "from 2023-07-25 to 2023-07-30 with at most 5 % cloud" in text and "sentinel-2-l2a" in text
    assert "With more cloud there are 1: the least cloudy is 2023-07-26 with 40 %" in text
    with pytest.raises(StacError, match="the nearest is 2023-07-16 with 0.5 %"):
        find_s2_scene(catalogue.LAKE, ("2023-05-01", "2023-06-30"), **options)
    with pytest.raises(StacError, match="neither more cloud nor a year before and after would give one"):
        find_s2_scene((0, 0, 1, 1), ("2023-05-01", "2023-06-30"), **options)
    with pytest.raises(StacError, match="in tile 31TFJ"):
        find_s2_scene(catalogue.LAKE, SUMMER, tile="31TFJ", **options)


def test_a_band_that_is_not_there_is_refused_before_reading(stac):
    with pytest.raises(ParameterError, match="bands is 'B99'"):
        load(stac, catalogue.WEST_ONLY, "B99")
    assert not stac.faults.requests()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"resolution": 0}, "resolution is 0: must be above 0 metres"),
        ({"units": "toa"}, "units is 'toa': must be one of dn, reflectance"),
        ({"max_cloud_cover": 101}, "cloud cover is 101: must be from 0 to 100 percent"),
        ({"tile": "Tahoe"}, "tile is 'Tahoe': must be a tile of the military grid"),
        ({"endpoint": "planetary"}, "endpoint is 'planetary': must be the address of a STAC API"),
        ({"date_range": ("2023-02-30", "2023-03-01")}, "date range is .*must be a first and a last day"),
        ({"bbox": (1, 1, 0, 2)}, "bbox is .*across the 180th meridian"),
        ({"mask": ("fog",)}, "masked classes is 'fog'"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_asked(stac, options, text):
    options = {"bbox": catalogue.LAKE, "date_range": SUMMER, "endpoint": stac.open_endpoint, **options}
    with pytest.raises(ParameterError, match=text):
        load_s2_chip(**options)
    assert not stac.faults.requests()


def test_too_many_pixels_are_refused(stac):
    with pytest.raises(ParameterError, match="choose a smaller box or a coarser resolution"):
        load(stac, catalogue.LAKE, "B04", resolution=0.2)


def test_progress_grows_to_one_and_cancelling_ends_it(stac):
    shares = []
    load(stac, catalogue.LAKE, "B04", progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 5
    with pytest.raises(Cancelled):
        load(stac, catalogue.LAKE, "B04", cancelled=lambda: True)


@pytest.mark.slow
def test_reads_are_lean(stac):
    """A window of 10 % of the pixels costs below 15 % of the file, all requests counted."""
    size = stac.file("big", "B04").stat().st_size
    assert size > 200e6  # noise, which does not compress
    edge = 10 * int(10980 * 0.1**0.5)
    left, top = 300000 + 30000, 5500020 - 29000
    box = transform_bounds("EPSG:32633", "EPSG:4326", left + 500, top - edge + 500, left + edge - 500, top - 500)
    scene = find_s2_scene(box, ("2023-06-01", "2023-06-01"), "B04", endpoint=stac.open_endpoint)
    assert 0.095 < scene.domain.shape[0] * scene.domain.shape[1] / 10980**2 < 0.115
    chip = scene.load()
    with rasterio.open(stac.file("big", "B04")) as file:
        window = file.window(*rasterio.transform.array_bounds(*chip.shape[1:], chip.transform))
        np.testing.assert_array_equal(chip.array[0], file.read(1, window=window))
    assert stac.faults.sent("*.tif") < 0.15 * size
    assert len(stac.faults.requests("*.tif")) < 20
