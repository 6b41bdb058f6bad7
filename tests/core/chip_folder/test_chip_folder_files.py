"""Chips are the raster's own pixels, whatever says in it which of them mean nothing; labels; and the folder's name."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from patchwise.core import (
    ParameterError,
    RasterFile,
    RasterWriteError,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
)
from patchwise.core.chip_folder.folder import ChipRaster
from patchwise.core.chip_folder.labels import ChipLabels, PolygonLabels, RasterLabels
from patchwise.core.chip_folder.manifest import load_manifest
from patchwise.core.chip_folder.partial import PartialFolder, check_folder
from patchwise.core.chip_folder.rows import StoredRows, ValueRows, chip_rows
from patchwise.core.chip_folder.split import Split, split_to_folder
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from rasterio.enums import ColorInterp

from ..made_rasters import GRID, ROTATED, read_all, write_raster, write_vrt

SHAPE = (40, 50)


def values(dtype: str, bands: int = 2) -> np.ndarray:
    return np.random.default_rng(4).integers(0, 120, (bands, *SHAPE)).astype(dtype)


def split(raster: RasterFile, folder: Path, boundary: str = "shift", **given: object) -> ChipRaster:
    folder.mkdir()
    patcher = SpatialPatcher(SpatialRectangular((16, 24), boundary), SpatialRegularStride((13, 17)))
    split_to_folder(Split(raster, patcher, raster.domain.window, **given), str(folder))  # type: ignore[arg-type]
    return ChipRaster(str(folder), load_manifest(str(folder)))


def check_chips(raster: RasterFile, chips: ChipRaster, stored: bool = True) -> None:
    """Every chip holds the raster's own values, of the raster's own type, and reads as the raster does."""
    expected = read_all(raster)
    with rasterio.open(raster.path) as source:
        for chip in chips.manifest.chips:
            row, col, height, width = chip.window
            inside = PixelWindow(row, col, height, width).intersect(raster.domain.window)
            part = (slice(None), slice(0, inside.height), slice(0, inside.width))
            with rasterio.open(os.path.join(chips.folder, chip.path)) as dataset:
                place = ((row, row + inside.height), (col, col + inside.width))
                if stored:
                    raw = source.read(list(raster.band_numbers), window=place)
                    np.testing.assert_array_equal(dataset.read()[part], raw)
                    assert set(dataset.dtypes) == {raw.dtype.name}
                assert dataset.transform == raster.domain.crop(PixelWindow(*chip.window)).transform
                assert dataset.crs == source.crs
            found = chips.read_chip(chip)
            cut = expected[:, row : inside.row_stop, col : inside.col_stop]
            np.testing.assert_array_equal(found[part], cut)
            assert found.dtype == expected.dtype
            outside = found.copy()
            outside[part] = np.nan
            assert np.isnan(outside).all() or not chips.manifest.patcher.geometry.boundary == "pad"
            known = ~np.isnan(found).any(axis=0)
            assert abs(chip.valid - known.mean()) < 1e-6
    assert len(chips.manifest.chips) == len(list(Path(chips.folder).glob("*.tif")))


@pytest.mark.parametrize("boundary", ["shift", "pad"])
@pytest.mark.parametrize("nodata", [None, 7])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
def test_values_as_they_are_stored(tmp_path, dtype, nodata, boundary):
    raster = RasterFile(write_raster(tmp_path / "a.tif", values(dtype), nodata=nodata))
    check_chips(raster, split(raster, tmp_path / "chips", boundary))


def test_nan_beside_a_nodata_value(tmp_path):
    array = values("float32")
    array[0, 5:20, 5:20], array[1, 10:30, 10:30] = np.nan, -9999
    raster = RasterFile(write_raster(tmp_path / "a.tif", array, nodata=-9999))
    check_chips(raster, split(raster, tmp_path / "chips", "pad"))


@pytest.mark.parametrize("boundary", ["shift", "pad"])
def test_a_mask_goes_with_the_chips_and_hides_what_it_hid(tmp_path, boundary):
    mask = np.ones(SHAPE, bool)
    mask[10:25, 5:30] = False
    raster = RasterFile(write_raster(tmp_path / "a.tif", values("uint8", 3), mask=mask))
    check_chips(raster, split(raster, tmp_path / "chips", boundary))


@pytest.mark.parametrize("boundary", ["shift", "pad"])
@pytest.mark.parametrize("bands", [(), (1, 2, 3), (2,), (4,), (1, 4), (4, 1)], ids=str)
def test_an_alpha_band(tmp_path, bands, boundary):
    array = values("uint8", 4)
    array[3] = 255
    array[3, 10:25, 5:30] = 0
    kinds = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    raster = RasterFile(write_raster(tmp_path / "a.tif", array, colorinterp=kinds, photometric="RGB"), bands)
    # Where a file of these bands would not have it for its alpha band, or there are pixels that even it does not
    # know, validity takes NaN.
    alpha = bands != (4, 1) and not (boundary == "pad" and bands in ((), (1, 4)))
    check_chips(raster, split(raster, tmp_path / "chips", boundary), stored=alpha)


@pytest.mark.parametrize("photometric", ["MINISBLACK", "RGB"])
def test_a_fourth_band_is_no_alpha_band_by_itself(tmp_path, photometric):
    """Blue, green, red and near infrared in bytes, for one; GDAL's default is to take the last for an alpha band."""
    array = values("uint8", 4)
    array[3, 10:25, 5:30] = 0
    raster = RasterFile(write_raster(tmp_path / "a.tif", array, photometric=photometric, alpha="NO"))
    assert not np.isnan(read_all(raster)).any()
    check_chips(raster, split(raster, tmp_path / "chips"))


def test_bands_that_one_file_cannot_say_it_of_are_floats(tmp_path):
    array = values("uint8")
    source = write_raster(tmp_path / "a.tif", array)
    bands = ["<NoDataValue>3</NoDataValue>", "<NoDataValue>5</NoDataValue>"]
    two = RasterFile(write_vrt(tmp_path / "two.vrt", source, SHAPE, bands, ["Byte", "Byte"]))
    assert isinstance(chip_rows(two, SpatialRectangular(4)), ValueRows)
    check_chips(two, split(two, tmp_path / "two", "pad"), stored=False)
    mixed = RasterFile(write_vrt(tmp_path / "mixed.vrt", source, SHAPE, ["", ""], ["Byte", "Int32"]))
    chips = split(mixed, tmp_path / "mixed")
    check_chips(mixed, chips, stored=False)
    assert [band.dtype for band in chips.manifest.bands] == ["float32", "float64"]
    assert chips.read_chip(chips.manifest.chips[0], [0]).dtype == np.float32
    assert isinstance(chip_rows(RasterFile(source), SpatialRectangular(4)), StoredRows)


def test_names_scales_and_a_rotated_grid(tmp_path):
    array = values("int16")
    after = {"scales": (0.5, 2), "offsets": (1, -3), "descriptions": ("red", "near infrared")}
    raster = RasterFile(write_raster(tmp_path / "a.tif", array, transform=ROTATED, **after))
    chips = split(raster, tmp_path / "chips")
    check_chips(raster, chips)
    assert (chips.band_names, chips.scales, chips.offsets, chips.has_scale) == (
        after["descriptions"],
        (0.5, 2),
        (1, -3),
        True,
    )
    chip = chips.manifest.chips[4]
    row, col, height, width = chip.window
    scaled = ChipRaster(chips.folder, chips.manifest, (2.0, 1.0)).read_chip(chip, [1])
    np.testing.assert_array_equal(scaled[0], array[1, row : row + height, col : col + width] * 2 + 1)


@pytest.mark.parametrize("nodata", [None, 200])
def test_a_cap_is_what_is_known_of_its_chip(tmp_path, nodata):
    raster = RasterFile(write_raster(tmp_path / "a.tif", values("uint8"), nodata=nodata))
    (tmp_path / "chips").mkdir()
    patcher = SpatialPatcher(SpatialSphericalCap(0.1), SpatialRegularStride(20))
    manifest, _ = split_to_folder(Split(raster, patcher, raster.domain.window), str(tmp_path / "chips"))
    chips = ChipRaster(str(tmp_path / "chips"), load_manifest(str(tmp_path / "chips")))
    plan = patcher.plan(raster.domain)
    by_anchor = {c.anchor: c for group in plan.groups(raster.domain.window) for c in group.chips}
    for chip in manifest.chips:
        weights = by_anchor[chip.anchor].weights
        np.testing.assert_array_equal(np.isnan(chips.read_chip(chip)[0]), weights == 0)


def test_names_sort_in_the_chips_order(tmp_path):
    raster = RasterFile(write_raster(tmp_path / "a.tif", values("uint8")))
    chips = split(raster, tmp_path / "chips")
    places = [chip.window[:2] for chip in chips.manifest.chips]
    names = [chip.path for chip in chips.manifest.chips]
    assert places == sorted(places) and names == sorted(names) and names[0] == "chip_00001_r00000_c00000.tif"


def square(left: float, top: float, right: float, bottom: float) -> dict:
    """A polygon from pixel coordinates (col, row) of ``GRID``."""
    ring = [GRID * corner for corner in ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.mark.parametrize(
    ("numbers", "dtype", "nodata"),
    [
        ((1, 2), "uint8", 255),
        ((1, 255), "int16", -32768),
        ((0, 40000), "uint16", 65535),
        ((-3, 5), "int16", -32768),
        ((1, 1e6), "int32", -(2**31)),
        ((0.5, 2), "float32", np.nan),
        ((0.1, 2), "float64", np.nan),
    ],
    ids=str,
)
@pytest.mark.parametrize("boundary", ["shift", "pad", "reflect"])
def test_labels_of_polygons(tmp_path, numbers, dtype, nodata, boundary):
    raster = RasterFile(write_raster(tmp_path / "a.tif", values("uint8")))
    features = [(square(3.2, 4.6, 30, 20), numbers[0]), (square(20, 10, 60, 39), numbers[1])]
    features += [(square(0, 0, 50, 40), None), (square(100, 100, 120, 120), numbers[0])]
    expected = np.full(SHAPE, np.nan)
    rows, cols = np.mgrid[:40, :50] + 0.5
    expected[(cols > 3.2) & (cols < 30) & (rows > 4.6) & (rows < 20)] = numbers[0]
    expected[(cols > 20) & (rows > 10) & (rows < 39)] = numbers[1]
    labels = ChipLabels(PolygonLabels(features, raster.domain))
    chips = split(raster, tmp_path / "chips", boundary, labels=labels)
    for chip in chips.manifest.chips:
        row, col, height, width = chip.window
        wanted = expected[row : row + height, col : col + width]
        if boundary == "reflect":
            wanted = np.pad(wanted, ((0, height - wanted.shape[0]), (0, width - wanted.shape[1])), mode="reflect")
        with rasterio.open(os.path.join(chips.folder, chip.label)) as dataset:
            assert dataset.dtypes == (dtype,) and (dataset.nodata == nodata or np.isnan(nodata))
            found = dataset.read(1, masked=True).astype(np.float64).filled(np.nan)
            assert dataset.transform == raster.domain.crop(PixelWindow(*chip.window)).transform
        np.testing.assert_array_equal(found[: wanted.shape[0], : wanted.shape[1]], wanted)
        assert np.isnan(found[wanted.shape[0] :]).all() and np.isnan(found[:, wanted.shape[1] :]).all()


def test_pixels_in_no_polygon_may_have_a_value(tmp_path):
    domain = RasterDomain(SHAPE, GRID)
    labels, out = PolygonLabels([(square(3, 4, 30, 20), 1.0)], domain, 0.0), np.empty((1, *SHAPE))
    labels.read(domain.window, out)
    assert out.sum() == 27 * 16 and not np.isnan(out).any()
    empty = PolygonLabels([], domain)
    empty.read(domain.window, out)
    assert np.isnan(out).all() and empty.type.dtype == np.uint8


def test_labels_of_a_raster_on_the_same_grid(tmp_path):
    raster = RasterFile(write_raster(tmp_path / "a.tif", values("uint8")))
    classes = np.random.default_rng(1).integers(0, 4, (1, 30, 60)).astype("int16")
    moved = Affine(10, 0, GRID.c - 50, 0, -10, GRID.f - 20)  # 5 columns to the left, 2 rows down
    path = write_raster(tmp_path / "classes.tif", classes, nodata=3, transform=moved)
    labels = ChipLabels(RasterLabels(path, raster.domain, raster.strip_rows))
    expected = np.full(SHAPE, 3)
    expected[2:32] = classes[0, :, 5:55]
    chips = split(raster, tmp_path / "chips", labels=labels)
    for chip in chips.manifest.chips:
        row, col, height, width = chip.window
        with rasterio.open(os.path.join(chips.folder, chip.label)) as dataset:
            assert dataset.dtypes == ("int16",) and dataset.nodata == 3
            np.testing.assert_array_equal(dataset.read(1), expected[row : row + height, col : col + width])


def test_a_folder_takes_its_name_at_the_end_or_never(tmp_path):
    target = tmp_path / "new" / "chips"
    with pytest.raises(ZeroDivisionError), PartialFolder(str(target)) as folder:
        Path(folder.path, "a.txt").write_text("a")
        raise ZeroDivisionError
    assert list((tmp_path / "new").iterdir()) == []
    for text in ("first", "second"):
        with PartialFolder(str(target)) as folder:
            Path(folder.path, f"{text}.txt").write_text(text)
            assert not (target / f"{text}.txt").exists()
            folder.commit()
        assert os.listdir(target) == [f"{text}.txt"] and os.listdir(tmp_path / "new") == ["chips"]


def test_a_folder_that_cannot_be_replaced_stays(tmp_path, monkeypatch):
    target = tmp_path / "chips"
    target.mkdir()
    (target / "old.txt").write_text("old")
    original = os.replace

    def refuse(source, to):
        if os.path.basename(os.path.dirname(source)) == "new":
            raise PermissionError("in use")
        original(source, to)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(RasterWriteError, match="OUTPUT .*chips: cannot be replaced: in use"):
        with PartialFolder(str(target), "OUTPUT") as folder:
            folder.commit()
    assert os.listdir(tmp_path) == ["chips"] and os.listdir(target) == ["old.txt"]


def test_targets_that_are_refused(tmp_path):
    (tmp_path / "file.txt").write_text("x")
    for path, expected in (
        ("", "output is '': must be a folder"),
        (tmp_path / "file.txt", "must be a folder, and this is a file"),
        (tmp_path / "file.txt" / "chips", "cannot be made"),
        (tmp_path, "must be a new folder, an empty one"),
    ):
        with pytest.raises(ParameterError, match=expected):
            check_folder(str(path), [])
    check_folder(str(tmp_path / "not" / "yet"), [str(tmp_path / "file.txt")])
    with pytest.raises(ParameterError, match="must lie apart from"):
        check_folder(str(tmp_path / "not"), [str(tmp_path / "not" / "yet")])
