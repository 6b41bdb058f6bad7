"""Band math in one line, parsed to a whitelisted syntax tree and compiled to numpy calls; nothing is ever ``eval``-ed.

Numbers are float arrays in which NaN means "unknown". Unknown values stay unknown: a comparison with NaN is neither
true nor false, and a division by zero, a logarithm of 0 or less and a power such as ``0 ** -1`` give NaN. Conditions
keep a mask of unknown pixels, so ``where(b1 > 0.2, 1, 0)`` is NaN where ``b1`` is. ``isnan`` tests for unknown values.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Callable

import numpy as np

from ..base.errors import ExpressionError
from .functions import (
    CONSTANTS,
    FUNCTIONS,
    Function,
    Truth,
    Value,
    as_number,
    as_truth,
    compare,
    known,
    plain,
)

_BINARY: dict[type, tuple[str, Callable]] = {
    ast.Add: ("+", np.add),
    ast.Sub: ("-", np.subtract),
    ast.Mult: ("*", np.multiply),
    ast.Div: ("/", np.divide),
    ast.FloorDiv: ("//", np.floor_divide),
    ast.Mod: ("%", np.remainder),
    ast.Pow: ("**", np.power),
}
_COMPARE: dict[type, Callable] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
_HINTS: dict[type, str] = {
    ast.BoolOp: "write & for and, | for or, with each comparison in parentheses",
    ast.Not: "write ~ for not",
    ast.IfExp: "write where(condition, value, otherwise)",
    ast.BitXor: "write ** for a power",
    ast.Attribute: "names have no attributes here",
    ast.Subscript: "bands are b1, b2, ... and have no index",
}
_ALLOWED = "allowed are band names, numbers, + - * / // % **, comparisons, & | ~ and the functions " + ", ".join(
    sorted(FUNCTIONS)
)

_MOST_CHARACTERS = 4000
_MOST_IN_ALL = 1 << 16  # between expressions
_COMPARED = 1000  # most names that an unknown one is compared with, and most characters of it

Evaluator = Callable[[Sequence[np.ndarray]], Value]


@dataclass(frozen=True)
class _Node:
    """A compiled part. ``truth``: a condition, not a number; ``owned``: its array is a temporary that may be reused."""

    run: Evaluator
    truth: bool = False
    owned: bool = True
    constant: float | None = None


@dataclass(frozen=True)
class Program:
    """A checked expression. ``used`` are the positions of the variables it reads; ``pointwise``: no chip statistics.

    ``passes``: of each output the position of the variable that it is, None where it is computed.
    """

    text: str
    outputs: tuple[str, ...]
    used: tuple[int, ...]
    pointwise: bool
    passes: tuple[int | None, ...]
    _nodes: tuple[_Node, ...]

    @property
    def conditions(self) -> tuple[bool, ...]:
        """For each output, whether it is a condition, with the values 1, 0, or NaN where unknown."""
        return tuple(node.truth for node in self._nodes)

    def __call__(self, variables: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One array per output, each of the shape and dtype of the variables (all alike, at least one)."""
        first = variables[0]
        with np.errstate(all="ignore"):
            results = [as_number(node.run(variables), first.dtype) for node in self._nodes]
        return [
            np.asarray(value, dtype=first.dtype) if np.ndim(value) else np.full(first.shape, value, first.dtype)
            for value in results
        ]


def compile_expression(text: str, names: Mapping[str, int], parameter: str = "expression") -> Program:
    """Check and compile ``text``; several outputs are separated by ``;``.

    ``names`` gives the position of each variable in the sequence that the program is later called with. Raises
    :class:`ExpressionError` that names the column and says what is allowed.
    """
    compiler = _Compiler(text, names, parameter)
    if len(text) > _MOST_IN_ALL:
        shown = f"{text[:60]}..."
        raise ExpressionError(shown, 1, f"it has {len(text)} characters; write at most {_MOST_IN_ALL}", parameter)
    nodes: list[_Node] = []
    outputs: list[str] = []
    offset = 0
    for piece in text.split(";"):
        nodes.append(compiler.compile(piece, offset))
        outputs.append(" ".join(piece.split()))
        offset += len(piece) + 1
    passes = tuple(names.get(output) for output in outputs)
    return Program(text, tuple(outputs), tuple(sorted(compiler.used)), compiler.pointwise, passes, tuple(nodes))


class _Compiler:
    """Compiles a syntax tree in one pass and checks its types, so that evaluation raises no errors."""

    def __init__(self, text: str, names: Mapping[str, int], parameter: str) -> None:
        self.text, self.names, self.parameter = text, names, parameter
        self.used: set[int] = set()
        self.pointwise = True
        self.piece, self.offset = "", 0

    def compile(self, piece: str, offset: int) -> _Node:
        source = piece.strip()
        self.offset = offset + len(piece) - len(piece.lstrip())
        self.piece = source = "".join(" " if char.isspace() else char for char in source)
        if not source:
            raise self.error(None, "there is no expression here; write one, such as (b4-b3)/(b4+b3)")
        if len(source) > _MOST_CHARACTERS:  # bounds the recursion of the parser
            raise self.error(None, f"it has {len(source)} characters; write at most {_MOST_CHARACTERS}")
        try:
            tree = ast.parse(source, mode="eval")
            return self.visit(tree.body)
        except SyntaxError as error:
            # The parser gives 0 where the text ends too early.
            column = self.offset + min(error.offset or len(source) + 1, len(source) + 1)
            raise ExpressionError(self.text, column, f"{error.msg}; {_ALLOWED}", self.parameter) from None
        except (RecursionError, MemoryError, ValueError) as error:
            if isinstance(error, ExpressionError):
                raise
            raise self.error(None, "it is nested too deeply or has a character that is not allowed") from None

    def error(self, node: ast.AST | None, reason: str) -> ExpressionError:
        column = 0
        if node is None:
            column = self.offset + 1
        elif hasattr(node, "col_offset"):  # counted in UTF-8 bytes
            column = self.offset + len(self.piece.encode()[: node.col_offset].decode(errors="ignore")) + 1
        return ExpressionError(self.text, column, reason, self.parameter)

    def visit(self, node: ast.AST) -> _Node:
        method = getattr(self, "visit_" + type(node).__name__, None)
        if method is None:
            hint = _HINTS.get(type(node))
            raise self.error(node, f"{hint}; {_ALLOWED}" if hint else _ALLOWED)
        return method(node)

    def number(self, node: ast.AST) -> _Node:
        """The part as a number; a condition becomes 1 or 0."""
        part = self.visit(node)
        if part.truth:
            return _Node(lambda env: as_number(part.run(env), env[0].dtype))
        return replace(part, run=lambda env: plain(part.run(env)))

    def condition(self, node: ast.AST, sign: str) -> _Node:
        part = self.visit(node)
        if not part.truth:
            raise self.error(node, f"{sign} takes conditions: compare first, in parentheses, as in (b1 > 0) & (b2 < 1)")
        return part

    def visit_Constant(self, node: ast.Constant) -> _Node:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self.error(node, f"{node.value!r} is not a number; {_ALLOWED}")
        try:
            value = float(node.value)
        except OverflowError:
            raise self.error(node, "this number is too large") from None
        return _Node(lambda env: value, owned=False, constant=value)

    def visit_Name(self, node: ast.Name) -> _Node:
        position = self.names.get(node.id)
        if position is not None:
            self.used.add(position)
            return _Node(lambda env: env[position], owned=False)
        if node.id in CONSTANTS:
            value = CONSTANTS[node.id]
            return _Node(lambda env: value, owned=False, constant=value)
        if node.id in FUNCTIONS:
            raise self.error(node, f"{node.id} is a function: write {FUNCTIONS[node.id].usage}")
        raise self.error(node, f"there is no variable '{node.id}'{self.suggestion(node.id)}; {self.variables()}")

    def suggestion(self, name: str, among: Sequence[str] | None = None) -> str:
        names = list(among if among is not None else self.names)[:_COMPARED]
        close = difflib.get_close_matches(name[:_COMPARED], names, 1)
        return f" (did you mean {close[0]}?)" if close else ""

    def variables(self) -> str:
        names = list(self.names)
        shown = ", ".join(names[:24]) + (", ..." if len(names) > 24 else "")
        return f"variables here are {shown}"

    def visit_UnaryOp(self, node: ast.UnaryOp) -> _Node:
        if isinstance(node.op, ast.Invert):
            part = self.condition(node.operand, "~")
            return _Node(lambda env: _invert(part.run(env)), truth=True)
        if isinstance(node.op, ast.Not):
            raise self.error(node, _HINTS[ast.Not])
        part = self.number(node.operand)
        if isinstance(node.op, ast.UAdd):
            return part
        constant = None if part.constant is None else -part.constant
        return _Node(lambda env: np.negative(part.run(env)), constant=constant)

    def visit_BinOp(self, node: ast.BinOp) -> _Node:
        if isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            sign, join = ("&", np.logical_and) if isinstance(node.op, ast.BitAnd) else ("|", np.logical_or)
            first, second = self.condition(node.left, sign), self.condition(node.right, sign)
            return _Node(lambda env: _join(join, first.run(env), second.run(env)), truth=True)
        if type(node.op) not in _BINARY:
            hint = _HINTS.get(type(node.op))
            raise self.error(node, f"{hint}; {_ALLOWED}" if hint else _ALLOWED)
        sign, function = _BINARY[type(node.op)]
        return _arithmetic(sign, function, self.number(node.left), self.number(node.right))

    def visit_Compare(self, node: ast.Compare) -> _Node:
        parts = [self.number(part) for part in (node.left, *node.comparators)]
        if any(type(op) not in _COMPARE for op in node.ops):
            raise self.error(node, "comparisons are < <= > >= == !=")
        functions = [_COMPARE[type(op)] for op in node.ops]

        def run(env: Sequence[np.ndarray]) -> Value:
            values = [part.run(env) for part in parts]
            result = compare(functions[0], values[0], values[1])
            for k in range(1, len(functions)):
                result = _join(np.logical_and, result, compare(functions[k], values[k], values[k + 1]))
            return result

        return _Node(run, truth=True)

    def visit_Call(self, node: ast.Call) -> _Node:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            name = node.func.id if isinstance(node.func, ast.Name) else "this"
            hint = self.suggestion(name, list(FUNCTIONS))
            raise self.error(node, f"there is no function '{name}'{hint}; functions are {', '.join(sorted(FUNCTIONS))}")
        function = FUNCTIONS[node.func.id]
        if node.keywords or not function.least <= len(node.args) <= function.most:
            raise self.error(node, f"write {function.usage}")
        self.pointwise = self.pointwise and not function.statistic
        return self.call(node, function)

    def call(self, node: ast.Call, function: Function) -> _Node:
        parts = [self.number(part) for part in node.args]
        if function.condition_first:
            parts[0] = self.condition(node.args[0], "where(condition, value, otherwise)")
        if function.check is not None:
            problem = function.check([part.constant for part in parts])
            if problem:
                raise self.error(node, f"{problem}; write {function.usage}")
        return _Node(lambda env: function.run(env[0].dtype, *(p.run(env) for p in parts)), truth=function.truth)


def _arithmetic(sign: str, function: Callable, left: _Node, right: _Node) -> _Node:
    if sign == "**" and right.constant in (0.5, 2.0):  # an order of magnitude faster than a general power
        quick = np.square if right.constant == 2.0 else np.sqrt
        return _Node(lambda env: quick(left.run(env)))

    def run(env: Sequence[np.ndarray]) -> Value:
        a, b = left.run(env), right.run(env)
        out = None
        if left.owned and np.ndim(a):
            out = a
        elif right.owned and np.ndim(b) and sign in "+-*":
            out = b
        invalid = _undefined(sign, a, b)  # before a is overwritten
        result = function(a, b, out=out) if out is not None else function(a, b)
        return known(result, invalid)

    return _Node(run)


def _undefined(sign: str, a: Value, b: Value) -> np.ndarray | bool | None:
    """Mask of the pixels where the operation is not defined, so that numpy gives an infinity or another value."""
    if sign in ("/", "//", "%"):
        return np.equal(b, 0)
    if sign == "**":  # numpy gives 1 for 1 ** nan and nan ** 0
        return (np.equal(a, 0) & np.less(b, 0)) | np.isnan(a) | np.isnan(b)
    return None


def _join(function: Callable, a: Value, b: Value) -> Truth:
    a, b = as_truth(a), as_truth(b)
    if a.unknown is None or b.unknown is None:
        unknown = b.unknown if a.unknown is None else a.unknown
    else:
        unknown = np.logical_or(a.unknown, b.unknown)
    return Truth(function(a.yes, b.yes), unknown)


def _invert(value: Value) -> Truth:
    value = as_truth(value)
    return Truth(np.logical_not(value.yes), value.unknown)
