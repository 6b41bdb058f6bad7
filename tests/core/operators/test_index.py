"""Indices against formulas written out in float64, and roles of bands from text and from names."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import ExpressionError, ParameterError, RasterFile
from patchwise.core.operators import spyndex_catalogue
from patchwise.core.operators.band_roles import ROLES, find_roles, format_roles, parse_roles, sensor_of
from patchwise.core.operators.index import Index
from patchwise.core.operators.index_table import INDICES, find_index
from patchwise.core.operators.spyndex_catalogue import changed_by_a_factor

from ..other_python import run_elsewhere

S2_NAMES = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
S2_ROLES = {role: k for k, role in enumerate(("B", "G", "R", "RE1", "RE2", "RE3", "N", "N2", "S1", "S2"))}


def nd(first, second):
    return lambda b: (b[first] - b[second]) / (b[first] + b[second])


def gemi(b):
    eta = (2 * (b["N"] ** 2 - b["R"] ** 2) + 1.5 * b["N"] + 0.5 * b["R"]) / (b["N"] + b["R"] + 0.5)
    return eta * (1 - eta / 4) - (b["R"] - 0.125) / (1 - b["R"])


def bais2(b):
    vegetation = np.sqrt(b["RE2"] * b["RE3"] * b["N2"] / b["R"])
    return (1 - vegetation) * ((b["S2"] - b["N2"]) / np.sqrt(b["S2"] + b["N2"]) + 1)


def msavi(b):
    return (2 * b["N"] + 1 - np.sqrt(np.square(2 * b["N"] + 1) - 8 * (b["N"] - b["R"]))) / 2


def dbsi(b):
    return nd("S1", "G")(b) - nd("N", "R")(b)


DIRECT = {
    **{"NDVI": nd("N", "R"), "GNDVI": nd("N", "G"), "NDRE": nd("N", "RE1"), "NDVI705": nd("RE2", "RE1")},
    **{"NDWI": nd("G", "N"), "MNDWI": nd("G", "S1"), "NDMI": nd("N", "S1"), "NDII": nd("N", "S1")},
    **{"LSWI": nd("N", "S1"), "NDCI": nd("RE1", "R"), "NBR": nd("N", "S2"), "NBR2": nd("S1", "S2")},
    **{"NDSI": nd("G", "S1"), "NDBI": nd("S1", "N"), "UI": nd("S2", "N"), "GEMI": gemi, "BAIS2": bais2},
    "EVI": lambda b: 2.5 * (b["N"] - b["R"]) / (b["N"] + 6 * b["R"] - 7.5 * b["B"] + 1),
    "EVI2": lambda b: 2.5 * (b["N"] - b["R"]) / (b["N"] + 2.4 * b["R"] + 1),
    "SAVI": lambda b: (1 + 0.5) * (b["N"] - b["R"]) / (b["N"] + b["R"] + 0.5),
    "MSAVI": msavi,
    "OSAVI": lambda b: (b["N"] - b["R"]) / (b["N"] + b["R"] + 0.16),
    "ARVI": lambda b: (b["N"] - 2 * b["R"] + b["B"]) / (b["N"] + 2 * b["R"] - b["B"]),
    "GARI": lambda b: (b["N"] - b["G"] + b["B"] - b["R"]) / (b["N"] + b["G"] - b["B"] + b["R"]),
    "VARI": lambda b: (b["G"] - b["R"]) / (b["G"] + b["R"] - b["B"]),
    "WDRVI": lambda b: (0.1 * b["N"] - b["R"]) / (0.1 * b["N"] + b["R"]),
    "SR": lambda b: b["N"] / b["R"],
    "IPVI": lambda b: b["N"] / (b["N"] + b["R"]),
    "CIG": lambda b: b["N"] / b["G"] - 1,
    "CIRE": lambda b: b["N"] / b["RE1"] - 1,
    "MTCI": lambda b: (b["RE2"] - b["RE1"]) / (b["RE1"] - b["R"]),
    "S2REP": lambda b: 705 + 35 * ((b["RE3"] + b["R"]) / 2 - b["RE1"]) / (b["RE2"] - b["RE1"]),
    "PSRI": lambda b: (b["R"] - b["B"]) / b["RE2"],
    "GLI": lambda b: (2 * b["G"] - b["R"] - b["B"]) / (2 * b["G"] + b["R"] + b["B"]),
    "kNDVI": lambda b: np.tanh(nd("N", "R")(b) ** 2),
    "DVI": lambda b: b["N"] - b["R"],
    "NIRv": lambda b: nd("N", "R")(b) * b["N"],
    "IRECI": lambda b: (b["RE3"] - b["R"]) / (b["RE1"] / b["RE2"]),
    "MCARI": lambda b: (b["RE1"] - b["R"] - 0.2 * (b["RE1"] - b["G"])) * b["RE1"] / b["R"],
    "TCARI": lambda b: 3 * (b["RE1"] - b["R"] - 0.2 * (b["RE1"] - b["G"]) * b["RE1"] / b["R"]),
    "ExG": lambda b: 2 * b["G"] - b["R"] - b["B"],
    "MSI": lambda b: b["S1"] / b["N"],
    "NMDI": lambda b: (b["N"] - b["S1"] + b["S2"]) / (b["N"] + b["S1"] - b["S2"]),
    "AWEInsh": lambda b: 4 * (b["G"] - b["S1"]) - (0.25 * b["N"] - 2.75 * b["S2"]),
    "AWEIsh": lambda b: b["B"] + 2.5 * b["G"] - 1.5 * (b["N"] + b["S1"]) - 0.25 * b["S2"],
    "WI2015": lambda b: 1.7204 + 171 * b["G"] + 3 * b["R"] - 70 * b["N"] - 45 * b["S1"] - 71 * b["S2"],
    "BAI": lambda b: 1 / (np.square(b["R"] - 0.1) + np.square(b["N"] - 0.06)),
    "MIRBI": lambda b: 10 * b["S2"] - 9.8 * b["S1"] + 2,
    "S3": lambda b: b["N"] * (b["R"] - b["S1"]) / ((b["N"] + b["R"]) * (b["N"] + b["S1"])),
    "BSI": lambda b: (b["S1"] + b["R"] - b["N"] - b["B"]) / (b["S1"] + b["R"] + b["N"] + b["B"]),
    "DBSI": dbsi,
}
WANTED = "NDVI NDWI MNDWI NBR NDSI NDMI EVI SAVI MSAVI GNDVI NDRE BSI EVI2 OSAVI ARVI NDBI NBR2 CIG CIRE AWEIsh".split()


def direct(name, bands):
    """The formula in float64; NaN where it is not defined."""
    with np.errstate(all="ignore"):
        values = DIRECT[name]({role: np.asarray(band, np.float64) for role, band in bands.items()})
    return np.where(np.isfinite(values), values, np.nan)


def test_the_table_is_whole():
    assert set(DIRECT) == set(INDICES) and set(WANTED) <= set(INDICES)
    for name, index in INDICES.items():
        assert index.name == name and index.title and index.source and index.roles
        assert set(index.roles) <= set(ROLES) and index.low < index.high
        assert changed_by_a_factor(index.formula, index.roles) is index.needs_reflectance, name


@pytest.mark.parametrize("name", INDICES)
@given(data=st.data())
def test_each_index_is_its_formula(name, data):
    roles = INDICES[name].roles
    numbers = data.draw(st.lists(st.integers(0, 8192), min_size=2 * len(roles), max_size=2 * len(roles)))
    chip = np.array(numbers, np.float32).reshape(len(roles), 1, 2)
    scale = 2.0**-13  # exact, so that what cancels out is 0 on both sides
    result = Index(name, {role: k for k, role in enumerate(roles)}, scale=scale)(chip)
    expected = direct(name, dict(zip(roles, chip.astype(np.float64) * scale)))
    assert result.dtype == np.float32 and result.shape == (1, 1, 2)
    sure = np.isfinite(expected) & (np.abs(expected) < 1e4)  # beyond, a denominator is 0 but for its rounding
    atol = 1e-6 * (705 if name == "S2REP" else 1)  # that much is added, and may cancel out
    np.testing.assert_allclose(result[0][sure], expected[sure], rtol=1e-6, atol=atol)
    low, high = INDICES[name].low, INDICES[name].high
    known = result[np.isfinite(result)]
    assert (known >= low - 1e-6 * max(1, abs(low))).all() and (known <= high + 1e-6 * max(1, abs(high))).all()


@pytest.mark.parametrize("name", INDICES)
def test_each_index_on_a_real_scene(name, shared_data):
    path = str(shared_data / "s2-aberystwyth" / "s2_aberystwyth_10band_mosaic.tif")
    with RasterFile(path) as raster:
        operator = Index(name, find_roles(raster.band_names), scale=0.001)
        picked = raster.select(operator.used)
        chip = np.empty((picked.bands, *raster.domain.shape), picked.dtype)
        picked.read(raster.domain.window, chip)
    result = operator.rebased()(chip)[0]
    values = chip.astype(np.float64) * 0.001
    expected = direct(name, {role: values[operator.used.index(k)] for role, k in operator.roles.items()})
    # Where float64 itself cannot tell a denominator from 0, neither side is right.
    sure = np.isfinite(expected) & np.isfinite(result) & (np.abs(expected) < 1e4)
    assert sure.mean() > 0.5 and (np.isfinite(expected) ^ np.isfinite(result)).mean() < 1e-3
    assert (np.abs(result[sure] - expected[sure]) <= 1e-6 * np.maximum(1, np.abs(expected[sure]))).all()


@pytest.fixture(scope="module")
def catalogue():
    """What spyndex has: ``indices`` and ``constants``, read where it is installed."""
    parts = run_elsewhere("""
import json, spyndex
print(json.dumps({
    "indices": {name: {key: getattr(index, key) for key in ("formula", "long_name", "reference")}
                for name, index in spyndex.indices.items()},
    "constants": {name: {"value": constant.value} for name, constant in spyndex.constants.items()},
}))
""")
    return SimpleNamespace(
        **{part: {name: SimpleNamespace(**entry) for name, entry in entries.items()} for part, entries in parts.items()}
    )


@pytest.fixture
def spyndex(catalogue, monkeypatch):
    """The catalogue in the place of the package, for the product's own import."""
    caches = (spyndex_catalogue._package, spyndex_catalogue._translated)
    monkeypatch.setitem(sys.modules, "spyndex", catalogue)
    for cache in caches:
        cache.cache_clear()
    yield catalogue
    for cache in caches:
        cache.cache_clear()


def test_each_index_is_that_of_spyndex(spyndex):
    compared, values = 0, np.random.default_rng(3).uniform(0.02, 0.6, (len(ROLES), 1, 40))
    roles = {role: k for k, role in enumerate(ROLES)}
    constants = {key: spyndex.constants[key].value for key in spyndex.constants}
    # The catalogue's L is that of EVI, and its ARVI has the blue band's difference with the other sign.
    own = {"SAVI": {"L": 0.5}}
    for name in spyndex.indices:
        try:
            operator = Index(name, roles)
        except ParameterError as error:
            assert "spyndex's formula" in str(error), name
            continue
        if name in ("ARVI", "kNDVI") or operator.name != name:
            continue
        variables = {**constants, **{role: values[k] for role, k in roles.items()}, **own.get(name, {})}
        with np.errstate(all="ignore"):
            expected = eval(spyndex.indices[name].formula, {}, variables)  # noqa: S307 (the oracle)
        np.testing.assert_allclose(operator(values)[0], np.where(np.isfinite(expected), expected, np.nan), rtol=1e-9)
        compared += 1
    assert compared > 200
    assert Index("NDYI", roles).index.source.startswith("spyndex: ")
    with pytest.raises(ParameterError, match=r"index is 'kRVI': spyndex's formula .* needs kNN, kNR, which is no band"):
        Index("kRVI", roles)


def test_names_are_found_however_they_are_written():
    assert find_index("ndvi").name == "NDVI" and find_index("AWEINSH").name == "AWEInsh"
    assert find_index("MSAVI2").name == "MSAVI" and find_index("awei-sh").name == "AWEIsh"
    with pytest.raises(
        ParameterError, match=r"index is 'NDVII': there is no index of that name \(did you mean NDVI\?\)"
    ):
        find_index("NDVII")
    with pytest.raises(ParameterError, match="INDEX is 'nothing': .*known are NDVI, GNDVI, .*spyndex"):
        Index("nothing", {}, parameter="INDEX")


def test_the_unknown_and_the_undefined_stay_unknown():
    chip = np.array([[[0, 1, np.nan, 3]], [[0, 3, 2, -3]]], np.float32)
    np.testing.assert_array_equal(Index("NDVI", {"R": 0, "N": 1})(chip), [[[np.nan, 0.5, np.nan, np.nan]]])
    np.testing.assert_array_equal(Index("EVI2", {"R": 0, "N": 1})(chip)[0, 0, [0, 2]], [0, np.nan])


def test_scale_and_offset_come_first():
    chip = np.random.default_rng(0).integers(1000, 9000, (3, 5, 6)).astype(np.float32)
    reflectance = chip.astype(np.float64) * 1e-4 - 0.1
    roles = {"B": 0, "R": 1, "N": 2}
    for name in ("EVI", "NDVI", "SAVI"):
        bands = {role: reflectance[k] for role, k in roles.items()}
        np.testing.assert_allclose(Index(name, roles, 1e-4, -0.1)(chip)[0], direct(name, bands), rtol=1e-6)
        per_band = Index(name, roles, [1e-4, 1e-4, 2e-4], (-0.1, -0.1, -0.2))
        bands["N"] = reflectance[2] * 2
        np.testing.assert_allclose(per_band(chip)[0], direct(name, bands), rtol=1e-6)
        np.testing.assert_array_equal(per_band.rebased()(chip[list(per_band.used)]), per_band(chip))


def test_one_scale_is_not_for_thermal_bands(spyndex):
    operator = Index("NBRT1", {"N": 0, "S2": 1, "T": 2}, scale=1e-4)
    chip = np.array([3000, 1000, 300], np.float64).reshape(3, 1, 1)
    np.testing.assert_allclose(operator(chip), (0.3 - 0.1 * 0.03) / (0.3 + 0.1 * 0.03))


def test_used_bands_and_configuration():
    operator = Index("EVI", S2_ROLES, scale=0.001)
    assert operator.used == (0, 2, 6) and operator.output_names == ("EVI",) and operator.pointwise
    chip = np.random.default_rng(1).integers(1, 900, (10, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(operator.rebased()(chip[[0, 2, 6]]), operator(chip))
    config = json.loads(json.dumps(operator.get_config()))
    assert config == {"name": "EVI", "roles": {"N": 6, "R": 2, "B": 0}, "scale": 0.001}
    np.testing.assert_array_equal(Index.from_config(config)(chip), operator(chip))
    assert Index("ndwi", S2_ROLES).get_config() == {"name": "NDWI", "roles": {"G": 1, "N": 6}}


def test_values_that_are_no_reflectance_are_warned_about():
    numbers = np.full((10, 4, 4), 1800.0, np.float32)
    numbers[:, 0] = np.nan
    warning = Index("EVI", S2_ROLES).warning_for(numbers)
    assert warning.startswith("EVI is defined for reflectance from 0 to 1, and the values look like digital numbers")
    assert "(median 1800)" in warning and "0.0001" in warning
    assert Index("EVI", S2_ROLES, 1e-4).warning_for(numbers) == ""
    assert "after scale and offset the values look" in Index("SAVI", S2_ROLES, 0.01).warning_for(numbers)
    assert Index("EVI", S2_ROLES).warning_for(numbers / 1e4) == ""
    assert "leave scale and offset out" in Index("EVI", S2_ROLES, 1e-4).warning_for(numbers / 1e4)
    assert Index("NDVI", S2_ROLES).warning_for(numbers) == ""
    assert Index("EVI", S2_ROLES).warning_for(np.full((10, 2, 2), np.nan)) == ""


REFUSED = [
    (
        lambda: Index("NDMI", {"R": 0, "N": 1}),
        r"NDMI needs a band for S1 \(short-wave infrared, 1.6 um\), and the roles given are R=1 N=2; give the roles",
    ),
    (lambda: Index("NDVI", {}, names=("a", "")), r"R \(red\), and no band has a role; the bands are a, \(no name\)"),
    (lambda: Index("NDVI", {"R": -1, "N": 1}), "position of R must be a whole number from 0"),
    (lambda: Index("NDVI", {"red": 1}), "'red' is not a role; roles are A, B"),
    (lambda: Index("NDVI", [1, 2]), "must give each role the position"),
    (lambda: Index("NDVI", {"R": 0, "N": 1}, scale=0), "scale is 0: must not be 0"),
    (lambda: Index("NDVI", {"R": 0, "N": 1}, offset=np.nan), "offset is nan: must be a finite number"),
    (lambda: Index("NDVI", {"R": 0, "N": 1}, scale="x"), "scale is 'x': must be a finite number"),
    (lambda: Index("NDVI", {"R": 0, "N": 3}, scale=[1, 1]), "one number, or one for each of the 4 bands"),
    (lambda: Index("NDVI", {"R": 0, "N": 3})(np.ones((2, 3, 3))), "for chips of 4 bands or more, and this one has 2"),
]


@pytest.mark.parametrize(("make", "says"), REFUSED)
def test_what_cannot_be_is_refused(make, says):
    with pytest.raises(ParameterError, match=says):
        make()


def test_roles_are_read_from_text():
    assert parse_roles("B=1 G=2,R=3; N=4\nS1=5 S2=6") == {"B": 0, "G": 1, "R": 2, "N": 3, "S1": 4, "S2": 5}
    assert parse_roles("red=2 nir=B08 swir16=1", 3, ("x", "", "B08")) == {"R": 1, "N": 2, "S1": 0}
    assert parse_roles("") == {}
    assert format_roles({"N": 3, "R": 0}) == "R=1 N=4"


@given(st.dictionaries(st.sampled_from(sorted(ROLES)), st.integers(0, 40)))
def test_roles_round_trip_through_text(roles):
    assert parse_roles(format_roles(roles), 41) == roles


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("B=1 Q=2", 5, "'Q' is not a role; roles are A, B, G1"),
        ("B=1 R", 5, "'R' is not role=band; write all without spaces around ="),
        ("B = 1", 1, "'B' is not role=band"),
        ("B=1 b=2", 5, "the role B is given twice"),
        ("B=1 R=7", 7, "'7' is no band; write a band number from 1 to 3 or a band's name, of red, nir"),
        ("B=0", 3, "'0' is no band"),
        ("R=1.5", 3, "'1.5' is no band"),
    ],
)
def test_wrong_roles_are_refused_with_their_column(text, column, says):
    with pytest.raises(ExpressionError, match=says) as caught:
        parse_roles(text, 3, ("red", "", "nir"), "BAND_ROLES")
    assert caught.value.column == column and caught.value.parameter == "BAND_ROLES"


OLI = {"A": 0, "B": 1, "G": 2, "R": 3, "N": 4, "S1": 5, "S2": 6}
TM = {"B": 0, "G": 1, "R": 2, "N": 3, "S1": 4, "S2": 5}


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (S2_NAMES, S2_ROLES),
        (tuple(name.lower() for name in S2_NAMES), S2_ROLES),
        (tuple(name.replace("B0", "B") for name in S2_NAMES), S2_ROLES),
        (("B2", "B3", "B4", "B8"), {"B": 0, "G": 1, "R": 2, "N": 3}),
        (("B4, central wavelength 665 nm", "B8A, central wavelength 865 nm"), {"R": 0, "N2": 1, "N": 1}),
        (tuple(f"SR_B{k}" for k in range(1, 8)), OLI),
        (tuple(f"B{k}" for k in range(1, 12)), {**OLI, "T1": 9, "T2": 10}),
        (tuple(f"SR_B{k}" for k in (1, 2, 3, 4, 5, 7)), TM),
        (("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "ST_B6", "SR_B7"), {**TM, "T": 5, "S2": 6}),
        (("LC08_L2SP_SR_B4", "LC08_L2SP_SR_B5"), {"R": 0, "N": 1}),
        (("LE07_SR_B4", "LE07_SR_B3"), {"N": 0, "R": 1}),
        (("blue", "Green", "RED", "nir08", "swir16", "swir22"), {**TM, "N2": 3}),
        (
            ("nir", "nir08", "rededge1", "rededge2", "rededge3", "coastal"),
            {"N": 0, "N2": 1, "RE1": 2, "RE2": 3, "RE3": 4, "A": 5},
        ),
        (("B04 - Red", "Band 8 - NIR", "Red Edge 1 (705 nm)"), {"R": 0, "N": 1, "RE1": 2}),
        # What cannot be told is not told.
        (tuple(f"B{k}" for k in range(1, 8)), {}),
        (("SR_B4", "SR_B5"), {}),
        (("Band 1", "Band 2", "Band 3", "Band 4"), {}),
        (("", "elevation", "b1", "reddish"), {}),
        (("red", "red", "nir"), {"N": 2}),
        ((), {}),
    ],
)
def test_roles_are_found_from_names(names, roles):
    assert find_roles(names) == roles


def test_the_sensor_is_said():
    assert sensor_of(S2_NAMES) == "Sentinel-2" and sensor_of(("red",)) == ""
    assert sensor_of(("SR_B6",)) == "Landsat 8-9" and sensor_of(("ST_B6",)) == "Landsat 4-7"
    assert sensor_of(("LC08_B4", "LE07_B4")) == ""
