"""``patchwise:searchsentinel2``: footprints of Sentinel-2 products in a STAC API."""

import json

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsJsonUtils,
    QgsProcessing,
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDateTime, Qt, QVariant

from ..core.sentinel_items import share_mask
from ..core.stac import search_s2, why_none
from .base import PatchwiseAlgorithm
from .bridge import translated
from .sentinel import NAMES, add_search, add_server, read_search


class SearchSentinel2(PatchwiseAlgorithm):
    """A list of what there is, before anything is loaded."""

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

    def __init__(self):
        super().__init__()
        self._wanted = {}

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

    def refuse(self, parameters, context):
        """Raise what is wrong with the parameters, before anything is asked."""
        with translated(NAMES):
            read_search(self, parameters, context)

    def prepareAlgorithm(self, parameters, context, feedback):
        """Main thread: the extent and QGIS's settings become plain values."""
        with translated(NAMES):
            self._wanted = read_search(self, parameters, context)
        return True

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plain values only."""
        wanted, box = dict(self._wanted), self._wanted["bbox"]
        feedback.setProgressText(self.tr("Searching {endpoint}").format(endpoint=wanted["endpoint"]))
        with translated(NAMES):
            items = search_s2(**wanted, cancelled=feedback.isCanceled)
            if not items:
                feedback.pushWarning(why_none(**wanted, cancelled=feedback.isCanceled))
        sink, destination = self.parameterAsSink(
            parameters, self.OUTPUT, context, _fields(), QgsWkbTypes.Type.MultiPolygon,
            QgsCoordinateReferenceSystem("EPSG:4326"),
        )  # fmt: skip
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, self.OUTPUT))
        for item in items:
            if not sink.addFeature(_feature(item, box), QgsFeatureSink.Flag.FastInsert):
                raise QgsProcessingException(self.writeFeatureError(sink, parameters, self.OUTPUT))
        del sink  # the file is complete when QGIS lets go of it
        results = {self.OUTPUT: destination, self.COUNT: len(items)}
        return self.present(results, context, titles={self.OUTPUT: self.tr("Sentinel-2 footprints")})


def _fields():
    fields = QgsFields()
    for name, kind in (
        ("id", QVariant.String), ("datetime", QVariant.DateTime), ("day", QVariant.String),
        ("cloud", QVariant.Double), ("tile", QVariant.String), ("orbit", QVariant.String),
        ("platform", QVariant.String), ("baseline", QVariant.String), ("epsg", QVariant.Int),
        ("share", QVariant.Double),
    ):  # fmt: skip
        fields.append(QgsField(name, kind))
    return fields


def _feature(item, box):
    feature = QgsFeature(_fields())
    geometry = QgsGeometry(QgsJsonUtils.geometryFromGeoJson(json.dumps(item.footprint)))
    geometry.convertToMultiType()
    feature.setGeometry(geometry)
    baseline = "" if item.baseline is None else "{:02d}.{:02d}".format(*item.baseline)
    feature.setAttributes([
        item.id, QDateTime.fromString(item.datetime, Qt.DateFormat.ISODateWithMs), item.day, item.cloud, item.tile,
        item.orbit, str(item.properties.get("platform", "")), baseline, item.epsg,
        round(100 * float(share_mask(item.footprint, box).mean()), 1),
    ])  # fmt: skip
    return feature

