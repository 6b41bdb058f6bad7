"""Memory does not grow with the box: what is read goes straight to the file."""

import json
import os
import subprocess
import sys

import pytest
import rasterio

from ..conftest import ROOT
from . import catalogue

LOAD = """
import importlib.util, json, sys
from pathlib import Path
root, endpoint, box, target = sys.argv[1:]
spec = importlib.util.spec_from_file_location("patchwise", f"{root}/__init__.py", submodule_search_locations=[root])
sys.modules["patchwise"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
from patchwise.core import GeoTiffSink, find_s2_scene
from patchwise.core.sentinel2.remote import Network

network = Network(timeout=30)
scene = find_s2_scene(json.loads(box), "2023-07-16/2023-07-16", endpoint=endpoint, network=network)
with GeoTiffSink(target, scene.domain, scene.value_type, names=scene.bands) as sink:
    scene.stream_to(sink)
status = Path("/proc/self/status")
if status.exists():
    peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
print(peak / 1024)
"""


def peak_of(stac, box, target):
    """Peak memory in MB of a process that loads four bands, and the rows that it wrote."""
    # GDAL's caches fill up to their limits, which would hide what is looked for.
    small = {"GDAL_CACHEMAX": "16", "CPL_VSIL_CURL_CACHE_SIZE": "2000000", "MALLOC_ARENA_MAX": "1"}
    environment = {**os.environ, **small}
    command = [sys.executable, "-c", LOAD, str(ROOT), stac.open_endpoint, json.dumps(box), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    with rasterio.open(target) as file:
        return float(done.stdout), file.height


@pytest.mark.slow
def test_a_box_four_times_as_tall_takes_no_more_memory(stac, tmp_path):
    for band in ("B02", "B03", "B04", "B08"):
        stac.file("lake_clear", band)
    west, _, east, _ = catalogue.LAKE
    low, rows = peak_of(stac, (west, 39.00, east, 39.21), tmp_path / "low.tif")
    high, more_rows = peak_of(stac, (west, 38.80, east, 39.69), tmp_path / "high.tif")
    assert more_rows > 4 * rows
    # The rows that the taller box has more, four bands of them, would be 190 MB as float32 and 95 MB as uint16.
    assert high < low + 80, (low, high)
