"""Split, apply, stitch: the same pixels as the sliding window, byte for byte, and what the folders hold."""

import json
import os

import numpy as np
import pytest
import rasterio
from qgis.core import QgsFeature, QgsField, QgsGeometry, QgsPointXY, QgsVectorLayer
from qgis.PyQt.QtCore import QMetaType

from ..conftest import Log, read, write

SMALL = {"CHIP_SIZE": 64, "STRIDE": 24}
Z_SCORE = "(b1-mean(b1))/std(b1); b4"


@pytest.fixture()
def chain(provider):
    """``chain(folder, split, apply, stitch)``: the three, by ``processing.run``; the stitched raster's path."""
    from qgis import processing

    def chain(folder, split, apply, stitch, log=None):
        log = log or Log()
        chips, done, out = str(folder / "chips"), str(folder / "done"), str(folder / "stitched.tif")
        processing.run("patchwise:splitraster", {"OUTPUT": chips, **split}, feedback=log)
        processing.run("patchwise:applytochips", {"CHIPS": chips, "OUTPUT": done, **apply}, feedback=log)
        processing.run("patchwise:stitchchips", {"CHIPS": done, "OUTPUT": out, **stitch}, feedback=log)
        return out

    return chain


def pixels(path):
    """Type, shape, place and bytes of a raster."""
    with rasterio.open(path) as dataset:
        place = dataset.crs, dataset.transform, dataset.nodata == dataset.nodata and dataset.nodata
        return dataset.dtypes, dataset.shape, place, dataset.descriptions, dataset.read().tobytes()


@pytest.mark.parametrize("window", ["hann", "gaussian"])
@pytest.mark.parametrize("boundary", ["shift", "reflect", "pad", "shrink", "drop"])
def test_same_bytes_as_the_sliding_window(chain, run, scene, tmp_path, window, boundary):
    cut = {"WINDOW": window, "BOUNDARY": boundary, "CHIP_SIZE": 64, "STRIDE": 30}  # up to nine chips over a pixel
    stitched = chain(tmp_path, {"INPUT": scene, **cut}, {"EXPRESSION": Z_SCORE}, {})
    run(INPUT=scene, EXPRESSION=Z_SCORE, OUTPUT=str(tmp_path / "whole.tif"), **cut)
    assert pixels(stitched) == pixels(str(tmp_path / "whole.tif"))


@pytest.mark.parametrize("size", [(300, 211), (50, 40), (64, 500)], ids=str)
@pytest.mark.parametrize("boundary", ["shift", "reflect", "pad", "shrink"])
def test_rasters_smaller_than_a_chip(chain, run, tmp_path, size, boundary):
    array = np.random.default_rng(1).normal(size=(1, *size)).astype(np.float32)
    array[:, 5:20, 3:9] = np.nan
    source = write(tmp_path / "small.tif", array)
    cut = {"BOUNDARY": boundary, "CHIP_SIZE": 120, "CHIP_WIDTH": 100, "STRIDE": 50}
    stitched = chain(tmp_path, {"INPUT": source, **cut}, {"EXPRESSION": "b1-mean(b1)"}, {})
    run(INPUT=source, EXPRESSION="b1-mean(b1)", OUTPUT=str(tmp_path / "whole.tif"), **cut)
    assert pixels(stitched) == pixels(str(tmp_path / "whole.tif"))


def test_an_extent_and_some_bands(chain, run, scene, tmp_path):
    some = {"INPUT": scene, "BANDS": [4, 2], "EXTENT": "750333,751207,4347700,4349111 [EPSG:32610]", **SMALL}
    stitched = chain(tmp_path, some, {"EXPRESSION": "b1/mean(B03)"}, {"DATA_TYPE": "int16", "NODATA": -1})
    expression = {"EXPRESSION": "b1/mean(B03)", "DATA_TYPE": "int16", "NODATA": -1}
    run(**some, **expression, OUTPUT=str(tmp_path / "whole.tif"))
    assert pixels(stitched) == pixels(str(tmp_path / "whole.tif"))


def test_labels_are_stitched_by_vote_with_names_and_colours(chain, run, scene, tmp_path):
    log = Log()
    rules = {"OPERATOR": "classify", "RULES": "dark #102030: b1 < 3000\nbright: b1 > 6000", "BAND_ROLES": "R=1"}
    stitched = chain(tmp_path, {"INPUT": scene, **SMALL}, rules, {"AGGREGATION": "mean"}, log)
    run(INPUT=scene, **rules, AGGREGATION="hardvote", OUTPUT=str(tmp_path / "whole.tif"), **SMALL)
    assert pixels(stitched) == pixels(str(tmp_path / "whole.tif"))
    assert any("Labels cannot be averaged" in info for info in log.infos)
    names = [open(f"{path}.aux.xml").read() for path in (stitched, tmp_path / "whole.tif")]
    assert names[0] == names[1] and "dark" in names[0]
    with rasterio.open(stitched) as dataset:
        assert dataset.dtypes == ("uint8",) and dataset.colormap(1)[1] == (16, 32, 48, 255)


@pytest.mark.slow
def test_further_inputs_are_cut_as_the_chips_are(chain, run, scene, tmp_path):
    from rasterio.transform import from_origin

    other = np.random.default_rng(5).normal(size=(1, 140, 120)).astype(np.float64)
    other = write(tmp_path / "other.tif", other, transform=from_origin(750100, 4350100, 25, 25))
    for boundary in ("shift", "reflect", "pad"):
        folder = tmp_path / boundary
        folder.mkdir()
        apply = {"EXPRESSION": "b1 + b5 * std(b5)", "OTHER_INPUTS": [other]}
        cut = {"INPUT": scene, "BOUNDARY": boundary, "CHIP_SIZE": 64, "STRIDE": 40}
        stitched = chain(folder, cut, apply, {"DATA_TYPE": "float64"})
        run(**cut, **apply, DATA_TYPE="float64", OUTPUT=str(folder / "whole.tif"))
        assert pixels(stitched) == pixels(str(folder / "whole.tif"))


def test_scale_and_offset_that_are_chosen(chain, run, scene, tmp_path):
    apply = {"EXPRESSION": "b1-mean(b1)", "SCALE": 0.0001, "OFFSET": -0.1}
    stitched = chain(tmp_path, {"INPUT": scene, **SMALL}, apply, {})
    run(INPUT=scene, **apply, OUTPUT=str(tmp_path / "whole.tif"), **SMALL)
    assert pixels(stitched) == pixels(str(tmp_path / "whole.tif"))


@pytest.mark.slow
@pytest.mark.parametrize("window", ["hann", "tukey"])
@pytest.mark.parametrize("sampler", ["regular", "dense"])
@pytest.mark.parametrize("kind", ["expression", "hardvote"])
def test_the_aberystwyth_mosaic(chain, run, shared_data, tmp_path, window, sampler, kind):
    source = str(shared_data / "s2-aberystwyth" / "s2_aberystwyth_10band_mosaic.tif")
    cut = {"INPUT": source, "CHIP_SIZE": 256, "STRIDE": 192 if sampler == "regular" else 97, "WINDOW": window}
    if kind == "hardvote":
        apply = {"OPERATOR": "classify", "RULES": "water: NDWI > 0\nplants: NDVI > 0.4\nother: NDVI <= 0.4"}
        apply = {**apply, "SCALE": 0.001}
    else:
        apply = {"EXPRESSION": "(b7-b3)/(b7+b3) - mean(b7)/10000"}
    stitched = chain(tmp_path, cut, apply, {"AGGREGATION": "hardvote"} if kind == "hardvote" else {})
    vote = {"AGGREGATION": "hardvote"} if kind == "hardvote" else {}
    run(**cut, **apply, **vote, OUTPUT=str(tmp_path / "whole.tif"))
    assert pixels(stitched) == pixels(str(tmp_path / "whole.tif"))


@pytest.mark.slow
def test_a_model_of_a_finer_grid(chain, run, shared_data, tmp_path):
    pytest.importorskip("onnxruntime")
    source = str(shared_data / "s2-aberystwyth" / "s2_aberystwyth_10band_mosaic.tif")
    part = "258075,262865,280233,285223 [EPSG:27700]"
    cut = {"INPUT": source, "BANDS": [3], "EXTENT": part, "CHIP_SIZE": 224, "STRIDE": 160}
    apply = {"OPERATOR": "onnx", "MODEL": str(shared_data / "onnx" / "super_resolution.onnx")}
    stitched = chain(tmp_path, cut, apply, {})
    run(**cut, **apply, OUTPUT=str(tmp_path / "whole.tif"))
    assert pixels(stitched) == pixels(str(tmp_path / "whole.tif")) and pixels(stitched)[1] == (500 * 3, 480 * 3)


def test_what_a_split_leaves(process, scene, tmp_path):
    out, index = str(tmp_path / "chips"), str(tmp_path / "index.gpkg")
    log = Log()
    result = process("splitraster", log, INPUT=scene, OUTPUT=out, INDEX=index, **SMALL)
    assert result["CHIPS"] == 11 * 8 and result["LEFT_OUT"] == 0 and log.shares[-1] == 100
    names = sorted(name for name in os.listdir(out) if name.endswith(".tif"))
    assert len(names) == 88 and set(os.listdir(out)) == {*names, "index.gpkg", "manifest.json"}
    manifest = json.load(open(os.path.join(out, "manifest.json")))
    assert [chip["path"] for chip in manifest["chips"]] == names
    assert [tuple(c["anchor"]) for c in manifest["chips"]] == sorted(tuple(c["anchor"]) for c in manifest["chips"])
    with rasterio.open(scene) as source:
        for chip in manifest["chips"][::7]:
            row, col, height, width = chip["window"]
            place = ((row, row + height), (col, col + width))
            with rasterio.open(os.path.join(out, chip["path"])) as dataset:
                np.testing.assert_array_equal(dataset.read(), source.read(window=place))
                assert (dataset.dtypes, dataset.nodata) == (source.dtypes, 0) and dataset.crs == source.crs
                assert dataset.transform == source.window_transform(rasterio.windows.Window(col, row, width, height))
                assert dataset.descriptions == source.descriptions and dataset.compression
    for path in (index, f"{out}/index.gpkg"):
        layer = QgsVectorLayer(path, "index")
        assert layer.crs().authid() == "EPSG:32610" and layer.featureCount() == 88
        assert [field.name() for field in layer.fields()][-5:] == ["path", "anchor_row", "anchor_col", "valid", "label"]
        for feature, chip in zip(layer.getFeatures(), manifest["chips"]):
            assert [feature["path"], feature["anchor_row"], feature["anchor_col"]] == [chip["path"], *chip["anchor"]]
            assert abs(feature["valid"] - chip["valid"]) < 1e-6
            with rasterio.open(os.path.join(out, chip["path"])) as dataset:
                box = feature.geometry().boundingBox()
                assert (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()) == tuple(dataset.bounds)


def test_chips_of_nodata_are_left_out_and_are_not_missing(process, run, scene, tmp_path):
    out, stitched = str(tmp_path / "chips"), str(tmp_path / "stitched.tif")
    log = Log()
    result = process("splitraster", log, INPUT=scene, OUTPUT=out, MIN_VALID=0.9, WINDOW="boxcar", **SMALL)
    assert 0 < result["LEFT_OUT"] < 10 and result["CHIPS"] == 88 - result["LEFT_OUT"]
    assert any(f"{result['LEFT_OUT']} chips were left out" in info for info in log.infos)
    result = process("stitchchips", CHIPS=out, OUTPUT=stitched)
    assert result["MISSING"] == 0
    found, expected = read(stitched), read(scene)
    assert np.isnan(found[:, :24, :24]).all()
    known = ~np.isnan(found)
    np.testing.assert_array_equal(found[known], expected[known])
    assert known.mean() > 0.9


def label_polygons(path, field=QMetaType.Type.Int):
    """Two squares that overlap, in another CRS than the scene, and one without a value."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:32611", "parcels", "memory")
    layer.dataProvider().addAttributes([QgsField("class", field), QgsField("name", QMetaType.Type.QString)])
    layer.updateFields()
    from rasterio.warp import transform

    for value, left, bottom, right, top in (
        (3, 750200, 4348200, 751203, 4349403),
        (7, 750800, 4348000, 751500, 4349000),
        (None, 751600, 4347200, 751900, 4347500),
    ):
        xs, ys = transform("EPSG:32610", "EPSG:32611", [left, right, right, left], [bottom, bottom, top, top])
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromPolygonXY([[QgsPointXY(x, y) for x, y in zip(xs, ys)]]))
        feature.setAttributes([value, "x"])
        layer.dataProvider().addFeatures([feature])
    return layer


def test_label_chips_from_polygons(process, scene, tmp_path):
    layer, out = label_polygons(tmp_path), str(tmp_path / "chips")
    process("splitraster", INPUT=scene, OUTPUT=out, LABELS=layer, LABEL_FIELD="class", CHIP_SIZE=100, STRIDE=100)
    rows, cols = np.mgrid[:300, :211] + 0.5
    x, y = 750000 + 10 * cols, 4350000 - 10 * rows
    expected = np.full((300, 211), 255)
    expected[(x > 750200) & (x < 751203) & (y > 4348200) & (y < 4349403)] = 3
    expected[(x > 750800) & (x < 751500) & (y > 4348000) & (y < 4349000)] = 7
    manifest = json.load(open(os.path.join(out, "manifest.json")))
    assert len(manifest["chips"]) == 9
    differ = 0
    for chip in manifest["chips"]:
        assert chip["label"] == f"labels/{chip['path']}"
        row, col, height, width = chip["window"]
        with (
            rasterio.open(os.path.join(out, chip["label"])) as label,
            rasterio.open(os.path.join(out, chip["path"])) as c,
        ):
            assert (label.transform, label.crs, label.shape) == (c.transform, c.crs, c.shape)
            assert label.dtypes == ("uint8",) and label.nodata == 255
            differ += np.count_nonzero(label.read(1) != expected[row : row + height, col : col + width])
    assert differ < 20  # straight edges in one zone are not quite straight in the next


def test_label_chips_without_a_field_are_a_mask(process, scene, tmp_path):
    process(
        "splitraster",
        INPUT=scene,
        OUTPUT=str(tmp_path / "chips"),
        LABELS=label_polygons(tmp_path),
        CHIP_SIZE=300,
        CHIP_WIDTH=211,
        STRIDE=300,
    )
    (name,) = os.listdir(tmp_path / "chips" / "labels")
    with rasterio.open(tmp_path / "chips" / "labels" / name) as label:
        assert set(np.unique(label.read())) == {0, 1} and label.nodata == 255


@pytest.mark.parametrize("boundary", ["shift", "reflect", "pad"])
def test_label_chips_from_a_raster_in_another_crs(process, run, scene, tmp_path, boundary):
    classes = np.random.default_rng(2).integers(0, 5, (1, 500, 500)).astype(np.uint8)
    from rasterio.transform import from_bounds
    from rasterio.warp import transform_bounds

    box = transform_bounds("EPSG:32610", "EPSG:4326", 749500, 4346500, 752500, 4350500)
    labels = write(tmp_path / "labels.tif", classes, nodata=0, crs="EPSG:4326", transform=from_bounds(*box, 500, 500))
    out = str(tmp_path / "chips")
    process("splitraster", INPUT=scene, OUTPUT=out, LABELS=labels, BOUNDARY=boundary, CHIP_SIZE=128, STRIDE=100)
    run(INPUT=scene, OTHER_INPUTS=[labels], EXPRESSION="b5", OUTPUT=str(tmp_path / "nearest.tif"), CHIP_SIZE=300)
    manifest = json.load(open(os.path.join(out, "manifest.json")))
    known = 0
    for chip in manifest["chips"]:
        row, col, height, width = chip["window"]
        with rasterio.open(os.path.join(out, chip["label"])) as label:
            assert label.dtypes == ("uint8",) and label.nodata == 0 and label.shape == (height, width)
            values = label.read(1)
            known += np.count_nonzero(values)
            inside = values[: 300 - row, : 211 - col]
            assert set(np.unique(inside)) <= {0, 1, 2, 3, 4}
            if boundary == "pad":
                assert not values[300 - row :].any() and not values[:, 211 - col :].any()
            elif 300 - row < height:  # mirrored as the chip is
                np.testing.assert_array_equal(values[300 - row], values[300 - row - 2])
    assert known > 10000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sampler", "count"),
    [
        ({"SAMPLER": "random", "COUNT": 17, "SEED": 4}, 17),
        ({"SAMPLER": "jittered", "JITTER": 8, "STRIDE": 48, "SEED": 1}, 30),
        ({"SAMPLER": "poissondisk", "MIN_DISTANCE": 60, "SEED": 2}, None),
        ({"GEOMETRY": "sphericalcap", "RADIUS_KM": 0.4, "STRIDE": 30}, 80),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_any_sampler_and_geometry_equals_the_core(chain, process, scene, tmp_path, sampler, count):
    from patchwise.core import Expression, GeoTiffSink, RasterFile, ValueType, stream
    from patchwise.core.chip_folder.manifest import load_manifest

    stitched = chain(tmp_path, {"INPUT": scene, "CHIP_SIZE": 64, **sampler}, {"EXPRESSION": Z_SCORE}, {})
    manifest = load_manifest(str(tmp_path / "chips"))
    assert count is None or len(manifest.chips) == count
    raster = RasterFile(scene)
    names = ["(b1-mean(b1))/std(b1)", "B08"]
    with GeoTiffSink(str(tmp_path / "core.tif"), raster.domain, ValueType(), names=names) as sink, raster:
        stream(raster, manifest.patcher, Expression(Z_SCORE, 4, raster.band_names), sink)
    assert pixels(stitched) == pixels(str(tmp_path / "core.tif"))


def test_chips_at_points_in_another_crs(process, scene, tmp_path):
    layer = QgsVectorLayer("Point?crs=EPSG:4326", "places", "memory")
    from rasterio.warp import transform

    pixels_at = [(10, 20), (150, 100), (10, 20)]
    xs, ys = transform(
        "EPSG:32610", "EPSG:4326", [750005 + 10 * c for _, c in pixels_at], [4349995 - 10 * r for r, _ in pixels_at]
    )
    for x, y in zip(xs, ys):
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(x, y)))
        layer.dataProvider().addFeatures([feature])
    log = Log()
    result = process(
        "splitraster", log, INPUT=scene, OUTPUT=str(tmp_path / "chips"), SAMPLER="points", ANCHORS=layer, CHIP_SIZE=32
    )
    manifest = json.load(open(tmp_path / "chips" / "manifest.json"))
    assert [chip["anchor"] for chip in manifest["chips"]] == [[10, 20], [150, 100]] and result["CHIPS"] == 2
    assert any("1 chips lie where another one does" in info for info in log.infos)


def test_the_window_can_be_chosen_again(process, run, scene, tmp_path):
    out = str(tmp_path / "chips")
    process("splitraster", INPUT=scene, OUTPUT=out, WINDOW="hann", **SMALL)
    process("applytochips", CHIPS=out, OUTPUT=str(tmp_path / "done"), EXPRESSION=Z_SCORE)
    process(
        "stitchchips", CHIPS=str(tmp_path / "done"), WINDOW="boxcar", AGGREGATION="max", OUTPUT=str(tmp_path / "a.tif")
    )
    run(INPUT=scene, EXPRESSION=Z_SCORE, WINDOW="boxcar", AGGREGATION="max", OUTPUT=str(tmp_path / "b.tif"), **SMALL)
    assert pixels(str(tmp_path / "a.tif")) == pixels(str(tmp_path / "b.tif"))
    with rasterio.open(tmp_path / "a.tif") as dataset:
        config = json.loads(dataset.tags()["PATCHWISE_CONFIG"])
    assert config["algorithm"] == "patchwise:stitchchips" and config["patcher"]["window"]["class"] == "SpatialBoxcar"
    assert config["operator"][0]["class"] == "Expression"
