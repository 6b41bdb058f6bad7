"""The parts of a tab: each reads and fills some parameters of an algorithm."""
