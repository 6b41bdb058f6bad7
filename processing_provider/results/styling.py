"""Names and styles of the layers that a run adds to the map."""

from qgis.core import (
    Qgis,
    QgsContrastEnhancement,
    QgsFillSymbol,
    QgsGradientColorRamp,
    QgsGradientStop,
    QgsGraduatedSymbolRenderer,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsProcessingLayerPostProcessorInterface,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsRectangle,
    QgsRendererRange,
    QgsSimpleFillSymbolLayer,
    QgsSingleBandPseudoColorRenderer,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from ...core.base.config import CONFIG_TAG
from ...core.base.documents import parse_json
from ...core.base.errors import PatchwiseError
from ...core.base.secrets import without_secrets
from ...core.rasters.file import RasterFile
from .styles import Composite, Graduated, Labels, Outline, look_of, look_of_polygons, title_of

#: Pixels that limits are taken from: QGIS reads blocks here and there, not the whole raster.
SAMPLE = 250_000
#: Classes of polygons that are filled by a field.
CLASSES = 10
# The enum has moved; its old name is not in every version.
_CUT = (getattr(Qgis, "RasterRangeLimit", None) or QgsRasterMinMaxOrigin.Limits).CumulativeCut
#: Colours of labels that have none of their own: set apart by hue, in an order that keeps neighbours different.
_LABEL_HUES = (210, 30, 120, 0, 280, 60, 175, 330, 90, 245)


def style_layer(layer, look=None):
    """Style a layer of a result as its own file says (or as ``look``, of ``styles``); True where it was styled.

    Limits come from a sample of the values. Main thread.
    """
    look = look or style_of(layer)
    if look is None or not layer.isValid():
        return False
    if isinstance(look, Outline):
        _outline(layer)
    elif isinstance(look, Graduated):
        _graduate(layer, look)
    elif isinstance(look, Labels):
        if not _label(layer):
            return False
    elif isinstance(look, Composite):
        _composite(layer, look)
    elif not _colour(layer, look):
        return False
    layer.triggerRepaint()
    layer.emitStyleChanged()
    return True


def style_of(layer):
    """The look of a layer, or None: of rasters by the file's configuration and band names, of polygons by fields."""
    if isinstance(layer, QgsVectorLayer):
        polygons = layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry
        return look_of_polygons(layer.fields().names()) if polygons else None
    if not isinstance(layer, QgsRasterLayer) or layer.providerType() != "gdal":
        return None
    config, names = described(_path_of(layer))
    return look_of(config, names)


def title_of_file(path, source=""):
    """The title of the raster ``path``, "" where it has none; ``source`` is the name of what it was made from."""
    return title_of(*described(path), source)


def described(path):
    """The configuration that a raster was made with ({} where there is none), and its band names."""
    try:
        with RasterFile(path) as raster:
            config = parse_json(raster.tags.get(CONFIG_TAG, "{}"), "configuration", path)
    except PatchwiseError:
        return {}, ()
    return (config if isinstance(config, dict) else {}), raster.band_names


class Presenter(QgsProcessingLayerPostProcessorInterface):
    """Styles a layer when Processing has loaded it; one for each layer, since the context deletes it."""

    def postProcessLayer(self, layer, context, feedback):
        """Called by QGIS on the main thread."""
        style_layer(layer)


# The context owns the C++ side only: without a reference from here the Python side would be gone before it is called,
# and the algorithm itself may be gone by then.
_presenters = []


def present(algorithm, results, context, titles):
    """Have the layers of ``results`` named and styled when they are loaded.

    ``titles`` has names of layers by output. A name that a model or a script chose stays, and so does the file's name
    where the user's settings prefer it. A style that the user chose in the settings of Processing stays too.
    """
    for definition in algorithm.destinationParameterDefinitions():
        target = results.get(definition.name())
        if not isinstance(target, str) or not context.willLoadLayerOnCompletion(target):
            continue
        details = context.layerToLoadOnCompletionDetails(target)
        title = titles.get(definition.name())
        if title and details.name in ("", definition.description(), definition.name()):
            details.name = without_secrets(title)
        if details.postProcessor() is None and not _user_style(algorithm.id(), definition):
            _presenters[:] = [presenter for presenter in _presenters if not sip.isdeleted(presenter)]
            _presenters.append(Presenter())
            details.setPostProcessor(_presenters[-1])


def _user_style(algorithm_id, definition):
    """Whether the user has chosen a style for this output, or for all layers of its kind."""
    try:
        from processing.core.ProcessingConfig import ProcessingConfig
        from processing.gui.RenderingStyles import RenderingStyles
    except ImportError:  # a QGIS without the plugin Processing has no such settings
        return False
    if RenderingStyles.getStyle(algorithm_id, definition.name()):
        return True
    raster = definition.type() == "rasterDestination"
    kind = ProcessingConfig.RASTER_STYLE if raster else ProcessingConfig.VECTOR_POLYGON_STYLE
    return bool(ProcessingConfig.getSetting(kind))


def _path_of(layer):
    parts = QgsProviderRegistry.instance().decodeUri("gdal", layer.dataProvider().dataSourceUri())
    return parts.get("path") or layer.source()


def _colour(layer, ramp):
    provider = layer.dataProvider()
    low, high = (ramp.low, ramp.high) if ramp.low is not None else _limits(provider, ramp.diverging)
    if not high > low:
        return False  # one value or none: QGIS's own grey is as good
    renderer = QgsSingleBandPseudoColorRenderer(provider, 1)
    renderer.setClassificationMin(low)
    renderer.setClassificationMax(high)
    renderer.createShader(_gradient(ramp.colours))  # by default without steps between the colours
    if ramp.low is None and not ramp.diverging:
        origin = QgsRasterMinMaxOrigin()
        origin.setLimits(_CUT)
        renderer.setMinMaxOrigin(origin)
    layer.setRenderer(renderer)
    return True


def _limits(provider, diverging):
    low, high = provider.cumulativeCut(1, 0.02, 0.98, QgsRectangle(), SAMPLE)
    return _balanced(low, high) if diverging else (low, high)


def _balanced(low, high):
    """``(low, high)`` made symmetric where 0 lies between them; others as they are."""
    most = max(-low, high)
    return (-most, most) if low < 0 < high else (low, high)


def _gradient(colours):
    first, *middle, last = (QColor(colour) for colour in colours)
    steps = len(colours) - 1
    stops = [QgsGradientStop((k + 1) / steps, colour) for k, colour in enumerate(middle)]
    return QgsGradientColorRamp(first, last, False, stops)


def _composite(layer, look):
    red, green, blue = (band + 1 for band in look.bands)
    layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), red, green, blue))
    layer.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        _CUT,
        QgsRectangle(),
        SAMPLE,
    )


def _label(layer):
    """Colours for labels from 0 to 255 of a file without a palette, which QGIS shows itself; False for other values."""
    if layer.renderer() is not None and layer.renderer().type() == "paletted":
        return True
    low, high = layer.dataProvider().cumulativeCut(1, 0.0, 1.0, QgsRectangle(), SAMPLE)
    if not 0 <= low <= high <= 255:
        return False
    classes = [
        QgsPalettedRasterRenderer.Class(value, _label_colour(value), str(value)) for value in range(int(high) + 1)
    ]
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, classes))
    return True


def _label_colour(value):
    hue = _LABEL_HUES[value % len(_LABEL_HUES)]
    turn = value // len(_LABEL_HUES)
    return QColor.fromHsv((hue + 15 * turn) % 360, 170 - 20 * (turn % 4), 205 - 25 * (turn % 3))


def _graduate(layer, look):
    """Classes of equal width; NULL is not drawn, as nodata is not in rasters. In outline where all values are alike."""
    low, high = _field_limits(layer, look)
    if not high > low:
        _outline(layer)
        return
    colours, width = _gradient(look.ramp.colours), (high - low) / CLASSES
    ranges = []
    for k in range(CLASSES):
        symbol = QgsFillSymbol.createSimple({"outline_color": "#40505a", "outline_width": "0.15"})
        symbol.setColor(colours.color(k / (CLASSES - 1)))
        start, stop = low + k * width, high if k == CLASSES - 1 else low + (k + 1) * width
        ranges.append(QgsRendererRange(start, stop, symbol, f"{start:.3g} - {stop:.3g}"))
    layer.setRenderer(QgsGraduatedSymbolRenderer(look.field, ranges))


def _field_limits(layer, look):
    """The ramp's limits, else those of the field; 0 and 0 where it has no value."""
    if look.ramp.low is not None:
        return look.ramp.low, look.ramp.high
    index = layer.fields().lookupField(look.field)
    low, high = layer.minimumValue(index), layer.maximumValue(index)
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        return 0.0, 0.0
    return _balanced(low, high) if look.ramp.diverging else (low, high)


def _outline(layer):
    symbol = QgsFillSymbol()
    for index, (colour, width) in enumerate((("#d0ffffff", 0.8), ("#1f2f6b", 0.3))):
        line = QgsSimpleFillSymbolLayer()
        line.setBrushStyle(Qt.BrushStyle.NoBrush)
        line.setStrokeColor(QColor(colour))
        line.setStrokeWidth(width)
        symbol.changeSymbolLayer(0, line) if index == 0 else symbol.appendSymbolLayer(line)
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
