"""What follows a band: wavelengths, and names and colours of classes; through expressions, files and manifests."""

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from osgeo import gdal
from patchwise.core import (
    Expression,
    Fanout,
    GeoTiffSink,
    Lambda,
    ParameterError,
    RasterFile,
    Sequential,
    SpatialHardVote,
    SpatialMean,
    SpatialOverlapAdd,
    ValueType,
)
from patchwise.core.grid.domain import RasterDomain
from patchwise.core.rasters.band_meta import BandMeta, Classes, passed_on
from patchwise.core.rasters.stack import StackedRaster
from rasterio.transform import from_origin

GRID = from_origin(500000, 5000000, 10, 10)
COLOURS = {1: (10, 20, 30), 2: (0, 200, 0), 7: (1, 2, 3)}
NAMES = {1: "water & ice", 2: "wood <old>", 7: "Äcker"}


def spectral(path, bands=4, imagery=False, transform=GRID):
    values = np.arange(bands * 400, dtype=np.uint16).reshape(bands, 20, 20)
    with rasterio.open(
        path, "w", driver="GTiff", count=bands, height=20, width=20, dtype="uint16", crs=32633, transform=transform
    ) as dataset:
        dataset.write(values)
        for band in range(1, bands + 1):
            dataset.update_tags(band, wavelength=400 + 100 * band, wavelength_units="Nanometers", STATISTICS_MEAN=3)
            if imagery:
                dataset.update_tags(band, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=0.4 + band / 10, FWHM_UM=0.01)
    return str(path)


def classified(path, table=True, categories=False, colours=True, dtype=gdal.GDT_Byte):
    made = gdal.GetDriverByName("GTiff").Create(str(path), 20, 20, 1, dtype)
    made.SetGeoTransform(GRID.to_gdal())
    made.SetProjection(rasterio.crs.CRS.from_epsg(32633).to_wkt())
    band = made.GetRasterBand(1)
    if colours:
        colour_table = gdal.ColorTable()
        for value, colour in COLOURS.items():
            colour_table.SetColorEntry(value, (*colour, 255))
        band.SetColorTable(colour_table)
    if categories:
        band.SetCategoryNames([NAMES.get(value, "") for value in range(8)])
    if table:
        rat = gdal.RasterAttributeTable()
        rat.CreateColumn("Histogram", gdal.GFT_Integer, gdal.GFU_PixelCount)
        rat.CreateColumn("Value", gdal.GFT_Integer, gdal.GFU_MinMax)
        rat.CreateColumn("Kind", gdal.GFT_String, gdal.GFU_Name)
        rat.SetRowCount(len(NAMES))
        for row, (value, name) in enumerate(NAMES.items()):
            rat.SetValueAsInt(row, 1, value)
            rat.SetValueAsString(row, 2, name)
        band.SetDefaultRAT(rat)
    band.SetNoDataValue(255)
    values = np.random.default_rng(5).choice([1, 2, 7, 255], (20, 20)).astype(np.uint8)
    band.WriteArray(values)
    return str(path)


def wavelengths(metas):
    return [dict((key, value) for _, key, value in meta.items).get("wavelength") for meta in metas]


def test_wavelengths_follow_the_order_of_bands_and_expressions(tmp_path):
    raster = RasterFile(spectral(tmp_path / "s.tif", imagery=True), [4, 2, 1])
    assert wavelengths(raster.band_meta) == ["800", "600", "500"]
    assert wavelengths(raster.select([2, 0]).band_meta) == ["500", "800"]
    operator = Expression("b3; b1 + 0; b1", 3)
    out = passed_on(raster, operator, SpatialOverlapAdd(), np.dtype("float32"))
    assert wavelengths(out) == ["500", None, "800"] and out[1] == BandMeta()
    assert ("IMAGERY", "CENTRAL_WAVELENGTH_UM", "0.5") in out[0].items
    assert not any(key.startswith("STATISTICS") for meta in out for _, key, _ in meta.items)
    # What is not read is not asked: the operator for fewer bands says the same.
    used = Expression("b3; b1 + 0; b1", 3)
    again = passed_on(raster.select(used.used), used.rebased(), SpatialOverlapAdd(), np.dtype("float32"))
    assert again == out
    assert passed_on(raster, Lambda(lambda chip: chip), SpatialOverlapAdd(), np.dtype("float32")) == ()


def test_an_envi_header_says_wavelengths_and_widths(tmp_path):
    gdal.Translate(str(tmp_path / "h.bil"), spectral(tmp_path / "s.tif"), format="ENVI")
    with open(tmp_path / "h.hdr", "a") as header:
        header.write("wavelength units = Nanometers\nwavelength = {400,500,600,700}\nfwhm = {9,10, 11 ,12}\n")
    for sidecar in tmp_path.glob("h.bil.aux.xml"):
        sidecar.unlink()
    metas = RasterFile(str(tmp_path / "h.bil"), [3, 1]).band_meta
    assert wavelengths(metas) == ["600", "400"]
    assert [dict((k, v) for _, k, v in meta.items)["fwhm"] for meta in metas] == ["11", "9"]


def test_further_rasters_bring_their_own(tmp_path):
    first, second = spectral(tmp_path / "a.tif", 2), spectral(tmp_path / "b.tif", 3)
    off = spectral(tmp_path / "off.tif", 1, transform=from_origin(500003, 4999996, 7, 7))
    stacked = StackedRaster(RasterFile(first), [RasterFile(second, [3]), off])
    assert wavelengths(stacked.band_meta) == ["500", "600", "700", "500"]
    assert wavelengths(stacked.select([3, 2]).band_meta) == ["500", "700"]


@pytest.mark.parametrize(("resampling", "kept"), [("auto", True), ("nearest", True), ("bilinear", False)])
def test_classes_follow_a_further_raster_where_its_values_do(tmp_path, resampling, kept):
    base = spectral(tmp_path / "a.tif", 1, transform=from_origin(500003, 4999996, 7, 7))
    stacked = StackedRaster(RasterFile(base), [classified(tmp_path / "c.tif")], resampling)
    assert (stacked.band_meta[1].classes is not None) is kept


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("colours", [True, False])
def test_names_and_colours_are_read_as_gdal_has_them(tmp_path, table, colours):
    path = classified(tmp_path / "c.tif", table, not table, colours)
    classes = RasterFile(path).band_meta[0].classes
    assert classes.dtype == "uint8" and dict(classes.names) == NAMES
    assert {v: c[:3] for v, c in classes.colours} == (COLOURS if colours else {})


def test_plain_numbers_are_no_classes(tmp_path):
    assert all(meta.classes is None for meta in RasterFile(spectral(tmp_path / "s.tif")).band_meta)


@pytest.mark.parametrize(
    ("text", "dtype", "aggregation", "scaled", "kept"),
    [
        ("b1", "uint8", SpatialOverlapAdd(), False, True),
        ("b1", "uint8", SpatialHardVote(), False, True),
        ("b1", "uint8", SpatialMean(), False, True),
        ("b1", "uint8", SpatialOverlapAdd(normalize_by_window=False), False, False),
        ("b1", "uint8", SpatialOverlapAdd(), (0.1, 0.0), False),
        ("b1", "float32", SpatialOverlapAdd(), False, False),
        ("b1", "uint16", SpatialOverlapAdd(), False, False),
        ("b1 * 1", "uint8", SpatialOverlapAdd(), False, False),
    ],
)
def test_classes_follow_where_values_do(tmp_path, text, dtype, aggregation, scaled, kept):
    raster = RasterFile(classified(tmp_path / "c.tif"), (), scaled)
    (meta,) = passed_on(raster, Expression(text, 1), aggregation, np.dtype(dtype))
    assert (meta.classes is not None) is kept


def written(path, meta, dtype="uint8", nodata=None):
    domain = RasterDomain((20, 20), GRID, rasterio.crs.CRS.from_epsg(32633))
    with GeoTiffSink(str(path), domain, ValueType(dtype, nodata), meta=meta) as sink:
        sink.start(len(meta), np.dtype(np.float32))
        sink.write(0, 0, np.full((len(meta), 20, 20), 2, np.float32))
    return str(path)


@pytest.mark.parametrize("colours", [True, False])
def test_a_written_raster_has_what_the_source_has(tmp_path, colours):
    source = RasterFile(classified(tmp_path / "c.tif", colours=colours))
    out = written(tmp_path / "out.tif", source.band_meta)
    assert RasterFile(out).band_meta == source.band_meta
    dataset = gdal.Open(out)
    band = dataset.GetRasterBand(1)
    rat = band.GetDefaultRAT()
    assert [rat.GetValueAsString(row, 1) for row in range(rat.GetRowCount())] == list(NAMES.values())
    assert band.GetCategoryNames()[2] == NAMES[2] and (band.GetColorTable() is not None) is colours


def test_the_nodata_value_is_no_class(tmp_path):
    source = RasterFile(classified(tmp_path / "c.tif"))
    names = dict(RasterFile(written(tmp_path / "out.tif", source.band_meta, nodata=7)).band_meta[0].classes.names)
    assert names == {1: NAMES[1], 2: NAMES[2]}


def test_of_several_bands_only_wavelengths_are_kept(tmp_path):
    metas = (*RasterFile(classified(tmp_path / "c.tif")).band_meta, *RasterFile(spectral(tmp_path / "s.tif")).band_meta)
    found = RasterFile(written(tmp_path / "out.tif", metas)).band_meta
    assert wavelengths(found) == [None, "500", "600", "700", "800"] and found[0].classes is None


def test_json_gives_it_back(tmp_path):
    for path in (classified(tmp_path / "c.tif"), spectral(tmp_path / "s.tif", imagery=True)):
        for meta in RasterFile(path).band_meta:
            assert BandMeta.from_json(meta.to_json()) == meta
    assert BandMeta().to_json() == {} and BandMeta.from_json({}) == BandMeta()
    assert BandMeta.from_json(BandMeta((), Classes("uint8")).to_json()).classes == Classes("uint8")


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ({"dtype": "int64"}, "classes is 'int64': must be of the type uint8 or uint16"),
        ({"names": [[-1, "x"]]}, "classes is -1: must be values from 0 to 255"),
        ({"colours": [[10**9, 0, 0, 0, 0]]}, "classes is 1000000000: must be values from 0 to 255"),
        ({"colours": [[3, 0, 0, 256, 0]]}, "colours of numbers from 0 to 255"),
    ],
)
def test_a_manifest_cannot_ask_for_what_no_band_has(classes, said):
    with pytest.raises(ParameterError, match=said):
        BandMeta.from_json({"classes": {"dtype": "uint8", "colours": [], "names": [], **classes}})


@given(st.lists(st.sampled_from(["b1", "b2", "b3", "red", " b2 ", "+b1", "b1*1", "(b3)", "pi", "b1 > 2"]), min_size=1))
def test_what_an_expression_passes_is_that_band(pieces):
    operator = Expression("; ".join(pieces), 3, ["red", "", ""])
    chip = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    chip[:, 1, 2] = np.nan
    result = operator(chip)
    assert len(operator.passes) == len(pieces)
    for k, position in enumerate(operator.passes):
        if position is not None:
            np.testing.assert_array_equal(result[k], chip[position])
        assert (position is None) == (pieces[k].strip() not in ("b1", "b2", "b3", "red"))


def test_what_pipelines_pass_and_call_their_bands():
    chip = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    swapped, more = Expression("b3; b1", 3, ["blue", "green", "red"]), Expression("b2; b1 * 2; b1", 2)
    both = Sequential([swapped, more])
    assert both.passes == (0, None, 2) and both.output_names == ("b2", "b1 * 2", "b1")
    np.testing.assert_array_equal(both(chip)[[0, 2]], chip[[0, 2]])
    fan = Fanout({"a": Expression("b2", 3), "b": swapped, "c": Expression("b1; b1", 3)})
    assert fan.passes == (1, 2, 0, 0, 0)
    assert fan.output_names == ("a", "b: red", "b: blue", "c: 1", "c: 2")
    np.testing.assert_array_equal(fan(chip), chip[list(fan.passes)])
    unknown = Lambda(lambda chip: chip)
    assert Sequential([swapped, unknown]).passes == () and Fanout({"a": unknown, "b": swapped}).output_names == ()
    assert Sequential([unknown, swapped]).passes == ()
