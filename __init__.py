"""Patchwise: sliding-window raster processing for QGIS."""


def classFactory(iface):
    """Called by QGIS to make the plugin; ``iface`` is None in ``qgis_process``."""
    from .plugin import PatchwisePlugin

    return PatchwisePlugin(iface)
