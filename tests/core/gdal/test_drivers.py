"""A file is opened as what it claims to be: no text under the name of a picture reads other files or asks servers."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from patchwise.core import RasterFile, SpatialPatcher, SpatialRectangular, SpatialRegularStride
from patchwise.core.base.errors import ParameterError, RasterReadError
from patchwise.core.chip_folder.folder import ChipRaster
from patchwise.core.chip_folder.labels import RasterLabels
from patchwise.core.chip_folder.manifest import Chip, ChipBand, ChipManifest
from patchwise.core.gdal.drivers import CHIPS, SCENES, allowed, described
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.rasters.stack import StackedRaster
from patchwise.core.sentinel2.remote import Network
from patchwise.core.sentinel2.source import RemoteAsset, RemoteBand
from rasterio.transform import from_origin

from ...loopback import serving

SECRET = 77.0
GRID = dict(crs="EPSG:32633", transform=from_origin(500000, 5220000, 10, 10))


def tif(path, value=1.0, size=64, driver="GTiff", dtype="float32", **tags):
    with rasterio.open(path, "w", driver=driver, width=size, height=size, count=1, dtype=dtype, **GRID) as file:
        file.write(np.full((1, size, size), value, dtype))
        if tags:
            file.update_tags(ns="OVERVIEWS", **tags)
    return str(path)


def vrt(source, size=64, full=True):
    """A VRT of one band; not ``full``: nothing is known of the source, so that opening the VRT opens it."""
    known = f'<SourceProperties RasterXSize="{size}" RasterYSize="{size}" DataType="Float32"/>' if full else ""
    return (
        f'<VRTDataset rasterXSize="{size}" rasterYSize="{size}"><SRS>EPSG:32633</SRS>'
        "<GeoTransform>500000, 10, 0, 5220000, 0, -10</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename>{source}</SourceFilename>'
        f"<SourceBand>1</SourceBand>{known}</SimpleSource></VRTRasterBand></VRTDataset>"
    )


def wms(url):
    return (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service><DataWindow>'
        "<UpperLeftX>0</UpperLeftX><UpperLeftY>10</UpperLeftY><LowerRightX>10</LowerRightX><LowerRightY>0</LowerRightY>"
        "<SizeX>64</SizeX><SizeY>64</SizeY><TileLevel>0</TileLevel></DataWindow><BandsCount>3</BandsCount></GDAL_WMS>"
    )


def wmts(url):
    return f"<GDAL_WMTS><GetCapabilitiesUrl>{url}/wmts.xml</GetCapabilitiesUrl><Layer>a</Layer></GDAL_WMTS>"


def stacit(url):
    item = {"type": "Feature", "stac_version": "1.0.0", "properties": {}, "assets": {"a": {"href": f"{url}/a.tif"}}}
    return json.dumps({"type": "FeatureCollection", "stac_version": "1.0.0", "features": [item]})


def mrf(private):
    return (
        '<MRF_META><Raster><Size x="64" y="64" c="1"/><DataType>Float32</DataType><Compression>NONE</Compression>'
        f"<DataFile>{private}</DataFile></Raster></MRF_META>"
    )


def isis(private):
    return (
        f'Object = IsisCube\n  Object = Core\n    ^Core = "{private}"\n    StartByte = 1\n    Format = BandSequential\n'
        "    Group = Dimensions\n      Samples = 4\n      Lines = 4\n      Bands = 1\n    End_Group\n"
        "    Group = Pixels\n"
        "      Type = UnsignedByte\n      ByteOrder = Lsb\n      Base = 0.0\n      Multiplier = 1.0\n    End_Group\n"
        "  End_Object\nEnd_Object\nEnd\n"
    )


DISGUISES = {
    "vrt of a file": lambda private, url: vrt(private),
    "vrt of an address": lambda private, url: vrt(f"/vsicurl/{url}/internal.tif", full=False),
    "wms": lambda private, url: wms(url),
    "wmts": lambda private, url: wmts(url),
    "items": lambda private, url: stacit(url),
    "mrf": lambda private, url: mrf(private),
    "isis": lambda private, url: isis(private),
}
WAYS = {
    "input": lambda path, fair: RasterFile(path),
    "level of an input": lambda path, fair: RasterFile(path, overview=0),
    "further input": lambda path, fair: StackedRaster(RasterFile(fair), [path]),
    "labels": lambda path, fair: RasterLabels(path, RasterFile(fair).domain, 64),
    "chip": lambda path, fair: RasterFile(path, drivers=CHIPS),
    "scene": lambda path, fair: RasterFile(path, drivers=SCENES),
}


@pytest.fixture()
def server():
    with serving() as server:
        yield server


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ending", [".tif", ".img", ".nc", ""])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_description_under_another_name_is_refused_unread(tmp_path, server, disguise, ending, way):
    private, fair = tif(tmp_path / "private.tif", SECRET), tif(tmp_path / "fair.tif")
    path = tmp_path / f"scene{ending}"
    path.write_text(DISGUISES[disguise](private, server.url))
    if disguise == "isis" and ending == ".img":
        pytest.skip("pictures of planets have that ending")
    with pytest.raises((ParameterError, RasterReadError), match=str(path)) as caught:
        WAYS[way](str(path), fair)
    if "vrt" in disguise:
        assert "is a VRT, which names other files or addresses" in str(caught.value) and "convert it" in str(
            caught.value
        )
    assert not server.asked


def test_what_its_name_says_is_opened(tmp_path):
    private = tif(tmp_path / "private.tif", SECRET)
    (tmp_path / "a.vrt").write_text(vrt(private))
    with RasterFile(str(tmp_path / "a.vrt")) as file:
        out = np.empty((1, 4, 4), np.float32)
        file.read(PixelWindow(0, 0, 4, 4), out)
    assert (out == SECRET).all()
    assert RasterFile(vrt(private)).shape == (1, 64, 64)  # typed in: nothing is disguised
    tif(tmp_path / "a.png", 7, driver="PNG", dtype="uint8")
    tif(tmp_path / "a.img", driver="HFA")
    tif(tmp_path / "a", driver="ENVI")
    tif(tmp_path / "noending")
    for name in ("a.png", "a.img", "a", "noending"):
        assert RasterFile(str(tmp_path / name)).shape == (1, 64, 64)


def test_bands_that_are_chosen_are_opened_by_the_same_drivers(tmp_path):
    path = tif(tmp_path / "a.tif")
    file = RasterFile(path, drivers=CHIPS).select([0])
    file.close()
    (tmp_path / "a.tif").unlink()
    (tmp_path / "a.tif").write_text(vrt(tif(tmp_path / "private.dat", SECRET)))
    with pytest.raises((ParameterError, RasterReadError)), file:
        file.read(PixelWindow(0, 0, 4, 4), np.empty((1, 4, 4), np.float32))


def test_a_chip_of_a_folder_is_a_geotiff(tmp_path, server):
    private = tif(tmp_path / "private.tif", SECRET)
    chip = Chip("chip.tif", (0, 0), PixelWindow(0, 0, 64, 64))
    patcher = SpatialPatcher(SpatialRectangular((64, 64)), SpatialRegularStride(64))
    manifest = ChipManifest(RasterDomain((64, 64)), chip.window, patcher, (ChipBand(),), (chip,))
    chips = ChipRaster(str(tmp_path), manifest)
    for text in (vrt(private), vrt(f"/vsicurl/{server.url}/a.tif", full=False), wms(server.url)):
        (tmp_path / "chip.tif").write_text(text)
        with pytest.raises(RasterReadError, match="chip.tif"):
            chips.read_chip(chip)
    (tmp_path / "chip.tif").unlink()
    tif(tmp_path / "chip.tif", 3)
    (tmp_path / "chip.tif.msk").write_text(vrt(f"/vsicurl/{server.url}/a.tif", full=False))
    (tmp_path / "chip.tif.ovr").write_text(vrt(private, 32))
    assert (chips.read_chip(chip) == 3).all()
    assert not server.asked


@pytest.mark.parametrize("before", ["", "x", " " * 1000, "<!-- a -->"])
@pytest.mark.parametrize("beside", [".ovr", ".msk"])
def test_a_text_beside_a_raster_is_refused(tmp_path, server, beside, before):
    path = tif(tmp_path / "a.tif")
    (tmp_path / f"a.tif{beside}").write_text(before + vrt(f"/vsicurl/{server.url}/internal.tif", full=False))
    with pytest.raises(RasterReadError, match=f"a.tif{beside} beside it is a .*, which names other files"):
        RasterFile(path)
    assert not server.asked


def test_overviews_that_a_tag_names_elsewhere_are_refused(tmp_path):
    private = tif(tmp_path / "private.tif", SECRET, 32)
    named = tif(tmp_path / "a.tif", OVERVIEW_FILE=private)
    beside = tif(tmp_path / "b.tif")
    (tmp_path / "b.tif.aux.xml").write_text(
        f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{private}</MDI></Metadata></PAMDataset>'
    )
    for path in (named, beside):
        for overview in (None, 0):
            with pytest.raises(RasterReadError, match="for its overviews, which is another file"):
                RasterFile(path, overview=overview)
    with pytest.raises(RasterReadError, match="for its overviews"):
        RasterFile(named, drivers=SCENES)
    assert RasterFile(beside, drivers=CHIPS).overviews == ()  # what lies beside does not count


def test_overviews_and_masks_as_gdal_writes_them_are_used(tmp_path):
    path = tif(tmp_path / "a.tif")
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(path, "r+") as file:
        file.build_overviews([2])
    assert (tmp_path / "a.tif.ovr").exists() and RasterFile(path).overviews == (2,)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as file:
        file.write_mask(np.zeros((64, 64), bool))
    out = np.empty((1, 4, 4), np.float32)
    with RasterFile(path) as file:
        file.read(PixelWindow(0, 0, 4, 4), out)
    assert (tmp_path / "a.tif.msk").exists() and np.isnan(out).all()


def test_an_asset_that_is_a_description_is_not_followed(tmp_path, server):
    private = tif(tmp_path / "private.tif", SECRET)
    texts = {
        "/vrt.tif": vrt(f"/vsicurl/{server.url}/internal.tif", full=False),
        "/file.tif": vrt(private),
        "/wms.tif": wms(server.url),
        "/wmts.tif": wmts(server.url),
    }
    server.answers.update({path: text.encode() for path, text in texts.items()})
    fair = tif(tmp_path / "fair.tif")
    server.answers["/fair.tif"] = open(fair, "rb").read()
    domain, network = RasterFile(fair).domain, Network(first_wait=0.01)
    for path in texts:
        server.asked.clear()
        band = RemoteBand(
            RemoteAsset(server.url + path, "item", "B04"), domain, lambda href, fresh: href, network, None
        )
        with pytest.raises(RasterReadError, match="B04 of item could not be read .* no GeoTIFF or JPEG 2000"):
            band.read(PixelWindow(0, 0, 8, 8), np.empty((8, 8), np.float32))
        assert {asked.path for asked in server.asked} == {path}
    server.asked.clear()
    band = RemoteBand(
        RemoteAsset(f"{server.url}/fair.tif", "item", "B04"), domain, lambda href, fresh: href, network, None
    )
    out = np.empty((8, 8), np.float32)
    band.read(PixelWindow(0, 0, 8, 8), out)
    band.close()
    assert (out == 1).all()
    assert {asked.path for asked in server.asked} == {"/fair.tif"}  # and nothing that might lie beside it


@pytest.mark.parametrize(
    ("path", "drivers"),
    [
        ("a.tif", ("GTiff", "LIBERTIFF")),
        ("/vsicurl/https://h.org/a.TIF?x=a.vrt", ("GTiff", "LIBERTIFF")),
        ("WMS:http://h.org", ()),
        ("<GDAL_WMS/>", ()),
        ("PG:host=h", ()),
        ('NETCDF:"a.nc":b', ()),
    ],
)
def test_names_say_what_may_open_them(path, drivers):
    assert allowed(path) == drivers


def test_endings_claim_drivers():
    assert "VRT" in allowed("a.vrt") and "WMS" not in allowed("a.vrt") and {"WMS", "VRT"} <= set(allowed("a.xml"))
    assert "VRT" not in allowed("C:\\a.img") and "HFA" in allowed("C:\\a.img")
    assert not {"VRT", "WMS", "STACIT", "MRF"} & set(allowed("a.dat"))


def test_what_a_text_is_is_told_by_its_beginning(tmp_path):
    path = tmp_path / "a"
    for text, kind in (
        (vrt("x"), "VRT"),
        (wms("x"), "WMS description"),
        ("\ufeff \n" + wmts("x"), "WMTS description"),
        ("II*\0", ""),
    ):
        path.write_text(text, encoding="utf-8")
        assert described(str(path)) == kind
    assert described(str(tmp_path / "nowhere")) == "" and described("a\0b") == ""
