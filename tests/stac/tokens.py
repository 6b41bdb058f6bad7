"""Tokens in the manner of Azure's shared access signatures, and the service that gives them."""

from __future__ import annotations

import hashlib
import hmac
import threading
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, quote, urlsplit

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Tokens:
    """Gives and checks tokens ``se=...&sp=rl&sv=...&sr=c&sig=...`` for a container.

    ``seconds`` is the lifetime of new tokens. ``key``: the subscription key that the service asks for, None for none.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generation = 0
        self.reset()

    def reset(self) -> None:
        """An hour's lifetime, no key; tokens given before are void."""
        self.seconds = 3600.0
        self.key: str | None = None
        self._left: int | None = None
        self.expire()

    def use(self, seconds: float, key: str | None) -> None:
        """Give new tokens this lifetime, and ask for this subscription key."""
        self.seconds, self.key = seconds, key

    def expire(self) -> None:
        """Let all tokens given so far be expired; new ones are good."""
        with self._lock:
            self._generation += 1

    def expire_after(self, uses: int) -> None:
        """Let ``expire`` happen once, after so many more requests with a good token."""
        with self._lock:
            self._left = uses

    def token(self, container: str) -> tuple[str, str]:
        """``(expiry, token)``."""
        expiry = (datetime.now(timezone.utc) + timedelta(seconds=self.seconds)).strftime(FORMAT)
        return expiry, f"se={quote(expiry, safe='')}&sp=rl&sv=2024-05-04&sr=c&sig={self._signature(container, expiry)}"

    def _signature(self, container: str, expiry: str) -> str:
        text = f"{self._generation}\n{container}\n{expiry}".encode()
        return hmac.new(b"not a secret", text, hashlib.sha256).hexdigest()

    def accepts(self, container: str, query: str) -> bool:
        """Whether the query of an address holds a good token for the container."""
        given = {name: values[0] for name, values in parse_qs(query).items()}
        try:
            expiry = datetime.strptime(given.get("se", ""), FORMAT).replace(tzinfo=timezone.utc)
        except ValueError:
            return False
        good = hmac.compare_digest(given.get("sig", ""), self._signature(container, given["se"]))
        if not good or expiry <= datetime.now(timezone.utc):
            return False
        with self._lock:
            if self._left is None:
                return True
            self._left -= 1
            if self._left < 0:
                self._generation += 1
                self._left = None
                return False
        return True

    def service(self, path: str, query: str, headers: dict[str, str]) -> tuple[int, dict]:
        """Answer ``/token/{account}/{container}`` and ``/sign?href=``, paths behind ``/api/sas/v1``."""
        if self.key is not None and headers.get("ocp-apim-subscription-key") != self.key:
            return 401, {"message": "Access denied due to invalid subscription key."}
        verb, *rest = path.strip("/").split("/")
        if verb == "token" and len(rest) == 2:
            expiry, token = self.token(rest[1])
            return 200, {"msft:expiry": expiry, "token": token}
        href = parse_qs(query).get("href", [""])[0]
        if verb == "sign" and href:
            expiry, token = self.token(container_of(href))
            return 200, {"msft:expiry": expiry, "href": f"{href}?{token}"}
        return 404, {"detail": "Not found"}


def container_of(href: str) -> str:
    """The container that an address of the signed store, or of a blob host, lies in."""
    parts = urlsplit(href).path.strip("/").split("/")
    return parts[1] if parts[0] == "signed" else parts[0]
