"""Makes the checkout importable as the package ``patchwise``, whatever its folder is called."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from .stac_fixtures import stac, stac_world  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PATCHWISE_SHARED_DATA", ROOT.parent / "shared" / "data"))

if "patchwise" not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        "patchwise", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["patchwise"] = package
    spec.loader.exec_module(package)

# Examples are drawn anew in every run; a machine under load must not fail a law for being slow.
settings.register_profile("patchwise", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("patchwise"), max_examples=10)
settings.load_profile("patchwise")


def pytest_collection_modifyitems(items):
    """On several cores, what is slow comes first in each folder of tests, so that no core waits for it at the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        here = Path(__file__).parent
        items.sort(key=lambda item: (item.path.relative_to(here).parts[0], item.get_closest_marker("slow") is None))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real rasters; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"real rasters are not here: {SHARED} (set PATCHWISE_SHARED_DATA)")
    return SHARED


@pytest.fixture(autouse=True)
def closed_rasters(request):
    """Closes rasters that fixtures opened: those of the last test would be open when QGIS ends and unloads GDAL."""
    yield
    for value in getattr(request.node, "funcargs", {}).values():
        if type(value).__module__.startswith("patchwise.core") and hasattr(value, "close"):
            value.close()
