"""The grid of a raster whose pixels are not read, and a part of it."""

from contextlib import ExitStack

from qgis.core import QgsProcessingParameterExtent, QgsProcessingParameterNumber, QgsProcessingParameterRasterLayer

from .rasters import EXTENT, INPUT, RESOLUTION, read_raster, read_window


def add_grid(algorithm):
    """Add the raster that gives the grid, the part of it, and the size of its pixels where it has none."""
    tr, add = algorithm.tr, algorithm.add
    add(
        QgsProcessingParameterRasterLayer(INPUT, tr("Input raster")),
        tr("The raster that chips are planned on: a file, or a layer from a server. Its pixels are not read, only "
           "their number, place and CRS."),
    )  # fmt: skip
    add(
        QgsProcessingParameterExtent(EXTENT, tr("Extent"), optional=True),
        tr("Part of the raster, in any CRS; snapped outward to whole pixels. Chips stay on the grid of the whole "
           "raster. Empty means all of it."),
    )  # fmt: skip
    add(
        QgsProcessingParameterNumber(
            RESOLUTION, tr("Resolution"), QgsProcessingParameterNumber.Type.Double, None, optional=True
        ),
        tr("Map units per pixel, for layers that have no pixels of their own, such as WMS and XYZ tiles. Empty: of "
           "tiles their highest zoom level; WMS needs it."),
        advanced=True,
    )  # fmt: skip


def read_grid(algorithm, parameters, context):
    """The raster, open, of which only ``domain`` is to be used, and the :class:`PixelWindow` under EXTENT."""
    with ExitStack() as opened:  # closed where this fails
        raster = opened.enter_context(read_raster(algorithm, parameters, context))
        window = read_window(algorithm, parameters, context, raster)
        opened.pop_all()
    return raster, window
