"""One chip off the main thread: the last request counts, and no widget is needed for a task to end well."""

import gc
import threading
import time

import numpy as np
import pytest
from patchwise.core import (
    ArraySink,
    Classify,
    Expression,
    Lambda,
    RasterFile,
    SpatialBoxcar,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    stream,
)
from patchwise.core.preview.chip import ChipRequest
from patchwise.core.preview.pictures import VIRIDIS
from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QThread
from qgis.PyQt.QtGui import QColor, QPalette

from .drawn import drawn, of_usual_size

BOXCAR = SpatialPatcher(SpatialRectangular((100, 100), "shift"), SpatialRegularStride(100), SpatialBoxcar())


@pytest.fixture()
def preview(qgis_app, qtbot):
    from patchwise.ui.pictures.chip_preview import ChipPreview

    widget = of_usual_size(ChipPreview(), qtbot)
    yield widget
    if not sip.isdeleted(widget):
        widget.cancel()
    qtbot.waitUntil(nothing_runs, timeout=10_000)


def nothing_runs():
    from patchwise.ui.runs.chip_task import _UNDER_WAY

    return not _UNDER_WAY and not QgsApplication.taskManager().countActiveTasks()


def request(scene, operator, row=50, col=50):
    return ChipRequest(RasterFile(scene), BOXCAR, operator, row, col)


class Gate:
    """An operator that waits until it is let through, and knows in which thread it ran."""

    name = "gate"

    def __init__(self, value=1.0):
        self.started, self.open, self.value, self.thread = threading.Event(), threading.Event(), value, None

    def __call__(self, chip):
        self.thread = QThread.currentThread()
        self.started.set()
        self.open.wait(10)
        return np.full(chip.shape[1:], self.value)


def show(preview, qtbot, asked):
    with qtbot.waitSignal(preview.finished, timeout=10_000) as signal:
        preview.show_chip(asked)
    return signal.args[0]


def test_the_chip_is_that_of_the_run(preview, qtbot, scene):
    operator = Expression("(b4 - b1) / (b4 + b1)", 4)
    assert show(preview, qtbot, request(scene, operator, 170, 130)) > 0
    with RasterFile(scene) as source:
        sink = ArraySink(source.domain.shape)
        stream(source, BOXCAR, operator, sink)
    chip = preview.picture().window
    assert chip == (100, 100, 100, 100)
    values = sink.array[0, 100:200, 100:200]
    assert (preview.picture().after.low, preview.picture().after.high) == (values.min(), values.max())
    assert preview.caption() == "Chip at row 100, column 100"
    assert preview.details().startswith("100 x 100 pixels, ") and preview.toolTip() == preview.details()


def test_what_is_drawn(preview, qtbot, scene):
    plain = drawn(preview)
    show(preview, qtbot, request(scene, Expression("where(b1 > 0, 3, 3)", 4)))
    image = drawn(preview)
    assert image != plain
    side = (340 - 20) / 2
    left, right = (image.pixelColor(int(x), int(side * 0.9)).getRgb()[:3] for x in (6 + side / 2, 14 + 1.5 * side))
    assert right == VIRIDIS[128] and left != right
    # The corner of the scene has no data: hatching, not a colour of the map.
    corner = {image.pixelColor(20 + k, 50).getRgb()[:3] for k in range(12)}
    assert preview.palette().color(QPalette.ColorRole.Base).getRgb()[:3] in corner
    text = preview.accessibleDescription()
    assert "Input (3, 2, 1): " in text and "Output: 3 to 3" in text


def test_classes_have_their_colours(preview, qtbot, scene):
    operator = Classify("all #102030: b1 > 0", 4, ("B02", "B03", "B04", "B08"))
    show(preview, qtbot, request(scene, operator, 250, 150))
    assert (16, 32, 48) in {drawn(preview).pixelColor(x, 90).getRgb()[:3] for x in range(180, 330)}


def test_it_runs_off_the_main_thread(preview, qtbot, scene):
    gate = Gate()
    preview.show_chip(request(scene, gate))
    assert preview.busy() and preview.caption() == "Computing a chip ..."
    qtbot.waitUntil(gate.started.is_set)
    assert preview.busy() and gate.thread != QgsApplication.instance().thread()
    with qtbot.waitSignal(preview.finished):
        gate.open.set()
    assert not preview.busy() and preview.picture().after.low == 1


def test_the_last_request_counts(preview, qtbot, scene):
    shown = []
    preview.finished.connect(lambda seconds: shown.append(preview.picture().after.low))
    first, second, third = (Gate(value) for value in (1, 2, 3))
    preview.show_chip(request(scene, first))
    qtbot.waitUntil(first.started.is_set)
    preview.show_chip(request(scene, second))
    preview.show_chip(request(scene, third))
    third.open.set()
    qtbot.wait(50)
    assert preview.busy() and not third.started.is_set()  # one at a time
    first.open.set()
    qtbot.waitUntil(lambda: bool(shown))
    assert shown == [3] and preview.picture().after.high == 3 and not second.started.is_set()


def test_cancelled_is_not_shown(preview, qtbot, scene):
    said = []
    preview.finished.connect(said.append)
    preview.failed.connect(said.append)
    gate = Gate()
    preview.show_chip(request(scene, gate))
    qtbot.waitUntil(gate.started.is_set)
    preview.cancel()
    gate.open.set()
    qtbot.waitUntil(nothing_runs)
    qtbot.wait(20)
    assert not said and preview.picture() is None and not preview.busy() and preview.caption() == ""


def test_a_result_that_was_nearly_there_is_thrown_away(preview, qtbot, scene):
    """The task has ended, and its end is not yet heard of, when it is cancelled."""
    said = []
    preview.finished.connect(said.append)
    preview.show_chip(request(scene, Expression("b1", 4)))
    (task,) = preview._running
    deadline = time.monotonic() + 10
    while task.picture is None and time.monotonic() < deadline:
        time.sleep(0.01)  # the main thread's events wait
    assert task.picture is not None
    preview.setProblem("Something else.")
    qtbot.waitUntil(nothing_runs)
    assert not said and preview.picture() is None and preview.caption() == "Something else."


@pytest.mark.parametrize(
    "operator, text",
    [
        (Lambda(lambda chip: 1 // 0, "half"), "operator half failed on the chip at row 0, column 0: ZeroDivisionError"),
        (Lambda(lambda chip: chip[:, :3]), "it returned the shape"),
    ],
)
def test_failures_are_said(preview, qtbot, scene, operator, text):
    with qtbot.waitSignal(preview.failed, timeout=10_000) as signal:
        preview.show_chip(request(scene, operator))
    assert text in signal.args[0] and preview.caption() == preview.accessibleDescription() == signal.args[0]
    drawn(preview)
    show(preview, qtbot, request(scene, Expression("b1", 4)))
    assert preview.picture() is not None


def test_what_nobody_expected_is_said_too(preview, qtbot, scene):
    asked = request(scene, Expression("b1", 4))
    with qtbot.waitSignal(preview.failed, timeout=10_000) as signal:
        preview.show_chip(ChipRequest(asked.source, None, asked.operator, 0, 0))
    assert signal.args[0].startswith("AttributeError")


def test_a_problem_replaces_the_pictures(preview, qtbot, scene):
    show(preview, qtbot, request(scene, Expression("b1", 4)))
    preview.setProblem("No raster.")
    assert preview.picture() is None and preview.caption() == "No raster." and preview.details() == ""
    show(preview, qtbot, request(scene, Expression("b1", 4)))
    preview.clear()
    assert preview.picture() is None and preview.caption() == ""


def test_the_widget_may_go_while_a_chip_is_computed(qgis_app, qtbot, scene):
    from patchwise.ui.pictures.chip_preview import ChipPreview

    widget, gate, said = ChipPreview(), Gate(), []
    widget.finished.connect(said.append)
    widget.show_chip(request(scene, gate))
    qtbot.waitUntil(gate.started.is_set)
    (task,) = widget._running
    sip.delete(widget)
    del widget
    gc.collect()
    assert task.isCanceled()
    gate.open.set()
    qtbot.waitUntil(nothing_runs, timeout=10_000)
    assert not said


def test_the_python_half_of_a_task_is_kept(preview, qtbot, scene):
    gate = Gate()
    with qtbot.waitSignal(preview.finished, timeout=10_000):
        preview.show_chip(request(scene, gate))
        gc.collect()
        gate.open.set()


def test_themes(preview, qtbot, scene):
    show(preview, qtbot, request(scene, Expression("b1", 4)))
    before = preview.grab().toImage()
    dark = QPalette()
    for role, colour in (("Window", "#202225"), ("Base", "#101010"), ("WindowText", "#f0f0f0")):
        dark.setColor(getattr(QPalette.ColorRole, role), QColor(colour))
    preview.setPalette(dark)
    after = preview.grab().toImage()
    assert before != after and after.pixelColor(2, 2) == QColor("#202225")


def test_names(preview):
    assert preview.objectName() == "chipPreview" and preview.accessibleName()
    assert preview.minimumSizeHint().width() <= 220 and preview.hasHeightForWidth()


def test_a_source_on_a_server_is_told_that_it_may_stop(preview, qtbot, scene):
    asked, told = request(scene, Gate()), []
    asked.source.follow = told.append
    preview.show_chip(asked)
    qtbot.waitUntil(asked.operator.started.is_set)
    assert not told[0].isCanceled()
    preview.cancel()
    assert told[0].isCanceled()
    asked.operator.open.set()
