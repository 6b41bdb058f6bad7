"""The algorithm's other parameters, each with QGIS's own widget."""

from qgis.core import (
    Qgis,
    QgsProcessingDestinationParameter,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorLayer,
    QgsProject,
)
from qgis.gui import QgsGui, QgsProcessingContextGenerator, QgsProcessingGui, QgsProcessingParameterWidgetContext

from ...core.operators.choices import OPERATORS
from ..runs.controller import make_context
from .panel import Form, Panel

#: Parameters that the source applies where the operator does not.
SCALING = ("SCALE", "OFFSET")
#: By parameter, the operators that use it; ``layer`` stands for layers of other providers than GDAL. What is missing
#: here is for all.
USED_BY = {
    **{name: OPERATORS.uses(name) for name in (field.name for field in OPERATORS.fields) if name not in SCALING},
    "RESOLUTION": ("layer",),
}


#: Parameters whose widgets open what is filled in.
_OPENING = (
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorLayer,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterFeatureSource,
)


class _Contexts(QgsProcessingContextGenerator):
    """Gives the widgets a context on the open project."""

    def __init__(self):
        super().__init__()
        self._context = make_context()

    def processingContext(self):
        """The context."""
        return self._context


class NativePanel(Panel):
    """A row for each parameter of ``algorithm`` but outputs and ``others``; with ``only``, for these alone."""

    def __init__(self, algorithm, canvas, others=(), only=None, parent=None):
        super().__init__(parent)
        self._algorithm = algorithm  # the widgets refer to its definitions without owning them
        self._contexts = _Contexts()
        self._wrappers, self._widgets, self._held, self._exact = {}, {}, {}, {}
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
        wrapper.widgetValueHasChanged.connect(lambda *_: self._chosen(definition.name()))
        self._wrappers[definition.name()], self._widgets[definition.name()] = wrapper, widget

    def show_for(self, *uses):
        """Show the parameters that any of ``uses`` (values of ``USED_BY``) takes; all where ``uses`` is empty."""
        for name, widget in self._widgets.items():
            self.form.show_row(widget, not uses or bool({*uses} & {*USED_BY.get(name, uses)}))

    def parameters(self):
        """The values that are shown and are not the defaults, and the sources that are held back."""
        found = {}
        for name, wrapper in self._wrappers.items():
            value = self._exact.get(name, wrapper.parameterValue())
            if self._widgets[name].isVisibleTo(self) and not _same(value, wrapper.parameterDefinition().defaultValue()):
                found[name] = value
        return {**found, **{name: self._with_held(name, found.get(name)) for name in self._held}}

    def held(self):
        """``{parameter: sources}`` that :meth:`set_parameters` holds back until :meth:`accept`."""
        return {name: list(sources.values()) for name, sources in self._held.items()}

    def accept(self):
        """Fill in the sources that were held back, after the user has agreed to them."""
        whole = {name: self._with_held(name, self._wrappers[name].parameterValue()) for name in self._held}
        self._held = {}
        with self.quiet():
            for name, sources in whole.items():
                self._fill(name, sources)

    def _with_held(self, name, shown):
        """The sources of a parameter in the order in which they were filled in: bands are counted through them."""
        sources = _listed(shown)
        for position, source in self._held[name].items():
            sources.insert(position, source)
        return sources

    def set_parameters(self, parameters):
        """Fill in the values that are named, and defaults for the rest and for values that a parameter does not accept.

        QGIS's widgets open a source as soon as it is filled in. So sources that are no layers of the project are held
        back, until :meth:`accept` or until the user chooses others.
        """
        context = self._contexts.processingContext()
        with self.quiet():
            self._held = {}
            for name, wrapper in self._wrappers.items():
                definition = wrapper.parameterDefinition()
                value = parameters.get(name, definition.defaultValue())
                if isinstance(definition, _OPENING):
                    known = _open_in_project()
                    held = {place: source for place, source in enumerate(_listed(value)) if source not in known}
                    value = [source for source in _listed(value) if source in known]
                    if held:
                        self._held[name] = held
                # Not for sources: to find out whether one is acceptable, QGIS opens it.
                elif not definition.checkValueIsAcceptable(value, context):
                    value = definition.defaultValue()
                self._fill(name, value)

    def _fill(self, name, value):
        """Put a value into a widget. The signal that follows does not count as a choice of the user."""
        held, wrapper = dict(self._held), self._wrappers[name]
        wrapper.setParameterValue(value, self._contexts.processingContext())
        self._held = held
        number = isinstance(wrapper.parameterDefinition(), QgsProcessingParameterNumber)
        exact = number and type(value) in (int, float) and wrapper.parameterValue() != value
        self._keep(name, value if exact else None)

    def _keep(self, name, value):
        """Keep a number that its spin box rounds or cannot hold, and show it beside its name; None removes it."""
        self._exact.pop(name, None)
        text = self._wrappers[name].parameterDefinition().description()
        if value is not None:
            self._exact[name] = value
            text = f"{text}: {value:.15g}"
        self.form.label(self._widgets[name]).setText(text)

    def _chosen(self, name):
        self._held.pop(name, None)  # replaced by the user's own choice
        self._keep(name, None)
        self.changed.emit()


def _open_in_project():
    """Ids and sources of the project's layers: QGIS's widgets give either for a layer that is chosen."""
    layers = QgsProject.instance().mapLayers()
    return {*layers, *(layer.source() for layer in layers.values())}


def _listed(value):
    """The sources of a value: a list of texts, or one."""
    return [one for one in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(one, str) and one]


def _same(value, default):
    return value == default or (value in (None, "", []) and default in (None, "", []))
