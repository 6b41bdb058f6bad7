"""The specification by example, run as it stands: every code cell, and every line that it printed.

The notebook was flattened to text: code, prose and output follow each other without marks. A line that is the next
thing the code printed is output; what parses as Python is code; the rest is prose.
"""

import ast
import os
import sys
import types

import numpy as np
import patchwise.core as core
import pytest
from affine import Affine
from patchwise.core import GeoTensor

from ..conftest import SHARED

SEED = SHARED.parent / "seed" / "patching-intro.txt"
RENAMED = ("geopatcher", "geostack", "geotoolz", "geotoolz.patch_ops")


def lake_tahoe(bbox):
    """A stand-in for the loader: the shape, type and CRS of the real chip; red and near infrared that make sense."""
    rng = np.random.default_rng(0)
    array = rng.integers(200, 4000, (4, 3935, 1599), dtype=np.uint16)
    return GeoTensor(array, Affine(10, 0, 750180, 0, -10, 4351240), "EPSG:32610")


def statement(lines, start):
    """End of the complete Python statement that begins at line ``start``; None where none does."""
    for end in range(start + 1, min(start + 60, len(lines)) + 1):
        try:
            ast.parse("\n".join(lines[start:end]))
        except SyntaxError:
            continue
        following = next((line for line in lines[end:] if line.strip()), "")
        if not following.startswith((" ", "\t")):
            return end
    return None


@pytest.fixture()
def namespace(monkeypatch, capsys):
    """The notebook's names: the seed's packages are ours, and a shown figure is drawn and named as Jupyter names it."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg", force=True)
    import matplotlib.pyplot as plt

    for name in RENAMED:
        module = types.ModuleType(name)
        module.__dict__.update({key: getattr(core, key) for key in core.__all__})
        module.__dict__.update(load_s2_chip=lake_tahoe, LAKE_TAHOE_BBOX=(-120.10, 38.92, -119.93, 39.27))
        monkeypatch.setitem(sys.modules, name, module)

    def show():
        figure = plt.gcf()
        figure.set_dpi(50)
        figure.canvas.draw()
        figure.set_dpi(100)
        print(repr(figure))
        plt.close(figure)

    monkeypatch.setattr(plt, "show", show)
    return {}


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists(SEED), reason=f"the specification is not here: {SEED}")
def test_every_cell_runs_and_prints_what_it_printed(namespace, capsys):
    lines = SEED.read_text(encoding="utf-8").splitlines()
    printed, matched, executed, at = [], 0, 0, 0
    while at < len(lines):
        if printed and lines[at].strip() and lines[at].strip() == printed[0].strip():
            printed.pop(0)
            matched += 1
            at += 1
            continue
        end = statement(lines, at) if lines[at].strip() else None
        if end is None:
            at += 1
            continue
        code = "\n" * at + "\n".join(lines[at:end])
        exec(compile(code, str(SEED), "exec"), namespace)  # the specification is part of the trusted checkout
        printed += [line for line in capsys.readouterr().out.splitlines() if line.strip()]
        executed += 1
        at = end
    assert printed == [], "printed, but not in the notebook at that place"
    assert executed > 60 and matched > 50, (executed, matched)
