"""Classification by rules, such as "water: NDWI > 0.1"."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.errors import ExpressionError, ParameterError
from ..expression.compiler import Program, compile_expression
from ..expression.functions import CONSTANTS, FUNCTIONS
from .band_roles import NOT_REFLECTIVE, check_roles
from .base import Operator
from .expression import variable_names
from .index import Index, float_chip
from .index_table import INDICES, find_index, is_index
from .reflectance import PerBand, Reflectance
from .rules import Rule, parse_rules

_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")


class Classify(Operator):
    """Labels by ``rules`` (the language is described in ``rules.py``): from 1 in the order in which names appear.

    0 is for known pixels that match no rule. Rules are evaluated in order; a pixel for which a rule cannot be decided,
    because a band is unknown or an index is not defined there, is NaN. A rule with ``isnan`` before it can match such
    pixels.

    Conditions are band expressions over ``b1``, ``b2``, ..., the ``names`` of the bands, and where ``roles`` are given
    (positions from 0) the roles' letters and the names of indices; of a name with two meanings the first in this list
    applies. ``scale`` and ``offset`` convert the bands to reflectance first: one number (for bands whose
    role is not thermal or radar; without ``roles``, for all), or one for each band. An index has the values that
    :class:`Index` gives.

    The output is one band of whole numbers of the chip's float type, with :attr:`categories`. ``used`` are the
    positions of the bands that are read, and :meth:`rebased` is the same for chips of those bands only.
    """

    name = "classify"
    labels = applies_scale = True
    output_bands = 1
    output_names = ("class",)

    def __init__(
        self,
        rules: str,
        bands: int,
        names: Sequence[str] = (),
        roles: Mapping[str, int] | None = None,
        scale: PerBand = None,
        offset: PerBand = None,
        parameter: str = "rules",
    ) -> None:
        if isinstance(bands, bool) or not isinstance(bands, int) or bands < 1:
            raise ParameterError("bands", bands, "must be the number of bands of the chips")
        self.rules, self.bands, self.names, self._parameter = rules, bands, tuple(names), parameter
        self.roles = check_roles(roles or {})
        if any(position >= bands for position in self.roles.values()):
            raise ParameterError("band roles", self.roles, f"positions must be below {bands}, the number of bands")
        self.reflectance = Reflectance(scale, offset)
        self.reflectance.check(bands)
        self._rules, self.categories = parse_rules(rules, parameter)
        self._variables = variable_names(bands, names)
        for role, position in self.roles.items():
            self._variables.setdefault(role, position)
        self._compile()
        self._place = {position: position for position in range(bands)}

    def _compile(self) -> None:
        """Compile the conditions; variables are the bands, then the indices: position ``bands + k`` is index ``k``."""
        self.indices: list[Index] = []
        for rule in self._rules:
            self._find_indices(rule)
        variables = {**self._variables, **{index: self.bands + k for k, index in enumerate(self._index_names)}}
        self._programs = [self._condition(rule, variables) for rule in self._rules]
        read = {position for program in self._programs if program for position in program.used}
        for k, index in enumerate(self.indices):
            read.update(index.used if self.bands + k in read else ())
        self.used = tuple(sorted(position for position in read if position < self.bands))
        self.pointwise = all(program.pointwise for program in self._programs if program)

    @property
    def _index_names(self) -> list[str]:
        return [index.name for index in self.indices]

    def _find_indices(self, rule: Rule) -> None:
        """Collect the indices that a condition names; refuse one whose bands are missing, with its column."""
        for match in _NAME.finditer(rule.condition or ""):
            name = match.group()
            taken = name in self._variables or name in FUNCTIONS or name in CONSTANTS or name in self._index_names
            if taken or not is_index(name):
                continue
            try:
                scale, offset = self.reflectance.scale, self.reflectance.offset
                if find_index(name, self._parameter).name != name:
                    continue  # in another spelling: the compiler suggests the right one
                self.indices.append(Index(name, self.roles, scale, offset, self._parameter, self.names))
            except ParameterError as error:
                raise self._refused(rule, match.start() + 1, error.allowed) from None

    def _condition(self, rule: Rule, variables: Mapping[str, int]) -> Program | None:
        if rule.condition is None:
            return None
        try:
            program = compile_expression(rule.condition, variables, self._parameter)
        except ExpressionError as error:
            raise self._refused(rule, error.column, self._with_indices(rule, error)) from None
        if not program.conditions[0]:
            allowed = "a rule needs a condition and this is a number: compare it, as in NDWI > 0.1"
            raise self._refused(rule, 1, allowed)
        return program

    def _with_indices(self, rule: Rule, error: ExpressionError) -> str:
        """What is allowed, with the index that may have been meant."""
        match = _NAME.match(rule.condition or "", max(error.column - 1, 0))
        if match is None or "no variable" not in error.reason:
            return error.reason
        close = difflib.get_close_matches(match.group().upper(), INDICES, 1)
        meant = f" (did you mean the index {close[0]}?)" if close and "did you mean" not in error.reason else ""
        return f"{error.reason}, and the names of indices{meant or ', such as NDVI and NDWI'}"

    def _refused(self, rule: Rule, column: int, allowed: str) -> ExpressionError:
        return ExpressionError(rule.text, rule.column + max(column, 1) - 1, allowed, self._parameter, rule.line)

    def rebased(self) -> Classify:
        """The classification for chips that hold the bands ``used`` only (the first band if it uses none)."""
        other = copy.copy(self)
        keep = self.used or (0,)
        other._place = {position: k for k, position in enumerate(keep)}
        other.indices = [index.moved(keep) for index in self.indices]
        return other

    def __call__(self, chip: Any) -> np.ndarray:
        """``(1, h, w)`` labels."""
        array = float_chip(chip)
        if len(array) < len(self._place):
            allowed = f"they are for chips of {len(self._place)} band(s), and this one has {len(array)}"
            raise ParameterError(self._parameter, self.rules, allowed)
        labels = np.zeros(array.shape[1:], array.dtype)
        open_ = np.ones(labels.shape, bool)
        known: dict[int, np.ndarray] = {}
        for rule, program in zip(self._rules, self._programs):
            if program is None:
                labels[open_] = rule.value
                break
            answer = program(self._environment(program, array, known))[0]
            np.copyto(labels, rule.value, where=open_ & (answer == 1))
            np.copyto(labels, np.nan, where=open_ & np.isnan(answer))
            open_ &= answer == 0
            if not open_.any():
                break
        return labels[None]

    def _environment(self, program: Program, array: np.ndarray, known: dict[int, np.ndarray]) -> list[np.ndarray]:
        """The variables of a condition by position; unused ones are any band. ``known``: indices computed so far."""
        for position in program.used:
            if position not in known:
                known[position] = self._variable(position, array)
        last = max(program.used, default=0)
        return [known.get(position, array[0]) for position in range(last + 1)]

    def _variable(self, position: int, array: np.ndarray) -> np.ndarray:
        if position >= self.bands:
            return self.indices[position - self.bands](array)[0]
        band = array[self._place[position]]
        if self.reflectance.pair(position, self._reflective(position)) == (1.0, 0.0):
            return band
        with np.errstate(all="ignore"):
            values = self.reflectance.apply(band, position, self._reflective(position))
            return values.astype(array.dtype, copy=False)

    def _reflective(self, position: int) -> bool:
        of_band = [role for role, k in self.roles.items() if k == position]
        return not self.roles or any(role not in NOT_REFLECTIVE for role in of_band)

    def warning_for(self, values: np.ndarray) -> str:
        """The warning of the first index for which values are not plausible as reflectance; else ""."""
        return next(filter(None, (index.warning_for(values) for index in self.indices)), "")

    def get_config(self) -> dict[str, Any]:
        """The parameters; optional ones if given."""
        config: dict[str, Any] = {"rules": self.rules, "bands": self.bands}
        if self.names:
            config["names"] = list(self.names)
        if self.roles:
            config["roles"] = dict(self.roles)
        return {**config, **self.reflectance.config()}
