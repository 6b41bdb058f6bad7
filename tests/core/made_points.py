"""What the tests of points share: places for Hypothesis, and neighbours by brute force."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from patchwise.core import (
    SpatialBoxcar,
    SpatialGaussian,
    SpatialHann,
    SpatialPatcher,
    SpatialRegularStride,
    SpatialTukey,
)
from patchwise.core.points.by_index import SpatialByIndex
from patchwise.core.points.fields import PointField
from patchwise.core.points.graph import neighbourhoods

EARTH = 6371.0088


def haversine(places):
    """``(n, n)`` km by the haversine formula."""
    lon, lat = np.radians(places).T
    up, along = lat[:, None] - lat, lon[:, None] - lon
    a = np.sin(up / 2) ** 2 + np.cos(lat[:, None]) * np.cos(lat) * np.sin(along / 2) ** 2
    return 2 * EARTH * np.arcsin(np.sqrt(np.clip(a, 0, 1)))


def euclidean(places):
    return np.sqrt(((places[:, None] - places) ** 2).sum(axis=-1))


DISTANCES = {"euclidean": euclidean, "haversine": haversine}
#: Distances by the haversine formula that are equal by geometry are so only up to this, in km.
TIE_KM = 1e-5


@st.composite
def lattices(draw, metric="euclidean"):
    """Few places, so that points coincide and distances tie."""
    n = draw(st.integers(1, 25))
    if metric == "euclidean":
        dims = draw(st.integers(1, 3))
        scale, offset = draw(st.sampled_from([(1, 0), (10, 500_000), (0.25, -3)]))
        numbers = st.integers(-4, 4).map(lambda v: v * scale + offset)
    else:
        dims, numbers = 2, None
    places = []
    for _ in range(n):
        if numbers is not None:
            places.append([draw(numbers) for _ in range(dims)])
        else:
            places.append([draw(st.integers(-12, 12)) * 15.0, draw(st.integers(-6, 6)) * 15.0])
    return np.array(places, float)


@st.composite
def clouds(draw, metric="euclidean"):
    """Places at random: no ties."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    places = rng.uniform(-1, 1, (draw(st.integers(1, 60)), 2))
    return places * ((180, 90) if metric == "haversine" else 1000)


fields_and_metrics = st.sampled_from(["euclidean", "haversine"]).flatmap(
    lambda metric: st.tuples(st.just(metric), st.one_of(lattices(metric), clouds(metric)))
)


def brute_order(metric, places, include_self):
    """Per point the others in the order of (distance, index), and their distances."""
    distances = DISTANCES[metric](places)
    levels = np.round(distances / TIE_KM) if metric == "haversine" else distances
    for point, (row, level) in enumerate(zip(distances, levels)):
        order = np.lexsort((np.arange(len(places)), level))
        order = order if include_self else order[order != point]
        yield order, row[order]


def collected(field, geometry, anchors=None):
    """Per anchor the indices and distances without padding."""
    found = {}
    for batch in neighbourhoods(field, geometry, anchors):
        for anchor, indices, distances in zip(*batch):
            have = indices >= 0
            assert not have[np.argmin(have) :].any() or have.all()
            assert np.isinf(distances[~have]).all()
            found[int(anchor)] = indices[have], distances[have]
    return found


def field_of(places):
    return PointField(places, np.arange(len(places), dtype=float))


def assert_km_or_equal(metric, actual, expected):
    # Near the antipode both formulas lose half of the digits.
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-3 if metric == "haversine" else 1e-12)


WINDOWS = (SpatialBoxcar(), SpatialHann(), SpatialTukey(0.4), SpatialGaussian(0.3))


def patcher_of(geometry, sampler=None, window=None, how="mean"):
    return SpatialPatcher(geometry, sampler or SpatialRegularStride(1), window or SpatialBoxcar(), SpatialByIndex(how))


def point(x, y):
    return {"type": "Point", "coordinates": [x, y]}


def line(*positions):
    return {"type": "LineString", "coordinates": [list(p) for p in positions]}


def square(x, y, size=1.0, hole=None):
    rings = [ring(x, y, size)] + ([ring(*hole)[::-1]] if hole else [])
    return {"type": "Polygon", "coordinates": rings}


def ring(x, y, size):
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
