"""What the files hold is what the scenes say, at every pixel; footprints and boxes are what the items say."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.features import geometry_mask
from rasterio.warp import transform, transform_bounds, transform_geom
from rasterio.windows import Window

from . import catalogue
from .items import footprint, item, item_id
from .scenes import BANDS, GSD, Scene, Tile, reflectance, scl

DAY = catalogue.FIRST.date()
NAMES = {scene.name: scene for scene in catalogue.SCENES}


def centres(dataset):
    """``x`` (w,) and ``y`` (h, 1) of the pixel centres."""
    a = dataset.transform
    return a.c + (np.arange(dataset.width) + 0.5) * a.a, (a.f + (np.arange(dataset.height) + 0.5) * a.e)[:, None]


@pytest.mark.parametrize("name", ["west", "half_west", "half_east", "zone_32", "zone_33", "es_west", "made_2021"])
@pytest.mark.parametrize("band", ["B04", "B05", "B01", "B12", "SCL"])
def test_small_files_hold_the_truth(name, band, tmp_path):
    scene = NAMES[name]
    scene.write(band, tmp_path / "a.tif")
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.res == (GSD[band], GSD[band]) and tuple(dataset.bounds) == scene.tile.bounds
        assert dataset.crs.to_epsg() == scene.tile.epsg
        assert np.array_equal(dataset.read(1), scene.dn(band, *centres(dataset)))


@pytest.mark.parametrize("band", ["B08", "SCL"])
def test_full_size_files_hold_the_truth(band, tmp_path):
    scene = NAMES["lake_clear"]
    scene.write(band, tmp_path / "a.tif")
    gsd, size = GSD[band], 109800 // GSD[band]
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.shape == (size, size) and dataset.nodata is None
        assert dataset.block_shapes == [(512, 512)] and dataset.compression.value == "DEFLATE"
        assert dataset.overviews(1) == [2, 4, 8, 16, 32][: 5 if band == "B08" else 4]
        for row, col in ((0, 0), (size - 700, size - 700), (300, size - 900), (4000, 5), (4500, 4500)):
            values = dataset.read(1, window=Window(col, row, 700, 700))
            assert np.array_equal(values, scene.dn(band, *piece(scene, gsd, row, col))) and values.min() > 0
    with rasterio.open(tmp_path / "a.tif", overview_level=1) as dataset:
        values = dataset.read(1, window=Window(200, 300, 700, 700))
        assert np.array_equal(values, scene.dn(band, *piece(scene, gsd * 4, 300, 200)))
    assert (tmp_path / "a.tif").stat().st_size < 20e6


def piece(scene, gsd, row, col):
    """The pixel centres of 700 x 700 pixels of the tile."""
    steps = (np.arange(700) + 0.5) * gsd
    return scene.tile.west + col * gsd + steps, (scene.tile.north - row * gsd - steps)[:, None]


def test_noise_has_the_size_of_genuine_files(stac):
    with rasterio.open(stac.file("big", "B04")) as dataset:
        block = dataset.read(1, window=((1024, 1536), (2048, 2560)))
        assert dataset.shape == (10980, 10980) and block.std() > 3000 and block.min() > 0
    assert 240e6 < stac.file("big", "B04").stat().st_size < 400e6


def test_the_offset_comes_with_the_baseline():
    x, y = np.array([505005.0]), np.array([5215005.0])
    true = np.rint(reflectance("B04", x, y, DAY)).astype(int)
    assert NAMES["west"].dn("B04", x, y) == true + 1000 and NAMES["es_west"].dn("B04", x, y) == true
    early, late = (NAMES[name].dn("B04", x, np.array([5225005.0])).astype(int) for name in ("made_2021", "made_2023"))
    assert late == early + 1000


def test_the_ground_is_steep_enough_to_show_a_shift_and_smooth_enough_to_interpolate():
    x, y = 500005 + 10.0 * np.arange(600), (5200005 + 10.0 * np.arange(600))[:, None]
    for band in BANDS:
        here = reflectance(band, x, y, DAY)
        if band != "B12":
            assert np.abs(reflectance(band, x + 10, y, DAY) - here).max() > 15
            assert np.abs(reflectance(band, x, y + 10, DAY) - here).max() > 15
        g = GSD[band]
        middle = (reflectance(band, x - g / 2, y, DAY) + reflectance(band, x + g / 2, y, DAY)) / 2
        assert np.abs(middle - here).max() < {10: 0.5, 20: 1.5, 60: 10}[g]
    assert reflectance("B12", x, y, DAY).min() < 0


def test_clouds_are_as_many_as_the_item_says():
    x, y = 160 + 320.0 * np.arange(128), (160 + 320.0 * np.arange(128))[:, None]
    for cloud in (0.5, 3, 40):
        assert abs(100 * np.isin(scl(x, y, DAY, cloud), (3, 8, 9, 10)).mean() - cloud) < max(0.4, cloud / 20)
    assert set(np.unique(scl(x, y, DAY, 40))) == {3, 4, 5, 6, 7, 8, 9, 10, 11}


def test_neighbours_of_a_zone_agree_where_they_overlap():
    x, y = 509945 + 10.0 * np.arange(100), (5219000 + 10.0 * np.arange(100))[:, None]
    west, east = NAMES["west"].dn("B02", x, y), NAMES["east"].dn("B02", x, y)
    assert west.all() and np.array_equal(west, east)


def test_two_zones_show_the_same_ground():
    tile = catalogue.ZONE_32_TILE
    x, y = tile.west + 5 + 11.0 * np.arange(900), tile.north - 5 - 11.0 * np.arange(900)
    there = transform("EPSG:32632", "EPSG:32633", x, y)
    assert np.abs(np.array(there) - np.array(tile.ground(x, y))).max() < 1e-3
    expected = np.rint(reflectance("B03", *map(np.array, there), catalogue.ZONE_TIME.date())) + 1000
    assert np.abs(NAMES["zone_32"].dn("B03", x, y).astype(float) - expected).max() <= 1


@pytest.mark.parametrize("name", ["west", "half_west", "half_east", "zone_32", "lake_clear"])
def test_footprints_are_where_the_data_are(name):
    scene = NAMES[name]
    shape = transform_geom("EPSG:4326", f"EPSG:{scene.tile.epsg}", footprint(scene))
    grid = scene.tile.grid(60)
    affine = rasterio.Affine(60, 0, grid.west, 0, -60, grid.north)
    inside = ~geometry_mask([shape], (grid.height, grid.width), affine)
    x, y = grid.west + 30 + 60 * np.arange(grid.width), grid.north - 30 - 60 * np.arange(grid.height)
    assert (inside != scene.inside(x, y[:, None])).sum() <= 2  # coordinates have eight decimals
    share = 100 * (1 - inside.mean())
    assert item(scene)["properties"]["s2:nodata_pixel_percentage"] == pytest.approx(share, abs=0.3)


def covered(box, epsg, *names):
    """The share of the box's rectangle in a UTM zone that the scenes cover together, on a grid of 20 m."""
    xmin, ymin, xmax, ymax = transform_bounds("EPSG:4326", f"EPSG:{epsg}", *box)
    x, y = np.meshgrid(np.arange(xmin, xmax, 20), np.arange(ymin, ymax, 20))
    result = np.zeros(x.shape, bool)
    for name in names:
        tile = NAMES[name].tile
        there = (x, y)
        if tile.epsg != epsg:
            there = (
                np.reshape(v, x.shape) for v in transform(f"EPSG:{epsg}", f"EPSG:{tile.epsg}", x.ravel(), y.ravel())
            )
        result |= NAMES[name].inside(*there)
    return result.mean()


@pytest.mark.parametrize(
    ("box", "epsg", "names", "alone"),
    [
        (catalogue.LAKE, 32610, ["lake_clear"], None),
        (catalogue.LAKE, 32611, ["lake_next_zone"], None),
        (catalogue.PAIR, 32633, ["west", "east"], 0.9),
        (catalogue.PAIR, 32633, ["east_alone"], 0.9),
        (catalogue.WEST_ONLY, 32633, ["west"], None),
        (catalogue.HALVES, 32633, ["half_west", "half_east"], 0.9),
        (catalogue.TWICE, 32633, ["made_2021"], None),
        (catalogue.ZONES_WEST, 32632, ["zone_32", "zone_33"], 0.9),
        (catalogue.ZONES_EAST, 32633, ["zone_32", "zone_33"], 0.9),
        (catalogue.BIG, 32633, ["big"], None),
    ],
)
def test_boxes_are_covered_as_the_catalogue_says(box, epsg, names, alone):
    if alone is None or len(names) > 1:
        assert covered(box, epsg, *names) == 1.0
    if alone:
        assert all(0.1 < covered(box, epsg, name) < alone for name in names)


def test_the_lake_has_the_known_shape():
    xmin, ymin, xmax, ymax = transform_bounds("EPSG:4326", "EPSG:32610", *catalogue.LAKE)
    rows, cols = np.ceil(ymax / 10) - np.floor(ymin / 10), np.ceil(xmax / 10) - np.floor(xmin / 10)
    assert (rows, cols) == (3935, 1599)


def test_ids_differ():
    assert len({(scene.style, item_id(scene)) for scene in catalogue.SCENES}) == len(catalogue.SCENES)


def test_a_scene_may_be_cut_away():
    tile = Tile("33TWM", 32633, 499980, 5220020)
    scene = Scene("gone", tile, catalogue.FIRST, cuts=((499980, 5220020, 499980, 5209040),))
    assert len(scene.corners()) == 4 and item(scene)["properties"]["s2:nodata_pixel_percentage"] == 0
    assert not Scene("gone", tile, catalogue.FIRST, cuts=((400000, 0, 400000, 9e6),)).corners()
