"""The operators that can be chosen, and what each of them takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base.shape import FLAG, MOST_BANDS, MOST_PIXELS, NOTHING, Either, ListOf, MapOf, Number, Row, Text, Whole
from ..base.vocabulary import Entry, Field, Vocabulary
from .change import CHANGES, Change
from .classify import Classify
from .expression import Expression
from .index import Index
from .index_table import INDICES
from .onnx import Onnx
from .onnx_values import ACTIVATION, NORMALIZE
from .python_file import PythonFile

_PATH, _WORD = Text(1 << 16, named="a path"), Text(64)
_BAND, _PIXELS = Whole(1, MOST_BANDS), Whole(1, MOST_PIXELS)
_NAMES = ListOf(Text(4096), MOST_BANDS)
_PER_BAND = Either((NOTHING, Number(), ListOf(Number(), MOST_BANDS)))
_ROLES = MapOf(_WORD, Whole(0, MOST_BANDS - 1), 256)


def _roles(value: Mapping[str, Any] | None) -> str:
    """Band roles in words: ``B=1 N=4``."""
    return " ".join(f"{role}={int(band) + 1}" for role, band in (value or {}).items())


def _for_all(value: Any) -> Any:
    """A number for all bands; one for each is what the raster declares, and is found there again."""
    return None if isinstance(value, (list, tuple)) else value


def _numbers(value: Any) -> str:
    """A number, or one for each band."""
    if value is None:
        return ""
    return ", ".join(map(repr, value)) if isinstance(value, (list, tuple)) else repr(value)


def _of_raster(key: str, shape: Any, always: bool = False) -> Field:
    return Field(key, kind="input", shape=shape, always=always)


def _role_field(always: bool) -> Field:
    return Field(
        "roles",
        "BAND_ROLES",
        label="Band roles",
        help="Which band is which, such as B=1 G=2 R=3 N=4 S1=5 S2=6. Empty: found from the bands' names, of "
        "Sentinel-2, Landsat or in words. Used by index and classify.",
        kind="text",
        default="",
        always=always,
        said="band roles",
        shape=_ROLES if always else Either((NOTHING, _ROLES)),
        written=_roles,
    )


_INDEX = Field(
    "name",
    "INDEX",
    label="Index",
    help="Name of a spectral index: {names}. Change between INPUT (before) and one further input (after): {changes}. "
    "Where the Python package spyndex is installed, all names of its catalogue.",
    filled=(("names", ", ".join(INDICES)), ("changes", ", ".join(CHANGES))),
    short="I&ndex",
    kind="text",
    default="NDVI",
    always=True,
    said="index",
    shape=_WORD,
)
_SCALING = (
    Field(
        "scale",
        "SCALE",
        label="Scale",
        help="As in reflectance = value * scale + offset. Empty: what the raster declares, for index and classify.",
        advanced=True,
        shape=_PER_BAND,
        written=_for_all,
    ),
    Field(
        "offset",
        "OFFSET",
        label="Offset",
        help="As in reflectance = value * scale + offset. Empty: what the raster declares, for index and classify.",
        advanced=True,
        shape=_PER_BAND,
        written=_for_all,
    ),
)

#: The operators that can be chosen. What they take of the raster itself, the provider gives them.
OPERATORS = Vocabulary(
    "operator",
    "OPERATOR",
    "expression",
    (
        Entry(
            "expression",
            Expression,
            label="Expression",
            fields=(
                Field(
                    "text",
                    "EXPRESSION",
                    label="Expression",
                    help="Band math, such as (b4-b3)/(b4+b3); several outputs separated by a semicolon. "
                    "Used by expression.",
                    short="Ex&pression",
                    kind="text",
                    default="b1",
                    always=True,
                    shape=Text(1 << 16, named="an expression"),
                ),
                _of_raster("bands", Either((NOTHING, _BAND))),
                _of_raster("names", _NAMES),
            ),
        ),
        Entry(
            "index",
            Index,
            label="Spectral index",
            fields=(_INDEX, _role_field(always=True), *_SCALING, _of_raster("names", _NAMES)),
        ),
        Entry(
            "change",
            Change,
            of="index",
            fields=(
                _INDEX,
                _role_field(always=True),
                _of_raster("bands_each", _BAND, always=True),
                *_SCALING,
                Field(
                    "severity",
                    "SEVERITY",
                    label="Classes of burn severity",
                    help="Burn severity classes of the USGS instead of the values. Used by the indices dNBR and RdNBR.",
                    kind="flag",
                    default=False,
                    advanced=True,
                    shape=FLAG,
                ),
                _of_raster("names", _NAMES),
            ),
        ),
        Entry(
            "classify",
            Classify,
            label="Classes by rules",
            fields=(
                Field(
                    "rules",
                    "RULES",
                    label="Rules",
                    help="One class a line as name: condition, the first that holds wins. Conditions are expressions "
                    "and may name indices: water: NDWI > 0.1. A colour may follow the name: water #1f78b4: NDWI > 0.1. "
                    "Used by classify.",
                    short="R&ules",
                    kind="lines",
                    default="",
                    needed=True,
                    shape=Text(1 << 16, named="rules"),
                ),
                _of_raster("bands", _BAND, always=True),
                _of_raster("names", _NAMES),
                _role_field(always=False),
                *_SCALING,
            ),
        ),
        Entry(
            "onnx",
            Onnx,
            label="Neural network (ONNX)",
            fields=(
                Field(
                    "path",
                    "MODEL",
                    label="ONNX model",
                    help="A model of one image input. A fixed input size becomes the chip size. Used by onnx.",
                    short="Mo&del",
                    kind="file",
                    options=("onnx",),
                    needed=True,
                    shape=_PATH,
                ),
                _of_raster("bands", _BAND, always=True),
                _of_raster("chip", Either((NOTHING, Row((_PIXELS, _PIXELS))))),  # which is that of the geometry
                Field(
                    "normalize",
                    "NORMALIZE",
                    label="Normalisation",
                    help="What is done with values before the model: nothing, division by 255 or 10000, "
                    "(x - mean) / std, the chip's own mean and standard deviation, or what the model's properties say. "
                    "Used by onnx.",
                    kind="choice",
                    default="none",
                    options=NORMALIZE,
                    advanced=True,
                    shape=_WORD,
                ),
                Field(
                    "mean",
                    "MEAN",
                    label="Mean",
                    help="One number, or one for each band, separated by commas. Used by the normalisation meanstd.",
                    kind="text",
                    default="",
                    advanced=True,
                    shape=_PER_BAND,
                    written=_numbers,
                ),
                Field(
                    "std",
                    "STD",
                    label="Standard deviation",
                    help="One number, or one for each band, separated by commas. Used by the normalisation meanstd.",
                    kind="text",
                    default="",
                    advanced=True,
                    shape=_PER_BAND,
                    written=_numbers,
                ),
                Field(
                    "activation",
                    "ACTIVATION",
                    label="Activation",
                    help="What is done with the model's output: nothing, sigmoid, softmax over its bands, or the label "
                    "of the largest band. Used by onnx.",
                    kind="choice",
                    default="none",
                    options=ACTIVATION,
                    advanced=True,
                    shape=_WORD,
                ),
                Field(
                    "fill",
                    "FILL",
                    label="Value for nodata before a model",
                    help="Models do not know nodata: it is given this value, and is nodata again in the result. "
                    "Used by onnx.",
                    default=0.0,
                    advanced=True,
                    shape=Number(),
                ),
                Field(
                    "provider",
                    "PROVIDER",
                    label="Execution provider",
                    help="Where the model runs: auto, cpu, cuda, or another that onnxruntime offers. The log says "
                    "which one ran.",
                    kind="text",
                    default="auto",
                    advanced=True,
                    shape=_WORD,
                ),
                Field("batch_size", kind="whole", shape=Either((NOTHING, Whole(1, 4096)))),
                _of_raster("sha256", _WORD),  # what the file has to be, which is asked anew
            ),
        ),
        Entry(
            "python",
            PythonFile,
            label="Python file",
            fields=(
                Field(
                    "path",
                    "PYTHON",
                    label="Python file",
                    help="A file with def operator(chip, meta). It runs inside QGIS with all your rights: use only "
                    "files that you trust. Used by python.",
                    short="&File",
                    kind="file",
                    options=("py",),
                    needed=True,
                    said="python file",
                    shape=_PATH,
                ),
                _of_raster("band_names", _NAMES),
                _of_raster("sha256", _WORD),
            ),
        ),
    ),
)
