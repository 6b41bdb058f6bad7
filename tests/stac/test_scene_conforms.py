"""The pixels of a scene, read over HTTP, keep to what every source of rows keeps to."""

import numpy as np
import pytest
from patchwise.core.sentinel2.remote import Network
from patchwise.core.sentinel2.stac import find_s2_scene

from ..core.source_suites import RowSuite, read_window
from . import catalogue


class TestSceneSource(RowSuite):
    """A band as it is, and one of 20 m, which is resampled."""

    @pytest.fixture
    def scene(self, stac):
        network = Network(timeout=5, first_wait=0.05)
        days, bands = ("2023-08-01", "2023-08-31"), ("B04", "B05")
        return find_s2_scene(catalogue.WEST_ONLY, days, bands, endpoint=stac.open_endpoint, network=network)

    @pytest.fixture
    def source(self, scene):
        with scene.source() as made:
            yield made

    @pytest.fixture
    def whole(self, scene):
        with scene.source() as made:
            read = read_window(made, made.domain.window)
        assert np.isfinite(read).any()
        return read
