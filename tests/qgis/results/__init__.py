"""Tests of qgis/results."""
