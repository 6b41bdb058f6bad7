"""Band math: text to a whitelisted syntax tree, and that to calls of numpy. Runs nothing of Python's.

In: text and names of variables. Out: a program over arrays.
"""
