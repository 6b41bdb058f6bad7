"""``patchwise:polygonchips``: an operator on the pixels of polygons, to attributes and to a raster."""

import re
from contextlib import ExitStack
from dataclasses import dataclass, replace

from qgis.core import (
    QgsCoordinateTransform,
    QgsProcessing,
    QgsProcessingException,
    QgsProcessingFeatureSource,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterRasterDestination,
    QgsWkbTypes,
)

from ...core import SpatialPolygonIntersection, ValueType
from ...core.base.configurable import part
from ...core.base.errors import ParameterError
from ...core.base.field_names import longest_name, plain_name
from ...core.operators.base import Operator
from ...core.rasters.commit import CommitGroup
from ...core.rasters.output import check_output, format_of, sink_for
from ...core.rasters.raster import Raster
from ...core.rasters.source_files import SourceFiles
from ...core.records.record import input_record, nodata_record
from ...core.stitch.aggregation import SpatialAggregation
from ...core.zonal.chips import polygon_chips
from ...core.zonal.statistics import STATISTICS as NAMES_OF_STATISTICS
from ..base import JobAlgorithm
from ..bridge import progress, translated, while_wanted
from ..job import not_cancelled, only_used, operator_warnings, output_spec, watch_sources
from ..layers.grid import check_bounded
from ..layers.polygons import checked_features, polygon_mapping, statistics_fields, window_of_source, write_features
from ..parameters.operators import NAMES as OPERATOR_NAMES
from ..parameters.operators import OTHER_INPUTS, add_operator, read_aggregation, read_operator, source_scale
from ..parameters.rasters import NAMES as RASTER_NAMES
from ..parameters.rasters import (
    add_format,
    add_input,
    check_outlines,
    format_notes,
    read_format,
    read_layer,
    read_raster,
)
from ..parameters.reader import Reader
from ..parameters.sources import files_read
from ..parameters.words import choices
from ..results.features import FeatureOutput, check_file_target, file_target
from ..results.report import tell


@dataclass(frozen=True)
class _Task:
    """What the main thread prepared. ``transform`` brings polygons to the raster's CRS."""

    raster: Raster
    operator: Operator
    aggregation: SpatialAggregation
    statistics: tuple
    value_type: ValueType
    source: QgsProcessingFeatureSource
    transform: QgsCoordinateTransform
    stitched: str
    sources: SourceFiles
    config: dict
    notes: tuple
    warnings: tuple
    format: str


class PolygonChips(JobAlgorithm):
    """One masked chip per polygon: statistics as attributes, and where it is wanted the results as a raster."""

    NAME = "polygonchips"
    DISPLAY_NAME = "Polygon chips"
    SHORT = "Runs an operator on the pixels of each polygon and adds statistics of the results to its attributes."
    TAGS = ("raster", "vector", "polygon", "zonal statistics", "parcel", "field", "mask", "chip", "index", "mean")
    HELP = (
        "Each polygon is one chip: the pixels whose centres lie in it. The operator sees these pixels and nothing of "
        "what is around them, and statistics of what it gives become attributes of the polygon, named after the "
        "operator's bands: NDVI_mean, or b1_mean where the result has no name of its own.\n\n"
        "Polygons may be in any CRS, have holes and several parts, and overlap. A polygon that holds no pixel's centre "
        "gets NULL, and the log says how many do. Pixels without data do not count; valid_share says how many of a "
        "polygon's pixels have data.\n\n"
        "The stitched raster holds the results within the polygons on the raster's grid, and nodata elsewhere. Where "
        "polygons overlap, a pixel is the mean of what it is in each, or as the aggregation says.\n\n"
        "Only the windows of the polygons are read. Operators that look at single pixels, such as indices, take "
        "polygons of any size; for all others a polygon has to fit into memory, and is refused if it does not."
    )
    POLYGONS, STATISTICS, OUTPUT, STITCHED = "POLYGONS", "STATISTICS", "OUTPUT", "STITCHED"
    CORE_NAMES = {**OPERATOR_NAMES, **RASTER_NAMES, "polygons": POLYGONS, "statistics": STATISTICS}

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr = self.tr
        add_input(self, extent=False)
        self.add(
            QgsProcessingParameterFeatureSource(
                self.POLYGONS, tr("Polygons"), [QgsProcessing.SourceType.TypeVectorPolygon]
            ),
            tr(
                "The polygons, in any CRS. What is done with invalid geometries is set as for all algorithms: the run "
                "stops, or they are left out."
            ),
        )
        add_operator(self)
        self.add(
            choices(self.STATISTICS, tr("Statistics"), NAMES_OF_STATISTICS, ["count", "mean"]),
            tr(
                "What becomes an attribute, for each band of the operator's result: count of the pixels with data, "
                "sum, mean, std (divided by the count), min, max, median, majority (the most frequent value, of "
                "several the lowest), valid_share (of the polygon's pixels those with data, 0 to 1)."
            ),
        )
        self.add(
            QgsProcessingParameterFeatureSink(
                self.OUTPUT, tr("Polygons with statistics"), QgsProcessing.SourceType.TypeVectorPolygon
            ),
            tr("The polygons as they were, in their order, with the statistics as further attributes."),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                self.STITCHED, tr("Results within the polygons"), optional=True, createByDefault=False
            ),
            tr(
                "Optional raster with the operator's results within the polygons, on the grid of the input; nodata "
                "elsewhere."
            ),
        )
        add_format(self)
        self.addOutput(QgsProcessingOutputNumber("POLYGONS", tr("Number of polygons")))
        self.addOutput(QgsProcessingOutputNumber("WITHOUT_PIXELS", tr("Polygons without a pixel")))

    def make_job(self, reader):
        """What the worker needs; everything wrong is refused."""
        source = reader.needed_source(self.POLYGONS)
        if QgsWkbTypes.geometryType(source.wkbType()) != QgsWkbTypes.GeometryType.PolygonGeometry:
            raise ParameterError(self.POLYGONS, source.sourceName(), "must be a layer of polygons")
        with read_raster(reader, source_scale(reader), OTHER_INPUTS) as raster:
            return self._task(reader, source, raster)

    def _task(self, reader, source, raster):
        check_outlines(raster)
        layer = read_layer(reader)
        stitched = self.output_paths(reader)[self.STITCHED] or ""
        sources = raster.source_files + files_read(reader)
        wanted = read_format(reader)
        if stitched:
            check_output(stitched, sources, self.STITCHED, wanted)
            if layer.providerType() != "gdal":
                check_bounded(layer, raster.domain, self.STITCHED)
        check_file_target(reader, self.OUTPUT, sources)
        operator = read_operator(reader, raster)
        # A model's sizes follow from the polygons, each of which has its own.
        operator = operator.fitted(None)
        aggregation, said = read_aggregation(reader, operator)
        value_type = ValueType("uint8" if operator.categories else raster.dtype.name)
        config = {
            "algorithm": f"patchwise:{self.NAME}",
            "input": input_record(raster),
            "patcher": {"aggregation": part(aggregation)},
            "operator": part(operator),
            "output": {"data_type": value_type.dtype.name, "nodata": nodata_record(value_type)},
        }
        notes = [said] if said else []
        notes += filter(None, [operator.describe()])
        if stitched:
            config["output"]["format"] = format_of(stitched, wanted)
            notes += format_notes(self.tr, format_of(stitched, wanted))
        transform = QgsCoordinateTransform(source.sourceCrs(), layer.crs(), reader.context.transformContext())
        window = window_of_source(source, transform, raster.domain)
        warnings = () if window is None else tuple(operator_warnings(self.tr, raster, window, operator))
        raster, operator = only_used(raster, operator)
        return _Task(
            raster,
            operator,
            aggregation,
            reader.choices(self.STATISTICS),
            value_type,
            source,
            transform,
            stitched,
            sources,
            config,
            tuple(notes),
            warnings,
            wanted,
        )

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: features and pixels are read here, by what the main thread has prepared."""
        reader = Reader(self, parameters, context)
        stitched = self.output_path(reader, self.STITCHED) if self._job.stitched else ""
        task = replace(self._job, stitched=stitched)
        tell(feedback, task.notes, task.warnings)
        with translated(self.CORE_NAMES):
            results = self._run(task, reader, feedback)
        return self.present(results, context, feedback, self._source_name)

    def _run(self, task, reader, feedback):
        features, polygons, places = self._polygons(task, feedback)
        task.raster.follow(feedback)
        with ExitStack() as stack:
            raster = stack.enter_context(task.raster)  # closed whatever fails
            group = stack.enter_context(CommitGroup(not_cancelled(feedback), watch_sources(task.raster, task.operator)))
            sink = stack.enter_context(_raster_sink(task, group)) if task.stitched else None
            found = self._found(task, features, polygons, places, sink, feedback)
            raster.close()  # before outputs take their names: nothing can replace what is open, on Windows
            fields = self._fields(reader, task, _bands(task, found))
            whole = [name == "count" for name in task.statistics] * _bands(task, found)
            values = {} if found is None else dict(zip(places, found.values.reshape(len(places), -1).tolist()))
            for position in [] if found is None else found.left_out:
                values.pop(places[position])
            shape = fields, task.source.wkbType(), task.source.sourceCrs()
            output = FeatureOutput(reader, self.OUTPUT, *shape, group)
            with output:
                write_features(output, features, values, fields, whole, feedback)
        self._say(task, len(features), len(values), found, feedback)
        results = {
            self.OUTPUT: output.target,
            "POLYGONS": len(features),
            "WITHOUT_PIXELS": len(features) - len(values),
        }
        return {**results, self.STITCHED: task.stitched} if task.stitched else results

    def _fields(self, reader, task, bands):
        """The fields of the polygons, then of the statistics of each band of the results."""
        names = [plain_name(name) for name in task.operator.output_names]
        longest = longest_name(file_target(reader, self.OUTPUT))
        names = names if len(names) == bands else [""] * bands
        return statistics_fields(task.source.fields(), names, task.statistics, longest)

    def _polygons(self, task, feedback):
        """``(features, polygons, places)``: polygons in the raster's CRS, and which of the features they are of."""
        features, polygons, places, invalid = [], [], [], []
        for feature in while_wanted(checked_features(task.source, invalid, self._invalid), feedback):
            features.append(feature)
            shape = polygon_mapping(feature.geometry(), task.transform)
            if shape is not None:
                polygons.append(shape)
                places.append(len(features) - 1)
        if invalid:
            text = self.tr("{count} polygons with an invalid geometry were left out, the first is the feature {id}.")
            feedback.pushWarning(text.format(count=f"{len(invalid):,}", id=invalid[0]))
        return features, polygons, places

    def _invalid(self, feature):
        text = self.tr(
            "{name}: the feature {id} has an invalid geometry: repair it, or change the setting for invalid features"
        )
        return QgsProcessingException(text.format(name=self.POLYGONS, id=feature.id()))

    def _found(self, task, features, polygons, places, sink, feedback):
        if not polygons:
            if sink is not None:
                allowed = self.tr("has no polygon that can be brought to the raster: there is nothing to stitch")
                raise ParameterError(self.POLYGONS, len(features), allowed)
            return None
        try:
            return polygon_chips(
                task.raster,
                SpatialPolygonIntersection(while_wanted(polygons, feedback)),
                task.operator,
                task.statistics,
                sink=sink,
                aggregation=task.aggregation,
                progress=progress(feedback),
                cancelled=feedback.isCanceled,
            )
        except ParameterError as error:
            number = re.fullmatch(r"polygon (\d+)", error.parameter)
            if number is None:
                raise
            feature = features[places[int(number[1])]].id()
            text = self.tr("{name}: the feature {id} is {value}: {allowed}")
            text = text.format(name=self.POLYGONS, id=feature, value=error.value, allowed=error.allowed)
            raise QgsProcessingException(text) from error

    def _say(self, task, count, there, found, feedback):
        feedback.pushInfo(self.tr("{count} polygons").format(count=f"{count:,}"))
        if found is not None and found.report is not None:
            text = self.tr("{seconds} s, {size} MB read")
            size = f"{found.report.bytes_read / 1e6:.1f}"
            feedback.pushInfo(text.format(seconds=f"{found.report.seconds:.1f}", size=size))
        if there < count:
            text = self.tr(
                "{count} of {all} polygons hold no centre of a pixel of the raster, or have no geometry: "
                "their statistics are NULL."
            )
            feedback.pushWarning(text.format(count=f"{count - there:,}", all=f"{count:,}"))
        if task.stitched:
            for loss in task.value_type.losses():
                feedback.pushWarning(loss)


def _raster_sink(task, group):
    domain = task.raster.domain.refined(task.operator.scale)
    spec = output_spec(task, task.aggregation, task.stitched, "STITCHED", group=group)
    return sink_for(task.stitched, domain, spec)


def _bands(task, found):
    """The number of bands of the results; where nothing was run, what the operator declares."""
    return (found.values.shape[1] if found is not None else 0) or task.operator.output_bands or 1
