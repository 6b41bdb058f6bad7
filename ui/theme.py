"""Colours and shapes that the live pictures share; all but viridis come from the widget's palette, light or dark."""

from qgis.PyQt.QtCore import QLocale, QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QImage, QPainter, QPalette, QPen, qRgba

from ..core.preview.pictures import VIRIDIS

#: The colours of ``core.preview.pictures.levels``; the last level, of pixels in no chip, is transparent.
LEVELS = [qRgba(*VIRIDIS[min(k, 255)], 255) for k in range(255)] + [qRgba(0, 0, 0, 0)]


def levels_image(levels, width, height):
    """A ``QImage`` of ``core.preview.pictures.levels``, which copies them."""
    image = QImage(levels, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(LEVELS)
    return image.convertToFormat(QImage.Format.Format_ARGB32)


def rgba_image(picture):
    """A ``QImage`` of a ``core.preview.pictures.Picture``, which copies it."""
    width, height = picture.width, picture.height
    return QImage(picture.rgba, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def is_dark(palette):
    """Whether a palette's text is lighter than its background."""
    text, ground = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    return text.lightness() > ground.lightness()


def faint(palette, share=0.45):
    """A colour between background (``share`` 0) and text (1)."""
    back, text = palette.color(QPalette.ColorRole.Window), palette.color(QPalette.ColorRole.WindowText)
    channels = zip(back.getRgb()[:3], text.getRgb()[:3])
    return QColor(*(round(b + (t - b) * share) for b, t in channels))


def accent(palette):
    """The palette's highlight, made so light or dark that a thin line of it stands out."""
    colour = palette.color(QPalette.ColorRole.Highlight)
    hue, saturation, lightness, _ = colour.getHsl()
    lightness = max(lightness, 150) if is_dark(palette) else min(lightness, 120)
    return QColor.fromHsl(max(hue, 0), saturation, lightness)


def nothing(palette):
    """The hatching for places without a chip or without data."""
    return QBrush(faint(palette, 0.35), Qt.BrushStyle.BDiagPattern)


def draw_image(painter, rect, image, palette):
    """Draw an image in a thin frame, hatched where it is transparent; below 64 pixels a side, with sharp pixels."""
    painter.save()
    painter.fillRect(rect, palette.color(QPalette.ColorRole.Base))
    painter.fillRect(rect, nothing(palette))
    smooth = image.width() >= 64 and image.height() >= 64
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(rect, image, QRectF(image.rect()))
    painter.restore()
    frame(painter, rect, palette)


def frame(painter, rect, palette):
    """Draw a thin frame around a rectangle."""
    painter.setPen(QPen(faint(palette), 0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect)


def focus_frame(painter, rect, palette):
    """Draw the frame of a widget that has the keyboard focus."""
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), 3, 3)


def double_line(painter, draw):
    """Draw a line that is visible on any background: ``draw`` is called for a wide dark and a narrow light one."""
    for colour, width in ((QColor(0, 0, 0, 150), 3), (QColor(255, 255, 255, 230), 1)):
        painter.setPen(QPen(colour, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        draw()


def flags(*parts):
    """Flags of several kinds as the one number that painters want; Qt 6 does not let them be joined by ``|``."""
    number = 0
    for part in parts:
        number |= int(getattr(part, "value", part))
    return number


def fitted(rect, height, width):
    """The largest rectangle of the proportions ``height`` to ``width`` in the middle of ``rect``."""
    scale = min(rect.width() / max(width, 1), rect.height() / max(height, 1))
    # At least 3 pixels, so that a very long and thin one is visible.
    size = max(width * scale, 3.0), max(height * scale, 3.0)
    centre = QPointF(rect.center())
    return QRectF(centre.x() - size[0] / 2, centre.y() - size[1] / 2, *size)


def number(value, digits=2):
    """A number as text in the user's locale; very large and small ones in scientific notation."""
    size = abs(value)
    if size and (size >= 1e6 or size < 10**-digits / 2):
        return QLocale().toString(float(value), "g", 3)
    return QLocale().toString(float(value), "f", 0 if float(value).is_integer() else digits)


def count(value):
    """A whole number as text in the user's locale, with separators between thousands."""
    return QLocale().toString(int(value))
