"""Classification by rules: against the direct computation, what is unknown, and what a wrong rule is told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    ArraySink,
    ExpressionError,
    GeoTensor,
    Lambda,
    ParameterError,
    RasterField,
    RasterFile,
    SpatialHardVote,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    stream,
)
from patchwise.core.base.categories import PALETTE, Category
from patchwise.core.operators.band_roles import find_roles
from patchwise.core.operators.classify import Classify

THREE = """
# the usual three
water #1f78b4: NDWI > 0.1
vegetation #3a0: NDVI > 0.4   # green
bare: otherwise
"""
ROLES = {"G": 0, "R": 1, "N": 2}


def three_classes(green, red, infrared):
    """The same, written out in float64."""
    green, red, infrared = (np.asarray(band, np.float64) for band in (green, red, infrared))
    with np.errstate(all="ignore"):
        ndwi, ndvi = (green - infrared) / (green + infrared), (infrared - red) / (infrared + red)
        labels = np.where(ndwi > 0.1, 1, np.where(ndvi > 0.4, 2, 3)).astype(np.float64)
        unknown = ~np.isfinite(ndwi) | (~(ndwi > 0.1) & ~np.isfinite(ndvi))
    return np.where(unknown, np.nan, labels)


def run(source, patcher, operator, shape):
    sink = ArraySink(shape)
    stream(source, patcher, operator, sink)
    return sink.array[0]


@given(
    st.integers(0, 500),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from(["shift", "pad", "reflect"]),
    st.booleans(),
)
def test_the_map_is_the_direct_one_whatever_the_stride(seed, stride, boundary, overlapping):
    rng = np.random.default_rng(seed)
    scene = rng.integers(0, 60, (3, 23, 19)).astype(np.float32)
    scene[rng.random(scene.shape) < 0.05] = np.nan
    patcher = SpatialPatcher(
        SpatialRectangular((9, 9), boundary), SpatialRegularStride(stride), aggregation=SpatialHardVote()
    )
    operator = Classify(THREE, 3, roles=ROLES)
    field = RasterField(GeoTensor(scene))
    # As a Lambda it is run on every overlapping chip, and the votes are counted.
    labels = run(field.source, patcher, Lambda(operator) if overlapping else operator, (23, 19))
    np.testing.assert_array_equal(labels, three_classes(*scene))


@pytest.mark.parametrize("stride", [97, 256])
@pytest.mark.parametrize("wrap", [lambda operator: operator, Lambda], ids=["once", "overlapping"])
def test_the_map_of_a_real_scene(shared_data, stride, wrap):
    path = str(shared_data / "s2-aberystwyth" / "s2_aberystwyth_10band_mosaic.tif")
    patcher = SpatialPatcher(
        SpatialRectangular((256, 256), "shift"), SpatialRegularStride(stride), aggregation=SpatialHardVote()
    )
    with RasterFile(path) as raster:
        operator = Classify(THREE, raster.bands, raster.band_names, find_roles(raster.band_names))
        assert operator.used == (1, 2, 6)
        picked = raster.select(operator.used)
        labels = run(picked, patcher, wrap(operator.rebased()), raster.domain.shape)
        bands = np.empty((3, *raster.domain.shape), picked.dtype)
        picked.read(raster.domain.window, bands)
    np.testing.assert_array_equal(labels, three_classes(*bands))
    assert set(np.unique(labels[~np.isnan(labels)])) == {1, 2, 3}


def test_classes_have_values_names_and_colours():
    operator = Classify(THREE, 3, roles=ROLES)
    assert operator.categories == (
        Category(1, "water", (0x1F, 0x78, 0xB4)),
        Category(2, "vegetation", (0x33, 0xAA, 0)),
        Category(3, "bare", PALETTE[0]),
    )
    open_ended = Classify("a: b1 > 1; b: b1 > 0; a: b1 < -5", 1)
    assert [(c.value, c.name) for c in open_ended.categories] == [(0, "unclassified"), (1, "a"), (2, "b")]
    chip = np.array([[[2, 0.5, 0, -9, np.nan]]], np.float32)
    np.testing.assert_array_equal(open_ended(chip), [[[1, 2, 0, 1, np.nan]]])
    assert len(set(PALETTE)) == len(PALETTE)
    many = Classify("\n".join(f"c{k}: b1 == {k}" for k in range(40)), 1)
    assert len(many.categories) == 41


def labels_of(rules, *values, **options):
    chip = np.array(values, np.float64).reshape(len(values), 1, -1)
    return Classify(rules, len(values), **options)(chip)[0, 0].tolist()


def test_the_first_rule_wins_and_what_decides_must_be_known():
    assert labels_of("a: b1 > 0\nb: b1 > -9", [1.0, -1.0, -10.0]) == [1, 2, 0]
    # b2 is not asked where b1 has decided, and where b1 is unknown b2 cannot help.
    nan = np.nan
    result = labels_of("a: b1 > 0\nb: b2 > 0\nc: else", [1.0, 0.0, nan, 0.0], [nan, nan, 1.0, 1.0])
    np.testing.assert_array_equal(result, [1, nan, nan, 2])
    assert labels_of("cloud: isnan(b1)\nrest: Otherwise", [nan, 1.0]) == [1, 2]
    assert labels_of("all: otherwise", [nan, 1.0]) == [1, 1]
    assert labels_of("all: 1 > 0", [5.0]) == [1]


def test_names_roles_and_scale():
    names = ("Red", "dem")
    options = {"names": names, "roles": {"R": 0}, "scale": 0.1, "offset": -1}
    # What has no role is no reflectance, and stays as it is.
    assert labels_of("a: (Red > 0.9) & (R > 0.9) & (b1 < 1.1) & (dem == 20)", [20.0], [20.0], **options) == [1]
    assert labels_of("a: b2 == 1", [20.0], [20.0], scale=0.1, offset=-1) == [1]
    assert labels_of("a: b2 == 41", [20.0], [20.0], scale=[1, 2], offset=[0, 1]) == [1]
    # A band that is called as an index is meant by its name.
    assert labels_of("a: NDVI > 5", [0.0], [9.0], names=("", "NDVI"), roles={"R": 0, "N": 1}) == [1]
    assert labels_of("a: EVI > 0.4", [500.0], [900.0], [4000.0], roles={"B": 0, "R": 1, "N": 2}, scale=1e-4) == [1]


def test_statistics_of_the_chip_are_allowed_and_said():
    assert not Classify("a: b1 > mean(b1)", 1).pointwise and Classify("a: b1 > 0", 1).pointwise
    assert labels_of("bright: NDVI > mean(NDVI)", [1.0, 1.0], [1.0, 3.0], roles={"R": 0, "N": 1}) == [0, 1]


def test_used_bands_and_configuration():
    options = {
        "names": [f"x{k}" for k in range(9)],
        "roles": {"B": 7, "R": 3, "N": 5},
        "scale": [0.5] * 9,
        "offset": 0.1,
    }
    operator = Classify("a: EVI > 0.2\nb: x1 > 100; c: otherwise", 9, **options)
    assert operator.used == (1, 3, 5, 7) and operator.output_names == ("class",) and operator.output_bands == 1
    chip = np.random.default_rng(0).integers(0, 900, (9, 6, 7)).astype(np.float32)
    np.testing.assert_array_equal(operator.rebased()(chip[list(operator.used)]), operator(chip))
    config = json.loads(json.dumps(operator.get_config()))
    again = Classify.from_config(config)
    assert again.get_config() == operator.get_config() == config and again.categories == operator.categories
    np.testing.assert_array_equal(again(chip), operator(chip))
    assert set(Classify("a: b1 > 0", 1).get_config()) == {"rules", "bands"}
    assert Classify("a: 1 > 0", 3).rebased()(np.ones((1, 2, 2), np.float32)).tolist() == [[[1, 1], [1, 1]]]


def test_indices_of_digital_numbers_are_warned_about():
    operator = Classify("a: EVI > 0.2; b: NDVI > 0.1", 3, roles={"B": 0, "R": 1, "N": 2})
    assert operator.warning_for(np.full((3, 2, 2), 3000.0)).startswith("EVI is defined for reflectance")
    assert operator.rebased().warning_for(np.full((3, 2, 2), 0.3)) == ""
    assert Classify("b: NDVI > 0.1", 2, roles={"R": 0, "N": 1}).warning_for(np.full((2, 2, 2), 3000.0)) == ""


@pytest.mark.parametrize(
    ("rules", "line", "column", "says"),
    [
        ("", 0, 0, r"there is no rule; write one rule a line, such as water #1f78b4: NDWI > 0.1"),
        (" # only a comment\n\n", 0, 0, "there is no rule"),
        ("NDWI > 0.1", 1, 11, "a rule needs a colon after its name"),
        ("a: b1 > 0\nb b1 > 0", 2, 9, "a rule needs a colon"),
        (": b1 > 0", 1, 1, "a rule needs a name before the colon"),
        ("a: b1 > 0; #1f78b4", 0, 0, None),
        ("a #1f78: b1 > 0", 1, 3, r"'#1f78' is no colour; write # and six hexadecimal digits"),
        ("a #blue: b1 > 0", 1, 3, "is no colour"),
        ("a #fff: b1 > 0\na #000: b1 < 0", 2, 3, "the class a has another colour already"),
        ("a:", 1, 2, "there is no condition after the colon; write one, or otherwise"),
        ("a: # nothing", 1, 2, "there is no condition"),
        ("a: otherwise\nb: b1 > 0", 2, 1, "no pixel reaches this rule"),
        ("a: b1", 1, 4, "a rule needs a condition and this is a number: compare it, as in NDWI > 0.1"),
        ("a: b1 > 0\n  b :  b1 > q", 2, 13, "there is no variable 'q'; variables here are b1, b2, red"),
        ("a: NDVJ > 0", 1, 4, r"no variable 'NDVJ'; .* names of indices \(did you mean the index NDVI\?\) \(line 1,"),
        ("a: ndvi > 0", 1, 4, r"\(did you mean the index NDVI\?\) \(line 1, column 4\)"),
        (
            "a: b1 > 0; b: b1 > 1 & NDMI > 0",
            1,
            24,
            r"NDMI needs a band for S1 .*roles given are R=1 N=2; the bands are",
        ),
        ("a: b1 > 0 & b2 > 0", 1, 9, "& takes conditions"),
        ("a: b1 +* 2 > 0", 1, 8, "invalid syntax"),
        ("a: (b1 > 0", 1, 4, "never closed"),
        ("\n".join(f"c{k}: b1 == {k}" for k in range(255)), 255, 1, "there are more than 254 classes"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(rules, line, column, says):
    if says is None:
        Classify(rules, 2)
        return
    with pytest.raises(ExpressionError, match=says) as caught:
        Classify(rules, 2, ("red", ""), {"R": 0, "N": 1}, parameter="RULES")
    assert (caught.value.line, caught.value.column) == (line, column), str(caught.value)
    assert caught.value.parameter == "RULES"
    assert not line or f"(line {line}, column {column})" in str(caught.value)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Classify("a: b1 > 0", 0), "bands is 0: must be the number of bands"),
        (lambda: Classify("a: b1 > 0", 2, roles={"R": 2}), "positions must be below 2"),
        (lambda: Classify("a: b1 > 0", 3, scale=[1, 1]), "one number, or one for each of the 3 bands"),
        (lambda: Classify("a: b1 > 0", 2)(np.ones((1, 2, 2))), r"for chips of 2 band\(s\), and this one has 1"),
    ],
)
def test_what_cannot_be_is_refused(make, says):
    with pytest.raises(ParameterError, match=says):
        make()
