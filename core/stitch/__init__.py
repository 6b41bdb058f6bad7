"""Stitching of overlapping chips: running means, sums, extremes, votes, all contributions.

In: chips in (row, col) order with their weights. Out: finished rows.
"""
