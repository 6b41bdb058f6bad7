"""A Zarr v3 store of one raster: its metadata and its chunks, with nothing but numpy and the standard library.

The format is small (https://zarr-specs.readthedocs.io/en/latest/v3/core/): a ``zarr.json`` for the group and each
array, and one file for each chunk, here by the codecs ``bytes`` (little endian) and ``gzip``. It is written by hand
because zarr-python 3, the first to know the final format, needs a later numpy than many versions of QGIS have;
installing it by pip would break the bindings of QGIS.

Georeferencing follows CF and GeoZarr as rioxarray reads them: arrays ``x`` and ``y`` of pixel centres, and
``spatial_ref`` with ``crs_wkt`` and GDAL's ``GeoTransform``, to which the raster's ``grid_mapping`` points.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import ParameterError, RasterReadError
from ..grid.domain import RasterDomain

VARIABLE = "data"
_LEVEL = 1  # results are mostly noise in their low bits: more effort takes longer and gains next to nothing


class StoreWriter:
    """The metadata of a store at ``root``: arrays one by one, and the group last."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._members: dict[str, Any] = {}

    def array(self, name: str, about: Mapping[str, Any]) -> Path:
        """Write the metadata of an array, as of :func:`array_json`; its folder."""
        self._members[name] = {"zarr_format": 3, **about}
        return self._write(self.root / name, self._members[name])

    def whole(self, name: str, values: np.ndarray, names: Sequence[str], attributes: Any) -> None:
        """Write a small array as one chunk."""
        about = array_json(values.shape, values.dtype, values.shape, 0, names, attributes)
        write_chunk(self.array(name, about), [0] * values.ndim, values)

    def group(self, attributes: Mapping[str, Any]) -> None:
        """Write the group's metadata, and in it all arrays' once more: xarray warns where it has to look for them."""
        known = {"kind": "inline", "must_understand": False, "metadata": self._members}
        about = {"node_type": "group", "attributes": dict(attributes), "consolidated_metadata": known}
        self._write(self.root, {"zarr_format": 3, **about})

    def _write(self, folder: Path, content: Mapping[str, Any]) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, indent=2, allow_nan=False)
        (folder / "zarr.json").write_text(text + "\n", encoding="utf-8")
        return folder


def array_json(
    shape: Sequence[int], dtype: np.dtype, chunks: Sequence[int], fill: Any, names: Sequence[str], attributes: Any
) -> dict[str, Any]:
    """The metadata of an array."""
    return {
        "node_type": "array",
        "shape": list(shape),
        "data_type": dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": _json_number(fill),
        "codecs": [
            # A single byte has no order.
            {"name": "bytes", **({"configuration": {"endian": "little"}} if dtype.itemsize > 1 else {})},
            {"name": "gzip", "configuration": {"level": _LEVEL}},
        ],
        "attributes": dict(attributes),
        "dimension_names": list(names),
    }


def write_chunk(folder: Path, index: Sequence[int], values: np.ndarray) -> None:
    """One whole chunk; for a chunk that holds nothing but the fill value there need be no file."""
    path = folder.joinpath("c", *map(str, index))
    path.parent.mkdir(parents=True, exist_ok=True)
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    path.write_bytes(gzip.compress(little.tobytes(), _LEVEL, mtime=0))  # the same bytes whenever it is written


def write_grid(store: StoreWriter, domain: RasterDomain, bands: int) -> dict[str, Any]:
    """The arrays ``band``, ``y``, ``x`` and ``spatial_ref``; the attributes by which the raster points at them."""
    height, width = domain.shape
    store.whole("band", np.arange(1, bands + 1), ["band"], {})
    crs, transform = wkt_of(domain.crs), domain.transform
    attributes: dict[str, Any] = {} if crs is None else {"crs_wkt": crs, "spatial_ref": crs}
    if transform is not None:
        terms = (transform.c, transform.a, transform.b, transform.f, transform.d, transform.e)  # in GDAL's order
        attributes["GeoTransform"] = " ".join(repr(float(term)) for term in terms)
        if transform.b == transform.d == 0:  # where the grid is rotated, rows and columns have no one coordinate
            x = transform.c + transform.a * (np.arange(width) + 0.5)
            y = transform.f + transform.e * (np.arange(height) + 0.5)
            store.whole("x", x, ["x"], {"axis": "X", **_standard_name(crs, "x")})
            store.whole("y", y, ["y"], {"axis": "Y", **_standard_name(crs, "y")})
    store.whole("spatial_ref", np.array(0), [], attributes)
    return {"grid_mapping": "spatial_ref"}


def _standard_name(crs: str | None, axis: str) -> dict[str, str]:
    """CF's name of a coordinate, by the first word of the WKT."""
    if crs and crs.startswith("PROJ"):
        return {"standard_name": f"projection_{axis}_coordinate"}
    if crs and crs.startswith("GEOG"):
        return {"standard_name": "longitude" if axis == "x" else "latitude"}
    return {}


def wkt_of(crs: Any) -> str | None:
    """The CRS as WKT: of an object that has ``to_wkt``, of a WKT text, or of what rasterio understands."""
    if not crs:
        return None
    if hasattr(crs, "to_wkt"):
        return str(crs.to_wkt())
    text = str(crs).strip()
    if "[" in text:
        return text
    try:
        from rasterio.crs import CRS

        from ..gdal.environment import gdal_env

        with gdal_env():
            return str(CRS.from_user_input(crs).to_wkt())
    except (ImportError, ValueError) as error:
        raise ParameterError("crs", crs, f"must be WKT, or something that rasterio understands ({error})") from error


def cf_fill_value(value: float, dtype: np.dtype) -> Any:
    """``_FillValue`` as xarray has it in Zarr v3: of floats, base64 of a little-endian double, as JSON has no NaN."""
    if dtype.kind == "f":
        return base64.standard_b64encode(struct.pack("<d", value)).decode()
    return int(value)


def _json_number(value: Any) -> Any:
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == int(value) else value


def read_array(folder: Path, rows: slice = slice(None), cols: slice = slice(None)) -> np.ndarray:
    """``(bands, rows, cols)`` of an array that this module wrote; only the chunks that are needed are read."""
    try:
        about = json.loads((folder / "zarr.json").read_text(encoding="utf-8"))
        chunks = about["chunk_grid"]["configuration"]["chunk_shape"]
        dtype, shape = np.dtype(about["data_type"]).newbyteorder("<"), about["shape"]
        top, bottom, _ = rows.indices(shape[1])
        left, right, _ = cols.indices(shape[2])
        result = np.full((shape[0], max(0, bottom - top), max(0, right - left)), float(about["fill_value"]), dtype)
        for i in range(top // chunks[1], -(-bottom // chunks[1])):
            for j in range(left // chunks[2], -(-right // chunks[2])):
                row, col = i * chunks[1], j * chunks[2]
                y0, y1 = max(row, top), min(row + chunks[1], bottom)
                x0, x1 = max(col, left), min(col + chunks[2], right)
                for band in range(shape[0]):
                    path = folder / "c" / str(band) / str(i) / str(j)
                    if path.exists():
                        chunk = np.frombuffer(gzip.decompress(path.read_bytes()), dtype).reshape(chunks[1:])
                        part = chunk[y0 - row : y1 - row, x0 - col : x1 - col]
                        result[band, y0 - top : y1 - top, x0 - left : x1 - left] = part
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise RasterReadError(f"{folder}: cannot be read as a Zarr array written by Patchwise: {error}") from error
    return result.astype(result.dtype.newbyteorder("="), copy=False)
