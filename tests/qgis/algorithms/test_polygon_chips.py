"""``patchwise:polygonchips`` by ``processing.run``: against QGIS's own zonal statistics, and what polygons may be."""

import json
import os

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from patchwise.processing_provider.results.features import new_field
from qgis.core import (
    NULL,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsVectorLayer,
)
from rasterio.features import geometry_mask

from ..conftest import Log, read, write

X, Y = 750000, 4350000  # of the scene's upper-left corner; its pixels are 10 m
CENTRED = "b1 - mean(b1)"  # looks at the whole polygon


def layer_of(geometries, crs="EPSG:32610", kind="Polygon"):
    """A layer with the attributes name and code."""
    layer = QgsVectorLayer(f"{kind}?crs={crs}", "parcels", "memory")
    layer.dataProvider().addAttributes([new_field("name", "String"), new_field("code", "Int")])
    layer.updateFields()
    features = []
    for k, geometry in enumerate(geometries):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([f"parcel {k}", 10 * k])
        if geometry is not None:
            feature.setGeometry(QgsGeometry.fromWkt(geometry) if isinstance(geometry, str) else geometry)
        features.append(feature)
    assert layer.dataProvider().addFeatures(features)[0]
    layer.updateExtents()
    return layer


def star(row, col, radius, corners=7, hole=False):
    """A ring about a pixel, as WKT."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False) + 0.3
    length = radius * (0.6 + 0.4 * (np.arange(corners) % 2))

    def ring(scale):
        x, y = X + 10 * (col + scale * length * np.cos(turn)), Y - 10 * (row + scale * length * np.sin(turn))
        points = [f"{a} {b}" for a, b in zip([*x, x[0]], [*y, y[0]])]
        return f"({', '.join(points)})"

    return f"Polygon ({ring(1)}{', ' + ring(0.4) if hole else ''})"


PARCELS = [star(100, 90, 40, hole=True), star(70, 50, 30), star(200, 150, 55, 9), star(40, 30, 35), star(290, 205, 30)]


@pytest.fixture()
def chips(provider):
    """``chips(feedback=None, context=None, **parameters)``: the results, and the features of OUTPUT."""
    from qgis import processing

    def chips(feedback=None, context=None, **parameters):
        parameters = {"OUTPUT": "TEMPORARY_OUTPUT", **parameters}
        context = context or QgsProcessingContext()
        result = processing.run("patchwise:polygonchips", parameters, feedback=feedback or Log(), context=context)
        layer = result["OUTPUT"]
        layer = QgsVectorLayer(layer, "out") if isinstance(layer, str) else layer
        assert layer.isValid()
        return result, list(layer.getFeatures())

    return chips


def files(folder):
    return [name for name in sorted(os.listdir(folder)) if not name.endswith(".aux.xml")]  # QGIS's statistics


def column(features, name):
    return [np.nan if feature[name] in (None, NULL) else feature[name] for feature in features]


def masks(geometries, shape=(300, 211)):
    transform = rasterio.transform.from_origin(X, Y, 10, 10)
    return [
        geometry_mask([json.loads(QgsGeometry.fromWkt(wkt).asJson(17))], shape, transform, invert=True)
        for wkt in geometries
    ]


@pytest.mark.parametrize("crs", ["EPSG:32610", "EPSG:4326", "EPSG:32611"])
def test_the_mean_is_that_of_zonal_statistics(chips, scene, crs):
    from qgis import processing

    layer = layer_of(PARCELS)
    if crs != "EPSG:32610":
        target = QgsCoordinateReferenceSystem(crs)
        geometries = [feature.geometry() for feature in layer.getFeatures()]
        for geometry in geometries:
            geometry.transform(QgsCoordinateTransform(layer.crs(), target, QgsProject.instance()))
        layer = layer_of(geometries, crs)
    names = ["count", "sum", "mean", "std", "min", "max", "median", "majority"]
    _, features = chips(INPUT=scene, POLYGONS=layer, EXPRESSION="b3", STATISTICS=names)
    expected = processing.run(
        "native:zonalstatisticsfb",
        {
            "INPUT": layer,
            "INPUT_RASTER": scene,
            "RASTER_BAND": 3,
            "COLUMN_PREFIX": "z_",
            "STATISTICS": [0, 1, 2, 4, 5, 6, 3],
            "OUTPUT": "memory:",
        },
    )["OUTPUT"]
    expected = list(expected.getFeatures())
    assert [f.attributes()[:2] for f in features] == [[f"parcel {k}", 10 * k] for k in range(5)]
    pairs = {
        "count": "z_count",
        "sum": "z_sum",
        "mean": "z_mean",
        "std": "z_stdev",
        "min": "z_min",
        "max": "z_max",
        "median": "z_median",
    }
    for ours, theirs in pairs.items():
        np.testing.assert_allclose(column(features, f"B04_{ours}"), column(expected, theirs), rtol=1e-9)
    assert min(column(features, "B04_count")) > 300
    for mine, theirs in zip(features, layer.getFeatures()):
        assert mine.geometry().equals(theirs.geometry())


def test_an_operator_sees_the_polygon_alone_and_the_raster_holds_its_results(chips, scene, tmp_path, log):
    out = str(tmp_path / "stitched.tif")
    result, features = chips(
        log,
        INPUT=scene,
        POLYGONS=layer_of(PARCELS),
        EXPRESSION=f"{CENTRED}; b2",
        STITCHED=out,
        STATISTICS=["mean", "min", "valid_share"],
    )
    bands, inside = read(scene), masks(PARCELS)
    total, count = np.zeros((300, 211)), np.zeros((300, 211))
    for feature, mask in zip(features, inside):
        values = bands[0] - np.nanmean(bands[0][mask])
        assert feature["b1_min"] == pytest.approx(np.nanmin(values[mask]), rel=1e-5)
        assert feature["b1_mean"] == pytest.approx(0, abs=1e-2)
        assert feature["B03_mean"] == pytest.approx(np.nanmean(bands[1][mask]), rel=1e-9)
        assert feature["b1_valid_share"] == pytest.approx(np.mean(~np.isnan(values[mask])))
        known = mask & ~np.isnan(values)
        total[known] += values[known]
        count[known] += 1
    expected = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    assert (count > 1).any() and features[3]["b1_valid_share"] < 1
    np.testing.assert_allclose(read(out)[0], expected, atol=2e-3)
    with rasterio.open(scene) as source, rasterio.open(out) as target:
        assert (target.crs, target.transform, target.shape) == (source.crs, source.transform, source.shape)
        config = json.loads(target.tags()["PATCHWISE_CONFIG"])
    assert config["algorithm"] == "patchwise:polygonchips" and config["operator"]["class"] == "Expression"
    assert (result["POLYGONS"], result["WITHOUT_PIXELS"], result["STITCHED"]) == (5, 0, out)
    assert any("5 polygons" in text for text in log.infos) and any("MB read" in text for text in log.infos)


def test_multipolygons_z_null_and_polygons_off_the_raster_keep_their_place(chips, scene, log):
    multi = f"MultiPolygon ({PARCELS[1][8:]}, {PARCELS[2][8:]})"
    three = "PolygonZ ((750500 4349000 5, 750700 4349000 6, 750700 4348800 7, 750500 4348800 8, 750500 4349000 5))"
    shapes = [
        multi,
        None,
        "MultiPolygon (((0 0, 100 0, 100 100, 0 0)))",
        QgsGeometry.fromWkt(three).coerceToType(QgsGeometry.fromWkt("MultiPolygonZ EMPTY").wkbType())[0],
        "MultiPolygon (((750501 4348999, 750502 4348999, 750502 4348998, 750501 4348999)))",
    ]
    layer = layer_of(shapes, kind="MultiPolygonZ")
    result, features = chips(log, INPUT=scene, POLYGONS=layer, STATISTICS=["count", "mean"], EXPRESSION="b4")
    assert [f["name"] for f in features] == [f"parcel {k}" for k in range(5)]
    one, other = masks(PARCELS[1:3])
    band = read(scene)[3]
    inside = (one | other) & ~np.isnan(band)
    counts = column(features, "B08_count")
    assert counts[0] == inside.sum() and counts[3] == 400 and np.isnan(counts)[[1, 2, 4]].all()
    assert features[0]["B08_mean"] == pytest.approx(band[inside].mean())
    assert features[3].geometry().constGet().is3D() and not features[1].hasGeometry()
    assert result["WITHOUT_PIXELS"] == 3
    assert any("3 of 5 polygons hold no centre of a pixel" in text for text in log.warnings)


def test_all_polygons_off_the_raster(chips, scene, tmp_path, log):
    layer = layer_of(["Polygon ((0 0, 100 0, 100 100, 0 0))"])
    _, features = chips(log, INPUT=scene, POLYGONS=layer, OPERATOR="index", STATISTICS=["mean"])
    assert features[0].fields().names() == ["name", "code", "NDVI_mean"] and np.isnan(column(features, "NDVI_mean"))[0]
    with pytest.raises(QgsProcessingException, match="POLYGONS is 1: none of them holds the centre of a pixel"):
        chips(INPUT=scene, POLYGONS=layer, STITCHED=str(tmp_path / "s.tif"))
    with pytest.raises(QgsProcessingException, match="nothing to stitch"):
        chips(INPUT=scene, POLYGONS=layer_of([None]), STITCHED=str(tmp_path / "s.tif"))
    assert files(tmp_path) == ["scene.tif"]


def test_invalid_geometries_are_treated_as_the_user_has_set(chips, scene):
    bow = "Polygon ((750500 4349000, 750700 4348800, 750700 4349000, 750500 4348800, 750500 4349000))"
    layer, context = layer_of([PARCELS[0], bow, PARCELS[1]]), QgsProcessingContext()
    context.setInvalidGeometryCheck(QgsFeatureRequest.InvalidGeometryCheck.GeometryAbortOnInvalid)
    with pytest.raises(QgsProcessingException, match="POLYGONS: the feature 2 has an invalid geometry"):
        chips(context=context, INPUT=scene, POLYGONS=layer)
    context.setInvalidGeometryCheck(QgsFeatureRequest.InvalidGeometryCheck.GeometrySkipInvalid)
    assert [f["code"] for f in chips(context=context, INPUT=scene, POLYGONS=layer)[1]] == [0, 20]
    context.setInvalidGeometryCheck(QgsFeatureRequest.InvalidGeometryCheck.GeometryNoCheck)
    features = chips(context=context, INPUT=scene, POLYGONS=layer)[1]
    assert [f["code"] for f in features] == [0, 10, 20] and features[1]["B02_count"] == pytest.approx(200, abs=15)


def test_values_that_are_no_reflectance_are_warned_about(chips, scene, log):
    chips(log, INPUT=scene, POLYGONS=layer_of(PARCELS), OPERATOR="index", INDEX="SAVI")
    assert any("digital numbers" in warning for warning in log.warnings)
    log = Log()
    _, features = chips(log, INPUT=scene, POLYGONS=layer_of([]), OPERATOR="index", INDEX="SAVI")
    assert not features and not log.warnings


def test_selected_features_and_fields_that_are_taken(chips, scene):
    layer = layer_of(PARCELS)
    layer.dataProvider().addAttributes([new_field("B02_mean", "Double")])
    layer.updateFields()
    layer.selectByIds([2, 4])
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    QgsProject.instance().addMapLayer(layer, False)
    try:
        source = QgsProcessingFeatureSourceDefinition(layer.id(), True)
        _, features = chips(context=context, INPUT=scene, POLYGONS=source, STATISTICS=["mean", "count"])
    finally:
        QgsProject.instance().removeMapLayer(layer.id())
    assert sorted(f["code"] for f in features) == [10, 30]
    assert features[0].fields().names() == ["name", "code", "B02_mean", "B02_mean_2", "B02_count"]
    band, inside = read(scene)[0], masks([PARCELS[1]])[0]
    first = next(feature for feature in features if feature["code"] == 10)
    assert first["B02_mean_2"] == pytest.approx(np.nanmean(band[inside]))


NAMED = ("", "A", "a", "a_mean", "vegetation_a", "vegetation_b", "B2")
OUTPUTS = (*NAMED[1:], "b1", "b2", "b3 - mean(b3)", "b4 * 1000")


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    outputs=st.lists(st.sampled_from(OUTPUTS), min_size=1, max_size=8),
    statistics=st.lists(st.sampled_from(["mean", "count", "valid_share", "max"]), min_size=1, max_size=3, unique=True),
    ending=st.sampled_from([".gpkg", ".shp", ""]),
)
@example(outputs=["b1", "b3 - mean(b3)", "b1", "b4 * 1000"], statistics=["mean"], ending=".shp")
@example(outputs=["b3 - mean(b3)", "b1", "b4 * 1000"], statistics=["mean"], ending="")
@example(outputs=["A", "a", "a_mean", "a"], statistics=["mean", "count"], ending=".gpkg")
def test_each_field_holds_the_statistic_of_its_own_output(chips, tmp_path_factory, outputs, statistics, ending):
    folder = tmp_path_factory.mktemp("names")
    bands = np.arange(1, 8, dtype=np.float32)[:, None, None] * np.ones((7, 60, 60), np.float32)
    source = write(folder / "named.tif", bands, names=NAMED)
    target = str(folder / f"out{ending}") if ending else "TEMPORARY_OUTPUT"
    layer = layer_of([star(30, 30, 20)])
    text = "; ".join(outputs)
    _, (feature,) = chips(INPUT=source, POLYGONS=layer, EXPRESSION=text, STATISTICS=statistics, OUTPUT=target)
    names = feature.fields().names()
    fields = names[names.index("code") + 1 :]
    assert len(fields) == len(outputs) * len(statistics)
    assert len({name.casefold() for name in names}) == len(names)
    constants = {**dict(zip(NAMED, range(1, 8))), "b1": 1, "b2": 2, "b3 - mean(b3)": 0, "b4 * 1000": 4000}
    pixels = masks([star(30, 30, 20)], (60, 60))[0].sum()
    wanted = [
        {"count": pixels, "valid_share": 1}.get(statistic, constants[output])
        for output in outputs
        for statistic in statistics
    ]
    assert [feature[name] for name in fields] == wanted
    called = {"b2": "A"}  # a band that is passed through keeps its name
    for name, value in zip(fields, wanted):
        for output in outputs:
            for statistic in statistics:
                if name == f"{called.get(output, output)}_{statistic}":
                    assert value == {"count": pixels, "valid_share": 1}.get(statistic, constants[output])


def test_labels_are_voted_and_come_with_their_classes(chips, scene, tmp_path):
    out = str(tmp_path / "classes.tif")
    rules = {"OPERATOR": "classify", "RULES": "dark: b1 < 3000\nbright: otherwise"}
    _, features = chips(INPUT=scene, POLYGONS=layer_of(PARCELS), STATISTICS=["majority"], STITCHED=out, **rules)
    band = read(scene)[0]
    labels = np.where(np.isnan(band), np.nan, np.where(band < 3000, 1, 2))
    inside = masks(PARCELS)
    for feature, mask in zip(features, inside):
        known = labels[mask & ~np.isnan(labels)]
        assert feature["class_majority"] == (1 if (known == 1).sum() >= (known == 2).sum() else 2)
    np.testing.assert_array_equal(read(out)[0], np.where(np.logical_or.reduce(inside), labels, np.nan))
    with rasterio.open(out) as target:
        assert target.dtypes == ("uint8",) and target.colormap(1)


def test_a_python_file_and_a_file_as_output(chips, scene, tmp_path):
    code, out = tmp_path / "op.py", str(tmp_path / "parcels.gpkg")
    code.write_text("import numpy as np\n\n\ndef operator(chip, meta):\n    return chip[:2] * 0 + meta.anchor[0]\n")
    result, features = chips(
        INPUT=scene, POLYGONS=layer_of(PARCELS), OPERATOR="python", PYTHON=str(code), OUTPUT=out, STATISTICS=["min"]
    )
    assert result["OUTPUT"] == out
    rows = [np.flatnonzero(mask.any(axis=1))[0] for mask in masks(PARCELS)]
    assert column(features, "b1_min") == column(features, "b2_min") == rows


def test_cancelled_leaves_nothing(chips, scene, tmp_path):
    outputs = {"OUTPUT": str(tmp_path / "out.gpkg"), "STITCHED": str(tmp_path / "s.tif")}
    for share in (0, 60):
        with pytest.raises(QgsProcessingException, match="cancelled"):
            chips(Log(cancel_at=share), INPUT=scene, POLYGONS=layer_of(PARCELS), EXPRESSION=CENTRED, **outputs)
    assert files(tmp_path) == ["scene.tif"]


WRONG = {
    "no polygons": ({"POLYGONS": "nowhere.gpkg"}, "POLYGONS"),
    "expression": ({"EXPRESSION": "b9"}, "EXPRESSION is 'b9': there is no variable"),
    "statistics": ({"STATISTICS": ["mode"]}, "STATISTICS"),
    "bands": ({"BANDS": [7]}, "BANDS is 7: must be from 1 to 4"),
    "stitched": ({"STITCHED": "/nowhere/at/all/s.tif"}, "STITCHED is .*folder must exist"),
    "output": ({"OUTPUT": "/nowhere/at/all/out.gpkg"}, "OUTPUT is .*folder must exist"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_refused_in_one_sentence(chips, scene, case):
    wrong, message = WRONG[case]
    with pytest.raises(QgsProcessingException, match=message):
        chips(**{"INPUT": scene, "POLYGONS": layer_of(PARCELS), **wrong})


def test_the_raster_and_points_are_refused(chips, scene):
    with pytest.raises(QgsProcessingException, match="STITCHED is .*must not be the same file"):
        chips(INPUT=scene, POLYGONS=layer_of(PARCELS), STITCHED=scene)
    with pytest.raises(QgsProcessingException, match="POLYGONS is .*must be a layer of polygons"):
        chips(INPUT=scene, POLYGONS=layer_of(["Point (0 0)"], kind="Point"))


def test_what_is_too_large_is_said_by_the_feature(chips, tmp_path):
    path = str(tmp_path / "large.vrt")
    (tmp_path / "large.vrt").write_text(
        '<VRTDataset rasterXSize="30000" rasterYSize="30000"><SRS>EPSG:32610</SRS><GeoTransform>750000, 10, 0, 4350000,'
        ' 0, -10</GeoTransform><VRTRasterBand dataType="Float32" band="1"/></VRTDataset>'
    )
    corners = "750000 4350000, 1050000 4350000, 1050000 4050000, 750000 4050000, 750000 4350000"
    layer = layer_of([PARCELS[0], f"Polygon (({corners}))"])
    with pytest.raises(QgsProcessingException, match="POLYGONS: the feature 2 is too large: its 30000 x 30000 pixels"):
        chips(INPUT=path, POLYGONS=layer, EXPRESSION=CENTRED)


def test_the_same_on_a_real_raster(chips, shared_data):
    from qgis import processing

    path = str(shared_data / "s2-aberystwyth" / "s2_aberystwyth_10band_mosaic.tif")
    with rasterio.open(path) as source:
        left, bottom, right, top = source.bounds
        crs = source.crs.to_string()
    rng, cells = np.random.default_rng(8), []
    for _ in range(25):  # edges at no whole or half pixel: QGIS leaves out a centre that lies just on an edge
        x, y = rng.uniform(left, right, 3), rng.uniform(bottom, top, 3)
        points = [f"{a} {b}" for a, b in zip([*x, x[0]], [*y, y[0]])]
        cells.append(f"Polygon (({', '.join(points)}))")
    layer = layer_of(cells, crs)
    _, features = chips(INPUT=path, BANDS=[1], POLYGONS=layer)
    name = next(n for n in features[0].fields().names() if n.endswith("_mean"))
    arguments = {"INPUT": layer, "INPUT_RASTER": path, "RASTER_BAND": 1, "COLUMN_PREFIX": "z_", "STATISTICS": [0, 2]}
    expected = processing.run("native:zonalstatisticsfb", {**arguments, "OUTPUT": "memory:"})["OUTPUT"]
    expected = list(expected.getFeatures())
    np.testing.assert_allclose(column(features, name), column(expected, "z_mean"), rtol=1e-9)
    np.testing.assert_array_equal(column(features, name.replace("mean", "count")), column(expected, "z_count"))
