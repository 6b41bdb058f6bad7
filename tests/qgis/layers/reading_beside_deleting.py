"""Run by ``test_layer_threads.py``: reads tiles in one thread while another deletes objects of Qt without pause.

The argument is the address of the tiles. What would stand still ends after a while with the places of all threads.
"""

import faulthandler
import os
import sys
import threading

import numpy as np
from patchwise.core.grid.domain import PixelWindow
from qgis.core import QgsApplication, QgsRasterLayer
from qgis.PyQt.QtCore import QObject

READS, SECONDS = 25, 30


def read_all(source, read):
    """Windows of different tiles, one by one."""
    for k in range(READS):
        out = np.empty((source.bands, 512, 512), source.dtype)
        source.read(PixelWindow(k // 10 * 512, k % 10 * 1024, 512, 512), out)
        read.append(out)


def delete_some(count=500):
    """Objects with a connection each, at many places in memory: Qt's locks are shared by address."""
    made = [QObject() for _ in range(count)]
    for one in made:
        one.destroyed.connect(lambda *_: None)


def main(uri):
    """0 where all windows were read."""
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    application = QgsApplication([], False)
    application.initQgis()
    from patchwise.processing_provider.layers.source import LayerSource

    layer, read = QgsRasterLayer(uri, "tiles", "wms"), []
    reader = threading.Thread(target=read_all, args=(LayerSource(layer), read))
    reader.start()
    while reader.is_alive():
        delete_some()
    return 0 if len(read) == READS else 1


if __name__ == "__main__":
    os._exit(main(sys.argv[1]))  # QGIS is not taken down: nothing of it is tested here
