"""The catalogue of the optional package spyndex (Montero et al. 2023), with its formulas as band expressions.

A formula is text over band letters and constants. Constants are put in as numbers, with the catalogue's defaults; what
is left must be roles of bands. No formula is evaluated as Python, and only the package's look-up tables are used.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..base.errors import ExpressionError, ParameterError
from ..expression.compiler import compile_expression
from .band_roles import ROLES

_NAME = re.compile(r"\b[A-Za-z_]\w*\b")


class CatalogueFormula(NamedTuple):
    """One index of the catalogue; ``needs_reflectance`` is determined by applying a common factor."""

    name: str
    title: str
    formula: str
    source: str
    needs_reflectance: bool


@lru_cache(maxsize=1)
def _package() -> Any:
    try:
        import spyndex
    except ImportError:
        return None
    return spyndex


def catalogue_names() -> tuple[str, ...]:
    """All names of the catalogue; () where spyndex is not installed."""
    package = _package()
    return () if package is None else tuple(package.indices)


def catalogue_formula(name: str, parameter: str = "index") -> CatalogueFormula | None:
    """The index of that name (capitals do not matter where one only fits), or None.

    Raises :class:`ParameterError` where its formula needs what is neither a band nor a constant, or is not in the
    language of expressions.
    """
    names = catalogue_names()
    same = [name] if name in names else [other for other in names if other.upper() == name.strip().upper()]
    if len(same) != 1:
        return None
    return _translated(same[0], parameter)


@lru_cache(maxsize=512)
def _translated(name: str, parameter: str) -> CatalogueFormula:
    package = _package()
    entry = package.indices[name]
    constants: dict[str, Any] = {key: getattr(package.constants[key], "value", None) for key in package.constants}
    unknown: list[str] = []

    def number(match: re.Match[str]) -> str:
        word = match.group()
        if word in ROLES:
            return word
        if isinstance(constants.get(word), (int, float)):
            return f"({float(constants[word])!r})"
        unknown.append(word)
        return word

    formula = _NAME.sub(number, str(entry.formula))
    if unknown:
        reason = f"spyndex's formula {entry.formula} needs {', '.join(dict.fromkeys(unknown))}"
        raise ParameterError(parameter, name, f"{reason}, which is no band and has no fixed value; choose another")
    roles = [role for role in dict.fromkeys(_NAME.findall(formula)) if role in ROLES]
    if not roles:
        raise ParameterError(parameter, name, f"spyndex's formula {entry.formula} has no band in it; choose another")
    try:
        needs = changed_by_a_factor(formula, tuple(roles))
    except ExpressionError as error:
        reason = f"spyndex's formula {entry.formula} cannot be written as an expression here"
        raise ParameterError(parameter, name, f"{reason} ({error.reason})") from error
    return CatalogueFormula(name, str(entry.long_name), formula, f"spyndex: {entry.reference}", needs)


def changed_by_a_factor(formula: str, roles: tuple[str, ...]) -> bool:
    """Whether the formula's value changes when all bands are multiplied by the same number."""
    program = compile_expression(formula, {role: k for k, role in enumerate(roles)})
    bands = np.random.default_rng(0).uniform(0.02, 0.6, (len(roles), 64))
    once, scaled = program(list(bands))[0], program(list(bands * 1000.0))[0]
    return not np.allclose(once, scaled, rtol=1e-6, atol=1e-9, equal_nan=True)
