"""Gives cases to workers, limits their time and memory, and keeps the inputs of faults."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECONDS, MEMORY = 5.0, 1e9
_START = 120.0  # seconds for a worker to start, on a busy machine


@dataclass
class Report:
    """The counts and faults of one kind of cases."""

    kind: str
    outcomes: Counter = field(default_factory=Counter)
    slowest: float = 0.0
    largest: float = 0.0
    faults: list[tuple[int, str]] = field(default_factory=list)

    def line(self) -> str:
        """One row of a table."""
        taken, refused = self.outcomes["taken"], self.outcomes["refused"]
        worst = f"{self.slowest:.2f} s | {self.largest / 1e6:.0f} MB"
        return f"| {self.kind} | {sum(self.outcomes.values())} | {taken} | {refused} | {worst} | {len(self.faults)} |"


class _Worker:
    def __init__(self, kind: str, seed: int, first: int, last: int, folder: str) -> None:
        command = [sys.executable, "-m", "patchwise.tests.fuzz.worker", folder, kind, *map(str, (seed, first, last))]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._rest = b""

    def line(self, seconds: float) -> str | None:
        """The next line of output; None where the process has ended, "" after so many seconds without one."""
        pipe = self._process.stdout
        while b"\n" not in self._rest:
            if not select.select([pipe], [], [], seconds)[0]:
                return ""
            more = os.read(pipe.fileno(), 1 << 16)
            if not more:
                return None
            self._rest += more
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode()

    def end(self) -> int:
        """End the process; its exit code, negative for a signal."""
        self._process.kill() if self._process.poll() is None else None
        code = self._process.wait()
        self._process.stdout.close()
        return code


def fuzz(kind: str, cases: int, seed: int, keep: Path | None = None) -> Report:
    """``cases`` of a kind; inputs of those that went wrong are kept in ``keep``."""
    report, index = Report(kind), 0
    with tempfile.TemporaryDirectory() as folder:
        while index < cases:
            index = _some(report, cases, seed, index, folder)
        if keep is not None and report.faults:
            _keep(report, seed, keep, Path(folder))
    return report


def _some(report: Report, cases: int, seed: int, first: int, folder: str) -> int:
    """Cases until a worker ends; the number of the next one."""
    worker, index, baseline = _Worker(report.kind, seed, first, cases, folder), first, 0.0
    try:
        if worker.line(_START) != "ready":
            raise RuntimeError(f"the worker for {report.kind} does not start: {worker.end()}")
        while index < cases:
            line = worker.line(_START)
            line = worker.line(SECONDS) if line and line.isdigit() else line
            if line is None:
                report.faults.append((index, f"the process ended with {worker.end()}"))
                report.outcomes["fault"] += 1
                return index + 1
            if line == "":
                report.faults.append((index, f"no answer in {SECONDS} s"))
                report.outcomes["fault"] += 1
                return index + 1
            _, outcome, said, seconds, memory = json.loads(line)
            report.outcomes[outcome] += 1
            report.slowest, report.largest = max(report.slowest, seconds), max(report.largest, memory)
            if outcome == "fault":
                report.faults.append((index, said))
            index += 1
            if memory > MEMORY > baseline:
                report.faults.append((index - 1, f"{memory / 1e6:.0f} MB of memory"))
                return index  # the peak of a process does not fall again
    finally:
        worker.end()
    return index


def _keep(report: Report, seed: int, keep: Path, folder: Path) -> None:
    from .kinds import Seeds, kinds

    kind = kinds(Seeds(folder / "again"))[report.kind]
    keep.mkdir(parents=True, exist_ok=True)
    for index, said in report.faults[:50]:
        name = f"{report.kind}-{seed}-{index}-{kind.name}"
        (keep / name).write_bytes(kind.draw(Random(f"{report.kind}-{seed}-{index}")))
        (keep / f"{name}.txt").write_text(said, encoding="utf-8")
