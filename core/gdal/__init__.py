"""All that knows GDAL as such: its environment and cache, its drivers, masks of shapes. By rasterio.

In: paths and shapes. Out: an environment to work in, which driver may open what, and what GDAL says.
"""
