"""The laws of the vocabularies: what is made is told again, and whatever has no form is refused by name."""

from __future__ import annotations

import pytest
from patchwise.core import ParameterError, from_config, to_config
from patchwise.core.axes.window import WINDOWS
from patchwise.core.base.configurable import part

VALUES = {"TUKEY_ALPHA": 0.25, "GAUSSIAN_SIGMA": 0.75, "KAISER_BETA": 3.5, "CUSTOM_WINDOW": "exp(-r)"}


@pytest.mark.parametrize("name", WINDOWS.names)
def test_a_window_that_is_made_is_told_again(name):
    values = {field.name: VALUES[field.name] for field in WINDOWS.entry(name).fields}
    made = WINDOWS.make(name, {**VALUES, "OTHER": 1})
    assert WINDOWS.told(made) == WINDOWS.told(part(made)) == (name, values)
    assert from_config(to_config(made)) == made or name == "custom"


@pytest.mark.parametrize("name", WINDOWS.names)
def test_a_configuration_without_its_defaults_is_told_with_them(name):
    entry = WINDOWS.entry(name)
    if all(field.default is not None for field in entry.fields):
        values = {field.name: field.default for field in entry.fields}
        assert WINDOWS.told({"class": entry.class_name}) == (name, values)


def test_what_is_missing_or_unknown_is_named():
    with pytest.raises(ParameterError, match="WINDOW=custom needs an expression in x, y and r") as caught:
        WINDOWS.make("custom", {"CUSTOM_WINDOW": "  "})
    assert caught.value.parameter == "custom window"
    with pytest.raises(ParameterError, match="window is 'cosine': must be one of boxcar, hann, tukey"):
        WINDOWS.make("cosine", {})
    with pytest.raises(ParameterError, match="window is 'SpatialOverlapAdd': has no form in the dock"):
        WINDOWS.told({"class": "SpatialOverlapAdd"})


def test_every_default_is_allowed_and_every_limit_is_the_class_s_own():
    for entry in WINDOWS.entries:
        for field in entry.fields:
            if field.kind != "number":
                continue
            assert field.low <= field.default <= field.most
            for value in (field.low, field.most):
                entry.cls(**{field.key: value})
            with pytest.raises(ParameterError):
                entry.cls(**{field.key: field.low - 0.01})
