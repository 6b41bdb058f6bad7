"""No algorithm leaves a raster open, and none is open when outputs take their names.

A raster that is open cannot be replaced on Windows, and one that outlives GDAL damages memory when QGIS ends.
"""

import gc

import pytest
from patchwise.core.rasters.commit import CommitGroup
from patchwise.core.rasters.opened import OpenedFile
from qgis.core import QgsProcessingContext, QgsProject

from .algorithm_cases import CASES
from .algorithm_inputs import Inputs
from .conftest import Log

#: Further rasters, each in a row of its own.
MORE = {
    "splitraster with labels": lambda inputs: {"LABELS": inputs.scene},
    "applytochips with further rasters": lambda inputs: {"OTHER_INPUTS": [inputs.scene], "EXPRESSION": "b3 - b1"},
    "slidingwindow with further rasters": lambda inputs: {"OTHER_INPUTS": [inputs.scene], "EXPRESSION": "b3 - b1"},
}


@pytest.fixture()
def opened(monkeypatch):
    """Every dataset that a ``RasterFile`` has opened; none may be open when outputs take their names."""
    found, original, change = [], OpenedFile._opened_by, CommitGroup._change_hands

    def noted(self, options):
        found.append(original(self, options))
        return found[-1]

    def checked(self):
        assert not [dataset.name for dataset in found if not dataset.closed]
        change(self)

    monkeypatch.setattr(OpenedFile, "_opened_by", noted)
    monkeypatch.setattr(CommitGroup, "_change_hands", checked)
    return found


@pytest.mark.parametrize("name", [*sorted(CASES), *MORE])
def test_no_raster_is_left_open(provider, request, name, tmp_path, opened):
    kind = name.split()[0]
    inputs = Inputs(tmp_path / "inputs", request.getfixturevalue)
    more = MORE[name](inputs) if name in MORE else {}
    (tmp_path / "out").mkdir()
    parameters = CASES[kind].parameters(inputs, tmp_path / "out", **more)
    gc.collect()
    opened.clear()
    context, log = QgsProcessingContext(), Log()
    context.setProject(QgsProject.instance())
    algorithm = provider.algorithm(kind).create()
    assert algorithm.checkParameterValues(parameters, context) == (True, "")
    assert not [dataset.name for dataset in opened if not dataset.closed]
    _, good = algorithm.run(parameters, context, log)
    assert good, log.warnings
    assert not [dataset.name for dataset in opened if not dataset.closed]
