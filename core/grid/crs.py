"""Coordinate reference systems: the only file that uses pyproj.

Points are ``x, y`` (longitude first in geographic systems), regardless of the order of axes that the authority
defines. A CRS is what rasterio or pyproj gives, an EPSG number, or a string that PROJ understands.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import lru_cache, wraps
from typing import Any, Callable, TypeVar

import numpy as np

from ..base.errors import MissingPackageError, ParameterError
from ..gdal.environment import gdal_env

_LONLAT = ("EPSG:4326", "OGC:CRS84")
_T = TypeVar("_T")
# pyproj 3.7 keeps what PROJ works with in the state that Python has of a thread, and its address in the thread itself.
# A thread of Qt loses that state whenever it leaves Python: the next use crashed (pyproj issue 1509). So what is not
# asked for by the main thread is worked out in one thread of Python's own.
_thread = ThreadPoolExecutor(1, "patchwise-proj")


def _in_python_thread(function: Callable[..., _T]) -> Callable[..., _T]:
    """``function`` called here by the main thread, else in the thread for it; such functions never call each other."""

    @wraps(function)
    def call(*args: Any) -> _T:
        if threading.current_thread() is threading.main_thread():
            return function(*args)
        return _thread.submit(function, *args).result()

    return call


def crs_text(crs: Any, parameter: str = "crs") -> str:
    """A string that pyproj understands for the CRS; None and what is not a CRS is refused by the parameter's name."""
    if isinstance(crs, (int, np.integer)) and not isinstance(crs, bool):
        return f"EPSG:{int(crs)}"
    if isinstance(crs, str) and crs.strip():
        text = crs.strip()
        return f"EPSG:{text}" if text.isdigit() else text
    if hasattr(crs, "to_wkt"):
        # rasterio writes WKT by GDAL, which may need its own PROJ database (see ``gdal/environment.py``).
        with gdal_env() if type(crs).__module__.startswith("rasterio") else nullcontext():
            text = crs.to_wkt()
        if text:
            return str(text)
        crs = None
    allowed = "must be a coordinate reference system, such as EPSG:32633"
    if crs is None:
        allowed = "is not known, and is needed to say where on Earth the pixels lie: give the raster or array a CRS"
    raise ParameterError(parameter, crs, allowed)


def lonlat_of(xs: Any, ys: Any, crs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes in degrees, float64, of points in ``crs``; NaN for points that are not on Earth.

    They are in the CRS's own datum where that counts degrees from Greenwich, so that no datum shift is needed, which
    is valid in some regions only; else in WGS 84.
    """
    x, y = (np.asarray(v, dtype=np.float64) for v in (xs, ys))
    text = crs_text(crs)
    target = _geographic(text)
    lon, lat = _transformed(x, y, text, target)
    # Rounding may put a pole's pixels slightly beyond it.
    off = ~(np.abs(lat) <= 90 + 1e-9) | ~np.isfinite(lon)
    return np.where(off, np.nan, lon), np.where(off, np.nan, np.clip(lat, -90, 90))


def from_lonlat(lons: Any, lats: Any, crs: Any) -> tuple[np.ndarray, np.ndarray]:
    """The points in ``crs``; the inverse of :func:`lonlat_of`, NaN where they cannot be expressed there."""
    text = crs_text(crs)
    lon, lat = (np.asarray(v, dtype=np.float64) for v in (lons, lats))
    return _transformed(lon, lat, _geographic(text), text)


def transform_points(xs: Any, ys: Any, src: Any, dst: Any) -> tuple[np.ndarray, np.ndarray]:
    """The points in ``dst``, float64; NaN where they cannot be expressed there."""
    x, y = (np.asarray(v, dtype=np.float64) for v in (xs, ys))
    return _transformed(x, y, crs_text(src), crs_text(dst))


def _transformed(x: np.ndarray, y: np.ndarray, src: str, dst: str) -> tuple[np.ndarray, np.ndarray]:
    if src == dst:
        return x, y
    new_x, new_y = _by_proj(x, y, src, dst)
    bad = ~(np.isfinite(new_x) & np.isfinite(new_y))
    return np.where(bad, np.nan, new_x), np.where(bad, np.nan, new_y)


@_in_python_thread
def _by_proj(x: np.ndarray, y: np.ndarray, src: str, dst: str) -> Any:
    return _transformer(src, dst).transform(x, y)


@lru_cache(maxsize=32)
@_in_python_thread
def _geographic(text: str) -> str:
    """The geographic CRS, in degrees from Greenwich, that a CRS is based on; the text itself where it is one."""
    if text.upper() in _LONLAT:
        return text  # no package is needed for the most common case
    crs = _crs(text)
    if crs.is_geographic and not crs.is_derived:
        base, same = crs, text
    else:
        base = crs.source_crs if crs.is_derived and crs.source_crs is not None else crs.geodetic_crs
        same = ""
        if base is None or not (base.is_geographic or crs.is_projected):
            raise ParameterError("crs", crs.name, "must be tied to the Earth; this is a local or engineering system")
    degrees = all(axis.unit_name.lower().startswith("degree") for axis in base.axis_info[:2])
    if degrees and base.is_geographic and base.prime_meridian is not None and base.prime_meridian.longitude == 0:
        return same or str(base.to_wkt())
    return "EPSG:4326"


@lru_cache(maxsize=32)
def _transformer(src: str, dst: str) -> Any:
    from_crs, to_crs = _crs(src), _crs(dst)
    return _pyproj().Transformer.from_crs(from_crs, to_crs, always_xy=True)


def _crs(text: str) -> Any:
    pyproj = _pyproj()
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        if _use_distribution_data(pyproj):
            return _crs(text)
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise ParameterError("crs", shown, f"is not understood by PROJ ({error})") from error


def _pyproj() -> Any:
    try:
        with warnings.catch_warnings():
            # A distribution's pyproj does not find the data folder in a venv; PROJ itself does.
            warnings.filterwarnings("ignore", message="Valid PROJ data directory not found")
            import pyproj
            import pyproj.exceptions
    except ImportError as error:
        raise MissingPackageError("pyproj", "to transform coordinates") from error
    try:
        pyproj.datadir.get_data_dir()
    except pyproj.exceptions.DataDirError:  # later versions need it
        _use_distribution_data(pyproj)
    return pyproj


def _use_distribution_data(pyproj: Any) -> bool:
    """Point pyproj at the data folder of its own Python; False where there is none, or it is set already.

    A host (QGIS) may export ``PROJ_LIB`` or ``PROJ_DATA`` for another PROJ, whose database this one refuses. A wheel
    prefers its own data; a distribution's pyproj follows the environment. Only pyproj is changed, not the host.
    """
    folder = os.path.join(sys.base_prefix, "share", "proj")
    try:
        present = pyproj.datadir.get_data_dir()
    except pyproj.exceptions.DataDirError:
        present = ""
    if present == folder or not os.path.exists(os.path.join(folder, "proj.db")):
        return False
    pyproj.datadir.set_data_dir(folder)
    return True
