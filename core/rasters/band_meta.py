"""What is known of a band besides its values and follows it: its wavelength, and names and colours of its classes.

A band that an operator passes on (:attr:`~.operators.base.Operator.passes`) takes this along: into the result, into
chips and their manifest, and from there into the stitched raster. All else that a file says of a band, such as its
statistics, is true of that file only.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from ..base.errors import ParameterError
from ..gdal.environment import load_rasterio

Colours = tuple[tuple[int, tuple[int, int, int, int]], ...]
Names = tuple[tuple[int, str], ...]

#: Items of a band's metadata that follow it, by domain; GDAL writes IMAGERY since 3.10.
_ITEMS = {
    "": (
        "wavelength", "wavelengths", "wavelength_unit", "wavelength_units", "center_wavelength", "centre_wavelength",
        "central_wavelength", "wavelength_center", "fwhm", "fwhm_unit", "fwhm_units", "bandwidth",
    ),
    "IMAGERY": ("central_wavelength_um", "fwhm_um"),
}  # fmt: skip
# What the ENVI header lists by band, and GDAL gives only as a list of the whole raster.
_LISTED = ("wavelength", "fwhm")
_CLASSIFIED = ("uint8", "uint16")  # types of which a GeoTIFF can have a colour table
# Usages of GDAL's raster attribute tables.
_NAME, _LEAST, _MOST, _VALUE, _RED, _GREEN, _BLUE = "2", "3", "4", "5", "6", "7", "8"
_BLACK = ((0, 0, 0, 255), (0, 0, 0, 0))  # entries of a colour table that were not set


@dataclass(frozen=True)
class Classes:
    """Values of type ``dtype`` that are classes: their ``colours`` (red, green, blue, alpha) and ``names``."""

    dtype: str
    colours: Colours = ()
    names: Names = ()

    def __post_init__(self) -> None:
        """Refuse values that the type does not have: a colour table is as long as its largest value."""
        if self.dtype not in _CLASSIFIED:
            raise ParameterError("classes", self.dtype, f"must be of the type {' or '.join(_CLASSIFIED)}")
        most = _most(self.dtype)
        for value, _ in (*self.colours, *self.names):
            if not 0 <= value <= most:
                raise ParameterError("classes", value, f"must be values from 0 to {most}")
        if not all(0 <= part <= 255 for _, colour in self.colours for part in colour):
            raise ParameterError("classes", self.dtype, "must have colours of numbers from 0 to 255")


@dataclass(frozen=True)
class BandMeta:
    """``items``: (domain, key, value) of the band's metadata. ``classes``: None where values are no classes."""

    items: tuple[tuple[str, str, str], ...] = ()
    classes: Classes | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON; {} where nothing is known."""
        found: dict[str, Any] = {"items": [list(item) for item in self.items]} if self.items else {}
        if self.classes is not None:
            found["classes"] = {
                "dtype": self.classes.dtype,
                "colours": [[value, *colour] for value, colour in self.classes.colours],
                "names": [list(entry) for entry in self.classes.names],
            }
        return found

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> BandMeta:
        """What :meth:`to_json` gave."""
        items = tuple((str(domain), str(key), str(value)) for domain, key, value in found.get("items", ()))
        given, classes = found.get("classes"), None
        if given is not None:
            colours = tuple((int(v), (int(r), int(g), int(b), int(a))) for v, r, g, b, a in given["colours"])
            classes = Classes(str(given["dtype"]), colours, tuple((int(v), str(n)) for v, n in given["names"]))
        return cls(items, classes)


def read_meta(dataset: Any, indices: Sequence[int]) -> tuple[BandMeta, ...]:
    """What is known of bands ``indices`` (from 1) of an open rasterio dataset; no pixel is read."""
    listed = _envi_lists(dataset)
    classified = [index for index in indices if dataset.dtypes[index - 1] in _CLASSIFIED]
    described = _described(dataset) if classified else {}
    return tuple(
        BandMeta(
            _items(dataset, index, listed),
            _classes(dataset, index, described.get(index, "")) if index in classified else None,
        )
        for index in indices
    )


class Described(Protocol):
    """What is asked of a raster."""

    @property
    def scaled(self) -> Any:
        """Whether scale and offset are applied to its values."""

    @property
    def band_meta(self) -> tuple[BandMeta, ...]:
        """What follows each band."""


class Passing(Protocol):
    """What is asked of an operator."""

    @property
    def passes(self) -> tuple[int | None, ...]:
        """For each output band, the position of the band that it equals, or None; () where it is not known."""


class Stitching(Protocol):
    """What is asked of an aggregation."""

    @property
    def idempotent(self) -> bool:
        """Equal contributions to a pixel give that value."""


def passed_on(raster: Described, operator: Passing, aggregation: Stitching, dtype: np.dtype) -> tuple[BandMeta, ...]:
    """What is known of the output bands, of type ``dtype``; () where the operator does not declare what it passes.

    Law: classes follow a band where its values do: as they are stored, in their own type, and by an aggregation of
    which equal contributions give that value.
    """
    same = aggregation.idempotent and not raster.scaled
    known = raster.band_meta
    return tuple(
        BandMeta() if position is None else _as(known[position], dtype if same else None)
        for position in operator.passes
    )


def write_meta(dataset: Any, metas: Sequence[BandMeta]) -> None:
    """Give a rasterio dataset that is being written what is known of its bands, before its pixels; see also
    :func:`names_of`.
    """
    for index, meta in enumerate(metas, 1):
        for domain in dict.fromkeys(domain for domain, _, _ in meta.items):
            items = {key: value for where, key, value in meta.items if where == domain}
            dataset.update_tags(index, **({"ns": domain} if domain else {}), **items)
    classes = metas[0].classes if len(metas) == 1 else None
    if classes is not None and classes.colours:
        dataset.write_colormap(1, dict(classes.colours))


def names_of(metas: Sequence[BandMeta], nodata: float | None) -> tuple[tuple[int, str, tuple[int, ...]], ...]:
    """Value, name and colour of the classes of a single band, for ``class_names.write_names``."""
    classes = metas[0].classes if len(metas) == 1 else None
    if classes is None or not classes.names:
        return ()
    colours = {value: colour[:3] for value, colour in classes.colours}
    black = _BLACK[0][:3] if colours else ()
    return tuple((value, name, colours.get(value, black)) for value, name in classes.names if value != nodata)


def without_classes(meta: BandMeta) -> BandMeta:
    """The same without classes, for values that are made of several."""
    return replace(meta, classes=None)


def _as(meta: BandMeta, dtype: np.dtype | None) -> BandMeta:
    if meta.classes is None or (dtype is not None and meta.classes.dtype == dtype.name):
        return meta
    return without_classes(meta)


def _items(dataset: Any, index: int, listed: Mapping[str, Sequence[str]]) -> tuple[tuple[str, str, str], ...]:
    found: list[tuple[str, str, str]] = []
    for domain, wanted in _ITEMS.items():
        tags = dataset.tags(index, ns=domain) if domain else dataset.tags(index)
        found += [(domain, key, value) for key, value in tags.items() if key.casefold() in wanted]
    there = {key.casefold() for _, key, _ in found}
    found += [("", key, values[index - 1]) for key, values in listed.items() if key not in there]
    return tuple(found)


def _envi_lists(dataset: Any) -> dict[str, list[str]]:
    if dataset.driver != "ENVI":
        return {}
    header = {key.casefold(): value for key, value in dataset.tags(ns="ENVI").items()}
    lists = {key: [part.strip() for part in header.get(key, "").strip("{} ").split(",")] for key in _LISTED}
    return {key: values for key, values in lists.items() if len(values) == dataset.count}


def _classes(dataset: Any, index: int, described: str) -> Classes | None:
    colours: dict[int, tuple[int, int, int, int]] = {}
    with suppress(ValueError):  # there is no colour table
        colours = {int(v): tuple(c) for v, c in dataset.colormap(index).items() if tuple(c) not in _BLACK}  # type: ignore[misc]
    most = _most(dataset.dtypes[index - 1])
    names, table = _table(described, most)
    if not names:
        names = {value: name for value, name in enumerate(_texts(described, "Category")) if name and value <= most}
    colours = colours or table
    if not colours and not names:
        return None
    return Classes(dataset.dtypes[index - 1], tuple(sorted(colours.items())), tuple(sorted(names.items())))


def _described(dataset: Any) -> dict[int, str]:
    """Each band as GDAL describes it in XML, which alone tells names and attribute tables by way of rasterio."""
    rasterio = load_rasterio()
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy

    try:
        with MemoryFile(filename="described.vrt") as memory:
            copy(dataset, memory.name, driver="VRT")
            text = memory.read().decode("utf-8", "replace")
    except (rasterio.errors.RasterioError, OSError, ValueError):
        return {}
    bands = re.findall(r'<VRTRasterBand [^>]*?\bband="(\d+)"[^>]*>(.*?)</VRTRasterBand>', text, re.DOTALL)
    return {int(number): inside for number, inside in bands}


def _most(dtype: str) -> int:
    return int(np.iinfo(dtype).max)


def _table(described: str, most: int) -> tuple[dict[int, str], dict[int, tuple[int, int, int, int]]]:
    """Names and colours of an attribute table that lists values one by one."""
    table = re.search(r"<GDALRasterAttributeTable\b[^>]*>(.*?)</GDALRasterAttributeTable>", described, re.DOTALL)
    if table is None:
        return {}, {}
    fields = re.findall(r"<FieldDefn\b[^>]*>(.*?)</FieldDefn>", table[1], re.DOTALL)
    usages = {_first(field, "Usage"): k for k, field in reversed(list(enumerate(fields)))}
    called = {_first(field, "Name").casefold(): k for k, field in reversed(list(enumerate(fields)))}
    value = usages.get(_VALUE, called.get("value", usages.get(_LEAST)))
    name = usages.get(_NAME, next((called[key] for key in ("class", "class_name", "name") if key in called), None))
    if value is None:
        return {}, {}
    names, colours = {}, {}
    for row in re.findall(r"<Row\b[^>]*>(.*?)</Row>", table[1], re.DOTALL):
        cells = list(_texts(row, "F"))
        with suppress(ValueError, IndexError, OverflowError):
            number = float(cells[value])
            if (
                number != int(number)
                or not 0 <= number <= most
                or (_MOST in usages and float(cells[usages[_MOST]]) != number)
            ):
                continue
            if name is not None and cells[name]:
                names[int(number)] = cells[name]
            if {_RED, _GREEN, _BLUE} <= set(usages):
                red, green, blue = (int(float(cells[usages[part]])) for part in (_RED, _GREEN, _BLUE))
                if all(0 <= part <= 255 for part in (red, green, blue)):
                    colours[int(number)] = (red, green, blue, 255)
    return names, colours


def _first(text: str, element: str) -> str:
    return next(iter(_texts(text, element)), "")


def _texts(text: str, element: str) -> Iterable[str]:
    found = re.finditer(rf"<{element}(?:/>|>(.*?)</{element}>)", text, re.DOTALL)
    return (html.unescape(match[1] or "") for match in found)
