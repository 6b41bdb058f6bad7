"""The dock: its tabs, and what it has to do with the project, the message bar and the layer tree."""

from qgis.core import Qgis, QgsProject
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtWidgets import QTabWidget

from ..core.base.errors import PatchwiseError
from . import settings
from .kept import check_parameters
from .messages import say, say_done, say_failed
from .runs.menu import fill_menu
from .runs.result_layers import add_layers
from .runs.reuse import ReuseAction, bands_of, has_settings, parameters_of, read_config, source_of
from .tabs.sentinel import SentinelTab
from .tabs.sliding_window import SlidingWindowTab
from .texts import tr


class PatchwiseDock(QgsDockWidget):
    """The dock ``PatchwiseDock``. ``interface`` is QGIS's ``iface``. Call :meth:`shut` before it is removed."""

    def __init__(self, interface, parent=None):
        super().__init__(tr("Patchwise"), parent or interface.mainWindow())
        self.setObjectName("PatchwiseDock")
        self._interface = interface
        self.tab = SlidingWindowTab(interface.mapCanvas())
        self.sentinel = SentinelTab(interface.mapCanvas())
        self.tabs = QTabWidget()
        self.tabs.setObjectName("tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.tab, tr("Sliding window"))
        self.tabs.addTab(self.sentinel, tr("Load Sentinel-2"))
        self.setWidget(self.tabs)
        fill_menu(self.tab.bar.menu, self._planned_and_path, self.save_defaults, self.use_defaults)
        self.reuse_action = ReuseAction(interface, self)
        self._first_state = self.state()
        self._connect()
        self._project_read()

    @staticmethod
    def was_open():
        """Whether the dock was open when its state was last stored."""
        return settings.was_open()

    def state(self):
        """The choices that a project or the user's defaults keep, as values for JSON."""
        parameters = self.tab.parameters()
        layer = parameters.pop("INPUT", "")
        parameters.pop("EXTENT", None)
        return {
            "parameters": parameters,
            "input": layer,
            "units": self.tab.patching.units(),
            "grid": self.tab.chips.grid_check.isChecked(),
        }

    def set_state(self, state):
        """Fill in kept choices. Where their layer is not in the project, the chosen one stays."""
        self.tab.patching.set_units(state.get("units"))
        self.tab.chips.grid_check.setChecked(bool(state.get("grid", True)))
        self.tab.set_parameters({**state.get("parameters", {}), "INPUT": state.get("input")})

    def save_defaults(self):
        """Save the current choices as the user's defaults, without layer and bands."""
        state = self.state()
        state.pop("input")
        state["parameters"].pop("BANDS", None)
        settings.save_defaults(state)

    def use_defaults(self):
        """Fill in the user's defaults, or Patchwise's where there are none."""
        self.set_state(settings.defaults() or self._first_state)

    def use_settings_of(self, layer):
        """Fill in the settings that a layer was made with, and its extent; True where that is done.

        Where it cannot be done, the message bar says why.
        """
        try:
            config = read_config(layer)
            if config is None:
                self._say_nothing_there(layer)
                return False
            source = source_of(config) or self.tab.source.layer()
            bands = bands_of(config, source.bandCount() if source is not None else 0)
            parameters = {**parameters_of(config), "INPUT": source.id() if source is not None else "", "BANDS": bands}
            check_parameters(parameters)
        except PatchwiseError as error:
            self._say_unusable(tr("The layer's settings cannot be used: {reason}"), error)
            return False
        self.tab.patching.set_units("pixels")
        self.tab.set_parameters(parameters)
        self.tab.source.set_extent(layer.extent(), layer.crs())
        self.tabs.setCurrentWidget(self.tab)
        self.setUserVisible(True)
        return True

    def shut(self):
        """Stop runs, disconnect from the project and take everything off the map, before the plugin is unloaded."""
        self.visibilityChanged.disconnect(self._visibility_changed)
        project = QgsProject.instance()
        project.readProject.disconnect(self._project_read)
        project.writeProject.disconnect(self._project_written)
        project.cleared.disconnect(self._project_cleared)
        self.tab.remove()
        self.sentinel.remove()
        self.reuse_action.remove()

    def _connect(self):
        project = QgsProject.instance()
        project.readProject.connect(self._project_read)
        project.writeProject.connect(self._project_written)
        project.cleared.connect(self._project_cleared)
        self.visibilityChanged.connect(self._visibility_changed)
        self.tab.ended.connect(self._ended)
        self.sentinel.ended.connect(self._loaded)
        self.reuse_action.asked.connect(self.use_settings_of)
        self.tab.source.reuse_button.clicked.connect(lambda: self.use_settings_of(self.tab.source.layer()))
        self.tab.source.layer_combo.layerChanged.connect(self._offer_settings)
        self._offer_settings(self.tab.source.layer())

    def _say_unusable(self, text, error):
        say(self._interface.messageBar(), text.format(reason=str(error)), Qgis.MessageLevel.Warning)

    def _say_nothing_there(self, layer):
        if layer is not None:
            text = tr("{name} has no settings that could be used: it is no result of Patchwise's sliding window.")
            say(self._interface.messageBar(), text.format(name=layer.name()))

    def _visibility_changed(self, *_):
        # A dock behind another in a stack of tabs is not hidden: its grid stays on the map.
        self.tab.set_asleep(self.isHidden())
        settings.save_open(not self.isHidden())

    def _offer_settings(self, layer):
        self.tab.source.reuse_button.setVisible(has_settings(layer))

    def _planned_and_path(self):
        return self.tab.planned(), self.tab.path()

    def _ended(self, run):
        bar, main_window = self._interface.messageBar(), self._interface.mainWindow()
        layer = add_layers(run) if run.ok else None
        if run.ok:
            say_done(bar, run, main_window)
        elif run.cancelled:
            say(bar, tr("The run was cancelled: nothing was written."))
        else:
            say_failed(bar, run, main_window)
        return layer

    def _loaded(self, run):
        layer = self._ended(run)
        if layer is not None:
            self.tab.source.set_layer(layer)
            self.tabs.setCurrentWidget(self.tab)

    def _project_read(self, *_):
        try:
            state = settings.from_project()
        except PatchwiseError as error:
            self._say_unusable(tr("The project's Patchwise settings cannot be used: {reason}"), error)
            state = None
        state = state or settings.defaults()
        if state:
            self.set_state(state)

    def _project_written(self, *_):
        settings.save_to_project(self.state())

    def _project_cleared(self):
        self.tab.controller.cancel()
        self.sentinel.controller.cancel()
        self.sentinel.footprints.clear()
        self.set_state(settings.defaults() or self._first_state)
