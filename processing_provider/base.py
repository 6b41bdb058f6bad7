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
    """Base of the algorithms: texts come from class attributes, numbers are checked against their limits in words.

    What QGIS calls is behind the net of ``guard.py``, in this class and in all that derive from it.
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
        """Translate in the context of the provider."""
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
        """As QGIS does, and more: whatever is wrong is said here, with its name, its value and what is allowed.

        QGIS asks before a run from the dialog, from ``processing.run`` and from ``qgis_process``. What is raised later,
        while the algorithm prepares, reaches a script only as "there were errors".
        """
        for definition in self.parameterDefinitions():
            try:
                problem = self._out_of_range(definition, parameters) or self._no_option(definition, parameters)
                problem = problem or self._disguised(definition, parameters)
            except Exception as error:  # a value of a type that nobody thought of
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
        """Raise ``QgsProcessingException`` for what is wrong; the dialog then says so and stays open."""

    def output_path(self, reader, name, wanted=None):
        """Where a raster output goes, which is noted to be loaded; a temporary one gets the ending of its format.

        The format is ``wanted``, or what the parameter FORMAT says.
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
        """Where the raster outputs will go, by parameter, without registering them to be loaded."""
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
        """``results``, whose layers will be named and styled once they are loaded; called last in a run.

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
        """A store is not loaded where this QGIS cannot read it: the run was good, and its result is there."""
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
        """A text under the name of a picture is refused before QGIS opens it, and with it what the text names."""
        if not isinstance(definition, _LAYERS):
            return ""
        value = parameters.get(definition.name())
        for path in value if isinstance(value, (list, tuple)) else [value]:
            problem = disguise(path) if isinstance(path, str) else ""
            if problem:
                return str(ParameterError(definition.name(), path, problem))
        return ""

    def _no_option(self, definition, parameters):
        """QGIS's own message does not say what can be chosen, and its help asks for numbers."""
        value = parameters.get(definition.name())
        if not isinstance(definition, QgsProcessingParameterEnum) or not isinstance(value, str) or not value:
            return ""
        parts = value.split(",") if definition.allowMultiple() else [value]
        if not definition.usesStaticStrings() or set(parts) <= set(definition.options()):
            return ""
        text = self.tr("{name} is '{value}': it must be one of {allowed}")
        return text.format(name=definition.name(), value=value, allowed=", ".join(definition.options()))


def is_temporary(path):
    """Whether a path is one that QGIS has made up, or the dock."""
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
        """Raise what is wrong with a job, too, and need not be asked again when it is prepared."""

    def refuse(self, parameters, context):
        """Raise what is wrong with the parameters, before anything is run."""
        with translated(self.CORE_NAMES):
            reader = Reader(self, parameters, context)
            self.check_job(self.make_job(reader), reader)

    def prepareAlgorithm(self, parameters, context, feedback):
        """Main thread: layers and extents become plain values, and everything wrong is refused."""
        with translated(self.CORE_NAMES):
            reader = Reader(self, parameters, context)
            self._job = self.make_job(reader)
        self._source_name = self.source_name(reader)
        return True

    def titles_of(self, output, text):
        """The title of an output for :meth:`present`: ``text`` with the name of INPUT; none where that has no name."""
        return {output: text.format(name=self._source_name)} if self._source_name else {}
