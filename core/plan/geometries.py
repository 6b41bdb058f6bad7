"""The geometries with chips on rasters, as they can be chosen."""

from __future__ import annotations

from ..axes.geometry import BOUNDARIES, BOUNDARY
from ..base.shape import MOST_PIXELS, NOTHING, Anything, Either, ListOf, Number, OneOf, Text, Whole
from ..base.vocabulary import Entry, Field, Vocabulary
from .caps import SpatialSphericalCap
from .polygons import SpatialPolygonIntersection
from .rectangles import SpatialRectangular

#: The geometries that can be chosen. Polygons are chosen in the dock, and have an algorithm of their own.
GEOMETRIES = Vocabulary(
    "geometry",
    "GEOMETRY",
    "rectangular",
    (
        Entry(
            "rectangular",
            SpatialRectangular,
            label="Rectangular",
            fields=(
                Field(
                    "size",
                    "CHIP_SIZE",
                    label="Chip size (pixels)",
                    help="Height and width of a chip in pixels. The operator sees one chip at a time.",
                    kind="whole",
                    default=256,
                    always=True,
                    low=1,
                    said="chip size",
                    shape=Whole(1, MOST_PIXELS),
                ),
                Field(
                    "size",
                    "CHIP_WIDTH",
                    label="Chip width, if other than the height (pixels)",
                    help="Width of a chip in pixels where chips are not square; the chip size is then the height.",
                    kind="whole",
                    low=1,
                    said="chip size",
                    advanced=True,
                ),
                Field(
                    "boundary",
                    BOUNDARY.parameter,
                    kind="choice",
                    default=BOUNDARY.default,
                    absent="drop",
                    options=BOUNDARY.names,
                    shape=OneOf(BOUNDARIES),
                ),
            ),
        ),
        Entry(
            "sphericalcap",
            SpatialSphericalCap,
            label="Spherical cap",
            fields=(
                Field(
                    "radius_km",
                    "RADIUS_KM",
                    label="Radius (km)",
                    help="Great-circle radius of a cap in kilometres. Used by the geometry sphericalcap.",
                    needed=True,
                    low=0,
                    unit="a number of kilometres above 0",
                    shape=Number(0, 1e6),
                ),
            ),
        ),
        Entry(
            "polygons",
            SpatialPolygonIntersection,
            label="Polygons of a layer",
            fields=(
                Field("polygons", kind="input", always=True, shape=ListOf(Anything(), 1_000_000)),
                Field("crs", kind="input", shape=Either((NOTHING, Text(1 << 16, named="a CRS")))),
            ),
            offered=False,
        ),
    ),
)
