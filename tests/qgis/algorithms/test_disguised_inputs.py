"""A text under the name of a picture is refused before QGIS opens it: no file is read, and no server is asked."""

import numpy as np
import pytest
from qgis.core import QgsProcessingException, QgsRasterLayer

from ...core.gdal.test_drivers import vrt, wms
from ...loopback import serving
from ..conftest import write

PARAMETERS = {
    "INPUT": ("slidingwindow", {"EXPRESSION": "b1"}),
    "OTHER_INPUTS": ("slidingwindow", {"EXPRESSION": "b1"}),
    "LABELS": ("splitraster", {"CHIP_SIZE": 32, "STRIDE": 32}),
    "CONFIG_FROM": ("runconfig", {}),
}


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("text", ["vrt", "file", "wms"])
def test_no_server_is_asked_for_a_text_named_as_a_picture(provider, tmp_path, name, text):
    from qgis import processing

    write(tmp_path / "fair.tif", np.ones((1, 64, 64), np.float32))
    write(tmp_path / "private.tif", np.full((1, 64, 64), 77, np.float32))
    with serving() as server:
        texts = {
            "vrt": vrt(f"/vsicurl/{server.url}/internal.tif", full=False),
            "file": vrt(tmp_path / "private.tif"),
            "wms": wms(server.url),
        }
        path = tmp_path / "scene.tif"
        path.write_text(texts[text])
        algorithm, parameters = PARAMETERS[name]
        value = [str(path)] if name == "OTHER_INPUTS" else str(path)
        given = {"INPUT": str(tmp_path / "fair.tif"), "OUTPUT": str(tmp_path / "out.tif"), **parameters, name: value}
        if algorithm == "splitraster":
            given["OUTPUT"] = str(tmp_path / "chips")
        with pytest.raises(QgsProcessingException, match=f"{name} is .*scene.tif.*names other files or addresses"):
            processing.run(f"patchwise:{algorithm}", given)
        assert not server.asked
    assert not (tmp_path / "out.tif").exists() and not (tmp_path / "chips").exists()


@pytest.mark.parametrize("before", ['<?xml version="1.0"?>', "<!-- a -->", "x", " " * 1000])
@pytest.mark.parametrize("behind", ["", "|option:NUM_THREADS=1"])
def test_what_stands_before_a_text_or_behind_its_name_does_not_hide_it(provider, tmp_path, before, behind):
    from qgis import processing

    with serving() as server:
        path = tmp_path / "scene.tif"
        path.write_text(before + vrt(f"/vsicurl/{server.url}/internal.tif", full=False))
        given = {"INPUT": f"{path}{behind}", "EXPRESSION": "b1", "OUTPUT": str(tmp_path / "out.tif")}
        with pytest.raises(QgsProcessingException, match="INPUT is .*scene.tif.*names other files or addresses"):
            processing.run("patchwise:slidingwindow", given)
        assert not server.asked


def test_extents_and_features_are_no_hidden_texts_either(provider, tmp_path):
    from qgis import processing

    fair = write(tmp_path / "fair.tif", np.ones((1, 64, 64), np.float32))
    with serving() as server:
        (tmp_path / "e.tif").write_text(vrt(f"/vsicurl/{server.url}/internal.tif", full=False))
        (tmp_path / "p.gpkg").write_text(
            f'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{server.url}/a.geojson</SrcDataSource>'
            "</OGRVRTLayer></OGRVRTDataSource>"
        )
        common = {"INPUT": fair, "EXPRESSION": "b1", "OUTPUT": str(tmp_path / "out.tif")}
        with pytest.raises(QgsProcessingException, match="EXTENT is .*e.tif.*names other files"):
            processing.run("patchwise:slidingwindow", {**common, "EXTENT": str(tmp_path / "e.tif")})
        common["OUTPUT"] = str(tmp_path / "out.gpkg")
        with pytest.raises(QgsProcessingException, match="POLYGONS is .*p.gpkg.*names other files"):
            processing.run("patchwise:polygonchips", {**common, "POLYGONS": str(tmp_path / "p.gpkg")})
        assert not server.asked


def test_a_layer_that_is_such_a_text_is_refused_and_a_vrt_under_its_name_is_read(run, tmp_path):
    write(tmp_path / "private.tif", np.full((1, 64, 64), 77, np.float32))
    for name in ("scene.tif", "scene.vrt"):
        (tmp_path / name).write_text(vrt(tmp_path / "private.tif"))
    layer = QgsRasterLayer(str(tmp_path / "scene.tif"), "scene", "gdal")
    common = {"EXPRESSION": "b1", "CHIP_SIZE": 32, "STRIDE": 32, "OUTPUT": str(tmp_path / "out.tif")}
    with pytest.raises(QgsProcessingException, match="INPUT is .*scene.tif.*is a VRT, which names other files"):
        run(INPUT=layer, **common)
    assert run(INPUT=str(tmp_path / "scene.vrt"), **common)["CHIPS"] == 4
