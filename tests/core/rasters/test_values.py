"""From floats to the type of the file: rounding, clipping beside nodata, and counting what was lost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import ParameterError, ValueType
from patchwise.core.rasters.values import DATA_TYPES

INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32")


def convert(values, dtype, nodata=None, kind="f8"):
    value_type = ValueType(dtype, nodata)
    values = np.atleast_2d(np.asarray(values, kind))
    before = values.copy()
    out = np.empty(values.shape, dtype)
    value_type.convert(values, out)
    np.testing.assert_array_equal(values, before)
    return out[0], value_type


def python_integer(value: float, dtype: str, nodata: int) -> int:
    """What convert should do with one value, in Python's own integers."""
    limits = np.iinfo(dtype)
    low = limits.min + (nodata == limits.min)
    high = limits.max - (nodata == limits.max)
    if math.isnan(value):
        return nodata
    if math.isinf(value):
        return high if value > 0 else low
    whole = round(value)  # half to even, as numpy
    return whole if whole == nodata else min(max(whole, low), high)


@given(
    st.sampled_from(INTEGERS),
    st.lists(st.floats() | st.integers(-300, 300).map(lambda n: n / 2) | st.integers(-(2**33), 2**33).map(float)),
    st.data(),
)
def test_integers_are_rounded_and_clipped_beside_nodata(dtype, values, data):
    limits = np.iinfo(dtype)
    nodata = data.draw(st.none() | st.sampled_from((limits.min, limits.max, 0, 1)))
    out, value_type = convert(values, dtype, nodata)
    meant = nodata if nodata is not None else (limits.min if limits.kind == "i" else limits.max)
    assert value_type.nodata == meant
    expected = [python_integer(value, dtype, meant) for value in values]
    assert out.tolist() == expected
    known = [value for value in values if not math.isnan(value)]
    rounded = [math.inf * np.sign(v) if math.isinf(v) else round(v) for v in known]
    assert value_type.collided == sum(v == meant for v in rounded)
    inside = [limits.min + (meant == limits.min) <= v <= limits.max - (meant == limits.max) for v in rounded]
    assert value_type.clipped == sum(not ok and v != meant for ok, v in zip(inside, rounded))


@given(st.sampled_from(("uint8", "int16", "uint16", "int8")), st.lists(st.floats(width=32)))
def test_float32_results_give_the_same_integers(dtype, values):
    np.testing.assert_array_equal(convert(values, dtype, kind="f4")[0], convert(values, dtype)[0])


@given(st.lists(st.integers(-(2**31), 2**32 - 1)), st.sampled_from(("uint32", "int32")))
def test_every_32_bit_integer_survives(values, dtype):
    limits = np.iinfo(dtype)
    values = [v for v in values if limits.min < v < limits.max]
    out, value_type = convert(values, dtype)
    assert out.tolist() == values and not value_type.losses()


def test_rounding_and_clipping_by_example():
    values, expected = [0.5, 1.5, 2.5, -0.4, 254.4, 254.6, 300, -7, np.nan], [0, 2, 2, 0, 254, 255, 254, 0, 255]
    assert convert(values, "uint8")[0].tolist() == expected
    values, expected = [np.nan, -32768, -40000, 40000], [-32768, -32768, -32767, 32767]
    assert convert(values, "int16")[0].tolist() == expected
    values, expected = [0, 0.4, 1, 255, 256, np.nan, np.inf, -np.inf], [0, 0, 1, 255, 255, 0, 255, 1]
    assert convert(values, "uint8", 0)[0].tolist() == expected


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_are_kept_and_unknown_is_nan_or_as_chosen(dtype, kind):
    values = [1.5, np.nan, -9999, np.inf, -0.1]
    out, value_type = convert(values, dtype, kind=kind)
    np.testing.assert_array_equal(out, np.asarray(values, kind).astype(dtype))
    assert math.isnan(value_type.nodata) and not value_type.chosen and not value_type.losses()
    out, value_type = convert(values, dtype, -9999, kind)
    np.testing.assert_array_equal(out, np.asarray([1.5, -9999, -9999, np.inf, -0.1], kind).astype(dtype))
    assert value_type.collided == 1 and value_type.chosen
    chosen = ValueType(dtype, 0.1).nodata
    assert chosen == np.dtype(dtype).type(0.1)


def test_what_was_lost_is_said_with_a_way_out():
    value_type = convert([300, 1000, -1, 255, 255, 255, np.nan], "uint8", 255)[1]
    clipped, collided = value_type.losses()
    assert clipped.startswith("3 values lie outside the range of uint8 and were clipped") and "wider" in clipped
    assert collided.startswith("3 valid values equal the nodata value 255") and "another nodata value" in collided


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("uint8", 0.5),
        ("uint8", math.nan),
        ("uint8", math.inf),
        ("int8", 128),
        ("int16", -32769),
        ("uint32", 2**32),
        ("int32", -(2**31) - 1),
        ("float32", 1e39),
        ("float32", -1e300),
    ],
)
def test_a_nodata_value_that_the_type_does_not_have_is_refused(dtype, nodata):
    with pytest.raises(ParameterError, match="must be a whole number from|must fit the data type") as caught:
        ValueType(dtype, nodata)
    assert caught.value.parameter == "nodata" and dtype in str(caught.value)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "complex64", "float16", "bool", "Float32", "", "cint16"])
def test_other_types_are_refused_with_those_there_are(dtype):
    with pytest.raises(ParameterError, match="must be one of float32, float64, uint8") as caught:
        ValueType(dtype)
    assert caught.value.parameter == "data type"


def test_the_types_are_those_of_the_list():
    assert set(DATA_TYPES) == {"float32", "float64", *INTEGERS}
