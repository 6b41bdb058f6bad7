"""A vocabulary of the core as parameters of an algorithm, and back."""

from qgis.core import QgsProcessingParameterEnum, QgsProcessingParameterNumber, QgsProcessingParameterString


def choice(name, description, options, default):
    """A parameter that is one of some names."""
    return QgsProcessingParameterEnum(
        name, description, options=list(options), defaultValue=default, usesStaticStrings=True
    )


def words_of(algorithm, vocabulary):
    """What can be chosen, each with its few words: ``boxcar (all alike), hann (...)``."""
    said = ((entry.name, algorithm.tr(entry.help) if entry.help else "") for entry in vocabulary.offered)
    return ", ".join(f"{name} ({words})" if words else name for name, words in said)


def add_fields(algorithm, vocabulary):
    """Add a parameter for each field."""
    for field in vocabulary.fields:
        algorithm.add(_parameter(field, algorithm.tr(field.label)), algorithm.tr(field.help), field.advanced)


def read_choice(algorithm, parameters, context, vocabulary):
    """What was chosen, made."""
    name = algorithm.parameterAsString(parameters, vocabulary.parameter, context)
    read = {"number": algorithm.parameterAsDouble, "text": algorithm.parameterAsString}
    fields = vocabulary.entry(name).fields
    return vocabulary.make(name, {field.name: read[field.kind](parameters, field.name, context) for field in fields})


def names_of(vocabulary):
    """The parameters by what they are called in the core's errors."""
    return {field.in_errors: field.name for field in vocabulary.fields}


def _parameter(field, description):
    if field.kind == "text":
        return QgsProcessingParameterString(field.name, description, field.default, optional=field.default is None)
    kind = QgsProcessingParameterNumber.Type.Double
    limits = (field.low,) if field.high is None else (field.low, field.high)
    return QgsProcessingParameterNumber(field.name, description, kind, field.default, False, *limits)
