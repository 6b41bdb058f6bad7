"""Geometries: the shape of a chip, and what happens at the raster's edge.

Sizes are ``(height, width)`` in pixels. Boundaries, by axis of length ``n`` with chip size ``s`` and stride ``t``:

``drop``    chips that would reach over the edge are left out; the remainder is not covered (nodata in the output)
``shift``   as ``drop``, and one more chip is moved inward to end at the edge: full size, real data, nothing uncovered
``pad``     chips reach over the edge; what lies outside is NaN
``reflect`` chips reach over the edge; the raster is mirrored about its last pixel (which is not repeated)
``shrink``  chips are cut at the edge and get a window of their own size
``raise``   a remainder is refused

A raster smaller than the chip is mirrored up to the chip's size under ``shift``, and the result is cropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..base.checks import is_whole
from ..base.configurable import Configurable
from ..base.errors import ParameterError, PlanError
from ..base.shape import MOST_PIXELS
from ..base.vocabulary import Entry, Vocabulary
from .axis import Axis

#: What can be done at the raster's edge.
EVERY_BOUNDARY = Vocabulary(
    "boundary",
    "BOUNDARY",
    "shift",
    (
        Entry(
            "drop",
            None,
            label="Leave out what does not fit",
            help="chips that do not fit are left out, and the rest is nodata",
        ),
        Entry("pad", None, label="Pad with nodata", help="into nodata"),
        Entry("reflect", None, label="Reflect the raster", help="chips reach over the edge into the mirrored raster"),
        Entry("shrink", None, label="Cut the chip", help="chips are cut"),
        Entry("raise", None, offered=False),
        Entry(
            "shift",
            None,
            label="Shift the last chip inward",
            help="the last chip moves inward; real data, nothing uncovered",
        ),
    ),
)
BOUNDARIES = EVERY_BOUNDARY.known
#: Those that toolbox and dock offer, the safest first.
BOUNDARY = EVERY_BOUNDARY.only("shift", "reflect", "pad", "shrink", "drop")


class SpatialGeometry(Configurable):
    """Base of the geometries, whether they have chips on a raster, neighbourhoods of points, or both."""

    def cap_km(self) -> float | None:
        """The radius in km of circles on the Earth; None for other geometries."""
        return None

    def areas(self) -> Areas | None:
        """The polygons, each of which is one chip; None for other geometries."""
        return None


class Areas(NamedTuple):
    """Polygons as mappings, as in GeoJSON, and their CRS; None: the CRS of the raster or field."""

    polygons: tuple[Mapping[str, Any], ...]
    crs: str | None


@dataclass(frozen=True)
class Rectangle(SpatialGeometry):
    """Where chips of ``size = (height, width)`` pixels lie; ``boundary`` as in the module's list.

    The plan of such chips is made by ``plan/rectangles.py``.
    """

    size: tuple[int, int]
    boundary: str = "drop"

    def __post_init__(self) -> None:
        """Refuse sizes below 1 and unknown boundaries."""
        size = tuple(self.size) if isinstance(self.size, (tuple, list)) else (self.size, self.size)
        if len(size) != 2 or any(not is_whole(v) or not 1 <= v <= MOST_PIXELS for v in size):
            allowed = f"must be (height, width) in whole pixels, each at least 1 and at most {MOST_PIXELS}"
            raise ParameterError("chip size", self.size, allowed)
        object.__setattr__(self, "size", (int(size[0]), int(size[1])))
        if self.boundary not in BOUNDARIES:
            raise ParameterError("boundary", self.boundary, f"must be one of {', '.join(BOUNDARIES)}")

    def place(self, axis: int, length: int, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Starts and sizes of the chips along one axis, listed; see :meth:`along`."""
        chips = self.along(axis, length, step)
        indices = np.arange(len(chips))
        return chips.starts(indices), chips.sizes(indices)

    def along(self, axis: int, length: int, step: int) -> Axis:
        """The chips along one axis (0 rows, 1 columns) of ``length`` pixels, in ascending order.

        Raises :class:`PlanError` where no chip fits (``drop``), or a remainder is left (``raise``).
        """
        size = self.size[axis]
        if self.boundary in ("pad", "reflect", "shrink"):
            return self._reach_over(size, length, step)
        if length < size and self.boundary == "shift":
            return Axis(length, 1, step, size, 0, size, True)
        name = ("height", "width")[axis]
        if length < size:
            allowed = f"no chip fits the raster's {name} of {length} px: use a smaller chip, or the boundary shift"
            raise PlanError("chip size", size, allowed)
        count = (length - size) // step + 1
        last = (count - 1) * step
        rest = length - last - size
        if rest and self.boundary == "raise":
            left = f"{rest} px of the raster's {name} of {length} px are left over with chips of {size} px"
            raise PlanError("boundary", "raise", f"{left} every {step} px: choose sizes that fit, or another boundary")
        if rest and self.boundary == "shift":
            count, last = count + 1, length - size
        return Axis(length, count, step, size, last, size, self.boundary == "shift")

    def room(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns in which the upper-left pixel of a chip may lie on a raster of ``shape``, from 0.

        Whole chips fit there under ``drop``, ``shift`` and ``raise``; else it is the whole raster. Raises
        :class:`PlanError` where no chip fits.
        """
        if self.boundary in ("pad", "reflect", "shrink"):
            return shape
        return len(self.along(0, shape[0], 1)), len(self.along(1, shape[1], 1))

    def _reach_over(self, size: int, length: int, step: int) -> Axis:
        # The fewest chips that cover the axis; with a stride above the size there are gaps, and every chip that
        # starts on the raster is kept.
        count = -(-length // step)
        if step <= size:
            count = max(-(-(length - size) // step), 0) + 1
        last = (count - 1) * step
        last_size = min(size, length - last) if self.boundary == "shrink" else size
        return Axis(length, count, step, size, last, last_size, self.boundary == "reflect")

    def get_config(self) -> dict[str, Any]:
        """``{"size": [h, w]}``, and the boundary where it is not ``drop``."""
        config: dict[str, Any] = {"size": list(self.size)}
        if self.boundary != "drop":
            config["boundary"] = self.boundary
        return config
