"""What a run was made with, as JSON that goes into the output's tags."""

from __future__ import annotations

import configparser
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FORMAT = 1
CONFIG_TAG = "PATCHWISE_CONFIG"
VERSION_TAG = "PATCHWISE_VERSION"


@lru_cache(maxsize=1)
def version() -> str:
    """The plugin's version, from ``metadata.txt``."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(Path(__file__).resolve().parents[1] / "metadata.txt", encoding="utf-8")
    return parser.get("general", "version", fallback="unknown")


def to_json(config: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, plain ASCII; NaN and infinities are refused."""
    return json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)


def tags(config: dict[str, Any]) -> dict[str, str]:
    """GeoTIFF tags that record ``config``, with the format's and the plugin's version."""
    return {
        CONFIG_TAG: to_json({"format": FORMAT, **config}),
        VERSION_TAG: version(),
        "TIFFTAG_SOFTWARE": f"Patchwise {version()}",
    }
