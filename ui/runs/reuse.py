"""From the tags of a layer that Patchwise made back to the parameters of the run."""

import os
import re

from qgis.core import Qgis, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QAction

from ...core.axes.sampler import LATTICE
from ...core.axes.window import WINDOWS
from ...core.base.config import CONFIG_TAG
from ...core.base.documents import CONFIG, parse_json
from ...core.base.errors import ParameterError, PatchwiseError
from ...core.base.vocabulary import NO_FORM
from ...core.operators.choices import OPERATORS
from ...core.plan.geometries import GEOMETRIES
from ...core.rasters.file import RasterFile
from ...core.records.shapes import RECORD
from ...core.stitch.aggregations import AGGREGATIONS
from ..texts import tr

ALGORITHM = "patchwise:slidingwindow"
#: Algorithms that stitch chips, too, with more parameters than the dock has, or layers that a record does not name.
OTHERS = ("patchwise:stitchchips", "patchwise:polygonchips")
#: The vocabularies of a patcher's parts.
AXES = {"geometry": GEOMETRIES, "sampler": LATTICE, "window": WINDOWS, "aggregation": AGGREGATIONS}


def has_settings(layer):
    """Whether the sliding window made a layer, by the metadata that its provider has read: nothing is opened."""
    if not isinstance(layer, QgsRasterLayer) or not layer.isValid() or layer.providerType() != "gdal":
        return False
    tag = layer.dataProvider().htmlMetadata().partition(f"{CONFIG_TAG}=")[2]
    return re.search(rf'"algorithm":\s*"{ALGORITHM}"', tag) is not None


def config_of(layer):
    """The record of a run in a layer's file, or None where there is none that can be used."""
    try:
        return read_config(layer)
    except PatchwiseError:
        return None


def read_config(layer):
    """As :func:`config_of`, but ``ParameterError`` for a record that cannot be used. Opens the layer's file."""
    if not isinstance(layer, QgsRasterLayer) or layer.providerType() != "gdal" or not os.path.exists(layer.source()):
        return None
    with RasterFile(layer.source()) as raster:
        text = raster.tags.get(CONFIG_TAG)
    return None if text is None else read_record(text, layer.name())


def read_record(text, name):
    """The record in the text of a tag of the layer ``name``; None where its algorithm stitches no chips."""
    config = parse_json(text, "settings", name, CONFIG)
    algorithm = config.get("algorithm") if isinstance(config, dict) else None
    if algorithm in OTHERS:
        raise ParameterError("algorithm", algorithm, "has no form in the dock: run it from the toolbox")
    if algorithm != ALGORITHM:
        return None
    RECORD.check(config, "")
    return config


def parameters_of(config):
    """The parameters of ``patchwise:slidingwindow`` that a configuration came from, but for the layer.

    Law: a run with them has that configuration again; else ``ParameterError`` names what has no form in the dock.
    """
    found = {}
    for axis, vocabulary in AXES.items():
        if config["patcher"].get(axis):  # an axis that a record does not name keeps its choice
            name, values = vocabulary.told(config["patcher"][axis])
            found.update({vocabulary.parameter: name, **values})
    found.pop(LATTICE.parameter, None)  # the dock has no choice of samplers
    kind, values = OPERATORS.told(config["operator"])
    return {
        **found,
        OPERATORS.parameter: kind,
        **values,
        **_of_input(config["input"], kind),
        **_of_output(config["output"]),
    }


def _of_input(record, kind):
    """The scale that the source applied for an operator that takes bands as they are, and the further rasters."""
    scaled, found = record.get("scaled", False), {}
    if scaled is True or (scaled and kind in OPERATORS.uses("SCALE")):
        raise ParameterError("scaled", scaled, NO_FORM)
    if scaled:
        found = {"SCALE": scaled[0], "OFFSET": scaled[1]}
    others = [_layer_or_path(other) for other in record.get("others", [])]
    return {**found, "OTHER_INPUTS": others} if others else found


def _of_output(record):
    """Type, nodata value, format and creation options, the latter two where they are not the defaults."""
    if record["nodata"] in ("inf", "-inf"):
        raise ParameterError("nodata", record["nodata"], NO_FORM)
    nodata = None if isinstance(record["nodata"], str) else record["nodata"]
    found = {"DATA_TYPE": record["data_type"], "NODATA": nodata}
    if record.get("format", "geotiff") != "geotiff":
        found["FORMAT"] = record["format"]
    if record.get("creation_options"):
        found["CREATION_OPTIONS"] = "|".join(f"{key}={value}" for key, value in record["creation_options"].items())
    return found


def bands_of(config, count):
    """Numbers, from 1, of the bands that were given to the operator, for a layer of ``count`` bands; [] for all."""
    bands = [int(number) for number in config["input"].get("bands", [])]
    return bands if bands != list(range(1, count + 1)) and max(bands, default=0) <= count else []


def source_of(config):
    """The layer of the project that was read, or None where it is not there any more."""
    path = _path(config["input"])
    for layer in QgsProject.instance().mapLayers().values():
        if path and isinstance(layer, QgsRasterLayer) and os.path.abspath(layer.source()) == os.path.abspath(path):
            return layer
    return None


def _layer_or_path(record):
    layer = source_of({"input": record})
    return _path(record) if layer is None else layer.id()


def _path(record):
    return os.path.expanduser(record.get("source") or "")


class ReuseAction(QObject):
    """ "Use its Patchwise settings" in the layer tree's menu, for the layers that Patchwise made."""

    #: Emitted with the layer whose settings are wanted.
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
        if QgsProject.instance().flags() & Qgis.ProjectFlag.TrustStoredLayerStatistics:
            return  # its layers are not open before they are drawn, and has_settings would open them
        for layer in layers:
            if has_settings(layer):
                self._interface.addCustomActionForLayer(self._action, layer)
