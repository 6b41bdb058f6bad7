"""An ONNX model as a function from chips to chips: opened, checked, and run by onnxruntime.

Sizes are ``(h, w)`` in pixels. Layouts are written with N (chips of a batch), C or K (bands), H and W.
"""

from __future__ import annotations

import os
import re
import threading
import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..base.errors import Cancelled, MissingPackageError, ParameterError
from ..base.progress import may_go_on
from .onnx_content import whole_model
from .onnx_shapes import Layout, Output, input_layout, outputs_of, text_of_shape

#: Input types that chips are converted to.
INPUT_TYPES: dict[str, np.dtype] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(float16)": np.dtype(np.float16),
    "tensor(double)": np.dtype(np.float64),
    "tensor(uint8)": np.dtype(np.uint8),
}
#: Height and width at which a model of any size is tried where the size of the chips is not known.
TRIED = 256
#: Chips of a batch on a GPU, which single chips do not fill.
GPU_BATCH = 8
_MOST_LANES = 4
_MOST_INPUT = 2_000_000_000  # bytes
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def onnxruntime() -> Any:
    """The module; :class:`MissingPackageError` where it is not installed."""
    try:
        import onnxruntime as module
    except ImportError as error:
        raise MissingPackageError("onnxruntime", "to run ONNX models") from error
    return module


def available_providers() -> tuple[str, ...]:
    """What ``provider`` may be on this machine, such as ``("auto", "cpu", "cuda")``."""
    return ("auto", *sorted(_short(name) for name in onnxruntime().get_available_providers()))


class _Tensor(NamedTuple):
    """Name, type and shape of an input or output."""

    name: str
    type: str
    shape: list[Any]


class OnnxModel:
    """An opened model for chips of ``bands`` bands, with its layout and sizes.

    ``layout`` of its one input; ``sizes`` the ``(h, w)`` it demands, None where it takes any; ``size`` the one it was
    tried with; ``outputs`` those that are images; ``scale`` how many times finer they are; ``margin`` how many pixels
    ``(rows, cols)`` they lack in all; ``result`` their type; ``batch`` chips that go through at once; ``provider``
    the one in use.
    Raises :class:`ParameterError` with the model's inputs and outputs where it cannot be used.
    """

    def __init__(
        self, path: str, bands: int, chip: tuple[int, int] | None, provider: str, batch: int | None, sha256: str = ""
    ) -> None:
        self.path, self.bands = path, bands
        self.session = _session(path, provider, sha256)
        self.provider = _short(self.session.get_providers()[0])
        self.metadata, self._inputs, self._declared = self._facts()
        self.layout, self.dtype = self._input()
        fixed = self.layout.height, self.layout.width
        self.sizes = fixed if fixed != (None, None) else None
        first, second = chip or (fixed[0] or fixed[1] or TRIED, fixed[1] or fixed[0] or TRIED)
        self.size = (fixed[0] or first, fixed[1] or second)
        needed = (self.layout.fixed_batch or 1) * bands * self.size[0] * self.size[1] * self.dtype.itemsize
        if needed > _MOST_INPUT:
            least = f"and at most {_MOST_INPUT / 1e9:.0f} GB are allowed: choose smaller chips"
            raise self.refused(f"its input takes {needed / 1e9:.1f} GB at a time, {least}")
        # The size to which chips are padded; without one, chips are taken as they are.
        self.wanted = self.size if chip or self.sizes else None
        self._lanes = threading.Semaphore(_threads()[0])
        self.outputs, self.batch = self._tried(batch)
        self.scale, self.margin = self.outputs[0].scale, self.outputs[0].margin
        self._names = [output.name for output in self.outputs]

    def _facts(self) -> tuple[dict[str, str], list[_Tensor], list[_Tensor]]:
        """Properties, inputs and outputs; of a damaged file onnxruntime may raise any exception here."""
        try:
            sides = [
                [_Tensor(str(one.name), str(one.type), list(one.shape)) for one in side]
                for side in (self.session.get_inputs(), self.session.get_outputs())
            ]
            return dict(self.session.get_modelmeta().custom_metadata_map), sides[0], sides[1]
        except Exception as error:
            raise ParameterError("path", self.path, f"is damaged: {type(error).__name__}: {error}") from error

    def _input(self) -> tuple[Layout, np.dtype]:
        inputs = self._inputs
        if len(inputs) != 1:
            raise self.refused(f"it has {len(inputs)} inputs; a model with one image input is expected")
        kind = inputs[0].type
        if kind not in INPUT_TYPES:
            allowed = ", ".join(_type(name) for name in INPUT_TYPES)
            raise self.refused(f"its input is of type {_type(kind)}; allowed are {allowed}")
        layout = input_layout(inputs[0].name, inputs[0].shape, self.bands)
        if isinstance(layout, str):
            raise self.refused(layout)
        return layout, INPUT_TYPES[kind]

    def _tried(self, batch: int | None) -> tuple[list[Output], int]:
        """The image outputs and the batch, by running the model on zeros.

        A batch size that is open in the input may be fixed inside the model, so it is tried with two chips.
        """
        if self.layout.fixed_batch is not None:
            return self._outputs(self.layout.fixed_batch), self.layout.fixed_batch
        wanted = batch or (1 if self.provider == "cpu" else GPU_BATCH)
        if wanted > 1:
            try:
                return self._outputs(2), wanted
            except ParameterError:
                return self._outputs(1), 1
        return self._outputs(1), 1

    def _outputs(self, count: int) -> list[Output]:
        array, _ = self.empty(count, self.size)
        array[...] = 0
        try:
            results = self._run(None, array)
        except Exception as error:  # onnxruntime has no common base of its own errors
            reason = f"it fails on {count} chip(s) of zeros of {self.size[0]} x {self.size[1]} pixels"
            raise self.refused(f"{reason} ({_reason(error)})") from error
        self.result = np.result_type(np.float32, *(r.dtype for r in results if getattr(r, "dtype", 0) == np.float64))
        declared = [(output.name, output.shape) for output in self._declared]
        found = outputs_of(declared, results, count, self.size, self.layout)
        if isinstance(found, str):
            raise self.refused(found)
        return found

    def refused(self, reason: str) -> ParameterError:
        """The error to raise, with the model's signature and what is expected."""
        expected = f"Expected is one input (N, {self.bands}, H, W) or (N, H, W, {self.bands})"
        return ParameterError("path", self.path, f"{reason}. The model has {self.signature()}. {expected}")

    def signature(self) -> str:
        """Inputs and outputs with types and sizes."""
        sides = []
        for side, tensors in (("input", self._inputs), ("output", self._declared)):
            texts = [f"'{tensor.name}' {_type(tensor.type)} {text_of_shape(tensor.shape)}" for tensor in tensors]
            sides.append(f"{side}{'s' if len(texts) != 1 else ''} {', '.join(texts) or 'none'}")
        return "; ".join(sides)

    def empty(self, count: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """An empty input in the model's layout, and a view ``(count, bands, h, w)`` of it."""
        array = np.empty(self.layout.shape(count, self.bands, size), self.dtype)
        return array, self.layout.chips_first(array)

    def start(self) -> ModelRun:
        """A run that can be stopped from another thread."""
        return ModelRun(self)

    def run(self, array: np.ndarray, options: Any = None) -> list[np.ndarray]:
        """The image outputs, each ``(n, k, h, w)`` float32 (float64 where the model says so)."""
        count = self.layout.chips_first(array).shape[0]
        results = self._run(self._names, array, options)
        return [_floating(output.chips_first(result, count)) for output, result in zip(self.outputs, results)]

    def _run(self, names: Sequence[str] | None, array: np.ndarray, options: Any = None) -> list[np.ndarray]:
        with self._lanes:
            may_go_on()  # it may have waited for others
            results: list[np.ndarray] = self.session.run(names, {self.layout.name: array}, options)
        return results


class ModelRun:
    """One run of a model, which another thread may stop: it then ends with :class:`Cancelled` at the next node."""

    def __init__(self, model: OnnxModel) -> None:
        self._model, self._options = model, onnxruntime().RunOptions()

    def results(self, array: np.ndarray) -> list[np.ndarray]:
        """The image outputs, as of :meth:`OnnxModel.run`."""
        try:
            return self._model.run(array, self._options)
        except Exception as error:  # onnxruntime's own, which have no common base
            if self._options.terminate:
                raise Cancelled from error
            raise

    def stop(self) -> None:
        """End it."""
        self._options.terminate = True


# Planning a run at each change of a setting must not load a large network each time: a model that is still referenced
# is used again.
_SESSIONS: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()
_MODELS: weakref.WeakValueDictionary[Any, OnnxModel] = weakref.WeakValueDictionary()


def opened_model(
    path: str, bands: int, chip: tuple[int, int] | None, provider: str, batch: int | None, sha256: str = ""
) -> OnnxModel:
    """An :class:`OnnxModel`: one that is in use already if the file has not changed, else a new one."""
    key = (_identity(path), bands, chip, provider, batch, sha256)
    model = _MODELS.get(key)
    if model is None:
        model = _MODELS[key] = OnnxModel(path, bands, chip, provider, batch, sha256)
    return model


def _session(path: str, provider: str, sha256: str) -> Any:
    if not os.path.isfile(path):
        onnxruntime()  # a missing package is reported first
        raise ParameterError("path", path, "there is no such file; expected is an ONNX model")
    key = (_identity(path), provider, sha256)
    session = _SESSIONS.get(key)
    if session is None:
        session = _SESSIONS[key] = _opened(path, provider, whole_model(path, sha256) if sha256 else path)
    return session


def _identity(path: str) -> tuple[Any, ...]:
    """A key that changes with the file."""
    try:
        found = os.stat(path)
    except OSError:
        return (path,)
    return (os.path.abspath(path), found.st_mtime_ns, found.st_size, found.st_ino)


def _opened(path: str, provider: str, model: str | bytes) -> Any:
    module = onnxruntime()
    options = module.SessionOptions()
    options.log_severity_level = 4  # errors are raised; its messages on stderr are not needed
    options.intra_op_num_threads = _threads()[1]
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # reading and writing need the cores too
    last: Exception | None = None
    for names in _candidates(module.get_available_providers(), provider):
        try:
            session = module.InferenceSession(model, options, providers=names)
        except Exception as error:  # onnxruntime has no common base of its own errors
            last = error
            continue
        if provider != "auto" and session.get_providers()[0] != names[0]:
            missing = "its drivers or libraries are missing; use auto or cpu"
            raise ParameterError("provider", provider, f"is part of onnxruntime here but cannot be started: {missing}")
        return session
    if provider.lower() not in ("auto", "cpu"):
        raise ParameterError("provider", provider, f"cannot run this model: {_reason(last)}") from last
    raise ParameterError("path", path, f"onnxruntime {module.__version__} cannot load it: {_reason(last)}") from last


def _candidates(there: Sequence[str], provider: str) -> list[list[str]]:
    """The lists of providers to try one after the other."""
    if provider == "auto":
        return [[_CUDA, _CPU], [_CPU]] if _CUDA in there else [[_CPU]]
    for name in there:
        if provider.lower() in (_short(name), name.lower()):
            return [[name]] if name == _CPU else [[name, _CPU]]
    allowed = ", ".join(["auto", *sorted(_short(name) for name in there)])
    raise ParameterError("provider", provider, f"is not part of the onnxruntime installed here; it has {allowed}")


def _threads() -> tuple[int, int]:
    """Number of runs at once, and of threads for each; their product is the number of cores.

    Measured on two cores, two runs of one thread each give up to half as many chips again as one run of two threads.
    More than a few runs at once would multiply the memory of a large network.
    """
    cores = os.cpu_count() or 1
    lanes = min(cores, _MOST_LANES)
    return lanes, max(1, cores // lanes)


def _floating(values: np.ndarray) -> np.ndarray:
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float32)


def _short(name: str) -> str:
    return name.replace("ExecutionProvider", "").lower()


def _type(name: str) -> str:
    inner = re.sub(r"^tensor\((.*)\)$", r"\1", name)
    return {"float": "float32", "double": "float64"}.get(inner, inner)


def _reason(error: Exception | None) -> str:
    """onnxruntime's message, without the places in its source code."""
    text = " ".join(str(error).split())
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : ", "", text)
    text = re.sub(r"^(Load model from .*? failed:|Non-zero status code returned while )", "", text)
    text = re.sub(r"/\S+\.(cc|h|cpp):\d+ .*?\) ", "", text, count=1)
    return text if len(text) <= 240 else f"{text[:240]} ..."
