"""The operators of ``patchwise:slidingwindow`` beyond expressions: indices, change, classes, Python files, models."""

import json

import numpy as np
import pytest
import rasterio
from qgis.core import QgsPalettedRasterRenderer, QgsProcessingException, QgsRasterLayer
from rasterio.transform import from_origin

from ..conftest import Log, read, write

SMALL = {"CHIP_SIZE": 64, "STRIDE": 24}
RULES = "water #1f78b4: NDWI > 0.1\nvegetation: NDVI > 0.2\nbare: otherwise"


@pytest.fixture()
def reflectance(tmp_path):
    """Four bands of reflectance as float32, 100 x 120, NaN in a corner."""
    array = np.random.default_rng(4).uniform(0.02, 0.6, (4, 100, 120)).astype(np.float32)
    array[:, :20, :30] = np.nan
    return write(tmp_path / "reflectance.tif", array, names=("blue", "green", "red", "nir"))


def bands_of(path):
    return dict(zip("BGRN", read(path)))


def test_an_index_by_name_finds_its_bands(run, scene, tmp_path):
    out = str(tmp_path / "ndwi.tif")
    run(INPUT=scene, OPERATOR="index", INDEX="ndwi", OUTPUT=out, **SMALL)
    b = bands_of(scene)
    np.testing.assert_allclose(read(out)[0], (b["G"] - b["N"]) / (b["G"] + b["N"]), atol=1e-6)
    with rasterio.open(out) as target:
        assert target.descriptions == ("NDWI",)
        assert json.loads(target.tags()["PATCHWISE_CONFIG"])["operator"]["class"] == "Index"


def test_band_roles_and_scale_are_taken(run, scene, tmp_path, log):
    out = str(tmp_path / "evi.tif")
    roles = {"BAND_ROLES": "B=1 R=3 N=4", "SCALE": 1e-4, "OFFSET": -0.1}
    run(log, INPUT=scene, OPERATOR="index", INDEX="EVI", OUTPUT=out, **roles, **SMALL)
    b = {role: band * 1e-4 - 0.1 for role, band in bands_of(scene).items()}
    below = b["N"] + 6 * b["R"] - 7.5 * b["B"] + 1
    expected = 2.5 * (b["N"] - b["R"]) / np.where(np.abs(below) < 1e-9, np.nan, below)
    result = read(out)[0]
    near = ~np.isnan(result) & (np.abs(below) > 1e-3)  # beside the pole, where rounding is all there is
    np.testing.assert_allclose(result[near], expected[near], rtol=1e-4)
    assert np.isnan(result[:60, :40]).all() and near.sum() > 50000
    assert not [warning for warning in log.warnings if "digital numbers" in warning]


def test_digital_numbers_are_warned_about(run, scene, tmp_path, log):
    run(log, INPUT=scene, OPERATOR="index", INDEX="SAVI", OUTPUT=str(tmp_path / "savi.tif"), **SMALL)
    assert any("digital numbers" in warning for warning in log.warnings)


def test_the_scale_that_the_raster_declares_is_used(run, scene, tmp_path):
    scaled, out = str(tmp_path / "scaled.tif"), str(tmp_path / "savi.tif")
    with rasterio.open(scene) as source, rasterio.open(scaled, "w", **source.profile) as target:
        target.write(source.read())
        target.descriptions, target.scales, target.offsets = source.descriptions, (1e-4,) * 4, (0.01,) * 4
    run(INPUT=scaled, OPERATOR="index", INDEX="SAVI", OUTPUT=out, **SMALL)
    b = {role: band * 1e-4 + 0.01 for role, band in bands_of(scaled).items()}
    np.testing.assert_allclose(read(out)[0], 1.5 * (b["N"] - b["R"]) / (b["N"] + b["R"] + 0.5), atol=1e-6)


def test_scale_and_offset_reach_an_expression_on_request(run, scene, tmp_path):
    out = str(tmp_path / "out.tif")
    run(INPUT=scene, EXPRESSION="b2", SCALE=0.5, OFFSET=3, OUTPUT=out, **SMALL)
    np.testing.assert_allclose(read(out)[0], read(scene)[1] * 0.5 + 3)


def test_change_and_its_classes(run, reflectance, tmp_path):
    after = str(tmp_path / "after.tif")
    array = np.random.default_rng(5).uniform(0.02, 0.6, (4, 100, 120)).astype(np.float32)
    write(after, array, names=("blue", "green", "red", "nir"))
    values = str(tmp_path / "dndvi.tif")
    run(INPUT=reflectance, OTHER_INPUTS=[after], OPERATOR="index", INDEX="dNDVI", OUTPUT=values, **SMALL)
    ndvi = [(b["N"] - b["R"]) / (b["N"] + b["R"]) for b in map(bands_of, (reflectance, after))]
    np.testing.assert_allclose(read(values)[0], ndvi[0] - ndvi[1], atol=1e-6)
    classes = str(tmp_path / "severity.tif")
    roles = "N=4 S2=3"  # any two bands will do for the arithmetic
    run(
        INPUT=reflectance,
        OTHER_INPUTS=[after],
        OPERATOR="index",
        INDEX="dNBR",
        SEVERITY=True,
        BAND_ROLES=roles,
        OUTPUT=classes,
        **SMALL,
    )
    layer = QgsRasterLayer(classes, "severity")
    assert isinstance(layer.renderer(), QgsPalettedRasterRenderer)
    labels = [entry.label for entry in layer.renderer().classes()]
    assert any("severity" in label.lower() for label in labels), labels
    assert np.isnan(read(classes)[0][:20, :30]).all()


@pytest.mark.parametrize("stride", [64, 40, 17])
def test_three_classes_equal_the_direct_computation_whatever_the_stride(run, reflectance, tmp_path, stride):
    out = str(tmp_path / "classes.tif")
    run(INPUT=reflectance, OPERATOR="classify", RULES=RULES, OUTPUT=out, CHIP_SIZE=64, STRIDE=stride)
    b = bands_of(reflectance)
    ndwi, ndvi = (b["G"] - b["N"]) / (b["G"] + b["N"]), (b["N"] - b["R"]) / (b["N"] + b["R"])
    expected = np.where(ndwi > 0.1, 1, np.where(ndvi > 0.2, 2, 3)).astype(float)
    expected[np.isnan(ndwi)] = np.nan
    np.testing.assert_array_equal(read(out)[0], expected)
    with rasterio.open(out) as target:
        assert target.dtypes == ("uint8",)
    layer = QgsRasterLayer(out, "classes")
    shown = {entry.label: entry.color.name() for entry in layer.renderer().classes()}
    assert {"water", "vegetation", "bare"} <= set(shown) and shown["water"] == "#1f78b4"


def test_other_inputs_are_brought_onto_the_grid(run, scene, tmp_path):
    coarse, out = str(tmp_path / "coarse.tif"), str(tmp_path / "out.tif")
    write(coarse, np.full((1, 40, 40), 7, np.float32), crs="EPSG:4326", transform=from_origin(-121, 40, 0.05, 0.05))
    run(INPUT=scene, OTHER_INPUTS=[coarse], EXPRESSION="b5; b1 + b5", OUTPUT=out, **SMALL)
    result, bands = read(out), read(scene)
    assert set(np.unique(result[0][~np.isnan(result[0])])) == {7.0}
    np.testing.assert_array_equal(result[1], bands[0] + 7)


def test_a_python_file(run, scene, tmp_path):
    file, out = tmp_path / "shade.py", str(tmp_path / "out.tif")
    file.write_text(
        "import numpy as np\n\n\ndef operator(chip, meta):\n"
        "    x = meta.transform.c + 10 * np.arange(chip.shape[2])\n"
        "    return np.broadcast_to(x, chip.shape[1:]).astype(np.float64)\n"
    )
    run(INPUT=scene, OPERATOR="python", PYTHON=str(file), OUTPUT=out, **SMALL)
    np.testing.assert_array_equal(read(out)[0][7], 750000 + 10 * np.arange(211))


def test_an_error_in_a_python_file_names_file_line_and_chip(run, scene, tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("def operator(chip, meta):\n    return chip / nothing\n")
    log = Log()
    said = []
    log.reportError = lambda text, fatal=False: said.append(text)
    with pytest.raises(QgsProcessingException) as caught:
        run(log, INPUT=scene, OPERATOR="python", PYTHON=str(file), OUTPUT=str(tmp_path / "out.tif"), **SMALL)
    text = " ".join([str(caught.value), *said])
    assert "broken.py" in text and "line 2" in text and "row 0, column 0" in text


def test_aggregations_and_labels(run, scene, tmp_path, log):
    lowest, out = str(tmp_path / "min.tif"), str(tmp_path / "classes.tif")
    run(INPUT=scene, EXPRESSION="b1 - mean(b1)", AGGREGATION="min", OUTPUT=lowest, **SMALL)
    highest = str(tmp_path / "max.tif")
    run(INPUT=scene, EXPRESSION="b1 - mean(b1)", AGGREGATION="max", OUTPUT=highest, **SMALL)
    assert np.nanmin(read(highest) - read(lowest)) >= 0 and np.nanmax(read(highest) - read(lowest)) > 0
    run(log, INPUT=scene, OPERATOR="classify", RULES="all: b1 > 0", AGGREGATION="mean", OUTPUT=out, **SMALL)
    assert any("hardvote instead of mean" in info for info in log.infos)


WRONG = {
    "unknown index": ({"OPERATOR": "index", "INDEX": "FOO"}, "INDEX is 'FOO'"),
    "missing role": ({"OPERATOR": "index", "INDEX": "NBR"}, "INDEX is 'NBR': NBR needs a band for S2"),
    "wrong role": ({"OPERATOR": "index", "BAND_ROLES": "Q=1"}, "BAND_ROLES is 'Q=1': 'Q' is not a role"),
    "role out of range": ({"OPERATOR": "index", "BAND_ROLES": "N=9"}, "BAND_ROLES is 'N=9': '9' is no band"),
    "change alone": ({"OPERATOR": "index", "INDEX": "dNBR"}, "OTHER_INPUTS is .*dNBR needs two rasters"),
    "severity of NDVI": ({"OPERATOR": "index", "SEVERITY": True}, "SEVERITY is True: needs one of the indices"),
    "no rules": ({"OPERATOR": "classify"}, "RULES is '': must be given"),
    "wrong rule": ({"OPERATOR": "classify", "RULES": "a: b1 > 0\nb: b9 > 1"}, "RULES is .*b9.*line 2"),
    "no model": ({"OPERATOR": "onnx"}, "MODEL is '': must be given"),
    "no python": ({"OPERATOR": "python"}, "PYTHON is '': must be given"),
    "mean": ({"OPERATOR": "onnx", "MODEL": "m.onnx", "MEAN": "1,x"}, "MEAN is '1,x': must be a number"),
    "aggregation": ({"AGGREGATION": "mode"}, "AGGREGATION"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_choices_are_refused_in_one_sentence(run, scene, tmp_path, case):
    wrong, message = WRONG[case]
    with pytest.raises(QgsProcessingException, match=message):
        run(**{"INPUT": scene, "OUTPUT": str(tmp_path / "out.tif"), **wrong})
    assert not (tmp_path / "out.tif").exists()
