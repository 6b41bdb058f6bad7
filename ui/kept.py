"""Choices that the dock is filled with: from a project, the user's defaults or a layer's tag. Says what they may be."""

from ..core.axes.geometry import BOUNDARY
from ..core.axes.sampler import LATTICE
from ..core.axes.window import WINDOWS
from ..core.base.documents import STATE as LIMITS
from ..core.base.documents import parse_json
from ..core.base.shape import FLAG, NOTHING, Either, Fields, ListOf, MapOf, Number, OneOf, Text, Whole
from ..core.operators.choices import OPERATORS
from ..core.plan.geometries import GEOMETRIES
from ..core.records.shapes import MOST_BANDS
from ..core.stitch.aggregations import AGGREGATIONS

#: Smallest and largest value of the spin boxes: sizes in pixels, radii in km.
SIZES, RADII = (1, 99999), (0.001, 20000)
_NAME, _PATH, _TEXT = Text(256), Text(1 << 16, named="a path"), Text(1 << 16)
_CHOICE, _SIZE = Either((NOTHING, _NAME)), Whole(*SIZES)
_SCALAR = Either((NOTHING, FLAG, Number(), Text(1 << 16)))


def _value(field):
    """The shape of what a field of a vocabulary holds in the dock."""
    if field.kind == "number":
        return Number(field.low, field.most)
    return _PATH if field.kind == "file" else _TEXT


#: By parameter, the shape of its value in the dock's own fields. A width or a stride along columns may be missing.
PARAMETERS = {
    **{axis.parameter: _CHOICE for axis in (GEOMETRIES, WINDOWS, BOUNDARY, AGGREGATIONS, OPERATORS)},
    "POLYGONS": _CHOICE,
    **{
        field.name: Either((NOTHING, _SIZE)) if field.default is None else _SIZE
        for field in (*GEOMETRIES.fields, *LATTICE.fields)
        if field.kind == "whole"
    },
    "RADIUS_KM": Number(*RADII),
    **{field.name: _value(field) for field in (*WINDOWS.fields, *OPERATORS.fields) if field.short},
    "BANDS": Either((NOTHING, ListOf(Whole(1, MOST_BANDS), MOST_BANDS))),
}
#: The dock's choices. Parameters without a field of the dock's own are checked by QGIS's widgets for them.
STATE = Fields(
    {},
    {
        "parameters": MapOf(_NAME, Either((_SCALAR, ListOf(_SCALAR, MOST_BANDS))), 200),
        "input": Either((NOTHING, _NAME)),
        "units": Either((NOTHING, OneOf(("pixels", "map")))),
        "grid": FLAG,
    },
)


def read_state(text):
    """The choices in a JSON text, or None for an empty text; ``ParameterError`` says what is wrong with them."""
    if not text:
        return None
    found = parse_json(text, "settings", text[:60], LIMITS)
    if found is None:
        return None
    STATE.check(found, "settings")
    check_parameters(found.get("parameters", {}))
    return found


def check_parameters(parameters):
    """Refuse parameters that the dock's fields cannot hold."""
    Fields({}, PARAMETERS).check(parameters, "settings.parameters")
