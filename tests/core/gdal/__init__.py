"""Tests of core/gdal."""
