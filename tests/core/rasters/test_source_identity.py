"""A source that changes while it is read is an error at the end, and nothing is left of what was made of it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from patchwise.core import (
    Fanout,
    Lambda,
    Onnx,
    RasterFile,
    Sequential,
    SourceChangedError,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    StackedRaster,
)
from patchwise.core.chip_folder.folder import ChipRaster
from patchwise.core.chip_folder.manifest import load_manifest
from patchwise.core.chip_folder.split import Split, split_to_folder
from patchwise.core.chip_folder.stitch import StoredChips
from patchwise.core.rasters import source_identity as module
from patchwise.core.rasters.source_identity import FileIdentity, SourceIdentity, SourceWatch

from ..made_rasters import run_to_file, write_raster, write_vrt

SHAPE = (90, 80)
PATCHER = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride(32))


def scene(path: Path, value: int = 7) -> str:
    return write_raster(path, np.full((1, *SHAPE), value, "uint16"))


def rewritten(path):
    """Other pixels of the same size, in place."""
    content = bytearray(Path(path).read_bytes())
    content[-1] ^= 1
    with open(path, "r+b") as file:
        file.write(content)


def touched(path):
    found = os.stat(path)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000))


def grown(path):
    with open(path, "ab") as file:
        file.write(b"\0")


def replaced(path):
    """Another file takes its name: whoever has the old one open goes on reading that."""
    shutil.copy(path, f"{path}.new")
    touched(f"{path}.new")
    os.replace(f"{path}.new", path)


def gone(path):
    os.unlink(path)


def with_its_time(path):
    """Other content, and a program that puts the time back."""
    before = os.stat(path)
    rewritten(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = [rewritten, touched, grown, replaced, gone, with_its_time]


def changing(change, path, at=4):
    """An operator that changes a file at its n-th chip."""
    calls = []

    def operator(chip):
        calls.append(1)
        if len(calls) == at:
            change(path)
        return chip

    return Lambda(operator)


@pytest.mark.parametrize("change", CHANGES)
def test_an_input_that_changes(tmp_path, change):
    path = scene(tmp_path / "scene.tif")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "out.tif").write_bytes(b"what was there")
    with RasterFile(path) as raster:
        with pytest.raises(SourceChangedError, match=r"scene.tif was changed during the run \(") as caught:
            run_to_file(tmp_path / "out" / "out.tif", raster, PATCHER, changing(change, path))
    assert caught.value.path == path
    assert os.listdir(tmp_path / "out") == ["out.tif"]
    assert (tmp_path / "out" / "out.tif").read_bytes() == b"what was there"


def test_an_input_that_does_not(tmp_path):
    path = scene(tmp_path / "scene.tif")
    statistics = Path(f"{path}.aux.xml")
    with RasterFile(path) as raster:  # QGIS computes statistics of a layer while a run reads it
        run_to_file(tmp_path / "out.tif", raster, PATCHER, changing(lambda _: statistics.write_text("<x/>"), path))
    assert (tmp_path / "out.tif").exists()


@pytest.mark.parametrize("change", CHANGES)
def test_a_source_of_the_source_and_a_further_input(tmp_path, change):
    far, other = scene(tmp_path / "far.tif"), scene(tmp_path / "other.tif")
    inner = write_vrt(tmp_path / "inner.vrt", far, SHAPE, [""], ["UInt16"])
    first = RasterFile(write_vrt(tmp_path / "mosaic.vrt", inner, SHAPE, [""], ["UInt16"]))
    stack = StackedRaster(first, [other])
    for path in (far, other):
        kept = Path(path).read_bytes()
        watch = SourceWatch([stack])
        watch.check()
        change(path)
        with pytest.raises(SourceChangedError, match=os.path.basename(path)):
            watch.check()
        Path(path).write_bytes(kept)


def test_changed_between_opening_and_the_run(tmp_path):
    """What was read of it when it was opened, such as its size and nodata, is no longer true."""
    raster = RasterFile(scene(tmp_path / "scene.tif"))
    touched(raster.path)
    watch = SourceWatch([raster])
    with pytest.raises(SourceChangedError, match="it was written to, or another one has its name"):
        watch.check()


def test_chips_count_from_when_each_is_read(tmp_path):
    raster = RasterFile(scene(tmp_path / "scene.tif"))
    (tmp_path / "chips").mkdir()
    split_to_folder(Split(raster, PATCHER, raster.domain.window), str(tmp_path / "chips"))
    chips = ChipRaster(str(tmp_path / "chips"), load_manifest(str(tmp_path / "chips")))
    first, second = (os.path.join(chips.folder, chip.path) for chip in chips.manifest.chips[:2])
    watch = SourceWatch([chips])
    chips.read_chip(chips.manifest.chips[0])
    touched(second)  # has not been read yet
    watch.check()
    chips.read_chip(chips.manifest.chips[1])
    watch.check()
    touched(first)
    with pytest.raises(SourceChangedError, match=os.path.basename(first)):
        watch.check()
    chips.read_chip(chips.manifest.chips[0])  # as read first: pixels of both are in the result
    with pytest.raises(SourceChangedError, match=os.path.basename(first)):
        watch.check()
    assert StoredChips(chips).files == ()


def test_a_model_of_an_operator_or_of_a_part_of_one(tmp_path):
    pytest.importorskip("onnxruntime")
    from ..onnx_models import identity

    path = identity(tmp_path / "model.onnx")
    model = Onnx(str(path), 3, (32, 32))
    assert model.files == (str(path),)
    assert Sequential([Lambda(lambda chip: chip), model]).files == Fanout({"a": model}).files == (str(path),)
    watch = SourceWatch([], model.files)
    grown(str(path))
    with pytest.raises(SourceChangedError, match="model.onnx"):
        watch.check()


def test_an_identity_is_plain_json_and_comes_back(tmp_path):
    path = scene(tmp_path / "scene.tif")
    identity = SourceIdentity.of([path, str(tmp_path), f"{path}.aux.xml", str(tmp_path / "not there.tif")])
    assert [file.path for file in identity.files] == [path]
    kept = json.loads(json.dumps(identity.to_json()))
    assert SourceIdentity.from_json(kept) == identity
    SourceIdentity.from_json(kept).check()
    for broken in ({}, {"files": [[1]], "complete": True}, {"files": 3, "complete": True}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            SourceIdentity.from_json(broken)


def test_a_geopackage_notes_its_own_affairs(tmp_path):
    """QGIS writes to one when it opens it; the pixels are the same where the content is."""
    path = tmp_path / "scene.gpkg"
    path.write_bytes(b"x" * 5000)
    identity = SourceIdentity.of([str(path)])
    touched(path)
    identity.check()
    rewritten(path)
    with pytest.raises(SourceChangedError, match="its content is another"):
        identity.check()


@pytest.mark.parametrize("size", [0, 1, 1000, 1024, 5000, 1 << 20])
def test_no_more_than_a_few_places_are_read(tmp_path, size, monkeypatch):
    path = tmp_path / "a.bin"
    path.write_bytes(os.urandom(size))
    read, real = [], open

    def watched(*arguments, **named):
        file = real(*arguments, **named)

        class Watched:
            seek = file.seek

            def __enter__(self):
                return self

            def __exit__(self, *error):
                file.close()

            def read(self, n):
                found = file.read(n)
                read.append(len(found))
                return found

        return Watched()

    monkeypatch.setattr(module, "open", watched, raising=False)
    assert FileIdentity.of(str(path)).size == size
    assert sum(read) <= 8 * 1024 and len(read) <= 8


def test_of_very_many_files_not_all_are_looked_at(tmp_path, monkeypatch):
    for k in range(30):
        (tmp_path / f"{k}.tif").write_text("x")
    paths = [str(tmp_path / f"{k}.tif") for k in range(30)]
    monkeypatch.setattr(module, "MOST_SAMPLED", 10)
    assert sum(bool(file.digest) for file in SourceIdentity.of(paths).files) == 10
    assert SourceIdentity.of(paths).complete
    monkeypatch.setattr(module, "MOST_FILES", 20)
    assert len(SourceIdentity.of(paths).files) == 20 and not SourceIdentity.of(paths).complete
