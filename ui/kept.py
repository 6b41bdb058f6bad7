"""What the dock fills in from elsewhere, a project, the user's defaults or a layer's tag: the shapes it must have."""

from ..core.axes.window import WINDOWS
from ..core.base.documents import STATE as LIMITS
from ..core.base.documents import parse_json
from ..core.base.shape import FLAG, NOTHING, Either, Fields, ListOf, MapOf, Number, OneOf, Text, Whole
from ..core.records.shapes import MOST_BANDS

_NAME, _PATH, _FORMULA = Text(256), Text(1 << 16, named="a path"), Text(1 << 16)
_CHOICE, _PIXELS = Either((NOTHING, _NAME)), Whole(1, 99999)  # what the spin boxes hold
_SCALAR = Either((NOTHING, FLAG, Number(), Text(1 << 16)))
#: The parameters that have a place of their own in the dock.
PARAMETERS = {
    **dict.fromkeys(("GEOMETRY", "WINDOW", "BOUNDARY", "AGGREGATION", "OPERATOR", "POLYGONS"), _CHOICE),
    **dict.fromkeys(("CHIP_SIZE", "STRIDE"), _PIXELS),
    **dict.fromkeys(("CHIP_WIDTH", "STRIDE_X"), Either((NOTHING, _PIXELS))),
    **dict.fromkeys(("MODEL", "PYTHON"), _PATH),
    **dict.fromkeys(("EXPRESSION", "RULES"), _FORMULA),
    "INDEX": _NAME,
    **{field.name: _FORMULA if field.kind == "text" else Number(field.low, field.most) for field in WINDOWS.fields},
    "RADIUS_KM": Number(0.001, 20000),
    "BANDS": Either((NOTHING, ListOf(Whole(1, MOST_BANDS), MOST_BANDS))),
}
#: The dock's choices. Parameters without a place of their own are looked at by the widgets that QGIS has for them.
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
    """The choices in a text, None for an empty one; ``ParameterError`` says what is wrong with them."""
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
