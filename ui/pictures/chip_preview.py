"""One chip before and after the operator."""

from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QRectF, Qt, pyqtSignal
from qgis.PyQt.QtGui import QPalette

from .. import theme
from ..runs.chip_task import ChipTask
from ..texts import tr
from .picture import Picture

_MARGIN, _GAP = 6, 8


class ChipPreview(Picture):
    """Shows a chip and what the operator makes of it, side by side, computed off the main thread.

    Only one chip is computed at a time, and only the last request counts: an earlier one is cancelled, and its result
    is not shown.
    """

    #: Emitted with the seconds that the operator took for one chip.
    finished = pyqtSignal(float)
    #: Emitted with one sentence on why there is no picture.
    failed = pyqtSignal(str)

    def __init__(self, parent=None):
        super().__init__("chipPreview", tr("Chip before and after the operator"), parent)
        self._wanted = self._waiting = None
        self._running = _Tasks()
        self.destroyed.connect(self._running.leave)
        self._say("")

    def show_chip(self, request):
        """Compute and show the chip of a ``core.preview.chip.ChipRequest``; a request under way is cancelled."""
        self.cancel()
        self._say(tr("Computing a chip ..."))
        self._waiting = request
        if not self._running:
            self._start()

    def cancel(self):
        """Cancel what is under way, and remove the picture, which belongs to earlier choices."""
        self._wanted = self._waiting = None
        self._running.cancel()
        self._say("")

    def clear(self):
        """Cancel what is under way and show nothing."""
        self.cancel()

    def setProblem(self, text):
        """Cancel what is under way and show a sentence instead of pictures."""
        self.cancel()
        self._say(text)

    def busy(self):
        """Whether the last request is being computed, or waits for the end of a cancelled one."""
        return self._waiting is not None or self._wanted is not None

    def caption(self):
        """The line below the pictures, or the sentence instead of them."""
        if self._picture is None:
            return self._problem
        row, column = (theme.count(place) for place in self._picture.anchor)
        return tr("Chip at row {row}, column {column}").format(row=row, column=column)

    def details(self):
        """The chip's size, and the operator's time for it; "" where there is no chip."""
        if self._picture is None:
            return ""
        window, seconds = self._picture.window, self._picture.seconds
        text = tr("{height} x {width} pixels, {milliseconds} ms for the operator")
        milliseconds = theme.number(1000 * seconds, 1 if seconds < 0.1 else 0)
        return text.format(height=window.height, width=window.width, milliseconds=milliseconds)

    # The tasks.

    def _start(self):
        # A source may not be read by two threads at once: the next task starts when the last one has ended.
        task = ChipTask(self._waiting)
        self._wanted, self._waiting = task, None
        self._running.append(task)
        task.ended.connect(self._ended)
        QgsApplication.taskManager().addTask(task)

    def _ended(self):
        task = self.sender()
        if task in self._running:
            self._running.remove(task)
        if task is self._wanted:
            self._wanted = None
            self._show(task)
        if self._waiting is not None and not self._running:
            self._start()

    def _show(self, task):
        if task.picture is None:
            self._say(task.problem)
            self.failed.emit(task.problem)
            return
        self._say("")
        self._picture = task.picture
        self._images = tuple(theme.rgba_image(picture) for picture in (task.picture.before, task.picture.after))
        ranges = [f"{heading(name, picture)}: {range_text(picture)}" for name, picture in self._pictures()]
        self.setAccessibleDescription(". ".join([self.caption(), *ranges, self.details()]))
        self.setToolTip(self.details())
        self.finished.emit(task.picture.seconds)

    def _say(self, text):
        self._picture, self._images, self._problem = None, (), text
        self.setAccessibleDescription(text)
        self.setToolTip("")
        self.update()

    def _pictures(self):
        return (tr("Input"), self._picture.before), (tr("Output"), self._picture.after)

    # How it looks.

    def heightForWidth(self, width):
        """The height of two squares side by side and three lines."""
        return round((width - 2 * _MARGIN - _GAP) / 2 + 3 * self.fontMetrics().lineSpacing() + 2 * _MARGIN + 8)

    def _paint(self, painter):
        line = self.fontMetrics().lineSpacing()
        side = (self.width() - 2 * _MARGIN - _GAP) / 2
        side = max(20.0, min(side, self.height() - 3 * line - 2 * _MARGIN - 8))
        for k, ((name, picture), image) in enumerate(zip(self._pictures(), self._images)):
            left = _MARGIN + k * ((self.width() - 2 * _MARGIN - _GAP) / 2 + _GAP)
            width = (self.width() - 2 * _MARGIN - _GAP) / 2
            self._write(painter, QRectF(left, _MARGIN, width, line), heading(name, picture))
            place = QRectF(left + (width - side) / 2, _MARGIN + line + 2, side, side)
            theme.draw_image(painter, theme.fitted(place, picture.height, picture.width), image, self.palette())
            self._write(painter, QRectF(left, place.bottom() + 2, width, line), range_text(picture), 0.8)
        bottom = QRectF(_MARGIN, _MARGIN + 2 * line + side + 6, self.width() - 2 * _MARGIN, line)
        self._write(painter, bottom, self.caption())

    def _write(self, painter, place, text, share=1.0):
        metrics = painter.fontMetrics()
        painter.setPen(theme.faint(self.palette(), share) if share < 1 else self.palette().color(_TEXT))
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, theme.flags(Qt.AlignmentFlag.AlignCenter), text)


_TEXT = QPalette.ColorRole.WindowText


def heading(name, picture):
    """The heading of a picture: ``name``, and of several bands the numbers of those that are shown."""
    if picture.total == 1:
        return name
    text = tr("{name}, band {bands}") if len(picture.bands) == 1 else tr("{name} ({bands})")
    return text.format(name=name, bands=", ".join(map(str, picture.bands)))


def range_text(picture):
    """The range of a picture's values in words."""
    if picture.low != picture.low:  # NaN
        return tr("no data")
    return tr("{low} to {high}").format(low=theme.number(picture.low), high=theme.number(picture.high))


class _Tasks(list):
    """The task under way, if any. The list outlives the widget, and cancels the task when the widget is destroyed."""

    # ``destroyed`` is connected to a method of an object that is kept here: where Python collects the widget before Qt
    # deletes it, PyQt frees connected functions, calls them all the same, and crashes.
    _kept = []

    def __init__(self):
        super().__init__()
        self._kept.append(self)

    def cancel(self):
        """Cancel the task."""
        for task in self:
            if not sip.isdeleted(task):
                task.cancel()

    def leave(self):
        """Cancel the task of a widget that is destroyed."""
        self.cancel()
        self._kept[:] = [tasks for tasks in self._kept if tasks is not self]
