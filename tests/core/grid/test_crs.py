"""Coordinate reference systems: what is taken for one, degrees on the CRS's own datum, and a host's PROJ settings."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from patchwise.core import MissingPackageError, ParameterError
from patchwise.core.grid.crs import crs_text, lonlat_of, transform_points

from ...conftest import ROOT

pyproj = pytest.importorskip("pyproj")


def test_what_is_taken_for_a_crs():
    lonlat_of([5e5], [0], 32633)  # finds PROJ's data, which pyproj in a venv does not by itself
    assert crs_text(32633) == crs_text(" 32633 ") == crs_text(np.int64(32633)) == "EPSG:32633"
    assert crs_text("+proj=igh") == "+proj=igh"
    assert crs_text(pyproj.CRS(3035)).startswith("PROJCRS[")
    rasterio_crs = pytest.importorskip("rasterio.crs").CRS.from_epsg(3035)
    assert "LAEA" in crs_text(rasterio_crs)
    np.testing.assert_allclose(lonlat_of([4.3e6], [3.2e6], rasterio_crs), lonlat_of([4.3e6], [3.2e6], 3035))


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        (None, "crs is None: is not known, and is needed"),
        (True, "crs is True: must be a coordinate reference system"),
        ("", "crs is '': must be"),
        ("EPSG:99999", "crs is 'EPSG:99999': is not understood by PROJ"),
        (4978, "must be tied to the Earth"),
    ],
)
def test_what_is_none_is_refused(crs, message):
    with pytest.raises(ParameterError, match=message):
        lonlat_of([0], [0], crs)


def test_an_empty_crs_of_rasterio_is_none():
    with pytest.raises(ParameterError, match="crs is None: is not known"):
        crs_text(pytest.importorskip("rasterio.crs").CRS())


@pytest.mark.parametrize("crs", [4326, 4258, 4267, "OGC:CRS84", "+proj=longlat +ellps=WGS84"])
def test_degrees_stay_as_they_are(crs):
    lon, lat = lonlat_of([-181, 0, 540, 7, 7], [-90, 0, 90, 91, np.nan], crs)
    np.testing.assert_array_equal(lon, [-181, 0, 540, np.nan, np.nan])
    np.testing.assert_array_equal(lat, [-90, 0, 90, np.nan, np.nan])


def test_no_datum_shift_and_longitude_first():
    lon, lat = lonlat_of([500_000], [5_000_000], 26710)  # NAD27 / UTM 10N
    np.testing.assert_allclose([lon[0], lat[0]], [-123, 45.155], atol=2e-3)
    assert lon[0] == pytest.approx(-123, abs=1e-9)  # the central meridian of its own datum
    paris, _ = lonlat_of([0], [50], 4807)  # grads from Paris: no CRS to count from, so WGS 84
    assert paris[0] == pytest.approx(2.337, abs=0.01)
    x, y = transform_points([15], [0], 4326, 32633)
    np.testing.assert_allclose([x[0], y[0]], [500_000, 0], atol=1e-6)
    assert np.isnan(transform_points([15], [np.inf], 4326, 32633)).all()


@pytest.mark.parametrize("variable", ["PROJ_LIB", "PROJ_DATA"])
@pytest.mark.parametrize("content", [None, "the database of another PROJ"])
def test_a_host_that_points_proj_elsewhere(variable, content, tmp_path):
    if content is not None:
        (tmp_path / "proj.db").write_text(content, encoding="utf-8")
    script = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('patchwise', sys.argv[1] + '/__init__.py',"
        " submodule_search_locations=[sys.argv[1]])\n"
        "sys.modules['patchwise'] = module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "from patchwise.core.grid.crs import lonlat_of\n"
        "print([float(v[0]) for v in lonlat_of([500_000], [0], 32633)])\n"
    )
    environment = {**os.environ, variable: str(tmp_path)}
    command = [sys.executable, "-c", script, str(ROOT)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lon, lat = (float(v) for v in done.stdout.strip("[]\n").split(","))
    assert lon == pytest.approx(15) and lat == pytest.approx(0, abs=1e-9)


def test_without_pyproj_it_says_so(monkeypatch):
    from patchwise.core.grid import crs

    crs._transformer.cache_clear()
    crs._geographic.cache_clear()
    monkeypatch.setitem(sys.modules, "pyproj", None)
    with pytest.raises(MissingPackageError, match="'pyproj' is needed to transform coordinates"):
        lonlat_of([0], [0], 32633)
    assert lonlat_of([7], [8], "EPSG:4326")[0] == [7]  # plain degrees need no package
