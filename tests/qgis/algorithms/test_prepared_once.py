"""How often one ``processing.run`` of the sliding window opens its input, plans and estimates."""

from collections import Counter

import pytest
from patchwise.core.loop.patcher import SpatialPatcher
from patchwise.core.rasters.file import RasterFile
from patchwise.processing_provider import job
from qgis import processing

PASSES = 2  # QGIS asks for the check of the parameters, and for the preparation of the run


@pytest.fixture()
def counted(monkeypatch):
    """Calls by name."""
    calls = Counter()

    def count(owner, name):
        original = getattr(owner, name)

        def counting(*args, **more):
            calls[name] += 1
            return original(*args, **more)

        monkeypatch.setattr(owner, name, counting)

    count(SpatialPatcher, "plan")
    count(RasterFile, "__init__")
    count(job, "estimate")
    return calls


@pytest.mark.parametrize("boundary", ["shift", "drop"])
def test_a_run_plans_and_estimates_once_in_each_pass(run, scene, tmp_path, counted, boundary):
    run(INPUT=scene, EXPRESSION="b1 + b3", CHIP_SIZE=64, STRIDE=24, BOUNDARY=boundary, OUTPUT=str(tmp_path / "out.tif"))
    assert counted["plan"] == PASSES + 1, "one in each pass, one in the run"
    assert counted["estimate"] == PASSES
    assert counted["__init__"] <= 2 * PASSES + 1, "in each pass all bands, then those that are used; the result's title"


def test_a_repeated_run_does_so_too(run, scene, tmp_path, counted):
    first = str(tmp_path / "first.tif")
    run(INPUT=scene, EXPRESSION="b1 + b3", CHIP_SIZE=64, STRIDE=24, OUTPUT=first)
    counted.clear()
    processing.run("patchwise:runconfig", {"CONFIG_FROM": first, "OUTPUT": str(tmp_path / "second.tif")})
    assert (counted["plan"], counted["estimate"]) == (PASSES + 1, PASSES)
