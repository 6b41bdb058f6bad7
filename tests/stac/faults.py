"""The log of requests to the server, and the rules by which answers go wrong."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass
class Request:
    """One request as the server saw it. ``path`` is without host, query and the part that makes addresses new.

    ``first_byte`` and ``last_byte`` are what a Range header asked for (None without one; last None: to the end).
    ``status`` and ``sent`` (bytes of the body that went out) are filled in as it is answered; ``proxied``: the request
    was made to a proxy; ``host`` is the host it was meant for; ``client`` is the same for requests on one connection.
    """

    method: str
    path: str
    query: str
    host: str
    headers: dict[str, str]
    proxied: bool = False
    first_byte: int | None = None
    last_byte: int | None = None
    status: int | None = None
    sent: int = 0
    body: bytes = b""
    client: int = 0


@dataclass
class Fault:
    """One rule: which requests go wrong, and how. See ``Faults.add``; ``hits`` says how often it was used."""

    path: str
    method: str | None = None
    skip: int = 0
    times: int | None = 1
    from_byte: int = 0
    status: int | None = None
    retry_after: float | None = None
    body: bytes | None = None
    cut: float | None = None
    drop: bool = False
    truncate: float | None = None
    short: float | None = None
    delay: float = 0.0
    stall: float | None = None
    hits: int = field(default=0, init=False)
    seen: int = field(default=0, init=False)

    def takes(self, request: Request) -> bool:
        """Count the request if it is meant by the rule; whether the rule is used on it."""
        if not fnmatchcase(request.path, self.path) or self.method not in (None, request.method):
            return False
        if self.from_byte and (request.first_byte or 0) < self.from_byte:
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


class Faults:
    """The rules in force, and the log of requests. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Fault] = []
        self._rules: list[Fault] = []
        self._log: list[Request] = []
        #: Set when rules are cleared: answers that are being held back end.
        self.over = threading.Event()

    def add(self, path: str = "*", **how) -> int:
        """Let requests whose path matches the pattern ``path`` (``*``, ``?``, ``[...]``) go wrong; the first rule
        wins. The number of the rule is returned; ``World.faults.add`` returns an object with ``hits`` and ``seen``.

        Which of them: ``method`` ("GET", "HEAD", "POST"), ``skip`` (so many go well first), ``times`` (so many go
        wrong; None: all; default 1, with ``truncate`` all), ``from_byte`` (only ranges that begin there or later).

        How: ``status`` with ``retry_after`` (seconds) or ``body`` (bytes; with status 200 it is what comes instead) ·
        ``drop`` (the connection is closed without an answer) · ``cut`` (a share of the body is sent, then the
        connection is closed) · ``truncate`` (the file ends after this share of it, and all headers say so) · ``short``
        (a range gets this share of its bytes, and says so in Content-Range) · ``delay`` (seconds before the answer) ·
        ``stall`` (half of the body, then nothing for so many seconds, then the connection is closed).
        """
        if how.get("truncate") is not None:
            how.setdefault("times", None)
        rule = Fault(path, **how)
        with self._lock:
            self._rules.append(rule)
            self._all.append(rule)
            return len(self._all) - 1

    def rule(self, number: int) -> Fault:
        """The rule of that number, with its counts."""
        return self._all[number]

    def clear(self) -> None:
        """Forget rules and log, and end what is held back."""
        with self._lock:
            self._rules.clear()
            self._log.clear()
            self.over.set()
            self.over = threading.Event()

    def begin(self, request: Request) -> Fault | None:
        """Log the request; the rule to be used on it."""
        with self._lock:
            self._log.append(request)
            return next((rule for rule in self._rules if rule.takes(request)), None)

    def requests(self, path: str = "*", method: str | None = None) -> list[Request]:
        """The requests so far whose path matches, in order of arrival."""
        with self._lock:
            log = list(self._log)
        return [one for one in log if fnmatchcase(one.path, path) and method in (None, one.method)]

    def sent(self, path: str = "*") -> int:
        """Bytes of bodies sent for matching paths."""
        return sum(one.sent for one in self.requests(path))
