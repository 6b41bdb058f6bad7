"""Vector outputs of an algorithm, which take their names when they are complete."""

import os
import re
import shutil

from qgis.core import (
    Qgis,
    QgsDataSourceUri,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsProcessing,
    QgsProcessingException,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProperty,
    QgsProviderRegistry,
    QgsVectorFileWriter,
)
from qgis.PyQt.QtCore import QMetaType, QVariant

from ...core.base.errors import ParameterError
from ...core.rasters.commit import CommitGroup
from ...core.rasters.partial import PartialFile, check_file
from ...core.rasters.targets import check_on_disk
from ..parameters.sources import files_read, reads_table

#: Features handed on at a time: enough to be quick, few enough to be told of cancelling in time.
BATCH = 1000


def new_field(name, kind):
    """A field; ``kind`` is Int, LongLong, Double, String or DateTime."""
    if Qgis.QGIS_VERSION_INT < 33800:
        return QgsField(name, getattr(QVariant, kind))
    return QgsField(name, getattr(QMetaType.Type, kind if kind in ("Int", "LongLong", "Double") else f"Q{kind}"))


def new_fields(kinds):
    """The ``QgsFields`` of a dict of kinds, as for :func:`new_field`, by name."""
    fields = QgsFields()
    for name, kind in kinds.items():
        fields.append(new_field(name, kind))
    return fields


def number_field(fields, name, parameter):
    """The name, as ``fields`` spell it, of a field of numbers; refused where there is none of that name."""
    index = fields.lookupField(name)
    if index < 0 or not fields[index].isNumeric():
        numbers = ", ".join(field.name() for field in fields if field.isNumeric()) or "(none)"
        raise ParameterError(parameter, name, f"must be a field of numbers, one of: {numbers}")
    return fields[index].name()


def file_target(reader, name):
    """The file that a vector output will be; "" where it goes to memory, to a database or into an existing file."""
    value = _named(reader, name)
    if value in ("", QgsProcessing.TEMPORARY_OUTPUT) or re.match(r"\w{2,}:", value):
        return ""
    path = os.path.abspath(value)
    return path if os.path.splitext(path)[1] else f"{path}.{QgsProcessingUtils.defaultVectorExtension()}"


def _named(reader, name):
    """The path or URI of a vector output; "" where it has none, or goes into an existing layer."""
    value = reader.value(name)
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        if value.useRemapping():
            return ""
        value = value.sink
    if isinstance(value, QgsProperty):
        value = value.valueAsString(reader.context.expressionContext(), "")[0]
    return value if isinstance(value, str) else ""


def check_file_target(reader, name, more=None):
    """Refuse a file that cannot be written, and one that is read: under a parameter, or in ``more``."""
    value = _named(reader, name)
    if value.split(":")[0].lower() not in QgsProviderRegistry.instance().providerList():
        check_on_disk(value, name)
    path = file_target(reader, name)
    if not path:
        _check_table(reader, name)
        return
    ending = os.path.splitext(path)[1]
    if not QgsVectorFileWriter.driverForExtension(ending):
        raise ParameterError(name, path, f"QGIS writes no layers to {ending} files: choose another, such as .gpkg")
    read = files_read(reader)
    check_file(path, read if more is None else read + more, name)


def _check_table(reader, name):
    """Refuse a table of an existing file that is also read: QGIS would empty it first."""
    value = _named(reader, name)
    if not isinstance(value, str) or not value.startswith("ogr:"):
        return
    uri = QgsDataSourceUri(value[len("ogr:") :])
    if uri.database() and reads_table(reader, uri.database(), uri.table()):
        raise ParameterError(name, value, "must not be the same table that is read: choose another")


class FeatureOutput:
    """A vector output; use as a context manager. ``target`` is what the algorithm returns for it.

    A file is written in a hidden folder beside its target and takes its name when it is written, closed and found
    complete, with ``group`` when all outputs of that are; on any error or cancelling nothing is left, and whatever was
    at the target stays. A layer in memory is dropped. Only what goes into a database, or into a file that is there
    already, is written directly, as QGIS does it.
    """

    def __init__(self, reader, name, fields, wkb_type, crs, group=None):
        self._reader, self._name = reader, name
        self._shape, self._group = (fields, wkb_type, crs), group
        self.target, self._written = file_target(reader, name), 0
        self._partial = PartialFile(self.target, name) if self.target else None
        self._sink, self._made, self._folder = None, "", ""

    def add(self, features):
        """Write features."""
        if not self._sink.addFeatures(features, QgsFeatureSink.Flag.FastInsert):
            raise self._not_written()
        self._written += len(features)

    def __enter__(self):
        if self._partial is not None:
            try:
                path = self._partial.create()
            except OSError as error:
                raise QgsProcessingException(f"{self._name} {self.target}: cannot be created: {error}") from error
            self._folder = os.path.dirname(os.path.dirname(path))
            self._reader = self._reader.having(**{self._name: _moved(self._reader.value(self._name), path)})
        try:
            self._open()
        except BaseException:
            self._abandon()
            raise
        return self

    def _open(self):
        self._sink, self._made = self._reader.sink(self._name, *self._shape)
        if self._sink is None:
            text = self._reader.algorithm.invalidSinkError(self._reader.parameters, self._name)
            raise QgsProcessingException(text)
        if self._partial is None:
            self.target = self._made

    def __exit__(self, error_type, *error):
        if error_type is not None:
            self._abandon()
            return
        try:
            if not self._sink.flushBuffer():
                raise self._not_written()
            self._sink = None  # QGIS closes it, and makes the spatial index
            self._check_count()
        except BaseException:
            self._abandon()
            raise
        group = CommitGroup() if self._group is None else self._group
        group.otherwise(self._abandon)
        if self._partial is not None:
            group.add(self._partial)
            group.then(self._load_from_target)
        if self._group is None:
            group.commit()

    def _not_written(self):
        """The exception for features that QGIS could not write, with its reason."""
        algorithm = self._reader.algorithm
        return QgsProcessingException(algorithm.writeFeatureError(self._sink, self._reader.parameters, self._name))

    def _check_count(self):
        count = _count(self._made) if self._partial is not None else None
        if count is not None and count != self._written:
            text = f"only {count} of {self._written} features were written; the disk may be full"
            raise QgsProcessingException(f"{self._name} {self.target}: {text}")

    def _load_from_target(self):
        to_load = self._reader.context.layersToLoadOnCompletion()
        if self._made in to_load:
            to_load[self.target] = to_load.pop(self._made)
            self._reader.context.setLayersToLoadOnCompletion(to_load)

    def _abandon(self):
        if self._partial is not None:
            # Before the file is closed: GDAL then gives up at once, and does not first make the index of a large file.
            self._partial.abandon()
        self._sink = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)  # where an open file cannot be removed
        to_load = self._reader.context.layersToLoadOnCompletion()
        if to_load.pop(self._made, None) is not None:
            self._reader.context.setLayersToLoadOnCompletion(to_load)
        store = self._reader.context.temporaryLayerStore()
        if self._made and store.mapLayer(self._made) is not None:
            store.removeMapLayer(self._made)


def _moved(value, path):
    """The value of an output parameter, with another file."""
    if not isinstance(value, QgsProcessingOutputLayerDefinition):
        return path
    moved = QgsProcessingOutputLayerDefinition(value)
    moved.sink = QgsProperty.fromValue(path)
    return moved


def _count(path):
    """The number of features in a file; None for formats that would have to be read for it."""
    if os.path.splitext(path)[1].lower() not in (".gpkg", ".shp", ".fgb"):
        return None
    metadata = QgsProviderRegistry.instance().providerMetadata("ogr")
    layers = metadata.querySublayers(path, Qgis.SublayerQueryFlag.CountFeatures)
    return sum(layer.featureCount() for layer in layers)
