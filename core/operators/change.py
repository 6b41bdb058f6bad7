"""Change between two dates: dNBR, RdNBR and dNDVI, and the classes of burn severity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.categories import Category, colour_of
from ..base.errors import ParameterError
from .band_roles import check_roles, format_roles
from .base import Operator
from .index import Index, float_chip
from .reflectance import PerBand, Reflectance

#: Which index is compared, and whether its loss is divided by the root of the value before.
CHANGES: dict[str, tuple[str, bool]] = {"dNBR": ("NBR", False), "RdNBR": ("NBR", True), "dNDVI": ("NDVI", False)}

#: Classes of burn severity: lower bound, name and colour. A value on a bound belongs to the class above it.
_Classes = tuple[tuple[float, str, str], ...]
_SEVERITY: dict[str, _Classes] = {
    # Key and Benson 2006, table LA-2, as dNBR x 1000: -250, -100, 100, 270, 440 and 660.
    "dNBR": (
        (-np.inf, "enhanced regrowth, high", "#01665e"),
        (-0.25, "enhanced regrowth, low", "#80cdc1"),
        (-0.1, "unburned", "#e6e6e6"),
        (0.1, "low severity", "#fed976"),
        (0.27, "moderate-low severity", "#fd8d3c"),
        (0.44, "moderate-high severity", "#e31a1c"),
        (0.66, "high severity", "#800026"),
    ),
    # Miller and Thode 2007, as RdNBR x 1000: 69, 316 and 641.
    "RdNBR": (
        (-np.inf, "unchanged", "#e6e6e6"),
        (0.069, "low severity", "#fed976"),
        (0.316, "moderate severity", "#fd8d3c"),
        (0.641, "high severity", "#800026"),
    ),
}


class Change(Operator):
    """The loss of an index from a first image to a second, of chips that hold both: its ``bands_each`` bands, twice.

    ``name`` is one of :data:`CHANGES`. dNBR and dNDVI are before minus after, so that loss is
    positive; RdNBR is that divided by the square root of the absolute NBR before (Miller and Thode 2007), unknown where
    that is 0. Values are not multiplied by 1000, as published ones often are. ``roles`` are positions in the first
    image and hold for the second too; ``scale`` and ``offset`` are as for :class:`Index`, where a list has a value for
    each band of one image, or of both.

    ``severity``: classes of burn severity instead, as labels from 1 with :attr:`categories` (Key and Benson 2006 for
    dNBR, Miller and Thode 2007 for RdNBR). The first and the last class have no outer bound.
    """

    used: tuple[int, ...] = ()
    pointwise = applies_scale = True
    output_bands = 1

    def __init__(
        self,
        name: str,
        roles: Mapping[str, int],
        bands_each: int,
        scale: PerBand = None,
        offset: PerBand = None,
        severity: bool = False,
        parameter: str = "index",
        names: Sequence[str] = (),
    ) -> None:
        self.name = _change_name(name, parameter)
        if isinstance(bands_each, bool) or not isinstance(bands_each, int) or bands_each < 1:
            raise ParameterError("bands_each", bands_each, "must be the number of bands of each of the two images")
        if severity and self.name not in _SEVERITY:
            allowed = f"classes of burn severity are defined for {' and '.join(_SEVERITY)}"
            raise ParameterError(parameter, self.name, f"{allowed}; choose one of them, or values without classes")
        self.bands_each, self.severity, self._parameter = bands_each, bool(severity), parameter
        index, self._relative = CHANGES[self.name]
        roles = check_roles(roles)
        both = Reflectance(_twice(scale, bands_each), _twice(offset, bands_each))
        both.check(2 * bands_each)
        self.before = Index(index, roles, both.scale, both.offset, parameter, names)
        if self.before.used[-1] >= bands_each:
            allowed = f"roles must be of the {bands_each} band(s) of each image, and are {format_roles(roles)}"
            raise ParameterError(parameter, self.name, allowed)
        after = {role: position + bands_each for role, position in self.before.roles.items()}
        self.after = Index(index, after, both.scale, both.offset, parameter)
        self.roles, self.reflectance = self.before.roles, both
        self.used = self.before.used + self.after.used
        self.output_names = (f"{self.name} severity" if self.severity else self.name,)
        self.labels = self.severity
        if self.severity:
            classes = _SEVERITY[self.name]
            self.categories = tuple(Category(k + 1, text, colour_of(c)) for k, (_, text, c) in enumerate(classes))

    def rebased(self) -> Change:
        """The same for chips that hold the bands ``used`` only."""
        each = len(self.before.used)
        roles = {role: self.used.index(position) for role, position in self.roles.items()}
        moved = self.reflectance.moved(self.used)
        return Change(self.name, roles, each, moved.scale, moved.offset, self.severity, self._parameter)

    def __call__(self, chip: Any) -> np.ndarray:
        """``(1, h, w)``: values, or labels from 1; NaN where either image is unknown."""
        array = float_chip(chip)
        if len(array) < 2 * self.bands_each:
            allowed = f"it is for chips of two images of {self.bands_each} band(s), and this one has {len(array)} bands"
            raise ParameterError(self._parameter, self.name, allowed)
        with np.errstate(all="ignore"):
            precise = array.astype(np.float64, copy=False)
            before, after = self.before(precise), self.after(precise)
            change = before - after
            if self._relative:
                change = np.where(before == 0, np.nan, change / np.sqrt(np.abs(before)))
        if self.severity:
            change = _classes(change, [start for start, _, _ in _SEVERITY[self.name][1:]])
        return change.astype(array.dtype, copy=False)

    def warning_for(self, values: np.ndarray) -> str:
        """ "" as neither NBR nor NDVI is changed by a common factor."""
        return self.before.warning_for(values) or self.after.warning_for(values)

    def get_config(self) -> dict[str, Any]:
        """The parameters; ``severity``, ``scale`` and ``offset`` if given."""
        config = {"name": self.name, "roles": dict(self.roles), "bands_each": self.bands_each}
        return {**config, **self.reflectance.config(), **({"severity": True} if self.severity else {})}


def _change_name(name: str, parameter: str) -> str:
    for known in CHANGES:
        if name.strip().lower() == known.lower():
            return known
    raise ParameterError(parameter, name, f"must be one of {', '.join(CHANGES)}")


def _twice(value: PerBand, bands: int) -> PerBand:
    """One value for each band of both images, where there is one for each band of one."""
    if isinstance(value, (list, tuple)) and len(value) == bands:
        return [*value, *value]
    return value


def _classes(values: np.ndarray, starts: Sequence[float]) -> np.ndarray:
    """1 below the first bound, and 1 more for each bound that is reached; NaN where the value is NaN."""
    # Bounds are not exact in float64: a difference on one may be a rounding below it.
    labels = 1.0 + sum((values >= start - 1e-12).astype(np.float64) for start in starts)
    return np.where(np.isnan(values), np.nan, labels)
