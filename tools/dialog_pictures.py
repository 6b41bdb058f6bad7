"""Takes the pictures docs/images/dialog-<algorithm>.png of the real dialogs, in a QGIS under Xvfb.

Usage: ``python tools/dialog_pictures.py [NAME ...]`` in the development environment. Needs ``qgis`` and ``xvfb-run``.
"""

import json
import sys
import tempfile
from pathlib import Path

from few_colours import in_few_colours
from qgis_desktop import run_in_qgis

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
#: What is filled in, by algorithm.
FILLED = {
    "slidingwindow": {"OPERATOR": "index", "INDEX": "NDVI", "CHIP_SIZE": 256, "STRIDE": 128},
    "splitraster": {"CHIP_SIZE": 256, "STRIDE": 256},
}

# Run inside QGIS; {...} are replaced by JSON.
INSIDE = """
import os, traceback
import processing, qgis.utils
from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QTimer

WANTED, SCENE, FOLDER = {wanted}, {scene}, {folder}
open_dialogs = []

def begin():
    try:
        for name in ("processing", "patchwise"):
            if name not in qgis.utils.active_plugins:
                qgis.utils.updateAvailablePlugins()
                qgis.utils.loadPlugin(name)
                qgis.utils.startPlugin(name)
        QgsProject.instance().addMapLayer(QgsRasterLayer(SCENE, "scene"))
        for name, values in WANTED.items():
            dialog = processing.createAlgorithmDialog("patchwise:" + name, values)
            dialog.resize(1080, 900)
            dialog.show()
            open_dialogs.append((name, dialog))
        QTimer.singleShot(4000, take)
    except Exception:
        traceback.print_exc()
        os._exit(1)

def take():
    for name, dialog in open_dialogs:
        dialog.grab().save(os.path.join(FOLDER, "dialog-" + name + ".png"))
    os._exit(0)

QTimer.singleShot(3000, begin)
"""


def write_scene(path):
    """A small scene with the names of Sentinel-2's bands."""
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin

    rows, cols = np.mgrid[:600, :800]
    bands = np.stack([2000 + 800 * np.sin(rows / (40 + 9 * k)) * np.cos(cols / (60 - 7 * k)) for k in range(4)])
    profile = {"driver": "GTiff", "count": 4, "height": 600, "width": 800, "dtype": "uint16", "crs": "EPSG:32610"}
    with rasterio.open(path, "w", transform=from_origin(750000, 4340000, 10, 10), **profile) as target:
        target.write(bands.astype("uint16"))
        target.descriptions = ("B02", "B03", "B04", "B08")


def main():
    """Take the pictures named on the command line, or all."""
    names = sys.argv[1:] or list(FILLED)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scene, script = Path(folder) / "scene.tif", Path(folder) / "inside.py"
        write_scene(scene)
        wanted = {name: {**FILLED.get(name, {}), "INPUT": str(scene)} for name in names}
        parts = {"wanted": wanted, "scene": str(scene), "folder": str(IMAGES)}
        text = INSIDE
        for key, value in parts.items():
            text = text.replace("{" + key + "}", json.dumps(value))
        script.write_text(text, encoding="utf-8")
        if run_in_qgis(script, seconds=120, screen=(1440, 1000)):
            sys.exit("QGIS failed")
    for name in names:
        picture = IMAGES / f"dialog-{name}.png"
        in_few_colours(picture)
        print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
