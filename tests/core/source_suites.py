"""Suites of tests for sources of rows and for rasters, which the tests of each implementation inherit.

A class of tests derives from :class:`RowSuite` or :class:`RasterSuite` (:class:`BandSuite` where pixels are not read by
windows) and says how one is made. Each test of the suite is then run with it.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from patchwise.core.grid.domain import PixelWindow
from patchwise.core.rasters.band_meta import BandMeta
from patchwise.core.rasters.view import RasterView


def read_window(source: Any, window: PixelWindow) -> np.ndarray:
    """``(bands, h, w)`` of a window."""
    out = np.full((source.bands, window.height, window.width), -1, source.dtype)
    source.read(window, out)
    return out


def windows(shape: tuple[int, int]) -> list[PixelWindow]:
    """The whole, all corners and edges, and some between, in no order."""
    height, width = shape
    rng = np.random.default_rng(height)
    found = [PixelWindow(0, 0, height, width), PixelWindow(0, 0, 1, 1), PixelWindow(height - 1, width - 1, 1, 1)]
    found += [PixelWindow(height // 2, 0, min(3, height - height // 2), width), PixelWindow(0, width - 5, height, 5)]
    for _ in range(8):
        rows, cols = (np.sort(rng.choice(size + 1, 2, replace=False)) for size in shape)
        found.append(PixelWindow(int(rows[0]), int(cols[0]), int(np.diff(rows)[0]), int(np.diff(cols)[0])))
    return found


class RowSuite:
    """``make`` gives a source in a folder, and ``expected`` what it holds, ``(bands, h, w)``, NaN where unknown."""

    flat = False

    def make(self, folder: Any) -> Any:
        raise NotImplementedError

    def expected(self, folder: Any) -> np.ndarray:
        raise NotImplementedError

    @pytest.fixture
    def source(self, tmp_path):
        made = self.make(tmp_path)
        yield made
        made.close()

    @pytest.fixture
    def whole(self, source, tmp_path):
        return self.expected(tmp_path)

    def test_what_it_says_of_itself(self, source, whole):
        assert (source.bands, *source.domain.shape) == whole.shape
        assert source.dtype in (np.float32, np.float64) and np.can_cast(whole.dtype, source.dtype)
        assert source.raw_itemsize in (1, 2, 4, 8) and 1 <= source.strip_rows <= max(whole.shape[1], 512)
        assert source.flat is self.flat and len(source.band_names) in (0, source.bands)
        assert source.reader is None or callable(source.reader.submit)

    def test_a_window_anywhere_is_that_part_of_the_whole(self, source, whole):
        for window in windows(source.domain.shape):
            part = whole[:, window.row : window.row_stop, window.col : window.col_stop]
            np.testing.assert_array_equal(read_window(source, window), part)

    def test_windows_in_any_order_and_again(self, source, whole):
        height, width = source.domain.shape
        for row in (height - 9, 0, height // 2, height - 9):
            window = PixelWindow(row, 2, 9, width - 3)
            np.testing.assert_array_equal(read_window(source, window), whole[:, row : row + 9, 2 : width - 1])

    def test_it_fills_what_it_is_given_even_if_that_is_no_whole_array(self, source, whole):
        around = np.full((source.bands, 40, 60), -1, source.dtype)
        source.read(PixelWindow(10, 20, 30, 40), around[:, 5:35, 10:50])
        np.testing.assert_array_equal(around[:, 5:35, 10:50], whole[:, 10:40, 20:60])
        around[:, 5:35, 10:50] = -1
        assert (around == -1).all()

    def test_it_can_be_read_after_it_was_closed(self, source, whole):
        window = PixelWindow(0, 0, 9, 9)
        np.testing.assert_array_equal(read_window(source, window), whole[:, :9, :9])
        source.close()
        source.close()
        np.testing.assert_array_equal(read_window(source, window), whole[:, :9, :9])

    def test_it_is_a_context_manager(self, source, whole):
        with source as given:
            assert given is source
        with source:
            np.testing.assert_array_equal(read_window(source, PixelWindow(3, 4, 5, 6)), whole[:, 3:8, 4:10])


class BandSuite:
    """``make`` gives a raster in a folder."""

    @pytest.fixture
    def source(self, tmp_path):
        made = self.make(tmp_path)
        yield made
        made.close()

    def make(self, folder: Any) -> Any:
        raise NotImplementedError

    def test_what_it_says_of_its_bands_agrees(self, source):
        bands, many = source.described, source.bands
        assert len(bands) == len(bands.each) == many > 0
        assert source.band_names == bands.names and source.band_meta == bands.meta
        assert source.band_numbers == bands.numbers and min(bands.numbers) >= 1
        assert (source.scales, source.offsets) == (bands.scales, bands.offsets)
        assert source.palettes == bands.palettes
        for said in (bands.names, bands.meta, bands.scales, bands.offsets, bands.palettes, bands.numbers):
            assert isinstance(said, tuple) and len(said) == many
        assert all(isinstance(name, str) for name in bands.names)
        assert all(isinstance(meta, BandMeta) for meta in bands.meta)
        assert source.has_scale is any(pair != (1.0, 0.0) for pair in zip(bands.scales, bands.offsets))
        assert source.raw_itemsize >= max(band.dtype.itemsize for band in bands.each)

    def test_the_description_is_frozen(self, source):
        with pytest.raises(FrozenInstanceError):
            source.described.each = ()
        with pytest.raises(FrozenInstanceError):
            source.described.each[0].name = "other"

    def test_what_it_says_of_its_grid_agrees(self, source):
        domain = source.domain
        assert source.shape == (source.bands, *domain.shape)
        assert source.transform is domain.transform and source.crs is domain.crs
        assert source.block_bytes >= 0

    def test_it_says_what_it_is_made_of(self, source):
        first = source.first
        assert first.first is first and first.domain is source.domain and first.path == source.path
        assert source.paths[0] == source.path and len(source.paths) == len(source.views)
        assert all(isinstance(view, RasterView) for view in source.views)
        assert sum(len(names) for names in source.names_of) == source.bands
        assert source.names_of[0] == first.band_names
        assert first.count is None or first.count >= max(first.band_numbers)
        assert isinstance(source.warnings, tuple)

    def test_its_identity_is_that_of_its_files(self, source):
        before = source.identity()
        assert before == source.identity() and {file.path for file in before.files} <= set(source.source_files.paths)
        before.check()
        assert set(source.stamps) <= set(source.source_files.paths)


class RasterSuite(RowSuite, BandSuite):
    """A raster that is read by windows."""

    def test_a_scaled_band_has_the_same_name_and_what_follows_it(self, source):
        scaled = source.described.scaled((2.0, -1.0))
        assert scaled.names == source.band_names and scaled.meta == source.band_meta
        assert set(scaled.scales) == {2.0} and set(scaled.offsets) == {-1.0}

    def test_chosen_bands_are_those_of_the_whole(self, source, whole):
        """Law: ``select`` gives the same pixels, also of what is selected from, after it was read and before."""
        last, window = source.bands - 1, source.domain.window
        order = [last, 0]
        some = source.select(order)
        one = some.select([0])
        for chosen, positions in ((one, [last]), (source, range(last + 1)), (some, order), (one, [last])):
            np.testing.assert_array_equal(read_window(chosen, window), whole[list(positions)])
            assert chosen.band_names == tuple(source.band_names[k] for k in positions)
            assert chosen.band_meta == tuple(source.band_meta[k] for k in positions)
            assert chosen.scales == tuple(source.scales[k] for k in positions)
            assert chosen.domain is source.domain and chosen.strip_rows == source.strip_rows
            assert chosen.identity() == source.identity() and chosen.stamps == source.stamps
        for made in (some, one):
            made.close()
