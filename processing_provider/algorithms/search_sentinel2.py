"""``patchwise:searchsentinel2``: footprints of Sentinel-2 products in a STAC API."""

import json
from math import isnan

from qgis.core import (
    NULL,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsJsonUtils,
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDateTime, Qt

from ...core.base.secrets import without_secrets
from ...core.sentinel2.items import covered
from ...core.sentinel2.stac import find_items, why_none
from ..base import JobAlgorithm
from ..bridge import translated
from ..parameters.reader import Reader
from ..parameters.sentinel import NAMES, add_search, add_server, read_search
from ..results.features import BATCH, FeatureOutput, check_file_target, new_fields

FIELDS = {
    "id": "String",
    "datetime": "DateTime",
    "day": "String",
    "cloud": "Double",
    "tile": "String",
    "orbit": "String",
    "platform": "String",
    "baseline": "String",
    "epsg": "Int",
    "share": "Double",
}


class SearchSentinel2(JobAlgorithm):
    """Lists products as footprints, without loading any."""

    NAME = "searchsentinel2"
    DISPLAY_NAME = "Search Sentinel-2"
    SHORT = "Lists the Sentinel-2 products over a box as a layer of footprints with date and cloud."
    TAGS = ("Sentinel-2", "STAC", "satellite", "catalog", "footprint", "cloud", "Planetary Computer", "Earth Search")
    HELP = (
        "Asks a STAC API for Sentinel-2 L2A products that meet the extent, and makes a layer of their footprints with "
        "id, date, cloud cover, tile, orbit, processing baseline and the share of the extent that each covers. Nothing "
        "is downloaded but the list.\n\n"
        "Of products that were processed again only the latest is listed. Where there is none, the log says whether "
        "more cloud or other dates would give some."
    )
    OUTPUT, COUNT = "OUTPUT", "COUNT"
    CORE_NAMES = NAMES

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        add_search(self, 100)
        add_server(self)
        self.add(
            QgsProcessingParameterFeatureSink(
                self.OUTPUT, self.tr("Footprints"), QgsProcessing.SourceType.TypeVectorPolygon
            ),
            self.tr("The products' footprints, in the order of time."),
        )
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, self.tr("Number of products")))

    def make_job(self, reader):
        """The :class:`Search`."""
        check_file_target(reader, self.OUTPUT)
        return read_search(reader)

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plain values only."""
        search, fields = self._job, new_fields(FIELDS)
        shown = without_secrets(search.endpoint)
        feedback.setProgressText(self.tr("Searching {endpoint}").format(endpoint=shown))
        with translated(self.CORE_NAMES):
            items = find_items(search, feedback.isCanceled)
            if not items:
                feedback.pushWarning(why_none(search, feedback.isCanceled))
            crs, kind = QgsCoordinateReferenceSystem("EPSG:4326"), QgsWkbTypes.Type.MultiPolygon
            output = FeatureOutput(Reader(self, parameters, context), self.OUTPUT, fields, kind, crs)
            with output:
                for first in range(0, len(items), BATCH):
                    output.add([_feature(item, search.bbox, fields) for item in items[first : first + BATCH]])
        results = {self.OUTPUT: output.target, self.COUNT: len(items)}
        return self.present(results, context, feedback, titles={self.OUTPUT: self.tr("Sentinel-2 footprints")})


def _feature(item, box, fields):
    feature = QgsFeature(fields)
    geometry = QgsGeometry(QgsJsonUtils.geometryFromGeoJson(json.dumps(item.footprint)))
    geometry.convertToMultiType()
    feature.setGeometry(geometry)
    baseline = "" if item.baseline is None else "{:02d}.{:02d}".format(*item.baseline)
    values = [
        item.id,
        QDateTime.fromString(item.datetime, Qt.DateFormat.ISODateWithMs),
        item.day,
        NULL if isnan(item.cloud) else item.cloud,
        item.tile,
        item.orbit,
        str(item.properties.get("platform", "")),
        baseline,
        item.epsg,
        round(100 * float(covered(item, box).mean()), 1),
    ]
    feature.setAttributes(values)
    return feature
