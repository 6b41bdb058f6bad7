"""Which hosts may be asked, depending on who named them.

An address given by the user may be any. Addresses in a public catalogue's answer must not be of this machine or of a
private network, where requests would be made in the user's name. A catalogue that is there itself may name such hosts.
Names are looked up by a function that is passed in.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Callable, Union
from urllib.parse import urlsplit

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
#: A function from a name to its addresses; raises :class:`OSError` where there are none.
Resolve = Callable[[str], Iterable[str]]

_STRICT = re.compile(
    r"https?://(?:[^\s@/?#\\]*@)?(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:[/?#][^\s\x00-\x1f\\]*)?",
    re.IGNORECASE,
)
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9._-]+/[^\s\x00-\x1f\\?#]+", re.IGNORECASE)
_INNER_NAMES = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "arpa")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


def host_of(url: str) -> str:
    """The host of an address in lower case, without brackets, port and a final dot; "" where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def place_of(url: str) -> tuple[str, str, int]:
    """``(scheme, host, port)``; a token is only sent again where all three are the same."""
    scheme = url.partition(":")[0].lower()
    try:
        port = urlsplit(url).port
    except ValueError:
        port = -1
    return scheme, host_of(url), port or {"http": 80, "https": 443}.get(scheme, 0)


def literal(host: str) -> Address | None:
    """The IP address that a host is, in any spelling that the C library accepts, such as ``127.1`` or ``0x7f000001``.

    None for names. Numbers that are not an address raise :class:`ValueError`.
    """
    host = host.strip("[]").partition("%")[0].rstrip(".")
    if ":" in host:
        return ipaddress.IPv6Address(host)
    parts = host.split(".")
    if not re.fullmatch(r"0x[0-9a-f]*|\d+", parts[-1], re.IGNORECASE):
        return None
    numbers = [_number(part) for part in parts]
    limits = [255] * (len(parts) - 1) + [256 ** (5 - len(parts)) - 1] if len(parts) <= 4 else []
    if len(limits) != len(numbers) or any(number > limit for number, limit in zip(numbers, limits)):
        raise ValueError(f"{host} is no address")
    value = numbers[-1] + sum(number << (24 - 8 * k) for k, number in enumerate(numbers[:-1]))
    return ipaddress.IPv4Address(value)


def _number(text: str) -> int:
    if text.lower().startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if len(text) > 1 and text.startswith("0") else int(text)


def is_inner(address: Address) -> bool:
    """Whether an address is of this machine, of a private network, or of no single host on the internet.

    IPv6 addresses that contain an IPv4 address count as that one; those of old tunnels (6to4, Teredo) are inner.
    """
    if isinstance(address, ipaddress.IPv6Address):
        stands_for = address.ipv4_mapped is not None or address in _NAT64 or address in _COMPATIBLE
        if stands_for and int(address) > 1:
            return is_inner(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.sixtofour or address.teredo:
            return True
    other = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return other or address.is_private or address.is_loopback or not address.is_global


def addresses_of(host: str) -> list[str]:
    """The addresses of a name by the system's resolver; :class:`OSError` where it has none."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except UnicodeError as error:  # a label that is empty or too long
        raise OSError(f"{host} is no name") from error


def leads_inside(host: str, resolve: Resolve | None) -> bool:
    """Whether a host is of this machine or a private network, or one of its addresses is.

    Without ``resolve`` (where a proxy looks up names) only the name itself is looked at. An unknown name is
    not inner: the request will fail with a better message.
    """
    host = host.rstrip(".")
    try:
        address = literal(host)
        if address is not None:
            return is_inner(address)
        if "." not in host or host.rpartition(".")[2].lower() in _INNER_NAMES:
            return True
        found = list(resolve(host)) if resolve is not None else []
        return any(is_inner(ipaddress.ip_address(text.partition("%")[0])) for text in found)
    except OSError:
        return False
    except ValueError:
        return True


def refusal(url: str, inner: bool, resolve: Resolve | None) -> str:
    """Why an address from a server's answer is not requested, as part of a sentence; "" where it may be.

    ``inner``: hosts of this machine and of private networks are allowed, since the user has named one of them.
    """
    if url.lower().startswith("s3://"):
        return "" if _BUCKET.fullmatch(url) else "it is no bucket and key"
    if not url.lower().startswith(("http://", "https://")):
        return "only https, http and s3 are read"
    if not _STRICT.fullmatch(url):
        return "its host cannot be told for certain"
    if not inner and leads_inside(host_of(url), resolve):
        return "it leads into this machine or a private network, which a public catalogue has no business with"
    return ""
