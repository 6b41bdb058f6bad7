"""Four bands of bytes, which GDAL by itself would write as red, green, blue and how opaque they are."""

import numpy as np
import pytest
import rasterio

from ..made_rasters import write_array


@pytest.mark.parametrize(("options", "fourth"), [({}, "undefined"), ({"ALPHA": "YES"}, "alpha")])
def test_the_fourth_is_an_alpha_band_only_where_that_is_asked_for(tmp_path, options, fourth):
    array = np.arange(4 * 6, dtype=np.float32).reshape(4, 2, 3)
    write_array(tmp_path / "out.tif", array, "uint8", options=options)
    with rasterio.open(tmp_path / "out.tif") as written:
        assert [what.name for what in written.colorinterp] == ["red", "green", "blue", fourth]
        np.testing.assert_array_equal(written.read(), array)
