"""Configurations: what is written down is made again, hashes mean what they say, and callables are refused by name."""

import builtins
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    ApplyToChips,
    Expression,
    Fanout,
    GeoTensor,
    GridSampler,
    Lambda,
    MissingPackageError,
    ParameterError,
    RasterField,
    Sequential,
    SpatialBoxcar,
    SpatialCustom,
    SpatialGaussian,
    SpatialHann,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialTukey,
    Stitch,
    config_hash,
    from_config,
    from_yaml,
    to_config,
    to_yaml,
)
from patchwise.core.base.config import to_json

sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))
windows = st.one_of(
    st.just(SpatialBoxcar()),
    st.just(SpatialHann()),
    st.floats(0, 1).map(SpatialTukey),
    st.floats(0.05, 3).map(SpatialGaussian),
    st.sampled_from(["exp(-r)", "where(r < 1, 1, 0.5)"]).map(SpatialCustom),
)
patchers = st.builds(
    SpatialPatcher,
    geometry=st.builds(SpatialRectangular, sizes, st.sampled_from(["shift", "pad", "reflect", "shrink"])),
    sampler=st.builds(SpatialRegularStride, st.one_of(st.integers(1, 9), sizes)),
    window=windows,
)
operators = st.sampled_from(
    [
        Expression("b1 * 2"),
        Expression("(b1 - mean(b1)) / 3; b1"),
        Expression("red * 2", 1, ["red"]),
        Fanout({"z": Expression("b1 + 1"), "a": Expression("b1 * b1")}),
        Expression("b1 + 1") | Expression("b1 * 2"),
    ]
)
FIELD = RasterField(GeoTensor(np.random.default_rng(0).random((1, 21, 17), dtype=np.float32)))


def through_json(thing):
    return from_config(json.loads(to_json(to_config(thing))))


@given(patchers)
def test_a_rebuilt_patcher_gives_the_same_anchors_and_weights(patcher):
    again = through_json(patcher)
    pairs = list(zip(patcher.split(FIELD), again.split(FIELD)))
    assert len(pairs) == len(patcher.plan(FIELD.domain)) == len(again.plan(FIELD.domain))
    for one, other in pairs:
        assert one.anchor == other.anchor
        np.testing.assert_array_equal(one.weights, other.weights)
    assert SpatialPatcher.from_config(patcher.get_config()).get_config() == patcher.get_config()
    assert config_hash(patcher) == config_hash(again) == config_hash(from_yaml(to_yaml(patcher)))


@given(patchers, operators)
def test_a_rebuilt_pipeline_gives_the_same_result(patcher, operator):
    pipeline = Sequential([GridSampler(patcher), ApplyToChips(operator), Stitch(SpatialOverlapAdd())])
    np.testing.assert_array_equal(np.asarray(through_json(pipeline)(FIELD)), np.asarray(pipeline(FIELD)))


@given(patchers, operators)
def test_a_pipeline_over_a_field_streams_to_the_same_bits(patcher, operator):
    streamed = Sequential([GridSampler(patcher), ApplyToChips(operator), Stitch(SpatialOverlapAdd())])(FIELD)
    patches = ApplyToChips(operator)(list(patcher.split(FIELD)))
    np.testing.assert_array_equal(np.asarray(streamed), np.asarray(patcher.merge(patches, FIELD.reader)))


def test_a_pipeline_that_streams_never_holds_all_chips(monkeypatch):
    def split(*_):
        raise AssertionError("the chips were made one by one outside the stream")

    monkeypatch.setattr(SpatialPatcher, "split", split)
    patcher = SpatialPatcher(SpatialRectangular((8, 8), "shift"), SpatialRegularStride(4))
    stages = [GridSampler(patcher), ApplyToChips(Lambda(np.asarray)), Stitch(SpatialOverlapAdd(), FIELD.reader)]
    np.testing.assert_array_equal(np.asarray(Sequential(stages)(FIELD)), FIELD.reader.array)
    after = Sequential([*stages, Lambda(lambda whole: np.asarray(whole) * 2)])
    np.testing.assert_array_equal(after(FIELD), FIELD.reader.array * 2)


def test_a_pipeline_on_another_grid_is_not_streamed():
    patcher = SpatialPatcher(SpatialRectangular((8, 8), "shift"), SpatialRegularStride(4))
    larger = GeoTensor(np.zeros((30, 30), np.float32))
    out = Sequential([GridSampler(patcher), ApplyToChips(Lambda(np.asarray)), Stitch(SpatialOverlapAdd(), larger)])(
        FIELD
    )
    assert out.shape == (1, 30, 30)
    np.testing.assert_array_equal(np.asarray(out)[:, :21, :17], FIELD.reader.array)
    assert np.isnan(np.asarray(out)[:, 21:]).all()


def test_chips_of_a_streamed_pipeline_know_where_they_are():
    from affine import Affine

    field = RasterField(GeoTensor(np.zeros((16, 16), np.float32), Affine(10, 0, 500, 0, -10, 900), "EPSG:32610"))
    patcher = SpatialPatcher(SpatialRectangular((8, 8)), SpatialRegularStride(8))
    easting = Lambda(lambda chip: np.full(chip.shape, chip.transform.c, np.float32))
    out = Sequential([GridSampler(patcher), ApplyToChips(easting), Stitch(SpatialOverlapAdd())])(field)
    assert set(np.asarray(out)[:, 8:].ravel()) == {580.0} and out.crs == "EPSG:32610"


def test_the_hash_is_that_of_the_meaning():
    one = SpatialPatcher(SpatialRectangular((64, 64)), SpatialRegularStride(32), SpatialTukey(1))
    same = SpatialPatcher(SpatialRectangular([64, 64], "drop"), SpatialRegularStride(32), SpatialTukey(1.0))
    assert config_hash(one) == config_hash(same)
    # SHA-256 of {"class":"SpatialTukey","config":{"alpha":0.5},"format":1}, by another program: the same everywhere.
    assert config_hash(SpatialTukey(0.5)) == "afaf4cd327484cee6fdf9f5d163ff1bbde45a7b658cf7d76c5185f7a0cddd6ce"
    others = [
        SpatialPatcher(SpatialRectangular((64, 65)), SpatialRegularStride(32), SpatialTukey(1)),
        SpatialPatcher(SpatialRectangular((64, 64), "pad"), SpatialRegularStride(32), SpatialTukey(1)),
        SpatialPatcher(SpatialRectangular((64, 64)), SpatialRegularStride(31), SpatialTukey(1)),
        SpatialPatcher(SpatialRectangular((64, 64)), SpatialRegularStride(32), SpatialTukey(math.nextafter(1, 0))),
        SpatialPatcher(SpatialRectangular((64, 64)), SpatialRegularStride(32), SpatialHann()),
    ]
    assert len({config_hash(thing) for thing in [one, *others]}) == 6
    branches = {"a": Expression("b1"), "b": Expression("b1 * 2")}
    assert config_hash(Fanout(branches)) != config_hash(Fanout(dict(reversed(list(branches.items())))))


def test_fanout_stacks_its_branches_in_order():
    chip = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    fanout = Fanout({"sum": Expression("b1 + b2"), "both": Expression("b2; b1"), "flat": Lambda(lambda c: c[0] * 3)})
    np.testing.assert_array_equal(fanout(chip), [chip.sum(0), chip[1], chip[0], chip[0] * 3])
    assert fanout.output_bands is None and Fanout({"a": Expression("b1; b1")}).output_bands == 2


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (Lambda(abs, "magnitude"), "magnitude.*callable cannot be serialised"),
        (Sequential([Expression("b1"), abs]), "operator is 'abs': a Python callable cannot be serialised"),
        (Fanout({"x": Lambda(abs, "magnitude")}), "magnitude"),
        (ApplyToChips(Lambda(abs, "magnitude")), "magnitude"),
        (SpatialCustom(lambda g: np.ones(g.size)), "SpatialCustom.*callable or array cannot be serialised"),
        (object(), "configuration is 'object'"),
    ],
)
def test_what_cannot_be_written_down_is_refused_by_name(thing, message):
    with pytest.raises(ParameterError, match=message):
        to_config(thing)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"class": "SpatialHann", "config": {"alpha": 1}}, "SpatialHann.alpha is 1: is not a parameter"),
        ({"class": "os", "config": {}}, "class is 'os': is not known; known are .*SpatialHann"),
        ({"class": "stream", "config": {}}, "class is 'stream': is not known"),
        ({"class": "RasterFile", "config": {"path": "x"}}, "class is 'RasterFile': is not known"),
        ({"class": "SpatialRectangular", "config": {}}, "SpatialRectangular.size is None: is missing"),
        ({"class": "SpatialTukey", "config": {"alpha": 7}}, "SpatialTukey.alpha is 7: must be a number from 0 to 1"),
        ({"format": 2, "class": "SpatialHann"}, "format is 2: must be 1"),
        ({"config": {}}, "must be"),
        ("SpatialHann", "format is None"),
    ],
)
def test_a_wrong_configuration_is_refused(config, message):
    with pytest.raises(ParameterError, match=message):
        from_config(config)


def test_yaml_that_is_none():
    with pytest.raises(ParameterError, match="must be YAML or JSON"):
        from_yaml("{")
    assert from_yaml('{"class": "SpatialTukey", "config": {"alpha": 0.25}}') == SpatialTukey(0.25)


def test_without_yaml_the_error_says_how_to_get_it(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **keywords):
        if name == "yaml":
            raise ImportError(name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingPackageError, match="'pyyaml'.*pip install pyyaml"):
        to_yaml(SpatialHann())
