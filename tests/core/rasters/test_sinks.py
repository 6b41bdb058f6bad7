"""What every format of results keeps to: one suite, which each format inherits."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from patchwise.core import ParameterError, RasterFile, RasterWriteError, ValueType
from patchwise.core.base.categories import Category
from patchwise.core.base.errors import Cancelled
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.rasters.commit import CommitGroup
from patchwise.core.rasters.output import FORMATS, OutputSpec, check_output, format_of, sink_for, with_ending
from patchwise.core.rasters.zarr_store import read_array, wkt_of

from ..made_rasters import GRID, UTM

SHAPE = (700, 1100)  # more than one tile of any format, and no multiple of one
TAGS = {"PATCHWISE_CONFIG": '{"algorithm": "patchwise:slidingwindow"}', "other": "äö & <"}
CLASSES = (Category(1, "open water", (0, 0, 255)), Category(7, "trees", (0, 99, 0)))


def field(bands: int, shape=SHAPE) -> np.ndarray:
    values = np.random.default_rng(1).normal(100, 30, (bands, *shape)).astype(np.float32)
    values[:, 40:90, 300:800] = np.nan
    return values


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Conformance:
    """A format: how it is read, and what it writes with."""

    format = ""
    ending = ""
    #: What fails on a full disk while it is written, as a target of monkeypatch.
    writes = ""

    def read(self, path: Path) -> dict:
        """``values`` as stored, ``nodata``, ``names``, ``scales``, ``tags``, ``classes``, ``transform``, ``crs``."""
        raise NotImplementedError

    @pytest.fixture
    def path(self, tmp_path) -> Path:
        return tmp_path / f"out{self.ending}"

    def sink(self, path, dtype="float32", shape=SHAPE, **spec):
        value_type = spec.pop("value_type", None) or ValueType(dtype)
        spec = {"format": self.format, **spec}
        return sink_for(str(path), RasterDomain(shape, GRID, UTM), OutputSpec(value_type, **spec))

    def write(self, sink, values, step=100, stop=None):
        sink.start(len(values), np.dtype(np.float32))
        for row in range(0, stop or values.shape[1], step):
            sink.write(row, 0, values[:, row : row + step])

    def test_values_and_place(self, path):
        values = field(3)
        with self.sink(path) as sink:
            self.write(sink, values)
        found = self.read(path)
        np.testing.assert_array_equal(found["values"], values)
        assert np.isnan(found["nodata"])
        assert found["transform"].almost_equals(GRID) and wkt_of(found["crs"]) == wkt_of(UTM)
        assert listed(path.parent) == [path.name]

    def test_column_blocks(self, path):
        values = field(2)
        with self.sink(path) as sink:
            sink.start(2, np.dtype(np.float32))
            width = sink.block_width * (512 // min(512, sink.block_width))
            for col in range(0, SHAPE[1], width):
                for row in range(0, SHAPE[0], 37):
                    sink.write(row, col, values[:, row : row + 37, col : col + width])
        np.testing.assert_array_equal(self.read(path)["values"], values)

    @pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32", "float64"])
    def test_types_and_their_nodata(self, path, dtype):
        values = field(1)
        value_type = ValueType(dtype)
        with self.sink(path, value_type=value_type) as sink:
            self.write(sink, values)
        expected = np.empty(values.shape, dtype)
        ValueType(dtype).convert(values, expected)
        found = self.read(path)
        assert found["values"].dtype == dtype
        np.testing.assert_array_equal(found["values"], expected)
        np.testing.assert_array_equal(found["nodata"], value_type.nodata)

    def test_names_scales_and_the_configuration(self, path):
        with self.sink(path, "int16", names=("red", "nir"), scales=[(0.1, -3.0)] * 2, tags=TAGS) as sink:
            self.write(sink, field(2))
        found = self.read(path)
        assert found["names"] == ("red", "nir") and found["scales"] == [(0.1, -3.0)] * 2
        assert {key: found["tags"].get(key) for key in TAGS} == TAGS

    def test_categories(self, path):
        with self.sink(path, "uint8", categories=CLASSES) as sink:
            self.write(sink, np.where(np.isnan(field(1)), np.nan, 7).astype(np.float32))
        assert self.read(path)["classes"] == {1: "open water", 7: "trees"}

    def test_categories_of_several_bands_are_refused(self, path):
        with pytest.raises(ParameterError, match="need one output band, and there are 2"):
            with self.sink(path, "uint8", categories=CLASSES) as sink:
                self.write(sink, field(2))
        assert listed(path.parent) == []

    def test_a_group_decides_when_names_are_taken(self, path):
        with pytest.raises(Cancelled), CommitGroup() as group:
            with self.sink(path, group=group) as sink:
                self.write(sink, field(1))
            assert not path.exists()
            raise Cancelled
        assert listed(path.parent) == []
        with CommitGroup() as group:
            with self.sink(path, group=group) as sink:
                self.write(sink, field(1))
            assert not path.exists()
        assert listed(path.parent) == [path.name]

    def test_cancelled_half_way_nothing_changes(self, path):
        with pytest.raises(Cancelled), self.sink(path) as sink:
            self.write(sink, field(1), stop=400)
            raise Cancelled
        assert listed(path.parent) == []
        with self.sink(path) as sink:
            self.write(sink, field(1))
        with pytest.raises(Cancelled), self.sink(path) as sink:
            self.write(sink, field(1) * 0, stop=400)
            raise Cancelled
        assert listed(path.parent) == [path.name]
        np.testing.assert_array_equal(self.read(path)["values"], field(1))

    def test_without_a_start_nothing_is_made(self, path):
        with self.sink(path):
            pass
        assert listed(path.parent) == []

    def test_a_full_disk_is_said_and_leaves_nothing(self, path, monkeypatch):
        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(self.writes, full)
        with pytest.raises(RasterWriteError, match="output .*out.*cannot be written: .*No space left on device"):
            with self.sink(path) as sink:
                self.write(sink, field(1))
        assert listed(path.parent) == []

    def test_what_is_read_is_not_replaced(self, path):
        with self.sink(path) as sink:
            self.write(sink, field(1))
        with pytest.raises(ParameterError, match="OUT is .*must not be"):
            self.sink(path, sources=[str(path)], parameter="OUT")
        with pytest.raises(ParameterError, match="OUT is .*must not be"):
            check_output(str(path), [str(path)], "OUT", self.format)

    def test_a_name_of_another_kind_is_refused(self, path):
        other = path.with_suffix(".zarr" if self.ending == ".tif" else ".tif")
        with pytest.raises(ParameterError, match=f"must end in {self.ending}"):
            self.sink(other)
        assert with_ending(str(other), self.format) == str(path)

    def test_options_that_the_format_has_not_are_refused(self, path):
        with pytest.raises(ParameterError, match="creation options"):
            self.sink(path, options={"DRIVER": "x"})


class _Tiff(Conformance):
    ending = ".tif"
    writes = "patchwise.core.rasters.geotiff.missing_blocks"

    def read(self, path):
        import rasterio

        raster = RasterFile(str(path))
        classes = raster.band_meta[0].classes
        with rasterio.open(path) as dataset:
            values, nodata = dataset.read(), dataset.nodata
        scales = list(zip(raster.scales, raster.offsets))
        named = {} if classes is None else {value: name for value, name in classes.names if name}
        return {
            "values": values,
            "nodata": nodata,
            "names": raster.band_names,
            "scales": scales,
            "tags": raster.tags,
            "classes": named,
            "transform": raster.transform,
            "crs": raster.crs,
        }


class TestGeoTiff(_Tiff):
    format = "geotiff"


class TestCog(_Tiff):
    format = "cog"

    @pytest.mark.parametrize("kind", ["values", "classes"])
    def test_gdal_finds_nothing_wrong(self, path, kind):
        gdal = pytest.importorskip("osgeo_utils.samples.validate_cloud_optimized_geotiff")
        labels = {"dtype": "uint8", "categories": CLASSES} if kind == "classes" else {}
        with self.sink(path, **labels) as sink:
            self.write(sink, np.clip(field(1), 0, 200))
        warnings, errors, _ = gdal.validate(str(path), full_check=True)
        assert (warnings, errors) == ([], [])

    def test_it_is_laid_out_as_it_should_be(self, path):
        import rasterio

        with self.sink(path) as sink:
            self.write(sink, field(2))
        with rasterio.open(path) as dataset:
            assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert dataset.block_shapes == [(512, 512)] * 2 and dataset.overviews(1) == [2, 4]

    def test_overviews_of_values_are_averages_and_of_classes_are_classes(self, path):
        row, col = np.indices(SHAPE)
        values = np.where((row % 2 == 0) & (col % 2 == 0), 1, 7).astype(np.float32)[np.newaxis]
        level = PixelWindow(0, 0, SHAPE[0] // 4, SHAPE[1] // 4)
        for labels, wanted in (({}, 5.5), ({"dtype": "uint8", "categories": CLASSES}, 7)):
            with self.sink(path, **labels) as sink:
                self.write(sink, values)
            coarse = np.empty((1, *level[2:]), np.float32)
            with RasterFile(str(path), overview=1) as raster:
                raster.read(level, coarse)
            assert np.unique(coarse[:, 1:-1, 1:-1]).tolist() == [wanted]

    def test_ground_control_points_go_along(self, path):
        import rasterio
        from patchwise.core.grid.ground_control import placement_of
        from rasterio.control import GroundControlPoint

        points = [GroundControlPoint(r, c, 5e5 + 10 * c, 4e6 - 10 * r) for r in (0, 700) for c in (0, 1100)]
        made = path.with_name("placed.tif")
        profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "height": SHAPE[0], "width": SHAPE[1]}
        with rasterio.open(made, "w", **profile) as target:
            target.gcps = points, rasterio.crs.CRS.from_epsg(32610)
        with rasterio.open(made) as dataset:
            domain = RasterDomain(SHAPE, *placement_of(dataset))
        with sink_for(str(path), domain, OutputSpec(ValueType(), format="cog")) as sink:
            self.write(sink, field(1))
        with rasterio.open(path) as dataset:
            found = [(p.row, p.col, p.x, p.y) for p in dataset.gcps[0]]
        assert found == [(p.row, p.col, p.x, p.y) for p in points]

    def test_a_failing_copy_leaves_what_was_there(self, path, monkeypatch):
        path.write_text("before")

        def fails(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("rasterio.shutil.copy", fails)
        with pytest.raises(RasterWriteError, match="No space left"), self.sink(path) as sink:
            self.write(sink, field(1))
        assert path.read_text() == "before" and listed(path.parent) == [path.name]

    @pytest.mark.parametrize(
        "option",
        [
            "TILING_SCHEME=GoogleMapsCompatible",
            "BLOCKSIZE=100",
            "BLOCKSIZE=x",
            "COMPRESS=NOSUCH",
            "LEVEL=0",
            "OVERVIEW_RESAMPLING=GUESS",
            "TILED=NO",
            "NUM_THREADS=many",
        ],
    )
    def test_options_are_checked(self, path, option):
        with pytest.raises(ParameterError, match="creation options"):
            self.sink(path, options=dict([option.split("=")]))

    def test_options_are_used(self, path):
        import rasterio

        with self.sink(path, options={"BLOCKSIZE": "256", "COMPRESS": "LZW"}) as sink:
            self.write(sink, field(1))
        with rasterio.open(path) as dataset:
            assert dataset.block_shapes == [(256, 256)] and dataset.compression.name == "lzw"


class TestZarr(Conformance):
    format, ending = "zarr", ".zarr"
    writes = "patchwise.core.rasters.zarr_store.write_chunk"

    def read(self, path):
        from affine import Affine

        about = json.loads((path / "data" / "zarr.json").read_text())
        attributes, place = about["attributes"], json.loads((path / "spatial_ref" / "zarr.json").read_text())
        bands = about["shape"][0]
        fill = float("nan") if about["fill_value"] == "NaN" else about["fill_value"]
        scale = attributes.get("scale_factor", 1.0), attributes.get("add_offset", 0.0)
        classes = dict(zip(attributes.get("flag_values", ()), attributes.get("flag_meanings", "").split()))
        place = place["attributes"]
        return {
            "values": read_array(path / "data"),
            "nodata": fill,
            "names": tuple(attributes.get("long_name", ())),
            "scales": [scale] * bands,
            "tags": json.loads((path / "zarr.json").read_text())["attributes"],
            "classes": {value: name.replace("_", " ") for value, name in classes.items()},
            "transform": Affine.from_gdal(*map(float, place["GeoTransform"].split())),
            "crs": place["crs_wkt"],
        }

    def test_a_source_within_the_store_is_not_replaced(self, path):
        with self.sink(path) as sink:
            self.write(sink, field(1))
        with pytest.raises(ParameterError, match="must not be"):
            self.sink(path, sources=[str(path / "data" / "zarr.json")])

    def test_bands_of_several_scales(self, path):
        with self.sink(path, scales=[(1.0, 0.0), (0.5, 2.0)]) as sink:
            self.write(sink, field(2))
        attributes = json.loads((path / "data" / "zarr.json").read_text())["attributes"]
        assert attributes["band_scales"] == [[1.0, 0.0], [0.5, 2.0]] and "scale_factor" not in attributes


@pytest.mark.parametrize(
    "path, wanted, found",
    [
        ("a.tif", "auto", "geotiff"),
        ("a.TIFF", "auto", "geotiff"),
        ("a.zarr", "auto", "zarr"),
        ("a.ZARR", "auto", "zarr"),
        ("a.tif", "cog", "cog"),
        ("a.png", "auto", "geotiff"),
        ("a.tif", "zarr", "zarr"),
    ],
)
def test_the_format_of_a_name(path, wanted, found):
    assert format_of(path, wanted) == found


def test_a_format_that_there_is_not():
    with pytest.raises(ParameterError, match="format is 'png': must be one of auto, geotiff, cog, zarr"):
        format_of("a.png", "png")


def test_every_format_passes_the_suite():
    assert {suite.format for suite in (TestGeoTiff, TestCog, TestZarr)} == set(FORMATS)
    assert os.path.splitext(with_ending("a.b/c.tif", "zarr")) == ("a.b/c", ".zarr")
