"""Bands of further rasters on the grid of the first one."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    Expression,
    ParameterError,
    RasterFile,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
)
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.rasters import aligned as warped_module
from patchwise.core.rasters.aligned import Aligned, Warped
from patchwise.core.rasters.partial import check_target
from patchwise.core.rasters.stack import StackedRaster
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.warp import Resampling, reproject, transform

from ..cases import examples, make_array
from ..made_rasters import GRID, ROTATED, UTM, read_all, run_to_file, write_raster

SHAPE = (300, 610)
LONLAT = CRS.from_epsg(4326)
#: About the area of GRID: UTM zone 10 has its central meridian at 123 degrees west.
DEGREES = Affine(0.0001, 0, -122.999, 0, -0.0001, 36.143)


def values_of(source, window=None):
    """All bands; the files are closed, since QGIS takes GDAL with it when it ends."""
    with source:
        return read_all(source, window)


def ramp(shape, bands=1, noise=0.0, dtype="float32"):
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    values = np.stack([rows * (k + 1.5) - cols * 0.7 for k in range(bands)])
    return (values + noise * np.random.default_rng(3).random(values.shape)).astype(dtype)


@pytest.fixture
def first(tmp_path):
    array = make_array((2, *SHAPE), "int16", 0, False, 0)
    return RasterFile(write_raster(tmp_path / "first.tif", array, nodata=0, descriptions=("B04", "B08")))


def moved(cols, rows):
    return GRID * Affine.translation(cols, rows)


def test_on_the_same_grid_values_are_exact(tmp_path, first):
    array = make_array((3, *SHAPE), "uint32", 0, False, 1)
    other = write_raster(tmp_path / "b.tif", array, nodata=7, descriptions=("B04", "post", ""))
    with StackedRaster(first, [other, RasterFile(other, [2])]) as stack:
        assert stack.shape == (6, *SHAPE) and stack.dtype == np.float64 and stack.raw_itemsize == 4
        assert stack.band_names == ("B04", "B08", "", "post", "", "")
        assert stack.names_of == (("B04", "B08"), ("B04", "post", ""), ("post",))
        assert stack.paths == (first.path, other, other) and stack.domain == first.domain
        expected = np.where(array == 7, np.nan, array)
        np.testing.assert_array_equal(values_of(stack), np.concatenate([values_of(first), expected, expected[[1]]]))


@pytest.mark.parametrize("cols, rows", [(3, 5), (-4, 9), (300, -250), (-500, 290)])
def test_moved_by_whole_pixels_it_is_exact_and_nan_beyond(tmp_path, first, cols, rows):
    array = ramp(SHAPE, noise=1)
    other = write_raster(tmp_path / "b.tif", array, transform=moved(cols, rows))
    expected = np.full(SHAPE, np.nan)
    top, left = max(rows, 0), max(cols, 0)
    bottom, right = min(SHAPE[0], SHAPE[0] + rows), min(SHAPE[1], SHAPE[1] + cols)
    expected[top:bottom, left:right] = array[0, top - rows : bottom - rows, left - cols : right - cols]
    stack = StackedRaster(first, [other])
    assert isinstance(stack._members[1], Aligned)
    np.testing.assert_array_equal(values_of(stack)[2], expected)


def direct(path, domain, resampling, scale=(1.0, 1.0)):
    """The whole raster by rasterio.warp.reproject."""
    with RasterFile(path) as raster:
        source = values_of(raster)
        out = np.empty((len(source), *domain.shape), source.dtype)
        reproject(
            source,
            out,
            src_transform=raster.transform,
            src_crs=raster.crs,
            dst_transform=domain.transform,
            dst_crs=domain.crs,
            src_nodata=np.nan,
            dst_nodata=np.nan,
            resampling=resampling,
            tolerance=0,
            UNIFIED_SRC_NODATA="NO",
            XSCALE=repr(scale[0]),
            YSCALE=repr(scale[1]),
        )
    return out


GRIDS = {
    "half a pixel": (moved(10.5, 20.5), UTM),
    "coarser": (GRID * Affine.scale(2.5, 3), UTM),
    "finer": (GRID * Affine.scale(0.4, 0.4), UTM),
    "south up": (GRID * Affine.translation(0, 200) * Affine.scale(1.5, -0.5), UTM),
    "rotated": (ROTATED, UTM),
    "degrees": (DEGREES, LONLAT),
    "next zone": (Affine(12, 0, -39_800, 0, -9, 4_013_500), CRS.from_epsg(32611)),
}


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("resampling", ["bilinear", "nearest"])
def test_warping_is_that_of_gdal(tmp_path, first, name, resampling):
    grid, crs = GRIDS[name]
    array = ramp((500, 900), bands=2, noise=5 if crs == UTM else 0)
    array[0, 100:120, 200:230] = np.nan
    other = write_raster(tmp_path / "b.tif", array, transform=grid, crs=crs)
    stack = StackedRaster(first, [other], resampling)
    member = stack._members[1]
    assert isinstance(member, Warped)
    values = values_of(stack)[2:]
    expected = direct(other, first.domain, Resampling[resampling], member.scale)
    assert np.isfinite(values).any()
    different = np.isnan(values) != np.isnan(expected)
    assert different.mean() < 1e-4
    if crs == UTM:
        np.testing.assert_allclose(values[~different], expected[~different], rtol=1e-5, atol=0.02)
    else:  # GDAL may be off by an eighth of a pixel, which depends on how much is done at once
        close = np.isclose(values, expected, atol=0.5, equal_nan=True)
        assert close[~different].mean() > (0.97 if resampling == "nearest" else 0.9999999)


def test_bilinear_against_its_formula(tmp_path, first):
    array = ramp(SHAPE, noise=9)
    other = write_raster(tmp_path / "b.tif", array, transform=moved(-0.25, -0.5))
    a = array[0].astype(float)
    left = 0.75 * a[:, :-1] + 0.25 * a[:, 1:]
    expected = 0.5 * (left[:-1] + left[1:])
    np.testing.assert_allclose(values_of(StackedRaster(first, [other]))[2, :-1, :-1], expected, rtol=1e-5)


def test_only_invalid_pixels_are_unknown(tmp_path, first):
    """A pixel is NaN where none of the four pixels that it is made of is valid; else it is made of the valid ones."""
    array = np.full((2, *SHAPE), 50, np.uint8)
    array[0, 100:110, 200:210] = 0
    other = write_raster(tmp_path / "b.tif", array, nodata=0, transform=moved(0.25, 0.25))
    values = values_of(StackedRaster(first, [other]))[2:, 1:, 1:]
    known = values[np.isfinite(values)]
    np.testing.assert_allclose(known, 50)
    assert np.isnan(values[0]).sum() == 81 and not np.isnan(values[1]).any()


@pytest.mark.parametrize("how", ["mask", "alpha"])
def test_masks_and_alpha_bands_count(tmp_path, first, how):
    array = np.full((4, *SHAPE), 90, np.uint8)
    valid = np.ones(SHAPE, bool)
    valid[100:110, 200:210] = False
    array[:3, ~valid] = 7
    if how == "mask":
        options = {"mask": valid}
    else:
        array[3] = np.where(valid, 255, 0)
        roles = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
        options = {"colorinterp": roles, "photometric": "RGB", "alpha": "YES"}
    other = RasterFile(write_raster(tmp_path / "b.tif", array, transform=moved(0.25, 0.25), **options), [1, 2])
    values = values_of(StackedRaster(first, [other]))[2:, 1:, 1:]
    assert np.isnan(values).sum() == 2 * 81
    np.testing.assert_allclose(values[np.isfinite(values)], 90)


@given(st.data())
@examples(0.4)
@pytest.mark.parametrize("name", ["half a pixel", "coarser", "finer", "degrees", "next zone"])
def test_a_window_is_that_part_of_the_whole(tmp_path_factory, name, data):
    folder = tmp_path_factory.getbasetemp()
    path, other = folder / "window_first.tif", folder / f"window_{name}.tif"
    if not other.exists():
        write_raster(path, ramp(SHAPE, noise=1), tiled=True, blockxsize=64, blockysize=64)
        grid, crs = GRIDS[name]
        array = ramp((400, 700), bands=2, noise=5)
        array[1, 50:80, 90:110] = np.nan
        write_raster(other, array, transform=grid, crs=crs)
        with StackedRaster(RasterFile(str(path)), [str(other)]) as stack:
            np.save(folder / f"window_{name}.npy", values_of(stack))
    whole = np.load(folder / f"window_{name}.npy")
    row, col = data.draw(st.integers(0, SHAPE[0] - 1)), data.draw(st.integers(0, SHAPE[1] - 1))
    height, width = data.draw(st.integers(1, SHAPE[0] - row)), data.draw(st.integers(1, SHAPE[1] - col))
    with StackedRaster(RasterFile(str(path)), [str(other)]) as stack:
        values = values_of(stack, PixelWindow(row, col, height, width))
    np.testing.assert_array_equal(values, whole[:, row : row + height, col : col + width])


def test_a_block_that_needs_too_much_is_done_in_halves(tmp_path, first, monkeypatch):
    array = ramp((600, 1220), noise=1)
    other = write_raster(tmp_path / "b.tif", array, transform=GRID * Affine.scale(0.5))
    expected = values_of(StackedRaster(first, [other]))
    monkeypatch.setattr(warped_module, "_CROP_LIMIT", 1 << 16)
    np.testing.assert_allclose(values_of(StackedRaster(first, [other])), expected, rtol=1e-5)


def test_smaller_pixels_are_averaged(tmp_path, first):
    array = np.zeros((1, 4 * 300, 4 * 610), np.uint8)
    array[:, ::2] = 100
    other = write_raster(tmp_path / "b.tif", array, transform=GRID * Affine.scale(0.25))
    stack = StackedRaster(first, [other])
    assert stack._members[1].scale == (0.25, 0.25)
    np.testing.assert_allclose(values_of(stack)[2, 2:-2, 2:-2], 50)


def palette_raster(path, array, transform):
    colours = {k: (k, 255 - k, 0, 255) for k in range(12)}
    path = write_raster(path, array, transform=transform)
    with rasterio.open(path, "r+") as target:
        target.write_colormap(1, colours)
    return path


def test_classes_are_not_mixed(tmp_path, first):
    array = np.random.default_rng(0).integers(0, 12, (1, *SHAPE)).astype(np.uint8)
    other = palette_raster(tmp_path / "b.tif", array, moved(0.3, 0.3))
    plain = write_raster(tmp_path / "c.tif", array, transform=moved(0.3, 0.3))
    stack = StackedRaster(first, [other, plain])
    assert [member.nearest for member in stack._members[1:]] == [(True,), (False,)]
    values = values_of(stack)
    assert set(np.unique(values[2, 1:, 1:])) == set(range(12))
    np.testing.assert_array_equal(values[2, 1:, 1:], array[0, 1:, 1:])
    assert len(np.unique(values[3, 1:, 1:])) > 100
    mixed = values_of(StackedRaster(first, [other], "bilinear"))[2]
    np.testing.assert_array_equal(mixed, values[3])


def lonlat_raster(path, west, width, step=1.0, shape=20, centre=0.0):
    """Values are the longitude, made continuous around ``centre``, and the latitude."""
    lon = west + (np.arange(width) + 0.5) * step
    lon = centre + (lon - centre + 180) % 360 - 180
    lat = 10 - (np.arange(shape) + 0.5) * step
    array = np.stack(np.broadcast_arrays(lon, lat[:, None])).astype(np.float64)
    return write_raster(path, array, crs=LONLAT, transform=Affine(step, 0, west, 0, -step, 10))


@pytest.mark.parametrize("step", [1.0, 0.8])
def test_across_the_date_line_in_degrees(tmp_path, step):
    first = RasterFile(lonlat_raster(tmp_path / "a.tif", 170, 20, centre=180))
    globe = lonlat_raster(tmp_path / "b.tif", -180, round(360 / step), step, round(20 / step), centre=180)
    stack = StackedRaster(first, [globe])
    assert isinstance(stack._members[1], Aligned if step == 1 else Warped)
    values = values_of(stack)
    np.testing.assert_allclose(values[2:, 1:-1], values[:2, 1:-1], atol=0.41 * (step != 1))
    inside = np.abs(values[0, 0] - 180) > 1
    np.testing.assert_allclose(values[2:, 1:-1, inside], values[:2, 1:-1, inside], atol=0.05 * (step != 1))


@pytest.mark.parametrize("west, width", [(-180, 3600), (0, 3600), (175, 100)])
def test_across_the_date_line_in_metres(tmp_path, west, width):
    """UTM zone 60 ends at the date line; this raster lies on both sides of it."""
    grid = Affine(5_000, 0, 700_000, 0, -5_000, 600_000)
    first = RasterFile(write_raster(tmp_path / "a.tif", ramp((60, 90)), crs=CRS.from_epsg(32660), transform=grid))
    globe = lonlat_raster(tmp_path / "b.tif", west, width, 0.1, 100, centre=180)
    values = values_of(StackedRaster(first, [globe]))[1:]
    cols, rows = (v.ravel() + 0.5 for v in np.meshgrid(np.arange(90), np.arange(60)))
    lon, lat = np.array(transform(first.crs, LONLAT, *(grid * (cols, rows)))).reshape(2, 60, 90)
    lon %= 360
    assert lon.min() < 179 and lon.max() > 181
    near = np.abs(lon - 180) < 0.11
    np.testing.assert_allclose(values[1], lat, atol=0.0125)  # an eighth of a pixel
    np.testing.assert_allclose(values[0][~near], lon[~near], atol=0.0125)
    assert np.isfinite(values).all()


def test_without_a_crs_only_the_same_grid_will_do(tmp_path, first):
    array = ramp(SHAPE)
    same = write_raster(tmp_path / "same.tif", array, crs=None)
    np.testing.assert_array_equal(values_of(StackedRaster(first, [same]))[2], array[0])
    shifted = write_raster(tmp_path / "moved.tif", array, crs=None, transform=moved(1, 0))
    with pytest.raises(ParameterError, match=r"moved\.tif.*coordinate reference system.*it has none") as caught:
        StackedRaster(first, [shifted], parameter="OTHER_INPUTS")
    assert caught.value.parameter == "OTHER_INPUTS"
    with pytest.raises(ParameterError, match="the first raster has none"):
        StackedRaster(RasterFile(shifted), [first])
    np.testing.assert_array_equal(values_of(StackedRaster(RasterFile(same), [shifted]))[1, :, 1:], array[0, :, :-1])
    between = write_raster(tmp_path / "between.tif", array, crs=None, transform=moved(0.5, 0))
    with pytest.raises(ParameterError, match="must have a coordinate reference system, or the same grid"):
        StackedRaster(RasterFile(same), [between])


@pytest.mark.parametrize("grid, crs", [(moved(5000, 0), UTM), (moved(5000.5, 0), UTM), (GRID, CRS.from_epsg(32633))])
def test_a_raster_elsewhere_is_refused(tmp_path, first, grid, crs):
    other = write_raster(tmp_path / "b.tif", ramp(SHAPE), transform=grid, crs=crs)
    with pytest.raises(ParameterError, match="must overlap the first raster"):
        StackedRaster(first, [other])


def test_an_unknown_resampling_is_refused(first):
    with pytest.raises(ParameterError, match="must be one of auto, nearest, bilinear"):
        StackedRaster(first, [], "cubic")


def test_chosen_bands_are_those_bands(tmp_path, first):
    same = write_raster(tmp_path / "b.tif", ramp(SHAPE, 3), descriptions=("x", "y", "z"), scales=(1, 2, 1))
    between = write_raster(tmp_path / "c.tif", ramp(SHAPE, 2, noise=1), transform=moved(0.5, 0.5))
    stack = StackedRaster(first, [same, between])
    whole = values_of(stack)
    assert stack.has_scale
    for chosen in ([0, 5], [6, 3, 0], [4, 4], [6], [2, 1]):
        part = stack.select(chosen)
        assert part.bands == len(chosen) and part.band_names == tuple(stack.band_names[p] for p in chosen)
        np.testing.assert_array_equal(values_of(part), whole[chosen])
        np.testing.assert_array_equal(values_of(part.select([len(chosen) - 1])), whole[[chosen[-1]]])
    assert not stack.select([6]).has_scale


def written(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def test_a_stack_is_streamed_like_a_file(tmp_path, first):
    other = write_raster(tmp_path / "b.tif", ramp(SHAPE, noise=1), transform=DEGREES, crs=LONLAT)
    stack = StackedRaster(first, [other])
    patcher = SpatialPatcher(SpatialRectangular((64, 64), "shift"), SpatialRegularStride(48))
    run_to_file(tmp_path / "out.tif", stack, patcher, Expression("b3", 3))
    part = PixelWindow(37, 90, 100, 301)
    run_to_file(tmp_path / "part.tif", stack, patcher, Expression("b3", 3), window=part)
    expected = values_of(stack)[2]
    assert np.isfinite(expected).any()
    np.testing.assert_array_equal(written(tmp_path / "out.tif"), expected)
    np.testing.assert_array_equal(written(tmp_path / "part.tif"), expected[37:137, 90:391])
    with pytest.raises(ParameterError, match="must not be the same file"):
        check_target(other, stack.paths)
