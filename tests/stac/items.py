"""Items and collections in the shape of Planetary Computer's, Earth Search's and CDSE's Sentinel-2 L2A.

``item(scene)`` gives a STAC item (a dict) by the scene's style, ``files(scene)`` the path of every asset with a file.
What an item says is true: footprint (WGS84, cut as the data are), shapes, transforms, cloud cover. As in the genuine
items, an asset ``visual`` also claims the bands B04, B03, B02, and hrefs of metadata lead nowhere here (404).
"""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

from .scenes import GSD, Scene

#: Where the hrefs of each style begin; ``files.py`` puts its own addresses in their place.
STORES = {
    "pc": "http://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/",
    "earth-search": "http://sentinel-cogs.invalid/",
    "cdse": "http://eodata.invalid/",
}
#: The collection of each style in the database; its own endpoint calls it ``sentinel-2-l2a``.
COLLECTIONS = {"pc": "sentinel-2-l2a", "earth-search": "earth-search_sentinel-2-l2a", "cdse": "cdse_sentinel-2-l2a"}
#: Band: common name, what it is, centre and width in micrometres, Earth Search's asset.
SPECTRUM = {
    "B01": ("coastal", "Coastal aerosol", 0.443, 0.027, "coastal"),
    "B02": ("blue", "Blue", 0.49, 0.098, "blue"),
    "B03": ("green", "Green", 0.56, 0.045, "green"),
    "B04": ("red", "Red", 0.665, 0.038, "red"),
    "B05": ("rededge", "Vegetation red edge 1", 0.704, 0.019, "rededge1"),
    "B06": ("rededge", "Vegetation red edge 2", 0.74, 0.018, "rededge2"),
    "B07": ("rededge", "Vegetation red edge 3", 0.783, 0.028, "rededge3"),
    "B08": ("nir", "NIR", 0.842, 0.145, "nir"),
    "B8A": ("rededge", "Vegetation red edge 4", 0.865, 0.033, "nir08"),
    "B09": (None, "Water vapor", 0.945, 0.026, "nir09"),
    "B11": ("swir16", "SWIR (1.6)", 1.61, 0.143, "swir16"),
    "B12": ("swir22", "SWIR (2.2)", 2.19, 0.242, "swir22"),
}
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
EO = "https://stac-extensions.github.io/eo/v1.0.0/schema.json"
SAT = "https://stac-extensions.github.io/sat/v1.0.0/schema.json"
PROJ = "https://stac-extensions.github.io/projection/v1.0.0/schema.json"
RASTER = "https://stac-extensions.github.io/raster/v1.0.0/schema.json"


def made(scene: Scene) -> datetime:
    """When the product was made: differs between two products of one acquisition."""
    return scene.when + timedelta(hours=6, seconds=zlib.crc32(scene.name.encode()) % 7200)


def item_id(scene: Scene) -> str:
    """The item's id, in the manner of its style."""
    tile, start = scene.tile.name, f"{scene.when:%Y%m%dT%H%M%S}"
    if scene.style == "earth-search":
        return f"S2{scene.platform}_{tile}_{scene.when:%Y%m%d}_0_L2A"
    if scene.style == "cdse":
        return product(scene)
    return f"S2{scene.platform}_MSIL2A_{start}_R{scene.orbit:03d}_T{tile}_{made(scene):%Y%m%dT%H%M%S}"


def product(scene: Scene) -> str:
    """The name of the product, without ``.SAFE``."""
    version = scene.baseline.replace(".", "")
    start, end = f"{scene.when:%Y%m%dT%H%M%S}", f"{made(scene):%Y%m%dT%H%M%S}"
    return f"S2{scene.platform}_MSIL2A_{start}_N{version}_R{scene.orbit:03d}_T{scene.tile.name}_{end}"


def path(scene: Scene, band: str, gsd: int | None = None) -> str:
    """The path of a band's file below the store."""
    gsd = gsd or GSD[band]
    zone, row, square = scene.tile.name[:-3], scene.tile.name[-3], scene.tile.name[-2:]
    if scene.style == "earth-search":
        return f"{zone}/{row}/{square}/{scene.when.year}/{scene.when.month}/{item_id(scene)}/{band}.tif"
    image = f"R{gsd}m/T{scene.tile.name}_{scene.when:%Y%m%dT%H%M%S}_{band}_{gsd}m.tif"
    granule = f"{product(scene)}.SAFE/GRANULE/L2A_T{scene.tile.name}_A{absolute_orbit(scene)}/IMG_DATA"
    if scene.style == "cdse":
        return f"Sentinel-2/MSI/L2A/{scene.when:%Y/%m/%d}/{granule}/{image}"
    return f"{zone}/{row}/{square}/{scene.when:%Y/%m/%d}/{granule}/{image}"


def files(scene: Scene) -> dict[str, tuple[str, int]]:
    """``{path below the store: (band, pixel size in metres)}`` of every asset with a file."""
    pairs = [(band, gsd) for band in GSD for gsd in sizes(scene, band)]
    return {path(scene, band, gsd): (band, gsd) for band, gsd in pairs}


def sizes(scene: Scene, band: str) -> list[int]:
    """The pixel sizes in which a band comes: CDSE has coarser copies as well."""
    coarser = [gsd for gsd in (20, 60) if gsd > GSD[band] and band != "B08"] if scene.style == "cdse" else []
    return [GSD[band], *coarser]


def absolute_orbit(scene: Scene) -> str:
    """Six digits, equal for all tiles of one pass."""
    return f"{scene.day.toordinal() % 40000 + scene.orbit:06d}"


def datatake(scene: Scene) -> str:
    """The id of the datatake: start time, orbit, baseline."""
    return f"GS2{scene.platform}_{scene.when:%Y%m%dT%H%M%S}_{absolute_orbit(scene)}_N{scene.baseline}"


def footprint(scene: Scene) -> dict:
    """The covered part of the tile in WGS84, its edges in 32 pieces: they are straight in UTM, not in degrees."""
    from rasterio.warp import transform

    corners = scene.corners()
    ring = []
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]]):
        ring += [(x0 + (x1 - x0) * k / 32, y0 + (y1 - y0) * k / 32) for k in range(32)]
    lon, lat = transform(f"EPSG:{scene.tile.epsg}", "EPSG:4326", *zip(*ring))
    points = [[round(x, 8), round(y, 8)] for x, y in zip(lon, lat)]
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


def item(scene: Scene) -> dict:
    """The scene's STAC item."""
    from .other_items import cdse_parts, earth_search_parts

    properties, assets, extensions = {"pc": pc_parts, "earth-search": earth_search_parts, "cdse": cdse_parts}[
        scene.style
    ](scene)
    shape = footprint(scene)
    lon, lat = zip(*shape["coordinates"][0])
    return {
        "type": "Feature",
        "stac_version": "1.1.0" if scene.style == "cdse" else "1.0.0",
        "stac_extensions": extensions,
        "id": item_id(scene),
        "collection": COLLECTIONS[scene.style],
        "geometry": shape,
        "bbox": [min(lon), min(lat), max(lon), max(lat)],
        "properties": properties,
        "links": [],
        "assets": assets,
    }


def placed(scene: Scene, gsd: int) -> dict:
    """The projection fields of an asset."""
    xmin, ymin, xmax, ymax = scene.tile.bounds
    size = scene.tile.grid(gsd).width
    return {
        "proj:bbox": [float(xmin), float(ymin), float(xmax), float(ymax)],
        "proj:shape": [size, size],
        "proj:transform": [float(gsd), 0.0, float(xmin), 0.0, -float(gsd), float(ymax)],
    }


def empty_share(scene: Scene) -> float:
    """Percentage of the tile without data."""
    corners = scene.corners()
    doubled = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]]))
    return round(100 * (1 - abs(doubled) / 2 / (scene.tile.size * 10) ** 2), 6)


def sentinel_properties(scene: Scene) -> dict:
    """The ``s2:`` properties that both Planetary Computer and Earth Search give."""
    return {
        "datetime": f"{scene.when:%Y-%m-%dT%H:%M:%S}.024000Z",
        "instruments": ["msi"],
        "eo:cloud_cover": scene.cloud,
        "proj:epsg": scene.tile.epsg,
        "s2:datatake_id": datatake(scene),
        "s2:datatake_type": "INS-NOBS",
        "s2:product_uri": f"{product(scene)}.SAFE",
        "s2:product_type": "S2MSI2A",
        "s2:processing_baseline": scene.baseline,
        "s2:nodata_pixel_percentage": empty_share(scene),
        "s2:generation_time": f"{made(scene):%Y-%m-%dT%H:%M:%S}.000000Z",
    }


def pc_parts(scene: Scene) -> tuple[dict, dict, list[str]]:
    """Properties, assets and extensions as Planetary Computer gives them."""
    properties = {
        **sentinel_properties(scene),
        "platform": f"Sentinel-2{scene.platform}",
        "constellation": "Sentinel 2",
        "s2:mgrs_tile": scene.tile.name,
        "sat:orbit_state": "descending",
        "sat:relative_orbit": scene.orbit,
    }
    assets = {name: pc_asset(scene, name, GSD.get(name, 10)) for name in ("AOT", *GSD, "WVP", "visual")}
    safe = f"{STORES['pc']}{path(scene, 'B02').split('/GRANULE')[0]}"
    assets["product-metadata"] = {"href": f"{safe}/MTD_MSIL2A.xml", "type": "application/xml", "roles": ["metadata"]}
    return properties, assets, [EO, SAT, PROJ]


def pc_asset(scene: Scene, name: str, gsd: int) -> dict:
    """One image asset of Planetary Computer."""
    number = name.lstrip("B0") or "0"
    bands = ["B04", "B03", "B02"] if name == "visual" else [name] if name in SPECTRUM else []
    asset = {
        "href": STORES["pc"] + path(scene, {"visual": "TCI"}.get(name, name), gsd),
        **placed(scene, gsd),
        "gsd": float(gsd),
        "type": COG,
        "roles": ["data"],
        "title": f"Band {number} - {SPECTRUM[name][1]} - {gsd}m" if name in SPECTRUM else name,
    }
    if bands:
        asset["eo:bands"] = [eo_band(band, band, f"Band {band.lstrip('B0')} - {SPECTRUM[band][1]}") for band in bands]
    return asset


def eo_band(band: str, name: str, description: str) -> dict:
    """An entry of ``eo:bands``."""
    common, _, centre, width, _ = SPECTRUM[band]
    entry = {"name": name, "common_name": common, "description": description}
    entry.update(center_wavelength=centre, full_width_half_max=width)
    return {key: value for key, value in entry.items() if value is not None}


def collection(style: str) -> dict:
    """The collection of a style."""
    return {
        "type": "Collection",
        "stac_version": "1.0.0",
        "id": COLLECTIONS[style],
        "title": "Sentinel-2 Level-2A",
        "description": "Made for tests.",
        "license": "proprietary",
        "extent": {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [["2015-06-27T10:25:31Z", None]]},
        },
        "links": [],
        "summaries": {"gsd": [10, 20, 60]},
    }
