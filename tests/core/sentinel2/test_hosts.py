# ruff: noqa: E501 - tables of addresses
"""Which hosts may be asked: laws of the rule, and servers on loopback that try to lead further than they may."""

from __future__ import annotations

import ipaddress
import json

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core.base.errors import RasterReadError, StacError
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.sentinel2 import hosts, signing
from patchwise.core.sentinel2.remote import Network, http_session
from patchwise.core.sentinel2.source import RemoteAsset, RemoteBand
from patchwise.core.sentinel2.stac import search_s2
from rasterio.transform import from_origin

from ...loopback import serving

INNER = """
127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 0177.0.0.1 017700000001 0 0.0.0.0 10.0.0.1 10.1 172.16.0.1 172.31.255.254
192.168.1.1 192.168.257 169.254.169.254 0xa9fea9fe 2852039166 100.64.0.1 224.0.0.1 240.0.0.1 255.255.255.255 192.0.2.1 198.18.0.1
[::1] [::] [fe80::1] [fc00::1] [fd12:3456::1] [ff02::1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1] [::127.0.0.1]
[64:ff9b::7f00:1] [64:ff9b::a00:1] [2002:7f00:1::] [2001:db8::1] localhost LOCALHOST localhost. a.localhost printer.local
metadata.google.internal router nas.lan 127.0.0.1. 999.1.1.1 1.2.3.4.5 0x100000000 1.2.3.08
""".split()
OUTER = "8.8.8.8 134744072 0x08080808 8.8 1.1.1.1 [2606:4700::1111] [::ffff:8.8.8.8] [64:ff9b::808:808] 11.0.0.1 172.32.0.1".split()
PUBLIC = {"good.org": ["8.8.8.8"], "two.org": ["8.8.8.8", "2606:4700::1111"]}
BAD = {
    "evil.org": ["127.0.0.1"],
    "rebound.org": ["8.8.8.8", "10.0.0.1"],
    "six.org": ["fe80::1%eth0"],
    "meta.org": ["169.254.169.254"],
}


def known(host):
    try:
        return {**PUBLIC, **BAD}[host]
    except KeyError:
        raise OSError(host) from None


@pytest.mark.parametrize("host", INNER)
def test_inner_hosts_are_known_in_every_spelling(host):
    assert hosts.leads_inside(host, known)
    assert "private network" in hosts.refusal(f"https://{host}/a.tif", False, known)
    assert hosts.refusal(f"http://{host}:8080/a.tif", True, known) == ""


@pytest.mark.parametrize("host", OUTER)
def test_others_are_not(host):
    assert not hosts.leads_inside(host, known)


@pytest.mark.parametrize("host", [*PUBLIC, "unknown.org"])
def test_names_are_what_they_stand_for(host):
    assert hosts.refusal(f"https://{host}/a.tif?x=y", False, known) == ""


@pytest.mark.parametrize("host", BAD)
def test_a_name_that_leads_inside_is_refused(host):
    assert hosts.refusal(f"https://{host}/a.tif", False, known)
    assert hosts.refusal(f"https://{host}/a.tif", False, None) == ""  # a proxy looks it up, and knows its own rules


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://good.org/a.tif",
        "/vsicurl/https://good.org/a.tif",
        "/etc/passwd",
        "../a.tif",
        "a.tif",
        "",
        "gopher://good.org",
        "javascript:x",
        "data:,x",
        "//good.org/a",
        "https:good.org",
        "https:///a.tif",
        "https://good.org\\@evil.org/",
        "https://good.org /a",
        "https://a@b@good.org/",
        "https://gööd.org/",
        "https://①②⑦.0.0.1/",
        "https://good.org:99999999/",
        "https://[::1/",
        "s3:///key",
        "s3://../x",
        "https://good.org/a\nHost: x",
        "<VRTDataset/>",
        "WMS:https://good.org",
    ],
)
def test_other_schemes_and_addresses_that_may_be_read_in_two_ways_are_refused(url):
    for inner in (True, False):
        assert hosts.refusal(url, inner, known)


def test_buckets_are_read_with_the_users_own_credentials():
    assert hosts.refusal("s3://sentinel-cogs/a/b.tif", False, known) == ""


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{0}", "0x{0:x}", "0{0:o}", "dotted", "mapped", "hexed"]))
def test_an_address_is_the_same_in_every_spelling(number, spelling):
    plain = ipaddress.IPv4Address(number)
    written = {
        "dotted": str(plain),
        "mapped": f"[::ffff:{plain}]",
        "hexed": ".".join(hex(byte) for byte in plain.packed),
    }.get(spelling, spelling.format(number))
    assert hosts.leads_inside(written, None) == hosts.is_inner(plain)


@given(st.ip_addresses())
def test_what_is_no_host_of_the_internet_is_inner(address):
    if (
        address.is_private
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        or address.is_unspecified
    ):
        assert hosts.is_inner(address)


@given(st.text(max_size=60))
def test_any_text_is_answered(text):
    for url in (text, f"https://{text}", f"https://{text}/a"):
        assert isinstance(hosts.refusal(url, False, known), str)
        hosts.host_of(url), hosts.place_of(url)


def test_a_catalogue_may_name_its_like(monkeypatch):
    monkeypatch.setattr(hosts, "addresses_of", known)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert Network().asking("http://127.0.0.1:8080/stac").inner and Network().asking("https://evil.org/stac").inner
    public = Network().asking("https://good.org/stac")
    assert not public.inner
    public.refuse("https://two.org/a.tif")
    with pytest.raises(StacError, match=r"https://evil.org/a.tif is not asked: it leads into this machine") as caught:
        public.refuse("https://evil.org/a.tif?sig=XYZZY")
    assert "XYZZY" not in str(caught.value)


@pytest.fixture()
def seen_as_public(monkeypatch):
    """Of the loopback interface 127.0.0.1 is taken for the internet; the rest stays what it is."""
    inner = hosts.is_inner
    monkeypatch.setattr(hosts, "is_inner", lambda address: str(address) != "127.0.0.1" and inner(address))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture()
def pair():
    """Two servers: one that is asked, and one that it tries to lead to."""
    with serving() as one, serving() as other:
        yield one, other


def elsewhere(server):
    """The same server by a name that says that it is on this machine."""
    return server.url.replace("127.0.0.1", "localhost")


QUICK = Network(timeout=5, attempts=1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_into_this_machine_is_not_followed(pair, seen_as_public, status):
    one, other = pair
    one.answers["/a"] = (status, {"Location": f"{elsewhere(other)}/internal"})
    one.answers["/b"] = (status, {"Location": "/a"})
    session = http_session(QUICK.asking(one.url))
    for path in ("/a", "/b"):
        with pytest.raises(StacError, match="leads into this machine or a private network"):
            session.get(one.url + path)
    assert not other.asked


def test_a_token_is_not_sent_to_another_place(pair):
    one, other = pair
    other.answers["/b"] = b"{}"
    one.answers.update({"/a": (302, {"Location": f"{other.url}/b"}), "/same": (302, {"Location": "/c"}), "/c": b"{}"})
    secret = {
        "Ocp-Apim-Subscription-Key": "XYZZY",
        "Authorization": "Bearer XYZZY",
        "X-API-Key": "XYZZY",
        "Cookie": "a=XYZZY",
    }
    session = http_session(QUICK)
    session.get(f"{one.url}/a", headers=secret)
    assert "XYZZY" in str(one.asked[0].headers)
    assert other.asked and "XYZZY" not in str(other.asked)
    session.get(f"{one.url}/same", headers=secret)
    assert one.asked[-1].path == "/c" and one.asked[-1].headers["ocp-apim-subscription-key"] == "XYZZY"


def catalogue(url, features=(), **links):
    """Answers of an API: its root, and one page of a search."""
    root = {
        "type": "Catalog",
        "id": "x",
        "stac_version": "1.0.0",
        "description": "x",
        "conformsTo": ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"],
        "links": [
            {"rel": "self", "href": url},
            {"rel": "root", "href": url},
            {
                "rel": "search",
                "href": links.get("search", f"{url}/search"),
                "type": "application/geo+json",
                "method": "POST",
            },
        ],
    }
    page = {"type": "FeatureCollection", "features": list(features), "links": links.get("page", [])}
    kind = {"Content-Type": "application/json"}
    return {
        "/": (200, kind, json.dumps(root).encode()),
        "": (200, kind, json.dumps(root).encode()),
        "/search": (200, kind, json.dumps(page).encode()),
    }


def feature(n):
    ring = [[15.0, 47.0], [15.1, 47.0], [15.1, 47.1], [15.0, 47.1], [15.0, 47.0]]
    properties = {"datetime": f"2023-08-{n + 1:02d}T09:50:31Z", "proj:epsg": 32633, "eo:cloud_cover": 1}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"x{n}",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [15.0, 47.0, 15.1, 47.1],
        "properties": properties,
        "assets": {},
        "links": [],
        "collection": "c",
    }


def searched(endpoint):
    return search_s2((15, 47, 15.05, 47.05), "2023-08-01/2023-08-30", endpoint=endpoint, collection="c", network=QUICK)


def linked(href, **more):
    return [{"rel": "next", "href": href, "type": "application/geo+json", "method": "GET", **more}]


def test_pages_at_another_place_get_no_token(pair):
    one, other = pair
    other.answers.update({"/next": catalogue(other.url, [feature(1)])["/search"]})
    one.answers.update(catalogue(one.url, [feature(0)], page=linked(f"{elsewhere(other)}/next?page=2")))
    one.answers["/"] = (*one.answers["/"][:1], {**one.answers["/"][1], "Set-Cookie": "a=XYZZY"}, one.answers["/"][2])
    assert len(searched(one.url.replace("//", "//me:XYZZY@") + "/?token=XYZZY")) == 2
    assert "XYZZY" in one.asked[0].path and "authorization" in one.asked[0].headers
    said = str(other.asked)
    assert other.asked and "XYZZY" not in said and not {"authorization", "cookie"} & set(other.asked[0].headers)


@pytest.mark.parametrize("where", ["next", "search", "redirect"])
def test_a_public_catalogue_does_not_lead_into_this_machine(pair, seen_as_public, where):
    one, other = pair
    inside = f"{elsewhere(other)}/search"
    if where == "next":
        one.answers.update(catalogue(one.url, [feature(0)], page=linked(inside)))
    elif where == "search":
        one.answers.update(catalogue(one.url, search=inside))
    else:
        one.answers.update(catalogue(one.url))
        one.answers["/search"] = (307, {"Location": inside})
    with pytest.raises(StacError, match="the search in c .* failed: .*leads into this machine or a private network"):
        searched(one.url + "/")
    assert not other.asked


@pytest.mark.parametrize("href", ["file:///etc/passwd", "/etc/passwd", "ftp://h.org/x", "/vsicurl/http://h.org"])
def test_a_link_that_is_no_address_of_a_server_is_not_read(pair, href):
    one, _ = pair
    one.answers.update(catalogue(one.url, [feature(0)], page=linked(href)))
    with pytest.raises(StacError, match="the search in c .* failed"):
        searched(one.url + "/")


@pytest.fixture()
def scene(tmp_path):
    """``(bytes, grid)`` of a small picture."""
    path = tmp_path / "a.tif"
    grid = dict(crs="EPSG:32633", transform=from_origin(500000, 5220000, 10, 10))
    with rasterio.open(path, "w", driver="GTiff", width=32, height=32, count=1, dtype="uint16", **grid) as file:
        file.write(np.full((1, 32, 32), 7, np.uint16))
        domain = RasterDomain((32, 32), file.transform, file.crs)
    return path.read_bytes(), domain


def values_at(href, domain, network):
    band = RemoteBand(RemoteAsset(href, "item", "B04"), domain, lambda href, fresh: href, network, None)
    out = np.empty((32, 32), np.float32)
    try:
        band.read(PixelWindow(0, 0, 32, 32), out)
    finally:
        band.close()
    return out


def test_pixels_of_a_public_catalogue_are_not_read_from_this_machine(pair, seen_as_public, scene):
    one, other = pair
    body, domain = scene
    one.answers.update({"/a.tif": body, "/moved.tif": (302, {"Location": f"{one.url}/a.tif"})})
    one.answers.update({"/inside.tif": (302, {"Location": f"{elsewhere(other)}/a.tif"})})
    other.answers["/a.tif"] = body
    network = QUICK.asking(one.url)
    assert (values_at(f"{one.url}/a.tif", domain, network) == 7).all()
    assert (values_at(f"{one.url}/moved.tif", domain, network) == 7).all()
    for href in (
        f"{elsewhere(other)}/a.tif",
        f"{one.url}/inside.tif",
        f"http://[::1]:{other.server_port}/a.tif",
        f"http://127.1:{other.server_port}/a.tif".replace("127.1", "127.2"),
    ):
        with pytest.raises((StacError, RasterReadError), match="leads into this machine or a private network"):
            values_at(href, domain, network)
    assert not other.asked


def test_a_catalogue_of_this_machine_may_name_its_files(pair, scene):
    one, other = pair
    body, domain = scene
    other.answers["/a.tif"] = body
    assert (values_at(f"{elsewhere(other)}/a.tif", domain, QUICK.asking(one.url)) == 7).all()


def test_a_server_that_fails_is_asked_again_and_told_of(pair, seen_as_public, scene):
    one, _ = pair
    body, domain = scene
    answers = [(503, {}), (503, {})]
    one.answers["/a.tif"] = lambda asked: answers.pop() if answers else body
    network = Network(timeout=5, attempts=4, first_wait=0.01).asking(one.url)
    assert (values_at(f"{one.url}/a.tif", domain, network) == 7).all()
    with pytest.raises(RasterReadError, match="HTTP status 404, after 1 attempt"):
        values_at(f"{one.url}/gone.tif", domain, network)


def test_what_is_not_encrypted_is_not_signed(monkeypatch):
    monkeypatch.setattr(signing, "_planetary_computer", lambda: pytest.fail("a signature was asked for"))
    sign = signing.planetary_signer(Network())
    with pytest.raises(StacError, match=r"http://a.blob.core.windows.net/c/b.tif is not signed: .* https:// only"):
        sign("http://a.blob.core.windows.net/c/b.tif", False)
    assert sign("https://h.org/b.tif", False) == "https://h.org/b.tif"


def test_a_subscription_key_stays_with_the_service_of_signatures(pair):
    one, other = pair
    token = json.dumps({"token": "sig=1", "msft:expiry": "2099-01-01T00:00:00Z"}).encode()
    other.answers["/token"] = token
    one.answers["/token"] = (302, {"Location": f"{elsewhere(other)}/token"})
    assert signing._token(f"{one.url}/token", "XYZZY", QUICK)["token"] == "sig=1"
    assert one.asked[0].headers["ocp-apim-subscription-key"] == "XYZZY"
    assert other.asked and "XYZZY" not in str(other.asked)
