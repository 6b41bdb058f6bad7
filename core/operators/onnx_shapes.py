"""Which axis of a model's arrays is which, from the declared shape, the number of bands and one run on zeros."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Union

import numpy as np

Shape = Sequence[Union[int, str, None]]


class Layout(NamedTuple):
    """The input: ``axes`` such as ``"NCHW"``; None for a size that the model leaves open."""

    name: str
    axes: str
    batch: int | None
    height: int | None
    width: int | None

    @property
    def fixed_batch(self) -> int | None:
        """Chips that go through at once where the model demands a number; a model without a batch takes one."""
        return self.batch if "N" in self.axes else 1

    def shape(self, count: int, bands: int, size: tuple[int, int]) -> tuple[int, ...]:
        """The shape of an input of ``count`` chips."""
        sizes = {"N": count, "C": bands, "H": size[0], "W": size[1]}
        return tuple(sizes[axis] for axis in self.axes)

    def chips_first(self, array: np.ndarray) -> np.ndarray:
        """A view ``(n, bands, h, w)``."""
        return _chips_first(array, self.axes, "NCHW")


class Output(NamedTuple):
    """An output that is an image, ``scale`` times finer than the chip, or ``margin`` ``(rows, cols)`` smaller."""

    name: str
    axes: str
    bands: int
    scale: int
    margin: tuple[int, int]

    def chips_first(self, array: np.ndarray, count: int) -> np.ndarray:
        """A view ``(n, k, h, w)``."""
        view = _chips_first(array, self.axes, "NKHW")
        if len(view) != count:
            raise ValueError(f"the model's output {self.name} has the shape {array.shape} for {count} chips")
        return view


def _chips_first(array: np.ndarray, axes: str, wanted: str) -> np.ndarray:
    view = array.transpose([axes.index(axis) for axis in wanted if axis in axes])
    missing = tuple(k for k, axis in enumerate(wanted) if axis not in axes)
    return np.expand_dims(view, missing)


def text_of_shape(shape: Shape) -> str:
    """``(batch, 3, 512, 512)``."""
    return "(" + ", ".join(str(size) if size not in (None, "") else "?" for size in shape) + ")"


def input_layout(name: str, shape: Shape, bands: int) -> Layout | str:
    """The layout of the input, or why it cannot be determined.

    Four axes: the bands are axis 1 if it has as many, else axis 3. An axis that the model leaves open is taken for the
    bands only beside two fixed ones (``(N, ?, 256, 256)``), or axis 1 where all three are open. Three axes: for one
    band ``(N, H, W)``; else ``(C, H, W)`` or ``(H, W, C)`` where the bands fit.
    """
    sizes = [size if isinstance(size, int) and size > 0 else None for size in shape]
    axes = {4: _four, 3: _three}.get(len(sizes), _other)(sizes, bands)
    if axes not in ("NCHW", "NHWC", "NHW", "CHW", "HWC"):
        return axes  # the problem
    of = dict(zip(axes, sizes))
    return Layout(name, axes, of.get("N"), of["H"], of["W"])


def _four(sizes: Sequence[int | None], bands: int) -> str:
    first, rows, last = sizes[1:]
    if first == bands:
        return "NCHW"
    if last == bands:
        return "NHWC"
    if first is None and (rows is None) == (last is None):
        return "NCHW"
    if last is None and first is not None and rows is not None:
        return "NHWC"
    channels = min(size for size in (first, last) if size is not None)
    return f"it takes images of {channels} band(s), and the chips have {bands}"


def _three(sizes: Sequence[int | None], bands: int) -> str:
    if bands == 1:
        if sizes[0] in (None, 1):
            return "NHW"
        if sizes[2] == 1:
            return "HWC"
        return f"its first axis, of {sizes[0]}, is not one band, and may be bands or a batch"
    if sizes[0] == bands:
        return "CHW"
    if sizes[2] == bands:
        return "HWC"
    return f"none of its three axes is as long as the chips have bands, which is {bands}"


def _other(sizes: Sequence[int | None], bands: int) -> str:
    return f"its input has {len(sizes)} axes; an image has four, or three"


def outputs_of(
    declared: Sequence[tuple[str, Shape]], results: Sequence[Any], count: int, size: tuple[int, int], layout: Layout
) -> list[Output] | str:
    """The outputs that are images of the size of the first image; or why there is none."""
    found: list[Output] = []
    reasons = []
    for (name, shape), result in zip(declared, results):
        output = _output(name, shape, result, count, size, layout)
        if isinstance(output, str):
            reasons.append(f"{name}: {output}")
        elif not found or output[3:] == found[0][3:]:
            found.append(output)
    return found or f"it gives no image ({'; '.join(reasons)})"


def _output(name: str, declared: Shape, result: Any, count: int, size: tuple[int, int], layout: Layout) -> Output | str:
    if not isinstance(result, np.ndarray) or result.dtype.kind not in "biuf":
        return "is not an array of numbers"
    shape, relation = result.shape, "of a size that has nothing to do with the chip's"
    for axes in _possible(shape, declared, count, layout):
        of = dict(zip(axes, shape))
        if of.get("N", 1) != count:
            continue
        fit = _fit((of["H"], of["W"]), size)
        if not isinstance(fit, str):
            return Output(name, axes, of.get("K", 1), *fit)
        relation = fit if fit.startswith("coarser") else relation
    return f"{text_of_shape(shape)} for {count} chip(s) of {size[0]} x {size[1]} is {relation}"


def _possible(shape: Sequence[int], declared: Shape, count: int, layout: Layout) -> tuple[str, ...]:
    """Layouts that an output may have, that of the input first."""
    last = layout.axes.endswith("C")
    if len(shape) == 4:
        return ("NHWK", "NKHW") if last else ("NKHW", "NHWK")
    if len(shape) == 3:
        single = ("HWK", "KHW") if last else ("KHW", "HWK")
        # A fixed number in the model is a number of bands, unless the input has the same one.
        stated = len(declared) == 3 and isinstance(declared[0], int) and declared[0] > 1
        if count == 1 or (stated and layout.batch is None):
            return (*single, "NHW") if shape[0] != 1 else ("NHW", *single)
        return ("NHW",)
    return ("HW",) if len(shape) == 2 else ()


def _fit(output: tuple[int, int], size: tuple[int, int]) -> tuple[int, tuple[int, int]] | str:
    """``(scale, margin)``, or the problem with the size."""
    (h, w), (rows, cols) = output, size
    if h >= rows and w >= cols:
        if h % rows == 0 and w % cols == 0 and h // rows == w // cols:
            return h // rows, (0, 0)
        return "finer by no whole number"
    if 2 * h > rows and 2 * w > cols and h <= rows and w <= cols:
        return 1, (rows - h, cols - w)
    if h and w and rows % h == 0 and rows // h == cols / w:
        return f"coarser than the chip, by {rows // h}: let the model enlarge it"
    return "of a size that has nothing to do with the chip's"
