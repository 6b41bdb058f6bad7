"""Samplers: where the anchors of the chips lie, before the boundary has its say.

Anchors are ``(row, col)`` of a chip's upper-left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .configurable import Configurable
from .errors import ParameterError
from .geometry import is_whole


@dataclass(frozen=True)
class SpatialRegularStride(Configurable):
    """Anchors on a lattice from pixel (0, 0). ``step`` is one number for both axes, or ``(rows, cols)``, in pixels."""

    step: int | tuple[int, int]

    def __post_init__(self) -> None:
        """Refuse steps that are not whole numbers of at least 1."""
        for value in self.steps:
            if not is_whole(value) or value < 1:
                raise ParameterError("stride", self.step, "must be a whole number of pixels, at least 1")
        rows, cols = map(int, self.steps)
        object.__setattr__(self, "step", (rows, cols) if isinstance(self.step, (tuple, list)) else rows)

    @property
    def steps(self) -> tuple[int, int]:
        """``(rows, cols)``."""
        if isinstance(self.step, (tuple, list)):
            if len(self.step) != 2:
                raise ParameterError("stride", self.step, "must be one number, or two: (rows, cols)")
            return self.step[0], self.step[1]
        return self.step, self.step

    def get_config(self) -> dict[str, Any]:
        """``{"step": ...}``, as given: a number, or a list of two."""
        return {"step": list(self.step) if isinstance(self.step, (tuple, list)) else self.step}
