"""Shapes: what they refuse and how they say it; no place of a record or a manifest takes what does not belong."""

import copy
import inspect
import json
import tracemalloc

import numpy as np
import patchwise.core as core
import pytest
from hypothesis import given
from patchwise.core import Expression, ParameterError, PatchwiseError, SpatialPatcher, ValueType, from_config, to_config
from patchwise.core.base.config import to_json
from patchwise.core.base.configurable import Configurable
from patchwise.core.base.shape import FLAG, NOTHING, Either, Fields, ListOf, MapOf, Number, OneOf, Row, Text, Whole
from patchwise.core.chip_folder.manifest import load_manifest
from patchwise.core.chip_folder.split import Split, split_to_folder
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.rasters.creation_options import checked_options
from patchwise.core.records.record import placed, run_record
from patchwise.core.records.rerun import read_recipe
from patchwise.core.records.shapes import PART, PARTS, RECORD

from .test_config import operators, patchers

pytest.importorskip("rasterio")

from patchwise.core import RasterFile, SpatialRectangular, SpatialRegularStride  # noqa: E402

from ..made_rasters import write_raster  # noqa: E402

PATCHER = SpatialPatcher(SpatialRectangular((8, 8), "shift"), SpatialRegularStride(4))
SHAPE = Fields(
    {"size": Row((Whole(1, 9), Whole(1, 9))), "kind": OneOf(("a", "b"))},
    {"names": ListOf(Text(5), 3), "scale": Either((NOTHING, Number(0, 1))), "more": MapOf(Text(3), FLAG, 2)},
    closed=True,
)
GOOD = {"size": [1, 2.0], "kind": "a", "names": ["x"], "scale": 0.5, "more": {"k": True}}


def test_what_fits():
    SHAPE.check(GOOD, "")
    SHAPE.check({"size": (1, 9), "kind": "b", "scale": None}, "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": [0, 2]}, r"size\[0\] is 0: must be a whole number from 1 to 9"),
        ({"size": [1, True]}, r"size\[1\] is True: must be a whole number"),
        ({"size": [1, 1.5]}, r"size\[1\] is 1.5: must be a whole number"),
        ({"size": [1, 10**5000]}, r"size\[1\] is a number of 16610 bits: must be a whole number"),
        ({"size": [1]}, r"size is \[1\]: must be a list of 2"),
        ({"size": {"a": 1}}, "size is {'a': 1}: must be a list of 2"),
        ({"size": list(range(10**6))}, "size is a list of 1000000: must be a list of 2"),
        ({"kind": "c"}, "kind is 'c': must be one of a, b"),
        ({"kind": ["a"]}, "kind is .'a'.: must be one of a, b"),
        ({"names": ["x", "toolong"]}, r"names\[1\] is 'toolong': must be a text of at most 5 characters"),
        ({"names": ["x"] * 4}, "names is .*must be a list of 0 to 3 entries"),
        ({"names": "abc"}, "names is 'abc': must be a list"),
        ({"scale": float("nan")}, "scale is nan: must be null, or a number from 0 to 1"),
        ({"scale": "x" * 1000}, "scale is 'x{80}...': must be"),
        ({"more": {"long": True}}, "more is 'long': has this as a key, which must be a text of at most 3"),
        ({"more": {"k": 1}}, "more.k is 1: must be one of True, False"),
        ({"extra": 1}, "extra is 1: is not a parameter; allowed are"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(change, message):
    with pytest.raises(ParameterError, match=f"^{message}") as error:
        SHAPE.check({**GOOD, **change}, "")
    assert len(str(error.value)) < 400
    assert not SHAPE.fits({**GOOD, **change})


def test_a_missing_key_is_named():
    with pytest.raises(ParameterError, match="^deep.kind is None: is missing, and must be one of a, b"):
        SHAPE.check({"size": [1, 1]}, "deep")
    with pytest.raises(ParameterError, match="^deep is 'x': must be an object with size, kind"):
        SHAPE.check("x", "deep")


def test_every_class_of_a_configuration_has_a_shape_with_its_parameters():
    kinds = {name: getattr(core, name) for name in core.__all__}
    kinds = {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, Configurable)}
    assert kinds.keys() - {"Operator"} == PARTS.keys()
    for name, shape in PARTS.items():
        if name in ("Lambda", "SpatialLearned"):
            continue
        known = inspect.signature(kinds[name]).parameters
        keys = {*shape.needed, *shape.optional}
        assert keys <= known.keys(), name
        assert known.keys() - keys <= {"parameter", "domain", "_weights"}, name
        without = {key for key, one in known.items() if one.default is one.empty}
        assert without == set(shape.needed), name


@given(patchers, operators)
def test_what_is_written_down_fits_its_shape(patcher, operator):
    for thing in (patcher, operator):
        config = json.loads(to_json(to_config(thing)))
        config.pop("format")
        PART.check(config, "")


@pytest.fixture()
def raster(tmp_path):
    array = np.arange(3 * 20 * 16, dtype=np.uint16).reshape(3, 20, 16)
    return RasterFile(write_raster(tmp_path / "scene.tif", array, descriptions=("a", "b", "")), [3, 1])


@pytest.fixture()
def record(raster, tmp_path):
    made = run_record(
        raster,
        PixelWindow(2, 3, 10, 9),
        PATCHER,
        Expression("b1 + b2", 2),
        ValueType("int16", -5),
        {"COMPRESS": "LZW", "BLOCKXSIZE": "64"},
    )
    return json.loads(to_json({"format": 1, **placed(made, str(tmp_path / "out.tif"))}))


WRONG = [
    None,
    "abc",
    "",
    -1,
    0,
    1.5,
    10**12,
    10**30,
    float("nan"),
    float("inf"),
    True,
    [],
    {},
    [None],
    [[]],
    {"class": "nothing"},
    ["a"] * 70_000,
    "x" * 200_000,
]


def places(value, path=()):
    """Every place of a document, that of the document itself too."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def replaced(document, path, wrong):
    if not path:
        return wrong
    copied = copy.deepcopy(document)
    holder = copied
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = wrong
    return copied


def removed(document, path):
    copied = copy.deepcopy(document)
    holder = copied
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return copied


def accepted(read, document):
    """Whether a document is taken; what is refused is refused in a sentence."""
    try:
        read(document)
    except PatchwiseError as error:
        assert len(str(error)) < 3000 and "\n" not in str(error)
        return False
    return True


def test_no_place_of_a_record_takes_what_does_not_belong(record):
    assert accepted(read_recipe, record)
    tried = taken = 0
    for path in list(places(record))[1:]:
        accepted(read_recipe, removed(record, path))
        for wrong in WRONG:
            tried += 1
            taken += accepted(read_recipe, replaced(record, path, wrong))
    assert tried > 600 and taken < tried / 5


NUMBERS = [
    ("window", [0, 0, 10**10, 10]),
    ("window", [-1, 0, 10, 10]),
    ("window", [0, 0, 0, 10]),
    ("input.shape", [0, 5]),
    ("input.shape", [10**10, 5]),
    ("input.bands", [0]),
    ("input.bands", [10**9]),
    ("input.bands", list(range(1, 70_000))),
    ("input.count", 10**9),
    ("input.transform", [1, 0, 0, 0, 0, 0]),
    ("input.transform", [1, 2, 0, 2, 4, 0]),
    ("input.transform", [1, 0, 0, 0, float("inf"), 0]),
    ("patcher.geometry.config.size", [10**10, 4]),
    ("patcher.geometry.config.size", 10**18),
    ("patcher.sampler.config.step", 10**10),
    ("patcher.sampler.config.step", 0),
    ("output.creation_options.BLOCKXSIZE", "16000000"),
    ("output.creation_options.BLOCKXSIZE", 16000000),
    ("output.creation_options.BLOCKYSIZE", "9" * 5000),
    ("output.creation_options.BLOCKXSIZE", "100"),
    ("output.creation_options.NUM_THREADS", "1000000"),
    ("output.creation_options.ZLEVEL", "-1"),
    ("output.nodata", 10**30),
    ("output.data_type", "complex128"),
    ("operator.config.bands", 10**9),
]


@pytest.mark.parametrize("place, wrong", NUMBERS, ids=[f"{place}-{str(wrong)[:20]}" for place, wrong in NUMBERS])
def test_every_number_of_a_record_has_a_range(record, place, wrong):
    tracemalloc.start()
    try:
        with pytest.raises(ParameterError, match="must|not a number|no number"):
            read_recipe(replaced(record, tuple(place.split(".")), wrong))
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "value, good",
    [
        ("256", True),
        ("16", True),
        ("4096", True),
        ("4097", False),
        ("8", False),
        ("1e3", False),
        ("", False),
        ("٣٢", False),
        ("-16", False),
    ],
)
def test_sizes_of_blocks_have_a_range(value, good):
    for key in ("BLOCKXSIZE", "blockysize"):
        assert accepted(lambda options: checked_options(options, np.dtype(np.float32)), {key: value}) is good
    assert accepted(lambda options: checked_options(options, np.dtype("u1")), {"TILED": "NO", "BLOCKYSIZE": "7"})


@pytest.fixture()
def manifest(raster, tmp_path):
    folder = tmp_path / "chips"
    folder.mkdir()
    split_to_folder(Split(raster, PATCHER, raster.domain.window, None, 0.0), str(folder))
    return folder, json.loads((folder / "manifest.json").read_text())


@pytest.mark.slow
def test_no_place_of_a_manifest_takes_what_does_not_belong(manifest):
    folder, document = manifest
    document = {**document, "chips": document["chips"][:2]}

    def read(changed):
        (folder / "manifest.json").write_text(json.dumps(changed))
        load_manifest(str(folder))

    assert accepted(read, document)
    tried = taken = 0
    for path in list(places(document)):
        if path:
            accepted(read, removed(document, path))
        for wrong in WRONG[:-2]:
            tried += 1
            taken += accepted(read, replaced(document, path, wrong))
    assert tried > 600 and taken < tried / 3


def test_more_chips_than_a_manifest_may_have(manifest):
    folder, document = manifest
    text = json.dumps({**document, "chips": []}).replace('"chips": []', '"chips": [' + "[]," * 8_000_001 + "[]]")
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ParameterError, match="manifest.json that cannot be read .*holds more than 8000000 values"):
        load_manifest(str(folder))


def test_a_record_with_all_bands_that_gdal_can_have_is_read(record):
    given = {**record["input"], "bands": list(range(1, 65536)), "names": [f"band {k}" for k in range(65535)]}
    assert len(read_recipe({**record, "input": given}).input["bands"]) == 65535
    RECORD.check(record, "")


def test_a_class_that_no_patcher_has_there():
    for axis, kind in (("window", "Expression"), ("sampler", "SpatialHann"), ("geometry", "PythonFile")):
        config = json.loads(to_json(to_config(PATCHER)))
        config["config"][axis] = {"class": kind, "config": {"path": "/nowhere.py"}}
        with pytest.raises(ParameterError, match=f"{axis}.class is '{kind}': is not known; known are"):
            from_config(config)
