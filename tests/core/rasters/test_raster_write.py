"""Writing: what the file is like, and that a run that fails leaves nothing and touches nothing."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from affine import Affine
from patchwise.core import (
    Cancelled,
    Category,
    Expression,
    GeoTiffSink,
    Lambda,
    OperatorError,
    ParameterError,
    PlanError,
    RasterFile,
    RasterReadError,
    RasterWriteError,
    SpatialHann,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    ValueType,
)
from patchwise.core.gdal.environment import can_compress, missing_blocks
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.rasters.creation_options import checked_options
from patchwise.core.rasters.values import DATA_TYPES
from rasterio.crs import CRS

from ..cases import WHOLE_CHIP, make_array, run
from ..made_rasters import GRID, ROTATED, UTM, run_to_file, write_array, write_raster

SHAPE = (70, 301)
PATCHER = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride(16), SpatialHann())


def values(bands=2, unknown=0.2, shape=SHAPE, seed=0):
    return make_array((bands, *shape), "float32", unknown, False, seed)


@pytest.fixture
def source(tmp_path):
    array = make_array((2, 90, 80), "uint16", 0.1, False, 5)
    path = write_raster(tmp_path / "source.tif", array, nodata=65535, descriptions=("B04", "B08"))
    with RasterFile(path) as file:
        yield file


@pytest.mark.parametrize("dtype", DATA_TYPES)
def test_the_file_is_tiled_compressed_and_exact(tmp_path, dtype):
    kind = np.dtype(dtype)
    array = make_array((2, *SHAPE), "float64" if kind.itemsize > 2 else "float32", 0.2, False, 1)
    if kind.kind != "f":
        array = np.rint(array % 100)
    path = tmp_path / "out.tif"
    value_type = write_array(path, array, dtype, names=("one", "two"), tags={"PATCHWISE_CONFIG": '{"a":1}'})
    with rasterio.open(path) as written:
        assert written.dtypes == (dtype, dtype) and written.crs == UTM and written.transform == GRID
        assert written.block_shapes == [(256, 256)] * 2 and written.is_tiled
        assert written.descriptions == ("one", "two") and written.tags()["PATCHWISE_CONFIG"] == '{"a":1}'
        structure = written.tags(ns="IMAGE_STRUCTURE")
        assert structure["COMPRESSION"] == ("ZSTD" if can_compress("ZSTD") else "DEFLATE")
        assert structure["PREDICTOR"] == ("3" if kind.kind == "f" else "2")
        np.testing.assert_equal(written.nodata, value_type.nodata)
        stored = written.read()
    expected = array if kind.kind == "f" else np.where(np.isnan(array), value_type.nodata, array)
    np.testing.assert_array_equal(stored, expected.astype(dtype))
    assert sorted(os.listdir(tmp_path)) == ["out.tif"]


@pytest.mark.parametrize("piece", [1, 16, 37, 256, 300, 1000])
def test_rows_may_come_in_any_portions(tmp_path, piece):
    array = values(shape=(600, 33))
    write_array(tmp_path / "a.tif", array, piece=piece)
    np.testing.assert_array_equal(rasterio.open(tmp_path / "a.tif").read(), array)


@pytest.mark.parametrize("options", [{}, {"TILED": "NO"}, {"BLOCKXSIZE": "512", "BLOCKYSIZE": "128"}])
def test_column_blocks_give_the_same_file(tmp_path, options):
    array = make_array((1, 300, 1100), "float32", 0.05, False, 2)
    source = RasterFile(write_raster(tmp_path / "in.tif", array))
    case = SimpleNamespace(field=SimpleNamespace(source=source, domain=source.domain), patcher=PATCHER)
    expected = run(case, WHOLE_CHIP)
    from patchwise.core import stream

    with GeoTiffSink(str(tmp_path / "out.tif"), source.domain, ValueType(), options=options) as sink, source:
        assert sink.block_width == int(options.get("BLOCKXSIZE", 256))
        stream(source, PATCHER, WHOLE_CHIP, sink, memory_limit=1)
    np.testing.assert_array_equal(rasterio.open(tmp_path / "out.tif").read(), expected)


@pytest.mark.parametrize("transform", [GRID, ROTATED, GRID * Affine.scale(1, -1), GRID * Affine.scale(3, 0.5)])
@pytest.mark.parametrize("window", [None, PixelWindow(17, 9, 40, 31)])
def test_the_output_lies_on_the_sources_grid(tmp_path, transform, window):
    array = make_array((1, 90, 80), "int16", 0, False, 5)
    source = RasterFile(write_raster(tmp_path / "in.tif", array, transform=transform, crs=CRS.from_epsg(3413)))
    window = window or source.domain.window
    run_to_file(tmp_path / "out.tif", source, PATCHER, Lambda(lambda chip: chip), "int16", window=window, nodata=-32768)
    with rasterio.open(tmp_path / "out.tif") as written:
        assert written.crs == CRS.from_epsg(3413) and written.shape == (window.height, window.width)
        expected = transform * Affine.translation(window.col, window.row)
        assert written.transform.almost_equals(expected, 1e-9)
        part = array[:, window.row : window.row_stop, window.col : window.col_stop]
        np.testing.assert_array_equal(written.read(), part)


@pytest.mark.parametrize(
    "crs",
    [
        "+proj=ob_tran +o_proj=longlat +o_lon_p=-162 +o_lat_p=39.25 +lon_0=180 +to_meter=0.0174532925199433 +R=6371229",
        "+proj=sinu +R=6371007.181",
        'LOCAL_CS["site",UNIT["metre",1]]',
        "EPSG:4326",
        "EPSG:32760",
        "EPSG:27700",
    ],
)
def test_every_crs_survives_also_one_that_geotiff_has_no_keys_for(tmp_path, crs):
    crs = CRS.from_string(crs)
    write_array(tmp_path / "out.tif", values(), crs=crs)
    with rasterio.open(tmp_path / "out.tif") as written:
        assert written.crs is not None
        assert written.crs.to_dict() == crs.to_dict() or written.crs == crs
    assert not [name for name in os.listdir(tmp_path) if "partial" in name]


def test_files_that_gdal_puts_beside_the_output_have_its_name(tmp_path):
    write_array(tmp_path / "out.tif", values(), options={"TFW": "YES"})
    assert sorted(os.listdir(tmp_path)) == ["out.tfw", "out.tif"]


def test_without_a_grid_and_without_names(tmp_path):
    write_array(tmp_path / "out.tif", values(), crs=None, transform=None, names=("too", "many", "names"))
    with rasterio.open(tmp_path / "out.tif") as written:
        assert written.crs is None and written.descriptions == (None, None)


OPTIONS = [
    ({"COMPRESS": "DEFLATE"}, {"COMPRESSION": "DEFLATE", "PREDICTOR": "3"}),
    ({"compress": "lzw", " Tiled ": "yes"}, {"COMPRESSION": "LZW", "PREDICTOR": "3"}),
    ({"COMPRESS": "NONE"}, {"COMPRESSION": None, "PREDICTOR": None}),
    ({"COMPRESS": "DEFLATE", "PREDICTOR": "1"}, {"COMPRESSION": "DEFLATE", "PREDICTOR": None}),
    ({"COMPRESS": "LZMA"}, {"COMPRESSION": "LZMA", "PREDICTOR": None}),
    ({"INTERLEAVE": "BAND"}, {"INTERLEAVE": "BAND"}),
    ({"BIGTIFF": "YES", "SPARSE_OK": "TRUE"}, {}),
]


@pytest.mark.parametrize(("options", "structure"), OPTIONS)
def test_the_users_creation_options_win(tmp_path, options, structure):
    array = values()
    write_array(tmp_path / "out.tif", array, options=options)
    with rasterio.open(tmp_path / "out.tif") as written:
        found = written.tags(ns="IMAGE_STRUCTURE")
        assert {key: found.get(key) for key in structure} == structure
        np.testing.assert_array_equal(written.read(), array)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"NODATA": "0"}, "NODATA.* is not a creation option"),
        ({"driver": "PNG"}, "DRIVER.* is not a creation option"),
        ({"COMPRESS": "FOO"}, "COMPRESS=FOO.* is not a compression that this GDAL writes"),
        ({"COMPRESS": ""}, "is not a compression"),
        ({"BLOCKXSIZE": "many"}, "BLOCKXSIZE=many.* must be a number of pixels"),
        ({"BLOCKYSIZE": "0"}, "BLOCKYSIZE=0.* must be a number of pixels"),
    ],
)
def test_creation_options_that_cannot_be(tmp_path, options, says):
    with pytest.raises(ParameterError, match=says) as caught:
        write_array(tmp_path / "out.tif", values(), options=options)
    assert caught.value.parameter == "creation options" and not os.listdir(tmp_path)
    with pytest.raises(ParameterError, match=says):
        checked_options(options, np.dtype("uint8"))


@pytest.mark.parametrize("options", [{"COMPRESS": "JPEG"}, {"PREDICTOR": "7"}])
def test_options_that_do_not_suit_the_values_do_not_pass_for_success(tmp_path, options):
    with pytest.raises(RasterWriteError, match=r"output .*out\.tif: cannot be written"):
        write_array(tmp_path / "out.tif", values(), options=options)
    assert not os.listdir(tmp_path)


def test_missing_blocks_are_found(tmp_path):
    path = tmp_path / "a.tif"
    write_array(path, values(shape=(600, 600)), options={"SPARSE_OK": "TRUE"})
    assert missing_blocks(str(path), sparse=False) == 0
    write_array(path, np.full((2, 600, 600), np.nan, "f4"), options={"SPARSE_OK": "TRUE"})
    assert missing_blocks(str(path), sparse=False) == 9 and missing_blocks(str(path), sparse=True) == 0
    write_array(path, np.full((2, 600, 600), np.nan, "f4"))
    assert missing_blocks(str(path), sparse=False) == 0
    write_array(path, values(shape=(600, 600)), options={"COMPRESS": "NONE", "INTERLEAVE": "BAND"})
    os.truncate(path, os.path.getsize(path) - 300_000)
    assert missing_blocks(str(path), sparse=True) > 0


def names_of(path, tmp_path):
    """The same file under other names."""
    os.symlink(path, tmp_path / "link.tif")
    os.link(path, tmp_path / "hard.tif")
    os.symlink(tmp_path, tmp_path / "folder")
    inside = os.path.join(os.path.dirname(path), "..", os.path.basename(tmp_path), "source.tif")
    return [
        path,
        str(tmp_path / "link.tif"),
        str(tmp_path / "hard.tif"),
        str(tmp_path / "folder" / "source.tif"),
        inside,
        os.path.relpath(path),
    ]


def test_the_target_may_not_be_the_source(tmp_path, source):
    before = open(source.path, "rb").read()
    for name in names_of(source.path, tmp_path):
        with pytest.raises(ParameterError, match="OUTPUT is .* must not be the same file as") as caught:
            run_to_file(name, source, PATCHER, WHOLE_CHIP, parameter="OUTPUT")
        assert caught.value.parameter == "OUTPUT"
    assert open(source.path, "rb").read() == before


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("absent/out.tif", "its folder must exist"),
        ("out.png", "must end in .tif or .tiff"),
        ("out", "must end in .tif or .tiff"),
        ("folder.tif", "must be a file"),
        ("source.tif/out.tif", "its folder must exist"),
    ],
)
def test_targets_that_cannot_be(tmp_path, source, name, says):
    (tmp_path / "folder.tif").mkdir()
    with pytest.raises(ParameterError, match=says):
        run_to_file(tmp_path / name, source, PATCHER, WHOLE_CHIP)


def test_a_name_that_is_too_long_is_an_error_of_ours(tmp_path, source):
    with pytest.raises((ParameterError, RasterWriteError), match="too long"):
        run_to_file(tmp_path / ("x" * 300 + ".tif"), source, PATCHER, WHOLE_CHIP)
    assert sorted(os.listdir(tmp_path)) == ["source.tif"]
    long = "x" * 240 + ".tif"
    run_to_file(tmp_path / long, source, PATCHER, WHOLE_CHIP)
    assert sorted(os.listdir(tmp_path)) == ["source.tif", long]


def fails_late(chip):
    if chip.shape and fails_late.calls > 10:
        raise ValueError("late")
    fails_late.calls += 1
    return chip


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("how", ["operator", "cancelled", "read", "interrupted", "plan", "body"])
def test_a_run_that_fails_leaves_nothing_and_keeps_what_was_there(tmp_path, source, how, existing, monkeypatch):
    target = tmp_path / "out.tif"
    if existing:
        target.write_bytes(b"what was there")
        (tmp_path / "out.tif.aux.xml").write_text("of what was there")
    before = sorted(os.listdir(tmp_path))
    fails_late.calls = 0
    asked = []
    error, options = OperatorError, {}
    operator, patcher = fails_late, PATCHER
    if how == "cancelled":
        error, operator, options = Cancelled, WHOLE_CHIP, {"cancelled": lambda: asked.append(1) or len(asked) > 30}
    elif how == "read":
        error, operator = RasterReadError, WHOLE_CHIP
        real = source.read

        def read(window, out):
            if window.row:
                raise RasterReadError("rows are gone")
            real(window, out)

        monkeypatch.setattr(source, "read", read)
        source.strip_rows = 20
    elif how == "interrupted":
        error, operator, options = KeyboardInterrupt, WHOLE_CHIP, {"progress": lambda share: interrupt()}
    elif how == "plan":
        error, patcher = PlanError, SpatialPatcher(SpatialRectangular((200, 200)), SpatialRegularStride(10))
    from patchwise.core import stream

    with pytest.raises(error):
        with GeoTiffSink(str(target), source.domain, ValueType(), sources=[source.path]) as sink, source:
            if how == "body":
                sink.start(1, np.dtype("f4"))
                assert os.listdir(tmp_path) != before
                raise OperatorError("x", (0, 0), "after the start")
            stream(source, patcher, operator, sink, workers=2, **options)
    assert sorted(os.listdir(tmp_path)) == before
    if existing:
        assert target.read_bytes() == b"what was there"


def interrupt():
    raise KeyboardInterrupt


def test_a_sink_that_was_never_started_writes_nothing(tmp_path):
    with GeoTiffSink(str(tmp_path / "a.tif"), RasterDomain((3, 4), GRID, UTM), ValueType()):
        pass
    assert not os.listdir(tmp_path)


def test_an_older_file_is_replaced_with_all_that_was_said_about_it(tmp_path, source):
    target = tmp_path / "out.tif"
    write_raster(target, np.zeros((1, 5, 5), "uint8"))
    for suffix in (".aux.xml", ".ovr", ".msk"):
        (tmp_path / f"out.tif{suffix}").write_text("of the older file")
    (tmp_path / "out.tif.txt").write_text("notes")
    run_to_file(target, source, PATCHER, Expression("b1; b2", 2))
    assert sorted(os.listdir(tmp_path)) == ["out.tif", "out.tif.txt", "source.tif"]
    assert rasterio.open(target).count == 2


def test_a_link_at_the_target_is_followed(tmp_path, source):
    """The link stays, and what it leads to is written; of an older file nothing stays beside the link either."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "other.tif").write_bytes(b"older")
    for name in ("out.tif", "again.tif"):
        os.symlink(tmp_path / "data" / "other.tif", tmp_path / name)
    (tmp_path / "out.tif.aux.xml").write_text("of the older file")
    run_to_file(tmp_path / "out.tif", source, PATCHER, WHOLE_CHIP)
    assert os.path.islink(tmp_path / "out.tif") and not (tmp_path / "out.tif.aux.xml").exists()
    assert rasterio.open(tmp_path / "again.tif").count == 2
    assert os.listdir(tmp_path / "data") == ["other.tif"]


def test_a_link_that_leads_to_nothing(tmp_path, source):
    (tmp_path / "data").mkdir()
    os.symlink(os.path.join("data", "new.tif"), tmp_path / "out.tif")
    run_to_file(tmp_path / "out.tif", source, PATCHER, WHOLE_CHIP)
    assert os.path.islink(tmp_path / "out.tif") and rasterio.open(tmp_path / "data" / "new.tif").count == 2
    os.symlink(tmp_path / "absent" / "new.tif", tmp_path / "lost.tif")
    os.symlink("round.tif", tmp_path / "round.tif")
    for name, says in (("lost", r"its folder must exist \(the link leads to .*absent"), ("round", "cannot be written")):
        with pytest.raises(ParameterError, match=says):
            run_to_file(tmp_path / f"{name}.tif", source, PATCHER, WHOLE_CHIP)


def special(path, kind):
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        os.symlink("/dev/null", path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))
    elif kind == "system":
        os.symlink("/proc/self/out.tif", path)
    elif kind == "kept":
        path.write_bytes(b"kept")
        path.chmod(0o444)
    else:
        path.mkdir()


@pytest.mark.skipif(os.name == "nt", reason="kinds of files that Windows does not have")
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("pipe", "must be a file, and this is a pipe"),
        ("device", "lies where the system keeps no files"),
        ("socket", "must be a file, and this is a socket"),
        ("system", "lies where the system keeps no files"),
        ("folder", "must be a file, and this is a folder"),
        ("kept", "is there and must not be written to"),
    ],
)
def test_what_is_no_file_to_be_replaced(tmp_path, source, kind, says, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    special(Path("out.tif"), kind)
    before = os.lstat("out.tif")
    with pytest.raises(ParameterError, match=says):
        run_to_file("out.tif", source, PATCHER, WHOLE_CHIP)
    assert os.lstat("out.tif") == before


@pytest.mark.parametrize(
    "name", ["\U0001f6f0 \u00fc \u6f22.tif", " a # b ? c % 20 .tif", "a\nb.tif", "a'b\"c.tif", "a;b&c|d.tif"]
)
def test_names_of_all_kinds(tmp_path, source, name):
    if os.name == "nt" and set(name) & set('\n?"|'):
        pytest.skip("no name on Windows")
    run_to_file(tmp_path / name, source, PATCHER, WHOLE_CHIP)
    with rasterio.open(tmp_path / name) as written:
        assert written.count == 2
    assert sorted(os.listdir(tmp_path)) == sorted([name, "source.tif"])


@pytest.mark.parametrize(
    ("name", "says"), [("a\udcff.tif", "must be a name in UTF-8"), ("a\0b.tif", "is no name that")]
)
def test_names_that_cannot_be(tmp_path, source, name, says):
    with pytest.raises(ParameterError, match=says):
        run_to_file(f"{tmp_path}/{name}", source, PATCHER, WHOLE_CHIP)


@pytest.mark.parametrize("letter", ["x", "\u6f22"])
def test_the_longest_name_has_room_for_what_gdal_puts_beside_it(tmp_path, source, letter):
    """Longer ones are refused: without room for .aux.xml the file would lack its names, or its CRS."""
    categories = [Category(1, "one", (1, 2, 3))]
    many = (247 - len(".tif")) // len(letter.encode())
    name = letter * many + ".tif"
    run_to_file(tmp_path / name, source, PATCHER, Expression("b1 * 0 + 1", 2), "uint8", categories=categories)
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"{name}.aux.xml", "source.tif"])
    with pytest.raises(ParameterError, match=r"is too long: its name has \d+ bytes, and may have 247"):
        run_to_file(tmp_path / (letter * (many + 1) + ".tif"), source, PATCHER, WHOLE_CHIP)


def test_the_folder_is_removed_during_the_run(tmp_path, source):
    (tmp_path / "gone").mkdir()
    with pytest.raises(RasterWriteError, match=r"output .*out\.tif: cannot be"):
        with GeoTiffSink(str(tmp_path / "gone" / "out.tif"), source.domain, ValueType()) as sink:
            sink.start(1, np.dtype("f4"))
            shutil.rmtree(tmp_path / "gone")
            for row in range(0, source.domain.shape[0], 10):
                sink.write(row, 0, np.zeros((1, 10, source.domain.shape[1])))
    assert os.listdir(tmp_path) == ["source.tif"]


@pytest.mark.skipif(os.name == "nt", reason="permission bits")
def test_the_file_has_the_permissions_that_any_new_file_has(tmp_path, source):
    (tmp_path / "plain").write_text("")
    run_to_file(tmp_path / "out.tif", source, PATCHER, WHOLE_CHIP)
    assert os.stat(tmp_path / "out.tif").st_mode == os.stat(tmp_path / "plain").st_mode
