"""What is read of chosen items: what their numbers mean together, where they are read, and what is kept secret."""

import datetime as dt

import numpy as np
import pytest
from patchwise.core.base.errors import ParameterError, StacError
from patchwise.core.sentinel2.items import S2Item, item_of
from patchwise.core.sentinel2.remote import Network, Unreadable
from patchwise.core.sentinel2.scene import Access, scene_of
from patchwise.core.sentinel2.search import Search, Wanted, checked_dates

BOX = (15.02, 47.07, 15.06, 47.10)
HALVES = {"west": (15.0, 15.045), "east": (15.035, 15.1)}


def half(name, version=None, **asset):
    west, east = HALVES[name]
    ring = [[west, 47.0], [east, 47.0], [east, 47.2], [west, 47.2], [west, 47.0]]
    assets = {"B04": {"href": f"https://example.org/{name}/B04.tif", **asset}}
    properties = {"s2:processing_baseline": version} if version else {}
    footprint = {"type": "Polygon", "coordinates": [ring]}
    return S2Item(name, "2023-08-15T10:00:00Z", 1.0, "33TWM", 32633, "79", footprint, assets, properties)


def scene(*items, units="dn", apply_offset=False, bands=("B04",)):
    wanted = Wanted(BOX, bands, 10, units, apply_offset)
    return scene_of(items, wanted, Access("https://example.org", Network(), lambda href, fresh: href))


def test_numbers_of_one_mosaic_mean_the_same():
    two = scene(half("west", "05.10"), half("east", "03.00"))
    layer, scales = two._layer("B04")
    shifts = {asset.item: (asset.shift, asset.scale) for asset in layer}
    first = two.item_ids[0]
    assert scales == pytest.approx((1e-4, -0.1 if first == "west" else 0.0))
    other = {"west": 0.0, "east": 1000.0} if first == "west" else {"west": -1000.0, "east": 0.0}
    assert shifts == {name: (pytest.approx(shift), pytest.approx(1.0)) for name, shift in other.items()}


@pytest.mark.parametrize("known", ["west", "east"])
def test_a_mosaic_of_known_and_unknown_offsets_is_refused(known):
    """Nobody knows by what the numbers of the two differ."""
    items = [half(name, "05.10" if name == known else None) for name in HALVES]
    unknown = next(name for name in HALVES if name != known)
    with pytest.raises(StacError, match=f"item {unknown} says neither its processing baseline nor an offset"):
        scene(*items)


def test_numbers_of_unknown_meaning_are_loaded_as_they_are():
    layer, scales = scene(half("west"), half("east"))._layer("B04")
    assert all((asset.shift, asset.scale) == (0.0, 1.0) for asset in layer) and scales == (1.0, 0.0)


def test_a_product_made_by_a_user_does_not_say_its_offset():
    """Baseline 99.99 is what the toolbox writes, whatever the product was made from."""
    with pytest.raises(StacError, match="says neither its processing baseline nor an offset"):
        scene(half("west", "99.99"), units="reflectance", apply_offset=True)


@pytest.mark.parametrize(
    ("asset", "address"),
    [
        ({"href": "https://a.org/B04.tif", "alternate": {"s3": {"href": "s3://b/B04.tif"}}}, "https://a.org/B04.tif"),
        # CDSE: the alternate address needs a log-in that GDAL does not do, and gives no ranges.
        (
            {"href": "s3://eodata/B04.jp2", "alternate": {"https": {"href": "https://odata.example.org/$value"}}},
            "s3://eodata/B04.jp2",
        ),
        ({"href": "/data/B04.tif", "alternate": {"s3": {"href": "s3://b/B04.tif"}}}, "s3://b/B04.tif"),
        ({"href": "gs://b/B04.tif", "alternate": {"h": {"href": "https://a.org/B04.tif"}}}, "https://a.org/B04.tif"),
    ],
)
def test_what_the_item_itself_names_is_read(asset, address):
    assert scene(half("west", "05.10", **asset))._layer("B04")[0][0].href == address


def test_an_address_that_cannot_be_read_is_refused_without_its_secrets():
    with pytest.raises(StacError, match="'ftp://b/B04.tif', which cannot be read") as caught:
        scene(half("west", "05.10", href="ftp://me:word@b/B04.tif?sig=secret"))
    assert "secret" not in str(caught.value) and "word" not in str(caught.value)


def test_a_box_of_too_many_pixels_is_refused_before_a_search():
    from patchwise.core.sentinel2.stac import load_s2_chip

    network = Network(proxy="http://127.0.0.1:9", attempts=1)
    with pytest.raises(ParameterError, match="bbox is .*gives some .* pixels of 10 m: choose a smaller box"):
        load_s2_chip((-170, -60, 170, 70), network=network)


def test_a_network_does_not_show_the_password_of_its_proxy():
    assert "secret" not in repr(Network(proxy="http://me:secret@proxy:3128"))


def test_what_cannot_get_better_is_not_tried_again():
    assert Unreadable("AWS_SECRET_ACCESS_KEY and AWS_NO_SIGN_REQUEST configuration options not defined").final
    assert Unreadable("HTTP response code: 404").final
    assert not Unreadable("HTTP response code: 503").final and not Unreadable("Connection reset").final


@pytest.mark.parametrize(
    ("given", "utc"),
    [
        ("2023-08-15T09:50:31.024000Z", "2023-08-15T09:50:31.024000Z"),
        ("2023-08-15T09:50:31Z", "2023-08-15T09:50:31.000000Z"),
        ("2023-08-15t09:50:31.0240001z", "2023-08-15T09:50:31.024000Z"),
        ("2023-08-15 09:50:31", "2023-08-15T09:50:31.000000Z"),
        ("2023-08-15T23:50:31.5-07:00", "2023-08-16T06:50:31.500000Z"),
        ("2023-08-16T01:50:31+02:00", "2023-08-15T23:50:31.000000Z"),
        ("2023-08-15", "2023-08-15T00:00:00.000000Z"),
    ],
)
def test_dates_are_those_of_utc_however_they_are_written(given, utc):
    found = item_of(feature(datetime=given))
    assert (found.datetime, found.day) == (utc, utc[:10])


def feature(geometry=None, **properties):
    ring = [[15.0, 47.0], [15.1, 47.0], [15.1, 47.1], [15.0, 47.1], [15.0, 47.0]]
    geometry = geometry or {"type": "Polygon", "coordinates": [ring]}
    properties = {"datetime": "2023-08-15T09:50:31Z", "proj:epsg": 32633, **properties}
    return {"id": "x", "geometry": geometry, "properties": properties, "assets": {}}


@pytest.mark.parametrize(
    "changed",
    [
        {"datetime": "yesterday"},
        {"datetime": "2023-13-15T09:50:31Z"},
        {"datetime": None},
        {"geometry": {"type": "Point", "coordinates": [15.0, 47.0]}},
        {"proj:epsg": None, "grid:code": "WRS2-045033"},
        {"proj:epsg": 4326},
        {"proj:epsg": None, "s2:mgrs_tile": "99XYZ"},
    ],
    ids=str,
)
def test_what_is_no_picture_of_a_tile_is_left_out(changed):
    assert item_of(feature(**changed)) is None


def test_numbers_and_dates_of_numpy_are_numbers_and_dates():
    assert Search(BOX, "2023-06-01", np.int64(5)).max_cloud_cover == 5.0
    assert Wanted(BOX, "B04", np.float32(10)).resolution == 10.0
    for given in (None, 5, dt.date(2023, 6, 1)):
        with pytest.raises(ParameterError, match="date range is .*: must be a first and a last day"):
            checked_dates(given)


def test_a_nulled_date_with_a_range_is_its_beginning():
    found = item_of(feature(datetime=None, start_datetime="2023-08-15T09:50:31Z"))
    assert found.day == "2023-08-15"
