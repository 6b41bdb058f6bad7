"""Streams through ONNX models: laws of stitching, real models, and what is said without onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from patchwise.core import (
    ArraySink,
    GeoTensor,
    Onnx,
    ParameterError,
    RasterField,
    SpatialCustom,
    SpatialHann,
    SpatialHardVote,
    SpatialMean,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialTukey,
    stream,
)
from patchwise.core.grid.domain import PixelWindow

from ...test_layout import run_without

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from .. import onnx_models as models  # noqa: E402
from ..onnx_models import convolved, weights_of  # noqa: E402

SCENE = np.random.default_rng(3).normal(50, 20, (3, 150, 170)).astype(np.float32)


def streamed(array, operator, window, size=64, stride=32, boundary="reflect", extent=None, **options):
    aggregation = options.pop("aggregation", SpatialMean())
    field = RasterField(GeoTensor(array))
    patcher = SpatialPatcher(
        SpatialRectangular((size, size), boundary), SpatialRegularStride(stride), window, aggregation
    )
    out = extent or field.domain.window
    sink = ArraySink((out.height * operator.scale, out.width * operator.scale))
    stream(field.source, patcher, operator, sink, window=extent, **options)
    return sink.array


def taper_without(margin):
    """A Tukey window over what is left of the chip when its outermost pixels are ignored."""
    return SpatialCustom(
        lambda g: np.pad(
            np.outer(*(SpatialTukey(0.5).profile(n - 2 * margin) for n in g.size)),
            margin,
        )
    )


@pytest.mark.parametrize("batch", [1, 3])
def test_a_stitched_convolution_is_that_of_the_whole_scene(tmp_path, batch):
    weights = weights_of(2, 3, 7, 7)
    operator = Onnx(models.conv(tmp_path / "m.onnx", weights, pad=3), 3, (64, 64), batch_size=batch)
    result = streamed(SCENE, operator, taper_without(3))
    expected = convolved(SCENE, weights)
    inside = (slice(None), slice(3, -3), slice(3, -3))
    assert_allclose(result[inside], expected[inside], rtol=1e-4, atol=1e-3)


def test_a_stitched_convolution_that_leaves_out_its_margin(tmp_path):
    """What the chips do not say is not known, so that any window gives the convolution of the scene."""
    weights = weights_of(2, 3, 7, 7)
    operator = Onnx(models.conv(tmp_path / "m.onnx", weights), 3, (64, 64))
    result = streamed(SCENE, operator, SpatialHann(), boundary="shift")
    inside = (slice(None), slice(3, -3), slice(3, -3))
    assert_allclose(result[inside], convolved(SCENE, weights)[inside], rtol=1e-4, atol=1e-3)
    assert np.isnan(result).sum() == result.size - result[inside].size


def test_a_part_alone_is_that_part_of_the_whole_bit_for_bit(tmp_path):
    operator = Onnx(models.conv(tmp_path / "m.onnx", weights_of(2, 3, 7, 7), pad=3), 3, (64, 64))
    part = PixelWindow(41, 53, 60, 70)
    whole = streamed(SCENE, operator, SpatialHann())
    alone = streamed(SCENE, operator, SpatialHann(), extent=part)
    assert_array_equal(alone, whole[:, 41:101, 53:123])
    assert_array_equal(streamed(SCENE, operator, SpatialHann(), workers=1), whole)


def test_a_finer_grid(tmp_path):
    weights = np.arange(1, 10, dtype=np.float32).reshape(9, 1, 1, 1)
    operator = Onnx(models.pixel_shuffle(tmp_path / "m.onnx", weights), 1, (64, 64))
    result = streamed(SCENE[:1], operator, SpatialHann())
    assert_allclose(result, np.kron(SCENE[:1], weights.reshape(1, 3, 3)), rtol=1e-6)


def test_labels_are_voted_for(tmp_path):
    operator = Onnx(models.identity(tmp_path / "m.onnx"), 3, (64, 64), activation="argmax")
    scene = np.where(np.random.default_rng(5).random(SCENE.shape) < 0.02, np.nan, SCENE)
    result = streamed(scene, operator, SpatialHann(), aggregation=SpatialHardVote(3))
    unknown = np.isnan(scene).any(axis=0)
    assert_array_equal(result[0], np.where(unknown, np.nan, np.argmax(np.nan_to_num(scene), axis=0)))


DUMMY = "onnx/dummy"
SUPER = "onnx/super_resolution.onnx"
#: Models of the shared data: bands, and (bands out, scale, margin), or what is said of it.
REAL = {
    f"{DUMMY}/dummy_regression_models/dummy_regression_model.onnx": (1, 1, 0),
    f"{DUMMY}/dummy_regression_models/dummy_regression_model_batched.onnx": (1, 1, 0),
    f"{DUMMY}/dummy_regression_models/one_output_sigmoid_bsx1x512x512.onnx": (1, 1, 0),
    f"{DUMMY}/dummy_regression_models/one_output_sigmoid_bsx512x512.onnx": (1, 1, 0),
    f"{DUMMY}/dummy_regression_models/two_outputs_sigmoid_bsx1x512x512.onnx": (2, 1, 0),
    f"{DUMMY}/dummy_regression_models/two_outputs_sigmoid_bsx512x512.onnx": (2, 1, 0),
    f"{DUMMY}/dummy_segmentation_models/different_output_size_512_to_484.onnx": (2, 1, 28),
    f"{DUMMY}/dummy_segmentation_models/dummy_model.onnx": (3, 1, 0),
    f"{DUMMY}/dummy_segmentation_models/one_output_sigmoid_bsx1x512x512.onnx": (1, 1, 0),
    f"{DUMMY}/dummy_segmentation_models/one_output_sigmoid_bsx512x512.onnx": (1, 1, 0),
    f"{DUMMY}/dummy_segmentation_models/one_output_softmax_bsx2x512x512.onnx": (2, 1, 0),
    f"{DUMMY}/dummy_segmentation_models/two_outputs_sigmoid_bsx1x512x512.onnx": (2, 1, 0),
    f"{DUMMY}/dummy_segmentation_models/two_outputs_sigmoid_bsx512x512.onnx": (2, 1, 0),
    f"{DUMMY}/dummy_segmentation_models/two_outputs_softmax_bsx2x512x512.onnx": (4, 1, 0),
    SUPER: (1, 3, 0),
    "onnx/INVALID_no_opset_super_resolution.onnx": "cannot load it: Missing opset in the model",
}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", REAL)
def test_real_models_run_or_are_refused(shared_data, name):
    bands = 1 if "super" in name else 3
    if isinstance(REAL[name], str):
        with pytest.raises(ParameterError, match=REAL[name]):
            Onnx(str(shared_data / name), bands)
        return
    count, scale, margin = REAL[name]
    operator = Onnx(str(shared_data / name), bands, normalize="div255")
    height, width = operator.chip_size
    assert (height, width) == ((224, 224) if name == SUPER else (512, 512))
    assert (operator.output_bands, operator.scale, operator.margin) == (count, scale, (margin, margin))
    assert operator.describe().startswith(f"{name.rsplit('/', 1)[1]}: input 'input")
    chips = [np.random.default_rng(k).uniform(0, 255, (bands, height, width)).astype(np.float32) for k in range(3)]
    chips[1][0, 100, 200] = np.nan
    for result in operator.batch(chips):
        assert result.shape == (count, height * scale, width * scale)
        inside = result[:, margin : height - margin, margin : width - margin]
        assert np.isfinite(inside).sum() >= inside.size - count * scale**2
    with pytest.raises(ParameterError, match="takes images of"):
        Onnx(str(shared_data / name), bands + 1)


@pytest.mark.shared_data
def test_no_real_model_is_left_out(shared_data):
    found = {path.relative_to(shared_data).as_posix() for path in (shared_data / "onnx").glob("**/*.onnx")}
    assert found == set(REAL)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", [name for name in REAL if "dummy_regression_model" in name.rsplit("/", 1)[1]])
def test_the_dummy_regression_model_computes_its_formula(shared_data, name):
    """It says of itself, by ``model_type``, that it wants 0..1."""
    operator = Onnx(str(shared_data / name), 3, normalize="metadata")
    assert "divided by 255" in operator.describe()
    scene = np.random.default_rng(1).uniform(1, 255, (3, 600, 700)).astype(np.float32)
    red, green, blue = scene.astype(np.float64)
    expected = (2 * green - red - blue) / (2 * green + red + blue)
    result = streamed(scene, operator, SpatialHann(), 512, 256)
    assert_allclose(result[0], expected, atol=1e-6)


def test_without_onnxruntime():
    out = run_without(
        "onnxruntime",
        """
from patchwise.core import Onnx
try:
    Onnx("a.onnx", 3)
except core.MissingPackageError as error:
    print(error.package, "|", error)
""",
    )
    assert out.startswith("onnxruntime | the Python package 'onnxruntime' is needed to run ONNX models")
    assert "pip install onnxruntime" in out
