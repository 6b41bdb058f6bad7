"""The parameters that say how chips are cut and blended, shared by all algorithms that do so."""

from ...core.axes.geometry import BOUNDARY
from ...core.axes.sampler import LATTICE
from ...core.axes.window import WINDOWS
from ...core.plan.geometries import GEOMETRIES
from .words import add_fields, choice, choice_of, names_of, read_choice, words_of

WINDOW = WINDOWS.parameter

#: The core's names of these parameters, for its error messages.
NAMES = {
    **names_of(GEOMETRIES),
    **names_of(LATTICE),
    **names_of(WINDOWS),
}


def add_patching(algorithm):
    """Add the parameters of geometry, sampler, window and boundary."""
    add_sizes(algorithm)
    add_window_function(algorithm)
    add_boundary(algorithm)


def add_sizes(algorithm):
    """Add the size of rectangular chips, and how far one lies from the next."""
    size, step = GEOMETRIES.entry("rectangular").keys["size"], LATTICE.entry("regular").keys["step"]
    for pair in zip(size, step):  # first those along rows
        add_fields(algorithm, pair)


def add_window_function(algorithm, before=(), default=WINDOWS.default):
    """Add the choice of the window function, with the options ``before`` in front, and what each of them needs."""
    tr = algorithm.tr
    algorithm.add(
        choice(WINDOW, tr("Window"), (*before, *WINDOWS.names), default),
        tr("How much each pixel of a chip counts where chips overlap: {windows}.").format(
            windows=words_of(algorithm, WINDOWS)
        ),
    )
    add_fields(algorithm, WINDOWS.fields)


def add_boundary(algorithm):
    """Add what happens at the raster's edge."""
    tr = algorithm.tr
    algorithm.add(
        choice_of(BOUNDARY, tr("Boundary")),
        tr("What happens at the raster's edge: {boundaries}.").format(boundaries=words_of(algorithm, BOUNDARY)),
    )


def read_window_function(reader):
    """The chosen :class:`SpatialWindow`."""
    return read_choice(reader, WINDOWS)
