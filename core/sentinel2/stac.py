"""Sentinel-2 L2A from a STAC API: search, and chips from a box and dates. Requests are made by pystac-client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Callable

from ..base.errors import MissingPackageError, StacError
from ..base.progress import interruptible
from ..base.secrets import without_secrets
from ..grid.geotensor import GeoTensor
from .items import S2Item, checked_box, item_of, newest
from .places import Box
from .remote import Asked, Network, http_session
from .scene import Access, S2Scene, S2TimeStack, scene_of, scenes_of
from .search import COLLECTION, PLANETARY_COMPUTER, Search, Wanted
from .signing import planetary_signer
from .source import Signer

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
    """All days of the date range over a box, on one grid: ``values`` ``(dates, bands, H, W)`` sorted by time.

    Days whose items cover less than ``min_share`` (0 to 1) of the box are left out. Other parameters are as for
    :func:`load_s2_chip`. All days are in memory together.
    """
    search, wanted, sign = _asked(bbox, date_range, bands, max_cloud_cover, tile, resolution, endpoint, **options)
    items, access = _found(search, sign, cancelled)
    return S2TimeStack.load(scenes_of(items, wanted, access, min_share), progress, cancelled)


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
    """Search, and choose the items to load; no pixel is read yet.

    ``options``: ``collection`` and ``network``, as of :class:`Search`; ``units``, ``apply_offset``, ``mask`` and
    ``area``, as of :class:`Wanted`; ``sign``, a :data:`Signer` in place of Planetary Computer's.
    """
    search, wanted, sign = _asked(bbox, date_range, bands, max_cloud_cover, tile, resolution, endpoint, **options)
    return scene_for(search, wanted, sign, cancelled)


def scene_for(search: Search, wanted: Wanted, sign: Signer | None = None, cancelled: Asked | None = None) -> S2Scene:
    """As :func:`find_s2_scene`, with its arguments as two values."""
    items, access = _found(search, sign, cancelled)
    return scene_of(items, wanted, access)


def _asked(
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
    **options: Any,
) -> tuple[Search, Wanted, Signer | None]:
    """The arguments of the public functions as values; they are checked before any request."""
    box: Any = checked_box(bbox)
    search = Search(box, date_range, max_cloud_cover, tile, endpoint, collection, network or Network())
    return search, Wanted(box, bands, resolution, **options), sign  # type: ignore[arg-type]


def _found(search: Search, sign: Signer | None, cancelled: Asked | None) -> tuple[list[S2Item], Access]:
    """The items of the search, at least one, and how their files are read."""
    items = find_items(search, cancelled)
    if not items:
        raise StacError(why_none(search, cancelled))
    network = interruptible(partial(search.network.asking, search.endpoint), cancelled)
    hrefs = (str(asset.get("href", "")) for item in items for asset in item.assets.values())
    return items, Access(search.endpoint, network, sign or planetary_signer(network, hrefs))


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
    """Items that meet the box in the date range, at most that cloudy, sorted by time; [] where there are none.

    Of products that were processed again only the latest is listed. :class:`StacError` where the list is incomplete.
    The parameters are those of :class:`Search`.
    """
    where: Any = bbox
    return find_items(
        Search(where, date_range, max_cloud_cover, tile, endpoint, collection, network or Network()), cancelled
    )


def find_items(search: Search, cancelled: Asked | None = None) -> list[S2Item]:
    """As :func:`search_s2`, with its arguments as one value."""
    items, complete = _searched(search, cancelled)
    if not complete:
        raise StacError(
            f"more than {_MOST_ITEMS} items of {_place(search)} meet the box: ask for fewer days, a smaller box or "
            "less cloud"
        )
    return items


def _searched(search: Search, cancelled: Asked | None) -> tuple[list[S2Item], bool]:
    """The items found, and whether the list is complete."""
    check_client()
    features = interruptible(lambda: _features(search, search.network.asking(search.endpoint)), cancelled)
    items = [item for item in map(item_of, features) if item is not None]
    if features and not items:
        raise StacError(
            f"none of {len(features)} items of {_place(search)} has footprint, date and UTM zone, as those of "
            "Sentinel-2 have: check the collection"
        )
    if search.tile:
        items = [item for item in items if item.tile == search.tile]
    return newest(item for item in items if not item.cloud > search.max_cloud_cover), len(features) <= _MOST_ITEMS


def _place(search: Search) -> str:
    return f"{search.collection} at {without_secrets(search.endpoint)}"


def check_client() -> None:
    """Raise :class:`MissingPackageError` where pystac-client or requests is not installed."""
    try:
        import pystac_client  # noqa: F401
        import requests  # noqa: F401
    except ImportError as error:
        missing = "requests" if error.name == "requests" else "pystac-client"
        raise MissingPackageError(missing, "to search a STAC API") from error


def _features(search: Search, network: Network) -> list[dict[str, Any]]:
    """The features that the API returns, at most one more than ``_MOST_ITEMS``."""
    import pystac_client
    import requests
    from pystac_client.stac_api_io import StacApiIO

    class CheckedIO(StacApiIO):  # type: ignore[misc]
        """Refuses answers that are not STAC, which pystac-client takes for an empty list, and links to files and to
        hosts that the catalogue must not name.
        """

        def read_text(self, source: Any, *args: Any, **rest: Any) -> str:
            if isinstance(source, str):  # anything but an address would be read as a file of this machine
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
    url, box, cloud = search.endpoint, search.bbox, search.max_cloud_cover
    what = f"{without_secrets(url)}: the search in {search.collection} for {search.days} in the box {box} failed"
    try:
        client = pystac_client.Client.open(url, stac_io=io)
        query = {"eo:cloud_cover": {"lte": cloud}} if cloud < 100 and client.conforms_to("QUERY") else None
        found = client.search(
            collections=[search.collection],
            bbox=list(box),
            datetime=search.days,
            query=query,
            limit=_PAGE,
            max_items=_MOST_ITEMS + 1,
        )
        return list(found.items_as_dicts())
    except StacError as error:
        raise StacError(f"{what}: {error}") from error
    except (pystac_client.exceptions.APIError, requests.RequestException) as error:
        status = getattr(error, "status_code", None)
        said = f"HTTP status {status}" if status else _first_line(error)
        raise StacError(f"{what}: {said}") from error
    except Exception as error:  # pystac-client fails in many ways on anything else
        raise StacError(f"{what}: it does not answer as a STAC API does ({_first_line(error)})") from error


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return without_secrets(text.splitlines()[0])[:300]


def why_none(search: Search, cancelled: Asked | None = None) -> str:
    """A sentence for a search without items: what was searched, and what would find some. One or two requests."""
    box = tuple(round(value, 6) for value in search.bbox)
    asked = (
        f"no item of {_place(search)} meets the box {box} from {' to '.join(search.date_range)} "
        f"with at most {search.max_cloud_cover:g} % cloud" + (f" in tile {search.tile}" if search.tile else "")
    )
    at_most = search.max_cloud_cover
    cloudier, complete = _searched(replace(search, max_cloud_cover=100), cancelled) if at_most < 100 else ([], True)
    if cloudier:
        best = min(cloudier, key=lambda item: item.cloud)
        few = f"{len(cloudier)}" if complete else f"at least {len(cloudier)}"
        return f"{asked}. With more cloud there are {few}: the least cloudy is {best.day} with {best.cloud:.3g} %"
    first, last = (dt.date.fromisoformat(day) for day in search.date_range)
    wider = (str(first - dt.timedelta(days=366)), str(last + dt.timedelta(days=366)))
    others, _ = _searched(replace(search, date_range=wider), cancelled)
    if others:
        near = min(others, key=lambda item: _days_from(item.day, first, last))
        return f"{asked}. At other dates there are: the nearest is {near.day} with {near.cloud:.3g} %"
    return f"{asked}; neither more cloud nor a year before and after would give one. Check the box and the collection"


def _days_from(day: str, first: dt.date, last: dt.date) -> int:
    date = dt.date.fromisoformat(day)
    return max((first - date).days, (date - last).days, 0)
