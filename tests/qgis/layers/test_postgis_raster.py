"""A raster in a PostGIS database, read through QGIS's own provider."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from qgis.core import QgsDataSourceUri, QgsProcessingException, QgsProviderRegistry, QgsRasterLayer

from ...stac.server import Api
from ..conftest import read, write
from ..made_layers import in_task

PASSWORD = "it's a \\ SECRET"  # the cluster trusts everybody
TILE = 64
SHAPE = (2, 3 * TILE, 5 * TILE)


class Database(Api):
    """The cluster of the STAC tests, without an API in front of it."""

    def __enter__(self):
        try:
            self._start_database()
        except BaseException:
            self.close()
            raise
        return self

    def load_raster(self, path, table, less=""):
        """Put a GeoTIFF into a table, in tiles; ``less`` is SQL for tiles that are taken out again."""
        with open(path, "rb") as file:
            pixels = file.read().hex()
        script = self.folder / "raster.sql"
        script.write_text(
            "create extension if not exists postgis_raster; set postgis.gdal_enabled_drivers = 'GTiff';\n"
            f"create table {table} (rid serial primary key, rast raster);\n"
            f"insert into {table} (rast) select ST_Tile(ST_FromGDALRaster('\\x{pixels}'::bytea), {TILE}, {TILE});\n"
            f"{less}; select AddRasterConstraints('{table}'::name, 'rast'::name);\n"
        )
        psql = [self.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgis", "-f", script]
        self._run(psql)

    def uri(self, table):
        """What QGIS calls the table."""
        uri = QgsDataSourceUri()
        uri.setConnection("127.0.0.1", str(self.database_port), "postgis", "postgres", PASSWORD)
        uri.setDataSource("public", table, "rast", "", "rid")
        return uri.uri(False)


@pytest.fixture(scope="module")
def plane(qgis_app):
    """A table of two bands of int16, -7 here and there, and the array that is in it."""
    if "postgresraster" not in QgsProviderRegistry.instance().providerList():
        pytest.skip("this QGIS has no provider for PostGIS rasters")
    array = np.random.default_rng(4).integers(0, 3000, SHAPE, dtype=np.int16)
    array[:, ::17, ::5] = -7
    with tempfile.TemporaryDirectory() as folder:  # where PostgreSQL, which is another user, may go
        path = write(Path(folder) / "plane.tif", array, nodata=-7, crs="EPSG:32633")
        with Database(Path(folder)) as database:
            database.load_raster(path, "plane")
            yield database, path


@pytest.mark.parametrize("thread", ["main", "task"])
def test_a_table_is_read_as_the_file_it_was_made_of(run, qtbot, tmp_path, plane, thread):
    database, path = plane
    out = str(tmp_path / "out.tif")
    layer = QgsRasterLayer(database.uri("plane"), "plane", "postgresraster")
    assert layer.isValid(), layer.error().message()
    parameters = {"INPUT": layer, "EXPRESSION": "b1; b2", "OUTPUT": out, "CHIP_SIZE": 100, "STRIDE": 60}
    if thread == "task":
        assert in_task(qtbot, parameters)[0]
    else:
        run(**parameters)
    np.testing.assert_array_equal(read(out), read(path))
    with rasterio.open(out) as target, rasterio.open(path) as source:
        assert target.transform.almost_equals(source.transform, 1e-9) and target.crs == source.crs
        assert "SECRET" not in target.tags()["PATCHWISE_CONFIG"] and "plane" in target.tags()["PATCHWISE_CONFIG"]


def test_a_table_without_a_tile_for_a_whole_block(run, tmp_path, plane, monkeypatch):
    from patchwise.processing_provider.layers import source as layer_source

    monkeypatch.setattr(layer_source, "BLOCK", (TILE, TILE))
    database, _ = plane
    array = np.random.default_rng(6).integers(1, 3000, SHAPE, dtype=np.int16)
    path, out = write(tmp_path / "in.tif", array, crs="EPSG:32633"), str(tmp_path / "out.tif")
    database.load_raster(path, "sparse", "delete from sparse where rid > 6")
    layer = QgsRasterLayer(database.uri("sparse"), "sparse", "postgresraster")
    run(INPUT=layer, EXPRESSION="b1; b2", OUTPUT=out)
    expected = array[:, : 2 * TILE].astype(float)
    expected[:, TILE:, TILE:] = np.nan
    np.testing.assert_array_equal(read(out), expected)


@pytest.mark.parametrize("nodata", [-7, None])
def test_a_tile_that_the_table_lacks_is_not_zero(run, tmp_path, plane, nodata):
    database, _ = plane
    array = np.random.default_rng(5).integers(1, 3000, SHAPE, dtype=np.int16)
    path, out = write(tmp_path / "in.tif", array, nodata=nodata, crs="EPSG:32633"), str(tmp_path / "out.tif")
    table = f"lacking_{'with' if nodata else 'without'}"
    database.load_raster(path, table, f"delete from {table} where rid = 2")
    run(INPUT=QgsRasterLayer(database.uri(table), "lacking", "postgresraster"), EXPRESSION="b1; b2", OUTPUT=out)
    expected = array.astype(float)
    expected[:, :TILE, TILE : 2 * TILE] = np.nan
    np.testing.assert_array_equal(read(out), expected)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before the run", "half-way"])
def test_a_database_that_goes_away_is_an_error(run, tmp_path, qgis_app, monkeypatch, when):
    from patchwise.core.base.errors import RasterReadError
    from patchwise.core.grid.domain import PixelWindow
    from patchwise.processing_provider.layers import source as layer_source

    monkeypatch.setattr(layer_source, "BLOCK", (TILE, TILE))
    monkeypatch.setattr(layer_source, "WAITS", (0.01, 0.01))
    last = 39 * TILE  # of a small table QGIS keeps all
    array = np.random.default_rng(7).integers(1, 3000, (1, last + TILE, last + TILE), dtype=np.int16)
    path, out = write(tmp_path / "in.tif", array, crs="EPSG:32633"), tmp_path / "out.tif"
    with tempfile.TemporaryDirectory() as folder, Database(Path(folder)) as database:
        database.load_raster(path, "plane")
        layer = QgsRasterLayer(database.uri("plane"), "plane", "postgresraster")
        source, values = layer_source.LayerSource(layer), np.empty((1, TILE, TILE), np.float32)
        if when == "half-way":
            source.read(PixelWindow(0, 0, TILE, TILE), values)
            np.testing.assert_array_equal(values, array[:, :TILE, :TILE])
        database.close()
        with pytest.raises(RasterReadError, match="plane: cannot "):
            source.read(PixelWindow(last, last, TILE, TILE), values)
        with pytest.raises(QgsProcessingException, match="plane: cannot ") as caught:
            run(INPUT=layer, OUTPUT=str(out))
    assert "SECRET" not in str(caught.value)
    assert not out.exists()
