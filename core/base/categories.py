"""Classes of a raster of labels: what each value is called and which colour it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

Colour = tuple[int, int, int]


class Category(NamedTuple):
    """One class: the pixel ``value``, its ``name`` and its ``colour`` as red, green and blue from 0 to 255."""

    value: int
    name: str
    colour: tuple[int, int, int]


def colour_of(text: str) -> Colour:
    """``#rrggbb`` or ``#rgb`` as numbers; the caller has checked the form."""
    digits = text.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


#: Colours for classes without one: the set of Okabe and Ito (2008), which people with any of the usual kinds of
#: colour blindness can tell apart, then that of Tol (2021, "muted") where there are many classes.
PALETTE: tuple[Colour, ...] = tuple(
    colour_of(text)
    for text in (
        "#0072b2 #009e73 #e69f00 #56b4e9 #d55e00 #f0e442 #cc79a7 #000000 "
        "#332288 #44aa99 #999933 #ddcc77 #cc6677 #882255 #117733 #aa4499"
    ).split()
)
#: The colour of pixels that are known and belong to no class.
UNCLASSIFIED: Colour = (217, 217, 217)


def free_colours(taken: Iterable[Colour], count: int) -> list[Colour]:
    """``count`` colours of the palette in its order, without those ``taken``; it starts again when it is used up."""
    free = [colour for colour in PALETTE if colour not in set(taken)] or list(PALETTE)
    return [free[k % len(free)] for k in range(count)]
