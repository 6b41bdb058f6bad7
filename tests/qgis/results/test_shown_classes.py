"""The names and colours of classes in a file, as QGIS shows them."""

import numpy as np
from patchwise.core.base.categories import Category
from qgis.core import QgsRasterLayer

from ...core.made_rasters import write_array

CLASSES = (
    Category(3, 'végétation & "wet" <land>', (0, 200, 0)),
    Category(1, "water", (0, 0, 255)),
    Category(2, "bare", (200, 100, 0)),
)


def test_qgis_shows_the_classes_there_are(qgis_app, tmp_path):
    path = tmp_path / "out.tif"
    labels = np.random.default_rng(0).integers(1, 4, (1, 40, 50)).astype(np.float32)
    labels[0, :3] = np.nan
    write_array(path, labels, "uint8", categories=CLASSES)
    layer = QgsRasterLayer(str(path), "classes")
    shown = [(entry.value, entry.label, entry.color.getRgb()[:3]) for entry in layer.renderer().classes()]
    assert shown == [tuple(entry) for entry in sorted(CLASSES)]
