"""Documents that somebody else wrote: what is refused before anything is made of it, in a sentence."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import ParameterError, SpatialBoxcar, from_config, from_yaml, to_yaml
from patchwise.core.base.documents import CONFIG, STATE, Limits, parse, parse_json, read_text
from patchwise.core.records.rerun import read_file, read_tag

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi")
)
REFUSED = {
    "deep lists": ("[" * 100_000 + "]" * 100_000, "nested more than 64 deep|holds more than"),
    "deep lists that never end": ("[" * 100_000, "nested more than 64 deep|holds more than"),
    "deep objects": ('{"a":' * 90_000 + "1" + "}" * 90_000, "nested more than 64 deep"),
    "a little too deep": ("[" * 65 + "]" * 65, "nested more than 64 deep"),
    "digits": ('{"a": ' + "9" * 1_000_000 + "}", "a number of 1000000 digits"),
    "NaN": ('{"a": NaN}', "NaN is no number"),
    "Infinity": ('{"a": -Infinity}', "-Infinity is no number"),
    "keys twice": ('{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' twice"),
    "many values": ("[" + "1," * 600_000 + "1]", "holds more than 500000 values"),
    "many bytes": ('["' + "x" * (5 << 20) + '"]', "has more than 4194304 bytes"),
    "neither": ("{", "must be YAML or JSON"),
    "aliases that multiply": (LAUGHS, "holds more than 20000 values"),
    "an alias of itself": ("a: &a [1, *a]", "stands for nothing that is complete"),
    "an alias of nothing": ("a: *b", "stands for nothing|must be YAML"),
    "deep YAML": ("- " * 500 + "x", "nested more than 64 deep"),
    "deep YAML in braces": ("{a: " * 5000 + "1" + "}" * 5000, "nested more than 64 deep"),
    "deep by aliases": (f"a: &a {'[' * 40}x{']' * 40}\nb: {'[' * 40}*a{']' * 40}", "nested more than 64"),
    "keys twice in YAML": ("a: 1\na: 2", "the key 'a' twice"),
    "digits in YAML": ("a: " + "9" * 5000, "a number of 5000 digits"),
    "sexagesimal digits": ("a: " + "1:" * 5000 + "1", "a number of"),
    "infinity in YAML": ("a: .inf", "inf is no number"),
    "not a number in YAML": ("a: .nan", "nan is no number"),
    "a date": ("a: 2020-01-01", "has a date, which is no value"),
    "a set": ("a: !!set {b, c}", "has a set, which is no value"),
    "bytes": ("a: !!binary aGFsbG8=", "has a bytes, which is no value"),
    "a key that is no text": ("1: a", "the key 1, which is no text"),
    "a Python object": ("a: !!python/object/apply:os.system [ls]", "must be YAML or JSON"),
    "large YAML": ("a: " + "x" * 300_000, "has more than 262144 bytes"),
    "two documents": ("a: 1\n---\nb: 1", "must be YAML or JSON"),
    "a control character": ("a: \x01", "must be YAML or JSON"),
}


@pytest.mark.parametrize("text, message", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_says_why_in_one_line_and_takes_no_memory(text, message):
    tracemalloc.start()
    try:
        with pytest.raises(ParameterError, match=message) as error:
            parse(text, "configuration", "there")
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert len(str(error.value)) < 1000 and "\n" not in str(error.value)
    with pytest.raises(ParameterError):
        from_yaml(text)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x80abc", b'{"a": "\xc3"}'])
def test_text_that_is_not_in_utf_8(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ParameterError, match="cannot be read"):
        read_file(str(path))


def test_no_more_of_a_file_is_read_than_it_may_have(tmp_path):
    path = tmp_path / "config.json"
    with open(path, "wb") as file:
        file.truncate(3 << 30)  # sparse
    tracemalloc.start()
    try:
        with pytest.raises(ParameterError, match="must have at most 4194304 bytes"):
            read_file(str(path))
        assert tracemalloc.get_traced_memory()[1] < 3 * CONFIG.size
    finally:
        tracemalloc.stop()
    for other in (tmp_path, tmp_path / "none"):
        with pytest.raises(ParameterError, match="there is no such file"):
            read_text(str(other), "configuration", CONFIG)


@pytest.mark.parametrize("text", ["", "null", "[1]", "7", "[" * 70_000, '{"a": NaN}', "{" + " " * (5 << 20)])
def test_tags_that_hold_no_configuration(text):
    with pytest.raises(ParameterError, match="must be a raster made by Patchwise"):
        read_tag({"PATCHWISE_CONFIG": text}, "a.tif")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(-1e300, 1e300) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=30,
)


@given(values)
def test_json_within_the_limits_comes_as_it_is(value):
    assert parse_json(json.dumps(value), "configuration", "") == value
    assert parse(json.dumps(value), "configuration", "") == value


def test_yaml_that_is_fair_is_read():
    assert parse("a: &x [1, 2.5, yes]\nb: *x\nc: {d: null, e: 'x'}", "configuration", "") == {
        "a": [1, 2.5, True],
        "b": [1, 2.5, True],
        "c": {"d": None, "e": "x"},
    }


def test_yaml_is_written_without_aliases():
    from patchwise.core import Expression, Sequential, SpatialPatcher, SpatialRectangular

    same = Expression("b1 + 1", 1, ["red"])
    text = to_yaml(Sequential([same, same]))
    assert "&" not in text and "*" not in text.replace("b1 *", "")
    assert len(from_yaml(text).operators) == 2 and SpatialPatcher(SpatialRectangular(3))


def test_a_configuration_that_holds_itself_is_refused():
    config = {"class": "Sequential", "config": {"operators": []}}
    config["config"]["operators"].append(config)
    with pytest.raises(ParameterError, match="nested more than"):
        from_config(config)
    assert isinstance(from_config({"class": "SpatialBoxcar"}), SpatialBoxcar)


def test_limits_are_exact():
    two = Limits(10, 3, 2)
    assert parse_json("[[1,2]]", "a", "", two) == [[1, 2]]
    for text, message in (
        ("[[1,2,3]]", "more than 3 values"),
        ("[[[]]]", "more than 2 deep"),
        ("12345678901", "bytes"),
    ):
        with pytest.raises(ParameterError, match=message):
            parse_json(text, "a", "", two)
    assert STATE.size < CONFIG.size
