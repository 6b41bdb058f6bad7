"""Pictures of one chip as a run would read it, and of what the operator makes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from ..base.errors import Cancelled, ParameterError
from ..grid.domain import PixelWindow
from ..grid.row_source import RowSource
from ..loop.chip_run import run_batch, run_operator, shown_chip
from ..loop.patcher import SpatialPatcher
from ..operators.band_roles import find_roles
from ..operators.base import as_operator
from ..plan.cutting import anchor_of, cut_chip, masked
from ..plan.plan import PlannedChip, mirror
from .outlines import nearest_chip
from .pictures import Picture, draw

_RUNS = 3  # calls of the operator, to measure its time
_ENOUGH = 0.5  # seconds, after which it is not called again


@dataclass(frozen=True, eq=False)
class ChipRequest:
    """Which chip is wanted: the one of the plan whose middle is nearest to pixel ``(row, col)`` of ``source``.

    ``source`` is a ``RowSource`` that nothing else reads at the same time; it is closed afterwards. ``patcher`` and
    ``operator`` are those of the run: the chip lies on the same grid, so that its values are the final ones where no
    other chip overlaps.
    """

    source: RowSource
    patcher: SpatialPatcher
    operator: Callable[[Any], Any]
    row: float
    col: float

    @classmethod
    def at_point(
        cls, source: RowSource, patcher: SpatialPatcher, operator: Callable[[Any], Any], x: float, y: float
    ) -> ChipRequest:
        """The chip nearest to a world point ``(x, y)`` in the source's CRS."""
        if not source.domain.placed:
            raise ParameterError("point", (x, y), "is a place in the world, and the raster has no transform")
        col, row = source.domain.to_pixels(x, y)
        return cls(source, patcher, operator, float(row), float(col))


@dataclass(frozen=True, eq=False)
class ChipPicture:
    """Pictures of a chip before and after the operator.

    ``window`` is its place, which may reach over the raster's edge; ``anchor`` ``(row, col)`` its upper-left pixel, or
    of a round chip its centre. ``seconds`` is what the operator takes for one chip.
    """

    window: PixelWindow
    anchor: tuple[int, int]
    before: Picture
    after: Picture
    seconds: float


def preview_chip(request: ChipRequest, cancelled: Callable[[], bool] | None = None) -> ChipPicture:
    """Read the chip, run the operator, draw both. Raises :class:`Cancelled`, and what reading and running raise."""

    def may_go_on() -> None:
        if cancelled is not None and cancelled():
            raise Cancelled

    source, operator = request.source, request.operator
    may_go_on()
    as_operator(operator).load()
    chip, mirrored = nearest_chip(request.patcher, source.domain, request.row, request.col)
    may_go_on()
    with source:  # closed here, as the source belongs to the request
        values = read_chip(source, chip, mirrored)
    seconds: list[float] = []
    while len(seconds) < _RUNS and sum(seconds) < _ENOUGH:
        may_go_on()
        started = time.perf_counter()
        result = run_on_chip(source, operator, chip, values)
        seconds.append(time.perf_counter() - started)
    may_go_on()
    before = draw(values, shown_bands(source.band_names, source.bands), grey=True)
    after = draw(result, categories=as_operator(operator).categories)
    return ChipPicture(chip.window, anchor_of(chip), before, after, median(seconds))


def read_chip(source: RowSource, chip: PlannedChip, mirrored: bool) -> np.ndarray:
    """The chip ``(bands, h, w)`` that the run would hand to the operator, read alone."""
    place, shape = chip.window, source.domain.shape
    origin = place.intersect(source.domain.window)
    if mirrored:
        spans = []
        for start, size, length in zip(place[:2], place[2:], shape):
            needed = mirror(np.arange(start, start + size), length)
            spans.append((int(needed.min()), int(needed.max()) + 1))
        (top, bottom), (left, right) = spans
        origin = PixelWindow(top, left, bottom - top, right - left)
    block = np.empty((source.bands, origin.height, origin.width), source.dtype)
    source.read(origin, block)
    return masked(cut_chip(block, origin, place, shape, mirrored), chip.weights)


def run_on_chip(source: RowSource, operator: Callable[[Any], Any], chip: PlannedChip, values: np.ndarray) -> np.ndarray:
    """The result ``(bands, h, w)`` of the operator for a chip, called as the run calls it."""
    operator = as_operator(operator)
    if operator.batch_size is not None:
        return run_batch(operator, [(chip, values)])[0].values
    return run_operator(operator, chip, shown_chip(operator, source, chip, values)).values


def shown_bands(names: Any, count: int) -> tuple[int, ...]:
    """Numbers from 1 of the bands to show: red, green and blue where the names tell them, else the first."""
    roles = find_roles(names) if names else {}
    if all(role in roles for role in "RGB"):
        return tuple(roles[role] + 1 for role in "RGB")
    return (1, 2, 3) if count == 3 else (1,)
