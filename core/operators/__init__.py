"""What is done with a chip: one file per kind of operator."""

from .base import Fanout, Lambda, Operator, Sequential
from .expression import Expression

__all__ = ["Expression", "Fanout", "Lambda", "Operator", "Sequential"]
