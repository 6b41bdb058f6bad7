"""Roles of bands (red, near infrared, ...), given by the user or found from the bands' names.

A role is a short name for a part of the spectrum, as in the catalogue of Awesome Spectral Indices (Montero et al.
2023). Positions count from 0 in Python and from 1 in text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..base.errors import ExpressionError, ParameterError

#: Every role, with what it means.
ROLES: dict[str, str] = {
    "A": "aerosol, 0.44 um",
    "B": "blue",
    "G1": "green, 0.53 um",
    "G": "green",
    "Y": "yellow",
    "R": "red",
    "RE1": "red edge, 0.70 um",
    "RE2": "red edge, 0.74 um",
    "RE3": "red edge, 0.78 um",
    "N": "near infrared",
    "N2": "narrow near infrared, 0.86 um",
    "WV": "water vapour, 0.94 um",
    "S1": "short-wave infrared, 1.6 um",
    "S2": "short-wave infrared, 2.2 um",
    "T": "thermal infrared",
    "T1": "thermal infrared, 10.9 um",
    "T2": "thermal infrared, 12 um",
    "VV": "radar, VV",
    "VH": "radar, VH",
    "HV": "radar, HV",
    "HH": "radar, HH",
}
#: Roles whose values are not reflectance; a single scale for all bands does not apply to them.
NOT_REFLECTIVE = frozenset({"T", "T1", "T2", "VV", "VH", "HV", "HH"})

_COMMON = {
    "A": "aerosol coastal coastalaerosol coastalblue ultrablue",
    "B": "blue",
    "G": "green",
    "Y": "yellow",
    "R": "red",
    "RE1": "rededge rededge1 rededge071 vegetationrededge1 vre1",
    "RE2": "rededge2 rededge075 rededge074 vegetationrededge2 vre2",
    "RE3": "rededge3 rededge078 vegetationrededge3 vre3",
    "N": "nir nearinfrared nir1 broadnir",
    "N2": "nir08 nirnarrow narrownir nir2",
    "WV": "nir09 watervapor watervapour",
    "S1": "swir16 swir1 shortwaveinfrared1",
    "S2": "swir22 swir2 shortwaveinfrared2",
    "T": "lwir tir thermal thermalinfrared",
    "T1": "lwir11 tir1 tirs1",
    "T2": "lwir12 tir2 tirs2",
}
_BY_COMMON = {name: role for role, names in _COMMON.items() for name in names.split()}

_SENTINEL2, _LANDSAT_4_7, _LANDSAT_8_9 = "Sentinel-2", "Landsat 4-7", "Landsat 8-9"
_SENSORS: dict[str, dict[str, str]] = {
    _SENTINEL2: {
        **{"1": "A", "2": "B", "3": "G", "4": "R", "5": "RE1", "6": "RE2", "7": "RE3", "8": "N", "8a": "N2"},
        **{"9": "WV", "11": "S1", "12": "S2"},
    },
    _LANDSAT_4_7: {"1": "B", "2": "G", "3": "R", "4": "N", "5": "S1", "6": "T", "7": "S2"},
    _LANDSAT_8_9: {
        **{"1": "A", "2": "B", "3": "G", "4": "R", "5": "N", "6": "S1", "7": "S2", "10": "T1", "11": "T2"},
    },
}
_CODE = re.compile(r"(?<![a-z0-9])((?:sr|st|toa)_)?b(0?)(\d{1,2})(a?)(?![a-z0-9])(_vcid)?")
_LANDSAT = re.compile(r"(?<![a-z0-9])l[cetmo]0?([45789])(?![0-9])")
_SENTINEL = re.compile(r"(?<![a-z0-9])s(?:entinel)?-?2[abc]?(?![a-z0-9])")
_ITEM = re.compile(r"[^\s,;]+")


def parse_roles(
    text: str, bands: int | None = None, names: Sequence[str] = (), parameter: str = "band roles"
) -> dict[str, int]:
    """Roles and positions (from 0) of a text such as ``B=1 G=2 R=3 N=4``; commas and semicolons separate too.

    A band is given by its number from 1, or by its name where ``names`` has it once. Roles may be written in small
    letters or by common names (``red=3``). Raises :class:`ExpressionError` with the column.
    """
    roles: dict[str, int] = {}
    for match in _ITEM.finditer(text):
        item, column = match.group(), match.start() + 1
        left, sign, right = item.partition("=")
        if not sign or not left or not right:
            allowed = f"{item!r} is not role=band; write all without spaces around =, such as B=1 G=2 R=3 N=4"
            raise ExpressionError(text, column, allowed, parameter)
        role = left.upper() if left.upper() in ROLES else _BY_COMMON.get(_squashed(left.lower()), "")
        if not role:
            allowed = f"{left!r} is not a role; roles are {', '.join(ROLES)}"
            raise ExpressionError(text, column, allowed, parameter)
        if role in roles:
            raise ExpressionError(text, column, f"the role {role} is given twice; give each one band", parameter)
        roles[role] = _position(text, column + len(left) + 1, right, bands, names, parameter)
    return roles


def _position(text: str, column: int, band: str, bands: int | None, names: Sequence[str], parameter: str) -> int:
    same = [k for k, name in enumerate(names) if name and name == band]
    if len(same) == 1:
        return same[0]
    if band.isascii() and band.isdigit() and len(band) < 6 and 1 <= int(band) <= (bands or 65535):
        return int(band) - 1
    numbers = f"a band number from 1 to {bands}" if bands else "a band number from 1"
    known = [name for name in names if name]
    also = f" or a band's name, of {', '.join(known)}" if known else ""
    raise ExpressionError(text, column, f"{band!r} is no band; write {numbers}{also}", parameter)


def format_roles(roles: Mapping[str, int]) -> str:
    """The text that :func:`parse_roles` reads, in the order of the bands."""
    return " ".join(f"{role}={position + 1}" for role, position in sorted(roles.items(), key=lambda item: item[1]))


def check_roles(roles: Mapping[str, int], parameter: str = "band roles") -> dict[str, int]:
    """``roles`` as a dictionary, with every role known and every position a whole number from 0."""
    if not isinstance(roles, Mapping):
        raise ParameterError(parameter, roles, "must give each role the position of its band, as {'R': 2, 'N': 3}")
    for role, position in roles.items():
        if role not in ROLES:
            raise ParameterError(parameter, dict(roles), f"{role!r} is not a role; roles are {', '.join(ROLES)}")
        if isinstance(position, bool) or not isinstance(position, int) or position < 0:
            raise ParameterError(parameter, dict(roles), f"the position of {role} must be a whole number from 0")
    return dict(roles)


def find_roles(names: Sequence[str]) -> dict[str, int]:
    """Roles found from the bands' names, with their positions (from 0); empty where none is found.

    A common name (red, nir08, swir16, rededge1, ...) beside or instead of a band's code counts first. Codes (B02,
    SR_B4, "B4, central wavelength 665 nm") count where :func:`sensor_of` knows the sensor. ``nir08`` is N2, and also N
    where no other band is. A role that two bands match is left out. Case does not matter.
    """
    claims: dict[str, list[int]] = {}
    table = _SENSORS.get(sensor_of(names), {})
    for k, name in enumerate(names):
        match = _CODE.search(name.lower())
        role = _BY_COMMON.get(_common(name.lower())) or (table.get(match[3] + match[4]) if match else None)
        if role:
            claims.setdefault(role, []).append(k)
    roles = {role: positions[0] for role, positions in claims.items() if len(positions) == 1}
    if "N2" in roles and "N" not in claims:
        roles["N"] = roles["N2"]
    return roles


def sensor_of(names: Sequence[str]) -> str:
    """The sensor whose codes the bands have: "Sentinel-2", "Landsat 4-7", "Landsat 8-9", or "" where it is ambiguous.

    In this order: a mission in the names (LC08, LE07, S2A); B8A, B12 or a leading zero (B02) is Sentinel-2, and so is
    B8 beside B2, B3, B4 without B5, B6 and B7; SR_B6, B9, B10 or B11 is Landsat 8-9; B6_VCID or ST_B6 is Landsat 4-7;
    B1 to B5 and B7 without B6 is Landsat 4-7; B2 to B7 is Landsat 8-9, but plain B1 to B7 is ambiguous.
    """
    lower = [name.lower() for name in names]
    missions = {match[1] for name in lower for match in [_LANDSAT.search(name)] if match}
    if missions:
        old, new = missions & set("457"), missions & set("89")
        return "" if old and new else (_LANDSAT_4_7 if old else _LANDSAT_8_9)
    found = [match for name in lower for match in [_CODE.search(name)] if match]
    codes = {match[3] + match[4] for match in found}
    if not codes:
        return ""
    if any(match[2] for match in found) or codes & {"8a", "12"} or any(_SENTINEL.search(name) for name in lower):
        return _SENTINEL2
    if {"2", "3", "4", "8"} <= codes and not codes & {"5", "6", "7"}:
        return _SENTINEL2
    prefixed = {f"{match[1] or ''}{match[3]}" for match in found}
    if "sr_6" in prefixed or codes & {"9", "10", "11"}:
        return _LANDSAT_8_9
    if "st_6" in prefixed or any(match[5] for match in found):
        return _LANDSAT_4_7
    if {"1", "2", "3", "4", "5", "7"} <= codes:
        return "" if "6" in codes else _LANDSAT_4_7
    return _LANDSAT_8_9 if {"2", "3", "4", "5", "6", "7"} <= codes else ""


def _common(name: str) -> str:
    """The rest of a lower-case name without codes, wavelengths and text in parentheses."""
    name = re.sub(r"\(.*?\)|\d+(?:\.\d+)?\s*(?:nm|um|m)\b", " ", name)
    name = re.sub(r"(?<![a-z0-9])band[ _-]*\d+a?(?![a-z0-9])", " ", name)
    return _squashed(_CODE.sub(" ", name))


def _squashed(name: str) -> str:
    return "".join(char for char in name if char.isalnum())
