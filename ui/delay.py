"""Timers that wait for the last of several changes."""

from qgis.PyQt.QtCore import QTimer


def delayed(parent, milliseconds, slot):
    """A timer that calls ``slot`` once, ``milliseconds`` after it was last started."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(slot)
    return timer
