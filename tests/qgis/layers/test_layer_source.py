"""Layers that GDAL does not open by name: the right pixels on the right grid, from real requests."""

import json

import numpy as np
import pytest
import rasterio
from qgis.core import QgsProcessingException, QgsRasterLayer, QgsRasterRange

from .. import tile_server
from ..conftest import read, write
from ..made_layers import BOUNDS, PLANE, expected, in_task, wcs, wms, xyz
from ..tile_server import HALF, numbers, serving

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

Z_SCORE = "(red - mean(red)) / std(red)"  # depends on the chip, so that overlaps and chip places show


def pixels_of(path, domain):
    """Where an output lies on a grid, as ``(rows, cols)``."""
    with rasterio.open(path) as dataset:
        col, row = ~domain.transform * (dataset.transform.c, dataset.transform.f)
        assert abs(row - round(row)) < 1e-6 and abs(col - round(col)) < 1e-6
        return round(row) + np.arange(dataset.height), round(col) + np.arange(dataset.width)


def domain_of(layer, resolution=None):
    from patchwise.processing_provider.layers.grid import layer_domain

    return layer_domain(layer, resolution, "RESOLUTION")


def test_tiles_are_read_to_the_pixel(run, tmp_path):
    out = str(tmp_path / "out.tif")
    with serving(tile_server.tile) as server:
        layer = xyz(server)
        run(INPUT=layer, EXPRESSION="red;green;blue", OUTPUT=out, CHIP_SIZE=200, STRIDE=150)
    np.testing.assert_array_equal(read(out), expected(np.arange(1024), np.arange(1024)))
    with rasterio.open(out) as target:
        assert target.crs.to_epsg() == 3857 and target.transform.a == pytest.approx(2 * HALF / 1024, rel=1e-12)
        assert target.bounds == pytest.approx((-HALF, -HALF, HALF, HALF), abs=1e-6)
        config = json.loads(target.tags()["PATCHWISE_CONFIG"])
    assert config["input"]["shape"] == [1024, 1024] and config["input"]["names"] == ["red", "green", "blue"]
    assert len(server.asked) == 16


def test_tiles_in_a_task_equal_those_in_the_main_thread(run, qtbot, tmp_path):
    here, there = str(tmp_path / "here.tif"), str(tmp_path / "there.tif")
    parameters = {"EXPRESSION": f"{Z_SCORE}; blue", "CHIP_SIZE": 100, "STRIDE": 60}
    with serving(tile_server.tile) as server:
        good, _ = in_task(qtbot, {"INPUT": xyz(server), "OUTPUT": there, **parameters})
        assert good
    with serving(tile_server.tile) as server:
        run(INPUT=xyz(server), OUTPUT=here, **parameters)
    np.testing.assert_array_equal(read(here), read(there))


def test_an_extent_of_endless_tiles_equals_the_same_part_of_a_larger_one(run, tmp_path):
    """All of them would be 67 million pixels wide; chips lie on the tiles' own pixels."""
    large, small = str(tmp_path / "large.tif"), str(tmp_path / "small.tif")
    parameters = {"EXPRESSION": f"{Z_SCORE}; red", "CHIP_SIZE": 64, "STRIDE": 40}
    with serving(tile_server.tile) as server:
        layer = xyz(server, zmax=18)
        domain = domain_of(layer)
        size = domain.transform.a
        x, y = domain.transform * (40_000_123, 30_000_456)

        def box(col, row, width, height):
            left, top = x + col * size, y - row * size
            return f"{left},{left + width * size},{top - height * size},{top} [EPSG:3857]"

        run(INPUT=layer, OUTPUT=large, EXTENT=box(0, 0, 300, 280), **parameters)
        run(INPUT=layer, OUTPUT=small, EXTENT=box(77, 131, 90, 70), **parameters)
        assert domain.shape == (2**26, 2**26)
    np.testing.assert_array_equal(read(small), read(large)[:, 131:201, 77:167])
    rows, cols = pixels_of(large, domain)
    assert (rows[0], cols[0]) == (30_000_456, 40_000_123)
    np.testing.assert_array_equal(read(large)[1], expected(rows, cols)[0])


def test_a_coarser_resolution_takes_coarser_tiles(run, tmp_path):
    out = str(tmp_path / "out.tif")
    with serving(tile_server.tile) as server:
        run(INPUT=xyz(server, zmax=18), OUTPUT=out, EXPRESSION="red", RESOLUTION=2 * HALF / 1024 * (1 + 1e-9))
        assert {path.split("/")[1] for path, _ in server.asked} == {"2"}
    np.testing.assert_array_equal(read(out)[0], expected(np.arange(1024), np.arange(1024))[0])


@pytest.mark.parametrize("uri", ["zmin=0&zmax=18", "zmin=0", "zmax=18&SmoothPixmapTransform=1&zmin=0", "zmax=2"])
def test_levels_beyond_the_wanted_one_are_not_taken(qgis_app, uri):
    from patchwise.processing_provider.layers.grid import FINER, reader_of

    layer = QgsRasterLayer(f"{uri}&type=xyz&url=http://127.0.0.1:1/%7Bz%7D/%7Bx%7D/%7By%7D.png", "t", "wms")
    wanted = 2 * HALF / 1024
    provider, finer = reader_of(layer, domain_of(layer, wanted))
    assert finer == FINER and min(provider.nativeResolutions()) == pytest.approx(wanted, rel=1e-9)
    assert provider.extent() == layer.extent()
    assert reader_of(layer, domain_of(layer, 1.1 * wanted))[1] == 1, "no tiles have it"


def test_wms_is_read_on_the_grid_of_the_resolution(run, tmp_path):
    whole, part = str(tmp_path / "whole.tif"), str(tmp_path / "part.tif")
    parameters = {"EXPRESSION": f"{Z_SCORE}; green", "CHIP_SIZE": 100, "STRIDE": 70, "RESOLUTION": 10}
    with serving(tile_server.wms(BOUNDS, 10)) as server:
        run(INPUT=wms(server), OUTPUT=whole, **parameters)
        run(INPUT=wms(server), OUTPUT=part, EXTENT="502005,506995,4992005,4993000 [EPSG:32633]", **parameters)
        sizes = {(int(query["WIDTH"]), int(query["HEIGHT"])) for _, query in server.asked if "WIDTH" in query}
    np.testing.assert_array_equal(read(whole)[1], expected(*PLANE)[1])
    rows, cols = pixels_of(part, domain_of_file(whole))
    assert (rows[0], cols[0], len(rows), len(cols)) == (400, 200, 100, 500)
    np.testing.assert_array_equal(read(part), read(whole)[:, 400:500, 200:700])
    assert sizes == {(1024, 512), (276, 512), (1024, 188), (276, 188)}  # also for the part: a map may look different


def domain_of_file(path):
    from patchwise.core import RasterFile

    return RasterFile(path).domain


def test_wcs_gives_numbers_and_its_nodata(run, qtbot, tmp_path):
    out, array = str(tmp_path / "out.tif"), numbers(*PLANE)
    with serving(tile_server.wcs(array, BOUNDS)) as server:
        good, _ = in_task(qtbot, {"INPUT": wcs(server), "EXPRESSION": "b2; b1", "OUTPUT": out})
    assert good
    np.testing.assert_array_equal(read(out), np.where(array == -9999, np.nan, array)[::-1])
    with rasterio.open(out) as target:
        assert target.bounds == pytest.approx(BOUNDS) and target.crs.to_epsg() == 32633


def test_nodata_is_what_the_layer_says(run, tmp_path):
    out, array = str(tmp_path / "out.tif"), numbers(*PLANE)
    with serving(tile_server.wcs(array, BOUNDS)) as server:
        layer = wcs(server)
        layer.dataProvider().setUseSourceNoDataValue(1, False)
        nan = float("nan")
        ranges = [QgsRasterRange(2000, 3000), QgsRasterRange(5000, nan, QgsRasterRange.BoundsType.IncludeMax)]
        layer.dataProvider().setUserNoDataValue(1, ranges)
        run(INPUT=layer, BANDS=[1], SCALE=2, OFFSET=1, OUTPUT=out)
    first = array[0].astype(np.float64)
    unknown = ((first >= 2000) & (first <= 3000)) | (first > 5000)
    assert unknown.any() and not unknown.all() and (first == -9999).any()
    np.testing.assert_array_equal(read(out)[0], np.where(unknown, np.nan, first * 2 + 1))


def test_a_further_input_lies_on_the_grid_of_the_layer(run, tmp_path):
    out = str(tmp_path / "out.tif")
    values = np.arange(1300 * 700, dtype=np.float32).reshape(1, 700, 1300)
    transform = rasterio.transform.from_origin(BOUNDS[0], BOUNDS[3], 10, 10)
    other = write(tmp_path / "other.tif", values, crs="EPSG:32633", transform=transform)
    with serving(tile_server.wms(BOUNDS, 10)) as server:
        run(INPUT=wms(server), OTHER_INPUTS=[other], RESOLUTION=10, EXPRESSION="b4; red", OUTPUT=out)
    red = expected(*PLANE)[0]
    np.testing.assert_array_equal(read(out)[1], red)
    np.testing.assert_array_equal(read(out)[0], values[0])


WRONG = {
    "all of endless tiles": ("endless", {}, "EXTENT is None: must be given for this layer, .*67,108,864 x 67,108,864"),
    "wms without resolution": ("wms", {}, "RESOLUTION is None: must be given, in map units per pixel"),
    "resolution 0": ("wms", {"RESOLUTION": 0}, "RESOLUTION is 0.0: must be a number of map units per pixel above 0"),
    "resolution below 0": ("xyz", {"RESOLUTION": -3}, "RESOLUTION is -3.0: must be a number"),
    "resolution of wcs": ("wcs", {"RESOLUTION": 10}, "RESOLUTION is 10.0: must be empty"),
    "resolution of a file": ("file", {"RESOLUTION": 10}, "RESOLUTION is 10.0: must be empty"),
    "alpha": ("xyz", {"BANDS": [4]}, "BANDS is 4: must be from 1 to 3"),
    "tiles as a further input": ("file", {"OTHER_INPUTS": "xyz"}, "OTHER_INPUTS is .*must be a file that GDAL reads"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_before_a_request(run, scene, tmp_path, case):
    kind, parameters, message = WRONG[case]
    with serving(tile_server.tile) as tiles, serving(tile_server.wms(BOUNDS, 10)) as maps:
        with serving(tile_server.wcs(numbers(*PLANE), BOUNDS)) as coverages:
            layers = {
                "xyz": xyz(tiles),
                "endless": xyz(tiles, zmax=18),
                "wms": wms(maps),
                "wcs": wcs(coverages),
                "file": QgsRasterLayer(scene, "scene"),
            }
            if "OTHER_INPUTS" in parameters:
                parameters = {"OTHER_INPUTS": [layers[parameters["OTHER_INPUTS"]]]}
            before = [len(server.asked) for server in (tiles, coverages)]
            with pytest.raises(QgsProcessingException, match=message):
                run(INPUT=layers[kind], OUTPUT=str(tmp_path / "out.tif"), **parameters)
            assert [len(server.asked) for server in (tiles, coverages)] == before
            assert not [query for _, query in maps.asked if query["REQUEST"] == "GetMap"]
