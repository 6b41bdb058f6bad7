"""The ONNX path against bare onnxruntime loops on the same chips in memory.

Usage: ``python -m patchwise.bench.onnx_run [--chips 256] [--repeat 5] [--channels 16 64]``. The network: three 3x3
convolutions of so many channels and a head of two, on chips of 256 px. The stream reads four bands of uint16,
normalises, runs and stitches; the loops get chips that are ready and drop what comes out. Runs are interleaved.
Beside chips per second it prints processor time per chip, which hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import rasterio
from onnx import TensorProto, helper, numpy_helper
from rasterio.transform import from_origin
from rasterio.windows import Window

from ..core import (
    ArraySink,
    GeoTiffSink,
    RasterFile,
    SpatialHann,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    ValueType,
    stream,
)
from ..core.operators.onnx import Onnx

BANDS, SIZE, LAYERS, CLASSES = 4, 256, 3, 2
WANTED = 0.9
#: Threads of a run (0: onnxruntime's own choice), and runs side by side.
LOOPS = {"loop": (0, 1), "loop, one thread a run": (1, os.cpu_count() or 1)}
#: The streams of the demand: each against the first of the loops.
STREAMS = ("uncompressed file to memory", "DEFLATE file to memory", "DEFLATE file to the default GeoTIFF")


def make_model(path: Path, hidden: int) -> None:
    """``(N, 4, H, W)`` to ``(N, 2, H, W)``; weights by a fixed seed."""
    rng = np.random.default_rng(0)
    nodes, weights, last, channels = [], [], "x", BANDS
    for k, (count, width) in enumerate([(hidden, 3)] * LAYERS + [(CLASSES, 1)]):
        values = rng.normal(scale=0.1, size=(count, channels, width, width)).astype(np.float32)
        weights.append(numpy_helper.from_array(values, f"w{k}"))
        nodes.append(helper.make_node("Conv", [last, f"w{k}"], [f"c{k}"], pads=[width // 2] * 4))
        nodes.append(helper.make_node("Relu" if k < LAYERS else "Identity", [f"c{k}"], [f"y{k}"]))
        last, channels = f"y{k}", count
    sides = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", count, "H", "W"])]
        for name, count in (("x", BANDS), (last, CLASSES))
    ]
    graph = helper.make_graph(nodes, "bench", *sides, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))


def make_scene(path: Path, chips: int, compress: str) -> np.ndarray:
    """A GeoTIFF of whole chips, and the chips ``(n, 1, bands, 256, 256)`` as the network wants them."""
    side = max(1, round(chips**0.5))
    profile = dict(
        driver="GTiff",
        height=side * SIZE,
        width=side * SIZE,
        count=BANDS,
        dtype="uint16",
        tiled=True,
        crs="EPSG:32610",
        transform=from_origin(699960, 4400040, 10, 10),
    )
    noise = np.random.default_rng(1).normal(0, 40, (BANDS, SIZE, side * SIZE))
    ready = np.empty((side * side, 1, BANDS, SIZE, SIZE), np.float32)
    with rasterio.open(path, "w", blockxsize=SIZE, blockysize=SIZE, compress=compress, predictor=2, **profile) as out:
        for row in range(side):
            rows, cols = np.ogrid[row * SIZE : (row + 1) * SIZE, : side * SIZE]
            field = 2000 + 900 * np.sin(rows / 300) * np.cos(cols / 400)
            strip = (field + np.roll(noise, 7 * row, axis=2)).clip(1, 10000).astype(np.uint16)
            out.write(strip, window=Window(0, row * SIZE, side * SIZE, SIZE))
            for col in range(side):
                ready[row * side + col, 0] = strip[:, :, col * SIZE : (col + 1) * SIZE] / np.float32(10000)
    return ready


def bare_loop(model: Path, chips: np.ndarray, threads: int, at_once: int) -> int:
    """Run all chips in a loop; their number."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    if at_once == 1:
        for chip in chips:
            session.run(None, {"x": chip})
    else:
        with ThreadPoolExecutor(at_once) as pool:
            for done in [pool.submit(session.run, None, {"x": chip}) for chip in chips]:
                done.result()
    return len(chips)


def streamed(model: Path, source: Path, target: Path | None) -> int:
    """Stream the raster to ``target``, or into memory where that is None; the number of chips."""
    operator = Onnx(str(model), BANDS, (SIZE, SIZE), normalize="div10000")
    patcher = SpatialPatcher(SpatialRectangular((SIZE, SIZE), "shift"), SpatialRegularStride(SIZE), SpatialHann())
    with RasterFile(str(source)) as raster:
        if target is None:
            return stream(raster, patcher, operator, ArraySink(raster.domain.shape)).chips
        with GeoTiffSink(str(target), raster.domain, ValueType("float32")) as sink:
            return stream(raster, patcher, operator, sink).chips


class Speed(NamedTuple):
    """The figures of one run."""

    chips_per_second: float
    processor_ms: float


def timed(way: Callable[[], int]) -> Speed:
    wall, processor = time.perf_counter(), time.process_time()
    chips = way()
    return Speed(chips / (time.perf_counter() - wall), 1000 * (time.process_time() - processor) / chips)


def rounds(folder: Path, chips: int, repeat: int, hidden: int) -> dict[str, list[Speed]]:
    """The figures of each way, round by round."""
    model, plain, packed, target = (folder / name for name in ("model.onnx", "plain.tif", "packed.tif", "out.tif"))
    make_model(model, hidden)
    ready = make_scene(plain, chips, "NONE")
    make_scene(packed, chips, "DEFLATE")
    ways: dict[str, Callable[[], int]] = {
        STREAMS[0]: lambda: streamed(model, plain, None),
        STREAMS[1]: lambda: streamed(model, packed, None),
        STREAMS[2]: lambda: streamed(model, packed, target),
        **{name: lambda how=how: bare_loop(model, ready, *how) for name, how in LOOPS.items()},
    }
    for way in ways.values():
        way()  # the files into the operating system's cache, the libraries into memory
    found: dict[str, list[Speed]] = {name: [] for name in ways}
    for number in range(repeat):
        for name in list(ways) if number % 2 == 0 else reversed(list(ways)):
            found[name].append(timed(ways[name]))
    return found


def ratio(found: dict[str, list[Speed]], one: str, other: str) -> float:
    """Chips per second of one way over those of another, taken within a round; the median."""
    pairs = zip(found[one], found[other])
    return median(a.chips_per_second / b.chips_per_second for a, b in pairs)


def report(found: dict[str, list[Speed]]) -> str:
    """A Markdown table of the figures."""
    head = ["way", "chips/s: median (least to most)", "processor, ms a chip", *(f"/ {name}" for name in LOOPS)]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for name, speeds in found.items():
        values = [speed.chips_per_second for speed in speeds]
        cells = [name, f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f})"]
        cells.append(f"{median(speed.processor_ms for speed in speeds):.1f}")
        cells += [f"{ratio(found, name, loop):.2f}" for loop in LOOPS]
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    for name in STREAMS:
        reached = ratio(found, name, "loop")
        verdict = "met" if reached >= WANTED else "**not met**"
        lines.append(f"- {name} / loop: {reached:.2f}, wanted at least {WANTED:.2f}: {verdict}")
    lines.append("")
    return "\n".join(lines)


def main(chips: int, repeat: int, channels: list[int]) -> None:
    """Measure and print."""
    for hidden in channels:
        with tempfile.TemporaryDirectory() as folder:
            print(f"### {hidden} channels\n\n{report(rounds(Path(folder), chips, repeat, hidden))}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--channels", type=int, nargs="+", default=[16, 64])
    main(**vars(parser.parse_args()))
