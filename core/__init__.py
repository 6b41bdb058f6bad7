"""The patcher: pure Python on numpy, without QGIS.

The names are those of the specification; see ``docs/architecture.md`` for how they fit together.
"""

from .aggregation import SpatialOverlapAdd
from .config import config_hash, from_config, from_yaml, to_config, to_yaml
from .errors import (
    Cancelled,
    ExpressionError,
    MissingPackageError,
    OperatorError,
    ParameterError,
    PatchwiseError,
    PlanError,
    RasterReadError,
    RasterWriteError,
)
from .fields import RasterField
from .geometry import SpatialRectangular
from .geotensor import GeoTensor
from .operators import Expression, Fanout, Lambda, Operator, Sequential
from .patch import Patch
from .patch_ops import ApplyToChips, GridSampler, Stitch
from .patcher import SpatialPatcher
from .raster_io import GeoTiffSink, RasterFile
from .sampler import SpatialRegularStride
from .sinks import ArraySink
from .stream import StreamReport, stream
from .values import ValueType
from .window import SpatialBoxcar, SpatialCustom, SpatialGaussian, SpatialHann, SpatialTukey

__all__ = [
    "ApplyToChips",
    "ArraySink",
    "Cancelled",
    "Expression",
    "ExpressionError",
    "Fanout",
    "GeoTensor",
    "GeoTiffSink",
    "GridSampler",
    "Lambda",
    "MissingPackageError",
    "Operator",
    "OperatorError",
    "ParameterError",
    "Patch",
    "PatchwiseError",
    "PlanError",
    "RasterField",
    "RasterFile",
    "RasterReadError",
    "RasterWriteError",
    "Sequential",
    "SpatialBoxcar",
    "SpatialCustom",
    "SpatialGaussian",
    "SpatialHann",
    "SpatialOverlapAdd",
    "SpatialPatcher",
    "SpatialRectangular",
    "SpatialRegularStride",
    "SpatialTukey",
    "Stitch",
    "StreamReport",
    "ValueType",
    "config_hash",
    "from_config",
    "from_yaml",
    "stream",
    "to_config",
    "to_yaml",
]
