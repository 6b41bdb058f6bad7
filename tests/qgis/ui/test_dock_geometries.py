"""Chips that are no rectangles, and layers that GDAL does not read, from the dock."""
# ruff: noqa: F811 (fixtures are imported, and are the names of arguments)

import numpy as np
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsRasterLayer, QgsRectangle, QgsVectorLayer

from .. import tile_server
from ..conftest import read
from ..desktop import desktop, dock, layer, user  # noqa: F401
from ..made_layers import expected, xyz


def new_layers(*known):
    return [layer for layer in QgsProject.instance().mapLayers().values() if layer not in known]


def test_spherical_caps(run, layer, dock, user, tmp_path):
    user.choose("geometryCombo", "Spherical cap")
    user.set("radiusSpin", 0.4)
    user.set("strideSpin", 40)
    user.type("expressionEdit", "b1 - mean(b1)")
    assert user.can_run(), user.summary()
    assert "chips" in user.summary()
    assert not user.find("chipSizeSpin").isVisible() and not user.find("boundaryCombo").isVisible()
    assert dock.tab.weights.verdict()
    assert user.run().ok
    (added,) = new_layers(layer)
    out = str(tmp_path / "caps.tif")
    run(INPUT=layer.source(), GEOMETRY="sphericalcap", RADIUS_KM=0.4, STRIDE=40, EXPRESSION="b1 - mean(b1)", OUTPUT=out)
    assert np.isfinite(read(out)).any()
    np.testing.assert_array_equal(read(added.source()), read(out))


def test_the_settings_of_caps_come_back(layer, dock, user):
    user.choose("geometryCombo", "Spherical cap")
    user.set("radiusSpin", 0.25)
    user.set("strideSpin", 30)
    assert user.run().ok
    (added,) = new_layers(layer)
    user.choose("geometryCombo", "Rectangular")
    assert dock.use_settings_of(added)
    found = dock.tab.parameters()
    assert (found["GEOMETRY"], found["RADIUS_KM"], found["STRIDE"]) == ("sphericalcap", 0.25, 30)


def polygons():
    layer = QgsVectorLayer("Polygon?crs=EPSG:32610&field=name:string", "fields", "memory")
    features = []
    for x in (750700, 751200):
        feature = QgsFeature(layer.fields())
        corners = [QgsPointXY(x, 4349000), QgsPointXY(x + 300, 4349000), QgsPointXY(x + 150, 4348500)]
        feature.setGeometry(QgsGeometry.fromPolygonXY([corners]))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_polygons_of_a_layer(layer, dock, user):
    user.choose("geometryCombo", "Polygons of a layer")
    assert not user.can_run() and "Choose a layer of polygons" in user.summary()
    fields = polygons()
    user.find("polygonsCombo").setLayer(fields)
    user.type("expressionEdit", "b2 * 1.0")
    assert user.can_run(), user.summary()
    assert "2 polygons" in user.summary()
    ended = user.run()
    assert ended.ok, ended.feedback.textLog()
    added = new_layers(layer, fields)
    (table,) = [one for one in added if isinstance(one, QgsVectorLayer)]
    (raster,) = [one for one in added if isinstance(one, QgsRasterLayer)]
    values = read(raster.source())
    within = np.isfinite(values[0])
    assert 0 < within.sum() < within.size / 2
    np.testing.assert_array_equal(values[0][within], read(layer.source())[1][within])
    assert table.featureCount() == 2 and any(name.endswith("mean") for name in table.fields().names())


def test_statistics_of_polygons_can_be_chosen(layer, dock, user):
    fields = polygons()
    user.choose("geometryCombo", "Polygons of a layer")
    user.find("polygonsCombo").setLayer(fields)
    assert dock.tab.statistics.isVisibleTo(user.find("moreGroup"))
    dock.tab.statistics.set_parameters({"STATISTICS": ["max"]})
    assert user.run().ok
    (table,) = [one for one in new_layers(layer, fields) if isinstance(one, QgsVectorLayer)]
    assert [name for name in table.fields().names() if name != "name"] == ["B02_max"]
    user.choose("geometryCombo", "Rectangular")
    assert not dock.tab.statistics.isVisibleTo(user.find("moreGroup"))


def test_unfolding_a_group_shows_no_parameters_of_other_geometries(layer, dock, user):
    for _ in range(2):
        user.find("moreGroup").setCollapsed(False)
        assert user.find("DATA_TYPE").isVisible() and not user.find("STATISTICS").isVisible()
        user.find("moreGroup").setCollapsed(True)
        assert not user.find("DATA_TYPE").isVisible()


def test_what_is_wrong_with_polygons_is_said(layer, dock, user):
    fields = polygons()
    user.choose("geometryCombo", "Polygons of a layer")
    user.find("polygonsCombo").setLayer(fields)
    user.type("expressionEdit", "b2 *")
    assert not user.can_run() and "column" in user.summary()


def test_a_version_without_the_algorithm_says_so(layer, dock, user, monkeypatch):
    from patchwise.ui.runs import planning

    original = planning.algorithm_of
    monkeypatch.setattr(planning, "algorithm_of", lambda name: None if "polygon" in name else original(name))
    user.choose("geometryCombo", "Polygons of a layer")
    assert not user.can_run() and "patchwise:polygonchips is not there" in user.summary()
    dock.tab.bar.menu.aboutToShow.emit()


def test_a_layer_of_tiles_is_offered_and_read(desktop, dock, user, tmp_path):
    """XYZ tiles, which GDAL does not open here: read through the layer's own provider, on the map's extent."""
    with tile_server.serving(tile_server.tile) as server:
        tiles = xyz(server, 3)
        QgsProject.instance().addMapLayer(tiles)
        desktop.canvas.setDestinationCrs(tiles.crs())
        pixel = 2 * tile_server.HALF / 2048
        box = QgsRectangle(0, 0, 300 * pixel, 200 * pixel)
        user.find("layerCombo").setLayer(tiles)
        user.find("extentWidget").setOutputExtentFromUser(box, tiles.crs())
        user.set("chipSizeSpin", 64)
        user.type("expressionEdit", "b1 + 0.0")
        assert user.can_run(), user.summary()
        ended = user.run()
        assert ended.ok, ended.feedback.textLog()
        (added,) = new_layers(tiles)
        rows, cols = np.arange(1024 - 200, 1024), np.arange(1024, 1024 + 300)
        np.testing.assert_array_equal(read(added.source())[0], expected(rows, cols)[0])
        QgsProject.instance().clear()
