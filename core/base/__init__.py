"""What every room stands on: errors, configurations, documents, checks, trust. Knows no raster and no array of pixels.

In: plain values and texts of others. Out: values that are checked, and the one tree of errors.
"""
