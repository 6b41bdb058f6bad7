"""``patchwise:runconfig``: a run that is repeated from its result, or described by a file."""

import os
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from qgis.core import (
    QgsProcessingOutputNumber,
    QgsProcessingParameterFile,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
)

from ...core import RasterFile
from ...core.base.errors import ParameterError
from ...core.rasters.output import AUTO, check_output, format_of, suits
from ...core.rasters.stack import StackedRaster
from ...core.records.rerun import check_trust, found_raster, read_file, read_recipe, read_tag
from ..base import JobAlgorithm, is_temporary
from ..bridge import raster_path, read_by_qgis, translated
from ..job import job_of, perform
from ..layers.grid import has_pixels
from ..layers.source import LayerSource
from ..layers.view import raster_file
from ..parameters.rasters import add_format, read_format
from ..parameters.reader import Reader
from ..parameters.sources import files_read
from ..trust import TRUST, add_trust, agreed, read_trust


class RunConfig(JobAlgorithm):
    """Repeats a run of the sliding window from the tags of its result or from a file."""

    NAME = "runconfig"
    DISPLAY_NAME = "Run configuration"
    SHORT = "Repeats a sliding-window run from the raster that it made, or from a saved configuration."
    TAGS = ("repeat", "again", "reproduce", "provenance", "settings", "JSON", "YAML", "pipeline", "sliding window")
    HELP = (
        "Every raster that the sliding window makes carries its configuration: the input, the chips, the window, the "
        "operator and the kind of output. This does the same again, and gives the same pixels.\n\n"
        "Give either a raster that Patchwise made, or a file with a configuration: JSON or YAML, of such a run, of a "
        "SpatialPatcher, or of a pipeline GridSampler, ApplyToChips, Stitch, as to_config and to_yaml of the Python "
        "core write it.\n\n"
        "The input is found again where it was, seen from the folder of the raster or file, or by its path. To run "
        "the same on another raster, choose that as input: where it differs in size or bands, the log says so.\n\n"
        "A configuration may name a Python file, a model, or rasters on servers. A Python file is run inside QGIS with "
        "all your rights. Nothing of this is run, opened or asked before you have agreed: by your answer in QGIS's "
        "window, which is remembered for the content of the file and for the server, or by the parameter Trust."
    )
    CONFIG, CONFIG_FROM, INPUT, OUTPUT = "CONFIG", "CONFIG_FROM", "INPUT", "OUTPUT"
    CORE_NAMES = {"input": INPUT, "trust": TRUST}

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr = self.tr
        self.add(
            QgsProcessingParameterRasterLayer(self.CONFIG_FROM, tr("Raster made by Patchwise"), optional=True),
            tr("A raster that the sliding window made: its run is repeated. Leave it empty if you give a file."),
        )
        self.add(
            QgsProcessingParameterFile(
                self.CONFIG,
                tr("Configuration file"),
                optional=True,
                fileFilter=tr("Configurations") + " (*.json *.yaml *.yml)",
            ),
            tr(
                "JSON or YAML: the configuration of a run, of a patcher or of a pipeline. Leave it empty if you give a "
                "raster."
            ),
        )
        self.add(
            QgsProcessingParameterRasterLayer(self.INPUT, tr("Input raster"), optional=True),
            tr(
                "The raster to work on. Empty: the one of the run, which is found by its path. Needed for patchers and "
                "pipelines, which know none."
            ),
        )
        add_format(self)
        self.add(
            QgsProcessingParameterRasterDestination(self.OUTPUT, tr("Result")),
            tr(
                "The stitched raster: in the format of the run, if the name's ending suits it. It appears under its "
                "name only when it is complete."
            ),
        )
        add_trust(
            self,
            tr(
                "What the configuration may run, open or ask, several separated by commas: sha256:2c26b46b... for a "
                "file, host:example.org for a server, or all. What is refused without it is named with what to write "
                "here. In QGIS's window you are asked instead."
            ),
        )
        self.addOutput(QgsProcessingOutputNumber("CHIPS", tr("Number of chips")))
        self.addOutput(QgsProcessingOutputNumber("PIXELS_WITHOUT_DATA", tr("Pixels without data")))

    def make_job(self, reader):
        """What the worker needs; the user is asked about files and servers that the configuration names."""
        return agreed(lambda trust: self._make(reader, trust), read_trust(reader))

    def _make(self, reader, trust):
        config, folder, name = self._config(reader)
        with _of(name):
            check_trust(config, folder, trust, not reader.given(self.INPUT))
            recipe = read_recipe(config, trust)
        raster, differences = self._raster(reader, recipe, folder, trust)
        with raster:
            job = self._job_of(reader, recipe, raster, name)
        return replace(job, warnings=(*recipe.warnings, *differences, *job.warnings))

    def _job_of(self, reader, recipe, raster, name):
        wanted = self._format(reader, recipe)
        output = self.output_paths(reader, wanted)[self.OUTPUT]
        same = recipe.format in (AUTO, format_of(output, wanted))
        sources = raster.source_files + files_read(reader)
        check_output(output, sources, self.OUTPUT, wanted)
        with _of(name):
            operator = recipe.operator_for(raster)
            return job_of(
                self.tr,
                raster,
                recipe.window_on(raster.domain.shape),
                operator,
                recipe.patcher,
                recipe.value_type_for(raster),
                [self.tr("Input: {path}").format(path=raster.path)],
                options=dict(recipe.options or {}) if same else {},
                format=wanted,
                workers=0,
                output=output,
                coverage=None,
                sources=sources,
            )

    def _format(self, reader, recipe):
        """The chosen format; for auto that of the run, where it suits the output's name."""
        wanted = read_format(reader)
        if wanted != AUTO or recipe.format == AUTO:
            return wanted
        path = self.output_paths(reader, AUTO)[self.OUTPUT]
        return recipe.format if is_temporary(path) or suits(path, recipe.format) else AUTO

    def _config(self, reader):
        """The configuration, the folder that paths in it start from, and the parameter that it came with."""
        from_file = reader.given(self.CONFIG)
        if from_file == reader.given(self.CONFIG_FROM):
            allowed = self.tr("one of {one} and {other} must be given, and not both")
            allowed = allowed.format(one=self.CONFIG, other=self.CONFIG_FROM)
            raise ParameterError(self.CONFIG, reader.value(self.CONFIG) if from_file else None, allowed)
        if from_file:
            path = reader.file(self.CONFIG)
            with _of(self.CONFIG):
                return read_file(path), os.path.dirname(os.path.abspath(path)), self.CONFIG
        path = raster_path(self._layer(reader, self.CONFIG_FROM), self.CONFIG_FROM)
        with _of(self.CONFIG_FROM):
            with RasterFile(path, parameter=self.CONFIG_FROM) as raster:
                config = read_tag(raster.tags, path)
        return config, os.path.dirname(os.path.abspath(path)), self.CONFIG_FROM

    def _raster(self, reader, recipe, folder, trust):
        """The raster to work on, and sentences about how it differs from that of the run."""
        record = recipe.input or {}
        bands = record.get("bands") or ()
        scaled = record.get("scaled", False)
        scaled = tuple(scaled) if isinstance(scaled, list) else bool(scaled)
        if not reader.given(self.INPUT):
            if recipe.input is None:
                allowed = self.tr("must be given: this configuration does not say what to run on")
                raise ParameterError(self.INPUT, None, allowed)
            first = found_raster(record, folder, trust, bands, scaled, self.INPUT)
        else:
            layer = self._layer(reader, self.INPUT)
            if bands and max(bands) > layer.bandCount():
                text = self.tr("must have a band {number}, which the run needs")
                raise ParameterError(self.INPUT, layer.name(), text.format(number=max(bands)))
            first = self._chosen(layer, record, bands, scaled)
        differences = recipe.differences(first)
        with ExitStack() as opened:  # closed where this fails
            opened.enter_context(first)
            others = [
                opened.enter_context(found_raster(other, folder, trust, (), scaled, "other inputs"))
                for other in record.get("others") or ()
            ]
            raster = StackedRaster(first, others) if others else first
            opened.pop_all()
        return raster, differences

    def _chosen(self, layer, record, bands, scaled):
        if not read_by_qgis(layer):
            return raster_file(layer, self.INPUT, bands, scaled)
        transform = record.get("transform")
        resolution = transform[0] if transform and not has_pixels(layer) else None
        return LayerSource(layer, bands, resolution, scaled, parameter=self.INPUT, resolution_name=self.CONFIG)

    def _layer(self, reader, name):
        layer = reader.raster_layer(name)
        if layer is None:
            raise ParameterError(name, reader.value(name), self.tr("must be a raster that can be read"))
        return layer

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: the same run as that of the sliding window."""
        reader = Reader(self, parameters, context)
        job = replace(self._job, output=self.output_path(reader, self.OUTPUT, self._job.format))
        with translated(self.CORE_NAMES):
            results = perform(self.tr, job, feedback)
        return self.present(results, context, feedback, self._source_name)


@contextmanager
def _of(name):
    """Within it, errors of a configuration begin with ``name``, the parameter that it came with."""
    try:
        yield
    except ParameterError as error:
        if error.parameter in ("input", "INPUT"):
            raise
        raise ParameterError(f"{name}: {error.parameter}", error.value, error.allowed) from error
