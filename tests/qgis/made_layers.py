"""Layers of the loopback map servers, and runs as the dock starts them."""

import numpy as np
from qgis.core import (
    QgsApplication,
    QgsDataSourceUri,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProject,
    QgsRasterLayer,
)

from .conftest import Log
from .tile_server import colours

#: The plane that WMS and WCS show, 10 m a pixel.
BOUNDS = (500000, 4990000, 500000 + 10 * 1300, 4990000 + 10 * 700)
PLANE = (np.arange(700), np.arange(1300))


def xyz(server, zmax=2, more=""):
    layer = QgsRasterLayer(
        f"type=xyz&url={server.url}/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmin=0&zmax={zmax}{more}", "t", "wms"
    )
    assert layer.isValid()
    return layer


def wms(server):
    layer = QgsRasterLayer(f"crs=EPSG:32633&format=image/png&layers=plane&styles&url={server.url}/wms", "map", "wms")
    assert layer.isValid(), layer.error().message()
    return layer


def wcs(server):
    uri = QgsDataSourceUri()
    for key, value in (
        ("url", f"{server.url}/wcs"),
        ("identifier", "plane"),
        ("crs", "EPSG:32633"),
        ("version", "1.0.0"),
        ("format", "GTiff"),
    ):
        uri.setParam(key, value)
    layer = QgsRasterLayer(bytes(uri.encodedUri()).decode(), "coverage", "wcs")
    assert layer.isValid(), layer.error().message()
    return layer


def expected(rows, cols):
    red, green, blue, alpha = colours(rows, cols).astype(np.float64)
    return np.where(alpha == 0, np.nan, (red, green, blue))


class TaskLog(Log):
    """Keeps the errors of a failed run, too."""

    def __init__(self):
        super().__init__()
        self.errors = []

    def reportError(self, error, fatalError=False):
        self.errors.append(error)


def in_task(qtbot, parameters, feedback=None):
    """Run as the dock does: prepared here, processed in a thread of QGIS; ``(successful, results)``."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("patchwise:slidingwindow")
    context, feedback, done = QgsProcessingContext(), feedback or TaskLog(), []
    context.setProject(QgsProject.instance())
    good, problem = algorithm.checkParameterValues(parameters, context)
    assert good, problem
    task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, feedback)
    task.executed.connect(lambda *result: done.append(result))
    QgsApplication.taskManager().addTask(task)
    qtbot.waitUntil(lambda: bool(done), timeout=60000)
    return done[0]
