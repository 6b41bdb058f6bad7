"""The layout of the weight preview, and the drawing of its profiles, colour bar and cross."""

from qgis.PyQt.QtCore import QLocale, QPointF, QRect, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QLinearGradient, QPalette, QPen, QPolygonF

from ...core.preview.pictures import VIRIDIS
from .. import theme
from ..texts import tr

_MARGIN, _GAP, _BAR, _LINES = 6, 4, 8, 2


class WeightLayout:
    """Rectangles in a widget of ``rect``: a chip's weights, profiles above and at the left, the sums with their bar.

    ``size`` is the chip's ``(height, width)``, ``span`` that of the place of the sums, or None where there are none.
    """

    def __init__(self, rect, metrics, size, span):
        self.line = metrics.height()
        self.profile = _profile(rect.width())
        numbers = metrics.horizontalAdvance("0.00") + _GAP
        side = (rect.width() - 2 * _MARGIN - self.profile - numbers - _BAR - 5 * _GAP) / 2
        side = max(20.0, min(side, rect.height() - 2 * _MARGIN - self.profile - _GAP - _LINES * self.line - _GAP))
        top, left = _MARGIN + self.profile + _GAP, _MARGIN + self.profile + _GAP
        self.weights = theme.fitted(QRectF(left, top, side, side), *size)
        square = QRectF(left + side + 3 * _GAP, top, side, side)
        self.cover = theme.fitted(square, *span) if span else None
        self.caption = QRectF(square.left(), _MARGIN, side + numbers + _BAR, self.profile)
        self.bar = QRectF(square.right() + _GAP, top, _BAR, side)
        text_top = top + side + _GAP
        self.text = QRectF(_MARGIN, text_top, rect.width() - 2 * _MARGIN, max(rect.height() - text_top, self.line))

    @staticmethod
    def height_for(width, metrics, text):
        """The height that the pictures and ``text`` need at a width."""
        numbers = metrics.horizontalAdvance("0.00") + _GAP
        side = (width - 2 * _MARGIN - _profile(width) - numbers - _BAR - 5 * _GAP) / 2
        room = QRect(0, 0, width - 2 * _MARGIN, 10000)
        lines = metrics.boundingRect(room, theme.flags(Qt.TextFlag.TextWordWrap), text).height()
        lines = max(lines, _LINES * metrics.lineSpacing())
        return round(2 * _MARGIN + _profile(width) + 2 * _GAP + max(side, 20) + lines)

    def middle_chip(self, cover):
        """The rectangle of the middle one of the 3 x 3 chips, in the picture of the sums."""
        down, right = self.cover.height() / cover.span[0], self.cover.width() / cover.span[1]
        corner = self.cover.left() + cover.step[1] * right, self.cover.top() + cover.step[0] * down
        return QRectF(*corner, cover.size[1] * right, cover.size[0] * down)


def _profile(width):
    return max(18, width // 14)


def draw_profiles(painter, layout, picture, palette):
    """Draw the profile along the columns above the picture of the weights, that along the rows at its left."""
    place, high = layout.weights, picture.profile_high or 1
    above, beside = [], []
    for k, weight in enumerate(picture.col_profile):
        x = place.left() + (k + 0.5) / len(picture.cols) * place.width()
        above.append(QPointF(x, place.top() - _GAP - float(weight) / high * (layout.profile - 2)))
    for k, weight in enumerate(picture.row_profile):
        y = place.top() + (k + 0.5) / len(picture.rows) * place.height()
        beside.append(QPointF(place.left() - _GAP - float(weight) / high * (layout.profile - 2), y))
    base = place.top() - _GAP
    _area(painter, above, QPointF(place.left(), base), QPointF(place.right(), base), palette)
    base = place.left() - _GAP
    _area(painter, beside, QPointF(base, place.top()), QPointF(base, place.bottom()), palette)


def _area(painter, points, first, last, palette):
    """Draw a curve, and the area between it and its base line."""
    along = QPointF(last.x() - first.x(), last.y() - first.y())
    horizontal = abs(along.x()) > abs(along.y())
    # The outermost pixels reach to the edge.
    ends = [
        QPointF(first.x(), points[0].y()) if horizontal else QPointF(points[0].x(), first.y()),
        QPointF(last.x(), points[-1].y()) if horizontal else QPointF(points[-1].x(), last.y()),
    ]
    curve = [ends[0], *points, ends[1]]
    colour = theme.accent(palette)
    fill = QColor(colour)
    fill.setAlpha(60)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawPolygon(QPolygonF([first, *curve, last]))
    painter.setPen(QPen(theme.faint(palette), 0))
    painter.drawLine(first, last)
    painter.setPen(QPen(colour, 1.4))
    painter.drawPolyline(QPolygonF(curve))


def draw_bar(painter, layout, cover, palette):
    """Draw the colours from 0 to the largest sum, with marks at the least and the largest, and the caption."""
    bar = layout.bar
    gradient = QLinearGradient(bar.bottomLeft(), bar.topLeft())
    for k in range(0, 256, 15):
        gradient.setColorAt(k / 255, QColor(*VIRIDIS[k]))
    painter.fillRect(bar, gradient)
    theme.frame(painter, bar, palette)
    painter.setPen(palette.color(QPalette.ColorRole.WindowText))
    left = theme.flags(Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignVCenter)
    for value, y in _marks(cover, bar, layout.line):
        text = QLocale().toString(float(value), "f", 2) if value else "0"
        painter.drawText(QRectF(bar.right() + 3, y - layout.line / 2, 80, layout.line), left, text)
    bottom = theme.flags(Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignBottom)
    painter.setPen(theme.faint(palette, 0.8))
    text = painter.fontMetrics().elidedText(
        tr("Summed weights"), Qt.TextElideMode.ElideRight, int(layout.caption.width())
    )
    painter.drawText(layout.caption, bottom, text)


def _marks(cover, bar, line):
    """``(value, y)`` of the marks, from the top; one that has no room is left out."""
    marks = [(cover.high, bar.top() + line / 2)]
    low = bar.bottom() - bar.height() * cover.low / cover.high
    low = min(low, bar.bottom() - line / 2)
    if cover.kind != "even" and cover.low >= 0.005 and low - marks[0][1] > line:
        marks.append((cover.low, low))
    if bar.bottom() - line / 2 - marks[-1][1] > line:
        marks.append((0, bar.bottom() - line / 2))
    return marks


def draw_cross(painter, place, point):
    """Draw a cross over the whole picture."""
    theme.double_line(
        painter,
        lambda: (
            painter.drawLine(QPointF(place.left(), point.y()), QPointF(place.right(), point.y())),
            painter.drawLine(QPointF(point.x(), place.top()), QPointF(point.x(), place.bottom())),
        ),
    )
