"""Fields without rows: points and features, their neighbourhoods, statistics, and patches of them.

In: coordinates and values. Out: neighbourhoods, patches, and one value for each point.
"""
