"""``patchwise:splitraster``: a raster to a folder of chips."""

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterField,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterNumber,
)

from ...core.base.errors import ParameterError
from ...core.chip_folder.partial import PartialFolder, check_folder
from ...core.chip_folder.split import Split, check_split, split_to_folder
from ...core.plan.plan import Plan
from ...core.rasters.commit import CommitGroup
from ...core.rasters.source_files import source_files
from ..base import JobAlgorithm
from ..bridge import progress, translated
from ..job import check_chip, not_cancelled, watch_sources
from ..layers.labels import read_labels
from ..parameters.patching import add_window_function
from ..parameters.rasters import NAMES as RASTER_NAMES
from ..parameters.rasters import add_input, check_outlines, read_raster, read_window
from ..parameters.reader import Reader
from ..parameters.samplers import NAMES as SAMPLER_NAMES
from ..parameters.samplers import add_geometry_and_sampler, read_sampled_patcher
from ..parameters.sources import files_read
from ..results.chip_index import fill_index, index_output, write_index
from ..results.features import check_file_target, file_target


@dataclass(frozen=True)
class _Job:
    """What the main thread prepared. ``labels``, if any, are loaded when the run begins; ``files`` are theirs."""

    split: Split
    labels: Any
    folder: str
    files: tuple
    plan: Optional[Plan]


class SplitRaster(JobAlgorithm):
    """A raster to a folder of georeferenced chips, with an index and a manifest."""

    NAME = "splitraster"
    DISPLAY_NAME = "Split raster into chips"
    SHORT = "Splits a raster into a folder of georeferenced chips, with labels beside them where they are wanted."
    TAGS = ("raster", "chip", "tile", "patch", "training", "labels", "data set", "machine learning", "sample", "split")
    HELP = (
        "Writes every chip as a GeoTIFF of its own into a folder, with the raster's own values, nodata value, band "
        "names, scale and offset. File names sort in the order of the chips. Beside the chips lie index.gpkg, their "
        "footprints with anchor, path and share of valid pixels, and manifest.json, which says how the raster was "
        "split: Apply operator to chips and Stitch chips go on from there, and what they make is what Sliding window "
        "makes with the same choices.\n\n"
        "This is also how training sets are made. Give a raster of classes, or polygons with a field of class numbers, "
        "as labels, and each chip gets a label chip of the same name and size in the folder labels. Choose a random or "
        "poissondisk sampler for chips spread over the raster, points for chips at places of your own, and a least "
        "share of valid pixels to leave out chips that hold mostly nodata.\n\n"
        "The window is only kept in the manifest, for stitching. The folder must be new or empty, or one of chips made "
        "by Patchwise, which is then replaced. It appears under its name only when it is complete."
    )
    MIN_VALID, LABELS, LABEL_FIELD, OUTPUT, INDEX = "MIN_VALID", "LABELS", "LABEL_FIELD", "OUTPUT", "INDEX"
    CORE_NAMES = {**SAMPLER_NAMES, **RASTER_NAMES, "min_valid": MIN_VALID, "labels": LABELS, "output": OUTPUT}

    def initAlgorithm(self, configuration=None):
        """Define the parameters and outputs."""
        tr = self.tr
        add_input(self)
        add_geometry_and_sampler(self)
        add_window_function(self)
        self.add(
            QgsProcessingParameterNumber(
                self.MIN_VALID,
                tr("Least share of valid pixels"),
                QgsProcessingParameterNumber.Type.Double,
                0.0,
                False,
                0,
                1,
            ),
            tr(
                "Chips in which fewer pixels are known in all bands, as a share from 0 to 1, are left out. Stitched, "
                "they are nodata."
            ),
        )
        self.add(
            QgsProcessingParameterMapLayer(
                self.LABELS,
                tr("Labels"),
                optional=True,
                types=[QgsProcessing.SourceType.TypeRaster, QgsProcessing.SourceType.TypeVectorPolygon],
            ),
            tr(
                "Raster of classes, or polygons, in any CRS. Each chip gets a label chip on its own pixels: of a "
                "raster the nearest value, of polygons that in which the pixel's centre lies (the last of several)."
            ),
        )
        self.add(
            QgsProcessingParameterField(
                self.LABEL_FIELD,
                tr("Field of the labels"),
                None,
                self.LABELS,
                QgsProcessingParameterField.DataType.Numeric,
                optional=True,
            ),
            tr(
                "Field of numbers that polygons are burnt with; pixels in no polygon are nodata. Without it pixels in "
                "a polygon are 1, all others 0."
            ),
        )
        self.add(
            QgsProcessingParameterFolderDestination(self.OUTPUT, tr("Folder of chips")),
            tr("The folder to make: chips, labels, index.gpkg and manifest.json."),
        )
        self.add(
            QgsProcessingParameterFeatureSink(
                self.INDEX, tr("Footprints"), QgsProcessing.SourceType.TypeVectorPolygon, None, True, False
            ),
            tr("Optional layer of the chips' footprints, the same as index.gpkg, to be shown on the map."),
        )
        self.addOutput(QgsProcessingOutputNumber("CHIPS", tr("Number of chips")))
        self.addOutput(QgsProcessingOutputNumber("LEFT_OUT", tr("Chips left out")))

    def make_job(self, reader):
        """What the worker needs; everything wrong is refused."""
        with read_raster(reader) as raster:
            return self._made(reader, raster)

    def _made(self, reader, raster):
        check_outlines(raster)
        window = read_window(reader, raster)
        patcher = read_sampled_patcher(reader, raster)
        labels, files = read_labels(reader, raster, (self.LABELS, self.LABEL_FIELD))
        split = Split(raster, patcher, window, None, reader.number(self.MIN_VALID))
        plan = check_split(split)
        if patcher.geometry.size is not None:
            check_chip(patcher.geometry.size, raster.bands * (raster.dtype.itemsize + 2 * raster.raw_itemsize))
        folder = reader.text(self.OUTPUT)
        sources = raster.source_files + source_files(files) + files_read(reader)
        check_folder(folder, sources, self.OUTPUT)
        check_file_target(reader, self.INDEX, sources)
        self._check_apart(folder, file_target(reader, self.INDEX))
        return _Job(split, labels, folder, tuple(files), plan)

    def _check_apart(self, folder, index):
        """Refuse footprints in the folder of chips, which is replaced as a whole."""
        if index and os.path.realpath(folder) in map(str, Path(os.path.realpath(index)).parents):
            raise ParameterError(self.INDEX, index, f"must not lie in {self.OUTPUT}: choose another folder")

    def processAlgorithm(self, parameters, context, feedback):
        """Worker thread: plain values only."""
        job = self._job
        with (
            translated(self.CORE_NAMES),
            CommitGroup(not_cancelled(feedback), watch_sources(job.split.raster, None, job.files)) as group,
            PartialFolder(job.folder, self.OUTPUT) as folder,
        ):
            labels, manifest, report = self._split(folder.path, feedback)
            write_index(manifest, folder.path, feedback)
            results = self._finish(Reader(self, parameters, context), manifest, group, feedback)
            folder.hand_on(group)
        self._say(feedback, manifest, report, labels)
        titles = self.titles_of(self.INDEX, self.tr("chips of {name}"))
        results.update({"CHIPS": len(manifest.chips), "LEFT_OUT": len(manifest.left_out)})
        return self.present(results, context, feedback, titles=titles)

    def _split(self, folder, feedback):
        """``(labels, manifest, report)``; raster and labels are closed."""
        with ExitStack() as stack:
            raster, labels = stack.enter_context(self._job.split.raster), None
            raster.follow(feedback)
            if self._job.labels is not None:
                labels = stack.enter_context(closing(self._job.labels.load(raster.domain, feedback)))
            split, how = replace(self._job.split, labels=labels), {"plan": self._job.plan}
            how.update(progress=progress(feedback), cancelled=feedback.isCanceled)
            return labels, *split_to_folder(split, folder, **how)

    def _finish(self, reader, manifest, group, feedback):
        """Write the layer of footprints, where it is wanted; the results by output."""
        results = {self.OUTPUT: self._job.folder}
        if not reader.given(self.INDEX):
            return results
        with index_output(reader, self.INDEX, manifest, group) as output:
            fill_index(output, manifest, feedback)
        return {**results, self.INDEX: output.target}

    def _say(self, feedback, manifest, report, labels):
        tr = self.tr
        feedback.pushInfo(
            tr("{count} chips in {folder}").format(count=f"{len(manifest.chips):,}", folder=self._job.folder)
        )
        speed = tr("{seconds} s, {speed} MB/s read")
        feedback.pushInfo(speed.format(seconds=f"{report.seconds:.1f}", speed=f"{report.mb_per_second:.0f}"))
        if manifest.left_out:
            text = tr("{count} chips were left out: less than {share} of their pixels are valid.")
            share = f"{self._job.split.min_valid:g}"
            feedback.pushInfo(text.format(count=f"{len(manifest.left_out):,}", share=share))
        again = report.chips - len(manifest.chips) - len(manifest.left_out)
        if again:
            text = tr("{count} chips lie where another one does: each place is one file.")
            feedback.pushInfo(text.format(count=f"{again:,}"))
        if not manifest.chips:
            feedback.pushWarning(tr("No chip has enough valid pixels: the folder holds none."))
        for loss in labels.value_type.losses() if labels is not None else ():
            feedback.pushWarning(tr("Labels: {loss}").format(loss=loss))
