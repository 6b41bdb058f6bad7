"""``patchwise:loadsentinel2`` and ``patchwise:searchsentinel2`` against a genuine STAC API on loopback."""

import json
import re
import threading
import time

import numpy as np
import pytest
import rasterio
from patchwise.core.grid.crs import transform_points
from patchwise.core.sentinel2.places import PlacedBox
from qgis import processing
from qgis.core import (
    QgsNetworkAccessManager,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate
from qgis.PyQt.QtNetwork import QNetworkProxy

from ...stac import catalogue

DAYS = {"START_DATE": "2023-08-15", "END_DATE": "2023-08-15"}


def extent(box):
    west, south, east, north = box
    return f"{west},{east},{south},{north} [EPSG:4326]"


def wanted(stac, **more):
    return {"EXTENT": extent(catalogue.WEST_ONLY), **DAYS, "ENDPOINT": stac.open_endpoint, **more}


def load(log, parameters):
    return processing.run("patchwise:loadsentinel2", parameters, feedback=log)


def test_a_chip_with_all_that_is_known_of_it(provider, stac, log, tmp_path):
    target = str(tmp_path / "chip.tif")
    result = load(log, wanted(stac, BANDS="B04,B08,SCL", OUTPUT=target))
    assert result["OUTPUT"] == target
    assert (result["ITEM_ID"], result["CLOUD_COVER"]) == (stac.id("west"), 1.0)
    with rasterio.open(target) as file:
        assert (file.count, file.dtypes, file.nodata, file.crs) == (3, ("uint16",) * 3, 0, "EPSG:32633")
        assert file.descriptions == ("B04", "B08", "SCL") and file.profile["tiled"]
        assert file.scales == pytest.approx((1e-4, 1e-4, 1)) and file.offsets == pytest.approx((-0.1, -0.1, 0))
        tags, values = file.tags(), file.read()
        cols, rows = np.meshgrid(np.arange(file.width), np.arange(file.height))
        x, y = file.transform.c + (cols + 0.5) * 10, file.transform.f - (rows + 0.5) * 10
    np.testing.assert_array_equal(values[0], stac["west"].dn("B04", x, y))
    assert tags["ITEM_IDS"] == stac.id("west") and tags["CLOUD_COVER"] == "1"
    assert tags["DATETIME"].startswith("2023-08-15T09:50:31") and tags["ENDPOINT"] == stac.open_endpoint
    assert tags["OFFSET_APPLIED"] == "no" and tags["OFFSETS"] == "B04:-1000,B08:-1000,SCL:0"
    config = json.loads(tags["PATCHWISE_CONFIG"])
    assert config["algorithm"] == "patchwise:loadsentinel2" and config["search"]["max_cloud"] == 5
    assert any(stac.id("west") in line for line in log.infos)
    assert log.shares[-1] == 100


def test_reflectance_without_clouds_of_an_extent_in_any_crs(provider, stac, log, tmp_path):
    x, y = 503000, 5217000
    parameters = wanted(stac, UNITS="reflectance", MASK_CLOUDS=True, BANDS="red,nir", OUTPUT=str(tmp_path / "chip.tif"))
    parameters["EXTENT"] = QgsReferencedRectangle(
        QgsRectangle(x, y - 2000, x + 3000, y), QgsVectorLayer("Point?crs=EPSG:32633", "", "memory").crs()
    )
    load(log, parameters)
    with rasterio.open(parameters["OUTPUT"]) as file:
        values = file.read()
        assert file.dtypes == ("float32", "float32") and np.isnan(file.nodata)
        assert file.descriptions == ("B04", "B08") and file.scales == (1, 1)
        left, bottom, right, top = file.bounds
        tags = file.tags()
    assert left <= x and right >= x + 3000 and top >= y and bottom <= y - 2000 and right - left < 3200
    assert 0.05 < np.nanmin(values) and np.nanmax(values) < 1
    assert tags["OFFSET_APPLIED"] == "yes" and tags["MASKED_SCL_CLASSES"] == "3,8,9,10"


@pytest.mark.parametrize("resolution", [10, 20])
def test_an_extent_in_the_crs_of_the_scene_is_just_its_pixels(provider, stac, log, tmp_path, resolution):
    parameters = wanted(stac, BANDS="B04", RESOLUTION=resolution, OUTPUT=str(tmp_path / "chip.tif"))
    parameters["EXTENT"] = "502000,505000,5215000,5217000 [EPSG:32633]"
    load(log, parameters)
    with rasterio.open(parameters["OUTPUT"]) as file:
        assert file.shape == (2000 // resolution, 3000 // resolution)
        assert tuple(file.bounds) == (502000, 5215000, 505000, 5217000) and file.crs == "EPSG:32633"
        assert (file.read() > 0).all()
        record = json.loads(file.tags()["PATCHWISE_CONFIG"])
    assert record["search"]["extent"] == [502000, 5215000, 505000, 5217000, "EPSG:32633"]


def test_an_extent_in_another_crs_gives_the_smallest_grid_that_holds_it(provider, stac, log, tmp_path):
    parameters = wanted(stac, BANDS="B04", OUTPUT=str(tmp_path / "chip.tif"))
    parameters["EXTENT"] = "1672500,1675500,5960000,5962000 [EPSG:3857]"
    load(log, parameters)
    x, y = transform_points(*PlacedBox(1672500, 5960000, 1675500, 5962000, "EPSG:3857").outline(), 3857, 32633)
    with rasterio.open(parameters["OUTPUT"]) as file:
        left, bottom, right, top = file.bounds
    assert left <= x.min() < left + 10 and right - 10 < x.max() <= right
    assert bottom <= y.min() < bottom + 10 and top - 10 < y.max() <= top


def test_an_index_of_the_chip_is_right_without_further_ado(provider, stac, log, tmp_path):
    """The file says what its numbers mean, so that the index is that of the reflectance."""
    chips = {}
    for units in ("dn", "reflectance"):
        chips[units] = str(tmp_path / f"{units}.tif")
        load(log, wanted(stac, UNITS=units, BANDS="B04,B08", OUTPUT=chips[units]))
    values = []
    for units, path in chips.items():
        out = str(tmp_path / f"ndvi_{units}.tif")
        parameters = {"INPUT": path, "OPERATOR": "index", "INDEX": "NDVI", "OUTPUT": out}
        processing.run("patchwise:slidingwindow", parameters)
        with rasterio.open(out) as file:
            values.append(file.read(1))
    np.testing.assert_allclose(*values, atol=1e-5)


def test_a_mosaic_is_said_in_the_log(provider, stac, log, tmp_path):
    parameters = wanted(stac, EXTENT=extent(catalogue.PAIR), BANDS="B04", OUTPUT=str(tmp_path / "pair.tif"))
    result = load(log, parameters)
    assert result["ITEM_ID"].count(",") == 1
    assert "No single item covers the box: 2 of 2023-08-15 are put together." in log.warnings


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"BANDS": "B04,B77"}, "BANDS is 'B77': is not a band of Sentinel-2 L2A"),
        ({"TILE": "Tahoe"}, "TILE is 'Tahoe': must be a tile of the military grid"),
        ({"START_DATE": "2023-08-16"}, "START_DATE is '2023-08-16/2023-08-15': must not end before it begins"),
        ({"ENDPOINT": "nowhere"}, "ENDPOINT is 'nowhere': must be the address of a STAC API"),
        ({"COLLECTION": " "}, "COLLECTION is '': must be named"),
        ({"MAX_CLOUD": 120}, "MAX_CLOUD is 120: it must be from 0 to 100"),
        ({"RESOLUTION": 0}, "RESOLUTION is 0: it must be from 1 to 5000"),
        ({"EXTENT": "10,10,47,47 [EPSG:4326]"}, "EXTENT is .*: must be a box with some area"),
        ({"OUTPUT": "chip.jpg"}, "OUTPUT"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_asked(provider, stac, tmp_path, changed, said):
    algorithm = provider.algorithm("loadsentinel2").create()
    parameters = wanted(stac, **{"OUTPUT": str(tmp_path / "chip.tif"), **changed})
    good, problem = algorithm.checkParameterValues(parameters, QgsProcessingContext())
    assert not good
    assert re.match(said, problem), problem
    assert not stac.faults.requests()


def test_dates_as_qgis_gives_them(provider, stac, log, tmp_path):
    parameters = wanted(stac, START_DATE=QDate(2023, 8, 15), BANDS="B04", OUTPUT=str(tmp_path / "chip.tif"))
    assert load(log, parameters)["ITEM_ID"] == stac.id("west")


def test_no_item_and_no_answer_are_sentences(provider, stac, log, tmp_path):
    parameters = wanted(stac, START_DATE="2023-01-01", END_DATE="2023-01-31", OUTPUT=str(tmp_path / "chip.tif"))
    with pytest.raises(
        QgsProcessingException, match="from 2023-01-01 to 2023-01-31 with at most 5 % cloud.*nearest is"
    ):
        load(log, parameters)
    stac.file("west", "B04")
    stac.faults.add("*_B04_10m.tif", status=404, times=None)
    with pytest.raises(QgsProcessingException, match="B04 of .* could not be read .* HTTP status 404, after 1 attempt"):
        load(log, wanted(stac, BANDS="B04", OUTPUT=str(tmp_path / "chip.tif")))
    assert not list(tmp_path.iterdir())


def test_cancelling_leaves_nothing_and_does_not_wait(provider, stac, tmp_path):
    stac.file("west", "B04")
    stac.faults.add("*_B04_10m.tif", delay=20, times=None)
    feedback = QgsProcessingFeedback(False)
    timer = threading.Timer(1.0, feedback.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(QgsProcessingException, match="cancelled"):
        load(feedback, wanted(stac, BANDS="B04", OUTPUT=str(tmp_path / "chip.tif")))
    assert time.monotonic() - started < 3.5
    assert not list(tmp_path.iterdir())


def test_footprints_of_what_there_is(provider, stac, log, tmp_path):
    target = str(tmp_path / "found.gpkg")
    parameters = {
        "EXTENT": extent(catalogue.LAKE),
        "START_DATE": "2023-06-01",
        "END_DATE": "2023-09-30",
        "ENDPOINT": stac.open_endpoint,
        "OUTPUT": target,
    }
    assert processing.run("patchwise:searchsentinel2", parameters, feedback=log)["COUNT"] == 4
    layer = QgsVectorLayer(target, "found", "ogr")
    features = list(layer.getFeatures())
    assert [f["day"] for f in features] == ["2023-07-16", "2023-07-21", "2023-07-26", "2023-08-05"]
    assert features[0]["id"] == stac.id("lake_clear") and features[0]["cloud"] == 0.5
    assert (features[0]["tile"], features[0]["baseline"], features[0]["epsg"]) == ("10SGJ", "05.10", 32610)
    assert features[0]["share"] == 100.0
    assert layer.crs().authid() == "EPSG:4326" and features[0].geometry().area() > 0.5


def test_an_empty_list_says_what_would_give_items(provider, stac, log):
    parameters = {
        "EXTENT": extent(catalogue.LAKE),
        "START_DATE": "2023-01-01",
        "END_DATE": "2023-01-31",
        "ENDPOINT": stac.open_endpoint,
        "OUTPUT": "memory:",
    }
    result = processing.run("patchwise:searchsentinel2", parameters, feedback=log)
    assert result["COUNT"] == 0 and result["OUTPUT"].featureCount() == 0
    assert "At other dates there are" in log.warnings[0]


def test_qgis_settings_of_proxy_and_time_out_are_used(provider, stac, log, tmp_path):
    from patchwise.processing_provider.parameters.sentinel import network_of_qgis

    manager = QgsNetworkAccessManager.instance()
    before = manager.fallbackProxy(), manager.excludeList(), manager.noProxyList()
    try:
        proxy = QNetworkProxy(QNetworkProxy.ProxyType.HttpProxy, "proxy.example.org", 3128, "me@work", "p/w d")
        manager.setFallbackProxyAndExcludes(proxy, ["http://direct.example.org"], ["intern"])
        network = network_of_qgis()
        assert network.proxy == "http://me%40work:p%2Fw%20d@proxy.example.org:3128"
        assert network.proxy_for("http://direct.example.org/stac") == network.proxy_for("https://a.intern/x") == ""
        assert network.proxy_for("https://elsewhere.org/") == network.proxy
        assert network.timeout == max(1.0, QgsNetworkAccessManager.timeout() / 1000)
        # and a run goes through it: blob hosts are reached by the proxy only
        host, port = stac.proxy.rpartition("/")[2].split(":")
        manager.setFallbackProxyAndExcludes(
            QNetworkProxy(QNetworkProxy.ProxyType.HttpProxy, host, int(port)), [], ["127.0.0.1"]
        )
        parameters = wanted(stac, ENDPOINT=stac.blob_endpoint, BANDS="B04", OUTPUT=str(tmp_path / "chip.tif"))
        load(log, parameters)
        assert all(request.proxied for request in stac.faults.requests("*.tif"))
    finally:
        manager.setFallbackProxyAndExcludes(*before)


def test_it_can_run_in_the_background(provider):
    for name in ("loadsentinel2", "searchsentinel2"):
        assert not provider.algorithm(name).flags() & QgsProcessingAlgorithm.Flag.FlagNoThreading
