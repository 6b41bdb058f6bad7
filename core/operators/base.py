"""Operators: callables from a chip to a chip, and pipelines of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

from ..errors import ParameterError


class Operator:
    """Base of the operators. Called with a read-only chip ``(bands, h, w)`` (or ``(h, w)``) with NaN where unknown.

    It returns an array of the same height and width; its number of bands is the operator's own affair, and NaN in it
    means unknown. ``output_bands`` is None where only running it tells.
    """

    name: str = ""
    output_bands: int | None = None
    #: Whether each output pixel depends on the same pixel of the chip only.
    pointwise: bool = False

    def __call__(self, chip: Any) -> Any:
        """Run on one chip."""
        raise TypeError(f"{type(self).__name__} does not say what it does with a chip")

    def __or__(self, other: Callable[[Any], Any]) -> Sequential:
        """``a | b``: first ``a``, then ``b``."""
        return Sequential([self, other])

    def get_config(self) -> dict[str, Any]:
        """The operator's parameters, JSON-serialisable."""
        return {}


class Lambda(Operator):
    """Any Python callable as an operator."""

    def __init__(self, fn: Callable[[Any], Any], name: str = "lambda") -> None:
        if not callable(fn):
            raise ParameterError("fn", fn, "must be callable with a chip")
        self.fn, self.name = fn, name

    def __call__(self, chip: Any) -> Any:
        """Call the callable."""
        return self.fn(chip)

    def get_config(self) -> dict[str, Any]:
        """Refused: a Python callable cannot be written down."""
        raise ParameterError("operator", self.name, "a Python callable cannot be serialised; use an Expression")


class Sequential(Operator):
    """Operators one after the other; also the stages of ``patch_ops`` over a field."""

    def __init__(self, operators: Sequence[Callable[[Any], Any]]) -> None:
        if not operators or not all(callable(operator) for operator in operators):
            raise ParameterError("operators", operators, "must be a list of at least one operator")
        self.operators = tuple(operators)
        self.name = " | ".join(getattr(op, "name", "") or type(op).__name__ for op in operators)

    def __call__(self, chip: Any) -> Any:
        """Run all, each on the result of the one before."""
        for operator in self.operators:
            chip = operator(chip)
        return chip

    def get_config(self) -> dict[str, Any]:
        """The parts' configurations in order."""
        parts = [(type(op).__name__, op.get_config()) for op in self.operators]  # type: ignore[attr-defined]
        return {"operators": [{"class": name, "config": config} for name, config in parts]}
