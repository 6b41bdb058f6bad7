"""What is loaded of Sentinel-2: the chosen items on one grid, their units, and what the output says about itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..axes.sampler import SpatialRegularStride
from ..base.errors import ParameterError, StacError
from ..base.secrets import without_secrets
from ..grid.domain import RasterDomain
from ..grid.geotensor import GeoTensor
from ..loop.patcher import SpatialPatcher
from ..loop.stitcher import StreamReport
from ..loop.stream import stream
from ..operators.base import Identity
from ..plan.rectangles import SpatialRectangular
from ..rasters.memory import ArraySink
from ..rasters.values import ValueType
from .bands import asset_of, offset_of, parse_bands, scl_values
from .items import Choice, S2Item, choose, of_each_day
from .places import Box, PlacedBox
from .remote import Asked, Network
from .source import RemoteAsset, SceneSource, Signer, grid_of

UNITS = ("dn", "reflectance")
_CHIP = 512
_READABLE = ("https://", "http://", "s3://")
_MOST_PIXELS = 1 << 31  # per band; a zone of UTM has some 7e9 pixels of 10 m


@dataclass(frozen=True)
class S2Scene:
    """Chosen items over a box, ready to be read. ``domain`` is the output's grid; see :func:`find_s2_scene`."""

    choice: Choice
    box: Box
    bands: tuple[str, ...]
    domain: RasterDomain
    units: str
    apply_offset: bool
    mask: tuple[int, ...]
    endpoint: str
    network: Network = field(repr=False)
    sign: Signer = field(repr=False)

    @staticmethod
    def checked(
        box: Box,
        bands: Sequence[str] | str,
        resolution: float,
        units: str = "dn",
        apply_offset: bool | None = None,
        mask: Sequence[str | int] = (),
        endpoint: str = "",
        area: PlacedBox | None = None,
    ) -> dict[str, Any]:
        """What can be refused before anything is searched, as arguments for :func:`scene_of`."""
        if not (isinstance(resolution, (int, float, np.number)) and math.isfinite(resolution) and resolution > 0):
            raise ParameterError("resolution", resolution, "must be above 0 metres")
        if units not in UNITS:
            raise ParameterError("units", units, f"must be one of {', '.join(UNITS)}")
        _refuse_size(box, resolution, *_size_of(box, resolution))
        offset = units == "reflectance" if apply_offset is None else bool(apply_offset)
        return {
            "box": box, "bands": parse_bands(bands), "resolution": float(resolution), "units": units,
            "apply_offset": offset, "mask": scl_values(mask), "endpoint": endpoint, "area": area,
        }  # fmt: skip

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
        """Sentences worth saying before the pixels are read."""
        items, notes = self.choice.items, list(self.choice.notes)
        if len(items) > 1:
            notes.insert(0, f"No single item covers the box: {len(items)} of {self.choice.day} are put together.")
        if self.choice.share < 0.9995:
            notes.append(f"The items cover {100 * self.choice.share:.1f} % of the box; the rest is nodata.")
        return tuple(notes)

    def tags(self) -> dict[str, str]:
        """What the output's tags say of its origin."""
        items = self.choice.items
        return {
            "ITEM_IDS": ",".join(self.item_ids),
            "DATETIME": items[0].datetime,
            "CLOUD_COVER": "" if math.isnan(self.choice.cloud) else f"{self.choice.cloud:g}",
            "ENDPOINT": without_secrets(self.endpoint),
            "UNITS": self.units,
            "OFFSET_APPLIED": "yes" if self.apply_offset else "no",
            "OFFSETS": ",".join(f"{band}:{self._known(items[0], band, False)[1]:g}" for band in self.bands),
            "MASKED_SCL_CLASSES": ",".join(map(str, self.mask)),
        }

    def source(self, cancelled: Asked | None = None) -> SceneSource:
        """The pixels, as the loop wants them."""
        return SceneSource(
            self.domain,
            [self._layer(band)[0] for band in self.bands],
            self._layer("SCL")[0] if self.mask else (),
            self.mask,
            sign=self.sign,
            network=self.network,
            cancelled=cancelled,
        )

    def stream_to(
        self, sink: Any, progress: Callable[[float], None] | None = None, cancelled: Asked | None = None
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
        # Numbers of one mosaic must mean the same: what the first item's mean.
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
        """Scale and offset of an item's band, as its metadata say."""
        return offset_of(asset_of(item.assets, band, item.id)[1], item.properties, band, item.id)

    def _known(self, item: S2Item, band: str, needed: bool) -> tuple[float, float]:
        """Scale and offset of an item's band; where they are needed and nothing says them, that is refused."""
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


def scene_of(
    items: Iterable[S2Item], *, box: Box, resolution: float, area: PlacedBox | None = None, **common: Any
) -> S2Scene:
    """The scene to load of found items; its assets are looked up, so that a band that is not there is refused now."""
    choice = choose(items, box, area)
    return _scene(choice, box, _grid(box, choice.epsg, resolution, area), common)


def scenes_of(
    items: Iterable[S2Item],
    min_share: float,
    *,
    box: Box,
    resolution: float,
    area: PlacedBox | None = None,
    **common: Any,
) -> list[S2Scene]:
    """A scene for each day and orbit that covers at least ``min_share`` of the box, all on the grid of one zone."""
    choices = [choice for choice in of_each_day(items, box, area) if choice.share >= min_share]
    if not choices:
        raise StacError(f"no day's items cover {100 * min_share:g} % of the box {box}")
    zones = [choice.epsg for choice in choices]
    epsg = max(sorted(set(zones)), key=zones.count)
    domain = _grid(box, epsg, resolution, area)
    return [_scene(choice, box, domain, common) for choice in choices]


def _scene(choice: Choice, box: Box, domain: RasterDomain, common: dict[str, Any]) -> S2Scene:
    scene = S2Scene(choice=choice, box=box, domain=domain, **common)
    for band in (*scene.bands, *(("SCL",) if scene.mask else ())):
        scene._layer(band)
    return scene


def _grid(box: Box, epsg: int, resolution: float, area: PlacedBox | None) -> RasterDomain:
    domain = grid_of(box, epsg, resolution, area)
    _refuse_size(box, resolution, *domain.shape)
    return domain


def _size_of(box: Box, resolution: float) -> tuple[int, int]:
    """About how many rows and columns a box has, before its zone is known."""
    west, south, east, north = box
    metres = math.radians(1) * 6371000
    widest = math.cos(math.radians(0 if south < 0 < north else min(abs(south), abs(north))))
    return round((north - south) * metres / resolution), round((east - west) * metres * widest / resolution)


def _refuse_size(box: Box, resolution: float, height: int, width: int) -> None:
    if height * width > _MOST_PIXELS:
        allowed = (
            f"gives some {height} x {width} pixels of {resolution:g} m: choose a smaller box or a coarser resolution"
        )
        raise ParameterError("bbox", box, allowed)


def _address(asset: Mapping[str, Any], band: str, item: str) -> str:
    """The address that can be read: http(s), or s3 with the user's own credentials; the item's own before others."""
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
