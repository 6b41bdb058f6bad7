"""Names and colours of classes in a GeoTIFF, as GDAL reads them."""

from __future__ import annotations

import os

import numpy as np
import pytest
import rasterio
from patchwise.core import GeoTiffSink, ParameterError, RasterFile, RasterWriteError, ValueType
from patchwise.core.base.categories import Category
from patchwise.core.grid.domain import RasterDomain
from patchwise.core.rasters import geotiff as raster_io_module
from patchwise.core.rasters.class_names import write_names

from ..made_rasters import GRID, UTM, write_array

CLASSES = (
    Category(3, 'végétation & "wet" <land>', (0, 200, 0)),
    Category(1, "water", (0, 0, 255)),
    Category(2, "bare", (200, 100, 0)),
)


def labels(shape=(40, 50)):
    values = np.random.default_rng(0).integers(1, 4, (1, *shape)).astype(np.float32)
    values[0, :3] = np.nan
    return values


def read_by_gdal(path):
    """Category names, and the rows of the attribute table of band 1."""
    gdal = pytest.importorskip("osgeo.gdal")
    dataset = gdal.Open(str(path))
    band = dataset.GetRasterBand(1)
    table = band.GetDefaultRAT()  # also makes GDAL 3.6 read what lies beside the file
    rows = []
    if table is not None:
        getters = {gdal.GFT_Integer: table.GetValueAsInt, gdal.GFT_String: table.GetValueAsString}
        columns = range(table.GetColumnCount())
        rows = [
            tuple(getters[table.GetTypeOfCol(col)](row, col) for col in columns) for row in range(table.GetRowCount())
        ]
    return band.GetCategoryNames(), rows


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_values_have_names_and_colours(tmp_path, dtype):
    path = tmp_path / "out.tif"
    write_array(path, labels(), dtype, categories=CLASSES)
    assert sorted(os.listdir(tmp_path)) == ["out.tif", "out.tif.aux.xml"]
    with rasterio.open(path) as written:
        colours = written.colormap(1)
        assert written.colorinterp[0].name == "palette" and written.nodata == np.iinfo(dtype).max
        np.testing.assert_array_equal(written.read(), np.nan_to_num(labels(), nan=written.nodata))
    assert {value: colours[value][:3] for value in (1, 2, 3)} == {c.value: c.colour for c in CLASSES}
    assert RasterFile(str(path)).palettes == (True,)
    names, rows = read_by_gdal(path)
    assert names == ["", "water", "bare", 'végétation & "wet" <land>']
    assert rows == [(c.value, c.name, *c.colour) for c in sorted(CLASSES)]


def test_large_values_are_in_the_attribute_table_only(tmp_path):
    path = tmp_path / "out.tif"
    write_array(path, labels() * 20_000, "uint16", categories=[Category(60_000, "far\n\x00 off", (1, 2, 3))])
    names, rows = read_by_gdal(path)
    assert not names and rows == [(60_000, "far   off", 1, 2, 3)]


def test_names_of_an_older_file_go(tmp_path):
    path = tmp_path / "out.tif"
    write_array(path, labels(), "uint8", categories=CLASSES)
    write_array(path, labels(), "uint8")
    assert os.listdir(tmp_path) == ["out.tif"]


def test_a_run_that_fails_leaves_neither_file(tmp_path, monkeypatch):
    path = tmp_path / "out.tif"

    def sink():
        return GeoTiffSink(str(path), RasterDomain((40, 50), GRID, UTM), ValueType("uint8"), categories=CLASSES)

    with pytest.raises(ZeroDivisionError), sink() as target:
        target.start(1, np.dtype("float32"))
        target.write(0, 0, labels())
        raise ZeroDivisionError
    assert not os.listdir(tmp_path)
    write_array(path, labels(), "uint8", categories=CLASSES[:1])
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}

    def full(path, categories):
        raise OSError("No space left on device")

    monkeypatch.setattr(raster_io_module, "write_names", full)
    with pytest.raises(RasterWriteError, match="No space left"), sink() as target:
        target.start(1, np.dtype("float32"))
        target.write(0, 0, labels())
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before


@pytest.mark.parametrize("inside", ["", '<PAMRasterBand band="1"><Description>x</Description></PAMRasterBand>'])
def test_names_join_what_gdal_wrote_beside_the_file(tmp_path, inside):
    path = tmp_path / "out.tif"
    write_array(path, labels(), "uint8")
    beside = tmp_path / "out.tif.aux.xml"
    beside.write_text(f"<PAMDataset>\n  <Metadata><MDI key='a'>b</MDI></Metadata>{inside}</PAMDataset>")
    write_names(str(path), sorted(CLASSES))
    assert read_by_gdal(path)[0][1:3] == ["water", "bare"]
    with rasterio.open(path) as written:
        assert written.tags()["a"] == "b"
        assert written.descriptions == ("x" if inside else None,)


@pytest.mark.parametrize("dtype", ["float32", "int16", "uint32"])
def test_other_types_have_no_names(tmp_path, dtype):
    with pytest.raises(ParameterError, match="must be uint8 or uint16") as caught:
        write_array(tmp_path / "out.tif", labels(), dtype, categories=CLASSES)
    assert caught.value.parameter == "data type" and not os.listdir(tmp_path)


@pytest.mark.parametrize(
    "category, words",
    [
        (Category(255, "x", (0, 0, 0)), "must have a value from 0 to 255 that is not the nodata value 255"),
        (Category(-1, "x", (0, 0, 0)), "must have a value from 0 to 255"),
        (Category(1, "x", (0, 0, 0)), "has the value 1, which another one has too"),
        (Category(9, "x", (0, 0, 256)), "three numbers from 0 to 255"),
    ],
)
def test_categories_that_cannot_be_written(tmp_path, category, words):
    with pytest.raises(ParameterError, match=words):
        write_array(tmp_path / "out.tif", labels(), "uint8", categories=[*CLASSES, category])


def test_several_bands_have_no_names(tmp_path):
    with pytest.raises(ParameterError, match="need one output band, and there are 2"):
        write_array(tmp_path / "out.tif", np.concatenate([labels(), labels()]), "uint8", categories=CLASSES)
    assert not os.listdir(tmp_path)
