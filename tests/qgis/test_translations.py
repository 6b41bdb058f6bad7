"""The German translation: nearly all texts are in it, none has lost a placeholder, and QGIS shows it."""

import importlib.util
import re
import xml.etree.ElementTree as ElementTree

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

from ..conftest import ROOT
from .desktop import desktop  # noqa: F401


def collected():
    """``(context, text)`` of the code, by the tool that collects them."""
    spec = importlib.util.spec_from_file_location("translations", ROOT / "tools" / "translations.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool.texts()


def translated():
    """``{(context, text): translation}`` of what is finished."""
    found = {}
    for context in ElementTree.parse(ROOT / "i18n" / "patchwise_de.ts").iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            if translation.get("type") is None and translation.text:
                found[context.findtext("name"), message.findtext("source")] = translation.text
    return found


@pytest.fixture()
def german(qgis_app):
    translator = QTranslator()
    assert translator.load("patchwise_de", str(ROOT / "i18n"))
    QCoreApplication.installTranslator(translator)
    yield translator
    QCoreApplication.removeTranslator(translator)


def test_nearly_all_texts_are_translated():
    texts, known = collected(), translated()
    missing = [text for text in texts if text not in known]
    assert len(texts) > 400
    assert len(missing) < 0.03 * len(texts), f"run make translations, and translate: {missing}"


def test_placeholders_and_keys_are_kept():
    for (_, text), translation in translated().items():
        for pattern in (r"\{\w+\}", r"&\w"):
            wanted, found = re.findall(pattern, text), re.findall(pattern, translation)
            assert len(wanted) == len(found) and (pattern == r"&\w" or set(wanted) == set(found)), text
        assert text.strip() != text or translation.strip() == translation, text


def test_the_compiled_file_says_the_same(german):
    for (context, text), translation in translated().items():
        assert german.translate(context, text) == translation


def test_no_letter_under_the_alt_key_is_given_twice_in_german(german, desktop, provider):  # noqa: F811
    from patchwise.ui.dock import PatchwiseDock

    from .ui.test_dock import shown_texts

    dock = PatchwiseDock(desktop)
    try:
        letters = [
            text[text.index("&") + 1].lower() for text in (*shown_texts(dock), dock.tab.chips.pick_button.text())
        ]
        assert len(letters) == len(set(letters)), sorted(letters)
    finally:
        dock.shut()


def test_dock_and_algorithms_speak_german(german, desktop, provider):  # noqa: F811
    from patchwise.ui.dock import PatchwiseDock

    dock = PatchwiseDock(desktop)
    try:
        assert dock.tabs.tabText(0) == "Gleitendes Fenster" and dock.tab.bar.run_button.text() == "Ausführen"
        algorithm = provider.algorithm("slidingwindow").create()
        assert algorithm.displayName() == "Gleitendes Fenster"
        assert algorithm.parameterDefinition("CHIP_SIZE").description() == "Chipgröße (Pixel)"
        assert "Raster" in algorithm.shortHelpString() and "Cuts" not in algorithm.shortHelpString()
        assert [option for option in algorithm.parameterDefinition("WINDOW").options()][1] == "hann"
    finally:
        dock.shut()


def test_the_plugin_loads_the_language_of_qgis(desktop):  # noqa: F811
    from patchwise import classFactory

    before = QgsSettings().value("locale/userLocale")
    QgsSettings().setValue("locale/userLocale", "de_AT")
    plugin = classFactory(desktop)
    plugin.initGui()
    try:
        assert plugin.dock.tabs.tabText(1) == "Sentinel-2 laden"
    finally:
        plugin.unload()
        QgsSettings().setValue("locale/userLocale", before)
    assert QCoreApplication.translate("Patchwise", "Run") == "Run"
