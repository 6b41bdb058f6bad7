"""Between QGIS and the core: layers, extents and feedback in, plain core values out; core errors translated once."""

from contextlib import contextmanager

from qgis.core import QgsProcessingException, QgsProviderRegistry

from ..core.base.errors import ParameterError, PatchwiseError
from ..core.base.progress import Watch
from ..core.base.secrets import without_secrets

_NO_MEMORY = "There is not enough memory for this: choose smaller chips, fewer bands or fewer threads"


def raster_path(layer, parameter):
    """The name by which GDAL opens a layer, without open options; refused where its pixels do not come from GDAL."""
    if layer is None or not layer.isValid():
        raise ParameterError(parameter, layer.name() if layer else None, "must be a raster layer that can be read")
    if layer.providerType() != "gdal":
        allowed = f"must be a file that GDAL reads, and this layer comes from '{layer.providerType()}': export it first"
        raise ParameterError(parameter, layer.name(), allowed)
    registry = QgsProviderRegistry.instance()
    parts = registry.decodeUri("gdal", layer.dataProvider().dataSourceUri())
    if parts.get("authcfg"):
        allowed = "must be a file that GDAL opens by itself, and this one needs a login of QGIS: export it first"
        raise ParameterError(parameter, layer.name(), allowed)
    for extra in ("openOptions", "credentialOptions"):
        parts.pop(extra, None)
    return registry.encodeUri("gdal", parts)


def read_by_qgis(layer):
    """Whether only QGIS can read a layer: GDAL does not open it by name, or a login is needed that QGIS keeps."""
    if layer.providerType() != "gdal":
        return True
    return bool(QgsProviderRegistry.instance().decodeUri("gdal", layer.dataProvider().dataSourceUri()).get("authcfg"))


def extent_points(geometry):
    """``(x, y)`` of the vertices of an extent's outline, in the CRS of ``geometry``."""
    return [(vertex.x(), vertex.y()) for vertex in geometry.vertices()]


def progress(feedback):
    """A callable for the core's progress, 0 to 1; QGIS is told every tenth of a percent."""
    shown = [-1.0]

    def report(share):
        if share - shown[0] >= 0.001 or share == 1:
            shown[0] = share
            feedback.setProgress(100 * share)

    return report


def not_cancelled(feedback):
    """A callable that raises :class:`Cancelled` once the user has cancelled the run."""
    return Watch(None, feedback.isCanceled).ask


def while_wanted(items, feedback):
    """The items one by one; raises :class:`Cancelled` once the run is cancelled."""
    check = not_cancelled(feedback)
    for item in items:
        check()
        yield item


def key_values(text, parameter):
    """``KEY=VALUE|KEY=VALUE`` as a dict; ``parameter`` names the text in errors."""
    options = {}
    for part in filter(None, (piece.strip() for piece in text.split("|"))):
        key, sign, value = part.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise ParameterError(parameter, text, "must be KEY=VALUE, several separated by |, as in COMPRESS=DEFLATE")
        options[key.strip()] = value.strip()
    return options


@contextmanager
def translated(names):
    """Core errors as ``QgsProcessingException``; ``names`` are the algorithm's names of the core's parameters."""
    try:
        yield
    except ParameterError as error:
        name = names.get(error.parameter)
        # The rest of the text is the core's own, with what it adds on the place of the error.
        text = str(error) if name is None else name + str(error)[len(error.parameter) :]
        raise QgsProcessingException(without_secrets(text)) from error
    except PatchwiseError as error:
        raise QgsProcessingException(str(error)) from error
    except MemoryError as error:
        raise QgsProcessingException(f"{_NO_MEMORY} ({error})" if str(error) else _NO_MEMORY) from error
