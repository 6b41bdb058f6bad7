"""The patcher: pure Python on numpy, without QGIS.

The names are those of the specification; see ``docs/architecture.md`` for how they fit together.
"""

from .aggregation import (
    SpatialInvVarWeightedMean,
    SpatialLearned,
    SpatialMax,
    SpatialMean,
    SpatialMedian,
    SpatialMin,
    SpatialOverlapAdd,
    SpatialSum,
    SpatialVariance,
    SpatialWeightedSum,
)
from .by_index import SpatialByIndex
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
    SourceChangedError,
    StacError,
    UserCodeError,
)
from .field_patches import PointPatch
from .fields import RasterField
from .geometry import SpatialRectangular
from .geotensor import GeoTensor
from .graph import SpatialKNNGraph, SpatialRadiusGraph
from .operators import (
    Category,
    Change,
    Classify,
    Expression,
    Fanout,
    Index,
    Lambda,
    Onnx,
    Operator,
    PythonFile,
    Sequential,
)
from .patch import Patch
from .patch_ops import ApplyToChips, GridSampler, Stitch
from .patcher import SpatialPatcher
from .polygons import SpatialPolygonIntersection
from .raster_io import GeoTiffSink, RasterFile
from .remote import Network
from .sampler import (
    SpatialExplicit,
    SpatialJitteredStride,
    SpatialPoissonDisk,
    SpatialRandom,
    SpatialRegularStride,
)
from .sentinel_items import S2Item
from .sentinel_scene import S2Scene, S2TimeStack
from .sinks import ArraySink
from .spherical import SpatialSphericalCap
from .stac import LAKE_TAHOE_BBOX, find_s2_scene, load_s2_chip, load_s2_timestack, search_s2
from .stacked import StackedRaster
from .stream import StreamReport, stream
from .values import ValueType
from .vector_fields import PointDomain, PointField, VectorField
from .votes import SpatialHardVote, SpatialSoftVote
from .window import SpatialBoxcar, SpatialCustom, SpatialGaussian, SpatialHann, SpatialTukey
from .zarr_sink import ZarrResult, ZarrSink

__all__ = [
    "LAKE_TAHOE_BBOX",
    "ApplyToChips",
    "ArraySink",
    "Cancelled",
    "Category",
    "Change",
    "Classify",
    "Expression",
    "ExpressionError",
    "Fanout",
    "GeoTensor",
    "GeoTiffSink",
    "GridSampler",
    "Index",
    "Lambda",
    "MissingPackageError",
    "Network",
    "Onnx",
    "Operator",
    "OperatorError",
    "ParameterError",
    "Patch",
    "PatchwiseError",
    "PlanError",
    "PointDomain",
    "PointField",
    "PointPatch",
    "PythonFile",
    "RasterField",
    "RasterFile",
    "RasterReadError",
    "RasterWriteError",
    "S2Item",
    "S2Scene",
    "S2TimeStack",
    "Sequential",
    "SourceChangedError",
    "SpatialBoxcar",
    "SpatialByIndex",
    "SpatialCustom",
    "SpatialExplicit",
    "SpatialGaussian",
    "SpatialHann",
    "SpatialHardVote",
    "SpatialInvVarWeightedMean",
    "SpatialJitteredStride",
    "SpatialKNNGraph",
    "SpatialLearned",
    "SpatialMax",
    "SpatialMean",
    "SpatialMedian",
    "SpatialMin",
    "SpatialOverlapAdd",
    "SpatialPatcher",
    "SpatialPoissonDisk",
    "SpatialPolygonIntersection",
    "SpatialRadiusGraph",
    "SpatialRandom",
    "SpatialRectangular",
    "SpatialRegularStride",
    "SpatialSoftVote",
    "SpatialSphericalCap",
    "SpatialSum",
    "SpatialTukey",
    "SpatialVariance",
    "SpatialWeightedSum",
    "StacError",
    "StackedRaster",
    "Stitch",
    "StreamReport",
    "UserCodeError",
    "ValueType",
    "VectorField",
    "ZarrResult",
    "ZarrSink",
    "config_hash",
    "find_s2_scene",
    "from_config",
    "from_yaml",
    "load_s2_chip",
    "load_s2_timestack",
    "search_s2",
    "stream",
    "to_config",
    "to_yaml",
]
