"""The widgets that say how chips are cut and blended, made and laid out; what they do is in ``patching.py``."""

from qgis.core import QgsMapLayerProxyModel
from qgis.gui import QgsDoubleSpinBox
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from ...core.axes.geometry import BOUNDARY
from ...core.axes.window import WINDOWS
from ...core.plan.geometries import GEOMETRIES
from ...core.stitch.aggregations import AGGREGATIONS
from ..kept import RADII, SIZES
from ..texts import tr
from .panel import Form, choice, formula_edit, layer_choice, words


class PatchingFields:
    """The widgets, and the form that they are laid out in."""

    def __init__(self, parent):
        self.geometry = geometry_choice()
        self.units = choice(
            "unitsCombo",
            (("pixels", tr("Pixels")), ("map", tr("Map units"))),
            tr("Whether chip size and stride are in pixels or in the units of the raster's map."),
        )
        self.chip_size = size_spin("chipSizeSpin", tr("Height and width of a chip. The operator sees one at a time."))
        self.stride = size_spin(
            "strideSpin", tr("Distance from one chip to the next. Below the chip size chips overlap and are blended.")
        )
        self.overlap, self.overlap_label = overlap_slider(), QLabel()
        self.radius = radius_spin()
        self.polygons = polygons_combo()
        self.window_function = window_function_choice()
        self.function_number = function_number_spin()
        self.function_text = function_text_edit()
        self.boundary = boundary_choice()
        self.aggregation = aggregation_choice()
        self._lay_out(parent)

    def _lay_out(self, parent):
        self.form = form = Form(parent)
        self.size_row = beside(self.chip_size, self.units)
        self.overlap_row = beside(self.overlap, self.overlap_label)
        self.overlap_label.setMinimumWidth(self.overlap_label.fontMetrics().horizontalAdvance("100 %"))
        self.overlap_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        form.add(tr("G&eometry"), self.geometry)
        form.add(tr("Pol&ygons"), self.polygons)
        form.add(tr("Rad&ius"), self.radius)
        form.add(tr("&Chip size"), self.size_row, self.chip_size)
        form.add(tr("&Stride"), self.stride)
        form.add(tr("O&verlap"), self.overlap_row, self.overlap)
        form.add(tr("&Window"), self.window_function)
        form.add(tr("&Taper"), self.function_number)  # until a window function says what its number is called
        form.add(tr("Wei&ghts"), self.function_text)
        form.add(tr("&At the edge"), self.boundary)
        form.add(tr("&Merge by"), self.aggregation)


def beside(*widgets, even=False):
    """A widget that holds others in a row; the first takes the room, unless all are to be ``even``."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    for place, widget in enumerate(widgets):
        row.addWidget(widget, 0 if place and not even else 1)
    return holder


def geometry_choice():
    """``geometryCombo``, also with polygons, which have an algorithm of their own."""
    options = [(entry.name, tr(entry.label)) for entry in GEOMETRIES.entries]
    return choice("geometryCombo", options, tr("The shape of a chip."))


def window_function_choice():
    """``windowCombo``."""
    return words("windowCombo", WINDOWS, tr("How much each pixel of a chip counts where chips overlap."))


def boundary_choice():
    """``boundaryCombo``."""
    return words("boundaryCombo", BOUNDARY, tr("What happens at the raster's edge. Shift leaves nothing uncovered."))


def aggregation_choice():
    """``aggregationCombo``."""
    return words("aggregationCombo", AGGREGATIONS, tr("How overlapping chips become one value."))


def size_spin(name, tip):
    """A spin box for a size, in pixels until the units change."""
    spin = QgsDoubleSpinBox()
    spin.setObjectName(name)
    spin.setDecimals(0)
    spin.setRange(*SIZES)
    spin.setShowClearButton(False)
    spin.setToolTip(tip)
    spin.setMinimumWidth(spin.fontMetrics().horizontalAdvance("00000 px") + 40)
    return spin


def overlap_slider():
    """``overlapSlider``, in percent of the chip size."""
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setObjectName("overlapSlider")
    slider.setRange(0, 95)
    slider.setSingleStep(1)
    slider.setPageStep(5)
    slider.setToolTip(tr("Overlap of neighbouring chips in percent of the chip size. It sets the stride."))
    return slider


def radius_spin():
    """``radiusSpin``: the radius of a spherical cap in km."""
    spin = size_spin("radiusSpin", tr("Radius of the cap on the sphere."))
    spin.setDecimals(3)
    spin.setRange(*RADII)
    spin.setValue(10)
    spin.setSuffix(tr(" km"))
    return spin


def polygons_combo():
    """``polygonsCombo``: the layer whose polygons are the chips."""
    polygons = QgsMapLayerProxyModel.Filter.PolygonLayer
    return layer_choice("polygonsCombo", polygons, tr("Each polygon of this layer is one chip."))


def function_number_spin():
    """``windowParamSpin``: the number that the chosen window function takes."""
    spin = size_spin("windowParamSpin", tr("What the window takes besides its kind."))
    spin.setDecimals(2)
    return spin


def function_text_edit():
    """``customWindowEdit``: the expression of a custom window function."""
    tip = tr("Weights as an expression in x and y (-1 to 1 from edge to edge) and r = sqrt(x*x + y*y).")
    return formula_edit("customWindowEdit", "exp(-3*r**2)", tip)
