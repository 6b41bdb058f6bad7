"""The parameters that say how chips are cut and blended, shared by all algorithms that do so."""

from qgis.core import QgsProcessingParameterNumber

from ...core import SpatialPatcher, SpatialRectangular, SpatialRegularStride
from ...core.axes.window import WINDOWS
from .words import add_fields, choice, names_of, read_choice, words_of

CHIP_SIZE, STRIDE, CHIP_WIDTH, STRIDE_X = "CHIP_SIZE", "STRIDE", "CHIP_WIDTH", "STRIDE_X"
WINDOW = WINDOWS.parameter
BOUNDARY = "BOUNDARY"
BOUNDARIES = ("shift", "reflect", "pad", "shrink", "drop")

#: The core's names of these parameters, for its error messages.
NAMES = {
    "chip size": CHIP_SIZE,
    "stride": STRIDE,
    **names_of(WINDOWS),
    "boundary": BOUNDARY,
}


def add_patching(algorithm):
    """Add the parameters of geometry, sampler, window and boundary."""
    add_sizes(algorithm)
    add_window(algorithm)
    add_boundary(algorithm)


def add_sizes(algorithm):
    """Add the size of rectangular chips, and how far one lies from the next."""
    tr, add = algorithm.tr, algorithm.add
    add(
        _integer(CHIP_SIZE, tr("Chip size (pixels)"), 256),
        tr("Height and width of a chip in pixels. The operator sees one chip at a time."),
    )
    add(
        _integer(STRIDE, tr("Stride (pixels)"), 128),
        tr("Distance from one chip to the next in pixels. Below the chip size chips overlap and are blended; above it "
           "there are gaps, which become nodata."),
    )  # fmt: skip
    add(
        _integer(CHIP_WIDTH, tr("Chip width, if other than the height (pixels)"), None),
        tr("Width of a chip in pixels where chips are not square; the chip size is then the height."),
        advanced=True,
    )
    add(
        _integer(STRIDE_X, tr("Stride along columns, if other than along rows (pixels)"), None),
        tr("Distance from one chip to the next along the columns; the stride is then that along the rows."),
        advanced=True,
    )


def add_window(algorithm, before=(), default=WINDOWS.default):
    """Add the choice of the window, after the options ``before``, and what each of them needs."""
    tr = algorithm.tr
    algorithm.add(
        choice(WINDOW, tr("Window"), (*before, *WINDOWS.names), default),
        tr("How much each pixel of a chip counts where chips overlap: {windows}.").format(
            windows=words_of(algorithm, WINDOWS)
        ),
    )
    add_fields(algorithm, WINDOWS)


def add_boundary(algorithm):
    """Add what happens at the raster's edge."""
    tr, add = algorithm.tr, algorithm.add
    add(
        choice(BOUNDARY, tr("Boundary"), BOUNDARIES, "shift"),
        tr("What happens at the raster's edge: shift (the last chip moves inward; real data, nothing uncovered), "
           "reflect (chips reach over the edge into the mirrored raster), pad (into nodata), shrink (chips are cut), "
           "drop (chips that do not fit are left out, and the rest is nodata)."),
    )  # fmt: skip


def read_patcher(algorithm, parameters, context):
    """The patcher of the chosen parameters."""
    return SpatialPatcher(
        geometry=read_rectangle(algorithm, parameters, context),
        sampler=SpatialRegularStride(read_stride(algorithm, parameters, context)),
        window=read_window_of_chips(algorithm, parameters, context),
    )


def read_rectangle(algorithm, parameters, context):
    """Rectangular chips of the chosen size and boundary."""
    size = _pair(algorithm, parameters, context, CHIP_SIZE, CHIP_WIDTH)
    return SpatialRectangular(size, algorithm.parameterAsString(parameters, BOUNDARY, context))


def read_stride(algorithm, parameters, context):
    """``(rows, cols)`` from one chip to the next."""
    return _pair(algorithm, parameters, context, STRIDE, STRIDE_X)


def _pair(algorithm, parameters, context, name, along_columns):
    """Two whole numbers; the second is the first where it is not given."""
    given = parameters.get(along_columns) not in (None, "")
    names = (name, along_columns if given else name)
    return tuple(algorithm.parameterAsInt(parameters, each, context) for each in names)


def read_window_of_chips(algorithm, parameters, context):
    """The chosen window."""
    return read_choice(algorithm, parameters, context, WINDOWS)


def _integer(name, description, default):
    kind = QgsProcessingParameterNumber.Type.Integer
    return QgsProcessingParameterNumber(name, description, kind, default, default is None, 1)
