"""Band math as an operator: ``(b4-b3)/(b4+b3)``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base.errors import ParameterError
from ..expression.compiler import compile_expression
from .base import Operator


def variable_names(bands: int, names: Sequence[str] = ()) -> dict[str, int]:
    """Positions of a chip's variables by name: ``b1..bN``, and band names that are valid as variables."""
    variables = {f"b{k + 1}": k for k in range(bands)}
    seen: dict[str, int] = {}
    for k, name in enumerate(names[:bands]):
        name = unicodedata.normalize("NFKC", name)  # as Python reads names
        if name.isidentifier() and name not in variables:
            # A name of two bands is not a variable.
            seen[name] = -1 if name in seen else k
    variables.update({name: k for name, k in seen.items() if k >= 0})
    return variables


class Expression(Operator):
    """One or more expressions, separated by ``;``, over the chip's bands.

    ``bands`` is the number of bands of the chips (default: as many as the text asks for) and ``names`` their names. The
    output has a band per expression, of the chip's float type, NaN where unknown. Invalid text raises
    :class:`ExpressionError` when the operator is made.
    ``used`` are the positions of the bands that it reads; :meth:`rebased` is the same for chips of those bands only.
    """

    def __init__(
        self, text: str, bands: int | None = None, names: Sequence[str] = (), parameter: str = "expression"
    ) -> None:
        self._given = bands
        if bands is None:
            bands = max([1, len(names), *(int(number) for number in re.findall(r"\bb([1-9]\d{0,4})\b", text))])
        self.text, self.bands, self.names, self._parameter = text, bands, tuple(names), parameter
        self._init(variable_names(bands, names))

    def _init(self, variables: dict[str, int]) -> None:
        self._program = compile_expression(self.text, variables, self._parameter)
        self.name = self.text
        self.used = self._program.used
        self.pointwise = self._program.pointwise
        # A band that is passed on keeps its name.
        own = {f"b{k + 1}": name for k, name in enumerate(self.names) if name}
        self.output_names = tuple(own.get(text, text) for text in self._program.outputs)
        self.output_bands = len(self._program.outputs)
        self.passes = self._program.passes

    def rebased(self) -> Expression:
        """The expression for chips that hold the bands ``used`` only (the first band if it uses none)."""
        keep = self.used or (0,)
        variables = variable_names(self.bands, self.names)
        other = Expression.__new__(Expression)
        other._given = len(keep)
        other.text, other.bands, other.names, other._parameter = self.text, len(keep), self.names, self._parameter
        other._init({name: keep.index(k) for name, k in variables.items() if k in keep})
        return other

    def __call__(self, chip: Any) -> np.ndarray:
        """``(outputs, h, w)``; a chip ``(h, w)`` counts as one band and gives ``(h, w)`` for a single output."""
        array = np.asarray(chip)
        flat = array.ndim == 2
        array = array[None] if flat else array
        if len(array) < self.bands:
            allowed = f"it was made for chips of {self.bands} band(s), and this one has {len(array)}"
            raise ParameterError(self._parameter, self.text, allowed)
        results = self._program(list(array))
        if len(results) == 1:
            return results[0] if flat else results[0][None]
        return np.stack(results)

    def get_config(self) -> dict[str, Any]:
        """``{"text": ...}``, and ``bands`` and ``names`` where they were given."""
        config: dict[str, Any] = {"text": self.text}
        if self._given is not None:
            config["bands"] = self._given
        if self.names:
            config["names"] = list(self.names)
        return config
