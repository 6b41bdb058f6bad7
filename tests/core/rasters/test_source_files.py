"""Which files a raster is made of, however deep: no output may replace one of them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import rasterio.vrt
from patchwise.core import GeoTiffSink, ParameterError, RasterFile, StackedRaster, ValueType
from patchwise.core.chip_folder.partial import check_folder
from patchwise.core.rasters import source_files as module
from patchwise.core.rasters.partial import check_target
from patchwise.core.rasters.source_files import Found, SourceFiles, files_named, files_of, source_files

from ..made_rasters import write_raster, write_vrt

SHAPE = (20, 30)


def scene(path: Path, bands: int = 1, **profile) -> str:
    return write_raster(path, np.full((bands, *SHAPE), 7, "uint8"), **profile)


def vrt_of(path: Path, source: str, relative: bool = False) -> str:
    made = write_vrt(path, str(source), SHAPE, [""], ["Byte"])
    if relative:
        path.write_text(path.read_text().replace('relativeToVRT="0"', 'relativeToVRT="1"'))
    return made


def refused(target, raster, says="must not be the same file as"):
    with pytest.raises(ParameterError, match=says) as caught:
        check_target(str(target), raster.source_files, "OUTPUT")
    assert caught.value.parameter == "OUTPUT"
    if os.path.exists(target) and str(target).endswith(".tif"):
        with pytest.raises(ParameterError, match=says):
            GeoTiffSink(str(target), raster.domain, ValueType(), sources=raster.source_files)


def test_a_source_of_a_source(tmp_path):
    inner = scene(tmp_path / "scene.tif")
    vrt = vrt_of(tmp_path / "mosaic.vrt", inner)
    refused(inner, RasterFile(vrt), "which .*mosaic.vrt is made of")
    check_target(str(tmp_path / "new.tif"), RasterFile(vrt).source_files)
    other = scene(tmp_path / "other.tif")
    check_target(other, RasterFile(vrt).source_files)


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("deep", [2, 5, 40])
def test_vrts_of_vrts(tmp_path, deep, relative):
    (tmp_path / "data").mkdir()
    inner = scene(tmp_path / "data" / "scene.tif")
    name = inner
    for k in range(deep):
        (tmp_path / f"d{k}").mkdir()
        path = tmp_path / f"d{k}" / "a.vrt"
        name = vrt_of(path, os.path.relpath(name, path.parent) if relative else name, relative)
    if deep < 40:  # GDAL itself goes no deeper
        refused(inner, RasterFile(name))
    assert source_files([name]).same_as(inner) and files_of(name).complete


def test_vrts_that_are_made_of_each_other_end(tmp_path):
    one, two = tmp_path / "one.vrt", tmp_path / "two.vrt"
    vrt_of(one, str(two))
    vrt_of(two, str(one))
    assert {path for path, _ in files_of(str(one)).files} == {str(one), str(two)}


def test_a_warped_vrt_and_one_without_its_ending(tmp_path):
    inner = scene(tmp_path / "scene.tif")
    with rasterio.open(inner) as source, rasterio.vrt.WarpedVRT(source, crs="EPSG:4326") as warped:
        rasterio.shutil.copy(warped, str(tmp_path / "warped.vrt"), driver="VRT")
    refused(inner, RasterFile(str(tmp_path / "warped.vrt")))
    shutil.copy(vrt_of(tmp_path / "plain.vrt", inner), tmp_path / "mosaic.dat")
    outer = vrt_of(tmp_path / "outer.vrt", str(tmp_path / "mosaic.dat"))
    refused(inner, RasterFile(outer))


def test_names_that_xml_has_to_escape(tmp_path):
    inner = scene(tmp_path / "a & b <c>.tif")
    name = vrt_of(tmp_path / "a.vrt", str(inner).replace("&", "&amp;").replace("<", "&lt;"))
    refused(inner, RasterFile(vrt_of(tmp_path / "b.vrt", name)))


def test_a_member_of_an_archive_and_a_vrt_in_one(tmp_path):
    inner = scene(tmp_path / "scene.tif")
    vrt_of(tmp_path / "a.vrt", inner)
    with zipfile.ZipFile(tmp_path / "archive.tif", "w") as archive:  # whatever it is called
        archive.write(inner, "a/scene.tif")
        archive.write(tmp_path / "a.vrt", "a.vrt")
    member = f"/vsizip/{{{tmp_path}/archive.tif}}/a/scene.tif"
    refused(tmp_path / "archive.tif", RasterFile(member))
    refused(inner, RasterFile(f"/vsizip/{{{tmp_path}/archive.tif}}/a.vrt"))
    outer = vrt_of(tmp_path / "outer.vrt", f"/vsizip/{{{tmp_path}/archive.tif}}/a.vrt")
    refused(inner, RasterFile(outer))


def test_subdatasets_overviews_masks_and_pairs(tmp_path):
    inner = scene(tmp_path / "a.tif")
    refused(inner, RasterFile(f"GTIFF_DIR:1:{inner}"))
    refused(inner, RasterFile(f"vrt://{inner}?bands=1"))
    refused(inner, RasterFile(f"/vsisubfile/0_{os.path.getsize(inner)},{inner}"))
    pair = RasterFile(scene(tmp_path / "b.bil", driver="ENVI"))
    assert {os.path.basename(path) for path in pair.source_files.paths} >= {"b.bil", "b.hdr"}
    shutil.copy(inner, tmp_path / "new.tif.ovr")
    refused(tmp_path / "new.tif", RasterFile(str(tmp_path / "new.tif.ovr")), "would replace .*new.tif.ovr")
    beside = vrt_of(tmp_path / "c.vrt", str(tmp_path / "new.tif.ovr"))
    refused(tmp_path / "new.tif", RasterFile(beside), "would replace .*new.tif.ovr")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("{file}", True),
        ("file://{file}", True),
        ("file://{escaped}", True),
        ("file://{escaped}?type=csv&xField=x", True),
        ('NETCDF:"{file}":x', True),
        ("NETCDF:{file}:x", True),
        ('HDF5:"{file}"://group/x', True),
        ("GPKG:{file}:layer", True),
        ("SENTINEL2_L1C:{file}:10m:EPSG_32633", True),
        ("SENTINEL2_L1C:/vsizip/{file}/a/MTD.xml:10m:EPSG_32633", True),
        ("/vsizip/{file}/a/b.tif", True),
        ("/vsizip/{{{file}}}/a/b.tif", True),
        ("/vsitar//vsigzip/{file}/a/b.tif", True),
        ("/vsizip//vsizip/{file}/inner.zip/b.tif", True),
        ("/vsicached?chunk_size=100&file={file}", True),
        ("zip://{file}!a/b.tif", True),
        ("vrt://{file}?bands=2,1", True),
        ("/vsicurl/http://example.org{file}", False),
        ("/vsizip/vsicurl/http://example.org/a.zip/b.tif", False),
        ("http://example.org{file}", False),
        ("PG:host=example.org dbname=x table=y", False),
        ("a\0b", False),
        ("", False),
        (":" * 5000, False),
    ],
)
def test_the_file_behind_a_name(tmp_path, name, found):
    file = tmp_path / "some file.dat"
    file.write_text("x")
    assert files_named(name.format(file=file, escaped=str(file).replace(" ", "%20"))) == ([str(file)] if found else [])


def test_links_and_other_spellings_are_the_same_file(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    inner = scene(tmp_path / "data" / "scene.tif")
    raster = RasterFile(vrt_of(tmp_path / "a.vrt", inner))
    os.symlink(inner, tmp_path / "link.tif")
    os.link(inner, tmp_path / "hard.tif")
    os.symlink(tmp_path / "data", tmp_path / "folder")
    monkeypatch.chdir(tmp_path)
    for name in ("link.tif", "hard.tif", "folder/scene.tif", "data/../data/scene.tif"):
        refused(name, raster)
    vrt_of(tmp_path / "by_link.vrt", str(tmp_path / "link.tif"))
    refused(inner, RasterFile(str(tmp_path / "by_link.vrt")))
    link = tmp_path / "output.tif"
    os.symlink(inner, link)
    refused(link, raster)


def known(found: Found) -> SourceFiles:
    return SourceFiles(("index",), (lambda: found,))


def index_of(path: Path, files: list[str], field: str = "location") -> str:
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE gpkg_contents (table_name TEXT)")
        base.execute("INSERT INTO gpkg_contents VALUES ('tiles')")
        base.execute(f"CREATE TABLE tiles (fid INTEGER, {field} TEXT)")
        base.executemany("INSERT INTO tiles VALUES (0, ?)", [(file,) for file in files])
        base.commit()
    return str(path)


def test_a_tile_index(tmp_path):
    inner, far = scene(tmp_path / "scene.tif"), scene(tmp_path / "far.tif")
    index = index_of(tmp_path / "a.gti.gpkg", ["scene.tif", vrt_of(tmp_path / "b.vrt", far)], "Location")
    found = known(files_of(index, [index], "GTI"))
    assert found.complete and found.same_as(inner) and found.same_as(far)
    named = tmp_path / "tiles.gpkg"
    index_of(named, [inner], "place")
    described = tmp_path / "c.gti"
    described.write_text(
        "<GDALTileIndexDataset><IndexDataset>tiles.gpkg</IndexDataset>"
        "<LocationField>place</LocationField></GDALTileIndexDataset>"
    )
    assert known(files_of(str(described), [], "GTI")).same_as(inner)
    unknown = tmp_path / "d.gti.fgb"
    unknown.write_bytes(b"fgb")
    found = known(files_of(str(unknown), [], "GTI"))
    assert not found.complete
    with pytest.raises(ParameterError, match="cannot all be known: choose a new name"):
        check_target(far, found)
    check_target(str(tmp_path / "new.tif"), found)


def test_a_raster_of_very_many_files_stays_cheap(tmp_path, monkeypatch):
    """Files are looked at only where there is something to be replaced, and no more of them than a limit."""
    source = '<SimpleSource><SourceFilename relativeToVRT="1">s/{}.tif</SourceFilename></SimpleSource>'
    for k in range(300):
        os.makedirs(tmp_path / "s", exist_ok=True)
        (tmp_path / "s" / f"{k}.tif").write_bytes(b"x")
    path = tmp_path / "big.vrt"
    path.write_text("<VRTDataset>" + "".join(source.format(k) for k in range(300)) + "</VRTDataset>")
    found = source_files([str(path)])
    assert found.same_as(str(tmp_path / "new.tif")) == "" and "found" not in vars(found)
    check_target(str(tmp_path / "new.tif"), found)
    assert "found" not in vars(found)
    assert len(found.paths) == 301 and found.complete and found.same_as(str(tmp_path / "s" / "299.tif"))
    monkeypatch.setattr(module, "MOST_FILES", 100)
    assert not files_of(str(path)).complete and len(files_of(str(path)).files) == 100
    monkeypatch.setattr(module, "_MOST_TEXT", 100)
    assert not files_of(str(path)).complete


def test_further_rasters_and_plain_names(tmp_path):
    first, far = scene(tmp_path / "first.tif"), scene(tmp_path / "far.tif")
    stack = StackedRaster(RasterFile(first), [vrt_of(tmp_path / "b.vrt", far)])
    for path in (first, far):
        refused(path, stack)
        assert stack.select([0]).source_files.same_as(path)
    assert source_files([vrt_of(tmp_path / "c.vrt", far)]).same_as(far)
    not_there = str(tmp_path / "not_yet.tif")
    assert source_files([not_there]).same_as(str(tmp_path / "." / "not_yet.tif")) == not_there


def test_folders(tmp_path):
    (tmp_path / "chips").mkdir()
    inner = scene(tmp_path / "chips" / "scene.tif")
    raster = RasterFile(vrt_of(tmp_path / "a.vrt", inner))
    with pytest.raises(ParameterError, match="must lie apart from .*scene.tif, which .*a.vrt is made of"):
        check_folder(str(tmp_path / "chips"), raster.source_files)
    (tmp_path / "linked").mkdir()
    os.link(inner, tmp_path / "linked" / "scene.tif")
    with pytest.raises(ParameterError, match="must lie apart from .*scene.tif"):
        check_folder(str(tmp_path / "linked"), raster.source_files)
    check_folder(str(tmp_path / "new"), raster.source_files)
    incomplete = known(Found((), False))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    with pytest.raises(ParameterError, match="cannot all be known: choose a new folder"):
        check_folder(str(tmp_path / "full"), incomplete)


@pytest.mark.skipif(sys.platform != "linux", reason="made by Linux tools")
def test_another_letter_case_where_the_file_system_knows_none(tmp_path):
    folder = tmp_path / "vfat"
    folder.mkdir()
    image = tmp_path / "image"
    with open(image, "wb") as file:
        file.truncate(8 << 20)
    made = shutil.which("mkfs.vfat") and not subprocess.run(["mkfs.vfat", str(image)], capture_output=True).returncode
    if not made or subprocess.run(["mount", "-o", "loop", str(image), str(folder)], capture_output=True).returncode:
        pytest.skip("no file system without letter case can be mounted here")
    try:
        inner = scene(folder / "scene.tif")
        refused(folder / "SCENE.TIF", RasterFile(vrt_of(tmp_path / "a.vrt", inner)))
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.name != "posix", reason="folders of other systems")
@pytest.mark.parametrize(
    ("path", "good"),
    [("/proc/self/o.tif", False), ("/dev/o.tif", False), ("/sys/kernel/o.tif", False), ("/dev/shm/o.tif", True)],
)
def test_folders_of_the_system(path, good):
    if not os.path.isdir(os.path.dirname(path)):
        pytest.skip("there is no such folder here")
    if good:
        check_target(path, [])
        return
    with pytest.raises(ParameterError, match="lies where the system keeps no files"):
        check_target(path, [])
    with pytest.raises(ParameterError, match="lies where the system keeps no files"):
        check_folder(os.path.dirname(path), [])


def test_two_new_outputs_that_differ_in_case_only(tmp_path, monkeypatch):
    first = source_files([str(tmp_path / "out.tif")])
    same = module.ignores_case(str(tmp_path))
    assert bool(first.same_as(str(tmp_path / "OUT.tif"))) is same
    real = module.identity_of
    monkeypatch.setattr(module, "identity_of", lambda path: real(path) or real(path.swapcase()))  # as Windows has it
    assert module.ignores_case(str(tmp_path)) and not module.ignores_case("/")
    assert first.same_as(str(tmp_path / "OUT.tif")) == str(tmp_path / "out.tif")
    assert not first.same_as(str(tmp_path / "other.tif"))
