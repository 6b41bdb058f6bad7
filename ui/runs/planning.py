"""Plans a run with the dock's choices: its algorithm and job, or the sentence that says what is wrong with them."""

import re
from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingException,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
)

from ...core.base.errors import PatchwiseError
from ...core.base.trust import MODEL, PYTHON_FILE, NamedFile, NamedRaster, named_file, named_source
from ...core.operators.choices import OPERATORS
from ...processing_provider import trust
from ..texts import tr
from .controller import algorithm_of, make_context

SLIDING_WINDOW, POLYGON_CHIPS = "patchwise:slidingwindow", "patchwise:polygonchips"
#: Parameters whose problems the operator's part of the dock shows.
OF_OPERATOR = (OPERATORS.parameter, *(field.name for field in OPERATORS.fields if not field.advanced))
#: Bytes of the largest file whose SHA-256 is worked out while planning: a third of a second.
AT_ONCE = 128 << 20
#: Parameters that name a file, and its kind.
KINDS = {"MODEL": MODEL, "PYTHON": PYTHON_FILE}
#: A problem is ``(parameter, text)``; the parameter is "" where the text is about none of the algorithm's.
NO_PROBLEM = ("", "")


@dataclass(frozen=True)
class PlannedRun:
    """A run that can be started where it is ``good``.

    ``job`` is None where there is a ``problem`` (parameter, text), and where the algorithm is not the sliding window.
    """

    algorithm: Any
    parameters: dict
    job: Any = None
    problem: tuple = NO_PROBLEM
    #: Files, rasters and hosts that a project, a tag or saved settings name and that have to be agreed to first
    #: (``core/base/trust.py``).
    waiting: tuple = ()

    @property
    def good(self):
        """Whether it can be started."""
        return not self.problem[1] and not self.waiting


def plan_run(parameters, kind, path="", files=None, sources=None):
    """The ``PlannedRun`` of the dock's ``parameters``.

    ``kind`` is that of the geometry, ``path`` where the result goes (empty: a temporary file). ``files`` and
    ``sources``, by parameter, were filled in from a project, a tag or saved settings instead of chosen by the user.
    While any of them waits for agreement there is no job, since making one would open them; a file that does not wait
    is bound to its content.
    """
    algorithm = algorithm_of(POLYGON_CHIPS if kind == "polygons" else SLIDING_WINDOW)
    missing = missing_for(algorithm, kind)
    if missing:
        return PlannedRun(algorithm, {}, problem=("GEOMETRY", missing))
    parameters = known(algorithm, parameters)
    if "INPUT" not in parameters:
        return PlannedRun(algorithm, parameters, problem=("INPUT", tr("Choose a raster layer.")))
    if kind == "polygons" and "POLYGONS" not in parameters:
        return PlannedRun(algorithm, parameters, problem=("POLYGONS", tr("Choose a layer of polygons.")))
    try:
        named = [named_file(KINDS[name], file, name, AT_ONCE) for name, file in (files or {}).items()]
        from_elsewhere = _named_sources(sources or {})
        waiting = [each for each in (*named, *from_elsewhere) if not trust.remembered().covers(each)]
        if waiting:
            shown = {name: value for name, value in parameters.items() if name not in (sources or {})}
            return PlannedRun(algorithm, shown, waiting=tuple(waiting))
        if named:
            parameters = {**parameters, trust.TRUST: ",".join(each.entry for each in named)}
        job = make_job(algorithm, parameters, path)
    except (QgsProcessingException, PatchwiseError) as error:
        return PlannedRun(algorithm, parameters, problem=in_words(algorithm, str(error)))
    if job is None:
        return PlannedRun(algorithm, parameters, problem=in_words(algorithm, checked(algorithm, parameters, path)))
    return PlannedRun(algorithm, parameters, job, too_large(job) if kind == "rectangular" else NO_PROBLEM)


def _named_sources(sources):
    return [each for source in sum(sources.values(), []) for each in named_source(source) or [NamedRaster(source)]]


def whole(named):
    """``named`` with its SHA-256, which takes seconds for a file of gigabytes."""
    if not isinstance(named, NamedFile) or named.sha256:
        return named
    return named_file(named.kind, named.path, next(name for name, kind in KINDS.items() if kind == named.kind))


def make_job(algorithm, parameters, path=""):
    """A new job, whose raster nothing else reads; None for other algorithms than the sliding window."""
    if algorithm.id() != SLIDING_WINDOW:
        return None
    return algorithm.job({**parameters, "OUTPUT": somewhere(path)}, make_context())


def checked(algorithm, parameters, path):
    """What is wrong with the parameters of an algorithm for which there is no job; "" where nothing is."""
    outputs = {"OUTPUT": QgsProcessing.TEMPORARY_OUTPUT, "STITCHED": somewhere(path)}
    return algorithm.checkParameterValues({**parameters, **outputs}, make_context())[1]


def somewhere(path):
    """A path to check with. A temporary output would make a folder each time that something is typed."""
    return path or f"{QgsProcessingUtils.tempFolder()}/patchwise.tif"


def missing_for(algorithm, kind):
    """What is missing for chips of this kind in this version of Patchwise; "" where nothing is."""
    if algorithm is None:
        name = POLYGON_CHIPS if kind == "polygons" else SLIDING_WINDOW
        return tr("The algorithm {name} is not there: is the Patchwise provider enabled?").format(name=name)
    if kind == "sphericalcap" and algorithm.parameterDefinition("GEOMETRY") is None:
        return tr("The sliding window cannot be run with spherical caps in this version.")
    return ""


def known(algorithm, parameters):
    """The parameters that the algorithm has."""
    names = {definition.name() for definition in algorithm.parameterDefinitions()}
    return {name: value for name, value in parameters.items() if name in names}


def too_large(job):
    """The problem of a stride that leaves gaps, or of a chip larger than the extent, which the toolbox allows."""
    (height, width), (down, right) = job.patcher.geometry.size, job.patcher.sampler.steps
    if down > height or right > width:
        text = tr(
            "The stride is larger than the chip: {stride} above {chip} pixels leaves gaps. Choose a stride of at "
            "most the chip size."
        )
        return "STRIDE", text.format(stride=max(down, right), chip=height if down > height else width)
    if height > job.window.height and width > job.window.width:
        text = tr(
            "The chip of {chip} pixels is larger than the extent of {extent} pixels: choose a smaller chip or a "
            "larger extent."
        )
        return "CHIP_SIZE", text.format(chip=f"{height} x {width}", extent=f"{job.window.height} x {job.window.width}")
    return NO_PROBLEM


def in_words(algorithm, text):
    """``(parameter, text)`` of an error that begins with a parameter's id, which becomes its name in the toolbox."""
    name, verb, rest = text.partition(" is ")
    definition = algorithm.parameterDefinition(name) if verb else None
    if definition is None:
        return "", text
    return name, f"{definition.description()}: {rest}"


def in_place(planned):
    """The text of the problem without name and value of its field, for a place below the field."""
    name, text = planned.problem
    before = f"{planned.algorithm.parameterDefinition(name).description()}: {planned.parameters.get(name)!r}: "
    reason = text[len(before) :] if text.startswith(before) else text
    return reason[:1].upper() + reason[1:]


def shortened(planned):
    """The problem in short, for the foot of the dock: its field, and the column where an expression is wrong."""
    name, text = planned.problem
    field = planned.algorithm.parameterDefinition(name).description()
    column = re.search(r"\bcolumn (\d+)\)", text)
    if column is None:
        return tr("Not ready to run: see what is said below {field}.").format(field=field)
    return tr("Not ready to run: {field} has an error in column {column}.").format(field=field, column=column.group(1))


def with_outputs(planned, path):
    """The parameters with where the result goes; an empty ``path`` is a temporary file."""
    raster = QgsProcessingOutputLayerDefinition(path or QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())
    if planned.algorithm.id() != POLYGON_CHIPS:
        return {**planned.parameters, "OUTPUT": raster}
    table = QgsProcessingOutputLayerDefinition(QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())
    return {**planned.parameters, "OUTPUT": table, "STITCHED": raster}
