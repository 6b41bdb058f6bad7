"""Lines and polygons as WKB, "well-known binary" (OGC 06-103r4), little-endian. Positions are ``(x, y)``, float64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_LINE, _POLYGON, _MULTI_LINE, _MULTI_POLYGON = 2, 3, 5, 6


def multi_line(lines: np.ndarray) -> bytes:
    """A multi-line-string of ``(n, points, 2)``: n lines of equally many points."""
    points = lines.shape[1]
    parts = np.empty(
        len(lines), np.dtype([("order", "u1"), ("type", "<u4"), ("points", "<u4"), ("xy", "<f8", (points, 2))])
    )
    parts["order"], parts["type"], parts["points"], parts["xy"] = 1, _LINE, points, lines
    return _head(_MULTI_LINE, len(lines)) + parts.tobytes()


def polygon(rings: Sequence[np.ndarray]) -> bytes:
    """A polygon of closed rings ``(points, 2)``, the outer one first."""
    parts = [np.array([len(ring)], "<u4").tobytes() + ring.astype("<f8").tobytes() for ring in rings]
    return _head(_POLYGON, len(parts)) + b"".join(parts)


def multi_polygon(polygons: Sequence[Sequence[np.ndarray]]) -> bytes:
    """A multi-polygon, each part as in :func:`polygon`."""
    return _head(_MULTI_POLYGON, len(polygons)) + b"".join(map(polygon, polygons))


def _head(kind: int, count: int) -> bytes:
    return b"\x01" + np.array([kind, count], "<u4").tobytes()
