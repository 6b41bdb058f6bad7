"""Scripts for packages that cannot be installed beside QGIS: they run in ``build/zarr-venv``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

PYTHON = Path(__file__).resolve().parents[2] / "build" / "zarr-venv" / "bin" / "python"


def run_elsewhere(script: str, *arguments: Any) -> Any:
    """What ``script`` prints as JSON, with ``arguments`` in ``sys.argv[1:]``; the test fails where it fails."""
    if not PYTHON.is_file():
        pytest.fail(f"{PYTHON} is missing: `make setup` installs what this test needs", pytrace=False)
    command = [str(PYTHON), "-I", "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={})
    if done.returncode:
        pytest.fail(f"in {PYTHON.parents[1].name}:\n{done.stderr}", pytrace=False)
    return json.loads(done.stdout)
