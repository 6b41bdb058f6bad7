"""The bands of Sentinel-2 L2A: their names, their assets in a STAC item, scale and offset of their values.

Digital numbers (DN) are reflectance times 10000. Since processing baseline 04.00 they carry an offset of -1000, so that
reflectance is ``(DN - 1000) / 10000``; 0 stays "no data" (ESA, Sentinel-2 Products Specification Document, 14.8).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..base.errors import ParameterError, StacError

#: Band name to its common names; the first is the asset's name in Earth Search.
COMMON_NAMES = {
    "B01": ("coastal",),
    "B02": ("blue",),
    "B03": ("green",),
    "B04": ("red",),
    "B05": ("rededge1", "rededge"),
    "B06": ("rededge2",),
    "B07": ("rededge3",),
    "B08": ("nir",),
    "B8A": ("nir08",),
    "B09": ("nir09",),
    "B11": ("swir16",),
    "B12": ("swir22",),
    "SCL": ("scl",),
    "AOT": ("aot",),
    "WVP": ("wvp",),
}
#: Bands whose numbers are not reflectance: neither offset nor scale is applied to them.
NOT_REFLECTANCE = ("SCL", "AOT", "WVP")
QUANTIFICATION = 10000
BASELINE_OFFSET = -1000
_MADE_BY_USER = (99, 99)  # the baseline that ESA's toolbox writes for any product it makes
#: Classes of the scene classification (SCL) by name.
SCL_CLASSES = {
    "saturated": 1,
    "dark": 2,
    "cloud shadow": 3,
    "vegetation": 4,
    "bare": 5,
    "water": 6,
    "unclassified": 7,
    "cloud medium": 8,
    "cloud high": 9,
    "cirrus": 10,
    "snow": 11,
}
#: Classes masked as clouds: clouds of medium and high probability, thin cirrus, and their shadows.
CLOUDS = ("cloud shadow", "cloud medium", "cloud high", "cirrus")


_MOST_NAMES = 100


def parse_bands(bands: Sequence[str] | str) -> tuple[str, ...]:
    """Band names as ``B02``, from a sequence or a text with commas; common names such as "nir" are known too."""
    given = [name.strip() for name in bands.replace(";", ",").split(",")] if isinstance(bands, str) else list(bands)
    if len(given) > _MOST_NAMES:
        raise ParameterError("bands", len(given), f"is the number of names given, and {_MOST_NAMES} are the most")
    names = tuple(_band_name(name) for name in given if name)
    if not names:
        raise ParameterError("bands", bands, f"must name at least one of {', '.join(COMMON_NAMES)}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParameterError("bands", bands, f"names {', '.join(twice)} more than once")
    return names


def _band_name(name: str) -> str:
    short = str(name).strip().upper()
    if re.fullmatch(r"B\d", short):
        short = f"B0{short[1]}"
    if short in COMMON_NAMES:
        return short
    for band, common in COMMON_NAMES.items():
        if short.lower() in common:
            return band
    raise ParameterError("bands", name, f"is not a band of Sentinel-2 L2A; known are {', '.join(COMMON_NAMES)}")


def scl_values(classes: Sequence[str | int], parameter: str = "masked classes") -> tuple[int, ...]:
    """Numbers of SCL classes, given by name or number."""
    values = []
    for given in classes:
        value = SCL_CLASSES.get(given.strip().lower(), -1) if isinstance(given, str) else given
        if value not in SCL_CLASSES.values():
            allowed = f"is not a class of SCL; known are {', '.join(f'{n} ({v})' for n, v in SCL_CLASSES.items())}"
            raise ParameterError(parameter, given, allowed)
        values.append(int(value))
    return tuple(sorted(set(values)))


def asset_of(assets: Mapping[str, Mapping[str, Any]], band: str, item: str) -> tuple[str, Mapping[str, Any]]:
    """``(key, asset)`` of a band among an item's assets.

    It is searched by key (``B04``, or the finest of ``B04_10m`` and so on), then by the band that an asset of one band
    declares, then by common name (``red``). Cloud-optimized GeoTIFFs are preferred to JPEG 2000. A band without an
    asset is refused, with the names of the assets.
    """
    for found in (_by_key(assets, band), _by_declared(assets, band), _by_common(assets, band)):
        if found:
            key = min(found, key=lambda k: (_not_geotiff(assets[k]), _metres(k, assets[k]), k))
            return key, assets[key]
    raise StacError(f"item {item} has no asset for band {band}; its assets are {', '.join(sorted(assets))}")


def _by_key(assets: Mapping[str, Any], band: str) -> list[str]:
    pattern = re.compile(rf"{band}(_\d+m)?$", re.IGNORECASE)
    return [key for key in assets if pattern.match(key)]


def _by_declared(assets: Mapping[str, Any], band: str) -> list[str]:
    found = []
    for key, asset in assets.items():
        declared = asset.get("bands") or asset.get("eo:bands") or []
        if len(declared) == 1 and str(declared[0].get("name", "")).upper() == band:
            found.append(key)
    return found


def _by_common(assets: Mapping[str, Any], band: str) -> list[str]:
    return [key for key in assets if re.sub(r"[-_](jp2|\d+m)$", "", key.lower()) in COMMON_NAMES[band]]


def _not_geotiff(asset: Mapping[str, Any]) -> bool:
    return "jp2" in str(asset.get("type", "")).lower() or str(asset.get("href", "")).lower().endswith(".jp2")


def _metres(key: str, asset: Mapping[str, Any]) -> float:
    """The pixel size of an asset in metres, from its name or metadata; 1e9 where it is not known."""
    named = re.search(r"_(\d+)m$", key, re.IGNORECASE)
    if named:
        return float(named.group(1))
    declared = asset.get("gsd") or (asset.get("raster:bands") or [{}])[0].get("spatial_resolution")
    return float(declared) if declared else 1e9


def offset_of(
    asset: Mapping[str, Any], properties: Mapping[str, Any], band: str, item: str
) -> tuple[float, float] | None:
    """``(scale, offset)`` by which a band becomes reflectance: ``(DN + offset) * scale``, ``offset`` in DN.

    The asset's own metadata come first, then the item's processing baseline; None where neither is known.
    ``(1, 0)`` for bands that are not reflectance.
    """
    if band in NOT_REFLECTANCE:
        return 1.0, 0.0
    declared = {**(asset.get("raster:bands") or [{}])[0], **(asset.get("bands") or [{}])[0], **asset}
    scale = declared.get("scale", declared.get("raster:scale"))
    shift = declared.get("offset", declared.get("raster:offset"))
    scale = float(scale) if scale else 1 / QUANTIFICATION
    if properties.get("earthsearch:boa_offset_applied"):
        return scale, 0.0
    if shift is not None:
        return scale, float(round(float(shift) / scale))
    baseline = baseline_of(properties, item)
    if baseline is None or baseline == _MADE_BY_USER:
        return None
    return scale, float(BASELINE_OFFSET if baseline >= (4, 0) else 0)


def baseline_of(properties: Mapping[str, Any], item: str) -> tuple[int, int] | None:
    """The processing baseline as ``(4, 0)``, from the item's properties or the name of its product."""
    for key in ("s2:processing_baseline", "processing:version"):
        found = re.fullmatch(r"0?(\d{1,2})\.(\d{2})", str(properties.get(key, "")))
        if found:
            return int(found.group(1)), int(found.group(2))
    for text in (properties.get("s2:product_uri", ""), item):
        found = re.search(r"_N(\d{2})(\d{2})(?:_|$)", str(text))
        if found:
            return int(found.group(1)), int(found.group(2))
    return None
