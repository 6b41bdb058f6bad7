"""Footprints of scenes on the map."""

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsGeometry, QgsProject, QgsWkbTypes
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtGui import QColor

OUTLINE, CHOSEN = QColor(230, 120, 20), QColor(230, 120, 20, 70)


class Footprints:
    """Outlines on a canvas, one of them filled."""

    def __init__(self, canvas):
        self._canvas, self._bands = canvas, []

    def show(self, geometries, crs):
        """Show these polygons, whose CRS is ``crs``, instead of the earlier ones."""
        self.clear()
        transform = QgsCoordinateTransform(crs, self._canvas.mapSettings().destinationCrs(), QgsProject.instance())
        for geometry in geometries:
            band = QgsRubberBand(self._canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
            band.setStrokeColor(OUTLINE)
            band.setFillColor(QColor(0, 0, 0, 0))
            band.setWidth(2)
            moved = QgsGeometry(geometry)
            try:
                moved.transform(transform)
            except QgsCsException:
                moved = QgsGeometry()  # it cannot be shown in the map's CRS
            band.setToGeometry(moved, None)
            self._bands.append(band)

    def highlight(self, place):
        """Fill the outline at ``place`` in the list; -1 for none."""
        for index, band in enumerate(self._bands):
            band.setFillColor(CHOSEN if index == place else QColor(0, 0, 0, 0))

    def clear(self):
        """Take the outlines off the map."""
        for band in self._bands:
            self._canvas.scene().removeItem(band)
        self._bands = []
