"""``make bench``: time and memory against the physical limit and against what a user would run instead.

Runs are interleaved (A B C, C B A, ...), each in a fresh process; ratios are taken within a round. A complete run
writes its tables into ``docs/performance.md``; any other prints them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from pathlib import Path

from . import report
from .cases import (
    COMPRESSIONS,
    FOLDER,
    MAIN,
    RASTERCALC,
    ROOT,
    Job,
    beside,
    main_jobs,
    memory_jobs,
    python,
    variant_jobs,
)
from .measure import floor_mb, measure, wait_for_calm

ROWS = 10980
CACHE_MB = 128
ENV = {**os.environ, "GDAL_CACHEMAX": str(CACHE_MB), "PYTHONPATH": str(ROOT / "build" / "plugins")}
SECTIONS = ("extra", "memory", "variants")


def main() -> None:
    """Measure, or take the last measurements, and report."""
    arguments = _arguments()
    results = FOLDER / "results.json"
    if not arguments.report:
        FOLDER.mkdir(parents=True, exist_ok=True)
        results.write_text(json.dumps(bench(arguments), indent=1))
    found = json.loads(results.read_text())
    text = report.markdown(found)
    print(text)
    if found["complete"]:
        report.insert(ROOT / "docs" / "performance.md", text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="patchwise.bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="height of the tile")
    parser.add_argument("--repeat", type=int, default=5, help="rounds")
    names = [case.key for case in MAIN] + list(SECTIONS)
    parser.add_argument("--only", nargs="+", choices=names, default=[], help="measure only these")
    calm = "wait until anything else takes less than this share of the cores, and repeat runs that were disturbed"
    parser.add_argument("--calm", type=float, default=1.0, help=calm)
    parser.add_argument("--report", action="store_true", help="measure nothing, report the last run again")
    return parser.parse_args()


def bench(wanted: argparse.Namespace) -> dict:
    """The measurements that the options ask for, as data for JSON."""
    rows, only, few = wanted.rows, wanted.only, min(wanted.repeat, 3)
    jobs = [job for job in main_jobs(rows) if not only or _name(job) in only]
    try:
        warm_up(jobs)
        runs = rounds(jobs, wanted.repeat, wanted.calm)
        answer = inspect(jobs)
        runs += rounds(memory_jobs(rows), few, wanted.calm) if not only or "memory" in only else []
        runs += rounds(variant_jobs(rows), few, wanted.calm) if not only or "variants" in only else []
    finally:
        for leftover in FOLDER.glob("out-*.tif*"):
            leftover.unlink()
    complete = not only and rows == ROWS
    return {"complete": complete, "rows": rows, "repeat": wanted.repeat, **machine(), "runs": runs, **answer}


def _name(job: Job) -> str:
    return job.case.key if job.compress in COMPRESSIONS else "extra"


def warm_up(jobs: list[Job]) -> None:
    """Let QGIS open the input once: it then writes statistics beside the raster, which is not measured."""
    job = next((job for job in jobs if job.case is RASTERCALC), None)
    if job is not None:
        job.tile.make(ENV)
        run(job)


def rounds(jobs: list[Job], repeat: int, calm: float) -> list[dict]:
    """All runs: each job once a round, every second round backwards, so that no job always follows the same one."""
    for tile in dict.fromkeys(job.tile for job in jobs):
        tile.make(ENV)
    runs = []
    for number in range(repeat):
        for job in jobs if number % 2 == 0 else reversed(jobs):
            runs.append({"round": number, **undisturbed(job, calm)})
    return runs


def undisturbed(job: Job, calm: float) -> dict:
    """A run during which other programs took less than ``calm`` of the cores; after ten tries the last one."""
    for _ in range(10):
        if calm < 1:
            wait_for_calm(calm)
        found = run(job)
        if found["others"] <= calm:
            break
    return found


def run(job: Job) -> dict:
    """One measured run."""
    leftovers = [job.target, beside(job.target), Path(f"{job.target}.aux.xml"), Path(f"{beside(job.target)}.aux.xml")]
    found = measure(job.command, leftovers, ENV, ROOT)
    seconds, cpu = map(float, found.said.split()) if job.case.inner else (found.seconds, found.cpu)
    name = {"section": job.section, "group": job.group, "compress": job.compress, "case": job.case.key}
    words = f"{seconds:.2f} s, {found.peak_mb:.0f} MB, others {found.others:.0%}"
    print(" ".join(dict.fromkeys(name.values())) + ": " + words, flush=True)
    return {**name, "seconds": seconds, "cpu": cpu, "peak_mb": found.peak_mb, "others": found.others}


def inspect(jobs: list[Job]) -> dict:
    """How the outputs are written and how far they differ from the plain loop's, by group and case; versions."""
    files = {str(job.target): f"{job.group} {job.case.key}" for job in jobs if job.target.exists()}
    reference = next((path for path, name in files.items() if name.endswith(" plain")), None)
    command = python("inspect_files", *([reference] if reference else []), *files)
    said = subprocess.run(command, env=ENV, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    answer = json.loads(said)
    return {"files": {files[path]: facts for path, facts in answer["files"].items()}, "versions": answer["versions"]}


def machine() -> dict:
    """The machine and the versions of the programs."""
    said = subprocess.run(["tools/qgis_process", "--version"], env=ENV, cwd=ROOT, stdout=subprocess.PIPE)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        "cache_mb": CACHE_MB,
        "floor_mb": floor_mb(ROOT),
        "qgis": (said.stdout.decode().split() or ["", "unknown"])[1],
    }


if __name__ == "__main__":
    main()
