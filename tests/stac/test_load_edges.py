"""Long lists, secrets, S3, damaged files, bands that were given up, packages that are not there."""

import sys
import time
from urllib.parse import urlsplit

import numpy as np
import pytest
import rasterio
from patchwise.core.base.errors import MissingPackageError, RasterReadError, StacError
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.sentinel2 import source as sentinel_source
from patchwise.core.sentinel2 import stac as core_stac
from patchwise.core.sentinel2.remote import Network
from patchwise.core.sentinel2.source import RemoteAsset, RemoteBand, grid_of
from patchwise.core.sentinel2.stac import find_s2_scene, load_s2_chip, search_s2

from . import catalogue

DAY = ("2023-08-15", "2023-08-15")
SUMMER = ("2023-06-01", "2023-09-30")
QUICK = Network(timeout=3, attempts=4, first_wait=0.05)
GRID = grid_of(catalogue.WEST_ONLY, 32633, 10)


def values_of(band):
    out = np.empty(GRID.shape, np.float32)
    try:
        band.read(GRID.window, out)
    finally:
        band.close()
    return out


def band_at(href):
    return RemoteBand(RemoteAsset(href, "item", "B04"), GRID, lambda address, fresh: address, QUICK, None)


def test_a_list_that_is_cut_short_is_refused(stac, monkeypatch):
    monkeypatch.setattr(core_stac, "_MOST_ITEMS", 3)
    options = dict(endpoint=f"{stac.open_endpoint}?key=secret", network=QUICK)
    with pytest.raises(StacError, match="more than 3 items of sentinel-2-l2a at .* meet the box: ask for fewer days"):
        search_s2(catalogue.LAKE, SUMMER, **options)
    monkeypatch.setattr(core_stac, "_MOST_ITEMS", 4)
    assert len(search_s2(catalogue.LAKE, SUMMER, **options)) == 4


def test_what_would_give_items_is_said_of_a_list_that_is_cut_short(stac, monkeypatch):
    monkeypatch.setattr(core_stac, "_MOST_ITEMS", 1)
    with pytest.raises(StacError, match="With more cloud there are at least [12]: the least cloudy is 2023-0"):
        find_s2_scene(catalogue.LAKE, SUMMER, "B04", 0, endpoint=stac.open_endpoint, network=QUICK)


def test_items_that_are_no_pictures_of_tiles_are_not_called_none(stac, monkeypatch):
    features = [{"id": "a", "geometry": None, "properties": {"datetime": "2023-08-15T00:00:00Z"}}] * 2
    monkeypatch.setattr(core_stac, "_features", lambda *asked: features)
    with pytest.raises(StacError, match="none of 2 items of other at .* has footprint, date and UTM zone"):
        search_s2(catalogue.LAKE, SUMMER, endpoint=stac.open_endpoint, collection="other")


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:9/stac?token=secret", "http://me:secret@127.0.0.1:9/stac", "{open}/x?token=secret"]
)
def test_no_message_tells_what_an_address_keeps_secret(stac, endpoint):
    endpoint = endpoint.format(open=stac.open_endpoint)
    with pytest.raises(StacError, match="the search in sentinel-2-l2a .* failed") as caught:
        search_s2(catalogue.LAKE, DAY, endpoint=endpoint, network=Network(timeout=2, attempts=1))
    assert "secret" not in str(caught.value)


@pytest.fixture()
def s3(stac, monkeypatch):
    """The world as an S3 server: the address of a file, and its path for faults."""
    address = urlsplit(stac.href("west", "B04"))
    stac.file("west", "B04")
    stac.faults.clear()
    for name, value in (
        ("AWS_S3_ENDPOINT", address.netloc),
        ("AWS_HTTPS", "NO"),
        ("AWS_VIRTUAL_HOSTING", "FALSE"),
        ("AWS_NO_SIGN_REQUEST", "YES"),
    ):
        monkeypatch.setenv(name, value)
    return f"s3:/{address.path}"


@pytest.mark.parametrize(
    "fault", [{"status": 503, "times": 2}, {"status": 404}, {"status": 503, "method": "GET", "skip": 1}], ids=str
)
def test_s3_is_read_and_asked_again_as_http_is(stac, s3, fault):
    """Nothing of an attempt that failed is remembered: not even that there was no such file."""
    rule = stac.faults.add("*_B04_10m.tif", **fault)
    values = values_of(band_at(s3))
    assert rule.hits
    np.testing.assert_array_equal(values, values_of(band_at(stac.href("west", "B04"))))


def test_s3_without_a_log_in_says_so_at_once(stac, s3, monkeypatch, tmp_path):
    for name in ("AWS_NO_SIGN_REQUEST", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CPL_AWS_EC2_API_ROOT_URL", "disabled")
    monkeypatch.setenv("CPL_AWS_AUTODETECT_EC2", "NO")
    with pytest.raises(RasterReadError, match="AWS_SECRET_ACCESS_KEY.*after 1 attempt$"):
        values_of(band_at(s3))
    assert not stac.faults.requests("*_B04_10m.tif")


def test_a_file_without_a_place_is_an_error_and_no_gap(tmp_path, monkeypatch):
    path = str(tmp_path / "nowhere.tif")
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=400,
        height=400,
        count=1,
        dtype="uint16",
        transform=rasterio.Affine(10, 0, 500000, 0, -10, 5220000),
    ) as file:
        file.write(np.full((1, 400, 400), 7, np.uint16))
    monkeypatch.setattr(sentinel_source, "gdal_path", lambda url, attempt=0: path)
    with pytest.raises(StacError, match="B04 of item at https://a.org/b.tif has no coordinate reference system"):
        values_of(band_at("https://a.org/b.tif?sig=secret"))


def test_bands_that_are_given_up_ask_no_more(stac):
    """When one band fails, what the others are doing ends with the request that they are waiting for."""
    for band in ("B04", "B08"):
        stac.file("west", band)
    stac.reset()
    slow = stac.faults.add(stac.path("west", "B04"), status=503, times=None)
    stac.faults.add(stac.path("west", "B08"), status=404, times=None)
    network = Network(timeout=3, attempts=6, first_wait=0.05)
    with pytest.raises(RasterReadError, match="B08 of .*HTTP status 404"):
        load_s2_chip(
            catalogue.WEST_ONLY, DAY, "B04,B08", endpoint=stac.open_endpoint, network=network, cancelled=lambda: False
        )
    time.sleep(0.2)
    asked = slow.hits
    time.sleep(1)  # more than the longest wait between attempts
    assert slow.hits == asked


def test_a_band_that_is_closed_while_it_is_read_closes_its_file(stac):
    stac.file("west", "B04")
    stac.reset()
    band, once = band_at(stac.href("west", "B04")), RemoteBand._once

    def closed_meanwhile(window, values):
        once(band, window, values)
        band.close()  # the reader has the lock: it has to do it
        assert band._reader is not None

    band._once = closed_meanwhile
    out = np.empty((4, 4), np.float32)
    band.read(PixelWindow(0, 0, 4, 4), out)
    assert band._reader is None and np.isfinite(out).all()


@pytest.mark.parametrize(
    ("module", "package"), [("pystac_client", "pystac-client"), ("requests", "requests")], ids=["client", "requests"]
)
def test_without_the_client_a_search_says_what_is_missing(stac, monkeypatch, module, package):
    monkeypatch.setitem(sys.modules, module, None)
    if module == "requests":
        for name in [name for name in sys.modules if name.split(".")[0] == "pystac_client"]:
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingPackageError, match=f"package '{package}' is needed to search a STAC API"):
        search_s2(catalogue.LAKE, DAY, endpoint=stac.open_endpoint)


def test_without_planetary_computer_other_catalogues_are_read_and_its_own_is_refused_before_reading(stac, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "planetary_computer"]:
        monkeypatch.setitem(sys.modules, name, None)
    network = Network(timeout=3, attempts=2, proxy=stac.proxy, direct=("127.0.0.1",))
    options = dict(date_range=DAY, bands="B04", network=network)
    assert load_s2_chip(catalogue.WEST_ONLY, endpoint=stac.earth_search, **options).array.any()
    read = len(stac.faults.requests("*.tif"))
    with pytest.raises(MissingPackageError, match="package 'planetary-computer' is needed to read from Planetary"):
        find_s2_scene(catalogue.WEST_ONLY, endpoint=stac.blob_endpoint, **options)
    assert len(stac.faults.requests("*.tif")) == read
