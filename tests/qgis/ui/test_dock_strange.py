"""Tags and project entries that are broken or hostile: the dock ignores them, or says in one line what is wrong."""
# ruff: noqa: F811 (fixtures are imported, and are the names of arguments)

import copy
import json
import time

import pytest
import rasterio
from patchwise.core.base.errors import ParameterError
from patchwise.ui import settings
from patchwise.ui.runs.reuse import bands_of, config_of, parameters_of, read_config, read_record, source_of
from qgis.core import QgsProject, QgsRasterLayer, QgsSettings

from ..desktop import desktop, dock, layer, user  # noqa: F401


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The record of a run, and a raster whose tag can be changed."""
    import numpy as np
    from patchwise.core import (
        Expression,
        RasterFile,
        SpatialPatcher,
        SpatialRectangular,
        SpatialRegularStride,
        ValueType,
    )
    from patchwise.core.base.config import to_json
    from patchwise.core.records.record import run_record

    from ..conftest import write

    path = write(tmp_path_factory.mktemp("tags") / "made.tif", np.ones((2, 40, 30), np.float32))
    raster = RasterFile(path)
    patcher = SpatialPatcher(SpatialRectangular((16, 16), "shift"), SpatialRegularStride(8))
    record = run_record(raster, raster.domain.window, patcher, Expression("b1 + b2", 2), ValueType(), {})
    return path, json.loads(to_json({"format": 1, **record}))


def at(path, value):
    """A change of a record: ``value`` at ``path``, or without it where it is None's own."""

    def change(record):
        record = copy.deepcopy(record)
        *outer, last = path.split(".")
        holder = record
        for key in outer:
            holder = holder[key]
        if value is at:
            del holder[last]
        else:
            holder[last] = value
        return json.dumps(record)

    return change


TAGS = {
    "no JSON": lambda record: "{",
    "a list": lambda record: "[]",
    "null": lambda record: "null",
    "a number": lambda record: "7",
    "deep": lambda record: "[" * 100_000,
    "too large": lambda record: json.dumps({**record, "x": "y" * (5 << 20)}),
    "NaN": lambda record: json.dumps({**record, "window": [float("nan")] * 4}),
    "digits": lambda record: '{"algorithm": ' + "9" * 100_000 + "}",
    "keys twice": lambda record: '{"algorithm": 1, "algorithm": 2}',
    "no patcher": at("patcher", at),
    "patcher is a list": at("patcher", []),
    "patcher is text": at("patcher", "x"),
    "no geometry": at("patcher.geometry", at),
    "geometry without a class": at("patcher.geometry", {}),
    "geometry of another kind": at("patcher.geometry.class", "Popen"),
    "geometry without a size": at("patcher.geometry.config", {}),
    "geometry config null": at("patcher.geometry.config", None),
    "size is text": at("patcher.geometry.config.size", "large"),
    "size of three": at("patcher.geometry.config.size", [1, 2, 3]),
    "size of null": at("patcher.geometry.config.size", [None, None]),
    "size is huge": at("patcher.geometry.config.size", [10**30, 1]),
    "size that no spin box holds": at("patcher.geometry.config.size", [10**9, 10**9]),
    "polygons": at("patcher.geometry", {"class": "SpatialPolygonIntersection", "config": {"polygons": []}}),
    "sampler null": at("patcher.sampler", None),
    "sampler is a list": at("patcher.sampler", [1]),
    "step is a dict": at("patcher.sampler.config.step", {}),
    "step is 0": at("patcher.sampler.config.step", 0),
    "step of one": at("patcher.sampler.config.step", [4]),
    "window is text": at("patcher.window", "hann"),
    "window unknown": at("patcher.window.class", "SpatialNothing"),
    "alpha is text": at("patcher.window", {"class": "SpatialTukey", "config": {"alpha": "x"}}),
    "aggregation null": at("patcher.aggregation", None),
    "aggregation is a number": at("patcher.aggregation", 3),
    "no operator": at("operator", at),
    "operator is a list": at("operator", [{}]),
    "operator null": at("operator", None),
    "operator unknown": at("operator.class", "os.system"),
    "operator without its text": at("operator.config", {}),
    "expression is a number": at("operator.config.text", 7),
    "a chain of operators": at(
        "operator",
        {"class": "Sequential", "config": {"operators": [{"class": "Expression", "config": {"text": "b1"}}]}},
    ),
    "a patcher as operator": at("operator", {"class": "SpatialHann", "config": {}}),
    "index without a name": at("operator", {"class": "Index", "config": {"roles": {}}}),
    "roles are a list": at("operator", {"class": "Index", "config": {"name": "NDVI", "roles": [1]}}),
    "roles to text": at("operator", {"class": "Index", "config": {"name": "NDVI", "roles": {"N": "x"}}}),
    "rules are null": at("operator", {"class": "Classify", "config": {"rules": None, "bands": 2}}),
    "bands are text": at("input.bands", "abc"),
    "bands of null": at("input.bands", [None]),
    "bands are huge": at("input.bands", [10**9]),
    "bands nested": at("input.bands", [[1]]),
    "input is a list": at("input", []),
    "source is a number": at("input.source", 5),
    "source is a list": at("input.source", ["a"]),
    "output is null": at("output", None),
    "nodata is a list": at("output.nodata", []),
    "type unknown": at("output.data_type", "object"),
}


def load(desktop, path, text):
    """The layer of a raster that has this tag."""
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(PATCHWISE_CONFIG=text)
    found = QgsRasterLayer(path, "strange")
    assert found.isValid()
    return found


@pytest.mark.parametrize("case", TAGS)
def test_a_broken_tag_never_raises(desktop, layer, dock, user, made, case):
    before = {name: value for name, value in dock.tab.parameters().items() if name != "EXTENT"}
    path, record = made
    started = time.perf_counter()
    strange = load(desktop, path, TAGS[case](record))
    config = config_of(strange)
    QgsProject.instance().addMapLayer(strange)  # the action looks at every layer
    used = dock.use_settings_of(strange)
    said = [item.text() for item in desktop.bar.items()]
    if used:
        assert config is not None and not said
    else:
        after = {name: value for name, value in dock.tab.parameters().items() if name != "EXTENT"}
        assert after == before or "INPUT" in after
        assert len(said) <= 1 and all(len(text) < 900 and "\n" not in text and "Traceback" not in text for text in said)
    assert isinstance(user.can_run(), bool)
    assert time.perf_counter() - started < 20
    if config is not None:
        try:
            parameters_of(config)
        except ParameterError as error:
            assert "has no form in the dock" in str(error)
        assert bands_of(config, 2) == [] and source_of(config) in (None, strange)
    QgsProject.instance().removeMapLayer(strange.id())


def test_the_good_tag_is_used(desktop, layer, dock, user, made):
    path, record = made
    good = load(desktop, path, json.dumps(record))
    assert config_of(good) == record
    assert dock.use_settings_of(good) and dock.tab.parameters()["CHIP_SIZE"] == 16


def test_what_is_wrong_with_a_tag_is_said_with_its_place(desktop, layer, dock, made):
    path, record = made
    strange = load(desktop, path, at("patcher.sampler.config.step", 0)(record))
    with pytest.raises(ParameterError, match="patcher.sampler.config.step is 0: must be"):
        read_config(strange)
    assert not dock.use_settings_of(strange)
    assert "patcher.sampler.config.step is 0" in desktop.bar.items()[0].text()
    assert read_record('{"algorithm": "patchwise:loadsentinel2"}', "s2") is None


STATES = {
    "no JSON": "[not json",
    "a list": "[]",
    "a number": "7",
    "a text": '"x"',
    "deep": "[" * 100_000,
    "too large": json.dumps({"parameters": {"EXPRESSION": "x" * (2 << 20)}}),
    "NaN": '{"parameters": {"TUKEY_ALPHA": NaN}}',
    "digits": '{"parameters": {"CHIP_SIZE": ' + "9" * 100_000 + "}}",
    "keys twice": '{"grid": true, "grid": false}',
    "parameters null": '{"parameters": null}',
    "parameters are a list": '{"parameters": [1]}',
    "parameters are text": '{"parameters": "x"}',
    "chip size is text": '{"parameters": {"CHIP_SIZE": "large"}}',
    "chip size is 0": '{"parameters": {"CHIP_SIZE": 0}}',
    "chip size is null": '{"parameters": {"CHIP_SIZE": null}}',
    "chip size is huge": '{"parameters": {"CHIP_SIZE": 1000000000000}}',
    "chip size is a list": '{"parameters": {"CHIP_SIZE": [256]}}',
    "stride is nested": '{"parameters": {"STRIDE": {"a": [1]}}}',
    "operator is a number": '{"parameters": {"OPERATOR": 7}}',
    "operator unknown": '{"parameters": {"OPERATOR": "magic"}}',
    "expression is a list": '{"parameters": {"EXPRESSION": ["b1"]}}',
    "rules are a number": '{"parameters": {"OPERATOR": "classify", "RULES": 1.5}}',
    "model is true": '{"parameters": {"OPERATOR": "onnx", "MODEL": true}}',
    "window unknown": '{"parameters": {"WINDOW": "hexagon"}}',
    "window is a dict": '{"parameters": {"WINDOW": {}}}',
    "alpha is text": '{"parameters": {"TUKEY_ALPHA": "x"}}',
    "alpha is out of range": '{"parameters": {"WINDOW": "tukey", "TUKEY_ALPHA": 5}}',
    "radius is null": '{"parameters": {"GEOMETRY": "sphericalcap", "RADIUS_KM": null}}',
    "radius is below 0": '{"parameters": {"GEOMETRY": "sphericalcap", "RADIUS_KM": -1}}',
    "bands are text": '{"parameters": {"BANDS": "abc"}}',
    "bands of null": '{"parameters": {"BANDS": [null]}}',
    "bands are a number": '{"parameters": {"BANDS": 3}}',
    "polygons are a list": '{"parameters": {"POLYGONS": ["x"]}}',
    "input is a number": '{"input": 3}',
    "input is a list": '{"input": ["a"]}',
    "units unknown": '{"units": "miles"}',
    "units are a list": '{"units": [1]}',
    "grid is text": '{"grid": "yes"}',
    "native ones of the wrong type": '{"parameters": {"DATA_TYPE": 99, "NODATA": "x", "SCALE": [1, 2], '
    '"WORKERS": "no", "SEVERITY": [true], "OTHER_INPUTS": 7, "MEAN": false, "NORMALIZE": [1]}}',
    "names unknown": '{"parameters": {"NOTHING": 1}, "more": {"a": []}}',
}


@pytest.mark.parametrize("case", STATES)
def test_a_broken_entry_of_a_project_never_raises(desktop, layer, dock, user, case):
    QgsProject.instance().writeEntry("patchwise", "dock", STATES[case])
    dock._project_read()
    said = [item.text() for item in desktop.bar.items()]
    assert len(said) <= 1 and all(len(text) < 900 and "\n" not in text and "Traceback" not in text for text in said)
    assert user.can_run() or "magic" in STATES[case]
    dock._project_written()
    assert settings.from_project() == dock.state()


@pytest.mark.parametrize("case", STATES)
def test_broken_defaults_of_the_user_count_as_none(desktop, layer, dock, user, case):
    QgsSettings().setValue("patchwise/dock", STATES[case])
    QgsSettings().setValue("patchwise/open", "perhaps")
    assert settings.was_open() in (True, False)
    dock.use_defaults()
    assert not desktop.bar.items()
    assert isinstance(user.can_run(), bool)


@pytest.mark.parametrize("kept", [7, ["a"], {"a": 1}, None])
def test_defaults_that_are_no_text_count_as_none(desktop, layer, dock, kept):
    QgsSettings().setValue("patchwise/dock", kept)
    assert settings.defaults() is None
    dock.use_defaults()
