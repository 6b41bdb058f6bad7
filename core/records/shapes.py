"""The shapes of what Patchwise writes and reads again: configurations, records of runs, manifests of chips.

Every number has a range here. Ranges are wide: they refuse only what would cost memory or time before a class could
check it. Each class refuses the rest in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..axes.sampler import SAMPLERS as SAMPLER_WORDS
from ..axes.window import WINDOWS as WINDOW_WORDS
from ..base.configurable import SHAPES
from ..base.errors import ParameterError
from ..base.shape import (
    FLAG,
    MOST_BANDS,
    MOST_PIXELS,
    NOTHING,
    Chosen,
    Either,
    Fields,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Row,
    Shape,
    Text,
    Whole,
    shown,
)
from ..operators.choices import OPERATORS
from ..plan.geometries import GEOMETRIES as CHIPS
from ..points.graph import NEIGHBOURHOODS
from ..rasters.output import FORMATS
from ..rasters.values import DATA_TYPES
from ..stitch.aggregations import AGGREGATIONS as AGGREGATION_WORDS

MOST_SCALE = 64  # times that an operator makes the grid finer
_PATH = Text(1 << 16, named="a path")
_NAME, _WORD = Text(4096), Text(64)
_PIXELS, _STEPS = Whole(1, MOST_PIXELS), Whole(0, MOST_PIXELS)
_BAND = Whole(1, MOST_BANDS)
_NAMES = ListOf(_NAME, MOST_BANDS)
_CRS = Either((NOTHING, Text(1 << 16, named="a CRS")))


def _parameters(needed: Mapping[str, Shape] | None = None, **optional: Shape) -> Fields:
    return Fields(needed or {}, optional, closed=True)


GEOMETRIES: dict[str, Fields] = {**CHIPS.shapes, **NEIGHBOURHOODS.shapes}
SAMPLERS: dict[str, Fields] = SAMPLER_WORDS.shapes
WINDOWS: dict[str, Fields] = WINDOW_WORDS.shapes
AGGREGATIONS: dict[str, Fields] = {**AGGREGATION_WORDS.shapes, "SpatialByIndex": _parameters(how=_WORD)}


def _part(among: Mapping[str, Fields], words: str) -> Shape:
    """``{"class": name, "config": {...}}`` of one of the classes in a table, which may be filled later."""

    def choose(value: Mapping[str, Any], place: str) -> Shape:
        name = value.get("class")
        if not isinstance(name, str) or name not in among:
            known = ", ".join(sorted(among))
            raise ParameterError(
                f"{place}.class" if place else "class", shown(name), f"is not known; known are {known}"
            )
        shape, kind = among[name], {"class": OneOf((name,))}
        if shape.needed:
            return Fields({**kind, "config": shape}, closed=True)
        return Fields(kind, {"config": Either((NOTHING, shape))}, closed=True)

    return Chosen(choose, f'{{"class": name, "config": {{...}}}} of {words}')


#: By class, the parameters of all that a configuration can name.
PARTS: dict[str, Fields] = {}
PART = _part(PARTS, "a class of Patchwise")
_PATCHER = {
    "geometry": _part(GEOMETRIES, "a geometry"),
    "sampler": Either((NOTHING, _part(SAMPLERS, "a sampler"))),
    "window": _part(WINDOWS, "a window"),
    "aggregation": _part(AGGREGATIONS, "an aggregation"),
}
#: The configuration of a patcher, without its class.
PATCHER = _parameters({"geometry": _PATCHER["geometry"]}, **{k: v for k, v in _PATCHER.items() if k != "geometry"})
PARTS.update(GEOMETRIES)
PARTS.update(SAMPLERS)
PARTS.update(WINDOWS)
PARTS.update(AGGREGATIONS)
PARTS.update(
    {
        "SpatialPatcher": PATCHER,
        **OPERATORS.shapes,
        # They hold what no configuration can hold, and refuse it in their own words.
        "Lambda": _parameters(),
        "SpatialLearned": _parameters(),
        "Identity": _parameters(),
        "Sequential": _parameters({"operators": ListOf(PART, 1000, 1)}),
        "Fanout": _parameters({"branches": ListOf(Row((_NAME, PART)), 1000, 1)}),
        "GridSampler": _parameters({"patcher": _part({"SpatialPatcher": PATCHER}, "a patcher")}),
        "ApplyToChips": _parameters({"operator": PART}),
        "Stitch": _parameters({"aggregation": _PATCHER["aggregation"]}),
    }
)


class _Transform(Row):
    """The six terms of an affine transform that has an inverse."""

    def fits(self, value: Any) -> bool:
        """Whether they are finite, and the pixels have an area."""
        if not super().fits(value):
            return False
        area = value[0] * value[4] - value[1] * value[3]
        return area != 0 and abs(area) < float("inf")

    def says(self) -> str:
        """The sentence for errors."""
        return "six finite numbers of an affine transform that has an inverse"

    def check(self, value: Any, place: str) -> None:
        """Check the six terms together."""
        Shape.check(self, value, place)


_TRANSFORM = Either((NOTHING, _Transform((Number(),) * 6)))
_WINDOW = Row((_STEPS, _STEPS, _PIXELS, _PIXELS))
_END = Either((NOTHING, Number()))
_RANGE = Row((_END, _END, FLAG, FLAG))
#: Where a raster is, and how it was seen (``rasters/view.py``).
_PLACE = {
    "source": _PATH,
    "relative": _PATH,
    "layer": _PATH,
    "crs": _CRS,
    "nodata": ListOf(Fields({"band": _BAND}, {"declared": FLAG, "ranges": ListOf(_RANGE, 1000)}), MOST_BANDS),
    "options": MapOf(_WORD, Text(64), 64),
}
_INPUT = Fields(
    {"shape": Row((_PIXELS, _PIXELS))},
    {
        **_PLACE,
        "bands": ListOf(_BAND, MOST_BANDS),
        "names": _NAMES,
        "transform": _TRANSFORM,
        "scaled": Either((FLAG, Row((Number(), Number())))),
        "count": _BAND,
        "others": ListOf(Fields({}, _PLACE), 1000),
    },
)
_OUTPUT = Fields(
    {
        "data_type": OneOf(DATA_TYPES),
        "nodata": Either((NOTHING, Number(), OneOf(("inf", "-inf", "nan")))),
    },
    {
        "creation_options": Either((NOTHING, MapOf(_WORD, Either((_NAME, Number(), FLAG)), 64))),
        "format": OneOf(tuple(FORMATS)),
    },
)
#: The record of a run in the tag of its result; ``algorithm`` and ``format`` are checked before.
RECORD = Fields({"input": _INPUT, "window": _WINDOW, "patcher": PATCHER, "operator": PART, "output": _OUTPUT})

_POINT = Row((*(Number(),) * 5, _NAME, _NAME))
_CONTROL = Either((NOTHING, Fields({"points": ListOf(_POINT, 10_000), "rpcs": MapOf(_WORD, Text(1 << 12), 64)})))
_CODE = Whole(0, 65535)
_CLASSES = Fields(
    {"dtype": OneOf(("uint8", "uint16"))},
    {"colours": ListOf(Row((_CODE, *(Whole(0, 255),) * 4)), 1 << 16), "names": ListOf(Row((_CODE, _NAME)), 1 << 16)},
)
#: What follows a band (``rasters/band_meta.py``).
_META = Fields({}, {"items": ListOf(Row((_NAME, _NAME, _NAME)), 64), "classes": Either((NOTHING, _CLASSES))})

_CHIP = Fields(
    {
        "anchor": Row((Whole(-MOST_PIXELS, MOST_PIXELS), Whole(-MOST_PIXELS, MOST_PIXELS))),
        "window": _WINDOW,
        "valid": Number(0, 1),
    },
    {"path": _NAME, "label": _NAME, "reason": Text(1 << 16)},
)
MOST_CHIPS = 500_000
_CHIPS = ListOf(_CHIP, MOST_CHIPS)
#: The manifest of a folder of chips; ``kind``, ``format`` and ``version`` are checked before.
MANIFEST = Fields(
    {
        "grid": Fields({"shape": Row((_PIXELS, _PIXELS)), "transform": _TRANSFORM, "crs": _CRS}, {"control": _CONTROL}),
        "window": _WINDOW,
        "patcher": _part({"SpatialPatcher": PATCHER}, "a patcher"),
        "bands": ListOf(
            Fields(
                {},
                {
                    "name": _NAME,
                    "scale": Number(),
                    "offset": Number(),
                    "dtype": OneOf(("float32", "float64")),
                    "meta": _META,
                },
            ),
            MOST_BANDS,
            1,
        ),
        "chips": _CHIPS,
        "left_out": _CHIPS,
        "failed": _CHIPS,
        "source": Fields({}, _PLACE),
        "operators": ListOf(Fields({"class": _NAME}), 1000),  # for people to read: no operator is made of them
        "scale": Whole(1, MOST_SCALE),
        "categories": ListOf(Row((Whole(0, 65535), _NAME, Row((Whole(0, 255),) * 3))), MOST_BANDS),
        "labels": FLAG,
        "strip_rows": _PIXELS,
    }
)

SHAPES.update(PARTS)
