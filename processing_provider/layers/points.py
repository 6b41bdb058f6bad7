"""Points of a layer as arrays: their ids, places and the values of one field."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from qgis.core import QgsFeatureRequest, QgsGeometry, QgsWkbTypes

from ...core.base.errors import ParameterError
from ..bridge import not_cancelled
from ..results.features import BATCH

# In WKB: bytes before the points of a collection, before the coordinates of each; of each, without and with Z and M.
_HEADER, _POINT, _SIZES = 9, 5, (21, 29, 37)
_ORDERS = ("big", "little")


@dataclass(frozen=True)
class Points:
    """``ids`` ``(n,)`` int64; ``places`` ``(n, 2)``, NaN where there is none; ``values`` ``(n,)``, NaN where NULL."""

    ids: np.ndarray
    places: np.ndarray
    values: np.ndarray


def check_points(source, parameter):
    """Refuse a layer of lines or polygons; one of unknown geometries may have points."""
    if QgsWkbTypes.geometryType(source.wkbType()) in (
        QgsWkbTypes.GeometryType.LineGeometry,
        QgsWkbTypes.GeometryType.PolygonGeometry,
    ):
        raise ParameterError(parameter, source.sourceName(), "must be a layer of points")


def batches(features, feedback):
    """Lists of up to ``BATCH`` features; raises :class:`Cancelled` once the run is cancelled."""
    check = not_cancelled(feedback)
    while True:
        check()
        batch = list(islice(features, BATCH))
        if not batch:
            return
        yield batch


def read_points(source, field, crs, context, feedback, progress):
    """All features of ``source`` with the values of ``field``, by name; places in ``crs``, or for None as they are.

    Raises :class:`ParameterError` for a feature of several points.
    """
    index = source.fields().lookupField(field)
    request = QgsFeatureRequest().setSubsetOfAttributes([index])
    if crs is not None:
        request.setDestinationCrs(crs, context.transformContext())
    single = not QgsWkbTypes.isMultiType(source.wkbType())
    ids, places, values, count = [], [], [], source.featureCount()
    for batch in batches(source.getFeatures(request), feedback):
        ids.append(np.array([feature.id() for feature in batch], np.int64))
        values.append(_numbers([feature[index] for feature in batch]))
        places.append(_places(batch, single))
        if count > 0:
            progress(min(1.0, BATCH * len(ids) / count))
    if not ids:
        return Points(np.empty(0, np.int64), np.empty((0, 2)), np.empty(0))
    places = np.concatenate(places)
    places[~np.isfinite(places).all(axis=1)] = np.nan
    return Points(np.concatenate(ids), places, np.concatenate(values))


def _numbers(values):
    try:
        return np.array(values, np.float64)  # None becomes NaN
    except (TypeError, ValueError):  # a NULL of QGIS among them
        return np.array([_number(value) for value in values])


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _places(batch, single):
    """``(n, 2)`` x and y: by way of WKB where each feature has one point, one by one where some have not."""
    if single:
        # A collection leaves out features without a geometry: its count is then another.
        wkb = QgsGeometry.collectGeometry([feature.geometry() for feature in batch]).asWkb().data()
        size, rest = divmod(max(len(wkb) - _HEADER, 0), len(batch))
        if not rest and size in _SIZES and int.from_bytes(wkb[5:9], _ORDERS[wkb[0]]) == len(batch):
            table = np.frombuffer(wkb, np.uint8, offset=_HEADER).reshape(len(batch), size)
            x_and_y = np.ascontiguousarray(table[:, _POINT : _POINT + 16])
            return x_and_y.view(np.dtype(np.float64).newbyteorder(_ORDERS[wkb[0]])).astype(np.float64)
    return np.array([_place(feature) for feature in batch])


def _place(feature):
    """x and y of the only point of a feature, NaN where it has none."""
    points = list(feature.geometry().vertices())
    if len(points) > 1:
        allowed = (
            f"has {len(points)} points, and one place per feature is needed: split it by 'Multipart to singleparts'"
        )
        raise ParameterError("INPUT", f"feature {feature.id()}", allowed)
    return (points[0].x(), points[0].y()) if points else (np.nan, np.nan)
