"""The formats of rasters that come out, as the toolbox, ``qgis_process``, models and the dock ask for them."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from patchwise.core.rasters.zarr_store import read_array
from qgis.core import QgsApplication, QgsProcessing, QgsProcessingContext, QgsProcessingException

from ..conftest import Log, read
from .test_qgis_process import qgis_process

SMALL = {"CHIP_SIZE": 64, "STRIDE": 32, "EXPRESSION": "b1"}


def layout(path):
    with rasterio.open(path) as dataset:
        return dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT")


def config(path):
    if path.endswith(".zarr"):
        attributes = json.loads(Path(path, "zarr.json").read_text(encoding="utf-8"))["attributes"]
        return json.loads(attributes["PATCHWISE_CONFIG"])
    with rasterio.open(path) as dataset:
        return json.loads(dataset.tags()["PATCHWISE_CONFIG"])


def values(path):
    return read_array(Path(path, "data")) if path.endswith(".zarr") else read(path)


@pytest.mark.parametrize(
    "ending, chosen, written",
    [(".tif", None, "geotiff"), (".tif", "cog", "cog"), (".zarr", None, "zarr"), (".zarr", "zarr", "zarr")],
)
def test_each_format_has_the_same_values(run, scene, tmp_path, log, ending, chosen, written):
    out = str(tmp_path / f"out{ending}")
    more = {} if chosen is None else {"FORMAT": chosen}
    result = run(log, INPUT=scene, OUTPUT=out, **SMALL, **more)
    assert result["OUTPUT"] == out
    np.testing.assert_array_equal(values(out)[0], read(scene)[0])
    assert config(out)["output"]["format"] == written
    assert (written == "cog") == ("cannot be cancelled" in " ".join(log.infos))
    if written != "zarr":
        assert layout(out) == ("COG" if written == "cog" else None)
    else:
        assert any(out in text and "cannot show it" in text for text in log.warnings)


@pytest.mark.parametrize(
    "ending, more, match",
    [
        (".tif", {"FORMAT": "zarr"}, "OUTPUT is .*must end in .zarr"),
        (".zarr", {"FORMAT": "cog"}, "OUTPUT is .*must end in .tif"),
        (".zarr", {"CREATION_OPTIONS": "COMPRESS=LZW"}, "CREATION_OPTIONS is .*must be empty"),
        (".tif", {"FORMAT": "cog", "CREATION_OPTIONS": "TILED=NO"}, "CREATION_OPTIONS is 'TILED'.*none of a cloud"),
        (".tif", {"FORMAT": "png"}, "FORMAT is 'png': it must be one of auto, geotiff, cog, zarr"),
    ],
)
def test_what_does_not_go_together_is_refused(run, scene, tmp_path, ending, more, match):
    with pytest.raises(QgsProcessingException, match=match):
        run(INPUT=scene, OUTPUT=str(tmp_path / f"out{ending}"), **SMALL, **more)
    assert [path.name for path in tmp_path.glob("out*")] == []


def test_a_temporary_result_has_the_ending_of_its_format(run, scene):
    result = run(INPUT=scene, OUTPUT=QgsProcessing.TEMPORARY_OUTPUT, FORMAT="zarr", **SMALL)
    assert result["OUTPUT"].endswith(".zarr")
    np.testing.assert_array_equal(values(result["OUTPUT"])[0], read(scene)[0])


def test_a_store_that_cannot_be_shown_is_not_loaded(provider, scene, tmp_path):
    for out, loaded in ((tmp_path / "a.zarr", False), (tmp_path / "a.tif", True)):
        algorithm = QgsApplication.processingRegistry().algorithmById("patchwise:slidingwindow").create()
        context, log = QgsProcessingContext(), Log()
        details = QgsProcessingContext.LayerDetails("x", None, "OUTPUT")
        context.addLayerToLoadOnCompletion(str(out), details)
        results, good = algorithm.run({"INPUT": scene, "OUTPUT": str(out), **SMALL}, context, log)
        assert good and results["OUTPUT"] == str(out) and out.exists()
        assert context.willLoadLayerOnCompletion(str(out)) == loaded


@pytest.mark.parametrize("written, ending", [("cog", ".tif"), ("zarr", ".zarr")])
def test_a_run_is_repeated_in_its_format(run, scene, tmp_path, written, ending):
    out, record = str(tmp_path / f"a{ending}"), tmp_path / "a.json"
    run(INPUT=scene, OUTPUT=out, FORMAT=written, **SMALL)
    record.write_text(json.dumps(config(out)))
    from qgis import processing

    again = processing.run("patchwise:runconfig", {"CONFIG": str(record), "OUTPUT": str(tmp_path / f"b{ending}")})
    assert config(again["OUTPUT"])["output"]["format"] == written
    np.testing.assert_array_equal(values(again["OUTPUT"]), values(out))
    other = processing.run("patchwise:runconfig", {"CONFIG": str(record), "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT})
    assert config(other["OUTPUT"])["output"]["format"] == written


def test_a_record_without_a_format_is_of_a_geotiff(run, scene, tmp_path):
    from qgis import processing

    out, record = str(tmp_path / "a.tif"), tmp_path / "a.json"
    run(INPUT=scene, OUTPUT=out, **SMALL)
    old = config(out)
    del old["output"]["format"]
    record.write_text(json.dumps(old))
    again = processing.run("patchwise:runconfig", {"CONFIG": str(record), "OUTPUT": str(tmp_path / "b.tif")})
    assert config(again["OUTPUT"])["output"]["format"] == "geotiff"


@pytest.mark.parametrize("written, ending", [("cog", ".tif"), ("zarr", ".zarr")])
def test_window_weights_too(provider, scene, tmp_path, written, ending):
    from qgis import processing

    out = str(tmp_path / f"w{ending}")
    processing.run("patchwise:windowweights", {"INPUT": scene, "OUTPUT": out, "FORMAT": written, "CHIP_SIZE": 64})
    assert values(out).shape == (1, *read(scene).shape[1:])


@pytest.mark.parametrize("out, more", [("o.tif", ["FORMAT=cog"]), ("o.zarr", [])])
def test_qgis_process_writes_them(scene, tmp_path, out, more):
    path = str(tmp_path / out)
    done = qgis_process(
        "--json",
        "run",
        "patchwise:slidingwindow",
        "--",
        f"INPUT={scene}",
        "EXPRESSION=b1",
        "CHIP_SIZE=64",
        "STRIDE=32",
        f"OUTPUT={path}",
        *more,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["results"]["OUTPUT"] == path
    np.testing.assert_array_equal(values(path)[0], read(scene)[0])


def test_the_toolbox_offers_all_endings(provider):
    assert provider.supportedOutputRasterLayerExtensions() == ["tif", "tiff", "zarr"]
    for name in ("slidingwindow", "runconfig", "stitchchips", "polygonchips", "windowweights", "loadsentinel2"):
        definition = provider.algorithm(name).parameterDefinition("FORMAT")
        assert definition.options() == ["auto", "geotiff", "cog", "zarr"] and definition.usesStaticStrings()


@pytest.mark.parametrize("written, ending", [("cog", ".tif"), ("zarr", ".zarr")])
def test_the_number_of_chips_comes_in_the_same_format(run, scene, tmp_path, written, ending):
    out, chips = str(tmp_path / f"a{ending}"), str(tmp_path / f"n{ending}")
    run(INPUT=scene, OUTPUT=out, COVERAGE=chips, FORMAT=written, **SMALL)
    assert values(chips).min() >= 1 and values(chips).shape == values(out).shape
    assert written == "zarr" or (layout(out), layout(chips)) == ("COG", "COG")


@pytest.mark.parametrize("written, ending", [("cog", ".tif"), ("zarr", ".zarr")])
def test_stitched_chips_too(provider, scene, tmp_path, written, ending):
    from qgis import processing

    folder, out = str(tmp_path / "chips"), str(tmp_path / f"a{ending}")
    split = {"INPUT": scene, "CHIP_SIZE": 64, "STRIDE": 64, "OUTPUT": folder}
    processing.run("patchwise:splitraster", split, feedback=Log())
    processing.run("patchwise:stitchchips", {"CHIPS": folder, "FORMAT": written, "OUTPUT": out}, feedback=Log())
    np.testing.assert_array_equal(values(out), read(scene))
    assert config(out)["output"]["format"] == written


@pytest.mark.parametrize("written, ending", [("cog", ".tif"), ("zarr", ".zarr")])
def test_results_within_polygons_too(provider, scene, tmp_path, written, ending):
    from qgis import processing

    field = tmp_path / "field.geojson"
    left, top = 750300, 4349500
    ring = [[left, top], [left + 400, top], [left + 400, top - 400], [left, top - 400], [left, top]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32610"}}
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    field.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
    out = str(tmp_path / f"a{ending}")
    more = {"OUTPUT": QgsProcessing.TEMPORARY_OUTPUT, "STITCHED": out, "FORMAT": written}
    processing.run(
        "patchwise:polygonchips", {"INPUT": scene, "POLYGONS": str(field), "EXPRESSION": "b1", **more}, feedback=Log()
    )
    made = values(out)[0]
    assert np.isfinite(made).sum() > 1000
    np.testing.assert_array_equal(made[np.isfinite(made)], read(scene)[0][np.isfinite(made)])
    assert config(out)["output"]["format"] == written


@pytest.mark.parametrize("written, ending", [("cog", ".tif"), ("zarr", ".zarr")])
def test_a_model_step_writes_them(provider, scene, written, ending):
    from qgis.core import QgsProcessingModelAlgorithm, QgsProcessingModelChildAlgorithm, QgsProcessingModelOutput
    from qgis.core import QgsProcessingModelChildParameterSource as Source

    model = QgsProcessingModelAlgorithm("made", "made")
    child = QgsProcessingModelChildAlgorithm("patchwise:slidingwindow")
    child.setChildId("step")
    given = {"INPUT": scene, "FORMAT": written, **SMALL}
    for name, value in given.items():
        child.addParameterSources(name, [Source.fromStaticValue(value)])
    output = QgsProcessingModelOutput("made", "made")
    output.setChildId("step")
    output.setChildOutputName("OUTPUT")
    child.setModelOutputs({"made": output})
    model.addChildAlgorithm(child)
    model.updateDestinationParameters()
    name = model.destinationParameterDefinitions()[0].name()
    results, good = model.run({name: QgsProcessing.TEMPORARY_OUTPUT}, QgsProcessingContext(), Log())
    assert good and results[name].endswith(ending)
    np.testing.assert_array_equal(values(results[name])[0], read(scene)[0])


@pytest.mark.parametrize("written", ["cog", "zarr"])
def test_use_its_settings_takes_the_format_back(run, scene, tmp_path, written):
    from patchwise.ui.runs.reuse import parameters_of

    out = str(tmp_path / ("a.zarr" if written == "zarr" else "a.tif"))
    run(INPUT=scene, OUTPUT=out, FORMAT=written, **SMALL)
    assert parameters_of(config(out))["FORMAT"] == written


def test_the_dock_shows_the_format(provider):
    from patchwise.ui.tabs.sliding_window import SlidingWindowTab
    from qgis.gui import QgsMapCanvas

    tab = SlidingWindowTab(QgsMapCanvas())
    tab.more.set_parameters({"FORMAT": "cog"})
    tab.set_asleep(False)
    assert "FORMAT" in tab.more._widgets and tab.more._wrappers["FORMAT"].parameterValue() == "cog"
    assert "*.zarr" in tab.output_file.filter()
    tab.remove()
