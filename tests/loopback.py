"""A small web server on the loopback interface, which gives set answers and records the requests."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str  # with its query
    headers: dict[str, str]  # names in lower case


class Server(ThreadingHTTPServer):
    """``answers`` maps paths without query to bytes, to ``(status, headers)``, or to a callable of :class:`Asked`."""

    daemon_threads = True

    def __init__(self, answers) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = dict(answers), []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Keeps connections, does not wait for a client's word before the body goes out, and says nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Log nothing, which would clutter the test's output."""


class _Handler(Handler):
    def do_GET(self):
        size = int(self.headers.get("Content-Length") or 0)
        if size:
            self.rfile.read(size)
        asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        self.server.asked.append(asked)
        found = self.server.answers.get(self.path.partition("?")[0], (404, {}))
        found = found(asked) if callable(found) else found
        status, headers, body = (200, {}, found) if isinstance(found, bytes) else (*found, b"")[:3]
        wanted = self.headers.get("Range", "")
        if status == 200 and wanted.startswith("bytes="):
            first, _, last = wanted[6:].partition("-")
            stop = min(int(last or len(body) - 1), len(body) - 1) + 1
            headers = {**headers, "Content-Range": f"bytes {first}-{stop - 1}/{len(body)}"}
            status, body = 206, body[int(first) : stop]
        self.send_response(status)
        for name, value in {"Accept-Ranges": "bytes", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_GET


def serving(answers=()):
    """A running :class:`Server`; ``answers`` may be changed while it runs."""
    return running(Server(answers))


@contextmanager
def running(server):
    """The server in a thread of its own, which ends at once when the context does."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
