"""The parameters that say what is done with a chip, shared by all algorithms that run an operator."""

import os
from dataclasses import replace

from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ...core import (
    Expression,
    SpatialHardVote,
    SpatialMax,
    SpatialMean,
    SpatialMedian,
    SpatialMin,
    SpatialOverlapAdd,
    SpatialRectangular,
    SpatialSoftVote,
    SpatialSum,
)
from ...core.base.errors import ParameterError
from ...core.base.trust import MODEL as MODEL_FILE
from ...core.base.trust import PYTHON_FILE, NamedFile, named_file
from ...core.operators.band_roles import find_roles, parse_roles
from ...core.operators.change import CHANGES, Change
from ...core.operators.classify import Classify
from ...core.operators.index import Index
from ...core.operators.index_table import INDICES
from ...core.operators.onnx import OnnxFile
from ...core.operators.onnx_values import ACTIVATION as ACTIVATIONS
from ...core.operators.onnx_values import NORMALIZE as NORMALIZATIONS
from ...core.operators.python_file import PythonFile
from ..trust import TRUST, add_trust, read_trust

OPERATOR, EXPRESSION, INDEX, BAND_ROLES = "OPERATOR", "EXPRESSION", "INDEX", "BAND_ROLES"
SCALE, OFFSET, OTHER_INPUTS, AGGREGATION = "SCALE", "OFFSET", "OTHER_INPUTS", "AGGREGATION"
MODEL, PYTHON, RULES, SEVERITY = "MODEL", "PYTHON", "RULES", "SEVERITY"
NORMALIZE, MEAN, STD, ACTIVATION, FILL, PROVIDER = "NORMALIZE", "MEAN", "STD", "ACTIVATION", "FILL", "PROVIDER"
OPERATORS = ("expression", "index", "classify", "onnx", "python")
AGGREGATIONS = {
    "overlapadd": SpatialOverlapAdd,
    "mean": SpatialMean,
    "sum": SpatialSum,
    "min": SpatialMin,
    "max": SpatialMax,
    "median": SpatialMedian,
    "hardvote": SpatialHardVote,
    "softvote": SpatialSoftVote,
}
#: Aggregations that make a value between two labels, which is no label.
_BLEND = ("overlapadd", "mean", "sum", "median", "softvote")

#: The core's names of these parameters, for its error messages.
NAMES = {
    "index": INDEX,
    "rules": RULES,
    "band roles": BAND_ROLES,
    "model": MODEL,
    "path": MODEL,
    "python file": PYTHON,
    "normalize": NORMALIZE,
    "mean": MEAN,
    "std": STD,
    "activation": ACTIVATION,
    "provider": PROVIDER,
    "scale": SCALE,
    "offset": OFFSET,
    "fill": FILL,
    "other inputs": OTHER_INPUTS,
    "trust": TRUST,
}


def add_operator(algorithm, aggregation=True):
    """Add the choice of the operator, and what each of them needs; ``aggregation`` where its results are stitched."""
    tr, add = algorithm.tr, algorithm.add
    add(
        _choice(OPERATOR, tr("Operator"), OPERATORS, "expression"),
        tr("What is done with a chip: a band expression, a spectral index by name, a classification by rules, a neural "
           "network (ONNX), or a function in a Python file."),
    )  # fmt: skip
    add(
        QgsProcessingParameterString(EXPRESSION, tr("Expression"), "b1"),
        tr("Band math, such as (b4-b3)/(b4+b3); several outputs separated by a semicolon. Used by expression."),
    )
    add(
        QgsProcessingParameterString(INDEX, tr("Index"), "NDVI"),
        tr("Name of a spectral index: {names}. Change between INPUT (before) and one further input (after): {changes}. "
           "Where the Python package spyndex is installed, all names of its catalogue.").format(
            names=", ".join(INDICES), changes=", ".join(CHANGES)),
    )  # fmt: skip
    add(
        QgsProcessingParameterString(BAND_ROLES, tr("Band roles"), "", optional=True),
        tr("Which band is which, such as B=1 G=2 R=3 N=4 S1=5 S2=6. Empty: found from the bands' names, of Sentinel-2, "
           "Landsat or in words. Used by index and classify."),
    )  # fmt: skip
    add(
        QgsProcessingParameterString(RULES, tr("Rules"), "", multiLine=True, optional=True),
        tr("One class a line as name: condition, the first that holds wins. Conditions are expressions and may name "
           "indices: water: NDWI > 0.1. A colour may follow the name: water #1f78b4: NDWI > 0.1. Used by classify."),
    )  # fmt: skip
    add(
        QgsProcessingParameterFile(MODEL, tr("ONNX model"), extension="onnx", optional=True),
        tr("A model of one image input. A fixed input size becomes the chip size. Used by onnx."),
    )
    add(
        QgsProcessingParameterFile(PYTHON, tr("Python file"), extension="py", optional=True),
        tr("A file with def operator(chip, meta). It runs inside QGIS with all your rights: use only files that you "
           "trust. Used by python."),
    )  # fmt: skip
    if aggregation:
        add_aggregation(algorithm)
    _add_advanced(algorithm)


def add_aggregation(algorithm):
    """Add how overlapping chips become one value."""
    tr = algorithm.tr
    algorithm.add(
        _choice(AGGREGATION, tr("Aggregation"), tuple(AGGREGATIONS), "overlapadd"),
        tr("How overlapping chips become one value: overlapadd is the mean weighted by the window; hardvote is for "
           "labels, softvote for one band of probability per class."),
    )  # fmt: skip


def _add_advanced(algorithm):
    tr = algorithm.tr
    double = QgsProcessingParameterNumber.Type.Double

    def add(definition, help_text):
        algorithm.add(definition, help_text, advanced=True)

    add(
        QgsProcessingParameterMultipleLayers(
            OTHER_INPUTS, tr("Further inputs"), QgsProcessing.SourceType.TypeRaster, optional=True
        ),
        tr("Rasters whose bands follow as further bands. They are brought onto the grid of the input: bilinear, or "
           "nearest for classes."),
    )  # fmt: skip
    add(
        QgsProcessingParameterNumber(SCALE, tr("Scale"), double, None, True),
        tr("As in reflectance = value * scale + offset. Empty: what the raster declares, for index and classify."),
    )
    add(
        QgsProcessingParameterNumber(OFFSET, tr("Offset"), double, None, True),
        tr("As in reflectance = value * scale + offset. Empty: what the raster declares, for index and classify."),
    )
    add(
        QgsProcessingParameterBoolean(SEVERITY, tr("Classes of burn severity"), False),
        tr("Burn severity classes of the USGS instead of the values. Used by the indices dNBR and RdNBR."),
    )
    add(
        _choice(NORMALIZE, tr("Normalisation"), NORMALIZATIONS, "none"),
        tr("What is done with values before the model: nothing, division by 255 or 10000, (x - mean) / std, the chip's "
           "own mean and standard deviation, or what the model's properties say. Used by onnx."),
    )  # fmt: skip
    add(
        QgsProcessingParameterString(MEAN, tr("Mean"), "", optional=True),
        tr("One number, or one for each band, separated by commas. Used by the normalisation meanstd."),
    )
    add(
        QgsProcessingParameterString(STD, tr("Standard deviation"), "", optional=True),
        tr("One number, or one for each band, separated by commas. Used by the normalisation meanstd."),
    )
    add(
        _choice(ACTIVATION, tr("Activation"), ACTIVATIONS, "none"),
        tr("What is done with the model's output: nothing, sigmoid, softmax over its bands, or the label of the "
           "largest band. Used by onnx."),
    )  # fmt: skip
    add(
        QgsProcessingParameterNumber(FILL, tr("Value for nodata before a model"), double, 0.0),
        tr("Models do not know nodata: it is given this value, and is nodata again in the result. Used by onnx."),
    )
    add(
        QgsProcessingParameterString(PROVIDER, tr("Execution provider"), "auto"),
        tr("Where the model runs: auto, cpu, cuda, or another that onnxruntime offers. The log says which one ran."),
    )
    add_trust(
        algorithm,
        tr("Empty: the Python file or model that you choose is taken as it is. Otherwise it has to have one of these "
           "SHA-256 sums, as in sha256:2c26b46b...: a file that was changed since is not run."),
    )  # fmt: skip


def read_operator(algorithm, parameters, context, raster):
    """The chosen operator for chips of ``raster`` (RasterFile, StackedRaster), to be ``fitted`` to their size."""

    def text(name):
        return algorithm.parameterAsString(parameters, name, context)

    kind = text(OPERATOR)
    if kind == "expression":
        return Expression(text(EXPRESSION), raster.bands, raster.band_names, EXPRESSION)
    if kind == "index":
        return _index(algorithm, parameters, context, raster)
    if kind == "classify":
        scale, offset = read_scale(algorithm, parameters, context, raster)
        roles = _roles(text(BAND_ROLES), raster.band_names, raster.bands)
        return Classify(_given(RULES, text(RULES), OPERATOR), raster.bands, raster.band_names, roles, scale, offset)
    if kind == "python":
        file = PythonFile(_given(PYTHON, text(PYTHON), OPERATOR), raster.band_names, parameter="python file")
        if text(TRUST).strip():
            read_trust(algorithm, parameters, context).check(
                [NamedFile(PYTHON_FILE, file.path, file.size, file.sha256)]
            )
        return file  # it is run when the run begins
    return _onnx(algorithm, parameters, context, raster)


def _index(algorithm, parameters, context, raster):
    name = algorithm.parameterAsString(parameters, INDEX, context).strip()
    roles = algorithm.parameterAsString(parameters, BAND_ROLES, context)
    scale, offset = read_scale(algorithm, parameters, context, raster)
    changes = {change.lower(): change for change in CHANGES}
    if name.lower() not in changes:
        if algorithm.parameterAsBool(parameters, SEVERITY, context):
            raise ParameterError(SEVERITY, True, f"needs one of the indices {', '.join(CHANGES)}")
        return Index(name, _roles(roles, raster.band_names, raster.bands), scale, offset, names=raster.band_names)
    counts = tuple(len(names) for names in raster.names_of)
    if len(counts) != 2 or counts[0] != counts[1]:
        allowed = f"{name} needs two rasters with the same bands: INPUT from before, and one further input from after"
        raise ParameterError(OTHER_INPUTS, list(raster.paths[1:]), allowed)
    names = raster.band_names[: counts[0]]
    severity = algorithm.parameterAsBool(parameters, SEVERITY, context)
    return Change(
        changes[name.lower()], _roles(roles, names, counts[0]), counts[0], scale, offset, severity, names=names
    )


def _onnx(algorithm, parameters, context, raster):
    def text(name):
        return algorithm.parameterAsString(parameters, name, context)

    path = _given(MODEL, text(MODEL), OPERATOR)
    options = {
        "normalize": text(NORMALIZE),
        "mean": _numbers(text(MEAN), MEAN),
        "std": _numbers(text(STD), STD),
        "activation": text(ACTIVATION),
        "fill": algorithm.parameterAsDouble(parameters, FILL, context),
        "provider": text(PROVIDER) or "auto",
    }
    if text(TRUST).strip():
        path = os.path.abspath(path)
        named = named_file(MODEL_FILE, path, "path")
        read_trust(algorithm, parameters, context).check([named])
        options["sha256"] = named.sha256
    return OnnxFile(path, raster.bands, **options)


def read_scale(algorithm, parameters, context, raster):
    """Scale and offset as chosen, else as the raster declares them for its bands, else None."""

    def number(name):
        given = parameters.get(name) not in (None, "")
        return algorithm.parameterAsDouble(parameters, name, context) if given else None

    scale, offset = number(SCALE), number(OFFSET)
    if scale is None and offset is None and raster.has_scale:
        return raster.scales, raster.offsets
    return scale, offset


def source_scale(algorithm, parameters, context):
    """What the source has to apply: scale and offset, where they were chosen for an operator that takes bands as they
    are; index and classify apply theirs themselves."""
    if algorithm.parameterAsString(parameters, OPERATOR, context) in ("index", "classify"):
        return False
    chosen = [parameters.get(name) not in (None, "") for name in (SCALE, OFFSET)]
    if not any(chosen):
        return False
    scale = algorithm.parameterAsDouble(parameters, SCALE, context) if chosen[0] else 1.0
    return scale, algorithm.parameterAsDouble(parameters, OFFSET, context) if chosen[1] else 0.0


def read_aggregation(algorithm, parameters, context, operator):
    """The chosen aggregation, and a sentence where labels made another one necessary."""
    kind = algorithm.parameterAsString(parameters, AGGREGATION, context)
    if operator.labels and kind in _BLEND:
        said = algorithm.tr("Labels cannot be averaged: they are stitched by hardvote instead of {kind}.")
        # With names, it is plain that these are labels.
        return SpatialHardVote(), "" if kind == "overlapadd" and operator.categories else said.format(kind=kind)
    return AGGREGATIONS[kind](), ""


def fitted(operator, patcher):
    """An operator for the chips of ``patcher``, and the patcher for it: a model may demand the chip size."""
    size = patcher.geometry.size
    made = operator.fitted(size)
    if made.chip_size is not None and made.chip_size != size:
        if size is None:
            raise ParameterError(MODEL, made.name, f"takes chips of {made.chip_size} pixels only: use rectangular ones")
        geometry = SpatialRectangular(made.chip_size, patcher.geometry.boundary)
        patcher = replace(patcher, geometry=geometry)
    return made, patcher


def _roles(text, names, bands):
    return parse_roles(text, bands, names) if text.strip() else find_roles(names)


def _given(name, value, operator):
    if not value.strip():
        raise ParameterError(name, value, f"must be given for this {operator}")
    return value


def _numbers(text, name):
    try:
        return tuple(float(part) for part in text.replace(";", ",").split(",") if part.strip())
    except ValueError:
        raise ParameterError(name, text, "must be a number, or one for each band separated by commas") from None


def _choice(name, description, options, default):
    return QgsProcessingParameterEnum(
        name, description, options=list(options), defaultValue=default, usesStaticStrings=True
    )
