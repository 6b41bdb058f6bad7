"""What a patcher is made of besides its aggregation: geometry, sampler and window function.

In: sizes and numbers. Out: where chips may lie along an axis, and how much each pixel of a chip counts.
"""
