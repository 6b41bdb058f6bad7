"""Operators on chips: one file per kind of operator."""

from ..base.categories import Category
from .base import Fanout, Identity, Lambda, Operator, Sequential, as_operator
from .change import Change
from .classify import Classify
from .expression import Expression
from .index import Index
from .onnx import Onnx
from .python_file import ChipMeta, PythonFile

__all__ = [
    "Category",
    "Change",
    "ChipMeta",
    "Classify",
    "Expression",
    "Fanout",
    "Identity",
    "Index",
    "Lambda",
    "Onnx",
    "Operator",
    "PythonFile",
    "Sequential",
    "as_operator",
]
