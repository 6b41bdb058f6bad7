"""Sentinel-2 items of a STAC search, and which of them to load for a box.

An item is one product: a tile of the military grid (MGRS) on one day, clipped by the swath of its orbit.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..base.errors import ParameterError
from ..grid.features import vertices
from .bands import baseline_of
from .places import (
    GRID,
    Box,
    PlacedBox,
    footprint_of,
    share_mask,
    square_mask,
    square_of,
    utm_zones,
    wanted_mask,
)

_SAME_PLACE = 0.05  # degrees
_TILE = r"(0[1-9]|[1-5]\d|60)[C-HJ-NP-X][A-HJ-NP-Z]{2}"


@dataclass(frozen=True, eq=False)
class S2Item:
    """One product: ``footprint`` is a GeoJSON (multi)polygon in WGS 84, ``datetime`` UTC, ``cloud`` percent or NaN.

    ``epsg`` is the code of its UTM zone, ``orbit`` the relative orbit ("" where not known), ``assets`` and
    ``properties`` are those of the STAC item.
    """

    id: str
    datetime: str
    cloud: float
    tile: str
    epsg: int
    orbit: str
    footprint: Mapping[str, Any] = field(repr=False)
    assets: Mapping[str, Mapping[str, Any]] = field(repr=False, default_factory=dict)
    properties: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @property
    def day(self) -> str:
        """The day of its date, in UTC."""
        return self.datetime[:10]

    @property
    def bounds(self) -> Box:
        """West, south, east, north of the footprint."""
        x, y = np.array(list(vertices(self.footprint["coordinates"]))).T
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    @property
    def baseline(self) -> tuple[int, int] | None:
        """The processing baseline, as ``(4, 0)``; None where it is not known."""
        return baseline_of(self.properties, self.id)


@dataclass(frozen=True)
class Choice:
    """The items to load, the first one on top; ``share`` of the box that they cover, 0 to 1; ``notes`` for the user."""

    items: tuple[S2Item, ...]
    share: float
    cloud: float
    epsg: int
    notes: tuple[str, ...] = ()

    @property
    def day(self) -> str:
        """Their day."""
        return self.items[0].day


def item_of(feature: Mapping[str, Any]) -> S2Item | None:
    """The item that a STAC feature describes; None for one without footprint, date or UTM zone."""
    properties = feature.get("properties") or {}
    tile, epsg = _tile(properties, feature), _epsg(properties, feature)
    when, footprint = _utc(properties.get("datetime") or properties.get("start_datetime")), None
    if when and (epsg or tile):
        footprint = footprint_of(feature.get("geometry"))
    if footprint is None:
        return None
    orbit = properties.get("sat:relative_orbit")
    if orbit is None:
        found = re.search(r"_R(\d{3})_", f"{feature['id']} {properties.get('s2:product_uri', '')}")
        orbit = int(found.group(1)) if found else properties.get("s2:datatake_id", "")
    return S2Item(
        str(feature["id"]),
        when,
        _cloud(properties),
        tile,
        epsg or _zone_of_tile(tile),
        str(orbit),
        footprint,
        feature.get("assets") or {},
        properties,
    )


def _utc(text: Any) -> str:
    """A date and time in UTC as ``2023-06-01T10:00:00.024000Z``, from any ISO 8601 spelling; "" for any other text."""
    parts = r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?)?\s*(?:Z|([+-])(\d\d):?(\d\d))?"
    found = re.fullmatch(parts, str(text).strip().upper())
    if not found:
        return ""
    day, time, fraction, sign, hours, minutes = found.groups()
    try:
        moment = dt.datetime.fromisoformat(f"{day}T{time or '00:00:00'}.{(fraction or '')[:6]:0<6}")
        if sign:
            shift = dt.timedelta(hours=int(hours), minutes=int(minutes))
            moment += shift if sign == "-" else -shift
    except (ValueError, OverflowError):
        return ""
    return moment.isoformat(timespec="microseconds") + "Z"


def _cloud(properties: Mapping[str, Any]) -> float:
    value = properties.get("eo:cloud_cover")
    return float("nan") if value is None else float(value)


def _tile(properties: Mapping[str, Any], feature: Mapping[str, Any]) -> str:
    """The MGRS tile, such as 10SGJ; "" where it is not known."""
    parts = [properties.get(f"mgrs:{key}") for key in ("utm_zone", "latitude_band", "grid_square")]
    found = re.search(r"_T?(\d{1,2}[C-HJ-NP-X][A-HJ-NP-Z]{2})_", str(feature["id"]))
    said = (
        properties.get("s2:mgrs_tile"),
        properties.get("grid:code"),
        "".join(map(str, parts)) if all(parts) else "",
        found.group(1) if found else "",
    )
    names = (tile_name(str(text)) for text in said if text)
    return next((name for name in names if re.fullmatch(_TILE, name)), "")


def tile_name(text: str) -> str:
    """A tile as 10SGJ, from any of its spellings: T10SGJ, MGRS-10SGJ, 5qkb."""
    name = re.sub(r"^(MGRS-)?T?", "", text.strip().upper())
    return name.zfill(5) if name else ""


def checked_tile(tile: str | None) -> str:
    """The tile as 10SGJ, "" for None or ""; any other text is refused."""
    name = tile_name(tile or "")
    if name and not re.fullmatch(_TILE, name):
        raise ParameterError("tile", tile, "must be a tile of the military grid (MGRS), such as 10SGJ")
    return name


def _epsg(properties: Mapping[str, Any], feature: Mapping[str, Any]) -> int:
    """The EPSG number of the item's UTM zone: from the item, or from its assets; 0 where it is not known."""
    for holder in (properties, *(feature.get("assets") or {}).values()):
        code = holder.get("proj:epsg") or str(holder.get("proj:code") or "").upper().replace("EPSG:", "")
        if re.fullmatch(r"32[67](0[1-9]|[1-5]\d|60)", str(code)):
            return int(code)
    return 0


def _zone_of_tile(tile: str) -> int:
    return (32600 if tile[2] >= "N" else 32700) + int(tile[:2])


def checked_box(box: Sequence[float], parameter: str = "bbox") -> Box:
    """``(west, south, east, north)`` in degrees; anything else is refused, as is a box across the 180th meridian."""
    allowed = "must be (west, south, east, north) in degrees, west below east and south below north"
    try:
        west, south, east, north = (float(value) for value in box)
    except (TypeError, ValueError):
        raise ParameterError(parameter, box, allowed) from None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90):
        raise ParameterError(parameter, (west, south, east, north), allowed)
    if west >= east:
        allowed += "; of a box across the 180th meridian load either side by itself"
        raise ParameterError(parameter, (west, south, east, north), allowed)
    return west, south, east, north


def choose(items: Iterable[S2Item], box: Box, area: PlacedBox | None = None) -> Choice:
    """The items to load for ``box``, or for ``area`` within it if given, all of one day and orbit.

    The least cloudy of the items that cover the box; where none does, the items of the one day and orbit that together
    cover it and are the least cloudy; where not even those do, those that cover most. ``items`` must not be empty.
    """
    wanted = wanted_mask(area, box)
    covering: list[S2Item] = []
    choices: list[Choice] = []
    for group in by_day(newest(items)).values():  # day by day: the masks of all would take much memory
        masks = {item: covered(item, box) & wanted for item in group}
        covering += [item for item, mask in masks.items() if mask[wanted].all()]
        if not covering:
            choices.append(_mosaic(group, masks, box, wanted))
    if covering:
        best = min(covering, key=lambda item: (_known(item.cloud), _descending(item.datetime), item.id))
        return Choice((best,), 1.0, best.cloud, best.epsg)
    return min(choices, key=lambda c: (-round(c.share, 2), _known(c.cloud), _descending(c.day)))


def covered(item: S2Item, box: Box) -> np.ndarray:
    """Which points of an even grid over the box, its edges included, lie in the item's footprint and on its pixels.

    Footprints have straight edges between the corners of a tile, but in degrees a tile's edges are curved: a footprint
    may include a strip of some hundred metres that only the next tile covers.
    """
    mask = share_mask(item.footprint, box)
    square = square_of((item.properties, *item.assets.values()))
    return mask & square_mask(square, item.epsg, box) if square is not None and mask.any() else mask


def newest(items: Iterable[S2Item]) -> list[S2Item]:
    """The items without those whose picture was processed again later, sorted by date.

    The two parts of a tile where one recording ends and the next begins have the same tile, date and orbit; they are
    distinguished by place.
    """
    latest: dict[tuple[tuple[str, str, str], Box], S2Item] = {}
    for item in sorted(items, key=lambda item: (item.baseline or (0, 0), item.id)):
        picture = (item.tile, item.datetime[:16], item.orbit)
        same = [place for key, place in latest if key == picture and _near(place, item.bounds)]
        latest[picture, same[0] if same else item.bounds] = item
    return sorted(latest.values(), key=lambda item: (item.datetime, item.id))


def _near(one: Box, other: Box) -> bool:
    return all(abs(a - b) < _SAME_PLACE for a, b in zip(one, other))


def by_day(items: Iterable[S2Item]) -> dict[tuple[str, str], list[S2Item]]:
    """Items by day and orbit."""
    groups: dict[tuple[str, str], list[S2Item]] = {}
    for item in items:
        groups.setdefault((item.day, item.orbit), []).append(item)
    return groups


def of_each_day(items: Iterable[S2Item], box: Box, area: PlacedBox | None = None) -> list[Choice]:
    """For each day and orbit, in the order of time, a :class:`Choice` of the items that cover most of it."""
    wanted, choices = wanted_mask(area, box), []
    for _, group in sorted(by_day(newest(items)).items()):
        masks = {item: covered(item, box) & wanted for item in group}
        there = [item for item, mask in masks.items() if mask.any()]
        if there:
            choices.append(_mosaic(there, masks, box, wanted))
    return choices


def _mosaic(group: Sequence[S2Item], masks: Mapping[S2Item, np.ndarray], box: Box, wanted: np.ndarray) -> Choice:
    """The items of a group that cover further points, those of the main zone first, then by the number of points."""
    epsg, notes = _main_zone(group, masks, box)
    done = np.zeros((GRID + 1, GRID + 1), bool)
    left, cloud = list(group), 0.0
    chosen: list[S2Item] = []
    while left:
        best = max(
            left,
            key=lambda item: ((item.epsg == epsg) and _adds(item, masks, done) > 0, _adds(item, masks, done), item.id),
        )
        added = _adds(best, masks, done)
        if not added and chosen:
            break
        left.remove(best)
        chosen.append(best)
        cloud += best.cloud * max(added, 1)
        done |= masks[best]
    share = float(done[wanted].mean())
    cloud = cloud / max(int(done.sum()), len(chosen) if not done.any() else 1)
    if {item.epsg for item in chosen} == {epsg}:
        notes = ()
    return Choice(tuple(chosen), share, round(cloud, 3), epsg, notes)


def _adds(item: S2Item, masks: Mapping[S2Item, np.ndarray], done: np.ndarray) -> int:
    return int(np.count_nonzero(masks[item] & ~done))


def _main_zone(group: Sequence[S2Item], masks: Mapping[S2Item, np.ndarray], box: Box) -> tuple[int, tuple[str, ...]]:
    """The UTM zone that holds the larger part of the box, among those of the items."""
    zones = sorted({item.epsg for item in group})
    if len(zones) == 1:
        return zones[0], ()
    west, south, east, north = box
    middle = (np.arange(120) + 0.5) / 120
    there = utm_zones(*np.meshgrid(west + middle * (east - west), south + middle * (north - south)))
    parts = {zone: float(np.mean(there == zone)) for zone in zones}
    most = {zone: max(float(masks[item].mean()) for item in group if item.epsg == zone) for zone in zones}
    best = max(zones, key=lambda zone: (parts[zone], most[zone], zone))
    others = ", ".join(f"EPSG:{zone}" for zone in zones if zone != best)
    note = f"The box lies in several UTM zones: the result is in EPSG:{best}, and what is in {others} is resampled."
    return best, (note,)


def _known(cloud: float) -> float:
    """The cloud cover for sorting: an item of unknown cloud cover comes last."""
    return 1e9 if np.isnan(cloud) else cloud


def _descending(text: str) -> tuple[int, ...]:
    """A key that sorts texts such as dates in descending order."""
    return tuple(-ord(letter) for letter in text)
