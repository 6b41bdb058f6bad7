"""The scenes, their items in a genuine STAC API, and their files on an HTTP server; given by the fixture ``stac``.

    stac["lake_clear"]                  the scene of that name (``scenes.Scene``; names in ``catalogue.py``)
    stac.id("lake_clear")               its item's id
    stac.href("west", "B04", "open")    an address of a band's file: "open", "signed" (without token) or "blob"
    stac.path("west", "B04")            its path as faults and counters know it: it ends the same for each kind
    stac.file("west", "B04")            its file on disk, made now if it was not yet
    stac.faults.add(stac.path("west", "B04"), status=503, times=2)      see ``faults.Faults.add``
    stac.faults.add("*/search", status=429, retry_after=1)
    stac.faults.requests("*_B04_10m.tif", "GET"), stac.faults.sent("*_B04_10m.tif")
    stac.tokens.expire(), .expire_after(uses), .seconds = 5, .key = "..."
    stac["west"].dn("B04", x, y)        truth of the file; scenes.reflectance("B04", x, y, day): before the offset

Files are made when first asked for, by a request or by ``file``: 0.05 s for a band of a small tile, 0.6 s for 10 m of a
full-size one, 2 s for noise. A test with time-outs below that asks for ``file`` first.
"""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from urllib.parse import quote

from .catalogue import SCENES
from .items import collection, item, item_id, path
from .process import RemoteFaults, RemoteTokens, Server
from .relay import ENDPOINTS, place_of
from .scenes import Scene


class World:
    """A context manager: everything runs within ``with World() as stac:`` and has ended after it."""

    def __init__(self, scenes: tuple[Scene, ...] = SCENES) -> None:
        self.scenes = {scene.name: scene for scene in scenes}
        self._turn = 0

    def __enter__(self) -> World:
        self.server = Server()
        try:
            self.load("collections", [collection(style) for style in ("pc", "earth-search", "cdse")])
            self.add(*self.scenes.values())
        except BaseException:
            self.server.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.server.close()

    def __getitem__(self, name: str) -> Scene:
        return self.scenes[name]

    def add(self, *scenes: Scene) -> None:
        """Put further scenes into the world; they stay. ``name`` has to be new."""
        for scene in scenes:
            self.scenes[scene.name] = scene
        self.server.call("store", "add", scenes)
        self.load("items", [item(scene) for scene in scenes])

    def load(self, kind: str, objects: list[dict]) -> None:
        """Put ``"items"`` or ``"collections"`` into the API's database as they are; they stay."""
        self.server.call("api", "load", kind, objects)

    def reset(self) -> None:
        """No faults, empty counters, new addresses of files, tokens void."""
        self._turn += 1
        self.server.call("relay", "new_addresses", self._turn)
        self.faults.clear()
        self.tokens.reset()

    @property
    def faults(self) -> RemoteFaults:
        """Rules and counters, see ``faults.Faults``."""
        return self.server.faults

    @property
    def tokens(self) -> RemoteTokens:
        """Tokens, see ``tokens.Tokens``."""
        return self.server.tokens

    @property
    def endpoint(self) -> str:
        """Planetary Computer's shape, files need a token."""
        return self.server.url + ENDPOINTS[0].path

    @property
    def blob_endpoint(self) -> str:
        """Planetary Computer's shape, files on a blob host, reached through ``proxy``."""
        return self.server.url + ENDPOINTS[1].path

    @property
    def open_endpoint(self) -> str:
        """Planetary Computer's shape, files need no token."""
        return self.server.url + ENDPOINTS[2].path

    @property
    def earth_search(self) -> str:
        """Earth Search's shape."""
        return self.server.url + ENDPOINTS[3].path

    @property
    def cdse(self) -> str:
        """CDSE's shape."""
        return self.server.url + ENDPOINTS[4].path

    @property
    def proxy(self) -> str:
        """An HTTP proxy that reaches this world, its blob hosts included, and nothing else."""
        return self.server.url

    @property
    def sas_url(self) -> str:
        """For ``PC_SDK_SAS_URL``."""
        return self.server.url + "/api/sas/v1/token"

    def id(self, name: str) -> str:
        """The id of the scene's item."""
        return item_id(self.scenes[name])

    def path(self, name: str, band: str, gsd: int | None = None) -> str:
        """The path of a band's file, as a pattern that fits however it is reached."""
        return "*/" + path(self.scenes[name], band, gsd)

    def href(self, name: str, band: str, kind: str = "open", gsd: int | None = None) -> str:
        """An address of a band's file."""
        endpoint = next(one for one in ENDPOINTS if one.files == kind)
        return place_of(self.server.url, endpoint, self._turn) + path(self.scenes[name], band, gsd)

    def file(self, name: str, band: str, gsd: int | None = None) -> Path:
        """A band's file on disk."""
        return self.server.call("store", "file", path(self.scenes[name], band, gsd))

    def sign(self, href: str, fresh: bool = False) -> str:
        """``href`` with a token from the token service, each time a new one; for the loader's ``sign``."""
        headers = {"Ocp-Apim-Subscription-Key": self.tokens.key} if self.tokens.key else {}
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        address = f"{self.server.url}/api/sas/v1/sign?href={quote(href, safe='')}"
        with opener.open(urllib.request.Request(address, headers=headers), timeout=30) as answer:
            return json.load(answer)["href"]
