"""Configurations as JSON, YAML and hashes, and what a run writes into its output's tags."""

from __future__ import annotations

import configparser
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from .configurable import build, part
from .documents import check_depth, parse
from .errors import MissingPackageError, ParameterError
from .secrets import cleaned

#: Version of the format; readers refuse a newer one.
FORMAT = 1
CONFIG_TAG = "PATCHWISE_CONFIG"
VERSION_TAG = "PATCHWISE_VERSION"


def to_config(thing: Any) -> dict[str, Any]:
    """``{"format": 1, "class": ..., "config": ...}`` of an axis, a patcher, an operator or a pipeline."""
    return {"format": FORMAT, **part(thing)}


def from_config(config: Mapping[str, Any]) -> Any:
    """The object that :func:`to_config` described; an unknown format is refused."""
    found = config.get("format", FORMAT) if isinstance(config, Mapping) else None
    if found != FORMAT:
        raise ParameterError("format", found, f"must be {FORMAT}: this was written by another version of Patchwise")
    part_of_it = {key: value for key, value in config.items() if key != "format"}
    check_depth(part_of_it, "configuration")
    return build(part_of_it)


def to_yaml(thing: Any) -> str:
    """:func:`to_config` as YAML."""
    yaml = _yaml()

    class Plain(yaml.SafeDumper):  # type: ignore[misc, name-defined]
        """A dumper without aliases: what is in two places is written twice."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    return str(yaml.dump(to_config(thing), Dumper=Plain, sort_keys=False, allow_unicode=True))


def from_yaml(text: str) -> Any:
    """The object that :func:`to_yaml` described. JSON is YAML too."""
    return from_config(parse(text, "configuration", text[:60]))


def config_hash(thing: Any) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of an object's configuration.

    The same for the same meaning on any machine (an integer and the same number as float count as the same), and
    another for any change.
    """
    return hashlib.sha256(to_json(_canonical(to_config(thing))).encode("ascii")).hexdigest()


def to_json(config: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, plain ASCII; NaN and infinities are refused."""
    return json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)


@lru_cache(maxsize=1)
def version() -> str:
    """The plugin's version, from ``metadata.txt``."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(Path(__file__).resolve().parents[2] / "metadata.txt", encoding="utf-8")
    return parser.get("general", "version", fallback="unknown")


def tags(config: dict[str, Any]) -> dict[str, str]:
    """GeoTIFF tags that record ``config`` without secrets, with the format's and the plugin's version."""
    return {
        CONFIG_TAG: to_json({"format": FORMAT, **cleaned(config)}),
        VERSION_TAG: version(),
        "TIFFTAG_SOFTWARE": f"Patchwise {version()}",
    }


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _yaml() -> Any:
    try:
        import yaml
    except ImportError as error:
        raise MissingPackageError("pyyaml", "to read and write YAML") from error
    return yaml
