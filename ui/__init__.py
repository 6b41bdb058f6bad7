"""The dock and its live pictures: widgets to parameters, no numerics."""
