"""The chips along one axis of a raster, by formula: nothing is listed, however long the axis is.

A raster may have 2^31 pixels a side with a chip at each of them; checks of parameters must be cheap even then.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np


class Neighbours(NamedTuple):
    """How chips along one axis overlap one of them: ``(offset, size)`` of those before it and after it."""

    size: int
    before: tuple[tuple[int, int], ...]
    after: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Axis:
    """``count`` chips along an axis of ``length`` pixels, every ``step`` pixels from 0 and ``chip`` pixels long.

    The last one has a start and a size of its own: it may have been moved inward or cut, and it alone reaches over the
    edge. There the raster is ``mirrored``, or not. Starts and ends ascend. Laws: all methods agree with the list of all
    chips (:meth:`starts`, :meth:`sizes`); ``pieces`` cover the same pixels.
    """

    length: int
    count: int
    step: int
    chip: int
    last: int
    last_size: int
    mirrored: bool = False

    def __len__(self) -> int:
        """Number of chips."""
        return self.count

    def start(self, index: int) -> int:
        """First pixel of a chip."""
        return self.last if index == self.count - 1 else index * self.step

    def size(self, index: int) -> int:
        """Pixels of a chip, those over the edge among them."""
        return self.last_size if index == self.count - 1 else self.chip

    def stop(self, index: int) -> int:
        """First pixel behind a chip, on the raster."""
        return min(self.start(index) + self.size(index), self.length)

    def starts(self, indices: np.ndarray) -> np.ndarray:
        """First pixels of some chips, int64."""
        return np.where(indices == self.count - 1, self.last, indices * np.int64(self.step))

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Sizes of some chips, int64."""
        return np.where(indices == self.count - 1, np.int64(self.last_size), np.int64(self.chip))

    def begun(self, at: int) -> int:
        """How many chips start before pixel ``at``."""
        regular = min(max(-(-at // self.step), 0), self.count - 1)
        return self.count if self.last < at else regular

    def ended(self, at: int) -> int:
        """How many chips have all their pixels on the raster before pixel ``at``."""
        regular = min(max((at - self.chip) // self.step + 1, 0), self.count - 1)
        return self.count if self.stop(self.count - 1) <= at else regular

    def touching(self, lo: int, hi: int) -> range:
        """Indices of the chips that have a pixel in ``[lo, hi)``."""
        first = self.ended(lo)
        return range(first, max(first, self.begun(hi)))

    def read_lo(self, index: int) -> int:
        """First source pixel that a chip needs: above its start where the edge is mirrored far enough."""
        start = self.start(index)
        over = start + self.size(index) - self.length
        return min(start, max(self.length - 1 - over, 0)) if self.mirrored and over > 0 else start

    def least_read(self, chips: range) -> int:
        """First source pixel that some chips need: the first of them begins there, unless the last is mirrored."""
        return min(self.read_lo(chips.start), self.read_lo(chips.stop - 1))

    def covered(self, lo: int, hi: int) -> int:
        """How many of the pixels ``[lo, hi)`` lie in at least one chip."""
        return max(self._covered_before(hi) - self._covered_before(lo), 0)

    def _covered_before(self, at: int) -> int:
        at, end = max(at, 0), self.stop(self.count - 1)
        if self.step <= self.chip:
            return min(at, end)
        chips = min(at // self.step, self.count - 1)
        within = min(at - chips * self.step, self.chip) if chips < self.count - 1 else 0
        own, before = self._own_start, (self.count - 1) * self.chip
        if at > own:
            return before + min(at, end) - own
        return min(chips * self.chip + within, before)

    @property
    def _own_start(self) -> int:
        """First pixel of the last chip that the one before it does not have; of axes with gaps."""
        return max(self.last, (self.count - 2) * self.step + self.chip) if self.count > 1 else self.last

    def total(self, chips: range) -> int:
        """The sum of the sizes of some chips."""
        with_last = chips.stop == self.count and len(chips) > 0
        return len(chips) * self.chip + (self.last_size - self.chip if with_last else 0)

    @cached_property
    def most_overlaps(self) -> int:
        """The most chips that lie on one pixel: it is the first pixel of the last chip, or of the one before it."""
        ends = range(max(self.count - 2, 0), self.count)
        return max(index + 1 - self.ended(self.start(index)) for index in ends)

    @property
    def each_size(self) -> list[int]:
        """The sizes that chips have, each once, ascending."""
        return sorted({self.size(0), self.size(self.count - 1)})

    def nearest(self, at: float, among: range) -> int:
        """Index of the chip, among some, whose middle is nearest to pixel position ``at``; of several the first."""
        below = int((at - self.chip / 2) // self.step)
        candidates = {
            min(max(k, among.start), among.stop - 1) for k in (below, below + 1, among.stop - 2, among.stop - 1)
        }
        return min(sorted(candidates), key=lambda k: abs(self.start(k) + self.size(k) / 2 - at))

    def neighbours(self, index: int) -> Neighbours:
        """The chips that overlap chip ``index``, before and after it."""
        start, size = self.start(index), self.size(index)
        first, last = self.ended(start), self.begun(start + size)
        around = [(self.start(k) - start, self.size(k)) for k in range(first, last)]
        return Neighbours(size, tuple(around[: index - first]), tuple(around[index - first + 1 :]))

    def pieces(self, size: int) -> Axis:
        """The covered pixels in pieces of at most ``size`` that do not overlap."""
        end = self.stop(self.count - 1)
        if self.step <= self.chip or self.count == 1:
            first = self.last if self.count == 1 else 0
            alone = Axis(self.length, 1, 1, end - first, first, end - first)
        else:
            own = self._own_start
            alone = Axis(self.length, self.count, self.step, self.chip, own, end - own)
        return Pieces.of(alone, size)


@dataclass(frozen=True)
class Pieces(Axis):
    """Chips that do not overlap, each cut into pieces of ``piece`` pixels from its start, the last one what is left.

    ``step``, ``chip``, ``last`` and ``last_size`` are those of the chips, ``chips`` their number.
    """

    chips: int = 1
    piece: int = 1

    @classmethod
    def of(cls, axis: Axis, piece: int) -> Pieces:
        """The pieces of the chips of an axis, which do not overlap."""
        count = (axis.count - 1) * -(-axis.chip // piece) + -(-axis.last_size // piece)
        return cls(axis.length, count, axis.step, axis.chip, axis.last, axis.last_size, False, axis.count, piece)

    @property
    def _whole(self) -> Axis:
        return Axis(self.length, self.chips, self.step, self.chip, self.last, self.last_size)

    @property
    def _each(self) -> int:
        return -(-self.chip // self.piece)

    def _of(self, index: int) -> tuple[int, int]:
        """The chip of a piece, and the piece's number in it."""
        chip = min(index // self._each, self.chips - 1)
        return chip, index - chip * self._each

    def start(self, index: int) -> int:
        """First pixel of a piece."""
        chip, number = self._of(index)
        return self._whole.start(chip) + number * self.piece

    def size(self, index: int) -> int:
        """Pixels of a piece."""
        chip, number = self._of(index)
        return min(self.piece, self._whole.size(chip) - number * self.piece)

    def starts(self, indices: np.ndarray) -> np.ndarray:
        """First pixels of some pieces."""
        chips = np.minimum(indices // self._each, self.chips - 1)
        return self._whole.starts(chips) + (indices - chips * self._each) * np.int64(self.piece)

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Sizes of some pieces."""
        chips = np.minimum(indices // self._each, self.chips - 1)
        left = self._whole.sizes(chips) - (indices - chips * self._each) * np.int64(self.piece)
        return np.minimum(left, self.piece)

    def begun(self, at: int) -> int:
        """How many pieces start before pixel ``at``."""
        chips = self._whole.begun(at)
        if not chips:
            return 0
        whole, start = self._whole, self._whole.start(chips - 1)
        return (chips - 1) * self._each + min(-(-(at - start) // self.piece), -(-whole.size(chips - 1) // self.piece))

    def ended(self, at: int) -> int:
        """How many pieces have all their pixels before pixel ``at``."""
        whole = self._whole
        chips = whole.ended(at)
        if chips == self.chips:
            return self.count
        return chips * self._each + max((at - whole.start(chips)) // self.piece, 0)

    def covered(self, lo: int, hi: int) -> int:
        """How many of the pixels ``[lo, hi)`` lie in a piece."""
        return self._whole.covered(lo, hi)

    def total(self, chips: range) -> int:
        """The sum of the sizes of some pieces."""
        if not chips:
            return 0
        return self._whole.covered(self.start(chips.start), self.stop(chips.stop - 1))

    @property
    def each_size(self) -> list[int]:
        """The sizes that pieces have, each once, ascending."""
        found = set()
        for size in self._whole.each_size:
            rest = size % self.piece
            found |= {self.piece} if size >= self.piece else set()
            found |= {rest} if rest else set()
        return sorted(found)

    def nearest(self, at: float, among: range) -> int:
        """Not defined for pieces: raises TypeError."""
        raise TypeError("pieces have no nearest one")
