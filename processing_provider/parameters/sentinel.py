"""What the algorithms that ask a STAC API for Sentinel-2 have in common: parameters, and QGIS's network settings."""

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsNetworkAccessManager,
    QgsProcessingException,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterExtent,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QDate, Qt, QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy

from ...core.base.errors import ParameterError
from ...core.grid.extents import around
from ...core.sentinel2.items import checked_box
from ...core.sentinel2.places import PlacedBox
from ...core.sentinel2.remote import Network
from ...core.sentinel2.search import COLLECTION, PLANETARY_COMPUTER, Search
from ...core.sentinel2.stac import check_client
from ..bridge import extent_points
from .extents import in_degrees, read_box

EXTENT, START_DATE, END_DATE = "EXTENT", "START_DATE", "END_DATE"
MAX_CLOUD, TILE, ENDPOINT, COLLECTION_NAME = "MAX_CLOUD", "TILE", "ENDPOINT", "COLLECTION"

#: The core's names of these parameters, for its error messages.
NAMES = {
    "bbox": EXTENT,
    "date range": START_DATE,
    "cloud cover": MAX_CLOUD,
    "tile": TILE,
    "endpoint": ENDPOINT,
    "collection": COLLECTION_NAME,
}


def add_search(algorithm, cloud):
    """Add where and when to look; :func:`add_server` adds the rest."""
    tr, add = algorithm.tr, algorithm.add
    add(
        QgsProcessingParameterExtent(EXTENT, tr("Extent")),
        tr("The box to look in, in any CRS: drawn, of a layer, or of the map."),
    )
    kind = QgsProcessingParameterDateTime.Type.Date
    for name, text, told in (
        (START_DATE, tr("First day"), tr("First day (UTC) of the pictures to look for.")),
        (END_DATE, tr("Last day"), tr("Last day (UTC) of the pictures to look for.")),
    ):
        add(QgsProcessingParameterDateTime(name, text, kind), told)
    add(
        QgsProcessingParameterNumber(
            MAX_CLOUD, tr("Most cloud (%)"), QgsProcessingParameterNumber.Type.Double, cloud, False, 0, 100
        ),
        tr("Products with more cloud, as their metadata say for the whole tile, are left out."),
    )
    add(
        QgsProcessingParameterString(TILE, tr("Tile"), optional=True),
        tr("Only products of this tile of the military grid (MGRS), such as 10SGJ. Empty: any."),
    )


def add_server(algorithm):
    """Add which STAC API is asked."""
    tr, add = algorithm.tr, algorithm.add
    add(
        QgsProcessingParameterString(ENDPOINT, tr("STAC API"), PLANETARY_COMPUTER),
        tr(
            "Address of the STAC API. Planetary Computer unless another is given; Earth Search and others that hold "
            "Sentinel-2 L2A work too."
        ),
        advanced=True,
    )
    add(
        QgsProcessingParameterString(COLLECTION_NAME, tr("Collection"), COLLECTION),
        tr("Name of the Sentinel-2 L2A collection at that STAC API."),
        advanced=True,
    )


def read_search(reader):
    """The :class:`Search` of the parameters; refuses what is wrong before the server is asked. Main thread."""
    check_client()
    return Search(
        _box(reader),
        tuple(_day(reader, name) for name in (START_DATE, END_DATE)),
        reader.number(MAX_CLOUD),
        reader.text(TILE),
        reader.text(ENDPOINT),
        reader.text(COLLECTION_NAME),
        network_of_qgis(),
    )


def _box(reader):
    """``(west, south, east, north)`` in degrees."""
    crs = QgsCoordinateReferenceSystem("EPSG:4326")
    box, given = read_box(reader, EXTENT) or (None, None)
    if box is None or box.xmin == box.xmax or box.ymin == box.ymax:
        raise ParameterError("bbox", box and box.values(), "must be a box with some area")
    if in_degrees(given) or not given.isValid():
        degrees = checked_box(around(box))
        if given == crs or not given.isValid():
            return degrees
    geometry = reader.extent_outline(EXTENT, crs)
    xs, ys = zip(*extent_points(geometry))
    box = min(xs), min(ys), max(xs), max(ys)
    turned = not reader.extent_crs(EXTENT).isGeographic()
    if turned and any(abs(x1 - x0) > 180 for x0, x1 in zip(xs, xs[1:])):
        raise ParameterError("bbox", box, "must not cross the 180th meridian; load either side by itself")
    return checked_box(box)


def read_area(reader):
    """The extent as it was given, a :class:`PlacedBox` in its own CRS; None where that is not known."""
    crs = reader.extent_crs(EXTENT)
    if not crs.isValid():
        return None
    extent = reader.extent(EXTENT)
    text = crs.authid() or crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED)
    return PlacedBox(extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum(), text)


def _day(reader, name):
    """A day as in ``2023-06-01``."""
    value = reader.value(name)
    moment = reader.moment(name)
    date = value if isinstance(value, QDate) else moment.date()
    if not date.isValid():
        raise QgsProcessingException(f"{name} is {value!r}: it must be a day, as in 2023-06-01")
    return date.toString(Qt.DateFormat.ISODate)


def network_of_qgis():
    """The :class:`Network` that the user has set in QGIS: time-out and proxy. Main thread."""
    manager = QgsNetworkAccessManager.instance()
    schemes = {
        QNetworkProxy.ProxyType.HttpProxy: "http",
        QNetworkProxy.ProxyType.HttpCachingProxy: "http",
        QNetworkProxy.ProxyType.Socks5Proxy: "socks5h",
    }
    proxy, address = manager.fallbackProxy(), ""
    if proxy.type() in schemes and proxy.hostName():
        url = QUrl()
        url.setScheme(schemes[proxy.type()])
        url.setHost(proxy.hostName())
        if proxy.port() > 0:
            url.setPort(proxy.port())
        if proxy.user():
            url.setUserName(proxy.user(), QUrl.ParsingMode.DecodedMode)
            url.setPassword(proxy.password(), QUrl.ParsingMode.DecodedMode)
        address = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
    direct = (*manager.excludeList(), *manager.noProxyList())
    return Network(
        timeout=max(1.0, QgsNetworkAccessManager.timeout() / 1000),
        proxy=address,
        direct=tuple(rule for rule in direct if rule),
    )
