"""The parameters of geometry and sampler, shared by the algorithms that place chips of any kind anywhere."""

from qgis.core import QgsCoordinateReferenceSystem

from ...core import SpatialBoxcar, SpatialExplicit, SpatialPatcher
from ...core.axes.sampler import LATTICE, SAMPLERS
from ...core.base.errors import ParameterError
from ...core.plan.geometries import GEOMETRIES
from ..layers.points import check_points
from .patching import NAMES as PATCHING_NAMES
from .patching import WINDOW, add_boundary, add_sizes, read_window_function
from .words import add_fields, choice_of, names_of, read_choice, read_fields, words_of

ANCHORS = "ANCHORS"

#: The core's names of these parameters and of those of patching, for its error messages.
NAMES = {
    **PATCHING_NAMES,
    **names_of(SAMPLERS),
    SAMPLERS.axis: SAMPLERS.parameter,
    "window": WINDOW,
}


def add_geometry(algorithm, advanced=False):
    """Add what a chip is; :func:`add_radius` and ``patching.add_sizes`` add how large."""
    tr = algorithm.tr
    algorithm.add(
        choice_of(GEOMETRIES, tr("Geometry")),
        tr(
            "What a chip is: a rectangle of pixels, or a spherical cap, all pixels within a distance on the Earth of "
            "its anchor, whatever the raster's CRS."
        ),
        advanced,
    )


def add_radius(algorithm, advanced=False):
    """Add the size of spherical caps."""
    add_fields(algorithm, GEOMETRIES.entry("sphericalcap").fields, advanced)


def add_geometry_and_sampler(algorithm):
    """Add what a chip is, where the chips lie, and what happens at the raster's edge."""
    tr = algorithm.tr
    add_geometry(algorithm)
    add_sizes(algorithm)
    add_radius(algorithm)
    algorithm.add(
        choice_of(SAMPLERS, tr("Sampler")),
        tr("Where the chips lie: {samplers}.").format(samplers=words_of(algorithm, SAMPLERS)),
    )
    own = [field for field in SAMPLERS.fields if field not in LATTICE.fields]
    # The seed, which several have, stands behind what one has alone.
    add_fields(algorithm, sorted(own, key=lambda field: (field.kind == "points", len(SAMPLERS.uses(field.name)))))
    add_boundary(algorithm)


def read_sampled_patcher(reader, raster):
    """The patcher of the chosen parameters for ``raster`` (anything with a ``domain``); main thread.

    An algorithm without the parameter WINDOW gets the boxcar. Whether chips fit the raster is seen when the plan is
    made.
    """
    chips = read_choice(reader, GEOMETRIES)
    window_function = read_window_function(reader) if reader.has(WINDOW) else SpatialBoxcar()
    return SpatialPatcher(chips, _sampler(reader, raster), window_function)


def read_regular_patcher(reader):
    """The patcher of rectangles or caps on a regular lattice; it needs no raster."""
    step = read_fields(reader, LATTICE.fields)
    return SpatialPatcher(
        geometry=read_choice(reader, GEOMETRIES),
        sampler=LATTICE.make(LATTICE.default, step),
        window=read_window_function(reader),
    )


def _sampler(reader, raster):
    if reader.text(SAMPLERS.parameter) == "points":
        return _points(reader, raster)
    return read_choice(reader, SAMPLERS)


def _points(reader, raster):
    """The layer's points as anchors; in a layer without a CRS they are taken to be in the raster's."""
    given = SAMPLERS.given("points", ANCHORS, reader.parameters)
    source = reader.source(ANCHORS)
    if source is None:
        raise ParameterError(ANCHORS, str(given), "must be a layer of points that can be read")
    check_points(source, ANCHORS)
    points = [(point.x(), point.y()) for feature in source.getFeatures() for point in feature.geometry().vertices()]
    if not points:
        raise ParameterError(ANCHORS, source.sourceName(), "must have at least one point")
    return SpatialExplicit(points, _crs_text(source.sourceCrs()) or raster.domain.crs)


def _crs_text(crs):
    """What the core takes for a CRS of QGIS; "" for none."""
    if not crs.isValid():
        return ""
    name = crs.authid()  # one of the user's own, USER:100000, means nothing outside of this QGIS
    variant = QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED
    return name if name and not name.startswith("USER:") else crs.toWkt(variant)
