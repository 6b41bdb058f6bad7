"""What goes wrong between here and a server ends in success or in an error that says where; requests are counted."""

import threading
import time

import numpy as np
import pytest
from patchwise.core.base.errors import Cancelled, RasterReadError, StacError
from patchwise.core.sentinel2.remote import Network
from patchwise.core.sentinel2.stac import find_s2_scene, load_s2_chip, search_s2

from . import catalogue

DAY = ("2023-08-15", "2023-08-15")
QUICK = Network(timeout=3, attempts=4, first_wait=0.05)


@pytest.fixture()
def ready(stac):
    """The world with the file made, so that no answer is late."""
    stac.file("west", "B04")
    stac.file("west", "B08")
    stac.faults.clear()
    return stac


def load(stac, network=QUICK, bands="B04", **options):
    options.setdefault("endpoint", stac.open_endpoint)
    return load_s2_chip(catalogue.WEST_ONLY, DAY, bands, network=network, **options)


@pytest.fixture()
def truth(stac_world):
    stac_world.reset()
    return load(stac_world).array


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "retry_after": 1},
        {"status": 500},
        {"status": 502},
        {"status": 503, "times": 2},
        {"status": 504, "method": "HEAD"},
        {"drop": True},
        {"cut": 0.5, "method": "GET"},
        {"cut": 0.5, "method": "GET", "skip": 1},
        {"short": 0.5, "method": "GET", "skip": 1},
        {"status": 503, "method": "GET", "skip": 1, "times": 2},
        {"delay": 1.0},
    ],
    ids=str,
)
def test_a_passing_fault_is_got_over(ready, truth, fault):
    ready.reset()
    rule = ready.faults.add(ready.path("west", "B04"), **fault)
    np.testing.assert_array_equal(load(ready).array, truth)
    assert rule.hits >= 1
    assert len(ready.faults.requests(ready.path("west", "B04"))) < 16


@pytest.mark.parametrize(
    ("fault", "said", "most"),
    [
        ({"status": 503, "times": None}, "HTTP status 503, after 4 attempts", 16),
        ({"status": 429, "times": None}, "HTTP status 429, after 4 attempts", 16),
        ({"status": 404, "times": None}, "HTTP status 404, after 1 attempt", 4),
        ({"status": 403, "times": None}, "HTTP status 403, after 3 attempts", 16),
        ({"status": 503, "times": None, "method": "GET", "skip": 1}, "HTTP status 503, after 4 attempts", 40),
        ({"drop": True, "times": None}, "after 4 attempts", 16),
        ({"cut": 0.5, "times": None, "method": "GET"}, "attempts", 50),
        ({"truncate": 0.5}, "HTTP status 416 (the file is shorter than it says), after 1 attempt", 16),
        ({"short": 0.5, "times": None, "method": "GET"}, "attempts", 50),
        ({"body": b"<html>Please log in</html>", "status": 200, "times": None}, "after 3 attempts", 16),
    ],
    ids=str,
)
def test_a_lasting_fault_is_an_error_with_address_status_and_window(ready, fault, said, most):
    path = ready.path("west", "B04")
    ready.faults.add(path, **fault)
    with pytest.raises(RasterReadError) as caught:
        load(ready)
    text = str(caught.value)
    assert text.startswith(f"B04 of {ready.id('west')} could not be read (rows 0..")
    assert "columns 0..304 of the output) from http://127.0.0.1" in text and text.rstrip("s").endswith(said.rstrip("s"))
    assert "_B04_10m.tif" in text and "sig=" not in text
    assert len(ready.faults.requests(path)) <= most


@pytest.mark.slow
def test_a_file_that_never_answers_is_given_up(ready):
    ready.faults.add(ready.path("west", "B04"), delay=30, times=None)
    started = time.monotonic()
    with pytest.raises(RasterReadError, match="after 2 attempts"):
        load(ready, Network(timeout=1, attempts=2, first_wait=0.05))
    assert time.monotonic() - started < 20
    assert len(ready.faults.requests(ready.path("west", "B04"))) <= 8


def test_a_signature_that_expires_during_a_run_is_renewed(stac, truth):
    stac.file("west", "B04")
    for uses in (0, 1, 2, 3):
        stac.reset()
        stac.tokens.expire_after(uses)
        chip = load(stac, endpoint=stac.endpoint, sign=lambda href, fresh: stac.sign(href))
        np.testing.assert_array_equal(chip.array, truth)
        assert len(stac.faults.requests("*.tif")) <= 16 and len(stac.faults.requests("*/sas/*")) <= 3


def test_an_address_that_is_refused_for_good_is_given_up(stac):
    asked = []

    def sign(href, fresh):
        asked.append(fresh)
        return href

    with pytest.raises(RasterReadError, match="HTTP status 403, after 3 attempts"):
        load(stac, endpoint=stac.endpoint, sign=sign)
    assert asked == [False, True, True]


def test_planetary_computers_own_signatures_through_a_proxy(stac, truth):
    stac.reset()
    network = Network(timeout=3, first_wait=0.05, proxy=stac.proxy, direct=("127.0.0.1",))
    chip = load(stac, network, endpoint=stac.blob_endpoint)
    np.testing.assert_array_equal(chip.array, truth)
    read = stac.faults.requests("*.tif")
    assert read and all(request.proxied and request.host.endswith(".blob.core.windows.net") for request in read)
    assert not any(request.proxied for request in stac.faults.requests("*/search"))
    assert len(stac.faults.requests("*/sas/*")) == 1


def test_expired_tokens_of_planetary_computer_are_asked_for_anew(stac, truth):
    network = Network(timeout=3, first_wait=0.05, proxy=stac.proxy, direct=("127.0.0.1",))
    both = load(stac, network, "B04,B08", endpoint=stac.blob_endpoint)
    stac.tokens.expire()
    chip = load(stac, network, "B04,B08", endpoint=stac.blob_endpoint)
    np.testing.assert_array_equal(chip.array, both.array)
    np.testing.assert_array_equal(chip.array[0], truth[0])
    # one for each of the two runs, and not one more for each band
    assert len(stac.faults.requests("*/sas/*")) == 2


def test_a_token_service_that_fails_is_named(stac):
    network = Network(timeout=3, attempts=3, first_wait=0.05, proxy=stac.proxy, direct=("127.0.0.1",))
    stac.faults.add("*/sas/*", status=503, times=None)
    with pytest.raises(StacError, match="no signature for reading could be had from .*/api/sas/v1/token/"):
        load(stac, network, endpoint=stac.blob_endpoint)
    assert len(stac.faults.requests("*/sas/*")) <= 3
    stac.reset()
    stac.tokens.key = "wanted"
    with pytest.raises(StacError, match="no signature .*: 401"):
        load(stac, network, endpoint=stac.blob_endpoint)


@pytest.mark.parametrize(
    "fault", [{"status": 429, "retry_after": 1}, {"status": 503, "times": 2}, {"drop": True}, {"delay": 1.0}], ids=str
)
def test_a_search_gets_over_passing_faults(stac, fault):
    rule = stac.faults.add("*/search", **fault)
    assert len(search_s2(catalogue.LAKE, ("2023-07-16", "2023-07-16"), endpoint=stac.open_endpoint, network=QUICK)) == 1
    assert rule.hits


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 503, "times": None}, "HTTP status 503"),
        ({"status": 404, "times": None}, "HTTP status 404"),
        ({"drop": True, "times": None}, "failed: "),
        ({"delay": 30, "times": None}, "timed out"),
        (
            {"status": 200, "body": b"<html>Please log in</html>", "times": None},
            "it does not answer as a STAC API does",
        ),
        ({"status": 200, "body": b'{"type": "Nothing"}', "times": None}, "it does not answer as a STAC API does"),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["*/search", "*/stac/v1"])
def test_a_search_that_fails_says_so(stac, fault, said, path):
    network = Network(timeout=1, attempts=2, first_wait=0.05)
    stac.faults.add(path, **fault)
    with pytest.raises(StacError) as caught:
        search_s2(catalogue.LAKE, ("2023-07-16", "2023-07-16"), endpoint=stac.open_endpoint, network=network)
    text = str(caught.value)
    assert said in text and text.startswith(
        f"{stac.open_endpoint}: the search in sentinel-2-l2a for 2023-07-16/2023-07-16"
    )
    assert len(stac.faults.requests(path)) <= 4


def test_a_server_that_is_not_there_is_named():
    network = Network(timeout=1, attempts=2, first_wait=0.05)
    with pytest.raises(StacError, match="http://127.0.0.1:9/stac: the search .* failed"):
        search_s2(catalogue.LAKE, DAY, endpoint="http://127.0.0.1:9/stac", network=network)


@pytest.mark.parametrize("slow", ["*/search", "*.tif"])
def test_cancelling_does_not_wait_for_the_server(ready, slow):
    ready.faults.add(slow, delay=20, times=None)
    cancel = threading.Event()
    timer = threading.Timer(1.0, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        load(ready, Network(timeout=15), cancelled=cancel.is_set)
    assert time.monotonic() - started < 3
    timer.cancel()


def test_a_fault_in_one_band_ends_the_run(ready):
    ready.faults.add(ready.path("west", "B08"), status=404, times=None)
    with pytest.raises(RasterReadError, match="B08 of .*HTTP status 404"):
        load(ready, bands="B04,B08")


def test_nothing_is_read_before_it_is_asked_for(ready):
    find_s2_scene(catalogue.WEST_ONLY, DAY, "B02", endpoint=ready.open_endpoint, network=QUICK)
    assert not ready.faults.requests("*_B02_*")
