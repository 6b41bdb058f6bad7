"""The choice of an extent, which follows the map until the user chooses another."""

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsProject, QgsReferencedRectangle
from qgis.gui import QgsExtentWidget
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QLineEdit


class MapExtent(QObject):
    """QGIS's extent ``widget`` in one line. The map's extent is chosen at first, and again from the widget's menu."""

    def __init__(self, name, canvas, tip):
        self.widget = QgsExtentWidget(None, QgsExtentWidget.WidgetStyle.CondensedStyle)
        super().__init__(self.widget)
        self._canvas, self._following, self._busy = canvas, True, False
        self.widget.setObjectName(name)
        self.widget.setToolTip(tip)
        self.widget.setMapCanvas(canvas)
        self.widget.extentChanged.connect(self._changed)
        canvas.extentsChanged.connect(self._map_moved)
        canvas.destinationCrsChanged.connect(self._map_moved)
        self._map_moved()

    def parameters(self):
        """EXTENT with its CRS; {} where the widget has none."""
        if not self.widget.isValid():
            return {}
        rectangle, crs = self.widget.outputExtent(), self.widget.outputCrs()
        return {"EXTENT": QgsReferencedRectangle(self._shown(rectangle, crs) if self._following else rectangle, crs)}

    def _shown(self, rectangle, crs):
        """The part of ``rectangle`` in which a map in degrees shows the layer; for other maps ``rectangle`` itself.

        Beyond 180 degrees such a map is empty, but an extent would mean the other side of the Earth.
        """
        original, own = self.widget.originalExtent(), self.widget.originalCrs()
        if not crs.isGeographic() or not own.isValid() or original.isEmpty():
            return rectangle
        try:
            shown = QgsCoordinateTransform(own, crs, QgsProject.instance()).transformBoundingBox(original)
        except QgsCsException:
            return rectangle
        shown = rectangle.intersect(shown) if shown.isFinite() else rectangle
        return rectangle if shown.isEmpty() else shown

    def _map_moved(self):
        if not self._following or self._canvas.extent().isEmpty():
            return
        crs = self._canvas.mapSettings().destinationCrs()
        self._busy = True
        self.widget.setCurrentExtent(self._canvas.extent(), crs)
        self.widget.setOutputCrs(crs)
        self.widget.setOutputExtentFromCurrent()
        self._busy = False

    def _changed(self, *_):
        if not self._busy:
            # The same button of the widget that takes the map's extent makes it be followed again.
            self._following = self.widget.extentState() == QgsExtentWidget.ExtentState.CurrentExtent
        for line in self.widget.findChildren(QLineEdit):
            line.setCursorPosition(0)
