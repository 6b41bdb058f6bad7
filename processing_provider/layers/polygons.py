"""Polygons of a layer to the core, and features with statistics of them to a layer."""

import math

from qgis.core import (
    Qgis,
    QgsCsException,
    QgsFeature,
    QgsFeatureRequest,
    QgsFields,
    QgsGeometry,
    QgsProcessingFeatureSource,
)

from ...core.base.errors import ParameterError
from ...core.base.field_names import statistic_names
from ..bridge import extent_points, not_cancelled
from ..results.features import BATCH, new_field

_NO_CHECK, _SKIP = 0, 1  # QGIS's numbers of what is to be done with invalid geometries


def checked_features(source, left_out, stop):
    """The features of a source, in its order, with the geometry check that is set for it.

    ``stop(feature)`` makes the error of an invalid one; ``left_out`` collects the ids of those that are left out.
    QGIS's own check throws a C++ exception through Python, which crashes QGIS.
    """
    check = source.invalidGeometryCheck()
    check = int(getattr(check, "value", check))
    flags = getattr(Qgis, "ProcessingFeatureSourceFlag", None)
    if flags is None:
        flag = QgsProcessingFeatureSource.Flag.FlagSkipGeometryValidityChecks
    else:
        flag = flags.SkipGeometryValidityChecks
    for feature in source.getFeatures(QgsFeatureRequest(), flag):
        if check != _NO_CHECK and feature.hasGeometry() and not feature.geometry().isGeosValid():
            if check != _SKIP:
                raise stop(feature)
            left_out.append(feature.id())
            continue
        yield feature


def window_of_source(source, transform, domain):
    """The pixels under a source's extent after ``transform``; None where it is not on the raster of ``domain``."""
    extent = QgsGeometry.fromRect(source.sourceExtent())
    try:
        extent.transform(transform)
        return domain.window_of(extent_points(extent))
    except (QgsCsException, ParameterError, ValueError):  # of an empty source the extent has no corners
        return None


def polygon_mapping(geometry, transform):
    """A geometry as in GeoJSON after ``transform``; None where there is none, or it has no place there."""
    if geometry.isNull() or geometry.isEmpty():
        return None
    try:
        geometry.transform(transform)
    except QgsCsException:
        return None
    geometry.convertToStraightSegment()  # curves become lines
    polygons = geometry.asMultiPolygon() if geometry.isMultipart() else [geometry.asPolygon()]
    parts = [[[(point.x(), point.y()) for point in ring] for ring in polygon] for polygon in polygons]
    # A ring of fewer points encloses nothing: such a polygon has no pixel, such a hole leaves none out.
    parts = [[ring for ring in part if len(ring) > 3] for part in parts if part and len(part[0]) > 3]
    finite = all(math.isfinite(value) for part in parts for ring in part for point in ring for value in point)
    return {"type": "MultiPolygon", "coordinates": parts} if parts and finite else None


def statistics_fields(there, outputs, statistics, longest):
    """The fields ``there``, then those of ``statistics`` for each of ``outputs``, each with a name of its own."""
    fields = QgsFields(there)
    names = statistic_names(outputs, statistics, there.names(), longest)
    for name, statistic in zip(names, [*statistics] * len(outputs)):
        fields.append(new_field(name, "LongLong" if statistic == "count" else "Double"))
    return fields


def write_features(output, features, values, fields, whole, feedback):
    """Write each feature with its attributes and ``values`` by its position, NULL where there is none.

    ``fields`` are all of them; ``whole`` says which of the values are whole numbers.
    """
    batch, check = [], not_cancelled(feedback)
    for place, feature in enumerate(features):
        numbers = values.get(place) or [math.nan] * len(whole)
        made = [None if math.isnan(v) else int(v) if integer else v for v, integer in zip(numbers, whole)]
        written = QgsFeature(fields)
        written.setGeometry(feature.geometry())
        written.setAttributes([*feature.attributes(), *made])
        batch.append(written)
        if len(batch) == BATCH:
            check()
            output.add(batch)
            batch = []
    output.add(batch)
