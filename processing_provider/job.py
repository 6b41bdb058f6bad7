"""One run of a sliding window: what the main thread prepares in plain values, and what the worker does with it."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np

from ..core import SpatialPatcher, ValueType, stream
from ..core.base.config import tags
from ..core.base.errors import ParameterError
from ..core.grid.domain import PixelWindow
from ..core.loop.coverage import write_coverage
from ..core.operators.base import Operator
from ..core.plan.check import check_plan
from ..core.plan.plan import Plan
from ..core.preview.estimate import Estimate, estimate
from ..core.rasters.band_meta import passed_on
from ..core.rasters.commit import CommitGroup
from ..core.rasters.creation_options import checked_options
from ..core.rasters.output import AUTO, OutputSpec, format_of, sink_for
from ..core.rasters.raster import Raster
from ..core.rasters.source_files import SourceFiles, source_files
from ..core.rasters.source_identity import SourceWatch
from ..core.records.record import placed, run_record
from .bridge import not_cancelled, progress
from .parameters.operators import fitted, read_aggregation
from .parameters.rasters import format_notes
from .results.report import memory_of_machine, say, tell

_MUCH_MEMORY = 4e9  # bytes; a run with chips of a usual size takes a tenth
_MOST_LOOKED_AT = 32 << 20  # bytes that GDAL decodes to read one sample
_COUNTING = 0.1  # of a run's time, that of counting the chips per pixel


@dataclass(frozen=True)
class Job:
    """Everything that the worker thread needs. ``notes`` and ``warnings`` are for the log.

    ``plan`` is the patcher's on the raster, None for spherical caps, whose pixels the run finds; ``estimate`` is that
    of the run with all bands of the raster, None where chips have no size in pixels.
    """

    raster: Raster
    window: PixelWindow
    patcher: SpatialPatcher
    operator: Operator
    value_type: ValueType
    options: dict[str, str]
    workers: int
    output: str
    coverage: Optional[str]
    sources: SourceFiles
    config: dict[str, Any]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    format: str = AUTO
    plan: Optional[Plan] = None
    estimate: Optional[Estimate] = None


def make_job(reader, raster, window, operator, patcher, value_type, **rest):
    """The job; ``rest`` are the fields of :class:`Job` that are not computed here.

    A model may change the chip size, and labels the aggregation; notes then say so. Raises the core's errors.
    """
    tr, notes = reader.tr, []
    size = patcher.geometry.size
    operator, patcher = fitted(operator, patcher)
    if size is not None and patcher.geometry.size != size:
        text = tr("The model takes chips of {height} x {width} pixels: this is the chip size.")
        notes.append(text.format(height=patcher.geometry.size[0], width=patcher.geometry.size[1]))
    aggregation, said = read_aggregation(reader, operator)
    notes += [said] if said else []
    patcher = replace(patcher, aggregation=aggregation)
    return job_of(tr, raster, window, operator, patcher, value_type, notes, **rest)


def job_of(tr, raster, window, operator, patcher, value_type, notes=(), **rest):
    """The job of a patcher and an operator that is ``fitted`` to its chips; ``rest`` as for :func:`make_job`.

    Refuses chips that do not fit the raster, or that need more memory than the machine has.
    """
    notes = list(notes)
    plan, found = check_plan(patcher, raster.domain, window), None
    if patcher.geometry.size is not None:
        check_chip(patcher.geometry.size, 16)  # before anything is computed for chips of this size
    if plan is None and patcher.geometry.plan_is_quick:
        plan = patcher.plan(raster.domain)
    if patcher.geometry.size is not None:
        found = estimate(raster, patcher, operator, window, plan=plan)
        check_memory(raster, window, patcher, operator, found, rest["options"])
    if operator.categories and value_type.dtype.kind == "f":
        value_type = ValueType("uint8", value_type.nodata if value_type.chosen else None)
    written_as = format_of(rest["output"], rest["format"])
    config = run_record(raster, window, patcher, operator, value_type, rest["options"], written_as)
    memory = 0 if found is None else _memory(patcher, found)
    share = 0 if plan is None else 1 - plan.covered_share(window)
    warnings = tuple(_warnings(tr, raster, window, operator, value_type, share, memory))
    notes += filter(None, [operator.describe(), *format_notes(tr, written_as)])
    raster, operator = only_used(raster, operator)
    said = {"config": config, "notes": tuple(notes), "warnings": warnings, "plan": plan, "estimate": found}
    return Job(raster, window, patcher, operator, value_type, **said, **rest)


def only_used(raster, operator):
    """``(raster, operator)`` without the bands that the operator does not read."""
    if operator.used is None:
        return raster, operator
    return raster.select(operator.used or (0,)), operator.rebased()


def perform(tr, job, feedback):
    """Run the job, with its notes, warnings and a report in the log; the results by output, for ``present``."""
    tell(feedback, job.notes, job.warnings)
    report = run_job(job, feedback)
    say(tr, feedback, report, job.value_type.losses())
    return {"OUTPUT": job.output, "CHIPS": report.chips, "PIXELS_WITHOUT_DATA": report.pixels_without_data}


def run_job(job, feedback):
    """Run the job; its ``StreamReport``. All output files take their names at the end, or none does."""
    domain = job.raster.domain.crop(job.window)
    fine = domain.refined(job.operator.scale)
    job.raster.follow(feedback)
    report, counted = progress(feedback), 0.0
    with ExitStack() as stack:
        raster = stack.enter_context(job.raster)  # closed whatever fails
        group = stack.enter_context(CommitGroup(not_cancelled(feedback), watch_sources(job.raster, job.operator)))
        spec = output_spec(job, job.patcher.aggregation, job.output, "OUTPUT", group=group, options=job.options)
        sink = stack.enter_context(sink_for(job.output, fine, spec))
        if job.coverage:
            spec = replace(
                spec,
                value_type=ValueType("uint32"),
                names=["chips"],
                categories=(),
                meta=(),
                sources=job.sources + source_files([job.output]),
                parameter="COVERAGE",
            )
            counts = sink_for(job.coverage, domain, spec)
            write_coverage(
                job.patcher,
                job.raster.domain,
                job.window,
                stack.enter_context(counts),
                plan=job.plan,
                progress=lambda share: report(_COUNTING * share),
                cancelled=feedback.isCanceled,
            )
            counted = _COUNTING
        done = stream(
            raster,
            job.patcher,
            job.operator,
            sink,
            window=job.window,
            plan=job.plan,
            workers=job.workers,
            progress=lambda share: report(counted + (1 - counted) * share),
            cancelled=feedback.isCanceled,
        )
        raster.close()  # before outputs take their names: nothing can replace what is open, on Windows
        return done


def output_spec(job, aggregation, output, parameter, **rest):
    """The ``OutputSpec`` of a raster of an operator's results; ``rest`` are further fields of it."""
    return OutputSpec(
        job.value_type,
        names=job.operator.output_names,
        categories=job.operator.categories,
        sources=job.sources,
        tags=tags(placed(job.config, output)),
        meta=passed_on(job.raster, job.operator, aggregation, job.value_type.dtype),
        parameter=parameter,
        format=job.format,
        **rest,
    )


def watch_sources(raster, operator=None, more=()):
    """A callable that raises where a file of the raster, of the operator or in ``more`` is not what it is now."""
    files = () if operator is None else operator.files
    return SourceWatch([raster], [*files, *more]).check


def check_chip(size, bytes_per_pixel):
    """Refuse a chip of ``size`` (height, width) that needs more memory than the machine has."""
    _check("chip size", size, bytes_per_pixel * size[0] * size[1], "smaller chips")


def check_memory(raster, window, patcher, operator, found, options):
    """Refuse a run that needs more memory, by the estimate ``found``, than the machine has: it would end QGIS."""
    _check("chip size", patcher.geometry.size, _memory(patcher, found), "smaller chips")
    rows = int(checked_options(options, np.dtype(np.float32)).get("blockysize", 0))
    bands = operator.output_bands or raster.bands
    _check("creation options", f"BLOCKYSIZE={rows}", 8 * rows * window.width * bands, "lower blocks")


def _check(parameter, value, memory, instead):
    there = memory_of_machine()
    if there is not None and memory > there:
        needed = f"needs about {memory / 1e9:.0f} GB of memory, and this machine has {there / 1e9:.0f} GB"
        raise ParameterError(parameter, value, f"{needed}: choose {instead}")


def _memory(patcher, found):
    """Bytes that a run holds, the weights of a chip included."""
    height, width = patcher.geometry.size
    return found.memory + 8 * height * width


def _warnings(tr, raster, window, operator, value_type, share, memory):
    """Sentences on what is allowed but likely not meant; ``share`` of the pixels is in no chip, ``memory`` in bytes."""
    if share > 0:
        text = tr(
            "The chips leave gaps: {share} % of the pixels are in no chip and become nodata. A stride of at most "
            "the chip size and the boundary shift leave none."
        )
        yield text.format(share=f"{100 * share:.1f}")
    yield from operator_warnings(tr, raster, window, operator)
    if memory > _MUCH_MEMORY:
        text = tr("Chips of this size need about {memory} GB of memory: smaller chips need less.")
        yield text.format(memory=f"{memory / 1e9:.0f}")
    if value_type.dtype.kind != "f" and not value_type.chosen:
        text = tr("No nodata value was chosen: {value} stands for no data in the {type} output.")
        yield text.format(value=f"{value_type.nodata:.0f}", type=value_type.dtype.name)


def operator_warnings(tr, raster, window, operator):
    """Sentences on values of a raster that the operator is likely not made for."""
    yield from raster.warnings
    if operator.applies_scale and raster.block_bytes * raster.bands > _MOST_LOOKED_AT:
        return  # a look at a few pixels would cost a large part of the run
    if operator.applies_scale:
        yield from filter(None, [operator.warning_for(_sample(raster, window))])
    elif raster.has_scale and not raster.scaled:
        yield tr("The raster declares a scale or an offset: the operator gets the numbers as they are stored.")


def _sample(raster, window, size=256):
    """``(bands, h, w)`` of the raster's type: ``size`` x ``size`` pixels in the middle of the window, or all of it."""
    height, width = min(size, window.height), min(size, window.width)
    middle = PixelWindow(
        window.row + (window.height - height) // 2, window.col + (window.width - width) // 2, height, width
    )
    values = np.empty((raster.bands, height, width), raster.dtype)
    raster.read(middle, values)
    return values
