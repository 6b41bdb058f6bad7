"""The box under an extent parameter, and the pixels of a raster under it."""

import re

import numpy as np
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsProperty,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsUnitTypes,
)

from ...core.base.errors import ParameterError
from ...core.grid.extents import Box, Way, eastward, identity, window_under

# As QGIS reads it: xmin, xmax, ymin, ymax, and the CRS in brackets. QGIS puts the first two into their usual order.
_TEXT = re.compile(r"\s*([^,\[]+),([^,\[]+),([^,\[]+),([^,\[]+)(\[.+\])?\s*")


def read_box(reader, name):
    """``(Box, CRS)`` of an extent parameter, or None where it is empty; the CRS is invalid where the extent has none.

    A box in degrees whose west is above its east crosses the 180th meridian.
    """
    value = reader.value(name)
    if isinstance(value, QgsProperty):
        value = value.value(reader.context.expressionContext())[0]
    extent = reader.extent(name)
    if value in (None, "") or extent.isNull():
        return None
    crs = reader.extent_crs(name)
    box = Box(extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum())
    text = _TEXT.fullmatch(value) if isinstance(value, str) else None
    if text is not None:
        box, crs = _of_text(text, box), crs if text[5] else QgsCoordinateReferenceSystem()
    elif isinstance(value, QgsRectangle) and not isinstance(value, QgsReferencedRectangle):
        crs = QgsCoordinateReferenceSystem()
    if not all(map(np.isfinite, (box.xmin, box.ymin, box.xmax, box.ymax))):
        raise ParameterError(name, box.values(), "must be four numbers")
    return box, crs


def _of_text(text, box):
    """``box`` with west and east in the order of the text, from which QGIS takes the smaller one first."""
    try:
        west, east = float(text[1]), float(text[2])
    except ValueError:
        return box
    return Box(west, box.ymin, east, box.ymax)


def window_of_extent(reader, name, layer, domain):
    """The :class:`PixelWindow` of ``domain`` under an extent parameter; all of it where that is empty.

    CRS are transformed as the project's settings say.
    """
    found = read_box(reader, name)
    if found is None:
        return domain.window
    box, crs = found
    target = layer.crs()
    crs = crs if crs.isValid() and target.isValid() else target
    if in_degrees(crs):
        box = eastward(box, "extent")
    elif box.xmin > box.xmax:
        box = Box(box.xmax, box.ymin, box.xmin, box.ymax)
    if crs == target:
        way = Way(identity, identity, True, True) if in_degrees(crs) else None
    else:
        transforms = QgsCoordinateTransform(crs, target, reader.context.transformContext())
        back = QgsCoordinateTransform(target, crs, reader.context.transformContext())
        way = Way(_points(transforms), _points(back), in_degrees(crs), in_degrees(target))
    return window_under(box, domain, way, "extent")


def in_degrees(crs):
    """Whether a CRS counts longitudes and latitudes in degrees."""
    return crs.isValid() and crs.isGeographic() and crs.mapUnits() == _degrees()


def _degrees():
    units = getattr(Qgis, "DistanceUnit", None)
    return QgsUnitTypes.DistanceUnit.DistanceDegrees if units is None else units.Degrees


def _points(transform):
    """A callable that transforms arrays ``x`` and ``y``; NaN for points that cannot be transformed."""

    def moved(x, y):
        found = np.full((2, len(x)), np.nan)
        for k, (one, other) in enumerate(zip(x, y)):
            try:
                point = transform.transform(float(one), float(other))
            except (QgsCsException, ValueError):
                continue
            if np.isfinite(point.x()) and np.isfinite(point.y()):
                found[:, k] = point.x(), point.y()
        return found[0], found[1]

    return moved
