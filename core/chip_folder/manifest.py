"""The manifest of a folder of chips, ``manifest.json``.

It holds the grid of the raster that was split, the patcher, the bands, the operators that were applied since, and the
chips in ``(row, col)`` order. Paths are relative to the folder.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..base.categories import Category
from ..base.config import FORMAT, version
from ..base.configurable import build, part
from ..base.documents import MANIFEST as LIMITS
from ..base.documents import parse_json, read_text
from ..base.errors import ParameterError
from ..base.secrets import cleaned
from ..base.trust import checked_crs, without_files
from ..gdal.environment import gdal_env
from ..grid.crs import crs_text
from ..grid.domain import PixelWindow, RasterDomain
from ..grid.ground_control import ControlPoint, GroundControl
from ..loop.patcher import SpatialPatcher
from ..plan.cutting import anchor_of
from ..plan.plan import Plan, PlannedChip
from ..rasters.band_meta import BandMeta
from ..rasters.bands import Band, Bands
from ..records.shapes import MANIFEST as SHAPE

MANIFEST, INDEX, LABELS = "manifest.json", "index.gpkg", "labels"
KIND = "patchwise chips"
# Paths that a manifest may name: nothing that leads out of the folder.
_PATH = re.compile(r"(labels/)?\w[\w.-]*\.tif")


@dataclass(frozen=True)
class Chip:
    """One chip: its file, ``anchor`` ``(row, col)``, ``window`` on the raster, share of ``valid`` pixels, label file.

    ``reason`` says why a chip has no file, where an operator failed on it.
    """

    path: str
    anchor: tuple[int, int]
    window: PixelWindow
    valid: float = 1.0
    label: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ChipBand:
    """A band of the chips: its name, the scale and offset it declares, the type it is read as, what follows it."""

    name: str = ""
    scale: float = 1.0
    offset: float = 0.0
    dtype: str = "float32"
    meta: BandMeta = BandMeta()


def _metas(known: Sequence[ChipBand], bands: Sequence[Band]) -> tuple[BandMeta, ...]:
    return tuple(known[band.index - 1].meta for band in bands)


_BAND_KEYS = {one.name for one in fields(ChipBand)}


@dataclass(frozen=True)
class ChipManifest:
    """A folder of chips.

    ``domain`` is the grid of the raster that was split, ``window`` the part that was asked for. ``left_out`` are chips
    that were not written, having too few valid pixels; ``failed`` those that an operator failed on. ``scale``: rows and
    columns of a chip for each of its window. ``labels``: values are labels, without names. ``strip_rows`` is the
    source's, which the blocks follow in which further rasters are warped.
    """

    domain: RasterDomain
    window: PixelWindow
    patcher: SpatialPatcher
    bands: tuple[ChipBand, ...]
    chips: tuple[Chip, ...]
    left_out: tuple[Chip, ...] = ()
    failed: tuple[Chip, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)
    operators: tuple[Mapping[str, Any], ...] = ()
    scale: int = 1
    categories: tuple[Category, ...] = ()
    labels: bool = False
    strip_rows: int = 256

    def save(self, folder: str) -> None:
        """Write ``manifest.json``. Raises :class:`OSError`."""
        head = {
            "kind": KIND,
            "format": FORMAT,
            "version": version(),
            "source": cleaned(dict(self.source)),
            "grid": _grid(self.domain),
            "window": list(self.window),
            "strip_rows": self.strip_rows,
            "patcher": part(self.patcher),
            "operators": cleaned(list(self.operators)),
            "scale": self.scale,
            "categories": [[entry.value, entry.name, list(entry.colour)] for entry in self.categories],
            "labels": self.labels,
        }
        lists = {
            "bands": [_band(band) for band in self.bands],
            "chips": [_written(chip) for chip in self.chips],
            "left_out": [_written(chip) for chip in self.left_out],
            "failed": [_written(chip) for chip in self.failed],
        }
        lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in head.items()]
        for key, values in lists.items():  # a line for each chip, for people
            inner = ",\n".join(json.dumps(value, allow_nan=False) for value in values)
            lines.append(f"{json.dumps(key)}: [\n{inner}\n]" if values else f"{json.dumps(key)}: []")
        Path(folder, MANIFEST).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")

    @property
    def grid(self) -> RasterDomain:
        """The grid that the chips' pixels lie on: finer than the raster's where an operator made them so."""
        return self.domain.refined(self.scale)

    @property
    def described(self) -> Bands:
        """The bands as all rasters describe theirs."""
        each = (
            Band(number, band.name, np.dtype(band.dtype), None, None, band.scale, band.offset)
            for number, band in enumerate(self.bands, 1)
        )
        return Bands(tuple(each), partial(_metas, self.bands))

    @property
    def dtype(self) -> np.dtype:
        """The type that chips are read as."""
        return self.described.raw_dtype

    def planned(self, patcher: SpatialPatcher, watch: Callable[[float], None] | None = None) -> Plan:
        """The plan that the chips follow; refused where it is not the chips' own. ``watch``: as of ``patcher.plan``."""
        plan = patcher.plan(self.domain, watch)
        known = {chip.anchor: chip.window for chip in (*self.chips, *self.left_out, *self.failed)}
        for planned in planned_chips(plan, self.window, watch):
            anchor = anchor_of(planned)
            if known.get(anchor) != planned.window:
                allowed = (
                    f"lists no chip at row {anchor[0]}, column {anchor[1]}, where its patcher has one: split again"
                )
                raise ParameterError("chips", MANIFEST, allowed)
        return plan

    def by_index(self, planned: Iterable[PlannedChip]) -> dict[int, Chip]:
        """The chips that have a file, by their index in the plan; files are matched by the anchor."""
        at = {chip.anchor: chip for chip in self.chips}
        return {one.index: at[anchor_of(one)] for one in planned if anchor_of(one) in at}


def planned_chips(
    plan: Plan, window: PixelWindow, watch: Callable[[float], None] | None = None
) -> Iterator[PlannedChip]:
    """The chips that touch ``window``, in order, without weights of their own.

    ``watch`` is called with 0 before each row of chips.
    """
    for group in plan.without_weights().groups(window):
        if watch is not None:
            watch(0.0)
        yield from group.chips


def first_at_each_place(chips: Iterable[PlannedChip]) -> Iterator[PlannedChip]:
    """Of several chips at one place the first, since each place is one file."""
    seen = set()
    for chip in chips:
        anchor = anchor_of(chip)
        if anchor not in seen:
            seen.add(anchor)
            yield chip


def is_chip_folder(folder: str) -> bool:
    """Whether there is a manifest of chips, of any version."""
    try:
        return _loaded(folder, "chips").get("kind") == KIND
    except (OSError, ValueError):
        return False


def load_manifest(folder: str, parameter: str = "chips") -> ChipManifest:
    """The manifest of a folder; refused where there is none, or a later version of Patchwise wrote it."""
    if not os.path.isfile(os.path.join(folder, MANIFEST)):
        raise ParameterError(
            parameter, folder, f"must be a folder of chips, with the {MANIFEST} that splitraster makes"
        )
    try:
        found = _loaded(folder, parameter)
        kind, form = found.get("kind"), found.get("format")
    except ParameterError as error:
        raise ParameterError(parameter, folder, f"has a {MANIFEST} that cannot be read ({error.allowed})") from error
    if kind != KIND:
        raise ParameterError(parameter, folder, f"has a {MANIFEST} that is not of chips")
    if form != FORMAT:
        later = f"was written by Patchwise {str(found.get('version'))[:40]} in the format {str(form)[:40]}"
        raise ParameterError(
            parameter, folder, f"{later}, and this version reads the format {FORMAT}: update Patchwise"
        )
    try:
        return _manifest(found)
    except ParameterError as error:
        raise ParameterError(parameter, folder, f"has a {MANIFEST} that cannot be used: {error}") from error


def _loaded(folder: str, parameter: str) -> dict[str, Any]:
    path = os.path.join(folder, MANIFEST)
    found = parse_json(read_text(path, parameter, LIMITS), parameter, path, LIMITS)
    if not isinstance(found, dict):
        raise ParameterError(parameter, path, "it is no JSON object")
    return found


def _manifest(found: dict[str, Any]) -> ChipManifest:
    SHAPE.check(found, "")
    patcher = build(without_files(found["patcher"], "patcher"))
    if not isinstance(patcher, SpatialPatcher):
        raise ParameterError("patcher", type(patcher).__name__, "must be a SpatialPatcher")
    return ChipManifest(
        domain=_domain(found["grid"]),
        window=PixelWindow(*map(int, found["window"])),
        patcher=patcher,
        bands=tuple(_read_band(band) for band in found["bands"]),
        chips=_chips(found["chips"]),
        left_out=_chips(found["left_out"]),
        failed=_chips(found["failed"]),
        source=dict(found["source"]),
        operators=tuple(found["operators"]),
        scale=int(found["scale"]),
        categories=tuple(Category(int(v), str(n), (c[0], c[1], c[2])) for v, n, c in found["categories"]),
        labels=bool(found["labels"]),
        strip_rows=int(found["strip_rows"]),
    )


def _band(band: ChipBand) -> dict[str, Any]:
    entry = {**vars(band), "meta": band.meta.to_json()}
    return {key: value for key, value in entry.items() if value != {}}


def _read_band(entry: Mapping[str, Any]) -> ChipBand:
    known = {key: entry[key] for key in _BAND_KEYS & entry.keys()}  # a later version may have more
    return ChipBand(**{**known, "meta": BandMeta.from_json(entry.get("meta", {}))})


def _written(chip: Chip) -> dict[str, Any]:
    entry = {**vars(chip), "anchor": list(chip.anchor), "window": list(chip.window), "valid": round(chip.valid, 6)}
    return {key: value for key, value in entry.items() if value != ""}


def _chips(entries: Sequence[Mapping[str, Any]]) -> tuple[Chip, ...]:
    chips = []
    for entry in entries:
        for path in (entry.get("path"), entry.get("label")):
            if path and not _PATH.fullmatch(path):
                raise ParameterError("path", path[:200], "must be a file of the folder itself")
        row, col = entry["anchor"]
        window = PixelWindow(*map(int, entry["window"]))
        texts = [str(entry.get(key, "")) for key in ("path", "label", "reason")]
        chips.append(Chip(texts[0], (int(row), int(col)), window, float(entry["valid"]), texts[1], texts[2]))
    return tuple(chips)


def _grid(domain: RasterDomain) -> dict[str, Any]:
    transform = None if domain.transform is None else list(domain.transform)[:6]
    grid: dict[str, Any] = {"shape": list(domain.shape), "transform": transform}
    grid["crs"] = crs_text(domain.crs) if domain.crs else None
    if domain.control is not None:
        grid["control"] = {"points": [list(p) for p in domain.control.points], "rpcs": dict(domain.control.rpcs)}
    return grid


def _domain(grid: Mapping[str, Any]) -> RasterDomain:
    from rasterio.crs import CRS
    from rasterio.transform import Affine

    height, width = grid["shape"]
    transform = None if grid["transform"] is None else Affine(*grid["transform"])
    try:
        with gdal_env():
            crs = None if grid["crs"] is None else CRS.from_user_input(checked_crs(grid["crs"], "grid.crs"))
    except ParameterError:
        raise
    except Exception as error:  # rasterio and PROJ raise many types here, and all mean the same to the user
        raise ParameterError("grid.crs", str(grid["crs"])[:80], f"must be a CRS ({error})") from error
    control = grid.get("control")
    return RasterDomain((int(height), int(width)), transform, crs, None if control is None else _control(control))


def _control(control: Mapping[str, Any]) -> GroundControl:
    points = []
    for point in control["points"]:
        row, col, x, y, z = map(float, point[:5])
        points.append(ControlPoint(row, col, x, y, z, *map(str, point[5:7])))
    return GroundControl(tuple(points), tuple((str(key), str(value)) for key, value in control["rpcs"].items()))
