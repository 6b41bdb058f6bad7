"""What the tests of the core share: cases for Hypothesis, a naive model of patching, and counting or generated sources.

The model shares no code with the core: it places chips by the words of ``geometry.py``'s docstring, pads with
``np.pad`` and divides ``sum(w x)`` by ``sum(w)`` in float64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from patchwise.core import (
    ArraySink,
    GeoTensor,
    Lambda,
    RasterField,
    SpatialBoxcar,
    SpatialCustom,
    SpatialGaussian,
    SpatialHann,
    SpatialKaiser,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialTriangular,
    SpatialTukey,
    stream,
)
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.grid.row_source import RowReader

DTYPES = ("uint8", "int16", "uint16", "int32", "float32", "float64")
COVERING = ("pad", "reflect", "shrink", "shift")
WINDOWS = (
    SpatialBoxcar(),
    SpatialHann(),
    SpatialTukey(0.3),
    SpatialTukey(1.0),
    SpatialGaussian(0.2),
    SpatialGaussian(0.6),
    SpatialKaiser(6.0),
    SpatialTriangular(),
    SpatialCustom("exp(-2 * r**2)"),
    SpatialCustom("where(r <= 0.8, 1 - r, 0) + where((abs(x) < 0.2) & (abs(y) < 0.2), 0.5, 0)"),
    SpatialCustom(lambda g: 1.0 + np.arange(g.size[0] * g.size[1]).reshape(g.size) % 3),
)
#: Depends on every pixel of the chip and on its place in it, so that overlapping results differ.
WHOLE_CHIP = Lambda(lambda chip: chip - np.mean(np.nan_to_num(chip, posinf=7, neginf=-7)) + _ramp(chip), "whole chip")
#: Depends on the place in the chip, pixel by pixel.
PLACED = Lambda(lambda chip: chip * (1 - _ramp(chip)), "placed")
#: Each pixel depends on one on the other side of the chip: the same bits however the chip lies in memory.
FLIPPED = Lambda(lambda chip: chip[..., ::-1, ::-1] * (1 - _ramp(chip)), "flipped")


def _holed(chip: np.ndarray) -> np.ndarray:
    known = np.nan_to_num(chip[..., ::-1, ::-1], nan=5, posinf=7, neginf=-7)
    holes = (_ramp(chip) % 1 == 0) & (np.abs(known[..., :1, :1]) % 1 < 0.5)
    return np.where(holes, np.nan, known)


#: The unknown pixels of the result are others than the chip's, and differ from chip to chip.
HOLED = Lambda(_holed, "holed")


def examples(times: float) -> settings:
    """So many times the examples that a law has by default, which are fewer for ``make quick``."""
    return settings(max_examples=max(1, round(times * settings.default.max_examples)))


def _ramp(chip: np.ndarray) -> np.ndarray:
    height, width = chip.shape[-2:]
    ramp = np.arange(height * width).reshape(height, width) % 13
    return ramp.astype(chip.dtype) / chip.dtype.type(4)


@dataclass(frozen=True)
class Case:
    """A raster and how it is cut."""

    array: np.ndarray
    nodata: float | None
    size: tuple[int, int]
    stride: tuple[int, int]
    boundary: str
    window: Any

    @property
    def patcher(self) -> SpatialPatcher:
        sampler = SpatialRegularStride(self.stride)
        return SpatialPatcher(SpatialRectangular(self.size, self.boundary), sampler, self.window)

    @property
    def field(self) -> RasterField:
        return RasterField(GeoTensor(self.array, nodata=self.nodata))

    @property
    def shape(self) -> tuple[int, int]:
        return self.array.shape[-2:]

    @property
    def expected(self) -> np.ndarray:
        """The chips' values: floats with NaN where unknown."""
        return known_values(self.array, self.nodata)


def known_values(array: np.ndarray, nodata: float | None) -> np.ndarray:
    wide = array.dtype.kind in "iu" and array.dtype.itemsize > 2 or array.dtype == np.float64
    values = array.astype(np.float64 if wide else np.float32)
    if nodata is not None and not math.isnan(nodata):
        values[array == nodata] = np.nan
    return values


def bits(array: np.ndarray) -> np.ndarray:
    """The array's bits, with all NaN made equal and both zeros made equal."""
    array = np.where(np.isnan(array), np.nan, array + 0.0).astype(array.dtype)
    return np.ascontiguousarray(array).view(f"u{array.itemsize}")


def assert_same_bits(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.dtype == expected.dtype
    np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(bits(actual), bits(expected))


def run(
    case: Any, operator: Any, window: PixelWindow | None = None, block_width: int = 1, **options: Any
) -> np.ndarray:
    """Stream to an array ``(bands, h, w)``; ``case`` has a ``field`` and a ``patcher``."""
    domain = case.field.domain
    out = window or domain.window
    sink = ArraySink((out.height, out.width))
    sink.block_width = block_width
    stream(case.field.source, case.patcher, operator, sink, window=window, **options)
    return sink.array


def assert_streamed_is_merged(case: Any, operator: Any) -> None:
    """Assert that the stream writes the bits that merging all patches at once gives."""
    patches = [patch.with_data(operator(np.asarray(patch.data))) for patch in case.patcher.split(case.field)]
    merged = case.patcher.merge(patches, case.field.reader).array
    streamed = run(case, operator, workers=2)
    assert_same_bits(streamed, merged.reshape(streamed.shape))


def assert_window_is_part_of_the_whole(
    case: Any, operator: Any, window: PixelWindow, block_width: int | None = None
) -> None:
    """Assert that a window alone has the bits that it has in the whole, in blocks if ``block_width`` is given."""
    whole = run(case, operator, workers=1)
    assert_same_bits(run(case, operator, window, workers=2), crop(whole, window))
    if block_width is not None:
        assert_same_bits(run(case, operator, window, block_width, memory_limit=1), crop(whole, window))


def crop(array: np.ndarray, window: PixelWindow) -> np.ndarray:
    return array[..., window.row : window.row_stop, window.col : window.col_stop]


def make_array(shape: tuple[int, ...], dtype: str, unknown: float, infinite: bool, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        array = rng.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
        array[rng.random(shape) < unknown] = limits.max  # the cases' nodata value
        return array
    array = (rng.normal(size=shape) * 10.0 ** rng.integers(-3, 6)).astype(kind)
    if infinite:
        array[rng.random(shape) < 0.02] = np.inf
        array[rng.random(shape) < 0.02] = -np.inf
    array[rng.random(shape) < unknown] = np.nan
    return array


@st.composite
def cases(draw: st.DrawFn, boundaries: tuple[str, ...] = (*COVERING, "drop"), gaps: bool = True) -> Case:
    """Rasters up to 48 pixels a side, chips up to 20, strides up to a little more than the chip."""
    shape = (draw(st.integers(1, 48)), draw(st.integers(1, 48)))
    boundary = draw(st.sampled_from(boundaries))
    most = [min(20, n) if boundary in ("drop", "raise") else 20 for n in shape]
    # Many overlaps of many chips are slow and show nothing more: chips of a pixel or two lie on the smaller rasters.
    least = [max(1, n // 12) for n in shape]
    size = tuple(draw(st.integers(low, high)) for low, high in zip(least, most))
    extra = 3 if gaps else 0
    stride = tuple(draw(st.integers(max(low, n // 5), n + extra)) for low, n in zip(least, size))
    if boundary == "raise":
        shape = tuple(n + t * ((length - n) // t) for n, t, length in zip(size, stride, shape))
    dtype = draw(st.sampled_from(DTYPES))
    bands = draw(st.sampled_from((None, 1, 2)))
    whole = shape if bands is None else (bands, *shape)
    unknown = draw(st.sampled_from((0.0, 0.0, 0.02, 0.3, 1.0)))
    array = make_array(whole, dtype, unknown, draw(st.booleans()), draw(st.integers(0, 2**32 - 1)))
    nodata = float(np.iinfo(dtype).max) if np.dtype(dtype).kind in "iu" and unknown else None
    return Case(array, nodata, size, stride, boundary, draw(st.sampled_from(WINDOWS)))


@st.composite
def cases_with_window(draw: st.DrawFn, **options: Any) -> tuple[Case, PixelWindow]:
    """A case and a window of its raster that chips touch (not all windows of a raster with gaps do)."""
    case = draw(cases(**options))
    height, width = case.shape
    row, col = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    window = PixelWindow(row, col, draw(st.integers(1, height - row)), draw(st.integers(1, width - col)))
    if not case.patcher.plan(case.shape).count(window):
        window = PixelWindow(0, 0, height, width)
    return case, window


def model_starts(length: int, size: int, stride: int, boundary: str) -> list[tuple[int, int]]:
    """``(start, size)`` of the chips along one axis, by the words of the geometry's docstring."""
    if boundary == "shift" and length < size:
        return [(0, size)]
    if boundary in ("drop", "shift", "raise"):
        starts = [(s, size) for s in range(0, length, stride) if s + size <= length]
        if boundary == "shift" and starts[-1][0] + size < length:
            starts.append((length - size, size))
        return starts
    placed, covered = [], 0
    for start in range(0, length, stride):
        if covered >= length and stride <= size:
            break
        placed.append((start, min(size, length - start) if boundary == "shrink" else size))
        covered = start + size
    return placed


def model_weights(case: Case) -> np.ndarray:
    """``sum(w)`` over all chips, valid or not."""
    ones = Case(np.ones(case.shape, np.float32), None, case.size, case.stride, case.boundary, case.window)
    return model(ones, lambda chip: np.ones(chip.shape))[1][0]


def model(case: Case, operator: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``(mean, weights, largest)`` of the overlapping results: ``sum(w x)/sum(w)``, ``sum(w)``, ``max|x|``."""
    height, width = case.shape
    values = case.expected
    mode = "constant" if case.boundary == "pad" else "reflect"
    reach = [max(0, n + s - length) for n, s, length in zip(case.size, case.stride, case.shape)]
    reach = [max(r, s) for r, s in zip(reach, case.size)]
    pads = [(0, 0)] * (values.ndim - 2) + [(0, r) for r in reach]
    fill = {"constant_values": np.nan} if mode == "constant" else {}
    big = np.pad(values, pads, mode=mode, **fill)
    sums = weights = largest = None
    for row, h in model_starts(height, case.size[0], case.stride[0], case.boundary):
        for col, w in model_starts(width, case.size[1], case.stride[1], case.boundary):
            x = np.asarray(operator(big[..., row : row + h, col : col + w].copy()), np.float64)
            x = x[None] if x.ndim == 2 else x
            if sums is None:
                sums, weights = (np.zeros((len(x), *big.shape[-2:])) for _ in range(2))
                largest = np.zeros_like(sums)
            place = (slice(None), slice(row, row + h), slice(col, col + w))
            weight = np.where(np.isnan(x), 0, case.window.weights(SpatialRectangular((h, w))))
            with np.errstate(invalid="ignore"):
                sums[place] += np.where(weight > 0, weight * x, 0)
            weights[place] += weight
            largest[place] = np.maximum(largest[place], np.where(weight > 0, np.abs(x), 0))
    sums, weights, largest = (a[:, :height, :width] for a in (sums, weights, largest))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weights > 0, sums / weights, np.nan), weights, largest


class GeneratedSource(RowReader):
    """A float32 raster of any height that is made when it is read; counts how often each row is read."""

    raw_itemsize, dtype = 4, np.dtype(np.float32)

    def __init__(self, shape: tuple[int, int], bands: int = 1, strip_rows: int = 16) -> None:
        self.domain, self.bands, self.strip_rows = RasterDomain(shape), bands, strip_rows
        self.reads = np.zeros(shape, np.int32) if shape[0] * shape[1] < 1 << 22 else None
        self.calls = 0

    def read(self, window: PixelWindow, out: np.ndarray) -> None:
        self.calls += 1
        if self.reads is not None:
            self.reads[window.row : window.row_stop, window.col : window.col_stop] += 1
        rows = np.arange(window.row, window.row_stop, dtype=np.float32)[:, None]
        cols = np.arange(window.col, window.col_stop, dtype=np.float32)
        out[...] = rows % 251 + (cols % 17) / 32


class NullSink:
    """Drops the rows that it is given, and records where they belong."""

    block_width = 16

    def __init__(self) -> None:
        self.written: list[tuple[int, int, tuple[int, ...]]] = []

    def start(self, bands: int, dtype: np.dtype) -> None:
        pass

    def write(self, row: int, col: int, values: np.ndarray) -> None:
        self.written.append((row, col, values.shape))
