"""The widgets of the Sentinel-2 tab, made and laid out; what they do is in ``tabs/sentinel.py``."""

from qgis.core import QgsApplication
from qgis.gui import QgsDoubleSpinBox, QgsFilterLineEdit
from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDateEdit,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QVBoxLayout,
    QWidget,
)

from ..texts import tr
from .map_extent import MapExtent
from .panel import Form, choice
from .patching_fields import beside
from .problem_label import ProblemLabel

#: Days back from today that are searched at first: nearly everywhere one of them is clear.
DAYS = 60


class SentinelFields:
    """The widgets, laid out in ``parent``."""

    def __init__(self, parent, canvas):
        self.extent = MapExtent(
            "sentinelExtentWidget", canvas, tr("The box to look in: the map's, a layer's, or drawn.")
        )
        self.start = _date("startDate", QDate.currentDate().addDays(-DAYS), tr("First day."))
        self.end = _date("endDate", QDate.currentDate(), tr("Last day."))
        self.cloud = QgsDoubleSpinBox()
        self.cloud.setObjectName("cloudSpin")
        self.cloud.setRange(0, 100)
        self.cloud.setDecimals(0)
        self.cloud.setValue(5)
        self.cloud.setClearValue(5)
        self.cloud.setSuffix(tr(" %"))
        self.cloud.setToolTip(tr("Scenes with more clouds are left out."))
        self.bands = QgsFilterLineEdit()
        self.bands.setObjectName("sentinelBandsEdit")
        self.bands.setText("B02,B03,B04,B08")
        self.bands.setToolTip(tr("Names of the bands to load, separated by commas."))
        self.units = choice(
            "sentinelUnitsCombo",
            (("dn", tr("Stored numbers")), ("reflectance", tr("Reflectance"))),
            tr("Reflectance takes the offset of the scene's processing baseline into account."),
        )
        self.mask = QCheckBox(tr("Mask clouds and their shadows"))
        self.mask.setObjectName("maskCloudsCheck")
        self.search = QPushButton(QgsApplication.getThemeIcon("/search.svg"), tr("&Search"))
        self.search.setObjectName("searchButton")
        self.items = self._make_items()
        self.note = QLabel()
        self.note.setObjectName("sentinelNote")
        self.note.setWordWrap(True)
        self.problem = ProblemLabel("sentinelProblem")
        self.load = QPushButton(QgsApplication.getThemeIcon("/mActionAddRasterLayer.svg"), tr("L&oad"))
        self.load.setObjectName("loadButton")
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setObjectName("sentinelCancelButton")
        self.cancel.setEnabled(False)
        self.progress = QProgressBar()
        self.progress.setObjectName("sentinelProgressBar")
        self.progress.setRange(0, 1000)
        self.progress.hide()
        self._lay_out(parent)

    def _make_items(self):
        tree = QTreeWidget()
        tree.setObjectName("itemsTree")
        tree.setAccessibleName(tr("Scenes found"))
        tree.setRootIsDecorated(False)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.setHeaderLabels([tr("Date"), tr("Cloud"), tr("Tile"), tr("Covers"), tr("Item")])
        tree.setMinimumHeight(120)
        tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        return tree

    def _lay_out(self, parent):
        query = QWidget()
        self.form = form = Form(query)
        form.add(tr("E&xtent"), self.extent.widget)
        form.add(tr("&Dates"), beside(self.start, self.end, even=True), self.start)
        form.add(tr("Most &cloud"), self.cloud)
        form.add(tr("&Bands"), self.bands)
        form.add(tr("&Values"), self.units)
        form.add_wide(self.mask)
        self.body = QVBoxLayout(parent)
        self.body.setContentsMargins(6, 6, 6, 6)
        self.body.addWidget(query)
        self.body.addWidget(self.search)
        self.body.addWidget(self.items, 1)
        for widget in (self.note, self.problem, self.progress):
            self.body.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.addWidget(self.load, 2)
        buttons.addWidget(self.cancel, 1)
        self.body.addLayout(buttons)


def _date(name, value, tip):
    edit = QDateEdit(value)
    edit.setObjectName(name)
    edit.setCalendarPopup(True)
    edit.setDisplayFormat("yyyy-MM-dd")
    edit.setToolTip(tip)
    edit.setAlignment(Qt.AlignmentFlag.AlignLeft)
    return edit
