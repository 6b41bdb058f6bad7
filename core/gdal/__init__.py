"""What concerns GDAL itself, by way of rasterio: its environment and cache, its drivers, masks of shapes.

In: paths and shapes. Out: an environment to work in, the drivers that may open a path, GDAL's messages, masks.
"""
