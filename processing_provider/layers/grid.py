"""The pixel grid of a layer that is read through its own provider.

A provider with pixels of its own (WCS, PostGIS raster, virtual raster) gives the grid. One without (WMS, tiles) gets
one: square pixels of a chosen size, counted from the upper-left corner of the layer's extent. For tiles this corner is
that of the tiles, so that with a resolution of theirs the pixels are the tiles' own. The grid never depends on the part
of it that is wanted.
"""

import math
import re

from qgis.core import QgsDataProvider, QgsProviderRegistry

from ...core.base.errors import ParameterError
from ...core.gdal.environment import gdal_env, load_rasterio
from ...core.grid.domain import RasterDomain
from .log_listener import CALCULATION
from .view import crs_text

#: Without an extent a layer that has no pixels of its own is refused above this number of pixels.
MOST_PIXELS = 100_000_000
#: How many times finer in each direction tiles are asked for, to be the server's own pixels.
FINER = 3
_WMS = "wms"
_MOST_ZOOM = 18  # of tiles whose address does not say so
_SAME = 1e-6  # the share by which a resolution may differ from one of the tiles', and an edge from a whole pixel


def has_pixels(layer):
    """Whether the layer's provider has rows and columns of its own."""
    provider = layer.dataProvider()
    return provider.xSize() > 0 and provider.ySize() > 0


def layer_domain(layer, resolution, parameter):
    """The :class:`RasterDomain` of a layer; ``resolution`` is map units per pixel, or None.

    ``parameter`` names the resolution in errors. Where none is given, tiles are taken at their highest zoom level.
    """
    extent = layer.dataProvider().extent()
    sides = (extent.width(), extent.height())
    if not all(math.isfinite(side) and side > 0 for side in sides):
        raise ParameterError("INPUT", layer.name(), "must have an extent, and the server of this layer gives none")
    if has_pixels(layer):
        if resolution is not None:
            raise ParameterError(parameter, resolution, "must be empty for a layer that has pixels of its own")
        shape = (layer.dataProvider().ySize(), layer.dataProvider().xSize())
        size_x, size_y = sides[0] / shape[1], sides[1] / shape[0]
    else:
        size_x = size_y = _resolution(layer, resolution, parameter)
        shape = tuple(max(1, math.ceil(side / size_x * (1 - _SAME / 1e3))) for side in reversed(sides))
    load_rasterio()
    from rasterio.transform import from_origin

    return RasterDomain(shape, from_origin(extent.xMinimum(), extent.yMaximum(), size_x, size_y), _crs(layer))


def reader_of(layer, domain):
    """A provider that reads ``layer``, and how many times finer in each direction than ``domain`` it is to be asked.

    Of the finer pixels the middle ones are the pixels of ``domain``. Since 3.40.7 QGIS draws a tile out to whole
    pixels, and takes what rounding leaves at an edge for a part of one: of a tile that lies on the pixels one half is
    moved by one pixel. Three times finer only the neighbours of the middle ones are concerned.
    """
    provider = _own_provider(layer)
    size, sizes = domain.transform.a, sorted(provider.nativeResolutions())
    finer = sum(other < size * (1 - _SAME) for other in sizes)
    if domain.transform.e != -size or finer == len(sizes) or abs(sizes[finer] - size) > _SAME * size:
        return provider, 1  # no tiles, or none of this resolution
    if provider.name() != _WMS:
        return provider, 1  # ArcGIS's tiles are not blended where they are drawn as large as they are
    provider.setDataSourceUri(_exact_uri(provider.dataSourceUri(), finer))
    exact = provider.clone()  # reads the address anew
    if exact.isValid() and min(exact.nativeResolutions(), default=0) == sizes[finer]:
        return exact, FINER
    return _own_provider(layer), 1


def _own_provider(layer):
    """A provider of the same pixels as the layer's, to be read in another thread. Only the layer's own can be cloned.

    A clone of an on-the-fly calculation has its formula but not its rasters: a clone of the clone, or one of a
    calculation whose raster is gone, gives undefined values. Such a provider is made anew instead.
    """
    own = layer.dataProvider()
    if own.name() != CALCULATION:
        return own.clone()
    provider = QgsProviderRegistry.instance().createProvider(
        CALCULATION, own.dataSourceUri(), QgsDataProvider.ProviderOptions()
    )
    if provider is None or not provider.isValid():
        allowed = "is calculated from other rasters, one of which cannot be read any more: look for them, or export it"
        raise ParameterError("INPUT", layer.name(), allowed)
    return provider


def _exact_uri(uri, finer):
    """The address of tiles without the finest levels, ``finer`` of them, and without blending of pixels."""
    if finer:  # QGIS would take them for finer pixels
        most = re.search(r"\bzmax=(\d+)", uri)
        level = int(most.group(1)) if most else _MOST_ZOOM
        uri = re.sub(r"&?\bzmax=\d+", "", uri) + f"&zmax={level - finer}"
    uri = re.sub(r"&?\bSmoothPixmapTransform\b(=[^&]*)?", "", uri)
    # XYZ tiles are always blended where they are scaled, but not where they are said to stand for other values.
    return uri if "interpretation=" in uri else f"{uri}&interpretation=none"


def check_bounded(layer, domain, parameter):
    """Refuse to read all of a layer of chosen resolution that then has more than ``MOST_PIXELS`` pixels."""
    if has_pixels(layer) or domain.window.pixels <= MOST_PIXELS:
        return
    size = f"{domain.shape[1]:,} x {domain.shape[0]:,} pixels of {domain.transform.a:g} map units"
    allowed = f"must be given for this layer, all of which would be {size}; a coarser resolution helps too"
    raise ParameterError(parameter, None, allowed)


def _resolution(layer, resolution, parameter):
    tiles = sorted(layer.dataProvider().nativeResolutions())
    if resolution is None:
        if tiles:
            return tiles[0]
        allowed = "must be given, in map units per pixel: this layer has no pixels of its own"
        raise ParameterError(parameter, None, allowed)
    if not math.isfinite(resolution) or resolution <= 0:
        raise ParameterError(parameter, resolution, "must be a number of map units per pixel above 0")
    return next((size for size in tiles if abs(size - resolution) <= _SAME * size), resolution)


def _crs(layer):
    """The layer's CRS as the core's files carry it, or None."""
    crs = layer.crs()
    if not crs.isValid():
        return None
    rasterio = load_rasterio()
    with gdal_env():
        return rasterio.crs.CRS.from_user_input(crs_text(crs))
