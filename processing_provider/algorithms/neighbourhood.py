"""``patchwise:neighbourhood``: statistics of the neighbourhoods of points."""

from dataclasses import dataclass
from typing import Optional

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProcessingException,
    QgsProcessingFeatureSource,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
)

from ...core import PointField
from ...core.axes.geometry import SpatialGeometry
from ...core.base.errors import ParameterError
from ...core.base.field_names import longest_name
from ...core.points.graph import NEIGHBOURHOODS
from ...core.points.statistics import STATISTICS as CORE_STATISTICS
from ...core.points.statistics import statistics
from ..base import JobAlgorithm
from ..bridge import progress, translated
from ..layers.points import batches, check_points, read_points
from ..layers.polygons import statistics_fields
from ..parameters.reader import Reader
from ..parameters.words import add_fields, choice_of, choices, names_of, read_choice
from ..results.features import FeatureOutput, check_file_target, file_target, number_field

#: Of a run: the share of its time that is done when the points are read, and when the statistics are known.
READ, FOUND = 0.25, 0.55


@dataclass(frozen=True)
class _Job:
    """What the main thread prepares. ``crs``: the one that places are wanted in, None for that of the layer."""

    source: QgsProcessingFeatureSource
    field: str
    geometry: SpatialGeometry
    names: tuple[str, ...]
    crs: Optional[QgsCoordinateReferenceSystem]
    degrees: bool


class Neighbourhood(JobAlgorithm):
    """Gives each point statistics of the points around it."""

    NAME = "neighbourhood"
    DISPLAY_NAME = "Neighbourhood statistics"
    SHORT = "Computes statistics of the nearest points, or of those within a radius, for each point of a layer."
    TAGS = (
        "points",
        "neighbours",
        "neighborhood",
        "k nearest",
        "knn",
        "radius",
        "focal statistics",
        "IDW",
        "haversine",
        "graph",
    )
    HELP = (
        "Gives each point the count, mean, standard deviation, minimum, maximum or median of a field over its "
        "neighbourhood: the k nearest points, or all points within a radius. The point itself is one of them, as the "
        "middle pixel is in a moving window.\n\n"
        "idw is the mean of the neighbours weighted by 1 / distance squared. There the point itself is left out, so "
        "that it says what the others would predict, and comparing it with the point's own value shows outliers.\n\n"
        "What is not known stays unknown: NULL in the field adds nothing to any neighbourhood; a point without a known "
        "neighbour has the count 0 and NULL for the rest; a feature without a place has only NULL. Points at equal "
        "distance are taken in the order of the layer."
    )
    INPUT, FIELD, METRIC, STATISTICS, OUTPUT = "INPUT", "FIELD", "METRIC", "STATISTICS", "OUTPUT"
    CORE_NAMES = {**names_of(NEIGHBOURHOODS), "statistics": STATISTICS}

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr, add = self.tr, self.add
        points = [QgsProcessing.SourceType.TypeVectorPoint]
        add(
            QgsProcessingParameterFeatureSource(self.INPUT, tr("Input points"), points),
            tr("The points. Each feature has one place; a feature of several points is refused. Heights do not count."),
        )
        add(
            QgsProcessingParameterField(
                self.FIELD, tr("Field"), None, self.INPUT, QgsProcessingParameterField.DataType.Numeric
            ),
            tr("The field with the values, a number. NULL is left out."),
        )
        add(
            choice_of(NEIGHBOURHOODS, tr("Neighbourhood")),
            tr("knn (the k nearest points) or radius (all points within a distance)."),
        )
        add_fields(self, sorted(NEIGHBOURHOODS.fields, key=lambda field: len(NEIGHBOURHOODS.uses(field.name))))
        add(
            choices(self.STATISTICS, tr("Statistics"), CORE_STATISTICS, ["count", "mean", "std"]),
            tr(
                "What is computed; each becomes a field, called after the field and the statistic. The count is that "
                "of known values, std is divided by it."
            ),
        )
        add(
            QgsProcessingParameterFeatureSink(self.OUTPUT, tr("Points with statistics"), points[0]),
            tr("The points with all their fields, and those of the statistics behind them."),
        )

    def check_job(self, job, reader):
        """Refuse a file that cannot be written."""
        check_file_target(reader, self.OUTPUT)

    def make_job(self, reader):
        """What the worker needs; the layer becomes a source of features."""
        source = reader.needed_source(self.INPUT)
        check_points(source, self.INPUT)
        field = number_field(source.fields(), reader.text(self.FIELD), self.FIELD)
        spherical = reader.text(self.METRIC) == "haversine"
        crs = source.sourceCrs()
        if spherical and not crs.isValid():
            raise ParameterError("metric", "haversine", "needs points in a known CRS: give the layer one")
        return _Job(
            source,
            field,
            read_choice(reader, NEIGHBOURHOODS),
            reader.choices(self.STATISTICS),
            QgsCoordinateReferenceSystem("EPSG:4326") if spherical else None,
            crs.isGeographic() and not spherical,
        )

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: read all points, find their neighbours, write all points."""
        job, report = self._job, progress(feedback)
        if job.degrees:
            text = self.tr(
                "The layer's CRS counts in degrees, which are not equally long everywhere: the metric "
                "haversine measures in kilometres."
            )
            feedback.pushWarning(text)
        with translated(self.CORE_NAMES):
            points = read_points(job.source, job.field, job.crs, context, feedback, lambda share: report(READ * share))
            known = ~np.isnan(points.places[:, 0])
            results = _statistics(job, points, known, feedback, lambda s: report(READ + (FOUND - READ) * s))
            self._say(job, points, known, feedback)
            target = self._write(Reader(self, parameters, context), feedback, points, results)
        titles = self.titles_of(self.OUTPUT, self.tr("neighbourhoods of {name}"))
        return self.present({self.OUTPUT: target}, context, feedback, titles=titles)

    def _say(self, job, points, known, feedback):
        values = points.values[known]
        text = self.tr("{count} points, of which {unknown} have no value in {field}")
        unknown = int(np.isnan(values).sum())
        feedback.pushInfo(text.format(count=f"{len(values):,}", unknown=f"{unknown:,}", field=job.field))
        if len(values) < len(known):
            text = self.tr("{count} features have no place, and get no statistics.")
            feedback.pushWarning(text.format(count=f"{len(known) - len(values):,}"))

    def _write(self, reader, feedback, points, results):
        job, report = self._job, progress(feedback)
        longest = longest_name(file_target(reader, self.OUTPUT))
        fields = statistics_fields(job.source.fields(), (job.field,), job.names, longest)
        sink = FeatureOutput(reader, self.OUTPUT, fields, job.source.wkbType(), job.source.sourceCrs())
        first, done = job.source.fields().count(), 0
        rows_of = _Rows(points.ids)
        with sink:
            for batch in batches(job.source.getFeatures(), feedback):
                rows = rows_of(done, [feature.id() for feature in batch])
                columns = [_objects(name, results[name][rows]) for name in job.names]
                for feature, *values in zip(batch, *columns):
                    feature.resizeAttributes(fields.count())
                    for index, value in enumerate(values, first):
                        feature[index] = value
                sink.add(batch)
                done += len(batch)
                report(FOUND + (1 - FOUND) * min(1, done / max(len(points.ids), 1)))
        return sink.target


def _statistics(job, points, known, feedback, report):
    """The statistics of all features by name, NaN for those without a place."""
    results = {name: np.full(len(known), np.nan) for name in job.names}
    if known.any():
        field = PointField(points.places[known], points.values[known])
        found = statistics(field, job.geometry, job.names, report, feedback.isCanceled, of_others=("idw",))
        for name, values in found.items():
            results[name][known] = values
    return results


def _objects(name, values):
    """The values of a field as a list, None where unknown."""
    if name == "count":
        return [None if value != value else int(value) for value in values.tolist()]
    return [None if value != value else value for value in values.tolist()]


class _Rows:
    """Positions of features that are read a second time: a database may give them in another order."""

    def __init__(self, ids):
        self._ids, self._order = ids, None

    def __call__(self, done, ids):
        """Positions of features ``ids`` in the first reading; ``done`` were asked for before."""
        ids = np.array(ids, np.int64)
        if np.array_equal(self._ids[done : done + len(ids)], ids):
            return np.arange(done, done + len(ids))
        if self._order is None:
            self._order = np.argsort(self._ids, kind="stable")
        if len(self._ids):
            places = np.searchsorted(self._ids, ids, sorter=self._order)
            rows = self._order[np.minimum(places, len(self._order) - 1)]
            if np.array_equal(self._ids[rows], ids):
                return rows
        raise QgsProcessingException("INPUT was changed while it was read: run the algorithm again")
