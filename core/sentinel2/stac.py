"""Sentinel-2 L2A from a STAC API: search, and a chip from a box and dates. The only file that talks STAC.

pystac-client asks; it is imported where it is used. ``signing.py`` signs what is then read.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Callable
from urllib.parse import urlsplit

import numpy as np

from ..base.errors import MissingPackageError, ParameterError, StacError
from ..base.secrets import without_secrets
from ..grid.geotensor import GeoTensor
from .items import S2Item, checked_box, checked_tile, item_of, newest
from .places import Box
from .remote import Asked, Network, http_session, interruptible
from .scene import S2Scene, S2TimeStack, scene_of, scenes_of
from .signing import planetary_signer
from .source import Signer

PLANETARY_COMPUTER = "https://planetarycomputer.microsoft.com/api/stac/v1"
COLLECTION = "sentinel-2-l2a"
#: West, south, east, north in degrees; lies in tile 10SGJ.
LAKE_TAHOE_BBOX: Box = (-120.10, 38.92, -119.93, 39.27)
SUMMER_2023 = ("2023-06-01", "2023-09-30")
_PAGE = 100
_MOST_ITEMS = 2000


def load_s2_chip(
    bbox: Sequence[float] = LAKE_TAHOE_BBOX,
    date_range: Any = SUMMER_2023,
    bands: Sequence[str] | str = ("B02", "B03", "B04", "B08"),
    max_cloud_cover: float = 5,
    tile: str | None = None,
    resolution: float = 10,
    endpoint: str = PLANETARY_COMPUTER,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Asked | None = None,
    **options: Any,
) -> GeoTensor:
    """Bands of one day over a box, ``(bands, H, W)`` on one grid of the scene's UTM zone, in memory.

    ``bbox``: west, south, east, north in degrees. ``date_range``: first and last day, as dates or YYYY-MM-DD.
    ``max_cloud_cover`` in percent of the product. ``tile``: only that MGRS tile. ``resolution`` in metres. ``options``
    are those of :func:`find_s2_scene`. The values are digital numbers, uint16 with 0 for no data; with
    ``units="reflectance"`` float32 with NaN. Errors: :class:`ParameterError`, :class:`StacError` where nothing fits,
    :class:`RasterReadError` naming address, status and window, :class:`Cancelled`.
    """
    scene = find_s2_scene(
        bbox, date_range, bands, max_cloud_cover, tile, resolution, endpoint, cancelled=cancelled, **options
    )
    return scene.load(progress, cancelled)


def load_s2_timestack(
    bbox: Sequence[float] = LAKE_TAHOE_BBOX,
    date_range: Any = SUMMER_2023,
    bands: Sequence[str] | str = ("B02", "B03", "B04", "B08"),
    max_cloud_cover: float = 5,
    tile: str | None = None,
    resolution: float = 10,
    endpoint: str = PLANETARY_COMPUTER,
    *,
    min_share: float = 0.0,
    progress: Callable[[float], None] | None = None,
    cancelled: Asked | None = None,
    **options: Any,
) -> S2TimeStack:
    """All days of the date range over a box, on one grid: ``values`` ``(dates, bands, H, W)`` in the order of time.

    Days whose items cover less than ``min_share`` (0 to 1) of the box are left out. Else as :func:`load_s2_chip`;
    memory is that of all days together.
    """
    items, common = _found(
        bbox, date_range, bands, max_cloud_cover, tile, resolution, endpoint, cancelled=cancelled, **options
    )
    return S2TimeStack.load(scenes_of(items, min_share, **common), progress, cancelled)


def find_s2_scene(
    bbox: Sequence[float] = LAKE_TAHOE_BBOX,
    date_range: Any = SUMMER_2023,
    bands: Sequence[str] | str = ("B02", "B03", "B04", "B08"),
    max_cloud_cover: float = 5,
    tile: str | None = None,
    resolution: float = 10,
    endpoint: str = PLANETARY_COMPUTER,
    *,
    cancelled: Asked | None = None,
    **options: Any,
) -> S2Scene:
    """Search, and choose what to load; no pixel is read yet.

    ``options``: ``collection``; ``units`` ("dn" or "reflectance"); ``apply_offset`` (True, False, or None: applied to
    reflectance, not to digital numbers); ``mask``, classes of SCL by name or number that become no data; ``network``;
    ``sign``, a :data:`Signer` in place of Planetary Computer's; ``area``, a ``PlacedBox`` that ``bbox`` was made for in
    degrees: then the pixels are those that hold the area.
    """
    items, common = _found(
        bbox, date_range, bands, max_cloud_cover, tile, resolution, endpoint, cancelled=cancelled, **options
    )
    return scene_of(items, **common)


def _found(
    bbox: Sequence[float],
    date_range: Any,
    bands: Sequence[str] | str,
    max_cloud_cover: float,
    tile: str | None,
    resolution: float,
    endpoint: str,
    *,
    collection: str = COLLECTION,
    network: Network | None = None,
    sign: Signer | None = None,
    cancelled: Asked | None = None,
    **options: Any,
) -> tuple[list[S2Item], dict[str, Any]]:
    """The items of the search, and what the scene has to know besides; what can be wrong is refused before it."""
    network = network or Network()
    common = S2Scene.checked(checked_box(bbox), bands, resolution, endpoint=endpoint, **options)
    search: dict[str, Any] = dict(endpoint=endpoint, collection=collection, network=network, cancelled=cancelled)
    items = search_s2(bbox, date_range, max_cloud_cover=max_cloud_cover, tile=tile, **search)
    if not items:
        raise StacError(why_none(bbox, date_range, max_cloud_cover=max_cloud_cover, tile=tile, **search))
    network = interruptible(partial(network.asking, endpoint), cancelled)
    hrefs = (str(asset.get("href", "")) for item in items for asset in item.assets.values())
    return items, {**common, "network": network, "sign": sign or planetary_signer(network, hrefs)}


def search_s2(
    bbox: Sequence[float],
    date_range: Any,
    *,
    max_cloud_cover: float = 100,
    tile: str | None = None,
    endpoint: str = PLANETARY_COMPUTER,
    collection: str = COLLECTION,
    network: Network | None = None,
    cancelled: Asked | None = None,
) -> list[S2Item]:
    """Items that meet the box in the date range, at most that cloudy, in the order of time; [] where there is none.

    Of products that were processed again only the latest is listed. A list that would not be complete is refused.
    """
    items, complete = _searched(
        bbox, date_range, max_cloud_cover, tile, endpoint, collection, network or Network(), cancelled
    )
    if not complete:
        raise StacError(
            f"more than {_MOST_ITEMS} items of {collection} at {without_secrets(endpoint)} meet the box: ask for fewer "
            "days, a smaller box or less cloud"
        )
    return items


def _searched(
    bbox: Sequence[float],
    date_range: Any,
    max_cloud_cover: float,
    tile: str | None,
    endpoint: str,
    collection: str,
    network: Network,
    cancelled: Asked | None,
) -> tuple[list[S2Item], bool]:
    """What was found, and whether that is all."""
    box, days, tile = checked_box(bbox), checked_dates(date_range), checked_tile(tile)
    cloud, url = _checked_cloud(max_cloud_cover), checked_endpoint(endpoint)
    check_client()
    features = interruptible(lambda: _features(url, collection, box, days, cloud, network.asking(url)), cancelled)
    items = [item for item in map(item_of, features) if item is not None]
    if features and not items:
        raise StacError(
            f"none of {len(features)} items of {collection} at {without_secrets(url)} has footprint, date and UTM "
            "zone, as those of Sentinel-2 have: check the collection"
        )
    if tile:
        items = [item for item in items if item.tile == tile]
    return newest(item for item in items if not item.cloud > cloud), len(features) <= _MOST_ITEMS


def check_client() -> None:
    """Refuse where the packages that ask a STAC API are not installed."""
    try:
        import pystac_client  # noqa: F401
        import requests  # noqa: F401
    except ImportError as error:
        missing = "requests" if error.name == "requests" else "pystac-client"
        raise MissingPackageError(missing, "to search a STAC API") from error


def _features(url: str, collection: str, box: Box, days: str, cloud: float, network: Network) -> list[dict[str, Any]]:
    """What the API answers, page by page; one more than ``_MOST_ITEMS`` where there are more."""
    import pystac_client
    import requests
    from pystac_client.stac_api_io import StacApiIO

    class CheckedIO(StacApiIO):  # type: ignore[misc]
        """Refuses answers that are no STAC: pystac-client takes what has no features for an empty list.

        Links lead to servers only, and to those that the catalogue may name.
        """

        def read_text(self, source: Any, *args: Any, **rest: Any) -> str:
            if isinstance(source, str):  # what is no address would be read as a file of this machine
                network.refuse(source)
            return str(super().read_text(source, *args, **rest))

        def request(self, href: str, *args: Any, **rest: Any) -> str:
            network.refuse(href)
            return str(super().request(href, *args, **rest))

        def read_json(self, *args: Any, **rest: Any) -> dict[str, Any]:
            answer = super().read_json(*args, **rest)
            if not isinstance(answer, dict) or answer.get("type") not in ("Catalog", "Collection", "FeatureCollection"):
                raise ValueError("what it gives is neither a catalog nor a list of items")
            return answer

    io = CheckedIO(timeout=network.timeout)
    io.session = http_session(network)
    what = f"{without_secrets(url)}: the search in {collection} for {days} in the box {box} failed"
    try:
        client = pystac_client.Client.open(url, stac_io=io)
        query = {"eo:cloud_cover": {"lte": cloud}} if cloud < 100 and client.conforms_to("QUERY") else None
        search = client.search(
            collections=[collection], bbox=list(box), datetime=days, query=query, limit=_PAGE, max_items=_MOST_ITEMS + 1
        )
        return list(search.items_as_dicts())
    except StacError as error:
        raise StacError(f"{what}: {error}") from error
    except (pystac_client.exceptions.APIError, requests.RequestException) as error:
        status = getattr(error, "status_code", None)
        said = f"HTTP status {status}" if status else _first_line(error)
        raise StacError(f"{what}: {said}") from error
    except Exception as error:  # what is no STAC API makes pystac-client fail in many ways
        raise StacError(f"{what}: it does not answer as a STAC API does ({_first_line(error)})") from error


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return without_secrets(text.splitlines()[0])[:300]


def why_none(
    bbox: Sequence[float],
    date_range: Any,
    *,
    max_cloud_cover: float = 100,
    tile: str | None = None,
    endpoint: str = PLANETARY_COMPUTER,
    collection: str = COLLECTION,
    network: Network | None = None,
    cancelled: Asked | None = None,
) -> str:
    """A sentence for a search without items: what was asked for, and what would give some. Asks once or twice."""
    days, where = checked_dates(date_range), (tile, endpoint, collection, network or Network(), cancelled)
    box = tuple(round(value, 6) for value in bbox)
    asked = (
        f"no item of {collection} at {without_secrets(endpoint)} meets the box {box} from {days.replace('/', ' to ')} "
        f"with at most {max_cloud_cover:g} % cloud" + (f" in tile {checked_tile(tile)}" if tile else "")
    )
    cloudier, complete = _searched(bbox, date_range, 100, *where) if max_cloud_cover < 100 else ([], True)
    if cloudier:
        best = min(cloudier, key=lambda item: item.cloud)
        few = f"{len(cloudier)}" if complete else f"at least {len(cloudier)}"
        return f"{asked}. With more cloud there are {few}: the least cloudy is {best.day} with {best.cloud:.3g} %"
    first, last = (dt.date.fromisoformat(day) for day in days.split("/"))
    wider = (first - dt.timedelta(days=366), last + dt.timedelta(days=366))
    others, _ = _searched(bbox, wider, max_cloud_cover, *where)
    if others:
        near = min(others, key=lambda item: _days_from(item.day, first, last))
        return f"{asked}. At other dates there are: the nearest is {near.day} with {near.cloud:.3g} %"
    return f"{asked}; neither more cloud nor a year before and after would give one. Check the box and the collection"


def _days_from(day: str, first: dt.date, last: dt.date) -> int:
    date = dt.date.fromisoformat(day)
    return max((first - date).days, (date - last).days, 0)


def checked_dates(date_range: Any, parameter: str = "date range") -> str:
    """``YYYY-MM-DD/YYYY-MM-DD`` of a pair, or of such a text; refused where it is no range of dates."""
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


def _checked_cloud(cloud: float) -> float:
    if not (isinstance(cloud, (int, float, np.number)) and math.isfinite(cloud) and 0 <= cloud <= 100):
        raise ParameterError("cloud cover", cloud, "must be from 0 to 100 percent")
    return float(cloud)


def checked_endpoint(endpoint: str) -> str:
    """The address of a STAC API; refused where it is none."""
    parts = urlsplit(str(endpoint).strip())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        shown = without_secrets(str(endpoint))
        raise ParameterError("endpoint", shown, f"must be the address of a STAC API, such as {PLANETARY_COMPUTER}")
    return str(endpoint).strip()
