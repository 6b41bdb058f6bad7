"""A run from the dock: planned, started, followed, and its layers put on the map."""
