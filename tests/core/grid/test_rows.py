"""RowBuffer against a dictionary of rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core.grid.rows import RowBuffer

STEPS = st.lists(st.tuples(st.sampled_from(("extend", "release")), st.integers(-2, 12)), max_size=60)


@given(st.integers(0, 100), st.integers(0, 12), st.integers(1, 3), STEPS)
def test_rows_survive_any_order_of_appending_and_releasing(first, capacity, bands, steps):
    buffer = RowBuffer(bands, 3, np.dtype(np.float64), first, capacity)
    model: dict[int, float] = {}
    start = stop = first
    value = 0.0
    for kind, amount in steps:
        if kind == "extend":
            view = buffer.extend(stop + amount)
            assert view.shape == (bands, max(0, amount), 3)
            for row in range(stop, stop + amount):
                value += 1
                model[row] = value
                view[:, row - stop] = value + np.arange(bands)[:, None] / 10
            stop = max(stop, stop + amount)
        else:
            buffer.release(start + amount)
            start = min(max(start, start + amount), stop)
        assert (buffer.first, buffer.stop) == (start, stop)
        expected = np.array([model[row] for row in range(start, stop)])
        held = buffer.rows(start, stop)
        assert held.shape == (bands, stop - start, 3)
        np.testing.assert_array_equal(
            held, np.broadcast_to(expected[:, None] + np.arange(bands)[:, None, None] / 10, held.shape)
        )


def test_rows_that_are_not_held_are_refused():
    buffer = RowBuffer(1, 3, np.dtype(np.float32), 10, 4)
    buffer.extend(14)
    buffer.release(12)
    for start, stop in ((11, 13), (12, 15), (14, 13)):
        with pytest.raises(IndexError, match=r"not within the rows held, 12\.\.14"):
            buffer.rows(start, stop)


def test_the_memory_stays_as_large_as_was_asked_for():
    buffer = RowBuffer(2, 100, np.dtype(np.float32), 0, 40)
    size = buffer.nbytes
    for stop in range(16, 5000, 16):
        buffer.release(stop - 24)
        buffer.extend(stop)
    assert buffer.nbytes == size == 2 * 40 * 100 * 4
