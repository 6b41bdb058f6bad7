"""Runs cases in a process of its own, with a line of output before and after each."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
import warnings
from pathlib import Path
from random import Random

_MOST_ADDRESSES = 8 << 30  # bytes that a worker may take


def peak():
    """Peak memory of this process in bytes; the system's own count begins with the parent's."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(folder: str, kind: str, seed: int, first: int, last: int) -> None:
    """Cases ``first`` to ``last`` of a kind; a line of JSON each."""
    from .kinds import Seeds, kinds

    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # drops what libraries print
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESSES, _MOST_ADDRESSES))
    work = Path(folder)
    found = kinds(Seeds(work / "seeds"))[kind]
    out.write("ready\n")
    out.flush()
    for index in range(first, last):
        content = found.draw(Random(f"{kind}-{seed}-{index}"))
        path = work / found.name
        path.write_bytes(content)
        out.write(f"{index}\n")
        out.flush()
        started = time.perf_counter()
        outcome, said = entered(found.enter, path)
        seconds, memory = time.perf_counter() - started, peak()
        out.write(json.dumps([index, outcome, said, seconds, memory]) + "\n")
        out.flush()


def entered(enter, path):
    """``taken``, ``refused`` or ``fault``, and what was said."""
    from ...core.base.errors import PatchwiseError

    try:
        enter(path)
    except PatchwiseError as error:
        text = str(error)
        return ("refused", text[:200]) if text and "Traceback" not in text else ("fault", f"says {text[:200]!r}")
    except MemoryError:
        return "refused", "there is not enough memory"  # the algorithms say so
    except Exception:
        return "fault", traceback.format_exc()[-1500:]
    return "taken", ""


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
