"""Items in the shape of Earth Search's and of CDSE's: other asset names, and the offset said in other places.

Earth Search gives ``raster:bands`` with ``offset`` -0.1 from baseline 04.00 on, whether or not the offset is taken off
the numbers already; that it is is said by ``earthsearch:boa_offset_applied``. It gives no ``sat:relative_orbit``.
CDSE gives ``raster:offset`` with the asset, and several sizes of a band.
"""

from __future__ import annotations

from datetime import timedelta

from .items import (
    COG,
    EO,
    PROJ,
    RASTER,
    SPECTRUM,
    STORES,
    absolute_orbit,
    datatake,
    empty_share,
    eo_band,
    path,
    placed,
    sentinel_properties,
    sizes,
)
from .scenes import GSD, Scene


def stated_offset(scene: Scene) -> float:
    """The offset in reflectance that metadata give for this baseline."""
    return -0.1 if scene.baseline >= "04.00" else 0.0


def earth_search_parts(scene: Scene) -> tuple[dict, dict, list[str]]:
    """Properties, assets and extensions of Earth Search v1."""
    zone, row, square = scene.tile.name[:-3], scene.tile.name[-3], scene.tile.name[-2:]
    properties = {
        **sentinel_properties(scene),
        "platform": f"sentinel-2{scene.platform.lower()}",
        "constellation": "sentinel-2",
        "mgrs:utm_zone": int(zone),
        "mgrs:latitude_band": row,
        "mgrs:grid_square": square,
        "grid:code": f"MGRS-{scene.tile.name}",
        "s2:sequence": "0",
        "earthsearch:boa_offset_applied": scene.baseline >= "04.00" and scene.added == 0,
    }
    # Each granule has its own time here, not that of the datatake.
    granule = scene.when + timedelta(seconds=sum(map(ord, scene.tile.name)) % 50)
    properties["datetime"] = f"{granule:%Y-%m-%dT%H:%M:%S}.024000Z"
    assets = {earth_search_name(band): earth_search_asset(scene, band) for band in GSD}
    assets["visual"] = {
        "href": STORES["earth-search"] + path(scene, "TCI", 10),
        "type": COG,
        "title": "True color image",
        "eo:bands": [eo_band(band, SPECTRUM[band][4], SPECTRUM[band][1]) for band in ("B04", "B03", "B02")],
        **placed(scene, 10),
        "roles": ["visual"],
    }
    # Each image is there once more as JPEG 2000, in a store that wants to be paid.
    for name in list(assets):
        jp2 = f"s3://sentinel-s2-l2a/tiles/{zone}/{row}/{square}/{name}.jp2"
        assets[f"{name}-jp2"] = {**assets[name], "href": jp2, "type": "image/jp2"}
    return properties, assets, [EO, PROJ, RASTER]


def earth_search_name(band: str) -> str:
    """The asset of a band."""
    return SPECTRUM[band][4] if band in SPECTRUM else band.lower()


def earth_search_asset(scene: Scene, band: str) -> dict:
    """One image asset of Earth Search."""
    gsd, name = GSD[band], earth_search_name(band)
    asset = {"href": STORES["earth-search"] + path(scene, band), "type": COG, "title": f"{name} - {gsd}m", "gsd": gsd}
    asset.update(placed(scene, gsd), roles=["data", "reflectance"])
    numbers = {"nodata": 0, "data_type": "uint8" if band == "SCL" else "uint16", "spatial_resolution": gsd}
    if band in SPECTRUM:
        asset["eo:bands"] = [eo_band(band, name, f"{SPECTRUM[band][1]} (band {band.lstrip('B0')})")]
        numbers.update(bits_per_sample=15, scale=0.0001, offset=stated_offset(scene))
    asset["raster:bands"] = [numbers]
    return asset


def cdse_parts(scene: Scene) -> tuple[dict, dict, list[str]]:
    """Properties, assets and extensions of CDSE (STAC 1.1)."""
    properties = {
        "datetime": f"{scene.when:%Y-%m-%dT%H:%M:%S}.024000Z",
        "platform": f"sentinel-2{scene.platform.lower()}",
        "constellation": "sentinel-2",
        "instruments": ["msi"],
        "gsd": 10,
        "eo:cloud_cover": scene.cloud,
        "grid:code": f"MGRS-{scene.tile.name}",
        "proj:code": f"EPSG:{scene.tile.epsg}",
        "product:type": "S2MSI2A",
        "processing:level": "L2",
        "processing:version": scene.baseline,
        "sat:orbit_state": "descending",
        "sat:absolute_orbit": int(absolute_orbit(scene)),
        "sat:relative_orbit": scene.orbit,
        "eopf:datatake_id": datatake(scene),
        "statistics": {"nodata": empty_share(scene)},
    }
    assets = {f"{band}_{gsd}m": cdse_asset(scene, band, gsd) for band in GSD for gsd in sizes(scene, band)}
    extensions = [
        "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
        "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
        "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
        "https://stac-extensions.github.io/grid/v1.1.0/schema.json",
    ]
    return properties, assets, extensions


def cdse_asset(scene: Scene, band: str, gsd: int) -> dict:
    """One image asset of CDSE."""
    asset = {
        "href": STORES["cdse"] + path(scene, band, gsd),
        "type": COG,
        "title": f"{band} - {gsd}m",
        "gsd": gsd,
        "roles": ["data", "sampling:original" if gsd == GSD[band] else "sampling:downsampled", f"gsd:{gsd}m"],
        "data_type": "uint8" if band == "SCL" else "uint16",
        "nodata": 0,
        "proj:code": f"EPSG:{scene.tile.epsg}",
        **placed(scene, gsd),
    }
    if band in SPECTRUM:
        common, description, centre, width, _ = SPECTRUM[band]
        entry = {
            "name": band,
            "description": description,
            "eo:center_wavelength": centre,
            "eo:full_width_half_max": width,
        }
        asset["bands"] = [{**entry, "eo:common_name": common} if common else entry]
        asset.update({"raster:scale": 0.0001, "raster:offset": stated_offset(scene)})
    return asset
