"""Names and styles of layers, as they arrive in a project."""

import gc
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterRasterLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt

from ...conftest import ROOT
from ..conftest import Log, write
from .test_styles import made_by

PALETTE = "water #1f78b4: b1 > 4500\nland #33a02c: b1 <= 4500"


@pytest.fixture()
def project(qgis_app, qgis_processing, monkeypatch):
    """The project, empty before and after, and no layer panel: since QGIS 3.44 nothing can stand for one."""
    from processing.gui import Postprocessing

    monkeypatch.setattr(Postprocessing, "iface", None)
    QgsProject.instance().clear()
    yield QgsProject.instance()
    QgsProject.instance().clear()


@pytest.fixture()
def loaded(provider, project, scene, tmp_path):
    """``loaded(title=..., **parameters)``: run, load as the toolbox does; layers by name."""
    from processing.gui.Postprocessing import handleAlgorithmResults
    from qgis import processing
    from qgis.core import QgsApplication

    def loaded(title="", algorithm="patchwise:slidingwindow", **parameters):
        context = QgsProcessingContext()
        context.setProject(project)
        output = QgsProcessingOutputLayerDefinition(str(tmp_path / "file_name.tif"), project)
        if title:
            output.destinationName = title
        parameters = {"INPUT": scene, "OUTPUT": output, **parameters}
        processing.run(algorithm, parameters, context=context, feedback=Log(), is_child_algorithm=True)
        found = QgsApplication.processingRegistry().algorithmById(algorithm)
        assert handleAlgorithmResults(found, context, Log(), parameters)
        return {layer.name(): layer for layer in project.mapLayers().values()}

    return loaded


def test_an_index_arrives_named_and_in_a_diverging_ramp(loaded, project, tmp_path):
    coverage = QgsProcessingOutputLayerDefinition(str(tmp_path / "c.tif"), project)
    layers = loaded(OPERATOR="index", INDEX="NDVI", COVERAGE=coverage, CHIP_SIZE=64, STRIDE=32)
    assert set(layers) == {"NDVI of scene", "chips per pixel of scene"}
    renderer = layers["NDVI of scene"].renderer()
    assert renderer.type() == "singlebandpseudocolor"
    assert (renderer.classificationMin(), renderer.classificationMax()) == (-1, 1)
    items = renderer.shader().rasterShaderFunction().colorRampItemList()
    assert items[0].value == -1 and items[-1].value == 1 and len(items) >= 5
    assert {"#7d4310", "#f6f5ef", "#14602b"} <= {item.color.name() for item in items}
    middle = renderer.shader().rasterShaderFunction().shade(0.0)
    assert renderer.shader().rasterShaderFunction().shade(0.17)[1:4] not in [item.color.getRgb()[:3] for item in items]
    assert middle[0] and min(middle[1:4]) > 220, "0 is nearly white"
    counts = layers["chips per pixel of scene"].renderer()
    assert counts.type() == "singlebandpseudocolor" and counts.classificationMin() >= 1


def test_what_is_unknown_is_not_drawn(loaded):
    layer = loaded(OPERATOR="index", INDEX="NDVI")["NDVI of scene"]
    extent = layer.extent()
    corner = QgsRectangle(extent.xMinimum(), extent.yMaximum() - 100, extent.xMinimum() + 100, extent.yMaximum())
    middle = QgsRectangle(
        extent.center().x() - 50, extent.center().y() - 50, extent.center().x() + 50, extent.center().y() + 50
    )
    colours = [layer.renderer().block(1, box, 1, 1, None).color(0, 0) for box in (corner, middle)]
    assert [colour >> 24 & 255 for colour in colours] == [0, 255]


def test_classes_arrive_with_their_names_and_colours(loaded):
    layer = loaded(OPERATOR="classify", RULES=PALETTE)["classes of scene"]
    assert layer.renderer().type() == "paletted"
    found = {entry.label: entry.color.name() for entry in layer.renderer().classes()}
    assert found["water"] == "#1f78b4" and found["land"] == "#33a02c"


def test_bands_of_light_arrive_in_natural_colours(loaded):
    (layer,) = loaded(EXPRESSION="b1; b2; b3; b4").values()
    renderer = layer.renderer()
    assert renderer.type() == "multibandcolor"
    assert (renderer.redBand(), renderer.greenBand(), renderer.blueBand()) == (3, 2, 1)
    stretch = renderer.redContrastEnhancement()
    assert 100 < stretch.minimumValue() < 600 and 8300 < stretch.maximumValue() < 8900  # 2 and 98 % of 1 to 9000


def test_a_name_that_was_chosen_stays(loaded):
    assert set(loaded("mine", OPERATOR="index", INDEX="NDVI")) == {"mine"}


@pytest.mark.parametrize("prefer", [True, False])
def test_the_file_name_is_used_where_the_settings_say_so(loaded, project, prefer, tmp_path, monkeypatch):
    from processing.core.ProcessingConfig import ProcessingConfig

    key = ProcessingConfig.PREFER_FILENAME_AS_LAYER_NAME
    before = ProcessingConfig.getSetting(key)
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    # QGIS never uses the names of files in the system's folder for temporary ones, where this checkout may be.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with tempfile.TemporaryDirectory(dir=build) as folder:
        output = QgsProcessingOutputLayerDefinition(str(Path(folder) / "file_name.tif"), project)
        try:
            ProcessingConfig.setSettingValue(key, prefer)
            layers = loaded(OPERATOR="index", INDEX="NDVI", OUTPUT=output)
        finally:
            ProcessingConfig.setSettingValue(key, before)
        (name,) = layers
        assert name == ("file_name" if prefer else "NDVI of scene")
        assert layers[name].renderer().type() == "singlebandpseudocolor"
        project.clear()


def test_a_style_that_the_user_chose_stays(loaded, scene, tmp_path):
    from processing.core.ProcessingConfig import ProcessingConfig

    style = str(tmp_path / "grey.qml")
    grey = QgsRasterLayer(scene, "grey")
    grey.renderer().setOpacity(0.25)
    assert grey.saveNamedStyle(style)[1]
    before = ProcessingConfig.getSetting(ProcessingConfig.RASTER_STYLE)
    try:
        ProcessingConfig.setSettingValue(ProcessingConfig.RASTER_STYLE, style)
        layer = loaded(OPERATOR="index", INDEX="NDVI")["NDVI of scene"]
    finally:
        ProcessingConfig.setSettingValue(ProcessingConfig.RASTER_STYLE, before)
    assert layer.renderer().type() != "singlebandpseudocolor"


def test_in_a_model_the_last_layer_has_the_models_name_and_the_style(provider, project, scene):
    model = QgsProcessingModelAlgorithm("Two steps", "tests")
    model.addModelParameter(QgsProcessingParameterRasterLayer("scene"), QgsProcessingModelParameter("scene"))
    first = QgsProcessingModelChildAlgorithm("patchwise:slidingwindow")
    first.setChildId("scaled")
    source = QgsProcessingModelChildParameterSource
    first.addParameterSources("INPUT", [source.fromModelParameter("scene")])
    first.addParameterSources("EXPRESSION", [source.fromStaticValue("b4 / 10000; b3 / 10000")])
    model.addChildAlgorithm(first)
    second = QgsProcessingModelChildAlgorithm("patchwise:slidingwindow")
    second.setChildId("difference")
    second.addParameterSources("INPUT", [source.fromChildOutput("scaled", "OUTPUT")])
    second.addParameterSources("EXPRESSION", [source.fromStaticValue("(b1 - b2) / (b1 + b2)")])
    output = QgsProcessingModelOutput("Greenness")
    output.setChildOutputName("OUTPUT")
    output.setChildId("difference")
    second.setModelOutputs({"Greenness": output})
    model.addChildAlgorithm(second)

    from processing.gui.Postprocessing import handleAlgorithmResults

    context = QgsProcessingContext()
    context.setProject(project)
    name = next(d.name() for d in model.destinationParameterDefinitions())
    parameters = {"scene": scene, name: QgsProcessingOutputLayerDefinition("TEMPORARY_OUTPUT", project)}
    _, good = model.run(parameters, context, Log())
    gc.collect()  # the children are gone by now; what styles their layers is not
    assert good and handleAlgorithmResults(model, context, Log(), parameters)
    (layer,) = project.mapLayers().values()
    assert layer.name() == "Greenness"
    assert layer.renderer().type() == "singlebandpseudocolor" and layer.renderer().classificationMin() == -1


def test_nothing_of_a_run_is_kept(loaded):
    from patchwise.processing_provider.results import styling

    for _ in range(3):
        loaded(OPERATOR="index", INDEX="NDVI")
        gc.collect()
    assert len(styling._presenters) <= 2


def tagged(path, config, array, **options):
    """A raster that says it was made by ``config``."""
    write(path, array, **options)
    with rasterio.open(path, "r+") as target:
        target.update_tags(PATCHWISE_CONFIG=json.dumps(config))
    return QgsRasterLayer(str(path), "layer")


def test_limits_of_a_signed_index_are_alike_on_both_sides_of_zero(project, tmp_path):
    from patchwise.processing_provider.results.styling import style_layer

    array = np.linspace(-0.2, 0.9, 100 * 100, dtype=np.float32).reshape(1, 100, 100)
    layer = tagged(tmp_path / "evi.tif", made_by("Index", name="EVI"), array)
    assert style_layer(layer)
    renderer = layer.renderer()
    assert renderer.classificationMin() == -renderer.classificationMax()
    assert renderer.classificationMax() == pytest.approx(0.878, abs=0.01)  # where 98 % lie below


def test_labels_without_a_palette_get_colours_that_differ(project, tmp_path):
    from patchwise.processing_provider.results.styling import style_layer

    array = np.arange(40, dtype=np.uint8).reshape(1, 5, 8)
    layer = tagged(tmp_path / "labels.tif", made_by("Onnx", path="m.onnx", activation="argmax"), array)
    assert style_layer(layer) and layer.renderer().type() == "paletted"
    colours = [entry.color.name() for entry in layer.renderer().classes()]
    assert len(colours) == 40 == len(set(colours))


def test_what_is_not_known_keeps_the_look_that_qgis_gave(project, tmp_path):
    from patchwise.processing_provider.results.styling import style_layer, title_of_file

    plain = QgsRasterLayer(write(tmp_path / "plain.tif", np.ones((1, 4, 4), np.float32)), "plain")
    before = plain.renderer().type()
    assert not style_layer(plain) and plain.renderer().type() == before
    assert title_of_file(str(tmp_path / "plain.tif"), "scene") == ""
    flat = tagged(tmp_path / "flat.tif", made_by("Index", name="SR"), np.ones((1, 4, 4), np.float32))
    assert not style_layer(flat), "one value has no ramp"
    broken = tagged(tmp_path / "broken.tif", made_by("Index", name="SR"), np.ones((1, 4, 4), np.float32))
    with rasterio.open(tmp_path / "broken.tif", "r+") as target:
        target.update_tags(PATCHWISE_CONFIG="{not JSON")
    assert not style_layer(broken)
    assert not style_layer(QgsRasterLayer("/nowhere/at/all.tif", "gone"))


def squares(field, values):
    """Squares in memory with a number each."""
    layer = QgsVectorLayer(f"Polygon?crs=EPSG:32610&field={field}:double", "squares", "memory")
    for k, value in enumerate(values):
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(10 * k, 0, 10 * k + 8, 8)))
        feature.setAttributes([value])
        layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    return layer


@pytest.mark.parametrize(
    ("field", "limits"), [("NDVI_mean", (-1, 1)), ("EVI_mean", (-0.9, 0.9)), ("SR_mean", (-0.2, 0.9))]
)
def test_polygons_with_the_mean_of_an_index_are_filled_by_it(project, field, limits):
    from patchwise.processing_provider.results.styling import style_layer

    layer = squares(field, [-0.2, 0.9, None])
    assert style_layer(layer)
    ranges = layer.renderer().ranges()
    assert layer.renderer().classAttribute() == field and len(ranges) == 10
    assert (ranges[0].lowerValue(), ranges[-1].upperValue()) == limits
    assert len({found.symbol().color().name() for found in ranges}) == 10
    for value in (-0.2, 0.0, 0.9):
        assert layer.renderer().rangeForValue(value) is not None
    for values in ([0.5, 0.5], [None]):
        flat = squares("SR_mean", values)
        assert style_layer(flat) and flat.renderer().type() == "singleSymbol"


def test_polygons_are_outlines(project):
    from patchwise.processing_provider.results.styling import style_layer

    layer = QgsVectorLayer("Polygon?crs=EPSG:32610", "grid", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(0, 0, 10, 10)))
    layer.dataProvider().addFeature(feature)
    assert style_layer(layer)
    lines = [layer.renderer().symbol().symbolLayer(k) for k in range(layer.renderer().symbol().symbolLayerCount())]
    assert [line.brushStyle() for line in lines] == [Qt.BrushStyle.NoBrush] * 2
    bright, dark = (line.strokeColor().lightness() for line in lines)
    assert bright > 230 and dark < 90 and lines[0].strokeWidth() > lines[1].strokeWidth() > 0
    assert not style_layer(QgsVectorLayer("Point?crs=EPSG:32610", "points", "memory"))
