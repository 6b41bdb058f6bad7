"""Benchmarks: against the physical limit and against what a user would run instead."""
