"""Runs over the chips of a plan, the one loop that streams their results into rows, the patcher, and its stages.

In: a source of rows, which stays open, a patcher, an operator. Out: results of chips with their identity, or finished
rows for a sink, and a report.
"""
