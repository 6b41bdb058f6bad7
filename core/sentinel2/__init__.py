"""Sentinel-2 from a STAC API: search, choice of items, signatures, and their pixels as a source of the loop.

In: a box, dates and bands. Out: a scene that the loop reads over the network.
"""
