# ruff: noqa: E501 - a form and what is kept of it stand side by side
"""No secret survives in a form that GDAL, QGIS, databases and clouds document, and nothing else is changed."""

from __future__ import annotations

import json
import logging
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import GeoTiffSink, SpatialPatcher, SpatialRectangular, SpatialRegularStride, ValueType
from patchwise.core.base.config import tags
from patchwise.core.base.errors import ParameterError, PatchwiseError, RasterReadError, RasterWriteError, StacError
from patchwise.core.base.secrets import cleaned, is_secret_name, without_secrets
from patchwise.core.chip_folder.manifest import ChipManifest
from patchwise.core.gdal.environment import heard
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.records.record import path_record

#: What must not be seen anywhere.
M = "XYZZY"
_SAS = f"sv=2021-06-08&st=2023-01-01&se=2024-01-01&sr=c&sp=rl&sig={M}%2Bab%3D"
_AWS = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={M}%2Fx&X-Amz-Expires=60&X-Amz-Signature={M}&X-Amz-Security-Token={M}"


def enc(text: str, times: int = 1) -> str:
    for _ in range(times):
        text = quote(text, safe="")
    return text


#: Form, and the parts that a reader needs.
FORMS = [
    # /vsicurl/ and its brothers
    (f"/vsicurl/https://me:{M}@host.org/a/b.tif", "/vsicurl/https://host.org/a/b.tif"),
    (f"/vsicurl/https://host.org/b.tif?{_SAS}", "/vsicurl/https://host.org/b.tif"),
    (f"/vsicurl/HTTPS://Me:{M}@Host.org/b.tif?SIG={M}", "HTTPS://Host.org/b.tif"),
    (f"/vsicurl_streaming/https://host.org/b.tif?{_AWS}", "/vsicurl_streaming/https://host.org/b.tif"),
    (
        f"/vsicurl?header.Authorization=Bearer%20{M}&url=https%3A%2F%2Fhost.org%2Fb.tif",
        "url=https%3A%2F%2Fhost.org%2Fb.tif",
    ),
    (f"/vsicurl?header.Authorization=Bearer {M}&url=https://host.org/b.tif", "url=https://host.org/b.tif"),
    (
        f"/vsicurl?use_head=no&max_retry=3&header.X-Api-Key={M}&url={enc(f'https://host.org/b.tif?sig={M}')}",
        "/vsicurl?use_head=no&max_retry=3&url=https%3A%2F%2Fhost.org%2Fb.tif",
    ),
    (f"/vsicurl?cookie=a%3D{M}&proxyuserpwd=me:{M}&url=https%3A%2F%2Fme%3A{M}%40host.org%2Fb.tif", "host.org%2Fb.tif"),
    (f"/vsicurl?url={enc(f'https://host.org/b.tif?token={M}', 2)}", "host.org"),
    (f"/vsicurl_streaming?header.Cookie=a={M}; b={M}&url=https://host.org/b.tif", "host.org/b.tif"),
    (f"/vsizip//vsicurl/https://me:{M}@host.org/a.zip/b.tif", "/vsizip//vsicurl/https://host.org/a.zip/b.tif"),
    (f"/vsizip/{{/vsicurl/https://host.org/a.zip?sig={M}}}/b.tif", "/vsicurl/https://host.org/a.zip"),
    (f"/vsitar//vsigzip//vsicurl/https://host.org/a.tgz?{_SAS}", "https://host.org/a.tgz"),
    (f"/vsisubfile/0_1000,/vsicurl/https://host.org/a.bin?access_token={M}", "https://host.org/a.bin"),
    (f"/vsis3/bucket/key.tif?AWSAccessKeyId={M}&Signature={M}&Expires=1", "/vsis3/bucket/key.tif"),
    (
        f"/vsis3/bucket/key.tif|credential:AWS_SECRET_ACCESS_KEY={M}|credential:AWS_SESSION_TOKEN={M}",
        "/vsis3/bucket/key.tif",
    ),
    (f"/vsis3_streaming/bucket/key.tif?AWS_SECRET_ACCESS_KEY={M}", "/vsis3_streaming/bucket/key.tif"),
    (f"/vsiaz/container/blob.tif?{_SAS}", "/vsiaz/container/blob.tif"),
    (f"/vsiadls/fs/blob.tif?AZURE_STORAGE_SAS_TOKEN={M}", "/vsiadls/fs/blob.tif"),
    (f"/vsigs/bucket/a.tif?GoogleAccessId=x&Signature={M}", "/vsigs/bucket/a.tif"),
    (f"/vsiswift/bucket/a.tif?auth_token={M}", "/vsiswift/bucket/a.tif"),
    (f"/vsihdfs/hdfs://me:{M}@name:9000/a.tif", "name:9000/a.tif"),
    (
        f"/vsiwebhdfs/http://name:50070/webhdfs/v1/a.tif?delegation={M}&user.name={M}",
        "http://name:50070/webhdfs/v1/a.tif",
    ),
    (f"/vsioss/bucket/a.tif?OSS_SECRET_ACCESS_KEY={M}", "/vsioss/bucket/a.tif"),
    # strings of services
    (
        f"WMS:http://host.org/wms?SERVICE=WMS&VERSION=1.3.0&LAYERS=roads&CRS=EPSG:4326&token={M}",
        "WMS:http://host.org/wms?SERVICE=WMS&VERSION=1.3.0&LAYERS=roads&CRS=EPSG:4326",
    ),
    (f"WMS:https://me:{M}@host.org/wms?LAYERS=a", "WMS:https://host.org/wms?LAYERS=a"),
    (
        f"WCS:https://host.org/wcs?version=2.0.1&coverage=dem&apikey={M}",
        "WCS:https://host.org/wcs?version=2.0.1&coverage=dem",
    ),
    (f"WMTS:https://host.org/wmts?api_key={M},layer=a", "WMTS:https://host.org/wmts"),
    (f"WFS:https://host.org/wfs?subscription-key={M}", "WFS:https://host.org/wfs"),
    (f"OAPIF:https://host.org/api?f=json&key={M}", "OAPIF:https://host.org/api"),
    (f'ZARR:"/vsicurl/https://host.org/a.zarr?{_SAS}":/group', "https://host.org/a.zarr"),
    (f'NETCDF:"/vsicurl/https://me:{M}@host.org/a.nc":var', 'https://host.org/a.nc":var'),
    # databases
    (f"PG:host=db.org port=5432 user={M} password={M} dbname=d table=t", "PG:host=db.org port=5432 dbname=d table=t"),
    (f"PG:host=db.org PASSWORD = '{M} two' dbname=d", "dbname=d"),
    (f"PG:host=db.org password='a\\'b {M}' dbname=d", "dbname=d"),
    (f"PG:host=db.org password= {M} user ={M} dbname=d", "dbname=d"),
    (f"PG:dbname='d' host='db.org' user='{M}' password='p@ss:w/ {M}' mode=2", "host='db.org'"),
    (f"PG:host=db.org password=a@b,c;{M}&d dbname=d", "dbname=d"),
    (f"PG:host=db.org password=pa'ss{M} dbname=d", "dbname=d"),
    (f"PG:service=gis passfile=/x sslpassword={M}", "service=gis"),
    (f"PG:postgresql://me:{M}@db.org:5432/d?sslmode=require&password={M}", "db.org:5432/d"),
    (f"postgresql://me:p@{M}@db.org/d", "postgresql://db.org/d"),
    (f"postgres://me:{M}@h1.org:1,h2.org:2/d", "h1.org:1,h2.org:2/d"),
    (f"POSTGRESQL:host=db.org user='{M}' password=\"{M} x\" dbname=d", "dbname=d"),
    (f"OCI:me/{M}@db:TABLE", "@db:TABLE"),
    (f"OCI:me/p@{M}@db.org:1521/x:TABLE", "@db.org:1521/x:TABLE"),
    (f'OCI:me/"{M} p@w"@db', "@db"),
    (f"OCI:me/{M}", "OCI:"),
    (f"GEOR:me/{M}@db,TABLE,COL", "@db,TABLE,COL"),
    (f"georaster:me,{M},db,TABLE", "georaster:"),
    (f"MSSQL:server=db.org;database=d;uid={M};pwd={M} x;tables=t", "MSSQL:server=db.org;database=d;tables=t"),
    (f"MSSQL:server=db.org;User Id={M};Password={{a;b}}}}{M}}};database=d", "database=d"),
    (f"MYSQL:d,host=db.org,user={M},password={M},port=3306,tables=t", "host=db.org,port=3306,tables=t"),
    (f'MySQL:d,user=me,password="{M} x",host=db.org', "host=db.org"),
    (f"MongoDB:mongodb://me:{M}@db.org:27017/d", "db.org:27017/d"),
    (f"MongoDBv3:mongodb+srv://me:{M}@db.org/d?authSource=admin", "db.org/d"),
    (f"MONGODB_URI=mongodb://me:{M}@db.org/d", "db.org/d"),
    (f"COUCHDB:http://me:{M}@db.org:5984/d", "COUCHDB:http://db.org:5984/d"),
    (f"CouchDB:https://me:{M}/with/slash@db.org/d", "https://db.org/d"),
    (f"ES:https://me:{M}@db.org:9200", "db.org:9200"),
    (f"ODBC:me/{M}@dsn,TABLE", "@dsn,TABLE"),
    (f"ODBC:DRIVER={{x}};DBQ=a.mdb;UID={M};PWD={M}", "DBQ=a.mdb"),
    (f"SDE:db.org,inst,base,me,{M},layer", "SDE:db.org,inst,base"),
    (f"HANA:DRIVER=HDBODBC;HOST=db.org;PORT=3;USER={M};PASSWORD={M};SCHEMA=s", "HOST=db.org"),
    # descriptions in XML
    (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>https://host.org/${{z}}/${{x}}.png?key={M}</ServerUrl></Service><UserPwd>me:{M}</UserPwd></GDAL_WMS>',
        "https://host.org/${z}/${x}.png</ServerUrl>",
    ),
    (
        f"<WCS_GDAL><ServiceURL>https://me:{M}@host.org/wcs?token={M}&amp;version=1.0.0</ServiceURL></WCS_GDAL>",
        "https://host.org/wcs?version=1.0.0</ServiceURL>",
    ),
    (
        f"<VRTDataset><SourceFilename>/vsicurl/https://host.org/a.tif?{_SAS.replace('&', '&amp;')}</SourceFilename></VRTDataset>",
        "https://host.org/a.tif</SourceFilename>",
    ),
    (
        f'<OpenOptions><OOI key="USERPWD">me:{M}</OOI><OOI key="NUM_THREADS">4</OOI></OpenOptions>',
        '<OOI key="NUM_THREADS">4</OOI>',
    ),
    (
        f"<GDAL_WMTS><HttpHeaders>Authorization: Bearer {M}</HttpHeaders><Url>https://host.org</Url></GDAL_WMTS>",
        "https://host.org",
    ),
    (f"<GDAL_WMS><Cookie>a={M}; b={M}</Cookie><AccessKey>{M}</AccessKey></GDAL_WMS>", "<GDAL_WMS>"),
    (f'<Server user="{M}" password="{M}" host="db.org"/>', 'host="db.org"'),
    # QGIS
    (
        f"dbname='d' host=db.org port=5432 user='{M}' password='{M}' sslmode=disable authcfg=abc1234 key='tid' table=\"s\".\"t\" (rast)",
        'authcfg=abc1234 key=\'tid\' table="s"."t" (rast)',
    ),
    (f"type=xyz&url=https%3A%2F%2Fhost.org%2F%7Bz%7D%2F%7Bx%7D.png%3Ftoken%3D{M}&zmax=18&zmin=0", "zmax=18&zmin=0"),
    (
        f"type=xyz&url=https://host.org/{{z}}/{{x}}/{{y}}.png?access_token={M}&zmax=18",
        "https://host.org/{z}/{x}/{y}.png",
    ),
    (
        f"crs=EPSG:4326&layers=a&password={M}&username={M}&url=https://host.org/wms",
        "crs=EPSG:4326&layers=a&url=https://host.org/wms",
    ),
    (f"layers=a&styles&url=https://me:{M}@host.org/wms?map=/srv/a.map", "https://host.org/wms?map=/srv/a.map"),
    (f"type=xyz&http-header:Authorization=Bearer%20{M}&url=https://host.org/a", "url=https://host.org/a"),
    (
        f"type=xyz&http-header:referer=https://{M}.org&referer=https://{M}.org/&url=https://host.org/a",
        "url=https://host.org/a",
    ),
    (f"http-header:x-secret={M}&url=https%3A%2F%2Fhost.org%2Fa&type=xyz", "url=https%3A%2F%2Fhost.org%2Fa&type=xyz"),
    (f"/vsicurl/https://host.org/a.gpkg?sig={M}|layername=roads", "https://host.org/a.gpkg|layername=roads"),
    (
        f"/data/a.gpkg|layername=roads|option:USERPWD=me:{M}|option:NUM_THREADS=2",
        "/data/a.gpkg|layername=roads|option:NUM_THREADS=2",
    ),
    (f"/data/a.tif|option:GDAL_HTTP_HEADERS=Authorization: Bearer {M}", "/data/a.tif"),
    # signed addresses
    (f"https://acc.blob.core.windows.net/c/a.tif?{_SAS}", "https://acc.blob.core.windows.net/c/a.tif"),
    (f"https://bucket.s3.amazonaws.com/a.tif?{_AWS}", "https://bucket.s3.amazonaws.com/a.tif"),
    (
        f"https://storage.googleapis.com/b/a.tif?X-Goog-Signature={M}&X-Goog-Credential={M}",
        "https://storage.googleapis.com/b/a.tif",
    ),
    (f"https://host.org/a.tif?{M}", "https://host.org/a.tif"),
    (f"https://host.org/a.tif?sig=ab'{M}", "https://host.org/a.tif"),
    (f"['https://a.org/b?t={M}','https://b.org/c?t={M}']", "'https://b.org/c'"),
    (f"https://host.org/a.tif%3Fsig%3D{M}", "https://host.org/a.tif"),
    (f"https:\\/\\/me:{M}@host.org\\/a?sig={M}", "host.org"),
    (f"https://host.org/a#access_token={M}", "https://host.org/a"),
    (f"https://me:p@{M}@host.org/a.tif", "https://host.org/a.tif"),
    (f"https://me:a:{M}:b@host.org/a.tif", "https://host.org/a.tif"),
    (f"https://me:a/{M}@host.org/a.tif", "https://host.org/a.tif"),
    (f"https://me:a?{M}@host.org/a.tif", "https://host.org/a.tif"),
    (f"https://me:a#{M}@host.org/a.tif", "https://host.org/a.tif"),
    (f"https://me:p%40{M}@[::1]:8080/a.tif", "https://[::1]:8080/a.tif"),
    (enc(f"https://me:{M}@host.org/a.tif?sig={M}"), enc("https://host.org/a.tif")),
    (enc(f"https://me:{M}@host.org/a.tif?sig={M}", 2), enc("https://host.org/a.tif", 2)),
    (f"//me:{M}@host.org/a.tif", "//host.org/a.tif"),
    # options
    (f"GDAL_HTTP_USERPWD=me:{M}", ""),
    (f"COMPRESS=DEFLATE|GDAL_HTTP_USERPWD=me:{M}|PREDICTOR=2", "COMPRESS=DEFLATE|PREDICTOR=2"),
    (f"AZURE_STORAGE_CONNECTION_STRING=DefaultEndpointsProtocol=https;AccountName=a;AccountKey={M}", ""),
    (f"GDAL_HTTP_HEADERS=Authorization: Bearer {M}", ""),
    (f"AWS_SECRET_ACCESS_KEY={M} AWS_REGION=eu-central-1", "AWS_REGION=eu-central-1"),
    (f"GS_OAUTH2_CLIENT_SECRET={M} GS_OAUTH2_REFRESH_TOKEN={M} CPL_DEBUG=ON", "CPL_DEBUG=ON"),
    # messages
    (
        f"'/vsicurl/https://host.org/a.tif?sig={M}' not recognized as a supported file format",
        "'/vsicurl/https://host.org/a.tif' not recognized as a supported file format",
    ),
    (f"HTTP 403 for https://me:{M}@host.org/a.tif?token={M}: denied", "HTTP 403 for https://host.org/a.tif"),
    (f"Max retries exceeded with url: /stac?token={M} (Caused by X)", "with url: /stac (Caused by X)"),
    (f"the request had Authorization: Bearer {M} and failed", "and failed"),
    (f"the request had authorization: Basic bWU6{M}== and failed", "and failed"),
    (f"Ocp-Apim-Subscription-Key: {M}", "Ocp-Apim-Subscription-Key"),
    (f"Cookie: session={M}; other={M}", "Cookie"),
    (f"token eyJhbGciOi.eyJzdWIi.{M}_abc is expired", "is expired"),
    (f"could not connect: password = '{M}' host=db.org", "host=db.org"),
    (json.dumps({"endpoint": f"https://host.org?api_key={M}", "token": M, "n": 1}), "https://host.org"),
    (str({"password": f"it's {M}", "host": "db.org"}), "db.org"),
    (f"bad YAML:\n  api_key: {M}\n  ^", "bad YAML"),
    (f"run with --password={M} --host=db.org", "--host=db.org"),
    (f"connect with \\'password={M}\\' to db.org", "to db.org"),
]


def each_form(function):
    return pytest.mark.parametrize(
        ("form", "kept"), FORMS, ids=[f"{k}-{form[:40]}" for k, (form, _) in enumerate(FORMS)]
    )(function)


def test_there_are_as_many_forms_as_are_documented():
    assert len(FORMS) >= 60 and all(M in form for form, _ in FORMS)


@each_form
def test_no_secret_survives_and_what_a_reader_needs_does(form, kept):
    shown = without_secrets(form)
    assert M not in shown and M not in without_secrets(shown)
    assert kept in shown
    assert without_secrets(shown) == shown


@each_form
def test_no_secret_survives_in_a_record_an_error_or_a_structure(form, kept):
    assert M not in json.dumps(path_record(form))
    for error in (
        RasterReadError(f"{form}: cannot read rows 0..5: {form}"),
        RasterWriteError(f"OUTPUT {form}: cannot be written: '{form}'"),
        StacError(f"{form}: the search failed: it does not answer ({form})"),
        PatchwiseError(form),
        ParameterError("input", form, "must be a raster"),
        ParameterError("input", {"path": form, "more": [form]}, f"must be another than {form}"),
    ):
        assert M not in str(error) and M not in repr(error)
    assert M not in json.dumps(cleaned({"inputs": {"INPUT": form, "LIST": [form, {"x": (form,)}]}}))


def test_no_secret_is_in_the_tags_and_the_manifest_that_are_written(tmp_path):
    given = {"input": {"source": FORMS[0][0], "others": [{"source": form} for form, _ in FORMS], "token": M}}
    path = tmp_path / "out.tif"
    with GeoTiffSink(str(path), RasterDomain((4, 4)), ValueType(), tags=tags(given)) as sink:
        sink.start(1, np.dtype("f4"))
        sink.write(0, 0, np.ones((1, 4, 4), np.float32))
    assert M.encode() not in path.read_bytes()
    patcher = SpatialPatcher(SpatialRectangular(4), SpatialRegularStride(4))
    more = {"source": given["input"], "operators": (given,)}
    ChipManifest(RasterDomain((4, 4)), PixelWindow(0, 0, 4, 4), patcher, (), (), **more).save(str(tmp_path))
    assert M not in (tmp_path / "manifest.json").read_text()


def test_what_gdal_says_is_told_to_pythons_log_without_secrets(caplog):
    said = []
    with heard(said):
        logging.getLogger("rasterio._err").error(
            "GDAL signalled an error: err_no=4, msg=%r", f"'/vsicurl/https://h.org/a.tif?sig={M}' failed"
        )
    assert "h.org/a.tif" in said[0]
    assert caplog.records and M not in caplog.text and "h.org/a.tif" in caplog.text


PLAIN = [
    "",
    "a.tif",
    "/data/a.tif",
    "C:\\data\\a b.tif",
    "\\\\server\\share\\a.tif",
    "~/x/y.tif",
    "../a/b@2x.tif",
    "/data/me@home/a?.tif",
    "/data/what#1.tif",
    "/data/50%.tif",
    "/data/a=b/c.tif",
    "/data/user=5/c.tif",
    "/data/key=3.tif",
    "https://host.org/a.tif",
    "https://host.org:8080/tiles/a@2x.png",
    "https://host.org/@me/a.tif",
    "s3://bucket/key.tif",
    "http://localhost:80/@2x/a",
    "/vsicurl/https://host.org/a.tif",
    "/vsizip//vsicurl/https://host.org/a.zip/b.tif",
    "/vsis3/bucket/a.tif",
    "mailto me@host.org",
    "Is it there? No",
    "CREATION_OPTIONS is 'X': must be KEY=VALUE, several separated by |, as in COMPRESS=DEFLATE",
    "COMPRESS=DEFLATE|PREDICTOR=2|TILED=YES",
    "b1 == b2 and key == 3",
    "(b1-b2)/(b1+b2)",
    "key: the user's own token is needed",
    "AWS_SECRET_ACCESS_KEY and AWS_NO_SIGN_REQUEST configuration options not defined",
    "the basic operation and the bearer of it",
    "password must be given",
    'NETCDF:"/data/a.nc":var',
    "HDF5:/data/a.h5://group/x",
    "rows 0..5, columns 3..4: cannot read",
    "{'a': 1, 'names': ['x', 'y']}",
    "EPSG:4326",
    "type=xyz&url=https://host.org/{z}/{x}/{y}.png&zmax=18&zmin=0",
    "crs=EPSG:3857&layers=a&styles&url=https://host.org/wms",
    "authcfg=abc1234",
    "type=xyz&url=https%3A%2F%2Fhost.org%2F%7Bz%7D.png&zmax=18",
    "dbname='d' host=db.org key='tid' table=\"s\".\"t\" (rast)",
    "B04 of x could not be read (rows 0..5, columns 0..5 of the output) from https://host.org/a.tif: HTTP status 404, after 1 attempt",
]


@pytest.mark.parametrize("text", PLAIN)
def test_what_has_no_secret_stays_byte_for_byte(text):
    assert without_secrets(text) == text
    assert cleaned({"x": [text]}) == {"x": [text]}


WORD = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ .@,+~()[]!$%äß", min_size=1, max_size=12
)


@given(st.lists(WORD, min_size=1, max_size=6), st.sampled_from(["/", "C:\\", "", "/vsizip/", "/vsimem/", "~/"]))
def test_a_plain_path_is_unchanged(parts, start):
    path = start + ("\\" if "\\" in start else "/").join(parts)
    assert without_secrets(path) == path


SECRET = st.text("abcXYZ0189-_.~!$*()+", min_size=1, max_size=14)
TEMPLATES = [
    "/vsicurl/https://me:{s}@host.org/a.tif",
    "https://host.org/a.tif?sig={s}",
    "https://host.org/a?a=1&token={s}&b=2",
    "https://host.org/a?{s}",
    "PG:host=h password={s} dbname=d",
    "PG:host=h password='{s}'",
    "PG:password = '{s} x' host=h",
    "OCI:me/{s}@db:T",
    "MSSQL:server=h;pwd={s};database=d",
    "MYSQL:d,user=u,password={s},port=1",
    "mongodb://me:{s}@h.org/d",
    "<UserPwd>me:{s}</UserPwd>",
    "/vsiaz/c/b?sv=1&sig={s}",
    "/vsicurl?header.Authorization=Bearer%20{s}&url=https%3A%2F%2Fhost.org%2Fa",
    "Authorization: Bearer {s}",
    "X-API-Key: {s}",
    "a|option:USERPWD={s}",
    "GDAL_HTTP_USERPWD=me:{s}",
    '{{"api_key": "{s}"}}',
    "{{'password': '{s}'}}",
    "type=xyz&http-header:x={s}&url=https://host.org",
    "dbname='d' user='{s}' password='{s}' key='tid'",
    "https%3A%2F%2Fme%3A{s}%40host.org%2Fa%3Fsig%3D{s}",
]


@given(
    SECRET,
    SECRET,
    st.sampled_from(TEMPLATES),
    st.sampled_from(["{}", "cannot open '{}'", "error at {} (x)", 'INPUT is "{}": wrong']),
)
def test_a_secret_put_into_any_template_never_survives(one, other, template, sentence):
    secret = f"{one}{M}{other}"
    shown = without_secrets(sentence.format(template.format(s=secret)))
    assert M not in shown
    assert without_secrets(shown) == shown


@given(st.text(max_size=80))
def test_any_text_is_done_after_one_time(text):
    once = without_secrets(text)
    assert without_secrets(once) == once


def test_long_texts_take_no_long_time():
    import time

    begun = time.monotonic()
    for piece in (
        "a",
        "a=",
        "://",
        "@",
        "https://a",
        "a%3A%2F%2F",
        "token",
        "<User>",
        "'",
        "password='",
        "x?a=b&",
        "OCI:a/b",
        "bearer ",
        "{",
        "\\'",
    ):
        without_secrets(piece * (20_000 // len(piece)))
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "X-API-Key",
        "Ocp-Apim-Subscription-Key",
        "Cookie",
        "GDAL_HTTP_USERPWD",
        "password",
        "AWS_SESSION_TOKEN",
    ],
)
def test_names_of_secrets_are_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["INPUT", "BANDS", "authcfg", "COMPRESS", "User-Agent", "Range", "Accept", "key", "NODATA"]
)
def test_other_names_are_none(name):
    assert not is_secret_name(name)
