"""No space left on the device: an error that says so, nothing left behind, whenever GDAL gets to know of it.

A limit on the size of files (RLIMIT_FSIZE with SIGXFSZ ignored) makes every write behind it fail as on a full disk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

from ...conftest import ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of Linux")

#: Writes a file in a process of its own for each line of arguments; what GDAL and numpy take to load is taken once.
SCRIPT = textwrap.dedent("""
    import importlib.util, json, logging, os, resource, signal, sys
    root = sys.argv[1]
    spec = importlib.util.spec_from_file_location(
        "patchwise", root + "/__init__.py", submodule_search_locations=[root])
    sys.modules["patchwise"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    import numpy as np, rasterio
    from affine import Affine
    from patchwise.core import GeoTiffSink, RasterWriteError, ValueType
    from patchwise.core.grid.domain import RasterDomain

    def write(target, limit, silent, options):
        signal.alarm(60)
        if silent:
            logging.disable(logging.CRITICAL)
        if limit:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        values = np.random.default_rng(0).random((1, 700, 600), np.float32)
        domain = RasterDomain((700, 600), Affine(10, 0, 0, 0, -10, 0), None)
        try:
            with GeoTiffSink(target, domain, ValueType(), options=dict(o.split("=") for o in options)) as sink:
                sink.start(1, np.dtype("f4"))
                for row in range(0, 700, 50):
                    sink.write(row, 0, values[:, row : row + 50])
        except RasterWriteError as error:
            return f"refused: {error}"
        return f"written: {os.path.getsize(target)}"

    for line in sys.stdin:
        child = os.fork()
        if not child:
            print(json.dumps(write(*json.loads(line))), flush=True)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            print(json.dumps("the process ended badly"), flush=True)
""")


@pytest.fixture(scope="module")
def write():
    """``write(target, limit, *options, silent=False)``: what is said after it."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(ROOT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def write(target, limit: int, *options: str, silent: bool = False) -> str:
            process.stdin.write(json.dumps([str(target), limit, silent, options]) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield write
        process.stdin.close()


@pytest.fixture(scope="module")
def whole_size(tmp_path_factory, write):
    """Bytes that the file takes, by its options."""
    folder = tmp_path_factory.mktemp("whole")
    return {
        options: int(write(folder / f"{len(options)}.tif", 0, *options).split()[1])
        for options in ((), ("COMPRESS=NONE",))
    }


CASES = [
    (options, share, silent)
    for options in ((), ("COMPRESS=NONE",))
    for share, silent in ((0.001, False), (0.5, False), (0.98, False), (0.9999, False), (0.5, True), (0.9999, True))
]


@pytest.mark.parametrize(("options", "share", "silent"), CASES)
def test_a_disk_that_is_full_is_an_error_and_leaves_nothing(tmp_path, write, whole_size, options, share, silent):
    target = tmp_path / "out.tif"
    target.write_bytes(b"what was there")
    said = write(target, int(whole_size[options] * share), *options, silent=silent)
    assert said.startswith(f"refused: output {target}: cannot be written: "), said
    if not silent:
        # The system's own words up to GDAL 3.6; later ones only say what they could not do.
        assert any(
            words in said for words in ("File too large", "rite error", "rite failed", "eek error", "not written")
        ), said
    assert os.listdir(tmp_path) == ["out.tif"] and target.read_bytes() == b"what was there"


def test_with_just_enough_room_it_is_written(tmp_path, write, whole_size):
    size = whole_size[()]
    assert write(tmp_path / "out.tif", size + 4096) == f"written: {size}"


@pytest.fixture
def small_device(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_no_space_left_on_the_device(small_device, write):
    said = write(small_device / "out.tif", 0)
    assert said.startswith("refused: ") and any(w in said for w in ("No space left on device", "are left on")), said
    assert "MB are left on the device" in said
    assert not os.listdir(small_device)


TWO = textwrap.dedent("""
    from patchwise.core.rasters.commit import CommitGroup

    target, limit = sys.argv[2], int(sys.argv[3])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    values = np.random.default_rng(0).random((1, 700, 600), np.float32)
    domain = RasterDomain((700, 600), Affine(10, 0, 0, 0, -10, 0), None)
    try:
        with CommitGroup() as group:
            for name, bands in (("small", 1), ("large", 4)):
                path = os.path.join(os.path.dirname(target), name + ".tif")
                with GeoTiffSink(path, domain, ValueType(), group=group) as sink:
                    sink.start(bands, np.dtype("f4"))
                    for row in range(0, 700, 50):
                        sink.write(row, 0, np.repeat(values[:, row : row + 50], bands, axis=0))
    except RasterWriteError as error:
        print("refused:", error)
    else:
        print("written: both")
""")


@pytest.mark.parametrize("room", [True, False])
def test_the_second_of_two_outputs_does_not_fit(tmp_path, whole_size, room):
    """All outputs of a run appear, or none does."""
    setting_up = SCRIPT[: SCRIPT.index("def write(")]
    limit = int(whole_size[()] * (8 if room else 1.5))
    for name in ("small.tif", "large.tif"):
        (tmp_path / name).write_bytes(b"what was there")
    done = subprocess.run(
        [sys.executable, "-c", setting_up + TWO, str(ROOT), str(tmp_path / "out.tif"), str(limit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert sorted(os.listdir(tmp_path)) == ["large.tif", "small.tif"]
    kept = [(tmp_path / name).read_bytes() == b"what was there" for name in ("small.tif", "large.tif")]
    if room:
        assert done.stdout == "written: both\n" and kept == [False, False]
    else:
        assert done.stdout.startswith(f"refused: output {tmp_path / 'large.tif'}: cannot be written"), done.stdout
        assert kept == [True, True]
