"""All files that an algorithm reads, which none of its outputs may replace: those of its layers, and other files."""

from qgis.core import (
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterDataProvider,
    QgsVectorLayer,
    QgsVirtualLayerDefinition,
)
from qgis.PyQt.QtCore import QUrl

from ...core.rasters.source_files import source_files

#: Types of parameters that are layers or files to be read.
_ONE, _SEVERAL, _FILE = ("raster", "source", "vector", "layer"), "multilayer", "file"


def files_read(reader):
    """The files behind all layers and files among the parameters."""
    names = []
    for definition in reader.definitions:
        name, kind = definition.name(), definition.type()
        if not reader.given(name):
            continue
        if kind == _FILE:
            names.append(reader.file(name))
        elif kind in _ONE or kind == _SEVERAL:
            for layer in _layers(reader, name, kind):
                names += names_of_layer(layer, reader.context.project())
    return source_files(dict.fromkeys(filter(None, names)))


def reads_table(reader, path, table):
    """Whether a layer among the parameters is the table of that name in the file ``path``."""
    registry = QgsProviderRegistry.instance()
    for definition in reader.definitions:
        name, kind = definition.name(), definition.type()
        if kind not in _ONE or not reader.given(name):
            continue
        for layer in _layers(reader, name, kind):
            if layer.providerType() != "ogr":
                continue
            parts = registry.decodeUri(layer.providerType(), layer.source())
            if not source_files([parts.get("path") or ""]).same_as(path):
                continue
            # A layer that is named by its file alone is the first in it, or the only one.
            own = parts.get("layerName") or layer.dataProvider().subLayers()[0].split("!!::!!")[1]
            if own == table:
                return True
    return False


def _layers(reader, name, kind):
    if kind == _SEVERAL:
        return reader.layers(name)
    value = reader.value(name)
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        reader = reader.having(**{name: value.source})
    layer = reader.layer(name)
    return [] if layer is None else [layer]


def names_of_layer(layer, project=None, depth=0):
    """Names of the files that a layer reads, as its provider gives them, and those of the layers that it is made of."""
    kind, uri = layer.providerType(), layer.source()
    names = [QgsProviderRegistry.instance().decodeUri(kind, uri).get("path") or ""]
    if kind in ("gdal", "ogr"):
        names.append(uri)
    if depth > 8:
        return names
    inner = []
    if kind == "virtual":
        for source in QgsVirtualLayerDefinition.fromUrl(QUrl(uri)).sourceLayers():
            if source.isReferenced():
                inner.append((project or QgsProject.instance()).mapLayer(source.reference()))
            else:
                names += _names_of_uri(source.provider(), source.source())
    elif kind == "virtualraster":
        for source in QgsRasterDataProvider.decodeVirtualRasterProviderUri(uri)[0].rInputLayers:
            names += _names_of_uri(source.provider, source.uri)
    if isinstance(layer, QgsVectorLayer):
        inner += [join.joinLayer() for join in layer.vectorJoins()]
    for one in inner:
        if one is not None:
            names += names_of_layer(one, project, depth + 1)
    return names


def _names_of_uri(provider, uri):
    return [QgsProviderRegistry.instance().decodeUri(provider, uri).get("path") or "", uri]
