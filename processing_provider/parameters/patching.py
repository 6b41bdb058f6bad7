"""The parameters that say how chips are cut and blended, shared by all algorithms that do so."""

from qgis.core import QgsProcessingParameterEnum, QgsProcessingParameterNumber, QgsProcessingParameterString

from ...core import (
    SpatialBoxcar,
    SpatialCustom,
    SpatialGaussian,
    SpatialHann,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialTukey,
)
from ...core.base.errors import ParameterError

CHIP_SIZE, STRIDE, CHIP_WIDTH, STRIDE_X = "CHIP_SIZE", "STRIDE", "CHIP_WIDTH", "STRIDE_X"
WINDOW, TUKEY_ALPHA, GAUSSIAN_SIGMA, CUSTOM_WINDOW = "WINDOW", "TUKEY_ALPHA", "GAUSSIAN_SIGMA", "CUSTOM_WINDOW"
BOUNDARY = "BOUNDARY"
WINDOWS = ("boxcar", "hann", "tukey", "gaussian", "custom")
BOUNDARIES = ("shift", "reflect", "pad", "shrink", "drop")

#: The core's names of these parameters, for its error messages.
NAMES = {
    "chip size": CHIP_SIZE,
    "stride": STRIDE,
    "custom window": CUSTOM_WINDOW,
    "alpha": TUKEY_ALPHA,
    "sigma": GAUSSIAN_SIGMA,
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


def add_window(algorithm, options=WINDOWS, default="hann"):
    """Add the choice of the window, and what each of them needs."""
    tr, add = algorithm.tr, algorithm.add
    add(
        _choice(WINDOW, tr("Window"), options, default),
        tr("How much each pixel of a chip counts where chips overlap: boxcar (all alike), hann (smooth, from the "
           "middle to nearly nothing at the edge), tukey (flat with cosine flanks), gaussian, or custom."),
    )  # fmt: skip
    add(
        _number(TUKEY_ALPHA, tr("Tukey: share of the flanks"), 0.5, 0, 1),
        tr("Share of the chip that the two cosine flanks take: 0 is boxcar, 1 is hann. Used by the window tukey."),
    )
    add(
        _number(GAUSSIAN_SIGMA, tr("Gaussian: sigma (half-widths of the chip)"), 0.5, 0.04, None),
        tr("Standard deviation in half-widths of the chip. Used by the window gaussian."),
    )
    add(
        QgsProcessingParameterString(CUSTOM_WINDOW, tr("Custom window: expression in x, y, r"), optional=True),
        tr("Weights as an expression in x and y (-1 to 1 from edge to edge) and r = sqrt(x*x + y*y), such as "
           "exp(-3*r**2) or where(r < 1, 1, 0). At least 0; where it is 0 the chip does not count. Used by the window "
           "custom."),
        advanced=True,
    )  # fmt: skip


def add_boundary(algorithm):
    """Add what happens at the raster's edge."""
    tr, add = algorithm.tr, algorithm.add
    add(
        _choice(BOUNDARY, tr("Boundary"), BOUNDARIES, "shift"),
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
    kind = algorithm.parameterAsString(parameters, WINDOW, context)
    if kind == "tukey":
        return SpatialTukey(algorithm.parameterAsDouble(parameters, TUKEY_ALPHA, context))
    if kind == "gaussian":
        return SpatialGaussian(algorithm.parameterAsDouble(parameters, GAUSSIAN_SIGMA, context))
    if kind == "custom":
        text = algorithm.parameterAsString(parameters, CUSTOM_WINDOW, context)
        if not text.strip():
            raise ParameterError("custom window", text, "WINDOW=custom needs an expression in x, y and r")
        return SpatialCustom(text)
    return SpatialBoxcar() if kind == "boxcar" else SpatialHann()


def _integer(name, description, default):
    kind = QgsProcessingParameterNumber.Type.Integer
    return QgsProcessingParameterNumber(name, description, kind, default, default is None, 1)


def _number(name, description, default, low, high):
    kind = QgsProcessingParameterNumber.Type.Double
    limits = (low,) if high is None else (low, high)
    return QgsProcessingParameterNumber(name, description, kind, default, False, *limits)


def _choice(name, description, options, default):
    return QgsProcessingParameterEnum(
        name, description, options=list(options), defaultValue=default, usesStaticStrings=True
    )
