"""The laws of design.md, over rasters, chips, strides, windows and boundaries that Hypothesis draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import Expression, GeoTensor, Lambda, SpatialCustom, SpatialHann, SpatialTukey
from patchwise.core.grid.domain import PixelWindow

from ..cases import (
    COVERING,
    FLIPPED,
    HOLED,
    WHOLE_CHIP,
    WINDOWS,
    Case,
    assert_same_bits,
    cases,
    cases_with_window,
    crop,
    examples,
    make_array,
    model,
    model_starts,
    model_weights,
    run,
)

IDENTITY = Lambda(lambda chip: chip, "identity")
#: Chips of several shapes in memory: contiguous or not, mirrored or not. Sums over them must not show it.
STATISTICS = Lambda(lambda chip: chip * np.tanh(chip.std()) + chip.sum(axis=-1, keepdims=True), "statistics")


MIXING = st.sampled_from((WHOLE_CHIP, STATISTICS, HOLED))


def by_hand(case, operator):
    with np.errstate(all="ignore"):
        return [patch.with_data(operator(np.asarray(patch.data))) for patch in case.patcher.split(case.field)]


@given(cases())
def test_identity_gives_the_input_on_every_covered_pixel(case):
    result = run(case, IDENTITY, workers=2)
    expected = np.where(model_weights(case) > 0, case.expected, np.nan).astype(result.dtype)
    assert_same_bits(result, expected.reshape(result.shape))


@given(cases(boundaries=COVERING, gaps=False))
def test_a_boundary_that_covers_leaves_no_pixel_without_weight(case):
    weights = model_weights(case)
    assert weights.shape == case.shape
    if not isinstance(case.window, SpatialCustom):
        assert (weights > 0).all()


@given(cases(), st.floats(width=32, allow_nan=False))
def test_constant_in_constant_out(case, value):
    unknown = np.isnan(case.expected)
    array = np.where(unknown, np.nan, value).astype(np.float32)
    same = Case(array, None, case.size, case.stride, case.boundary, case.window)
    result = run(same, IDENTITY, workers=1)
    covered = (model_weights(case) > 0) & ~unknown
    assert_same_bits(result, np.where(covered, np.float32(value), np.float32(np.nan)).reshape(result.shape))


@given(cases(), st.sampled_from((FLIPPED, HOLED)))
@examples(1.2)
def test_the_mean_is_that_of_the_direct_formula(case, operator):
    if np.isinf(case.expected).any():
        case = Case(np.nan_to_num(case.array, posinf=3, neginf=-3), *case_rest(case))
    result = run(case, operator, workers=2)
    expected, weights, largest = model(case, operator)
    np.testing.assert_array_equal(np.isnan(result), weights == 0)
    # The running mean rounds once an addition, relative to the values that meet there.
    tolerance = 8 * np.finfo(result.dtype).eps * largest
    error = np.abs(result - expected)
    assert (error <= tolerance)[weights > 0].all(), (error / np.maximum(largest, 1e-300)).max()


def case_rest(case):
    return case.nodata, case.size, case.stride, case.boundary, case.window


@given(cases(), MIXING)
def test_streamed_equals_whole_array_merge(case, operator):
    patches = by_hand(case, operator)
    merged = case.patcher.merge(patches, case.field.reader)
    streamed = run(case, operator, workers=2)
    assert merged.shape == case.array.shape
    assert_same_bits(streamed, merged.array.reshape(streamed.shape))


@given(cases_with_window())
def test_only_the_chips_that_touch_the_window_are_run(drawn):
    case, window = drawn
    ran = []
    run(case, Lambda(lambda chip: ran.append(1) or chip), window, workers=1)
    (rows, cols) = (
        sum(start < stop and start + chip > lo for start, chip in model_starts(length, size, stride, case.boundary))
        for lo, stop, length, size, stride in zip(
            (window.row, window.col), (window.row_stop, window.col_stop), case.shape, case.size, case.stride
        )
    )
    assert len(ran) == rows * cols == case.patcher.plan(case.field.domain).count(window)


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_patches_does_not_matter(case, random):
    patches = by_hand(case, WHOLE_CHIP)
    expected = case.patcher.merge(patches, case.field.reader).array
    random.shuffle(patches)
    assert_same_bits(case.patcher.merge(iter(patches), case.field.reader).array, expected)


@given(cases())
def test_any_number_of_workers_gives_the_same_pixels(case):
    one, two, seven = (run(case, WHOLE_CHIP, workers=n) for n in (1, 2, 7))
    assert_same_bits(two, one)
    assert_same_bits(seven, one)


@given(cases_with_window(), MIXING)
@examples(1.5)
def test_a_window_alone_equals_that_window_of_the_whole(drawn, operator):
    case, window = drawn
    whole = run(case, operator, workers=1)
    assert_same_bits(run(case, operator, window, workers=2), crop(whole, window))


@given(cases_with_window(), st.integers(1, 9), MIXING)
@examples(1.2)
def test_column_blocks_give_the_same_bits(drawn, block_width, operator):
    case, window = drawn
    whole = run(case, operator, window, workers=1)
    blocks = run(case, operator, window, block_width, workers=2, memory_limit=1)
    assert_same_bits(blocks, whole)


POINTWISE = (
    "b1",
    "b1 * 0.37 + 1.5",
    "(b1 - 3) / (b1 + 3)",
    "sqrt(b1); log(b1); log10(abs(b1) + 1)",
    "exp(-b1 / 1000); sin(b1); cos(b1); tan(b1)",
    "arctan2(b1, 2); b1 ** 3; b1 ** 0.3; abs(b1) ** -1.5",
    "where((b1 > 10) & ~(b1 > 1000) | isnan(b1), b1 % 7, b1 // 3)",
    "clip(b1, 2, 90); min(b1, 5, 2 * b1); max(b1, -b1)",
)


@given(cases_with_window(), st.sampled_from(POINTWISE))
@examples(1.2)
def test_a_pointwise_expression_gives_the_bits_of_the_overlapping_way(drawn, text):
    case, window = drawn
    expression = Expression(text, 1)
    assert expression.pointwise
    quick = run(case, expression, window, workers=2)
    assert_same_bits(quick, run(case, Lambda(expression), window, workers=1))


@pytest.mark.parametrize("boundary", [*COVERING, "drop"])
@pytest.mark.parametrize("value", [3.4e38, -3.4e38, 1e38])
def test_values_near_the_end_of_float32_do_not_break_the_laws(boundary, value):
    # An undeclared nodata value such as -3.4e38 is common; the difference of two of them overflows.
    array = make_array((1, 40, 41), "float32", 0, False, 3)
    array[0, 5:20:3, 4:33:4] = value
    array[0, 6:20:3, 5:33:4] = -value
    case = Case(array, None, (9, 11), (4, 5), boundary, SpatialHann())
    flip = Lambda(lambda chip: chip * (1 - 2 * (np.arange(chip.shape[-1]) % 2)).astype(chip.dtype))
    whole = run(case, flip, workers=1)
    for window in (PixelWindow(3, 3, 20, 5), PixelWindow(7, 0, 1, 41), PixelWindow(0, 20, 40, 1)):
        assert_same_bits(run(case, flip, window), crop(whole, window))
    patches = by_hand(case, flip)
    assert_same_bits(case.patcher.merge(patches, case.field.reader).array, whole)


@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from(WINDOWS))
def test_a_raster_smaller_than_the_chip_is_covered_by_shift(height, width, window):
    array = make_array((height, width), "float32", 0.1, False, height * 71 + width)
    case = Case(array, None, (64, 64), (32, 32), "shift", window)
    covered = model_weights(case) > 0
    assert_same_bits(run(case, IDENTITY)[0], np.where(covered, array, np.float32(np.nan)))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "uint32", "int64", "float16", "longdouble"])
def test_operators_may_return_any_number_type(dtype):
    array = np.arange(20 * 21.0).reshape(20, 21)
    case = Case(array, None, (8, 8), (5, 3), "shift", SpatialTukey(0.5))
    operator = Lambda(lambda chip: (chip % 2).astype(dtype))
    result = run(case, operator)
    assert result.dtype == (np.float64 if dtype in ("uint32", "int64", "longdouble") else np.float32)
    np.testing.assert_array_equal(result[0], array % 2)
    patches = by_hand(case, operator)
    assert_same_bits(case.patcher.merge(patches, case.field.reader).array, result[0])


def test_masked_arrays_are_unknown_where_masked_in_every_way():
    array = np.arange(20 * 21, dtype=np.float32).reshape(20, 21)
    case = Case(array, None, (8, 8), (5, 3), "shift", SpatialHann())
    operator = Lambda(lambda chip: np.ma.masked_less(chip, 100))
    result = run(case, operator)
    assert_same_bits(result[0], np.where(array < 100, np.float32(np.nan), array))
    patches = by_hand(case, operator)
    assert_same_bits(case.patcher.merge(patches, GeoTensor(array)).array, result[0])


def test_output_bands_follow_the_operator():
    array = np.arange(4 * 20 * 21, dtype=np.float32).reshape(4, 20, 21)
    case = Case(array, None, (8, 8), (5, 3), "shift", SpatialHann())
    assert run(case, Lambda(lambda chip: chip.max(axis=0))).shape == (1, 20, 21)
    seven = run(case, Lambda(lambda chip: np.concatenate([chip, chip[:3]])))
    np.testing.assert_array_equal(seven, np.concatenate([array, array[:3]]))
