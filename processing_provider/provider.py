"""The provider: what shows up in the toolbox under Patchwise."""

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .base import ICON
from .sliding_window import SlidingWindow


class PatchwiseProvider(QgsProcessingProvider):
    """Provider ``patchwise``."""

    def id(self):
        """The id, first part of the algorithms' ids."""
        return "patchwise"

    def name(self):
        """The name in the toolbox."""
        return "Patchwise"

    def longName(self):
        """The name where there is room."""
        return self.tr("Patchwise: sliding-window raster processing")

    def icon(self):
        """Patchwise's icon."""
        return QIcon(str(ICON))

    def supportedOutputRasterLayerExtensions(self):
        """GeoTIFF is what the core writes."""
        return ["tif", "tiff"]

    def defaultRasterFileExtension(self, hasRasters=True):
        """For temporary outputs."""
        return "tif"

    def loadAlgorithms(self):
        """Add the algorithms."""
        for algorithm in (SlidingWindow,):
            self.addAlgorithm(algorithm())
