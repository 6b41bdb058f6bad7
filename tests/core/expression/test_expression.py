"""Band expressions against numpy, value by value, and what they say about the unknown."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import Expression, ExpressionError, ParameterError

NAN, INF = math.nan, math.inf
VALUES = np.array([-3.5, -1.0, -0.25, 0.0, 0.25, 1.0, 2.0, 7.5, 300.0, 1e6], np.float32)
A = np.repeat(VALUES, len(VALUES)).reshape(1, -1)
B = np.tile(VALUES, len(VALUES)).reshape(1, -1)


def evaluate(text: str, *bands, dtype=np.float32) -> np.ndarray:
    chip = np.array([np.atleast_2d(np.asarray(band, dtype)) for band in bands])
    chip.flags.writeable = False
    result = Expression(text, len(chip))(chip)
    assert result.dtype == dtype and result.shape[1:] == chip.shape[1:]
    return result


def one(text: str, *values: float) -> float:
    return float(evaluate(text, *([value] for value in values))[0, 0, 0])


def without(result, undefined):
    return np.where(undefined, np.nan, result)


NUMPY = {
    "b1 + b2": lambda a, b: a + b,
    "b1 - b2": lambda a, b: a - b,
    "b1 * b2": lambda a, b: a * b,
    "b1 / b2": lambda a, b: without(a / b, b == 0),
    "b1 // b2": lambda a, b: without(a // b, b == 0),
    "b1 % b2": lambda a, b: without(a % b, b == 0),
    "b1 ** b2": lambda a, b: without(a**b, (a == 0) & (b < 0)),
    "b1 ** 2": lambda a, b: a * a,
    "b1 ** 0.5": lambda a, b: np.sqrt(a),
    "-b1": lambda a, b: -a,
    "+b1": lambda a, b: a,
    "--b1": lambda a, b: a,
    "b1 < b2": np.less,
    "b1 <= b2": np.less_equal,
    "b1 > b2": np.greater,
    "b1 >= b2": np.greater_equal,
    "b1 == b2": np.equal,
    "b1 != b2": np.not_equal,
    "-1 < b1 <= b2": lambda a, b: (-1 < a) & (a <= b),
    "(b1 > 0) & (b2 > 1)": lambda a, b: (a > 0) & (b > 1),
    "(b1 > 0) | (b2 > 1)": lambda a, b: (a > 0) | (b > 1),
    "~(b1 > 0) | ~(b2 > 1)": lambda a, b: ~(a > 0) | ~(b > 1),
    "(b1 > 0) + (b2 > 1) * 2": lambda a, b: (a > 0) + 2.0 * (b > 1),
    "-(b1 > 0)": lambda a, b: -1.0 * (a > 0),
    "where(b1 > b2, b1, b2 * 2)": lambda a, b: np.where(a > b, a, b * 2),
    "where(b1 > b2, 1, 0)": lambda a, b: np.where(a > b, 1, 0),
    "min(b1, b2)": np.minimum,
    "max(b1, b2, 1)": lambda a, b: np.maximum(np.maximum(a, b), 1),
    "clip(b1, -1, b2)": lambda a, b: np.minimum(np.maximum(a, -1), b),
    "abs(b1)": lambda a, b: np.abs(a),
    "sqrt(b1)": lambda a, b: np.sqrt(a),
    "log(b1)": lambda a, b: without(np.log(a), a <= 0),
    "log10(b1)": lambda a, b: without(np.log10(a), a <= 0),
    "exp(b1 / 1e5)": lambda a, b: np.exp(a / np.float32(1e5)),
    "sin(b1)": lambda a, b: np.sin(a),
    "cos(b1)": lambda a, b: np.cos(a),
    "tan(b1)": lambda a, b: np.tan(a),
    "arctan2(b1, b2)": np.arctan2,
    "isnan(b1 / b2)": lambda a, b: b == 0,
    "mean(b1) + b2 * 0": lambda a, b: np.full(a.shape, a.mean(dtype="f8")),
    "std(b1)": lambda a, b: np.full(a.shape, a.std(dtype="f8")),
    "median(b1)": lambda a, b: np.full(a.shape, np.median(a)),
    "minimum(b1)": lambda a, b: np.full(a.shape, a.min()),
    "maximum(b1)": lambda a, b: np.full(a.shape, a.max()),
    "percentile(b1, 30)": lambda a, b: np.full(a.shape, np.percentile(a.astype("f8"), 30)),
    "mean(b1 > 0)": lambda a, b: np.full(a.shape, (a > 0).mean()),
    "(b1 - mean(b1)) / std(b1)": lambda a, b: (a - a.mean(dtype="f8")) / a.std(dtype="f8"),
    "pi": lambda a, b: np.full(a.shape, math.pi),
    "1e-4": lambda a, b: np.full(a.shape, 1e-4),
    "0x10 + 1_000": lambda a, b: np.full(a.shape, 1016.0),
    "where(1 > 0, 1, 2) * b1": lambda a, b: a,
    "b1 * (mean(b1) > 3)": lambda a, b: a * (a.mean() > 3),
    "where(mean(b1) > mean(b2), b1, b2)": lambda a, b: np.where(a.mean(dtype="f8") > b.mean(dtype="f8"), a, b),
    "(2 > 1) - b1": lambda a, b: 1 - a,
    "nan": lambda a, b: np.full(a.shape, NAN),
}


@pytest.mark.parametrize("text", NUMPY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_against_numpy(text, dtype):
    with np.errstate(all="ignore"):
        expected = np.asarray(NUMPY[text](A.astype(dtype), B.astype(dtype)), dtype=dtype)
    np.testing.assert_allclose(evaluate(text, A, B, dtype=dtype)[0], expected, rtol=8 * np.finfo(dtype).eps)


UNKNOWN = [
    # The unknown stays unknown, also where numpy knows better ...
    *(f"b1 {sign} b2" for sign in ("+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!=")),
    *(f"b2 {sign} b1" for sign in ("+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!=")),
    "b1 ** 0",
    "1 ** b1",
    "0 * b1",
    "b1 == b1",
    "b1 != b1",
    "-b1",
    "b1 ** 2",
    "b1 ** 0.5",
    "min(b1, b2)",
    "max(b2, b1)",
    "clip(b1, 0, 1)",
    "clip(b2, b1, 9)",
    "clip(b2, 0, b1)",
    "abs(b1)",
    "sqrt(b1)",
    "log(b1)",
    "log10(b1)",
    "exp(b1)",
    "sin(b1)",
    "cos(b1)",
    "tan(b1)",
    "arctan2(b1, b2)",
    "arctan2(b2, b1)",
    "~(b1 > 0)",
    "(b1 > 0) & (b2 > 0)",
    "(b2 > 0) | (b1 > 0)",
    "where(b1 > 0, 1, 2)",
    "where(b1 > 0, 1, 1)",
    "where(b2 > 0, b1, 1)",
    "where(b2 < 0, 1, b1)",
    "0 < b2 < b1",
    "b1 < b2 < 9",
    "isnan(b1) * b1",
    "mean(b1)",
    "std(b1)",
    "median(b1)",
    "minimum(b1)",
    "maximum(b1)",
    "percentile(b1, 50)",
    "b2 + nan",
    "nan == nan",
    "where(nan > 1, 1, 2)",
    "b2 > nan",
    "mean(nan)",
    # ... and what is not defined is not known.
    "b2 / 0",
    "1 / 0",
    "0 / 0",
    "b2 // 0",
    "5 // 0",
    "b2 % 0",
    "5 % 0",
    "(b2 - b2) ** -1",
    "0 ** -1",
    "0 ** -0.5",
    "log(0)",
    "log(b2 - b2)",
    "log10(0)",
    "log(-1)",
    "log10(-b2)",
    "sqrt(-b2)",
    "(-b2) ** 0.3",
    "(-b2) ** 0.5",
    "1 / (b2 > 9)",
    "b2 / (b2 - 3)",
    "-1 / (b2 - 3)",
]


@pytest.mark.parametrize("text", UNKNOWN)
def test_the_unknown_stays_unknown(text):
    assert math.isnan(one(text, NAN, 3.0)), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("isnan(b1)", 1.0),
        ("isnan(b2)", 0.0),
        ("isnan(b1 > 0)", 1.0),
        ("isnan(nan)", 1.0),
        ("~isnan(b1)", 0.0),
        ("where(isnan(b1), 7, b1)", 7.0),
        ("where(b2 > 0, b2, b1)", 3.0),
        ("where(isnan(b1) | isnan(b2), -1, b2)", -1.0),
        ("mean(where(isnan(b1), b2, b1))", 3.0),
    ],
)
def test_the_unknown_can_be_asked_for(text, expected):
    assert one(text, NAN, 3.0) == expected


def test_statistics_are_over_the_valid_pixels():
    values = [[1.0, NAN, 2.0, 6.0, NAN]]
    for text, expected in {"mean": 3, "median": 2, "minimum": 1, "maximum": 6, "std": np.std([1, 2, 6])}.items():
        np.testing.assert_allclose(evaluate(f"{text}(b1)", values), expected, rtol=1e-6)
    np.testing.assert_allclose(evaluate("percentile(b1, 100)", values), 6)
    np.testing.assert_allclose(evaluate("b1 - mean(b1)", values)[0], [[-2, NAN, -1, 3, NAN]])
    # Over a float32 chip of large values a float32 sum would be off.
    large = np.full((300, 300), 16_777_217, np.float64)
    assert (evaluate("mean(b1)", large, dtype=np.float64) == 16_777_217).all()


@given(st.lists(st.floats(width=32), min_size=4, max_size=4), st.sampled_from(sorted(NUMPY)))
def test_the_chip_is_left_as_it_is_and_infinities_do_not_raise(values, text):
    chip = np.array(values, np.float32).reshape(2, 1, 2)
    before = chip.copy()
    result = Expression(text, 2)(chip)
    np.testing.assert_array_equal(chip, before)
    assert result.shape == (1, 1, 2) and result.dtype == np.float32


@pytest.mark.parametrize("text", ["b1*2 + b1*3 - b1*4", "(b1+1)*(b1+2)/((b1+3)-(b1+4)*b1)", "-(b1*2)-(b1*3)**(b1*0+2)"])
def test_temporaries_that_are_used_again_do_not_show(text):
    chip = np.random.default_rng(1).normal(size=(1, 50, 51))
    python = eval(text, {"b1": chip[0]})  # noqa: S307 (the oracle; the text is above)
    np.testing.assert_allclose(Expression(text, 1)(chip)[0], python, rtol=1e-12)


def test_float32_stays_float32_on_the_way():
    # In float64 the sum would be 16777217 and the result 1.
    assert one("(b1 + 1) - b1", 16_777_216.0) == 0
    assert one("b1 * 1e300 * 0", 1.0) == 0 or np.isnan(one("b1 * 1e300 * 0", 1.0))
    assert evaluate("mean(b1) * 2 + b1", [[1.0, 2.0]]).dtype == np.float32


def test_outputs_names_and_used_bands():
    expression = Expression(" b3 ;  b1  + 1;b3*b3 ", 3, ("Red", "two words", "NIR"))
    assert expression.output_bands == 3 and expression.used == (0, 2) and expression.pointwise
    chip = np.arange(12.0).reshape(3, 2, 2)
    expected = np.stack([chip[2], chip[0] + 1, chip[2] ** 2])
    np.testing.assert_array_equal(expression(chip), expected)
    np.testing.assert_array_equal(expression.rebased()(chip[[0, 2]]), expected)
    assert not Expression("b1; mean(b2)", 2).pointwise
    assert Expression("3", 2).rebased().bands == 1 and Expression("3", 2).used == ()
    flat = Expression("b1 * 2", 1)(np.ones((3, 4), np.float32))
    assert flat.shape == (3, 4)
    assert expression.get_config()["text"] == " b3 ;  b1  + 1;b3*b3 "


def test_band_names_are_variables():
    names = ("B04", "grün", "b1", "x y", "twice", "twice", "in", "\u00b5m", "mean")
    chip = np.arange(9.0).reshape(9, 1, 1)

    def value(text):
        return Expression(text, 9, names)(chip).item()

    assert value("B04 + grün * 10") == 10
    assert value("b1") == 0  # the position wins over a name that looks like one
    assert value("\u00b5m") == 7 and value("\u03bcm") == 7  # Python takes the two kinds of mu for one
    assert value("mean(mean)") == 8
    for text in ("twice", "in"):
        with pytest.raises(ExpressionError):
            Expression(text, 9, names)
    assert Expression("B04", 9, names).output_names == ("B04",)
    assert Expression("b2", 9, names).output_names == ("grün",)


def test_constants_can_be_folded_with_whatever_is_a_scalar():
    assert one("2 ** 3 ** 2", 0) == 512 and one("-2 ** 2", 0) == -4 and one("7 // 2 % 2", 0) == 1
    assert one("9**9**9**9", 0) == INF and one("exp(1000)", 0) == INF
    assert one("(1 > 0) & (2 > 1) | ~(3 > 1)", 0) == 1
    assert one("clip(5, 0, 1) + min(3, 2, 1) + max(1, 2)", 0) == 4


@pytest.mark.parametrize("text", ["b1", "b1 > 0", "3", "b1; 2; b1 > 2"])
def test_results_do_not_share_memory_that_can_be_written(text):
    chip = np.ones((1, 4, 4), np.float32)
    chip.flags.writeable = False
    result = Expression(text, 1)(chip)
    assert not (result.flags.writeable and np.shares_memory(result, chip))


def test_a_chip_with_other_bands_than_were_said():
    with pytest.raises((ParameterError, IndexError)):
        Expression("b3", 3)(np.ones((2, 4, 4), np.float32))


@pytest.mark.parametrize("limit", ["-0.1", "-(0.2 / 2)", "-0.1 * 1", "min(-0.1, 1)", "-0.1 * mean(b1 * 0 + 1)"])
def test_numbers_do_not_widen_a_chip(limit):
    """A limit is taken in the chip's own precision, with numpy 2 as with numpy 1."""
    assert one(f"b1 >= {limit}", -0.1) == one(f"b1 == {limit}", -0.1) == 1
    assert one(f"b1 < {limit}", -0.1) == one(f"b1 * 0 + {limit} != b1", -0.1) == 0
