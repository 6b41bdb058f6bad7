"""Outputs that take their names together: all of them, or none.

Each output is written in a hidden folder of its own beside its target: its *room*. When all are written, closed, found
complete and on the disk, their names change hands. An output is a *head*, the file or folder by which it is known, and
perhaps *sidecars* beside it. The law that the order below keeps: whenever there is a head, its sidecars are its own. So
a process that is killed at any moment leaves the old output, or the new one, or none.

    the old heads go into their rooms, then the old sidecars
    the new sidecars take their places, then the new heads
    the rooms are removed

A head that neither has nor had a sidecar simply takes the place of the old one, in one step. If a step fails, those
before it are undone. What a killed process had put into a room is put back by :func:`recover`.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, NamedTuple

from ..base.errors import RasterWriteError

_OWNER, _JOURNAL, _NEW, _OLD = "owner.json", "commit.json", "new", "old"
_SUFFIX = ".partial"
_MANY = 2000  # files that are removed while the caller waits
_LIVES = 24 * 3600  # seconds after which a room is removed if it is not known whether its process still runs
#: Errors of file systems that cannot flush, which is not needed then.
_NOT_HERE = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EPERM)


class Room:
    """A hidden folder beside ``target``: ``new`` for what is written, ``old`` for what was there. Raises OSError."""

    def __init__(self, target: Path) -> None:
        self.target = target
        # A short name, as the target's own may be as long as names can be.
        self.path = target.parent / f"{_prefix(target)}{uuid.uuid4().hex[:8]}{_SUFFIX}"
        self.new, self.old = self.path / _NEW, self.path / _OLD
        self.path.mkdir()
        for folder in (self.new, self.old):
            folder.mkdir()
        owner = {"target": target.name, "host": socket.gethostname(), "pid": os.getpid()}
        (self.path / _OWNER).write_text(json.dumps(owner), encoding="utf-8")

    def note(self, pieces: list[Piece]) -> None:
        """Write down what is about to be done, for :func:`recover`."""
        placed = [piece.target.name for piece in pieces[:-1] if piece.new is not None]
        there = [piece.target.name for piece in pieces if os.path.lexists(piece.target)]
        journal = self.path / _JOURNAL
        journal.write_text(json.dumps({"placed": placed, "there": there}), encoding="utf-8")
        flush(journal)

    def remove(self) -> None:
        """Remove it with all that is in it, first the journal of what is to be put back."""
        with suppress(OSError):
            os.unlink(self.path / _JOURNAL)
        if _holds_many(self.path):
            # A user who has cancelled does not wait for it, the process does at its end. If it is killed, the room is
            # removed by the next run that writes to that place.
            threading.Thread(target=shutil.rmtree, args=(self.path, True), name="patchwise-remove").start()
        else:
            shutil.rmtree(self.path, ignore_errors=True)


def _holds_many(folder: Path) -> bool:
    """Whether there is so much in a room that removing it takes long."""
    count = 0
    for _, folders, files in os.walk(folder):
        count += len(folders) + len(files)
        if count > _MANY:
            return True
    return False


class Piece(NamedTuple):
    """One name of an output: the file that takes it (None: none does), and where the file goes that has it now."""

    target: Path
    new: Path | None
    old: Path


class Output:
    """A file or folder on its way to its name, with sidecars; see :class:`CommitGroup`.

    ``stale``: sidecars that an older output may have. ``title`` names the output in errors.
    """

    def __init__(self, target: Path, title: str, stale: tuple[Path, ...] = ()) -> None:
        self.target, self._title, self._stale = target, title, stale
        self._room: Room | None = None

    def create(self) -> str:
        """Make the room; the path to write to, which has the target's own name. Raises :class:`OSError`."""
        self._room = Room(self.target)
        return str(self._room.new / self.target.name)

    @property
    def room(self) -> Room:
        """The room; there is none before :meth:`create` and after :meth:`abandon`."""
        if self._room is None:
            raise RuntimeError("create() comes before commit()")
        return self._room

    def pieces(self) -> list[Piece]:
        """All names that are concerned, the head's last."""
        room, head = self.room, self.target
        made = {entry.name: entry for entry in room.new.iterdir() if entry.name != head.name}
        beside = [head.parent / name for name in made]
        beside += [path for path in self._stale if os.path.lexists(path) and path not in beside]
        pieces = [Piece(path, made.get(path.name), room.old / path.name) for path in beside]
        return [*pieces, Piece(head, room.new / head.name, room.old / head.name)]

    def flush(self) -> None:
        """See that what was written is on the disk. Of a folder, only files that lie directly in it."""
        for path in self.room.new.iterdir():
            flush(path)

    def failed(self, error: OSError) -> RasterWriteError:
        """The error where the outputs cannot take their names."""
        return RasterWriteError(f"{self._title} {self.target}: cannot be replaced: {error}")

    def commit(self) -> None:
        """Take the name, alone. Raises :class:`RasterWriteError`, and then all is as it was."""
        group = CommitGroup()
        group.add(self)
        group.commit()

    def abandon(self) -> None:
        """Remove the room and what is left in it."""
        if self._room is not None:
            self._room.remove()
            self._room = None

    def leave(self) -> None:
        """Leave the room where it is: it holds what could not be put back."""
        self._room = None


class CommitGroup:
    """Outputs that take their names together; use as a context manager, or call :meth:`commit` or :meth:`abandon`.

    ``checks`` are called before the first name changes hands; what they raise ends it, and nothing was changed.
    """

    def __init__(self, *checks: Callable[[], None]) -> None:
        self._checks = checks
        self._outputs: list[Output] = []
        self._then: list[Callable[[], None]] = []
        self._otherwise: list[Callable[[], None]] = []

    def add(self, output: Output) -> None:
        """An output that is written, closed and found complete."""
        self._outputs.append(output)

    def then(self, call: Callable[[], None]) -> None:
        """What is to be done when all have their names."""
        self._then.append(call)

    def otherwise(self, call: Callable[[], None]) -> None:
        """What is to be done if none gets its name."""
        self._otherwise.append(call)

    def __enter__(self) -> CommitGroup:
        return self

    def __exit__(self, error_type: type | None, *error: object) -> None:
        if error_type is None:
            self.commit()
        else:
            self.abandon()

    def commit(self) -> None:
        """Give all their names. Raises :class:`RasterWriteError`, and then all is as it was."""
        try:
            for check in self._checks:
                check()
            for output in self._outputs:
                _flushed(output)
            self._change_hands()
        except BaseException:
            self.abandon()
            raise
        outputs, self._outputs = self._outputs, []
        for output in outputs:
            output.abandon()  # with what was there before
        for call in self._then:
            call()

    def abandon(self) -> None:
        """Drop all that was written."""
        for output in self._outputs:
            output.abandon()
        self._outputs = []
        for call in self._otherwise:
            call()

    def _change_hands(self) -> None:
        outputs = [(output, output.pieces()) for output in self._outputs]
        if len(outputs) == 1 and len(outputs[0][1]) == 1 and not os.path.isdir(outputs[0][0].target):
            output, (head,) = outputs[0]
            with _naming(output):
                os.replace(head.new, head.target)  # type: ignore[arg-type]
        else:
            self._in_steps(outputs)
        for folder in {output.target.parent for output, _ in outputs}:
            with suppress(OSError):  # the outputs are in their places: an error would say that they are not
                flush(folder)

    def _in_steps(self, outputs: list[tuple[Output, list[Piece]]]) -> None:
        done: list[tuple[Output, Path, Path]] = []
        try:
            for output, pieces in outputs:
                with _naming(output):
                    output.room.note(pieces)
            for output, pieces in outputs:
                for piece in reversed(pieces):
                    if os.path.lexists(piece.target):
                        _move(output, piece.target, piece.old, done)
            for last in (False, True):
                for output, pieces in outputs:
                    for piece in pieces[-1:] if last else pieces[:-1]:
                        if piece.new is not None:
                            _move(output, piece.new, piece.target, done)
        except BaseException:
            self._undo(done)
            raise

    def _undo(self, done: list[tuple[Output, Path, Path]]) -> None:
        for output, source, destination in reversed(done):
            try:
                os.replace(destination, source)
            except OSError:
                output.leave()
                self._outputs = [one for one in self._outputs if one is not output]


def _move(output: Output, source: Path, destination: Path, done: list[tuple[Output, Path, Path]]) -> None:
    with _naming(output):
        os.replace(source, destination)
    done.append((output, source, destination))


def _flushed(output: Output) -> None:
    with _naming(output):
        output.flush()


class _naming:
    """Notes to which output an :class:`OSError` belongs."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, OSError) and not isinstance(error, RasterWriteError):
            raise self._output.failed(error) from error


def flush(path: Path) -> None:
    """See that a file, or the names in a folder, are on the disk, where the system can do that. Raises OSError."""
    folder = path.is_dir()
    if folder and os.name == "nt":
        return
    try:
        number = os.open(path, os.O_RDONLY if folder or os.name != "nt" else os.O_RDWR)
    except OSError as error:
        if error.errno in _NOT_HERE:
            return
        raise
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    finally:
        os.close(number)


def recover(target: Path) -> None:
    """Put back what a process that was killed had taken from ``target``, and remove the rooms that it has left.

    Rooms of processes that run, or may run, are left alone. Errors are ignored: they show when the target is written.
    """
    for room, owner in list(_rooms(target)):
        if not _has_ended(room, owner):
            continue
        with suppress(OSError, ValueError):
            if not os.path.lexists(target):
                _put_back(room, target)
            shutil.rmtree(room, ignore_errors=True)


def _put_back(room: Path, target: Path) -> None:
    """The old sidecars, then the old head, of names that were changing hands; new sidecars without a head go."""
    journal = room / _JOURNAL
    if not journal.exists():
        return
    noted = json.loads(journal.read_text(encoding="utf-8"))
    for name in noted["placed"]:
        if name not in noted["there"] and os.path.basename(name) == name:
            with suppress(FileNotFoundError):
                os.unlink(target.parent / name)
    for entry in sorted((room / _OLD).iterdir(), key=lambda entry: entry.name == target.name):
        os.replace(entry, target.parent / entry.name)


def _prefix(target: Path) -> str:
    return f".{target.name[:32]}."


def _rooms(target: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    prefix = _prefix(target)
    try:
        with os.scandir(target.parent) as entries:
            found = [e.path for e in entries if e.name.startswith(prefix) and e.name.endswith(_SUFFIX)]
    except OSError:
        return
    for path in found:
        try:
            owner = json.loads(Path(path, _OWNER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(owner, dict) and owner.get("target") == target.name:
            yield Path(path), owner


def _has_ended(room: Path, owner: dict[str, Any]) -> bool:
    """Whether the process that made a room has ended, or is so old that it is taken to have."""
    pid = owner.get("pid")
    if os.name == "posix" and owner.get("host") == socket.gethostname() and isinstance(pid, int) and pid > 0:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False
    try:
        return time.time() - room.stat().st_mtime > _LIVES
    except OSError:
        return False
