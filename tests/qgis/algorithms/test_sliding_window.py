"""``patchwise:slidingwindow`` through ``processing.run``: right pixels, right grid, right words."""

import json
import os
import re

import numpy as np
import pytest
import rasterio
from qgis import processing
from qgis.core import QgsProcessingContext, QgsProcessingException, QgsRasterLayer
from rasterio.warp import transform_bounds

from ..conftest import Log, read, write

SMALL = {"CHIP_SIZE": 64, "STRIDE": 24}
Z_SCORE = "(b1 - mean(b1)) / std(b1)"  # depends on the chip, so that overlaps and chip places show


def files(folder):
    return sorted(os.listdir(folder))


def test_ndvi_equals_the_direct_computation(run, scene, tmp_path, log):
    out = str(tmp_path / "ndvi.tif")
    result = run(log, INPUT=scene, EXPRESSION="(B08-B04)/(B08+B04)", OUTPUT=out, **SMALL)
    bands = read(scene)
    np.testing.assert_allclose(read(out)[0], (bands[3] - bands[2]) / (bands[3] + bands[2]), atol=1e-6)
    assert result["CHIPS"] == 11 * 8
    assert result["PIXELS_WITHOUT_DATA"] == 60 * 40
    with rasterio.open(scene) as source, rasterio.open(out) as target:
        assert (target.crs, target.transform, target.shape) == (source.crs, source.transform, source.shape)
        assert target.dtypes == ("float32",) and np.isnan(target.nodata)
        assert target.descriptions == ("(B08-B04)/(B08+B04)",)
        assert target.profile["tiled"] and target.profile["compress"] in ("zstd", "deflate")
    said = " ".join(log.infos)
    for word in ("88 chips", "2,400 of 63,300 pixels without data", "MB/s", "peak memory"):
        assert word in said
    assert log.shares[-1] == 100 and log.shares == sorted(log.shares)


@pytest.mark.parametrize("window", ["boxcar", "hann", "tukey", "gaussian", "custom"])
@pytest.mark.parametrize("boundary", ["shift", "reflect", "pad", "shrink", "drop"])
def test_identity(run, scene, tmp_path, window, boundary):
    out = str(tmp_path / "out.tif")
    custom = {"CUSTOM_WINDOW": "1.5 - r"} if window == "custom" else {}
    run(INPUT=scene, EXPRESSION="b1;b3", WINDOW=window, BOUNDARY=boundary, OUTPUT=out, **SMALL, **custom)
    expected, result = read(scene)[[0, 2]], read(out)
    if boundary == "drop":
        rows, cols = 24 * 9 + 64, 24 * 6 + 64
        assert np.isnan(result[:, rows:]).all() and np.isnan(result[:, :, cols:]).all()
        expected, result = expected[:, :rows, :cols], result[:, :rows, :cols]
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("crs", [None, "EPSG:4326"])
def test_extent_gives_the_pixels_of_the_whole_run(run, scene, tmp_path, crs):
    whole, part = str(tmp_path / "whole.tif"), str(tmp_path / "part.tif")
    box = (750333.0, 4347700.0, 751207.0, 4349111.0)
    extent, suffix = box, " [EPSG:32610]"
    if crs:
        extent, suffix = transform_bounds("EPSG:32610", crs, *box), f" [{crs}]"
    text = "{0},{2},{1},{3}".format(*extent) + suffix
    run(INPUT=scene, EXPRESSION=Z_SCORE, OUTPUT=whole, **SMALL)
    run(INPUT=scene, EXPRESSION=Z_SCORE, OUTPUT=part, EXTENT=text, **SMALL)
    with rasterio.open(whole) as all_of_it, rasterio.open(part) as some:
        assert some.transform.a == 10 and some.transform.e == -10
        assert some.bounds.left <= box[0] and some.bounds.top >= box[3]
        if crs is None:  # snapped outward to the pixel grid
            assert tuple(some.bounds) == (750330.0, 4347700.0, 751210.0, 4349120.0)
        window = all_of_it.window(*some.bounds).round_offsets().round_lengths()
        np.testing.assert_array_equal(some.read(), all_of_it.read(window=window))
        assert some.width < all_of_it.width and some.height < all_of_it.height


def test_layer_as_input_and_bands_in_the_order_chosen(run, scene, tmp_path):
    out = str(tmp_path / "out.tif")
    layer = QgsRasterLayer(scene, "scene")
    run(INPUT=layer, BANDS=[4, 2], EXPRESSION="b1 * 10 + b2; B03", OUTPUT=out, **SMALL)
    bands = read(scene)
    np.testing.assert_array_equal(read(out), [bands[3] * 10 + bands[1], bands[1]])


def test_defaults_pass_the_first_band_through(run, scene, tmp_path):
    out = str(tmp_path / "out.tif")
    run(INPUT=scene, OUTPUT=out)
    np.testing.assert_array_equal(read(out)[0], read(scene)[0])
    with rasterio.open(out) as target:
        assert target.descriptions == ("B02",)


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [("uint8", 255), ("int16", -32768), ("uint16", 65535), ("int32", -(2**31)), ("uint32", 2**32 - 1)],
)
def test_integer_output_uses_the_documented_nodata_and_says_so(run, scene, tmp_path, log, dtype, nodata):
    out = str(tmp_path / "out.tif")
    run(log, INPUT=scene, EXPRESSION="b1 / 100 + 0.4", DATA_TYPE=dtype, OUTPUT=out, **SMALL)
    with rasterio.open(out) as target:
        assert target.dtypes == (dtype,) and target.nodata == nodata
    band = read(scene)[0].astype(np.float32)
    np.testing.assert_array_equal(read(out)[0], np.rint(band / np.float32(100) + np.float32(0.4)))
    assert any(str(nodata) in warning for warning in log.warnings)


def test_values_that_do_not_fit_are_counted(run, scene, tmp_path, log):
    out = str(tmp_path / "out.tif")
    run(log, INPUT=scene, DATA_TYPE="uint8", NODATA=7, OUTPUT=out, **SMALL)
    band = read(scene)[0]
    text = " ".join(log.warnings)
    assert f"{np.count_nonzero(band > 255)} values lie outside the range of uint8" in text
    assert f"{np.count_nonzero(band == 7)} valid values equal the nodata value 7" in text


def test_gaps_are_said_and_are_nodata(run, scene, tmp_path, log):
    out = str(tmp_path / "out.tif")
    run(log, INPUT=scene, CHIP_SIZE=50, STRIDE=100, BOUNDARY="drop", OUTPUT=out)
    assert any("76.3 %" in warning and "gaps" in warning for warning in log.warnings)
    covered = ~np.isnan(read(out)[0])
    assert covered[100:150, 100:150].all() and not covered[50:100].any()


def test_coverage(run, scene, tmp_path):
    out, coverage = str(tmp_path / "out.tif"), str(tmp_path / "coverage.tif")
    result = run(INPUT=scene, OUTPUT=out, COVERAGE=coverage, CHIP_SIZE=64, STRIDE=32)
    assert result["COVERAGE"] == coverage
    counts = read(coverage)[0]
    starts = lambda n: sorted({*range(0, n - 63, 32), n - 64})  # noqa: E731
    profile = [sum(start <= k < start + 64 for start in starts(n)) for n in (300, 211) for k in range(n)]
    np.testing.assert_array_equal(counts, np.outer(profile[:300], profile[300:]))


def test_options_and_configuration_reach_the_file(run, scene, tmp_path):
    out = str(tmp_path / "out.tif")
    options = "COMPRESS=LZW|BLOCKXSIZE=128|BLOCKYSIZE=64"
    run(INPUT=scene, OUTPUT=out, CREATION_OPTIONS=options, WINDOW="tukey", TUKEY_ALPHA=0.25, WORKERS=2, **SMALL)
    with rasterio.open(out) as target:
        assert target.profile["compress"] == "lzw" and target.block_shapes == [(64, 128)]
        config = json.loads(target.tags()["PATCHWISE_CONFIG"])
    assert config["patcher"]["window"] == {"class": "SpatialTukey", "config": {"alpha": 0.25}}
    assert config["patcher"]["geometry"]["config"] == {"size": [64, 64], "boundary": "shift"}
    assert config["operator"]["config"]["text"] == "b1"


def test_non_square_chips_and_strides(run, scene, tmp_path):
    out = str(tmp_path / "out.tif")
    result = run(INPUT=scene, OUTPUT=out, CHIP_SIZE=100, CHIP_WIDTH=50, STRIDE=100, STRIDE_X=40)
    assert result["CHIPS"] == 3 * 6
    np.testing.assert_array_equal(read(out)[0], read(scene)[0])


def test_cancelled_half_way_leaves_nothing(run, scene, tmp_path):
    out = tmp_path / "out.tif"
    out.write_text("what was there before")
    before = files(tmp_path)
    with pytest.raises(QgsProcessingException, match="cancelled"):
        run(
            Log(cancel_at=50),
            INPUT=scene,
            EXPRESSION=Z_SCORE,
            OUTPUT=str(out),
            COVERAGE=str(tmp_path / "c.tif"),
            **SMALL,
        )
    assert [name for name in files(tmp_path) if not name.endswith(".aux.xml")] == before
    assert out.read_text() == "what was there before"


WRONG = {
    "chip below 1": ({"CHIP_SIZE": 0}, "CHIP_SIZE is 0: it must be at least 1"),
    "stride below 1": ({"STRIDE": -4}, "STRIDE is -4: it must be at least 1"),
    "stride x below 1": ({"STRIDE_X": 0}, "STRIDE_X is 0: it must be at least 1"),
    "alpha": ({"TUKEY_ALPHA": 1.5}, "TUKEY_ALPHA is 1.5: it must be from 0 to 1"),
    "sigma": ({"GAUSSIAN_SIGMA": 0.0}, "GAUSSIAN_SIGMA is 0: it must be at least 0.04"),
    "workers": ({"WORKERS": -1}, "WORKERS is -1: it must be from 0 to 1024"),
    "band out of range": ({"BANDS": [5]}, "BANDS is 5: must be from 1 to 4"),
    "extent outside": ({"EXTENT": "0,100,0,100 [EPSG:32610]"}, "EXTENT is .*must overlap the raster"),
    "expression": ({"EXPRESSION": "b1 + b9"}, r"EXPRESSION is 'b1 \+ b9': there is no variable 'b9'.*column 6"),
    "window": ({"WINDOW": "blackman"}, "WINDOW"),
    "custom window missing": ({"WINDOW": "custom"}, "CUSTOM_WINDOW is ''.*needs an expression"),
    "custom window wrong": (
        {"WINDOW": "custom", "CUSTOM_WINDOW": "q"},
        "CUSTOM_WINDOW is 'q': there is no variable 'q'",
    ),
    "custom window negative": ({"WINDOW": "custom", "CUSTOM_WINDOW": "x"}, "CUSTOM_WINDOW is 'x': .*at least 0"),
    "data type": ({"DATA_TYPE": "complex64"}, "DATA_TYPE"),
    "nodata": ({"DATA_TYPE": "uint8", "NODATA": 300}, "NODATA is 300.0: must be a whole number from 0 to 255"),
    "creation options": ({"CREATION_OPTIONS": "COMPRESS"}, "CREATION_OPTIONS is 'COMPRESS': must be KEY=VALUE"),
    "no chip fits": ({"CHIP_SIZE": 500, "BOUNDARY": "drop"}, "CHIP_SIZE is 500: no chip fits"),
    "no folder": ({"OUTPUT": "/nowhere/at/all/out.tif"}, "OUTPUT is .*folder"),
    "not a tif": ({"OUTPUT": "out.jpg"}, "jpg"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_refused_in_one_sentence(run, scene, tmp_path, case):
    wrong, message = WRONG[case]
    parameters = {"INPUT": scene, "OUTPUT": str(tmp_path / "out.tif"), **wrong}
    with pytest.raises(QgsProcessingException, match=message):
        run(**parameters)
    assert not [name for name in files(tmp_path) if name.startswith((".", "out"))]


def test_unreadable_input(run, tmp_path):
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\0not really a raster")
    with pytest.raises(QgsProcessingException, match="INPUT"):
        run(INPUT=str(broken), OUTPUT=str(tmp_path / "out.tif"))


def test_the_source_is_not_overwritten(run, scene, tmp_path):
    before = read(scene)
    with pytest.raises(QgsProcessingException, match="OUTPUT is .*must not be the same file"):
        run(INPUT=scene, OUTPUT=scene)
    with pytest.raises(QgsProcessingException, match="COVERAGE is .*must not be"):
        run(INPUT=scene, OUTPUT=str(tmp_path / "o.tif"), COVERAGE=str(tmp_path / "o.tif"))
    np.testing.assert_array_equal(read(scene), before)


@pytest.mark.parametrize("kind", ["rotated", "south-up", "degrees", "no crs"])
def test_odd_grids_are_carried(run, tmp_path, kind):
    transforms = {
        "rotated": rasterio.Affine.translation(5e5, 4e6)
        * rasterio.Affine.rotation(30)
        * rasterio.Affine.scale(10, -10),
        "south-up": rasterio.Affine(10, 0, 5e5, 0, 10, 4e6),
        "degrees": rasterio.Affine(0.001, 0, 179.9, 0, -0.0005, 10),
        "no crs": rasterio.Affine(1, 0, 0, 0, -1, 50),
    }
    crs = {"degrees": "EPSG:4326", "no crs": None}.get(kind, "EPSG:32633")
    array = np.random.default_rng(0).random((1, 50, 70), dtype=np.float32)
    source = write(tmp_path / "odd.tif", array, crs=crs, transform=transforms[kind])
    out = str(tmp_path / "out.tif")
    run(INPUT=source, OUTPUT=out, CHIP_SIZE=16, STRIDE=8)
    with rasterio.open(out) as target:
        assert target.transform.almost_equals(transforms[kind], 1e-9)
        assert target.crs == (rasterio.crs.CRS.from_string(crs) if crs else None)
    np.testing.assert_array_equal(read(out), read(source))


def test_chips_beyond_the_machines_memory_are_refused_and_large_ones_warned_of(
    provider, scene, tmp_path, log, monkeypatch
):
    from patchwise.processing_provider import job

    algorithm = provider.algorithm("slidingwindow").create()
    parameters = {
        "INPUT": scene,
        "EXPRESSION": "b1-mean(b1)",
        "CHIP_SIZE": 400000,
        "STRIDE": 400000,
        "OUTPUT": str(tmp_path / "out.tif"),
    }
    good, problem = algorithm.checkParameterValues(parameters, QgsProcessingContext())
    assert not good and re.match(
        r"CHIP_SIZE is \(400000, 400000\): needs about \d+ GB of memory, and this machine has "
        r"\d+ GB: choose smaller chips",
        problem,
    ), problem
    monkeypatch.setattr(job, "_MUCH_MEMORY", 1e6)
    processing.run("patchwise:slidingwindow", {**parameters, "CHIP_SIZE": 64, "STRIDE": 64}, feedback=log)
    assert any("Chips of this size need about" in warning for warning in log.warnings)


def test_a_result_without_any_value_is_warned_of(provider, scene, tmp_path, log):
    parameters = {"INPUT": scene, "EXPRESSION": "log(0-b1)", "OUTPUT": str(tmp_path / "out.tif")}
    processing.run("patchwise:slidingwindow", parameters, feedback=log)
    assert any(warning.startswith("No pixel of the result has a value") for warning in log.warnings)
