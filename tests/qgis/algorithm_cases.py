"""For every algorithm, parameters that work, parameters that do not, and parameters of a run that can be cancelled.

The provider-wide tests run over this table, and an algorithm that is not in it fails them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .algorithm_inputs import SEARCH, Inputs

#: Parameters of a run that takes a while: statistics of chips that overlap much.
LONG = {"EXPRESSION": "b1 - median(b1)", "CHIP_SIZE": 64, "STRIDE": 4, "WORKERS": 1}


@dataclass(frozen=True)
class Case:
    """``good(inputs)`` are the least parameters without outputs, ``outputs`` the outputs with their suffix ("" folder).

    ``wrong`` has for each mistake the parameters over the good ones (or a function of the inputs that gives them) and a
    pattern of the sentence that refuses them. ``long`` goes over the good ones where the run is to be cancelled, at its
    first progress, or where ``told`` when it first tells what it does. ``without`` are parameters that are good enough
    for mistakes to be found without a server.
    """

    good: Callable[[Inputs], dict[str, Any]]
    outputs: dict[str, str]
    wrong: dict[str, tuple[Any, str]]
    long: Callable[[Inputs], dict[str, Any]] = lambda inputs: {}
    told: bool = False
    without: dict[str, Any] | None = None

    def parameters(self, inputs: Inputs, folder: Path, **more: Any) -> dict[str, Any]:
        """Good parameters with outputs in ``folder``, and ``more`` over them."""
        outputs = {name: str(folder / f"{name.lower()}{suffix}") for name, suffix in self.outputs.items()}
        return {**self.good(inputs), **outputs, **more}

    def mistaken(self, inputs: Inputs, folder: Path, mistake: str) -> dict[str, Any]:
        """The parameters of one mistake."""
        wrong = self.wrong[mistake][0]
        good = self.good(inputs) if self.without is None else self.without
        more = wrong(inputs) if callable(wrong) else wrong
        return replace(self, good=lambda _: good).parameters(inputs, folder, **more)


PATCHING_WRONG: dict[str, tuple[Any, str]] = {
    "chip size": ({"CHIP_SIZE": 0}, "CHIP_SIZE is 0: it must be at least 1"),
    "a chip larger than any memory": ({"CHIP_SIZE": 10**7}, "(not enough|GB of) memory"),
    "stride": ({"STRIDE": -4}, "STRIDE is -4: it must be at least 1"),
    "window": ({"WINDOW": "blackman"}, "WINDOW is 'blackman': it must be one of .*hann"),
    "alpha": ({"WINDOW": "tukey", "TUKEY_ALPHA": 1.5}, "TUKEY_ALPHA is 1.5: it must be from 0 to 1"),
    "custom window": ({"WINDOW": "custom", "CUSTOM_WINDOW": "q"}, "CUSTOM_WINDOW is 'q': there is no variable 'q'"),
    "boundary": ({"BOUNDARY": "bounce"}, "BOUNDARY"),
}
SAMPLER_WRONG: dict[str, tuple[Any, str]] = {
    "geometry": ({"GEOMETRY": "hexagon"}, "GEOMETRY"),
    "sampler": ({"SAMPLER": "hopeful"}, "SAMPLER"),
    "no points": ({"SAMPLER": "points"}, "ANCHORS"),
    "count": ({"SAMPLER": "random", "COUNT": 0}, "COUNT is 0"),
    "cap without radius": ({"GEOMETRY": "sphericalcap", "RADIUS_KM": 0}, "RADIUS_KM is 0"),
}
OPERATOR_WRONG: dict[str, tuple[Any, str]] = {
    "operator": ({"OPERATOR": "magic"}, "OPERATOR"),
    "expression": ({"EXPRESSION": "b1 + b9"}, r"EXPRESSION is 'b1 \+ b9': there is no variable 'b9'"),
    "index": ({"OPERATOR": "index", "INDEX": "NDXI"}, "INDEX is 'NDXI': there is no index of that name"),
    "band roles": ({"OPERATOR": "index", "BAND_ROLES": "Q=1"}, "BAND_ROLES is 'Q=1': 'Q=1'|BAND_ROLES .*not a role"),
    "rules": ({"OPERATOR": "classify", "RULES": ""}, "RULES is ''"),
    "model": ({"OPERATOR": "onnx"}, "MODEL is ''"),
    "python file": ({"OPERATOR": "python", "PYTHON": "/nowhere/at/all.py"}, "PYTHON"),
}
VALUE_WRONG: dict[str, tuple[Any, str]] = {
    "data type": ({"DATA_TYPE": "complex64"}, "DATA_TYPE"),
    "nodata": ({"DATA_TYPE": "uint8", "NODATA": 300}, "NODATA is 300.0: must be a whole number from 0 to 255"),
    "compression": ({"CREATION_OPTIONS": "COMPRESS=FOO"}, "CREATION_OPTIONS is 'COMPRESS=FOO': is not a compression"),
    "creation options": ({"CREATION_OPTIONS": "COMPRESS"}, "CREATION_OPTIONS is 'COMPRESS': must be KEY=VALUE"),
}
RASTER_WRONG: dict[str, tuple[Any, str]] = {
    "no input": ({"INPUT": "/nowhere/at/all.tif"}, "INPUT"),
    "bands": ({"BANDS": [5]}, "BANDS is 5: must be from 1 to 2"),
    "extent": ({"EXTENT": "0,100,0,100 [EPSG:32610]"}, "EXTENT is .*must overlap the raster"),
}
FOLDER_OF_OUTPUT: dict[str, tuple[Any, str]] = {
    "folder of the output": ({"OUTPUT": "/nowhere/at/all/out.tif"}, "OUTPUT is .*folder"),
    "the input itself": (lambda inputs: {"OUTPUT": inputs.scene}, "OUTPUT is .*must not be the same file"),
}

SEARCH_WRONG: dict[str, tuple[Any, str]] = {
    "extent": ({"EXTENT": "15,15,47,47 [EPSG:4326]"}, "EXTENT is .*must be a box with some area"),
    "no extent": ({"EXTENT": None}, "EXTENT"),
    "day": ({"START_DATE": "the day before"}, "START_DATE"),
    "days in the wrong order": ({"END_DATE": "2023-08-01"}, "START_DATE"),
    "cloud": ({"MAX_CLOUD": 101}, "MAX_CLOUD is 101: it must be from 0 to 100"),
    "tile": ({"TILE": "XX"}, "TILE is 'XX'"),
    "endpoint": ({"ENDPOINT": "not an address"}, "ENDPOINT is 'not an address'"),
    "collection": ({"COLLECTION": ""}, "COLLECTION"),
}

GRID_WRONG: dict[str, tuple[Any, str]] = {
    "no input": RASTER_WRONG["no input"],
    "extent": RASTER_WRONG["extent"],
    "resolution": ({"RESOLUTION": 10}, "RESOLUTION is 10.*must be empty for a layer that has pixels of its own"),
    "chip size": PATCHING_WRONG["chip size"],
    "stride": PATCHING_WRONG["stride"],
    "boundary": PATCHING_WRONG["boundary"],
    "no chip fits": ({"CHIP_SIZE": 500, "BOUNDARY": "drop"}, "CHIP_SIZE is 500: no chip fits"),
}
CHIPS_WRONG: dict[str, tuple[Any, str]] = {
    "no folder": ({"CHIPS": "/nowhere/at/all"}, "CHIPS is '/nowhere/at/all'"),
    "a folder of other things": (lambda inputs: {"CHIPS": str(inputs.folder)}, "CHIPS is "),
    "a chip is gone": (lambda inputs: {"CHIPS": inputs.incomplete}, "CHIPS is .*1 chip\\(s\\) are missing: "),
}

CASES: dict[str, Case] = {
    "applytochips": Case(
        good=lambda inputs: {"CHIPS": inputs.chips(), "EXPRESSION": "b2 - b1"},
        outputs={"OUTPUT": ""},
        wrong={
            **CHIPS_WRONG,
            **OPERATOR_WRONG,
            "the folder itself": (lambda inputs: {"OUTPUT": inputs.chips()}, "OUTPUT is "),
            "a file as folder": (lambda inputs: {"OUTPUT": inputs.scene}, "OUTPUT is "),
        },
        long=lambda inputs: {"CHIPS": inputs.chips("many", STRIDE=8), "EXPRESSION": "b1 - median(b1)"},
    ),
    "chipgrid": Case(
        good=lambda inputs: {"INPUT": inputs.scene, "CHIP_SIZE": 64, "STRIDE": 32},
        outputs={"OUTPUT": ".gpkg"},
        wrong={
            **GRID_WRONG,
            **SAMPLER_WRONG,
            "folder of the output": ({"OUTPUT": "/nowhere/at/all/out.gpkg"}, "OUTPUT is .*folder"),
            "ending": (
                lambda inputs: {"OUTPUT": str(inputs.folder / "grid.foo")},
                "OUTPUT is .*QGIS writes no layers to .foo files",
            ),
            "the anchors themselves": (
                lambda inputs: {"SAMPLER": "points", "ANCHORS": inputs.on_scene, "OUTPUT": inputs.on_scene},
                "OUTPUT is .*must not be the same file",
            ),
            "anchors that are polygons": (
                lambda inputs: {"SAMPLER": "points", "ANCHORS": inputs.polygons},
                "ANCHORS is 'polygons': must be a layer of points",
            ),
        },
        long=lambda inputs: {"STRIDE": 1},
    ),
    "loadsentinel2": Case(
        good=lambda inputs: {**inputs.search(), "BANDS": "B04,B08"},
        outputs={"OUTPUT": ".tif"},
        wrong={
            **SEARCH_WRONG,
            "bands": ({"BANDS": "B99"}, "BANDS is 'B99'"),
            "resolution": ({"RESOLUTION": 0}, "RESOLUTION is 0: it must be from 1 to 5000"),
            "units": ({"UNITS": "radiance"}, "UNITS"),
            "folder of the output": FOLDER_OF_OUTPUT["folder of the output"],
        },
        without=SEARCH,
        told=True,
    ),
    "neighbourhood": Case(
        good=lambda inputs: {"INPUT": inputs.points, "FIELD": "height"},
        outputs={"OUTPUT": ".gpkg"},
        wrong={
            "no input": ({"INPUT": "/nowhere/at/all.gpkg"}, "INPUT|Input points"),
            "polygons": (
                lambda inputs: {"INPUT": inputs.polygons, "FIELD": "id"},
                "INPUT is 'polygons': must be a layer of points",
            ),
            "field": ({"FIELD": "depth"}, "FIELD is 'depth': must be a field of numbers, one of: height"),
            "field of texts": ({"FIELD": "name"}, "FIELD is 'name': must be a field of numbers"),
            "kind": ({"NEIGHBOURHOOD": "grid"}, "NEIGHBOURHOOD"),
            "k": ({"K": 0}, "K is 0: it must be at least 1"),
            "no radius": ({"NEIGHBOURHOOD": "radius"}, "RADIUS is None: .*needs a distance above 0"),
            "radius": ({"NEIGHBOURHOOD": "radius", "RADIUS": 0}, "RADIUS is 0"),
            "metric": ({"METRIC": "manhattan"}, "METRIC"),
            "statistics": ({"STATISTICS": ["mode"]}, "STATISTICS"),
            "folder of the output": ({"OUTPUT": "/nowhere/at/all/out.gpkg"}, "OUTPUT is .*folder"),
            "the input itself": (lambda inputs: {"OUTPUT": inputs.points}, "OUTPUT is .*must not be the same file"),
        },
    ),
    "polygonchips": Case(
        good=lambda inputs: {"INPUT": inputs.scene, "POLYGONS": inputs.polygons},
        outputs={"OUTPUT": ".gpkg", "STITCHED": ".tif"},
        wrong={
            "no input": RASTER_WRONG["no input"],
            "bands": RASTER_WRONG["bands"],
            **OPERATOR_WRONG,
            "no polygons": ({"POLYGONS": "/nowhere/at/all.gpkg"}, "POLYGONS|Polygons"),
            "statistics": ({"STATISTICS": ["mode"]}, "STATISTICS"),
            "folder of the output": ({"OUTPUT": "/nowhere/at/all/out.gpkg"}, "OUTPUT is .*folder"),
            "the input itself": (lambda inputs: {"STITCHED": inputs.scene}, "STITCHED is .*must not be the same file"),
            "the polygons themselves": (
                lambda inputs: {"OUTPUT": inputs.polygons},
                "OUTPUT is .*must not be the same file",
            ),
        },
        long=lambda inputs: {"EXPRESSION": "b1 - median(b1)"},
    ),
    "runconfig": Case(
        good=lambda inputs: {"CONFIG_FROM": inputs.result()},
        outputs={"OUTPUT": ".tif"},
        wrong={
            "nothing": ({"CONFIG_FROM": None}, "CONFIG is None: one of CONFIG and CONFIG_FROM must be given"),
            "both": (lambda inputs: {"CONFIG": inputs.text("c.json", "{}")}, "CONFIG is .*: one of .*and not both"),
            "a raster of another kind": (
                lambda inputs: {"CONFIG_FROM": inputs.scene},
                "CONFIG_FROM.*must be a raster made by Patchwise",
            ),
            "no raster": ({"CONFIG_FROM": "/nowhere/at/all.tif"}, "CONFIG_FROM"),
            "no file": ({"CONFIG_FROM": None, "CONFIG": "/nowhere/at/all.json"}, "CONFIG.*cannot be read|CONFIG"),
            "no configuration": (
                lambda inputs: {"CONFIG_FROM": None, "CONFIG": inputs.text("list.json", "[1, 2]")},
                "CONFIG.*must hold a configuration",
            ),
            "a configuration of something else": (
                lambda inputs: {
                    "CONFIG_FROM": None,
                    "CONFIG": inputs.text("else.json", '{"algorithm": "native:clip"}'),
                },
                "CONFIG.*native:clip.*must be patchwise:slidingwindow",
            ),
            "no input": ({"INPUT": "/nowhere/at/all.tif"}, "INPUT"),
            **FOLDER_OF_OUTPUT,
        },
        long=lambda inputs: {"CONFIG_FROM": inputs.result("long", **LONG)},
    ),
    "searchsentinel2": Case(
        good=lambda inputs: inputs.search(),
        outputs={"OUTPUT": ".gpkg"},
        wrong=SEARCH_WRONG,
        without=SEARCH,
        told=True,
    ),
    "slidingwindow": Case(
        good=lambda inputs: {"INPUT": inputs.scene, "CHIP_SIZE": 64, "STRIDE": 32},
        outputs={"OUTPUT": ".tif", "COVERAGE": ".tif"},
        wrong={
            **RASTER_WRONG,
            **OPERATOR_WRONG,
            **PATCHING_WRONG,
            **VALUE_WRONG,
            **FOLDER_OF_OUTPUT,
            "workers": ({"WORKERS": -1}, "WORKERS is -1: it must be from 0 to 1024"),
        },
        long=lambda inputs: LONG,
    ),
    "splitraster": Case(
        good=lambda inputs: {"INPUT": inputs.scene, "CHIP_SIZE": 64, "STRIDE": 32},
        outputs={"OUTPUT": "", "INDEX": ".gpkg"},
        wrong={
            **RASTER_WRONG,
            **PATCHING_WRONG,
            **SAMPLER_WRONG,
            "the labels as footprints": (
                lambda inputs: {"LABELS": inputs.polygons, "INDEX": inputs.polygons},
                "INDEX is .*must not be the same file",
            ),
            "least share": ({"MIN_VALID": 2}, "MIN_VALID is 2: it must be from 0 to 1"),
            "labels": ({"LABELS": "/nowhere/at/all.tif"}, "LABELS"),
            "field of labels": (
                lambda inputs: {"LABELS": inputs.polygons, "LABEL_FIELD": "height"},
                "LABEL_FIELD is 'height'",
            ),
            "a file as folder": (lambda inputs: {"OUTPUT": inputs.scene}, "OUTPUT is "),
            "a folder of other things": (lambda inputs: {"OUTPUT": str(inputs.folder)}, "OUTPUT is "),
            "folder of the footprints": ({"INDEX": "/nowhere/at/all/out.gpkg"}, "INDEX is .*folder"),
        },
        long=lambda inputs: {"STRIDE": 4},
    ),
    "stitchchips": Case(
        good=lambda inputs: {"CHIPS": inputs.chips()},
        outputs={"OUTPUT": ".tif"},
        wrong={
            **CHIPS_WRONG,
            **VALUE_WRONG,
            "window": PATCHING_WRONG["window"],
            "custom window": PATCHING_WRONG["custom window"],
            "aggregation": ({"AGGREGATION": "guess"}, "AGGREGATION"),
            "folder of the output": FOLDER_OF_OUTPUT["folder of the output"],
            "one of the chips": (
                lambda inputs: {"OUTPUT": str(next(Path(inputs.chips()).glob("*.tif")))},
                "OUTPUT is .*must not be the same file as .*chip_.*which",
            ),
        },
        long=lambda inputs: {"CHIPS": inputs.chips("many", STRIDE=8)},
    ),
    "windowweights": Case(
        good=lambda inputs: {"INPUT": inputs.scene, "CHIP_SIZE": 64, "STRIDE": 32},
        outputs={"OUTPUT": ".tif"},
        wrong={
            **GRID_WRONG,
            **SAMPLER_WRONG,
            "kind": ({"KIND": "sum"}, "KIND"),
            "a chip larger than any memory": PATCHING_WRONG["a chip larger than any memory"],
            "window": PATCHING_WRONG["window"],
            "alpha": PATCHING_WRONG["alpha"],
            "custom window": PATCHING_WRONG["custom window"],
            "creation options": VALUE_WRONG["creation options"],
            **FOLDER_OF_OUTPUT,
        },
        long=lambda inputs: {"STRIDE": 2},
    ),
}
