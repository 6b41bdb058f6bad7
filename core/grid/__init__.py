"""Where pixels lie: domains and windows, CRS, ground control, extents, arrays with their grid, rows in memory.

In: transforms, points, features. Out: windows of pixels, and places in the world. Opens no file.
"""
