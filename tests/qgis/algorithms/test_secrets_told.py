"""A password or a signature in an address that a user gives is in no log, error, tag, history and name of a layer."""

import json

import numpy as np
import pytest
import rasterio
from qgis.core import QgsProcessingException, QgsProcessingFeedback, QgsRasterLayer

from ...loopback import serving
from ..conftest import Log, write

MARK = "XYZZY"


@pytest.fixture()
def signed(tmp_path):
    """Where a file is served, with a signature and a password in its address."""
    write(tmp_path / "a.tif", np.arange(64 * 64, dtype=np.float32).reshape(1, 64, 64))
    with serving({"/a.tif": (tmp_path / "a.tif").read_bytes()}) as server:
        yield f"/vsicurl/{server.url.replace('//', f'//me:{MARK}@')}/a.tif?sv=1&sig={MARK}"


def test_a_result_and_its_log_name_the_host_and_not_the_signature(provider, signed, tmp_path):
    from qgis import processing

    out, log = tmp_path / "out.tif", Log()
    layer = QgsRasterLayer(signed, f"a.tif?sig={MARK}", "gdal")
    assert layer.isValid()
    processing.run(
        "patchwise:slidingwindow",
        {"INPUT": layer, "EXPRESSION": "b1", "CHIP_SIZE": 32, "STRIDE": 32, "OUTPUT": str(out)},
    )
    with rasterio.open(out) as made:
        record = made.tags()["PATCHWISE_CONFIG"]
    assert MARK not in record and MARK.encode() not in out.read_bytes()
    assert json.loads(record)["input"]["source"].endswith("/a.tif") and "127.0.0.1" in record
    again = {"CONFIG_FROM": str(out), "INPUT": layer, "OUTPUT": str(tmp_path / "again.tif")}
    processing.run("patchwise:runconfig", again, feedback=log)
    said = "\n".join([*log.infos, *log.warnings])
    assert "127.0.0.1" in said and MARK not in said


def test_an_error_names_the_host_and_not_the_signature(provider, signed, tmp_path):
    from qgis import processing

    layer = QgsRasterLayer(signed, "a", "gdal")
    write(tmp_path / "b.tif", np.zeros((1, 8, 8), np.float32))
    gone = signed.replace("a.tif?", "gone.tif?")
    for parameters in (
        {"INPUT": gone},
        {"INPUT": layer, "OTHER_INPUTS": [gone]},
        {"INPUT": layer, "CREATION_OPTIONS": f"USERPWD=me:{MARK}|X"},
    ):
        with pytest.raises(QgsProcessingException) as caught:
            processing.run(
                "patchwise:slidingwindow", {"EXPRESSION": "b1", "OUTPUT": str(tmp_path / "out.tif"), **parameters}
            )
        assert MARK not in str(caught.value)


def test_history_and_log_of_a_run_from_the_dock_have_no_signature(provider, signed, tmp_path, monkeypatch):
    from patchwise.ui.runs import controller as run_controller
    from patchwise.ui.runs.controller import Run, RunFeedback, finish_history, write_history
    from qgis.gui import QgsGui

    entries = {}
    registry = QgsGui.historyProviderRegistry()

    class Registry:
        def addEntry(self, provider_id, entry):
            entries["added"] = json.loads(json.dumps(entry, default=str))
            return 1, True

        def updateEntry(self, number, entry):
            entries["updated"] = json.loads(json.dumps(entry, default=str))

    assert registry is not None
    monkeypatch.setattr(run_controller.QgsGui, "historyProviderRegistry", staticmethod(Registry))
    algorithm = run_controller.algorithm_of("patchwise:slidingwindow")
    run = Run(
        algorithm, {"INPUT": signed, "EXPRESSION": "b1", "OTHER_INPUTS": [signed], "OUTPUT": str(tmp_path / "o.tif")}
    )
    write_history(run)
    run.feedback.pushInfo(f"Input: {signed}")
    run.feedback.pushWarning(f"{signed} is slow")
    run.feedback.reportError(f"{signed} is gone")
    run.results = {"OUTPUT": signed}
    finish_history(run)
    text = json.dumps(entries)
    assert MARK not in text and "/a.tif" in text
    assert set(entries["added"]) >= {"python_command", "parameters", "process_command"}
    assert MARK not in run.error and isinstance(run.feedback, (RunFeedback, QgsProcessingFeedback))
