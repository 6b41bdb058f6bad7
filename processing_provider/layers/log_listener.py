"""What goes wrong while a provider reads a block.

QGIS draws maps, and a map with a hole is better than none: where a request fails, providers hand over a block that
looks good and is transparent or nodata there. All that they tell of it is a warning in the message log.
"""

import re
import threading

from osgeo import gdal
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsBlockingNetworkRequest,
    QgsNetworkAccessManager,
    QgsNetworkReplyContent,
)
from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtNetwork import QNetworkReply, QNetworkRequest

#: Providers by QGIS's names: of ArcGIS's map services, and of what the raster calculator works out on the fly.
ARCGIS, CALCULATION = "arcgismapserver", "virtualraster"
FILES = ("gdal", CALCULATION)
#: HTTP answers that say "there is no such tile", rather than "I could not give it".
MISSING = (204, 404, 410)
_SERIOUS = (Qgis.MessageLevel.Warning, Qgis.MessageLevel.Critical)
_NOT_OF_PROVIDERS = ("Python warning", "Python error", "Plugins")
_ADDRESS = re.compile(r"https?://[^\s()<>\"']+")


class LogListener:
    """Gathers warnings while it is entered, in the thread that reads.

    ``host`` is the server's name, "" where there is none. ``problems`` maps the address of a request, or where none is
    known the text itself, to what was said. ``provider`` is its name: some do not even warn of what failed. Of ArcGIS's
    tiles the answers themselves are looked at, and of files what GDAL said last in this thread.
    """

    def __init__(self, host, provider):
        self.host, self.provider, self.problems = host, provider, {}

    def __enter__(self):
        self._thread = threading.get_ident()
        # Queued, a message would come when the block has long been handed over.
        QgsApplication.messageLog().messageReceived.connect(self._said, Qt.ConnectionType.DirectConnection)
        if self.provider in FILES:
            gdal.ErrorReset()
        if self.provider == ARCGIS:
            self._answers = QgsNetworkAccessManager.instance().finished[QgsNetworkReplyContent]  # of this thread
            self._answers.connect(self._answered, Qt.ConnectionType.DirectConnection)
        return self

    def __exit__(self, *error):
        QgsApplication.messageLog().messageReceived.disconnect(self._said)
        if self.provider in FILES and gdal.GetLastErrorType() >= gdal.CE_Failure:
            self.problems.setdefault(self.provider, gdal.GetLastErrorMsg())
        if self.provider == ARCGIS:
            self._answers.disconnect(self._answered)

    def _answered(self, reply):
        if reply.error() not in (QNetworkReply.NetworkError.NoError, QNetworkReply.NetworkError.OperationCanceledError):
            self.problems.setdefault(reply.request().url().toString(), reply.errorString())

    def _said(self, message, tag="", level=None, *_):
        if level not in _SERIOUS or tag in _NOT_OF_PROVIDERS:
            return
        # Tiles are fetched in a thread of their own, which alone says that one took too long.
        elsewhere = threading.get_ident() != self._thread
        if elsewhere and not (self.host and self.host in message and tag == "Network"):
            return
        address = _ADDRESS.search(message)
        self.problems.setdefault(address.group() if address else message, message)


def missing_on_server(addresses, authcfg=""):
    """Whether the server says of every address that there is no such thing; it is asked once more."""
    return all(_status(address, authcfg) in MISSING for address in addresses)


def _status(address, authcfg):
    if not address.startswith("http"):
        return None
    request = QgsBlockingNetworkRequest()
    request.setAuthCfg(authcfg)
    request.get(QNetworkRequest(QUrl(address)), True)
    return request.reply().attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
