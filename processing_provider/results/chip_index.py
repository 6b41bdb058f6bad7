"""The footprints of the chips of a folder as features: ``index.gpkg`` in the folder, and a layer for the map."""

import os

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsFeatureSink,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingException,
    QgsVectorFileWriter,
    QgsWkbTypes,
)

from ...core.chip_folder.manifest import INDEX as INDEX_FILE
from ...core.grid.crs import crs_text
from ..bridge import while_wanted
from .features import BATCH, FeatureOutput, new_fields

FIELDS = {
    "path": "String",
    "anchor_row": "LongLong",
    "anchor_col": "LongLong",
    "valid": "Double",
    "label": "String",
}


def write_index(manifest, folder, feedback):
    """Write ``index.gpkg`` to the folder; raises ``QgsProcessingException`` and ``Cancelled``."""
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", "index"
    path = os.path.join(folder, INDEX_FILE)
    shape = new_fields(FIELDS), QgsWkbTypes.Type.Polygon, index_crs(manifest)
    writer = QgsVectorFileWriter.create(path, *shape, QgsCoordinateTransformContext(), options)
    good = writer.hasError() == QgsVectorFileWriter.WriterError.NoError
    for batch in _batches(manifest, feedback) if good else ():
        good = good and writer.addFeatures(batch, QgsFeatureSink.Flag.FastInsert)
    good = good and writer.flushBuffer()
    reason = writer.errorMessage()
    del writer  # closes it
    if not good:
        raise QgsProcessingException(f"{path}: cannot be written: {reason}")


def index_output(reader, name, manifest, group):
    """The :class:`FeatureOutput` for the footprints; :func:`fill_index` writes them."""
    shape = new_fields(FIELDS), QgsWkbTypes.Type.Polygon, index_crs(manifest)
    return FeatureOutput(reader, name, *shape, group)


def fill_index(output, manifest, feedback):
    """Write the footprints to a :class:`FeatureOutput`; raises ``Cancelled``."""
    for batch in _batches(manifest, feedback):
        output.add(batch)


def index_crs(manifest):
    """The CRS of the raster that was split."""
    crs = manifest.domain.crs
    return QgsCoordinateReferenceSystem.fromWkt(crs_text(crs)) if crs else QgsCoordinateReferenceSystem()


def _batches(manifest, feedback):
    """Lists of up to ``BATCH`` features, one for each chip, in the order of the chips."""
    fields, chips = new_fields(FIELDS), manifest.chips
    for first in while_wanted(range(0, len(chips), BATCH), feedback):
        yield [_feature(chip, fields, manifest.domain) for chip in chips[first : first + BATCH]]


def _feature(chip, fields, domain):
    window = chip.window
    corners = [
        (window.col, window.row),
        (window.col_stop, window.row),
        (window.col_stop, window.row_stop),
        (window.col, window.row_stop),
    ]
    feature = QgsFeature(fields)
    feature.setGeometry(
        QgsGeometry.fromPolygonXY([[QgsPointXY(*map(float, domain.to_world(*c))) for c in corners + corners[:1]]])
    )
    feature.setAttributes([chip.path, *chip.anchor, chip.valid, chip.label or None])
    return feature
