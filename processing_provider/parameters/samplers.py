"""The parameters of geometry and sampler, shared by the algorithms that place chips of any kind anywhere."""

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
)

from ...core import (
    SpatialBoxcar,
    SpatialExplicit,
    SpatialJitteredStride,
    SpatialPatcher,
    SpatialPoissonDisk,
    SpatialRandom,
    SpatialRegularStride,
    SpatialSphericalCap,
)
from ...core.base.errors import ParameterError
from ..layers.points import check_points
from .patching import NAMES as PATCHING_NAMES
from .patching import (
    WINDOW,
    add_boundary,
    add_sizes,
    read_patcher,
    read_rectangle,
    read_stride,
    read_window_of_chips,
)

GEOMETRY, RADIUS_KM, SAMPLER, JITTER, COUNT = "GEOMETRY", "RADIUS_KM", "SAMPLER", "JITTER", "COUNT"
MIN_DISTANCE, SEED, ANCHORS = "MIN_DISTANCE", "SEED", "ANCHORS"
GEOMETRIES = ("rectangular", "sphericalcap")
SAMPLERS = ("regular", "jittered", "random", "poissondisk", "points")

#: The core's names of these parameters and of those of patching, for its error messages.
NAMES = {
    **PATCHING_NAMES,
    "radius_km": RADIUS_KM,
    "jitter": JITTER,
    "count": COUNT,
    "min_distance": MIN_DISTANCE,
    "seed": SEED,
    "anchors": ANCHORS,
    "sampler": SAMPLER,
    "window": WINDOW,
}


def add_geometry(algorithm, advanced=False):
    """Add what a chip is; :func:`add_radius` and ``patching.add_sizes`` add how large."""
    tr = algorithm.tr
    algorithm.add(
        _choice(GEOMETRY, tr("Geometry"), GEOMETRIES, "rectangular"),
        tr("What a chip is: a rectangle of pixels, or a spherical cap, all pixels within a distance on the Earth of "
           "its anchor, whatever the raster's CRS."),
        advanced,
    )  # fmt: skip


def add_radius(algorithm, advanced=False):
    """Add the size of spherical caps."""
    tr, double = algorithm.tr, QgsProcessingParameterNumber.Type.Double
    algorithm.add(
        QgsProcessingParameterNumber(RADIUS_KM, tr("Radius (km)"), double, None, True, 0),
        tr("Great-circle radius of a cap in kilometres. Used by the geometry sphericalcap."),
        advanced,
    )


def add_geometry_and_sampler(algorithm):
    """Add what a chip is, where the chips lie, and what happens at the raster's edge; see ``patching.add_window``."""
    tr, add = algorithm.tr, algorithm.add
    integer, double = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double
    add_geometry(algorithm)
    add_sizes(algorithm)
    add_radius(algorithm)
    add(
        _choice(SAMPLER, tr("Sampler"), SAMPLERS, "regular"),
        tr("Where the chips lie: regular (every stride pixels), jittered (the same, each moved at random), random, "
           "poissondisk (random, no two closer than a distance), points (at the points of a layer)."),
    )  # fmt: skip
    add(
        QgsProcessingParameterNumber(JITTER, tr("Jitter (pixels)"), integer, 32, False, 0),
        tr("Most pixels by which a chip is moved either way. Chips leave no gap while the stride and twice the jitter "
           "are at most the chip size. Used by the sampler jittered."),
    )  # fmt: skip
    add(
        QgsProcessingParameterNumber(COUNT, tr("Number of chips"), integer, 100, False, 1),
        tr("How many chips are drawn. Used by the sampler random."),
    )
    add(
        QgsProcessingParameterNumber(MIN_DISTANCE, tr("Least distance (pixels)"), double, 256.0, False, 1),
        tr("Least distance between the anchors of two chips in pixels. Used by the sampler poissondisk."),
    )
    add(
        QgsProcessingParameterNumber(SEED, tr("Seed"), integer, 0, False, 0),
        tr("Number that the random places follow from: the same seed gives the same chips on every machine. Used by "
           "the samplers jittered, random and poissondisk."),
    )  # fmt: skip
    add(
        QgsProcessingParameterFeatureSource(
            ANCHORS, tr("Anchors"), [QgsProcessing.SourceType.TypeVectorPoint], optional=True
        ),
        tr("Points, in any CRS, one chip each: the upper-left pixel of a rectangle, the centre of a cap. All must lie "
           "on the raster. Used by the sampler points."),
    )  # fmt: skip
    add_boundary(algorithm)


def read_sampled_patcher(algorithm, parameters, context, raster):
    """The patcher of the chosen parameters for ``raster`` (anything with a ``domain``); main thread.

    An algorithm without the parameter WINDOW gets the boxcar. Whether chips fit the raster is seen when the plan is
    made.
    """
    cap = algorithm.parameterAsString(parameters, GEOMETRY, context) == "sphericalcap"
    chips = _cap(algorithm, parameters, context) if cap else read_rectangle(algorithm, parameters, context)
    blended = algorithm.parameterDefinition(WINDOW) is not None
    window = read_window_of_chips(algorithm, parameters, context) if blended else SpatialBoxcar()
    return SpatialPatcher(chips, _sampler(algorithm, parameters, context, raster), window)


def read_regular_patcher(algorithm, parameters, context):
    """The patcher of rectangles or caps on a regular lattice; it needs no raster."""
    if algorithm.parameterAsString(parameters, GEOMETRY, context) != "sphericalcap":
        return read_patcher(algorithm, parameters, context)
    sampler = SpatialRegularStride(read_stride(algorithm, parameters, context))
    return SpatialPatcher(
        _cap(algorithm, parameters, context), sampler, read_window_of_chips(algorithm, parameters, context)
    )


def _cap(algorithm, parameters, context):
    if parameters.get(RADIUS_KM) in (None, ""):
        raise ParameterError(RADIUS_KM, None, "GEOMETRY=sphericalcap needs a number of kilometres above 0")
    return SpatialSphericalCap(algorithm.parameterAsDouble(parameters, RADIUS_KM, context))


def _sampler(algorithm, parameters, context, raster):
    kind = algorithm.parameterAsString(parameters, SAMPLER, context)
    seed = algorithm.parameterAsInt(parameters, SEED, context)
    if kind == "jittered":
        jitter = algorithm.parameterAsInt(parameters, JITTER, context)
        return SpatialJitteredStride(read_stride(algorithm, parameters, context), jitter, seed)
    if kind == "random":
        return SpatialRandom(algorithm.parameterAsInt(parameters, COUNT, context), seed)
    if kind == "poissondisk":
        return SpatialPoissonDisk(algorithm.parameterAsDouble(parameters, MIN_DISTANCE, context), seed)
    if kind == "points":
        return _points(algorithm, parameters, context, raster)
    return SpatialRegularStride(read_stride(algorithm, parameters, context))


def _points(algorithm, parameters, context, raster):
    """The layer's points as anchors; in a layer without a CRS they are taken to be in the raster's."""
    if parameters.get(ANCHORS) in (None, ""):
        raise ParameterError(ANCHORS, None, "SAMPLER=points needs a layer of points")
    source = algorithm.parameterAsSource(parameters, ANCHORS, context)
    if source is None:
        raise ParameterError(ANCHORS, str(parameters[ANCHORS]), "must be a layer of points that can be read")
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


def _choice(name, description, options, default):
    return QgsProcessingParameterEnum(
        name, description, options=list(options), defaultValue=default, usesStaticStrings=True
    )
