"""The algorithms, one a file: they only translate."""
