"""A genuine STAC API: stac-fastapi-pgstac on a PostgreSQL cluster of its own, in a temporary folder, on free ports.

``with Api(folder) as api:`` starts both and ends both; the system ends them if this process is killed.
PostgreSQL refuses to run as root: root runs it as ``postgres`` or ``nobody``.
"""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from .relay import ROOT_PATH

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build" / "stac-venv" / "bin" / "python"
#: Options of PostgreSQL: faster, since no data have to survive a crash.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "unix_socket_directories=")
PATIENCE = 60  # seconds


class WorldError(Exception):
    """The world cannot be made; the text says why."""


def programs() -> Path:
    """The folder of PostgreSQL's programs, of the newest version that has PostGIS."""
    found = [
        path.parent
        for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")
        if (Path("/usr/share/postgresql") / path.parts[-3] / "extension" / "postgis.control").exists()
    ]
    if not found or not PYTHON.exists():
        missing = "PostgreSQL with PostGIS is not installed" if not found else f"{PYTHON.parent.parent} is missing"
        raise WorldError(f"{missing}: `make setup` installs what the STAC tests need")
    return max(found, key=lambda path: float(path.parent.name))


def free_ports() -> tuple[int, int]:
    """Two unused ports of the loopback interface."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


class Api:
    """The running API, with its files in ``folder``. ``port`` is that of uvicorn."""

    def __init__(self, folder: Path) -> None:
        self.bin = programs()
        self.processes: list[subprocess.Popen] = []
        self.folder = folder
        self.port, self.database_port = free_ports()

    def __enter__(self) -> Api:
        try:
            self._start_database()
            self._pgstac("migrate")
            self._start_api()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the API, then the database."""
        for process in reversed(self.processes):
            # PostgreSQL takes SIGINT for "now, but in good order".
            for end in (lambda one: one.send_signal(2), lambda one: one.kill()):
                if process.poll() is None:
                    end(process)
                    try:
                        process.wait(5)
                    except subprocess.TimeoutExpired:
                        continue

    def pids(self) -> list[int]:
        """The ids of its processes."""
        return [process.pid for process in self.processes]

    def load(self, kind: str, objects: list[dict]) -> None:
        """Put ``"collections"`` or ``"items"`` into the database, over those of the same id."""
        file = self.folder / f"{kind}.ndjson"
        file.write_text("".join(json.dumps(one) + "\n" for one in objects))
        self._pgstac("load", kind, str(file), "--method", "upsert")

    @property
    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
        own.update(PGHOST="127.0.0.1", PGPORT=str(self.database_port), PGUSER="postgres", PGPASSWORD="none")
        own.update(PGDATABASE="postgis", ROOT_PATH=ROOT_PATH, PYTHONNOUSERSITE="1")
        return own

    def _start_database(self) -> None:
        folder = self.folder / "database"
        folder.mkdir()
        user = unprivileged()
        if user:
            self.folder.chmod(0o711)  # that user has to get through it
            os.chown(folder, user.pw_uid, user.pw_gid)
        initdb = [self.bin / "initdb", "-D", folder, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]
        self._run([*as_user(user), *initdb, "--no-sync"])
        settings = [part for one in (*FAST, "listen_addresses=127.0.0.1") for part in ("-c", one)]
        server = [self.bin / "postgres", "-D", folder, "-p", str(self.database_port), *settings]
        self._start([*as_user(user), *server], "postgres.log")
        self._wait("postgres.log", lambda: self._sql("select 1", "postgres"))
        self._sql("create database postgis", "postgres")
        self._sql("create extension postgis", "postgis")

    def _start_api(self) -> None:
        app = ["--factory", "stac_fastapi.pgstac.app:create_app", "--port", str(self.port), "--log-level", "warning"]
        self._start([*with_us(), PYTHON, "-m", "uvicorn", *app], "uvicorn.log")
        self._wait("uvicorn.log", self._alive)

    def _alive(self) -> bool:
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                f"http://127.0.0.1:{self.port}{ROOT_PATH}/conformance", timeout=5
            ) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _sql(self, text: str, database: str) -> bool:
        psql = [self.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text]
        return subprocess.run(psql, env=self._environment, capture_output=True).returncode == 0

    def _pgstac(self, *arguments: str) -> None:
        self._run([PYTHON.with_name("pypgstac"), *arguments])

    def _run(self, command: list) -> None:
        done = subprocess.run(
            command, env=self._environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if done.returncode:
            raise WorldError(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")

    def _start(self, command: list, log: str) -> None:
        with open(self.folder / log, "wb") as file:
            process = subprocess.Popen(
                command, env=self._environment, cwd="/", stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        self.processes.append(process)

    def _wait(self, log: str, ready) -> None:
        end = time.monotonic() + PATIENCE
        while not ready():
            if self.processes[-1].poll() is not None or time.monotonic() > end:
                raise WorldError(f"no answer from what writes {log}:\n{(self.folder / log).read_text()}")
            time.sleep(0.05)


def unprivileged() -> pwd.struct_passwd | None:
    """The user that PostgreSQL runs as, where this process is root's."""
    if os.geteuid() != 0:
        return None
    names = {user.pw_name: user for user in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def with_us() -> list[str]:
    """The beginning of a command that gets SIGINT when this process ends."""
    return ["setpriv", "--pdeathsig", "INT"]


def as_user(user: pwd.struct_passwd | None) -> list[str]:
    """As ``with_us``, and as that user."""
    if user is None:
        return with_us()
    return [*with_us(), "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
