"""``patchwise:chipgrid``: the chips of the core's plan as polygons."""

import os

import numpy as np
import pytest
import rasterio
from patchwise.core import (
    SpatialExplicit,
    SpatialJitteredStride,
    SpatialPatcher,
    SpatialPoissonDisk,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
)
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from qgis.core import (
    NULL,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsRasterLayer,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ..conftest import Log, write

FIELDS = ["number", "row", "col", "height", "width", "inside"]


@pytest.fixture()
def chipgrid(provider):
    """``chipgrid(feedback=None, **parameters)`` by ``processing.run``."""
    from qgis import processing

    def run(feedback=None, **parameters):
        parameters = {"CHIP_SIZE": 64, "STRIDE": 48, "OUTPUT": "TEMPORARY_OUTPUT", **parameters}
        return processing.run("patchwise:chipgrid", parameters, feedback=feedback or Log())

    return run


def domain_of(path):
    with rasterio.open(path) as dataset:
        return RasterDomain(dataset.shape, dataset.transform, dataset.crs)


def planned(patcher, domain, window=None):
    chips = [chip for group in patcher.plan(domain).groups(window or domain.window) for chip in group.chips]
    return [[*(chip.anchor or chip.window[:2]), *chip.window[2:]] for chip in chips]


def attributes(layer):
    return [feature.attributes() for feature in layer.getFeatures()]


def anchors_layer(places):
    layer = QgsVectorLayer("Point?crs=EPSG:32610", "anchors", "memory")
    features = []
    for x, y in places:
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(x, y)))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    return layer


SQUARE = SpatialRectangular((64, 64), "shift")
SAMPLERS = {
    "regular": ({}, SpatialRegularStride(48)),
    "jittered": ({"JITTER": 5, "SEED": 3}, SpatialJitteredStride(48, 5, 3)),
    "random": ({"COUNT": 30, "SEED": 4}, SpatialRandom(30, 4)),
    "poissondisk": ({"MIN_DISTANCE": 40, "SEED": 5}, SpatialPoissonDisk(40, 5)),
    "points": (
        lambda: {"ANCHORS": anchors_layer([(750105, 4349795), (751205, 4348005)])},
        SpatialExplicit([(20, 10), (199, 120)]),
    ),
}


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("geometry", ["rectangular", "sphericalcap"])
def test_the_chips_are_those_of_the_plan(chipgrid, scene, sampler, geometry):
    chosen, made = SAMPLERS[sampler]
    cap = geometry == "sphericalcap"
    patcher = SpatialPatcher(SpatialSphericalCap(0.35) if cap else SQUARE, made)
    parameters = {
        "GEOMETRY": geometry,
        "RADIUS_KM": 0.35,
        "SAMPLER": sampler,
        **(chosen() if callable(chosen) else chosen),
    }
    result = chipgrid(INPUT=scene, **parameters)
    layer, expected = result["OUTPUT"], planned(patcher, domain_of(scene))
    assert [field.name() for field in layer.fields()] == FIELDS
    assert [row[1:5] for row in attributes(layer)] == expected and result["CHIPS"] == len(expected)
    assert [row[0] for row in attributes(layer)] == list(range(1, len(expected) + 1))
    assert layer.crs().authid() == "EPSG:32610" and layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry
    assert all(feature.geometry().isGeosValid() for feature in layer.getFeatures())


def test_rectangles_are_whole_chips_at_their_places(chipgrid, scene):
    layer = chipgrid(INPUT=scene, BOUNDARY="pad")["OUTPUT"]
    for feature in layer.getFeatures():
        _, row, col, height, width, inside = feature.attributes()
        box = feature.geometry().boundingBox()
        assert (box.xMinimum(), box.yMaximum()) == (750000 + 10 * col, 4350000 - 10 * row)
        assert (box.width(), box.height()) == (10 * width, 10 * height)
        assert feature.geometry().area() == pytest.approx(100 * height * width)
        on_raster = (min(row + height, 300) - row) * (min(col + width, 211) - col)
        assert inside == pytest.approx(on_raster / (height * width))
    assert min(row[5] for row in attributes(layer)) < 1


def test_an_extent_gives_the_chips_that_touch_it_with_their_numbers(chipgrid, scene):
    extent = "750333,751207,4347700,4349111 [EPSG:32610]"
    everything = {row[0]: row for row in attributes(chipgrid(INPUT=scene)["OUTPUT"])}
    found = attributes(chipgrid(INPUT=scene, EXTENT=extent)["OUTPUT"])
    assert all(everything[row[0]] == row for row in found) and 0 < len(found) < len(everything)
    patcher = SpatialPatcher(SQUARE, SpatialRegularStride(48))
    window = PixelWindow(88, 33, 142, 88)
    assert [row[1:5] for row in found] == planned(patcher, domain_of(scene), window)


def test_a_cap_across_the_date_line_has_two_parts(chipgrid, tmp_path):
    from rasterio.transform import from_origin

    globe = write(
        tmp_path / "globe.tif", np.ones((1, 90, 180), np.uint8), crs="EPSG:4326", transform=from_origin(-180, 90, 2, 2)
    )
    layer = anchors_layer([(-178.5, 0.5), (20.5, 40.5)])
    from qgis.core import QgsCoordinateReferenceSystem

    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    found = chipgrid(INPUT=globe, GEOMETRY="sphericalcap", RADIUS_KM=900, SAMPLER="points", ANCHORS=layer)["OUTPUT"]
    parts = {f["col"]: (f.geometry().constGet().partCount(), f["inside"]) for f in found.getFeatures()}
    assert parts[0] == (2, NULL) and parts[100] == (1, 1)


def test_the_pixels_are_not_read(chipgrid, tmp_path):
    """A file of which only the header is left."""
    path = write(tmp_path / "cut.tif", np.ones((1, 400, 400), np.uint8))
    expected = attributes(chipgrid(INPUT=path)["OUTPUT"])
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.truncate(size - 100_000)
    assert attributes(chipgrid(INPUT=path)["OUTPUT"]) == expected


def test_a_layer_that_is_not_a_file_is_a_grid_too(chipgrid):
    from qgis.core import QgsCoordinateReferenceSystem

    layer = QgsRasterLayer("type=xyz&url=http://127.0.0.1:1/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=4&zmin=0", "tiles", "wms")
    assert layer.isValid()
    extent = "0,2000000,0,2000000 [EPSG:3857]"
    found = chipgrid(INPUT=layer, EXTENT=extent, RESOLUTION=10_000, CHIP_SIZE=100, STRIDE=100)["OUTPUT"]
    assert found.crs() == QgsCoordinateReferenceSystem("EPSG:3857") and 4 <= found.featureCount() <= 9
    assert all(row[3:5] == [100, 100] for row in attributes(found))


def test_many_chips_to_a_file(chipgrid, scene, tmp_path):
    out, log = str(tmp_path / "grid.gpkg"), Log()
    result = chipgrid(log, INPUT=scene, CHIP_SIZE=8, STRIDE=2, OUTPUT=out)
    layer = QgsVectorLayer(out, "grid", "ogr")
    assert result["OUTPUT"] == out and result["CHIPS"] == layer.featureCount() == 147 * 103
    assert any("15,141 chips" in info for info in log.infos)
    assert log.shares == sorted(log.shares) and len(log.shares) > 10 and log.shares[-1] == 100
    assert os.listdir(tmp_path / ".") and not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_the_layer_is_named_and_drawn_as_outlines(provider, scene):
    from qgis.core import QgsProcessingOutputLayerDefinition, QgsProject

    context, project = QgsProcessingContext(), QgsProject()
    context.setProject(project)
    target = QgsProcessingOutputLayerDefinition("TEMPORARY_OUTPUT", project)
    algorithm = provider.algorithm("chipgrid").create()
    results, good = algorithm.run({"INPUT": scene, "OUTPUT": target}, context, Log())
    assert good
    details = context.layerToLoadOnCompletionDetails(results["OUTPUT"])
    assert details.name == "chips of scene"
    layer = context.takeResultLayer(results["OUTPUT"])
    details.postProcessor().postProcessLayer(layer, context, QgsProcessingFeedback())
    from qgis.PyQt.QtCore import Qt

    fills = [layer.renderer().symbol().symbolLayer(k) for k in range(layer.renderer().symbol().symbolLayerCount())]
    assert all(fill.brushStyle() == Qt.BrushStyle.NoBrush for fill in fills)


WRONG = {
    "chip size": ({"CHIP_SIZE": 0}, "CHIP_SIZE is 0: it must be at least 1"),
    "no chip fits": ({"CHIP_SIZE": 500, "BOUNDARY": "drop"}, "CHIP_SIZE is .*no chip"),
    "extent outside": ({"EXTENT": "0,100,0,100 [EPSG:32610]"}, "EXTENT is .*must overlap the raster"),
    "extent between chips": (
        {"CHIP_SIZE": 5, "STRIDE": 100, "EXTENT": "750200,750300,4349700,4349800 [EPSG:32610]"},
        "EXTENT is .*no chip touches it",
    ),
    "no radius": ({"GEOMETRY": "sphericalcap"}, "RADIUS_KM is None: GEOMETRY=sphericalcap needs"),
    "radius 0": ({"GEOMETRY": "sphericalcap", "RADIUS_KM": 0}, "RADIUS_KM is"),
    "too many": ({"SAMPLER": "random", "COUNT": 10**6}, "COUNT is 1000000: must be at most"),
    "no anchors": ({"SAMPLER": "points"}, "ANCHORS is None: SAMPLER=points needs a layer"),
    "anchor off": (
        lambda: {"SAMPLER": "points", "ANCHORS": anchors_layer([(0, 0)])},
        "ANCHORS is .*must lie on the raster",
    ),
    "no input": ({"INPUT": "/nowhere/at/all.tif"}, "INPUT"),
    "folder": ({"OUTPUT": "/nowhere/at/all/out.gpkg"}, "OUTPUT is .*folder must exist"),
    "resolution": ({"RESOLUTION": 5}, "RESOLUTION is 5.0: must be empty"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_refused_in_one_sentence(chipgrid, scene, case):
    wrong, message = WRONG[case]
    with pytest.raises(QgsProcessingException, match=message):
        chipgrid(**{"INPUT": scene, **(wrong() if callable(wrong) else wrong)})


def test_a_geopackage_that_holds_the_raster_is_not_replaced(chipgrid, tmp_path):
    path = str(tmp_path / "raster.gpkg")
    profile = dict(driver="GPKG", count=1, height=300, width=300, dtype="uint8", crs="EPSG:32610")
    with rasterio.open(path, "w", transform=rasterio.Affine(10, 0, 750000, 0, -10, 4350000), **profile) as target:
        target.write(np.ones((1, 300, 300), np.uint8))
    for given in (path, f"GPKG:{path}:raster"):
        with pytest.raises(QgsProcessingException, match="OUTPUT is .*must not be the same file"):
            chipgrid(INPUT=given, OUTPUT=path)
    assert chipgrid(INPUT=path)["CHIPS"] == 36


def test_a_cap_needs_a_place_on_earth(chipgrid, tmp_path):
    path = write(tmp_path / "nowhere.tif", np.ones((1, 50, 50), np.uint8), crs=None)
    with pytest.raises(QgsProcessingException, match="crs"):
        chipgrid(INPUT=path, GEOMETRY="sphericalcap", RADIUS_KM=1)
    assert chipgrid(INPUT=path, CHIP_SIZE=25, STRIDE=25)["CHIPS"] == 4


@pytest.mark.parametrize("share", [1, 90])
@pytest.mark.parametrize("cap", [{}, {"GEOMETRY": "sphericalcap", "RADIUS_KM": 0.1, "STRIDE": 9}])
def test_cancelled_at_any_time_leaves_nothing_and_what_was_there(chipgrid, scene, tmp_path, share, cap):
    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / "grid.gpkg"
    out.write_text("what was there before")
    parameters = {"CHIP_SIZE": 8, "STRIDE": 2, **cap}
    with pytest.raises(QgsProcessingException, match="cancelled"):
        chipgrid(Log(cancel_at=share), INPUT=scene, OUTPUT=str(out), **parameters)
    assert os.listdir(folder) == [out.name] and out.read_text() == "what was there before"
