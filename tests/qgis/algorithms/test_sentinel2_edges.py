"""The Sentinel-2 algorithms at their edges: secrets, the 180th meridian, missing packages, files that stay whole."""

import re
import sys

import numpy as np
import pytest
import rasterio
from qgis import processing
from qgis.core import (
    NULL,
    QgsCoordinateReferenceSystem,
    QgsProcessingContext,
    QgsProcessingException,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDateTime, Qt

from ...stac import catalogue
from .test_sentinel2 import extent, load, wanted


def found(stac, target, **more):
    return {
        "EXTENT": extent(catalogue.LAKE),
        "START_DATE": "2023-06-01",
        "END_DATE": "2023-09-30",
        "ENDPOINT": stac.open_endpoint,
        "OUTPUT": str(target),
        **more,
    }


def refused(provider, name, parameters):
    good, problem = provider.algorithm(name).create().checkParameterValues(parameters, QgsProcessingContext())
    assert not good
    return problem


def test_the_file_and_the_log_do_not_tell_what_the_address_keeps_secret(provider, stac, log, tmp_path):
    log.setProgressText = log.infos.append
    target = str(tmp_path / "chip.tif")
    endpoint = stac.open_endpoint.replace("//", "//me:word@") + "?token=secret"
    load(log, wanted(stac, BANDS="B04", ENDPOINT=endpoint, OUTPUT=target))
    with rasterio.open(target) as file:
        said = str(file.tags())
    assert stac.open_endpoint in said
    for text in (said, *log.infos, *log.warnings):
        assert "secret" not in text and "word" not in text


def test_an_extent_across_the_180th_meridian_is_refused(provider, stac, tmp_path):
    crs = QgsCoordinateReferenceSystem("EPSG:32660")
    across = QgsReferencedRectangle(QgsRectangle(640000, 6700000, 700000, 6760000), crs)
    parameters = wanted(stac, EXTENT=across, OUTPUT=str(tmp_path / "chip.tif"))
    said = r"EXTENT is .*: must not cross the 180th meridian; load either side by itself"
    assert re.match(said, refused(provider, "loadsentinel2", parameters))
    near = QgsReferencedRectangle(QgsRectangle(600000, 6700000, 610000, 6710000), crs)
    good, _ = (
        provider.algorithm("loadsentinel2")
        .create()
        .checkParameterValues({**parameters, "EXTENT": near}, QgsProcessingContext())
    )
    assert good and not stac.faults.requests()


def test_a_box_of_too_many_pixels_is_refused_before_anything_is_asked(provider, stac, tmp_path):
    parameters = wanted(stac, EXTENT="-170,170,-60,60 [EPSG:4326]", OUTPUT=str(tmp_path / "chip.tif"))
    said = refused(provider, "loadsentinel2", parameters)
    assert re.match("EXTENT is .* pixels of 10 m: choose a smaller box or a coarser resolution", said)
    assert not stac.faults.requests()


@pytest.mark.parametrize("value", ["2023-02-30", "last summer", ""])
def test_a_day_that_is_none_is_refused(provider, stac, tmp_path, value):
    parameters = wanted(stac, START_DATE=value, OUTPUT=str(tmp_path / "chip.tif"))
    assert "START_DATE" in refused(provider, "loadsentinel2", parameters) or value == ""


@pytest.mark.parametrize("name", ["loadsentinel2", "searchsentinel2"])
def test_a_missing_package_is_said_before_a_run_and_other_algorithms_go_on(
    provider, stac, monkeypatch, scene, tmp_path, name
):
    monkeypatch.setitem(sys.modules, "pystac_client", None)
    suffix = {"loadsentinel2": "tif", "searchsentinel2": "gpkg"}[name]
    said = refused(provider, name, wanted(stac, OUTPUT=str(tmp_path / f"out.{suffix}")))
    assert said.startswith("the Python package 'pystac-client' is needed to search a STAC API and is not installed")
    target = str(tmp_path / "copy.tif")
    processing.run("patchwise:slidingwindow", {"INPUT": scene, "EXPRESSION": "b1", "OUTPUT": target})
    assert rasterio.open(target).count == 1


def test_a_search_that_fails_leaves_the_older_file_as_it_is(provider, stac, log, tmp_path):
    target = tmp_path / "found.gpkg"
    processing.run("patchwise:searchsentinel2", found(stac, target), feedback=log)
    before = target.read_bytes()
    stac.faults.add("*/search", status=404, times=None)
    with pytest.raises(QgsProcessingException, match="HTTP status 404"):
        processing.run("patchwise:searchsentinel2", found(stac, target), feedback=log)
    assert target.read_bytes() == before and list(tmp_path.iterdir()) == [target]


def test_a_list_that_cannot_be_written_leaves_nothing(provider, stac, log, tmp_path, monkeypatch):
    from patchwise.processing_provider.results import features as feature_output

    monkeypatch.setattr(feature_output, "_count", lambda path: 1)
    with pytest.raises(QgsProcessingException, match="only 1 of 4 features were written"):
        processing.run("patchwise:searchsentinel2", found(stac, tmp_path / "found.gpkg"), feedback=log)
    assert not list(tmp_path.iterdir())
    said = refused(provider, "searchsentinel2", found(stac, tmp_path / "no" / "found.gpkg"))
    assert re.match("OUTPUT is .*: its folder must exist", said)


def test_what_an_item_does_not_say_is_null(provider, stac, log, monkeypatch):
    from patchwise.core.sentinel2 import stac as core_stac
    from patchwise.processing_provider.algorithms import search_sentinel2

    ring = [[179.9, -17.0], [-179.9, -17.0], [-179.9, -16.0], [179.9, -16.0], [179.9, -17.0]]
    feature = {
        "id": "fiji",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "assets": {},
        "properties": {"datetime": "2023-08-15T22:10:00.5+00:00", "proj:epsg": 32760},
    }
    monkeypatch.setattr(core_stac, "_features", lambda *asked: [feature])
    assert search_sentinel2.find_items is core_stac.find_items
    parameters = found(stac, "memory:", EXTENT="179.95,180,-16.8,-16.2 [EPSG:4326]")
    layer = processing.run("patchwise:searchsentinel2", parameters, feedback=log)["OUTPUT"]
    (row,) = layer.getFeatures()
    assert row["cloud"] == NULL and row["share"] == 100.0 and row["epsg"] == 32760
    assert row["datetime"] == QDateTime.fromString("2023-08-15T22:10:00.500Z", Qt.DateFormat.ISODateWithMs)
    assert row.geometry().isMultipart() and row.geometry().area() == pytest.approx(0.2)


def test_a_chip_without_a_single_value_is_a_warning(provider, stac, log, tmp_path, monkeypatch):
    from patchwise.core.sentinel2 import source as sentinel_source

    def nothing(self, window, out):
        out[...] = np.nan

    monkeypatch.setattr(sentinel_source.RemoteBand, "_read", nothing)
    load(log, wanted(stac, BANDS="B04", OUTPUT=str(tmp_path / "chip.tif")))
    assert any("No pixel has a value" in text for text in log.warnings)


def test_the_layer_of_footprints_has_its_types(provider, stac, log, tmp_path):
    target = tmp_path / "found.gpkg"
    processing.run("patchwise:searchsentinel2", found(stac, target), feedback=log)
    layer = QgsVectorLayer(str(target), "found", "ogr")
    names = {field.name(): field.typeName() for field in layer.fields()}
    assert names == {
        "fid": "Integer64",
        "id": "String",
        "datetime": "DateTime",
        "day": "String",
        "cloud": "Real",
        "tile": "String",
        "orbit": "String",
        "platform": "String",
        "baseline": "String",
        "epsg": "Integer",
        "share": "Real",
    }
    first = next(layer.getFeatures())
    assert first["datetime"].toString(Qt.DateFormat.ISODate).startswith("2023-07-16T18:49:21")
