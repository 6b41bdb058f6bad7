"""Files in, files out: the only room that opens and writes rasters.

In: a path, and how it is to be seen. Out: windows of values with NaN where unknown; files and stores that take their
names when they are complete.
"""
