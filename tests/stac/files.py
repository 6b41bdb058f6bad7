"""The HTTP server in front of everything: files with ranges, tokens, the STAC API, a plain proxy, and faults in all.

    /signed/{container}/...      files, with a token only
    /files/...                   the same files
    /api/sas/v1/...              the token service
    the endpoints of ``relay``   the STAC API
    http://HOST/...              absolute targets, as a plain HTTP proxy gets them: this server's own address, and
                                 ``*.blob.core.windows.net``, whose paths are those of /signed

HTTP/1.1 with connections kept. A path may hold a part ``e7`` in front of a file's own path; it means nothing and makes
addresses new, so that nothing a client remembers of an earlier test is of use to it.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable
from urllib.parse import unquote, urlsplit

from .faults import Fault, Faults, Request
from .tokens import Tokens, container_of

BLOB_HOST = ".blob.core.windows.net"
EXPIRED = b"""<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to \
authenticate the request. Signature not valid in the specified time frame.</Message></Error>"""
NEW_PART = re.compile(r"^(/signed/[^/]+|/files)/e\d+/")


@dataclass
class Answer:
    """What goes back: status, headers, and a body in memory or a piece of a file."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    start: int = 0
    length: int = 0

    def __post_init__(self) -> None:
        if self.file is None:
            self.length = len(self.body)

    def pieces(self, count: int):
        """The first ``count`` bytes of the body, in pieces."""
        if self.file is None:
            yield self.body[:count]
            return
        with open(self.file, "rb") as file:
            file.seek(self.start)
            while count > 0:
                piece = file.read(min(count, 1 << 18))
                if not piece:
                    return
                count -= len(piece)
                yield piece


class FileServer:
    """Serves until ``close``. ``file(path)`` gives the file of a path below a store, or None; it may make it first.

    ``relay(request) -> Answer | None`` answers for the STAC API; None means the path is not of it.
    """

    def __init__(self, file: Callable[[str], Path | None]) -> None:
        self.file = file
        self.relay: Callable[[Request], Answer | None] = lambda request: None
        self.faults = Faults()
        self.tokens = Tokens()
        self.closing = threading.Event()
        self.sockets: set[socket.socket] = set()
        owner = self

        class Bound(Handler):
            world = owner

        self._server = Listener(("127.0.0.1", 0), Bound)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End at once, also with open connections."""
        self.closing.set()
        self.faults.clear()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self.sockets):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                self.sockets.discard(connection)
        self._thread.join(5)

    def answer(self, request: Request, fault: Fault | None) -> Answer:
        """The answer to a request, before the rules of ``faults``."""
        if request.host is not None and not self.is_here(request.host):
            return Answer(502, b"this proxy reaches its own server and blob hosts only")
        if request.method == "CONNECT":
            return Answer(405, b"no tunnels here: use http")
        if request.path.startswith("/signed/"):
            container = container_of(request.path)
            if not self.tokens.accepts(container, request.query):
                return Answer(403, EXPIRED, {"Content-Type": "application/xml"})
            if container != "sentinel2-l2":
                return Answer(404, b"The specified container does not exist.")
            return self._file(request, request.path.split("/", 3)[3], fault)
        if request.path.startswith("/files/"):
            return self._file(request, request.path[len("/files/") :], fault)
        if request.path.startswith("/api/sas/v1/"):
            status, body = self.tokens.service(request.path[len("/api/sas/v1") :], request.query, request.headers)
            return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return self.relay(request) or Answer(404, b"nothing here")

    def is_here(self, host: str) -> bool:
        """Whether requests for this host end at this server."""
        return host in (f"127.0.0.1:{self.port}", f"localhost:{self.port}") or host.endswith(BLOB_HOST)

    def _file(self, request: Request, path: str, fault: Fault | None) -> Answer:
        if request.method not in ("GET", "HEAD"):
            return Answer(405, b"files are read only")
        file = self.file(unquote(path))
        if file is None:
            return Answer(404, b"The specified blob does not exist.")
        facts = file.stat()
        size = int(facts.st_size * (fault.truncate if fault and fault.truncate is not None else 1))
        headers = {
            "Content-Type": "image/tiff",
            "Accept-Ranges": "bytes",
            "ETag": f'"{facts.st_mtime_ns:x}-{size:x}"',
            "Last-Modified": formatdate(facts.st_mtime, usegmt=True),
        }
        if request.first_byte is None:
            return Answer(200, headers=headers, file=file, length=size)
        first, last = request.first_byte, request.last_byte
        if first < 0:  # the last so many bytes
            first, last = max(size + first, 0), size - 1
        last = size - 1 if last is None else min(last, size - 1)
        if first >= size or last < first:
            return Answer(416, headers={**headers, "Content-Range": f"bytes */{size}"})
        if fault and fault.short is not None:
            last = first + max(int((last - first + 1) * fault.short), 1) - 1
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        return Answer(206, headers=headers, file=file, start=first, length=last - first + 1)


class Listener(ThreadingHTTPServer):
    """A server with one daemon thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address) -> None:
        """Print errors other than closed connections."""
        import sys

        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError, ValueError)):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads a request, and sends the server's answer, changed by the rules of ``faults``."""

    world: FileServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def setup(self) -> None:
        """Register the connection, so that ``close`` can close it."""
        super().setup()
        self.world.sockets.add(self.connection)

    def finish(self) -> None:
        """Unregister the connection."""
        self.world.sockets.discard(self.connection)
        super().finish()

    def log_message(self, *_) -> None:
        """Requests are logged by ``Faults``."""

    def _serve(self) -> None:
        request = self._request()
        fault = self.world.faults.begin(request)
        over = self.world.faults.over
        if fault and fault.delay:
            over.wait(fault.delay)
        if fault and fault.drop:
            self._hang_up()
            return
        if fault and fault.status is not None:
            answer = Answer(fault.status, fault.body or b"an error made on purpose", {"Content-Type": "text/html"})
            if fault.retry_after is not None:
                answer.headers["Retry-After"] = f"{fault.retry_after:g}"
        else:
            answer = self.world.answer(request, fault)
        self._send(request, answer, fault, over)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_CONNECT = _serve

    def _request(self) -> Request:
        target = urlsplit(self.path if self.command != "CONNECT" else f"//{self.path}")
        headers = {name.lower(): value for name, value in self.headers.items()}
        proxied = bool(target.netloc)
        path = target.path
        if proxied and target.netloc.endswith(BLOB_HOST):
            path = "/signed" + path
        path = NEW_PART.sub(r"\1/", path)
        first, last = parse_range(headers.get("range"))
        body = self.rfile.read(int(headers.get("content-length") or 0))
        host = target.netloc or headers.get("host", "")
        asked = proxied, first, last
        return Request(
            self.command, path, target.query, host, headers, *asked, body=body, client=self.client_address[1]
        )

    def _send(self, request: Request, answer: Answer, fault: Fault | None, over: threading.Event) -> None:
        request.status = answer.status
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(answer.length))
        self.end_headers()
        if request.method == "HEAD":
            return
        broken = fault is not None and (fault.cut is not None or fault.stall is not None)
        share = 1.0 if not broken else fault.cut if fault.cut is not None else 0.5
        for piece in answer.pieces(int(answer.length * share)):
            self.wfile.write(piece)
            request.sent += len(piece)
        if broken:
            over.wait(fault.stall or 0)
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            self.log_message("already gone")


def parse_range(text: str | None) -> tuple[int | None, int | None]:
    """``bytes=a-b``, ``bytes=a-`` or ``bytes=-n`` (first is then ``-n``). Several ranges count as none (RFC 9110)."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text or "")
    if not match or match.group(0) == "bytes=-":
        return None, None
    first, last = match.groups()
    if not first:
        return -int(last), None
    return int(first), int(last) if last else None
