"""The algorithm as a server runs it: ``tools/qgis_process`` in a process of its own."""

import json
import os
import re
import signal
import subprocess
import time

import numpy as np
import pytest

from ...conftest import ROOT
from ..conftest import read, write

TOOL = str(ROOT / "tools" / "qgis_process")


def qgis_process(*arguments, **options):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=180, **options)


def test_run_by_key_and_value(scene, tmp_path):
    out = str(tmp_path / "out.tif")
    done = qgis_process(
        "--json",
        "run",
        "patchwise:slidingwindow",
        "--",
        f"INPUT={scene}",
        "EXPRESSION=b4-b3",
        "CHIP_SIZE=64",
        "STRIDE=32",
        f"OUTPUT={out}",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["results"]["OUTPUT"] == out
    bands = read(scene)
    np.testing.assert_array_equal(read(out)[0], bands[3] - bands[2])


def test_run_by_json_on_standard_input(scene, tmp_path):
    out = str(tmp_path / "out.tif")
    inputs = {"INPUT": scene, "BANDS": [2], "CHIP_SIZE": 64, "STRIDE": 32, "WINDOW": "boxcar", "OUTPUT": out}
    done = qgis_process("run", "patchwise:slidingwindow", "-", input=json.dumps({"inputs": inputs}))
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(read(out)[0], read(scene)[1])


def test_an_error_is_one_clean_message_and_exit_code_1(scene, tmp_path):
    out = tmp_path / "out.tif"
    done = qgis_process("run", "patchwise:slidingwindow", "--", f"INPUT={scene}", "EXPRESSION=b7", f"OUTPUT={out}")
    assert done.returncode == 1
    assert "EXPRESSION is 'b7': there is no variable 'b7'" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert not out.exists()


def damaged(folder):
    """An algorithm with a damaged input, by what is damaged, and what is said of it."""
    tif, chips, tag = folder / "bad.tif", folder / "chips", folder / "deep.json"
    tif.write_bytes(b"II*\x00\x08\x00\x00\x00\xff\xff" + b"\xff" * 300)
    chips.mkdir()
    (chips / "manifest.json").write_text('{"kind": "patchwise chips", "format": 1, "window": "x", "chips": [[[]]]}')
    tag.write_text("[" * 100_000)
    return {
        "header": ("slidingwindow", f"INPUT={tif}", "INPUT"),
        "manifest": ("stitchchips", f"CHIPS={chips}", "CHIPS is .* that cannot be used"),
        "configuration": ("runconfig", f"CONFIG={tag}", "CONFIG: configuration is .*nested more than 64 deep"),
    }


@pytest.mark.parametrize("case", ["header", "manifest", "configuration"])
def test_a_damaged_input_does_not_end_the_process(tmp_path, case):
    name, given, said = damaged(tmp_path)[case]
    done = qgis_process("run", f"patchwise:{name}", "--", given, f"OUTPUT={tmp_path / 'out.tif'}")
    assert done.returncode == 1, done.stderr  # and not 134
    assert re.search(said, done.stderr + done.stdout) and "Traceback" not in done.stderr + done.stdout


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_interrupted_leaves_nothing_that_looks_finished(tmp_path):
    source = write(tmp_path / "large.tif", np.random.default_rng(0).random((1, 3000, 3000), dtype=np.float32))
    out = tmp_path / "out" / "out.tif"
    out.parent.mkdir()
    command = [TOOL, "run", "patchwise:slidingwindow", "--", f"INPUT={source}", "EXPRESSION=b1-median(b1)"]
    command += ["CHIP_SIZE=128", "STRIDE=16", f"OUTPUT={out}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(out.parent.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) != 0
    assert not out.exists()
