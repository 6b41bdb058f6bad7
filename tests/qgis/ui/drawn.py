"""Pictures of the dock as widgets of their own, and what they look like."""

from qgis.PyQt.QtGui import QImage, QPalette


def of_usual_size(widget, qtbot):
    """The widget, as wide as in a dock."""
    qtbot.addWidget(widget)
    widget.resize(340, widget.heightForWidth(340))
    return widget


def drawn(widget, scale=1):
    """A ``QImage`` of the widget, at ``scale`` device pixels each."""
    image = QImage(widget.size() * scale, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(scale)
    image.fill(widget.palette().color(QPalette.ColorRole.Window))
    widget.render(image)
    return image
