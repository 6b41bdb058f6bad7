"""A QGIS with the provider registered, and small rasters made by code."""

import gc
from functools import partial

import numpy as np
import pytest
import rasterio
from qgis.core import QgsApplication, QgsProcessingFeedback, QgsRasterLayer
from qgis.PyQt import sip
from rasterio.transform import from_origin


@pytest.fixture(scope="session", autouse=True)
def no_layer_outlives_qgis(qgis_app):
    """QGIS unloads GDAL at its end, after which a layer that is still alive crashes.

    So layers that wait for garbage collection, and those in exceptions of failed runs that QGIS keeps, go before.
    """
    yield
    gc.collect()
    for layer in [found for found in gc.get_objects() if type(found) is QgsRasterLayer]:
        if sip.ispyowned(layer) and not sip.isdeleted(layer):
            sip.delete(layer)


@pytest.fixture()
def provider(qgis_app, qgis_processing):
    """The provider, registered for one test."""
    from patchwise.processing_provider.provider import PatchwiseProvider

    provider = PatchwiseProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    yield provider
    QgsApplication.processingRegistry().removeProvider(provider)


class Log(QgsProcessingFeedback):
    """Keeps messages and progress; ``cancel_at`` is the progress (0 to 100) at which it cancels."""

    def __init__(self, cancel_at=None):
        super().__init__(False)
        self.infos, self.warnings, self.shares = [], [], []
        self._cancel_at = cancel_at

    def pushInfo(self, info):
        self.infos.append(info)

    def pushWarning(self, warning):
        self.warnings.append(warning)

    def setProgress(self, share):
        self.shares.append(share)
        if self._cancel_at is not None and share >= self._cancel_at:
            self.cancel()


@pytest.fixture()
def log():
    """A feedback that keeps its messages."""
    return Log()


@pytest.fixture()
def process(provider):
    """``process(name, feedback=None, **parameters)``: an algorithm of Patchwise by ``processing.run``."""
    from qgis import processing

    def process(name, feedback=None, **parameters):
        return processing.run(f"patchwise:{name}", parameters, feedback=feedback or Log())

    return process


@pytest.fixture()
def run(process):
    """``run(feedback=None, **parameters)``: the sliding window."""
    return partial(process, "slidingwindow")


@pytest.fixture()
def again(process, tmp_path):
    """``again(feedback=None, **parameters)``: the path of the OUTPUT of ``patchwise:runconfig``."""

    def again(feedback=None, **parameters):
        return process("runconfig", feedback, **{"OUTPUT": str(tmp_path / "again.tif"), **parameters})["OUTPUT"]

    return again


def write(path, array, *, nodata=None, crs="EPSG:32610", transform=None, names=()):
    """Write ``(bands, rows, cols)`` as GeoTIFF."""
    array = np.asarray(array)
    transform = transform or from_origin(750000, 4350000, 10, 10)
    profile = dict(driver="GTiff", count=array.shape[0], height=array.shape[1], width=array.shape[2])
    with rasterio.open(path, "w", dtype=array.dtype, nodata=nodata, crs=crs, transform=transform, **profile) as dataset:
        dataset.write(array)
        if names:
            dataset.descriptions = names
    return str(path)


@pytest.fixture()
def scene(tmp_path):
    """Four uint16 bands, 300 x 211, nodata 0 in a corner."""
    rng = np.random.default_rng(3)
    array = rng.integers(1, 9000, (4, 300, 211), dtype=np.uint16)
    array[:, :60, :40] = 0
    return write(tmp_path / "scene.tif", array, nodata=0, names=("B02", "B03", "B04", "B08"))


def read(path):
    """Bands as float64 with NaN where there is no data."""
    with rasterio.open(path) as dataset:
        return dataset.read(masked=True).astype(np.float64).filled(np.nan)
