"""A vocabulary of the core as parameters of an algorithm, and back."""

from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)


def choice(name, description, options, default):
    """A parameter that is one of some names."""
    return _enum(name, description, options, False, default)


def choices(name, description, options, default):
    """A parameter that is any of some names; the default is a list."""
    return _enum(name, description, options, True, default)


def _enum(name, description, options, several, default):
    return QgsProcessingParameterEnum(
        name, description, list(options), several, defaultValue=default, usesStaticStrings=True
    )


def choice_of(vocabulary, description):
    """A parameter that is one of a vocabulary's names."""
    return choice(vocabulary.parameter, description, vocabulary.names, vocabulary.default)


def words_of(algorithm, vocabulary):
    """A line of what can be chosen, each with its short help: ``boxcar (all alike), hann (...)``."""
    said = ((entry.name, algorithm.tr(entry.help) if entry.help else "") for entry in vocabulary.offered)
    return ", ".join(f"{name} ({words})" if words else name for name, words in said)


def add_fields(algorithm, fields, advanced=False):
    """Add a parameter for each field."""
    for field in fields:
        definition = _PARAMETERS[field.kind](field, algorithm.tr(field.label))
        algorithm.add(definition, field.explained(algorithm.tr), advanced or field.advanced)


def read_fields(reader, fields):
    """The fields' values by their names, None for an empty number."""
    read = {"number": reader.number, "whole": reader.whole, "flag": reader.flag}
    values = {}
    for field in fields:
        empty = field.default is None and field.kind in read and not reader.given(field.name)
        values[field.name] = None if empty else read.get(field.kind, reader.text)(field.name)
    return values


def read_choice(reader, vocabulary):
    """The object that the chosen name stands for, made with the values of its fields."""
    name = reader.text(vocabulary.parameter)
    fields = [field for field in vocabulary.entry(name).fields if field.name]
    return vocabulary.make(name, read_fields(reader, fields))


def names_of(vocabulary):
    """The ids of the parameters by the names that the core's errors have for them."""
    fields = reversed(vocabulary.fields)  # of two with one name the first, which is for rows, counts
    return {field.in_errors: field.name for field in fields}


def _number(kind):
    def make(field, description):
        limits = () if field.low is None else (field.low,) if field.high is None else (field.low, field.high)
        return QgsProcessingParameterNumber(
            field.name, description, kind, field.default, field.default is None, *limits
        )

    return make


def _text(lines):
    def make(field, description):
        return QgsProcessingParameterString(field.name, description, field.default, lines, not field.default)

    return make


def _file(field, description):
    (ending,) = field.options
    return QgsProcessingParameterFile(field.name, description, extension=ending, optional=True)


def _points(field, description):
    kinds = [QgsProcessing.SourceType.TypeVectorPoint]
    return QgsProcessingParameterFeatureSource(field.name, description, kinds, optional=True)


#: By a field's kind, what makes its parameter.
_PARAMETERS = {
    "number": _number(QgsProcessingParameterNumber.Type.Double),
    "whole": _number(QgsProcessingParameterNumber.Type.Integer),
    "flag": lambda field, description: QgsProcessingParameterBoolean(field.name, description, field.default),
    "text": _text(False),
    "lines": _text(True),
    "choice": lambda field, description: choice(field.name, description, field.options, field.default),
    "file": _file,
    "points": _points,
}
