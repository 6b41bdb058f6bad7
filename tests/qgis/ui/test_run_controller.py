"""The run controller by itself, with algorithms that misbehave."""

import pytest
from qgis.core import QgsApplication, QgsProcessingAlgorithm, QgsProcessingException, QgsProcessingProvider


class Odd(QgsProcessingAlgorithm):
    """``NAME`` says what it does."""

    NAME = ""

    def name(self):
        return self.NAME

    def displayName(self):
        return self.NAME

    def createInstance(self):
        return type(self)()

    def initAlgorithm(self, configuration=None):
        pass

    def processAlgorithm(self, parameters, context, feedback):
        return {}


class RefusesLate(Odd):
    NAME = "refuseslate"

    def prepareAlgorithm(self, parameters, context, feedback):
        raise QgsProcessingException("not today")


class Fails(Odd):
    NAME = "fails"

    def processAlgorithm(self, parameters, context, feedback):
        feedback.pushWarning("look out")
        raise QgsProcessingException("it went wrong\nin several lines")


class Loses(Odd):
    """Says that a layer is to be loaded which is not there."""

    NAME = "loses"

    def processAlgorithm(self, parameters, context, feedback):
        from qgis.core import QgsProcessingContext

        details = QgsProcessingContext.LayerDetails("lost", context.project(), "OUTPUT")
        context.addLayerToLoadOnCompletion("/nowhere/lost.tif", details)
        return {"OUTPUT": "/nowhere/lost.tif"}


class OddProvider(QgsProcessingProvider):
    def id(self):
        return "odd"

    def name(self):
        return "odd"

    def loadAlgorithms(self):
        for algorithm in (RefusesLate, Fails, Loses):
            self.addAlgorithm(algorithm())


@pytest.fixture()
def controller(qgis_app, qgis_processing, qtbot):
    from patchwise.ui.runs.controller import RunController

    provider = OddProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    yield RunController()
    QgsApplication.processingRegistry().removeProvider(provider)


def algorithm(name):
    return QgsApplication.processingRegistry().createAlgorithmById(f"odd:{name}")


def test_what_prepare_refuses_is_the_answer(controller):
    assert controller.start(algorithm("refuseslate"), {}) == "not today"
    assert not controller.running()


def test_errors_and_warnings_are_kept_apart_from_the_log(controller, qtbot):
    with qtbot.waitSignal(controller.ended, timeout=10000) as ended:
        assert controller.start(algorithm("fails"), {}) == ""
    run = ended.args[0]
    assert not run.ok and not run.cancelled
    assert run.error.startswith("it went wrong") and run.feedback.warnings == ["look out"]
    assert "look out" in run.feedback.textLog() and "went wrong" in run.history["log"]


def test_a_layer_that_cannot_be_loaded_is_said(controller, qtbot):
    with qtbot.waitSignal(controller.ended, timeout=10000) as ended:
        controller.start(algorithm("loses"), {})
    run = ended.args[0]
    assert run.layers == [] and "/nowhere/lost.tif" in run.error


def test_nothing_under_way_can_be_cancelled_and_stopped(controller):
    controller.cancel()
    controller.stop()
    assert not controller.running()


def test_an_algorithm_that_is_not_there(controller):
    from patchwise.ui.runs.controller import algorithm_of

    assert algorithm_of("odd:nothing") is None
