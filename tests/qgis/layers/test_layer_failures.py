"""Servers that fail, are slow, or want a password: an error in words, and no hole that nobody mentions."""

import re
import time

import numpy as np
import pytest
from qgis.core import QgsNetworkAccessManager, QgsProcessingException, QgsRasterLayer

from .. import tile_server
from ..conftest import read
from ..made_layers import BOUNDS, PLANE, TaskLog, expected, in_task, wcs, wms, xyz
from ..tile_server import HALF, late, numbers, serving

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No long waits between attempts."""
    from patchwise.processing_provider.layers import source as layer_source

    monkeypatch.setattr(layer_source, "WAITS", (0.01, 0.01))


@pytest.fixture()
def short_timeout(qgis_app):
    """Called, it lets requests of QGIS end that take longer than 0.2 seconds."""
    before = QgsNetworkAccessManager.timeout()
    yield lambda: QgsNetworkAccessManager.setTimeout(200)
    QgsNetworkAccessManager.setTimeout(before)


def kinds():
    """Of each kind of layer the server, how it is made, and what a run needs besides."""
    return {
        "xyz": (tile_server.tile, xyz, {}),
        "wms": (tile_server.wms(BOUNDS, 10), wms, {"RESOLUTION": 10}),
        "wcs": (tile_server.wcs(numbers(*PLANE), BOUNDS), wcs, {}),
    }


def broken(status, kind="text/plain", body=b"no", until=10**9, path="/2/1/2"):
    """A ``fails`` for one tile, or all GetMap and GetCoverage requests, ``until`` so many times."""

    def fails(asked, query, times):
        if times <= until and (asked.startswith(path) or query.get("REQUEST") in ("GetMap", "GetCoverage")):
            return status, kind, body
        return None

    return fails


ANSWERS = {
    "500": (500, "text/plain", b"no"),
    "403": (403, "text/plain", b"no"),
    "no image": (200, "image/png", b"no image at all"),
    "text": (200, "text/html", b"<html>please log in</html>"),
    "exception": (200, "text/xml", tile_server.exception("the database is away").encode()),
}


@pytest.mark.parametrize("thread", ["main", "task"])
@pytest.mark.parametrize("kind", ["xyz", "wms", "wcs"])
@pytest.mark.parametrize("case", ANSWERS)
def test_a_failed_request_is_an_error_not_a_hole(run, qtbot, tmp_path, kind, case, thread):
    answer, make, parameters = kinds()[kind]
    with serving(answer) as server:
        layer = make(server)
        server.fails = broken(*ANSWERS[case])
        parameters = {"INPUT": layer, "OUTPUT": str(tmp_path / "out.tif"), **parameters}
        log, said = TaskLog(), rf"{layer.name()}: cannot read rows \d+\.\.\d+, columns \d+\.\.\d+ after 3 attempts: ."
        if thread == "task":
            assert not in_task(qtbot, parameters, log)[0]
            assert re.match(said, log.errors[0]), log.errors
        else:
            with pytest.raises(QgsProcessingException, match=said):
                run(log, **parameters)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("thread", ["main", "task"])
@pytest.mark.parametrize("kind", ["xyz", "wms", "wcs"])
def test_what_takes_too_long_is_an_error(run, qtbot, tmp_path, short_timeout, kind, thread):
    answer, make, parameters = kinds()[kind]
    with serving(answer) as server:
        layer = make(server)
        server.fails = late(2)
        short_timeout()
        parameters = {"INPUT": layer, "OUTPUT": str(tmp_path / "out.tif"), **parameters}
        if thread == "task":
            log = TaskLog()
            assert not in_task(qtbot, parameters, log)[0]
            assert "after 3 attempts" in log.errors[0]
        else:
            with pytest.raises(QgsProcessingException, match="after 3 attempts"):
                run(**parameters)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["xyz", "wms"])
def test_a_server_that_wants_a_password_does_not_hang_a_script(run, tmp_path, kind):
    answer = {"xyz": tile_server.tile, "wms": tile_server.wms(BOUNDS, 10)}[kind]
    with serving(answer) as server:
        layer = xyz(server) if kind == "xyz" else wms(server)
        server.fails = broken(401)
        with pytest.raises(QgsProcessingException, match="after 3 attempts: .*"):
            run(INPUT=layer, OUTPUT=str(tmp_path / "out.tif"), RESOLUTION=2 * HALF / 1024 if kind == "xyz" else 10)


@pytest.mark.parametrize("kind", ["xyz", "wms", "wcs"])
def test_a_failure_that_passes_is_not_seen_in_the_result(run, tmp_path, kind):
    answer, make, parameters = kinds()[kind]
    good, bad = str(tmp_path / "good.tif"), str(tmp_path / "bad.tif")
    times = 5 if kind == "xyz" else 1  # QGIS itself asks four times for a tile
    for out, fails in ((bad, broken(503, until=times)), (good, broken(503, until=0))):
        with serving(answer) as server:
            layer = make(server)
            server.fails, before = fails, len(server.asked)
            run(INPUT=layer, OUTPUT=out, **parameters)
            asked = server.asked[before:]
    assert not np.isnan(read(bad)).all() and len(asked) > 1
    np.testing.assert_array_equal(read(bad), read(good))


@pytest.mark.parametrize("kind", ["xyz", "wms", "wcs"])
def test_failures_are_seen_after_qgis_stops_to_speak_of_them(run, tmp_path, kind):
    """After 100 failures of a source QGIS logs no more of them."""
    answer, make, parameters = kinds()[kind]
    with serving(answer) as server:
        layer = make(server)
        server.fails = broken(500, path=("/0/", "/1/", "/2/"))
        times, share, size = (10, 1, 1024) if kind == "xyz" else (110, 0.1, 8)
        for k in range(times):  # as a map canvas would
            layer.dataProvider().block(1, layer.extent().scaled(share * (1 + k / 100)), size, size)
        with pytest.raises(QgsProcessingException, match="after 3 attempts"):
            run(INPUT=layer, OUTPUT=str(tmp_path / "out.tif"), **parameters)


@pytest.mark.parametrize("thread", ["main", "task"])
@pytest.mark.parametrize("status", [404, 410, 204])
def test_a_tile_that_is_not_there_is_nodata_and_said(run, qtbot, tmp_path, log, status, thread):
    out = str(tmp_path / "out.tif")
    answer = (status, "text/plain", b"" if status == 204 else b"no")
    with serving(tile_server.tile, broken(*answer, path="/2/1/")) as server:
        parameters = {"INPUT": xyz(server), "EXPRESSION": "red", "OUTPUT": out, "CHIP_SIZE": 64, "STRIDE": 64}
        if thread == "task":
            assert in_task(qtbot, parameters, log)[0]
        else:
            run(log, **parameters)
    picture = expected(np.arange(1024), np.arange(1024))[0]
    picture[:, 256:512] = np.nan
    np.testing.assert_array_equal(read(out)[0], picture)
    said = [text for text in log.warnings if "not on the server" in text]
    assert len(said) == 1 and said[0].startswith("4 tiles") and f"{server.url}/2/1/0.png" in said[0]


def test_no_server_at_all(run, tmp_path):
    with serving(tile_server.tile) as server:
        layer = xyz(server)
    with pytest.raises(QgsProcessingException, match="after 3 attempts"):
        run(INPUT=layer, OUTPUT=str(tmp_path / "out.tif"))


def test_cancelling_ends_a_request_that_is_under_way(qtbot, tmp_path, provider):
    log = TaskLog()
    with serving(tile_server.tile) as server:
        layer = xyz(server)

        def stop(path, query, times):
            log.cancel()
            late(5)(path, query, times)

        server.fails = stop
        started = time.monotonic()
        assert not in_task(qtbot, {"INPUT": layer, "OUTPUT": str(tmp_path / "out.tif")}, log)[0]
        assert time.monotonic() - started < 4  # the server takes 5 seconds
    assert "cancelled" in log.errors[0]
    assert not list(tmp_path.iterdir())


def test_keys_and_passwords_are_told_to_nobody(run, tmp_path):
    from patchwise.processing_provider.layers.source import LayerSource

    with serving(tile_server.tile, broken(500)) as server:
        url = f"{server.url}/%7Bz%7D/%7Bx%7D/%7By%7D.png?key%3DSECRET".replace("//", "//joe:SECRET@")
        uri = f"type=xyz&url={url}&zmin=0&zmax=2&username=joe&password=SECRET&http-header:x=SECRET"
        layer = QgsRasterLayer(uri, "t", "wms")
        assert "SECRET" not in LayerSource(layer).path and server.url.split("//")[1] in LayerSource(layer).path
        with pytest.raises(QgsProcessingException, match="after 3 attempts") as caught:
            run(INPUT=layer, OUTPUT=str(tmp_path / "out.tif"))
        assert "SECRET" not in str(caught.value) and "/2/1/2.png" in str(caught.value)
