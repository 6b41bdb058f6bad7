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


def test_a_layer_that_is_such_a_text_is_refused_and_a_vrt_under_its_name_is_read(run, tmp_path):
    write(tmp_path / "private.tif", np.full((1, 64, 64), 77, np.float32))
    for name in ("scene.tif", "scene.vrt"):
        (tmp_path / name).write_text(vrt(tmp_path / "private.tif"))
    layer = QgsRasterLayer(str(tmp_path / "scene.tif"), "scene", "gdal")
    common = {"EXPRESSION": "b1", "CHIP_SIZE": 32, "STRIDE": 32, "OUTPUT": str(tmp_path / "out.tif")}
    with pytest.raises(QgsProcessingException, match="INPUT is .*scene.tif.*is a VRT, which names other files"):
        run(INPUT=layer, **common)
    assert run(INPUT=str(tmp_path / "scene.vrt"), **common)["CHIPS"] == 4
