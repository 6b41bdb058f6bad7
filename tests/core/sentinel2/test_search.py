"""What is asked for is checked when it is put together, and kept in one form however it was written."""

import datetime as dt

import numpy as np
import pytest
from patchwise.core import ParameterError
from patchwise.core.sentinel2.search import COLLECTION, Search, Wanted

BOX = (15.0, 47.0, 15.1, 47.1)


def test_a_search_is_the_same_however_it_is_written():
    one = Search(BOX, ("2023-06-01", "2023-06-30"), 5, "10SGJ", "https://a.org/v1")
    other = Search(
        list(BOX),
        [dt.date(2023, 6, 1), dt.datetime(2023, 6, 30, 9)],
        np.float32(5),
        "mgrs-10sgj",
        " https://a.org/v1 ",
        f" {COLLECTION}",
    )
    assert one == other and hash(one) == hash(other)
    assert (one.days, one.tile, one.bbox) == ("2023-06-01/2023-06-30", "10SGJ", BOX)
    assert Search(BOX, "2023-06-01", tile="").tile is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bbox": (0, 0, 0, 1)}, "bbox is "),
        ({"date_range": "last summer"}, "date range is "),
        ({"max_cloud_cover": 101}, "cloud cover is 101: must be from 0 to 100 percent"),
        ({"max_cloud_cover": float("nan")}, "cloud cover is nan"),
        ({"tile": "10IGJ"}, "tile is "),
        ({"endpoint": "ftp://me:word@a.org"}, "endpoint is .*a.org.*must be the address of a STAC API"),
        ({"collection": " "}, "collection is '': must be named"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(changed, said):
    with pytest.raises(ParameterError, match=said) as caught:
        Search(**{"bbox": BOX, "date_range": "2023-06-01", **changed})
    assert "word" not in str(caught.value)


def test_what_is_wanted_is_kept_in_one_form():
    wanted = Wanted(BOX, "red, B8A", np.int64(20), "reflectance", mask=("cloud shadow", 9))
    assert wanted == Wanted(BOX, ("B04", "B8A"), 20.0, "reflectance", True, (3, 9))
    assert Wanted(BOX, "B04").apply_offset is False


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bands": "B99"}, "bands is "),
        ({"resolution": 0}, "resolution is 0: must be above 0 metres"),
        ({"units": "percent"}, "units is 'percent': must be one of dn, reflectance"),
        ({"mask": ("fog",)}, "masked classes is 'fog'"),
        ({"box": (-170, -60, 170, 70)}, "bbox is .*choose a smaller box"),
    ],
)
def test_what_cannot_be_loaded_is_refused(changed, said):
    with pytest.raises(ParameterError, match=said):
        Wanted(**{"box": BOX, "bands": "B04", **changed})
