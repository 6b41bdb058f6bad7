"""The fixtures ``stac_world`` and ``stac``: a STAC API with Sentinel-2 scenes on loopback (tests/stac/__init__.py)."""

import pytest


@pytest.fixture(scope="session")
def stac_world():
    """The world, started when a test first asks for it, ended with the session. Without its programs the test fails."""
    from .stac.server import WorldError
    from .stac.world import World

    try:
        world = World().__enter__()
    except WorldError as error:
        pytest.fail(str(error), pytrace=False)
    yield world
    world.__exit__()


@pytest.fixture()
def stac(stac_world, monkeypatch):
    """The world without faults, counters at zero, new addresses; `planetary_computer` asks its token service."""
    from patchwise.core.sentinel2 import signing

    try:
        from planetary_computer import sas
        from planetary_computer.settings import Settings
    except ImportError as error:
        pytest.fail(f"{error}: `make setup` installs what the STAC tests need", pytrace=False)
    stac_world.reset()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Settings.get(), "sas_url", stac_world.sas_url)
    monkeypatch.setattr(Settings.get(), "subscription_key", None)
    monkeypatch.setattr(sas, "TOKEN_CACHE", {})
    monkeypatch.setattr(signing, "_ENCRYPTED", ("https", "http"))  # the world's storage speaks no TLS
    yield stac_world
    stac_world.faults.clear()
