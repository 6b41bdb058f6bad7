"""The demonstration behind `make demo-tahoe`: a real Sentinel-2 picture of Lake Tahoe, its NDVI, and a picture of both.

Asks a STAC API, so it needs a network; without one it says so and ends. `--endpoint` takes another STAC API than
Planetary Computer, `--output` another folder than build/demo.
"""

import argparse
import os
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from demo import DEMO, ROOT, draw, run_algorithm

ENDPOINT = "https://planetarycomputer.microsoft.com/api/stac/v1"
TAHOE = "-120.10,-119.93,38.92,39.27 [EPSG:4326]"
SECONDS = 10


def unreachable(endpoint):
    """Why the server cannot be reached, or ""; a proxy that the environment names for it is asked instead."""
    parts = urlsplit(endpoint)
    proxy = "" if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme, "")
    if proxy:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=SECONDS).close()
    except (OSError, ValueError) as error:
        return f"{parts.hostname or endpoint} cannot be reached ({error})"
    return ""


def main():
    """Load, run, picture, figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", default=ENDPOINT)
    parser.add_argument("--output", type=Path, default=DEMO)
    options = parser.parse_args()
    os.chdir(ROOT)
    reason = unreachable(options.endpoint)
    if reason:
        print(f"demo-tahoe: {reason}. This demonstration needs a network; `make demo` needs none.")
        return
    options.output.mkdir(parents=True, exist_ok=True)
    scene, ndvi, picture = (options.output / name for name in ("sentinel2.tif", "sentinel2_ndvi.tif", "tahoe.png"))
    wanted = {
        "EXTENT": TAHOE,
        "START_DATE": "2023-06-01",
        "END_DATE": "2023-09-30",
        "MAX_CLOUD": 5,
        "BANDS": "B02,B03,B04,B08",
        "ENDPOINT": options.endpoint,
        "OUTPUT": scene,
    }
    loaded, seconds, memory = run_algorithm("patchwise:loadsentinel2", wanted)
    print(f"item         {loaded['ITEM_ID']}, {loaded['CLOUD_COVER']:g} % cloud")
    print(f"loading      {seconds:.1f} s, {memory:.0f} MB at most (the whole qgis_process)")
    index = {"INPUT": scene, "OPERATOR": "index", "INDEX": "NDVI", "OUTPUT": ndvi}
    results, seconds, memory = run_algorithm("patchwise:slidingwindow", index)
    draw(scene, ndvi, picture, loaded["ITEM_ID"][:26], f"Lake Tahoe: NDVI from {results['CHIPS']} chips")
    print(f"NDVI         {seconds:.1f} s, {memory:.0f} MB at most")
    print(f"picture      {picture}")


if __name__ == "__main__":
    sys.exit(main())
