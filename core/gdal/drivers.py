"""Which of GDAL's drivers may open a file: those of the format that its name claims.

Some drivers (VRT, WMS and others) read a text that names other files and addresses. GDAL goes by the content and not by
the name, so such a text under the name of a picture would read the user's private files into the result, and send
requests to servers in the user's network. It is opened only where its name says what it is.
"""

from __future__ import annotations

import os
import re
from typing import Any

from .environment import driver_names

#: Drivers for files of a catalogue of scenes, and for chips.
SCENES = ("GTiff", "LIBERTIFF", "JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID", "JP2Lura")
CHIPS = ("GTiff",)

#: The only drivers for names with these endings.
_ONLY = {
    **dict.fromkeys((".tif", ".tiff", ".gtiff", ".tf2", ".tf8", ".btf"), ("GTiff", "LIBERTIFF")),
    **dict.fromkeys((".jp2", ".j2k", ".jpx", ".j2c", ".jpc"), SCENES[2:]),
}
#: Endings of vector formats that are not text in XML or JSON.
_VECTORS = (".gpkg", ".shp", ".fgb", ".sqlite", ".csv")
#: Drivers that read a text which names other files or addresses.
_DESCRIBING = frozenset(
    "VRT DERIVED WMS WMTS WCS HTTP STACIT STACTA GTI GDALG MRF TIL KMLSUPEROVERLAY PLMOSAIC PLScenes PLSCENES OGCAPI "
    "EEDA EEDAI DAAS NGW MEM Memory ERS MAP OZI ESRIC ISIS2 ISIS3 PDS PDS4 VICAR DIMAP SAFE RS2 TSX SENTINEL2 ISCE "
    "OGR_VRT GDAL_XML".split()
)
_PLANETS = "ISIS2 ISIS3 PDS PDS4 VICAR"
#: Those of them that may open names with an ending.
_CLAIMS = {
    ending: frozenset(drivers.split()) if drivers else _DESCRIBING
    for endings, drivers in {
        "vrt ovrt": "VRT OGR_VRT DERIVED",
        "xml": "",
        "json geojson": "STACIT STACTA GDALG",
        "wms": "WMS",
        "wmts": "WMTS",
        "wcs": "WCS",
        "gti": "GTI",
        "mrf": "MRF",
        "til": "TIL",
        "kml kmz": "KMLSUPEROVERLAY",
        "ers": "ERS",
        "map ozi": "MAP OZI",
        "cub lbl qub vic img": _PLANETS,
        "dim": "DIMAP",
        "safe": "SAFE SENTINEL2",
        "zip tar tgz gz": "SENTINEL2 SAFE DIMAP KMLSUPEROVERLAY",
    }.items()
    for ending in endings.split()
}
#: Pattern of such a text's beginning, what it is called, and the drivers that read it; () where several might.
_HEADS: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (rb"<(?:\w+:)?VRTDataset|<OGRVRT", "VRT", ("VRT", "OGR_VRT")),
    (rb"<GDAL_WMS", "WMS description", ("WMS",)),
    (rb"<GDAL_WMTS", "WMTS description", ("WMTS",)),
    (rb"<WCS_GDAL", "WCS description", ("WCS",)),
    (rb"<GDALTileIndexDataset", "tile index", ("GTI",)),
    (rb"<MRF_META", "MRF description", ("MRF",)),
    (rb"\{.*\"(?:stac_version|features|gdal|refs)\"", "description in JSON", ()),
    (rb"<[?!\w]", "text in XML", ()),
)
_DISGUISED = (
    "which names other files or addresses, and its own name does not say so: give it the ending that it should have "
    "(.vrt, .xml) if you trust what it names, or convert it to a GeoTIFF"
)
_BESIDE = (".ovr", ".OVR", ".msk", ".MSK")


def allowed(path: str) -> tuple[str, ...]:
    """The names of the drivers that may open a path; () for any driver, where the path is not a file's name.

    Names with a prefix (``WMS:``, ``PG:``, ``NETCDF:``, ``vrt://``), inline XML and folders name their format.
    """
    if re.match(r"[A-Za-z]\w+:(?![/\\]{2})|vrt://|\s*[<{]", path):
        return ()
    name = re.split(r"[?#|]", path)[0].rstrip("/\\")
    ending = os.path.splitext(name)[1].lower()
    if ending in _ONLY:
        return _ONLY[ending]
    if os.path.isdir(path):
        return ()
    refused = _DESCRIBING - _CLAIMS.get(ending[1:], frozenset())
    return tuple(driver for driver in driver_names() if driver not in refused)


def of_pixels() -> tuple[str, ...]:
    """The names of the drivers that read pixels from the file itself, rather than from files that it names."""
    return tuple(driver for driver in driver_names() if driver not in _DESCRIBING)


def disguise(path: str, refused: bool = False) -> str:
    """Why a file is refused that describes other files under another name, as part of a sentence; else "".

    ``refused``: GDAL could not open it with the allowed drivers, so that any kind of description explains why.
    """
    path = path if os.path.isfile(path) else path.split("|")[0]  # QGIS appends layers and options after it
    kind, drivers = _beginning(path)
    picture = os.path.splitext(path)[1].lower() in (*_ONLY, *_VECTORS)
    if not kind or not (refused or picture) and (not drivers or not allowed(path) or set(drivers) & set(allowed(path))):
        return ""
    return f"is a {kind}, {_DISGUISED}"


def described(path: str) -> str:
    """What kind of description of other files a file on disk is, such as "VRT"; "" for any other file."""
    return _beginning(path)[0]


def _beginning(path: str) -> tuple[str, tuple[str, ...]]:
    nothing: tuple[str, tuple[str, ...]] = ("", ())
    try:
        if not os.path.isfile(path):  # opening a pipe would wait for its writer
            return nothing
        with open(path, "rb") as file:
            head = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\0")[0]
    except (OSError, ValueError):
        return nothing
    # GDAL looks for its markers anywhere in the beginning of a text, up to a zero byte.
    at_start, anywhere = _HEADS[-2:], _HEADS[:-2]
    found = [(kind, drivers) for pattern, kind, drivers in anywhere if re.search(pattern, head, re.DOTALL)]
    found += [(kind, drivers) for pattern, kind, drivers in at_start if re.match(pattern, head, re.DOTALL)]
    return found[0] if found else nothing


def foreign_part(path: str, dataset: Any, alone: bool) -> str:
    """Why an open file is refused because GDAL would read part of it from another file; "" where it would not.

    Overviews and masks may lie beside a file, as GDAL writes them; but a tag may name any file or address for the
    overviews, and what lies beside may be a text that does. ``alone``: files beside it are not looked at.
    """
    named = str(dataset.tags(ns="OVERVIEWS").get("OVERVIEW_FILE", ""))
    base, beside = ":::BASE:::", os.path.join(os.path.dirname(path), named[len(":::BASE:::") :])
    plain = named.startswith(base) and re.fullmatch(r"[\w .()-]+", named[len(base) :]) is not None
    if named and (alone or not plain or described(beside)):
        return f"its tags name {named!r} for its overviews, which is another file"
    if not alone:
        for ending in _BESIDE:
            kind = described(path + ending) or ("" if _is_picture(path + ending) else "text that is no picture")
            if kind:
                return f"{os.path.basename(path)}{ending} beside it is a {kind}, which names other files"
    return ""


def _is_picture(path: str) -> bool:
    """Whether a file is a TIFF or Erdas Imagine file, as overviews and masks are; True where there is no file."""
    try:
        if not os.path.isfile(path):
            return True
        with open(path, "rb") as file:
            head = file.read(16)
    except (OSError, ValueError):
        return True
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") or head.startswith(b"EHFA_HEADER_TAG")
