"""Sizes in pixels, shown in pixels or in the units of the raster's map."""

import math

from qgis.core import QgsUnitTypes


class PixelUnits:
    """Converts sizes for one raster layer; without one, or in pixels, the factor is 1."""

    def __init__(self, layer=None, map_units=False):
        self.x = self.y = 1.0
        self.suffix = " px"
        if map_units and layer is not None and layer.rasterUnitsPerPixelX() > 0 and layer.rasterUnitsPerPixelY() > 0:
            self.x, self.y = layer.rasterUnitsPerPixelX(), layer.rasterUnitsPerPixelY()
            self.suffix = f" {QgsUnitTypes.toAbbreviatedString(layer.crs().mapUnits())}"

    @property
    def decimals(self):
        """The decimals in which sizes of neighbouring numbers of pixels differ, and one more."""
        return 0 if self.suffix == " px" else max(0, min(12, 1 - math.floor(math.log10(self.y))))

    def shown(self, pixels):
        """The number that is shown for a height in pixels."""
        return pixels * self.y

    def pixels(self, shown):
        """The height in whole pixels, at least 1, for a number that is shown."""
        return max(1, round(shown / self.y))

    def wide(self, pixels):
        """Columns that are as long as ``pixels`` rows, where pixels are not square; at least 1."""
        return max(1, round(pixels * self.y / self.x))
