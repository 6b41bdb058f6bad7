"""What every algorithm of the provider has to offer, and the plugin's life."""

import re
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingModelAlgorithm,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ..conftest import ROOT
from .algorithm_cases import CASES
from .algorithm_inputs import Inputs
from .conftest import Log

EACH = pytest.mark.parametrize("name", sorted(CASES))
WRONG = [(name, case) for name in sorted(CASES) for case in CASES[name].wrong]


@pytest.fixture(scope="session")
def folder_of_inputs(tmp_path_factory):
    """One folder for all tests: nothing in it is changed."""
    return tmp_path_factory.mktemp("inputs")


@pytest.fixture()
def inputs(folder_of_inputs, request):
    """Inputs for all algorithms."""
    return Inputs(folder_of_inputs, request.getfixturevalue)


def own(provider):
    """The algorithms that are no models."""
    return [found for found in provider.algorithms() if not isinstance(found, QgsProcessingModelAlgorithm)]


def new_context():
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    return context


def tree(folder):
    """Every file under a folder with its size; what GDAL notes beside a raster that it has looked at does not count."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".aux.xml"))
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}


def test_every_algorithm_is_in_the_table(provider):
    assert {algorithm.name() for algorithm in own(provider)} == set(CASES)


def test_every_algorithm_has_texts_in_one_style(provider):
    for algorithm in provider.algorithms():
        assert algorithm.id().startswith("patchwise:")
        short = algorithm.shortDescription()
        assert re.fullmatch(r"[A-Z][a-z]+s [^\n]*\.", short) and len(short) <= 140, (algorithm.id(), short)
        assert not re.search(r"[.?!] [A-Z]", short), (algorithm.id(), "one sentence")
        assert algorithm.displayName()[0].isupper() and not algorithm.displayName().endswith(".")
        assert algorithm.shortHelpString()


def test_every_model_has_a_help_link_and_help_for_its_parameters(provider):
    models = [found for found in provider.algorithms() if isinstance(found, QgsProcessingModelAlgorithm)]
    assert models
    for model in models:
        assert model.helpUrl().startswith("https://example.org/patchwise/docs/"), model.id()
        without = [definition.name() for definition in model.parameterDefinitions() if not definition.help()]
        assert not without, (model.id(), without)


@EACH
def test_it_is_found_and_seen(provider, name):
    algorithm = provider.algorithm(name)
    assert len(algorithm.tags()) >= 3 and len(set(algorithm.tags())) == len(algorithm.tags())
    assert algorithm.helpUrl() == f"https://example.org/patchwise/docs/algorithms/{name}"
    assert algorithm.create().id() == f"patchwise:{name}"
    assert not algorithm.icon().isNull() and algorithm.svgIconPath() == str(ROOT / "icons" / f"{name}.svg")
    ElementTree.parse(algorithm.svgIconPath())
    listed = (ROOT / "resources.qrc").read_text(encoding="utf-8")
    assert f"<file>icons/{name}.svg</file>" in listed and f"<file>icons/help/{name}.png</file>" in listed


@EACH
def test_its_help_shows_a_picture_that_is_small(provider, name):
    from qgis.PyQt.QtGui import QImage

    path = ROOT / "icons" / "help" / f"{name}.png"
    image = QImage(str(path))
    assert 0 < image.width() <= 400 and 0 < image.height() <= 300 and path.stat().st_size < 30_000
    text = provider.algorithm(name).shortHelpString()
    assert re.match(rf'<img src="file://[^"]*/icons/help/{name}\.png" width="\d+">\n', text)
    assert len(text) > 200


@EACH
def test_its_parameters_have_help_and_native_types(provider, name):
    native = {kind.id() for kind in QgsApplication.processingRegistry().parameterTypes()}
    for definition in provider.algorithm(name).parameterDefinitions():
        where = name, definition.name()
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", definition.name()), where
        first = re.match(r"\w+", definition.help()).group()
        own = definition.options() if definition.type() == "enum" else ()
        assert definition.help().endswith(".") and (first[0].isupper() or first in own), where
        assert definition.description() and not definition.description().endswith("."), where
        # A widget of our own could not be connected in the model designer.
        assert definition.type() in native and not definition.metadata().get("widget_wrapper"), where
        advanced = definition.flags() & QgsProcessingParameterDefinition.Flag.FlagAdvanced
        if advanced:
            optional = definition.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional
            assert optional or definition.defaultValue() is not None, (*where, "nobody has to open the advanced ones")


@EACH
def test_it_works_as_batch(provider, inputs, name, tmp_path):
    """As the batch dialog runs it: one instance, row after row, each with its own outputs."""
    algorithm, case = provider.algorithm(name), CASES[name]
    assert not algorithm.flags() & QgsProcessingAlgorithm.Flag.FlagNotAvailableInStandaloneTool
    assert algorithm.flags() & QgsProcessingAlgorithm.Flag.FlagSupportsBatch
    for row in ("first", "second"):
        folder = tmp_path / row
        folder.mkdir()
        context, log = new_context(), Log()
        parameters = case.parameters(inputs, folder)
        for definition in algorithm.parameterDefinitions():
            value = parameters.get(definition.name())
            assert value is None or definition.checkValueIsAcceptable(value, context), definition.name()
        assert algorithm.checkParameterValues(parameters, context) == (True, "")
        results, good = algorithm.run(parameters, context, log)
        assert good, log.warnings
        for output in case.outputs:
            assert results[output] == parameters[output]
        if case.outputs:
            assert tree(folder)
    assert sorted(tree(tmp_path / "first")) == sorted(tree(tmp_path / "second"))


@pytest.mark.parametrize(("name", "mistake"), WRONG, ids=[f"{name}-{mistake}" for name, mistake in WRONG])
def test_it_refuses_what_is_wrong_in_one_sentence(provider, inputs, name, mistake, tmp_path):
    from qgis import processing

    parameters, pattern = CASES[name].mistaken(inputs, tmp_path, mistake), CASES[name].wrong[mistake][1]
    before = tree(inputs.folder)
    good, text = provider.algorithm(name).checkParameterValues(parameters, new_context())
    assert not good and re.search(pattern, text), text
    assert "\n" not in text.strip() and "Traceback" not in text and len(text) < 1500
    with pytest.raises(QgsProcessingException, match=pattern):
        processing.run(f"patchwise:{name}", parameters, feedback=Log())
    assert not tree(tmp_path) and tree(inputs.folder) == before


NO_DISK = ("/vsimem/", "/vsizip/out.zip/", "/vsis3/bucket/", "http://127.0.0.1:1/", "https://127.0.0.1:1/a/", "s3://b/")
OUTPUTS = [(name, output) for name in sorted(CASES) for output in CASES[name].outputs]


@pytest.mark.parametrize(("name", "output"), OUTPUTS)
def test_an_output_that_is_on_no_disk_is_refused(provider, inputs, name, output, tmp_path):
    """Results are written beside their target under another name, and renamed: only a disk can do that."""
    case, suffix = CASES[name], CASES[name].outputs[output]
    good = (lambda _: case.without) if case.without is not None else case.good
    for where in NO_DISK:
        target = f"{where}result{suffix}"
        parameters = replace(case, good=good).parameters(inputs, tmp_path, **{output: target})
        for value in (target, QgsProcessingOutputLayerDefinition(target)) if suffix else (target,):
            refused, text = provider.algorithm(name).checkParameterValues({**parameters, output: value}, new_context())
            assert not refused and re.fullmatch(
                f"{output} is '{re.escape(target)}': must be on a disk, and .* is not: "
                "choose a file or folder there and bring the result to its place",
                text,
            ), text
    assert not tree(tmp_path)


@pytest.mark.slow
@EACH
def test_its_layers_come_named_and_styled_from_the_background(provider, inputs, name, tmp_path, qtbot):
    """As toolbox and dock run it: in a task, with layers to be loaded."""
    case, project = CASES[name], QgsProject.instance()
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"patchwise:{name}")
    parameters, wanted = case.parameters(inputs, tmp_path), [output for output in case.outputs if case.outputs[output]]
    for output in wanted:
        parameters[output] = QgsProcessingOutputLayerDefinition(parameters[output], project)
    context, log = new_context(), Log()
    task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, log)
    with qtbot.waitSignal(task.executed, timeout=60_000) as done:
        QgsApplication.taskManager().addTask(task)
    assert done.args[0], log.warnings
    to_load = context.layersToLoadOnCompletion()
    assert len(to_load) == len(wanted)
    for target, details in to_load.items():
        layer = QgsProcessingUtils.mapLayerFromString(target, context)
        assert layer is not None and details.name and details.postProcessor() is not None, details.outputName
        details.postProcessor().postProcessLayer(layer, context, log)
        if isinstance(layer, QgsVectorLayer) and layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry:
            assert layer.renderer().symbol().symbolLayerCount() == 2


class Stopwatch(Log):
    """Cancels at the first progress that is neither the beginning nor the end (or ``told`` the first text).

    ``cancelled_at`` is when that was.
    """

    def __init__(self, told):
        super().__init__()
        self.cancelled_at, self._told = None, told

    def setProgress(self, share):
        super().setProgress(share)
        if 0 < share < 100:
            self._cancel()

    def setProgressText(self, text):
        if self._told:
            self._cancel()

    def _cancel(self):
        if self.cancelled_at is None:
            self.cancelled_at = time.monotonic()
            self.cancel()


@EACH
def test_it_is_cancelled_and_leaves_nothing(provider, inputs, name, tmp_path):
    algorithm, case = provider.algorithm(name), CASES[name]
    if not case.outputs:
        return
    parameters = case.parameters(inputs, tmp_path, **case.long(inputs))
    waits = []
    for _ in range(3):  # a machine that is busy with something else is no fault of the algorithm
        feedback = Stopwatch(case.told)
        _, good = algorithm.run(parameters, new_context(), feedback)
        waits.append(time.monotonic() - (feedback.cancelled_at or 0))
        assert feedback.cancelled_at is not None, "it never said how far it was"
        assert not good and not tree(tmp_path), (good, tree(tmp_path))
        if waits[-1] < 2:
            break
    assert min(waits) < 2, waits


def test_the_parameters_are_those_of_the_issue(provider):
    algorithm = provider.algorithm("slidingwindow")
    advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    names = {d.name(): bool(d.flags() & advanced) for d in algorithm.parameterDefinitions()}
    assert names == {
        "INPUT": False,
        "BANDS": False,
        "EXTENT": False,
        "RESOLUTION": True,
        "OPERATOR": False,
        "EXPRESSION": False,
        "INDEX": False,
        "BAND_ROLES": False,
        "RULES": False,
        "MODEL": False,
        "PYTHON": False,
        "AGGREGATION": False,
        "OTHER_INPUTS": True,
        "SCALE": True,
        "OFFSET": True,
        "SEVERITY": True,
        "NORMALIZE": True,
        "MEAN": True,
        "GEOMETRY": True,
        "RADIUS_KM": True,
        "STD": True,
        "ACTIVATION": True,
        "FILL": True,
        "PROVIDER": True,
        "TRUST": True,
        "CHIP_SIZE": False,
        "STRIDE": False,
        "CHIP_WIDTH": True,
        "STRIDE_X": True,
        "WINDOW": False,
        "TUKEY_ALPHA": False,
        "GAUSSIAN_SIGMA": False,
        "KAISER_BETA": True,
        "CUSTOM_WINDOW": True,
        "BOUNDARY": False,
        "DATA_TYPE": False,
        "NODATA": False,
        "WORKERS": True,
        "CREATION_OPTIONS": True,
        "FORMAT": True,
        "OUTPUT": False,
        "COVERAGE": False,
    }
    defaults = {d.name(): d.defaultValue() for d in algorithm.parameterDefinitions()}
    assert (defaults["CHIP_SIZE"], defaults["STRIDE"], defaults["WINDOW"]) == (256, 128, "hann")
    assert (defaults["OPERATOR"], defaults["AGGREGATION"]) == ("expression", "overlapadd")
    assert (defaults["BOUNDARY"], defaults["DATA_TYPE"], defaults["EXPRESSION"]) == ("shift", "float32", "b1")


def test_the_plugin_comes_and_goes(qgis_app, qgis_iface):
    import patchwise

    registry = QgsApplication.processingRegistry()
    plugin = patchwise.classFactory(qgis_iface)
    plugin.initGui()
    assert registry.algorithmById("patchwise:slidingwindow") is not None
    plugin.unload()
    assert registry.providerById("patchwise") is None
    plugin.unload()  # a second time does no harm
