"""Layers of QGIS as the core sees them: their grid, settings, pixels, points, polygons and labels."""
