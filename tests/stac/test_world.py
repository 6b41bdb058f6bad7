"""The world itself: what the API finds, what leads to what, and that nothing of it is left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pystac_client
import pytest
import requests

from . import catalogue, server
from .scenes import Scene

ROOT = Path(__file__).resolve().parents[2]


def found(endpoint: str, **query) -> list:
    client = pystac_client.Client.open(endpoint)
    return list(client.search(collections=["sentinel-2-l2a"], **query).items())


def ids(endpoint: str, **query) -> set[str]:
    return {item.id for item in found(endpoint, **query)}


AUGUST = "2023-08-01/2023-08-31"


def test_items_are_found_by_box_date_and_cloud(stac):
    everything = {"west", "east", "west_2", "east_2", "east_alone"}
    assert ids(stac.endpoint, bbox=catalogue.PAIR, datetime=AUGUST) == {stac.id(name) for name in everything}
    clear = ids(stac.endpoint, bbox=catalogue.PAIR, datetime=AUGUST, query={"eo:cloud_cover": {"lt": 5}})
    assert clear == {stac.id(name) for name in everything - {"east_2"}}
    assert ids(stac.endpoint, bbox=catalogue.PAIR, datetime="2023-08-18") == {stac.id("east_alone")}
    tile = {"s2:mgrs_tile": {"eq": "33TWM"}}
    assert ids(stac.endpoint, bbox=catalogue.PAIR, datetime=AUGUST, query=tile) == {stac.id("west"), stac.id("west_2")}
    assert not found(stac.endpoint, bbox=(0, 0, 1, 1))


def test_answers_come_in_pages(stac):
    pages = found(stac.endpoint, bbox=catalogue.PAIR, datetime=AUGUST, limit=2)
    assert len(pages) == 5
    assert len(stac.faults.requests("*/search", "POST")) == 3


@pytest.mark.parametrize("kind", ["endpoint", "blob_endpoint", "open_endpoint"])
def test_each_endpoint_says_where_its_files_are(stac, kind):
    endpoint = getattr(stac, kind)
    (item,) = found(endpoint, ids=[stac.id("west")])
    files = {"endpoint": "signed", "blob_endpoint": "blob", "open_endpoint": "open"}[kind]
    assert item.assets["B04"].href == stac.href("west", "B04", files)
    assert item.get_self_href().startswith(endpoint) and item.collection_id == "sentinel-2-l2a"


def test_planetary_computer_items_have_the_genuine_shape(stac, shared_data):
    genuine = json.loads((shared_data / "stac" / "pc_search_POST_sentinel-2-l2a_33items_0.json").read_text())
    example = genuine["json"]["features"][0]
    made = requests.get(f"{stac.endpoint}/collections/sentinel-2-l2a/items/{stac.id('lake_clear')}", timeout=30).json()
    assert made["id"].count("_") == example["id"].count("_")
    assert set(made["properties"]) <= set(example["properties"])
    for name in ("AOT", "B01", "B04", "B11", "B8A", "SCL", "visual"):
        assert set(made["assets"][name]) == set(example["assets"][name]), name
        for key in ("proj:shape", "gsd", "eo:bands", "type", "roles"):
            assert made["assets"][name].get(key) == example["assets"][name].get(key), (name, key)
    assert made["assets"]["B04"]["href"].count("/") == example["assets"]["B04"]["href"].count("/") + 2


def test_genuine_items_load_as_they_are(stac, shared_data):
    genuine = json.loads((shared_data / "stac" / "pc_search_POST_sentinel-2-l2a_33items_0.json").read_text())
    features = genuine["json"]["features"]
    stac.load("items", features)
    query = {"eo:cloud_cover": {"lt": 50}}
    expected = {one["id"] for one in features if one["properties"]["eo:cloud_cover"] < 50}
    assert ids(stac.endpoint, datetime="2019-01-01", query=query) == expected


def test_earth_search_and_cdse_have_their_own_names(stac):
    (item,) = found(stac.earth_search, ids=[stac.id("es_west")])
    assert {"blue", "green", "red", "nir", "nir08", "swir16", "scl"} <= set(item.assets)
    assert item.properties["earthsearch:boa_offset_applied"] is True
    assert item.assets["red"].extra_fields["raster:bands"][0]["offset"] == -0.1
    assert item.assets["red"].href == stac.href("es_west", "B04")
    (raw,) = found(stac.earth_search, ids=[stac.id("es_raw")])
    assert raw.properties["earthsearch:boa_offset_applied"] is False
    (old,) = found(stac.earth_search, ids=[stac.id("es_old")])
    assert old.assets["red"].extra_fields["raster:bands"][0]["offset"] == 0
    (item,) = found(stac.cdse, ids=[stac.id("cdse")])
    assert {"B02_10m", "B04_20m", "B04_60m", "B8A_20m", "SCL_20m", "SCL_60m"} <= set(item.assets)
    assert item.assets["B04_20m"].href == stac.href("cdse", "B04", gsd=20)
    assert item.assets["B04_10m"].to_dict()["bands"][0]["name"] == "B04"
    assert item.assets["B04_10m"].extra_fields["raster:offset"] == -0.1


def test_scenes_can_be_added(stac):
    scene = Scene("added", catalogue.WEST_TILE, catalogue.at("2022-01-05 09:50:31"), 50.0)
    stac.add(scene)
    assert ids(stac.endpoint, datetime="2022-01-05") == {stac.id("added")}
    assert requests.get(stac.href("added", "B01"), timeout=30).status_code == 200


def test_a_test_begins_with_new_addresses_and_empty_counters(stac):
    assert stac.faults.requests() == []
    before = stac.href("west", "B04")
    assert requests.get(before, timeout=30).status_code == 200
    stac.reset()
    assert stac.href("west", "B04") != before and stac.faults.requests() == []


def test_what_is_missing_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(server, "PYTHON", tmp_path / "bin" / "python")
    with pytest.raises(server.WorldError, match="is missing: `make setup` installs what the STAC tests need"):
        server.Api(tmp_path)


SCRIPT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it runs in the background ignore it
sys.path.insert(0, sys.argv[1])
from tests.stac.world import World
with World(()) as world:
    pids = world.server.call("api", "pids")
    print(world.server.folder, world.server.process.pid, *pids, flush=True)
    time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_no_process_and_no_file_is_left(end):
    parent = subprocess.Popen([sys.executable, "-c", SCRIPT, str(ROOT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        folder, *pids = parent.stdout.readline().decode().split()
        assert len(pids) == 3 and all(is_running(int(pid)) for pid in pids) and Path(folder).exists()
        parent.send_signal(end)
        parent.communicate(timeout=30)
        last = time.monotonic() + 30
        while any(is_running(int(pid)) for pid in pids) and time.monotonic() < last:
            time.sleep(0.05)
        assert not any(is_running(int(pid)) for pid in pids) and not Path(folder).exists()
    finally:
        parent.kill()
        parent.communicate()
