"""Rasters placed by ground control points through the algorithms: each against what GDAL warps, or a transform says."""

import glob
import json

import numpy as np
import pytest
import rasterio
from osgeo import gdal
from qgis.core import QgsFeature, QgsGeometry, QgsProcessingException, QgsRasterLayer, QgsVectorLayer

from ...core.made_rasters import RPC, bent, write_placed
from ..conftest import read

SHAPE = (90, 120)
CRS = "EPSG:32633"


def points_file(path, array, rpcs=None):
    points = [] if rpcs else [(r, c, *bent(r, c), 0) for r in (0, 30, 60, 90) for c in (0, 40, 80, 120)]
    return write_placed(path, array, points, rpcs=rpcs, crs=CRS)


@pytest.fixture()
def source(tmp_path):
    """Two bands, placed by sixteen points."""
    array = np.random.default_rng(4).integers(1, 250, (2, *SHAPE)).astype(np.uint8)
    return points_file(tmp_path / "points.tif", array)


def warped(path, grid):
    """``path`` on a grid ``(xmin, ymax, size, height, width)``, as gdalwarp places it; 0 where there is nothing."""
    x, y, size, height, width = grid
    bounds = (x, y - size * height, x + size * width, y)
    made = gdal.Warp(
        "",
        path,
        format="MEM",
        dstSRS=CRS,
        outputBounds=bounds,
        width=width,
        height=height,
        errorThreshold=0,
        outputType=gdal.GDT_Float64,
        dstNodata=-1,
    )
    return made.ReadAsArray()


EXTENT = "500300,500800,4999500,4999800 [EPSG:32633]"


def test_a_window_under_an_extent_lies_where_it_lay(process, source, tmp_path):
    whole, part = str(tmp_path / "whole.tif"), str(tmp_path / "part.tif")
    how = {"INPUT": source, "CHIP_SIZE": 32, "STRIDE": 16, "EXPRESSION": "b1 - mean(b2); b1", "DATA_TYPE": "float32"}
    process("slidingwindow", OUTPUT=whole, **how)
    process("slidingwindow", OUTPUT=part, EXTENT=EXTENT, COVERAGE=str(tmp_path / "cover.tif"), **how)
    with rasterio.open(whole) as dataset:
        assert dataset.shape == SHAPE and dataset.gcps[1].to_epsg() == 32633 and len(dataset.gcps[0]) == 16
    with rasterio.open(part) as dataset, rasterio.open(tmp_path / "cover.tif") as cover:
        height, width = dataset.shape
        row, col = (-int(getattr(dataset.gcps[0][0], name)) for name in ("row", "col"))
        assert cover.shape == dataset.shape and cover.gcps[0][0].row == -row
    np.testing.assert_array_equal(read(part), read(whole)[:, row : row + height, col : col + width])
    grid = (500300, 4999800, 10, 30, 50)
    np.testing.assert_array_equal(warped(part, grid), warped(whole, grid))  # all of the extent is there, in its place
    assert (warped(part, grid)[1] == warped(source, grid)[0]).all() and warped(part, grid).min() > -200
    assert height < 60 and width < 70
    # QGIS shows both at one place.
    assert QgsRasterLayer(whole, "whole").extent().contains(QgsRasterLayer(part, "part").extent().center())


def test_chips_index_and_grid_lie_where_gdal_warps_them(process, source, tmp_path):
    folder = tmp_path / "chips"
    process("splitraster", INPUT=source, CHIP_SIZE=32, STRIDE=32, OUTPUT=str(folder))
    grid = (500000, 5000100, 10, 95, 130)
    truth = warped(source, grid)
    together = np.full(truth.shape, -1.0)
    for chip in sorted(glob.glob(str(folder / "chip_*.tif"))):
        part = warped(chip, grid)
        together = np.where(part >= 0, part, together)
    assert (together == truth).mean() > 0.999  # at most a pixel's centre on a seam falls between two chips
    index = QgsVectorLayer(str(folder / "index.gpkg"), "index")
    outlines = process("chipgrid", INPUT=source, CHIP_SIZE=32, STRIDE=32, OUTPUT="TEMPORARY_OUTPUT")["OUTPUT"]
    assert index.crs().authid() == outlines.crs().authid() == CRS
    for feature, outline in zip(index.getFeatures(), outlines.getFeatures()):
        row, col = feature["anchor_row"], feature["anchor_col"]
        corner = feature.geometry().asPolygon()[0][0]
        np.testing.assert_allclose((corner.x(), corner.y()), bent(row, col), atol=1e-4)
        assert outline.geometry().equals(feature.geometry()) or outline.geometry().hausdorffDistance(
            feature.geometry()
        ) == pytest.approx(0, abs=1e-4)
    out, done = str(tmp_path / "stitched.tif"), tmp_path / "done"
    process("applytochips", CHIPS=str(folder), EXPRESSION="b1 * 2", OUTPUT=str(done))
    process("stitchchips", CHIPS=str(done), OUTPUT=out)
    np.testing.assert_array_equal(read(out)[0], 2 * read(source)[0])
    np.testing.assert_array_equal(warped(out, grid) / 2, np.where(truth[0] < 0, -0.5, truth[0])[()])


def test_chips_that_touch_an_extent(process, source):
    chips = process("chipgrid", INPUT=source, CHIP_SIZE=16, STRIDE=16, EXTENT=EXTENT, OUTPUT="TEMPORARY_OUTPUT")[
        "OUTPUT"
    ]
    box = QgsGeometry.fromWkt(
        "Polygon ((500300 4999500, 500800 4999500, 500800 4999800, 500300 4999800, 500300 4999500))"
    )
    covered = QgsGeometry.unaryUnion([feature.geometry() for feature in chips.getFeatures()])
    assert covered.buffer(1, 1).contains(box) and 0 < chips.featureCount() < 48


def test_weights_have_the_points_of_their_part(process, source, tmp_path):
    out = str(tmp_path / "weights.tif")
    for kind in ("coverage", "window"):
        process("windowweights", INPUT=source, KIND=kind, CHIP_SIZE=32, STRIDE=16, EXTENT=EXTENT, OUTPUT=out)
        with rasterio.open(out) as dataset:
            assert len(dataset.gcps[0]) == 16 and dataset.gcps[0][0].row < 0 and dataset.gcps[1].to_epsg() == 32633


def test_polygons_and_labels_lie_on_the_map(process, source, tmp_path):
    # A ring of map units whose corners are pixel corners.
    ring = [bent(row, col) for row, col in ((20, 30), (20, 80), (60, 80), (60, 30), (20, 30))]
    layer = QgsVectorLayer(f"Polygon?crs={CRS}", "parcels", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromWkt(f"Polygon (({', '.join(f'{x!r} {y!r}' for x, y in ring)}))"))
    layer.dataProvider().addFeatures([feature])
    layer.updateExtents()
    stitched = str(tmp_path / "stitched.tif")
    result = process(
        "polygonchips",
        INPUT=source,
        POLYGONS=layer,
        EXPRESSION="b1",
        STATISTICS=["count", "mean"],
        STITCHED=stitched,
        OUTPUT="TEMPORARY_OUTPUT",
    )
    found = next(result["OUTPUT"].getFeatures())
    # A side that is straight on the map is a little bent in pixels.
    assert found["b1_count"] == pytest.approx(40 * 50, abs=30)
    inside = ~np.isnan(read(stitched)[0])
    assert inside[22:58, 32:78].all() and not inside[:18].any() and not inside[:, 83:].any()
    assert found["b1_mean"] == pytest.approx(read(source)[0][inside].mean())
    folder = tmp_path / "chips"
    process("splitraster", INPUT=source, CHIP_SIZE=120, STRIDE=120, LABELS=layer, OUTPUT=str(folder))
    (label,) = glob.glob(str(folder / "labels" / "*.tif"))
    np.testing.assert_array_equal(read(label)[0][:90, :120] == 1, inside)


def test_spherical_caps_lie_on_the_earth(process, source):
    caps = process(
        "chipgrid",
        INPUT=source,
        GEOMETRY="sphericalcap",
        RADIUS_KM=0.1,
        SAMPLER="regular",
        STRIDE=40,
        OUTPUT="TEMPORARY_OUTPUT",
    )["OUTPUT"]
    for feature in caps.getFeatures():
        middle = feature.geometry().centroid().asPoint()
        if feature["inside"] == 1:
            x, y = bent(feature["row"] + 0.5, feature["col"] + 0.5)
            np.testing.assert_allclose((middle.x(), middle.y()), (x, y), atol=1)
            assert feature.geometry().area() == pytest.approx(np.pi * 100**2, rel=0.01)


def test_rational_polynomials_are_carried_along_and_never_taken_for_places(process, tmp_path):
    rpcs = {**RPC, "LINE_OFF": "45", "SAMP_OFF": "60"}
    source = points_file(tmp_path / "rpc.tif", np.ones((1, *SHAPE), np.float32), rpcs)
    out = str(tmp_path / "out.tif")
    process("slidingwindow", INPUT=source, EXPRESSION="b1", CHIP_SIZE=32, STRIDE=32, OUTPUT=out)
    with rasterio.open(out) as dataset:
        assert float(dataset.tags(ns="RPC")["LINE_OFF"]) == 45 and dataset.rpcs is not None
    extent = "14.98,15.02,44.99,45.01 [EPSG:4326]"
    polygons = QgsVectorLayer("Polygon?crs=EPSG:4326", "parcels", "memory")
    said = "INPUT is 'placed by rational polynomials .RPCs. only': they need heights .*warp the raster first .gdalwarp"
    for name, more in (
        ("slidingwindow", {"EXTENT": extent, "EXPRESSION": "b1", "OUTPUT": out}),
        ("splitraster", {"OUTPUT": str(tmp_path / "chips")}),
        ("chipgrid", {"OUTPUT": "TEMPORARY_OUTPUT"}),
        ("windowweights", {"EXTENT": extent, "OUTPUT": out}),
        ("polygonchips", {"POLYGONS": polygons, "EXPRESSION": "b1", "OUTPUT": "TEMPORARY_OUTPUT"}),
    ):
        with pytest.raises(QgsProcessingException, match=said):
            process(name, INPUT=source, CHIP_SIZE=32, STRIDE=32, **more)


def test_further_inputs_on_a_grid_of_points_are_refused_or_the_same_pixels(process, source, tmp_path):
    out, how = str(tmp_path / "out.tif"), {"CHIP_SIZE": 32, "STRIDE": 32}
    same = points_file(tmp_path / "same.tif", np.full((1, *SHAPE), 3, np.uint8))
    process("slidingwindow", INPUT=source, OTHER_INPUTS=[same], EXPRESSION="b1 + b3", OUTPUT=out, **how)
    np.testing.assert_array_equal(read(out)[0], read(source)[0] + 3)
    plain = tmp_path / "plain.tif"
    with rasterio.open(
        plain,
        "w",
        driver="GTiff",
        count=1,
        height=100,
        width=140,
        dtype="uint8",
        crs=CRS,
        transform=rasterio.transform.from_origin(500000, 5000100, 10, 10),
    ) as dataset:
        dataset.write(np.full((1, 100, 140), 7, np.uint8))
    with pytest.raises(QgsProcessingException, match="OTHER_INPUTS is .*ground control points place.*gdalwarp"):
        process("slidingwindow", INPUT=source, OTHER_INPUTS=[str(plain)], EXPRESSION="b1 + b3", OUTPUT=out, **how)
    process("slidingwindow", INPUT=str(plain), OTHER_INPUTS=[source], EXPRESSION="b2", OUTPUT=out, **how)
    truth = warped(source, (500000, 5000100, 10, 100, 140))[0]
    assert np.isnan(read(out)[0][truth < 0]).mean() > 0.95  # bilinear takes what is half a pixel away
    with rasterio.open(out) as dataset:
        assert dataset.transform == rasterio.transform.from_origin(500000, 5000100, 10, 10)


def test_a_manifest_says_the_points(process, source, tmp_path):
    process("splitraster", INPUT=source, CHIP_SIZE=64, STRIDE=64, OUTPUT=str(tmp_path / "chips"))
    grid = json.loads((tmp_path / "chips" / "manifest.json").read_text())["grid"]
    assert grid["transform"] is None and len(grid["control"]["points"]) == 16
