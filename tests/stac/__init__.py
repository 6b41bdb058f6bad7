"""A small world for the tests of the Sentinel-2 loader: a STAC API, a store of COGs, a token service, and their faults.

Ask for the fixtures ``stac_world`` (one per session, about ten seconds) and ``stac`` (the same world with faults,
counters and tokens as new; the one that tests normally use). Everything is on loopback; one HTTP server
(``files.py``) answers for all of it, in front of a genuine stac-fastapi-pgstac (``server.py``):

    stac.endpoint       /api/stac/v1       Planetary Computer's shape; hrefs on loopback that need a token:
                                           http://127.0.0.1:PORT/signed/sentinel2-l2/..., 403 without ?se=...&sig=...
    stac.blob_endpoint  /blob/stac/v1      the same items, hrefs http://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/...
                                           for the genuine `planetary_computer`; reached with stac.proxy as HTTP proxy
    stac.open_endpoint  /open/stac/v1      the same items, hrefs that need no token
    stac.earth_search   /earth-search/v1   assets blue, red, nir, scl with eo:bands, raster:bands and
                                           earthsearch:boa_offset_applied; no token
    stac.cdse           /cdse/v1           assets B02_10m ... SCL_20m with bands, raster:offset; no token

The collection is ``sentinel-2-l2a`` at each of them. ``stac.sas_url`` is the token service (PC_SDK_SAS_URL);
``stac.sign(href)`` signs a loopback href, asking that service. The server is also a plain HTTP proxy (``stac.proxy``):
requests for ``http://*.blob.core.windows.net/...`` end at the signed store, and are logged with ``proxied``.

Facts about `planetary_computer` 1.0 that a loader has to know:

- ``sign`` changes only hrefs whose host ends in ``.blob.core.windows.net`` (no port), and leaves those that already
  have ``st``, ``se`` or ``sp`` in the query: to sign again, keep the unsigned href.
- ``get_token`` keeps tokens in ``planetary_computer.sas.TOKEN_CACHE`` (key ``{sas_url}/{account}/{container}``) until
  less than 60 s are left: after a 403 the entry has to go, or the same token comes back.
- it asks without a time-out and retries 10 times with back-off (minutes) on 429 and 5xx.
- ``Settings.get()`` is cached for the process: the fixture ``stac`` sets ``sas_url`` there and empties TOKEN_CACHE.

And about rasterio 1.3: ``open`` holds Python's lock while GDAL looks for sidecar files over HTTP, unless
``GDAL_DISABLE_READDIR_ON_OPEN=EMPTY_DIR``. (The world runs in a process of its own, or that would be a deadlock.)

Pixels are known everywhere (``scenes.py``): ``scene.dn(band, x, y)`` is what the file holds at a pixel centre in the
tile's CRS, ``reflectance(band, x, y, day)`` what it stands for (times 10000, before the offset). The files have no
nodata value of their own (as Planetary Computer's): 0 is nodata by definition. Tiles of one zone share the function, so
a mosaic of one day has no seam.
"""
