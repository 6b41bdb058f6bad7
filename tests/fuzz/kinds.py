"""Kinds of input that may come from others: how a case is drawn, and how it goes through Patchwise.

A case is parsed and checked as parameters are; if it passes and is small, it is run. An exception that is no error of
Patchwise's own is a fault.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from ...core import (
    ApplyToChips,
    ArraySink,
    Classify,
    Expression,
    GridSampler,
    Index,
    Onnx,
    RasterFile,
    Sequential,
    SpatialCustom,
    SpatialJitteredStride,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialTukey,
    Stitch,
    ValueType,
    stream,
    to_config,
    to_yaml,
)
from ...core.base.config import from_yaml, to_json
from ...core.base.documents import parse_json
from ...core.chip_folder.manifest import load_manifest
from ...core.chip_folder.split import Split, split_to_folder
from ...core.plan.check import check_plan
from ...core.preview.estimate import estimate
from ...core.records.record import placed, run_record
from ...core.records.rerun import read_file, read_recipe, read_tag
from . import mutation

_SMALL = 300_000  # pixels times bands
TOKENS = [
    *"()+-*/%<>&|~;,.'\"\n#\\:= ",
    "b1",
    "b2",
    "red",
    "//",
    "**",
    "==",
    "where(",
    "min(",
    "max(",
    "abs(",
    "log(",
    "std(",
    "percentile(",
    "mean(",
    "median(",
    "clip(",
    "isnan(",
    "1",
    "0",
    "1e300",
    "9**9",
    "nan",
    "0x" + "f" * 90,
    "pi",
    "[0]",
    "lambda",
    "if",
    "else",
    "not ",
    "(" * 60,
    "-" * 300,
    "**9" * 40,
]
YAML_TOKENS = [
    *"[]{}|>~'\"#\t\n",
    "&a ",
    "*a",
    "- ",
    ": ",
    "!!python/object:os.system ",
    "!!binary ",
    "!!set ",
    "<<: ",
    "? ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "  ",
    ".inf",
    ".nan",
    "0x",
    "1:1:1",
    "2020-01-01",
    "yes",
    "- " * 90,
    "[" * 90,
]


@dataclass(frozen=True)
class Kind:
    """``draw(rng)`` gives the content of a case; ``enter(path)`` takes it from a file of the name ``name``."""

    draw: Callable[[Random], bytes]
    enter: Callable[[Path], None]
    name: str


class Seeds:
    """Good inputs of all kinds, made in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.scene = _tiffs(folder)
        self.raster = RasterFile(str(self.scene[0]))
        self.patcher = SpatialPatcher(
            SpatialRectangular((16, 16), "shift"), SpatialRegularStride((8, 12)), SpatialTukey(0.4)
        )
        self.record = json.loads(to_json({"format": 1, **placed(self._record(), str(folder / "out.tif"))}))

    def _record(self) -> dict[str, Any]:
        options = {"COMPRESS": "DEFLATE", "BLOCKXSIZE": "64", "BLOCKYSIZE": "64"}
        operator = Expression("b1 + red", 3, ["red", "", "nir"])
        return run_record(
            self.raster, self.raster.domain.window, self.patcher, operator, ValueType("int16", -5), options
        )

    def configs(self) -> list[Any]:
        """Configurations of patchers and pipelines."""
        other = SpatialPatcher(
            SpatialRectangular(9, "pad"), SpatialJitteredStride(5, 2, 7), SpatialCustom("1 - r * 0.3")
        )
        random = SpatialPatcher(SpatialRectangular((7, 8), "reflect"), SpatialRandom(20, 3))
        index = Index("NDVI", {"N": 2, "R": 0}, 0.0001, 0.0)
        stages = [ApplyToChips(Expression("b1 * 2; b2 - mean(b2)")), ApplyToChips(index)]
        rules = Classify("low: b1 < 10\nhigh #ff0000: b1 >= 10", 3)
        pipeline = Sequential([GridSampler(self.patcher), *stages[:1], Stitch(SpatialOverlapAdd())])
        classes = Sequential([GridSampler(other), ApplyToChips(rules), Stitch(SpatialOverlapAdd())])
        return [self.patcher, other, random, pipeline, classes]

    def manifest(self) -> Any:
        """The manifest of a folder of chips."""
        chips = self.folder / "chips"
        if not chips.exists():
            chips.mkdir()
            split_to_folder(Split(self.raster, self.patcher, self.raster.domain.window, None, 0.0), str(chips))
        found = json.loads((chips / "manifest.json").read_text(encoding="utf-8"))
        return {**found, "chips": found["chips"][:3]}

    def state(self) -> Any:
        """The dock's choices."""
        parameters = {
            "OPERATOR": "expression",
            "EXPRESSION": "b1",
            "WINDOW": "tukey",
            "TUKEY_ALPHA": 0.5,
            "STRIDE": 32,
            "CHIP_SIZE": 64,
            "BOUNDARY": "shift",
            "AGGREGATION": "overlapadd",
            "BANDS": [1, 2],
        }
        return {"parameters": parameters, "input": "scene_1", "units": "pixels", "grid": True}

    def models(self) -> list[bytes]:
        """ONNX models; none where the package ``onnx`` is not installed."""
        from ..core import onnx_models

        identity, names = onnx_models.identity, '{"0": "a", "1": "b"}'
        a, b, c, d, e = (self.folder / f"{letter}.onnx" for letter in "abcde")
        made = [
            identity(a),
            identity(b, (1, 3, 32, 32)),
            identity(c, model_type="Segmentor", rescale_factor="0.5", class_names=names),
            onnx_models.softmax_head(d, np.ones((4, 3, 1, 1), np.float32)),
            identity(e, image_mean="[1, 2, 3]", image_std="[1, 1, 2]"),
        ]
        return [Path(path).read_bytes() for path in made]


def kinds(seeds: Seeds) -> dict[str, Kind]:
    """All kinds, over good inputs."""
    tiffs = [path.read_bytes() for path in seeds.scene]
    configs = [json.loads(to_json(to_config(thing))) for thing in seeds.configs()]
    yamls = [to_yaml(thing) for thing in seeds.configs()]
    expressions = [
        "(b4 - b3) / (b4 + b3)",
        "where(b1 > 0.2, b2, nan)",
        "b1 - mean(b1); percentile(b2, 90)",
        "1 - r**2",
        "~(b1 > 1) & (b2 <= 3) | (b3 != 0)",
        "clip(log(abs(b1)), 0, 5)",
        "red ** 2 // 3 % b1",
    ]
    rules = [
        "water #1f78b4: b1 > 0.1\nland: otherwise",
        "a: (b1 > 1) & (b2 < 3); b #abc: NDVI > 0.3",
        "# note\nx: red < 5",
    ]
    manifest, state = seeds.manifest(), seeds.state()
    models = seeds.models() if _has_onnx() else []
    found = {
        "geotiff": Kind(lambda rng: mutation.of_bytes(rng, rng.choice(tiffs)), enter_geotiff, "case.tif"),
        "manifest": Kind(lambda rng: _coded(rng, mutation.of_json(rng, manifest)), enter_manifest, "manifest.json"),
        "record": Kind(lambda rng: _coded(rng, mutation.of_json(rng, seeds.record)), enter_recipe(seeds), "case.json"),
        "config": Kind(
            lambda rng: _coded(rng, mutation.of_json(rng, rng.choice(configs))), enter_recipe(seeds), "case.json"
        ),
        "yaml": Kind(lambda rng: _yaml(rng, yamls, configs), enter_yaml(seeds), "case.yml"),
        "expression": Kind(lambda rng: _tokens(rng, expressions), enter_expression, "case.txt"),
        "rules": Kind(lambda rng: _tokens(rng, rules), enter_rules, "case.txt"),
        "tag": Kind(lambda rng: _coded(rng, mutation.of_json(rng, seeds.record)), enter_tag, "case.json"),
        "state": Kind(lambda rng: _coded(rng, mutation.of_json(rng, state)), enter_state, "case.json"),
    }
    if models:
        found["onnx"] = Kind(lambda rng: mutation.of_bytes(rng, rng.choice(models)), enter_onnx, "case.onnx")
    return found


def _has_onnx() -> bool:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError:
        return False
    return True


def _coded(rng: Random, text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return mutation.of_bytes(rng, content) if rng.random() < 0.1 else content


def _config(rng: Random, configs: list[Any]) -> str:
    return mutation.of_json(rng, rng.choice(configs))


def _yaml(rng: Random, yamls: list[str], configs: list[Any]) -> bytes:
    text = rng.choice(yamls)
    if rng.random() < 0.3:
        text = mutation.of_json(rng, rng.choice(configs)).replace('"', rng.choice(('"', "'", "")))
    return _coded(rng, mutation.of_text(rng, text, YAML_TOKENS))


def _tokens(rng: Random, texts: list[str]) -> bytes:
    if rng.random() < 0.4:
        return "".join(rng.choice(TOKENS) for _ in range(rng.randrange(1, 30))).encode("utf-8")
    return mutation.of_text(rng, rng.choice(texts), TOKENS).encode("utf-8", "surrogatepass")


def _tiffs(folder: Path) -> list[Path]:
    import rasterio
    from rasterio.transform import from_origin

    rng, made = np.random.default_rng(4), []
    grid = {"crs": "EPSG:32633", "transform": from_origin(500_000, 5_000_000, 10, 10)}
    for name, dtype, options in (
        ("plain", "uint16", {"nodata": 0}),
        (
            "tiled",
            "float32",
            {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate", "predictor": 3},
        ),
        ("lzw", "uint8", {"compress": "lzw", "photometric": "RGB"}),
        ("packed", "int16", {"compress": "packbits", "interleave": "band"}),
        ("big", "float64", {"bigtiff": "YES"}),
    ):
        path = folder / f"{name}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", width=40, height=33, count=3, dtype=dtype, **grid, **options
        ) as target:
            target.write(rng.integers(0, 200, (3, 33, 40)).astype(dtype))
            target.descriptions = ("red", "", "nir")
            target.update_tags(PATCHWISE_CONFIG='{"format": 1, "algorithm": "patchwise:slidingwindow"}')
            target.scales = (0.5, 1, 1)
            if name in ("plain", "tiled"):
                target.build_overviews([2])
        made.append(path)
    with rasterio.open(
        folder / "palette.tif", "w", driver="GTiff", width=20, height=20, count=1, dtype="uint8", **grid
    ) as target:
        target.write(rng.integers(0, 4, (1, 20, 20)).astype("uint8"))
        target.write_colormap(1, {k: (k, 2 * k, 3 * k, 255) for k in range(4)})
    return [*made, folder / "palette.tif"]


def _run(raster: Any, patcher: Any, operator: Any, window: Any) -> None:
    """Check as parameters are checked, and run what is small."""
    check_plan(patcher, raster.domain, window)
    if not isinstance(patcher.geometry, SpatialRectangular) or not isinstance(patcher.sampler, SpatialRegularStride):
        return
    what = estimate(raster, patcher, operator, window)
    size = patcher.geometry.size
    if window.pixels * raster.bands > _SMALL or what.chips > 3000 or size[0] * size[1] > _SMALL or what.memory > 300e6:
        return
    with raster:
        stream(raster, patcher, operator, ArraySink((window.height, window.width)), window=window, workers=1)


def enter_geotiff(path: Path) -> None:
    """A raster file."""
    with RasterFile(str(path)) as raster:
        read_tag_of(raster)
        if raster.block_bytes > 50e6:
            return
        patcher = SpatialPatcher(SpatialRectangular((16, 16), "shift"), SpatialRegularStride(8))
        _run(raster, patcher, Expression("b1 - mean(b1)", raster.bands, raster.band_names), raster.domain.window)


def read_tag_of(raster: Any) -> None:
    """Read the tag of a raster; most have none that can be used."""
    from ...core.base.errors import ParameterError

    try:
        read_recipe(read_tag(raster.tags, raster.path))
    except ParameterError:
        pass


def enter_onnx(path: Path) -> None:
    """A model, on chips of three bands."""
    for normalize in ("none", "metadata"):
        operator = Onnx(str(path), 3, (32, 32), normalize, provider="cpu")
        operator(np.zeros((3, 32, 32), np.float32) + 7)


def enter_manifest(path: Path) -> None:
    """The manifest of a folder of chips."""
    found = load_manifest(str(path.parent))
    check_plan(found.patcher, found.domain, found.window)


def enter_recipe(seeds: Seeds) -> Callable[[Path], None]:
    """A configuration in a file, as JSON."""

    def enter(path: Path) -> None:
        _recipe(seeds, read_file(str(path)))

    return enter


def enter_yaml(seeds: Seeds) -> Callable[[Path], None]:
    """A configuration in a file, as YAML."""

    def enter(path: Path) -> None:
        _recipe(seeds, read_file(str(path)))
        from_yaml(path.read_text(encoding="utf-8"))

    return enter


def _recipe(seeds: Seeds, config: Any) -> None:
    recipe = read_recipe(config)
    recipe.differences(seeds.raster)
    operator = recipe.operator_for(seeds.raster)
    recipe.value_type_for(seeds.raster)
    _run(seeds.raster, recipe.patcher, operator, recipe.window_on(seeds.raster.domain.shape))


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def enter_expression(path: Path) -> None:
    """An expression of an operator, and of a window."""
    from ...core.base.errors import ParameterError

    text = _text(path)
    try:
        SpatialCustom(text).weights(SpatialRectangular((9, 9)))
    except ParameterError:
        pass
    operator = Expression(text, 4, ("red", "", "nir", "x"))
    operator(np.arange(4 * 36, dtype=np.float32).reshape(4, 6, 6))


def enter_rules(path: Path) -> None:
    """Rules of a classification."""
    operator = Classify(_text(path), 3, ("red", "", "nir"), {"R": 0, "N": 2})
    operator(np.arange(3 * 36, dtype=np.float32).reshape(3, 6, 6))


def enter_tag(path: Path) -> None:
    """The tag of a layer in the dock."""
    from ...ui.runs.reuse import bands_of, parameters_of, read_record, source_of

    config = read_record(_text(path), "layer")
    if config is not None:
        parameters_of(config)
        bands_of(config, 3)
        source_of(config)


def enter_state(path: Path) -> None:
    """Read the dock's choices as from a project."""
    from ...ui.kept import read_state

    read_state(_text(path))
    parse_json(_text(path), "settings", "text")
