"""Names of fields with statistics: none lost, none twice, and none that is another output's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core.base.field_names import longest_name, plain_name, statistic_names
from patchwise.core.zonal.statistics import STATISTICS

WORDS = st.text("abAB1_é", max_size=12) | st.sampled_from(
    ["b1", "B2", "b1-mean(b1)", "out1", "a", "a_mean", "a_mean_count", "vegetation_index", "Vegetation_Indices", "b12"]
)


@given(
    outputs=st.lists(WORDS, max_size=12),
    statistics=st.lists(st.sampled_from(STATISTICS), min_size=1, unique=True),
    taken=st.lists(WORDS | st.sampled_from(["a_mean", "A_MEAN_2", "b1_count", "vege_mean"]), max_size=5),
    longest=st.sampled_from([10, 31, 63]),
)
def test_every_statistic_has_a_name_of_its_own(outputs, statistics, taken, longest):
    names = statistic_names([plain_name(name) for name in outputs], statistics, taken, longest)
    assert len(names) == len(outputs) * len(statistics)
    assert all(0 < len(name.encode()) <= longest for name in names)
    folded = [name.casefold() for name in names]
    assert len(set(folded)) == len(folded)
    assert not set(folded) & {name.casefold() for name in taken}
    # A field bears an output's whole name only where that output is its own.
    owners = {f"{name}_{statistic}".casefold(): k for k, name in enumerate(outputs) for statistic in statistics}
    for position, name in enumerate(folded):
        owner = owners.get(name)
        assert owner is None or outputs[owner].casefold() == outputs[position // len(statistics)].casefold()


@pytest.mark.parametrize(
    ("outputs", "longest", "expected"),
    [
        (["b1-mean(b1)", "b1", "b1*1000"], 63, ["out1", "b1", "out3"]),
        (["NDVI", "b1 * 2"], 63, ["NDVI", "b2"]),
        (["red", "RED", "nir"], 63, ["b1", "b2", "nir"]),
        (["b1", "b1"], 63, ["out1", "out2"]),
        (["", "B1", "out1"], 63, ["out_1", "B1", "out1"]),
        (["a", "a_mean"], 63, ["a", "a_mean"]),
        (["vegetation", "NDVI"], 10, ["veget", "NDVI"]),
        (["vegetation_a", "vegetation_b", "x"], 10, ["b1", "b2", "x"]),
        (["vegetation", "veget"], 10, ["b1", "b2"]),
    ],
)
def test_an_output_is_called_by_its_name_or_else_by_its_number(outputs, longest, expected):
    names = statistic_names([plain_name(name) for name in outputs], ["mean"], (), longest)
    assert names == [f"{name}_mean" for name in expected]


def test_long_statistics_and_names_that_are_taken():
    assert statistic_names(["a"], ["valid_share", "count"], (), 10) == ["a_valid", "a_count"]
    many = statistic_names(["b1", *[""] * 12], ["valid_share"], (), 10)
    assert many[:2] == ["b1_valid", "out2_valid"] and many[-1] == "out13_vali"
    assert statistic_names(["a"], ["mean"], ["A_mean", "a_mean_2"]) == ["a_mean_3"]
    assert statistic_names(["NDVI"], ["count"], ["ndvi_count"], 10) == ["NDVI_cou_2"]
    assert statistic_names(["my value"], ["mean"], ["my value"]) == ["my value_mean"]


@pytest.mark.parametrize(("path", "longest"), [("a/b.SHP", 10), ("x.tab", 31), ("x.gpkg", 63), ("", 63)])
def test_how_long_a_name_may_be(path, longest):
    assert longest_name(path) == longest
