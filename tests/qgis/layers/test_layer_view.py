"""What QGIS says of a layer counts, for every algorithm and as QGIS's own see it: CRS, nodata, open options."""

import json
import sqlite3

import numpy as np
import pytest
import rasterio
from qgis import processing
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProcessingException,
    QgsRasterLayer,
    QgsRasterRange,
    QgsRectangle,
    QgsVectorLayer,
)
from rasterio.transform import from_origin

from ..conftest import Log, read, write

NAN = float("nan")
BOUNDS = QgsRasterRange.BoundsType
SHAPE = (60, 80)


def layer_of(path, ranges=(), declared=True, crs=None, band=1):
    layer = QgsRasterLayer(str(path), "scene")
    assert layer.isValid()
    if ranges:
        layer.dataProvider().setUserNoDataValue(band, list(ranges))
    layer.dataProvider().setUseSourceNoDataValue(band, declared)
    if crs is not None:
        layer.setCrs(QgsCoordinateReferenceSystem(crs))
    return layer


def by_qgis(layer, band=1):
    """The pixels as QGIS's own tools get them, NaN where unknown."""
    provider = layer.dataProvider()
    block = provider.block(band, provider.extent(), provider.xSize(), provider.ySize())
    values = [
        [np.nan if block.isNoData(row, col) else block.value(row, col) for col in range(block.width())]
        for row in range(block.height())
    ]
    return np.array(values)


def numbers(dtype):
    values = np.random.default_rng(1).integers(0, 12, (1, *SHAPE)).astype(dtype)
    values[0, 50:] = 5
    return values


RANGES = {
    "one value": [QgsRasterRange(3, 3)],
    "a range": [QgsRasterRange(2, 4)],
    "without its ends": [QgsRasterRange(2, 5, BOUNDS.Exclusive)],
    "without its lower end": [QgsRasterRange(2, 4, BOUNDS.IncludeMax)],
    "without its upper end": [QgsRasterRange(2, 4, BOUNDS.IncludeMin)],
    "without a lower end": [QgsRasterRange(NAN, 4)],
    "above": [QgsRasterRange(9, NAN, BOUNDS.IncludeMax)],
    "between values": [QgsRasterRange(2.5, 3.5)],
    "of nothing": [QgsRasterRange(2.25, 2.75)],
    "several": [QgsRasterRange(0, 1), QgsRasterRange(7, 7), QgsRasterRange(10, 11)],
    "all": [QgsRasterRange(NAN, NAN)],
}


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("nodata", [None, 5])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
@pytest.mark.parametrize("kind", RANGES)
def test_the_pixels_are_those_that_qgis_sees(qgis_app, tmp_path, kind, dtype, nodata, declared):
    from patchwise.core import RasterFile
    from patchwise.processing_provider.layers.view import view_of

    path = write(tmp_path / "a.tif", numbers(dtype), nodata=nodata)
    layer = layer_of(path, RANGES[kind], declared)
    source = RasterFile(path, view=view_of(layer))
    values = np.empty(source.shape, source.dtype)
    source.read(source.domain.window, values)
    np.testing.assert_array_equal(values[0], by_qgis(layer))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
def test_ranges_are_of_the_values_that_qgis_shows(run, tmp_path, dtype):
    """With a scale and an offset: the operator gets the numbers as they are stored all the same."""
    path = write(tmp_path / "a.tif", numbers(dtype))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.1,), (1.0,)
    layer = layer_of(path, [QgsRasterRange(1.1, 1.3), QgsRasterRange(1.45, 1.55)])
    out = run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))["OUTPUT"]
    shown = by_qgis(layer)
    assert np.isnan(shown).any() and not np.isnan(shown).all()
    np.testing.assert_array_equal(read(out)[0], np.where(np.isnan(shown), np.nan, numbers(dtype)[0]))


@pytest.fixture()
def seen(tmp_path, provider):
    """A layer in which 3 and 7..8 are unknown, and 5, the file's nodata value, is known; in a CRS of the user's."""
    path = write(tmp_path / "seen.tif", numbers("uint8"), nodata=5, crs="EPSG:32610")
    layer = layer_of(path, [QgsRasterRange(3, 3), QgsRasterRange(7, 8)], False, "EPSG:32633")
    values = numbers("uint8")[0].astype(float)
    return layer, np.where((values == 3) | ((values >= 7) & (values <= 8)), np.nan, values)


def out_of(algorithm, **parameters):
    return processing.run(f"patchwise:{algorithm}", parameters, feedback=Log())


def test_a_sliding_window_and_what_qgis_makes_of_it(seen, tmp_path):
    layer, wanted = seen
    result = out_of("slidingwindow", INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))
    np.testing.assert_array_equal(read(result["OUTPUT"])[0], wanted)
    assert result["PIXELS_WITHOUT_DATA"] == np.isnan(wanted).sum()
    with rasterio.open(result["OUTPUT"]) as dataset:
        assert dataset.crs == "EPSG:32633"
    of_qgis = processing.run("native:rasterlayerstatistics", {"INPUT": layer, "BAND": 1})
    assert of_qgis["MEAN"] == pytest.approx(np.nanmean(wanted))
    # That one fills only where the source has a nodata value that is used.
    layer.dataProvider().setUseSourceNoDataValue(1, True)
    result = out_of("slidingwindow", INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "more.tif"))
    filled = {"INPUT": layer, "BAND": 1, "FILL_VALUE": 99, "OUTPUT": str(tmp_path / "filled.tif")}
    filled = processing.run("native:fillnodata", filled)["OUTPUT"]
    np.testing.assert_array_equal(read(filled)[0], np.nan_to_num(read(result["OUTPUT"])[0], nan=99))
    with rasterio.open(filled) as dataset:
        assert dataset.crs == "EPSG:32633"


def test_an_extent_in_the_users_crs(seen, tmp_path):
    layer, wanted = seen
    extent = "750100,750300,4349800,4349900 [EPSG:32633]"
    out = out_of("slidingwindow", INPUT=layer, EXTENT=extent, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))
    np.testing.assert_array_equal(read(out["OUTPUT"])[0], wanted[10:20, 10:30])


def test_chips_their_index_and_what_is_stitched_of_them(seen, tmp_path):
    layer, wanted = seen
    chips, applied, stitched = str(tmp_path / "chips"), str(tmp_path / "applied"), str(tmp_path / "stitched.tif")
    result = out_of("splitraster", INPUT=layer, CHIP_SIZE=20, STRIDE=20, OUTPUT=chips)
    assert result["CHIPS"] == 12
    assert QgsVectorLayer(f"{chips}/index.gpkg").crs().authid() == "EPSG:32633"
    out_of("applytochips", CHIPS=chips, EXPRESSION="b1", OUTPUT=applied)
    out_of("stitchchips", CHIPS=applied, OUTPUT=stitched)
    np.testing.assert_array_equal(read(stitched)[0], wanted)
    with rasterio.open(stitched) as dataset:
        assert dataset.crs == "EPSG:32633"
    valid = [chip["valid"] for chip in json.loads((tmp_path / "chips" / "manifest.json").read_text())["chips"]]
    assert np.mean(valid) == pytest.approx(1 - np.isnan(wanted).mean(), abs=1e-6)


def test_the_grid_of_chips(seen):
    layer, _ = seen
    for algorithm in ("chipgrid", "windowweights"):
        result = out_of(algorithm, INPUT=layer, CHIP_SIZE=20, STRIDE=20, OUTPUT="TEMPORARY_OUTPUT")["OUTPUT"]
        found = result if algorithm == "chipgrid" else QgsRasterLayer(result)
        assert found.crs().authid() == "EPSG:32633"


def test_polygons(seen, tmp_path):
    layer, wanted = seen
    polygons = QgsVectorLayer("Polygon?crs=EPSG:32633", "p", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(750100, 4349500, 750500, 4349900)))
    polygons.dataProvider().addFeatures([feature])
    out = out_of(
        "polygonchips",
        INPUT=layer,
        POLYGONS=polygons,
        EXPRESSION="b1",
        STATISTICS=["count", "mean"],
        OUTPUT="TEMPORARY_OUTPUT",
        STITCHED=str(tmp_path / "stitched.tif"),
    )
    found = next(out["OUTPUT"].getFeatures())
    inside = wanted[10:50, 10:50]
    assert found["b1_count"] == np.isfinite(inside).sum()
    assert found["b1_mean"] == pytest.approx(np.nanmean(inside), rel=1e-6)
    zonal = {"INPUT": polygons, "INPUT_RASTER": layer, "RASTER_BAND": 1, "STATISTICS": [0, 2], "OUTPUT": "memory:"}
    of_qgis = next(processing.run("native:zonalstatisticsfb", zonal)["OUTPUT"].getFeatures())
    assert of_qgis["_count"] == found["b1_count"] and of_qgis["_mean"] == pytest.approx(found["b1_mean"], rel=1e-6)
    np.testing.assert_array_equal(read(out["STITCHED"])[0, 10:50, 10:50], inside)
    with rasterio.open(out["STITCHED"]) as dataset:
        assert dataset.crs == "EPSG:32633"


def test_labels(seen, tmp_path):
    layer, wanted = seen
    plain = write(tmp_path / "plain.tif", np.ones((1, *SHAPE), "uint8"), crs="EPSG:32633")
    out_of("splitraster", INPUT=plain, LABELS=layer, CHIP_SIZE=60, STRIDE=60, OUTPUT=str(tmp_path / "chips"))
    first = sorted((tmp_path / "chips" / "labels").glob("*.tif"))[0]
    np.testing.assert_array_equal(read(first)[0], wanted[:, :60])


@pytest.mark.parametrize("algorithm", ["slidingwindow", "applytochips"])
def test_a_further_input(seen, tmp_path, algorithm):
    layer, wanted = seen
    plain = write(tmp_path / "plain.tif", np.ones((1, *SHAPE), "uint8"), crs="EPSG:32633")
    out = str(tmp_path / "out.tif")
    if algorithm == "slidingwindow":
        out_of("slidingwindow", INPUT=plain, OTHER_INPUTS=[layer], EXPRESSION="b1 * b2", OUTPUT=out)
    else:
        chips, applied = str(tmp_path / "chips"), str(tmp_path / "applied")
        out_of("splitraster", INPUT=plain, CHIP_SIZE=20, STRIDE=20, OUTPUT=chips)
        out_of("applytochips", CHIPS=chips, OTHER_INPUTS=[layer], EXPRESSION="b1 * b2", OUTPUT=applied)
        out_of("stitchchips", CHIPS=applied, OUTPUT=out)
    np.testing.assert_array_equal(read(out)[0], wanted)


def test_a_run_is_repeated_as_the_layer_was(seen, tmp_path, log):
    layer, wanted = seen
    first, again = str(tmp_path / "first.tif"), str(tmp_path / "again.tif")
    other = layer_of(layer.source(), [QgsRasterRange(1, 1)], True, "EPSG:32633")
    out_of("slidingwindow", INPUT=layer, OTHER_INPUTS=[other], EXPRESSION="b1; b2", OUTPUT=first)
    with rasterio.open(first) as dataset:
        record = json.loads(dataset.tags()["PATCHWISE_CONFIG"])["input"]
    assert record["crs"] == "EPSG:32633"
    assert record["nodata"] == [{"band": 1, "declared": False, "ranges": [[3, 3, True, True], [7, 8, True, True]]}]
    assert record["others"][0]["nodata"] == [{"band": 1, "declared": True, "ranges": [[1, 1, True, True]]}]
    processing.run("patchwise:runconfig", {"CONFIG_FROM": first, "OUTPUT": again}, feedback=log)
    np.testing.assert_array_equal(read(again), read(first))
    np.testing.assert_array_equal(read(again)[0], wanted)
    with rasterio.open(again) as dataset:
        assert dataset.crs == "EPSG:32633"
    assert not [text for text in log.warnings if "input" in text]
    # With a layer of its own settings these count, and what is not as it was is said.
    out_of("slidingwindow", INPUT=layer, EXPRESSION="b1", OUTPUT=first)
    plain = layer_of(layer.source())
    processing.run("patchwise:runconfig", {"CONFIG_FROM": first, "INPUT": plain, "OUTPUT": again}, feedback=log)
    np.testing.assert_array_equal(read(again)[0], by_qgis(plain))
    said = "\n".join(log.warnings)
    assert (
        "The coordinate reference system of the input is the one of its file, and that of the run was EPSG:32633, "
        "set in its layer."
    ) in said
    assert (
        "Without data are in the input the values that the file declares, and in the run of band 1 3 and 7 to 8."
    ) in said


def test_a_layer_as_its_file_says_leaves_no_trace(run, scene, tmp_path):
    out = run(INPUT=QgsRasterLayer(scene, "scene"), EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))["OUTPUT"]
    with rasterio.open(out) as dataset:
        record = json.loads(dataset.tags()["PATCHWISE_CONFIG"])["input"]
    assert not {"crs", "nodata", "options"} & set(record)


@pytest.mark.parametrize("crs", ["own", "", "EPSG:3857"])
def test_any_crs_that_a_layer_may_have(run, tmp_path, crs):
    """Also one that the user made up, which has no code that others know, and none."""
    made_up = QgsCoordinateReferenceSystem()
    made_up.createFromProj("+proj=tmerc +lat_0=1 +lon_0=7 +k=1 +x_0=11 +y_0=3 +ellps=bessel +units=m")
    layer = layer_of(write(tmp_path / "a.tif", numbers("uint8")))
    layer.setCrs(made_up if crs == "own" else QgsCoordinateReferenceSystem(crs))
    out = run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))["OUTPUT"]
    found = QgsRasterLayer(out).crs()
    if crs == "own":
        kept = [set(one.toProj().split()) - {"+type=crs", "+no_defs"} for one in (found, made_up)]
        assert kept[0] == kept[1]
    else:
        assert found.authid() == crs


def test_a_subdataset_in_the_users_crs_and_a_table_of_several(run, tmp_path):
    first, second = numbers("uint8"), numbers("uint8")[:, ::-1].copy()
    path = tmp_path / "both.gpkg"
    for name, values in (("first", first), ("second", second)):
        more = {} if name == "first" else {"APPEND_SUBDATASET": "YES"}
        place = dict(crs="EPSG:32610", transform=from_origin(750000, 4350000, 10, 10))
        with rasterio.open(
            path,
            "w",
            driver="GPKG",
            count=1,
            height=SHAPE[0],
            width=SHAPE[1],
            dtype="uint8",
            RASTER_TABLE=name,
            TILE_FORMAT="PNG",
            **place,
            **more,
        ) as dataset:
            dataset.write(values)
    with sqlite3.connect(path) as database:
        assert len(database.execute("select table_name from gpkg_contents").fetchall()) == 2
    for name, values in (("first", first), ("second", second)):
        layer = layer_of(f"GPKG:{path}:{name}", crs="EPSG:32633")
        out = run(INPUT=layer, BANDS=[1], EXPRESSION="b1", OUTPUT=str(tmp_path / f"{name}.tif"))["OUTPUT"]
        np.testing.assert_array_equal(read(out)[0], values[0])
        with rasterio.open(out) as dataset:
            assert dataset.crs == "EPSG:32633"


def test_a_netcdf_subdataset_in_the_users_crs(run, tmp_path):
    gdal = pytest.importorskip("osgeo.gdal")
    if gdal.GetDriverByName("netCDF") is None:
        pytest.skip("this GDAL has no netCDF")
    path = tmp_path / "two.nc"
    gdal.Translate(str(path), write(tmp_path / "a.tif", numbers("float32"), crs=None), format="netCDF")
    layer = layer_of(f'NETCDF:"{path}":Band1', crs="EPSG:32633")
    out = run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))["OUTPUT"]
    np.testing.assert_array_equal(read(out)[0], by_qgis(layer))
    with rasterio.open(out) as dataset:
        assert dataset.crs == "EPSG:32633"


def test_open_options_choose_the_pixels(run, tmp_path):
    path = write(tmp_path / "a.tif", numbers("uint8"))
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2], rasterio.enums.Resampling.nearest)
    layer = QgsRasterLayer(f"{path}|option:OVERVIEW_LEVEL=0", "half")
    assert (layer.height(), layer.width()) == (30, 40)
    out = run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))["OUTPUT"]
    np.testing.assert_array_equal(read(out)[0], by_qgis(layer))
    again = out_of("runconfig", CONFIG_FROM=out, OUTPUT=str(tmp_path / "again.tif"))["OUTPUT"]
    np.testing.assert_array_equal(read(again), read(out))


def test_a_layer_whose_file_is_gone_is_refused(run, tmp_path):
    layer = layer_of(write(tmp_path / "a.tif", numbers("uint8")))
    (tmp_path / "a.tif").unlink()
    with pytest.raises(QgsProcessingException, match="INPUT is '.*a.tif': it cannot be opened as a raster"):
        run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))


def test_how_a_layer_is_drawn_does_not_count(run, tmp_path):
    """Renderer, resampling, colours, opacity, and the extent that is zoomed to."""
    layer = layer_of(write(tmp_path / "a.tif", numbers("uint8")))
    layer.renderer().setOpacity(0.2)
    layer.resampleFilter().setMaxOversampling(4)
    layer.hueSaturationFilter().setSaturation(50)
    layer.setExtent(QgsRectangle(0, 0, 1, 1))
    layer.dataProvider().setEditable(True)
    out = run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))["OUTPUT"]
    np.testing.assert_array_equal(read(out), numbers("uint8"))
    layer.dataProvider().setEditable(False)


@pytest.mark.parametrize("grid", ["rotated", "south-up"])
def test_a_grid_that_is_not_north_up_is_the_files_own(run, tmp_path, grid):
    """QGIS shows such a raster resampled; the result lies on the file's pixels, with the nodata of the layer."""
    turn = rasterio.Affine.rotation(30) if grid == "rotated" else rasterio.Affine.scale(1, -1)
    transform = rasterio.Affine.translation(750000, 4350000) * turn * rasterio.Affine.scale(10, -10)
    path = write(tmp_path / "a.tif", numbers("uint8"), transform=transform)
    layer = layer_of(path, [QgsRasterRange(3, 4)], crs="EPSG:32633")
    out = run(INPUT=layer, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif"))["OUTPUT"]
    values = numbers("uint8")[0].astype(float)
    np.testing.assert_array_equal(read(out)[0], np.where((values == 3) | (values == 4), np.nan, values))
    with rasterio.open(out) as dataset:
        assert dataset.transform.almost_equals(transform) and dataset.crs == "EPSG:32633"


@pytest.mark.parametrize("algorithm", ["slidingwindow", "applytochips"])
def test_a_further_input_without_a_crs_is_said(provider, tmp_path, log, algorithm):
    """On the same grid it is taken to lie there, and that is said; else it is refused, by its layer's name."""
    plain = write(tmp_path / "plain.tif", np.ones((1, *SHAPE), "uint8"))
    lost = layer_of(write(tmp_path / "lost.tif", numbers("uint8"), crs=None))
    lost.setName("no place")
    parameters = {"INPUT": plain, "EXPRESSION": "b1 * b2", "OUTPUT": str(tmp_path / "out.tif")}
    if algorithm == "applytochips":
        chips = str(tmp_path / "chips")
        out_of("splitraster", INPUT=plain, CHIP_SIZE=20, STRIDE=20, OUTPUT=chips)
        parameters = {"CHIPS": chips, "EXPRESSION": "b1 * b2", "OUTPUT": str(tmp_path / "applied")}

    def run(layer):
        processing.run(f"patchwise:{algorithm}", {**parameters, "OTHER_INPUTS": [layer]}, feedback=log)

    run(lost)
    said = [text for text in (*log.warnings, *log.infos) if "lost.tif has no coordinate reference system" in text]
    assert len(said) == 1 and "both are taken to lie at the same place" in said[0]
    lost.setCrs(QgsCoordinateReferenceSystem("EPSG:32610"))
    log.warnings.clear(), log.infos.clear()
    run(lost)
    assert not [text for text in (*log.warnings, *log.infos) if "coordinate reference system" in text]
    moved = layer_of(write(tmp_path / "moved.tif", numbers("uint8"), crs=None, transform=from_origin(7, 8, 10, 10)))
    moved.setName("no place either")
    with pytest.raises(QgsProcessingException, match=r"OTHER_INPUTS is 'no place either \(.*moved\.tif\)': must have"):
        run(moved)


def test_a_chip_of_the_dock(seen):
    """The picture before a run is made of the pixels that the run sees, where the layer says that they lie."""
    from patchwise.core.preview.chip import ChipRequest, preview_chip
    from qgis.core import QgsApplication, QgsProcessingContext

    layer, wanted = seen
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("patchwise:slidingwindow")
    parameters = {"INPUT": layer, "EXPRESSION": "mean(b1)", "CHIP_SIZE": 20, "STRIDE": 20, "OUTPUT": "TEMPORARY_OUTPUT"}
    job = algorithm.job(parameters, QgsProcessingContext())
    assert job.raster.crs == "EPSG:32633"
    picture = preview_chip(ChipRequest.at_point(job.raster, job.patcher, job.operator, 750250, 4349850))
    assert picture.after.low == pytest.approx(np.nanmean(wanted[:20, 20:40]), rel=1e-6)
