"""The record of a run in its result, the shapes of such records, and runs that are repeated from them.

In: a run, or a document. Out: a record as plain JSON, or a recipe.
"""
