"""Which files on this machine a raster or a layer is made of, so that no output replaces one of them.

What is named may be a file, an address, or a name that GDAL understands: ``/vsizip/a.zip/b.tif``, ``NETCDF:"a.nc":x``,
``vrt://a.vrt?bands=1``. GDAL lists the files of a dataset it has open, of a VRT only those one step away and only those
that are plain files. So VRTs are read here as text, as deep as they go, and tile indices (GTI) as SQLite.

Files are compared by what the file system says they are (device and number), so that links, hard links, other spellings
and letter cases are one file.
"""

from __future__ import annotations

import html
import os
import re
import sqlite3
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

#: Files of the same name with another ending that belong to a file of that ending.
SAME_STEM = {
    ".shp": (".shx", ".dbf", ".prj", ".cpg", ".qpj", ".qix", ".sbn", ".sbx", ".idm", ".ind"),
    ".tab": (".dat", ".map", ".id", ".ind"),
    ".mif": (".mid",),
}
#: Files of one raster; beyond, the list is not complete.
MOST_FILES = 200_000
_MOST_TEXT = 128 << 20  # bytes of a VRT
_MOST_LOOKED_AT = 1000  # files of which the beginning is read; beyond, only of those called .vrt
_MOST_OPENED = 50  # VRTs in archives, which only GDAL can read
_SOURCE = re.compile(r"<(?:SourceFilename|SourceDataset|SrcDataSource)\b([^>]*)>([^<]*)</")
_REMOTE = re.compile(r"/vsi(curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs|stdin|stdout)", re.IGNORECASE)
_TILE_INDEX = re.compile(r"\.gti(\.\w+)?$", re.IGNORECASE)
#: Drivers of which GDAL does not list the files.
_UNLISTED = ("GTI", "STACTA", "STACIT")


@dataclass(frozen=True)
class Found:
    """``files`` on the disk, each with the name it belongs to. Not ``complete``: there may be others, not known."""

    files: tuple[tuple[str, str], ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class SourceFiles:
    """What is read, by its names (``named``), and the files that it is made of, searched for when they are used.

    For an output that does not exist yet nothing is searched: it can replace none of them.
    """

    named: tuple[str, ...] = ()
    finders: tuple[Callable[[], Found], ...] = ()

    def __add__(self, other: SourceFiles) -> SourceFiles:
        """Both."""
        return SourceFiles(self.named + other.named, self.finders + other.finders)

    @cached_property
    def found(self) -> Found:
        """All files."""
        parts = [find() for find in self.finders]
        return Found(tuple(file for part in parts for file in part.files), all(part.complete for part in parts))

    @property
    def complete(self) -> bool:
        """Whether all files are known."""
        return self.found.complete

    @property
    def paths(self) -> tuple[str, ...]:
        """The files, each once."""
        return tuple(dict.fromkeys(path for path, _ in self.found.files))

    def same_as(self, path: str) -> str:
        """Which of the files ``path`` is, in words; "" for none. A path that does not exist can only be one that is
        named.
        """
        identity = identity_of(path)
        if identity is None:
            real = os.path.realpath(path)
            return next((name for name in self.named if _one_name(os.path.realpath(name), real)), "")
        return self._told({identity})

    def holds_a_file_of(self, folder: str) -> str:
        """A file that lies in ``folder``, at any depth, in words; "" for none."""
        real = Path(os.path.realpath(folder))
        if not real.is_dir():
            return ""
        inside: dict[str, bool] = {}
        for file, name in self.found.files:
            parent = os.path.dirname(file)
            if parent not in inside:
                there = Path(os.path.realpath(parent))
                inside[parent] = there == real or real in there.parents
            if inside[parent]:
                return _told(file, name)
        # Links to it from elsewhere, and hard links.
        own = {identity_of(entry.path) for entry in os.scandir(real) if entry.is_file()}
        return self._told(own) if own else ""

    def _told(self, identities: Container[Any]) -> str:
        found = ((file, name) for file, name in self.found.files if identity_of(file) in identities)
        return _told(*next(found, ("", "")))


def _told(file: str, name: str) -> str:
    """A file in words."""
    return file if file == name else f"{file}, which {name} is made of"


def _one_name(one: str, other: str) -> bool:
    """Whether two names that need not be there yet will be the same file."""
    return one == other or (one.casefold() == other.casefold() and ignores_case(os.path.dirname(other)))


def ignores_case(folder: str) -> bool:
    """Whether the file system of a folder takes letters of either case for the same."""
    other = folder.swapcase()
    return other != folder and identity_of(other) is not None and identity_of(other) == identity_of(folder)


def identity_of(path: str) -> tuple[int, int] | None:
    """Device and number of the file behind ``path``; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def source_files(names: Iterable[str] | SourceFiles) -> SourceFiles:
    """The files of names that no raster has been opened for: VRTs are followed, and nothing else is opened."""
    if isinstance(names, SourceFiles):
        return names
    named = tuple(map(str, names))
    return SourceFiles(named, tuple(partial(files_of, name) for name in named))


def files_of(
    name: str, listed: Sequence[str] = (), driver: str = "", list_of: Callable[[str], Sequence[str]] | None = None
) -> Found:
    """The files behind ``name``, to which those that GDAL ``listed`` belong, opened by ``driver``.

    ``list_of`` gives GDAL's list of a VRT that cannot be read as a file, such as one in a zip archive.
    """
    search = _Search(list_of)
    search.add(name, "")
    for file in listed:
        search.add(file, "")
    search.run()
    complete = search.complete and (driver not in _UNLISTED or search.read_an_index)
    return Found(tuple((path, name) for path in search.files), complete)


def files_named(name: str, folder: str = "") -> list[str]:
    """The local files and folders that a name of GDAL leads to, relative ones from ``folder`` or from here."""
    if not name or "\0" in name or len(name) > 1 << 16:
        return []
    if name.lower().startswith("file:"):
        name = url2pathname(urlsplit(name).path)
    plain = _there(name, folder)
    if plain:
        return plain
    if name.lower().startswith("/vsi"):
        return [] if _REMOTE.match(name) else _in_archive(name, folder)
    for scheme in ("vrt://", "zip://", "tar://", "gzip://"):
        if name.lower().startswith(scheme):
            return _beginning(name[len(scheme) :].replace("file://", ""), folder, "?!#")
    if "://" in name and not re.match(r"[A-Za-z0-9_]{2,}:", name.partition("://")[0]):
        return []
    found = [path for part in re.findall(r'"([^"]*)"', name) for path in files_named(part, folder)]
    if found or ":" not in name:
        return found
    parts = name.split(":")
    if len(parts) > 16:
        return []
    runs = (":".join(parts[i:j]) for i in range(len(parts)) for j in range(len(parts), i, -1) if j - i < len(parts))
    return list(dict.fromkeys(p for run in runs if run for p in (_there(run, folder) or _within_vsi(run, folder))))


def _within_vsi(name: str, folder: str) -> list[str]:
    return files_named(name, folder) if name.lower().startswith("/vsi") else []


def _there(name: str, folder: str) -> list[str]:
    """The file of a plain name, if there is one."""
    places = [os.path.join(folder, name), name] if folder and not os.path.isabs(name) else [name]
    return next(([os.path.abspath(place)] for place in places if os.path.exists(place)), [])


def _in_archive(name: str, folder: str) -> list[str]:
    """The archive, or the file, behind one or several ``/vsi.../`` in front of a path."""
    rest = name
    while True:
        match = re.match(r"/?vsi\w+(/|\?)", rest, re.IGNORECASE)
        if match is None:
            break
        rest = rest[match.end() :]
        if match.group(1) == "?":  # /vsicached?file=...
            rest = unquote(re.sub(r".*?\bfile=([^&]*).*", r"\1", rest))
        if "subfile" in match.group().lower():
            rest = rest.partition(",")[2]
    if rest.startswith("{"):
        return _there(rest[1:].partition("}")[0], folder)
    return _beginning(rest, folder, "/")


def _beginning(path: str, folder: str, ends: str) -> list[str]:
    """The longest beginning of ``path``, up to one of the characters ``ends``, that is a file."""
    stops = [len(path), *(k for k in range(len(path) - 1, 0, -1) if path[k] in ends)]
    for stop in stops[:256]:
        found = [file for file in _there(path[:stop], folder) if os.path.isfile(file)]
        if found:
            return found
    return []


class _Search:
    """Collects files, and those that they are made of."""

    def __init__(self, list_of: Callable[[str], Sequence[str]] | None) -> None:
        self.files: dict[str, None] = {}
        self.complete, self.read_an_index = True, False
        self._list_of, self._opened = list_of, 0
        self._waiting: list[tuple[str, str]] = []  # what is made of others, and the folder that its name starts from
        self._seen: set[str] = set()

    def add(self, name: str, folder: str) -> None:
        if len(self.files) >= MOST_FILES:
            self.complete = False
            return
        if name.lstrip().startswith("<"):  # the XML of a description instead of its path
            self._waiting.append((name, folder))
            return
        for path in files_named(name, folder):
            if path not in self.files:
                self.files[path] = None
                stem, ending = os.path.splitext(path)
                for other in SAME_STEM.get(ending.lower(), ()):
                    self.files.update(dict.fromkeys(filter(os.path.exists, (stem + other, stem + other.upper()))))
                if path.lower().endswith(".vrt") or len(self.files) <= _MOST_LOOKED_AT:
                    self._waiting.append((path, ""))
        if name.lower().startswith("/vsi") and name.lower().endswith(".vrt") and not _REMOTE.match(name):
            self._waiting.append((name, folder))

    def run(self) -> None:
        while self._waiting:
            name, folder = self._waiting.pop()
            if name in self._seen:
                continue
            self._seen.add(name)
            for source, start in self._sources(name, folder):
                self.add(source, start)

    def _sources(self, name: str, folder: str) -> Iterable[tuple[str, str]]:
        if name.lstrip().startswith("<"):
            return _in_text(name, folder)
        if name.lower().startswith("/vsi"):
            if self._list_of is None:
                return []
            if self._opened >= _MOST_OPENED:
                self.complete = False
                return []
            self._opened += 1
            return [(file, "") for file in self._list_of(name) if file != name]
        if _TILE_INDEX.search(name):
            return self._of_index(name)
        text = _description(name)
        if text is None:
            self.complete = False
            return []
        return _in_text(text, os.path.dirname(name))

    def _of_index(self, name: str) -> Iterable[tuple[str, str]]:
        """The files of a tile index, if it is a GeoPackage; of another kind nothing is known."""
        folder = os.path.dirname(name)
        text = _description(name) or ""
        index = re.search(r"<IndexDataset>([^<]*)</", text)
        if index is not None:
            inner = files_named(html.unescape(index.group(1)).strip(), folder)
            name = inner[0] if inner else name
        field = re.search(r"<LocationField>([^<]*)</", text)
        rows = _locations(name, html.unescape(field.group(1)) if field else "location")
        if rows is None or len(rows) >= MOST_FILES:
            self.complete = False
        self.read_an_index |= rows is not None
        return [(str(row), folder) for row in rows or ()]


def _description(path: str) -> str | None:
    """The text of a VRT or another description in XML; "" for all other files, None where it is too long."""
    try:
        with open(path, "rb") as file:
            head = file.read(1024)
            if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
                return ""
            text = head + file.read(_MOST_TEXT)
            return None if len(text) > _MOST_TEXT else text.decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _in_text(text: str, folder: str) -> list[tuple[str, str]]:
    """The sources that a description names, each with the folder it starts from."""
    found = []
    for attributes, name in dict.fromkeys(_SOURCE.findall(text)):
        relative = re.search(r"relativeToVRT\s*=\s*[\"'](1|true|yes)", attributes, re.IGNORECASE)
        found.append((html.unescape(name).strip(), folder if relative else ""))
    return found


def _locations(path: str, field: str) -> list[str] | None:
    """All that a tile index has in ``field``; None where it is no GeoPackage, or has no such field."""
    address = Path(path).as_uri() + "?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=1)) as base:
            tables = [row[0] for row in base.execute("SELECT table_name FROM gpkg_contents")]
            for table in tables:
                columns = [row[0] for row in base.execute("SELECT name FROM pragma_table_info(?)", [table])]
                column = next((name for name in columns if name.lower() == field.lower()), None)
                if column is not None:
                    words = ["SELECT", _quoted(column), "FROM", _quoted(table), "LIMIT", str(MOST_FILES)]
                    return [row[0] for row in base.execute(" ".join(words)) if row[0]]
    except (sqlite3.Error, ValueError):
        return None
    return None


def _quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
