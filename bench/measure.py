"""Wall time, processor time and peak memory of a command as a whole process.

Linux never reports a child's peak memory below what its parent held when starting it: this process must stay small, so
nothing here imports numpy, and :func:`floor_mb` tells what the smallest possible reading is.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """One run: ``peak_mb`` (10^6 bytes) is that of the largest process among the command and its children."""

    seconds: float
    cpu: float
    peak_mb: float
    said: str


def measure(command: Sequence[str], target: Path | None, env: Mapping[str, str], cwd: Path) -> Measured:
    """Run to the end; RuntimeError with what it said if it fails.

    The target of an earlier run is removed and the disk is brought up to date before the clock starts: both would
    otherwise be paid by whoever comes next.
    """
    if target is not None:
        for path in (target, target.with_name(target.name + ".aux.xml")):
            path.unlink(missing_ok=True)
    os.sync()
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=cwd)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        said = log.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed with exit code {process.returncode}:\n{said[-3000:]}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, said)


def floor_mb(cwd: Path) -> float:
    """The peak memory reported for a command that does nothing."""
    return measure(["/bin/true"], None, os.environ, cwd).peak_mb
