"""Labels for chips, from a layer: a raster, or polygons with a field of numbers."""

from dataclasses import dataclass

from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsMapLayer,
    QgsProcessingFeatureSource,
    QgsRectangle,
    QgsWkbTypes,
)

from ...core.base.errors import ParameterError
from ...core.chip_folder.labels import ChipLabels, PolygonLabels, RasterLabels
from ..bridge import while_wanted
from ..results.chip_index import index_crs
from ..results.features import number_field
from .polygons import polygon_mapping
from .view import raster_file


@dataclass(frozen=True)
class LabelPolygons:
    """Polygons that are read when the run begins. Without a field they are 1, and what is in none of them is 0."""

    source: QgsProcessingFeatureSource
    field: str
    transform: QgsCoordinateTransform
    area: QgsRectangle

    def load(self, domain, feedback):
        """The labels on the grid of ``domain``; worker thread."""
        request = QgsFeatureRequest()
        if not self.area.isNull():
            request.setFilterRect(self.area)
        shapes = []
        for feature in while_wanted(self.source.getFeatures(request), feedback):
            shape = polygon_mapping(feature.geometry(), self.transform)
            if shape is not None:
                shapes.append((shape, _number(feature[self.field]) if self.field else 1.0))
        return ChipLabels(PolygonLabels(shapes, domain, None if self.field else 0.0))


@dataclass(frozen=True)
class LabelRaster:
    """A raster of labels, on the grid of the raster that is split."""

    labels: RasterLabels

    def load(self, domain, feedback):
        """The labels, which need neither."""
        return ChipLabels(self.labels)


def read_labels(reader, raster, names):
    """``(labels, files)`` of the parameters ``names`` (of the layer, of the field). Main thread.

    ``labels`` are a :class:`LabelRaster` or :class:`LabelPolygons`, None where no layer is given; ``files`` are paths.
    """
    name, field_name = names
    field = reader.text(field_name)
    if not reader.given(name):
        if field:
            raise ParameterError(field_name, field, f"needs a layer of polygons in {name}")
        return None, []
    layer = reader.layer(name)
    if layer is None or not layer.isValid():
        raise ParameterError(name, str(reader.value(name)), "must be a raster or a layer of polygons that can be read")
    if layer.type() == QgsMapLayer.LayerType.RasterLayer:
        if field:
            raise ParameterError(
                field_name, field, f"must be empty where {name} is a raster, whose values are the labels"
            )
        with raster_file(layer, name) as file:
            return LabelRaster(RasterLabels(file, raster.domain, raster.strip_rows, name)), [file.path]
    polygons = getattr(layer, "geometryType", None)
    if polygons is None or polygons() != QgsWkbTypes.GeometryType.PolygonGeometry:
        raise ParameterError(name, layer.name(), "must be a raster or a layer of polygons")
    return _polygons(reader, raster, layer, names), []


def _polygons(reader, raster, layer, names):
    name, field_name = names
    field = reader.text(field_name)
    field = number_field(layer.fields(), field, field_name) if field else ""
    crs = index_crs(raster)
    if layer.crs().isValid() != crs.isValid():
        raise ParameterError(name, layer.name(), "must have a coordinate reference system, as must the raster")
    transform = QgsCoordinateTransform(layer.crs(), crs, reader.context.transformContext())
    source = reader.source(name)
    return LabelPolygons(source, field, transform, _area(raster, transform))


def _area(raster, transform):
    """The raster's bounds in the polygons' CRS, a tenth larger; null where they cannot be transformed."""
    try:
        area = transform.transformBoundingBox(
            QgsRectangle(*raster.domain.bounds), QgsCoordinateTransform.TransformDirection.ReverseTransform
        )
    except QgsCsException:
        return QgsRectangle()
    if not area.isFinite():
        return QgsRectangle()
    area.scale(1.1)
    return area


def _number(value):
    """A field's value, or None where it has none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
