"""Change between two images in one chip: dNBR, RdNBR, dNDVI and classes of burn severity."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import ParameterError
from patchwise.core.operators.change import CHANGES, Change

ROLES = {"R": 0, "N": 1, "S2": 2}


def pair(seed=0, shape=(6, 7)):
    chip = np.random.default_rng(seed).integers(0, 9000, (6, *shape)).astype(np.float32)
    chip[0, 0, 0] = chip[4, 1, 1] = np.nan
    return chip


def index(chip, first, second):
    with np.errstate(all="ignore"):
        a, b = chip[first].astype(np.float64), chip[second].astype(np.float64)
        return np.where(a + b == 0, np.nan, (a - b) / (a + b))


@given(st.integers(0, 1000))
def test_changes_are_their_formulas(seed):
    chip = pair(seed)
    before, after = index(chip[:3], 1, 2), index(chip[3:], 1, 2)
    np.testing.assert_allclose(Change("dNBR", ROLES, 3)(chip)[0], before - after, atol=1e-6)
    greenness = index(chip[:3], 1, 0) - index(chip[3:], 1, 0)
    np.testing.assert_allclose(Change("dNDVI", ROLES, 3)(chip)[0], greenness, atol=1e-6)
    with np.errstate(all="ignore"):
        relative = np.where(before == 0, np.nan, (before - after) / np.sqrt(np.abs(before)))
    np.testing.assert_allclose(Change("RdNBR", ROLES, 3)(chip)[0], relative, rtol=1e-6)


def test_published_numbers_are_a_thousand_times_these():
    """Miller and Thode compute with NBR x 1000 and divide by the root of |NBR x 1000| / 1000."""
    chip = np.array([[0], [700], [300], [0], [350], [650]], np.float64)[..., None]
    before, after = 400.0, -300.0
    np.testing.assert_allclose(Change("dNBR", ROLES, 3)(chip) * 1000, before - after)
    np.testing.assert_allclose(Change("RdNBR", ROLES, 3)(chip) * 1000, (before - after) / np.sqrt(before / 1000))


def of_change(values):
    """A chip whose dNBR has these values: NBR 0.5 before, and 0.5 less the value after."""
    after = 0.5 - np.asarray(values, np.float64)
    ones = np.ones_like(after)
    return np.stack([ones * 0.75, ones * 0.25, (1 + after) / 2, (1 - after) / 2])[:, None]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_severity_has_the_classes_of_the_usgs(dtype):
    values = [
        -0.6,
        -0.251,
        -0.249,
        -0.101,
        -0.099,
        0,
        0.099,
        0.101,
        0.269,
        0.271,
        0.439,
        0.441,
        0.659,
        0.661,
        1.3,
        1.45,
    ]
    operator = Change("dNBR", {"N": 0, "S2": 1}, 2, severity=True)
    labels = operator(of_change(values).astype(dtype))
    np.testing.assert_array_equal(labels[0, 0], [1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 7])
    assert labels.dtype == dtype and [category.value for category in operator.categories] == [1, 2, 3, 4, 5, 6, 7]
    assert operator.categories[0].name == "enhanced regrowth, high" and operator.categories[6].name == "high severity"
    assert len({category.colour for category in operator.categories}) == 7
    assert operator.output_names == ("dNBR severity",)


def test_a_border_belongs_to_the_class_above_it():
    labels = Change("dNBR", {"N": 0, "S2": 1}, 2, severity=True)(of_change([-0.25, -0.1, 0.1, 0.27, 0.44, 0.66]))
    np.testing.assert_array_equal(labels[0, 0], [2, 3, 4, 5, 6, 7])


def test_relative_severity_has_the_classes_of_miller_and_thode():
    operator = Change("RdNBR", {"N": 0, "S2": 1}, 2, severity=True)
    values = np.array([-1, 0.068, 0.07, 0.315, 0.317, 0.64, 0.642]) * np.sqrt(0.5)
    np.testing.assert_array_equal(operator(of_change(values))[0, 0], [1, 1, 2, 2, 3, 3, 4])
    assert [category.name for category in operator.categories][0] == "unchanged"


def test_the_unknown_has_no_class():
    chip = of_change([0.0, 0.3, 0.5])
    chip[0, 0, 0] = chip[3, 0, 1] = np.nan
    np.testing.assert_array_equal(Change("dNBR", {"N": 0, "S2": 1}, 2, severity=True)(chip)[0, 0], [np.nan, np.nan, 6])


def test_each_image_can_have_its_own_offset():
    """A scene from before processing baseline 04.00 and one from after it."""
    chip = pair()
    chip[3:] += 1000
    both = Change("dNBR", ROLES, 3, 1e-4, [0, 0, 0, -0.1, -0.1, -0.1])
    expected = index(chip[:3], 1, 2) - index(chip[3:] - 1000, 1, 2)
    np.testing.assert_allclose(both(chip)[0], expected, atol=1e-6)
    np.testing.assert_array_equal(both.rebased()(chip[list(both.used)]), both(chip))
    same = Change("dNBR", ROLES, 3, 1e-4, [-0.1, -0.1, -0.1])
    np.testing.assert_array_equal(same(chip), Change("dNBR", ROLES, 3, 1e-4, -0.1)(chip))


@pytest.mark.parametrize("name", CHANGES)
def test_used_bands_and_configuration(name):
    operator = Change(name.upper(), {"N": 3, "R": 1, "S2": 0, "B": 4}, 5, 0.5, severity=name != "dNDVI")
    assert operator.name == name and len(operator.used) == 4 and operator.pointwise
    chip = np.random.default_rng(0).integers(1, 900, (10, 4, 4)).astype(np.float32)
    np.testing.assert_array_equal(operator.rebased()(chip[list(operator.used)]), operator(chip))
    again = Change.from_config(json.loads(json.dumps(operator.get_config())))
    np.testing.assert_array_equal(again(chip), operator(chip))
    assert again.get_config() == operator.get_config() and again.categories == operator.categories
    assert operator.warning_for(chip) == ""


@pytest.mark.parametrize("name", ["dnbr", " RdNBR "])
def test_changes_are_found_however_they_are_written(name):
    assert Change(name, ROLES, 3).name.lower() == name.strip().lower()


@pytest.mark.parametrize("name", ["NBR", "DVI"])
def test_changes_are_told_from_indices(name):
    with pytest.raises(ParameterError, match=f"index is '{name}': must be one of dNBR, RdNBR, dNDVI"):
        Change(name, ROLES, 3)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Change("dEVI", ROLES, 3), "index is 'dEVI': must be one of dNBR, RdNBR, dNDVI"),
        (lambda: Change("dNDVI", ROLES, 3, severity=True), "classes of burn severity are defined for dNBR and RdNBR"),
        (lambda: Change("dNBR", ROLES, 0), "bands_each is 0: must be the number of bands of each"),
        (lambda: Change("dNBR", ROLES, 2), r"roles must be of the 2 band\(s\) of each image, and are R=1 N=2 S2=3"),
        (lambda: Change("dNBR", {"R": 0, "N": 1}, 3), r"NBR needs a band for S2 \(short-wave infrared, 2.2 um\)"),
        (lambda: Change("dNBR", ROLES, 3)(np.ones((5, 2, 2))), r"two images of 3 band\(s\), and this one has 5 bands"),
        (lambda: Change("dNBR", ROLES, 3, [1, 2, 3, 4]), "scale is .*one for each of the 6 bands"),
    ],
)
def test_what_cannot_be_is_refused(make, says):
    with pytest.raises(ParameterError, match=says):
        make()
