"""Wavelengths, palettes and names of classes through the algorithms, as GDAL and QGIS read them back."""

import glob
import json

import numpy as np
import pytest
import rasterio
from osgeo import gdal
from qgis.core import QgsPalettedRasterRenderer, QgsRasterLayer
from rasterio.transform import from_origin

COLOURS = {1: (10, 20, 30), 2: (0, 200, 0), 7: (200, 2, 3)}
NAMES = {1: "water & ice", 2: "wood", 7: "Äcker"}
CHIPS = {"CHIP_SIZE": 32, "STRIDE": 16}


@pytest.fixture()
def classified(tmp_path):
    """A raster of classes with a colour table and an attribute table, nodata 255."""
    path = str(tmp_path / "classes.tif")
    made = gdal.GetDriverByName("GTiff").Create(path, 70, 60, 1, gdal.GDT_Byte)
    made.SetGeoTransform(from_origin(500000, 5000000, 10, 10).to_gdal())
    made.SetProjection(rasterio.crs.CRS.from_epsg(32633).to_wkt())
    band, table, rat = made.GetRasterBand(1), gdal.ColorTable(), gdal.RasterAttributeTable()
    rat.CreateColumn("Value", gdal.GFT_Integer, gdal.GFU_MinMax)
    rat.CreateColumn("Class", gdal.GFT_String, gdal.GFU_Name)
    for name, usage in (("Red", gdal.GFU_Red), ("Green", gdal.GFU_Green), ("Blue", gdal.GFU_Blue)):
        rat.CreateColumn(name, gdal.GFT_Integer, usage)
    rat.SetRowCount(3)
    for row, (value, colour) in enumerate(COLOURS.items()):
        table.SetColorEntry(value, (*colour, 255))
        rat.SetValueAsInt(row, 0, value)
        rat.SetValueAsString(row, 1, NAMES[value])
        for k, part in enumerate(colour):
            rat.SetValueAsInt(row, 2 + k, part)
    band.SetColorTable(table)
    band.SetNoDataValue(255)
    band.SetDefaultRAT(rat)
    values = np.random.default_rng(5).choice([1, 2, 7], (60, 70)).astype(np.uint8)
    values[:9, :9] = 255
    band.WriteArray(values)
    return path


def shown(path):
    """What QGIS's own style shows: value, label and colour of each class; None where it shows none."""
    layer = QgsRasterLayer(path, "result")
    layer.loadDefaultStyle()
    renderer = layer.renderer()
    if not isinstance(renderer, QgsPalettedRasterRenderer):
        return None
    return [(c.value, c.label, c.color.getRgb()[:3]) for c in renderer.classes()]


def values(path):
    with rasterio.open(path) as dataset:
        return dataset.read()


def names(path):
    """Names of classes by value, and colours of these, as GDAL has them."""
    dataset = gdal.Open(path)
    band = dataset.GetRasterBand(1)
    rat, table = band.GetDefaultRAT(), band.GetColorTable()
    if rat is None or table is None:
        return None
    rows = range(rat.GetRowCount())
    found = {rat.GetValueAsInt(row, 0): rat.GetValueAsString(row, 1) for row in rows}
    return found, {value: table.GetColorEntry(value)[:3] for value in found}


def sure(path, source):
    return names(path) == (NAMES, COLOURS) and shown(path) == shown(source) and shown(source)


@pytest.mark.parametrize("aggregation", ["mean", "hardvote", "min", "max", "median"])
def test_votes_and_the_like_of_classes_keep_names_and_colours(process, classified, tmp_path, aggregation):
    out = str(tmp_path / "out.tif")
    how = {"EXPRESSION": "b1", "AGGREGATION": aggregation, "DATA_TYPE": "uint8", **CHIPS}
    process("slidingwindow", INPUT=classified, OUTPUT=out, **how)
    np.testing.assert_array_equal(values(out), values(classified))
    assert sure(out, classified)


@pytest.mark.parametrize("changed", [{"DATA_TYPE": "float32"}, {"EXPRESSION": "b1 + 0"}, {"DATA_TYPE": "int16"}])
def test_numbers_have_no_classes(process, classified, tmp_path, changed):
    out = str(tmp_path / "out.tif")
    parameters = {"EXPRESSION": "b1", "DATA_TYPE": "uint8", **changed}
    process("slidingwindow", INPUT=classified, OUTPUT=out, **CHIPS, **parameters)
    assert names(out) is None and shown(out) is None


def test_split_apply_and_stitch_keep_names_and_colours(process, classified, tmp_path):
    chips, done, out = str(tmp_path / "chips"), str(tmp_path / "done"), str(tmp_path / "out.tif")
    process("splitraster", INPUT=classified, LABELS=classified, OUTPUT=chips, **CHIPS)
    files = sorted(glob.glob(f"{chips}/*.tif"))
    assert len(files) > 4 and all(sure(path, classified) for path in files[:3])
    assert sure(sorted(glob.glob(f"{chips}/labels/*.tif"))[1], classified)
    process("stitchchips", CHIPS=chips, DATA_TYPE="uint8", OUTPUT=out)
    np.testing.assert_array_equal(values(out), values(classified))
    assert sure(out, classified)
    process("applytochips", CHIPS=chips, EXPRESSION="b1", OUTPUT=done)
    process("stitchchips", CHIPS=done, DATA_TYPE="uint8", AGGREGATION="hardvote", OUTPUT=out)
    np.testing.assert_array_equal(values(out), values(classified))
    assert sure(out, classified)
    process("applytochips", CHIPS=chips, EXPRESSION="b1 * 2", OUTPUT=done)
    process("stitchchips", CHIPS=done, DATA_TYPE="uint8", OUTPUT=out)
    assert names(out) is None
    process("splitraster", INPUT=classified, OUTPUT=chips, **CHIPS)  # over the older folder with its sidecars


@pytest.fixture()
def spectral(tmp_path):
    """Three bands with wavelengths."""
    path = str(tmp_path / "spectral.tif")
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=3,
        height=60,
        width=70,
        dtype="int16",
        crs=32633,
        nodata=-1,
        transform=from_origin(500000, 5000000, 10, 10),
    ) as dataset:
        dataset.write(np.random.default_rng(0).integers(0, 99, (3, 60, 70)).astype(np.int16))
        for band in (1, 2, 3):
            dataset.update_tags(band, center_wavelength=f"{band}00", wavelength_units="nm", fwhm=f"{band}")
            dataset.update_tags(band, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=f"0.{band}", FWHM_UM="0.01")
    return path


def wavelengths(path):
    with rasterio.open(path) as dataset:
        assert all(
            dataset.tags(band, ns="IMAGERY").get("CENTRAL_WAVELENGTH_UM", "0.")[2:]
            == dataset.tags(band).get("center_wavelength", "")[:1]
            for band in dataset.indexes
        )
        return [dataset.tags(band).get("center_wavelength") for band in dataset.indexes]


def test_wavelengths_follow_bands(process, spectral, tmp_path):
    out, chips, done = str(tmp_path / "out.tif"), str(tmp_path / "chips"), str(tmp_path / "done")
    for bands, text, wanted in (
        ([], "b3; b1", ["300", "100"]),
        ([3, 1], "b1; b2", ["300", "100"]),
        ([2, 3], "b2 - mean(b1); b1", [None, "200"]),
    ):
        process("slidingwindow", INPUT=spectral, BANDS=bands, EXPRESSION=text, OUTPUT=out, **CHIPS)
        assert wavelengths(out) == wanted
    process(
        "slidingwindow", INPUT=spectral, BANDS=[2], OTHER_INPUTS=[spectral], EXPRESSION="b4; b1", OUTPUT=out, **CHIPS
    )
    assert wavelengths(out) == ["300", "200"]
    process("splitraster", INPUT=spectral, BANDS=[3, 2], OUTPUT=chips, **CHIPS)
    assert wavelengths(glob.glob(f"{chips}/*.tif")[0]) == ["300", "200"]
    process("stitchchips", CHIPS=chips, OUTPUT=out)
    assert wavelengths(out) == ["300", "200"]
    process("applytochips", CHIPS=chips, EXPRESSION="b2; b1 / 2", OUTPUT=done)
    assert wavelengths(glob.glob(f"{done}/*.tif")[0]) == ["200", None]
    process("stitchchips", CHIPS=done, OUTPUT=out)
    assert wavelengths(out) == ["200", None]
    manifest = json.loads((tmp_path / "done" / "manifest.json").read_text())
    assert "meta" in manifest["bands"][0] and "meta" not in manifest["bands"][1]


def test_scale_and_offset_follow_chips_and_not_results(process, spectral, tmp_path):
    """An operator gets the numbers as they are stored; what declared them something else is said in the log."""
    with rasterio.open(spectral, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.5, 0.25, 1), (1, 2, 0)
    out, chips = str(tmp_path / "out.tif"), str(tmp_path / "chips")
    process("slidingwindow", INPUT=spectral, EXPRESSION="b2", DATA_TYPE="int16", OUTPUT=out, **CHIPS)
    process("splitraster", INPUT=spectral, BANDS=[2, 1], OUTPUT=chips, **CHIPS)
    with rasterio.open(out) as result, rasterio.open(glob.glob(f"{chips}/*.tif")[0]) as chip:
        assert result.scales == (1,) and result.offsets == (0,)
        assert chip.scales == (0.25, 0.5) and chip.offsets == (2, 1)
    np.testing.assert_array_equal(values(out)[0], values(spectral)[1])


def test_a_real_palette(process, shared_data, tmp_path):
    source, out, chips = str(shared_data / "paletted" / "nlcd.tif"), str(tmp_path / "out.tif"), str(tmp_path / "chips")
    with rasterio.open(source) as dataset:
        table = dataset.colormap(1)
    process(
        "slidingwindow",
        INPUT=source,
        EXPRESSION="b1",
        DATA_TYPE="uint8",
        AGGREGATION="hardvote",
        OUTPUT=out,
        CHIP_SIZE=512,
        STRIDE=256,
    )
    process("splitraster", INPUT=source, OUTPUT=chips, CHIP_SIZE=512, STRIDE=512)
    for path in (out, glob.glob(f"{chips}/*.tif")[0]):
        with rasterio.open(path) as dataset:
            found = dataset.colormap(1)
            assert all(found[value][:3] == colour[:3] for value, colour in table.items())
        assert shown(path) == shown(source)
    np.testing.assert_array_equal(values(out), values(source))
