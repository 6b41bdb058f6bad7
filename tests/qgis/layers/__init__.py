"""Tests of qgis/layers."""
