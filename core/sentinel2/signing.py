"""Signatures for Planetary Computer's storage, requested just before pixels are read.

Requested as planetary-computer does it, but with the time-outs, retries and proxy of :class:`Network`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from ..base.errors import MissingPackageError, StacError
from ..base.secrets import without_secrets
from .remote import Network, http_session
from .source import Signer

_JUST = 1.0  # seconds
_ENCRYPTED = ("https",)
_BLOBS = ".blob.core.windows.net"


def planetary_signer(network: Network, hrefs: Iterable[str] = ()) -> Signer:
    """A :data:`Signer` for addresses in Planetary Computer's storage; it returns other addresses unchanged.

    :class:`MissingPackageError` where one of ``hrefs`` needs a signature and planetary-computer is not installed.
    """
    lock, renewed = threading.Lock(), dict[str, float]()

    def sign(href: str, fresh: bool) -> str:
        if not _needed(href):
            return href
        if urlsplit(href).scheme.lower() not in _ENCRYPTED:
            raise StacError(
                f"{without_secrets(href)} is not signed: a signature goes to https:// only, where nobody can copy it"
            )
        sas, settings, parse_blob_url = _planetary_computer()
        url = "/".join((str(settings.sas_url), *parse_blob_url(urlsplit(href))))
        with lock:  # bands are read at the same time, and one new signature serves all of them
            kept = sas.TOKEN_CACHE.get(url)
            just = time.monotonic() - renewed.get(url, -math.inf) < _JUST
            if kept is None or kept.ttl() < 60 or (fresh and not just):
                sas.TOKEN_CACHE[url] = sas.SASToken(**_token(url, settings.subscription_key, network))
                renewed[url] = time.monotonic()
            return str(sas.sign_url(href))

    if any(map(_needed, hrefs)):
        _planetary_computer()
    return sign


def _needed(href: str) -> bool:
    return (urlsplit(href).hostname or "").endswith(_BLOBS)


def _planetary_computer() -> tuple[Any, Any, Any]:
    try:
        from planetary_computer import sas
        from planetary_computer.settings import Settings
        from planetary_computer.utils import parse_blob_url
    except ImportError as error:
        raise MissingPackageError("planetary-computer", "to read from Planetary Computer") from error
    return sas, Settings.get(), parse_blob_url


def _token(url: str, key: str | None, network: Network) -> dict[str, Any]:
    """A token and its expiry from the signing service."""
    import requests

    headers = {"Ocp-Apim-Subscription-Key": key} if key else {}
    try:
        answer = http_session(network.asking(url)).get(url, headers=headers)
        answer.raise_for_status()
        return dict(answer.json())
    except (requests.RequestException, ValueError) as error:
        said = without_secrets(str(error).strip().partition("\n")[0])[:300] or type(error).__name__
        raise StacError(f"no signature for reading could be had from {without_secrets(url)}: {said}") from error
