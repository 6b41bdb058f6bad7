"""Real rasters, where they are at hand: NDVI of Sentinel-2, four ways to say "no data", and odd grids."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from patchwise.core import (
    Expression,
    Lambda,
    RasterFile,
    SpatialHann,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
)

from ..made_rasters import ROTATED, run_to_file, write_raster

PATCHER = SpatialPatcher(SpatialRectangular((256, 256), "shift"), SpatialRegularStride(128), SpatialHann())
IDENTITY = Lambda(lambda chip: chip, "identity")


@pytest.mark.parametrize("wrap", [lambda e: e, Lambda], ids=["once", "overlapping"])
def test_ndvi_is_that_of_the_direct_computation(shared_data, tmp_path, wrap):
    path = shared_data / "s2-aberystwyth" / "s2_aberystwyth_10band_mosaic.tif"
    source = RasterFile(str(path), [3, 7])
    run_to_file(tmp_path / "ndvi.tif", source, PATCHER, wrap(Expression("(b2 - b1) / (b2 + b1)", 2)))
    with rasterio.open(path) as original, rasterio.open(tmp_path / "ndvi.tif") as written:
        red, infrared = original.read([3, 7], masked=True).astype("f8")
        with np.errstate(all="ignore"):
            expected = np.ma.filled((infrared - red) / (infrared + red), np.nan)
        expected[~np.isfinite(expected)] = np.nan
        ndvi = written.read(1)
        assert written.transform == original.transform and written.crs == original.crs
    np.testing.assert_array_equal(np.isnan(ndvi), np.isnan(expected))
    assert np.isfinite(expected).any() and np.nanmax(np.abs(ndvi - expected)) < 1e-6


@pytest.mark.parametrize("name", ["RGBA.uint16.tif", "masked.tif", "cog_int16.tif", "cog_nodata_nan.tif"])
def test_no_data_is_kept_exactly(shared_data, tmp_path, name):
    path = shared_data / "nodata" / name
    with rasterio.open(path) as original:
        values, masks = original.read(), original.read_masks() > 0
    values = values.astype("f4")
    masks &= ~np.isnan(values)
    run_to_file(tmp_path / "out.tif", RasterFile(str(path)), PATCHER, IDENTITY)
    with rasterio.open(tmp_path / "out.tif") as written:
        np.testing.assert_array_equal(written.read(), np.where(masks, values, np.nan))
    assert masks.any() and not masks.all()


@pytest.mark.parametrize("name", ["cog_dateline.tif", "non-square-pixels.tif"])
def test_odd_grids_are_kept(shared_data, tmp_path, name):
    path = shared_data / "odd-geometry" / name
    check_grid(path, tmp_path)


def check_grid(path, tmp_path):
    source = RasterFile(str(path))
    run_to_file(tmp_path / "out.tif", source, PATCHER, IDENTITY)
    with rasterio.open(path) as original, rasterio.open(tmp_path / "out.tif") as written:
        assert written.transform == original.transform and written.crs == original.crs
        assert written.shape == original.shape and written.bounds == original.bounds
        known = original.read_masks() > 0
        np.testing.assert_array_equal(written.read(), np.where(known, original.read().astype("f4"), np.nan))


def test_a_rotated_grid_is_kept(tmp_path):
    array = np.random.default_rng(0).integers(0, 255, (2, 300, 280), dtype=np.uint8)
    path = write_raster(tmp_path / "rotated.tif", array, transform=ROTATED, nodata=0)
    check_grid(path, tmp_path)


def test_scale_and_offset_of_a_real_file(shared_data, tmp_path):
    path = shared_data / "scale-offset" / "cog_scale.tif"
    run_to_file(tmp_path / "out.tif", RasterFile(str(path), scaled=True), PATCHER, IDENTITY)
    with rasterio.open(path) as original, rasterio.open(tmp_path / "out.tif") as written:
        values = original.read(masked=True).astype("f8")
        for k in range(original.count):
            expected = np.ma.filled(values[k] * original.scales[k] + original.offsets[k], np.nan)
            np.testing.assert_allclose(written.read(k + 1), expected, rtol=1e-5)
