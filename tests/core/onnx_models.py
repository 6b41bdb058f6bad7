"""Small real ONNX models for the tests, built with the package ``onnx``; each function returns the file's path.

At the end a chip, weights, and a convolution by scipy to compare with.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from scipy.ndimage import correlate

FLOAT = TensorProto.FLOAT
ANY = ("N", 3, "H", "W")


def constant(name: str, values: Any) -> onnx.TensorProto:
    values = np.asarray(values)
    return numpy_helper.from_array(values.astype(np.float32) if values.dtype.kind == "f" else values, name)


def save(
    path: Path, nodes: Sequence[Any], inputs: Sequence[Any], outputs: Sequence[Any], constants=(), **metadata: str
) -> str:
    """``inputs`` and ``outputs`` are ``(name, type, shape)``."""
    sides = [[helper.make_tensor_value_info(*tensor) for tensor in side] for side in (inputs, outputs)]
    graph = helper.make_graph(list(nodes), "test", *sides, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    helper.set_model_props(model, metadata)
    onnx.save(model, str(path))
    return str(path)


def one(path: Path, op: str, shape=ANY, out=None, kind=FLOAT, constants=(), result=None, metadata=None, **attributes):
    """A single node from ``x`` to ``y``."""
    node = helper.make_node(op, ["x", *(tensor.name for tensor in constants)], ["y"], **attributes)
    outputs = [("y", result or kind, shape if out is None else out)]
    return save(path, [node], [("x", kind, shape)], outputs, constants, **(metadata or {}))


def identity(path: Path, shape=ANY, kind=FLOAT, **metadata: str) -> str:
    return one(path, "Identity", shape, kind=kind, metadata=metadata)


def conv(path: Path, weights: np.ndarray, shape=ANY, out=None, pad: int = 0) -> str:
    """Weights ``(k, bands, h, w)``."""
    out = (shape[0], len(weights), "h", "w") if out is None else out
    return one(path, "Conv", shape, out, constants=[constant("w", weights)], pads=[pad] * 4)


def softmax_head(path: Path, weights: np.ndarray) -> str:
    nodes = [helper.make_node("Conv", ["x", "w"], ["z"]), helper.make_node("Softmax", ["z"], ["y"], axis=1)]
    outputs = [("y", FLOAT, ("N", len(weights), "H", "W"))]
    return save(path, nodes, [("x", FLOAT, ANY)], outputs, [constant("w", weights)])


def pixel_shuffle(path: Path, weights: np.ndarray, factor: int = 3, shape=("N", 1, "H", "W")) -> str:
    """``(factor ** 2, 1, 1, 1)`` weights: each pixel becomes ``factor x factor`` multiples of itself."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["z"]),
        helper.make_node("DepthToSpace", ["z"], ["y"], blocksize=factor, mode="CRD"),
    ]
    return save(path, nodes, [("x", FLOAT, shape)], [("y", FLOAT, ("N", 1, "h", "w"))], [constant("w", weights)])


def nhwc_conv(path: Path, weights: np.ndarray, size=("H", "W")) -> str:
    """``(N, H, W, C)`` in and out."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["a", "w"], ["b"], pads=[weights.shape[-1] // 2] * 4),
        helper.make_node("Transpose", ["b"], ["y"], perm=[0, 2, 3, 1]),
    ]
    inputs = [("x", FLOAT, ("N", *size, weights.shape[1]))]
    return save(path, nodes, inputs, [("y", FLOAT, ("N", *size, len(weights)))], [constant("w", weights)])


def two_outputs(path: Path, **metadata: str) -> str:
    """The sum of the bands, the bands as they are, and a number that is no image."""
    nodes = [
        helper.make_node("ReduceSum", ["x", "axes"], ["total"], keepdims=1),
        helper.make_node("Identity", ["x"], ["same"]),
        helper.make_node("ReduceMax", ["x"], ["most"], keepdims=0),
    ]
    outputs = [("most", FLOAT, ()), ("total", FLOAT, ("N", 1, "H", "W")), ("same", FLOAT, ANY)]
    return save(path, nodes, [("x", FLOAT, ANY)], outputs, [constant("axes", np.array([1]))], **metadata)


def two_inputs(path: Path) -> str:
    node = helper.make_node("Add", ["x", "other"], ["y"])
    return save(path, [node], [("x", FLOAT, ANY), ("other", FLOAT, ANY)], [("y", FLOAT, ANY)])


def scores(path: Path) -> str:
    """A classifier: one number per band for the whole chip."""
    return one(path, "GlobalAveragePool", out=("N", 3, 1, 1))


def text(path: Path) -> str:
    return identity(path, kind=TensorProto.STRING)


def frozen_batch(path: Path) -> str:
    """A model with an open batch whose output has the fixed shape of one chip, ``(1, 8, 8)``, as exporters leave it."""
    shape = constant("shape", np.array([1, 8, 8]))
    return one(path, "Reshape", ("N", 1, 8, 8), (1, 8, 8), constants=[shape])


def chip_of(bands=3, height=20, width=24, unknown=0.0, dtype=np.float32):
    rng = np.random.default_rng(7)
    chip = rng.normal(100, 30, (bands, height, width)).astype(dtype)
    chip[rng.random(chip.shape) < unknown] = np.nan
    chip.flags.writeable = False
    return chip


def weights_of(*shape):
    return (np.random.default_rng(1).normal(size=shape) / 10).astype(np.float32)


def convolved(image, weights):
    """``(k, h, w)`` by scipy in float64, zeros beyond the edge."""
    wide = image.astype(np.float64)
    bands = [[correlate(band, kernel, mode="constant") for band, kernel in zip(wide, one)] for one in weights]
    return np.sum(bands, axis=1)
