"""What to search for at a STAC API, and what to load of the products found: two values, checked when made."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from ..base.errors import ParameterError
from ..base.secrets import without_secrets
from .bands import parse_bands, scl_values
from .items import checked_box, checked_tile
from .places import Box, PlacedBox
from .remote import Network

PLANETARY_COMPUTER = "https://planetarycomputer.microsoft.com/api/stac/v1"
COLLECTION = "sentinel-2-l2a"
UNITS = ("dn", "reflectance")
_MOST_PIXELS = 1 << 31  # per band; a zone of UTM has some 7e9 pixels of 10 m


@dataclass(frozen=True)
class Search:
    """Which products are looked for, and at which STAC API.

    ``bbox``: west, south, east, north in degrees. ``date_range``: first and last day (UTC), kept as two texts
    YYYY-MM-DD; anything that :func:`checked_dates` takes. ``max_cloud_cover`` in percent of the product, 0 to 100.
    ``tile``: only this MGRS tile, kept as 10SGJ; None for any. ``network``: how servers are asked.
    """

    bbox: Box
    date_range: tuple[str, str]
    max_cloud_cover: float = 100
    tile: str | None = None
    endpoint: str = PLANETARY_COMPUTER
    collection: str = COLLECTION
    network: Network = field(default_factory=Network)

    def __post_init__(self) -> None:
        """Check each part, and keep it in its plain form."""
        first, last = checked_dates(self.date_range).split("/")
        plain = {
            "bbox": checked_box(self.bbox),
            "date_range": (first, last),
            "max_cloud_cover": _checked_cloud(self.max_cloud_cover),
            "tile": checked_tile(self.tile) or None,
            "endpoint": _checked_endpoint(self.endpoint),
            "collection": _checked_collection(self.collection),
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    @property
    def days(self) -> str:
        """``YYYY-MM-DD/YYYY-MM-DD``."""
        return "/".join(self.date_range)


@dataclass(frozen=True)
class Wanted:
    """What is loaded of the products found.

    ``box``: west, south, east, north in degrees. ``bands``: names in the order wanted, or one text with commas.
    ``resolution`` in metres. ``units``: "dn" (digital numbers as stored) or "reflectance". ``apply_offset``: whether
    the processing baseline's offset is added; None: to reflectance, not to digital numbers. ``mask``: classes of the
    scene classification, by name or number, that become no data. ``area``: the box as it was drawn in its own CRS;
    then the pixels are those that hold the area.
    """

    box: Box
    bands: tuple[str, ...]
    resolution: float = 10.0
    units: str = "dn"
    apply_offset: bool | None = None
    mask: tuple[int, ...] = ()
    area: PlacedBox | None = None

    def __post_init__(self) -> None:
        """Check each part, and keep it in its plain form: ``apply_offset`` as True or False, ``mask`` as numbers."""
        if not (_is_number(self.resolution) and self.resolution > 0):
            raise ParameterError("resolution", self.resolution, "must be above 0 metres")
        if self.units not in UNITS:
            raise ParameterError("units", self.units, f"must be one of {', '.join(UNITS)}")
        self.refuse_size(*self._about())
        offset = self.units == "reflectance" if self.apply_offset is None else bool(self.apply_offset)
        plain = {
            "bands": parse_bands(self.bands),
            "resolution": float(self.resolution),
            "apply_offset": offset,
            "mask": scl_values(self.mask),
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def refuse_size(self, height: int, width: int) -> None:
        """Raise :class:`ParameterError` where ``height`` x ``width`` pixels are too many."""
        if height * width > _MOST_PIXELS:
            allowed = (
                f"gives some {height} x {width} pixels of {self.resolution:g} m: "
                "choose a smaller box or a coarser resolution"
            )
            raise ParameterError("bbox", self.box, allowed)

    def _about(self) -> tuple[int, int]:
        """About how many rows and columns the box has, before its zone is known."""
        west, south, east, north = self.box
        metres = math.radians(1) * 6371000
        widest = math.cos(math.radians(0 if south < 0 < north else min(abs(south), abs(north))))
        height, width = (north - south) * metres, (east - west) * metres * widest
        return round(height / self.resolution), round(width / self.resolution)


def checked_dates(date_range: Any, parameter: str = "date range") -> str:
    """``YYYY-MM-DD/YYYY-MM-DD`` of a pair of days, or of such a text; refused where it is no range of dates."""
    try:
        given = date_range.split("/") if isinstance(date_range, str) else list(date_range)
        first, last = (_date(day) for day in (given if len(given) == 2 else given * 2))
    except (TypeError, ValueError):
        allowed = "must be a first and a last day, as in 2023-06-01/2023-09-30"
        raise ParameterError(parameter, date_range, allowed) from None
    if first > last:
        raise ParameterError(parameter, f"{first}/{last}", "must not end before it begins")
    return f"{first}/{last}"


def _date(day: Any) -> dt.date:
    if isinstance(day, dt.datetime):
        return day.date()
    return day if isinstance(day, dt.date) else dt.date.fromisoformat(str(day).strip()[:10])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and math.isfinite(value)


def _checked_cloud(cloud: float) -> float:
    if not (_is_number(cloud) and 0 <= cloud <= 100):
        raise ParameterError("cloud cover", cloud, "must be from 0 to 100 percent")
    return float(cloud)


def _checked_endpoint(endpoint: str) -> str:
    parts = urlsplit(str(endpoint).strip())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        shown = without_secrets(str(endpoint))
        raise ParameterError("endpoint", shown, f"must be the address of a STAC API, such as {PLANETARY_COMPUTER}")
    return str(endpoint).strip()


def _checked_collection(collection: str) -> str:
    name = str(collection).strip()
    if not name:
        raise ParameterError("collection", name, f"must be named, such as {COLLECTION}")
    return name
