"""Reading: what is unknown in a file is NaN in a chip, whatever way the file has to say so."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import GeoTensor, ParameterError, RasterField, RasterFile, RasterReadError
from patchwise.core.chip_folder.files import write_chip
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from rasterio.enums import ColorInterp

from ..cases import known_values, make_array
from ..made_rasters import GRID, ROTATED, UTM, read_all, write_raster, write_vrt

SHAPE = (30, 41)


def numbers(dtype, bands=1, seed=0):
    array = make_array((bands, *SHAPE), dtype, 0, False, seed)
    array[:, 5:9, 7:20] = 0
    array[:, 12:14, 7:20] = 1
    return array


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
@pytest.mark.parametrize("nodata", [None, 0, 1])
def test_the_nodata_value_is_unknown_and_every_other_value_exact(tmp_path, dtype, nodata):
    array = numbers(dtype)
    source = RasterFile(write_raster(tmp_path / "a.tif", array, nodata=nodata))
    assert source.dtype == (np.float64 if dtype in ("int32", "uint32", "float64") else np.float32)
    np.testing.assert_array_equal(read_all(source), known_values(array, nodata))
    assert source.raw_itemsize == array.itemsize


@pytest.mark.parametrize("value", [-3.4028234663852886e38, 1e20, 0.1, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float_nodata_is_compared_in_the_type_of_the_file(tmp_path, dtype, value):
    array = numbers(dtype)
    unknown = np.zeros(array.shape, bool)
    unknown[:, 3:6] = True
    array[unknown] = value
    array[:, 20] = np.nan
    values = read_all(RasterFile(write_raster(tmp_path / "a.tif", array, nodata=value)))
    np.testing.assert_array_equal(values, np.where(unknown, np.nan, array))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_64_bit_integers(tmp_path, dtype):
    limits = np.iinfo(dtype)
    array = np.arange(30 * 41, dtype=dtype).reshape(1, *SHAPE)
    array[0, 0] = limits.max
    array[0, 1] = limits.min
    path = write_wide(tmp_path / "a.vrt", array, nodata=7)
    values = read_all(RasterFile(path))
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, known_values(array, 7))
    write_chip(str(tmp_path / "chip.tif"), array, RasterDomain(SHAPE, GRID, UTM), None)
    np.testing.assert_array_equal(read_all(RasterFile(str(tmp_path / "chip.tif"))), array.astype(np.float64))


def write_wide(path, array, nodata):
    """A raster of 64-bit integers by GDAL's own names of types: rasterio 1.3.5 mistakes one for the other."""
    array.astype(array.dtype.newbyteorder("<")).tofile(path.with_suffix(".bin"))
    height, width = array.shape[1:]
    kind = {"int64": "Int64", "uint64": "UInt64"}[array.dtype.name]
    path.write_text(
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}"><SRS>EPSG:32610</SRS><GeoTransform>500000, 10, 0, '
        f'4000000, 0, -10</GeoTransform><VRTRasterBand dataType="{kind}" band="1" subClass="VRTRawRasterBand">'
        f'<NoDataValue>{nodata}</NoDataValue><SourceFilename relativeToVRT="1">{path.stem}.bin</SourceFilename>'
        f"<ByteOrder>LSB</ByteOrder></VRTRasterBand></VRTDataset>",
        encoding="utf-8",
    )
    return str(path)


def test_64_bit_integers_below_zero(tmp_path):
    array = -np.arange(30 * 41, dtype="int64").reshape(1, *SHAPE)
    values = read_all(RasterFile(write_wide(tmp_path / "a.vrt", array, nodata=-9)))
    np.testing.assert_array_equal(values, known_values(array, -9))


@pytest.mark.parametrize("nodata", [-128, -1, 0, 5])
def test_signed_bytes_have_the_nodata_value_that_they_declare(tmp_path, nodata):
    """GDAL before 3.7 takes them for unsigned: its flags say that all pixels are valid."""
    array = np.arange(-128, 128).astype("int8")[: 12 * 20].reshape(1, 12, 20)
    source = RasterFile(write_raster(tmp_path / "a.tif", array, nodata=nodata))
    np.testing.assert_array_equal(read_all(source), known_values(array, nodata))


@pytest.mark.parametrize(
    "dtype, nodata",
    [
        ("uint8", 254.5),
        ("uint8", 0.5),
        ("int32", 16777216.5),
        ("uint8", 300.0),
        ("uint8", -1.0),
        ("uint8", 255.5),
        ("int16", np.nan),
    ],
)
def test_a_nodata_value_that_the_type_does_not_have_means_what_it_means_to_gdal(tmp_path, dtype, nodata):
    """GDAL cuts some off to whole numbers, and so does QGIS; others mean nothing."""
    array = numbers(dtype)
    array[:, 20, :5] = [[0, 1, 254, 255, 16777216 if dtype == "int32" else 44]]
    path = write_raster(tmp_path / "a.tif", array)
    kind = {"uint8": "Byte", "int16": "Int16", "int32": "Int32"}[dtype]
    xml = f"<NoDataValue>{nodata}</NoDataValue>"
    path = write_vrt(tmp_path / "a.vrt", path, SHAPE, [xml], [kind])
    with rasterio.open(path) as dataset:
        valid = dataset.read_masks(1) > 0
    np.testing.assert_array_equal(read_all(RasterFile(path)), np.where(valid, array, np.nan))
    if nodata in (254.5, 0.5, 16777216.5):
        assert not valid.all() and (array[0][~valid] == int(nodata)).all()


@pytest.mark.parametrize("nodata", [0, None])
def test_a_nodata_value_counts_beside_a_mask(tmp_path, nodata):
    """GDAL's mask is then that of the file alone; QGIS and whoever declared the value take it for no data."""
    array = numbers("uint8", 2)
    mask = np.random.default_rng(1).random(SHAPE) < 0.7
    source = RasterFile(write_raster(tmp_path / "a.tif", array, mask=mask, nodata=nodata))
    np.testing.assert_array_equal(read_all(source), np.where(mask, known_values(array, nodata), np.nan))


@pytest.mark.parametrize("nodata", ["-9999", "256", "nan", "inf", "-inf", "1e300"])
def test_a_nodata_value_that_the_type_does_not_have_stands_for_nothing(tmp_path, nodata):
    array = numbers("uint8")
    path = write_raster(tmp_path / "a.tif", array)
    xml = f"<NoDataValue>{nodata}</NoDataValue>"
    source = RasterFile(write_vrt(tmp_path / "a.vrt", path, SHAPE, [xml], ["Byte"]))
    np.testing.assert_array_equal(read_all(source), array)


def test_bands_may_have_different_nodata_values_and_types(tmp_path):
    array = np.stack([numbers("uint8", seed=k)[0] for k in range(3)])
    path = write_raster(tmp_path / "a.tif", array)
    xml = ["<NoDataValue>0</NoDataValue>", "", "<NoDataValue>1</NoDataValue>"]
    source = RasterFile(write_vrt(tmp_path / "a.vrt", path, SHAPE, xml, ["Byte", "Int16", "Float32"]))
    expected = np.stack([known_values(array[k], nodata) for k, nodata in enumerate((0, None, 1))])
    np.testing.assert_array_equal(read_all(source), expected)
    picked = RasterFile(str(tmp_path / "a.vrt"), [3, 1])
    np.testing.assert_array_equal(read_all(picked), expected[[2, 0]])


def test_an_internal_mask_counts_and_values_under_it_do_not(tmp_path):
    array = numbers("uint16", bands=2)
    mask = np.random.default_rng(1).random(SHAPE) < 0.7
    source = RasterFile(write_raster(tmp_path / "a.tif", array, mask=mask))
    np.testing.assert_array_equal(read_all(source), np.where(mask, array, np.nan))


def test_a_mask_that_each_band_has_of_its_own(tmp_path):
    array = np.stack([numbers("uint8", seed=k)[0] for k in range(2)])
    path = write_raster(tmp_path / "a.tif", array)
    masks = np.random.default_rng(1).random((2, *SHAPE)) < 0.7
    where = write_raster(tmp_path / "m.tif", (masks * 255).astype("uint8"))
    xml = [
        '<MaskBand><VRTRasterBand dataType="Byte"><SimpleSource><SourceFilename relativeToVRT="0">'
        f"{where}</SourceFilename><SourceBand>{k + 1}</SourceBand></SimpleSource></VRTRasterBand></MaskBand>"
        for k in range(2)
    ]
    source = RasterFile(write_vrt(tmp_path / "a.vrt", path, SHAPE, xml, ["Byte", "Byte"]))
    np.testing.assert_array_equal(read_all(source), np.where(masks, array, np.nan))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_alpha_zero_is_unknown_and_alpha_is_a_band_like_any_other(tmp_path, dtype):
    array = numbers(dtype, bands=4)
    alpha = np.random.default_rng(1).integers(0, 3, SHAPE)
    array[3] = np.where(alpha == 2, np.iinfo(dtype).max, alpha)  # 1 is barely visible, but known
    roles = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    path = write_raster(tmp_path / "a.tif", array, colorinterp=roles, photometric="RGB", alpha="YES")
    expected = array.astype(np.float32)
    expected[:3, alpha == 0] = np.nan
    np.testing.assert_array_equal(read_all(RasterFile(path)), expected)
    np.testing.assert_array_equal(read_all(RasterFile(path, [2])), expected[[1]])


def test_a_mask_beside_the_file_counts(tmp_path):
    array = numbers("int16")
    path = write_raster(tmp_path / "a.tif", array)
    mask = np.random.default_rng(1).random(SHAPE) < 0.7
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as target:
        target.write_mask(mask)
    assert os.path.exists(path + ".msk")
    np.testing.assert_array_equal(read_all(RasterFile(path)), np.where(mask, array, np.nan))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32", "float64"])
def test_scale_and_offset_are_applied_on_request(tmp_path, dtype):
    array = np.concatenate([numbers(dtype), numbers(dtype, seed=1)])
    scale, offset = (0.5, 0.0001), (10.0, -0.1)
    path = write_raster(tmp_path / "a.tif", array, nodata=1, scales=scale, offsets=offset)
    known = known_values(array, 1)
    np.testing.assert_array_equal(read_all(RasterFile(path)), known)
    scaled = RasterFile(path, scaled=True)
    assert scaled.has_scale and scaled.dtype == known.dtype
    expected = np.stack([known[k].astype("f8") * scale[k] + offset[k] for k in range(2)])
    tolerance = 4 * np.finfo(known.dtype).eps * (np.abs(known.astype("f8")) * 0.5 + 10)
    values = read_all(scaled)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(expected))
    assert (np.abs(values - expected) <= tolerance)[~np.isnan(expected)].all()


def test_bands_by_choice_and_in_order(tmp_path):
    array = numbers("uint16", bands=4)
    names = ("B02", "B03", "", "B08")
    path = write_raster(tmp_path / "a.tif", array, descriptions=names)
    source = RasterFile(path, [4, 1, 1])
    assert source.band_names == ("B08", "B02", "B02") and source.bands == 3 and source.count == 4
    np.testing.assert_array_equal(read_all(source), array[[3, 0, 0]])
    np.testing.assert_array_equal(read_all(source.select([1])), array[[0]])
    assert RasterFile(path).band_names == names and RasterFile(path).shape == (4, *SHAPE)


@given(st.data())
def test_a_window_is_that_part_of_the_whole(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "window.tif"
    array = numbers("int16", bands=2)
    if not path.exists():
        write_raster(path, array, nodata=1, tiled=True, blockxsize=16, blockysize=16)
    row, col = data.draw(st.integers(0, SHAPE[0] - 1)), data.draw(st.integers(0, SHAPE[1] - 1))
    height, width = data.draw(st.integers(1, SHAPE[0] - row)), data.draw(st.integers(1, SHAPE[1] - col))
    with RasterFile(str(path)) as source:
        values = read_all(source, PixelWindow(row, col, height, width))
        np.testing.assert_array_equal(values, known_values(array, 1)[:, row : row + height, col : col + width])


@pytest.mark.parametrize("transform", [GRID, ROTATED, GRID * GRID.scale(1, -1), GRID * GRID.scale(2, 0.5)])
def test_the_grid_is_the_files_own(tmp_path, transform):
    source = RasterFile(write_raster(tmp_path / "a.tif", numbers("uint8"), transform=transform))
    assert source.transform.almost_equals(transform) and source.crs == UTM
    assert source.domain.shape == SHAPE
    moved = source.domain.crop(PixelWindow(3, 4, 5, 6))
    assert moved.transform.almost_equals(transform * transform.translation(4, 3)) and moved.shape == (5, 6)


def test_strips_follow_the_blocks_of_the_file(tmp_path):
    tall = np.zeros((1, 3000, 20), np.uint8)
    heights = {}
    for name, profile in {
        "tiles": {"tiled": True, "blockxsize": 16, "blockysize": 256},
        "small tiles": {"tiled": True, "blockxsize": 16, "blockysize": 16},
        "large tiles": {"tiled": True, "blockxsize": 16, "blockysize": 1024},
        "lines": {"blockysize": 1},
    }.items():
        heights[name] = RasterFile(write_raster(tmp_path / "a.tif", tall, **profile)).strip_rows
    assert heights == {"tiles": 256, "small tiles": 128, "large tiles": 256, "lines": 128}


def test_files_that_cannot_be_read_are_refused_by_name(tmp_path):
    text = tmp_path / "notes.tif"
    text.write_text("not a raster")
    for path in (tmp_path / "absent.tif", text, tmp_path, ""):
        with pytest.raises(RasterReadError, match="INPUT is .*cannot be opened as a raster") as caught:
            RasterFile(str(path), parameter="INPUT")
        assert "context" not in str(caught.value)


def test_a_truncated_file_fails_with_its_rows(tmp_path):
    array = make_array((1, 600, 600), "float32", 0, False, 0)
    path = write_raster(tmp_path / "a.tif", array, compress="deflate", tiled=True, blockxsize=256, blockysize=256)
    os.truncate(path, os.path.getsize(path) // 2)
    source = RasterFile(path)
    with pytest.raises(
        RasterReadError, match=r"a\.tif: cannot read rows 512\.\.599, columns 0\.\.599: .*(read|Read|Zip)"
    ):
        read_all(source, PixelWindow(512, 0, 88, 600))
    np.testing.assert_array_equal(read_all(source, PixelWindow(0, 0, 256, 256)), array[:, :256, :256])


def test_a_file_that_goes_away_before_it_is_read(tmp_path):
    path = write_raster(tmp_path / "a.tif", numbers("uint8"))
    source = RasterFile(path)
    source.close()
    os.unlink(path)
    with pytest.raises(RasterReadError, match="cannot be opened"):
        read_all(source)


@pytest.mark.parametrize("bands", [[0], [5], [-1], [1, 2, 9], [True], [1.5], ["1"], [None]])
def test_bands_out_of_range(tmp_path, bands):
    path = write_raster(tmp_path / "a.tif", numbers("uint8", bands=4))
    with pytest.raises(ParameterError, match="must be from 1 to 4, the bands of") as caught:
        RasterFile(path, bands)
    assert caught.value.parameter == "bands"


def test_complex_values_are_refused(tmp_path):
    array = np.ones((1, *SHAPE), np.complex64)
    with pytest.raises(ParameterError, match="holds complex64 values; real numbers are needed"):
        RasterFile(write_raster(tmp_path / "a.tif", array))


def test_a_raster_without_georeference(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = write_raster(tmp_path / "a.tif", numbers("uint8"), crs=None, transform=None)
        source = RasterFile(path)
        assert source.crs is None
        np.testing.assert_array_equal(read_all(source), numbers("uint8"))


def test_closing_and_reading_again(tmp_path):
    array = numbers("uint8")
    source = RasterFile(write_raster(tmp_path / "a.tif", array))
    with source:
        read_all(source)
    np.testing.assert_array_equal(read_all(source), array)
    source.close()
    source.close()


def test_a_field_over_a_file_is_that_over_its_array(tmp_path):
    array = numbers("int16", bands=2)
    source = RasterFile(write_raster(tmp_path / "a.tif", array, nodata=0))
    window = PixelWindow(2, 3, 20, 21)
    in_memory = RasterField(GeoTensor(array, GRID, UTM, nodata=0))
    np.testing.assert_array_equal(RasterField(source).read(window), in_memory.read(window))


@pytest.mark.parametrize("array", [np.ones((3, 4), complex), np.full((3, 4), None), np.full((3, 4), "x")])
def test_arrays_that_are_not_numbers_are_refused(array):
    with pytest.raises(ParameterError, match="real numbers"):
        GeoTensor(array)


def test_arrays_that_are_not_rasters_are_refused():
    for shape in ((3,), (), (1, 2, 3, 4)):
        with pytest.raises(ParameterError, match=r"must have the shape \(row, col\) or \(band, row, col\)"):
            GeoTensor(np.zeros(shape))
    with pytest.raises(ParameterError, match="must be filled"):
        GeoTensor(np.ma.masked_less(np.arange(12).reshape(3, 4), 5))


def test_a_file_is_open_until_it_is_closed_and_opened_again_by_a_read(tmp_path):
    source = RasterFile(write_raster(tmp_path / "a.tif", numbers("uint8", bands=3)))
    some, whole = source.select([2]), read_all(source)
    assert not source.closed
    with some:
        np.testing.assert_array_equal(read_all(some), whole[2:])
    assert source.closed and some.closed, "they are the same open file"
    np.testing.assert_array_equal(read_all(source), whole)
    assert not some.closed


def test_what_is_refused_at_first_is_refused_of_a_file_that_is_opened_again(tmp_path):
    source = RasterFile(write_raster(tmp_path / "a.tif", numbers("uint8")))
    source.close()
    (tmp_path / "a.tif.ovr").write_text("<VRTDataset rasterXSize='5' rasterYSize='5'/>", encoding="utf-8")
    with pytest.raises(RasterReadError, match="a.tif.ovr beside it is a .*, which names other files"):
        read_all(source)


def test_a_file_that_is_refused_is_not_left_open(tmp_path, monkeypatch):
    from patchwise.core.rasters.opened import OpenedFile

    files, real = [], OpenedFile.__init__

    def noting(self, *args):
        files.append(self)
        real(self, *args)

    monkeypatch.setattr(OpenedFile, "__init__", noting)
    with pytest.raises(ParameterError):
        RasterFile(write_raster(tmp_path / "a.tif", numbers("uint8")), [99])
    assert [file.closed for file in files] == [True]
