"""The table of spectral indices: formula, source and range.

Formulas are over roles of bands (``band_roles.ROLES``), usually of reflectance from 0 to 1. An index that
``needs_reflectance`` changes when all bands are multiplied by the same factor; the others do not, and so may be
computed from digital numbers.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass

from ..base.errors import ParameterError
from .band_roles import ROLES
from .spyndex_catalogue import catalogue_formula, catalogue_names

_INF = math.inf


@dataclass(frozen=True)
class IndexFormula:
    """One index: ``low`` and ``high`` bound it for reflectances from 0 to 1 (infinite: they do not)."""

    name: str
    title: str
    formula: str
    source: str
    low: float
    high: float
    needs_reflectance: bool

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the formula, in the order of its text."""
        return tuple(name for name in dict.fromkeys(re.findall(r"[A-Za-z_]\w*", self.formula)) if name in ROLES)


def _difference(name: str, title: str, first: str, second: str, source: str) -> IndexFormula:
    formula = f"({first} - {second}) / ({first} + {second})"
    return IndexFormula(name, title, formula, source, -1, 1, False)


def _ratio(name: str, title: str, formula: str, source: str, low: float = -_INF, high: float = _INF) -> IndexFormula:
    return IndexFormula(name, title, formula, source, low, high, False)


def _scaled(name: str, title: str, formula: str, source: str, low: float = -_INF, high: float = _INF) -> IndexFormula:
    return IndexFormula(name, title, formula, source, low, high, True)


_NDVI = "((N - R) / (N + R))"
_GEMI = "((2 * (N**2 - R**2) + 1.5 * N + 0.5 * R) / (N + R + 0.5))"

INDICES: dict[str, IndexFormula] = {
    index.name: index
    for index in (
        # Vegetation
        _difference("NDVI", "Normalized difference vegetation index", "N", "R", "Rouse et al. 1974"),
        _difference("GNDVI", "Green NDVI", "N", "G", "Gitelson et al. 1996"),
        _difference("NDRE", "Normalized difference red edge index", "N", "RE1", "Barnes et al. 2000"),
        _difference("NDVI705", "Red edge NDVI (705 and 750 nm)", "RE2", "RE1", "Gitelson and Merzlyak 1994"),
        _scaled("EVI", "Enhanced vegetation index", "2.5 * (N - R) / (N + 6 * R - 7.5 * B + 1)", "Huete et al. 2002"),
        _scaled(
            "EVI2", "Enhanced vegetation index of two bands", "2.5 * (N - R) / (N + 2.4 * R + 1)",
            "Jiang et al. 2008", -2.5 / 3.4, 1.25,
        ),
        _scaled("SAVI", "Soil-adjusted vegetation index", "1.5 * (N - R) / (N + R + 0.5)", "Huete 1988", -1, 1),
        _scaled(
            "MSAVI", "Modified soil-adjusted vegetation index (without a soil factor)",
            "0.5 * (2 * N + 1 - ((2 * N + 1)**2 - 8 * (N - R))**0.5)", "Qi et al. 1994", -1, 1,
        ),
        _scaled(
            "OSAVI", "Optimized soil-adjusted vegetation index", "(N - R) / (N + R + 0.16)",
            "Rondeaux et al. 1996", -1 / 1.16, 1 / 1.16,
        ),
        # As published, with R - gamma (B - R); spyndex 0.12 has R - gamma (R - B), which for gamma 1 leaves B alone.
        _ratio(
            "ARVI", "Atmospherically resistant vegetation index (gamma 1)",
            "(N - (2 * R - B)) / (N + (2 * R - B))", "Kaufman and Tanre 1992",
        ),
        _ratio(
            "GARI", "Green atmospherically resistant vegetation index",
            "(N - (G - (B - R))) / (N + (G - (B - R)))", "Gitelson et al. 1996",
        ),
        _ratio(
            "VARI", "Visible atmospherically resistant index", "(G - R) / (G + R - B)", "Gitelson et al. 2002"
        ),
        _ratio("WDRVI", "Wide dynamic range vegetation index (alpha 0.1)", "(0.1 * N - R) / (0.1 * N + R)",
               "Gitelson 2004", -1, 1),
        _ratio("SR", "Simple ratio", "N / R", "Jordan 1969", 0),
        _ratio("IPVI", "Infrared percentage vegetation index", "N / (N + R)", "Crippen 1990", 0, 1),
        _ratio("CIG", "Chlorophyll index, green", "N / G - 1", "Gitelson et al. 2003", -1),
        _ratio("CIRE", "Chlorophyll index, red edge", "N / RE1 - 1", "Gitelson et al. 2003", -1),
        _ratio("MTCI", "MERIS terrestrial chlorophyll index", "(RE2 - RE1) / (RE1 - R)", "Dash and Curran 2004"),
        _ratio("S2REP", "Sentinel-2 red edge position, in nm", "705 + 35 * ((RE3 + R) / 2 - RE1) / (RE2 - RE1)",
               "Frampton et al. 2013"),
        _ratio("PSRI", "Plant senescing reflectance index", "(R - B) / RE2", "Merzlyak et al. 1999"),
        _ratio("GLI", "Green leaf index", "(2 * G - R - B) / (2 * G + R + B)", "Louhaichi et al. 2001", -1, 1),
        _ratio("kNDVI", "Kernel NDVI (sigma (N + R) / 2)", f"1 - 2 / (exp(2 * {_NDVI}**2) + 1)",
               "Camps-Valls et al. 2021", 0, math.tanh(1)),
        _scaled("DVI", "Difference vegetation index", "N - R", "Richardson and Wiegand 1977", -1, 1),
        _scaled("NIRv", "Near-infrared reflectance of vegetation", f"{_NDVI} * N", "Badgley et al. 2017", -0.25, 1),
        _scaled("IRECI", "Inverted red edge chlorophyll index", "(RE3 - R) * RE2 / RE1", "Frampton et al. 2013"),
        _scaled("MCARI", "Modified chlorophyll absorption in reflectance index",
                "((RE1 - R) - 0.2 * (RE1 - G)) * (RE1 / R)", "Daughtry et al. 2000"),
        _scaled("TCARI", "Transformed chlorophyll absorption in reflectance index",
                "3 * ((RE1 - R) - 0.2 * (RE1 - G) * (RE1 / R))", "Haboudane et al. 2002"),
        _scaled("GEMI", "Global environment monitoring index",
                f"{_GEMI} * (1 - 0.25 * {_GEMI}) - (R - 0.125) / (1 - R)", "Pinty and Verstraete 1992"),
        _scaled("ExG", "Excess green", "2 * G - R - B", "Woebbecke et al. 1995", -2, 2),
        # Water and moisture
        _difference("NDWI", "Normalized difference water index (open water)", "G", "N", "McFeeters 1996"),
        _difference("MNDWI", "Modified normalized difference water index", "G", "S1", "Xu 2006"),
        _difference("NDMI", "Normalized difference moisture index", "N", "S1", "Wilson and Sader 2002"),
        _difference("NDII", "Normalized difference infrared index", "N", "S1", "Hardisky et al. 1983"),
        _difference("LSWI", "Land surface water index", "N", "S1", "Xiao et al. 2004"),
        _difference("NDCI", "Normalized difference chlorophyll index (of water)", "RE1", "R", "Mishra and Mishra 2012"),
        _ratio("MSI", "Moisture stress index", "S1 / N", "Hunt and Rock 1989", 0),
        _ratio("NMDI", "Normalized multi-band drought index", "(N - (S1 - S2)) / (N + (S1 - S2))",
               "Wang and Qu 2007"),
        _scaled("AWEInsh", "Automated water extraction index, without shadows", "4 * (G - S1) - 0.25 * N + 2.75 * S2",
                "Feyisa et al. 2014", -4.25, 6.75),
        _scaled("AWEIsh", "Automated water extraction index, with shadows",
                "B + 2.5 * G - 1.5 * (N + S1) - 0.25 * S2", "Feyisa et al. 2014", -3.25, 3.5),
        _scaled("WI2015", "Water index 2015", "1.7204 + 171 * G + 3 * R - 70 * N - 45 * S1 - 71 * S2",
                "Fisher et al. 2016", -184.2796, 175.7204),
        # Fire
        _difference("NBR", "Normalized burn ratio", "N", "S2", "Lopez Garcia and Caselles 1991"),
        _difference("NBR2", "Normalized burn ratio 2", "S1", "S2", "USGS, Landsat surface reflectance indices"),
        _scaled("BAI", "Burned area index", "1 / ((0.1 - R)**2 + (0.06 - N)**2)", "Martin 1998", 0),
        _scaled("BAIS2", "Burned area index for Sentinel-2",
                "(1 - (RE2 * RE3 * N2 / R)**0.5) * ((S2 - N2) / (S2 + N2)**0.5 + 1)", "Filipponi 2018"),
        _scaled("MIRBI", "Mid-infrared burn index", "10 * S2 - 9.8 * S1 + 2", "Trigg and Flasse 2001", -7.8, 12),
        # Snow, soil and built-up land
        _difference("NDSI", "Normalized difference snow index", "G", "S1", "Hall et al. 1995"),
        _ratio("S3", "Snow index S3", "N * (R - S1) / ((N + R) * (N + S1))", "Saito and Yamazaki 1999", -1, 1),
        _ratio("BSI", "Bare soil index", "((S1 + R) - (N + B)) / ((S1 + R) + (N + B))", "Rikimaru et al. 2002", -1, 1),
        _ratio("DBSI", "Dry bareness index", f"(S1 - G) / (S1 + G) - {_NDVI}", "Rasul et al. 2018", -2, 2),
        _difference("NDBI", "Normalized difference built-up index", "S1", "N", "Zha et al. 2003"),
        _difference("UI", "Urban index", "S2", "N", "Kawamura et al. 1996"),
    )
}  # fmt: skip

#: Other names in use, in capitals.
_ALIASES = {
    **{"MSAVI2": "MSAVI", "AWEI_NSH": "AWEInsh", "AWEI_SH": "AWEIsh", "GCI": "CIG", "RECI": "CIRE"},
    **{"CIREDEDGE": "CIRE", "CIGREEN": "CIG", "NDREI": "NDRE", "NDRE1": "NDRE", "BI": "BSI"},
}


def find_index(name: str, parameter: str = "index") -> IndexFormula:
    """The index of that name: from the table (also in small letters or in capitals), else from spyndex if installed.

    Raises :class:`ParameterError` for an unknown name, and where a formula of spyndex cannot be used.
    """
    found = _own(name)
    if found is not None:
        return found
    entry = catalogue_formula(name, parameter)
    if entry is None:
        raise ParameterError(parameter, name, _unknown(name))
    return IndexFormula(entry.name, entry.title, entry.formula, entry.source, -_INF, _INF, entry.needs_reflectance)


def is_index(name: str) -> bool:
    """Whether :func:`find_index` knows the name (it may still refuse an entry of spyndex)."""
    return _own(name) is not None or name in catalogue_names()


def _own(name: str) -> IndexFormula | None:
    """The table's index of that name, or None. The table comes first, so that a name does not depend on spyndex."""
    if name in INDICES:
        return INDICES[name]
    upper = name.strip().replace("-", "_").upper()
    if name.strip() not in (name.strip().lower(), name.strip().upper()):  # BaI (bareness) is not BAI (burned area)
        return None
    capitals = {key.upper(): index for key, index in INDICES.items()}
    return capitals.get(upper) or INDICES.get(_ALIASES.get(upper, ""))


def _unknown(name: str) -> str:
    more = catalogue_names()
    close = difflib.get_close_matches(name.upper(), [*INDICES, *more], 1, 0.5)
    hint = f" (did you mean {close[0]}?)" if close else ""
    rest = "every name of spyndex's catalogue" if more else "with the Python package spyndex all of its catalogue"
    return f"there is no index of that name{hint}; known are {', '.join(INDICES)}, and {rest}"
