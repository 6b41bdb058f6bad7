"""Which of GDAL's drivers may open what: a file is opened as what it claims to be.

Some drivers read no pixels of their own but a text that names other files and addresses: VRT, WMS and their like. GDAL
looks at the content and not at the name, so such a text under the name of a picture would read private files of the
user into the result, and ask servers of the user's own network. It is opened only where the name says what it is.
"""

from __future__ import annotations

import os
import re
from typing import Any

from .environment import driver_names

#: Files of a catalogue of scenes, and chips.
SCENES = ("GTiff", "LIBERTIFF", "JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID", "JP2Lura")
CHIPS = ("GTiff",)

#: What a name claims by its ending, where nothing else may be behind it.
_ONLY = {
    **dict.fromkeys((".tif", ".tiff", ".gtiff", ".tf2", ".tf8", ".btf"), ("GTiff", "LIBERTIFF")),
    **dict.fromkeys((".jp2", ".j2k", ".jpx", ".j2c", ".jpc"), SCENES[2:]),
}
#: What a name of features claims; none of these is a text in XML or JSON.
_VECTORS = (".gpkg", ".shp", ".fgb", ".sqlite", ".csv")
#: Drivers of texts that name other files or addresses.
_DESCRIBING = frozenset(
    "VRT DERIVED WMS WMTS WCS HTTP STACIT STACTA GTI GDALG MRF TIL KMLSUPEROVERLAY PLMOSAIC PLScenes PLSCENES OGCAPI "
    "EEDA EEDAI DAAS NGW MEM Memory ERS MAP OZI ESRIC ISIS2 ISIS3 PDS PDS4 VICAR DIMAP SAFE RS2 TSX SENTINEL2 ISCE "
    "OGR_VRT GDAL_XML".split()
)
_PLANETS = "ISIS2 ISIS3 PDS PDS4 VICAR"
#: Those of them that an ending claims.
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
#: How such texts begin, what they are, and the drivers that read them; () where it takes a try to know.
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
    """The drivers that a path may be opened with; () for any, where it is no file's name.

    Names with a prefix (``WMS:``, ``PG:``, ``NETCDF:``, ``vrt://``), inline XML and folders say what they are.
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
    """The drivers that read pixels of a file itself, and no description of others."""
    return tuple(driver for driver in driver_names() if driver not in _DESCRIBING)


def disguise(path: str, refused: bool = False) -> str:
    """What is wrong with a file that is a description and is not named so, as part of a sentence; else "".

    ``refused``: GDAL could not open it with the drivers that are allowed, so that any description is to blame.
    """
    path = path if os.path.isfile(path) else path.split("|")[0]  # what QGIS says behind it of layers and options
    kind, drivers = _beginning(path)
    picture = os.path.splitext(path)[1].lower() in (*_ONLY, *_VECTORS)
    if not kind or not (refused or picture) and (not drivers or not allowed(path) or set(drivers) & set(allowed(path))):
        return ""
    return f"is a {kind}, {_DISGUISED}"


def described(path: str) -> str:
    """What a file on disk really is, where it is a text that describes other files; else ""."""
    return _beginning(path)[0]


def _beginning(path: str) -> tuple[str, tuple[str, ...]]:
    nothing: tuple[str, tuple[str, ...]] = ("", ())
    try:
        if not os.path.isfile(path):  # to open a pipe would wait for its writer
            return nothing
        with open(path, "rb") as file:
            head = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\0")[0]
    except (OSError, ValueError):
        return nothing
    # GDAL seeks its markers anywhere in a text's beginning; what ends with a byte of zero is none.
    at_start, anywhere = _HEADS[-2:], _HEADS[:-2]
    found = [(kind, drivers) for pattern, kind, drivers in anywhere if re.search(pattern, head, re.DOTALL)]
    found += [(kind, drivers) for pattern, kind, drivers in at_start if re.match(pattern, head, re.DOTALL)]
    return found[0] if found else nothing


def foreign_part(path: str, dataset: Any, alone: bool) -> str:
    """What of an open file would be read from another one that has no business with it; "" where all is well.

    Overviews and masks may lie beside a file, as GDAL writes them; but a tag may name any file or address for the
    overviews, and what lies beside may be a text that does. ``alone``: nothing but the file itself counts.
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
    """Whether a file is what GDAL writes as overviews or mask: a TIFF, or an Erdas Imagine file; also where none is."""
    try:
        if not os.path.isfile(path):
            return True
        with open(path, "rb") as file:
            head = file.read(16)
    except (OSError, ValueError):
        return True
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") or head.startswith(b"EHFA_HEADER_TAG")
