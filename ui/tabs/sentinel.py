"""The tab that finds and loads Sentinel-2 scenes, by the algorithms of the toolbox."""

from qgis.core import (
    NULL,
    QgsProcessing,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QTreeWidgetItem, QWidget

from ..panels.folding_group import group
from ..panels.native import NativePanel
from ..panels.sentinel_fields import SentinelFields
from ..pictures.footprints import Footprints
from ..runs.controller import RunController, algorithm_of
from ..runs.planning import in_words, known
from ..texts import tr

SEARCH, LOAD = "patchwise:searchsentinel2", "patchwise:loadsentinel2"
#: Names that a field of the footprint layer may have, by what it holds.
FIELD_NAMES = {
    "date": ("day", "date", "datetime"),
    "cloud": ("cloud", "cloud_cover", "eo:cloud_cover"),
    "tile": ("tile", "mgrs_tile", "s2:mgrs_tile"),
    "share": ("share",),
    "item": ("id", "item_id", "item"),
}


class SentinelTab(QWidget):
    """Searches for scenes, which it lists and outlines on the map, and loads one by ``patchwise:loadsentinel2``."""

    #: Emitted with the ``Run`` that loaded a scene, failed or was cancelled.
    ended = pyqtSignal(object)

    def __init__(self, canvas, parent=None):
        super().__init__(parent)
        self.fields = SentinelFields(self, canvas)
        self.footprints = Footprints(canvas)
        self.controller = RunController(self)
        self.more = NativePanel(algorithm_of(LOAD), canvas, others=("EXTENT", *self._own_parameters()))
        self.more.show_for()
        self.fields.body.insertWidget(1, group("sentinelMoreGroup", tr("More settings"), self.more, collapsed=True))
        self._connect()
        self.refresh()

    def parameters(self):
        """The parameters of both algorithms, before :meth:`chosen` narrows them."""
        return {**self._own_parameters(), **self.more.parameters(), **self.fields.extent.parameters()}

    def _own_parameters(self):
        """The values of the tab's own fields but for the extent, of which there may be none."""
        fields = self.fields
        return {
            "START_DATE": fields.start.date().toString(Qt.DateFormat.ISODate),
            "END_DATE": fields.end.date().toString(Qt.DateFormat.ISODate),
            "MAX_CLOUD": fields.cloud.value(),
            "BANDS": fields.bands.text().strip(),
            "UNITS": fields.units.currentData(),
            "MASK_CLOUDS": fields.mask.isChecked(),
        }

    def chosen(self):
        """The parameters that narrow the search to the chosen scene; {} where none is chosen."""
        items = self.fields.items.selectedItems()
        if not items:
            return {}
        date, tile = items[0].text(0), items[0].text(2)
        return {"START_DATE": date, "END_DATE": date, "MAX_CLOUD": 100.0, **({"TILE": tile} if tile else {})}

    def search(self):
        """Start a search for scenes."""
        parameters = {**self.parameters(), "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT}
        self._start(SEARCH, parameters)

    def load(self):
        """Start loading the chosen scene, or the clearest where none is chosen."""
        output = QgsProcessingOutputLayerDefinition(QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())
        self._start(LOAD, {**self.parameters(), **self.chosen(), "OUTPUT": output})

    def refresh(self):
        """Show which algorithms are missing, and enable the buttons that can be used now."""
        missing = [name for name in (SEARCH, LOAD) if algorithm_of(name) is None]
        text = ""
        if missing:
            text = tr("Sentinel-2 scenes need {names}, which this version of Patchwise does not have.")
            text = text.format(names=tr(" and ").join(missing))
        self._say_problem(text)
        running = self.controller.running()
        self.fields.search.setEnabled(SEARCH not in missing and not running)
        self.fields.load.setEnabled(LOAD not in missing and not running)
        self.fields.cancel.setEnabled(running)
        self.fields.progress.setVisible(running)

    def remove(self):
        """Stop what is under way and take the footprints off the map."""
        self.controller.stop()
        self.footprints.clear()

    def _start(self, name, parameters):
        algorithm = algorithm_of(name)
        if algorithm is None:
            self.refresh()
            return
        self.fields.progress.setValue(0)
        problem = self.controller.start(algorithm, known(algorithm, parameters))
        self.refresh()
        self._say_problem(in_words(algorithm, problem)[1])

    def _run_ended(self, run):
        self.refresh()
        if run.algorithm.id() == LOAD:
            self.ended.emit(run)
        elif run.ok:
            self._show_items(run)
        elif not run.cancelled:
            self._say_problem(run.error)

    def _show_items(self, run):
        layer = QgsProcessingUtils.mapLayerFromString(str(run.results.get("OUTPUT", "")), run.context)
        features = list(layer.getFeatures()) if layer is not None else []
        self.fields.items.clear()
        for feature in features:
            values = values_of(feature)
            shown = (values["date"][:10], percent(values["cloud"]), values["tile"], percent(values["share"], 0))
            self.fields.items.addTopLevelItem(QTreeWidgetItem([*shown, values["item"]]))
        if layer is not None:
            self.footprints.show([feature.geometry() for feature in features], layer.crs())
        self.fields.note.setText(found_text(len(features), run.feedback.warnings))
        self._chosen_changed()

    def _chosen_changed(self):
        items = self.fields.items.selectedItems()
        self.footprints.highlight(self.fields.items.indexOfTopLevelItem(items[0]) if items else -1)
        self.fields.load.setText(tr("L&oad the chosen scene") if items else tr("L&oad the clearest scene"))

    def _say_problem(self, text):
        self.fields.problem.say(problem=text)

    def _connect(self):
        fields = self.fields
        fields.search.clicked.connect(self.search)
        fields.load.clicked.connect(self.load)
        fields.cancel.clicked.connect(self.controller.cancel)
        fields.items.itemSelectionChanged.connect(self._chosen_changed)
        self.controller.started.connect(self.refresh)
        self.controller.progressed.connect(lambda percent: fields.progress.setValue(round(10 * percent)))
        self.controller.ended.connect(self._run_ended)
        self._chosen_changed()


def values_of(feature):
    """Date, cloud, tile, share and item of a footprint as texts; "" for what is not there."""
    names = feature.fields().names()
    found = {}
    for what, candidates in FIELD_NAMES.items():
        name = next((candidate for candidate in candidates if candidate in names), None)
        value = feature[name] if name else None
        if isinstance(value, (QDate, QDateTime)):
            value = value.toString(Qt.DateFormat.ISODate)
        found[what] = "" if value is None or value == NULL else str(value)
    return found


def percent(text, decimals=1):
    """A number as percent; "" for ""."""
    return f"{float(text):.{decimals}f} %" if text else ""


def found_text(count, warnings):
    """How many scenes were found; where none was, the last warning of the search."""
    if count == 0:
        return warnings[-1] if warnings else tr("No scene: allow more cloud, or other dates.")
    return tr("One scene.") if count == 1 else tr("{count} scenes.").format(count=count)
