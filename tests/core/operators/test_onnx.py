"""ONNX models as operators: small real models, run by onnxruntime, against numpy and scipy."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from patchwise.core import Onnx, ParameterError
from patchwise.core.operators.onnx_model import available_providers
from scipy.special import expit, softmax

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from .. import onnx_models as models  # noqa: E402
from ..onnx_models import chip_of, convolved, weights_of  # noqa: E402

KIND = onnx.TensorProto


@pytest.mark.parametrize("shape", [models.ANY, ("N", 3, 20, 24), (1, 3, 20, 24), (2, 3, "H", "W"), (3, 20, "W")])
def test_identity_gives_what_it_gets(tmp_path, shape):
    operator = Onnx(models.identity(tmp_path / "m.onnx", shape), 3, (20, 24))
    chip = chip_of(unknown=0.01)
    result = operator(chip)
    assert result.dtype == np.float32 and (operator.scale, operator.margin, operator.output_bands) == (1, (0, 0), 3)
    assert_array_equal(result, np.where(np.isnan(chip).any(axis=0), np.nan, chip))
    assert operator.output_names == ("y_1", "y_2", "y_3")


@pytest.mark.parametrize(
    ("name", "bands", "shape"),
    [("NHWC", 4, ("N", 9, 8, 4)), ("NHWC", 4, ("N", "H", "W", 4)), ("NHWC", 4, ("N", 64, 64, "C"))]
    + [("NCHW", 4, ("N", 4, 8, 4)), ("NCHW", 4, ("N", "C", 64, 64)), ("NCHW", 4, ("N", "C", "H", "W"))]
    + [("NHW", 1, ("N", "H", "W")), ("NHW", 1, (1, 9, 8)), ("CHW", 4, (4, 9, 8)), ("HWC", 4, (9, 8, 4))]
    + [("HWC", 1, (9, 8, 1)), ("NHWC", 1, ("N", "H", "W", 1))],
)
def test_which_axis_holds_the_bands(tmp_path, name, bands, shape):
    operator = Onnx(models.identity(tmp_path / "m.onnx", shape), bands)
    assert operator.model.layout.axes == name
    chip = chip_of(bands, *(operator.chip_size or (9, 8)))
    assert_array_equal(operator(chip), chip)
    assert_array_equal(operator.batch([chip, 2 * chip, 3 * chip]), [chip, 2 * chip, 3 * chip])


def test_a_chip_without_band_axis(tmp_path):
    operator = Onnx(models.identity(tmp_path / "m.onnx", ("N", "H", "W")), 1)
    chip = chip_of(1)
    assert_array_equal(operator(chip[0]), chip)


@pytest.mark.parametrize("kind", ["FLOAT16", "DOUBLE", "UINT8"])
def test_input_types(tmp_path, kind):
    operator = Onnx(models.identity(tmp_path / "m.onnx", kind=getattr(KIND, kind)), 3)
    chip = chip_of(dtype=np.float64) * 3 - 150
    chip[0, 0, :3] = [-8e4, 8e4, 2.5]
    expected = {
        "FLOAT16": np.clip(chip, -65504, 65504).astype(np.float16).astype(np.float32),
        "DOUBLE": chip,
        "UINT8": np.clip(np.rint(chip), 0, 255).astype(np.float32),
    }[kind]
    result = operator(chip)
    assert_array_equal(result, expected)
    assert result.dtype == expected.dtype == operator(np.full_like(chip, np.nan)).dtype


def test_a_convolution_of_7x7(tmp_path):
    weights, chip = weights_of(2, 3, 7, 7), chip_of()
    operator = Onnx(models.conv(tmp_path / "m.onnx", weights, pad=3), 3)
    assert_allclose(operator(chip), convolved(chip, weights), rtol=1e-4, atol=1e-3)


def test_a_convolution_in_nhwc(tmp_path):
    weights, chip = weights_of(2, 3, 3, 3), chip_of()
    operator = Onnx(models.nhwc_conv(tmp_path / "m.onnx", weights), 3)
    assert operator.output_names == ("y_1", "y_2")
    assert_allclose(operator(chip), convolved(chip, weights), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("height", "width", "top", "left"), [(7, 7, 3, 3), (4, 3, 1, 1), (2, 1, 0, 0)])
def test_a_smaller_output_lies_in_the_centre(tmp_path, height, width, top, left):
    """Of an odd margin the smaller half is above and on the left."""
    weights, chip = weights_of(1, 3, height, width), chip_of()
    operator = Onnx(models.conv(tmp_path / "m.onnx", weights), 3, (20, 24))
    assert operator.margin == (height - 1, width - 1) and operator.scale == 1
    result = operator(chip)
    inside = result[:, top : top + 21 - height, left : left + 25 - width]
    expected = [
        sum(np.sum(chip[k, r : r + height, c : c + width] * weights[0, k]) for k in range(3))
        for r in range(21 - height)
        for c in range(25 - width)
    ]
    assert result.shape == (1, 20, 24) and np.isfinite(inside).all()
    assert np.isnan(result).sum() == 20 * 24 - inside.size
    assert_allclose(inside.ravel(), expected, rtol=1e-4, atol=1e-3)


def test_a_finer_output(tmp_path):
    weights = np.arange(1, 10, dtype=np.float32).reshape(9, 1, 1, 1)
    operator = Onnx(models.pixel_shuffle(tmp_path / "m.onnx", weights), 1)
    chip = chip_of(1, unknown=0.1)
    assert operator.scale == 3
    assert_array_equal(operator(chip), np.kron(chip, weights.reshape(1, 3, 3)))


@pytest.mark.parametrize("given", [None, 1, 2, 5])
def test_batches(tmp_path, given):
    """Any number of chips through any batch; none of them sees another, known or not."""
    weights = weights_of(2, 3, 7, 7)
    operator = Onnx(models.conv(tmp_path / "m.onnx", weights, pad=3), 3, batch_size=given)
    assert operator.batch_size == (given or 1)
    chips = [chip_of(unknown=0.1 * (k % 2)) * (k + 1) for k in range(6)]
    chips[3] = np.full_like(chips[3], np.nan)
    for result, chip in zip(operator.batch(chips), chips):
        assert_allclose(result, operator(chip), rtol=1e-5)
    assert np.isnan(operator(chips[3])).all()


def test_a_model_of_fixed_batch(tmp_path):
    """The number is the model's; chips that lack are made up for."""
    operator = Onnx(models.identity(tmp_path / "m.onnx", (4, 3, 8, 8)), 3, (256, 256), batch_size=9)
    assert operator.batch_size == 4 and operator.chip_size == (8, 8)
    chips = [chip_of(3, 8, 8) * k for k in range(6)]
    assert_array_equal(operator.batch(chips), chips)
    assert "4 chip(s) at a time on cpu" in operator.describe() and "8 x 8 pixels" in operator.describe()


def test_a_batch_that_is_open_in_the_input_only(tmp_path):
    operator = Onnx(models.frozen_batch(tmp_path / "m.onnx"), 1, batch_size=4)
    assert operator.batch_size == 1
    chips = [chip_of(1, 8, 8) * k for k in range(3)]
    assert_array_equal(operator.batch(chips), chips)


def test_a_chip_at_the_edge_is_filled_up(tmp_path):
    weights = weights_of(1, 3, 5, 5)
    operator = Onnx(models.conv(tmp_path / "m.onnx", weights, ("N", 3, 32, 32), pad=2), 3, fill=50)
    chip = chip_of()
    padded = np.pad(chip, ((0, 0), (0, 12), (0, 8)), constant_values=50)
    assert_allclose(operator(chip), convolved(padded, weights)[:, :20, :24], rtol=1e-4, atol=1e-3)
    with pytest.raises(ParameterError, match="takes no more than"):
        operator(chip_of(3, 33, 32))


def test_unknown_pixels_are_filled_and_masked_again(tmp_path):
    weights, chip = weights_of(1, 3, 3, 3), chip_of(unknown=0.05)
    operator = Onnx(models.conv(tmp_path / "m.onnx", weights, pad=1), 3, normalize="div255", fill=510)
    unknown = np.isnan(chip).any(axis=0)
    result = operator(chip)
    assert unknown.any() and (np.isnan(result[0]) == unknown).all()
    expected = convolved(np.where(np.isnan(chip), 2, chip / 255), weights)
    assert_allclose(result[0][~unknown], expected[0][~unknown], rtol=1e-4, atol=1e-4)


#: Options, the model's properties, and what becomes of a value of a band.
FILLED = {
    "none": ({}, {}, lambda v, band: v),
    "div255": ({}, {}, lambda v, band: v / 255),
    "div10000": (
        {"mean": [0.1, 0.2, 0.3], "std": [2, 3, 4]},
        {},
        lambda v, band: (v / 10000 - (0.1, 0.2, 0.3)[band]) / (2, 3, 4)[band],
    ),
    "meanstd": ({"mean": [10], "std": [5]}, {}, lambda v, band: (v - 10) / 5),
    "metadata": (
        {},
        {"standardization_mean": "[0.5]", "standardization_std": "[0.25]"},
        lambda v, band: (v / 255 - 0.5) / 0.25,
    ),
    "perchip": ({}, {}, None),
}


@pytest.mark.parametrize("normalize", FILLED)
def test_what_a_model_sees_of_unknown_values_and_beyond_the_edge(tmp_path, monkeypatch, normalize):
    """The docstring's paragraph, sentence by sentence."""
    options, metadata, expected = FILLED[normalize]
    model = models.identity(tmp_path / "m.onnx", ("N", 3, 8, 8), **metadata)
    operator = Onnx(model, 3, normalize=normalize, fill=7.0, **options)
    fed, run = [], type(operator.model).run
    monkeypatch.setattr(
        type(operator.model), "run", lambda self, array, *how: fed.append(array.copy()) or run(self, array, *how)
    )
    chip = np.arange(1, 91, dtype=np.float32).reshape(3, 6, 5)
    chip[1, 2, 3] = np.nan  # one band of a pixel
    chip[:, 0, 0] = np.nan  # all bands of another
    chip[2, 4] = np.nan
    result = operator(chip)
    seen, filled = fed[0][0], np.full((3, 8, 8), 7.0)
    filled[:, :6, :5] = np.where(np.isnan(chip), 7.0, chip)
    if expected is None:
        moments = [(np.nanmean(band, dtype=float), np.nanstd(band, dtype=float)) for band in chip]
        wanted = np.stack([(band - mean) / std for band, (mean, std) in zip(filled, moments)])
    else:
        wanted = np.stack([expected(band, k) for k, band in enumerate(filled)])
    assert_allclose(seen, wanted, rtol=1e-5, atol=1e-5)
    unknown = np.isnan(chip).any(axis=0)
    assert result.shape == (3, 6, 5) and (np.isnan(result) == unknown).all()
    chip[0] = np.nan  # no pixel is known in all bands
    assert np.isnan(operator(chip)).all() and len(fed) == 1


@pytest.mark.parametrize("activation", ["none", "sigmoid", "softmax", "argmax"])
def test_activations(tmp_path, activation):
    operator = Onnx(models.identity(tmp_path / "m.onnx"), 3, activation=activation)
    chip = (chip_of(unknown=0.05) - 100) * 10
    expected = {"none": chip, "sigmoid": expit(chip.astype(float)), "softmax": softmax(chip.astype(float), axis=0)}
    unknown = np.isnan(chip).any(axis=0)
    labels = np.argmax(np.nan_to_num(chip), axis=0)[None]
    result = operator(chip)
    assert len(result) == operator.output_bands == len(operator.output_names)
    assert (np.isnan(result) == unknown).all()
    assert_allclose(result[:, ~unknown], expected.get(activation, labels)[:, ~unknown], rtol=1e-5, atol=1e-7)


def test_argmax_of_one_band_is_a_threshold(tmp_path):
    operator = Onnx(models.identity(tmp_path / "m.onnx", ("N", 1, "H", "W")), 1, activation="argmax")
    assert_array_equal(operator(np.array([[0.2, 0.5, 0.51, np.nan]], np.float32)), [[[0, 0, 1, np.nan]]])


def test_a_softmax_head(tmp_path):
    weights, chip = weights_of(4, 3, 1, 1), chip_of()
    operator = Onnx(models.softmax_head(tmp_path / "m.onnx", weights), 3)
    assert_allclose(operator(chip), softmax(convolved(chip, weights), axis=0), rtol=1e-4, atol=1e-6)


def test_several_outputs_are_stacked_and_activated_one_by_one(tmp_path):
    path = models.two_outputs(tmp_path / "m.onnx", class_names='[{"0": "all"}, {"0": "red", "1": "green"}]')
    chip = chip_of() / 100
    operator = Onnx(path, 3, activation="sigmoid")
    assert operator.output_names == ("all", "red", "green", "same_3")
    assert "4 band(s) out from total, same" in operator.describe()
    assert_allclose(operator(chip), expit(np.concatenate([chip.sum(axis=0)[None], chip])), rtol=1e-5)
    labels = Onnx(path, 3, activation="argmax")
    assert labels.output_names == ("total", "same") and labels.class_names[1] == {0: "red", 1: "green"}
    assert_array_equal(labels(chip), [chip.sum(axis=0) > 0.5, chip.argmax(axis=0)])
    with pytest.raises(ParameterError, match="at least two bands, and the model's output total has one; use sigmoid"):
        Onnx(path, 3, activation="softmax")


MOMENTS = {"mean": (90, 100, 110), "std": (10, 20, 30)}
DEEPNESS = {"standardization_mean": "[0.4, 0.5, 0.6]", "standardization_std": "[0.1, 0.2, 0.3]"}


def standardised(values, mean, std):
    return (values - np.reshape(mean, (-1, 1, 1))) / np.reshape(std, (-1, 1, 1))


@pytest.mark.parametrize(
    ("options", "metadata", "expected"),
    [
        ({"normalize": "div255"}, {}, lambda x: x / 255),
        ({"normalize": "div10000"}, {}, lambda x: x / 10000),
        ({"normalize": "div255", "mean": [0.5], "std": [0.2]}, {}, lambda x: (x / 255 - 0.5) / 0.2),
        ({"normalize": "meanstd", **MOMENTS}, {}, lambda x: standardised(x, *MOMENTS.values())),
        ({"normalize": "metadata"}, DEEPNESS, lambda x: standardised(x / 255, (0.4, 0.5, 0.6), (0.1, 0.2, 0.3))),
        ({"normalize": "metadata"}, {"model_type": '"Regressor"'}, lambda x: x / 255),
        (
            {"normalize": "metadata"},
            {"mean": "90 100 110", "std": "10,20,30"},
            lambda x: standardised(x, *MOMENTS.values()),
        ),
        ({"normalize": "metadata"}, {"rescale_factor": "0.01", "image_mean": "[1]"}, lambda x: x / 100 - 1),
    ],
)
def test_normalisation(tmp_path, options, metadata, expected):
    operator = Onnx(models.identity(tmp_path / "m.onnx", **metadata), 3, **options)
    chip = chip_of()
    assert_allclose(operator(chip), expected(chip.astype(np.float64)), rtol=1e-5, atol=1e-6)


def test_a_chip_standardised_by_its_own_known_pixels(tmp_path):
    """Neither unknown pixels nor what a chip is filled up with count; a constant band becomes 0."""
    operator = Onnx(models.identity(tmp_path / "m.onnx", ("N", 3, 32, 32)), 3, normalize="perchip", fill=1e6)
    chip = chip_of(unknown=0.2).copy()
    chip[2] = 1234
    wide = chip.astype(np.float64)
    expected = standardised(wide, np.nanmean(wide, axis=(1, 2)), [*np.nanstd(wide, axis=(1, 2))[:2], 1])
    known = ~np.isnan(chip).any(axis=0)
    assert_allclose(operator(chip)[:, known], expected[:, known], rtol=1e-4, atol=1e-5)


def test_the_provider_that_runs_is_said(tmp_path):
    path = models.identity(tmp_path / "m.onnx")
    assert available_providers()[0] == "auto" and "cpu" in available_providers()
    assert Onnx(path, 3, provider="cpu").provider_used == "cpu"
    assert Onnx(path, 3, provider="CPUExecutionProvider").provider_used == "cpu"
    assert Onnx(path, 3).provider_used in available_providers()


def test_configuration(tmp_path):
    path = models.conv(tmp_path / "m.onnx", weights_of(2, 3, 7, 7))
    plain = Onnx(path, 3)
    assert plain.get_config() == {"path": path, "bands": 3}
    full = Onnx(path, 3, np.array([20, 24]), "div255", (np.float64(0.5),), [0.1], "sigmoid", 3, "cpu", 2)
    config = json.loads(json.dumps(full.get_config()))
    again = Onnx.from_config(config)
    assert again.get_config() == config and config["chip"] == [20, 24]
    assert_array_equal(again(chip_of()), full(chip_of()))


def test_a_model_in_use_is_not_opened_again_and_a_changed_file_is(tmp_path):
    import gc
    import weakref

    path = models.identity(tmp_path / "m.onnx", models.ANY)
    first = Onnx(path, 3, (20, 24))
    assert Onnx(path, 3, (20, 24), fill=1.0).model is first.model
    other = Onnx(path, 3, (40, 24))
    assert other.model is not first.model and other.model.session is first.model.session
    changed = models.conv(tmp_path / "m.onnx", weights_of(2, 3, 3, 3), pad=1)
    assert Onnx(changed, 3, (20, 24)).output_bands == 2
    gone = weakref.ref(first.model.session)
    del first, other
    gc.collect()
    assert gone() is None
