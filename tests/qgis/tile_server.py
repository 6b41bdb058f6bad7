"""Map servers on the loopback interface, with the least that QGIS needs: XYZ tiles, WMS 1.1.1 and WCS 1.0.0.

All show one picture, given by code: pixel (row, col) of the plane counted from the upper-left corner. A server counts
what it is asked for, and fails when told to.
"""

import json
import re
import threading
import time
import uuid
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import rasterio
from rasterio.io import MemoryFile
from rasterio.transform import from_bounds

from ..loopback import Handler, running

HALF = 20037508.342789244  # half the side of the square that web tiles cover
TILE = 256


def colours(rows, cols):
    """Red, green, blue and alpha ``(4, rows, cols)`` of pixels counted from the corner."""
    row, col = np.meshgrid(rows, cols, indexing="ij")
    alpha = np.where((row // 16 + col // 16) % 7 == 0, 0, 255)
    return np.stack([row % 251, col % 241, (row // 7 + col // 5) % 239, alpha]).astype(np.uint8)


def numbers(rows, cols):
    """Two bands of float32, -9999 here and there."""
    row, col = np.meshgrid(rows, cols, indexing="ij")
    values = np.stack([row * 1000.0 + col, np.sin(row / 9) * col]).astype(np.float32)
    values[:, (row + col) % 13 == 0] = -9999
    return values


def encoded(array, driver, **profile):
    """The array as a file in memory."""
    with MemoryFile() as memory:
        bands, height, width = array.shape
        size = dict(count=bands, height=height, width=width, dtype=array.dtype)
        with memory.open(driver=driver, **size, **profile) as dataset:
            dataset.write(array)
        return memory.read()


class MapServer(ThreadingHTTPServer):
    """``answer(path, query)`` gives ``(status, content type, bytes)``; ``asked`` is the list of ``(path, query)``.

    ``fails`` is a callable of ``(path, query, times asked for it)`` that gives an answer instead, or None.
    """

    daemon_threads = True

    def __init__(self, answer, fails=lambda path, query, times: None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.fails, self.asked, self.lock = answer, fails, [], threading.Lock()
        # QGIS keeps tiles by their address, also from run to run, and the system gives ports a second time.
        self.place = f"/{uuid.uuid4().hex}"
        self.url = f"http://127.0.0.1:{self.server_port}{self.place}"

    def handle_error(self, request, client_address):
        """Print nothing where a client has closed the connection."""


class _Handler(Handler):
    def do_GET(self):
        parts = urlsplit(self.path.replace(self.server.place, "", 1))
        query = {key.upper(): value for key, value in parse_qsl(parts.query)}
        with self.server.lock:
            self.server.asked.append((parts.path, query))
            times = self.server.asked.count((parts.path, query))
        answer = self.server.fails(parts.path, query, times) or self.server.answer(parts.path, query)
        status, kind, body = answer
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="maps"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serving(answer, fails=lambda path, query, times: None):
    """A running server."""
    return running(MapServer(answer, fails))


def tile(path, query):
    """``/z/x/y.png``."""
    _, x, y = (int(number) for number in re.findall(r"\d+", path))
    pixels = colours(np.arange(y * TILE, (y + 1) * TILE), np.arange(x * TILE, (x + 1) * TILE))
    return 200, "image/png", encoded(pixels, "PNG")


def late(seconds):
    """A ``fails`` that delays answers."""

    def fails(path, query, times):
        time.sleep(seconds)

    return fails


def wms(bounds, resolution, most=2048):
    """A WMS whose layer "plane" covers ``bounds`` (EPSG:32633) and refuses images above ``most`` pixels a side."""
    xmin, ymin, xmax, ymax = bounds
    text = f"""<?xml version="1.0"?>
<WMT_MS_Capabilities version="1.1.1"><Service><Name>OGC:WMS</Name><Title>t</Title></Service><Capability><Request>
<GetCapabilities><Format>application/vnd.ogc.wms_xml</Format></GetCapabilities>
<GetMap><Format>image/png</Format></GetMap></Request><Layer><Title>all</Title><SRS>EPSG:32633</SRS>
<LatLonBoundingBox minx="14" miny="44" maxx="16" maxy="46"/><Layer><Name>plane</Name><Title>plane</Title>
<SRS>EPSG:32633</SRS><BoundingBox SRS="EPSG:32633" minx="{xmin}" miny="{ymin}" maxx="{xmax}" maxy="{ymax}"/>
<LatLonBoundingBox minx="14" miny="44" maxx="16" maxy="46"/></Layer></Layer></Capability></WMT_MS_Capabilities>"""

    def answer(path, query):
        if query["REQUEST"] == "GetCapabilities":
            return 200, "text/xml", text.encode()
        width, height = int(query["WIDTH"]), int(query["HEIGHT"])
        if max(width, height) > most:
            return 200, "text/xml", exception("image too large").encode()
        left, _, right, top = (float(number) for number in query["BBOX"].split(","))
        assert abs((right - left) / width - resolution) < 1e-6 * resolution
        row, col = round((ymax - top) / resolution), round((left - xmin) / resolution)
        pixels = colours(np.arange(row, row + height), np.arange(col, col + width))
        return 200, "image/png", encoded(pixels, "PNG")

    return answer


def exception(text):
    """The document that a WMS sends instead of an image."""
    report = f"<ServiceException>{text}</ServiceException>"
    return f'<ServiceExceptionReport version="1.1.1">{report}</ServiceExceptionReport>'


def wcs(array, bounds, nodata=-9999):
    """A WCS 1.0.0 with one coverage "plane" of the array's bands over ``bounds`` (EPSG:32633)."""
    bands, rows, cols = array.shape
    xmin, ymin, xmax, ymax = bounds
    envelope = "<gml:pos>14 44</gml:pos><gml:pos>16 46</gml:pos>"
    spaces = 'xmlns="http://www.opengis.net/wcs" xmlns:gml="http://www.opengis.net/gml" version="1.0.0"'
    brief = f"<name>plane</name><label>plane</label><lonLatEnvelope srsName='WGS84(DD)'>{envelope}</lonLatEnvelope>"
    capabilities = f"""<?xml version="1.0"?><WCS_Capabilities {spaces}><Service><name>w</name><label>w</label></Service>
<Capability><Request/></Capability><ContentMetadata><CoverageOfferingBrief>{brief}</CoverageOfferingBrief>
</ContentMetadata></WCS_Capabilities>"""
    described = f"""<?xml version="1.0"?><CoverageDescription {spaces}><CoverageOffering>{brief}
<domainSet><spatialDomain>
<gml:Envelope srsName="EPSG:32633"><gml:pos>{xmin} {ymin}</gml:pos><gml:pos>{xmax} {ymax}</gml:pos></gml:Envelope>
<gml:RectifiedGrid dimension="2"><gml:limits><gml:GridEnvelope><gml:low>0 0</gml:low><gml:high>{cols - 1} {rows - 1}
</gml:high></gml:GridEnvelope></gml:limits><gml:axisName>x</gml:axisName><gml:axisName>y</gml:axisName><gml:origin>
<gml:pos>{xmin} {ymax}</gml:pos></gml:origin><gml:offsetVector>{(xmax - xmin) / cols} 0</gml:offsetVector>
<gml:offsetVector>0 {(ymin - ymax) / rows}</gml:offsetVector></gml:RectifiedGrid></spatialDomain></domainSet>
<rangeSet><RangeSet><name>r</name><label>r</label><axisDescription><AxisDescription><name>bands</name><label>bands</label><values>
<interval><min>1</min><max>{bands}</max></interval></values></AxisDescription></axisDescription><nullValues>
<singleValue>{nodata}</singleValue></nullValues></RangeSet></rangeSet><supportedCRSs><requestResponseCRSs>EPSG:32633
</requestResponseCRSs><nativeCRSs>EPSG:32633</nativeCRSs></supportedCRSs><supportedFormats><formats>GTiff</formats>
</supportedFormats></CoverageOffering></CoverageDescription>"""

    def answer(path, query):
        request = query["REQUEST"]
        if request != "GetCoverage":
            return 200, "text/xml", (capabilities if request == "GetCapabilities" else described).encode()
        width, height = int(query["WIDTH"]), int(query["HEIGHT"])
        left, bottom, right, top = (float(number) for number in query["BBOX"].split(","))
        row_at = top - (np.arange(height) + 0.5) * (top - bottom) / height
        row = np.clip(np.floor((ymax - row_at) / (ymax - ymin) * rows), 0, rows - 1).astype(int)
        col_at = left + (np.arange(width) + 0.5) * (right - left) / width
        col = np.clip(np.floor((col_at - xmin) / (xmax - xmin) * cols), 0, cols - 1).astype(int)
        place = from_bounds(left, bottom, right, top, width, height)
        part = np.ascontiguousarray(array[:, row][:, :, col])
        crs = rasterio.crs.CRS.from_epsg(32633)
        return 200, "image/tiff", encoded(part, "GTiff", transform=place, crs=crs, nodata=nodata)

    return answer


def arcgis(bounds, resolution, tiled=False):
    """An ArcGIS map service that covers ``bounds`` (EPSG:32633), drawn at will or as tiles of three resolutions."""
    xmin, ymin, xmax, ymax = bounds
    place = {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax, "spatialReference": {"wkid": 32633}}
    service = {
        "currentVersion": 10.81,
        "mapName": "plane",
        "layers": [{"id": 0, "name": "plane"}],
        "fullExtent": place,
        "initialExtent": place,
        "spatialReference": {"wkid": 32633},
        "supportedImageFormatTypes": "PNG32,PNG",
        "capabilities": "Map",
        "singleFusedMapCache": tiled,
    }
    if tiled:
        levels = [{"level": k, "resolution": resolution * 2 ** (2 - k), "scale": 1e5 / 2**k} for k in range(3)]
        service["tileInfo"] = {
            "rows": TILE,
            "cols": TILE,
            "dpi": 96,
            "format": "PNG32",
            "origin": {"x": xmin, "y": ymax},
            "spatialReference": {"wkid": 32633},
            "lods": levels,
        }

    def answer(path, query):
        if path.endswith("/export"):
            width, height = (int(number) for number in query["SIZE"].split(","))
            left, bottom, right, top = (float(number) for number in query["BBOX"].split(","))
            assert abs((right - left) / width - resolution) < 1e-6 * resolution
            row, col = round((ymax - top) / resolution), round((left - xmin) / resolution)
        elif "/tile/" in path:
            level, y, x = (int(number) for number in re.findall(r"\d+", path.split("/tile/")[1]))
            assert level == 2, "only the finest level is asked for"
            row, col, width, height = y * TILE, x * TILE, TILE, TILE
        else:
            layer = {"id": 0, "name": "plane", "type": "Raster Layer", "extent": place}
            return 200, "application/json", json.dumps(layer if path.endswith("/0") else service).encode()
        return 200, "image/png", encoded(colours(np.arange(row, row + height), np.arange(col, col + width)), "PNG")

    return answer
