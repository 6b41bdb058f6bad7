"""The three as QGIS sees them: their parameters, and chained in a model."""

import numpy as np
from qgis.core import QgsApplication

from ..conftest import Log, read


def test_parameters_are_those_of_the_issue(provider):
    def names(algorithm):
        return {d.name() for d in provider.algorithm(algorithm).parameterDefinitions()}

    window = {"WINDOW", "TUKEY_ALPHA", "GAUSSIAN_SIGMA", "KAISER_BETA", "CUSTOM_WINDOW"}
    assert names("splitraster") == window | {
        "INPUT",
        "BANDS",
        "EXTENT",
        "RESOLUTION",
        "GEOMETRY",
        "CHIP_SIZE",
        "STRIDE",
        "CHIP_WIDTH",
        "STRIDE_X",
        "RADIUS_KM",
        "SAMPLER",
        "JITTER",
        "COUNT",
        "MIN_DISTANCE",
        "SEED",
        "ANCHORS",
        "BOUNDARY",
        "MIN_VALID",
        "LABELS",
        "LABEL_FIELD",
        "OUTPUT",
        "INDEX",
    }
    operator = {d.name() for d in provider.algorithm("slidingwindow").parameterDefinitions()} - window
    operator -= {"INPUT", "BANDS", "EXTENT", "RESOLUTION", "CHIP_SIZE", "STRIDE", "CHIP_WIDTH", "STRIDE_X", "BOUNDARY"}
    operator -= {"GEOMETRY", "RADIUS_KM"}
    operator -= {"AGGREGATION", "DATA_TYPE", "NODATA", "WORKERS", "CREATION_OPTIONS", "FORMAT", "COVERAGE"}
    assert names("applytochips") == operator | {"CHIPS", "SKIP_FAILED"}
    assert names("stitchchips") == window | {
        "CHIPS",
        "AGGREGATION",
        "DATA_TYPE",
        "NODATA",
        "ALLOW_MISSING",
        "CREATION_OPTIONS",
        "FORMAT",
        "OUTPUT",
    }


def test_the_three_chain_in_a_model(provider, scene, tmp_path):
    from qgis import processing
    from qgis.core import (
        QgsProcessingModelAlgorithm,
        QgsProcessingModelChildAlgorithm,
        QgsProcessingModelChildParameterSource,
        QgsProcessingModelOutput,
        QgsProcessingModelParameter,
        QgsProcessingParameterRasterLayer,
    )

    source = QgsProcessingModelChildParameterSource
    model = QgsProcessingModelAlgorithm("chain", "tests")
    model.addModelParameter(
        QgsProcessingParameterRasterLayer("raster", "Raster"), QgsProcessingModelParameter("raster")
    )
    steps = [
        (
            "splitraster",
            {
                "INPUT": source.fromModelParameter("raster"),
                "CHIP_SIZE": source.fromStaticValue(64),
                "STRIDE": source.fromStaticValue(32),
            },
        ),
        (
            "applytochips",
            {"CHIPS": source.fromChildOutput("splitraster", "OUTPUT"), "EXPRESSION": source.fromStaticValue("b1*2")},
        ),
        ("stitchchips", {"CHIPS": source.fromChildOutput("applytochips", "OUTPUT")}),
    ]
    for name, given in steps:
        child = QgsProcessingModelChildAlgorithm(f"patchwise:{name}")
        child.setChildId(name)
        for parameter, value in given.items():
            child.addParameterSources(parameter, [value])
        model.addChildAlgorithm(child)
    output = QgsProcessingModelOutput("out", "out")
    output.setChildId("stitchchips")
    output.setChildOutputName("OUTPUT")
    child = model.childAlgorithm("stitchchips")
    child.setModelOutputs({"out": output})
    model.setChildAlgorithm(child)
    model.updateDestinationParameters()
    assert model.validate()[0], model.validate()[1]
    assert QgsApplication.processingRegistry().algorithmById("patchwise:stitchchips")
    out = str(tmp_path / "out.tif")
    processing.run(model, {"raster": scene, "out": out}, feedback=Log())
    np.testing.assert_array_equal(read(out)[0], 2 * read(scene)[0])
