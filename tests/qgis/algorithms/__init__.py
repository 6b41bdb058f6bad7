"""Tests of qgis/algorithms."""
