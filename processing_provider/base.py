"""What all algorithms of the provider have in common."""

import os
from dataclasses import replace
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorLayer,
    QgsProcessingUtils,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QCoreApplication, QUrl
from qgis.PyQt.QtGui import QIcon

from ..core.base.errors import ParameterError
from ..core.base.secrets import without_secrets
from ..core.gdal.drivers import disguise
from ..core.rasters.output import AUTO, with_ending
from .bridge import translated
from .guard import guarded, unforeseen
from .parameters.reader import Reader
from .results.styles import told
from .results.styling import present, title_of_file

_LAYERS = (
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterVectorLayer,
    QgsProcessingParameterExtent,
)
ICONS = Path(__file__).resolve().parents[1] / "icons"
ICON = ICONS / "patchwise.svg"
#: In pixels of the help panel, which is narrow; the files have more, for fine screens.
PICTURE_WIDTH = 240
HELP_URL = "https://example.org/patchwise/docs/algorithms"


@guarded
class PatchwiseAlgorithm(QgsProcessingAlgorithm):
    """Base of the algorithms: texts come from class attributes, and each wrong parameter is refused in a sentence.

    The methods that QGIS calls are wrapped by ``guard.py``, in this class and in its subclasses.
    """

    NAME = ""
    DISPLAY_NAME = ""
    SHORT = ""
    HELP = ""
    TAGS = ()

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        guarded(cls)

    def tr(self, text):
        """The text in the user's language, by the translations of the provider."""
        return QCoreApplication.translate("Patchwise", text)

    def createInstance(self):
        """A new instance of the same class."""
        return type(self)()

    def name(self):
        """The id within the provider."""
        return self.NAME

    def displayName(self):
        """The name in the toolbox."""
        return self.tr(self.DISPLAY_NAME)

    def shortDescription(self):
        """One sentence that starts with a verb."""
        return self.tr(self.SHORT)

    def shortHelpString(self):
        """The text beside the dialog, with a picture above it."""
        text, picture = self.tr(self.HELP), self.picture()
        # qgis_process prints the text as it stands.
        if not picture.is_file() or QgsApplication.platform() == "qgis_process":
            return text
        return f'<img src="{QUrl.fromLocalFile(str(picture)).toString()}" width="{PICTURE_WIDTH}">\n{text}'

    def picture(self):
        """The file of the picture in the help."""
        return ICONS / "help" / f"{self.NAME}.png"

    def tags(self):
        """Words that find the algorithm."""
        return [self.tr(tag) for tag in self.TAGS]

    def helpUrl(self):
        """The page of the user guide."""
        return f"{HELP_URL}/{self.NAME}"

    def icon(self):
        """The algorithm's own icon."""
        return QIcon(self.svgIconPath())

    def svgIconPath(self):
        """The file of the icon, which the model designer draws at any size."""
        own = ICONS / f"{self.NAME}.svg"
        return str(own if own.is_file() else ICON)

    def add(self, definition, help_text, advanced=False):
        """Add a parameter with its help."""
        definition.setHelp(help_text)
        if advanced:
            definition.setFlags(definition.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(definition)

    def checkParameterValues(self, parameters, context):
        """``(True, "")``, or False and a sentence with the parameter's name, its value and what is allowed.

        Checks what QGIS checks, and :meth:`refuse`. QGIS calls it before a run from the dialog, from ``processing.run``
        and from ``qgis_process``. Of an error that is raised later, in ``prepareAlgorithm``, a script learns only that
        "there were errors".
        """
        for definition in self.parameterDefinitions():
            try:
                problem = self._out_of_range(definition, parameters) or self._no_option(definition, parameters)
                problem = problem or self._disguised(definition, parameters)
            except Exception as error:  # a value of an unexpected type
                problem = unforeseen(definition.name(), error)
            if problem:
                return False, problem
        good, problem = super().checkParameterValues(parameters, context)
        if not good:
            return good, without_secrets(problem)
        try:
            self.refuse(parameters, context)
        except QgsProcessingException as error:
            return False, without_secrets(str(error))
        return True, ""

    def refuse(self, parameters, context):
        """Raise ``QgsProcessingException`` where the parameters are wrong; the dialog shows its text and stays open."""

    def output_path(self, reader, name, wanted=None):
        """The path of a raster output, which the context notes to be loaded.

        A temporary path gets the ending of its format: ``wanted``, or what the parameter FORMAT says.
        """
        path = reader.output_layer(name)
        if wanted is None:
            wanted = reader.text("FORMAT") if reader.has("FORMAT") else AUTO
        if not is_temporary(path):
            return path
        fitting, waiting = with_ending(path, wanted), reader.context.layersToLoadOnCompletion()
        if fitting != path and path in waiting:
            waiting[fitting] = waiting.pop(path)
            reader.context.setLayersToLoadOnCompletion(waiting)
        return fitting

    def output_paths(self, reader, wanted=None):
        """The paths of the raster outputs by parameter; no context notes them to be loaded."""
        scratch = QgsProcessingContext()
        scratch.setProject(reader.context.project())
        reader = replace(reader, context=scratch)
        rasters = (d for d in reader.definitions if isinstance(d, QgsProcessingParameterRasterDestination))
        return {d.name(): self.output_path(reader, d.name(), wanted) for d in rasters}

    def source_name(self, reader, name="INPUT"):
        """The name of the layer under ``name``, for :meth:`present`; "" where there is none. Main thread."""
        layer = reader.layer(name) if reader.given(name) else None
        return told(without_secrets(layer.name())) if layer is not None else ""

    def present(self, results, context, feedback, source="", titles=None):
        """``results``; their layers are named and styled when QGIS loads them. Called last in a run.

        A raster's name follows from its own configuration and ``source``, the name of what it was made from;
        ``titles`` has names for other outputs.
        """
        titles = dict(titles or {})
        self._keep_what_can_be_shown(results, context, feedback)
        for definition in self.destinationParameterDefinitions():
            name = definition.name()
            raster = isinstance(definition, QgsProcessingParameterRasterDestination)
            if raster and results.get(name) and context.willLoadLayerOnCompletion(results[name]):
                titles.setdefault(name, title_of_file(results[name], source))
        present(self, results, context, titles)
        return results

    def _keep_what_can_be_shown(self, results, context, feedback):
        """Leave a store that this version of QGIS cannot read out of the layers to be loaded, and warn where it is."""
        for definition in self.destinationParameterDefinitions():
            path = results.get(definition.name())
            if not isinstance(definition, QgsProcessingParameterRasterDestination) or not path:
                continue
            if not os.path.isdir(path) or QgsRasterLayer(path, "", "gdal").isValid():
                continue
            text = self.tr("{name}: the result is in {path}. This version of QGIS cannot show it as a layer.")
            feedback.pushWarning(text.format(name=definition.name(), path=path))
            waiting = context.layersToLoadOnCompletion()
            if waiting.pop(path, None) is not None:
                context.setLayersToLoadOnCompletion(waiting)

    def _out_of_range(self, definition, parameters):
        if not isinstance(definition, QgsProcessingParameterNumber) or parameters.get(definition.name()) is None:
            return ""
        try:
            value = float(parameters[definition.name()])
        except (TypeError, ValueError):
            return ""  # an expression or a property: QGIS looks at it
        low, high = definition.minimum(), definition.maximum()
        if low <= value <= high:
            return ""
        allowed = self.tr("at least {low}").format(low=f"{low:g}")
        if high < 1e300 and high != 2**31 - 1:
            allowed = self.tr("from {low} to {high}").format(low=f"{low:g}", high=f"{high:g}")
        text = self.tr("{name} is {value}: it must be {allowed}")
        return text.format(name=definition.name(), value=f"{value:g}", allowed=allowed)

    def _disguised(self, definition, parameters):
        """A sentence about a file that names other files under the name of an image, before QGIS opens it; else ""."""
        if not isinstance(definition, _LAYERS):
            return ""
        value = parameters.get(definition.name())
        for path in value if isinstance(value, (list, tuple)) else [value]:
            problem = disguise(path) if isinstance(path, str) else ""
            if problem:
                return str(ParameterError(definition.name(), path, problem))
        return ""

    def _no_option(self, definition, parameters):
        """A sentence about a choice that is not offered, with those that are, which QGIS does not list; else ""."""
        value = parameters.get(definition.name())
        if not isinstance(definition, QgsProcessingParameterEnum) or not isinstance(value, str) or not value:
            return ""
        parts = value.split(",") if definition.allowMultiple() else [value]
        if not definition.usesStaticStrings() or set(parts) <= set(definition.options()):
            return ""
        text = self.tr("{name} is '{value}': it must be one of {allowed}")
        return text.format(name=definition.name(), value=value, allowed=", ".join(definition.options()))


def is_temporary(path):
    """Whether a path is in QGIS's folder for temporary files."""
    folder = os.path.realpath(QgsProcessingUtils.tempFolder())
    return bool(path) and os.path.realpath(path).startswith(folder + os.sep)


class JobAlgorithm(PatchwiseAlgorithm):
    """An algorithm whose parameters become one plain value, ``_job``, on the main thread, before the worker starts."""

    #: The algorithm's names of the core's parameters, for its error messages.
    CORE_NAMES = {}

    def __init__(self):
        super().__init__()
        self._job, self._source_name = None, ""

    def make_job(self, reader):
        """The job; raises the core's errors for what is wrong."""
        raise NotImplementedError

    def check_job(self, job, reader):
        """Raise the core's errors for what only the check of the parameters looks at, not the preparation of a run."""

    def refuse(self, parameters, context):
        """Raise ``QgsProcessingException`` where no job can be made of the parameters."""
        with translated(self.CORE_NAMES):
            reader = Reader(self, parameters, context)
            self.check_job(self.make_job(reader), reader)

    def prepareAlgorithm(self, parameters, context, feedback):
        """Make the job, and note what INPUT is called; raises as :meth:`refuse` does. Main thread."""
        with translated(self.CORE_NAMES):
            reader = Reader(self, parameters, context)
            self._job = self.make_job(reader)
        self._source_name = self.source_name(reader)
        return True

    def titles_of(self, output, text):
        """``{output: text}`` for :meth:`present`, ``{name}`` being what INPUT is called; empty where it has no name."""
        return {output: text.format(name=self._source_name)} if self._source_name else {}
