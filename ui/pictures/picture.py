"""Base of the dock's pictures: their size, and a sentence where there is no picture."""

from qgis.PyQt.QtCore import QEvent, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QPainter
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from .. import theme

_RESTYLED = (
    QEvent.Type.PaletteChange,
    QEvent.Type.StyleChange,
    QEvent.Type.FontChange,
    QEvent.Type.ApplicationPaletteChange,
    QEvent.Type.EnabledChange,
)


class Picture(QWidget):
    """Draws ``_picture`` by ``_paint(painter)``; where that is None, the sentence ``_problem``.

    A subclass says in ``heightForWidth`` how high it is, and may draw while it has the focus.
    """

    #: Pixels of the narrowest picture that can be read.
    NARROWEST = 200

    def __init__(self, name, accessible_name, parent=None):
        super().__init__(parent)
        self._picture, self._images, self._problem = None, (), ""
        self.setObjectName(name)
        self.setAccessibleName(accessible_name)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def picture(self):
        """What is shown, as the core made it; None where there is none."""
        return self._picture

    def hasHeightForWidth(self):
        """True: the height follows from the width."""
        return True

    def sizeHint(self):
        """The size at the usual width of a dock."""
        return QSize(340, self.heightForWidth(340))

    def minimumSizeHint(self):
        """The size of the narrowest picture that can be read."""
        return QSize(self.NARROWEST, self.heightForWidth(self.NARROWEST))

    def changeEvent(self, event):
        """Draw again where theme or font have changed, from which colours and sizes come."""
        super().changeEvent(event)
        if event.type() in _RESTYLED:
            self.updateGeometry()
            self.update()

    def paintEvent(self, event):
        """Draw the picture, or the sentence instead of it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._picture is None:
            painter.setPen(theme.faint(self.palette(), 0.75))
            flags = theme.flags(Qt.AlignmentFlag.AlignCenter, Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(self.rect()).adjusted(12, 8, -12, -8), flags, self._problem)
        else:
            self._paint(painter)
        if self.hasFocus():
            theme.focus_frame(painter, self.rect(), self.palette())
        painter.end()

    def _paint(self, painter):
        raise NotImplementedError
