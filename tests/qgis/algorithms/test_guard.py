"""The last net: whatever is raised where QGIS calls becomes a sentence, and the log has the traceback."""

import numpy as np
import pytest
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
)

from ..conftest import write

ERRORS = [
    RuntimeError("the header\nis broken"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    RecursionError("maximum recursion depth exceeded"),
    MemoryError(),
    OverflowError("cannot convert"),
    SystemError("returned NULL without setting an exception"),
]


@pytest.fixture()
def logged(qgis_app):
    """What the message log of QGIS was told, as ``(text, tag)``."""
    found = []

    def keep(text, tag, level):
        found.append((text, tag))

    log = QgsApplication.messageLog()
    signal = log.messageReceived[str, str, Qgis.MessageLevel]
    signal.connect(keep)
    yield found
    signal.disconnect(keep)


def raising(error):
    def raises(*_, **__):
        raise error

    return raises


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_what_nobody_foresaw_in_a_check_is_a_sentence_and_its_traceback_is_in_the_log(provider, logged, error):
    for found in provider.algorithms():
        if isinstance(found, QgsProcessingModelAlgorithm):
            continue
        algorithm = found.create()
        algorithm.refuse = raising(error)
        good, text = algorithm.checkParameterValues({}, QgsProcessingContext())
        assert not good and "Traceback" not in text and "\n" not in text
    algorithm = provider.algorithm("slidingwindow").create()
    algorithm.refuse = raising(error)
    algorithm._no_option = raising(error)
    good, text = algorithm.checkParameterValues({}, QgsProcessingContext())
    assert not good and text.startswith(f"INPUT cannot be used: {type(error).__name__}: ") and "Patchwise" in text
    assert any("Traceback" in said and tag == "Patchwise" for said, tag in logged)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_what_nobody_foresaw_in_a_run_is_an_error_of_processing(provider, tmp_path, monkeypatch, error):
    scene = str(tmp_path / "scene.tif")
    write(scene, np.ones((1, 20, 20), np.float32))
    parameters = {"INPUT": scene, "CHIP_SIZE": 8, "STRIDE": 8, "OUTPUT": str(tmp_path / "out.tif")}
    for stage in ("prepareAlgorithm", "processAlgorithm"):
        algorithm = provider.algorithm("slidingwindow").create()
        with monkeypatch.context() as patched:
            name = {"prepareAlgorithm": "make_job", "processAlgorithm": "parameterAsOutputLayer"}[stage]
            patched.setattr(algorithm, name, raising(error), raising=False)
            with pytest.raises(QgsProcessingException, match="slidingwindow cannot be used|not enough memory"):
                getattr(algorithm, stage)(parameters, QgsProcessingContext(), QgsProcessingFeedback())
    assert not (tmp_path / "out.tif").exists()
