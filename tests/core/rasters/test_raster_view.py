"""Rasters seen otherwise than their files say: another CRS, other values that mean "no data"."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import rasterio
from hypothesis import example, given
from hypothesis import strategies as st
from patchwise.core import ParameterError, RasterFile, SpatialPatcher, SpatialRectangular, SpatialRegularStride
from patchwise.core.chip_folder.split import Split, split_to_folder
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.rasters.stack import StackedRaster
from patchwise.core.rasters.view import AS_IN_FILE, BandView, NodataRange, RasterView, hidden

from ..made_rasters import read_all, write_raster

ENDS = st.one_of(
    st.integers(-300, 70000).map(float),
    st.floats(allow_nan=False, width=32),
    st.sampled_from([-math.inf, math.inf, 0.1, 1.1, 2.5, -0.0, 1e-300]),
)
RANGES = st.builds(NodataRange, ENDS, ENDS, st.booleans(), st.booleans())


def view_of(*ranges, band=1, declared=True, **more):
    return RasterView(bands=((band, BandView(tuple(ranges), declared)),), **more)


def has(one, value):
    """Whether a range has a value, by its definition."""
    near = 4 * np.finfo(np.float64).eps
    above = value >= one.low - near if one.with_low or math.isinf(one.low) else value > one.low
    below = value <= one.high + near if one.with_high or math.isinf(one.high) else value < one.high
    return above and below


@given(
    st.lists(RANGES, max_size=3),
    st.sampled_from(["uint8", "int8", "int16", "uint16", "int32", "float32", "float64"]),
    st.integers(0, 2**32),
)
@example([NodataRange(1.1, 1.1)], "float32", 0)
@example([NodataRange(0, 0, False, True)], "uint8", 0)
@example([NodataRange(-math.inf, -math.inf)], "float32", 0)
def test_values_are_hidden_where_a_range_has_them(ranges, dtype, seed):
    rng, kind = np.random.default_rng(seed), np.dtype(dtype)
    ends = np.array([end for one in ranges for end in (one.low, one.high)] + [0.0, 1.1])
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        near = np.clip(np.nan_to_num(ends), float(limits.min), float(limits.max))
        values = np.concatenate([np.floor(near), np.ceil(near), rng.integers(limits.min, limits.max, 30)])
        values = np.clip(values, limits.min, limits.max).astype(kind)
    else:
        values = np.concatenate([ends, rng.normal(0, 3, 30)]).astype(kind)
        values = np.concatenate([values, np.nextafter(values, kind.type(np.inf)), [kind.type(np.nan)]])
    found = hidden(ranges, kind)
    wanted = [any(has(one, float(value)) for one in ranges) for value in values]
    got = np.zeros(values.shape, bool) if found is None else found.of(values)
    assert got.tolist() == wanted


def test_ranges_are_of_the_values_with_the_files_own_scale(tmp_path):
    array = np.arange(12, dtype="uint16").reshape(1, 3, 4)
    path = write_raster(tmp_path / "a.tif", array, scales=(0.1,), offsets=(1.0,))
    view = view_of(NodataRange(1.1, 1.3))
    wanted = np.where((array >= 1) & (array <= 3), np.nan, array)
    np.testing.assert_array_equal(read_all(RasterFile(path, view=view)), wanted)
    # Whatever is then made of them.
    np.testing.assert_allclose(read_all(RasterFile(path, scaled=(2, 5), view=view)), 2 * wanted + 5)
    np.testing.assert_allclose(read_all(RasterFile(path, scaled=True, view=view)), 0.1 * wanted + 1, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("nodata", [None, 5])
def test_declared_values_and_ranges(tmp_path, dtype, nodata):
    array = np.arange(24).astype(dtype).reshape(2, 3, 4) % 11
    path = write_raster(tmp_path / "a.tif", array, nodata=nodata)
    for declared in (True, False):
        for ranges in ([], [NodataRange(3, 3)], [NodataRange(3, 3), NodataRange(7, math.inf, False)]):
            view = view_of(*ranges, declared=declared, band=2)
            wanted = array.astype(np.float64)
            if nodata is not None:
                wanted[0][array[0] == nodata] = np.nan
                if declared:
                    wanted[1][array[1] == nodata] = np.nan
            for one in ranges:
                wanted[1][np.vectorize(lambda v, one=one: has(one, float(v)))(array[1])] = np.nan
            source = RasterFile(path, view=view)
            np.testing.assert_array_equal(read_all(source), wanted)
            np.testing.assert_array_equal(read_all(source.select([1])), wanted[1:])
            np.testing.assert_array_equal(read_all(StackedRaster(source, [source])), np.concatenate([wanted, wanted]))


def test_a_mask_counts_where_the_declared_value_does_not(tmp_path):
    array = np.arange(12, dtype="uint8").reshape(1, 3, 4) % 4
    mask = np.arange(12).reshape(3, 4) % 5 != 0
    path = write_raster(tmp_path / "a.tif", array, mask=mask, nodata=3)
    source = RasterFile(path, view=view_of(NodataRange(1, 1), declared=False))
    np.testing.assert_array_equal(read_all(source), np.where(mask & (array != 1), array, np.nan))


@pytest.mark.parametrize("crs", ["EPSG:32633", "", None])
def test_the_crs_is_that_of_the_view(tmp_path, crs):
    path = write_raster(tmp_path / "a.tif", np.ones((1, 3, 4), "uint8"))
    source = RasterFile(path, view=RasterView(crs=crs))
    for one in (source, source.select([0]), StackedRaster(source, [source])):
        assert one.crs == {"": None, None: rasterio.crs.CRS.from_epsg(32610)}.get(crs, crs)
    with pytest.raises(ParameterError, match="INPUT CRS is 'nonsense': is no coordinate reference system"):
        RasterFile(path, parameter="INPUT", view=RasterView(crs="nonsense"))


def test_open_options_choose_the_pixels(tmp_path):
    array = np.arange(64, dtype="uint8").reshape(1, 8, 8)
    path = write_raster(tmp_path / "a.tif", array)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2], rasterio.enums.Resampling.nearest)
    source = RasterFile(path, view=RasterView(options=(("OVERVIEW_LEVEL", "0"),)))
    assert source.domain.shape == (4, 4)
    assert read_all(source).shape == read_all(source.select([0])).shape == (1, 4, 4)


@pytest.mark.parametrize(
    "view",
    [
        AS_IN_FILE,
        RasterView(crs=""),
        RasterView("EPSG:3857", ((2, BandView((NodataRange(), NodataRange(1.5, 2, False)), False)),), (("A", "B"),)),
    ],
)
def test_a_record_gives_the_view_again(view):
    assert RasterView.from_record(json.loads(json.dumps(view.record()))) == view
    assert (view.record() == {}) == (view == AS_IN_FILE)


@pytest.mark.parametrize(
    "record",
    [
        {"crs": 7},
        {"nodata": 5},
        {"nodata": [{"ranges": []}]},
        {"nodata": [{"band": 1, "ranges": [[1, 2]]}]},
        {"nodata": [{"band": 1, "ranges": [["x", 2, True, True]]}]},
        {"options": [1]},
    ],
)
def test_a_record_that_says_nothing_is_refused(record):
    with pytest.raises(ParameterError, match="does not say how the raster is to be seen"):
        RasterView.from_record(record)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"crs": "http://example.org/crs"}, "input.crs is .*must be a code such as"),
        ({"crs": "/vsicurl/http://example.org/crs"}, "input.crs is .*must be a code such as"),
        ({"options": {"TILE_INDEX": "/etc/passwd"}}, "input.options.TILE_INDEX is .*must be a plain word or number"),
        ({"options": {"USERPWD": "//example.org"}}, "must be a plain word or number where a record says it"),
        ({"options": {"A": "http:example.org"}}, "must be a plain word or number where a record says it"),
    ],
)
def test_a_record_names_neither_files_nor_servers_in_passing(record, words):
    with pytest.raises(ParameterError, match=words):
        RasterView.from_record(record)


@pytest.mark.parametrize("nodata", [None, 9])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("bands", [1, 2])
@pytest.mark.parametrize("ranges", [(NodataRange(0, 0),), (NodataRange(0, 1), NodataRange(7, 7))])
def test_chips_hold_what_is_seen(tmp_path, nodata, dtype, bands, ranges):
    rng = np.random.default_rng(5)
    array = rng.integers(0, 10, (bands, 40, 60)).astype(dtype)
    path = write_raster(tmp_path / "a.tif", array, nodata=nodata)
    views = tuple((k + 1, BandView(ranges)) for k in range(bands))
    source = RasterFile(path, view=RasterView("EPSG:32633", views))
    patcher = SpatialPatcher(SpatialRectangular((20, 20), boundary="shrink"), SpatialRegularStride((20, 20)))
    folder = tmp_path / "chips"
    folder.mkdir()
    split = Split(source, patcher, PixelWindow(0, 0, 40, 60), min_valid=0.0)
    manifest, _ = split_to_folder(split, str(folder))
    whole = read_all(source)
    assert np.isnan(whole).any()
    for chip in manifest.chips:
        with rasterio.open(folder / chip.path) as dataset:
            assert dataset.crs == "EPSG:32633"
            assert bands > 1 or dataset.dtypes[0] == dtype  # a single band keeps its own type
            values = dataset.read(masked=True).astype(np.float64).filled(np.nan)
        rows, cols = (slice(chip.window[k], chip.window[k] + chip.window[k + 2]) for k in (0, 1))
        np.testing.assert_array_equal(values, whole[:, rows, cols])
        assert chip.valid == pytest.approx(1 - np.isnan(whole[:, rows, cols]).any(axis=0).mean(), abs=1e-6)
