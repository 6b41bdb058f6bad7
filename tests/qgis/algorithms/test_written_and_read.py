"""Every algorithm writes down what it was given in words that the vocabularies read back to the same parameters."""

import json

import pytest
import rasterio
from patchwise.core.axes.geometry import BOUNDARY
from patchwise.core.axes.sampler import SAMPLERS
from patchwise.core.axes.window import WINDOWS
from patchwise.core.base.config import CONFIG_TAG
from patchwise.core.operators.choices import OPERATORS
from patchwise.core.plan.geometries import GEOMETRIES
from patchwise.core.points.graph import NEIGHBOURHOODS
from patchwise.core.stitch.aggregations import AGGREGATIONS
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsProcessingModelAlgorithm,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsVectorLayer,
)

from ..conftest import Log

VOCABULARIES = (BOUNDARY, GEOMETRIES, SAMPLERS, WINDOWS, AGGREGATIONS, NEIGHBOURHOODS, OPERATORS)
AXES = {"geometry": GEOMETRIES, "sampler": SAMPLERS, "window": WINDOWS, "aggregation": AGGREGATIONS}


@pytest.fixture()
def process(provider):
    """``process(name, **parameters)``."""
    from qgis import processing

    def process(name, **parameters):
        return processing.run(f"patchwise:{name}", parameters, feedback=Log())

    return process


def told(patcher, *axes):
    """The parameters that some axes of a patcher's configuration were made of."""
    found = {}
    for axis in axes:
        name, values = AXES[axis].told(patcher[axis])
        found.update({AXES[axis].parameter: name, **values})
    return found


def manifest(folder):
    """The manifest of a folder of chips."""
    return json.loads((folder / "manifest.json").read_text())


def record(path):
    """What the tag of a result says."""
    with rasterio.open(path) as dataset:
        return json.loads(dataset.tags()[CONFIG_TAG])


SPLITS = {
    "regular": {"SAMPLER": "regular", "STRIDE": 50, "STRIDE_X": 60, "CHIP_WIDTH": 70, "BOUNDARY": "pad"},
    "jittered": {"SAMPLER": "jittered", "STRIDE": 50, "JITTER": 3, "SEED": 8, "WINDOW": "kaiser", "KAISER_BETA": 2.5},
    "random": {"SAMPLER": "random", "COUNT": 5, "SEED": 2, "BOUNDARY": "drop", "WINDOW": "triangular"},
    "poissondisk": {"SAMPLER": "poissondisk", "MIN_DISTANCE": 90.5, "SEED": 3, "BOUNDARY": "reflect"},
    "caps": {"GEOMETRY": "sphericalcap", "RADIUS_KM": 0.4, "STRIDE": 60, "WINDOW": "tukey", "TUKEY_ALPHA": 0.2},
}


@pytest.mark.parametrize("name", SPLITS)
def test_the_chips_of_a_manifest(process, scene, tmp_path, name):
    given = {} if name == "caps" else {"CHIP_SIZE": 64}
    given.update(SPLITS[name])
    process("splitraster", INPUT=scene, OUTPUT=str(tmp_path / "chips"), **given)
    patcher = manifest(tmp_path / "chips")["patcher"]["config"]
    found = told(patcher, "geometry", "sampler", "window")
    assert given.items() <= found.items()
    process("splitraster", INPUT=scene, OUTPUT=str(tmp_path / "again"), **found)
    assert manifest(tmp_path / "again")["patcher"]["config"] == patcher


def test_the_operators_of_applied_chips_and_the_record_of_stitched_ones(process, scene, tmp_path):
    process("splitraster", INPUT=scene, OUTPUT=str(tmp_path / "chips"), CHIP_SIZE=128, STRIDE=100)
    given = {"OPERATOR": "index", "INDEX": "EVI", "BAND_ROLES": "B=1 N=4 R=3", "SCALE": 0.0001, "OFFSET": None}
    process("applytochips", CHIPS=str(tmp_path / "chips"), OUTPUT=str(tmp_path / "done"), **given)
    out = str(tmp_path / "stitched.tif")
    process(
        "stitchchips",
        CHIPS=str(tmp_path / "done"),
        OUTPUT=out,
        AGGREGATION="max",
        WINDOW="gaussian",
        GAUSSIAN_SIGMA=0.3,
    )
    made = record(out)
    for operators in (manifest(tmp_path / "done")["operators"], made["operator"]):
        name, values = OPERATORS.told(operators[0])
        roles = dict(role.split("=") for role in values.pop("BAND_ROLES").split())
        assert roles == {"B": "1", "N": "4", "R": "3"}  # in any order
        assert {"OPERATOR": name, **values}.items() <= given.items()
    found = told(made["patcher"], *AXES)
    expected = {"AGGREGATION": "max", "WINDOW": "gaussian", "GAUSSIAN_SIGMA": 0.3, "CHIP_SIZE": 128, "STRIDE": 100}
    assert expected.items() <= found.items()


def test_the_record_of_polygons(process, scene, tmp_path):
    polygons, feature = QgsVectorLayer("Polygon?crs=EPSG:32610", "p", "memory"), QgsFeature()
    feature.setGeometry(
        QgsGeometry.fromWkt("Polygon((750300 4349600, 751300 4349600, 751300 4348300, 750300 4349600))")
    )
    polygons.dataProvider().addFeatures([feature])
    out, rules = str(tmp_path / "within.tif"), "dark: b1 < 4000\nbright: otherwise"
    given = {"OPERATOR": "classify", "RULES": rules, "AGGREGATION": "min"}
    process("polygonchips", INPUT=scene, POLYGONS=polygons, OUTPUT="TEMPORARY_OUTPUT", STITCHED=out, **given)
    name, values = OPERATORS.told(record(out)["operator"])
    assert given.items() <= {"OPERATOR": name, **values, **told(record(out)["patcher"], "aggregation")}.items()


KINDS = {
    "number": QgsProcessingParameterNumber,
    "whole": QgsProcessingParameterNumber,
    "flag": QgsProcessingParameterBoolean,
    "text": QgsProcessingParameterString,
    "lines": QgsProcessingParameterString,
    "choice": QgsProcessingParameterEnum,
}


def test_the_parameters_are_those_of_the_vocabularies(provider):
    for algorithm in provider.algorithms():
        if isinstance(algorithm, QgsProcessingModelAlgorithm):
            continue
        for vocabulary in VOCABULARIES:
            choice = algorithm.parameterDefinition(vocabulary.parameter)
            if choice is None:
                continue
            assert set(vocabulary.names) <= set(choice.options()) and choice.usesStaticStrings()
            assert set(choice.options()) - set(vocabulary.names) <= {"manifest"}
            for field in vocabulary.fields:
                definition = algorithm.parameterDefinition(field.name)
                if definition is None:
                    continue
                assert isinstance(definition, KINDS.get(field.kind, object)), field.name
                assert definition.defaultValue() == field.default, field.name
