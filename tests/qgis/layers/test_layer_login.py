"""A file behind a login that QGIS keeps: read by QGIS, and the login is told to nobody."""

import base64
from http.server import ThreadingHTTPServer

import numpy as np
import pytest
import rasterio
from qgis.core import QgsApplication, QgsAuthMethodConfig, QgsProcessingException, QgsRasterLayer, QgsRasterRange

from ...loopback import Handler, running
from ..conftest import read, write
from ..made_layers import in_task

USER, PASSWORD = "somebody", "SECRET"


class _Handler(Handler):
    def do_HEAD(self):
        self.do_GET(body=False)

    def do_GET(self, body=True):
        known = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        status = 404 if not self.path.endswith("/a.tif") else 200 if self.headers.get("Authorization") == known else 401
        content = self.server.content if status == 200 else b""
        wanted, total = self.headers.get("Range"), len(content)
        if wanted and status == 200:
            first, last = wanted.split("=")[1].split("-")
            content, status = content[int(first) : int(last or total) + 1], 206
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{int(first) + len(content) - 1}/{total}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)


@pytest.fixture()
def behind_login(qgis_app, tmp_path):
    """A layer of a file on a server, opened by a login, and the values that are in the file."""
    values = np.random.default_rng(2).integers(0, 9, (2, 300, 400)).astype("uint8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    with open(write(tmp_path / "a.tif", values, nodata=0, crs="EPSG:32633"), "rb") as file:
        server.content = file.read()
    manager, config = QgsApplication.authManager(), QgsAuthMethodConfig()
    if manager.isDisabled() or not manager.setMasterPassword("patchwise tests", True):
        pytest.skip("this QGIS keeps no logins")
    config.setName("a login")
    config.setMethod("Basic")
    config.setConfig("username", USER)
    config.setConfig("password", PASSWORD)
    assert manager.storeAuthenticationConfig(config)
    with running(server):
        layer = QgsRasterLayer(f"/vsicurl/http://127.0.0.1:{server.server_port}/a.tif authcfg='{config.id()}'", "far")
        assert layer.isValid()
        yield layer, np.where(values == 0, np.nan, values)
        manager.removeAuthenticationConfig(config.id())


@pytest.mark.parametrize("thread", ["main", "task"])
def test_it_is_read_and_its_login_stays_with_qgis(run, qtbot, tmp_path, behind_login, thread, log):
    layer, wanted = behind_login
    layer.dataProvider().setUserNoDataValue(2, [QgsRasterRange(3, 4)])
    out = str(tmp_path / "out.tif")
    parameters = {"INPUT": layer, "EXPRESSION": "b2; b1", "OUTPUT": out, "CHIP_SIZE": 90, "STRIDE": 60}
    if thread == "main":
        run(feedback=log, **parameters)
    else:
        assert in_task(qtbot, parameters, log)[0]
    second = np.where((wanted[1] == 3) | (wanted[1] == 4), np.nan, wanted[1])
    np.testing.assert_array_equal(read(out), [second, wanted[0]])
    with rasterio.open(out) as dataset:
        told = str(dataset.tags()) + "".join([*log.infos, *log.warnings])
    assert PASSWORD not in told and USER not in told and "a.tif" in told


def test_as_a_further_input_it_is_refused(run, tmp_path, behind_login):
    layer, wanted = behind_login
    first = write(tmp_path / "first.tif", wanted, crs="EPSG:32633")
    with pytest.raises(
        QgsProcessingException, match="OTHER_INPUTS is 'far': .* needs a login of QGIS: export it first"
    ):
        run(INPUT=first, OTHER_INPUTS=[layer], EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))
