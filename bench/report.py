"""From the measurements to the tables of ``docs/performance.md``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from .cases import COMPRESSIONS, MAIN, VARIANTS

TITLES = {
    "ZSTD": "ZSTD level 1",
    "DEFLATE": "DEFLATE",
    "DEFLATE1": "DEFLATE level 1 (for information)",
    "NONE": "not compressed (for information)",
}
BEGIN, END = "<!-- make bench writes from here -->", "<!-- make bench writes to here -->"


class Runs:
    """The measured runs, to be asked for one section, group and case."""

    def __init__(self, runs: Iterable[dict]) -> None:
        self._runs = list(runs)

    def values(self, section: str, group: str, case: str, field: str = "seconds", compress: str = "") -> list[float]:
        """One field, round by round."""
        rows = [run for run in self._runs if (run["section"], run["group"], run["case"]) == (section, group, case)]
        rows = [run for run in rows if not compress or run["compress"] == compress]
        return [run[field] for run in sorted(rows, key=lambda run: run["round"])]

    def memory_heights(self) -> list[int]:
        """The heights of the tiles of the memory section, ascending."""
        return sorted({int(run["group"]) for run in self._runs if run["section"] == "memory"})

    def ratios(self, group: str, case: str, other: str) -> list[float]:
        """Wall time of one case over that of another, within each round of the main section."""
        pairs = zip(self.values("main", group, case), self.values("main", group, other))
        return [one / two for one, two in pairs]


def insert(path: Path, text: str) -> None:
    """Replace the text between two markers of a Markdown file."""
    before, rest = path.read_text().split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def markdown(found: dict) -> str:
    """All tables."""
    runs = Runs(found["runs"])
    parts = [_setting(found), _targets(runs, found["files"])]
    for group in (*COMPRESSIONS, "DEFLATE1", "NONE"):
        parts.append(_comparison(runs, found["files"], group))
    parts += [_limit(runs, found["cores"]), _memory(runs), _variants(runs)]
    return "\n".join(part for part in parts if part)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] + ["---:"] * (len(head) - 1), *rows)]
    return "\n".join(lines) + "\n"


def _spread(values: Sequence[float], form: str = ".2f") -> str:
    """Median, and least and largest where there are several."""
    if not values:
        return ""
    middle = f"{median(values):{form}}"
    return middle if len(values) == 1 else f"{middle} ({min(values):{form}} to {max(values):{form}})"


def _setting(found: dict) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    others = [run["others"] for run in found["runs"]]
    return (
        f"{found['cores']} cores, {found['memory_gb']:.0f} GB of memory; QGIS {found['qgis']}, {versions}. "
        f"Tile of {found['rows']} rows, {found['repeat']} rounds, GDAL's block cache held at {found['cache_mb']} MB. "
        f"Anything else on the machine took {_spread(others, '.0%')} of the cores during a run. "
        f"A process that does nothing is measured with {found['floor_mb']:.0f} MB.\n"
    )


def _targets(runs: Runs, files: dict) -> str:
    """The demands, and whether they are met: from the numbers."""
    rows = []
    for group in COMPRESSIONS:
        ratio, quick = runs.ratios(group, "core", "plain"), runs.ratios(group, "algorithm", "rastercalc")
        rows.append(_judged(f"{group}: (a) / (b), wall time", ratio, 1.15, "at most 1.15"))
        rows.append(_judged(f"{group}: (a) / (b), wall time, the aim", ratio, 1.0, "below 1.0"))
        rows.append(_judged(f"{group}: (c) / (d), wall time", quick, 1.0, "below 1.0"))
        peak = [max(runs.values("main", group, "core", "peak_mb"), default=0)]
        rows.append(_judged(f"{group}: peak memory of (a), the worst run, MB", peak, 450, "below 450", form=".0f"))
        rows.append(_judged(f"{group}: memory at three times the height", _growth(runs, group), 1.05, "at most 1.05"))
    ours, theirs = _differences(files, "core", "opaque", "algorithm"), _differences(files, "rastercalc")
    rows.append(_judged("largest difference of (a), (a2), (c) from (b), every pixel", ours, 0, "at most 0", form=".1e"))
    rows.append(_judged("largest difference of (d) from (b), every pixel", theirs, 1e-6, "at most 1e-6", form=".1e"))
    rows = [row for row in rows if row]
    return _table(("demand", "measured: median (least to most)", "wanted", "met"), rows) if rows else ""


def _judged(what: str, values: Sequence[float], limit: float, wanted: str, form: str = ".2f") -> Sequence[str]:
    if not values:
        return ()
    middle = median(values)
    met = middle < limit if wanted.startswith("below") else middle <= limit
    return what, _spread(values, form), wanted, "yes" if met else "**no**"


def _differences(files: dict, *cases: str) -> list[float]:
    """The largest difference from the plain loop's output, over all files that these cases wrote."""
    found = [facts["difference"] for name, facts in files.items() if name.split()[1] in cases]
    return [max(found)] if found else []


def _growth(runs: Runs, compress: str) -> list[float]:
    """Peak memory on the higher tile over that on the tile, round by round."""
    heights = runs.memory_heights()
    if not heights:
        return []
    low, high = (runs.values("memory", str(height), "core", "peak_mb", compress) for height in heights)
    return [tall / one for one, tall in zip(low, high)]


def _comparison(runs: Runs, files: dict, group: str) -> str:
    rows = []
    for case in MAIN:
        seconds = runs.values("main", group, case.key)
        if not seconds or case.inner:
            continue
        memory, cpu = (runs.values("main", group, case.key, field) for field in ("peak_mb", "cpu"))
        ratios = runs.ratios(group, case.key, "rastercalc" if group == "NONE" else "plain")
        written = _file(files.get(f"{group} {case.key}"))
        rows.append(
            (case.label, _spread(seconds), f"{median(cpu):.1f}", _spread(memory, ".0f"), _spread(ratios), written)
        )
    if not rows:
        return ""
    other = "(d)" if group == "NONE" else "(b)"
    head = ("run", "wall time, s", "processor, s", "peak memory, MB", f"wall time / {other}", "file written")
    return f"### Output {TITLES[group]}\n\n" + _table(head, rows)


def _file(facts: dict | None) -> str:
    if facts is None:
        return ""
    shape = "x".join(map(str, reversed(facts["block"])))
    predictor = "" if facts["predictor"] == "1" else f" predictor {facts['predictor']}"
    return f"{facts['compress']}{predictor}, blocks {shape}, {facts['dtype']}, {facts['mb']:.0f} MB"


def _limit(runs: Runs, cores: int) -> str:
    """The core against decoding and encoding alone."""
    rows = []
    for group in COMPRESSIONS:
        parts = [runs.values("main", group, case, field) for case in ("read", "write") for field in ("seconds", "cpu")]
        core = runs.values("main", group, "core")
        if not core or not all(parts):
            continue
        read, read_cpu, write, write_cpu = map(median, parts)
        one_after_other = read + write
        at_once = max(read, write, (read_cpu + write_cpu) / cores)
        rows.append(
            (TITLES[group], f"{read:.2f}", f"{write:.2f}", f"{one_after_other:.2f}", f"{at_once:.2f}")
            + (f"{median(core) / one_after_other:.2f}", f"{median(core) / at_once:.2f}")
        )
    if not rows:
        return ""
    head = ("output", "only read, s", "only write, s", "one after the other, s", "at once, s")
    head += ("(a) / one after the other", "(a) / at once")
    return "### The limit\n\n" + _table(head, rows)


def _memory(runs: Runs) -> str:
    rows = []
    for compress in COMPRESSIONS:
        for height in runs.memory_heights():
            key = ("memory", str(height), "core")
            if runs.values(*key, "seconds", compress):
                peak, seconds = (runs.values(*key, field, compress) for field in ("peak_mb", "seconds"))
                rows.append((f"{TITLES[compress]}, {height} rows", _spread(peak, ".0f"), _spread(seconds)))
    head = ("(a) the core, output", "peak memory, MB", "wall time, s")
    return "### Memory and height\n\n" + _table(head, rows) if rows else ""


def _variants(runs: Runs) -> str:
    rows = []
    for group in ("no nodata", "10 % nodata"):
        for case in VARIANTS:
            seconds, peak, cpu = (
                runs.values("variants", group, case.key, field) for field in ("seconds", "peak_mb", "cpu")
            )
            if seconds:
                rows.append((f"{case.label}, {group}", _spread(seconds), f"{median(cpu):.1f}", _spread(peak, ".0f")))
    head = ("every chip, ZSTD", "wall time, s", "processor, s", "peak memory, MB")
    return "### An operator that looks at the whole chip\n\n" + _table(head, rows) if rows else ""
