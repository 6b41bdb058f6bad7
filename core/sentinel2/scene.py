"""A scene to load: the chosen items on one grid, their units, and the output's tags."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..axes.sampler import SpatialRegularStride
from ..base.errors import StacError
from ..base.secrets import without_secrets
from ..grid.domain import RasterDomain
from ..grid.geotensor import GeoTensor
from ..grid.row_source import RowSink
from ..loop.patcher import SpatialPatcher
from ..loop.stitcher import StreamReport
from ..loop.stream import stream
from ..operators.base import Identity
from ..plan.rectangles import SpatialRectangular
from ..rasters.memory import ArraySink
from ..rasters.values import ValueType
from .bands import asset_of, offset_of
from .items import Choice, S2Item, choose, of_each_day
from .remote import Asked, Network
from .search import Wanted
from .source import RemoteAsset, SceneSource, Signer, grid_of

_CHIP = 512
_READABLE = ("https://", "http://", "s3://")


@dataclass(frozen=True)
class Access:
    """How the files of items are read: ``endpoint`` is the catalogue that named them."""

    endpoint: str
    network: Network = field(repr=False)
    sign: Signer = field(repr=False)


@dataclass(frozen=True)
class S2Scene:
    """Chosen items over a box, ready to be read. ``domain`` is the output's grid; see :func:`find_s2_scene`."""

    choice: Choice
    wanted: Wanted
    domain: RasterDomain
    access: Access

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the output's bands."""
        return self.wanted.bands

    @property
    def units(self) -> str:
        """One of ``search.UNITS``."""
        return self.wanted.units

    @property
    def apply_offset(self) -> bool:
        """Whether the offset of the processing baseline is added to the values."""
        return bool(self.wanted.apply_offset)

    @property
    def mask(self) -> tuple[int, ...]:
        """Classes of the scene classification (SCL) that become no data."""
        return self.wanted.mask

    @property
    def value_type(self) -> ValueType:
        """uint16 with 0 for no data, or float32 with NaN."""
        return ValueType("uint16", 0) if self.units == "dn" else ValueType("float32")

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Ids of the items, the first on top."""
        return tuple(item.id for item in self.choice.items)

    @property
    def scales(self) -> tuple[tuple[float, float], ...]:
        """``(scale, offset)`` of each band, by which the values become reflectance; ``(1, 0)`` where they are it."""
        return tuple(self._layer(band)[1] for band in self.bands)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user, before the pixels are read."""
        items, notes = self.choice.items, list(self.choice.notes)
        if len(items) > 1:
            notes.insert(0, f"No single item covers the box: {len(items)} of {self.choice.day} are put together.")
        if self.choice.share < 0.9995:
            notes.append(f"The items cover {100 * self.choice.share:.1f} % of the box; the rest is nodata.")
        return tuple(notes)

    def tags(self) -> dict[str, str]:
        """Tags with the origin of the output."""
        items = self.choice.items
        return {
            "ITEM_IDS": ",".join(self.item_ids),
            "DATETIME": items[0].datetime,
            "CLOUD_COVER": "" if math.isnan(self.choice.cloud) else f"{self.choice.cloud:g}",
            "ENDPOINT": without_secrets(self.access.endpoint),
            "UNITS": self.units,
            "OFFSET_APPLIED": "yes" if self.apply_offset else "no",
            "OFFSETS": ",".join(f"{band}:{self._known(items[0], band, False)[1]:g}" for band in self.bands),
            "MASKED_SCL_CLASSES": ",".join(map(str, self.mask)),
        }

    def source(self, cancelled: Asked | None = None) -> SceneSource:
        """The source of pixels for ``stream()``."""
        return SceneSource(
            self.domain,
            [self._layer(band)[0] for band in self.bands],
            self._layer("SCL")[0] if self.mask else (),
            self.mask,
            sign=self.access.sign,
            network=self.access.network,
            cancelled=cancelled,
        )

    def stream_to(
        self, sink: RowSink, progress: Callable[[float], None] | None = None, cancelled: Asked | None = None
    ) -> StreamReport:
        """Read everything, block by block, into ``sink``."""
        geometry, sampler = SpatialRectangular((_CHIP, _CHIP), "shrink"), SpatialRegularStride(_CHIP)
        patcher = SpatialPatcher(geometry=geometry, sampler=sampler)
        with closing(self.source(cancelled)) as source:
            return stream(source, patcher, Identity(), sink, workers=1, progress=progress, cancelled=cancelled)

    def load(self, progress: Callable[[float], None] | None = None, cancelled: Asked | None = None) -> GeoTensor:
        """Read everything into memory."""
        sink = ArraySink(self.domain.shape)
        self.stream_to(sink, progress, cancelled)
        values: Any = sink.array
        if self.units == "dn":
            whole = np.empty(values.shape, np.uint16)
            for k, band in enumerate(values):  # one by one: half the memory
                self.value_type.convert(band, whole[k])
            values = whole
        nodata = 0.0 if self.units == "dn" else None
        return GeoTensor(values, self.domain.transform, self.domain.crs, nodata, self.bands)

    def _layer(self, band: str) -> tuple[list[RemoteAsset], tuple[float, float]]:
        """A band's assets, and the (scale, offset) that the output's values then have."""
        items = self.choice.items
        # All numbers of a mosaic must have the scale and offset of the first item.
        needed = self.apply_offset or self.units == "reflectance" or any(self._said(item, band) for item in items)
        scale, left = self._known(items[0], band, needed)
        left = 0.0 if self.apply_offset else left
        assets = []
        for item in items:
            own_scale, offset = self._known(item, band, needed)
            shift, factor = offset - left, own_scale / scale
            if self.units == "reflectance":
                # Offset not wanted: numbers are only scaled.
                shift, factor = (offset if self.apply_offset else 0.0), own_scale
            lowest = 1.0 if self.units == "dn" and shift < 0 else -math.inf
            href = _address(asset_of(item.assets, band, item.id)[1], band, item.id)
            assets.append(RemoteAsset(href, item.id, band, shift, factor, lowest))
        return assets, ((scale, left * scale) if self.units == "dn" else (1.0, 0.0))

    def _said(self, item: S2Item, band: str) -> tuple[float, float] | None:
        """Scale and offset of an item's band by its metadata; None where they are not known."""
        return offset_of(asset_of(item.assets, band, item.id)[1], item.properties, band, item.id)

    def _known(self, item: S2Item, band: str, needed: bool) -> tuple[float, float]:
        """Scale and offset of an item's band; where they are ``needed`` but not known, :class:`StacError`."""
        said = self._said(item, band)
        if said is None and needed:
            raise StacError(
                f"item {item.id} says neither its processing baseline nor an offset, so that reflectance is not known "
                "and it cannot be put together with others: load digital numbers (units dn) of single items"
            )
        return said or (1.0, 0.0)


@dataclass(frozen=True)
class S2TimeStack:
    """Days over a box on one grid: ``values`` ``(dates, bands, H, W)``; ``times`` and ``scenes`` by date."""

    values: np.ndarray = field(repr=False)
    times: tuple[str, ...]
    band_names: tuple[str, ...]
    scenes: tuple[S2Scene, ...] = field(repr=False)
    nodata: float | None = None

    @property
    def domain(self) -> RasterDomain:
        """The grid of all days."""
        return self.scenes[0].domain

    @classmethod
    def load(
        cls, scenes: Sequence[S2Scene], progress: Callable[[float], None] | None, cancelled: Asked | None
    ) -> S2TimeStack:
        """Read the scenes, one after the other."""
        values: Any = None
        for k, scene in enumerate(scenes):

            def part(share: float, done: int = k) -> None:
                if progress is not None:
                    progress((done + share) / len(scenes))

            chip = scene.load(part, cancelled)
            if values is None:
                values = np.empty((len(scenes), *chip.shape), chip.dtype)
            values[k] = chip.array
        times = tuple(scene.choice.items[0].datetime for scene in scenes)
        return cls(values, times, scenes[0].bands, tuple(scenes), chip.nodata)


def scene_of(items: Iterable[S2Item], wanted: Wanted, access: Access) -> S2Scene:
    """The scene to load of found items; its assets are looked up, so that a missing band is refused now."""
    choice = choose(items, wanted.box, wanted.area)
    return _scene(choice, wanted, _grid(wanted, choice.epsg), access)


def scenes_of(items: Iterable[S2Item], wanted: Wanted, access: Access, min_share: float) -> list[S2Scene]:
    """A scene for each day and orbit that covers at least ``min_share`` of the box, all on the grid of one zone."""
    choices = [choice for choice in of_each_day(items, wanted.box, wanted.area) if choice.share >= min_share]
    if not choices:
        raise StacError(f"no day's items cover {100 * min_share:g} % of the box {wanted.box}")
    zones = [choice.epsg for choice in choices]
    domain = _grid(wanted, max(sorted(set(zones)), key=zones.count))
    return [_scene(choice, wanted, domain, access) for choice in choices]


def _scene(choice: Choice, wanted: Wanted, domain: RasterDomain, access: Access) -> S2Scene:
    scene = S2Scene(choice, wanted, domain, access)
    for band in (*scene.bands, *(("SCL",) if scene.mask else ())):
        scene._layer(band)
    return scene


def _grid(wanted: Wanted, epsg: int) -> RasterDomain:
    domain = grid_of(wanted.box, epsg, wanted.resolution, wanted.area)
    wanted.refuse_size(*domain.shape)
    return domain


def _address(asset: Mapping[str, Any], band: str, item: str) -> str:
    """The asset's address that can be read: http(s), or s3 with the user's credentials; ``href`` before alternates."""
    href = str(asset.get("href", ""))
    others = [str(other.get("href", "")) for other in (asset.get("alternate") or {}).values()]
    if href.startswith(_READABLE):
        return href
    for scheme in _READABLE:
        for address in others:
            if address.startswith(scheme):
                return address
    shown = without_secrets(href)
    raise StacError(f"{band} of item {item} lies at {shown!r}, which cannot be read: http, https and s3 can")
