"""From the tags of a layer that Patchwise made back to the parameters of the run."""

import json
import os

from qgis.core import Qgis, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QAction

from ..core import RasterFile
from ..core.errors import PatchwiseError
from .texts import tr

CONFIG_TAG = "PATCHWISE_CONFIG"
WINDOWS = {
    "SpatialBoxcar": "boxcar",
    "SpatialHann": "hann",
    "SpatialTukey": "tukey",
    "SpatialGaussian": "gaussian",
    "SpatialCustom": "custom",
}
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
#: Parameter of the algorithm for each key of a window's, of an ONNX model's and of a Python file's configuration.
WINDOW_KEYS = {"alpha": "TUKEY_ALPHA", "sigma": "GAUSSIAN_SIGMA", "fn": "CUSTOM_WINDOW"}
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
    """What Patchwise wrote into a layer's file about its run, or None."""
    if not isinstance(layer, QgsRasterLayer) or layer.providerType() != "gdal" or not os.path.isfile(layer.source()):
        return None
    try:
        config = json.loads(RasterFile(layer.source()).tags.get(CONFIG_TAG, "null"))
    except (PatchwiseError, ValueError):
        return None
    return config if isinstance(config, dict) and "patcher" in config and "operator" in config else None


def parameters_of(config):
    """The parameters of ``patchwise:slidingwindow`` that a configuration came from, but for the layer."""
    output = config.get("output", {})
    found = {"DATA_TYPE": output.get("data_type", "float32"), "NODATA": output.get("nodata")}
    found.update(_of_patcher(config["patcher"]))
    found.update(_of_operator(config["operator"]))
    return found


def bands_of(config, count):
    """Numbers, from 1, of the bands that were given to the operator, for a layer of ``count`` bands; [] for all."""
    bands = config.get("input", {}).get("bands", [])
    return bands if bands != list(range(1, count + 1)) and max(bands, default=0) <= count else []


def source_of(config):
    """The layer of the project that was read, or None where it is not there any more."""
    path = os.path.expanduser(config.get("input", {}).get("source") or "")
    for layer in QgsProject.instance().mapLayers().values():
        if path and isinstance(layer, QgsRasterLayer) and os.path.abspath(layer.source()) == os.path.abspath(path):
            return layer
    return None


def _of_patcher(parts):
    geometry, sampler = parts["geometry"], parts.get("sampler", {})
    window, aggregation = parts.get("window", {}), parts.get("aggregation", {})
    found = {"WINDOW": WINDOWS.get(window.get("class")), "AGGREGATION": AGGREGATIONS.get(aggregation.get("class"))}
    found.update(_renamed(window.get("config", {}), WINDOW_KEYS))
    config, step = geometry.get("config", {}), sampler.get("config", {}).get("step", 1)
    down, right = step if isinstance(step, list) else (step, step)
    found.update({"STRIDE": down, **({"STRIDE_X": right} if right != down else {})})
    if geometry["class"] == "SpatialSphericalCap":
        return {**found, "GEOMETRY": "sphericalcap", "RADIUS_KM": config["radius_km"]}
    height, width = config["size"]
    found.update({"GEOMETRY": "rectangular", "CHIP_SIZE": height, "BOUNDARY": config.get("boundary", "drop")})
    return {**found, **({"CHIP_WIDTH": width} if width != height else {})}


def _of_operator(operator):
    kind, config = operator["class"], operator.get("config", {})
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
    listed = {key: _text(value) for key, value in config.items()}
    return {"OPERATOR": "onnx", **_renamed(listed, MODEL_KEYS)}


def _light(config):
    """Band roles, scale and offset."""
    roles = " ".join(f"{role}={band + 1}" for role, band in config.get("roles", {}).items())
    numbers = {name.upper(): config[name] for name in ("scale", "offset") if isinstance(config.get(name), (int, float))}
    return {"BAND_ROLES": roles, **numbers}


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
