"""``patchwise:neighbourhood`` against a brute force by scipy, with what is not known, and with what goes wrong."""

import os

import numpy as np
import pytest
from patchwise.core.grid.earth import EARTH_RADIUS_KM
from patchwise.processing_provider.results.features import new_field
from qgis.core import (
    NULL,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from scipy.spatial.distance import cdist

from ..conftest import Log

ALL = ["count", "mean", "std", "min", "max", "median", "idw"]


@pytest.fixture()
def neighbourhood(provider):
    """``neighbourhood(feedback=None, **parameters)`` by ``processing.run``."""
    from qgis import processing

    def run(feedback=None, **parameters):
        parameters = {"FIELD": "value", "OUTPUT": "TEMPORARY_OUTPUT", **parameters}
        return processing.run("patchwise:neighbourhood", parameters, feedback=feedback or Log())["OUTPUT"]

    return run


def layer_of(wkts, values, crs="EPSG:32633", kind="Point"):
    """A layer in memory with the fields ``name`` and ``value``."""
    layer = QgsVectorLayer(f"{kind}?crs={crs}&field=name:string&field=value:double", "stations", "memory")
    assert layer.isValid()
    features = []
    for k, (wkt, value) in enumerate(zip(wkts, values)):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([f"p{k}", value])
        if wkt is not None:
            feature.setGeometry(QgsGeometry.fromWkt(wkt))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    return layer


def points_of(places, values, **options):
    return layer_of([f"Point ({x!r} {y!r})" for x, y in np.asarray(places).tolist()], values, **options)


def table(layer, *names):
    """Attributes of all features, NaN where NULL."""
    return np.array(
        [[np.nan if f[name] in (None, NULL) else float(f[name]) for name in names] for f in layer.getFeatures()]
    )


def brute(distances, values, neighbours_of):
    """The statistics in the order of :data:`ALL`; ``neighbours_of(row of distances)`` gives indices by distance."""
    rows = []
    for anchor, row in enumerate(distances):
        found = [k for k in neighbours_of(row) if not np.isnan(values[k])]
        others = np.where(np.arange(len(row)) == anchor, np.inf, row)
        around = [k for k in neighbours_of(others) if np.isfinite(others[k]) and not np.isnan(values[k])]
        known = np.array([values[k] for k in found])
        one = [len(known)]
        one += [f(known) if len(known) else np.nan for f in (np.mean, np.std, np.min, np.max, np.median)]
        weights = [1 / row[k] ** 2 for k in around]
        one.append(np.average([values[k] for k in around], weights=weights) if around else np.nan)
        rows.append(one)
    return np.array(rows)


def scattered(count=400, unknown=0.3, seed=0):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(count) < unknown, np.nan, rng.normal(10, 3, count))
    return rng, values, [None if np.isnan(value) else float(value) for value in values]


def check(layer, expected):
    result = table(layer, *(f"value_{name}" for name in ALL))
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("k", [1, 8, 1000])
def test_the_k_nearest_equal_a_brute_force(neighbourhood, k):
    rng, values, stored = scattered()
    places = rng.uniform(0, 1000, (len(values), 2))
    layer = neighbourhood(INPUT=points_of(places, stored), K=k, STATISTICS=ALL)
    check(layer, brute(cdist(places, places), values, lambda row: np.argsort(row, kind="stable")[:k]))
    assert [field.name() for field in layer.fields()] == ["name", "value", *(f"value_{name}" for name in ALL)]
    assert [f["name"] for f in layer.getFeatures()] == [f"p{k}" for k in range(len(values))]
    assert all(isinstance(f["value_count"], int) for f in layer.getFeatures())


def test_all_within_a_radius_equal_a_brute_force(neighbourhood):
    rng, values, stored = scattered()
    places = rng.uniform(0, 1000, (len(values), 2))
    layer = neighbourhood(INPUT=points_of(places, stored), NEIGHBOURHOOD="radius", RADIUS=60, STATISTICS=ALL)
    check(layer, brute(cdist(places, places), values, lambda row: np.flatnonzero(row <= 60)))


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
def test_haversine_is_in_km_between_degrees(neighbourhood, crs):
    from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsCoordinateTransformContext

    rng, values, stored = scattered(200)
    degrees = np.stack([rng.uniform(-180, 180, 200), rng.uniform(-80, 80, 200)], axis=1)
    wkts = [f"Point ({x!r} {y!r})" for x, y in degrees.tolist()]
    if crs != "EPSG:4326":
        ends = (QgsCoordinateReferenceSystem(name) for name in ("EPSG:4326", crs))
        transform = QgsCoordinateTransform(*ends, QgsCoordinateTransformContext())
        points = [transform.transform(x, y) for x, y in degrees.tolist()]
        wkts = [f"Point ({point.x()!r} {point.y()!r})" for point in points]
    lon, lat = np.radians(degrees).T
    vectors = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    km = 2 * EARTH_RADIUS_KM * np.arcsin(cdist(vectors, vectors) / 2)
    source = layer_of(wkts, stored, crs=crs)
    layer = neighbourhood(INPUT=source, METRIC="haversine", NEIGHBOURHOOD="radius", RADIUS=1500, STATISTICS=ALL)
    result = table(layer, *(f"value_{name}" for name in ALL))
    expected = brute(km, values, lambda row: np.flatnonzero(row <= 1500))
    np.testing.assert_allclose(result, expected, rtol=1e-6)  # through another CRS and back
    assert layer.crs() == source.crs()


def test_what_is_not_known_stays_null(neighbourhood):
    log = Log()
    wkts = ["Point (0 0)", "Point (1 0)", None, "Point EMPTY", "Point (500 0)"]
    source = layer_of(wkts, [4.0, None, 7.0, 9.0, None])
    layer = neighbourhood(log, INPUT=source, NEIGHBOURHOOD="radius", RADIUS=5, STATISTICS=ALL)
    rows = [f.attributes()[2:] for f in layer.getFeatures()]
    assert rows[0] == [1, 4, 0, 4, 4, 4, NULL]  # no neighbour but itself is known
    assert rows[1] == [1, 4, 0, 4, 4, 4, 4]
    assert rows[2] == rows[3] == [NULL] * 7  # no place
    assert rows[4] == [0] + [NULL] * 6  # no known neighbour
    assert [f.hasGeometry() for f in layer.getFeatures()][2] is False
    assert any("3 points, of which 2 have no value in value" in info for info in log.infos)
    assert any("2 features have no place" in warning for warning in log.warnings)


def test_a_layer_without_features_gives_one(neighbourhood):
    layer = neighbourhood(INPUT=layer_of([], []), STATISTICS=["mean"])
    assert layer.featureCount() == 0 and layer.fields()[2].name() == "value_mean"


def test_multi_points_of_one_point_are_points_and_of_several_are_refused(neighbourhood):
    wkts = ["MultiPoint ((0 0))", "MultiPoint ((3 0))", "MultiPoint EMPTY"]
    layer = neighbourhood(INPUT=layer_of(wkts, [1.0, 2.0, 3.0], kind="MultiPoint"), STATISTICS=["mean", "idw"])
    assert [f.attributes()[2:] for f in layer.getFeatures()] == [[1.5, 2.0], [1.5, 1.0], [NULL, NULL]]
    source = layer_of([*wkts, "MultiPoint ((0 0), (1 1))"], [1.0] * 4, kind="MultiPoint")
    with pytest.raises(QgsProcessingException, match="INPUT is 'feature 4': has 2 points.*Multipart to singleparts"):
        neighbourhood(INPUT=source)


@pytest.mark.parametrize("kind", ["PointZ", "PointM", "PointZM"])
def test_heights_and_measures_do_not_count_and_are_kept(neighbourhood, kind):
    more = " 100 7"[: 4 if len(kind) == 6 else 6]
    wkts = [f"{kind} (0 0{more})", f"{kind} (3 0{more})", f"{kind} (10 0{more})"]
    layer = neighbourhood(INPUT=layer_of(wkts, [1.0, 2.0, 4.0], kind=kind), K=2, STATISTICS=["mean"])
    assert table(layer, "value_mean").ravel().tolist() == [1.5, 1.5, 3]
    assert [f.geometry().asWkt(0).replace(" (", "(") for f in layer.getFeatures()] == [
        QgsGeometry.fromWkt(wkt).asWkt(0).replace(" (", "(") for wkt in wkts
    ]


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "geojson", "csv"])
def test_files_of_any_format_replace_what_was_there(neighbourhood, tmp_path, suffix):
    source, out = points_of([[0, 0], [1, 0], [5, 5]], [1.0, 2.0, None]), tmp_path / f"out.{suffix}"
    for k in (1, 2):
        result = neighbourhood(INPUT=source, K=k, STATISTICS=["mean"], OUTPUT=str(out))
        assert result == str(out)
    layer = QgsVectorLayer(str(out), "out", "ogr")
    name = layer.fields()[layer.fields().count() - 1].name()
    rows = sorted(("" if f[name] in (None, NULL) else str(float(f[name]))) for f in layer.getFeatures())
    assert layer.featureCount() == 3 and rows == ["1.5", "1.5", "2.0"]
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_only_what_is_selected_or_filtered_takes_part(neighbourhood):
    source = points_of([[0, 0], [1, 0], [2, 0], [3, 0]], [1.0, 2.0, 3.0, 4.0])
    source.selectByIds([1, 2])
    chosen = QgsProcessingFeatureSourceDefinition(source.id(), True)
    from qgis.core import QgsProject

    QgsProject.instance().addMapLayer(source)
    try:
        layer = neighbourhood(INPUT=chosen, K=8, STATISTICS=["count", "mean"])
    finally:
        QgsProject.instance().removeMapLayer(source.id())
    assert table(layer, "value_count", "value_mean").tolist() == [[2, 1.5], [2, 1.5]]


def test_names_that_are_taken_get_a_number(neighbourhood):
    first = neighbourhood(INPUT=points_of([[0, 0], [1, 0]], [1.0, 2.0]), STATISTICS=["mean"])
    again = neighbourhood(INPUT=first, STATISTICS=["mean"])
    assert [field.name() for field in again.fields()] == ["name", "value", "value_mean", "value_mean_2"]


def test_degrees_are_warned_about(neighbourhood):
    log, source = Log(), points_of([[0, 0], [1, 0]], [1.0, 2.0], crs="EPSG:4326")
    neighbourhood(log, INPUT=source)
    assert any("degrees" in warning and "haversine" in warning for warning in log.warnings)
    quiet = Log()
    neighbourhood(quiet, INPUT=source, METRIC="haversine")
    assert not quiet.warnings


def no_crs():
    layer = points_of([[0, 0]], [1.0], crs="")
    from qgis.core import QgsCoordinateReferenceSystem

    layer.setCrs(QgsCoordinateReferenceSystem())
    return layer


WRONG = {
    "text": ({"FIELD": "name"}, "FIELD is 'name': must be a field of numbers, one of: value"),
    "no field": ({"FIELD": "nothing"}, "FIELD"),
    "k": ({"K": 0}, "K is 0: it must be at least 1"),
    "no radius": ({"NEIGHBOURHOOD": "radius"}, "RADIUS is None: NEIGHBOURHOOD=radius needs a distance"),
    "radius 0": ({"NEIGHBOURHOOD": "radius", "RADIUS": 0}, "RADIUS is 0.0: must be a finite number above 0"),
    "radius below 0": ({"NEIGHBOURHOOD": "radius", "RADIUS": -1}, "RADIUS is -1: it must be at least 0"),
    "metric": ({"METRIC": "manhattan"}, "METRIC"),
    "statistics": ({"STATISTICS": ["mode"]}, "STATISTICS"),
    "nothing to compute": ({"STATISTICS": []}, "STATISTICS"),
    "no crs": (
        lambda: {"INPUT": no_crs(), "METRIC": "haversine"},
        "METRIC is 'haversine': needs points in a known CRS",
    ),
    "no input": ({"INPUT": "/nowhere/at/all.gpkg"}, "INPUT"),
    "folder": ({"OUTPUT": "/nowhere/at/all/out.gpkg"}, "OUTPUT is .*folder must exist"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_refused_in_one_sentence(neighbourhood, case):
    wrong, message = WRONG[case]
    with pytest.raises(QgsProcessingException, match=message):
        neighbourhood(**{"INPUT": points_of([[0, 0], [1, 1]], [1.0, 2.0]), **(wrong() if callable(wrong) else wrong)})


def test_latitudes_beyond_a_pole_are_refused(neighbourhood, tmp_path):
    source = points_of([[0, 0], [10, 95]], [1.0, 2.0], crs="EPSG:4326")
    with pytest.raises(QgsProcessingException, match="latitude"):
        neighbourhood(INPUT=source, METRIC="haversine", OUTPUT=str(tmp_path / "out.gpkg"))
    assert not os.listdir(tmp_path)


def saved(layer, path):
    options = QgsVectorFileWriter.SaveVectorOptions()
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), QgsProcessingContext().transformContext(), options)
    return str(path)


def test_the_input_is_not_overwritten(neighbourhood, tmp_path):
    path = saved(points_of([[0, 0], [1, 1]], [1.0, 2.0]), tmp_path / "points.gpkg")
    with pytest.raises(QgsProcessingException, match="OUTPUT is .*must not be the same file"):
        neighbourhood(INPUT=path, OUTPUT=path)
    assert QgsVectorLayer(path, "points", "ogr").featureCount() == 2


@pytest.mark.parametrize("share", [1, 30, 70])
@pytest.mark.parametrize("suffix", ["gpkg", "shp"])
def test_cancelled_at_any_time_leaves_nothing_and_what_was_there(neighbourhood, tmp_path, share, suffix):
    rng = np.random.default_rng(0)
    source, out = points_of(rng.uniform(0, 100, (2500, 2)), rng.normal(size=2500).tolist()), tmp_path / f"out.{suffix}"
    out.write_text("what was there before")
    with pytest.raises(QgsProcessingException, match="cancelled"):
        neighbourhood(Log(cancel_at=share), INPUT=source, OUTPUT=str(out))
    assert os.listdir(tmp_path) == [out.name] and out.read_text() == "what was there before"


def test_a_file_that_is_not_complete_is_an_error(neighbourhood, tmp_path, monkeypatch):
    from patchwise.processing_provider.results import features as feature_output

    monkeypatch.setattr(feature_output, "_count", lambda path: 1)
    with pytest.raises(QgsProcessingException, match="only 1 of 2 features were written"):
        neighbourhood(INPUT=points_of([[0, 0], [1, 1]], [1.0, 2.0]), OUTPUT=str(tmp_path / "out.gpkg"))
    assert not os.listdir(tmp_path)


def test_a_result_to_be_loaded_is_loaded_from_its_own_place(provider, tmp_path):
    from qgis.core import QgsProcessingOutputLayerDefinition, QgsProject

    context, project = QgsProcessingContext(), QgsProject()
    context.setProject(project)
    out = str(tmp_path / "out.gpkg")
    parameters = {"INPUT": points_of([[0, 0], [1, 1]], [1.0, 2.0]), "FIELD": "value"}
    target = {"OUTPUT": QgsProcessingOutputLayerDefinition(out, project)}
    algorithm = provider.algorithm("neighbourhood").create()
    results, good = algorithm.run({**parameters, **target}, context, Log())
    assert good and results["OUTPUT"] == out and list(context.layersToLoadOnCompletion()) == [out]
    assert context.layerToLoadOnCompletionDetails(out).name == "neighbourhoods of stations"
    for where in (out, "TEMPORARY_OUTPUT"):
        cancelled = QgsProcessingContext()
        cancelled.setProject(project)
        target = {"OUTPUT": QgsProcessingOutputLayerDefinition(where, project)}
        _, good = algorithm.create().run({**parameters, **target}, cancelled, Log(cancel_at=40))
        assert not good and not cancelled.layersToLoadOnCompletion()
        assert not cancelled.temporaryLayerStore().mapLayers()


def test_features_that_come_in_another_order_the_second_time_find_their_own_rows(provider):
    from patchwise.processing_provider.algorithms.neighbourhood import _Rows

    rows = _Rows(np.array([7, 3, 9, 5]))
    assert rows(0, [7, 3]).tolist() == [0, 1]
    assert rows(2, [5, 9]).tolist() == [3, 2]
    assert rows(0, [9, 7]).tolist() == [2, 0]
    for ids in ([8], [7, 100]):
        with pytest.raises(QgsProcessingException, match="changed while it was read"):
            rows(0, ids)
    with pytest.raises(QgsProcessingException, match="changed"):
        _Rows(np.empty(0, np.int64))(0, [1])


def test_fields_of_a_shapefile_say_what_they_are(neighbourhood, tmp_path):
    layer = QgsVectorLayer("Point?crs=EPSG:32633", "points", "memory")
    layer.dataProvider().addAttributes([new_field("population_density", "Double")])
    layer.updateFields()
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt("Point (1 2)"))
    feature.setAttributes([7.0])
    layer.dataProvider().addFeatures([feature])
    out = str(tmp_path / "out.shp")
    made = neighbourhood(INPUT=layer, FIELD="population_density", STATISTICS=["mean", "count", "std"], OUTPUT=out)
    found = QgsVectorLayer(made, "out")
    assert found.fields().names() == ["population", "popu_mean", "popu_count", "popu_std"]
    assert [next(found.getFeatures())[name] for name in found.fields().names()] == [7, 7, 1, 0]
