"""Translated texts; one context for the whole plugin, as in the algorithms."""

from qgis.PyQt.QtCore import QCoreApplication


def tr(text):
    """The text in the user's language."""
    return QCoreApplication.translate("Patchwise", text)
