"""The aggregations of rasters, as they can be chosen."""

from __future__ import annotations

from ..base.shape import MOST_BANDS, MOST_PIXELS, NOTHING, Either, Row, Text, Whole
from ..base.vocabulary import Entry, Field, Vocabulary
from .aggregation import (
    SpatialInvVarWeightedMean,
    SpatialMax,
    SpatialMean,
    SpatialMedian,
    SpatialMin,
    SpatialOverlapAdd,
    SpatialSum,
    SpatialVariance,
    SpatialWeightedSum,
)
from .votes import SpatialHardVote, SpatialSoftVote

_PIXELS = Whole(1, MOST_PIXELS)

#: The aggregations that can be chosen. Their own parameters are for scripts and configurations.
AGGREGATIONS = Vocabulary(
    "aggregation",
    "AGGREGATION",
    "overlapadd",
    (
        Entry(
            "overlapadd",
            SpatialOverlapAdd,
            label="Weighted mean",
            fields=(
                Field("streaming", kind="flag", default=False),
                Field("target_path", kind="text", shape=Either((NOTHING, Text(1 << 16, named="a path")))),
                Field("chunks", shape=Either((NOTHING, Row((_PIXELS, _PIXELS))))),
                Field("normalize_by_window", kind="flag", default=True),
            ),
        ),
        Entry("mean", SpatialMean, label="Mean"),
        Entry("sum", SpatialSum, label="Sum"),
        Entry("min", SpatialMin, label="Minimum"),
        Entry("max", SpatialMax, label="Maximum"),
        Entry("median", SpatialMedian, label="Median"),
        Entry(
            "hardvote",
            SpatialHardVote,
            label="Vote of labels",
            fields=(Field("classes", kind="whole", shape=Either((NOTHING, Whole(1, MOST_BANDS)))),),
        ),
        Entry(
            "softvote",
            SpatialSoftVote,
            label="Vote of probabilities",
            fields=(Field("probability", kind="flag", default=False),),
        ),
        Entry("weightedsum", SpatialWeightedSum, offered=False),
        Entry(
            "variance",
            SpatialVariance,
            fields=(
                Field("weighted", kind="flag", default=False),
                Field("ddof", kind="whole", default=0, low=0, high=1000),
            ),
            offered=False,
        ),
        Entry(
            "invvarweightedmean",
            SpatialInvVarWeightedMean,
            fields=(Field("variances", kind="flag", default=False),),
            offered=False,
        ),
    ),
)
