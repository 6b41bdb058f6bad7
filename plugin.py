"""The plugin object: registers the Processing provider, in the desktop and in ``qgis_process``."""

from qgis.core import QgsApplication


class PatchwisePlugin:
    """What QGIS loads; ``interface`` is None in ``qgis_process``."""

    def __init__(self, interface):
        self.interface = interface
        self.provider = None

    def initProcessing(self):
        """Called by ``qgis_process``, and by :meth:`initGui`."""
        from .processing_provider.provider import PatchwiseProvider

        self.provider = PatchwiseProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self):
        """Called by the desktop."""
        self.initProcessing()

    def unload(self):
        """Take back everything that was registered."""
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
