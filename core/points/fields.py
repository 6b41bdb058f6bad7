"""Fields that are not rasters: points with values, and vector features with attributes.

Coordinates are ``(x, y)``, for geographic ones ``(longitude, latitude)`` in degrees. Points and features are
identified by their index, from 0. Values are float64 with NaN where unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..base.errors import ParameterError
from ..grid.crs import lonlat_of
from ..grid.features import as_mapping, centroid


@dataclass(frozen=True)
class PointDomain:
    """``count`` places without a grid; ``crs`` is kept, not interpreted."""

    count: int
    crs: Any = None

    @property
    def shape(self) -> tuple[int]:
        """``(count,)``."""
        return (self.count,)


@dataclass(frozen=True, eq=False)
class PointField:
    """Points: ``coordinates`` ``(n, 2)`` or ``(n, d)``, finite; ``values`` ``(n,)`` or ``(n, attributes)``.

    Values become float64; NaN, None and masked ones are unknown. ``names`` are those of the attributes, if given. Both
    arrays are read-only; a float64 array is taken over without a copy.
    """

    coordinates: Any
    values: Any
    crs: Any = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse arrays that do not have one finite place and one value, or row of values, per point."""
        object.__setattr__(self, "coordinates", _coordinates(self.coordinates))
        values = _numbers(self.values, "values")
        if values.ndim not in (1, 2) or len(values) != len(self.coordinates):
            allowed = f"must have the shape (n,) or (n, attributes) for the n = {len(self.coordinates)} points"
            raise ParameterError("values", values.shape, allowed)
        object.__setattr__(self, "values", values)
        given: Any = self.names
        names = (given,) if isinstance(given, str) else tuple(given)
        if names and len(names) != (1 if values.ndim == 1 else values.shape[1]):
            raise ParameterError("names", names, f"must be one for each attribute of values of shape {values.shape}")
        object.__setattr__(self, "names", names)

    @property
    def domain(self) -> PointDomain:
        """The points, without places and values."""
        return PointDomain(len(self.coordinates), self.crs)

    def places(self, spherical: bool = False) -> np.ndarray:
        """``(n, d)`` coordinates; ``spherical``: ``(n, 2)`` longitudes and latitudes in degrees.

        Without a CRS, the coordinates are taken for degrees; else they are transformed.
        """
        return _lonlat(self.coordinates, self.crs) if spherical else self.coordinates


@dataclass(frozen=True, eq=False)
class VectorField:
    """Features: ``geometries`` (shapely, or mappings as in GeoJSON), and ``attributes``, name -> n values.

    A feature's place in a graph is its centroid. ``values`` are the attributes that are numbers.
    """

    geometries: Sequence[Any]
    attributes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    crs: Any = None

    def __post_init__(self) -> None:
        """Refuse anything that is not a geometry, and attributes without one value per feature."""
        if hasattr(self.geometries, "columns") and hasattr(self.geometries, "geometry"):
            raise ParameterError("geometries", type(self.geometries).__name__, "use VectorField.from_geopandas(frame)")
        mappings = tuple(as_mapping(one, f"geometry of feature {k}") for k, one in enumerate(self.geometries))
        if not mappings:
            raise ParameterError("geometries", 0, "there must be at least one feature")
        for name, column in self.attributes.items():
            if len(column) != len(mappings):
                allowed = f"must have one value for each of the {len(mappings)} features"
                raise ParameterError(f"attribute {name}", len(column), allowed)
        object.__setattr__(self, "geometries", tuple(self.geometries))
        object.__setattr__(self, "attributes", dict(self.attributes))
        object.__setattr__(self, "mappings", mappings)

    #: The geometries as mappings.
    mappings: tuple[Mapping[str, Any], ...] = field(init=False, repr=False)

    @classmethod
    def from_geopandas(cls, frame: Any) -> VectorField:
        """A field of a GeoDataFrame; its columns other than the active geometry are the attributes."""
        if not (hasattr(frame, "geometry") and hasattr(frame, "columns")):
            raise ParameterError("frame", type(frame).__name__, "must be a GeoDataFrame, with geometry and columns")
        shapes = frame.geometry
        active = getattr(shapes, "name", "geometry")
        attributes = {str(name): _column(frame[name]) for name in frame.columns if name != active}
        return cls(list(shapes), attributes, getattr(frame, "crs", None))

    @property
    def domain(self) -> PointDomain:
        """The features, without shapes and attributes."""
        return PointDomain(len(self.mappings), self.crs)

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that are numbers, in order."""
        return tuple(self._columns)

    @cached_property
    def values(self) -> np.ndarray:
        """``(n, len(names))`` float64, NaN where unknown; read-only."""
        values = np.empty((len(self.mappings), len(self._columns)))
        for k, column in enumerate(self._columns.values()):
            values[:, k] = column
        values.flags.writeable = False
        return values

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        return {name: _numbers(column, name) for name, column in self.attributes.items() if _are_numbers(column)}

    def places(self, spherical: bool = False) -> np.ndarray:
        """``(n, 2)`` centroids in the field's CRS; ``spherical``: in degrees, right across the date line too."""
        degrees = spherical and (self.crs is None or _in_degrees(self.crs))
        found = [centroid(one, f"geometry of feature {k}", degrees) for k, one in enumerate(self.mappings)]
        places = np.array(found, np.float64)
        return _lonlat(places, self.crs) if spherical else places


def _lonlat(places: np.ndarray, crs: Any) -> np.ndarray:
    if crs is None or places.shape[1] != 2:
        return places
    x, y = places.T
    lonlat = np.stack(lonlat_of(x, y, crs), axis=1)
    off = np.isnan(lonlat).any(axis=1)
    if off.any():
        first = int(np.argmax(off))
        raise ParameterError(f"coordinates of point {first}", places[first].tolist(), "lie not on Earth in their CRS")
    return lonlat


def _in_degrees(crs: Any) -> bool:
    # In no projection does this place have the same numbers as coordinates and as degrees.
    lon, lat = lonlat_of([100.0], [50.0], crs)
    return bool(abs(lon[0] - 100) < 1e-3 and abs(lat[0] - 50) < 1e-3)


def _coordinates(given: Any) -> np.ndarray:
    try:
        coordinates = _frozen(np.asarray(given, np.float64))
    except (TypeError, ValueError) as error:
        raise ParameterError("coordinates", given, "must be numbers of shape (n, 2) or (n, d)") from error
    if coordinates.ndim != 2 or coordinates.shape[1] < 1 or not len(coordinates):
        allowed = "must have the shape (n, 2) or (n, d), with at least one point"
        raise ParameterError("coordinates", coordinates.shape, allowed)
    bad = ~np.isfinite(coordinates).all(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        allowed = "every coordinate must be finite: leave points without a place out"
        raise ParameterError(f"coordinates of point {first}", coordinates[first].tolist(), allowed)
    return coordinates


def _numbers(given: Any, name: str) -> np.ndarray:
    if np.ma.isMaskedArray(given):
        given = given.astype(np.float64).filled(np.nan)
    array = np.asarray(given)
    if array.dtype.kind not in "biufO" or array.dtype.kind == "O" and any(isinstance(v, str) for v in array.flat):
        raise ParameterError(name, array.dtype.name, "must be real numbers")
    try:
        return _frozen(array.astype(np.float64, copy=False))  # None becomes NaN
    except (TypeError, ValueError) as error:
        raise ParameterError(name, given, "must be real numbers, NaN or None where unknown") from error


def _column(series: Any) -> list[Any]:
    """A frame's column with None in place of pandas' marks for missing values, which are not numbers."""
    missing = series.isna() if hasattr(series, "isna") else [False] * len(series)
    return [None if unknown else value for value, unknown in zip(series, missing)]


def _are_numbers(column: Iterable[Any]) -> bool:
    try:
        return _numbers(column, "").ndim == 1
    except ParameterError:
        return False


def _frozen(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
