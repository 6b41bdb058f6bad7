"""Where the pixels of an item lie: footprints, the tile's own square, the 180th meridian, UTM zones."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core.grid.crs import transform_points
from patchwise.core.sentinel2.items import S2Item, choose, covered, item_of, of_each_day
from patchwise.core.sentinel2.places import PlacedBox, footprint_of, share_mask, utm_zones
from patchwise.core.sentinel2.source import grid_of


def box_of(bounds, epsg):
    """West, south, east, north of a box that lies within bounds ``(xmin, ymin, xmax, ymax)`` of a zone."""
    x = np.linspace(bounds[0], bounds[2], 9)
    y = np.linspace(bounds[1], bounds[3], 9)
    lon, lat = transform_points(*np.meshgrid(x, y), f"EPSG:{epsg}", "EPSG:4326")
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def tile_item(name, bounds, epsg, place, cloud=1.0):
    """An item whose footprint, as those of genuine ones, has straight edges between the corners of its tile."""
    xmin, ymin, xmax, ymax = bounds
    corners = [(xmin, ymin), (xmax, ymin), (xmax, ymax), (xmin, ymax), (xmin, ymin)]
    lon, lat = transform_points(*zip(*corners), f"EPSG:{epsg}", "EPSG:4326")
    feature = {
        "id": name,
        "geometry": {"type": "Polygon", "coordinates": [[list(point) for point in zip(lon, lat)]]},
        "properties": {
            "datetime": "2023-07-01T10:00:00Z",
            "proj:epsg": epsg,
            "eo:cloud_cover": cloud,
            "sat:relative_orbit": 22,
            "s2:mgrs_tile": name,
        },
        "assets": {"B04": {"href": f"https://example.org/{name}.tif", **place}},
    }
    return item_of(feature)


SOUTH, NORTH = (600000, 6290220, 709800, 6400020), (600000, 6390240, 709800, 6500040)


@pytest.mark.parametrize(
    "placed",
    [
        lambda b: {"proj:bbox": list(b)},
        lambda b: {"proj:shape": [10980, 10980], "proj:transform": [10, 0, b[0], 0, -10, b[3]]},
        lambda b: {"proj:shape": [5490, 5490], "proj:transform": [20, 0, b[0], 0, -20, b[3], 0, 0, 1]},
    ],
)
def test_a_footprint_with_straight_edges_does_not_hide_what_the_tile_lacks(placed):
    """Between its corners a tile's southern edge lies up to 400 m north of the straight line in degrees."""
    north = tile_item("32VNH", NORTH, 32632, placed(NORTH), cloud=0.0)
    south = tile_item("32VNG", SOUTH, 32632, placed(SOUTH))
    middle = (NORTH[0] + NORTH[2]) / 2
    box = box_of((middle - 2000, NORTH[1] - 150, middle + 2000, NORTH[1] + 20000), 32632)
    assert share_mask(north.footprint, box).all()  # as its metadata have it
    assert not covered(north, box).all()
    choice = choose([north, south], box)
    assert [item.id for item in choice.items] == ["32VNH", "32VNG"] and choice.share == 1.0
    inside = box_of((middle - 2000, NORTH[1] + 200, middle + 2000, NORTH[1] + 20000), 32632)
    assert [item.id for item in choose([north, south], inside).items] == ["32VNH"]


def test_an_item_without_places_of_its_assets_counts_as_its_footprint():
    item = tile_item("32VNH", NORTH, 32632, {})
    box = box_of((640000, 6400000, 650000, 6410000), 32632)
    assert covered(item, box).all()


RINGS = {
    "jumps": [[179.0, 60.0], [-179.5, 60.0], [-179.5, 61.0], [179.0, 61.0], [179.0, 60.0]],
    "goes on": [[179.0, 60.0], [180.5, 60.0], [180.5, 61.0], [179.0, 61.0], [179.0, 60.0]],
    "comes from": [[-181.0, 60.0], [-179.5, 60.0], [-179.5, 61.0], [-181.0, 61.0], [-181.0, 60.0]],
}


@pytest.mark.parametrize("ring", RINGS.values(), ids=RINGS)
def test_a_footprint_across_the_180th_meridian_is_where_its_pixels_are(ring):
    footprint = footprint_of({"type": "Polygon", "coordinates": [ring]})
    assert footprint["type"] == "MultiPolygon" and len(footprint["coordinates"]) == 2
    assert share_mask(footprint, (179.2, 60.2, 179.9, 60.8)).all()
    assert share_mask(footprint, (-179.9, 60.2, -179.6, 60.8)).all()
    assert not share_mask(footprint, (-179.4, 60.2, 178.9, 60.8)).any()
    half = share_mask(footprint, (178.0, 60.2, 180.0, 60.8))
    assert half.mean() == pytest.approx(0.5, abs=0.01)


def test_a_hole_and_a_third_coordinate_are_kept_apart():
    outer = [[179.0, 60.0, 5.0], [-179.0, 60.0, 5.0], [-179.0, 62.0, 5.0], [179.0, 62.0, 5.0], [179.0, 60.0, 5.0]]
    hole = [[179.5, 60.5], [-179.5, 60.5], [-179.5, 61.5], [179.5, 61.5], [179.5, 60.5]]
    footprint = footprint_of({"type": "MultiPolygon", "coordinates": [[outer, hole]]})
    assert not share_mask(footprint, (179.6, 60.6, 179.9, 61.4)).any()
    assert share_mask(footprint, (-179.4, 60.1, -179.1, 61.9)).all()


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {},
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]},
    ],
)
def test_what_is_no_polygon_is_no_footprint(geometry):
    assert footprint_of(geometry) is None


def test_footprints_elsewhere_stay_as_they_are(shared_data):
    answer = json.loads((shared_data / "stac/pc_search_POST_sentinel-2-l2a_33items_0.json").read_text())
    for feature in answer["json"]["features"]:
        assert footprint_of(feature["geometry"]) == feature["geometry"]
        item = item_of(feature)
        # The square of the tile takes nothing from a footprint but what lies beyond it.
        west, south, east, north = item.bounds
        box = (west + 1e-9, south, east, north)
        lost = share_mask(item.footprint, box) & ~covered(item, box)
        assert lost.mean() < 0.01


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (-179.9, 10, 32601),
        (179.9, 10, 32660),
        (10.0, 45, 32632),
        (12.0, 45, 32633),
        (5.0, 45, 32631),
        (5.0, 60, 32632),
        (2.9, 60, 32631),
        (5.0, 64, 32631),
        (8.9, 78, 32631),
        (9.1, 78, 32633),
        (20.9, 78, 32633),
        (21.1, 78, 32635),
        (32.9, 78, 32635),
        (33.1, 78, 32637),
        (42.1, 78, 32638),
        (-70.0, -33, 32719),
        (180.0, 10, 32660),
        (15.0, -0.01, 32733),
        (15.0, 0.01, 32633),
    ],
)
def test_zones_are_those_of_the_military_grid(lon, lat, epsg):
    assert int(utm_zones(np.array([lon]), np.array([lat]))[0]) == epsg


@pytest.mark.parametrize(
    ("box", "zones", "main"),
    [
        ((4.0, 60.0, 6.0, 61.0), (32631, 32632), 32632),  # Norway: zone 32 begins at 3 degrees there
        ((14.0, -0.7, 15.0, 0.3), (32633, 32733), 32733),
        ((14.0, -0.3, 15.0, 0.7), (32633, 32733), 32633),
    ],
)
def test_the_zone_of_the_larger_part(box, zones, main):
    west, south, east, north = box
    middle = (south + north) / 2 if zones[0] % 100 == zones[1] % 100 else None
    parts = [(west, middle, east, north), (west, south, east, middle)] if middle is not None else None
    x = (west + east) / 2
    parts = parts or [(west, south, x, north), (x, south, east, north)]
    items = []
    for (w, s, e, n), epsg in zip(parts, zones):
        ring = [[w, s], [e, s], [e, n], [w, n], [w, s]]
        footprint = {"type": "Polygon", "coordinates": [ring]}
        items.append(S2Item(f"i{epsg}", "2023-07-01T10:00:00Z", 1.0, "", epsg, "22", footprint))
    assert choose(items, box).epsg == main


@given(
    left=st.integers(300_000, 600_000),
    bottom=st.integers(100_000, 9_000_000),
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    resolution=st.sampled_from([10, 20, 60]),
)
def test_an_area_in_the_crs_of_the_scene_is_its_own_pixels(left, bottom, width, height, resolution):
    x, y = left // resolution * resolution, bottom // resolution * resolution
    area = PlacedBox(x, y, x + width * resolution, y + height * resolution, "EPSG:32633")
    box = box_of(area[:4], 32633)
    domain = grid_of(box, 32633, resolution, area)
    assert domain.shape == (height, width) and domain.bounds == tuple(map(float, area[:4]))
    inside = PlacedBox(x + 0.5, y + 0.5, area.right - 0.5, area.top - 0.5, "EPSG:32633")
    assert grid_of(box, 32633, resolution, inside) == domain  # snapped outward


def test_an_area_in_another_crs_gives_the_smallest_grid_that_holds_it():
    area = PlacedBox(700000, 5200000, 705000, 5204000, "EPSG:32632")
    domain = grid_of((0, 0, 1, 1), 32633, 10, area)
    x, y = transform_points(*area.outline(), "EPSG:32632", "EPSG:32633")
    left, bottom, right, top = domain.bounds
    assert left <= x.min() < left + 10 and right - 10 < x.max() <= right
    assert bottom <= y.min() < bottom + 10 and top - 10 < y.max() <= top


def test_an_item_covers_an_area_that_its_box_in_degrees_goes_beyond():
    north = tile_item("32VNH", NORTH, 32632, {"proj:bbox": list(NORTH)}, cloud=0.0)
    south = tile_item("32VNG", SOUTH, 32632, {"proj:bbox": list(SOUTH)})
    bounds = (620000, NORTH[1], 690000, NORTH[1] + 20000)
    box, area = box_of(bounds, 32632), PlacedBox(*bounds, "EPSG:32632")
    assert [item.id for item in choose([north, south], box).items] == ["32VNH", "32VNG"]
    choice = choose([north, south], box, area)
    assert [item.id for item in choice.items] == ["32VNH"] and choice.share == 1.0
    assert of_each_day([north], box)[0].share < 0.999 and of_each_day([north], box, area)[0].share == 1.0
