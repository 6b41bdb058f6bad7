"""Reading a layer while other threads work with Qt."""

import os
import subprocess
import sys

import pytest

from ...conftest import ROOT
from .. import tile_server
from ..tile_server import serving


@pytest.mark.slow
def test_reading_does_not_stand_still_where_another_thread_deletes_objects(tmp_path):
    """A provider that ends its connections to a feedback holds a lock of Qt's, and must not wait for Python's then."""
    answer = tile_server.tile("/7/0/0.png", {})
    with serving(lambda path, query: answer) as server:
        uri = f"type=xyz&url={server.url}/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmin=0&zmax=7"
        done = subprocess.run(
            [sys.executable, "-m", "patchwise.tests.qgis.layers.reading_beside_deleting", uri],
            capture_output=True,
            text=True,
            env={**os.environ, "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path), "PYTHONPATH": str(ROOT / "build" / "plugins")},
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert len(server.asked) > 200
