"""What all rooms use: errors, configurations, documents, checks, trust, progress. Nothing here is about rasters.

In: plain values, and texts from outside. Out: checked values, and the tree of errors.
"""
