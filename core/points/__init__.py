"""Points and features: fields of them, their neighbourhoods, statistics, and patches.

In: coordinates and values. Out: neighbourhoods, patches, and one value for each point.
"""
