"""What is drawn and said before a run: weights, outlines, one chip, amounts and time.

In: a patcher, a domain, an operator. Out: pictures as plain pixels, and numbers.
"""
