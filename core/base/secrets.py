"""Removes secrets from texts and addresses: passwords, user names, keys, tokens, signatures.

All that leaves a run goes through here: tags, logs, errors, history, manifests, reports and names of layers. Host and
path stay, since a reader needs them. In doubt more is removed than needed, never less.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

_HIDDEN = "..."
_DEPTH = 4  # most levels of percent-encoding of an address within another one
_ROUNDS = 20  # removing one secret may uncover another; two rounds are usual

_WORDS = (
    r"[a-z]{0,12}pass(?:word|wd|phrase)?|[a-z]{0,12}pwd|uid|user(?:[ _-]?(?:name|id))?|login|api[_-]?key|"
    r"access[_-]?key(?:[_-]?id)?|account[_-]?key|(?:secret|private|swift|auth|subscription|storage)[_-]?key|sslkey|"
    r"[a-z]{0,12}token|[a-z]{0,12}secret|sig|[a-z]{0,8}signature|shared[_-]?access[_-]?signature|sas|proxyauth|"
    r"awsaccesskeyid|googleaccessid|credentials?|connection[_-]?string|authorization|cookies?|headers?|jwt|"
    r"[a-z]{0,4}session[_-]?id"
)
#: The name of an option, parameter, header or field whose value is secret, such as ``GDAL_HTTP_USERPWD``.
_NAME = rf"(?:[a-z0-9]{{1,24}}[_.-]){{0,6}}(?:{_WORDS})"
_HEADERS = (
    r"(?:proxy-)?authorization|(?:x-)?api-?key|x-auth-token|x-amz-security-token|ocp-apim-subscription-key|"
    r"x-(?:[a-z]{1,24}-){0,3}(?:token|key|secret)"
)
_ELEMENTS = (
    r"userpwd|username|user|password|passwd|accesskey|secretkey|apikey|token|cookies?|(?:http)?headers?|referer|"
    r"authorization"
)
#: Parameters of a query that are public: they say what is asked for, not who asks.
_PUBLIC = frozenset(
    "service version request layers layer styles style crs srs bbox width height format transparent coverage "
    "coverageid identifier tilematrixset tilematrix tilerow tilecol map typename typenames time elevation dpi type "
    "zmin zmax contextualwmslegend tilepixelratio dpimode interpretation ignoregetmapurl ignoregetfeatureinfourl "
    "authcfg use_head max_retry retry_delay retry_codes list_dir empty_dir timeout connecttimeout "
    "low_speed_time low_speed_limit pc_url_signing pc_collection unsafessl".split()
)
_QUOTED = (
    r"\\'(?:(?!\\').)*\\'|'(?:''|\\.|[^'\\])*'|\\\"(?:(?!\\\").)*\\\"|\"(?:\"\"|\\.|[^\"\\])*\""
    r"|\\?['\"][^\n]*"  # without an end where the text was cut off
)


def without_secrets(text: str) -> str:
    """The text or address without secrets. Laws: a text without any is unchanged; doing it twice is doing it once.

    Removed are user, password and fragment of an address, and of its query all but the public parameters;
    ``name=value`` where the name is that of a secret, in the spellings of GDAL, QGIS and databases; and the values of
    secret headers and fields.
    """
    if not _SIGNS.search(text):
        return text
    for _ in range(_ROUNDS):
        before, text = text, _once(text)
        if text == before:
            break
    return text


def cleaned(value: Any, depth: int = 100) -> Any:
    """Mappings and lists with :func:`without_secrets` of the texts in them; the fields of secrets are empty.

    Values nested deeper than ``depth`` are dropped.
    """
    if isinstance(value, str):
        return without_secrets(value)
    if not depth:
        return _HIDDEN if isinstance(value, (Mapping, list, tuple)) else value
    if isinstance(value, Mapping):
        return {key: _field(str(key), item, depth - 1) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)([cleaned(item, depth - 1) for item in value])
    return value


def is_secret_name(name: str) -> bool:
    """Whether the value of an option, a header or a field of that name is secret."""
    return re.fullmatch(_NAME, name.strip(), re.IGNORECASE) is not None


def _field(name: str, value: Any, depth: int) -> Any:
    return "" if isinstance(value, str) and is_secret_name(name) else cleaned(value, depth)


def _once(text: str) -> str:
    for pattern, kept in _RULES:
        text = pattern.sub(kept, text)
    if re.search(r"\bmysql:", text, re.IGNORECASE):
        text = _MYSQL.sub("", text)
    if re.search(r"\b(?:pg|postgres\w*):|\bdbname\s*=", text, re.IGNORECASE):
        text = _POSTGRES.sub(r"\g<before>", text)
    text = _VSICURL.sub(lambda match: match["start"] + _query(match["query"]), text)
    text = _addresses(text)
    text = _ENCODED.sub(_encoded, text)
    text = _relative(text)
    return _PAIR.sub(_pair, text)


def _addresses(text: str) -> str:
    """The text with every address in it without user, password, fragment and secret part of its query."""
    parts, at = [], 0
    while (begin := _BEGIN.search(text, at)) is not None:
        run = _RUN.match(text, begin.end())[0]  # type: ignore[index]  # it may be empty, and always matches
        host = begin.end() + _host_at(run)
        parts.append(text[at : begin.end()])
        cut = _CUT.search(text, host, begin.end() + len(run))
        after = _BEGIN.search(text, host, begin.end() + len(run))
        if cut is None or (after is not None and after.start() < cut.start()):
            at = host
            continue
        end = _END.search(text, cut.end())
        at = end.start() if end else len(text)
        query = text[cut.end() : at].partition("#")[0] if cut[0] == "?" else ""
        parts.append(text[host : cut.start()] + _query(query))
    return "".join(parts) + text[at:]


def _host_at(run: str) -> int:
    """Where the host begins in what follows ``//``. A password may hold ``@``, ``:``, ``/``, ``?`` as they are."""
    last = run.rfind("@")
    if last < 0:
        return 0
    stop = re.search(r"[/?#|]", run)
    head = run[: stop.start()] if stop else run
    inner, behind_last = head.rfind("@") + 1, _FULL_HOST.match(run, last + 1) is not None
    if inner:  # unless only a later @ is followed by a host: then the password contains a slash
        return last + 1 if behind_last and not _FULL_HOST.match(run, inner) else inner
    if not _HOSTS.fullmatch(head):
        return last + 1
    name, colon, port = head.rstrip("\\").partition(":")
    in_doubt = colon and port.isdigit() and "." not in name and name.lower() != "localhost"  # user:12/34@host
    return last + 1 if in_doubt and behind_last and not name.startswith("[") else 0


def _relative(text: str) -> str:
    """The text without the secret parts of queries that follow no ``//``, as in ``/vsis3/bucket/a.tif?token=b``."""
    parts, at = [], 0
    while (cut := _ASKED.search(text, at)) is not None:
        end = _END.search(text, cut.end())
        stop = end.start() if end else len(text)
        parts.append(text[at : cut.start()] + _query(text[cut.end() : stop]))
        at = stop
    return "".join(parts) + text[at:]


def _query(query: str) -> str:
    """``?`` and the public parameters of a query, or "" where it has none."""
    kept = []
    for part in re.split(r"&amp;|&", query):
        name, sign, value = part.partition("=")
        if sign and name.lower() == "url" and not re.search("url(?:=|%)", value):
            kept.append(f"{name}={without_secrets(value)}")
        elif sign and name.lower() in _PUBLIC and not re.search(r"[=&?@;']|://", _decoded(value)):
            kept.append(part)
    return "?" + ("&amp;" if "&amp;" in query else "&").join(kept) if kept else ""


def _decoded(text: str) -> str:
    for _ in range(_DEPTH):
        text = unquote(text)
    return text


def _encoded(match: re.Match[str]) -> str:
    """A percent-encoded address, encoded as often as it was where something had to go."""
    levels, plain = 0, match[0]
    while levels < _DEPTH and not plain.startswith("://"):
        levels, plain = levels + 1, unquote(plain)
    shown = without_secrets(plain) if levels else plain
    if shown == plain:
        return match[0]
    for _ in range(levels):
        shown = quote(shown, safe="")
    return shown


def _pair(match: re.Match[str]) -> str:
    """The replacement for ``name=value`` and the separators around it: one separator."""
    return match["before"] if match["after"] else ""


def _rule(pattern: str, kept: str) -> tuple[re.Pattern[str], str]:
    return re.compile(pattern, re.IGNORECASE), kept


_RULES = (
    # elements: <UserPwd>..</UserPwd>, <OOI key="USERPWD">..</OOI>, also in HTML
    _rule(rf"((?:<|&lt;)(?:{_ELEMENTS})\b[^<>&]*(?:>|&gt;))(?:<!\[CDATA\[[^<]*|(?!&lt;)[^<])*", r"\1"),
    _rule(rf"(<\w+\s+(?:key|name)=[\"']{_NAME}[\"'][^<>]*>)(?:<!\[CDATA\[[^<]*|[^<])*", r"\1"),
    # fields: "password": "..", in JSON and as Python shows them
    _rule(
        rf"((?P<q>\\?[\"']){_NAME}(?P=q)\s*:\s*)(?!null|none|true|false)(?:{_QUOTED}|[^\s,}}\]{{\[\"'\\]+)",
        r"\1\g<q>\g<q>",
    ),
    # headers
    _rule(
        rf"\b({_HEADERS})(\s*:\s*|%3A(?:%20|\+)*)(?!\.\.\.|['\"\\])(?:(?:digest|aws4)\b[^\n<>]*|"
        rf"(?:(?:bearer|basic|token|apikey|negotiate|sharedkey\w*)(?:\s+|%20|\+))?[^\s\"'<>]+)",
        rf"\1\2{_HIDDEN}",
    ),
    _rule(r"\b((?:set-)?cookie\s*:\s*)(?!\.\.\.)[\w.-]+=[^\s\"'<>;]*(?:;\s*[\w.-]+=?[^\s\"'<>;]*)*", rf"\1{_HIDDEN}"),
    (  # in lower case it is likely part of a sentence
        re.compile(r"\b((?i:bearer|basic)(?:\s+|%(?:25)*20|\+))(?=\S{6,})(?=\S*[\dA-Z=])[^\s\"'<>&]+"),
        rf"\1{_HIDDEN}",
    ),
    _rule(r"\beyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*)?", _HIDDEN),
    # lines of YAML
    _rule(rf"(?m)(^[ \t-]*{_NAME}[ \t]*:[ \t]+)(?!\.\.\.$)[^\s\"'&*|>{{\[]\S*$", rf"\1{_HIDDEN}"),
    # what QGIS adds to a source
    _rule(r"\|credential:[^|\"'\n]*", ""),
    _rule(rf"\|option:{_NAME}=[^|\"'\n]*", ""),
    _rule(r"((?<=[?&\s|'\"])|^)(?:http-header(?::|%3A)[\w.-]+|referer)=[^&\s|\"'<>]*&?", ""),
    # user/password@database
    _rule(r"\b((?:oci|geor|georaster|odbc|idb):)(?:[^\s\"'<>;@]*/\"[^\"\n]*\"|[^\s\"'<>;]*)(?=@)", r"\1"),
    _rule(r"\b((?:oci|geor|georaster):)\w+/[^\s@\"',:;]+", r"\1"),
    _rule(r"\b(geor(?:aster)?:)[^\s,@/]+,[^\s,]*(?=,)", r"\1,"),
    _rule(r"\b(sde:[^,\s]*,[^,\s]*,[^,\s]*),[^,\n\"']*,[^,\n\"']*", r"\1,,"),
    # values that end with a semicolon, spaces included
    _rule(
        rf"(?:(?<=;)|(?<=mssql:)|(?<=odbc:))\s*{_NAME}\s*=\s*"
        rf"(?:\{{(?:\}}\}}|[^}}\n])*\}}|[^;\n\"'<>|]+)(?:;|(?=[\n\"'<>|])|$)",
        "",
    ),
)
#: A text with a secret matches this; most texts do not, and need no further work.
_SIGNS = re.compile(
    rf"[=<]|/\\?/|&lt;|%(?:25)*2F|%(?:25)*3A|[\"']\s*:|\b(?:oci|geor|georaster|odbc|idb|sde):|eyJ|bearer|basic|"
    rf"cookie\s*:|(?:{_HEADERS}|{_NAME})\s*:",
    re.IGNORECASE,
)
_MYSQL = re.compile(r"(?<=,)\s*(?:user|password)\s*=\s*(?:\"[^\"]*\"|[^,\s\"']*)(?:,|(?=[\s\"'])|$)", re.IGNORECASE)
_POSTGRES = re.compile(
    rf"(?:(?P<before>(?<=pg:)|(?<=sql:))|\s){_NAME}\s*=(?!=)\s*(?:{_QUOTED}|[^\s\"'<>]+(?:'\w[^\s\"'<>]*)*)(?(before)\s*)",
    re.IGNORECASE,
)
_VSICURL = re.compile(r"(?P<start>/vsicurl(?:_streaming)?)\?(?P<query>[^\"'\n<>}|]*)", re.IGNORECASE)
_BEGIN = re.compile(r":(?:\\?/){2}|(?<![\w:/\\.~-])//(?=[^\s/@]{1,200}:[^\s/]{0,200}@)")
_RUN = re.compile(r"[^\s<>\"`]{0,4096}")  # bounded, so that the time is linear in the length of the text
_CUT = re.compile(r"[?#]|%(?:25)*3F(?=[^\s%]*%(?:25)*3D|[^\s=]*=)", re.IGNORECASE)
_END = re.compile(r"\\*\"|\\*'(?![\w%])|[\s<>`|]|\}(?=/|$)")
_ASKED = re.compile(r"(?<=\S)\?(?=[\w.%:-]{1,60}=)")
_HOST = r"(?:\[[0-9a-f:.%]*\]|(?:[\w.%$-]|\{[^{}/@]*\})*)(?::\d{0,5})?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*[\\')\].,;:]*", re.IGNORECASE)
_FULL_HOST = re.compile(
    r"\[[0-9a-f:.%]*\]|localhost\b|[\w-]+(?:\.[\w-]+)+(?=[/?#:\\,'|]|$)|[\w.-]+:\d{1,5}(?=[/?#\\,'|]|$)", re.I
)
_ENCODED = re.compile(r"(?:%(?:25)*3A(?:%(?:25)*2F|/){2}|:(?:%(?:25)*2F){2})[^\s&\"'<>|`]*", re.IGNORECASE)
_PAIR = re.compile(
    rf"(?P<before>[\s?&;,|]?)(?:(?<=[\s?&;,|:\"'(<{{\[\\=-])|^)(?:{_NAME}|(?<=[?&])key)\s*=(?!=)\s*"
    rf"(?:{_QUOTED}|[^\s&|\"'<>]+(?:'\w[^\s&|\"'<>]*)*)(?P<after>[&;,|]|\s?)",
    re.IGNORECASE,
)
