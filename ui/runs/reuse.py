"""From the tags of a layer that Patchwise made back to the parameters of the run."""

import os

from qgis.core import Qgis, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QAction

from ...core.axes.window import WINDOWS
from ...core.base.config import CONFIG_TAG
from ...core.base.documents import CONFIG, parse_json
from ...core.base.errors import ParameterError, PatchwiseError
from ...core.rasters.file import RasterFile
from ...core.records.shapes import RECORD
from ..texts import tr

ALGORITHM = "patchwise:slidingwindow"
AXES = ("geometry", "sampler", "window", "aggregation")
AGGREGATIONS = {
    "SpatialOverlapAdd": "overlapadd",
    "SpatialMean": "mean",
    "SpatialSum": "sum",
    "SpatialMin": "min",
    "SpatialMax": "max",
    "SpatialMedian": "median",
    "SpatialHardVote": "hardvote",
    "SpatialSoftVote": "softvote",
}
#: Parameter of the algorithm for each key of an ONNX model's configuration.
MODEL_KEYS = {
    "path": "MODEL",
    "normalize": "NORMALIZE",
    "activation": "ACTIVATION",
    "fill": "FILL",
    "provider": "PROVIDER",
    "mean": "MEAN",
    "std": "STD",
}


def config_of(layer):
    """What Patchwise wrote into a layer's file about its run, or None where there is nothing that can be used."""
    try:
        return read_config(layer)
    except PatchwiseError:
        return None


def read_config(layer):
    """As :func:`config_of`; ``ParameterError`` where something is there and cannot be used."""
    if not isinstance(layer, QgsRasterLayer) or layer.providerType() != "gdal" or not os.path.isfile(layer.source()):
        return None
    with RasterFile(layer.source()) as raster:
        text = raster.tags.get(CONFIG_TAG)
    return None if text is None else read_record(text, layer.name())


def read_record(text, name):
    """The record in the text of a tag of the layer ``name``; None for what other algorithms write."""
    config = parse_json(text, "settings", name, CONFIG)
    if not isinstance(config, dict) or config.get("algorithm") != ALGORITHM:
        return None
    RECORD.check(config, "")
    return config


def parameters_of(config):
    """The parameters of ``patchwise:slidingwindow`` that a configuration came from, but for the layer."""
    output = config["output"]
    nodata = output["nodata"]
    found = {"DATA_TYPE": output["data_type"], "NODATA": None if isinstance(nodata, str) else nodata}
    if output.get("format", "geotiff") != "geotiff":  # which is what is written anyway
        found["FORMAT"] = output["format"]
    found.update(_of_patcher(config["patcher"]))
    found.update(_of_operator(config["operator"]))
    return found


def bands_of(config, count):
    """Numbers, from 1, of the bands that were given to the operator, for a layer of ``count`` bands; [] for all."""
    bands = [int(number) for number in config["input"].get("bands", [])]
    return bands if bands != list(range(1, count + 1)) and max(bands, default=0) <= count else []


def source_of(config):
    """The layer of the project that was read, or None where it is not there any more."""
    path = os.path.expanduser(config["input"].get("source") or "")
    for layer in QgsProject.instance().mapLayers().values():
        if path and isinstance(layer, QgsRasterLayer) and os.path.abspath(layer.source()) == os.path.abspath(path):
            return layer
    return None


def _of_patcher(parts):
    geometry, sampler, window, aggregation = (parts.get(axis) or {} for axis in AXES)
    kind, values = WINDOWS.told(window) if window else (None, {})  # a record may say none: the choice stays
    found = {"WINDOW": kind, **values, "AGGREGATION": AGGREGATIONS.get(aggregation.get("class"))}
    config, step = geometry.get("config") or {}, (sampler.get("config") or {}).get("step", 1)
    down, right = _two(step)
    found.update({"STRIDE": down, **({"STRIDE_X": right} if right != down else {})})
    if geometry["class"] == "SpatialSphericalCap":
        return {**found, "GEOMETRY": "sphericalcap", "RADIUS_KM": config["radius_km"]}
    if geometry["class"] != "SpatialRectangular":
        raise ParameterError("geometry", geometry["class"], "has no form in the dock: repeat it by Run configuration")
    height, width = _two(config["size"])
    found.update({"GEOMETRY": "rectangular", "CHIP_SIZE": height, "BOUNDARY": config.get("boundary", "drop")})
    return {**found, **({"CHIP_WIDTH": width} if width != height else {})}


def _of_operator(operator):
    kind, config = operator["class"], operator.get("config") or {}
    if kind == "Expression":
        return {"OPERATOR": "expression", "EXPRESSION": config["text"]}
    if kind in ("Index", "Change"):
        return {
            "OPERATOR": "index",
            "INDEX": config["name"],
            "SEVERITY": config.get("severity", False),
            **_light(config),
        }
    if kind == "Classify":
        return {"OPERATOR": "classify", "RULES": config["rules"], **_light(config)}
    if kind == "PythonFile":
        return {"OPERATOR": "python", "PYTHON": config["path"]}
    if kind != "Onnx":
        raise ParameterError("operator", kind, "has no form in the dock: repeat it by Run configuration")
    listed = {key: _text(value) for key, value in config.items()}
    return {"OPERATOR": "onnx", **_renamed(listed, MODEL_KEYS)}


def _light(config):
    """Band roles, scale and offset."""
    roles = " ".join(f"{role}={int(band) + 1}" for role, band in (config.get("roles") or {}).items())
    numbers = {name.upper(): config[name] for name in ("scale", "offset") if isinstance(config.get(name), (int, float))}
    return {"BAND_ROLES": roles, **numbers}


def _two(value):
    """A whole number for both axes, or one for each."""
    down, right = value if isinstance(value, list) else (value, value)
    return int(down), int(right)


def _renamed(config, names):
    return {names[key]: value for key, value in config.items() if key in names}


def _text(value):
    return ", ".join(f"{number:g}" for number in value) if isinstance(value, list) else value


class ReuseAction(QObject):
    """ "Use its Patchwise settings" in the layer tree's menu, for the layers that Patchwise made."""

    #: The layer whose settings are wanted.
    asked = pyqtSignal(object)

    def __init__(self, interface, parent=None):
        super().__init__(parent)
        self._interface = interface
        self._action = QAction(tr("Use its Patchwise settings"), self)
        self._action.setObjectName("patchwiseReuseAction")
        self._action.triggered.connect(lambda *_: self.asked.emit(interface.activeLayer()))
        interface.addCustomActionForLayerType(self._action, "", Qgis.LayerType.Raster, False)
        QgsProject.instance().layersAdded.connect(self._added)
        self._added(QgsProject.instance().mapLayers().values())

    def remove(self):
        """Take the action away."""
        QgsProject.instance().layersAdded.disconnect(self._added)
        self._interface.removeCustomActionForLayerType(self._action)

    def _added(self, layers):
        for layer in layers:
            if config_of(layer) is not None:
                self._interface.addCustomActionForLayer(self._action, layer)
