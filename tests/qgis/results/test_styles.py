"""How a result looks and what it is called, as it follows from its configuration and its band names."""

import pytest


def made_by(kind, aggregation="SpatialOverlapAdd", **config):
    """A run's configuration."""
    return {
        "operator": {"class": kind, "config": config},
        "patcher": {"aggregation": {"class": aggregation, "config": {}}},
    }


STEPS = [{"class": "Expression", "config": {"text": "b1"}}, {"class": "Index", "config": {"name": "NBR"}}]


def expression(text):
    return made_by("Expression", text=text)


@pytest.mark.parametrize(
    ("config", "names", "kind", "limits", "diverging"),
    [
        (made_by("Index", name="NDVI"), ("NDVI",), "Ramp", (-1, 1), True),
        (made_by("Index", name="NDWI"), ("NDWI",), "Ramp", (-1, 1), True),
        (made_by("Index", name="EVI"), ("EVI",), "Ramp", (None, None), True),
        (made_by("Index", name="SR"), ("SR",), "Ramp", (None, None), False),
        (made_by("Change", name="dNBR"), ("dNBR",), "Ramp", (-1, 1), True),
        (expression("(b4-b3)/(b4+b3)"), ("(b4-b3)/(b4+b3)",), "Ramp", (-1, 1), True),
        (expression("(B08 - B04) / (B04 + B08); b1"), ("x", "B02"), "Ramp", (-1, 1), True),
        (expression("(b4-b3)/(b4+b2)"), ("x",), "Ramp", (None, None), False),
        (expression("b1 / mean(b1)"), ("x",), "Ramp", (None, None), False),
        (made_by("Onnx", path="m.onnx", activation="sigmoid"), ("probability",), "Ramp", (0, 1), False),
        ({}, ("chips",), "Ramp", (None, None), False),
        (made_by("Index", name="NDVI"), ("chips",), "Ramp", (None, None), False),
        ({}, ("weight",), "Ramp", (None, None), False),
        ({"operator": STEPS}, ("NBR",), "Ramp", (-1, 1), True),
        (made_by("Sequential", operators=STEPS), ("NBR",), "Ramp", (-1, 1), True),
    ],
)
def test_ramps(config, names, kind, limits, diverging):
    from patchwise.processing_provider.results.styles import look_of

    look = look_of(config, names)
    assert type(look).__name__ == kind
    assert (look.low, look.high) == limits and look.diverging is diverging
    if diverging:
        assert len(look.colours) % 2, "0 has a colour of its own"


@pytest.mark.parametrize(
    ("config", "names", "expected"),
    [
        (made_by("Classify", rules="a: b1 > 0"), ("class",), "Labels()"),
        (made_by("Change", name="dNBR", severity=True), ("dNBR severity",), "Labels()"),
        (made_by("Onnx", path="m.onnx", activation="argmax"), ("label",), "Labels()"),
        (made_by("Python", "SpatialHardVote", path="f.py"), ("label",), "Labels()"),
        (expression("b3; b2; b1"), ("B04", "B03", "B02"), "Composite(bands=(0, 1, 2))"),
        ({}, ("B02", "B03", "B04", "B08"), "Composite(bands=(2, 1, 0))"),
        ({}, ("red", "green", "blue"), "Composite(bands=(0, 1, 2))"),
        ({}, ("", "", ""), "None"),
        ({}, (), "None"),
        (expression("b1"), ("B02",), "None"),
        (expression("b1+1; b2; b3"), ("b1+1", "", ""), "None"),
        ({"operator": None, "patcher": None}, ("a",), "None"),
    ],
)
def test_other_looks(config, names, expected):
    from patchwise.processing_provider.results.styles import look_of

    assert repr(look_of(config, names)) == expected


@pytest.mark.parametrize(
    ("config", "names", "expected"),
    [
        (made_by("Index", name="NDVI"), ("NDVI",), "NDVI of scene"),
        (made_by("Change", name="dNBR", severity=True), ("x",), "dNBR severity of scene"),
        (made_by("Classify", rules="..."), ("class",), "classes of scene"),
        (expression("b1"), ("B02",), "b1 of scene"),
        (expression("(b4 - b3)\n / (b4 + b3) + std(b1) + 17"), ("x",), "(b4 - b3) / (b4 + b3) + std(b... of scene"),
        (made_by("Onnx", path="/models/trees.onnx"), ("x",), "trees of scene"),
        (made_by("Index", name="NDVI"), ("chips",), "chips per pixel of scene"),
        ({}, ("x",), ""),
    ],
)
def test_titles(config, names, expected):
    from patchwise.processing_provider.results.styles import title_of

    assert title_of(config, names, "scene") == expected
    assert title_of(config, names) == expected.replace(" of scene", "")


def test_where_no_source_is_given_the_configuration_has_one():
    from patchwise.processing_provider.results.styles import title_of

    config = {**made_by("Index", name="NDVI"), "input": {"source": "/data/lake.2023.tif"}}
    assert title_of(config, ("NDVI",)) == "NDVI of lake.2023"
    assert title_of(config, ("NDVI",), "scene") == "NDVI of scene"
    config["input"]["source"] = "/tmp/processing_a/OUTPUT.tif"
    assert title_of(config, ("NDVI",)) == "NDVI", "that is a step of a model"
    assert title_of(config, ("NDVI",), "OUTPUT") == "NDVI"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (("id", "NDVI_count", "NDVI_mean"), "NDVI_mean"),
        (("dNBR_mean",), "dNBR_mean"),
        (("id", "b1_mean", "NDVI"), None),
        (("NDVI_mean_2", "my_NDVI_mean"), None),
        ((), None),
    ],
)
def test_polygons_are_filled_by_the_mean_of_an_index_or_in_outline(fields, expected):
    from patchwise.processing_provider.results.styles import Outline, look_of_polygons

    look = look_of_polygons(fields)
    assert look == Outline() if expected is None else look.field == expected
    if expected == "NDVI_mean":
        assert (look.ramp.low, look.ramp.high) == (-1, 1)


def test_every_index_of_the_table_has_a_ramp():
    from patchwise.core.operators.change import CHANGES
    from patchwise.core.operators.index_table import INDICES
    from patchwise.processing_provider.results.styles import Ramp, look_of

    looks = {name: look_of(made_by("Index", name=name), (name,)) for name in (*INDICES, *CHANGES)}
    assert all(isinstance(look, Ramp) for look in looks.values())
    for name, index in INDICES.items():
        signed = index.low < 0
        assert looks[name].diverging is signed and (looks[name].low is None or (index.low, index.high) == (-1, 1))


def test_a_sign_means_the_same_in_every_change():
    from patchwise.processing_provider.results.styles import LOSS, look_of

    assert {look_of(made_by("Change", name=name), (name,)).colours for name in ("dNBR", "RdNBR", "dNDVI")} == {LOSS}
