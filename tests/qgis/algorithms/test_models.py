"""The models that are shipped run by ``qgis_process``; one made here chains load, split, apply and stitch."""

import json
import subprocess

import numpy as np
import pytest
import rasterio
from qgis import processing
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterExtent,
)
from qgis.PyQt.QtCore import QPointF

from ...conftest import ROOT
from ...stac import catalogue
from ..conftest import write

SHIPPED = {"Lake Tahoe NDVI", "Burn severity", "Split-apply-stitch", "Training chips from labels"}


def qgis_process(model, **parameters):
    """The results of a model, run as on a server."""
    command = [str(ROOT / "tools" / "qgis_process"), "--json", "run", f"patchwise:{model}", "-"]
    request = json.dumps({"inputs": {name: str(value) for name, value in parameters.items()}})
    done = subprocess.run(command, input=request, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["results"]


def read(path):
    with rasterio.open(path) as file:
        return file.read(masked=True)


@pytest.fixture()
def scene(tmp_path):
    """Red, near infrared and short-wave infrared by their names of Sentinel-2."""
    rng = np.random.default_rng(7)
    path = tmp_path / "scene.tif"
    write(path, rng.uniform(500, 4000, (3, 300, 340)).astype("uint16"), nodata=0, names=("B04", "B08", "B12"))
    return path


def test_the_models_are_in_the_toolbox(provider):
    models = {a.displayName(): a for a in provider.algorithms() if isinstance(a, QgsProcessingModelAlgorithm)}
    assert set(models) == SHIPPED
    for name, model in models.items():
        assert model.canExecute()[0] and model.validate()[0], name
        assert model.group() == "Models" and model.shortDescription().split()[0].endswith("s")
        for definition in model.parameterDefinitions():
            assert definition.isDestination() or model.helpContent()[definition.name()], (name, definition.name())


def test_they_are_laid_out_with_comments(provider):
    for model in provider.algorithms():
        if not isinstance(model, QgsProcessingModelAlgorithm):
            continue
        places = [(p.position().x(), p.position().y()) for p in model.parameterComponents().values()]
        for child in model.childAlgorithms().values():
            assert child.comment().description(), (model.name(), child.childId())
            places.append((child.position().x(), child.position().y()))
            places.append((child.comment().position().x(), child.comment().position().y()))
            places += [(o.position().x(), o.position().y()) for o in child.modelOutputs().values()]
        assert len(set(places)) == len(places), model.name()  # no box on another


@pytest.mark.slow
def test_ndvi_of_a_loaded_chip(stac, tmp_path):
    west, south, east, north = catalogue.WEST_ONLY
    result = qgis_process(
        "Lake Tahoe NDVI",
        extent=f"{west},{east},{south},{north} [EPSG:4326]",
        first_day="2023-08-15",
        last_day="2023-08-15",
        endpoint=stac.open_endpoint,
        sentinel2_chip=tmp_path / "chip.tif",
        ndvi=tmp_path / "ndvi.tif",
    )
    chip, ndvi = read(result["sentinel2_chip"]).astype(float), read(result["ndvi"])
    red, nir = chip.data - 1000
    np.testing.assert_allclose(ndvi.data[0], (nir - red) / (nir + red), atol=1e-5)


def test_burn_severity(scene, tmp_path):
    after = tmp_path / "after.tif"
    values = read(scene).data
    write(after, np.stack([values[0], values[2], values[1]]), nodata=0, names=("B04", "B08", "B12"))
    result = qgis_process(
        "Burn severity", before=scene, after=after, dnbr=tmp_path / "dnbr.tif", burn_severity=tmp_path / "classes.tif"
    )
    nir, swir = values[1:].astype(float)
    nbr = (nir - swir) / (nir + swir)
    np.testing.assert_allclose(read(result["dnbr"]).data[0], 2 * nbr, atol=1e-5)
    limits = [0.66, 0.44, 0.27, 0.1, -0.1, -0.25]
    expected = 1 + np.sum([read(result["dnbr"]).data[0] < limit for limit in limits], axis=0)
    with rasterio.open(result["burn_severity"]) as file:
        classes = file.read(1)
        assert file.dtypes == ("uint8",) and file.colormap(1)[1] == (177, 0, 38, 255)
    np.testing.assert_array_equal(classes, expected)


@pytest.mark.slow
def test_split_apply_stitch_is_the_sliding_window(provider, scene, tmp_path):
    expression = "(b2-b1)/(b2+b1)*mean(b3)"
    result = qgis_process(
        "Split-apply-stitch",
        raster=scene,
        expression=expression,
        chip_size=64,
        stride=40,
        stitched=tmp_path / "stitched.tif",
    )
    parameters = {
        "INPUT": str(scene),
        "EXPRESSION": expression,
        "CHIP_SIZE": 64,
        "STRIDE": 40,
        "OUTPUT": str(tmp_path / "direct.tif"),
    }
    processing.run("patchwise:slidingwindow", parameters)
    assert read(result["stitched"]).data.tobytes() == read(parameters["OUTPUT"]).data.tobytes()


def test_training_chips(scene, tmp_path):
    labels = tmp_path / "labels.tif"
    write(labels, (np.indices((1, 300, 340)).sum(axis=0) // 50 % 5 + 1).astype("uint8"), nodata=0)
    result = qgis_process(
        "Training chips from labels",
        raster=scene,
        labels=labels,
        chip_size=48,
        distance=40,
        chips=tmp_path / "chips",
        index_of_chips=tmp_path / "index.gpkg",
    )
    chips = sorted((tmp_path / "chips").glob("*.tif")) or sorted((tmp_path / "chips").glob("*/*.tif"))
    assert len(chips) > 10 and result["index_of_chips"].startswith(str(tmp_path / "index.gpkg"))
    manifest = json.loads((tmp_path / "chips" / "manifest.json").read_text())
    first = manifest["chips"][0]
    chip, label = (read(tmp_path / "chips" / first[key]) for key in ("path", "label"))
    assert chip.shape == (3, 48, 48) and label.shape == (1, 48, 48)
    assert set(np.unique(label.data)) <= {1, 2, 3, 4, 5}


def test_an_input_that_is_left_out_has_the_models_default(scene, tmp_path):
    labels = tmp_path / "labels.tif"
    write(labels, np.ones((1, 300, 340), "uint8"), nodata=0)
    qgis_process(
        "Training chips from labels",
        raster=scene,
        labels=labels,
        chips=tmp_path / "chips",
        index_of_chips=tmp_path / "index.gpkg",
    )
    manifest = json.loads((tmp_path / "chips" / "manifest.json").read_text())
    assert read(tmp_path / "chips" / manifest["chips"][0]["path"]).shape == (3, 128, 128)


@pytest.mark.slow
def test_the_lake_is_the_default_of_the_loading_model(stac, tmp_path):
    result = qgis_process(
        "Lake Tahoe NDVI", endpoint=stac.open_endpoint, sentinel2_chip=tmp_path / "chip.tif", ndvi=tmp_path / "ndvi.tif"
    )
    assert read(result["ndvi"]).shape == (1, 3935, 1599)


def step(model, child_id, algorithm, sources, output=None):
    """Add a step as the model designer does."""
    child = QgsProcessingModelChildAlgorithm(f"patchwise:{algorithm}")
    child.setChildId(child_id)
    child.setDescription(child_id)
    for name, value in sources.items():
        if isinstance(value, tuple):
            source = QgsProcessingModelChildParameterSource.fromChildOutput(*value)
        elif name == "EXTENT":
            source = QgsProcessingModelChildParameterSource.fromModelParameter(value)
        else:
            source = QgsProcessingModelChildParameterSource.fromStaticValue(value)
        child.addParameterSources(name, [source])
    if output:
        result = QgsProcessingModelOutput(output)
        result.setChildId(child_id)
        result.setChildOutputName("OUTPUT")
        result.setDescription(output)
        child.setModelOutputs({output: result})
    model.addChildAlgorithm(child)


def test_a_model_of_the_designers_own_classes_chains_all_stages(provider, stac, tmp_path):
    model = QgsProcessingModelAlgorithm("chain", "tests")
    place = QgsProcessingModelParameter("extent")
    place.setPosition(QPointF(100, 100))
    model.addModelParameter(QgsProcessingParameterExtent("extent", "Extent"), place)
    search = {"START_DATE": "2023-08-15", "END_DATE": "2023-08-15", "ENDPOINT": stac.open_endpoint}
    step(model, "load", "loadsentinel2", {"EXTENT": "extent", "BANDS": "B04,B08", **search})
    step(model, "split", "splitraster", {"INPUT": ("load", "OUTPUT"), "CHIP_SIZE": 96, "STRIDE": 64})
    step(model, "apply", "applytochips", {"CHIPS": ("split", "OUTPUT"), "OPERATOR": "index", "INDEX": "NDVI"})
    step(model, "stitch", "stitchchips", {"CHIPS": ("apply", "OUTPUT")}, "ndvi")
    model.updateDestinationParameters()
    good, problems = model.validate()
    assert good, problems
    again = QgsProcessingModelAlgorithm()
    path = str(tmp_path / "chain.model3")
    assert model.toFile(path) and again.fromFile(path)
    west, south, east, north = catalogue.WEST_ONLY
    parameters = {"extent": f"{west},{east},{south},{north} [EPSG:4326]", "ndvi": str(tmp_path / "ndvi.tif")}
    results, good = again.run(parameters, QgsProcessingContext(), QgsProcessingFeedback(False))
    assert good
    chip = read(next(value for key, value in results["CHILD_RESULTS"]["load"].items() if key == "OUTPUT")).astype(float)
    red, nir = chip.data - 1000
    ndvi = read(results["ndvi"]).data[0]
    np.testing.assert_allclose(ndvi, (nir - red) / (nir + red), atol=1e-5)
    assert QgsApplication.processingRegistry() is not None
