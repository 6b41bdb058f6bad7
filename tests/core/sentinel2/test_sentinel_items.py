"""Which items are loaded for a box, and what their metadata say of their numbers."""

import numpy as np
import pytest
from patchwise.core.base.errors import ParameterError, StacError
from patchwise.core.sentinel2.bands import asset_of, baseline_of, offset_of, parse_bands, scl_values
from patchwise.core.sentinel2.items import (
    S2Item,
    checked_box,
    checked_tile,
    choose,
    item_of,
    newest,
    of_each_day,
    share_mask,
)
from patchwise.core.sentinel2.search import checked_dates

BOX = (10.0, 45.0, 11.0, 46.0)


def rectangle(west, south, east, north):
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {"type": "Polygon", "coordinates": [ring]}


def item(name, west=9.0, east=12.0, cloud=1.0, day="2023-07-01", orbit="22", epsg=32632, tile="32TQR", version="05.09"):
    footprint = rectangle(west, 44.0, east, 47.0)
    properties = {"s2:processing_baseline": version}
    return S2Item(name, f"{day}T10:00:00Z", cloud, tile, epsg, orbit, footprint, {}, properties)


def test_the_least_cloudy_item_that_covers_the_box_is_taken():
    half = item("half", east=10.5, cloud=0.0, day="2023-07-02")
    items = [item("cloudy", cloud=4.0), item("clear", cloud=0.5, day="2023-07-11"), half]
    choice = choose(items, BOX)
    assert [i.id for i in choice.items] == ["clear"]
    assert (choice.share, choice.cloud, choice.epsg, choice.notes) == (1.0, 0.5, 32632, ())


def test_of_two_alike_the_later_is_taken():
    assert choose([item("a", day="2023-07-01"), item("b", day="2023-07-21")], BOX).items[0].id == "b"


def test_where_none_covers_the_box_one_day_and_orbit_are_put_together():
    west, east = item("west", east=10.6, cloud=2.0, tile="32TPR"), item("east", west=10.4, cloud=4.0)
    other_day = item("other day", west=10.4, cloud=0.0, day="2023-07-06")
    other_orbit = item("other orbit", west=10.4, cloud=0.0, orbit="65")
    choice = choose([west, east, other_day, other_orbit], BOX)
    assert {i.id for i in choice.items} == {"west", "east"}
    assert choice.share == 1.0
    # weighted by what each adds: 60 % of the box at 2 or 4 %, the rest at the other
    assert 2.0 < choice.cloud < 4.0


def test_what_is_not_covered_is_said():
    choice = choose([item("west", east=10.25), item("more", east=10.5, day="2023-07-03")], BOX)
    assert [i.id for i in choice.items] == ["more"]
    assert choice.share == pytest.approx(0.5, abs=0.005)


def test_an_item_that_adds_nothing_is_not_read():
    items = [item("west", east=10.6), item("inside", west=10.1, east=10.3, tile="32TXX"), item("east", west=10.4)]
    assert {i.id for i in choose(items, BOX).items} == {"west", "east"}


def test_two_zones_give_the_zone_of_the_larger_part():
    box = (11.0, 45.0, 14.0, 46.0)  # the border is at 12 degrees
    west = item("west", west=10.0, east=12.4, epsg=32632)
    east = item("east", west=11.7, east=15.0, epsg=32633, tile="33TUL")
    choice = choose([west, east], box)
    assert choice.epsg == 32633 and {i.id for i in choice.items} == {"west", "east"}
    assert choice.items[0].id == "east"  # what needs no resampling lies on top
    assert "EPSG:32633" in choice.notes[0] and "EPSG:32632" in choice.notes[0]


def test_of_products_made_again_the_latest_processing_counts():
    old, new = item("old", version="02.14", cloud=0.1), item("new", version="05.10", cloud=0.3)
    assert [i.id for i in newest([new, old])] == ["new"]
    assert choose([new, old], BOX).items[0].id == "new"


def test_two_halves_of_one_tile_are_two_products():
    west, east = item("west", east=10.5, version="05.09"), item("east", west=10.5, version="05.10")
    assert {i.id for i in newest([west, east])} == {"west", "east"}
    assert choose([west, east], BOX).share == 1.0


def test_days_come_in_the_order_of_time_with_what_they_cover():
    items = [item("b", day="2023-07-11"), item("a", east=10.5), item("far", west=20, east=21, day="2023-07-05")]
    days = of_each_day(items, BOX)
    assert [(c.day, round(c.share, 1)) for c in days] == [("2023-07-01", 0.5), ("2023-07-11", 1.0)]


def test_an_unknown_cloud_cover_comes_last():
    items = [item("unknown", cloud=float("nan"), day="2023-07-09"), item("known", cloud=80.0)]
    assert choose(items, BOX).items[0].id == "known"


def test_a_footprint_that_ends_with_the_box_covers_it():
    assert share_mask(rectangle(*BOX), BOX).all()
    assert not share_mask(rectangle(10.0, 45.0, 10.999, 46.0), BOX).all()


@pytest.mark.parametrize(
    ("properties", "name", "expected"),
    [
        ({"s2:processing_baseline": "02.12"}, "x", (2, 12)),
        ({"processing:version": "05.10"}, "x", (5, 10)),
        ({"s2:product_uri": "S2A_MSIL2A_20190101T000001_N0400_R116_T60VUK_20201007T214652.SAFE"}, "x", (4, 0)),
        ({}, "S2B_MSIL2A_20250312T014549_N0511_R074_T53NKG_20250312T041213", (5, 11)),
        ({}, "S2A_MSIL2A_20190101T000001_R116_T60VUK_20201007T214652", None),
    ],
)
def test_the_processing_baseline(properties, name, expected):
    assert baseline_of(properties, name) == expected


@pytest.mark.parametrize(
    ("asset", "properties", "expected"),
    [
        ({}, {"s2:processing_baseline": "02.12"}, (1e-4, 0.0)),
        ({}, {"s2:processing_baseline": "04.00"}, (1e-4, -1000.0)),
        ({}, {}, None),
        ({"raster:bands": [{"scale": 0.0001, "offset": -0.1}]}, {}, (1e-4, -1000.0)),
        ({"raster:bands": [{"scale": 0.0001, "offset": -0.1}]}, {"earthsearch:boa_offset_applied": True}, (1e-4, 0.0)),
        ({"raster:scale": 0.0001, "raster:offset": -0.1}, {"processing:version": "05.10"}, (1e-4, -1000.0)),
        ({"bands": [{"name": "B04", "raster:scale": 0.0001, "raster:offset": -0.1}]}, {}, (1e-4, -1000.0)),
        # what the asset declares counts more than the baseline
        ({"raster:bands": [{"scale": 0.0001, "offset": 0}]}, {"s2:processing_baseline": "05.10"}, (1e-4, 0.0)),
    ],
)
def test_the_offset_comes_from_the_metadata(asset, properties, expected):
    known = offset_of(asset, properties, "B04", "item")
    assert known == (None if expected is None else pytest.approx(expected))


def test_classes_have_neither_scale_nor_offset():
    assert offset_of({}, {"s2:processing_baseline": "05.10"}, "SCL", "item") == (1.0, 0.0)


def test_assets_are_found_by_band_name():
    planetary = {"B04": {"href": "a"}, "visual": {"href": "v", "eo:bands": [{"name": "B04"}, {"name": "B03"}]}}
    assert asset_of(planetary, "B04", "item")[0] == "B04"
    earth_search = {
        "red-jp2": {"href": "a.jp2", "type": "image/jp2"},
        "red": {"href": "a.tif", "eo:bands": [{"name": "red"}]},
        "nir08": {"href": "b.tif", "eo:bands": [{"name": "nir08"}]},
        "nir": {"href": "c.tif", "eo:bands": [{"name": "nir"}]},
        "visual": {"href": "v.tif"},
    }
    assert asset_of(earth_search, "B04", "item")[0] == "red"
    assert asset_of(earth_search, "B08", "item")[0] == "nir"
    assert asset_of(earth_search, "B8A", "item")[0] == "nir08"
    cdse = {"B04_20m": {"href": "b"}, "B04_10m": {"href": "a"}, "SCL_20m": {"href": "s"}, "SCL_60m": {"href": "t"}}
    assert asset_of(cdse, "B04", "item")[0] == "B04_10m"
    assert asset_of(cdse, "SCL", "item")[0] == "SCL_20m"
    declared = {"one": {"href": "a", "bands": [{"name": "B11"}]}}
    assert asset_of(declared, "B11", "item")[0] == "one"
    with pytest.raises(StacError, match="item x has no asset for band B12; its assets are one"):
        asset_of(declared, "B12", "x")


def test_bands_by_name_text_and_common_name():
    assert parse_bands("B02, b3;nir , SCL,b8a") == ("B02", "B03", "B08", "SCL", "B8A")
    with pytest.raises(ParameterError, match="bands is 'B10': is not a band of Sentinel-2 L2A; known are B01"):
        parse_bands("B02,B10")
    with pytest.raises(ParameterError, match="names B04 more than once"):
        parse_bands(("B04", "red"))
    with pytest.raises(ParameterError, match="must name at least one of B01"):
        parse_bands(" , ")


def test_classes_by_name_and_number():
    assert scl_values(("cloud high", "snow", 3)) == (3, 9, 11)
    with pytest.raises(
        ParameterError, match=r"masked classes is 'fog': is not a class of SCL; known are saturated \(1\)"
    ):
        scl_values(("fog",))


def test_dates_are_two_days_in_order():
    assert checked_dates("2023-06-01/2023-09-30") == "2023-06-01/2023-09-30"
    assert checked_dates("2023-06-01") == "2023-06-01/2023-06-01"
    assert checked_dates((np.datetime64("2023-06-01"), "2023-06-02T10:00:00Z")) == "2023-06-01/2023-06-02"
    with pytest.raises(ParameterError, match="date range is '2023-09-30/2023-06-01': must not end before it begins"):
        checked_dates(("2023-09-30", "2023-06-01"))
    with pytest.raises(ParameterError, match="must be a first and a last day"):
        checked_dates("last summer")


def test_boxes_and_tiles():
    assert checked_tile("T10SGJ") == checked_tile("mgrs-10sgj") == "10SGJ"
    assert checked_tile("5QKB") == "05QKB" and checked_tile(None) == ""
    with pytest.raises(ParameterError, match="tile is '10IGJ': must be a tile of the military grid"):
        checked_tile("10IGJ")
    for box in ((1, 2, 3), (0, 10, 1, 5), (0, 0, 200, 1), ("a", 0, 1, 1), None):
        with pytest.raises(ParameterError, match="bbox is .*must be \\(west, south, east, north\\) in degrees"):
            checked_box(box)
    with pytest.raises(ParameterError, match="across the 180th meridian load either side by itself"):
        checked_box((179, 0, -179, 1))


def test_an_item_of_a_genuine_answer(shared_data):
    import json

    answer = json.loads((shared_data / "stac/pc_search_POST_sentinel-2-l2a_33items_0.json").read_text())
    items = [item_of(feature) for feature in answer["json"]["features"]]
    assert len(items) == 33 and len(newest(items)) == 33
    first = items[0]
    assert (first.tile, first.epsg, first.orbit, first.baseline) == ("60VUK", 32660, "116", (2, 12))
    assert first.cloud == pytest.approx(56.297088) and first.day == "2019-01-01"
    for band in ("B02", "B8A", "SCL"):
        assert asset_of(first.assets, band, first.id)[0] == band
