"""The provider: the algorithms and models in the toolbox under Patchwise."""

from pathlib import Path

from qgis.core import QgsApplication, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ..core.rasters.output import FORMATS
from .algorithms.apply_to_chips import ApplyToChips
from .algorithms.chip_grid import ChipGrid
from .algorithms.load_sentinel2 import LoadSentinel2
from .algorithms.neighbourhood import Neighbourhood
from .algorithms.polygon_chips import PolygonChips
from .algorithms.run_config import RunConfig
from .algorithms.search_sentinel2 import SearchSentinel2
from .algorithms.shipped_model import ShippedModel
from .algorithms.sliding_window import SlidingWindow
from .algorithms.split_raster import SplitRaster
from .algorithms.stitch_chips import StitchChips
from .algorithms.window_weights import WindowWeights
from .base import ICON

MODELS = Path(__file__).resolve().parents[1] / "models"


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
        """The icon in the toolbox."""
        return QIcon(str(ICON))

    def supportedOutputRasterLayerExtensions(self):
        """The endings of what the core writes, GeoTIFF's first."""
        return list(dict.fromkeys(ending[1:] for sink in FORMATS.values() for ending in sink.ENDINGS))

    def defaultRasterFileExtension(self, hasRasters=True):
        """For temporary outputs."""
        return "tif"

    def loadAlgorithms(self):
        """Add the algorithms, and the models once their steps can be looked up."""
        for algorithm in (
            SlidingWindow,
            SplitRaster,
            ApplyToChips,
            StitchChips,
            LoadSentinel2,
            ChipGrid,
            WindowWeights,
            Neighbourhood,
            SearchSentinel2,
            PolygonChips,
            RunConfig,
        ):
            self.addAlgorithm(algorithm())
        registry = QgsApplication.processingRegistry()
        if registry.providerById(self.id()) is None:
            registry.providerAdded.connect(self._registered)
        else:
            self._load_models()

    def _registered(self, provider_id):
        """Load the models too, now that the registry has the algorithms that their steps are looked up in."""
        if provider_id == self.id():
            QgsApplication.processingRegistry().providerAdded.disconnect(self._registered)
            self.refreshAlgorithms()

    def _load_models(self):
        for path in sorted(MODELS.glob("*.model3")):
            model = ShippedModel()
            if model.fromFile(str(path)):
                self.addAlgorithm(model)
