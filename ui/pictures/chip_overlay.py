"""Outlines of the chips on the map canvas."""

from qgis.core import (
    Qgis,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
)
from qgis.gui import QgsRubberBand
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtGui import QColor

from ...core.preview.outlines import Outlines
from .. import theme
from ..delay import delayed
from ..texts import tr

#: Milliseconds without a move of the map after which outlines are drawn again.
_DELAY = 60
_LINES, _AREA = Qgis.GeometryType.Line, Qgis.GeometryType.Polygon
_LINE, _HALO = QColor(30, 30, 30, 190), QColor(255, 255, 255, 120)
_MARK, _MARK_FILL = QColor(255, 196, 0), QColor(255, 196, 0, 50)


class ChipOverlay(QObject):
    """Outlines of the chips of a patcher on a canvas, with the chip under the pointer highlighted.

    All outlines are one canvas item. Of more than :attr:`MOST` chips those in view are drawn, and where these are still
    too many only every second, third, ... of them; :meth:`note` says so.
    """

    #: Row and column (pixels of the raster) of the anchor of the chip under the pointer; -1, -1: none.
    chipHovered = pyqtSignal(int, int)
    #: Emitted with one sentence on what is drawn.
    noteChanged = pyqtSignal(str)

    MOST = 5000

    def __init__(self, canvas, parent=None):
        super().__init__(parent)
        self._canvas, self._outlines, self._crs = canvas, None, None
        self._note, self._hovered = "", (-1, -1)
        self._lines = _band(canvas, _LINES, _LINE, 1, secondary=_HALO)
        self._mark = _band(canvas, _AREA, _MARK, 2, fill=_MARK_FILL)
        self._timer = delayed(self, _DELAY, self._draw)
        canvas.extentsChanged.connect(self._moved)
        canvas.destinationCrsChanged.connect(self._draw)
        canvas.xyCoordinates.connect(self._point)
        canvas.destroyed.connect(self._canvas_gone)

    def setChips(self, patcher, domain, crs, window=None):
        """Show the chips of ``patcher`` on ``domain`` (``RasterDomain``) that touch ``window`` (``PixelWindow``).

        ``crs`` is the raster's ``QgsCoordinateReferenceSystem``. Raises the core's errors where there is no chip.
        """
        if self._canvas is None:
            return
        self.clear()
        self._outlines, self._crs = Outlines.of(patcher, domain, window), crs
        self._draw()

    def note(self):
        """The sentence of ``noteChanged``."""
        return self._note

    def clear(self):
        """Take the outlines off the canvas; they may be set again."""
        self._timer.stop()
        self._outlines = None
        _empty(self._lines, _LINES)
        _empty(self._mark, _AREA)
        self._set_note("")
        self._set_hovered((-1, -1))

    def remove(self):
        """Take everything off the canvas for good, and disconnect from it."""
        canvas, self._canvas = self._canvas, None
        self.clear()
        bands, self._lines, self._mark = (self._lines, self._mark), None, None
        if canvas is None or sip.isdeleted(canvas):
            return
        canvas.extentsChanged.disconnect(self._moved)
        canvas.destinationCrsChanged.disconnect(self._draw)
        canvas.xyCoordinates.disconnect(self._point)
        canvas.destroyed.disconnect(self._canvas_gone)
        for band in bands:
            if band is not None and not sip.isdeleted(band):
                canvas.scene().removeItem(band)

    def _canvas_gone(self, *_):
        self._canvas = self._lines = self._mark = None  # the canvas has deleted its items
        self.clear()

    def _moved(self):
        if self._outlines is not None and self._outlines.count > self.MOST:
            self._timer.start()

    def _draw(self):
        self._timer.stop()
        if self._outlines is None or self._canvas is None:
            return
        outlines, transform = self._outlines, self._transform()
        simplified = outlines.count > self.MOST
        view = self._view(transform) if simplified else outlines.window
        lines = outlines.lines(view, self.MOST)
        self._lines.setToGeometry(_on_canvas(lines.wkb, transform))
        _empty(self._mark, _AREA)
        self._set_hovered((-1, -1))
        self._set_note(_note(outlines.count, lines, simplified))

    def _transform(self):
        """The transform from the raster's CRS to the canvas's."""
        return QgsCoordinateTransform(self._crs, self._canvas.mapSettings().destinationCrs(), QgsProject.instance())

    def _view(self, transform):
        """The pixels that the canvas shows, as a ``PixelWindow``."""
        outline = QgsGeometry.fromRect(self._canvas.extent()).densifyByCount(16)
        points = []
        for vertex in outline.vertices():
            point = _through(transform, QgsPointXY(vertex), Qgis.TransformDirection.Reverse)
            if point is not None:
                points.append((point.x(), point.y()))
        return self._outlines.view(points)

    def _point(self, point):
        """Highlight the chip at ``point`` of the map, where the pointer is."""
        if self._outlines is None:
            return
        transform = self._transform()
        place = _through(transform, point, Qgis.TransformDirection.Reverse)
        found = None if place is None else self._outlines.at(place.x(), place.y())
        if found is None:
            _empty(self._mark, _AREA)
        elif found.anchor != self._hovered:
            outline = _on_canvas(found.outline, transform)
            self._mark.setToGeometry(outline.convertToType(_AREA, True))
        self._set_hovered((-1, -1) if found is None else found.anchor)

    def _set_hovered(self, anchor):
        if anchor != self._hovered:
            self._hovered = anchor
            self.chipHovered.emit(*anchor)

    def _set_note(self, note):
        if note != self._note:
            self._note = note
            self.noteChanged.emit(note)


def _band(canvas, kind, colour, width, fill=None, secondary=None):
    band = QgsRubberBand(canvas, kind)
    band.setStrokeColor(colour)
    band.setWidth(width)
    if fill is not None:
        band.setFillColor(fill)
    if secondary is not None:
        band.setSecondaryStrokeColor(secondary)
    return band


def _empty(band, kind):
    if band is not None and not sip.isdeleted(band):
        band.reset(kind)


def _on_canvas(wkb, transform):
    """Outlines (WKB) in the canvas's CRS, without those that cannot be transformed."""
    geometry = QgsGeometry()
    geometry.fromWkb(wkb)
    if transform.isShortCircuited() or not wkb:
        return geometry
    whole = QgsGeometry(geometry)
    try:
        whole.transform(transform)
        return whole
    except QgsCsException:
        parts = [part for part in geometry.asGeometryCollection() if _moved_by(part, transform)]
        return QgsGeometry.collectGeometry(parts)


def _moved_by(geometry, transform):
    try:
        return geometry.transform(transform) == Qgis.GeometryOperationResult.Success
    except QgsCsException:
        return False


def _through(transform, point, direction):
    try:
        return transform.transform(point, direction)
    except QgsCsException:
        return None


def _note(total, lines, simplified):
    if not simplified:
        return tr("{count} chips").format(count=theme.count(total))
    text = tr("{count} chips, {drawn} of {view} in view are drawn")
    return text.format(count=theme.count(total), drawn=theme.count(lines.drawn), view=theme.count(lines.total))
