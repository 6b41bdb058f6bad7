"""Parameters that several algorithms share: added to an algorithm, and read as values of the core."""
