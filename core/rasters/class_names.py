"""Names and colours of the values of an integer band, as GDAL and QGIS read them beside a GeoTIFF.

GeoTIFF has a colour table and no names. GDAL keeps names in ``<file>.aux.xml``: as category names, by value from 0, and
as a raster attribute table. QGIS shows a class for every entry of the colour table unless there is such a table, which
lists the classes there are.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..base.categories import Category
from ..base.errors import ParameterError
from .values import ValueType

# Field of the attribute table: name, GDAL's type (0 integer, 2 text) and usage (what the field is for).
_FIELDS = (("Value", 0, 5), ("Class", 2, 2), ("Red", 0, 6), ("Green", 0, 7), ("Blue", 0, 8))
# Category names are a list from value 0; beyond this they would be mostly empty, and the attribute table is enough.
_MOST_NAMES = 4096
_BAND = '<PAMRasterBand band="1">'


def checked_categories(categories: Sequence[Category], value_type: ValueType) -> tuple[Category, ...]:
    """The categories by value; those that a file of this type cannot have are refused."""
    if not categories:
        return ()
    if value_type.dtype not in (np.uint8, np.uint16):
        allowed = "must be uint8 or uint16 for values with names and colours"
        raise ParameterError("data type", value_type.dtype.name, allowed)
    most, seen = int(np.iinfo(value_type.dtype).max), set()
    for entry in categories:
        if not 0 <= entry.value <= most or entry.value == value_type.nodata:
            allowed = f"must have a value from 0 to {most} that is not the nodata value {value_type.nodata:g}"
            raise ParameterError("category", entry.name, allowed)
        if entry.value in seen:
            raise ParameterError("category", entry.name, f"has the value {entry.value}, which another one has too")
        if len(entry.colour) != 3 or not all(0 <= part <= 255 for part in entry.colour):
            raise ParameterError("category", entry.name, "must have a colour of three numbers from 0 to 255")
        seen.add(entry.value)
    return tuple(sorted(categories, key=lambda entry: entry.value))


def write_names(path: str, categories: Sequence[tuple[int, str, tuple[int, ...]]]) -> None:
    """Write the names of values (value, name, colour or ()) beside the raster ``path``, into what GDAL itself may have
    written there. Raises OSError.
    """
    if not categories:
        return
    beside, inside = Path(f"{path}.aux.xml"), _band_xml(categories)
    text = beside.read_text(encoding="utf-8") if beside.exists() else "<PAMDataset>\n</PAMDataset>\n"
    if _BAND in text:
        text = text.replace(_BAND, _BAND + inside, 1)
    else:
        text = text.replace("</PAMDataset>", f"{_BAND}{inside}</PAMRasterBand>\n</PAMDataset>", 1)
    beside.write_text(text, encoding="utf-8")


def _band_xml(categories: Sequence[tuple[int, str, tuple[int, ...]]]) -> str:
    lines = [""]
    names = {value: _text(name) for value, name, _ in categories}
    if max(names) < _MOST_NAMES:
        lines.append("<CategoryNames>")
        lines += [f"  <Category>{names.get(value, '')}</Category>" for value in range(max(names) + 1)]
        lines.append("</CategoryNames>")
    lines.append('<GDALRasterAttributeTable tableType="thematic">')
    for index, (name, kind, usage) in enumerate(_FIELDS[: 2 + len(categories[0][2])]):
        parts = f"<Name>{name}</Name><Type>{kind}</Type><Usage>{usage}</Usage>"
        lines.append(f'  <FieldDefn index="{index}">{parts}</FieldDefn>')
    for index, (value, _, colour) in enumerate(categories):
        cells = (value, names[value], *colour)
        lines.append(f'  <Row index="{index}">' + "".join(f"<F>{cell}</F>" for cell in cells) + "</Row>")
    return "\n".join([*lines, "</GDALRasterAttributeTable>", ""])


def _text(name: str) -> str:
    """A name as XML text, without the control characters that XML cannot hold."""
    return html.escape(re.sub(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]", " ", name), quote=False)
