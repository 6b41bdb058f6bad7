"""``make demo-tahoe``: the real thing, here against the STAC API on loopback; and without a network."""

import subprocess
import sys

import pytest

from ...conftest import ROOT

SCRIPT = [sys.executable, str(ROOT / "tools" / "demo_tahoe.py")]


@pytest.mark.slow
def test_it_loads_computes_and_draws(stac, tmp_path):
    command = [*SCRIPT, "--endpoint", stac.open_endpoint, "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert stac.id("lake_clear") in done.stdout and "0.5 % cloud" in done.stdout
    assert (tmp_path / "tahoe.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "sentinel2_ndvi.tif").is_file()


def test_without_a_network_it_says_so(tmp_path, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    command = [*SCRIPT, "--endpoint", "http://127.0.0.1:9/stac", "--output", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "127.0.0.1 cannot be reached" in done.stdout and "`make demo` needs none" in done.stdout
    assert not (tmp_path / "none").exists()
