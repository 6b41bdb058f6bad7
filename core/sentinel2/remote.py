"""Requests over HTTP: time-outs, retries with back-off, proxies. All requests use a :class:`Network`."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field, replace
from typing import Any, Callable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..base.config import version
from ..base.errors import StacError
from ..base.progress import Watch, wait_until
from ..base.secrets import is_secret_name, without_secrets
from . import hosts

Asked = Callable[[], bool]
RETRIED = (429, 500, 502, 503, 504)
_LONGEST_WAIT = 60.0


@dataclass(frozen=True)
class Network:
    """How servers are asked. ``timeout`` in seconds without an answer; ``attempts`` in all, with waits between them
    that begin at ``first_wait`` seconds and double. ``proxy`` is a URL such as ``http://host:3128``, with user and
    password before the host where it asks for them, or "" for that of the environment; hosts whose name ends with
    one of ``direct`` are reached without it. ``inner``: whether hosts of this machine and of private networks may be
    asked, see ``hosts.py``; :meth:`asking` sets it for a catalogue.
    """

    timeout: float = 30.0
    attempts: int = 5
    first_wait: float = 0.5
    proxy: str = field(default="", repr=False)
    direct: tuple[str, ...] = ()
    inner: bool = True

    def asking(self, endpoint: str) -> Network:
        """The network for what the catalogue at ``endpoint`` names: a public one may not name inner hosts."""
        return replace(self, inner=hosts.leads_inside(hosts.host_of(endpoint), self._resolve(endpoint)))

    def refuse(self, url: str) -> None:
        """Raise :class:`StacError` for an address that must not be asked."""
        reason = hosts.refusal(url, True, None) or hosts.refusal(url, self.inner, self._resolve(url))
        if reason:
            raise StacError(f"{without_secrets(url)} is not asked: {reason}")

    def _resolve(self, url: str) -> hosts.Resolve | None:
        """The function that looks up names; None where a proxy does that."""
        scheme, host, _ = hosts.place_of(url)
        proxies = getproxies()
        by_environment = (scheme in proxies or "all" in proxies) and not proxy_bypass(host)
        return None if self.proxy_for(url) or (not self.proxy and by_environment) else hosts.addresses_of

    def proxy_for(self, url: str) -> str:
        """The proxy for a URL, or ""."""
        host = hosts.host_of(url)
        for rule in self.direct:
            name = urlsplit(rule).hostname or rule if "://" in rule else rule
            if name and (host == name or host.endswith(f".{name.lstrip('*.')}")):
                return ""
        return self.proxy

    def wait(self, attempt: int) -> float:
        """Seconds to wait before the attempt with this number, the first retry being 1."""
        return float(min(self.first_wait * 2 ** (attempt - 1), _LONGEST_WAIT))

    def gdal_options(self, url: str) -> dict[str, Any]:
        """GDAL's options for reading that URL in ranges. GDAL's own retries are off; ``RemoteBand`` counts attempts."""
        seconds = max(1, round(self.timeout))
        options: dict[str, Any] = {
            "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
            "GDAL_INGESTED_BYTES_AT_OPEN": 32768,
            "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
            "GDAL_HTTP_CONNECTTIMEOUT": seconds,
            "GDAL_HTTP_TIMEOUT": 10 * seconds,
            "GDAL_HTTP_LOW_SPEED_TIME": seconds,
            "GDAL_HTTP_LOW_SPEED_LIMIT": 1,
            "GDAL_HTTP_MAX_RETRY": 0,
            "GDAL_HTTP_USERAGENT": f"Patchwise/{version()}",
        }
        proxy = self.proxy_for(url)
        if proxy:
            options["GDAL_HTTP_PROXY"] = proxy
        if url.startswith("s3://"):  # else GDAL would remember a failure, and all further attempts fail
            options["CPL_VSIL_CURL_NON_CACHED"] = "/vsis3/" + url[len("s3://") :]
        return options

    def retries(self) -> Any:
        """How ``requests`` is to retry; a server's ``Retry-After`` is followed up to a minute."""
        from urllib3.util.retry import Retry

        class Bounded(Retry):  # type: ignore[misc]
            def get_retry_after(self, response: Any) -> Any:
                seconds = super().get_retry_after(response)
                return None if seconds is None else min(seconds, _LONGEST_WAIT)

        return Bounded(
            total=self.attempts - 1,
            backoff_factor=self.first_wait,
            status_forcelist=RETRIED,
            allowed_methods=None,
            raise_on_status=False,
        )


def http_session(network: Network) -> Any:
    """A ``requests`` session with the network's time-outs, retries and proxies.

    All addresses are checked before a request, those of redirects too. Headers with tokens are not sent to another
    scheme, host or port.
    """
    import requests

    class Session(requests.Session):
        def send(self, request: Any, **rest: Any) -> Any:
            network.refuse(request.url)
            return super().send(request, **{**rest, "timeout": rest.get("timeout") or network.timeout})

        def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
            if hosts.place_of(prepared_request.url) != hosts.place_of(response.request.url):
                for name in [name for name in prepared_request.headers if is_secret_name(name)]:
                    del prepared_request.headers[name]
            super().rebuild_auth(prepared_request, response)

        def merge_environment_settings(self, url: Any, *rest: Any, **named: Any) -> Any:
            settings = super().merge_environment_settings(url, *rest, **named)
            if network.proxy:
                proxy = network.proxy_for(url)
                settings["proxies"] = {"http": proxy, "https": proxy} if proxy else {}
            return settings

    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=network.retries()))
    session.headers["User-Agent"] = f"Patchwise/{version()}"
    return session


def pause(seconds: float, cancelled: Asked | None) -> None:
    """Wait, unless cancelled."""
    end = time.monotonic() + seconds

    def over(most: float) -> bool:
        time.sleep(max(0.0, min(end - time.monotonic(), most)))
        return time.monotonic() >= end

    wait_until(over, Watch(None, cancelled).ask)


def probe(url: str, network: Network) -> tuple[int, str]:
    """``(status, message)`` of one small request, for errors that GDAL does not report; status 0 where none came."""
    import requests

    try:
        with http_session(replace(network, attempts=1)).get(url, headers={"Range": "bytes=0-0"}, stream=True) as answer:
            return int(answer.status_code), ""
    except requests.RequestException as error:
        return 0, type(error).__name__


def final_address(url: str, network: Network) -> str:
    """The address after all redirects, each of them checked, since GDAL follows redirects unchecked.

    Raises :class:`Unreadable` with the status where the request fails, :class:`StacError` where it leads to a host that
    must not be asked.
    """
    import requests

    try:
        with http_session(replace(network, attempts=1)).get(url, headers={"Range": "bytes=0-0"}, stream=True) as answer:
            if answer.status_code >= 400:
                raise Unreadable(f"HTTP error code: {answer.status_code}")
            return str(answer.url)
    except requests.RequestException as error:
        raise Unreadable(type(error).__name__) from error


class Unreadable(Exception):
    """One attempt to read failed. ``status`` is the HTTP status, 0 where there was none; ``said`` GDAL's own words."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said
        found = re.search(r"(?:response_code=|HTTP response code:? ?|HTTP error code ?:? ?|error )(\d{3})", said)
        self.status = int(found.group(1)) if found else 0

    def ask(self, url: str, network: Network) -> None:
        """Request the status from the server, where GDAL did not report it."""
        if not self.status and url.startswith("http"):
            self.status, said = probe(url, network)
            self.said = f"{said}; {self.said}" if said else self.said

    @property
    def expired(self) -> bool:
        """Whether a new signature may help."""
        return self.status in (401, 403)

    @property
    def damaged(self) -> bool:
        """Whether the server answers, but its data cannot be used."""
        return 200 <= self.status < 300

    @property
    def final(self) -> bool:
        """Whether another attempt cannot help."""
        if "AWS_SECRET_ACCESS_KEY" in self.said:  # GDAL has no credentials
            return True
        return 400 <= self.status < 500 and not self.expired and self.status not in (408, 429)

    def __str__(self) -> str:
        """The message for the user."""
        if self.status == 416:
            return "HTTP status 416 (the file is shorter than it says)"
        if self.damaged and re.search("not recognized as .*supported file format", self.said):
            return "what lies there is no GeoTIFF or JPEG 2000 file"
        return f"HTTP status {self.status}" if self.status >= 400 else self.said
