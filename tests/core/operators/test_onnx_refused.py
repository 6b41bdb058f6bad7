"""ONNX models and parameters that cannot be used: each is refused with a sentence, before a pixel is read."""

from __future__ import annotations

import numpy as np
import pytest
from patchwise.core import Onnx, ParameterError

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from .. import onnx_models as models  # noqa: E402
from ..onnx_models import weights_of  # noqa: E402


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"normalize": "minmax"}, "normalize is 'minmax': must be one of none, div255"),
        ({"normalize": "meanstd", "std": [1]}, "mean is .*must be given with meanstd"),
        ({"normalize": "meanstd", "mean": [1, 2], "std": [1]}, "one for each of the 3 band"),
        ({"normalize": "meanstd", "mean": [1], "std": [0]}, "std is .*finite and above zero"),
        ({"normalize": "div255", "mean": [1]}, "std is .*must be given together with mean"),
        ({"normalize": "perchip", "std": [1]}, "std is .*no meaning with normalize perchip"),
        ({"normalize": "metadata"}, "standardization_mean.*rescale_factor; it has none"),
        ({"activation": "relu"}, "activation is 'relu': must be one of none, sigmoid"),
        ({"fill": np.nan}, "fill is nan: must be a finite number"),
        ({"chip": (256,)}, "chip is .*height, width"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"bands": 0}, "bands is 0"),
        ({"provider": "abacus"}, "provider is 'abacus': is not part of the onnxruntime installed here; it has auto.*c"),
    ],
)
def test_wrong_parameters(tmp_path, options, message):
    with pytest.raises(ParameterError, match=message):
        Onnx(models.identity(tmp_path / "m.onnx"), **{"bands": 3, **options})


def test_metadata_that_cannot_be_used(tmp_path):
    for text in ("red", "[1, 2]"):
        path = models.identity(tmp_path / "m.onnx", mean=text, std="1")
        with pytest.raises(ParameterError, match=r"cannot be used: the model's mean is"):
            Onnx(path, 3, normalize="metadata")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (models.two_inputs, "it has 2 inputs; .* model has inputs 'x' float32 .*, 'other' float32 .*; output 'y'"),
        (models.text, "input is of type string; allowed are float32, float16, float64, uint8"),
        (models.scores, r"it gives no image \(y: \(1, 3, 1, 1\) for 1 chip\(s\) of 256 x 256 is coarser.*by 256"),
        (lambda path: models.identity(path, ("N", 4, "H", "W")), r"takes images of 4 band\(s\), and the chips have 3"),
        (lambda path: models.identity(path, ("N", "H", "W", 5)), r"takes images of 5 band\(s\), and the chips have 3"),
        (lambda path: models.identity(path, ("N", 5, "H", "W")), r"Expected is one input \(N, 3, H, W\) or \(N, H"),
        (lambda path: models.identity(path, (3, "W")), r"its input has 2 axes; .*'x' float32 \(3, W\)"),
        (lambda path: models.identity(path, (1, 1, 3, "H", "W")), "its input has 5 axes"),
        (lambda path: models.identity(path, ("N", "H", "W")), "none of its three axes is as long"),
        (
            lambda path: models.one(path, "MaxPool", out=("N", 3, "h", "w"), kernel_shape=[2, 2], strides=[2, 2]),
            "coarser than the chip, by 2: let the model enlarge it",
        ),
        (lambda path: models.conv(path, weights_of(1, 3, 300, 300)), "it fails on 1 chip.* 256 x 256 pixels"),
    ],
)
def test_models_that_cannot_be_used(tmp_path, build, message):
    with pytest.raises(ParameterError, match=message):
        Onnx(build(tmp_path / "m.onnx"), 3)


def test_one_band_and_an_axis_that_may_be_a_batch(tmp_path):
    with pytest.raises(ParameterError, match="its first axis, of 7, is not one band, and may be bands or a batch"):
        Onnx(models.identity(tmp_path / "m.onnx", (7, 9, 8)), 1)


def test_files_that_are_no_models(tmp_path):
    with pytest.raises(ParameterError, match="there is no such file"):
        Onnx(str(tmp_path / "none.onnx"), 3)
    (tmp_path / "text.onnx").write_text("not a model")
    with pytest.raises(ParameterError, match=r"onnxruntime [\d.]+ cannot load it: .*[Pp]rotobuf"):
        Onnx(str(tmp_path / "text.onnx"), 3)
