"""The world's servers in a process of their own, and calls to them from the tests' process.

A reader that holds Python's lock while it waits for the network would block a server in its own process for ever.
Calls go over the child's standard input and output as pickles. When its input ends, because the parent closed it or was
killed, the child ends what it started and removes its folder.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from .faults import Fault, Request
from .files import FileServer
from .relay import Relay
from .server import Api, WorldError
from .store import Store

CHILD = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); __import__(sys.argv[2], fromlist=['main']).main()"


def main() -> None:
    """The child process: start all servers, execute calls until the input ends, end all servers."""
    # Ctrl-C is for the parent, which ends this process in its turn. (What is ignored would be ignored by children too.)
    signal.signal(signal.SIGINT, lambda *_: None)
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    folder = Path(tempfile.mkdtemp(prefix="patchwise-stac-"))
    try:
        with contextlib.suppress(EOFError, BrokenPipeError), Api(folder) as api:
            _obey(orders, answers, folder, api)
    except WorldError as error:
        pickle.dump((False, error), answers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _obey(orders, answers, folder: Path, api: Api) -> None:
    store = Store(folder / "scenes")
    server = FileServer(store.file)
    server.relay = Relay(server.url, api.port)
    parts = {"store": store, "faults": server.faults, "tokens": server.tokens, "relay": server.relay, "api": api}
    answer: tuple[bool, object] = True, (folder, server.url)
    try:
        while True:
            pickle.dump(answer, answers)
            answers.flush()
            part, name, arguments, options = pickle.load(orders)
            try:
                answer = True, getattr(parts[part], name)(*arguments, **options)
            except Exception as error:
                answer = False, error
    finally:
        server.close()


class Server:
    """The parent's end. ``url`` is the server's address; ``faults`` and ``tokens`` are as in the child."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", CHILD, json.dumps([str(place) for place in sys.path]), __name__]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._lock = threading.Lock()
        try:
            self.folder, self.url = self._answer()
        except BaseException:
            self.close()
            raise
        self.faults, self.tokens = RemoteFaults(self), RemoteTokens(self)

    def call(self, part: str, name: str, *arguments, **options):
        """Let the child do ``part.name(...)``: its result, or its error raised here."""
        with self._lock:
            pickle.dump((part, name, arguments, options), self.process.stdin)
            self.process.stdin.flush()
            return self._answer()

    def close(self) -> None:
        """End the child."""
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _answer(self):
        try:
            good, result = pickle.load(self.process.stdout)
        except EOFError:
            raise WorldError("the world has ended by itself") from None
        if not good:
            raise result
        return result


class Rule:
    """A fault in force. ``hits``: how many requests went wrong by it; ``seen``: how many it was meant for."""

    def __init__(self, server: Server, number: int) -> None:
        self._server, self._number = server, number

    @property
    def hits(self) -> int:
        """Requests that went wrong by it."""
        return self._rule.hits

    @property
    def seen(self) -> int:
        """Requests it was meant for."""
        return self._rule.seen

    @property
    def _rule(self) -> Fault:
        return self._server.call("faults", "rule", self._number)


class RemoteFaults:
    """``faults.Faults`` in the child."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def add(self, path: str = "*", **how) -> Rule:
        """See ``faults.Faults.add``."""
        return Rule(self._server, self._server.call("faults", "add", path, **how))

    def clear(self) -> None:
        """Forget rules and log, and end what is held back."""
        self._server.call("faults", "clear")

    def requests(self, path: str = "*", method: str | None = None) -> list[Request]:
        """The requests so far whose path matches, in order of arrival."""
        return self._server.call("faults", "requests", path, method)

    def sent(self, path: str = "*") -> int:
        """Bytes of bodies sent for matching paths."""
        return self._server.call("faults", "sent", path)


class RemoteTokens:
    """``tokens.Tokens`` in the child; ``seconds`` and ``key`` can be set."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.reset()

    def reset(self) -> None:
        """An hour's lifetime, no key; tokens given before are void."""
        self._seconds, self._key = 3600.0, None
        self._server.call("tokens", "reset")

    def expire(self) -> None:
        """Let all tokens given so far be expired; new ones are good."""
        self._server.call("tokens", "expire")

    def expire_after(self, uses: int) -> None:
        """Let ``expire`` happen once, after so many more requests with a good token."""
        self._server.call("tokens", "expire_after", uses)

    @property
    def seconds(self) -> float:
        """The lifetime of new tokens."""
        return self._seconds

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._seconds = value
        self._server.call("tokens", "use", value, self._key)

    @property
    def key(self) -> str | None:
        """The subscription key that the service asks for."""
        return self._key

    @key.setter
    def key(self, value: str | None) -> None:
        self._key = value
        self._server.call("tokens", "use", self._seconds, value)
