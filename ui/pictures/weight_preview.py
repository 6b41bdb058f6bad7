"""The live picture of the window function and of the summed weights."""

from qgis.PyQt.QtCore import QEvent, QPointF, Qt
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QToolTip

from ...core.base.errors import PatchwiseError
from ...core.preview.weights import window_picture
from .. import theme
from ..texts import tr
from .picture import Picture
from .weight_layout import WeightLayout, draw_bar, draw_cross, draw_profiles

_KEYS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class WeightPreview(Picture):
    """Draws a patcher's window function with its profiles, and the summed weights of 3 x 3 chips with a verdict.

    The arrow keys move a cross over the pictures (with Shift by a tenth), whose weight is shown beside it; Escape
    takes it away.
    """

    NARROWEST = 220

    def __init__(self, parent=None):
        super().__init__("weightPreview", tr("Window weights"), parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._cross = None  # (picture 0 or 1, row, column)
        self.setProblem(tr("Choose a raster to see the window."))

    def setPatcher(self, patcher, domain=None):
        """Show the window function of ``patcher``; ``domain`` (``RasterDomain``) is needed for spherical caps only.

        What the core refuses is shown as a problem.
        """
        try:
            picture = window_picture(patcher, domain)
        except PatchwiseError as error:
            self.setProblem(str(error))
            return
        self._picture, self._problem, cover = picture, "", picture.cover
        images = [(picture.image, len(picture.cols), len(picture.rows))]
        if cover is not None:
            images.append((cover.image, len(cover.cols), len(cover.rows)))
        self._images = tuple(theme.levels_image(*image) for image in images)
        self._keep_cross()
        self._changed(tr("Window of {height} x {width} pixels.").format(height=picture.size[0], width=picture.size[1]))

    def setProblem(self, text):
        """Show a sentence instead of the pictures."""
        self._picture, self._images, self._cross, self._problem = None, (), None, text
        self._changed("")

    def verdict(self):
        """The line below the pictures on how the chips cover the raster, or the problem."""
        return self._problem or cover_sentence(self._picture.cover)

    def _changed(self, about):
        self.setAccessibleDescription(f"{about} {self.verdict()}".strip())
        self.updateGeometry()
        self.update()

    # How large it is.

    def heightForWidth(self, width):
        """The height of two pictures side by side and the line below them."""
        return WeightLayout.height_for(width, self.fontMetrics(), self.verdict())

    def _layout(self):
        cover = self._picture.cover
        return WeightLayout(self.rect(), self.fontMetrics(), self._picture.size, cover and cover.span)

    # How it looks.

    def _paint(self, painter):
        layout, palette, cover = self._layout(), self.palette(), self._picture.cover
        theme.draw_image(painter, layout.weights, self._images[0], palette)
        draw_profiles(painter, layout, self._picture, palette)
        if cover is not None:
            theme.draw_image(painter, layout.cover, self._images[1], palette)
            theme.double_line(painter, lambda: painter.drawRect(layout.middle_chip(cover)))
            draw_bar(painter, layout, cover, palette)
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        flags = theme.flags(Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignTop, Qt.TextFlag.TextWordWrap)
        painter.drawText(layout.text, flags, self.verdict())
        if self._cross is not None:
            draw_cross(painter, self._place(layout), self._cross_point(layout))

    # What is under the pointer, or under the cross.

    def weight_at(self, position):
        """The sentence about the pixel at a position in the widget; "" where there is none."""
        if self._picture is None:
            return ""
        layout = self._layout()
        for which, rect in enumerate(filter(None, (layout.weights, self._picture.cover and layout.cover))):
            if rect.contains(QPointF(position)):
                rows, cols = self._axes(which)
                row = int((position.y() - rect.top()) / rect.height() * len(rows))
                col = int((position.x() - rect.left()) / rect.width() * len(cols))
                return self._sentence(which, min(row, len(rows) - 1), min(col, len(cols) - 1))
        return ""

    def _axes(self, which):
        shown = self._picture.cover if which else self._picture
        return shown.rows, shown.cols

    def _sentence(self, which, row, col):
        picture, cover = self._picture, self._picture.cover
        if which == 0:
            text = tr("Row {row}, column {col} of the chip: weight {weight}")
            value, at_row, at_col = picture.weights[row][col], picture.rows[row], picture.cols[col]
        else:
            text = tr("{weight} times the mean weight")
            value, at_row, at_col = cover.sums[row][col], cover.rows[row], cover.cols[col]
            if value == 0:
                return tr("In no chip: no data in the result")
        return text.format(row=int(at_row), col=int(at_col), weight=theme.number(float(value), 3))

    def event(self, event):
        """Show the weight under the pointer as a tool tip."""
        if event.type() == QEvent.Type.ToolTip:
            text = self.weight_at(event.pos())
            if text:
                QToolTip.showText(event.globalPos(), text, self)
                return True
        return super().event(event)

    def keyPressEvent(self, event):
        """Arrows move the cross; from the right edge of the weights it goes on to the sums."""
        key = event.key()
        if self._picture is not None and key in _KEYS:
            self._move_cross(*_KEYS[key], far=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key == Qt.Key.Key_Escape and self._cross is not None:
            self._cross = None
            QToolTip.hideText()
            self.update()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event):
        """Hide the cross."""
        self._cross = None
        self.update()
        super().focusOutEvent(event)

    def focusInEvent(self, event):
        """Draw again, with the frame of the keyboard focus."""
        self.update()
        super().focusInEvent(event)

    def _move_cross(self, down, right, far):
        if self._cross is None:
            rows, cols = self._axes(0)
            self._cross = (0, len(rows) // 2, len(cols) // 2)
        else:
            self._cross = self._moved(*self._cross, down, right, far)
        which, row, col = self._cross
        text, point = self._sentence(which, row, col), self._cross_point(self._layout())
        self.setAccessibleDescription(f"{text}. {self.verdict()}")
        QToolTip.showText(self.mapToGlobal(point.toPoint()), text, self)
        self.update()

    def _moved(self, which, row, col, down, right, far):
        rows, cols = self._axes(which)
        row += down * (max(len(rows) // 10, 1) if far else 1)
        col += right * (max(len(cols) // 10, 1) if far else 1)
        other = 1 - which
        if other < len(self._images) and (col >= len(cols) if which == 0 else col < 0):
            there = self._axes(other)
            return other, row * len(there[0]) // len(rows), 0 if other else len(there[1]) - 1
        return which, min(max(row, 0), len(rows) - 1), min(max(col, 0), len(cols) - 1)

    def _keep_cross(self):
        if self._cross is not None:
            which = min(self._cross[0], len(self._images) - 1)
            rows, cols = self._axes(which)
            self._cross = (which, min(self._cross[1], len(rows) - 1), min(self._cross[2], len(cols) - 1))

    def _place(self, layout):
        return layout.cover if self._cross[0] else layout.weights

    def _cross_point(self, layout):
        which, row, col = self._cross
        rows, cols = self._axes(which)
        place = self._place(layout)
        x = place.left() + (col + 0.5) / len(cols) * place.width()
        return QPointF(x, place.top() + (row + 0.5) / len(rows) * place.height())


def cover_sentence(cover):
    """One sentence on how chips of a lattice cover the raster, of a ``core.preview.weights.Cover`` or None."""
    if cover is None:
        return tr("The chips lie on no lattice: their cover differs from place to place.")
    if cover.kind == "gaps":
        share = 100 * cover.gap_share
        shown = theme.number(share, 0 if share >= 10 else 1)
        return tr("Gaps: {share} % of the pixels are in no chip and become nodata.").format(share=shown)
    low, high = theme.number(cover.low), theme.number(cover.high)
    if cover.kind == "uneven" and cover.overlaps:
        text = tr("Uneven cover: weights sum to {low} to {high} of their mean; division evens it out.")
        return text.format(low=low, high=high)
    if cover.kind == "uneven":
        return tr("Uneven weights, but no chips overlap: nothing is blended.")
    if not cover.overlaps:
        return tr("Even cover: one chip on each pixel, nothing is blended.")
    return tr("Even cover: weights sum to the same on every pixel.")
