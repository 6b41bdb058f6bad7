"""How often one ``processing.run`` of the sliding window opens its input, plans and estimates."""

from collections import Counter

import numpy as np
import pytest
from patchwise.core.loop.patcher import SpatialPatcher
from patchwise.core.rasters.file import RasterFile
from patchwise.core.rasters.opened import OpenedFile
from patchwise.processing_provider import job
from qgis import processing
from qgis.core import QgsProcessingException
from rasterio.transform import from_origin

from ..conftest import write

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
    count(job, "estimate")
    count(RasterFile, "__init__")
    real = OpenedFile._opened_by

    def opening(self, options):
        calls[self.path] += 1
        return real(self, options)

    monkeypatch.setattr(OpenedFile, "_opened_by", opening)
    return calls


@pytest.mark.parametrize("boundary", ["shift", "drop"])
def test_a_run_plans_and_estimates_once_in_each_pass(run, scene, tmp_path, counted, boundary):
    run(INPUT=scene, EXPRESSION="b1 + b3", CHIP_SIZE=64, STRIDE=24, BOUNDARY=boundary, OUTPUT=str(tmp_path / "out.tif"))
    assert counted["plan"] == PASSES, "one in each pass, and the run takes the job's"
    assert counted["estimate"] == PASSES
    assert counted[scene] == PASSES + 1, "one in each pass, one in the run"
    assert counted["__init__"] == PASSES, "what is chosen of a raster is the same open file"


def classes(path, seed):
    """A raster of bytes with names of its classes, of which more is known than its pixels."""
    values = np.random.default_rng(seed).integers(1, 9, (3, 200, 260)).astype(np.uint8)
    return write(path, values, nodata=0, crs="EPSG:32633", transform=from_origin(500000, 5000000, 10, 10))


INDEX = {"OPERATOR": "index", "INDEX": "NDVI", "BAND_ROLES": "R=1 N=3", "CHIP_SIZE": 64, "STRIDE": 48}


@pytest.mark.parametrize("there", [False, True], ids=["new", "replaced"])
def test_what_is_looked_at_before_a_run_is_seen_in_the_one_opening(run, tmp_path, counted, there):
    """A pass describes the bands, reads a sample, and compares the files with an output that is there already."""
    path, out = classes(tmp_path / "in.tif", 1), str(tmp_path / "out.tif")
    if there:
        classes(out, 2)
    run(INPUT=path, OUTPUT=out, **INDEX)
    assert counted[path] == PASSES + 1
    assert (counted["plan"], counted["estimate"]) == (PASSES, PASSES)


@pytest.mark.parametrize("shift", [0, 3.5], ids=["aligned", "warped"])
def test_further_inputs_are_opened_as_often(run, tmp_path, counted, shift):
    path, out = classes(tmp_path / "in.tif", 1), str(tmp_path / "out.tif")
    values = np.random.default_rng(3).normal(5, 1, (1, 200, 260)).astype(np.float32)
    grid = from_origin(500000 + shift, 5000000, 10, 10)
    other = write(tmp_path / "other.tif", values, crs="EPSG:32633", transform=grid)
    run(INPUT=path, OTHER_INPUTS=[other], OUTPUT=out, **{**INDEX, "BAND_ROLES": "R=1 N=4"})
    assert (counted[path], counted[other]) == (PASSES + 1, PASSES + 1)
    assert (counted["plan"], counted["estimate"]) == (PASSES, PASSES)


def test_a_refused_run_leaves_nothing_open(run, tmp_path, monkeypatch):
    opened, real = [], OpenedFile.__init__

    def noting(self, *args):
        opened.append(self)
        real(self, *args)

    monkeypatch.setattr(OpenedFile, "__init__", noting)
    path, apart = classes(tmp_path / "in.tif", 1), str(tmp_path / "apart.tif")
    values = np.ones((1, 50, 60), np.float32)
    write(apart, values, crs="EPSG:32633", transform=from_origin(700000, 5000000, 10, 10))
    for wrong in ({"OPERATOR": "index", "INDEX": "no index"}, {"OTHER_INPUTS": [apart]}, {"OUTPUT": path}):
        with pytest.raises(QgsProcessingException):
            run(**{"INPUT": path, "OUTPUT": str(tmp_path / "out.tif"), **wrong})
    assert opened and all(file.closed for file in opened)


def test_a_repeated_run_does_so_too(run, scene, tmp_path, counted):
    first = str(tmp_path / "first.tif")
    run(INPUT=scene, EXPRESSION="b1 + b3", CHIP_SIZE=64, STRIDE=24, OUTPUT=first)
    counted.clear()
    processing.run("patchwise:runconfig", {"CONFIG_FROM": first, "OUTPUT": str(tmp_path / "second.tif")})
    assert (counted["plan"], counted["estimate"]) == (PASSES, PASSES)
    assert counted[scene] == PASSES + 1


def test_chips_are_counted_by_the_same_plan(run, scene, tmp_path, counted):
    counts = str(tmp_path / "counts.tif")
    run(INPUT=scene, EXPRESSION="b1", CHIP_SIZE=64, STRIDE=24, COVERAGE=counts, OUTPUT=str(tmp_path / "out.tif"))
    assert counted["plan"] == PASSES


def test_folders_of_chips_are_planned_as_often(provider, scene, tmp_path, counted):
    chips, done, out = (str(tmp_path / name) for name in ("chips", "done", "out.tif"))
    steps = {
        "splitraster": {"INPUT": scene, "CHIP_SIZE": 64, "STRIDE": 48, "OUTPUT": chips},
        "applytochips": {"CHIPS": chips, "EXPRESSION": "b1 * 2", "OUTPUT": done},
        "stitchchips": {"CHIPS": done, "OUTPUT": out},
    }
    for name, parameters in steps.items():
        counted.clear()
        processing.run(f"patchwise:{name}", parameters)
        assert (name, counted["plan"]) == (name, PASSES)


def test_only_spherical_caps_are_found_in_the_run(run, tmp_path, counted):
    """Finding their pixels takes long, and is done where it can be cancelled."""
    path = classes(tmp_path / "in.tif", 1)
    run(
        INPUT=path, GEOMETRY="sphericalcap", RADIUS_KM=0.4, STRIDE=40, EXPRESSION="b1", OUTPUT=str(tmp_path / "out.tif")
    )
    assert counted["plan"] == 1
