"""Hands requests for the STAC API on to the genuine server, and puts this world's addresses in its answers.

One database serves several endpoints. Each begins with a path of its own, calls its collection ``sentinel-2-l2a``, and
says where the files are in its own way.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass

from .faults import Request
from .files import Answer
from .items import COLLECTIONS, STORES

#: The path that the genuine server is configured with.
ROOT_PATH = "/api/stac/v1"
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length", "accept-encoding"}


@dataclass(frozen=True)
class Endpoint:
    """One endpoint of the API: its path, whose items it has, and how files are reached ("signed", "blob" or "open")."""

    path: str
    style: str
    files: str


ENDPOINTS = (
    Endpoint("/api/stac/v1", "pc", "signed"),
    Endpoint("/blob/stac/v1", "pc", "blob"),
    Endpoint("/open/stac/v1", "pc", "open"),
    Endpoint("/earth-search/v1", "earth-search", "open"),
    Endpoint("/cdse/v1", "cdse", "open"),
)


class Relay:
    """``FileServer.relay`` for a STAC API on ``port``; ``url`` is the address of the server in front."""

    def __init__(self, url: str, port: int) -> None:
        self._url, self._port, self._turn = url, port, 0

    def new_addresses(self, turn: int) -> None:
        """Put ``turn`` into the addresses of files."""
        self._turn = turn

    def __call__(self, request: Request) -> Answer | None:
        endpoint = next((one for one in ENDPOINTS if (request.path + "/").startswith(one.path + "/")), None)
        if endpoint is None:
            return None
        collection = COLLECTIONS[endpoint.style]
        path = ROOT_PATH + (request.path[len(endpoint.path) :] or "/")
        path = path.replace("/sentinel-2-l2a", f"/{collection}") + (f"?{request.query}" if request.query else "")
        body = request.body.replace(b'"sentinel-2-l2a"', f'"{collection}"'.encode())
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(request.method, path, body or None, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except OSError as error:
            return Answer(502, f"the STAC API does not answer: {error}".encode())
        finally:
            connection.close()
        kept = {name: value for name, value in response.getheaders() if name.lower() in ("content-type", "location")}
        return Answer(response.status, self._own(text, endpoint, request.host).encode(), kept)

    def _own(self, text: str, endpoint: Endpoint, host: str) -> str:
        for style, place in STORES.items():
            text = text.replace(place, place_of(self._url, endpoint if style == "pc" else ENDPOINTS[-1], self._turn))
        text = text.replace(f"http://{host}{ROOT_PATH}", f"http://{host}{endpoint.path}")
        return text.replace(COLLECTIONS[endpoint.style], "sentinel-2-l2a")


def place_of(url: str, endpoint: Endpoint, turn: int) -> str:
    """Where the hrefs of an endpoint begin."""
    if endpoint.files == "blob":
        return f"{STORES['pc']}e{turn}/"
    kind = "files" if endpoint.files == "open" else "signed/sentinel2-l2"
    return f"{url}/{kind}/e{turn}/"
