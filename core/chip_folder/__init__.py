"""Folders of chips: their manifest and files, and splitting, applying and stitching, each by a run over its chips.

In: a raster source, which stays open, or a folder. Out: a folder, or a stitched raster.
"""
