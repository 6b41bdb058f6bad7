"""An operator on polygons, and statistics of what it gives.

In: a raster source, which stays open, and polygons. Out: statistics by polygon, and on request a stitched raster.
"""
