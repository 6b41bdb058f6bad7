"""The one loop that streams, the patcher that it runs, and its stages as operators.

In: a source of rows, a patcher, an operator. Out: finished rows for a sink, and a report.
"""
