"""Settings of a raster that replace those of its file: another CRS, other values that mean "no data".

In QGIS these are settings of a layer. A view is plain values, so that it goes into a run's record and comes back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base.errors import ParameterError
from ..base.trust import checked_crs

# Distance to the end of a range up to which a value counts as that end, as in QGIS.
_NEAR = 4 * float(np.finfo(np.float64).eps)
# GDAL's open options are in capitals, and so never the name of a parameter of rasterio.open.
_OPTION = re.compile(r"[A-Z][A-Z0-9_]*")
# Values of options that can name neither a file nor a server.
_PLAIN = re.compile(r"[\w.,+-]{0,64}", re.ASCII)


@dataclass(frozen=True)
class NodataRange:
    """Values that mean "no data": from ``low`` to ``high``, each of which is one of them or not.

    An infinite end is no end, and infinities are in the range then. NaN is never asked for: it is unknown anyway.
    """

    low: float = -math.inf
    high: float = math.inf
    with_low: bool = True
    with_high: bool = True


@dataclass(frozen=True)
class BandView:
    """What a band's values mean: ``ranges`` of unknown ones; ``declared``: whether the file's own nodata value counts.

    Ranges speak of values with the file's scale and offset applied, whatever else is done with them.
    """

    ranges: tuple[NodataRange, ...] = ()
    declared: bool = True


#: A band as its file says.
PLAIN_BAND = BandView()


@dataclass(frozen=True)
class RasterView:
    """How a raster is to be seen; without arguments: as its file says.

    ``crs`` is an authority's code or WKT, "" for a raster that is to have none, None for the file's own. ``bands`` are
    pairs of a band's number from 1 and its :class:`BandView`. ``options`` are GDAL's open options, as pairs.
    """

    crs: str | None = None
    bands: tuple[tuple[int, BandView], ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse names that no open option has."""
        for key, _ in self.options:
            if not _OPTION.fullmatch(key):
                raise ParameterError("open options", key, "must be an option of GDAL, in capital letters")

    def band(self, number: int) -> BandView:
        """How band ``number`` is to be seen."""
        return dict(self.bands).get(number, PLAIN_BAND)

    def record(self) -> dict[str, Any]:
        """What a run's record says of it, as plain JSON; empty where all is as in the file."""
        found: dict[str, Any] = {} if self.crs is None else {"crs": self.crs}
        if self.bands:
            found["nodata"] = [
                {"band": number, "declared": view.declared, "ranges": [_ends(one) for one in view.ranges]}
                for number, view in self.bands
            ]
        if self.options:
            found["options"] = dict(self.options)
        return found

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> RasterView:
        """The view of a record: ``from_record(view.record()) == view``. Refuses what is none.

        A record may come from another user: a CRS that GDAL would look up at an address, and an option that could name
        a file or a server, are refused.
        """
        try:
            crs, options = record.get("crs"), record.get("options") or {}
            if crs is not None and not isinstance(crs, str):
                raise TypeError("crs is no text")
            bands = tuple((int(entry["band"]), _band(entry)) for entry in record.get("nodata") or ())
            view = cls(
                checked_crs(crs, "input.crs") if crs else crs,
                bands,
                tuple((str(k), str(v)) for k, v in options.items()),
            )
        except ParameterError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            shown = {key: record.get(key) for key in ("crs", "nodata", "options")}
            allowed = f"does not say how the raster is to be seen ({type(error).__name__}: {error})"
            raise ParameterError("input", shown, allowed) from error
        for key, value in view.options:
            if not _PLAIN.fullmatch(value):
                allowed = "must be a plain word or number where a record says it: choose the input yourself"
                raise ParameterError(f"input.options.{key}", value, allowed)
        return view


#: A raster as its file says.
AS_IN_FILE = RasterView()


@dataclass(frozen=True)
class Hidden:
    """Ranges of values of a band of ``dtype`` that mean "no data", made ready to be compared.

    ``bounds`` are pairs of its lowest and highest value. Where ``scale`` and ``offset`` are not 1 and 0, they are of
    the values with these applied, as ``scaled_dtype``.
    """

    bounds: tuple[tuple[Any, Any], ...]
    scale: float = 1.0
    offset: float = 0.0
    scaled_dtype: str = "float32"

    def of(self, raw: np.ndarray) -> np.ndarray:
        """A new bool array: where the raw values are in one of the ranges."""
        values = raw
        if (self.scale, self.offset) != (1.0, 0.0):
            values = (raw.astype(np.float64) * self.scale + self.offset).astype(self.scaled_dtype)
        found: np.ndarray | None = None
        for low, high in self.bounds:
            here = values == low if low == high else values >= low
            if low != high:
                here &= values <= high
            found = here if found is None else np.logical_or(found, here, out=found)
        return np.zeros(values.shape, bool) if found is None else found


def hidden(ranges: Iterable[NodataRange], dtype: np.dtype, scale: float = 1.0, offset: float = 0.0) -> Hidden | None:
    """What ``ranges`` hide of a band of ``dtype`` that declares ``scale`` and ``offset``; None where it is nothing.

    Law: a value ``v`` of ``dtype`` is hidden where a range has it when compared in float64. Scaled values are compared
    as float32, or float64 where the file has that, as QGIS does.
    """
    scaled = (scale, offset) != (1.0, 0.0)
    as_compared = np.dtype("float64" if dtype == np.float64 else "float32") if scaled else dtype
    found = tuple(pair for one in ranges for pair in [_bounds(one, as_compared)] if pair is not None)
    return Hidden(found, scale, offset, as_compared.name) if found else None


def _bounds(one: NodataRange, dtype: np.dtype) -> tuple[Any, Any] | None:
    """The lowest and the highest value of ``dtype`` in a range; None where it has none."""
    low = one.low - _NEAR if one.with_low else one.low
    high = one.high + _NEAR if one.with_high else one.high
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        first = limits.min if low < limits.min else math.ceil(low) if low <= limits.max else limits.max + 1
        last = limits.max if high > limits.max else math.floor(high) if high >= limits.min else limits.min - 1
        first += not one.with_low and first == one.low
        last -= not one.with_high and last == one.high
        return (dtype.type(first), dtype.type(last)) if first <= last else None
    with np.errstate(over="ignore"):
        bottom, top = dtype.type(low), dtype.type(high)
    if float(bottom) < low or (float(bottom) == one.low and not one.with_low and math.isfinite(one.low)):
        bottom = np.nextafter(bottom, dtype.type(np.inf))
    if float(top) > high or (float(top) == one.high and not one.with_high and math.isfinite(one.high)):
        top = np.nextafter(top, dtype.type(-np.inf))
    return (bottom, top) if bottom <= top else None


def _ends(one: NodataRange) -> list[Any]:
    low, high = (end if math.isfinite(end) else None for end in (one.low, one.high))
    return [low, high, one.with_low, one.with_high]


def _band(entry: Mapping[str, Any]) -> BandView:
    ranges = []
    for low, high, with_low, with_high in entry.get("ranges") or ():
        ends = (-math.inf if low is None else float(low)), (math.inf if high is None else float(high))
        ranges.append(NodataRange(*ends, bool(with_low), bool(with_high)))
    return BandView(tuple(ranges), bool(entry.get("declared", True)))
