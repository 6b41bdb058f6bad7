"""The grid of a raster whose pixels are not read, and a part of it."""

from contextlib import ExitStack

from qgis.core import QgsProcessingParameterRasterLayer

from .rasters import INPUT, add_part, add_resolution, read_raster, read_window


def add_grid(algorithm):
    """Add the raster that gives the grid, the part of it, and the size of its pixels where it has none."""
    tr = algorithm.tr
    algorithm.add(
        QgsProcessingParameterRasterLayer(INPUT, tr("Input raster")),
        tr(
            "The raster that chips are planned on: a file, or a layer from a server. Its pixels are not read, only "
            "their number, place and CRS."
        ),
    )
    told = tr(
        "Part of the raster, in any CRS; snapped outward to whole pixels. Chips stay on the grid of the whole "
        "raster. Empty means all of it."
    )
    add_part(algorithm, told)
    add_resolution(algorithm)


def read_grid(reader):
    """The raster, open, of which only ``domain`` is to be used, and the :class:`PixelWindow` under EXTENT."""
    with ExitStack() as opened:  # closed where this fails
        raster = opened.enter_context(read_raster(reader))
        window = read_window(reader, raster)
        opened.pop_all()
    return raster, window
