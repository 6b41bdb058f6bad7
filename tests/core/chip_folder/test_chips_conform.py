"""A folder of chips says of its bands what every raster says."""

import numpy as np
from patchwise.core import RasterFile, SpatialPatcher, SpatialRectangular, SpatialRegularStride
from patchwise.core.chip_folder.folder import ChipRaster
from patchwise.core.chip_folder.manifest import load_manifest
from patchwise.core.chip_folder.split import Split, split_to_folder

from ..made_rasters import write_raster
from ..source_suites import BandSuite


class TestChipRaster(BandSuite):
    def make(self, folder):
        array = np.random.default_rng(1).integers(1, 200, (3, 40, 50)).astype(np.uint8)
        described = {"descriptions": ("red", "", "nir"), "scales": (0.5, 1.0, 1.0), "offsets": (0.0, 0.0, 3.0)}
        patcher = SpatialPatcher(SpatialRectangular((16, 16), "shift"), SpatialRegularStride(16))
        (folder / "chips").mkdir()
        with RasterFile(write_raster(folder / "a.tif", array, nodata=0, **described)) as raster:
            split_to_folder(Split(raster, patcher, raster.domain.window), str(folder / "chips"))
        return ChipRaster(str(folder / "chips"), load_manifest(str(folder / "chips")))

    def test_chosen_bands_are_those_of_the_chips(self, source):
        chip = source.manifest.chips[3]
        some = source.select([2, 0])
        np.testing.assert_array_equal(some.read_chip(chip), source.read_chip(chip)[[2, 0]])
        np.testing.assert_array_equal(some.read_chip(chip, [1]), source.read_chip(chip, [0]))
        assert (some.band_names, some.scales) == (("nir", "red"), (1.0, 0.5))
