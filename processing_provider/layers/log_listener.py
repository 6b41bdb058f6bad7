"""Failures while a provider reads a block, as QGIS's message log has them.

Providers are made for drawing maps: where a request fails, they return a block that is valid, and transparent or nodata
there. The only trace is a warning in the message log.
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

#: QGIS's names of the providers of ArcGIS's map services, and of rasters that are calculated on the fly.
ARCGIS, CALCULATION = "arcgismapserver", "virtualraster"
FILES = ("gdal", CALCULATION)
#: HTTP status codes that mean that there is no such tile; all others mean a failure.
MISSING = (204, 404, 410)
_SERIOUS = (Qgis.MessageLevel.Warning, Qgis.MessageLevel.Critical)
_NOT_OF_PROVIDERS = ("Python warning", "Python error", "Plugins")
_ADDRESS = re.compile(r"https?://[^\s()<>\"']+")


class LogListener:
    """Collects failures between enter and exit, in the thread that reads.

    ``host`` is the server's name, "" where there is none; ``provider`` that of the provider. ``problems`` maps the
    address of a request, or where none is known the message itself, to the message. Some providers log no failures: of
    ArcGIS's tiles the replies are looked at, and of files GDAL's last error in this thread.
    """

    def __init__(self, host, provider):
        self.host, self.provider, self.problems = host, provider, {}

    def __enter__(self):
        self._thread = threading.get_ident()
        # A queued connection would deliver a message only after the block has been returned.
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
        # Tiles are fetched in another thread, and only there a time-out is logged.
        elsewhere = threading.get_ident() != self._thread
        if elsewhere and not (self.host and self.host in message and tag == "Network"):
            return
        address = _ADDRESS.search(message)
        self.problems.setdefault(address.group() if address else message, message)


def missing_on_server(addresses, authcfg=""):
    """Whether the server, asked once more, answers for every address that there is no such tile."""
    return all(_status(address, authcfg) in MISSING for address in addresses)


def _status(address, authcfg):
    if not address.startswith("http"):
        return None
    request = QgsBlockingNetworkRequest()
    request.setAuthCfg(authcfg)
    request.get(QNetworkRequest(QUrl(address)), True)
    return request.reply().attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
