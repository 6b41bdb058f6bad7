"""The cases that are measured, each of them a command line."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .options import creation_options

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "bench"
#: Paths and options to a command line: source, target, compression.
Command = Callable[[Path, Path, str], Sequence[str]]


@dataclass(frozen=True)
class Case:
    """``key`` names it in options and results, ``label`` in the report; ``inner``: it prints its own times."""

    key: str
    label: str
    command: Command
    inner: bool = False


def python(module: str, *arguments: object) -> list[str]:
    """A module of the benchmark in a process of its own."""
    return [sys.executable, "-m", f"patchwise.bench.{module}", *map(str, arguments)]


def core(*options: str) -> Command:
    """The core in a plain Python process."""
    return lambda source, target, compress: python("core_run", source, target, compress, *options)


def _plain(source: Path, target: Path, compress: str) -> list[str]:
    return python("plain_loop", source, target, compress)


def _algorithm(source: Path, target: Path, compress: str) -> list[str]:
    options = "|".join(f"{key}={value}" for key, value in creation_options(compress).items())
    parameters = ["EXPRESSION=(b2-b1)/(b2+b1)", "CHIP_SIZE=256", "STRIDE=128", "WINDOW=hann"]
    parameters += [f"INPUT={source}", f"OUTPUT={target}", f"CREATION_OPTIONS={options}"]
    return ["tools/qgis_process", "run", "patchwise:slidingwindow", "--", *parameters]


def _rastercalc(source: Path, target: Path, compress: str) -> list[str]:
    red, nir = f'"{source.stem}@1"', f'"{source.stem}@2"'
    parameters = [f"LAYERS={source}", f"EXPRESSION=({nir}-{red})/({nir}+{red})", f"OUTPUT={target}"]
    return ["tools/qgis_process", "run", "native:rastercalc", "--", *parameters]


def _translated(source: Path, target: Path, compress: str) -> list[str]:
    """rastercalc to a file beside the target, then to the target."""
    first = _rastercalc(source, beside(target), compress)
    return ["sh", "-c", f"{shlex.join(first)} && {shlex.join(python('translate', beside(target), target, compress))}"]


def beside(target: Path) -> Path:
    """An intermediate file."""
    return target.with_suffix(".first.tif")


CORE = Case("core", "(a) core", core())
PLAIN = Case("plain", "(b) plain loop", _plain)
ALGORITHM = Case("algorithm", "(c) `patchwise:slidingwindow`", _algorithm)
RASTERCALC = Case("rastercalc", "(d) `native:rastercalc`", _rastercalc)
MAIN = (
    CORE,
    Case("opaque", "(a2) core, every chip", core("--opaque")),
    PLAIN,
    ALGORITHM,
    RASTERCALC,
    Case("translated", "(d2) `native:rastercalc`, then translated to the same file as (c)", _translated),
    Case("read", "only read the input", lambda source, target, compress: python("limit", "read", source), inner=True),
    Case("write", "only write the output", lambda *paths: python("limit", "write", *paths), inner=True),
)
#: Cases of an operator that needs the whole chip.
VARIANTS = (
    Case("stride 128", "stride 128, all workers", core("--opaque")),
    Case("stride 128, 1 worker", "stride 128, 1 worker", core("--opaque", "--workers", "1")),
    Case("stride 64", "stride 64, all workers", core("--opaque", "--stride", "64")),
    Case("stride 64, 1 worker", "stride 64, 1 worker", core("--opaque", "--stride", "64", "--workers", "1")),
)
#: Compressions for which the demands are judged.
COMPRESSIONS = ("ZSTD", "DEFLATE")


class Tile(NamedTuple):
    """A generated input: its height, and the share of it that is nodata."""

    rows: int
    nodata: float = 0.0

    @property
    def path(self) -> Path:
        """The path of the file."""
        return FOLDER / (f"tile-{self.rows}-nodata.tif" if self.nodata else f"tile-{self.rows}.tif")

    def make(self, env: Mapping[str, str]) -> None:
        """Write it if it is not there, in a process of its own (see :mod:`patchwise.bench.measure`); then read it once.

        So every run finds it in the operating system's file cache.
        """
        if not self.path.exists():
            print(f"making {self.path.name} ...", flush=True)
            subprocess.run(python("tile", self.path, self.rows, self.nodata), env=env, cwd=ROOT, check=True)
        with self.path.open("rb") as file:
            while file.read(1 << 20):
                pass


class Job(NamedTuple):
    """A case on a tile. ``group`` is what it is compared within; ``section`` the part of the report."""

    section: str
    group: str
    case: Case
    tile: Tile
    compress: str

    @property
    def target(self) -> Path:
        """The path of the output."""
        name = "-".join((self.section, self.group, self.case.key)).replace(" ", "_").replace(",", "")
        return FOLDER / f"out-{name.replace('%', '')}.tif"

    @property
    def command(self) -> Sequence[str]:
        """The command line."""
        return self.case.command(self.tile.path, self.target, self.compress)


def main_jobs(rows: int) -> list[Job]:
    """The comparison for both compressions, and in short for a quicker one and none: rastercalc cannot compress."""
    cases = {**dict.fromkeys(COMPRESSIONS, MAIN), "DEFLATE1": (CORE, PLAIN, ALGORITHM, RASTERCALC)}
    cases["NONE"] = (ALGORITHM, RASTERCALC)
    return [Job("main", group, case, Tile(rows), group) for group, chosen in cases.items() for case in chosen]


def memory_jobs(rows: int) -> list[Job]:
    """The core on the tile and on one of three times the height."""
    heights = (rows, 3 * rows)
    return [Job("memory", str(height), CORE, Tile(height), c) for c in COMPRESSIONS for height in heights]


def variant_jobs(rows: int) -> list[Job]:
    """Every overlapping chip, with all pixels known and with a tenth unknown."""
    groups = {"no nodata": Tile(rows), "10 % nodata": Tile(rows, nodata=0.1)}
    return [Job("variants", group, case, tile, "ZSTD") for group, tile in groups.items() for case in VARIANTS]
