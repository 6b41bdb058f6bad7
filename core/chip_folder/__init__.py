"""Folders of chips: their manifest and files, and splitting, applying and stitching over them, each in the one loop.

In: a raster source, or a folder. Out: a folder, or a stitched raster.
"""
