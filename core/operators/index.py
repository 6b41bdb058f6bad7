"""Spectral indices as operators: NDVI, NDWI, EVI and others by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.errors import ParameterError
from ..expression.compiler import Program, compile_expression
from .band_roles import NOT_REFLECTIVE, ROLES, check_roles, format_roles
from .base import Operator
from .index_table import IndexFormula, find_index
from .reflectance import PerBand, Reflectance


def float_chip(chip: Any) -> np.ndarray:
    """The chip as ``(bands, h, w)`` of a float type."""
    array = np.asarray(chip)
    array = array[None] if array.ndim == 2 else array
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def needed_roles(index: IndexFormula, roles: Mapping[str, int], names: Sequence[str], parameter: str) -> dict[str, int]:
    """The positions of the roles that the index needs; a missing one is refused, with the roles that are there."""
    missing = [role for role in index.roles if role not in roles]
    if missing:
        wanted = ", ".join(f"{role} ({ROLES[role]})" for role in missing)
        there = f"the roles given are {format_roles(roles)}" if roles else "no band has a role"
        bands = f"; the bands are {', '.join(name or '(no name)' for name in names)}" if names else ""
        allowed = f"{index.name} needs a band for {wanted}, and {there}{bands}; give the roles, such as B=1 G=2 R=3 N=4"
        raise ParameterError(parameter, index.name, allowed)
    return {role: roles[role] for role in index.roles}


class Index(Operator):
    """A spectral index by its ``name``, of the bands that ``roles`` names, as positions from 0 (see ``band_roles``).

    ``scale`` and ``offset`` convert the bands to reflectance first: ``value * scale + offset``, one number (for all but
    thermal and radar bands) or one for each band of the chip. The output is one band of the chip's float type, NaN
    where a band is unknown or the formula is not defined. Unless a common factor cancels out and there is no offset,
    the formula is computed in float64 and rounded once. ``names``, of the bands, are for messages only. ``used`` are
    the positions read; :meth:`rebased` is the same index for chips of those bands.
    """

    used: tuple[int, ...] = ()
    pointwise = applies_scale = True
    output_bands = 1

    def __init__(
        self,
        name: str,
        roles: Mapping[str, int],
        scale: PerBand = None,
        offset: PerBand = None,
        parameter: str = "index",
        names: Sequence[str] = (),
    ) -> None:
        self.index = find_index(name, parameter)
        self.name, self.formula = self.index.name, self.index.formula
        self.roles = needed_roles(self.index, check_roles(roles), names, parameter)
        self.reflectance = Reflectance(scale, offset)
        self.used = tuple(sorted(set(self.roles.values())))
        self.reflectance.check(self.used[-1] + 1)
        self.output_names = (self.name,)
        self._parameter = parameter
        self._program: Program = compile_expression(self.formula, {role: k for k, role in enumerate(self.roles)})
        # A common factor cancels out.
        self._plain = not self.index.needs_reflectance and not self.reflectance.shifts

    def rebased(self) -> Index:
        """The index for chips that hold the bands ``used`` only."""
        return self.moved(self.used)

    def moved(self, positions: Sequence[int]) -> Index:
        """The index for chips that hold the bands at ``positions``, in that order."""
        roles = {role: positions.index(position) for role, position in self.roles.items()}
        reflectance = self.reflectance.moved(positions)
        return Index(self.name, roles, reflectance.scale, reflectance.offset, self._parameter)

    def __call__(self, chip: Any) -> np.ndarray:
        """``(1, h, w)``."""
        array = float_chip(chip)
        self._check(array)
        if self._plain:
            return self._program([array[position] for position in self.roles.values()])[0][None]
        with np.errstate(all="ignore"):
            values = self._program(self.reflectances(array))[0]
            return values.astype(array.dtype, copy=False)[None]

    def reflectances(self, array: np.ndarray) -> list[np.ndarray]:
        """The formula's bands in the order of ``roles``, in float64, after scale and offset."""
        return [
            self.reflectance.apply(array[position], position, role not in NOT_REFLECTIVE)
            for role, position in self.roles.items()
        ]

    def warning_for(self, values: np.ndarray) -> str:
        """A warning where ``values`` are not plausible as reflectance; "" where a common factor does not matter."""
        array = np.asarray(values)
        self._check(array)
        reflective = [role not in NOT_REFLECTIVE for role in self.roles]
        if not self.index.needs_reflectance or not any(reflective):
            return ""
        after = [band for band, keep in zip(self.reflectances(array), reflective) if keep]
        before = [array[position] for position, keep in zip(self.roles.values(), reflective) if keep]
        return self.reflectance.warning(self.name, np.stack(before), np.stack(after))

    def _check(self, array: np.ndarray) -> None:
        if len(array) <= self.used[-1]:
            allowed = f"with {format_roles(self.roles)} it is for chips of {self.used[-1] + 1} bands or more"
            raise ParameterError(self._parameter, self.name, f"{allowed}, and this one has {len(array)}")

    def get_config(self) -> dict[str, Any]:
        """``name`` and ``roles``, and ``scale`` and ``offset`` if given."""
        return {"name": self.name, "roles": dict(self.roles), **self.reflectance.config()}
