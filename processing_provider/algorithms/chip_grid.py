"""``patchwise:chipgrid``: where chips lie, as polygons."""

from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsWkbTypes,
)

from ...core import SpatialPatcher
from ...core.grid.domain import PixelWindow, RasterDomain
from ...core.preview.footprints import check_footprints, footprints
from ..base import JobAlgorithm
from ..bridge import progress, translated
from ..parameters.grids import add_grid, read_grid
from ..parameters.rasters import NAMES as RASTER_NAMES
from ..parameters.rasters import check_outlines, read_layer
from ..parameters.reader import Reader
from ..parameters.samplers import NAMES as SAMPLER_NAMES
from ..parameters.samplers import add_geometry_and_sampler, read_sampled_patcher
from ..results.features import FeatureOutput, check_file_target, new_fields

FIELDS = {
    "number": "LongLong",
    "row": "LongLong",
    "col": "LongLong",
    "height": "LongLong",
    "width": "LongLong",
    "inside": "Double",
}


@dataclass(frozen=True)
class _Job:
    """What the main thread prepares; ``crs`` is that of QGIS."""

    patcher: SpatialPatcher
    domain: RasterDomain
    window: PixelWindow
    crs: Any


class ChipGrid(JobAlgorithm):
    """Footprints of the chips that a run would work on."""

    NAME = "chipgrid"
    DISPLAY_NAME = "Chip grid"
    SHORT = "Outlines the chips of any geometry and sampler as polygons, without reading a pixel."
    TAGS = ("chip", "tile", "patch", "grid", "footprint", "index", "sampler", "spherical cap", "plan")
    HELP = (
        "Draws where the chips of a raster lie, so that chip size, stride, sampler and boundary can be seen before "
        "a run. Millions of chips are no problem: they are written as they are made.\n\n"
        "A rectangle is the whole chip: with the boundaries pad and reflect it may reach over the raster's edge, and "
        "so does its polygon; the field inside is the share of the chip that lies on the raster. A spherical cap is "
        "drawn as a circle on the Earth, and where that cannot be one ring (about a pole, across the date line) as the "
        "outline of its pixels, with inside unknown.\n\n"
        "Fields: number counts the chips of the whole raster from 1, row by row, so that an extent does not change "
        "it; row and col are the anchor from 0 (the upper-left pixel of a rectangle, the centre of a cap); height and "
        "width are in pixels, of a cap those around its pixels."
    )
    OUTPUT, CHIPS = "OUTPUT", "CHIPS"
    CORE_NAMES = {**SAMPLER_NAMES, **RASTER_NAMES}

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr = self.tr
        add_grid(self)
        add_geometry_and_sampler(self)
        self.add(
            QgsProcessingParameterFeatureSink(self.OUTPUT, tr("Chip grid"), QgsProcessing.SourceType.TypeVectorPolygon),
            tr("The outlines of the chips that touch the extent, in the raster's CRS."),
        )
        self.addOutput(QgsProcessingOutputNumber(self.CHIPS, tr("Number of chips")))

    def check_job(self, job, reader):
        """Refuse chips that do not fit the raster, and a file that cannot be written."""
        check_footprints(job.patcher, job.domain, job.window)
        check_file_target(reader, self.OUTPUT)

    def make_job(self, reader):
        """What the worker needs: layers and extents become plain values."""
        raster, window = read_grid(reader)
        with raster:
            check_outlines(raster)
            patcher = read_sampled_patcher(reader, raster)
        return _Job(patcher, raster.domain, window, read_layer(reader).crs())

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plan, outline, write."""
        job, fields, count = self._job, new_fields(FIELDS), 0
        several = job.patcher.layout.several_parts
        kind = QgsWkbTypes.Type.MultiPolygon if several else QgsWkbTypes.Type.Polygon
        with translated(self.CORE_NAMES):
            output = FeatureOutput(Reader(self, parameters, context), self.OUTPUT, fields, kind, job.crs)
            with output:
                plan = job.patcher, job.domain, job.window
                for found in footprints(*plan, progress=progress(feedback), cancelled=feedback.isCanceled):
                    output.add(_features(found, fields))
                    count += len(found.numbers)
        feedback.pushInfo(self.tr("{count} chips").format(count=f"{count:,}"))
        titles = self.titles_of(self.OUTPUT, self.tr("chips of {name}"))
        return self.present({self.OUTPUT: output.target, self.CHIPS: count}, context, feedback, titles=titles)


def _features(found, fields):
    """A list of features, one for each of some chips."""
    columns = [found.numbers, *found.anchors.T, *found.sizes.T, found.inside]
    features = []
    for outline, *values, inside in zip(found.outlines, *(column.tolist() for column in columns)):
        geometry = QgsGeometry()
        geometry.fromWkb(outline)
        feature = QgsFeature(fields)
        feature.setGeometry(geometry)
        feature.setAttributes([*values, None if inside != inside else inside])
        features.append(feature)
    return features
