"""The patcher: pure Python on numpy, without QGIS.

The names are those of the specification; see ``docs/architecture.md`` for how they fit together.
"""

from .axes.sampler import (
    SpatialExplicit,
    SpatialJitteredStride,
    SpatialPoissonDisk,
    SpatialRandom,
    SpatialRegularStride,
)
from .axes.window import *  # noqa: F403 - its __all__
from .axes.window import __all__ as _windows
from .base.config import config_hash, from_config, from_yaml, to_config, to_yaml
from .base.errors import (
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
from .grid.geotensor import GeoTensor
from .grid.raster_field import RasterField
from .loop.patcher import SpatialPatcher
from .loop.stages import ApplyToChips, GridSampler, Stitch
from .loop.stitcher import StreamReport
from .loop.stream import stream
from .operators import (
    Category,
    Change,
    Classify,
    Expression,
    Fanout,
    Identity,
    Index,
    Lambda,
    Onnx,
    Operator,
    PythonFile,
    Sequential,
)
from .plan.caps import SpatialSphericalCap
from .plan.patch import Patch
from .plan.polygons import SpatialPolygonIntersection
from .plan.rectangles import SpatialRectangular
from .points.by_index import SpatialByIndex
from .points.fields import PointDomain, PointField, VectorField
from .points.graph import SpatialKNNGraph, SpatialRadiusGraph
from .points.patches import PointPatch
from .rasters.file import RasterFile
from .rasters.geotiff import GeoTiffSink
from .rasters.memory import ArraySink
from .rasters.stack import StackedRaster
from .rasters.values import ValueType
from .rasters.zarr import ZarrResult, ZarrSink
from .records import shapes as _shapes  # noqa: F401 - it says what configurations may look like
from .sentinel2.items import S2Item
from .sentinel2.remote import Network
from .sentinel2.scene import S2Scene, S2TimeStack
from .sentinel2.stac import LAKE_TAHOE_BBOX, find_s2_scene, load_s2_chip, load_s2_timestack, search_s2
from .stitch.aggregation import (
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
from .stitch.votes import SpatialHardVote, SpatialSoftVote

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
    "Identity",
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
    "SpatialByIndex",
    "SpatialExplicit",
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
__all__ += _windows
