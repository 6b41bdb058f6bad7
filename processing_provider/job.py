"""One run of a sliding window: what the main thread prepares in plain values, and what the worker does with it."""

import math
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Optional

from ..core import GeoTiffSink, SpatialPatcher, ValueType, stream
from ..core.config import tags
from ..core.configurable import part
from ..core.coverage import write_coverage
from ..core.domains import PixelWindow
from .bridge import progress
from .operators import fitted, read_aggregation
from .rasters import source_paths


@dataclass(frozen=True)
class Job:
    """Everything that the worker thread needs. ``notes`` and ``warnings`` are said in the log."""

    raster: Any
    window: PixelWindow
    patcher: SpatialPatcher
    operator: Any
    value_type: ValueType
    options: dict[str, str]
    workers: int
    output: str
    coverage: Optional[str]
    config: dict[str, Any]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def make_job(algorithm, parameters, context, raster, window, operator, patcher, value_type, **rest):
    """The job, with what follows from its parts: the chip size of a model, the vote of labels, the bands to read."""
    tr, notes = algorithm.tr, []
    size = patcher.geometry.size
    operator, patcher = fitted(operator, patcher)
    if patcher.geometry.size != size:
        text = tr("The model takes chips of {height} x {width} pixels: this is the chip size.")
        notes.append(text.format(height=patcher.geometry.size[0], width=patcher.geometry.size[1]))
    aggregation, said = read_aggregation(algorithm, parameters, context, operator)
    notes += [said] if said else []
    patcher = replace(patcher, aggregation=aggregation)
    patcher.plan(raster.domain)  # refuses what does not fit
    patcher.weights_of(*patcher.geometry.size)
    if getattr(operator, "categories", ()) and value_type.dtype.kind == "f":
        value_type = ValueType("uint8", value_type.nodata if value_type.chosen else None)
    config = _config(raster, window, patcher, operator, value_type)
    warnings = tuple(_warnings(tr, raster, window, patcher, operator, value_type))
    if hasattr(operator, "describe"):
        notes.append(operator.describe())
    if hasattr(operator, "rebased"):
        raster, operator = raster.select(operator.used or (0,)), operator.rebased()
    said = {"config": config, "notes": tuple(notes), "warnings": warnings}
    return Job(raster, window, patcher, operator, value_type, **said, **rest)


def run_job(job, feedback):
    """Run it; the report of the stream. The files take their names at the end: all of them, or none."""
    domain = job.raster.domain.crop(job.window)
    fine = domain.refined(getattr(job.operator, "scale", 1))
    common = {"tags": tags(job.config), "options": job.options}
    with ExitStack() as stack:
        stack.enter_context(job.raster)
        sink = GeoTiffSink(
            job.output,
            fine,
            job.value_type,
            names=getattr(job.operator, "output_names", ()),
            categories=getattr(job.operator, "categories", ()),
            sources=source_paths(job.raster),
            gcps=job.raster.gcps if job.window == job.raster.domain.window and fine == domain else None,
            parameter="OUTPUT",
            **common,
        )
        stack.enter_context(sink)
        if job.coverage:
            value_type, sources = ValueType("uint32"), [*source_paths(job.raster), job.output]
            counts = GeoTiffSink(
                job.coverage, domain, value_type, names=["chips"], sources=sources, parameter="COVERAGE", **common
            )
            write_coverage(job.patcher, job.raster.domain, job.window, stack.enter_context(counts))
        return stream(
            job.raster,
            job.patcher,
            job.operator,
            sink,
            window=job.window,
            workers=job.workers,
            progress=progress(feedback),
            cancelled=feedback.isCanceled,
        )


def _config(raster, window, patcher, operator, value_type):
    nodata = value_type.nodata
    counts = [len(names) for names in getattr(raster, "names_of", (raster.band_names,))]
    return {
        "algorithm": "patchwise:slidingwindow",
        "input": {"bands": counts, "shape": list(raster.domain.shape)},
        "window": list(window),
        "patcher": patcher.get_config(),
        "operator": part(operator),
        "output": {"data_type": value_type.dtype.name, "nodata": None if math.isnan(nodata) else nodata},
    }


def _warnings(tr, raster, window, patcher, operator, value_type):
    """What is allowed but likely not meant."""
    share = 1 - patcher.plan(raster.domain).covered_share(window)
    if share > 0:
        text = tr("The chips leave gaps: {share} % of the pixels are in no chip and become nodata. A stride of at most "
                  "the chip size and the boundary shift leave none.")  # fmt: skip
        yield text.format(share=f"{100 * share:.1f}")
    warning_for = getattr(operator, "warning_for", None)
    if warning_for is not None:
        yield from filter(None, [warning_for(_sample(raster, window))])
    elif raster.has_scale and not raster.scaled:
        yield tr("The raster declares a scale or an offset: the operator gets the numbers as they are stored.")
    if value_type.dtype.kind != "f" and not value_type.chosen:
        text = tr("No nodata value was chosen: {value} stands for no data in the {type} output.")
        yield text.format(value=f"{value_type.nodata:.0f}", type=value_type.dtype.name)


def _sample(raster, window, size=256):
    """The pixels in the middle of the window."""
    import numpy as np

    height, width = min(size, window.height), min(size, window.width)
    middle = PixelWindow(
        window.row + (window.height - height) // 2, window.col + (window.width - width) // 2, height, width
    )
    values = np.empty((raster.bands, height, width), raster.dtype)
    with raster:
        raster.read(middle, values)
    return values
