"""Layers of every raster provider that QGIS has: the provider's own pixels, or a refusal that says what to do."""

from contextlib import contextmanager

import numpy as np
import pytest
from qgis.core import (
    QgsAnnotationLayer,
    QgsCoordinateReferenceSystem,
    QgsGroupLayer,
    QgsMapLayer,
    QgsMeshLayer,
    QgsPointCloudLayer,
    QgsProcessingException,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterDataProvider,
    QgsRasterLayer,
    QgsRasterRange,
    QgsVectorLayer,
)

from .. import tile_server
from ..conftest import read, write
from ..made_layers import BOUNDS, PLANE, expected, in_task, wcs, wms, xyz
from ..tile_server import numbers, serving
from .test_postgis_raster import plane  # noqa: F401  (a fixture)

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

SHAPE = (300, 400)


def arcgis(server):
    uri = f"crs='EPSG:32633' format='PNG32' layer='0' url='{server.url}/MapServer'"
    layer = QgsRasterLayer(uri, "service", "arcgismapserver")
    assert layer.isValid()
    return layer


def calculated(path, formula='"a@1" * 2 + "a@2"', crs="EPSG:32633", shape=SHAPE):
    """A layer of QGIS's on-the-fly raster calculator."""
    of = QgsRasterLayer(path, "a")
    parameters = QgsRasterDataProvider.VirtualRasterParameters()
    parameters.crs, parameters.extent = QgsCoordinateReferenceSystem(crs), of.extent()
    parameters.height, parameters.width = shape
    parameters.formula = formula
    layer = QgsRasterDataProvider.VirtualRasterInputLayers()
    layer.name, layer.uri, layer.provider = "a", path, "gdal"
    parameters.rInputLayers = [layer]
    found = QgsRasterLayer(QgsRasterDataProvider.encodeVirtualRasterProviderUri(parameters), "calc", "virtualraster")
    assert found.isValid()
    return found


@pytest.fixture()
def two_bands(tmp_path):
    array = np.random.default_rng(0).integers(1, 1000, (2, *SHAPE)).astype("float32")
    array[0, :40] = -9
    return write(tmp_path / "two.tif", array, nodata=-9, crs="EPSG:32633"), np.where(array == -9, np.nan, array)


@contextmanager
def layers(kind, path):
    """A layer of a provider, the resolution to ask for, and what its bands are."""
    if kind in ("xyz", "wms", "arcgismapserver", "arcgismapserver tiles"):
        rows, cols = (np.arange(1024), np.arange(1024)) if kind == "xyz" else PLANE
        answer = {
            "xyz": tile_server.tile,
            "wms": tile_server.wms(BOUNDS, 10),
            "arcgismapserver": tile_server.arcgis(BOUNDS, 10),
            "arcgismapserver tiles": tile_server.arcgis(BOUNDS, 10, tiled=True),
        }[kind]
        make = {"xyz": xyz, "wms": wms}.get(kind, arcgis)
        with serving(answer) as server:
            yield make(server), (10 if kind in ("wms", "arcgismapserver") else None), expected(rows, cols)
    elif kind == "wcs":
        array = numbers(*PLANE)
        with serving(tile_server.wcs(array, BOUNDS)) as server:
            yield wcs(server), None, np.where(array == -9999, np.nan, array.astype(np.float64))
    elif kind == "gdal":
        yield QgsRasterLayer(path, "file"), None, read(path)
    else:
        bands = read(path)
        yield calculated(path), None, bands[:1] * 2 + bands[1:]


KINDS = ("gdal", "xyz", "wms", "wcs", "arcgismapserver", "arcgismapserver tiles", "virtualraster")


def test_no_provider_of_rasters_is_forgotten(qgis_app):
    registry = QgsProviderRegistry.instance()
    found = {
        key
        for key in registry.providerList()
        if QgsMapLayer.LayerType.RasterLayer in registry.providerMetadata(key).supportedLayerTypes()
    }
    if not found:
        pytest.skip("this QGIS does not say what its providers are for")
    assert found <= {*KINDS, "postgresraster"}


@pytest.mark.parametrize("thread", ["main", "task"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_pixels_are_the_providers_own(run, qtbot, tmp_path, two_bands, kind, thread):
    path, out = two_bands[0], str(tmp_path / "out.tif")
    with layers(kind, path) as (layer, resolution, wanted):
        last = len(wanted)
        expression = ";".join(f"b{k}" for k in range(last, 0, -1))
        parameters = {"INPUT": layer, "EXPRESSION": expression, "OUTPUT": out, "CHIP_SIZE": 200, "STRIDE": 150}
        parameters.update({"RESOLUTION": resolution} if resolution else {})
        if thread == "main":
            run(**parameters)
        else:
            assert in_task(qtbot, parameters)[0]
        np.testing.assert_array_equal(read(out), wanted[::-1])
        # Of some of its bands only, which is another source than that of all.
        run(**{**parameters, "EXPRESSION": f"b{last}", "OUTPUT": str(tmp_path / "one.tif")})
    np.testing.assert_array_equal(read(tmp_path / "one.tif"), wanted[-1:])


@pytest.mark.parametrize("kind", KINDS)
def test_chosen_bands_are_those_of_the_whole(qgis_app, two_bands, kind):
    """Law: ``select`` gives the same pixels, also of what is selected from, after it was read and before."""
    from patchwise.processing_provider.layers.source import LayerSource

    def read_all(source):
        out = np.empty(source.shape, source.dtype)
        source.read(source.domain.window, out)
        return out

    with layers(kind, two_bands[0]) as (layer, resolution, wanted):
        whole = LayerSource(layer, (), resolution)
        once = whole.select([len(wanted) - 1])
        again = once.select([0])
        for source, bands in ((again, wanted[-1:]), (whole, wanted), (once, wanted[-1:]), (again, wanted[-1:])):
            np.testing.assert_array_equal(read_all(source), bands)


def test_a_postgis_table_is_its_chosen_bands(qgis_app, plane):  # noqa: F811
    from patchwise.processing_provider.layers.source import LayerSource

    database, path = plane
    layer = QgsRasterLayer(database.uri("plane"), "table", "postgresraster")
    one = LayerSource(layer).select([1]).select([0])
    out = np.empty(one.shape, one.dtype)
    one.read(one.domain.window, out)
    np.testing.assert_array_equal(out, read(path)[1:])


def test_nodata_of_a_calculation_is_what_its_layer_says(run, tmp_path, two_bands):
    path, (first, second) = two_bands
    layer = calculated(path)
    layer.dataProvider().setUserNoDataValue(1, [QgsRasterRange(0, 1500)])
    run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))
    values = 2 * first + second
    np.testing.assert_array_equal(read(tmp_path / "out.tif")[0], np.where(values <= 1500, np.nan, values))


def test_a_calculation_whose_raster_is_gone_is_refused(run, tmp_path, two_bands):
    layer = calculated(two_bands[0])
    (tmp_path / "two.tif").unlink()
    with pytest.raises(QgsProcessingException, match="INPUT is 'calc': is calculated from other rasters, one of which"):
        run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))


@pytest.fixture()
def no_waits(monkeypatch):
    """Attempts follow at once."""
    from patchwise.processing_provider.layers import source as layer_source

    monkeypatch.setattr(layer_source, "WAITS", (0.0, 0.0))


def test_a_calculation_whose_raster_is_damaged_is_an_error(run, tmp_path, two_bands, no_waits):
    path = tmp_path / "two.tif"
    layer, content = calculated(str(path)), path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(QgsProcessingException, match="calc: cannot read rows 0..299.*failed"):
        run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))
    assert not (tmp_path / "out.tif").exists()


@pytest.mark.parametrize("thread", ["main", "task"])
def test_a_tile_of_arcgis_that_fails_is_an_error_not_a_hole(run, qtbot, tmp_path, no_waits, thread):
    def fails(path, query, times):
        return (500, "text/plain", b"no") if "/tile/2/1/2" in path else None

    parameters = {"EXPRESSION": "red", "OUTPUT": str(tmp_path / "out.tif")}
    with serving(tile_server.arcgis(BOUNDS, 10, tiled=True), fails) as server:
        parameters["INPUT"] = arcgis(server)
        if thread == "task":
            assert not in_task(qtbot, parameters)[0]
        else:
            with pytest.raises(QgsProcessingException, match="service: cannot read rows 0..511.*after 3 attempts"):
                run(**parameters)
    assert not (tmp_path / "out.tif").exists()


def test_what_is_no_raster_is_refused(run, qgis_app, tmp_path):
    """Also layers that show pixels and have none of their own."""
    project = QgsProject.instance()
    found = {
        "vector": QgsVectorLayer("Polygon?crs=EPSG:32633", "v", "memory"),
        "annotation": QgsAnnotationLayer("n", QgsAnnotationLayer.LayerOptions(project.transformContext())),
        "group": QgsGroupLayer("g", QgsGroupLayer.LayerOptions(project.transformContext())),
        "mesh": QgsMeshLayer("1.0, 2.0\n2.0, 2.0\n3.0, 2.0\n---\n0, 1, 2", "m", "mesh_memory"),
        "points": QgsPointCloudLayer("nothing.las", "p", "pdal"),
    }
    for layer in found.values():
        project.addMapLayer(layer)
        with pytest.raises(QgsProcessingException, match="INPUT"):
            run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))
        with pytest.raises(QgsProcessingException, match="INPUT"):
            run(INPUT=layer.id(), EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))
    project.removeAllMapLayers()
