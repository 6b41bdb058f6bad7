"""Outlines of the chips on a map canvas: in their places in any CRS, few enough, and gone when they should be."""

import numpy as np
import pytest
from patchwise.core import (
    PlanError,
    RasterFile,
    SpatialPatcher,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
)
from patchwise.core.grid.domain import PixelWindow
from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsPointXY, QgsProject, QgsRectangle
from qgis.gui import QgsMapCanvas
from qgis.PyQt import sip

from ..conftest import write

UTM = QgsCoordinateReferenceSystem("EPSG:32610")
NOBODY = (-1, -1)


def rectangular(size, step, boundary="shift"):
    return SpatialPatcher(SpatialRectangular((size, size), boundary), SpatialRegularStride(step))


@pytest.fixture()
def raster(tmp_path):
    """300 x 200 pixels of 10 m, its upper-left corner at (750000, 4350000)."""
    return RasterFile(write(tmp_path / "a.tif", np.ones((1, 200, 300), np.uint8)))


@pytest.fixture()
def canvas(qgis_app, qtbot):
    canvas = QgsMapCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(600, 400)
    show(canvas, UTM)
    return canvas


@pytest.fixture()
def overlay(canvas):
    from patchwise.ui.pictures.chip_overlay import ChipOverlay

    overlay = ChipOverlay(canvas)
    yield overlay
    if not sip.isdeleted(overlay):
        overlay.remove()


def show(canvas, crs, extent=None):
    canvas.setDestinationCrs(crs)
    box = QgsRectangle(*(extent or (750_000, 4_348_000, 753_000, 4_350_000)))
    transform = QgsCoordinateTransform(UTM, crs, QgsProject.instance())
    canvas.setExtent(transform.transformBoundingBox(box))
    return transform


def outlines(overlay):
    """Bounding boxes ``(xmin, ymin, xmax, ymax)`` of what is drawn, in the canvas's CRS."""
    lines = overlay._lines.asGeometry()
    return sorted(
        tuple(round(v, 6) for v in (b.xMinimum(), b.yMinimum(), b.xMaximum(), b.yMaximum()))
        for b in (part.boundingBox() for part in lines.asGeometryCollection())
    )


def test_chips_are_outlined_where_they_lie(overlay, raster):
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    found = outlines(overlay)
    assert len(found) == 6 and overlay.note() == "6 chips"
    assert found[0] == (750_000, 4_348_000, 751_000, 4_349_000)
    assert found[-1] == (752_000, 4_349_000, 753_000, 4_350_000)


def test_only_the_chips_of_the_extent(overlay, raster):
    overlay.setChips(rectangular(100, 100), raster.domain, UTM, PixelWindow(110, 10, 20, 100))
    assert [box[:2] for box in outlines(overlay)] == [(750_000, 4_348_000), (751_000, 4_348_000)]
    with pytest.raises(PlanError, match="no chip fits"):
        overlay.setChips(rectangular(500, 100, "drop"), raster.domain, UTM)
    assert not outlines(overlay) and overlay.note() == ""


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:3413"])
def test_they_are_brought_to_the_canvas_crs(overlay, canvas, raster, crs):
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    target = QgsCoordinateReferenceSystem(crs)
    transform = show(canvas, target)  # the canvas changes while they are shown
    corner = transform.transform(QgsPointXY(750_000, 4_350_000))
    lines = overlay._lines.asGeometry()  # which has to live as long as it is gone through
    points = [QgsPointXY(vertex) for vertex in lines.vertices()]
    assert min(corner.distance(point) for point in points) < (1e-9 if crs == "EPSG:4326" else 1e-3)
    assert len(outlines(overlay)) == 6


def test_what_has_no_place_on_the_map_is_left_out(overlay, canvas, tmp_path, qgis_app):
    from rasterio.transform import from_origin

    path = write(tmp_path / "w.tif", np.ones((1, 18, 36)), crs="EPSG:4326", transform=from_origin(-180, 90, 10, 10))
    world = QgsCoordinateReferenceSystem("EPSG:4326")
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    overlay.setChips(rectangular(3, 3), RasterFile(path).domain, world)
    assert 48 <= len(outlines(overlay)) <= 72 and overlay.note() == "72 chips"


def test_caps_and_chips_in_any_place(overlay, raster):
    overlay.setChips(SpatialPatcher(SpatialSphericalCap(0.2), SpatialRegularStride(100)), raster.domain, UTM)
    widths = {round((box[2] - box[0]) / 400, 2) for box in outlines(overlay)}
    assert len(outlines(overlay)) == 6 and widths <= {1.0, 0.99, 1.01}
    overlay.setChips(SpatialPatcher(SpatialRectangular((20, 30)), SpatialRandom(17)), raster.domain, UTM)
    assert {(box[2] - box[0], box[3] - box[1]) for box in outlines(overlay)} == {(300.0, 200.0)}
    assert len(outlines(overlay)) == 17


def test_of_many_chips_those_in_view_are_drawn(overlay, canvas, raster, qtbot):
    notes = []
    overlay.noteChanged.connect(notes.append)
    overlay.setChips(rectangular(4, 2), raster.domain, UTM)
    assert overlay.note().startswith("14,751 chips") and 1000 < len(outlines(overlay)) <= overlay.MOST
    with qtbot.waitSignal(overlay.noteChanged):
        show(canvas, UTM, (750_200, 4_349_700, 750_600, 4_349_900))
    box = canvas.extent()
    inside = [b for b in outlines(overlay) if box.intersects(QgsRectangle(*b))]
    columns = round(canvas.extent().width() / 20)
    assert len(inside) >= 0.8 * columns**2 / 2 and len(outlines(overlay)) < 1.5 * len(inside)
    assert notes[0] != notes[-1] == overlay.note()


def test_few_chips_are_not_drawn_again_when_the_map_moves(overlay, canvas, raster):
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    show(canvas, UTM, (751_000, 4_349_000, 751_100, 4_349_100))
    assert not overlay._timer.isActive() and len(outlines(overlay)) == 6


def test_the_chip_under_the_pointer(overlay, canvas, raster, qtbot):
    found = []
    overlay.chipHovered.connect(lambda row, col: found.append((row, col)))
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    canvas.xyCoordinates.emit(QgsPointXY(751_500, 4_349_500))
    assert found == [(0, 100)]
    box = overlay._mark.asGeometry().boundingBox()
    assert (box.xMinimum(), box.yMinimum(), box.width(), box.height()) == (751_000, 4_349_000, 1000, 1000)
    canvas.xyCoordinates.emit(QgsPointXY(751_510, 4_349_500))  # the same chip
    canvas.xyCoordinates.emit(QgsPointXY(751_500, 4_348_500))
    canvas.xyCoordinates.emit(QgsPointXY(749_999, 4_348_500))
    assert found == [(0, 100), (100, 100), NOBODY] and overlay._mark.asGeometry().isEmpty()
    show(canvas, QgsCoordinateReferenceSystem("EPSG:4326"))
    to_map = QgsCoordinateTransform(UTM, canvas.mapSettings().destinationCrs(), QgsProject.instance())
    canvas.xyCoordinates.emit(to_map.transform(QgsPointXY(750_500, 4_349_500)))
    assert found[-1] == (0, 0)
    overlay.clear()
    assert found[-1] == NOBODY
    canvas.xyCoordinates.emit(QgsPointXY(0, 0))
    assert len(found) == 5


def test_a_pointer_off_the_world_is_no_error(overlay, canvas, raster):
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3413"))
    canvas.xyCoordinates.emit(QgsPointXY(1e12, 1e12))
    canvas.xyCoordinates.emit(QgsPointXY(float("nan"), 0))


def test_clear_and_set_again(overlay, raster):
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    overlay.clear()
    assert not outlines(overlay) and overlay.note() == ""
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    assert len(outlines(overlay)) == 6


def test_remove_takes_everything_off_the_canvas(canvas, raster):
    from patchwise.ui.pictures.chip_overlay import ChipOverlay

    before = len(canvas.scene().items())
    overlay = ChipOverlay(canvas)
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    canvas.xyCoordinates.emit(QgsPointXY(751_500, 4_349_500))
    assert len(canvas.scene().items()) == before + 2
    overlay.remove()
    overlay.remove()
    assert len(canvas.scene().items()) == before
    canvas.xyCoordinates.emit(QgsPointXY(751_500, 4_349_500))
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    assert len(canvas.scene().items()) == before and overlay.note() == ""


@pytest.mark.parametrize("last", ["remove", "clear", "setChips"])
def test_the_canvas_may_go_first(qgis_app, raster, last):
    from patchwise.ui.pictures.chip_overlay import ChipOverlay

    canvas = QgsMapCanvas()
    show(canvas, UTM)
    overlay = ChipOverlay(canvas)
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    sip.delete(canvas)
    if last == "setChips":
        overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    else:
        getattr(overlay, last)()
    assert overlay.note() == ""
    overlay.remove()


def test_the_project_may_go_first(overlay, raster):
    overlay.setChips(rectangular(100, 100), raster.domain, UTM)
    QgsProject.instance().clear()
    overlay.clear()
    assert not outlines(overlay)
