"""The choice of what is read: layer, bands and extent."""

from qgis.core import QgsMapLayerProxyModel, QgsProject
from qgis.gui import QgsCheckableComboBox
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QToolButton

from ..texts import tr
from .map_extent import MapExtent
from .panel import Form, Panel, layer_choice, narrow


class SourcePanel(Panel):
    """``layerCombo``, ``bandsCombo`` and ``extentWidget``. The extent follows the map until another is chosen."""

    NAMES = ("INPUT", "BANDS", "EXTENT")

    def __init__(self, canvas, parent=None):
        super().__init__(parent)
        self._shown_bands = []
        rasters = QgsMapLayerProxyModel.Filter.RasterLayer
        self.layer_combo = layer_choice("layerCombo", rasters, tr("The raster to work on. It is only read."))
        self.bands_combo = QgsCheckableComboBox()
        self.bands_combo.setObjectName("bandsCombo")
        self.bands_combo.setDefaultText(tr("All bands"))
        self.bands_combo.setToolTip(tr("Bands given to the operator: the first chosen is b1. None means all."))
        narrow(self.bands_combo)
        self.extent = MapExtent(
            "extentWidget",
            canvas,
            tr("Part of the raster to compute: what the map shows, a layer's extent, or one that is drawn."),
        )
        self.reuse_button = QToolButton()
        self.reuse_button.setObjectName("reuseButton")
        self.reuse_button.setText(tr("Use its settings"))
        self.reuse_button.setToolTip(tr("Patchwise made this layer: fill in the settings it was made with."))
        self.reuse_button.hide()
        self._lay_out()
        self.layer_combo.layerChanged.connect(self._layer_changed)
        self.bands_combo.checkedItemsChanged.connect(self.changed)
        self.extent.widget.extentChanged.connect(self.changed)
        self._layer_changed()

    def layer(self):
        """The chosen raster layer, or None."""
        return self.layer_combo.currentLayer()

    def set_layer(self, layer):
        """Choose a layer."""
        self.layer_combo.setLayer(layer)

    def bands(self):
        """Numbers of the chosen bands, from 1; empty means all."""
        return [int(number) for number in self.bands_combo.checkedItemsData()]

    def set_extent(self, rectangle, crs):
        """Choose an extent, which then no longer follows the map."""
        self.extent.widget.setOutputExtentFromUser(rectangle, crs)

    def parameters(self):
        """INPUT, BANDS and EXTENT."""
        layer, bands = self.layer(), self.bands()
        found = {"INPUT": layer.id()} if layer is not None else {}
        if bands:
            found["BANDS"] = bands
        return {**found, **self.extent.parameters()}

    def set_parameters(self, parameters):
        """INPUT (a layer's id) and BANDS."""
        with self.quiet():
            layer = QgsProject.instance().mapLayer(parameters.get("INPUT") or "")
            if layer is not None:
                self.set_layer(layer)
            if "BANDS" in parameters:
                self._check_bands(parameters["BANDS"] or [])

    def _check_bands(self, bands):
        for row in range(self.bands_combo.count()):
            state = Qt.CheckState.Checked if row + 1 in bands else Qt.CheckState.Unchecked
            self.bands_combo.setItemCheckState(row, state)

    def _layer_changed(self, layer=None):
        layer = self.layer()
        names = [layer.bandName(number) for number in range(1, layer.bandCount() + 1)] if layer is not None else []
        if names != self._shown_bands:
            self._shown_bands = names
            self.bands_combo.clear()
            for number, name in enumerate(names, 1):
                self.bands_combo.addItemWithCheckState(name, Qt.CheckState.Unchecked, number)
        if layer is not None:
            self.extent.widget.setOriginalExtent(layer.extent(), layer.crs())
        self.changed.emit()

    def _lay_out(self):
        self.form = Form(self)
        self.form.add(tr("&Layer"), self.layer_combo)
        self.form.add(tr("&Bands"), self.bands_combo)
        self.form.add(tr("E&xtent"), self.extent.widget)
        self.form.add_wide(self.reuse_button)
