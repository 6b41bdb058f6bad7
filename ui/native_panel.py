"""The algorithm's other parameters, each with QGIS's own widget."""

from qgis.core import Qgis, QgsProcessingDestinationParameter, QgsProject
from qgis.gui import QgsGui, QgsProcessingContextGenerator, QgsProcessingGui, QgsProcessingParameterWidgetContext

from .panel import Form, Panel
from .run_controller import make_context

#: Parameters that only some operators look at (``layer``: or that only layers of other providers than GDAL need); what
#: is not named here is for all.
USED_BY = {
    "BAND_ROLES": ("index", "classify"),
    "SEVERITY": ("index",),
    "NORMALIZE": ("onnx",),
    "MEAN": ("onnx",),
    "STD": ("onnx",),
    "ACTIVATION": ("onnx",),
    "FILL": ("onnx",),
    "PROVIDER": ("onnx",),
    "RESOLUTION": ("layer",),
}


class _Contexts(QgsProcessingContextGenerator):
    """Gives the widgets a context on the open project."""

    def __init__(self):
        super().__init__()
        self._context = make_context()

    def processingContext(self):
        """The context."""
        return self._context


class NativePanel(Panel):
    """One row for each parameter of ``algorithm`` that is not in ``others``, and is no output; or for ``only`` some."""

    def __init__(self, algorithm, canvas, others=(), only=None, parent=None):
        super().__init__(parent)
        self._algorithm = algorithm  # the widgets refer to its definitions without owning them
        self._contexts = _Contexts()
        self._wrappers, self._widgets = {}, {}
        surroundings = QgsProcessingParameterWidgetContext()
        surroundings.setProject(QgsProject.instance())
        surroundings.setMapCanvas(canvas)
        self._surroundings = surroundings
        self.form = Form(self)
        self.form.setColumnStretch(0, 1)
        for definition in algorithm.parameterDefinitions() if algorithm is not None else ():
            name, output = definition.name(), isinstance(definition, QgsProcessingDestinationParameter)
            if not output and name not in others and (only is None or name in only):
                self._add(definition)

    def _add(self, definition):
        registry = QgsGui.processingGuiRegistry()
        # QGIS 4 has moved the enumeration.
        modes = Qgis.ProcessingMode if hasattr(Qgis, "ProcessingMode") else QgsProcessingGui.WidgetType
        wrapper = registry.createParameterWidgetWrapper(definition, modes.Standard)
        wrapper.setWidgetContext(self._surroundings)
        wrapper.registerProcessingContextGenerator(self._contexts)
        widget = wrapper.createWrappedWidget(self._contexts.processingContext())
        widget.setObjectName(definition.name())
        widget.setToolTip(definition.help())
        self.form.add(definition.description(), widget)
        self.form.label(widget).setWordWrap(True)
        wrapper.widgetValueHasChanged.connect(self.changed)
        self._wrappers[definition.name()], self._widgets[definition.name()] = wrapper, widget

    def show_for(self, *uses):
        """Show the parameters that any of ``uses`` (of ``USED_BY``) looks at; without any, all."""
        for name, widget in self._widgets.items():
            self.form.show_row(widget, not uses or bool({*uses} & {*USED_BY.get(name, uses)}))

    def parameters(self):
        """The values that are shown and are not the defaults."""
        found = {}
        for name, wrapper in self._wrappers.items():
            value = wrapper.parameterValue()
            if self._widgets[name].isVisibleTo(self) and not _same(value, wrapper.parameterDefinition().defaultValue()):
                found[name] = value
        return found

    def set_parameters(self, parameters):
        """Fill what is named, and give the rest its default, also where a value is none of the parameter's."""
        context = self._contexts.processingContext()
        with self.quiet():
            for name, wrapper in self._wrappers.items():
                definition = wrapper.parameterDefinition()
                value = parameters.get(name, definition.defaultValue())
                good = definition.checkValueIsAcceptable(value, context)
                wrapper.setParameterValue(value if good else definition.defaultValue(), context)


def _same(value, default):
    return value == default or (value in (None, "", []) and default in (None, "", []))
