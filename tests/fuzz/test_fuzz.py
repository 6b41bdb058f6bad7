"""A few hundred damaged and hostile inputs of all kinds; ``make fuzz`` takes as many as are wanted."""

import os

import pytest

from ..conftest import ROOT
from .__main__ import KINDS
from .run import Report, fuzz

pytest.importorskip("rasterio")


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    """The checkout under the name of the package, for the workers."""
    (tmp_path / "patchwise").symlink_to(ROOT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setitem(os.environ, "QT_QPA_PLATFORM", "offscreen")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_sentences_comes_of_damaged_and_hostile_input(kind):
    if kind == "onnx":
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
    if kind in ("tag", "state"):
        pytest.importorskip("qgis.core")
    report = fuzz(kind, 40, 11)
    assert not report.faults, report.faults
    assert sum(report.outcomes.values()) == 40 and report.outcomes["refused"] > 3
    assert report.slowest < 5 and report.largest < 1e9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("enter", "what", "seconds"),
    [
        ("raise KeyError('x')", "KeyError", 60.0),
        ("import os; os.kill(os.getpid(), 11)", "the process ended with -11", 60.0),
        ("import time; time.sleep(60)", "no answer in", 1.0),
        ("import numpy; kept.append(numpy.ones(75_000_000))", "MB of memory", 60.0),
    ],
)
def test_what_goes_wrong_is_found(enter, what, seconds, tmp_path, monkeypatch):
    """The net itself: a worker that has such a fault in its third case, and goes on after it."""
    import patchwise.tests.fuzz.run as run

    body = (
        "import json, sys, time, resource\nfrom patchwise.tests.fuzz import worker\nkept = []\n"
        "def enter(path):\n    if path == 2:\n        " + enter + "\n"
        "print('ready', flush=True)\n"
        "for k in range(int(sys.argv[4]), int(sys.argv[5])):\n    print(k, flush=True)\n"
        "    out, said = worker.entered(enter, k)\n"
        "    memory = worker.peak()\n"
        "    print(json.dumps([k, out, said, 0.0, memory]), flush=True)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(body)
    real = run.subprocess.Popen

    def started(command, **more):
        return real([command[0], script, *command[3:]], **more)

    monkeypatch.setattr(run.subprocess, "Popen", started)
    monkeypatch.setattr(run, "SECONDS", seconds)
    monkeypatch.setattr(run, "MEMORY", 5e8)
    report = Report("geotiff")
    index = 0
    while index < 5:
        index = run._some(report, 5, 1, index, str(tmp_path))
    assert [number for number, _ in report.faults] == [2] and what in report.faults[0][1]
    assert sum(report.outcomes.values()) == 5
