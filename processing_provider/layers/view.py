"""What QGIS says about a layer, as the core's :class:`RasterView`: its CRS, which values mean "no data", open options.

How a layer is drawn (renderer, resampling, colours, transparency) is not part of it. Main thread only.
"""

import math

from qgis.core import QgsProviderRegistry

from ...core import RasterFile
from ...core.rasters.view import BandView, NodataRange, RasterView
from ..bridge import raster_path


def raster_file(layer, parameter, bands=(), scaled=False, name=None):
    """The :class:`RasterFile` of a layer, with the layer's view; see :func:`raster_path` for what is refused.

    ``name`` is the parameter's in the core's errors, where that is another one.
    """
    path = raster_path(layer, parameter)
    return RasterFile(path, bands, scaled, parameter=name or parameter, view=view_of(layer))


def view_of(layer):
    """The :class:`RasterView` of a raster layer; it holds only what differs from the layer's source."""
    provider = layer.dataProvider()
    crs = crs_text(layer.crs()) if layer.crs() != provider.crs() else None
    bands = ((number, _band(provider, number)) for number in range(1, provider.bandCount() + 1))
    return RasterView(crs, tuple((number, band) for number, band in bands if band != BandView()), _options(layer))


def crs_text(crs):
    """A CRS of QGIS in words that PROJ understands, "" where it is none.

    Codes of the user's own systems, and those of an authority that GDAL may know nothing of, are only known to QGIS.
    """
    if not crs.isValid():
        return ""
    return crs.authid() if crs.authid().startswith("EPSG:") else crs.toWkt(type(crs).WktVariant.WKT_PREFERRED)


def _band(provider, number):
    declared = provider.useSourceNoDataValue(number) or not provider.sourceHasNoDataValue(number)
    ranges = [_range(one) for one in provider.userNoDataValues(number)]
    return BandView(tuple(ranges), declared)


def _range(one):
    """A range of QGIS; NaN is its sign for no end."""
    low = -math.inf if math.isnan(one.min()) else one.min()
    high = math.inf if math.isnan(one.max()) else one.max()
    kinds = type(one).BoundsType
    with_low = one.bounds() in (kinds.IncludeMinAndMax, kinds.IncludeMin)
    with_high = one.bounds() in (kinds.IncludeMinAndMax, kinds.IncludeMax)
    return NodataRange(low, high, with_low, with_high)


def _options(layer):
    """GDAL's open options of a layer, which may select other pixels, as ``(KEY, value)``."""
    if layer.providerType() != "gdal":
        return ()
    parts = QgsProviderRegistry.instance().decodeUri("gdal", layer.dataProvider().dataSourceUri())
    pairs = (option.partition("=") for option in parts.get("openOptions") or ())
    return tuple((key.upper(), value) for key, sign, value in pairs if sign)
