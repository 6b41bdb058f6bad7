"""``patchwise:windowweights`` against direct sums of the core's weights."""

import os

import numpy as np
import pytest
import rasterio
from patchwise.core import (
    SpatialBoxcar,
    SpatialCustom,
    SpatialGaussian,
    SpatialHann,
    SpatialJitteredStride,
    SpatialKaiser,
    SpatialPatcher,
    SpatialPoissonDisk,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
    SpatialTriangular,
    SpatialTukey,
)
from patchwise.core.grid.domain import RasterDomain
from qgis.core import QgsProcessingException

from ..conftest import Log, read

WINDOWS = {
    "boxcar": ({}, SpatialBoxcar()),
    "hann": ({}, SpatialHann()),
    "tukey": ({"TUKEY_ALPHA": 0.3}, SpatialTukey(0.3)),
    "kaiser": ({"KAISER_BETA": 4.0}, SpatialKaiser(4.0)),
    "triangular": ({}, SpatialTriangular()),
    "gaussian": ({"GAUSSIAN_SIGMA": 0.4}, SpatialGaussian(0.4)),
    "custom": ({"CUSTOM_WINDOW": "where(r < 0.8, 1 - r, 0)"}, SpatialCustom("where(r < 0.8, 1 - r, 0)")),
}
SAMPLERS = {
    "regular": ({}, SpatialRegularStride(40)),
    "jittered": ({"JITTER": 9, "SEED": 2}, SpatialJitteredStride(40, 9, 2)),
    "random": ({"COUNT": 25, "SEED": 3}, SpatialRandom(25, 3)),
    "poissondisk": ({"MIN_DISTANCE": 50, "SEED": 4}, SpatialPoissonDisk(50, 4)),
}


@pytest.fixture()
def weights(provider, tmp_path):
    """``weights(feedback=None, **parameters)`` by ``processing.run``; the band, and the results."""
    from qgis import processing

    def run(feedback=None, **parameters):
        out = str(tmp_path / "weights.tif")
        parameters = {"CHIP_SIZE": 64, "STRIDE": 40, "OUTPUT": out, **parameters}
        results = processing.run("patchwise:windowweights", parameters, feedback=feedback or Log())
        return read(results["OUTPUT"])[0], results

    return run


def domain_of(path):
    with rasterio.open(path) as dataset:
        return RasterDomain(dataset.shape, dataset.transform, dataset.crs)


def added(patcher, domain):
    """Chip by chip, on an array with room for what reaches over the edge."""
    room = np.zeros([n + 200 for n in domain.shape])
    for group in patcher.plan(domain).groups(domain.window):
        for chip in group.chips:
            row, col, height, width = chip.window
            own = patcher.window.weights(SpatialRectangular((height, width))) if chip.weights is None else chip.weights
            room[row : row + height, col : col + width] += own
    total = room[: domain.shape[0], : domain.shape[1]]
    return np.where(total > 0, total, np.nan)


@pytest.mark.parametrize("boundary", ["shift", "reflect", "pad", "shrink", "drop"])
@pytest.mark.parametrize("window", WINDOWS)
def test_the_sums_are_those_of_all_chips(weights, scene, window, boundary):
    chosen, made = WINDOWS[window]
    patcher = SpatialPatcher(SpatialRectangular((64, 64), boundary), SpatialRegularStride(40), made)
    expected = added(patcher, domain_of(scene))
    result, results = weights(INPUT=scene, WINDOW=window, BOUNDARY=boundary, **chosen)
    np.testing.assert_allclose(result, expected, rtol=1e-6)
    assert results["PIXELS_WITHOUT_CHIP"] == np.isnan(expected).sum()
    with rasterio.open(results["OUTPUT"]) as target, rasterio.open(scene) as source:
        assert (target.crs, target.transform, target.shape) == (source.crs, source.transform, source.shape)
        assert target.dtypes == ("float32",) and np.isnan(target.nodata) and target.descriptions == ("weights",)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("cap", [False, True])
def test_any_sampler_of_rectangles_and_caps(weights, scene, sampler, cap):
    chosen, made = SAMPLERS[sampler]
    geometry = SpatialSphericalCap(0.3) if cap else SpatialRectangular((64, 64), "shift")
    expected = added(SpatialPatcher(geometry, made, SpatialHann()), domain_of(scene))
    more = {"GEOMETRY": "sphericalcap", "RADIUS_KM": 0.3} if cap else {}
    log = Log()
    result, _ = weights(log, INPUT=scene, SAMPLER=sampler, **chosen, **more)
    np.testing.assert_allclose(result, expected, rtol=1e-6)
    gaps = np.isnan(expected).sum()
    assert bool(gaps) == any(f"{gaps:,} pixels" in warning and "in no chip" in warning for warning in log.warnings)
    assert log.shares == sorted(log.shares) and log.shares[-1] == 100


def test_an_extent_is_that_part_of_the_whole(weights, scene, tmp_path):
    part = str(tmp_path / "part.tif")
    whole, _ = weights(INPUT=scene)
    some, _ = weights(INPUT=scene, EXTENT="750333,751207,4347700,4349111 [EPSG:32610]", OUTPUT=part)
    np.testing.assert_array_equal(some, whole[88:230, 33:121])
    with rasterio.open(part) as target:
        assert tuple(target.bounds) == (750330.0, 4347700.0, 751210.0, 4349120.0)


@pytest.mark.parametrize("window", WINDOWS)
def test_one_window_lies_at_the_chip_in_the_middle(weights, scene, window):
    chosen, made = WINDOWS[window]
    result, results = weights(INPUT=scene, KIND="window", CHIP_WIDTH=32, WINDOW=window, **chosen)
    expected = made.weights(SpatialRectangular((64, 32)))
    np.testing.assert_allclose(result, np.where(expected > 0, expected, np.nan), rtol=1e-6)
    assert results["PIXELS_WITHOUT_CHIP"] == (expected == 0).sum()
    with rasterio.open(results["OUTPUT"]) as target:
        assert target.descriptions == ("weight",)
        row, col = (4350000 - target.transform.f) / 10, (target.transform.c - 750000) / 10
    assert (row % 40, col % 40) == (0, 0)
    assert abs(row + 32 - 150) <= 20 and abs(col + 16 - 105.5) <= 20


def test_the_window_of_a_cap_is_round(weights, scene):
    result, results = weights(INPUT=scene, KIND="window", GEOMETRY="sphericalcap", RADIUS_KM=0.4, SAMPLER="regular")
    known = ~np.isnan(result)
    assert known.sum() == pytest.approx(np.pi * 40**2, rel=0.03) and not known[0, 0]
    assert result[known].min() > 0 and results["PIXELS_WITHOUT_CHIP"] == (~known).sum()
    row, col = np.unravel_index(np.nanargmax(result), result.shape)
    assert abs(row - result.shape[0] / 2) <= 1 and abs(col - result.shape[1] / 2) <= 1


def test_the_layer_is_named(provider, scene, tmp_path):
    from qgis.core import QgsProcessingContext, QgsProcessingOutputLayerDefinition, QgsProject

    project, out = QgsProject(), str(tmp_path / "w.tif")
    for kind, name in (("coverage", "summed weights on scene"), ("window", "window on scene")):
        context = QgsProcessingContext()
        context.setProject(project)
        target = QgsProcessingOutputLayerDefinition(out, project)
        algorithm = provider.algorithm("windowweights").create()
        _, good = algorithm.run({"INPUT": scene, "KIND": kind, "OUTPUT": target}, context, Log())
        assert good and context.layerToLoadOnCompletionDetails(out).name == name


WRONG = {
    "kind": ({"KIND": "both"}, "KIND"),
    "chip size": ({"CHIP_SIZE": 0}, "CHIP_SIZE is 0: it must be at least 1"),
    "no chip fits": ({"CHIP_SIZE": 500, "BOUNDARY": "drop"}, "CHIP_SIZE is .*no chip"),
    "custom window": ({"WINDOW": "custom", "CUSTOM_WINDOW": "x"}, "CUSTOM_WINDOW is 'x': .*at least 0"),
    "custom cap": (
        {"WINDOW": "custom", "CUSTOM_WINDOW": "1 - x*x", "GEOMETRY": "sphericalcap", "RADIUS_KM": 1},
        "CUSTOM_WINDOW is .*expression in r alone",
    ),
    "no radius": ({"GEOMETRY": "sphericalcap"}, "RADIUS_KM is None"),
    "extent": ({"EXTENT": "0,100,0,100 [EPSG:32610]"}, "EXTENT is .*must overlap the raster"),
    "options": ({"CREATION_OPTIONS": "COMPRESS"}, "CREATION_OPTIONS is 'COMPRESS': must be KEY=VALUE"),
    "folder": ({"OUTPUT": "/nowhere/at/all/out.tif"}, "OUTPUT is .*folder"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_refused_in_one_sentence(weights, scene, case):
    wrong, message = WRONG[case]
    with pytest.raises(QgsProcessingException, match=message):
        weights(**{"INPUT": scene, **wrong})


def test_the_input_is_not_overwritten(weights, scene):
    before = read(scene)
    with pytest.raises(QgsProcessingException, match="OUTPUT is .*must not be the same file"):
        weights(INPUT=scene, OUTPUT=scene)
    np.testing.assert_array_equal(read(scene), before)


@pytest.mark.parametrize("share", [1, 60])
@pytest.mark.parametrize(
    "more", [{}, {"KIND": "window"}, {"GEOMETRY": "sphericalcap", "RADIUS_KM": 0.2, "SAMPLER": "random"}]
)
def test_cancelled_at_any_time_leaves_nothing_and_what_was_there(weights, scene, tmp_path, share, more):
    if more.get("KIND") and share == 60:
        share = 5
    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / "w.tif"
    out.write_text("what was there before")
    with pytest.raises(QgsProcessingException, match="cancelled"):
        weights(Log(cancel_at=share), INPUT=scene, OUTPUT=str(out), **more)
    assert os.listdir(folder) == [out.name] and out.read_text() == "what was there before"


def test_coverage_of_the_sliding_window_is_cancelled_too(run, scene, tmp_path):
    """While the chips per pixel are counted, which is the first tenth of the progress."""
    folder = tmp_path / "out"
    folder.mkdir()
    log = Log(cancel_at=1)
    with pytest.raises(QgsProcessingException, match="cancelled"):
        run(log, INPUT=scene, CHIP_SIZE=64, STRIDE=8, OUTPUT=str(folder / "o.tif"), COVERAGE=str(folder / "c.tif"))
    assert log.shares[-1] < 10 and not os.listdir(folder)
    done = Log()
    run(done, INPUT=scene, CHIP_SIZE=64, STRIDE=8, OUTPUT=str(folder / "o.tif"), COVERAGE=str(folder / "c.tif"))
    assert done.shares == sorted(done.shares) and done.shares[-1] == 100
