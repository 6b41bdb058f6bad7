"""``make fuzz ARGS="--cases 10000 --seed 7 --only geotiff"``: cases of all kinds, and a table of the results."""

import argparse
import sys
import time
from pathlib import Path

from .run import fuzz

KINDS = ("geotiff", "onnx", "manifest", "record", "config", "yaml", "expression", "rules", "tag", "state")


def main():
    """Exit code 1 where anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    keep, bad = Path("build/fuzz"), 0
    print("| kind | cases | taken | refused | slowest | most memory | faults |\n|" + " --- |" * 7)
    for kind in given.only:
        started = time.perf_counter()
        report = fuzz(kind, given.cases, given.seed, keep)
        print(report.line(), f"{time.perf_counter() - started:.0f} s", flush=True)
        for index, said in report.faults[:10]:
            print(f"    {kind} {given.seed} {index}: {said}", flush=True)
        bad += len(report.faults)
    print(f"inputs of faults are in {keep}" if bad else "no fault")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
