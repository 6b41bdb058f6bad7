"""The plugin object: registers the Processing provider, in the desktop and in ``qgis_process``, and the dock."""

from pathlib import Path

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, Qt, QTranslator
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

ROOT = Path(__file__).resolve().parent
SHORTCUT = "Ctrl+Alt+W"


class PatchwisePlugin:
    """What QGIS loads; ``interface`` is None in ``qgis_process``."""

    def __init__(self, interface):
        self.interface = interface
        self.provider = self.dock = self.action = self._translator = None

    def initProcessing(self):
        """Called by ``qgis_process``, and by :meth:`initGui`."""
        from .processing_provider.provider import PatchwiseProvider

        self._translate()
        self.provider = PatchwiseProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self):
        """Called by the desktop."""
        from .processing_provider import trust
        from .ui.confirmation import asker
        from .ui.dock import PatchwiseDock

        self.initProcessing()
        trust.register(asker(self.interface.mainWindow()))
        self.dock = PatchwiseDock(self.interface)
        opened = self.dock.was_open()
        self.interface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.setVisible(opened)  # QGIS shows whatever is added
        self._add_action()

    def unload(self):
        """Take back everything that was registered, in the reverse order: a run is stopped before its provider goes."""
        if self.dock is not None:
            from .processing_provider import trust

            trust.register(None)
            self.dock.shut()
            self._remove_action()
            self.interface.removeDockWidget(self.dock)
            self.dock.setParent(None)
            self.dock.deleteLater()
            self.dock = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None

    def _add_action(self):
        text = QCoreApplication.translate("Patchwise", "Patchwise")
        self.action = QAction(QIcon(str(ROOT / "icons" / "patchwise.svg")), text, self.interface.mainWindow())
        self.action.setObjectName("patchwiseAction")
        self.action.setToolTip(QCoreApplication.translate("Patchwise", "Patchwise: run a sliding window over a raster"))
        self.dock.setToggleVisibilityAction(self.action)
        self.interface.rasterMenu().addAction(self.action)
        self.interface.addToolBarIcon(self.action)
        self.interface.registerMainWindowAction(self.action, SHORTCUT)

    def _remove_action(self):
        self.interface.unregisterMainWindowAction(self.action)
        self.interface.removeToolBarIcon(self.action)
        self.interface.rasterMenu().removeAction(self.action)
        self.action.deleteLater()
        self.action = None

    def _translate(self):
        """Load the translation into QGIS's language, where there is one."""
        # QGIS writes the language that it has started in there, for plugins to find.
        language = QgsSettings().value("locale/userLocale", "") or QgsApplication.instance().locale()
        translator = QTranslator()
        if translator.load(f"patchwise_{language}", str(ROOT / "i18n")):
            self._translator = translator
            QCoreApplication.installTranslator(translator)
