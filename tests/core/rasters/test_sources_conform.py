"""What every source of rows keeps to: one suite, which each source inherits."""

import numpy as np
import pytest
from affine import Affine
from patchwise.core import GeoTensor, RasterField, RasterFile, StackedRaster
from patchwise.core.grid.domain import PixelWindow

from ..made_rasters import GRID, UTM, write_raster

SHAPE = (130, 170)


def values(bands: int) -> np.ndarray:
    made = np.random.default_rng(3).normal(0, 1, (bands, *SHAPE)).astype(np.float32)
    made[:, 20:40, 30:90] = np.nan
    return made


class Conformance:
    """``make`` gives a source of three bands with ``values(3)`` on ``GRID``."""

    def make(self, folder):
        raise NotImplementedError

    @pytest.fixture
    def source(self, tmp_path):
        return self.make(tmp_path)

    def read(self, source, window):
        out = np.full((source.bands, window.height, window.width), -1, source.dtype)
        source.read(window, out)
        return out

    def test_what_it_says_of_itself(self, source):
        assert source.bands == 3 and source.domain.shape == SHAPE and source.dtype == np.float32
        assert source.raw_itemsize == 4 and 1 <= source.strip_rows <= max(SHAPE[0], 512)
        assert source.flat is False
        assert Affine(*source.domain.transform[:6]).almost_equals(GRID)

    @pytest.mark.parametrize(
        "window", [(0, 0, *SHAPE), (0, 0, 1, 1), (129, 169, 1, 1), (15, 25, 60, 70), (64, 0, 3, 170), (0, 128, 130, 5)]
    )
    def test_a_window_has_its_values_and_nan_where_nothing_is_known(self, source, window):
        w = PixelWindow(*window)
        expected = values(3)[:, w.row : w.row_stop, w.col : w.col_stop]
        np.testing.assert_array_equal(self.read(source, w), expected)

    def test_windows_in_any_order_and_again(self, source):
        whole = values(3)
        for row in (100, 0, 64, 100):
            window = PixelWindow(row, 7, 30, 150)
            np.testing.assert_array_equal(self.read(source, window), whole[:, row : row + 30, 7:157])

    def test_it_fills_what_it_is_given_even_if_that_is_no_whole_array(self, source):
        around = np.full((3, 40, 60), -1, np.float32)
        source.read(PixelWindow(10, 20, 30, 40), around[:, 5:35, 10:50])
        np.testing.assert_array_equal(around[:, 5:35, 10:50], values(3)[:, 10:40, 20:60])
        around[:, 5:35, 10:50] = -1
        assert (around == -1).all()


class TestRasterFile(Conformance):
    def make(self, folder):
        write_raster(folder / "a.tif", values(3), transform=GRID, crs=UTM, nodata=np.nan)
        return RasterFile(str(folder / "a.tif"))

    def test_it_can_be_read_after_it_was_closed(self, source):
        window = PixelWindow(0, 0, 9, 9)
        before = self.read(source, window)
        source.close()
        np.testing.assert_array_equal(self.read(source, window), before)


class TestStackedRaster(Conformance):
    def make(self, folder):
        write_raster(folder / "a.tif", values(3)[:1], transform=GRID, crs=UTM, nodata=np.nan)
        write_raster(folder / "b.tif", values(3)[1:], transform=GRID, crs=UTM, nodata=np.nan)
        return StackedRaster(RasterFile(str(folder / "a.tif")), [RasterFile(str(folder / "b.tif"))])


class TestArray(Conformance):
    def make(self, folder):
        return RasterField(GeoTensor(values(3), GRID, UTM)).source
