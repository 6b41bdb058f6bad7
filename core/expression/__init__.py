"""Band math: text is parsed to a whitelisted syntax tree, which is compiled to calls of numpy; nothing is ``eval``-ed.

In: text and names of variables. Out: a program over arrays.
"""
