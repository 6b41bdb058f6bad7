"""Every axis has one vocabulary: what it makes is told again, and its table knows every class of the axis."""

from __future__ import annotations

import inspect

import pytest
from patchwise import core
from patchwise.core import ParameterError
from patchwise.core.axes.geometry import BOUNDARIES, BOUNDARY
from patchwise.core.axes.sampler import LATTICE, SAMPLERS, SpatialSampler
from patchwise.core.axes.window import WINDOWS, SpatialWindow
from patchwise.core.base.configurable import build, part
from patchwise.core.base.vocabulary import NO_FORM, Field
from patchwise.core.operators.choices import OPERATORS
from patchwise.core.plan.geometries import GEOMETRIES
from patchwise.core.points.graph import NEIGHBOURHOODS
from patchwise.core.stitch.aggregation import SpatialAggregation
from patchwise.core.stitch.aggregations import AGGREGATIONS

VOCABULARIES = (BOUNDARY, GEOMETRIES, SAMPLERS, WINDOWS, AGGREGATIONS, NEIGHBOURHOODS, OPERATORS)
EACH = pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda vocabulary: vocabulary.axis)
#: Complete values by field, in two variants.
VALUES = [
    {
        "CHIP_SIZE": 64,
        "CHIP_WIDTH": None,
        "STRIDE": 20,
        "STRIDE_X": None,
        "BOUNDARY": "drop",
        "RADIUS_KM": 3,
        "JITTER": 4,
        "SEED": 7,
        "COUNT": 9,
        "MIN_DISTANCE": 12,
        "TUKEY_ALPHA": 0.25,
        "GAUSSIAN_SIGMA": 0.75,
        "KAISER_BETA": 3.5,
        "CUSTOM_WINDOW": "exp(-r)",
        "K": 5,
        "RADIUS": 2.5,
        "METRIC": "haversine",
    },
    {
        "CHIP_SIZE": 64,
        "CHIP_WIDTH": 48,
        "STRIDE": 20,
        "STRIDE_X": 30,
        "BOUNDARY": "reflect",
        "RADIUS_KM": 0.5,
        "JITTER": 0,
        "SEED": 0,
        "COUNT": 1,
        "MIN_DISTANCE": 1.5,
        "TUKEY_ALPHA": 1.0,
        "GAUSSIAN_SIGMA": 0.04,
        "KAISER_BETA": 0.0,
        "CUSTOM_WINDOW": "1 - r/2",
        "K": 1,
        "RADIUS": 1,
        "METRIC": "euclidean",
    },
]
MADE = [
    (vocabulary, name)
    for vocabulary in (GEOMETRIES, SAMPLERS, WINDOWS, AGGREGATIONS, NEIGHBOURHOODS)
    for name in vocabulary.names
    if name != "points"
]


@pytest.mark.parametrize("values", VALUES, ids=["alike", "rows and columns"])
@pytest.mark.parametrize(("vocabulary", "name"), MADE, ids=lambda one: getattr(one, "axis", one))
def test_what_is_made_is_told_again(vocabulary, name, values):
    own = {field.name: values[field.name] for field in vocabulary.entry(name).fields if field.name}
    made = vocabulary.make(name, values)
    assert vocabulary.told(made) == vocabulary.told(part(made)) == (name, own)
    assert part(vocabulary.make(*vocabulary.told(made))) == part(made) == part(build(part(made)))


@pytest.mark.parametrize(
    ("vocabulary", "base"), [(SAMPLERS, SpatialSampler), (WINDOWS, SpatialWindow), (AGGREGATIONS, SpatialAggregation)]
)
def test_every_class_of_an_axis_has_an_entry(vocabulary, base):
    public = (thing for thing in (getattr(core, name) for name in core.__all__) if inspect.isclass(thing))
    classes = {thing.__name__ for thing in public if issubclass(thing, base) and thing is not base}
    # What is made of a callable has no configuration; the other has no pixels.
    assert classes - {"SpatialLearned", "SpatialByIndex"} == set(vocabulary.shapes)


@EACH
def test_every_key_is_a_parameter_of_its_class(vocabulary):
    for entry in vocabulary.entries:
        if entry.cls is not None:
            assert set(entry.keys) <= set(inspect.signature(entry.cls).parameters), entry.name


@EACH
def test_names_are_different_and_the_default_is_one(vocabulary):
    assert len(set(vocabulary.known)) == len(vocabulary.known) and vocabulary.default in vocabulary.names
    ids = [field.name for field in vocabulary.fields]
    assert len(ids) == len(set(ids)) and vocabulary.parameter not in ids


def test_labels_are_stitched_by_what_gives_one_of_them():
    made = {name: AGGREGATIONS.make(name, {}) for name in AGGREGATIONS.names}
    assert {name for name, aggregation in made.items() if not aggregation.blends} == {"min", "max", "hardvote"}


def test_boundaries_are_offered_in_their_order_and_raise_is_for_scripts():
    assert BOUNDARIES == ("drop", "pad", "reflect", "shrink", "raise", "shift")
    assert BOUNDARY.names == ("shift", "reflect", "pad", "shrink", "drop")
    assert BOUNDARY.make("pad", {}) == "pad" and BOUNDARY.told("pad") == ("pad", {})


@pytest.mark.parametrize(
    ("vocabulary", "config", "value"),
    [
        (GEOMETRIES, {"class": "SpatialRectangular", "config": {"size": 9, "boundary": "raise"}}, "boundary raise"),
        (GEOMETRIES, {"class": "SpatialPolygonIntersection", "config": {"polygons": [{}]}}, "SpatialPolygonInter"),
        (LATTICE, {"class": "SpatialRandom", "config": {"count": 9}}, "SpatialRandom"),
        (SAMPLERS, {"class": "SpatialExplicit", "config": {"anchors": [[1, 2]]}}, "SpatialExplicit with anchors"),
        (SAMPLERS, {"class": "SpatialPoissonDisk", "config": {"min_distance": 9, "tries": 31}}, "tries 31"),
        (SAMPLERS, {"class": "SpatialJitteredStride", "config": {"step": 9, "jitter": [1, 2]}}, r"jitter \[1, 2\]"),
        (AGGREGATIONS, {"class": "SpatialVariance"}, "SpatialVariance"),
        (AGGREGATIONS, {"class": "SpatialOverlapAdd", "config": {"normalize_by_window": False}}, "normalize_by_window"),
        (AGGREGATIONS, {"class": "SpatialHardVote", "config": {"classes": 3}}, "classes 3"),
        (NEIGHBOURHOODS, {"class": "SpatialKNNGraph", "config": {"k": 3, "include_self": False}}, "include_self"),
        (OPERATORS, {"class": "Sequential", "config": {"operators": []}}, "Sequential"),
        (OPERATORS, {"class": "Onnx", "config": {"path": "a", "bands": 1, "batch_size": 4}}, "batch_size 4"),
        (OPERATORS, {"class": "Onnx", "config": {"path": "a", "bands": 1, "normalize": "odd"}}, "normalize odd"),
    ],
)
def test_what_has_no_form_is_named(vocabulary, config, value):
    with pytest.raises(ParameterError, match=f"{value}.*{NO_FORM}"):
        vocabulary.told(config)


def test_a_number_for_both_axes_is_told_as_two_that_are_alike():
    alike = ("regular", {"STRIDE": 8, "STRIDE_X": None})
    for step in (8, [8, 8]):
        assert LATTICE.told({"class": "SpatialRegularStride", "config": {"step": step}}) == alike


def test_operators_are_told_without_anything_being_opened():
    onnx = {"path": "/nowhere/model.onnx", "bands": 2, "chip": [64, 64], "mean": [0.123456789, 1], "sha256": "0" * 64}
    name, values = OPERATORS.told({"class": "Onnx", "config": onnx})
    assert name == "onnx" and values["MODEL"] == "/nowhere/model.onnx" and values["MEAN"] == "0.123456789, 1"
    assert values["NORMALIZE"] == "none" and values["PROVIDER"] == "auto" and values["STD"] == ""
    change = {"name": "dNBR", "roles": {"N": 3, "S2": 5}, "bands_each": 6, "severity": True, "scale": [1.0, 2.0]}
    name, values = OPERATORS.told({"class": "Change", "config": change})
    assert (name, values["INDEX"], values["SEVERITY"]) == ("index", "dNBR", True)
    assert values["BAND_ROLES"] == "N=4 S2=6" and values["SCALE"] is None


def test_the_shape_follows_from_the_fields():
    shape = GEOMETRIES.shapes["SpatialRectangular"]
    assert set(shape.needed) == {"size"} and set(shape.optional) == {"boundary"} and shape.closed
    for size in (5, [5, 6]):
        shape.check({"size": size, "boundary": "raise"}, "x")
    with pytest.raises(ParameterError, match="x.size is 0"):
        shape.check({"size": 0}, "x")
    assert Field("k", kind="flag").allowed.fits(True) and not Field("k", kind="choice", options=("a",)).allowed.fits(
        "b"
    )


def test_some_of_a_vocabulary_tell_nothing_else():
    assert LATTICE.names == ("regular",) and SAMPLERS.uses("SEED") == ("jittered", "random", "poissondisk")
    assert OPERATORS.uses("SEVERITY") == ("index",)
    with pytest.raises(ParameterError, match="sampler is 'random': must be one of regular"):
        LATTICE.make("random", {})
