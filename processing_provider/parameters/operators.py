"""The parameters that say what is done with a chip, shared by all algorithms that run an operator."""

import os
from dataclasses import replace

from qgis.core import QgsProcessing, QgsProcessingParameterMultipleLayers

from ...core import Expression, SpatialHardVote, SpatialRectangular
from ...core.base.errors import ParameterError
from ...core.base.trust import MODEL as MODEL_FILE
from ...core.base.trust import PYTHON_FILE, NamedFile, named_file
from ...core.operators.band_roles import find_roles, parse_roles
from ...core.operators.change import CHANGES, Change
from ...core.operators.choices import OPERATORS
from ...core.operators.classify import Classify
from ...core.operators.index import Index
from ...core.operators.onnx import OnnxFile
from ...core.operators.python_file import PythonFile
from ...core.stitch.aggregations import AGGREGATIONS
from ..trust import TRUST, add_trust, read_trust
from .words import add_fields, choice_of, names_of, read_fields

OTHER_INPUTS, MODEL, SCALE, OFFSET = "OTHER_INPUTS", "MODEL", "SCALE", "OFFSET"

#: The core's names of these parameters, for its error messages.
NAMES = {**names_of(OPERATORS), "model": MODEL, "other inputs": OTHER_INPUTS, "trust": TRUST}


def add_operator(algorithm, aggregation=True):
    """Add the choice of the operator and what each of them needs; with ``aggregation`` how results are stitched."""
    tr = algorithm.tr
    algorithm.add(
        choice_of(OPERATORS, tr("Operator")),
        tr(
            "What is done with a chip: a band expression, a spectral index by name, a classification by rules, a "
            "neural network (ONNX), or a function in a Python file."
        ),
    )
    add_fields(algorithm, [field for field in OPERATORS.fields if not field.advanced])
    if aggregation:
        add_aggregation(algorithm)
    algorithm.add(
        QgsProcessingParameterMultipleLayers(
            OTHER_INPUTS, tr("Further inputs"), QgsProcessing.SourceType.TypeRaster, optional=True
        ),
        tr(
            "Rasters whose bands follow as further bands. They are brought onto the grid of the input: bilinear, or "
            "nearest for classes."
        ),
        advanced=True,
    )
    add_fields(algorithm, [field for field in OPERATORS.fields if field.advanced])
    add_trust(
        algorithm,
        tr(
            "Empty: the Python file or model that you choose is taken as it is. Otherwise it has to have one of these "
            "SHA-256 sums, as in sha256:2c26b46b...: a file that was changed since is not run."
        ),
    )


def add_aggregation(algorithm):
    """Add how overlapping chips become one value."""
    tr = algorithm.tr
    algorithm.add(
        choice_of(AGGREGATIONS, tr("Aggregation")),
        tr(
            "How overlapping chips become one value: overlapadd is the mean weighted by the window; hardvote is for "
            "labels, softvote for one band of probability per class."
        ),
    )


def read_operator(reader, raster):
    """The chosen operator for chips of ``raster`` (RasterFile, StackedRaster), to be ``fitted`` to their size."""
    kind = reader.text(OPERATORS.parameter)
    values = read_fields(reader, OPERATORS.fields)
    OPERATORS.check(kind, values)
    bound = kind in ("onnx", "python") and reader.text(TRUST).strip()
    return _MADE[kind](values, raster, read_trust(reader) if bound else None)


def _expression(given, raster, trust):
    return Expression(given["EXPRESSION"], raster.bands, raster.band_names, "EXPRESSION")


def _index(given, raster, trust):
    name, roles, severity = given["INDEX"].strip(), given["BAND_ROLES"], given["SEVERITY"]
    scale, offset = _scale(given, raster)
    changes = {change.lower(): change for change in CHANGES}
    if name.lower() not in changes:
        if severity:
            raise ParameterError("severity", True, f"needs one of the indices {', '.join(CHANGES)}")
        return Index(name, _roles(roles, raster.band_names, raster.bands), scale, offset, names=raster.band_names)
    counts = tuple(len(names) for names in raster.names_of)
    if len(counts) != 2 or counts[0] != counts[1]:
        allowed = f"{name} needs two rasters with the same bands: INPUT from before, and one further input from after"
        raise ParameterError(OTHER_INPUTS, list(raster.paths[1:]), allowed)
    names = raster.band_names[: counts[0]]
    return Change(
        changes[name.lower()], _roles(roles, names, counts[0]), counts[0], scale, offset, severity, names=names
    )


def _classify(given, raster, trust):
    scale, offset = _scale(given, raster)
    roles = _roles(given["BAND_ROLES"], raster.band_names, raster.bands)
    return Classify(given["RULES"], raster.bands, raster.band_names, roles, scale, offset)


def _python(given, raster, trust):
    file = PythonFile(given["PYTHON"], raster.band_names, parameter="python file")
    if trust is not None:
        trust.check([NamedFile(PYTHON_FILE, file.path, file.size, file.sha256)])
    return file  # it is run when the run begins


def _onnx(given, raster, trust):
    path = given["MODEL"]
    options = {
        "normalize": given["NORMALIZE"],
        "mean": _numbers(given["MEAN"], "MEAN"),
        "std": _numbers(given["STD"], "STD"),
        "activation": given["ACTIVATION"],
        "fill": given["FILL"],
        "provider": given["PROVIDER"] or OPERATORS.field("PROVIDER").default,
    }
    if trust is not None:
        path = os.path.abspath(path)
        named = named_file(MODEL_FILE, path, "path")
        trust.check([named])
        options["sha256"] = named.sha256
    return OnnxFile(path, raster.bands, **options)


#: What makes each of the operators, of the values given and the raster that they are for.
_MADE = {"expression": _expression, "index": _index, "classify": _classify, "onnx": _onnx, "python": _python}


def _scale(given, raster):
    """Scale and offset as chosen, else as the raster declares them for its bands, else None."""
    scale, offset = given[SCALE], given[OFFSET]
    if scale is None and offset is None and raster.has_scale:
        return raster.scales, raster.offsets
    return scale, offset


def source_scale(reader):
    """``(scale, offset)`` for the source to apply; False where none is chosen, or the operator applies them itself."""
    if reader.text(OPERATORS.parameter) in OPERATORS.uses(SCALE):
        return False
    chosen = [reader.given(name) for name in (SCALE, OFFSET)]
    if not any(chosen):
        return False
    scale = reader.number(SCALE) if chosen[0] else 1.0
    return scale, reader.number(OFFSET) if chosen[1] else 0.0


def read_aggregation(reader, operator):
    """``(aggregation, sentence)``: the chosen one, or a vote for labels, which the sentence says; else it is ""."""
    kind = reader.text(AGGREGATIONS.parameter)
    chosen = AGGREGATIONS.make(kind, {})
    if operator.labels and chosen.blends:
        said = reader.tr("Labels cannot be averaged: they are stitched by hardvote instead of {kind}.")
        # Classes with names are plainly labels.
        return SpatialHardVote(), "" if kind == "overlapadd" and operator.categories else said.format(kind=kind)
    return chosen, ""


def fitted(operator, patcher):
    """``(operator, patcher)`` for each other: a model may demand the chip size."""
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


def _numbers(text, name):
    try:
        return tuple(float(part) for part in text.replace(";", ",").split(",") if part.strip())
    except ValueError:
        raise ParameterError(name, text, "must be a number, or one for each band separated by commas") from None
