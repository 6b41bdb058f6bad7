"""How chips are cut and blended: geometry, size, stride, window function, boundary, aggregation."""

from qgis.core import QgsProject

from ...core.axes.geometry import BOUNDARY
from ...core.axes.sampler import LATTICE
from ...core.axes.window import WINDOWS
from ...core.plan.geometries import GEOMETRIES
from ...core.stitch.aggregations import AGGREGATIONS
from ..kept import SIZES
from ..texts import tr
from .panel import Panel, choose
from .patching_fields import PatchingFields
from .units import PixelUnits


class PatchingPanel(Panel):
    """The fields from ``geometryCombo`` to ``aggregationCombo``.

    Chip size and stride are kept in pixels. Changing the size keeps the overlap, changing the stride changes it.
    """

    NAMES = (
        *(axis.parameter for axis in (GEOMETRIES, WINDOWS, AGGREGATIONS)),
        "POLYGONS",
        *(field.name for field in (*GEOMETRIES.fields, *LATTICE.fields) if not field.advanced),
        *(field.name for field in WINDOWS.fields),
    )

    def __init__(self, parent=None):
        super().__init__(parent)
        self._layer, self._units = None, PixelUnits()
        self._chip, self._stride = GEOMETRIES.field("CHIP_SIZE").default, LATTICE.field("STRIDE").default
        self._ratio = self._stride / self._chip
        self._function_numbers = {field.name: field.default for field in WINDOWS.fields if field.kind == "number"}
        self.fields = PatchingFields(self)
        self._radius = self.fields.radius.value()
        self.form = self.fields.form
        self._connect()
        self._show_units()
        self._show_fields()

    def _connect(self):
        fields = self.fields
        fields.geometry.currentIndexChanged.connect(self._show_fields)
        fields.window_function.currentIndexChanged.connect(self._show_fields)
        fields.units.currentIndexChanged.connect(self._show_units)
        fields.chip_size.valueChanged.connect(self._size_typed)
        fields.stride.valueChanged.connect(self._stride_typed)
        fields.overlap.valueChanged.connect(self._overlap_moved)
        fields.function_number.valueChanged.connect(self._function_number_typed)
        fields.radius.valueChanged.connect(self._radius_typed)
        fields.polygons.layerChanged.connect(self.changed)
        fields.function_text.textChanged.connect(self.changed)
        fields.boundary.currentIndexChanged.connect(self.changed)
        fields.aggregation.currentIndexChanged.connect(self.changed)

    def geometry_kind(self):
        """``rectangular``, ``sphericalcap`` or ``polygons``."""
        return self.fields.geometry.currentData()

    def polygons(self):
        """The layer whose polygons are the chips; None for other geometries."""
        return self.fields.polygons.currentLayer() if self.geometry_kind() == "polygons" else None

    def units(self):
        """``pixels`` or ``map``."""
        return self.fields.units.currentData()

    def set_units(self, units):
        """Show sizes in ``pixels`` or ``map`` units; they stay the same."""
        choose(self.fields.units, units)

    def set_layer(self, layer):
        """Take the pixel size of a raster layer, or None, for map units."""
        self._layer = layer
        self._show_units()

    def parameters(self):
        """GEOMETRY, WINDOW and what belongs to them, BOUNDARY and AGGREGATION."""
        found = {axis.parameter: combo.currentData() for axis, combo in self._choices()}
        found.update(self._geometry_parameters(self.geometry_kind()))
        field = self._function_field()
        if field is not None:
            text = self.fields.function_text.text().strip()
            found[field.name] = text if field.kind == "text" else self._function_numbers[field.name]
        return found

    def _choices(self):
        fields = self.fields
        return (WINDOWS, fields.window_function), (BOUNDARY, fields.boundary), (AGGREGATIONS, fields.aggregation)

    def _function_field(self):
        """The field of the chosen window function, or None where it takes nothing. The dock shows one."""
        return next(iter(WINDOWS.entry(self.fields.window_function.currentData()).fields), None)

    def _geometry_parameters(self, kind):
        if kind == "polygons":
            layer = self.fields.polygons.currentLayer()
            return {"POLYGONS": layer.id()} if layer is not None else {}
        found = {"CHIP_SIZE": self._chip, "STRIDE": self._stride}
        wide = self._units.wide(self._chip), self._units.wide(self._stride)
        if wide[0] != self._chip:
            found["CHIP_WIDTH"] = wide[0]
        if wide[1] != self._stride:
            found["STRIDE_X"] = wide[1]
        if kind == "sphericalcap":
            found = {"GEOMETRY": kind, "RADIUS_KM": self._radius, "STRIDE": self._stride}
        return found

    def set_parameters(self, parameters):
        """Fill what is named."""
        with self.quiet():
            self._set_geometry(parameters)
            for axis, combo in self._choices():
                choose(combo, parameters.get(axis.parameter))
            for name in self._function_numbers.keys() & parameters.keys():
                self._function_numbers[name] = float(parameters[name])
            if "CUSTOM_WINDOW" in parameters:
                self.fields.function_text.setText(parameters["CUSTOM_WINDOW"])
            self._chip = int(parameters.get("CHIP_SIZE", self._chip))
            self._stride = int(parameters.get("STRIDE", self._stride))
            self._ratio = self._stride / self._chip
            self._show_sizes()
            self._show_fields()

    def _set_geometry(self, parameters):
        if "RADIUS_KM" in parameters:
            self.fields.radius.setValue(float(parameters["RADIUS_KM"]))
            self._radius = float(parameters["RADIUS_KM"])  # which the spin box shows rounded
        polygons = QgsProject.instance().mapLayer(parameters.get("POLYGONS") or "")
        if polygons is not None:
            self.fields.polygons.setLayer(polygons)
        kind = "polygons" if polygons is not None else parameters.get("GEOMETRY")
        if kind is None and "CHIP_SIZE" in parameters:
            kind = "rectangular"
        choose(self.fields.geometry, kind)

    def _radius_typed(self, value):
        self._radius = value
        self.changed.emit()

    def _size_typed(self, shown):
        self._chip = self._units.pixels(shown)
        self._stride = max(1, round(self._chip * self._ratio))
        self._sizes_changed()

    def _stride_typed(self, shown):
        self._stride = self._units.pixels(shown)
        self._ratio = self._stride / self._chip
        self._sizes_changed()

    def _overlap_moved(self, percent):
        self._ratio = 1 - percent / 100
        self._stride = max(1, round(self._chip * self._ratio))
        self._sizes_changed()

    def _sizes_changed(self):
        self._show_sizes(but=self.sender())
        self.changed.emit()

    def _show_sizes(self, but=None):
        overlap = round(100 * (1 - self._stride / self._chip))
        for widget, value in (
            (self.fields.chip_size, self._units.shown(self._chip)),
            (self.fields.stride, self._units.shown(self._stride)),
            (self.fields.overlap, max(0, overlap)),
        ):
            if widget is not but:
                widget.blockSignals(True)
                widget.setValue(value)
                widget.blockSignals(False)
        text = tr("gap") if self._stride > self._chip else tr("{percent} %").format(percent=overlap)
        self.fields.overlap_label.setText(text)

    def _show_units(self, *_):
        self._units = PixelUnits(self._layer, self.fields.units.currentData() == "map")
        for spin in (self.fields.chip_size, self.fields.stride):
            spin.blockSignals(True)
            spin.setDecimals(self._units.decimals)
            spin.setRange(*(limit * self._units.y for limit in SIZES))
            spin.setSingleStep(self._units.y)
            spin.setSuffix(self._units.suffix)
            spin.blockSignals(False)
        self._show_sizes()
        self.changed.emit()

    def _show_fields(self, *_):
        kind, field = self.geometry_kind(), self._function_field()
        rows = (
            (self.fields.size_row, kind == "rectangular"),
            (self.fields.stride, kind != "polygons"),
            (self.fields.overlap_row, kind == "rectangular"),
            (self.fields.radius, kind == "sphericalcap"),
            (self.fields.polygons, kind == "polygons"),
            (self.fields.boundary, kind == "rectangular"),
            (self.fields.function_number, field is not None and field.kind == "number"),
            (self.fields.function_text, field is not None and field.kind == "text"),
        )
        for widget, visible in rows:
            self.form.show_row(widget, visible)
        self._show_function_number(field)
        self.changed.emit()

    def _show_function_number(self, field):
        if field is None or field.kind != "number":
            return
        spin = self.fields.function_number
        spin.blockSignals(True)
        spin.setRange(field.low, field.most)
        spin.setSingleStep(field.step)
        spin.setValue(self._function_numbers[field.name])
        spin.setToolTip(tr(field.help))
        spin.blockSignals(False)
        self.form.label(spin).setText(tr(field.short))

    def _function_number_typed(self, value):
        self._function_numbers[self._function_field().name] = value
        self.changed.emit()
