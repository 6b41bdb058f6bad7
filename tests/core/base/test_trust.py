"""What documents name: found before anything is run, opened or asked, and bound to the bytes that were agreed to."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from patchwise.core import (
    ApplyToChips,
    ArraySink,
    Expression,
    GeoTensor,
    GridSampler,
    Lambda,
    ParameterError,
    PythonFile,
    RasterField,
    Sequential,
    SpatialCustom,
    SpatialLearned,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    Stitch,
    from_config,
    stream,
    to_config,
)
from patchwise.core.base.errors import RasterReadError, UntrustedError
from patchwise.core.base.trust import NOBODY, NamedHost, Trust, checked_crs, hosts_of, named_file, named_source
from patchwise.core.chip_folder.manifest import load_manifest
from patchwise.core.records.rerun import check_trust, found_path, read_recipe

from ...test_layout import run_without

ALL = Trust(everything=True)
PATCHER = SpatialPatcher(SpatialRectangular((4, 4), "shift"), SpatialRegularStride(4))
FIELD = RasterField(GeoTensor(np.ones((1, 8, 8), np.float32)))


def attack(tmp_path, name="op.py", extra=""):
    """A file that leaves a mark where it is run; the file and the mark."""
    file, mark = tmp_path / name, tmp_path / "mark"
    file.write_text(f"open({str(mark)!r}, 'a').write('x')\n{extra}\ndef operator(chip, meta):\n    return chip + 1\n")
    return file, mark


@contextmanager
def listening():
    """``(port, connections)``: a port that counts who calls, and hangs up."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.05)
    calls, over = [], threading.Event()

    def serve():
        while not over.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                continue
            calls.append(1)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1], calls
    finally:
        over.set()
        thread.join()
        server.close()


def sha(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def pipeline(operator):
    return {
        **to_config(Sequential([GridSampler(PATCHER), Stitch(SpatialOverlapAdd())])),
        "config": {
            "operators": [
                {"class": "GridSampler", "config": {"patcher": to_config_part(PATCHER)}},
                {"class": "ApplyToChips", "config": {"operator": operator}},
                {"class": "Stitch", "config": {"aggregation": to_config_part(SpatialOverlapAdd())}},
            ]
        },
    }


def to_config_part(thing):
    return {key: value for key, value in to_config(thing).items() if key != "format"}


# Trust itself.


def test_a_text_says_what_is_trusted():
    digest = "ab" * 32
    trust = Trust.parse(f" sha256:{digest.upper()}, host:Example.org\nhost:vsis3/bucket ")
    assert trust == Trust(frozenset([digest]), frozenset(["example.org", "vsis3/bucket"]))
    assert Trust.parse("") == NOBODY and Trust.parse("all") == ALL
    assert trust.covers(NamedHost("example.org", "")) and not trust.covers(NamedHost("example.com", ""))
    for wrong in ("sha256:12", "everything", "host:", digest):
        with pytest.raises(ParameterError, match=f"trust is '{wrong}': must be sha256:"):
            Trust.parse(wrong)


def test_trust_is_frozen_and_adds_up():
    one, other = Trust(hosts=frozenset("a")), Trust(hosts=frozenset("b"))
    assert (one | other).hosts == {"a", "b"}
    with pytest.raises(AttributeError):
        one.everything = True


# Hosts.

REMOTE = {
    "https://example.org/a.tif": "example.org",
    "HTTPS://user:pass@Example.ORG:8080/a.tif?x=1": "example.org",
    "ftp://example.org/a": "example.org",
    "/vsicurl/https://example.org/a.tif": "example.org",
    "/vsicurl_streaming/http://example.org/a.tif": "example.org",
    "/vsicurl?max_retry=1&url=https%3A%2F%2Fexample.org%2Fa.tif": "example.org",
    "/vsizip//vsicurl/https://example.org/a.zip/a.tif": "example.org",
    "/vsizip/{/vsicurl/https://example.org/a.zip}/a.tif": "example.org",
    "/vsitar//vsigzip//vsicurl/http:/example.org/a": "example.org",
    "/VSICURL/https://example.org/a.tif": "example.org",
    "/vsis3/bucket/key.tif": "vsis3/bucket",
    "/vsigs_streaming/bucket/key.tif": "vsigs/bucket",
    "/vsiaz/box/key.tif": "vsiaz/box",
    "/vsiswift/b/k": "vsiswift/b",
    "/vsihdfs/host:9000/k": "vsihdfs/host:9000",
    "//server/share/a.tif": "server",
    "\\\\server\\share\\a.tif": "server",
    "\\\\?\\UNC\\server\\share": "unc",
    "file://server/share/a.tif": "server",
    "WMS:http://example.org/wms?LAYERS=a": "example.org",
    "PG:host=db.example.org user=me dbname=x": "db.example.org",
    "PG:dbname=x": "pg",
    "PLMosaic:mosaic=x": "plmosaic",
    "vrt:///vsicurl/https://example.org/a.tif?bands=1": "example.org",
    'NETCDF:"/vsicurl/https://example.org/a.nc":v': "example.org",
    'ZARR:"/vsis3/bucket/a.zarr"': "vsis3/bucket",
    "http://[::1]:80/a.tif": "::1",
    "http://good.org\\@example.org/a": "example.org",
    "type=xyz&url=https://example.org/{z}/{x}/{y}.png": "example.org",
    "contextualWMSLegend=0&url=https%3A%2F%2Fexample.org%2Fwms&crs=EPSG:3857": "example.org",
    "s3://bucket/key": "bucket",
}


@pytest.mark.parametrize("source", list(REMOTE))
def test_hosts_are_seen_however_they_are_written(source):
    assert REMOTE[source] in hosts_of(source)
    with pytest.raises(UntrustedError) as error:
        NOBODY.check(named_source(source))
    assert "pass" not in str(error.value)
    (Trust.of(error.value.named)).check(named_source(source))


@pytest.mark.parametrize(
    "source",
    [
        "/data/a.tif",
        "C:\\data\\a.tif",
        "C:/data/a.tif",
        "~/a.tif",
        "a b.tif",
        "/vsizip//data/a.zip/a.tif",
        "/vsimem/a",
        "NETCDF:/data/a.nc:v",
        'HDF5:"/data/a.h5"://b',
        "GTIFF_DIR:2:/data/a.tif",
        "GPKG:/d/a.gpkg:t",
        "vrt:///data/a.tif",
        "SENTINEL2_L2A:/vsizip//data/a.zip:10m:EPSG_32632",
        "file:///data/a.tif",
    ],
)
def test_files_of_this_machine_have_no_host(source):
    assert hosts_of(source) == () and named_source(source) == []


def test_a_description_in_place_of_a_name_is_known_by_its_content():
    text = "<VRTDataset><SourceFilename>/vsicurl/http://example.org/a.tif</SourceFilename></VRTDataset>"
    with pytest.raises(UntrustedError, match="the description of a raster <VRTDataset>.*the host example.org") as error:
        NOBODY.check(named_source(text))
    entries = {each.entry for each in error.value.named}
    assert entries == {f"sha256:{hashlib.sha256(text.encode()).hexdigest()}", "host:example.org"}
    hidden = "<VRTDataset><SourceFilename>/vsi<![CDATA[curl]]>/htt<![CDATA[p]]>://e/a</SourceFilename></VRTDataset>"
    with pytest.raises(UntrustedError, match="SHA-256"):
        NOBODY.check(named_source(hidden))


def vrt(path, source):
    path.write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="1">{source}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    return path


def entries(path):
    return [each.entry for each in named_source(str(path))]


def test_a_description_in_a_file_is_agreed_to_by_its_content(tmp_path):
    (tmp_path / "data.tif").write_bytes(b"II*\0")
    assert entries(tmp_path / "data.tif") == []
    good = vrt(tmp_path / "good.vrt", "data.tif")
    assert entries(good) == [f"sha256:{sha(good)}"]
    remote = vrt(tmp_path / "remote.vrt", "/vsicurl/http://example.org/a.tif")
    assert entries(remote) == [f"sha256:{sha(remote)}", "host:example.org"]
    outer = vrt(tmp_path / "outer.vrt", "remote.vrt")
    assert entries(outer) == [f"sha256:{sha(outer)}", f"sha256:{sha(remote)}", "host:example.org"]
    escaped = vrt(tmp_path / "escaped.vrt", "/vsicurl/&#104;ttp://example.org/a.tif")
    assert "host:example.org" in entries(escaped)
    circle, other = vrt(tmp_path / "a.vrt", "b.vrt"), vrt(tmp_path / "b.vrt", "a.vrt")
    assert entries(circle) == [f"sha256:{sha(circle)}", f"sha256:{sha(other)}"]
    for k in range(1200):
        vrt(tmp_path / f"long{k}.vrt", f"long{k + 1}.vrt")
    assert len(entries(tmp_path / "long0.vrt")) <= 50, "a chain without end is not followed to its end"


def test_a_description_that_never_ends_is_not_searched(tmp_path, monkeypatch):
    from patchwise.core.base import trust

    looked = []
    real = trust._addresses
    monkeypatch.setattr(trust, "_addresses", lambda text: looked.append(len(text)) or real(text))
    (tmp_path / "a.vrt").write_text("<VRTDataset>" + "//h/x " * 1_000_000 + "</VRTDataset>")
    assert len(named_source(str(tmp_path / "a.vrt"))) <= 21 and max(looked) <= 1 << 16
    with open(tmp_path / "large.vrt", "wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(ParameterError, match="large.vrt': is too large for what its name says: at most 64 MB"):
        named_source(str(tmp_path / "large.vrt"))


PADDED = ("{}", "x{}", " " * 1000 + "{}", '<?xml version="1.0"?>{}', "<!-- a -->{}")
OZI = "OziExplorer Map Data File Version 2.2\nx\n{}\n1 ,Map Code,\n"


def hidden_sources(folder, address):
    """Names of a record behind which lies a description that leads to ``address``."""
    import gzip
    import tarfile
    import zipfile

    text = vrt(folder / "x.vrt", address).read_text().replace('relativeToVRT="1"', 'relativeToVRT="0"')
    (folder / "x.vrt").write_text(text)
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("x.vrt", text)
    with tarfile.open(folder / "a.tar", "w") as archive:
        archive.add(folder / "x.vrt", "x.vrt")
    with gzip.open(folder / "y.vrt.gz", "wt") as file:
        file.write(text)
    (folder / "pad.bin").write_bytes(b"P" * 100 + text.encode())
    (folder / "o.map").write_text(OZI.format(address))
    found = [
        f"/vsizip/{folder}/a.zip/x.vrt",
        f"/vsizip/{{{folder}/a.zip}}/x.vrt",
        f"/vsitar/{folder}/a.tar/x.vrt",
        f"/vsigzip/{folder}/y.vrt.gz",
        f"/vsisubfile/100_{len(text)},{folder}/pad.bin",
        f"vrt://{folder}/x.vrt",
        f"vrt:///vsizip/{folder}/a.zip/x.vrt?bands=1",
        f"DERIVED_SUBDATASET:LOGAMPLITUDE:{folder}/x.vrt",
        f"{folder}/o.map",
    ]
    for k, padded in enumerate(PADDED):
        for ending in ("tif", "vrt", "dat"):
            (folder / f"padded{k}.{ending}").write_text(padded.format(text))
            found.append(str(folder / f"padded{k}.{ending}"))
    return found


def test_no_description_is_hidden_so_well_that_a_server_is_asked(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    from patchwise.core.records.rerun import found_raster

    (tmp_path / "http:" / "evil").mkdir(parents=True)
    with listening() as (port, calls), rasterio.Env(GDAL_HTTP_TIMEOUT=1):
        address = f"/vsicurl/http://127.0.0.1:{port}/a.tif"
        vrt(tmp_path / "http:" / "evil" / "x.vrt", address)
        places = [({"source": source}, str(tmp_path)) for source in hidden_sources(tmp_path, address)]
        places.append(({"relative": "x.vrt"}, str(tmp_path / "http:" / "evil")))
        for given, folder in places:
            with pytest.raises((UntrustedError, RasterReadError, ParameterError)):
                found_raster(given, folder, NOBODY, (), False, "INPUT")
            assert not calls, given


# Files.


@pytest.mark.parametrize(
    "path",
    [
        "op.py",
        "./op.py",
        "../op.py",
        "//server/share/op.py",
        "\\\\server\\share\\op.py",
        "http://e/op.py",
        "/vsicurl/http://e/op.py",
        "/vsimem/op.py",
        "file:///op.py",
        "",
        None,
        3,
        ["/op.py"],
    ],
)
@pytest.mark.parametrize("kind", ["PythonFile", "Onnx"])
def test_files_elsewhere_are_refused_whatever_is_trusted(path, kind, tmp_path, monkeypatch):
    attack(tmp_path)
    monkeypatch.chdir(tmp_path)
    config = pipeline({"class": kind, "config": {"path": path, **({"bands": 1} if kind == "Onnx" else {})}})
    with pytest.raises(ParameterError, match="must be an absolute path on this machine|path is .*: must be a path"):
        read_recipe(config, ALL)


def test_what_is_no_file_is_refused_and_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    for path in (tmp_path / "pipe.py", tmp_path, "/dev/zero"):
        with pytest.raises(ParameterError, match="must be a file"):
            named_file("Python file", str(path), "python file")
    with pytest.raises(ParameterError, match="cannot be read"):
        named_file("Python file", str(tmp_path / "none.py"), "python file")
    with pytest.raises(ParameterError, match="cannot be read .it is no file"):
        PythonFile(str(tmp_path / "pipe.py"))


def test_a_configuration_runs_a_file_only_where_it_is_trusted(tmp_path):
    file, mark = attack(tmp_path)
    config = pipeline(
        {"class": "Sequential", "config": {"operators": [{"class": "PythonFile", "config": {"path": str(file)}}]}}
    )
    with pytest.raises(UntrustedError) as error:
        read_recipe(config)
    text = str(error.value)
    size = len(file.read_bytes())
    assert f"the Python file {file} ({size} bytes, SHA-256 {sha(file)}): it would run with all your rights" in text
    assert text.endswith(f"run again with TRUST=sha256:{sha(file)}")
    recipe = read_recipe(config, Trust.of(error.value.named))
    assert not mark.exists(), "reading a configuration runs nothing"
    sink = ArraySink((8, 8))
    stream(FIELD.source, recipe.patcher, recipe.operator, sink)
    assert mark.read_text() == "x" and (sink.array == 2).all()


def test_a_changed_file_is_asked_for_again_and_what_runs_is_what_was_hashed(tmp_path):
    file, mark = attack(tmp_path)
    config = pipeline({"class": "PythonFile", "config": {"path": str(file)}})
    trust = Trust(frozenset([sha(file)]))
    recipe = read_recipe(config, trust)
    attack(tmp_path, extra=f"open({str(tmp_path / 'evil')!r}, 'w')")
    recipe.operator.load()
    assert mark.exists() and not (tmp_path / "evil").exists(), "the bytes that were hashed"
    with pytest.raises(UntrustedError):
        read_recipe(config, trust)


def test_a_file_that_changes_between_the_look_and_the_run_is_refused(tmp_path, monkeypatch):
    from patchwise.core.records import rerun

    file, mark = attack(tmp_path)
    config = pipeline({"class": "PythonFile", "config": {"path": str(file)}})
    real = rerun.admitted

    def swapped(*args):
        found = real(*args)
        file.write_text("def operator(chip, meta):\n    return chip * 0\n")
        return found

    monkeypatch.setattr(rerun, "admitted", swapped)
    with pytest.raises(ParameterError, match="has changed"):
        read_recipe(config, Trust(frozenset([sha(file)])))
    assert not mark.exists()


def test_a_model_of_a_configuration_is_not_opened_untrusted(tmp_path, monkeypatch):
    from patchwise.core.operators import onnx_model

    opened = []
    monkeypatch.setattr(onnx_model, "_opened", lambda *args: opened.append(args))
    model = tmp_path / "model.onnx"
    model.write_bytes(b"anything")
    config = pipeline({"class": "Onnx", "config": {"path": str(model), "bands": 1}})
    with pytest.raises(UntrustedError, match=f"the ONNX model {model} .8 bytes, SHA-256 {sha(model)}"):
        read_recipe(config)
    assert not opened


def external(tmp_path, location):
    onnx = pytest.importorskip("onnx")
    from ..onnx_models import conv, weights_of

    path = conv(tmp_path / "model.onnx", weights_of(1, 1, 3, 3), ("N", 1, 4, 4), ("N", 1, 4, 4), pad=1)
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location=location, size_threshold=0, convert_attribute=True)
    return path


def test_a_model_is_opened_from_the_bytes_that_were_hashed(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from patchwise.core.operators import onnx_model

    from ..onnx_models import conv, weights_of

    path = conv(tmp_path / "model.onnx", weights_of(1, 1, 3, 3), ("N", 1, 4, 4), ("N", 1, 4, 4), pad=1)
    given = []
    real = onnx_model._opened
    monkeypatch.setattr(onnx_model, "_opened", lambda *args: given.append(args[2]) or real(*args))
    digest = sha(tmp_path / "model.onnx")
    config = pipeline({"class": "Onnx", "config": {"path": path, "bands": 1, "chip": [4, 4]}})
    recipe = read_recipe(config, Trust(frozenset([digest])))
    assert [hashlib.sha256(content).hexdigest() for content in given] == [digest]
    assert recipe.operator(np.ones((1, 4, 4), np.float32)).shape == (1, 4, 4)
    assert "sha256" not in recipe.operator.get_config()


def test_a_model_that_is_not_whole_is_refused_where_it_is_not_the_users_own(tmp_path):
    pytest.importorskip("onnxruntime")
    path = external(tmp_path, "weights.bin")
    config = pipeline({"class": "Onnx", "config": {"path": path, "bands": 1, "chip": [4, 4]}})
    with pytest.raises(ParameterError, match="keeps weights in further files"):
        read_recipe(config, ALL)
    assert from_config({"class": "Onnx", "config": {"path": path, "bands": 1, "chip": [4, 4]}}).bands == 1


@pytest.mark.parametrize("content", [b"\x08", b"\x3a\xff\x01", b"\x0b", b"\x3a\x02\x2a\x09", b"\xff" * 40])
def test_a_damaged_model_is_refused_in_words(tmp_path, content):
    pytest.importorskip("onnxruntime")
    (tmp_path / "m.onnx").write_bytes(content)
    config = pipeline({"class": "Onnx", "config": {"path": str(tmp_path / "m.onnx"), "bands": 1}})
    with pytest.raises(ParameterError, match="path is '.*m.onnx'"):
        read_recipe(config, ALL)


# Whatever else could run when a configuration is read.


@pytest.mark.parametrize("kind", [SpatialCustom, SpatialLearned, Lambda])
def test_what_can_be_called_does_not_come_from_a_configuration(kind, tmp_path):
    file, mark = attack(tmp_path)
    part = {"class": kind.__name__, "config": {"fn": {"class": "PythonFile", "config": {"path": str(file)}}}}
    with pytest.raises(ParameterError):
        from_config(part)
    patcher = to_config(PATCHER)
    patcher["config"]["window"] = part
    with pytest.raises(ParameterError):
        read_recipe(patcher, ALL)
    assert not mark.exists()


def test_loading_is_told_to_every_operator_and_once(tmp_path):
    file, mark = attack(tmp_path)
    operator = PythonFile(str(file))
    both = Sequential([Expression("b1"), operator, Sequential([operator])])
    both.load()
    ApplyToChips(both).load()
    assert mark.read_text() == "x"
    bad, _ = attack(tmp_path, "bad.py", "1 / 0")
    with pytest.raises(ParameterError, match="cannot be loaded: bad.py, line 2: ZeroDivisionError"):
        stream(FIELD.source, PATCHER, PythonFile(str(bad)), ArraySink((8, 8)))


# Sources of records, and manifests.


@pytest.mark.parametrize("beside", [False, True])
def test_a_raster_asks_nobody_for_its_overviews(tmp_path, beside):
    rasterio = pytest.importorskip("rasterio")
    from patchwise.core import RasterFile, RasterReadError

    path = str(tmp_path / "a.tif")
    with listening() as (port, calls):
        address = f"/vsicurl/http://127.0.0.1:{port}/o.ovr"
        with rasterio.open(path, "w", driver="GTiff", width=8, height=8, count=1, dtype="uint8") as dataset:
            dataset.write(np.ones((1, 8, 8), np.uint8))
            if not beside:
                dataset.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=address)
        if beside:
            entry = f'<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{address}</MDI></Metadata>'
            (tmp_path / "a.tif.aux.xml").write_text(f"<PAMDataset>{entry}</PAMDataset>")
        with rasterio.Env(GDAL_HTTP_TIMEOUT=1), pytest.raises(RasterReadError, match="for its overviews, which is ano"):
            RasterFile(path)
        assert not calls


def record(**given):
    source = {"source": "/nowhere.tif", "shape": [8, 8], **given}
    return {"format": 1, "algorithm": "patchwise:slidingwindow", "input": source}


def test_no_source_of_a_record_is_asked_unasked(tmp_path):
    with listening() as (port, calls):
        address = f"/vsicurl/http://127.0.0.1:{port}/a.tif"
        for given in ({"source": address}, {"relative": address, "source": address}, {"others": [{"source": address}]}):
            with pytest.raises(
                UntrustedError, match="the host 127.0.0.1, which would be asked for /vsicurl/http"
            ) as error:
                check_trust(record(**given), str(tmp_path), NOBODY)
            assert str(error.value).endswith("TRUST=host:127.0.0.1")
        with pytest.raises(UntrustedError):
            found_path({"source": address}, "")
        assert found_path({"source": address}, "", Trust(hosts=frozenset(["127.0.0.1"]))) == address
        assert not calls
    check_trust(record(source=address), str(tmp_path), NOBODY, source=False)


def test_all_that_is_needed_is_said_at_once(tmp_path):
    file, _ = attack(tmp_path)
    config = {
        **record(source="https://a.org/x", others=[{"source": "https://b.org/x"}, {"source": "https://b.org/y"}]),
        "operator": {"class": "PythonFile", "config": {"path": str(file)}},
    }
    with pytest.raises(UntrustedError) as error:
        check_trust(config, "", NOBODY)
    assert str(error.value).endswith(f"TRUST=sha256:{sha(file)},host:a.org,host:b.org")
    check_trust(config, "", Trust.of(error.value.named))


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1/x",
        "/vsicurl/http://127.0.0.1/x",
        "ESRI::http://127.0.0.1/x",
        "/etc/passwd",
        "IMPORT_FROM_URL:http://e/x",
        "",
        "urn:ogc:def:crs,http://e/x",
    ],
)
def test_a_crs_is_not_looked_up_elsewhere(text):
    with pytest.raises(ParameterError, match="crs is"):
        checked_crs(text)


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:32633",
        "OGC:CRS84",
        "IAU_2015:30100",
        'PROJCS["x",1]',
        'PROJCRS ["x"]',
        "4326",
        "+proj=longlat",
        '{"type": "x"}',
        None,
    ],
)
def test_a_crs_in_words_is_one(text):
    assert checked_crs(text) is text


def manifest(folder, **given):
    folder.mkdir(exist_ok=True)
    grid = {"shape": [8, 8], "transform": None, "crs": None}
    head = {
        "kind": "patchwise chips",
        "format": 1,
        "source": {},
        "grid": grid,
        "window": [0, 0, 8, 8],
        "strip_rows": 8,
        "patcher": to_config_part(PATCHER),
        "operators": [],
        "scale": 1,
        "categories": [],
        "labels": False,
        "bands": [{"name": ""}],
        "chips": [],
        "left_out": [],
        "failed": [],
    }
    (folder / "manifest.json").write_text(json.dumps({**head, **given}))
    return str(folder)


LOOK = """
from patchwise.core.chip_folder.manifest import load_manifest
try:
    print(load_manifest({folder!r}))
except core.ParameterError as error:
    print(error)
"""


def test_a_manifest_asks_nobody_for_its_crs(tmp_path):
    pytest.importorskip("rasterio")
    assert load_manifest(manifest(tmp_path / "good")).domain.shape == (8, 8)
    with listening() as (port, calls):
        for text in (f"http://127.0.0.1:{port}/x", f"/vsicurl/http://127.0.0.1:{port}/x"):
            grid = {"shape": [8, 8], "transform": None, "crs": text}
            # In a process of its own: GDAL keeps Python's lock while it asks, and nobody here could answer.
            folder = manifest(tmp_path / "bad", grid=grid)
            assert f"crs is '{text}': must be a code" in run_without("nothing", LOOK.format(folder=folder))
        assert not calls


@pytest.mark.parametrize("kind", ["PythonFile", "Onnx"])
def test_a_manifest_runs_and_opens_nothing(tmp_path, kind):
    pytest.importorskip("rasterio")
    file, mark = attack(tmp_path)
    part = {"class": kind, "config": {"path": str(file), "bands": 1}}
    for patcher in (
        part,
        {
            **to_config_part(PATCHER),
            "config": {
                **to_config_part(PATCHER)["config"],
                "window": {"class": "SpatialCustom", "config": {"fn": part}},
            },
        },
    ):
        with pytest.raises(
            ParameterError, match="patcher.class is '(Python|Onnx)|fn is an object of 2: must be an exp"
        ):
            load_manifest(manifest(tmp_path / "chips", patcher=patcher))
    assert not mark.exists()
