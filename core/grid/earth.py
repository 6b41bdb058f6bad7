"""The sphere of the mean Earth radius, on which distances in km are computed."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Mean radius of the Earth in km (IUGG, R1 of GRS 80).
EARTH_RADIUS_KM = 6371.0088


def haversine_km(lon0: Any, lat0: Any, lon1: Any, lat1: Any) -> np.ndarray:
    """Great-circle distances in km between points in degrees, broadcast; NaN where a coordinate is NaN."""
    phi0, phi1 = np.radians(lat0), np.radians(lat1)
    sines = np.sin((phi1 - phi0) / 2) ** 2
    sines = sines + np.cos(phi0) * np.cos(phi1) * np.sin(np.radians(np.subtract(lon1, lon0)) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(sines, 1)))
