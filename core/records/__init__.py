"""What a result says of its run, what such a record may look like, and the run done again.

In: a run, or a document. Out: a record as plain JSON, or a recipe.
"""
