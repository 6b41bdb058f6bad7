"""A neural network in ONNX format as an operator, run by onnxruntime."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..base.checks import is_whole
from ..base.errors import ParameterError
from .base import Operator
from .onnx_model import ModelRun, opened_model
from .onnx_values import ACTIVATION, activated, class_names, normalization


class _Chip(NamedTuple):
    """A chip ``(bands, h, w)``, and masks: where each band is known, where any is not. None if all are known."""

    array: np.ndarray
    known: np.ndarray | None = None
    unknown: np.ndarray | None = None

    @classmethod
    def of(cls, array: np.ndarray) -> _Chip:
        if not np.isnan(array.min()):  # one pass without a mask, which is enough for most chips
            return cls(array)
        known = ~np.isnan(array)
        return cls(array, known, ~known.all(axis=0))


class OnnxFile(Operator):
    """A model that is opened when the size of the chips is known: by :meth:`fitted`, with what :class:`Onnx` takes."""

    def __init__(self, path: str, bands: int, **options: Any) -> None:
        self.name = f"ONNX model {os.path.basename(str(path))}"
        self._config = {"path": str(path), "bands": bands, **options}

    def fitted(self, chip_size: tuple[int, int] | None) -> Onnx:
        """The model for chips of that size."""
        return Onnx(chip=chip_size, **self._config)

    def get_config(self) -> dict[str, Any]:
        """Refused: the parameters are written down by the :class:`Onnx` that it becomes."""
        raise ParameterError("operator", self.name, "cannot be serialised before the size of the chips is known")


class Onnx(Operator):
    """Runs a model of one image input on chips ``(bands, h, w)`` and gives ``(k, h * scale, w * scale)``.

    The model is opened and run on zeros when the operator is made; one that cannot be used raises
    :class:`ParameterError` with its inputs, outputs, types and sizes. ``chip`` is the size of the chips to come. Where
    the model demands a size, ``chip_size`` is that size; else None. A smaller chip, at the raster's edge, is padded
    below and on the right.

    **Input** ``(N, C, H, W)``, ``(N, H, W, C)`` or without N or C, of float32, float16, float64 or uint8 (rounded and
    clipped). The band axis is the one of matching size, axis 1 first; see :func:`~.onnx_shapes.input_layout`.

    **Outputs**: all that are images of the size of the first image are stacked, in the model's order. An output may be
    finer by a whole number (``scale``), or smaller by a margin of less than half the chip: it is then placed in the
    chip's centre (of an odd margin the smaller half is above and on the left), and NaN around it.

    **Unknown values** (NaN) get the value ``fill``, band by band: of a pixel that is unknown in some bands the model
    gets the others unchanged. Padding gets ``fill`` in all bands. ``fill`` is in the
    units of the source and is normalised as any value: divided, and standardised by the mean and std given, or with
    ``perchip`` by those of the band's known pixels, without unknown pixels and padding. Pixels that are
    unknown in any band are NaN in all bands of the output. A chip without a pixel that is known in all bands is not
    run.

    **normalize**: ``none``; ``div255``, ``div10000`` (then ``(x - mean) / std`` if given); ``meanstd`` in the units of
    the source; ``perchip``, each band by its own mean and standard deviation over the chip's known pixels;
    ``metadata``, by the model's properties:

    - ``standardization_mean``, ``standardization_std`` (as the plugin Deepness writes them), or ``image_mean``,
      ``image_std``: values divided by 255, then standardised; ``model_type`` alone: divided by 255
    - ``mean``, ``std``: in the units of the source
    - ``rescale_factor``: values are multiplied by it first, instead of the division by 255

    **activation**, on each output by itself: ``sigmoid``, ``softmax`` over its bands, ``argmax``: the label of the
    largest band, from 0 (of a single band: 1 above 0.5); labels are to be stitched by a vote, not a mean.

    ``batch_size`` chips go through the model at once: as many as it demands; else what is given; else 1 on the CPU,
    where more is not faster, and 8 on a GPU. ``provider`` is ``auto`` (CUDA if there is one, else the CPU) or one of
    :func:`~.onnx_model.available_providers`; ``provider_used`` is the one in use.

    ``sha256`` is of the file's content: where it is given, a file with other content is refused, onnxruntime gets the
    bytes that were compared, and the model must not use other files.
    """

    def __init__(
        self,
        path: str,
        bands: int,
        chip: Sequence[int] | None = None,
        normalize: str = "none",
        mean: Sequence[float] = (),
        std: Sequence[float] = (),
        activation: str = "none",
        fill: float = 0.0,
        provider: str = "auto",
        batch_size: int | None = None,
        sha256: str = "",
    ) -> None:
        self._config: dict[str, Any] = {
            "path": str(path),
            "bands": bands,
            "chip": chip,
            "normalize": normalize,
            "mean": mean,
            "std": std,
            "activation": activation,
            "fill": fill,
            "provider": provider,
            "batch_size": batch_size,
        }
        _check(bands, chip, activation, fill, batch_size)
        size = None if chip is None else (int(chip[0]), int(chip[1]))
        if normalize != "metadata":  # checked before the model is opened
            normalization(normalize, mean, std, bands, {})
        self.model = model = opened_model(str(path), int(bands), size, provider, batch_size, sha256)
        self.normalization = normalization(normalize, mean, std, bands, model.metadata)
        self.bands, self.activation, self.fill = int(bands), activation, float(fill)
        single = [output.name for output in model.outputs if output.bands == 1]
        if activation == "softmax" and single:
            allowed = f"needs at least two bands, and the model's output {single[0]} has one; use sigmoid"
            raise ParameterError("activation", activation, allowed)
        self._lock = threading.Lock()
        self._under_way: list[ModelRun] = []
        self.files = (os.path.abspath(str(path)),)
        self.name = f"ONNX model {os.path.basename(str(path))}"
        self.batch_size: int = model.batch
        self.scale = model.scale
        self.margin: tuple[int, int] = model.margin
        self.chip_size = model.size if model.sizes else None
        self.labels = activation == "argmax"
        self.provider_used: str = model.provider
        #: Label to name, per output, where the model's property ``class_names`` has them.
        self.class_names = class_names(model.metadata)
        self.output_names = self._output_names()
        self.output_bands = len(self.output_names)

    def _output_names(self) -> tuple[str, ...]:
        names: list[str] = []
        for k, output in enumerate(self.model.outputs):
            classes = self.class_names[k] if len(self.class_names) == len(self.model.outputs) else {}
            if self.activation == "argmax" or output.bands == 1:
                alone = self.activation != "argmax" and len(classes) == 1
                names.append(classes.get(0, output.name) if alone else output.name)
                continue
            names += [classes.get(band, f"{output.name}_{band + 1}") for band in range(output.bands)]
        return tuple(names)

    def fitted(self, chip_size: tuple[int, int] | None) -> Onnx:
        """The model run on zeros of that size, on which its outputs may depend."""
        if chip_size is None or self.chip_size is not None or chip_size == self._config["chip"]:
            return self
        return Onnx(**{**self._config, "chip": chip_size})

    def __call__(self, chip: Any) -> np.ndarray:
        """One chip ``(bands, h, w)``, or ``(h, w)`` of one band."""
        return self.batch([chip])[0]

    def batch(self, chips: Sequence[Any]) -> list[np.ndarray]:
        """Several chips of one shape; threads may call it at once.

        A model of a fixed batch size gets zeros in place of missing chips.
        """
        results: list[np.ndarray] = [np.empty(0)] * len(chips)
        ready: list[tuple[int, _Chip]] = []
        for k, chip in enumerate(chips):
            array = np.asarray(chip)
            one = _Chip.of(self._checked(array[None] if array.ndim == 2 else array))
            if one.unknown is not None and one.unknown.all():
                height, width = array.shape[-2] * self.scale, array.shape[-1] * self.scale
                results[k] = np.full((len(self.output_names), height, width), np.nan, self.model.result)
            else:
                ready.append((k, one))
        for first in range(0, len(ready), self.batch_size):
            several = ready[first : first + self.batch_size]
            for (k, one), values in zip(several, self._run([one for _, one in several])):
                results[k] = self._placed(values, one)
        return results

    def _checked(self, array: np.ndarray) -> np.ndarray:
        if array.ndim != 3 or len(array) != self.bands:
            raise ParameterError("bands", self.bands, f"the operator got a chip of the shape {array.shape}")
        size, demanded = array.shape[1:], self.model.wanted
        if self.chip_size is not None and (size[0] > self.chip_size[0] or size[1] > self.chip_size[1]):
            allowed = f"the model takes no more than {self.chip_size}"
            raise ParameterError("chip", demanded, f"{allowed}, and the operator got a chip of {size}")
        return array if array.dtype.kind == "f" else array.astype(np.float32)

    def _run(self, chips: Sequence[_Chip]) -> np.ndarray:
        """The outputs ``(n, k, h, w)`` for some chips, in the model's own height and width."""
        height, width = chips[0].array.shape[1:]
        least = self.model.wanted or (0, 0)
        size = max(height, least[0]), max(width, least[1])
        count = self.batch_size if self.model.layout.fixed_batch is not None else len(chips)
        array, view = self.model.empty(count, size)
        view[len(chips) :] = 0
        for k, chip in enumerate(chips):
            self._feed(chip, size, view[k])
        with np.errstate(all="ignore"):
            outputs = [activated(output[: len(chips)], self.activation) for output in self._outputs(array)]
        return outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=1)

    def _outputs(self, array: np.ndarray) -> list[np.ndarray]:
        """The outputs of one run of the model; :class:`Cancelled` after :meth:`interrupt`."""
        run = self.model.start()
        with self._lock:
            self._under_way.append(run)
        try:
            return run.results(array)
        finally:
            with self._lock:
                self._under_way.remove(run)

    def interrupt(self) -> None:
        """End the runs under way, between two nodes of the network."""
        with self._lock:
            for run in self._under_way:
                run.stop()

    def _feed(self, chip: _Chip, size: tuple[int, int], target: np.ndarray) -> None:
        """Fill unknown values, normalise, and write to the model's input in its dtype."""
        array, known = chip.array, chip.known
        if known is not None:
            array = np.where(known, array, array.dtype.type(self.fill))
        if array.shape[1:] != size:
            lacking = ((0, 0), (0, size[0] - array.shape[1]), (0, size[1] - array.shape[2]))
            known = np.pad(np.ones(array.shape, bool) if known is None else known, lacking)
            array = np.pad(array, lacking, constant_values=self.fill)
        if target.dtype == array.dtype:
            self.normalization(array, known, target)
        else:
            _write(self.normalization(array, known, np.empty_like(array)), target)

    def _placed(self, values: np.ndarray, chip: _Chip) -> np.ndarray:
        """``(k, h * scale, w * scale)``: in the centre of the chip, cut to it, NaN where unknown."""
        own, least = chip.array.shape[1:], self.model.wanted or (0, 0)
        rows, cols = (max(one, other) * self.scale for one, other in zip(own, least))
        lacking = rows - values.shape[1], cols - values.shape[2]
        if min(lacking) < 0:
            raise ValueError(f"the model gave {values.shape[1:]} pixels for a chip of {own}")
        if any(lacking):
            placed = np.full((len(values), rows, cols), np.nan, values.dtype)
            top, left = lacking[0] // 2, lacking[1] // 2
            placed[:, top : top + values.shape[1], left : left + values.shape[2]] = values
            values = placed
        values = values[:, : own[0] * self.scale, : own[1] * self.scale]
        if chip.unknown is not None:
            mask = chip.unknown.repeat(self.scale, axis=0).repeat(self.scale, axis=1)
            values = np.where(mask, values.dtype.type(np.nan), values)
        return values

    def describe(self) -> str:
        """One line for the log: the model, its normalisation and activation, and the provider."""
        model = self.model
        parts = [f"{os.path.basename(model.path)}: {model.signature()}", f"bands as ({', '.join(model.layout.axes)})"]
        parts.append(f"values {self.normalization}, fill {self.fill:g}, activation {self.activation}")
        used = "" if len(model.outputs) == 1 else f" from {', '.join(output.name for output in model.outputs)}"
        parts.append(f"{self.output_bands} band(s) out{used}")
        if self.scale > 1:
            parts.append(f"{self.scale} times finer")
        if any(self.margin):
            parts.append(f"a margin of {self.margin[0]} rows and {self.margin[1]} columns is left out")
        if self.chip_size is not None:
            parts.append("chips of {} x {} pixels".format(*self.chip_size))
        parts.append(f"{self.batch_size} chip(s) at a time on {self.provider_used}")
        return "; ".join(parts)

    def get_config(self) -> dict[str, Any]:
        """The parameters; those that have their default are left out."""
        defaults = {"normalize": "none", "activation": "none", "fill": 0.0, "provider": "auto"}
        config: dict[str, Any] = {}
        for key, value in self._config.items():
            if key in ("chip", "mean", "std"):
                value = None if value is None or not len(value) else [_plain(number) for number in value]
            if value is not None and value != defaults.get(key):
                config[key] = _plain(value)
        return config


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _check(bands: int, chip: Sequence[int] | None, activation: str, fill: float, batch_size: int | None) -> None:
    if not is_whole(bands) or bands < 1:
        raise ParameterError("bands", bands, "must be the number of bands of the chips, at least 1")
    if chip is not None and (len(chip) != 2 or not all(is_whole(size) and size > 0 for size in chip)):
        raise ParameterError("chip", chip, "must be None or (height, width) in pixels")
    if activation not in ACTIVATION:
        raise ParameterError("activation", activation, f"must be one of {', '.join(ACTIVATION)}")
    if not isinstance(fill, (int, float, np.number)) or not math.isfinite(fill):
        raise ParameterError("fill", fill, "must be a finite number")
    if batch_size is not None and (not is_whole(batch_size) or batch_size < 1):
        raise ParameterError("batch_size", batch_size, "must be None (chosen) or at least 1")


def _write(values: np.ndarray, target: np.ndarray) -> None:
    """Write values in the model's dtype, rounded and clipped to what that holds."""
    if target.dtype == np.uint8:
        values = np.clip(np.rint(values), 0, 255)
    elif target.dtype == np.float16:
        most = np.finfo(np.float16).max
        values = np.clip(values, -most, most)
    target[...] = values
