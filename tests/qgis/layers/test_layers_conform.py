"""Layers that are read through their provider keep to what every raster keeps to."""

import numpy as np
import pytest

from ...core.rasters.test_sources_conform import values
from ...core.source_suites import RasterSuite
from .. import tile_server
from ..conftest import write
from ..made_layers import expected, xyz
from ..tile_server import serving
from .test_every_provider import calculated


class TestCalculation(RasterSuite):
    """A virtual raster, of one band."""

    @pytest.fixture
    def source(self, qgis_app, tmp_path):
        from patchwise.processing_provider.layers.source import LayerSource

        path = write(tmp_path / "two.tif", values(2), crs="EPSG:32633")
        with LayerSource(calculated(path, shape=values(2).shape[1:])) as made:
            yield made

    def expected(self, folder):
        first, second = values(2).astype(np.float64)
        return (2 * first + second)[None]


class TestTiles(RasterSuite):
    """Colours of a server of tiles."""

    @pytest.fixture
    def source(self, qgis_app, tmp_path):
        from patchwise.processing_provider.layers.source import LayerSource

        with serving(tile_server.tile) as server, LayerSource(xyz(server)) as made:
            yield made

    def expected(self, folder):
        return expected(np.arange(1024), np.arange(1024)).astype(np.float32)
