"""Trust in documents: the files that one may have run or opened, and the hosts that it may have asked.

A document comes from outside: the record in a raster's tag, a configuration, the manifest of a folder of chips, the
entry of a project. It can name a Python file, which runs with all rights of the user, an ONNX model,
which onnxruntime opens, and rasters on servers. None of these is run, opened or asked before a :class:`Trust` covers
it. Everything is decided by names and by the bytes of local files: nothing here asks a server.
"""

from __future__ import annotations

import hashlib
import html
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union
from urllib.parse import unquote

from .errors import ParameterError, UntrustedError
from .secrets import without_secrets

PYTHON_FILE, MODEL, DESCRIPTION = "Python file", "ONNX model", "description of a raster"
#: Classes of a configuration that name a file by ``path``, the kind of file, and its name in errors.
FILES = {"PythonFile": (PYTHON_FILE, "python file"), "Onnx": (MODEL, "path")}
_DOES = {
    PYTHON_FILE: "it would run with all your rights",
    MODEL: "onnxruntime would open it",
    DESCRIPTION: "it says what else is read",
}
_ALLOWED = "must be sha256:<64 hexadecimal digits>, host:<name> or all, several separated by commas or spaces"


@dataclass(frozen=True)
class NamedFile:
    """A file that a document names; ``size`` in bytes, ``sha256`` of its content in hexadecimal.

    ``sha256`` is "" for a file too large to be summed at once; then only a trust in ``everything`` covers it.
    """

    kind: str
    path: str
    size: int
    sha256: str

    @property
    def entry(self) -> str:
        """What the parameter TRUST must contain for it."""
        return f"sha256:{self.sha256}" if self.sha256 else ""

    def __str__(self) -> str:
        """What it is and what would be done with it."""
        size = f"{self.size:,} bytes"
        return f"the {self.kind} {self.path} ({size}, SHA-256 {self.sha256}): {_DOES[self.kind]}"


@dataclass(frozen=True)
class NamedHost:
    """A host that would be asked for ``source``, which is shown without what is secret."""

    host: str
    source: str

    @property
    def entry(self) -> str:
        """What TRUST has to hold for it."""
        return f"host:{self.host}"

    def __str__(self) -> str:
        """Who would be asked, and for what."""
        return f"the host {self.host}, which would be asked for {self.source}"


@dataclass(frozen=True)
class NamedRaster:
    """A raster on this machine that a form must not open unasked; the user's consent is not stored."""

    path: str
    entry = ""

    def __str__(self) -> str:
        """What would be opened."""
        return f"the raster {self.path}, which would be opened"


Named = Union[NamedFile, NamedHost, NamedRaster]


@dataclass(frozen=True)
class Trust:
    """What the user has agreed to: ``hashes`` (SHA-256, hexadecimal) of files, names of ``hosts``, or ``everything``.

    Law: ``(a | b).covers(x)`` is ``a.covers(x) or b.covers(x)``.
    """

    hashes: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    everything: bool = False

    @classmethod
    def parse(cls, text: str, parameter: str = "trust") -> Trust:
        """The trust that a text such as ``sha256:...,host:example.org`` states; "" for no trust."""
        trust = cls()
        for entry in re.split(r"[\s,;]+", text.strip()):
            kind, _, value = entry.partition(":")
            kind, value = kind.lower(), value.lower()
            if kind == "sha256" and re.fullmatch("[0-9a-f]{64}", value):
                trust |= cls(hashes=frozenset([value]))
            elif kind == "host" and value:
                trust |= cls(hosts=frozenset([value]))
            elif entry.lower() == "all":
                trust |= cls(everything=True)
            elif entry:
                raise ParameterError(parameter, entry, _ALLOWED)
        return trust

    @classmethod
    def of(cls, named: Iterable[Named]) -> Trust:
        """The trust that covers ``named``, except rasters of this machine, which are not stored."""
        return cls.parse(" ".join(each.entry for each in named))

    def __or__(self, other: Trust) -> Trust:
        """The trust that covers what either of the two covers."""
        everything = self.everything or other.everything
        return Trust(self.hashes | other.hashes, self.hosts | other.hosts, everything)

    def covers(self, named: Named) -> bool:
        """Whether the user has agreed to it."""
        if isinstance(named, NamedFile):
            return self.everything or named.sha256 in self.hashes
        return self.everything or (isinstance(named, NamedHost) and named.host in self.hosts)

    def check(self, named: Iterable[Named]) -> None:
        """Raise :class:`UntrustedError` for what is not covered, all of it at once."""
        lacking = tuple(dict.fromkeys(each for each in named if not self.covers(each)))
        if lacking:
            raise UntrustedError(lacking)


NOBODY = Trust()


# Files.


def named_file(kind: str, path: Any, parameter: str, most: int | None = None) -> NamedFile:
    """The file that a document names; without its sum where it is larger than ``most`` bytes and the sum is not known.

    Refused without access to it where it is not an absolute path of this machine: a raster from outside must not be
    able to name a file beside itself or on a server.
    """
    if not isinstance(path, str) or not _is_own_path(path):
        allowed = "must be an absolute path on this machine: choose the file yourself where it is another"
        raise ParameterError(parameter, path, allowed)
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise ParameterError(parameter, path, "must be a file")
        state = (path, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
        if state not in _DIGESTS and (most is None or found.st_size <= most):
            while len(_DIGESTS) >= _MOST_DIGESTS:
                _DIGESTS.pop(next(iter(_DIGESTS)), None)
            _DIGESTS[state] = _digest(path)
        digest = _DIGESTS.get(state, "")
    except (OSError, ValueError) as error:
        if isinstance(error, ParameterError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise ParameterError(parameter, path, f"cannot be read ({reason})") from error
    return NamedFile(kind, path, found.st_size, digest)


def _is_own_path(path: str) -> bool:
    elsewhere = path.startswith(("//", "\\\\", "/\\", "\\/")) or path.lower().startswith("/vsi") or "://" in path
    return os.path.isabs(path) and not elsewhere


#: SHA-256 by path, times, size and inode of a file. What is run or opened is compared by its bytes again, so that an
#: outdated sum can refuse a file but not admit another one.
_DIGESTS: dict[tuple[Any, ...], str] = {}
_MOST_DIGESTS = 64


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verified(path: str, sha256: str, parameter: str) -> bytes:
    """The content of a file; refused where it is not the one that was confirmed."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ParameterError(parameter, path, f"cannot be read ({error.strerror or error})") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ParameterError(parameter, path, "has changed since it was confirmed")
    return content


def files_in(config: Any) -> Iterator[tuple[str, Any]]:
    """``(class, its configuration)`` of every part of a configuration that names a file, at any depth."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            if isinstance(value.get("class"), str) and value["class"] in FILES:
                yield value["class"], value.get("config")
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)


def named_files(config: Any) -> list[NamedFile]:
    """The files that a configuration would run or open."""
    found = []
    for name, part in files_in(config):
        kind, parameter = FILES[name]
        found.append(named_file(kind, part.get("path") if isinstance(part, Mapping) else None, parameter))
    return found


def admitted(config: Any, trust: Trust) -> Any:
    """The configuration with the SHA-256 of each of its files added; :class:`UntrustedError` for files not agreed to.

    To be called before :func:`~.configurable.build` where a configuration came from a document.
    """
    trust.check(named_files(config))
    return _bound(config)


def _bound(value: Any) -> Any:
    if isinstance(value, Mapping):
        bound = {key: _bound(item) for key, item in value.items()}
        if isinstance(bound.get("class"), str) and bound["class"] in FILES and isinstance(bound.get("config"), dict):
            kind, parameter = FILES[bound["class"]]
            bound["config"]["sha256"] = named_file(kind, bound["config"].get("path"), parameter).sha256
        return bound
    if isinstance(value, (list, tuple)):
        return [_bound(item) for item in value]
    return value


def without_files(config: Any, parameter: str) -> Any:
    """``config``, which must not name a file; refused where it does."""
    for name, part in files_in(config):
        raise ParameterError(parameter, {"class": name, "config": part}, "names a file, and none belongs there")
    return config


# Sources.

#: File systems of GDAL that stay on this machine; all others ask a server.
_LOCAL_VSI = {"zip", "gzip", "tar", "7z", "rar", "mem", "sparse", "subfile", "crypt", "cached"}
#: Prefixes of drivers that name a part of a file, by their first letters.
_LOCAL_DRIVERS = ("NETCDF:", "HDF4_", "HDF5:", "GTIFF_DIR:", "GTIFF_RAW:", "GPKG:", "DERIVED_SUBDATASET:", "SENTINEL1_",
                  "SENTINEL2_", "NITF_IM:", "ZARR:", "RASTERLITE", "COSMO-SKYMED:", "BAG:", "S102:", "S104:", "S111:",
                  "VRT:")  # fmt: skip
_SCHEME = re.compile(r"(?<![\w.])([a-z][a-z0-9+-]+(?=:[/\\]{2})|https?|ftp):([/\\]+)([^\s\"'<>]*)", re.IGNORECASE)
_VSI = re.compile(r"/vsi([a-z0-9]+?)(?:_streaming)?(?=[/?])/?([^\s\"'<>]*)", re.IGNORECASE)
#: Database connections name their host by a key.
_KEY = re.compile(r"\b(?:host|hostaddr|server)\s*=\s*['\"]?([^\s'\",;]+)", re.IGNORECASE)
#: Endings of descriptions, which name what else is read. Such a file, named by a document, is agreed to by its content;
#: other files that a document names are opened by drivers that do not read descriptions.
_DESCRIPTIONS = frozenset(
    ".vrt .ovrt .xml .json .geojson .wms .wmts .wcs .gti .map .ozi .ers .til .dim .kml .kmz .mrf .lbl .safe".split()
)
_MOST_DESCRIBED = 64 << 20  # most bytes of a description, which is hashed as a whole
_MOST_HOSTS, _MOST_FILES = 20, 50
_LOOKED_AT = 1 << 16  # bytes in which hosts and further descriptions are looked for, to be shown
_TEXTS = re.compile(r">([^<>]{1,4096})<|\"([^\"<>]{1,4096})\"")
_CRS = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*:[A-Za-z0-9_.-]+\s*$|\d+\s*$|[A-Za-z][A-Za-z0-9_]*\s*\[|\+|\{)")


def hosts_of(source: str) -> tuple[str, ...]:
    """Hosts that would be asked when GDAL or QGIS opens ``source``, by its name alone; () for a file of this machine.

    Where the name does not contain the host, as for a cloud's store or a database's service, the name itself is given:
    ``vsis3/bucket``, ``pg``.
    """
    hosts = _addresses(source)
    text = source.strip()
    if text.startswith(("//", "\\\\", "/\\", "\\/")):
        hosts.append(re.split(r"[/\\]", text.lstrip("/\\?.") or "?")[0])
    prefix = re.match(r"([a-z][a-z0-9_+-]+):", text, re.IGNORECASE)
    if prefix is not None and not hosts and not text.upper().startswith(_LOCAL_DRIVERS) and prefix[1].lower() != "file":
        hosts += _KEY.findall(text) or [prefix[1]]
    return tuple(dict.fromkeys(filter(None, map(_plain_host, hosts))))


def _addresses(text: str) -> list[str]:
    """Hosts of addresses anywhere in a text, also percent-encoded ones."""
    hosts: list[str] = []
    for _ in range(4):
        for scheme, slashes, rest in _SCHEME.findall(text):
            if scheme.lower() == "file":
                hosts += [] if len(slashes) != 2 else [rest.split("/")[0]]
            elif scheme.lower() in ("vrt", "zarr"):
                hosts += _addresses(f"/{rest}")
            else:  # both readings, as programs differ on what ends a host
                hosts += [re.split(r"[/?#\\]", rest)[0], rest.split("/")[0].partition("?")[0]]
        for kind, rest in _VSI.findall(text):
            if kind.lower() in _LOCAL_VSI or (kind.lower() == "curl" and _SCHEME.search(unquote(rest))):
                continue
            hosts.append(f"vsi{kind}/{rest.split('/')[0]}" if kind.lower() != "curl" else "vsicurl")
        decoded = unquote(html.unescape(text))
        if decoded == text:
            break
        text = decoded
    return hosts


def _plain_host(host: str) -> str:
    """The host's name for comparison: without user and port, in lower-case ASCII."""
    name = host.rpartition("@")[2]
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0] if "/" not in name else name
    name = name.strip().rstrip(".").lower()
    if not name.isascii():
        name = name.encode("punycode").decode("ascii")
    return re.sub(r"[\s,;]", "_", name)


def named_source(source: str) -> list[Named]:
    """The hosts that would be asked and the descriptions that would be read when a document's raster is opened.

    A description, given in place of a name or in a file of this machine, is agreed to by its content, and so are the
    hosts that its beginning names. () for a file of pixels: it is opened by drivers that read no descriptions.
    """
    if source.lstrip().startswith(("<", "{")):
        data = source.encode("utf-8", "surrogatepass")
        shown = " ".join(source.split())[:80]
        return [NamedFile(DESCRIPTION, shown, len(data), hashlib.sha256(data).hexdigest()), *_hosts(source, shown)]
    return _hosts(source, source) or named_description(source)


def is_description(path: str) -> bool:
    """Whether a path has the ending of a description, which names what else is read."""
    return os.path.splitext(path)[1].lower() in _DESCRIPTIONS


def named_description(path: str) -> list[Named]:
    """The description at a path of this machine, those that it names in turn, and the hosts; () for any other file.

    Only the beginnings of a few of them are looked at, so that the time is bounded. What comes later in a file is
    agreed to with its content.
    """
    found: list[Named] = []
    waiting = [os.path.abspath(path)]
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_FILES:
        file = waiting.pop(0)
        if file in seen or not is_description(file) or not os.path.isfile(file):
            continue
        seen.add(file)
        if os.path.getsize(file) > _MOST_DESCRIBED:
            allowed = f"is too large for what its name says: at most {_MOST_DESCRIBED >> 20} MB"
            raise ParameterError("input", file, allowed)
        found.append(named_file(DESCRIPTION, file, "input"))
        with open(file, "rb") as opened:
            beginning = opened.read(_LOOKED_AT).decode("utf-8", "replace")
        hosts = dict.fromkeys(filter(None, map(_plain_host, _addresses(beginning))))
        found += [NamedHost(host, _shown(file)) for host in [*hosts][:_MOST_HOSTS]]
        names = (html.unescape(one or two).strip() for one, two in _TEXTS.findall(beginning))
        waiting += [
            os.path.normpath(os.path.join(os.path.dirname(file), name)) for name in names if is_description(name)
        ]
    return list(dict.fromkeys(found))


def _hosts(source: str, shown: str) -> list[Named]:
    return [NamedHost(host, _shown(shown)) for host in hosts_of(source)]


def _shown(source: str) -> str:
    """The source without user, password and query."""
    text = re.sub(r"(?i)\b(password|passwd|pwd|token|key)\s*=\s*('[^']*'|\S+)", r"\1=...", without_secrets(source))
    return text if len(text) <= 200 else f"{text[:200]} ..."


def checked_crs(text: Any, parameter: str = "crs") -> Any:
    """The text of a CRS from a document; refused where GDAL would fetch it from an address or read it from a file.

    Allowed are an authority's code (``EPSG:32633``), WKT, PROJ's words (``+proj=...``) and PROJ's JSON.
    """
    if isinstance(text, str) and not _CRS.match(text):
        raise ParameterError(parameter, text, "must be a code such as EPSG:32633, WKT, or a text of PROJ")
    return text
