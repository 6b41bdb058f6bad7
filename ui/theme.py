"""Colours and shapes that the live pictures share; all but viridis come from the widget's palette, light or dark."""

from qgis.PyQt.QtCore import QLocale, QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QImage, QPainter, QPalette, QPen, qRgba

from ..core.preview.pictures import VIRIDIS

#: The colours of ``core.pictures.levels``; the last level is what no chip covers, and is transparent.
LEVELS = [qRgba(*VIRIDIS[min(k, 255)], 255) for k in range(255)] + [qRgba(0, 0, 0, 0)]


def levels_image(levels, width, height):
    """An image of ``core.pictures.levels``, with memory of its own."""
    image = QImage(levels, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(LEVELS)
    return image.convertToFormat(QImage.Format.Format_ARGB32)


def rgba_image(picture):
    """An image of a ``core.pictures.Picture``, with memory of its own."""
    width, height = picture.width, picture.height
    return QImage(picture.rgba, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def is_dark(palette):
    """Whether text is lighter than what it stands on."""
    text, ground = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    return text.lightness() > ground.lightness()


def faint(palette, share=0.45):
    """Between background and text: ``share`` 0 is the background, 1 the text."""
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
    """The brush for where there is nothing: no chip, no data."""
    return QBrush(faint(palette, 0.35), Qt.BrushStyle.BDiagPattern)


def draw_image(painter, rect, image, palette):
    """An image in a thin frame; where it is transparent, hatching shows. Small images keep their pixels' edges."""
    painter.save()
    painter.fillRect(rect, palette.color(QPalette.ColorRole.Base))
    painter.fillRect(rect, nothing(palette))
    smooth = image.width() >= 64 and image.height() >= 64
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(rect, image, QRectF(image.rect()))
    painter.restore()
    frame(painter, rect, palette)


def frame(painter, rect, palette):
    """A thin frame."""
    painter.setPen(QPen(faint(palette), 0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect)


def focus_frame(painter, rect, palette):
    """What shows that the keyboard is here."""
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), 3, 3)


def double_line(painter, draw):
    """Draw a line that is seen on any ground: dark, and a lighter one in it."""
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
    # However long and thin it is, there is something to be seen.
    size = max(width * scale, 3.0), max(height * scale, 3.0)
    centre = QPointF(rect.center())
    return QRectF(centre.x() - size[0] / 2, centre.y() - size[1] / 2, *size)


def number(value, digits=2):
    """A number in the user's way of writing it; very large and small ones by powers of ten."""
    size = abs(value)
    if size and (size >= 1e6 or size < 10**-digits / 2):
        return QLocale().toString(float(value), "g", 3)
    return QLocale().toString(float(value), "f", 0 if float(value).is_integer() else digits)


def count(value):
    """A whole number with separators between thousands."""
    return QLocale().toString(int(value))
