"""Expressions that are wrong, hostile or huge: refused with a column and a way out, or evaluated without harm."""

from __future__ import annotations

import math
import re
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import Expression, ExpressionError, PatchwiseError

from ..cases import examples

REFUSED = [
    # text, column, what the message says
    ("b1 > 1 & b2 > 2", 6, r"& takes conditions: compare first, in parentheses"),
    ("b1 | b2", 1, r"\| takes conditions"),
    ("b1 > 0 | b2", 6, r"\| takes conditions"),
    ("~b1", 2, "~ takes conditions"),
    ("where(b1, 1, 0)", 7, "takes conditions"),
    ("b1 and b2", 1, "write & for and"),
    ("not b1", 1, "write ~ for not"),
    ("b1 if b2 else b3", 1, r"write where\(condition, value, otherwise\)"),
    ("b1 ^ 2", 1, r"write \*\* for a power"),
    ("b1 @ b2", 1, "allowed are band names"),
    ("b1 << 2", 1, "allowed are band names"),
    ("b1 is b2", 1, "comparisons are"),
    ("b1 in b2", 1, "comparisons are"),
    ("b9", 1, r"there is no variable 'b9'; variables here are b1, b2, b3, grün"),
    ("gruen", 1, r"there is no variable 'gruen' \(did you mean grün\?\)"),
    ("b1 * (b2 +", 6, "never closed"),
    ("1 + b0", 5, "there is no variable 'b0'"),
    ("b1 + sqt(b2)", 6, r"there is no function 'sqt' \(did you mean sqrt\?\); functions are abs, "),
    ("sqrt", 1, r"sqrt is a function: write sqrt\(x\)"),
    ("b1(2)", 1, "there is no function 'b1'"),
    ("min(b1)", 1, r"write min\(x, y, ...\), or minimum\(x\)"),
    ("sqrt(b1, b2)", 1, r"write sqrt\(x\)"),
    ("clip(b1, 2)", 1, r"write clip\(x, low, high\)"),
    ("clip(b1, low=1, high=2)", 1, r"write clip\(x, low, high\)"),
    ("percentile(b1)", 1, "percentile"),
    ("percentile(b1, 101)", 1, "q must be a number from 0 to 100"),
    ("percentile(b1, -1)", 1, "q must be a number from 0 to 100"),
    ("percentile(b1, nan)", 1, "q must be a number from 0 to 100"),
    ("percentile(b1, b2)", 1, "q must be a number from 0 to 100"),
    ("b1 +", 5, "invalid syntax"),
    ("(b1", 1, "never closed"),
    ("b1)", 3, "unmatched"),
    ("b1 b2", 4, "invalid syntax"),
    ("b1 = 2", 4, "="),
    ("1.2.3", 4, "invalid syntax"),
    ("'red'", 1, "'red' is not a number"),
    ("b'x'", 1, "is not a number"),
    ("True", 1, "True is not a number"),
    ("None", 1, "None is not a number"),
    ("...", 1, "is not a number"),
    ("2j", 1, "is not a number"),
    ("b1, b2", 1, "allowed are"),
    ("", 1, "there is no expression here"),
    ("  ", 3, "there is no expression here"),
    ("b1;", 4, "there is no expression here"),
    ("b1;;b2", 4, "there is no expression here"),
    ("b1; b2 +* 3", 9, "invalid syntax"),
    ("b1; b2; q", 9, "there is no variable 'q'"),
    ("   b1 + q", 9, "there is no variable 'q'"),
    (" b1 ;\n\t b7", 9, "there is no variable 'b7'"),
    ("grün + q", 8, "there is no variable 'q'"),
    ("grün + grün; grün * q", 21, "there is no variable 'q'"),
    ("grün + grün +* 3", 14, "invalid syntax"),
    ("\U0001d4cd\U0001d4cd + 1", 1, "there is no variable 'xx'"),
    ("\u4e2d + 1", 1, "there is no variable"),
    ("b1 + \u20ac", 6, "invalid"),
    ("b1 \u2212 b2", 4, "invalid"),  # a minus sign from a word processor
    ("b1 + \u201cx\u201d", 6, "invalid"),
]


@pytest.mark.parametrize(("text", "column", "says"), REFUSED)
def test_a_wrong_expression_is_refused_with_its_column(text, column, says):
    with pytest.raises(ExpressionError, match=says) as caught:
        Expression(text, 3, ("", "grün", ""), parameter="EXPRESSION")
    assert caught.value.column == column, str(caught.value)
    assert caught.value.parameter == "EXPRESSION" and caught.value.value == text
    assert f"(column {column})" in str(caught.value)
    assert "allowed" in str(caught.value) or "write" in str(caught.value) or re.search(says, str(caught.value))


HOSTILE = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "b1.__class__",
    "b1.data",
    "b1[0]",
    "b1[:, 0]",
    "(lambda: b1)()",
    "lambda: 1",
    "[b1 for b1 in b2]",
    "{b1 for b1 in b2}",
    "{b1: b2 for b1 in b2}",
    "(b1 for b1 in b2)",
    "[b1]",
    "{b1}",
    "{1: b1}",
    "f'{b1}'",
    "f'{__import__(\"os\")}'",
    "(b1 := 2)",
    "min(*b1)",
    "min(**b1)",
    "await b1",
    "(yield b1)",
    "sqrt.__globals__",
    "sqrt(b1)(b2)",
    "min(b1, b2)(1)",
    "(sqrt)(b1).real",
    "eval('b1')",
    "exec('b1')",
    "open('x')",
    "getattr(b1, 'data')",
    "__builtins__",
    "__name__",
    "_",
    "print(b1)",
    "import os",
    "b1\nimport os",
    "b1 #\x00",
    "b1\x00",
    "\ud800",
    "b1 \\",
    "'''",
    "abs(run)",
    "np.abs(b1)",
    "env[0]",
    "visit_Call(b1)",
    "~(b1 > 0) if 1 else 2",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_not_arithmetic_is_refused(text):
    with pytest.raises(ExpressionError) as caught:
        Expression(text, 2)
    assert caught.value.parameter == "expression" and caught.value.column >= 1


HUGE = {
    "deep parentheses": "(" * 10_000 + "b1" + ")" * 10_000,
    "parentheses that are not closed": "(" * 100_000,
    "a long sum": "+".join(["b1"] * 20_000),
    "a long product of sums": "*".join(["(b1+1)"] * 20_000),
    "a long chain of comparisons": "<".join(["b1"] * 20_000),
    "many signs": "-" * 50_000 + "b1",
    "many inversions": "~" * 50_000 + "(b1>0)",
    "a power tower": "**".join(["9"] * 5_000),
    "nested calls": "abs(" * 5_000 + "b1" + ")" * 5_000,
    "a number of 100000 digits": "9" * 100_000,
    "a number of 100000 hexadecimal digits": "0x" + "f" * 100_000,
    "a float out of range": "1e400",
    "an integer out of range": "9" * 400,
    "many arguments": "min(" + ",".join(["b1"] * 20_000) + ")",
    "many outputs": ";".join(["b1"] * 20_000),
    "a long name": "b" * 100_000,
    "many unknown names": "+".join(f"q{k}" for k in range(200)),
    "many comparisons joined": "&".join(["(b1>0)"] * 20_000),
    "spaces": " " * 100_000 + "b1",
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_expressions_are_refused_or_evaluated_at_once(name):
    started = time.perf_counter()
    chip = np.full((1, 2, 2), 2.0, np.float32)
    try:
        result = Expression(HUGE[name], 1)(chip)
    except ExpressionError as error:
        assert error.column >= 1 and len(str(error)) < 6_000, len(str(error))
    else:
        assert result.shape[1:] == (2, 2)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("count", [50, 200])
def test_what_a_person_might_write_is_not_too_long(count):
    chip = np.full((1, 2, 2), 2.0, np.float32)
    assert Expression("+".join(["b1"] * count), 1)(chip)[0, 0, 0] == 2 * count
    assert Expression(";".join(["b1"] * count), 1)(chip).shape == (count, 2, 2)
    nested = "where(b1 > 5, 1, " * (count // 5) + "0" + ")" * (count // 5)
    assert Expression(nested, 1)(chip)[0, 0, 0] == 0


def test_the_power_tower_of_nines_is_a_float():
    assert math.isinf(Expression("9**9**9**9", 1)(np.ones((1, 1, 1), np.float32)).item())


PIECES = st.sampled_from(
    "b1 b2 q 1 0 -1 1e400 ( ) + - * / // % ** < > == & | ~ , ; . [ ] = : lambda if where( min( mean( log( nan "
    "__ü x\u0301 'a' \\ # \n \x00 ! @".split(" ")
)


@given(st.lists(PIECES, max_size=12).map(" ".join) | st.text(max_size=20))
@examples(2)
def test_any_text_is_evaluated_or_refused(text):
    try:
        result = Expression(text, 2, ("ü", "x\u0301"))(np.ones((2, 3, 4), np.float32))
    except PatchwiseError as error:
        assert isinstance(error, ExpressionError) and error.column <= len(text) + 1
    else:
        assert result.dtype == np.float32 and result.shape[1:] == (3, 4)
