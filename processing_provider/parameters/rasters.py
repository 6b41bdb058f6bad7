"""The parameters of rasters that go in and come out, shared by all algorithms that read or write one."""

from contextlib import ExitStack

from qgis.core import (
    QgsProcessingException,
    QgsProcessingParameterBand,
    QgsProcessingParameterExtent,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from ...core import ValueType
from ...core.base.errors import ParameterError
from ...core.rasters.output import AUTO, FORMATS, check_options
from ...core.rasters.stack import StackedRaster
from ...core.rasters.values import DATA_TYPES
from ..bridge import key_values, read_by_qgis
from ..layers.grid import check_bounded
from ..layers.source import LayerSource
from ..layers.view import raster_file
from .extents import window_of_extent
from .words import choice

INPUT, BANDS, EXTENT, RESOLUTION = "INPUT", "BANDS", "EXTENT", "RESOLUTION"
DATA_TYPE, NODATA, CREATION_OPTIONS, FORMAT = "DATA_TYPE", "NODATA", "CREATION_OPTIONS", "FORMAT"

#: The core's names of these parameters, for its error messages.
NAMES = {
    "raster": INPUT,
    "bands": BANDS,
    "extent": EXTENT,
    "resolution": RESOLUTION,
    "data type": DATA_TYPE,
    "nodata": NODATA,
    "creation options": CREATION_OPTIONS,
    "format": FORMAT,
}


def add_input(algorithm, extent=True):
    """Add the raster to read, its bands and resolution; with ``extent`` also the part of it."""
    tr, add = algorithm.tr, algorithm.add
    add(
        QgsProcessingParameterRasterLayer(INPUT, tr("Input raster")),
        tr(
            "The raster to work on, whatever its size: any file that GDAL reads, or a layer from a server (WMS, XYZ "
            "tiles, WCS, PostGIS raster). It is only read."
        ),
    )
    add(
        QgsProcessingParameterBand(
            BANDS, tr("Bands"), parentLayerParameterName=INPUT, optional=True, allowMultiple=True
        ),
        tr(
            "Bands given to the operator, in this order: the first is b1. None chosen means all. The images of WMS and "
            "XYZ have three: red, green and blue."
        ),
    )
    if extent:
        told = tr("Part of the raster to compute, in any CRS; snapped outward to whole pixels. Empty means all of it.")
        add_part(algorithm, told)
    add_resolution(algorithm)


def add_part(algorithm, told):
    """Add the part of the raster, with its help."""
    algorithm.add(QgsProcessingParameterExtent(EXTENT, algorithm.tr("Extent"), optional=True), told)


def add_resolution(algorithm):
    """Add the size of the pixels of a layer that has none of its own."""
    tr, kind = algorithm.tr, QgsProcessingParameterNumber.Type.Double
    algorithm.add(
        QgsProcessingParameterNumber(RESOLUTION, tr("Resolution"), kind, None, optional=True),
        tr(
            "Map units per pixel, for layers that have no pixels of their own, such as WMS and XYZ tiles. Empty: the "
            "highest zoom level of tiles; WMS needs it."
        ),
        advanced=True,
    )


def add_value_type(algorithm):
    """Add the type of the output's values and its nodata value."""
    tr, add = algorithm.tr, algorithm.add
    add(
        choice(DATA_TYPE, tr("Data type"), DATA_TYPES, "float32"),
        tr(
            "Type of the output's values. Integers are rounded, and clipped to the type's range; the log says how "
            "many were."
        ),
    )
    add(
        QgsProcessingParameterNumber(
            NODATA, tr("Nodata value"), QgsProcessingParameterNumber.Type.Double, None, optional=True
        ),
        tr(
            "Value that stands for no data in the output. Empty: NaN for floats, the largest value of the type for "
            "unsigned integers, the smallest for signed ones."
        ),
    )


def add_creation_options(algorithm):
    """Add GDAL's creation options."""
    tr = algorithm.tr
    algorithm.add(
        QgsProcessingParameterString(CREATION_OPTIONS, tr("Creation options"), "", optional=True),
        tr(
            "GDAL creation options for GeoTIFF as KEY=VALUE, separated by |. They come over the defaults: tiles, "
            "ZSTD or DEFLATE with predictor, BIGTIFF=IF_SAFER. With the format cog they are those of GDAL's COG "
            "driver; zarr has none."
        ),
        advanced=True,
    )


def add_format(algorithm):
    """Add the format of the rasters that come out."""
    tr = algorithm.tr
    algorithm.add(
        choice(FORMAT, tr("Format"), [AUTO, *FORMATS], AUTO),
        tr(
            "auto: by the ending of the name, .tif or .zarr. geotiff, cog (cloud-optimized GeoTIFF, with overviews) or "
            "zarr (a folder, Zarr version 3)."
        ),
        advanced=True,
    )


def read_format(reader):
    """The chosen format: a name of ``FORMATS``, or ``auto``."""
    return reader.text(FORMAT)


def format_notes(tr, name):
    """Sentences for the log before a run that writes the format ``name``."""
    if name != "cog":
        return []
    return [
        tr(
            "The cloud-optimized GeoTIFF is made of the finished rows at the end of the run. This step cannot be "
            "cancelled, and needs room on the disk for the result twice."
        )
    ]


def read_layer(reader):
    """The layer under INPUT; refused where there is none."""
    layer = reader.raster_layer(INPUT)
    if layer is None:
        raise QgsProcessingException(reader.algorithm.invalidRasterError(reader.parameters, INPUT))
    return layer


def read_raster(reader, scaled=False, others=""):
    """The chosen bands of INPUT; behind them all bands of the further layers, on its grid. It is open.

    ``scaled`` is that of :class:`~patchwise.core.RasterFile`. ``others`` is the parameter of the further layers.
    """
    layer = read_layer(reader)
    bands = reader.wholes(BANDS)
    first = _open(reader, layer, bands, scaled)
    return stacked(reader, first, others) if others else first


def stacked(reader, first, parameter):
    """``first``, and behind its bands those of the further layers under ``parameter``."""
    layers = reader.layers(parameter)
    if not layers:
        return first
    name = "other inputs"
    with ExitStack() as opened:  # closed where this fails
        opened.enter_context(first)
        files = [opened.enter_context(raster_file(layer, parameter, (), first.scaled, name)) for layer in layers]
        try:
            stack = StackedRaster(first, files, parameter=name)
        except ParameterError as error:
            names = {file.path: f"{layer.name()} ({file.path})" for layer, file in zip(layers, files)}
            if error.value not in names:
                raise
            raise ParameterError(error.parameter, names[error.value], error.allowed) from error
        opened.pop_all()
    return stack


def _open(reader, layer, bands, scaled):
    """The layer's :class:`RasterFile`; where only QGIS can read it, a :class:`LayerSource`."""
    resolution = reader.number_if_given(RESOLUTION)
    if layer.isValid() and read_by_qgis(layer):
        raster = LayerSource(layer, bands, resolution, scaled, parameter=INPUT)
        if reader.has(EXTENT) and reader.extent(EXTENT).isNull():
            check_bounded(layer, raster.domain, EXTENT)
        return raster
    if resolution is not None:
        raise ParameterError(RESOLUTION, resolution, "must be empty for a layer that has pixels of its own")
    return raster_file(layer, INPUT, bands, scaled)


def check_outlines(raster):
    """Refuse a raster whose pixels have no known place, for algorithms that write outlines of chips."""
    raster.domain.to_world(0, 0)


def read_window(reader, raster):
    """The pixels under EXTENT, snapped outward; all of the raster where it is empty."""
    layer = read_layer(reader)
    return window_of_extent(reader, EXTENT, layer, raster.domain)


def read_value_type(reader):
    """The type of the output's values, with the nodata value where one was chosen."""
    return ValueType(reader.text(DATA_TYPE), reader.number_if_given(NODATA))


def read_creation_options(reader, name="geotiff"):
    """The creation options of the format ``name`` as a dict; those that GDAL cannot follow are refused."""
    options = key_values(reader.text(CREATION_OPTIONS), "creation options")
    check_options(options, name)
    return options
