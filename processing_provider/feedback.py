"""Feedback objects of QGIS that are safe to hand to other threads."""


def settled(feedback):
    """The feedback, from which connections can end in any thread without Python.

    Qt calls a virtual function of an object when a connection to it ends. One that was made in Python looks there for
    a method of that name, until none was found once, and needs Python's lock (GIL) for it. Providers end connections
    while they hold a lock of Qt's, for which a thread that deletes an object with the GIL held may be waiting: QGIS
    then stands still. So one connection is begun and ended here.
    """
    feedback.canceled.connect(feedback.cancel)
    feedback.canceled.disconnect(feedback.cancel)
    return feedback
