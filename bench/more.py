"""The rest of ``make bench``: memory of a vote of 12 classes and of a mean on the tile, live pictures, the ONNX path.

Usage: ``python -m patchwise.bench.more [--skip-onnx]``. Prints; the figures in ``docs/performance.md`` are from a run.
"""

import subprocess
import sys

from .__main__ import ENV, ROWS
from .cases import FOLDER, ROOT, Tile, python
from .measure import measure

LIMIT_MB = 600


def aggregations() -> None:
    """Peak memory of the whole process, against the limit."""
    tile, target = Tile(ROWS), FOLDER / "out-aggregation.tif"
    tile.make(ENV)
    print("| aggregation | wall time, s | peak memory, MB | wanted | met |\n| --- | ---: | ---: | ---: | ---: |")
    for name in ("hardvote", "mean"):
        found = measure(python("aggregations_run", tile.path, target, name), [target], ENV, ROOT)
        met = "yes" if found.peak_mb < LIMIT_MB else "**no**"
        print(f"| {name} | {found.seconds:.1f} | {found.peak_mb:.0f} | below {LIMIT_MB} | {met} |", flush=True)
    target.unlink(missing_ok=True)


if __name__ == "__main__":
    aggregations()
    subprocess.run(python("redraw"), env=ENV, cwd=ROOT, check=True)
    if "--skip-onnx" not in sys.argv:
        subprocess.run(python("onnx_run"), env=ENV, cwd=ROOT, check=True)
