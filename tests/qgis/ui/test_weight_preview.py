"""The live picture of the window: its pixels are the core's weights, and it is usable in any theme and by keyboard."""

import pytest
from affine import Affine
from patchwise.core import (
    SpatialBoxcar,
    SpatialCustom,
    SpatialHann,
    SpatialKNNGraph,
    SpatialPatcher,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
    SpatialTukey,
)
from patchwise.core.grid.domain import RasterDomain
from patchwise.core.preview.pictures import VIRIDIS
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QColor, QHelpEvent, QPalette
from qgis.PyQt.QtWidgets import QApplication, QToolTip

from .drawn import drawn, of_usual_size

ROLE = QPalette.ColorRole
UTM = RasterDomain((300, 260), Affine(10, 0, 500_000, 0, -10, 5_000_000), "EPSG:32633")


def rectangular(size, step, window):
    return SpatialPatcher(SpatialRectangular((size, size)), SpatialRegularStride(step), window)


@pytest.fixture()
def preview(qgis_app, qtbot):
    from patchwise.ui.pictures.weight_preview import WeightPreview

    return of_usual_size(WeightPreview(), qtbot)


def palette(window, text):
    made = QPalette()
    for role, colour in ((ROLE.Window, window), (ROLE.Base, window), (ROLE.WindowText, text), (ROLE.Text, text)):
        made.setColor(role, QColor(colour))
    made.setColor(ROLE.Highlight, QColor("#3daee9"))
    return made


def colour(image, point, scale=1):
    return image.pixelColor(int(point.x() * scale), int(point.y() * scale)).getRgb()[:3]


def near(a, b, most=3):
    return max(abs(x - y) for x, y in zip(a, b)) <= most


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("window", [SpatialHann(), SpatialCustom("1 - 0.5 * r**2")])
def test_its_pixels_are_the_cores_weights(preview, window, scale):
    size = 8  # so small that each pixel of the chip is a square of one colour
    cut = rectangular(size, 4, window)
    preview.setPatcher(cut)
    weights = cut.weights_of(size, size)
    image, place = drawn(preview, scale), preview._layout().weights
    for row in range(size):
        for col in range(size):
            centre = QPointF(
                place.left() + (col + 0.5) / size * place.width(), place.top() + (row + 0.5) / size * place.height()
            )
            level = int(weights[row, col] / weights.max() * 254)
            assert near(colour(image, centre, scale), VIRIDIS[level]), (row, col)


def test_a_large_chip_is_drawn_smoothly(preview):
    preview.setPatcher(rectangular(2048, 1024, SpatialHann()))
    image, layout = drawn(preview), preview._layout()
    assert near(colour(image, layout.weights.center()), VIRIDIS[254], 6)
    assert near(colour(image, layout.weights.topLeft() + QPointF(3, 3)), VIRIDIS[0], 6)
    # Hann at half the chip's size sums to the same everywhere.
    for point in (layout.cover.center(), layout.cover.topLeft() + QPointF(4, 4)):
        assert near(colour(image, point), VIRIDIS[254], 6)


def test_gaps_are_hatched_and_named(preview):
    preview.setPalette(palette("#ffffff", "#000000"))
    preview.setPatcher(rectangular(50, 100, SpatialBoxcar()))
    assert preview.verdict() == "Gaps: 75 % of the pixels are in no chip and become nodata."
    image, layout = drawn(preview), preview._layout()
    cover = preview.picture().cover
    chip = layout.middle_chip(cover)
    assert near(colour(image, chip.center()), VIRIDIS[254])
    right = int(chip.right())
    beside = [colour(image, QPointF(x, chip.center().y())) for x in range(right + 3, right + 15)]
    assert all(len(set(found)) == 1 for found in beside) and (255, 255, 255) in beside and len(set(beside)) > 1


@pytest.mark.parametrize(
    "cut, sentence",
    [
        (rectangular(256, 128, SpatialHann()), "Even cover: weights sum to the same on every pixel."),
        (rectangular(256, 256, SpatialBoxcar()), "Even cover: one chip on each pixel, nothing is blended."),
        (rectangular(256, 256, SpatialHann()), "Uneven weights, but no chips overlap: nothing is blended."),
        (
            rectangular(256, 200, SpatialBoxcar()),
            "Uneven cover: weights sum to 0.61 to 2.44 of their mean; division evens it out.",
        ),
        (rectangular(200, 201, SpatialTukey(0.5)), "Gaps: 1.0 % of the pixels are in no chip and become nodata."),
        (
            SpatialPatcher(SpatialRectangular((9, 9)), SpatialRandom(5), SpatialHann()),
            "The chips lie on no lattice: their cover differs from place to place.",
        ),
        (rectangular(256, 256, SpatialCustom("r - 1")), "custom window is 'r - 1': must be finite and at least 0"),
        (SpatialPatcher(SpatialKNNGraph(3), None), "geometry is 'SpatialKNNGraph': has no window"),
        (SpatialPatcher(SpatialSphericalCap(1), SpatialRegularStride(9)), "is needed to say how many pixels"),
    ],
)
def test_one_sentence_says_how_chips_cover(preview, cut, sentence):
    preview.setPatcher(cut)
    assert sentence in preview.verdict()
    assert sentence in preview.accessibleDescription()
    drawn(preview)


def test_a_cap_needs_its_raster(preview):
    preview.setPatcher(SpatialPatcher(SpatialSphericalCap(0.4), SpatialRegularStride(100), SpatialHann()), UTM)
    assert max(preview.picture().size) in (81, 83) and preview.verdict().startswith("Gaps: 50 %")


def test_a_problem_takes_the_pictures_away(preview):
    preview.setPatcher(rectangular(64, 32, SpatialHann()))
    preview.setProblem("No raster.")
    assert preview.picture() is None and preview.verdict() == preview.accessibleDescription() == "No raster."
    drawn(preview)
    assert preview.weight_at(QPoint(60, 60)) == ""
    preview.setPatcher(rectangular(64, 32, SpatialHann()))
    assert preview.picture() is not None and preview.accessibleDescription().startswith("Window of 64 x 64 pixels.")


@pytest.mark.parametrize("window, text", [("#ffffff", "#000000"), ("#202225", "#f0f0f0")])
def test_themes(preview, window, text, qtbot):
    preview.setPatcher(rectangular(256, 300, SpatialHann()))
    preview.show()
    before = preview.grab().toImage()
    preview.setPalette(palette(window, text))
    after = preview.grab().toImage()
    assert before != after
    ratio = after.devicePixelRatio()
    place = preview._layout().text
    found = {
        after.pixelColor(int(x * ratio), int(y * ratio)).getRgb()[:3]
        for x in range(int(place.left()), int(place.left()) + 100)
        for y in range(int(place.top()), int(place.top()) + 16)
    }
    wanted = QColor(text).getRgb()[:3]
    assert min(max(abs(a - b) for a, b in zip(wanted, one)) for one in found) < 40
    assert QColor(window).getRgb()[:3] in found


def test_a_new_theme_of_the_application_is_followed(preview, qtbot):
    preview.setPatcher(rectangular(64, 32, SpatialHann()))
    preview.show()
    qtbot.waitExposed(preview)
    old, painted, paint = QApplication.palette(), [], preview.paintEvent

    def noted(event):
        painted.append(preview.palette().color(ROLE.Window).name())
        paint(event)

    preview.paintEvent = noted
    try:
        QApplication.setPalette(palette("#202225", "#f0f0f0"))
        qtbot.waitUntil(lambda: "#202225" in painted)
    finally:
        QApplication.setPalette(old)


def test_names_for_those_who_do_not_see_it(preview):
    assert preview.objectName() == "weightPreview" and preview.accessibleName()
    preview.setPatcher(rectangular(64, 32, SpatialHann()))
    assert "64 x 64 pixels" in preview.accessibleDescription()


def focus(widget, qtbot):
    widget.show()
    QApplication.setActiveWindow(widget) if hasattr(QApplication, "setActiveWindow") else widget.activateWindow()
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)


def test_the_keyboard(preview, qtbot):
    preview.setPatcher(rectangular(64, 32, SpatialHann()))
    assert preview.focusPolicy() == Qt.FocusPolicy.StrongFocus
    plain = drawn(preview)
    focus(preview, qtbot)
    framed = drawn(preview)
    assert framed != plain
    weights = rectangular(64, 32, SpatialHann()).weights_of(64, 64)

    def press(key, modifier=Qt.KeyboardModifier.NoModifier):
        qtbot.keyClick(preview, key, modifier)
        return preview.accessibleDescription()

    assert press(Qt.Key.Key_Right).startswith(f"Row 32, column 32 of the chip: weight {weights[32, 32]:.3f}")
    assert drawn(preview) != framed
    assert press(Qt.Key.Key_Up).startswith(f"Row 31, column 32 of the chip: weight {weights[31, 32]:.3f}")
    assert press(Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier).startswith("Row 31, column 26")
    for _ in range(7):
        text = press(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert text.startswith("1 times the mean weight") and preview._cross[0] == 1
    assert press(Qt.Key.Key_Left).startswith("Row 31, column 63")
    preview.setPatcher(rectangular(16, 8, SpatialHann()))  # the cross stays within the picture
    assert press(Qt.Key.Key_Down).startswith("Row 15, column 15")
    press(Qt.Key.Key_Escape)
    assert preview._cross is None


def test_the_cross_leaves_with_the_sums(preview, qtbot):
    preview.setPatcher(rectangular(64, 32, SpatialHann()))
    focus(preview, qtbot)
    for _ in range(12):
        qtbot.keyClick(preview, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    preview.setPatcher(SpatialPatcher(SpatialRectangular((9, 9)), SpatialRandom(5), SpatialHann()))
    drawn(preview)
    qtbot.keyClick(preview, Qt.Key.Key_Right)
    assert preview.accessibleDescription().startswith("Row")


def test_the_weight_under_the_pointer(preview, qtbot):
    cut = rectangular(50, 100, SpatialHann())
    preview.setPatcher(cut)
    layout = preview._layout()
    text = preview.weight_at(layout.weights.center())
    assert text == f"Row 25, column 25 of the chip: weight {cut.weights_of(50, 50)[25, 25]:.3f}"
    chip = layout.middle_chip(preview.picture().cover)
    assert preview.weight_at(chip.center()).endswith("times the mean weight")
    assert preview.weight_at(chip.center() + QPointF(chip.width(), 0)) == "In no chip: no data in the result"
    assert preview.weight_at(QPointF(1, 1)) == ""
    preview.show()
    point = layout.weights.center().toPoint()
    QApplication.sendEvent(preview, QHelpEvent(QEvent.Type.ToolTip, point, preview.mapToGlobal(point)))
    assert QToolTip.text() == text
    QToolTip.hideText()


@pytest.mark.parametrize("width", [220, 340, 700])
def test_nothing_is_cut(preview, width):
    from patchwise.ui.theme import flags

    for cut in (
        rectangular(256, 200, SpatialBoxcar()),
        SpatialPatcher(SpatialRectangular((4000, 16)), SpatialRegularStride((4000, 10)), SpatialHann()),
    ):
        preview.setPatcher(cut)
        preview.resize(width, preview.heightForWidth(width))
        layout, inside = preview._layout(), preview.rect()
        for part in (layout.weights, layout.cover, layout.bar, layout.text):
            assert part.width() > 0 and part.height() > 0
            assert inside.contains(part.toAlignedRect()), part
        lines = preview.fontMetrics().boundingRect(
            layout.text.toRect(), flags(Qt.TextFlag.TextWordWrap), preview.verdict()
        )
        assert lines.height() <= layout.text.height() + 1
        drawn(preview)
    assert preview.minimumSizeHint().width() <= 220 and preview.sizeHint().height() > 100
