"""Tests of qgis/ui."""
