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
    """One run: ``peak_mb`` (10^6 bytes) is that of the largest process among the command and its children.

    ``cpu`` is their processor time, ``others`` the share of all cores that went to anything else meanwhile.
    """

    seconds: float
    cpu: float
    peak_mb: float
    others: float
    said: str


def measure(command: Sequence[str], leftovers: Sequence[Path], env: Mapping[str, str], cwd: Path) -> Measured:
    """Run to the end; RuntimeError with what it said if it fails.

    Files left by an earlier run are removed and the disk is brought up to date before the clock starts: both would
    otherwise slow down a later run.
    """
    for path in leftovers:
        path.unlink(missing_ok=True)
    os.sync()
    busy, available = _processor_time()
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=cwd)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        busy, available = (now - before for now, before in zip(_processor_time(), (busy, available)))
        log.seek(0)
        said = log.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed with exit code {process.returncode}:\n{said[-3000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(seconds, cpu, usage.ru_maxrss * 1024 / 1e6, max(0.0, busy - cpu) / max(available, 1e-9), said)


def _processor_time() -> tuple[float, float]:
    """Seconds that all cores were busy, or taken away by a hypervisor, since the start; and all that there were."""
    user, nice, system, idle, waiting, *rest = map(int, Path("/proc/stat").read_text().split()[1:9])
    busy = user + nice + system + sum(rest)
    ticks = os.sysconf("SC_CLK_TCK")
    return busy / ticks, (busy + idle + waiting) / ticks


def wait_for_calm(share: float, patience: float = 900.0) -> None:
    """Return when less than ``share`` of all cores was in use over two seconds, or after ``patience`` seconds."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        before = _processor_time()
        time.sleep(2)
        busy, available = (b - a for a, b in zip(before, _processor_time()))
        if busy <= share * available:
            return


def floor_mb(cwd: Path) -> float:
    """The peak memory reported for a command that does nothing."""
    return measure(["/bin/true"], [], os.environ, cwd).peak_mb
