"""Zarr stores: written row of chunks by row of chunks, complete or not at all, and read by other programs."""

from __future__ import annotations

import json
import tracemalloc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    GeoTensor,
    Lambda,
    OperatorError,
    ParameterError,
    PlanError,
    RasterField,
    RasterReadError,
    RasterWriteError,
    SpatialHann,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    ValueType,
    stream,
)
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.rasters.zarr import ZarrSink
from patchwise.core.rasters.zarr_store import read_array

from ..cases import PLACED, GeneratedSource, assert_same_bits, cases, make_array
from ..other_python import run_elsewhere

affine = pytest.importorskip("affine")
CRS = 'LOCAL_CS["here",UNIT["metre",1]]'
NORTH_UP = affine.Affine(10.0, 0.0, 699960.0, 0.0, -10.0, 4400040.0)


def patcher(size=16, stride=8, **aggregation):
    sampler = SpatialRegularStride(stride)
    return SpatialPatcher(
        SpatialRectangular((size, size), "shift"), sampler, SpatialHann(), SpatialOverlapAdd(**aggregation)
    )


def scene(shape=(2, 70, 61), crs=CRS, transform=NORTH_UP, unknown=0.1):
    return GeoTensor(make_array(shape, "float32", unknown, False, 4), transform, crs)


def to_store(path, tensor, chunks=(20, 25), cut=None):
    cut = replace(cut or patcher(), aggregation=SpatialOverlapAdd(True, str(path), chunks))
    field = RasterField(tensor)
    with np.errstate(invalid="ignore"):
        return cut.merge((p.with_data(PLACED(np.asarray(p.data))) for p in cut.split(field)), tensor)


def in_memory(tensor):
    cut, field = patcher(), RasterField(tensor)
    return cut.merge([p.with_data(PLACED(np.asarray(p.data))) for p in cut.split(field)], tensor).array


def left(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("shape", [(70, 61), (1, 70, 61), (3, 33, 100)])
@pytest.mark.parametrize("chunks", [None, (20, 25), (7, 200)])
def test_streaming_merge_equals_the_merge_in_memory(tmp_path, shape, chunks):
    tensor = scene(shape)
    result = to_store(tmp_path / "a.zarr", tensor, chunks)
    assert result.shape == tensor.shape and result.dtype == np.float32
    assert_same_bits(np.asarray(result), in_memory(tensor))
    assert np.asarray(result, np.float64).dtype == np.float64
    assert left(tmp_path) == ["a.zarr"]


@given(cases(), st.integers(1, 60), st.integers(1, 60))
def test_any_case_and_chunks(tmp_path_factory, case, height, width):
    folder = tmp_path_factory.mktemp("zarr")
    result = to_store(folder / "a.zarr", case.field.reader, (height, width), case.patcher)
    with np.errstate(invalid="ignore"):
        patches = [p.with_data(PLACED(np.asarray(p.data))) for p in case.patcher.split(case.field)]
    assert_same_bits(np.asarray(result), case.patcher.merge(patches, case.field.reader).array)


def test_a_window_of_the_result_is_read_alone(tmp_path):
    tensor = scene()
    result = to_store(tmp_path / "a.zarr", tensor)
    window = PixelWindow(13, 24, 30, 29)
    assert_same_bits(result.read(window), in_memory(tensor)[:, 13:43, 24:53])


@pytest.mark.parametrize("memory_limit", [1, 1 << 29])
@pytest.mark.parametrize("window", [None, PixelWindow(5, 7, 50, 40)])
def test_the_stream_writes_zarr_too(tmp_path, window, memory_limit):
    tensor = scene()
    domain = tensor.domain if window is None else tensor.domain.crop(window)
    with ZarrSink(str(tmp_path / "a.zarr"), domain, chunks=(16, 8), names=("red", "nir"), tags={"made": "by"}) as sink:
        stream(RasterField(tensor).source, patcher(), PLACED, sink, window=window, memory_limit=memory_limit)
    whole = in_memory(tensor)
    w = window or tensor.domain.window
    assert_same_bits(np.asarray(sink.result()), whole[:, w.row : w.row_stop, w.col : w.col_stop])
    about = json.loads((tmp_path / "a.zarr" / "zarr.json").read_text())
    assert about["attributes"] == {"made": "by"}
    assert about["consolidated_metadata"]["metadata"]["data"]["attributes"]["long_name"] == ["red", "nir"]


def test_integers_have_their_nodata_value(tmp_path):
    tensor = scene((40, 40))
    with ZarrSink(str(tmp_path / "a.zarr"), tensor.domain, chunks=(16, 16), value_type=ValueType("uint8")) as sink:
        stream(RasterField(tensor).source, patcher(), Lambda(lambda chip: chip * 0 + 7), sink)
    values = np.asarray(sink.result(flat=True))
    np.testing.assert_array_equal(values, np.where(np.isnan(tensor.array), 255, 7))
    about = json.loads((tmp_path / "a.zarr" / "data" / "zarr.json").read_text())
    assert about["data_type"] == "uint8" and about["fill_value"] == 255
    assert about["attributes"]["_FillValue"] == 255 and "configuration" not in about["codecs"][0]


def test_chunks_without_a_known_value_are_left_out(tmp_path):
    tensor = scene((1, 40, 40), unknown=0)
    tensor.array[:, :20, :20] = np.nan
    result = to_store(tmp_path / "a.zarr", tensor, (20, 20))
    written = tmp_path / "a.zarr" / "data" / "c"
    chunks = sorted(str(path.relative_to(written)) for path in written.glob("*/*/*"))
    assert chunks == ["0/0/1", "0/1/0", "0/1/1"]
    assert np.isnan(np.asarray(result)[:, :20, :20]).all()


def test_patches_are_taken_one_by_one_and_let_go(tmp_path):
    tensor, alive = scene((1, 64, 64)), []

    def patches():
        for p in patcher().split(RasterField(tensor)):
            fresh = p.with_data(np.array(p.data))
            alive.append(weakref.ref(fresh))
            yield fresh
            assert sum(ref() is not None for ref in alive[:-1]) <= 2

    cut = patcher(streaming=True, target_path=str(tmp_path / "a.zarr"))
    cut.merge(patches(), tensor)
    assert len(alive) == 49


def test_memory_does_not_grow_with_the_height(tmp_path):
    peaks = []
    for height in (512, 4096):
        source = GeneratedSource((height, 256), strip_rows=32)
        cut = patcher(64, 32, streaming=True, target_path=str(tmp_path / f"{height}.zarr"), chunks=(64, 64))
        tracemalloc.start()
        cut.merge(cut.split(RasterField(source)), source.domain)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
    assert peaks[1] < 4096 * 256 * 4 / 2


def test_unsorted_patches_are_refused_and_nothing_is_left(tmp_path):
    tensor = scene()
    cut = patcher(streaming=True, target_path=str(tmp_path / "a.zarr"))
    backwards = list(cut.split(RasterField(tensor)))[::-1]
    with pytest.raises(ParameterError, match=r"must not come after the patch at \(54, 45\).*sorted by \(row, col\)"):
        cut.merge(backwards, tensor)
    assert left(tmp_path) == []


def test_a_failure_leaves_what_was_there(tmp_path):
    tensor = scene()
    expected = np.asarray(to_store(tmp_path / "a.zarr", tensor))

    def failing():
        for k, p in enumerate(patcher().split(RasterField(tensor))):
            if k == 20:
                raise OperatorError("test", p.anchor, "on purpose")
            yield p

    again = SpatialOverlapAdd(True, str(tmp_path / "a.zarr"), (20, 25))
    with pytest.raises(OperatorError, match="on purpose"):
        again.merge(failing(), tensor)
    assert left(tmp_path) == ["a.zarr"]
    np.testing.assert_array_equal(read_array(tmp_path / "a.zarr" / "data"), expected)
    result = to_store(tmp_path / "a.zarr", scene(unknown=0.5))  # and a success replaces it
    assert np.isnan(np.asarray(result)).sum() > np.isnan(expected).sum()
    assert left(tmp_path) == ["a.zarr"]


def test_an_error_of_the_disk_names_the_target(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("patchwise.core.rasters.zarr_store.write_chunk", full)
    with pytest.raises(RasterWriteError, match="target_path .*a.zarr: cannot be written: .*No space left on device"):
        to_store(tmp_path / "a.zarr", scene())
    assert left(tmp_path) == []


def test_rows_that_never_came_are_an_error(tmp_path):
    sink = ZarrSink(str(tmp_path / "a.zarr"), RasterDomain((40, 40)))
    with pytest.raises(RasterWriteError, match="800 of its pixels were not written"), sink:
        sink.start(1, np.dtype(np.float32))
        sink.write(0, 0, np.zeros((1, 20, 40), np.float32))
    assert left(tmp_path) == []


def test_write_before_start():
    with pytest.raises(RuntimeError, match="start.. comes before write"):
        ZarrSink("a.zarr", RasterDomain((1, 1))).write(0, 0, np.zeros((1, 1, 1)))


@pytest.mark.parametrize(
    "options, match",
    [
        (dict(streaming=True), "target_path is None: must be the path of a .zarr store"),
        (dict(target_path="a.zarr"), "target_path is 'a.zarr': is only used with streaming=True"),
        (dict(chunks=(8, 8)), r"chunks is \(8, 8\): is only used with streaming=True"),
        (dict(streaming=True, target_path="a.tif"), "target_path is 'a.tif': must end in .zarr"),
        (dict(streaming=True, target_path="no/folder/a.zarr"), "must be in a folder that exists"),
        (dict(streaming=True, target_path="a.zarr", chunks=(8,)), "must be two whole numbers of at least 1"),
        (dict(streaming=True, target_path="a.zarr", chunks=(8, 0)), "must be two whole numbers of at least 1"),
        (dict(streaming=True, target_path="a.zarr", chunks=8), "must be two whole numbers of at least 1"),
    ],
)
def test_bad_parameters_are_refused(options, match):
    with pytest.raises(ParameterError, match=match):
        SpatialOverlapAdd(**options)


def test_something_else_is_never_replaced(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "letter.txt").write_text("dear")
    with pytest.raises(ParameterError, match="is there and is no Zarr store: it will not be replaced"):
        to_store(tmp_path / "a.zarr", scene())


def test_bad_patches_are_refused(tmp_path):
    tensor = scene((1, 20, 20))
    cut = patcher(streaming=True, target_path=str(tmp_path / "a.zarr"))
    with pytest.raises(PlanError, match="there must be at least one to merge"):
        cut.merge([], tensor)
    patches = list(cut.split(RasterField(tensor)))
    patches[1] = patches[1].with_data(np.asarray(patches[1].data).astype(np.float64))
    with pytest.raises(ParameterError, match="must be no wider than the first patch's, .* type float32"):
        cut.merge(patches, tensor)


def test_a_crs_that_cannot_be_written_is_refused(tmp_path):
    pytest.importorskip("rasterio")
    with pytest.raises(ParameterError, match="crs is 'nowhere': must be WKT, or something that rasterio understands"):
        to_store(tmp_path / "a.zarr", scene(crs="nowhere"))


def test_a_store_that_is_broken_says_so(tmp_path):
    result = to_store(tmp_path / "a.zarr", scene())
    next((tmp_path / "a.zarr").glob("data/c/*/*/*")).write_bytes(b"nonsense")
    with pytest.raises(RasterReadError, match="cannot be read as a Zarr array written by Patchwise"):
        np.asarray(result)


def test_config_round_trip():
    kept = SpatialOverlapAdd(True, "a.zarr", (64, 32))
    config = json.loads(json.dumps(kept.get_config()))
    assert config == {"streaming": True, "target_path": "a.zarr", "chunks": [64, 32], "normalize_by_window": True}
    assert SpatialOverlapAdd.from_config(config) == kept


def test_georeferencing_as_rioxarray_has_it(tmp_path):
    to_store(tmp_path / "a.zarr", scene())
    members = json.loads((tmp_path / "a.zarr" / "zarr.json").read_text())["consolidated_metadata"]["metadata"]
    assert sorted(members) == ["band", "data", "spatial_ref", "x", "y"]
    for name, about in members.items():
        assert about == json.loads((tmp_path / "a.zarr" / name / "zarr.json").read_text())
    assert members["data"]["dimension_names"] == ["band", "y", "x"]
    assert members["data"]["attributes"]["grid_mapping"] == "spatial_ref"
    place = members["spatial_ref"]["attributes"]
    assert place["crs_wkt"] == CRS and place["GeoTransform"] == "699960.0 10.0 0.0 4400040.0 0.0 -10.0"


def test_a_rotated_grid_has_no_coordinate_arrays(tmp_path):
    to_store(tmp_path / "a.zarr", scene(transform=affine.Affine(8.0, -6.0, 0.0, -6.0, -8.0, 0.0)))
    assert left(tmp_path / "a.zarr") == ["band", "data", "spatial_ref", "zarr.json"]


def test_zarr_python_reads_it(tmp_path):
    result = to_store(tmp_path / "a.zarr", scene())
    told = run_elsewhere(
        """
import json, sys, numpy, zarr
group = zarr.open_group(sys.argv[1], mode="r")
data = group["data"]
numpy.save(sys.argv[2], data[...])
print(json.dumps({"version": zarr.__version__, "format": data.metadata.zarr_format, "chunks": data.chunks,
                  "dimensions": data.metadata.dimension_names, "x": group["x"][:2].tolist(),
                  "y": group["y"][:2].tolist(), "spatial_ref": int(group["spatial_ref"][()])}))
""",
        tmp_path / "a.zarr",
        tmp_path / "read.npy",
    )
    assert told.pop("version").startswith("3.")
    assert told == {
        "format": 3,
        "chunks": [1, 20, 25],
        "dimensions": ["band", "y", "x"],
        "x": [699965.0, 699975.0],
        "y": [4400035.0, 4400025.0],
        "spatial_ref": 0,
    }
    assert_same_bits(np.load(tmp_path / "read.npy"), np.asarray(result))


def test_xarray_and_rioxarray_read_it(tmp_path):
    tensor = scene(crs="EPSG:32610")
    result = to_store(tmp_path / "a.zarr", tensor)
    told = run_elsewhere(
        """
import json, sys, warnings, numpy, rioxarray, xarray
warnings.simplefilter("error")
for kind in (PendingDeprecationWarning, DeprecationWarning):
    warnings.simplefilter("ignore", kind)
data = xarray.open_zarr(sys.argv[1], decode_coords="all")["data"]
numpy.save(sys.argv[2], data.values)
print(json.dumps({"dimensions": data.dims, "crs": data.rio.crs.to_epsg(), "transform": list(data.rio.transform()),
                  "bounds": data.rio.bounds(), "nodata_is_nan": bool(numpy.isnan(data.rio.encoded_nodata))}))
""",
        tmp_path / "a.zarr",
        tmp_path / "read.npy",
    )
    assert told == {
        "dimensions": ["band", "y", "x"],
        "crs": 32610,
        "transform": list(NORTH_UP),
        "bounds": list(tensor.domain.bounds),
        "nodata_is_nan": True,
    }
    assert_same_bits(np.load(tmp_path / "read.npy"), np.asarray(result))
