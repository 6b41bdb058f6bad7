"""No output of any algorithm replaces a file that is read, however far behind the input it lies; all come, or none."""

import os
import shutil
import zipfile

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
    QgsVectorLayerJoinInfo,
    QgsVirtualLayerDefinition,
)

from ..conftest import Log, read, write
from .test_polygon_chips import PARCELS, layer_of
from .test_split_apply_stitch_refused import said_by

CHIPS = {"CHIP_SIZE": 64, "STRIDE": 64}


@pytest.fixture()
def mosaic(scene, tmp_path):
    """A VRT of a VRT of the scene."""
    inner = str(tmp_path / "inner.vrt")
    gdal.BuildVRT(inner, [scene]).FlushCache()
    outer = str(tmp_path / "mosaic.vrt")
    gdal.BuildVRT(outer, [inner]).FlushCache()
    return outer


@pytest.fixture()
def parcels(tmp_path):
    """Polygons in a GeoPackage that a shapefile, too, has."""
    from qgis import processing

    layer = layer_of(PARCELS)
    path = str(tmp_path / "parcels.gpkg")
    processing.run("native:savefeatures", {"INPUT": layer, "OUTPUT": path})
    return path


RASTERS = [
    ("slidingwindow", "OUTPUT", {"EXPRESSION": "b1"}),
    ("slidingwindow", "COVERAGE", {"EXPRESSION": "b1"}),
    ("windowweights", "OUTPUT", CHIPS),
    ("polygonchips", "STITCHED", {"EXPRESSION": "b1", "OUTPUT": "TEMPORARY_OUTPUT"}),
]


@pytest.mark.parametrize(("name", "output", "given"), RASTERS, ids=lambda value: str(value)[:14])
def test_a_raster_over_a_source_of_the_source(provider, scene, mosaic, parcels, tmp_path, name, output, given):
    given = {"OUTPUT": str(tmp_path / "o.tif"), **given, "INPUT": mosaic, output: scene}
    if name == "polygonchips":
        given["POLYGONS"] = parcels
    said = said_by(provider, name, **given)
    assert said.startswith(f"{output} is '{scene}': must not be the same file as {scene}, which {mosaic} is made of")


def test_a_folder_over_a_source_of_the_source(provider, process, scene, tmp_path):
    folder = str(tmp_path / "chips")
    process("splitraster", INPUT=scene, OUTPUT=folder, **CHIPS)
    chip = next(os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".tif"))
    vrt = str(tmp_path / "of_chips.vrt")
    gdal.BuildVRT(vrt, [chip]).FlushCache()
    said = said_by(provider, "splitraster", INPUT=vrt, OUTPUT=folder, **{**CHIPS, "CHIP_SIZE": 32})
    assert said.startswith(f"OUTPUT is '{folder}': must lie apart from {chip}, which {vrt} is made of")
    for more in ({"CHIPS": folder}, {"CHIPS": folder, "OTHER_INPUTS": [vrt]}):
        said = said_by(provider, "applytochips", EXPRESSION="b1", OUTPUT=folder, **more)
        assert said.startswith(f"OUTPUT is '{folder}': must lie apart from")


def test_further_inputs_labels_and_a_model(provider, scene, mosaic, parcels, tmp_path):
    other = write(tmp_path / "other.tif", np.ones((1, 300, 211), "uint8"))
    vrt = str(tmp_path / "other.vrt")
    gdal.BuildVRT(vrt, [other]).FlushCache()
    said = said_by(provider, "slidingwindow", INPUT=scene, OTHER_INPUTS=[vrt], EXPRESSION="b1", OUTPUT=other)
    assert f"must not be the same file as {other}, which {vrt} is made of" in said
    said = said_by(
        provider, "splitraster", INPUT=scene, LABELS=parcels, OUTPUT=str(tmp_path / "c"), INDEX=parcels, **CHIPS
    )
    assert said.startswith(f"INDEX is '{parcels}': must not be the same file")
    said = said_by(provider, "polygonchips", INPUT=mosaic, POLYGONS=parcels, EXPRESSION="b1", OUTPUT=parcels)
    assert said.startswith(f"OUTPUT is '{parcels}': must not be the same file")
    # A raster and polygons in one file.
    gdal.Translate(str(tmp_path / "both.gpkg"), scene, format="GPKG", bandList=[1])
    raster = str(tmp_path / "both.gpkg")
    said = said_by(provider, "polygonchips", INPUT=raster, POLYGONS=parcels, EXPRESSION="b1", OUTPUT=raster)
    assert said.startswith(f"OUTPUT is '{raster}': must not be the same file")
    model, link = shutil.copy(scene, tmp_path / "model.onnx"), str(tmp_path / "link.tif")
    os.link(model, link)
    said = said_by(provider, "slidingwindow", INPUT=scene, OPERATOR="onnx", MODEL=str(model), OUTPUT=link)
    assert f"must not be the same file as {model}" in said


def test_a_member_of_an_archive(provider, scene, tmp_path):
    archive = str(tmp_path / "archive.tif")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(scene, "scene.tif")
    layer = QgsRasterLayer(f"/vsizip/{{{archive}}}/scene.tif", "member")
    assert layer.isValid()
    said = said_by(provider, "slidingwindow", INPUT=layer, EXPRESSION="b1", OUTPUT=archive)
    assert f"must not be the same file as {archive}, which " in said


def test_the_raster_that_a_configuration_comes_from(provider, process, scene, tmp_path):
    out = str(tmp_path / "out.tif")
    process("slidingwindow", INPUT=scene, EXPRESSION="b1", OUTPUT=out, **CHIPS)
    said = said_by(provider, "runconfig", CONFIG_FROM=out, OUTPUT=out)
    assert said.startswith(f"OUTPUT is '{out}': must not be the same file as {out}")
    said = said_by(provider, "runconfig", CONFIG_FROM=out, OUTPUT=scene)
    assert said.startswith(f"OUTPUT is '{scene}': must not be the same file as {scene}")


def test_layers_that_are_made_of_others(provider, scene, parcels, tmp_path):
    """A virtual layer, a join, and a selection: none of what they read is replaced."""
    from qgis import processing

    names = str(tmp_path / "names.gpkg")
    processing.run("native:savefeatures", {"INPUT": layer_of(PARCELS), "OUTPUT": names})
    definition = QgsVirtualLayerDefinition()
    definition.addSource("a", names, "ogr")
    definition.setQuery("SELECT * FROM a")
    virtual = QgsVectorLayer(definition.toString(), "virtual", "virtual")
    joined, other = QgsVectorLayer(parcels, "parcels"), QgsVectorLayer(names, "names")
    join = QgsVectorLayerJoinInfo()
    join.setJoinLayer(other)
    join.setJoinFieldName("fid")
    join.setTargetFieldName("fid")
    join.setPrefix("n_")
    assert virtual.isValid() and joined.addJoin(join)
    project = QgsProject.instance()
    project.addMapLayers([joined, other, virtual])
    try:
        for layer in (virtual, joined, QgsProcessingFeatureSourceDefinition(joined.id(), True)):
            context = QgsProcessingContext()
            context.setProject(project)
            given = {"INPUT": scene, "POLYGONS": layer, "EXPRESSION": "b1", "OUTPUT": names}
            said = provider.algorithm("polygonchips").checkParameterValues(given, context)[1]
            assert said.startswith(f"OUTPUT is '{names}': must not be the same file"), said
    finally:
        project.clear()


def test_a_shapefile_and_its_table(provider, scene, tmp_path):
    from qgis import processing

    shape = str(tmp_path / "parcels.shp")
    processing.run("native:savefeatures", {"INPUT": layer_of(PARCELS), "OUTPUT": shape})
    table = str(tmp_path / "parcels.dbf")
    said = said_by(provider, "polygonchips", INPUT=scene, POLYGONS=shape, EXPRESSION="b1", OUTPUT=table)
    assert said.startswith(f"OUTPUT is '{table}': must not be the same file as {table}, which {shape} is made of")


def test_a_table_beside_the_one_that_is_read(provider, process, scene, parcels):
    def said(table, **given):
        given = {"INPUT": scene, "POLYGONS": parcels, "EXPRESSION": "b1", **given}
        return said_by(provider, "polygonchips", OUTPUT=f"ogr:dbname='{parcels}' table=\"{table}\" (geom)", **given)

    for layer in (parcels, f"{parcels}|layername=parcels"):
        assert "must not be the same table that is read" in said("parcels", POLYGONS=layer)
        assert said("another", POLYGONS=layer) == ""
    gdal.Translate(
        parcels, scene, format="GPKG", creationOptions=["APPEND_SUBDATASET=YES", "RASTER_TABLE=picture"], bandList=[1]
    )
    assert said("another", INPUT=f"GPKG:{parcels}:picture") == ""
    process(
        "polygonchips",
        INPUT=scene,
        POLYGONS=parcels,
        EXPRESSION="b1",
        OUTPUT=f"ogr:dbname='{parcels}' table=\"another\" (geom)",
    )
    for name in ("parcels", "another"):
        assert QgsVectorLayer(f"{parcels}|layername={name}", name).featureCount() == len(PARCELS)


def test_footprints_in_the_folder_that_is_replaced(provider, process, scene, tmp_path):
    folder = str(tmp_path / "chips")
    process("splitraster", INPUT=scene, OUTPUT=folder, **CHIPS)
    inside = os.path.join(folder, "more.gpkg")
    said = said_by(provider, "splitraster", INPUT=scene, OUTPUT=folder, INDEX=inside, **CHIPS)
    assert said.startswith(f"INDEX is '{inside}': must not lie in OUTPUT")


@pytest.mark.parametrize("name", ["device", "pipe", "long", "utf8"])
def test_layers_cannot_go_just_anywhere(provider, scene, parcels, tmp_path, name):
    targets = {
        "device": ("/dev/stdout", "lies where the system keeps no files"),
        "pipe": (str(tmp_path / "pipe.gpkg"), "must be a file, and this is a pipe"),
        "long": (str(tmp_path / ("x" * 246 + ".gpkg")), "is too long: its name has 251 bytes, and may have 247"),
        "utf8": (str(tmp_path / "\udcff.gpkg"), "must be a name in UTF-8"),
    }
    target, expected = targets[name]
    if name == "pipe":
        os.mkfifo(target)
    said = said_by(provider, "polygonchips", INPUT=scene, POLYGONS=parcels, EXPRESSION="b1", OUTPUT=target)
    assert said.startswith("OUTPUT is ") and expected in said


NAMES = ["\U0001f6f0 ü 漢", " a # b ? c % 20 ", "a'b\"c;d&e"]


@pytest.mark.parametrize("stem", NAMES)
def test_names_of_all_kinds(process, scene, parcels, tmp_path, stem):
    place = tmp_path / "out"
    place.mkdir()
    process(
        "polygonchips",
        INPUT=scene,
        POLYGONS=parcels,
        EXPRESSION="b1",
        OUTPUT=str(place / f"{stem}.gpkg"),
        STITCHED=str(place / f"{stem}.tif"),
    )
    process("slidingwindow", INPUT=scene, EXPRESSION="b1", OUTPUT=str(place / f"{stem}2.tif"), **CHIPS)
    process("splitraster", INPUT=scene, OUTPUT=str(place / stem), **CHIPS)
    process("stitchchips", CHIPS=str(place / stem), OUTPUT=str(place / f"{stem}3.tif"))
    expected = [stem, f"{stem}.gpkg", f"{stem}.tif", f"{stem}2.tif", f"{stem}3.tif"]
    assert sorted(n for n in os.listdir(place) if not n.endswith((".aux.xml", "-wal", "-shm"))) == sorted(expected)
    np.testing.assert_array_equal(read(place / f"{stem}3.tif"), read(scene))


def test_a_layer_through_a_link(process, scene, parcels, tmp_path):
    (tmp_path / "data").mkdir()
    link, real = tmp_path / "link.gpkg", tmp_path / "data" / "real.gpkg"
    os.symlink(real, link)
    for _ in range(2):
        process("polygonchips", INPUT=scene, POLYGONS=parcels, EXPRESSION="b1", OUTPUT=str(link))
        assert os.path.islink(link) and real.is_file()
    assert QgsVectorLayer(str(link), "a").featureCount() == len(PARCELS)


@pytest.mark.parametrize("fails", ["vector", "second raster", "folder"])
def test_all_outputs_or_none(process, scene, parcels, tmp_path, monkeypatch, fails):
    """The last of them cannot take its name: those before it give theirs back."""
    place = tmp_path / "out"
    place.mkdir()
    for name in ("a.tif", "b.tif", "a.gpkg"):
        (place / name).write_text("old")
    runs = {
        "vector": (
            "polygonchips",
            {
                "POLYGONS": parcels,
                "EXPRESSION": "b1",
                "OUTPUT": str(place / "a.gpkg"),
                "STITCHED": str(place / "a.tif"),
            },
            "a.gpkg",
        ),
        "second raster": (
            "slidingwindow",
            {"EXPRESSION": "b1", "OUTPUT": str(place / "a.tif"), "COVERAGE": str(place / "b.tif"), **CHIPS},
            "a.tif",
        ),
        "folder": ("splitraster", {"OUTPUT": str(place / "chips"), "INDEX": str(place / "a.gpkg"), **CHIPS}, "chips"),
    }
    name, given, last = runs[fails]
    real = os.replace

    def replace(source, destination):
        if os.path.basename(os.path.dirname(source)) == "new" and os.path.basename(destination) == last:
            raise OSError(28, "No space left on device")
        real(source, destination)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(QgsProcessingException, match=rf"{last}: cannot be replaced: .*No space left on device"):
        process(name, INPUT=scene, **given)
    assert sorted(os.listdir(place)) == ["a.gpkg", "a.tif", "b.tif"]
    assert {(place / name).read_text() for name in os.listdir(place)} == {"old"}


class Touching(Log):
    """Writes to a file while the run is under way."""

    def __init__(self, path):
        super().__init__()
        self._path = path

    def setProgress(self, share):
        super().setProgress(share)
        if share > 0 and self._path:
            found, path = os.stat(self._path), self._path
            self._path = ""
            os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 10_000_000))


@pytest.mark.parametrize("name", ["slidingwindow", "polygonchips", "splitraster", "applytochips", "stitchchips"])
def test_an_input_that_changes_during_the_run(process, scene, mosaic, parcels, tmp_path, name):
    folder = str(tmp_path / "chips")
    process("splitraster", INPUT=scene, OUTPUT=folder, **CHIPS)
    chip = os.path.join(folder, sorted(file for file in os.listdir(folder) if file.startswith("chip_"))[0])
    place = tmp_path / "out"
    place.mkdir()
    out = {end: str(place / f"out{end}") for end in (".tif", ".gpkg", "")}
    given, changed = {
        "slidingwindow": (
            {
                "INPUT": mosaic,
                "EXPRESSION": "b1+mean(b1)",
                "OUTPUT": out[".tif"],
                **CHIPS,
                "COVERAGE": str(place / "coverage.tif"),
            },
            scene,
        ),
        "polygonchips": (
            {"INPUT": mosaic, "POLYGONS": parcels, "EXPRESSION": "b1", "OUTPUT": out[".gpkg"], "STITCHED": out[".tif"]},
            scene,
        ),
        "splitraster": ({"INPUT": mosaic, "OUTPUT": out[""], "INDEX": out[".gpkg"], **CHIPS}, scene),
        "applytochips": ({"CHIPS": folder, "EXPRESSION": "b1", "OUTPUT": out[""]}, chip),
        "stitchchips": ({"CHIPS": folder, "OUTPUT": out[".tif"]}, chip),
    }[name]
    with pytest.raises(QgsProcessingException, match=f"{os.path.basename(changed)} was changed during the run"):
        process(name, feedback=Touching(changed), **given)
    assert os.listdir(place) == []
    process(name, **given)
    assert os.listdir(place)


def test_weights_read_no_pixel(process, scene, tmp_path):
    process("windowweights", feedback=Touching(scene), INPUT=scene, OUTPUT=str(tmp_path / "o.tif"), **CHIPS)
    assert (tmp_path / "o.tif").exists()


@pytest.mark.parametrize("name", ["slidingwindow", "polygonchips", "splitraster"])
def test_cancelled_while_the_last_file_is_closed(process, scene, parcels, tmp_path, monkeypatch, name):
    """To make the index of a large GeoPackage takes long and asks nobody."""
    from patchwise.core.rasters.commit import CommitGroup

    place, log, real = tmp_path / "out", Log(), CommitGroup.commit
    place.mkdir()
    given = {
        "slidingwindow": {"EXPRESSION": "b1", "OUTPUT": str(place / "o.tif"), **CHIPS},
        "polygonchips": {"POLYGONS": parcels, "EXPRESSION": "b1", "OUTPUT": str(place / "o.gpkg")},
        "splitraster": {"OUTPUT": str(place / "o"), "INDEX": str(place / "o.gpkg"), **CHIPS},
    }[name]

    def commit(self):
        log.cancel()
        real(self)

    monkeypatch.setattr(CommitGroup, "commit", commit)
    with pytest.raises(QgsProcessingException, match="cancelled: no output was written"):
        process(name, feedback=log, INPUT=scene, **given)
    assert os.listdir(place) == []
